"""Log in with a credential. The service has to accept it before anything is stored.

OAuth leads to the person's account, an API key to its company's (or to an account of its own where
the company cannot be read), client credentials to the account of the client id.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from srhooks.accounts.access_tokens import AccessTokens
from srhooks.accounts.company import PATH as COMPANY
from srhooks.accounts.company import company_of
from srhooks.accounts.credentials import (
    SUBSCRIPTIONS,
    WHO_AM_I,
    call,
    client_renewal,
    dead_or_same,
    is_administrator,
    key_grant,
)
from srhooks.config import Settings
from srhooks.domain.account import Company, CredentialKind, CredentialUse, User
from srhooks.domain.clock import now_ms
from srhooks.domain.subjects import person_name
from srhooks.protocol.scopes import MANAGE_WEBHOOKS
from srhooks.smartrecruiters.client import (
    Answer,
    Authorization,
    ServiceClient,
    bearer,
    raise_for_error,
    retry_after,
    smart_token,
)
from srhooks.smartrecruiters.errors import GrantDeadError, OddAnswerError, ServiceAnsweredError
from srhooks.smartrecruiters.limiter import Limiter, Limiters
from srhooks.smartrecruiters.oauth import Grant, exchange_client_credentials, exchange_code
from srhooks.store import Store

BUSY_PAUSES = (1.1, 2.2)  # seconds before asking again when the service is asked too often
MAX_BUSY_PAUSE = 5.0
ROLE_TOO_LOW = (
    f"SmartRecruiters granted the scope {MANAGE_WEBHOOKS} but refuses access to webhooks: the"
    " System role of this credential is too low. Choose a higher System role, such as Administrator"
)


class LogInError(Exception):
    """The log-in is refused; the text is shown to the person, with status 403."""

    hint = ""


class CredentialRefusedError(LogInError):
    """The service does not accept the credential."""


class MissingRightError(LogInError):
    """The service accepts the credential, but it may not manage webhooks."""

    hint = (
        "An administrator of SmartRecruiters changes that in Settings > Apps & Integrations >"
        " Credentials."
    )


class NotAdministratorError(LogInError):
    def __init__(self, name: str) -> None:
        super().__init__("Only administrators of SmartRecruiters may manage webhooks here.")
        known = f"You are logged in there as {name}. " if name else ""
        self.hint = f"{known}Ask an administrator, or log in there as another person."


class CompanyNotAllowedError(LogInError):
    hint = "The operator of this srhooks decides which companies may log in (ALLOWED_COMPANIES)."


class LogIn:
    def __init__(
        self, settings: Settings, client: ServiceClient, store: Store, tokens: AccessTokens,
        limiters: Limiters,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._client = client
        self._store = store
        self._tokens = tokens
        self._limiters = limiters

    async def with_api_key(self, api_key: str) -> User:
        """Raises LogInError, ServiceError or StoreError."""
        digest = _digest("api-key", api_key)
        known = await self._store.user_of_api_key(digest)
        limiter = self._limiter(known)
        authorization = smart_token(api_key)
        await self._prove(authorization, limiter, "API key", None)
        company = await self._company(authorization, limiter)
        if company is not None:
            sr_id = f"company:{company.id}"
        else:  # it may have led to its company's account before
            sr_id = known.sr_id if known is not None else f"key:{digest}"
        name = _name_of(company) or ("" if known is not None else "API key")
        user = await self._save(sr_id, name, "", key_grant(api_key), "api-key", company)
        await self._store.remember_api_key(digest, user.id)
        self._limiters.adopt(user.id, limiter)
        return user

    async def with_client_credentials(self, client_id: str, client_secret: str) -> User:
        """Raises LogInError, ServiceError or StoreError."""
        try:
            grant = await exchange_client_credentials(self._client, client_id, client_secret)
        except ServiceAnsweredError as error:
            if isinstance(failed := dead_or_same(error), GrantDeadError):
                raise CredentialRefusedError(
                    "SmartRecruiters does not accept this client ID with this secret."
                ) from None
            raise failed from None
        sr_id = f"client:{_digest('client-id', client_id)}"
        known = await self._store.user_of(sr_id)
        limiter = self._limiter(known)
        authorization = bearer(grant.access_token)
        await self._prove(authorization, limiter, "client ID", grant.scopes)
        company = await self._company(authorization, limiter)
        renewable = Grant(
            grant.access_token, client_renewal(client_id, client_secret), grant.lifetime,
            grant.scopes,
        )  # fmt: skip
        name = _name_of(company) or ("" if known is not None else "Client credentials")
        user = await self._save(sr_id, name, "", renewable, "client-credentials", company)
        self._limiters.adopt(user.id, limiter)
        return user

    async def with_code(self, code: str) -> User:
        """OAuth's authorization code. Raises LogInError, ServiceError or StoreError."""
        grant = await exchange_code(self._client, self._settings, code)
        authorization = bearer(grant.access_token)
        limiter = Limiter()  # whose rate limit this draws on is not known beforehand
        answer = await self._ask(WHO_AM_I, authorization, limiter)
        profile = raise_for_error(answer).json()
        sr_id = _person_id(profile)
        name = (person_name(profile) or "")[:200]
        if not is_administrator(profile):
            raise NotAdministratorError(name)
        if (known := await self._store.user_of(sr_id)) is not None:
            self._limiters.adopt(known.id, limiter)
            limiter = self._limiters.of(known.id)
        company = await self._company(authorization, limiter)
        email = profile.get("email")
        email = email[:320] if isinstance(email, str) else ""
        name = name or email or "Administrator"
        user = await self._save(sr_id, name, email, grant, "oauth", company)
        self._limiters.adopt(user.id, limiter)
        return user

    def _limiter(self, known: User | None) -> Limiter:
        return Limiter() if known is None else self._limiters.of(known.id)

    async def _save(
        self, sr_id: str, name: str, email: str, grant: Grant, kind: CredentialKind,
        company: Company | None,
    ) -> User:  # fmt: skip
        now = now_ms()
        user = User(
            secrets.token_urlsafe(12), sr_id, name, email, grant_dead=False, created_at=now,
            seen_at=now, credential=kind, scopes=grant.scopes, company=company,
            credential_since=now,
        )  # fmt: skip
        saved = await self._store.save_user(user, self._tokens.seal(grant, kind))
        await self._store.record_use(saved.id, CredentialUse(now, None, None))
        self._tokens.forget(saved.id)
        return saved

    async def _prove(
        self, authorization: Authorization, limiter: Limiter, what: str,
        scopes: tuple[str, ...] | None,
    ) -> None:  # fmt: skip
        """Raises LogInError unless the service shows the subscriptions to this credential."""
        answer = await self._ask(SUBSCRIPTIONS, authorization, limiter)
        if answer.status == 401:
            raise CredentialRefusedError(f"SmartRecruiters does not accept this {what}.")
        if answer.status == 403:
            raise MissingRightError(_missing_right(what, scopes) + ".")
        value = raise_for_error(answer).json()
        listed = value.get("content") if isinstance(value, dict) else value
        if not isinstance(listed, list):
            raise OddAnswerError("SmartRecruiters sent no list of subscriptions")

    async def _company(self, authorization: Authorization, limiter: Limiter) -> Company | None:
        """Raises CompanyNotAllowedError, or ServiceError when it is not known for now."""
        company = company_of(await self._ask(COMPANY, authorization, limiter))
        if not may_enter(self._settings, company):
            raise CompanyNotAllowedError(
                "Your company may not use this srhooks."
                if company is not None
                else "Your company could not be read (scope company_read), and only certain"
                " companies may use this srhooks."
            )
        return company

    async def _ask(self, path: str, authorization: Authorization, limiter: Limiter) -> Answer:
        async def ask() -> Answer:
            async with limiter.slot(foreground=True):
                return await call(self._client, path, authorization)

        return await _patiently(ask)


