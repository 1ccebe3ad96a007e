"""OAuth grants: one-time codes, access tokens and refresh tokens that rotate.

Source: developers.smartrecruiters.com, "Authentication": access tokens live 30 minutes, refresh
tokens 28 days and are used once. RFC 6749 4.1.2: a code used twice revokes what it gave.
"""

import secrets
import time
from dataclasses import dataclass, field

from srhooks.sandbox.credentials import OAuthClient
from srhooks.sandbox.scopes import ALL_SCOPES

CODE_SECONDS = 600
PRUNE_ABOVE = 10_000  # tokens at which expired and revoked ones are removed


class GrantError(Exception):
    """The token request is refused; `code` is the error of RFC 6749 5.2."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


@dataclass(kw_only=True)
class Grant:
    """What one person allowed on the consent page, or what a client id may do."""

    user_id: str  # empty: a client id, no person
    scope: str
    client: OAuthClient | None = None
    alive: bool = True


@dataclass(kw_only=True)
class Token:
    """A code, an access token or a refresh token."""

    grant: Grant
    expires_at: float
    redirect_uri: str = ""
    used: bool = False

    def usable(self) -> bool:
        return self.grant.alive and not self.used and time.time() < self.expires_at


@dataclass(frozen=True, kw_only=True)
class Issued:
    """The answer of the token endpoint."""

    access_token: str
    refresh_token: str | None
    expires_in: int
    scope: str


@dataclass(kw_only=True)
class Grants:
    """All grants of this sandbox, in memory."""

    access_seconds: int
    refresh_seconds: int
    codes: dict[str, Token] = field(default_factory=dict)
    access: dict[str, Token] = field(default_factory=dict)
    refresh: dict[str, Token] = field(default_factory=dict)

    def authorize(self, user_id: str, scope: str, redirect_uri: str) -> str:
        """A new one-time code. An empty scope means all scopes."""
        code = secrets.token_urlsafe(24)
        grant = Grant(user_id=user_id, scope=scope or ALL_SCOPES)
        until = time.time() + CODE_SECONDS
        _prune(self.codes)
        self.codes[code] = Token(grant=grant, expires_at=until, redirect_uri=redirect_uri)
        return code

    def redeem_code(self, code: str, redirect_uri: str) -> Issued:
        token = self.codes.get(code)
        if token is None:
            raise GrantError("invalid_grant", "The code is not known")
        if token.used:
            token.grant.alive = False
            raise GrantError("invalid_grant", "The code was used before; its tokens are revoked")
        token.used = True
        if time.time() >= token.expires_at or not token.grant.alive:
            raise GrantError("invalid_grant", "The code has expired")
        if token.redirect_uri != redirect_uri:
            raise GrantError("invalid_grant", "redirect_uri is not the one the code was made for")
        return self._issue(token.grant)

    def rotate(self, refresh_token: str) -> Issued:
        """Exchange a refresh token for new tokens. One that was used before revokes its grant.

        Raises GrantError.
        """
        token = self.refresh.get(refresh_token)
        if token is None:
            raise GrantError("invalid_grant", "The refresh token is not known")
        if token.used:
            token.grant.alive = False
            raise GrantError("invalid_grant", "The refresh token was used before")
        if not token.usable():
            raise GrantError("invalid_grant", "The refresh token has expired or was revoked")
        token.used = True
        return self._issue(token.grant)

    def client_credentials(self, client: OAuthClient, scope: str) -> Issued:
        """An access token for a client id, without a refresh token. `scope` may narrow it."""
        allowed = client.scope.split()
        if any(name not in allowed for name in scope.split()):
            raise GrantError("invalid_scope", "The client id does not have all of these scopes")
        grant = Grant(user_id="", scope=" ".join(scope.split()) or client.scope, client=client)
        return self._issue(grant, refreshable=False)

    def revoke_client(self, client: OAuthClient) -> None:
        """Revoke all access tokens of a client id."""
        for token in self.access.values():
            if token.grant.client is client:
                token.grant.alive = False

    def find(self, access_token: str) -> Grant | None:
        """The grant of an access token; None when it is expired, revoked or unknown."""
        token = self.access.get(access_token)
        return token.grant if token is not None and token.usable() else None

    def expire_access_tokens(self) -> int:
        """Expire all access tokens, not the refresh tokens. Returns how many."""
        ended = len([token for token in self.access.values() if token.usable()])
        self.access.clear()
        return ended

    def revoke_all(self) -> int:
        """Revoke all grants, as if their people had withdrawn them. Returns how many."""
        tokens = [*self.codes.values(), *self.access.values(), *self.refresh.values()]
        alive = {id(token.grant): token.grant for token in tokens if token.grant.alive}
        for grant in alive.values():
            grant.alive = False
        return len(alive)

    def _issue(self, grant: Grant, *, refreshable: bool = True) -> Issued:
        now = time.time()
        _prune(self.access)
        _prune(self.refresh)
        access_token = secrets.token_urlsafe(32)
        self.access[access_token] = Token(grant=grant, expires_at=now + self.access_seconds)
        refresh_token = None
        if refreshable:
            refresh_token = secrets.token_urlsafe(32)
            self.refresh[refresh_token] = Token(grant=grant, expires_at=now + self.refresh_seconds)
        return Issued(
            access_token=access_token,
            refresh_token=refresh_token,
            expires_in=self.access_seconds,
            scope=grant.scope,
        )


def _prune(tokens: dict[str, Token]) -> None:
    if len(tokens) < PRUNE_ABOVE:
        return
    for value in [value for value, token in tokens.items() if not token.usable()]:
        del tokens[value]
