"""OAuth 2.0: authorization code (RFC 6749, 4.1), client credentials (4.4), refresh (6)."""

from dataclasses import dataclass
from typing import Any

from yarl import URL

from srhooks.config import Settings
from srhooks.smartrecruiters.client import Answer, ServiceClient, raise_for_error
from srhooks.smartrecruiters.errors import OddAnswerError

TIMEOUT = 15.0  # seconds
# Of a refresh, which burns its token at the service whether or not we wait for the answer: asking
# again while it is still at it would lose the grant. SmartRecruiters, "Rate limiting", names 128 s.
REFRESH_TIMEOUT = 128.0
DEFAULT_LIFETIME = 1800  # seconds: what the documentation promises
MAX_LIFETIME = 86400 * 365
MAX_SCOPES = 4000  # characters


@dataclass(frozen=True, slots=True)
class Grant:
    access_token: str
    refresh_token: str | None
    lifetime: int  # seconds
    scopes: tuple[str, ...] | None = None  # granted; None: the answer does not say


def authorize_url(settings: Settings, state: str) -> str:
    url = URL(f"{settings.identity_url}/identity/oauth/allow")
    return str(
        url.with_query(
            client_id=settings.client_id,
            redirect_uri=settings.redirect_uri,
            response_type="code",
            scope=settings.scopes,
            state=state,
        )
    )


async def exchange_code(client: ServiceClient, settings: Settings, code: str) -> Grant:
    """Raises ServiceError."""
    form = {"grant_type": "authorization_code", "code": code}
    return await _app_token(client, settings, {**form, "redirect_uri": settings.redirect_uri})


async def refresh_grant(client: ServiceClient, settings: Settings, refresh_token: str) -> Grant:
    """Burns the refresh token. Raises ServiceError; a 400 or 401 means that the grant is dead."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return await _app_token(client, settings, form, REFRESH_TIMEOUT)


async def exchange_client_credentials(
    client: ServiceClient, client_id: str, client_secret: str
) -> Grant:
    """An access token for a client id, which goes to the API's origin alone. Raises ServiceError.

    A 400 or 401 means that the service refuses the client id or its secret.
    """
    form = {"grant_type": "client_credentials"}
    secrets = {"client_id": client_id, "client_secret": client_secret}
    return await _token(client, f"{client.api_url}".rstrip("/"), {**form, **secrets})


async def _app_token(
    client: ServiceClient, settings: Settings, form: dict[str, str], seconds: float = TIMEOUT
) -> Grant:
    secrets = {"client_id": settings.client_id, "client_secret": settings.client_secret}
    return await _token(client, settings.identity_url, {**form, **secrets}, seconds)


async def _token(
    client: ServiceClient, base: str, form: dict[str, str], seconds: float = TIMEOUT
) -> Grant:
    url = URL(f"{base}/identity/oauth/token")
    answer = await client.send("POST", url, form=form, timeout=seconds)
    return _grant(raise_for_error(answer))


def _grant(answer: Answer) -> Grant:
    value: Any = answer.json()
    if not isinstance(value, dict) or not _is_token(value.get("access_token")):
        raise OddAnswerError("SmartRecruiters sent no access token")
    refresh = value.get("refresh_token")
    lifetime = value.get("expires_in")
    if isinstance(lifetime, str) and lifetime.isascii() and lifetime.isdigit():
        lifetime = int(lifetime[:9])
    if not isinstance(lifetime, int | float) or not 0 < lifetime <= MAX_LIFETIME:
        lifetime = DEFAULT_LIFETIME
    return Grant(
        value["access_token"],
        refresh if _is_token(refresh) else None,
        int(lifetime),
        _scopes(value.get("scope")),
    )


def _scopes(value: Any) -> tuple[str, ...] | None:
    """Separated by spaces (RFC 6749, 3.3), in their order; a list is understood as well."""
    if isinstance(value, list) and all(isinstance(scope, str) for scope in value):
        value = " ".join(value)
    if not isinstance(value, str) or not value.isprintable():
        return None
    return tuple(dict.fromkeys(value[:MAX_SCOPES].split())) or None


def _is_token(value: Any) -> bool:
    """Printable and of a sane length: it goes into a header (RFC 6750, 2.1)."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= 8000
        and value.isascii()
        and (value.isprintable() and " " not in value)
    )