def may_enter(settings: Settings, company: Company | None) -> bool:
    """Whether ALLOWED_COMPANIES lets people of this company in."""
    allowed = settings.allowed_companies
    return not allowed or (company is not None and company.id in allowed)


async def _patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Call `ask` again after a pause while the service answers 429: others share the limit."""
    answer = await ask()
    for pause in BUSY_PAUSES:
        if answer.status != 429:
            break
        await asyncio.sleep(min(retry_after(answer.headers) or pause, MAX_BUSY_PAUSE))
        answer = await ask()
    return answer


def _missing_right(what: str, scopes: tuple[str, ...] | None) -> str:
    if scopes is not None and MANAGE_WEBHOOKS in scopes:
        return ROLE_TOO_LOW
    if scopes is not None:
        return f"This {what} lacks the scope {MANAGE_WEBHOOKS}"
    return (
        f"SmartRecruiters does not let this {what} read webhook subscriptions. It needs the scope"
        f" {MANAGE_WEBHOOKS} and a System role that is high enough, such as Administrator"
    )


def _digest(kind: str, text: str) -> str:
    """Stands for a credential that must not be kept in the clear; it is random, so SHA-256 will
    do."""
    return hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()


def _name_of(company: Company | None) -> str:
    return "" if company is None else company.name or company.id


def _person_id(profile: Any) -> str:
    sr_id = profile.get("id") if isinstance(profile, dict) else None
    if isinstance(sr_id, bool) or not isinstance(sr_id, str | int) or not str(sr_id).strip():
        raise OddAnswerError("SmartRecruiters did not say who you are.")
    return str(sr_id)[:200]
