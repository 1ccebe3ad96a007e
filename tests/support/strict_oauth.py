"""The identity service of the strict double: OAuth 2.0, from the vendor's "Authentication" alone.

A person who is at the consent page allows at once, or denies where `denies` says so. `ahead` is how
far the double's clock is ahead of ours: a test lets time pass by it.
"""

import base64
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from aiohttp import web
from yarl import URL

ALLOW, TOKEN = "/identity/oauth/allow", "/identity/oauth/token"
ACCESS_SECONDS = 30 * 60
REFRESH_SECONDS = 28 * 86_400
CODE_SECONDS = 600
SCOPES = frozenset({
    "webhooks_manage", "webhooks_read", "webhooks_write", "webhooks_delete", "jobs_read",
    "candidates_read", "candidates_offers_read", "reviews_read", "interviews_read",
    "approvals_read", "company_read", "user_me_read", "audit_events_read",
})  # fmt: skip
ZOE: dict[str, Any] = {
    "id": "zoe-1", "firstName": "Zoe", "lastName": "Quist", "email": "zoe@acme.example",
    "active": True, "systemRole": {"id": "ADMINISTRATOR", "name": "Administrator"},
}  # fmt: skip


class TokenRefusedError(Exception):
    """Its text is the error of RFC 6749, 5.2."""


@dataclass
class Grant:
    """What a person allowed, or what a client id may do."""

    scopes: frozenset[str]
    person: dict[str, Any] | None = None
    client_id: str = ""
    alive: bool = True


@dataclass
class Ticket:
    """A code, an access token or a refresh token."""

    grant: Grant
    until: float
    redirect_uri: str = ""
    used: bool = False


@dataclass
class StrictOAuth:
    clients: dict[str, str]  # of client credentials: id to secret
    app: tuple[str, str] = ("app-1", "app-secret-1")
    redirect_uris: set[str] = field(default_factory=set)  # registered; empty: by the rule alone
    person: dict[str, Any] = field(default_factory=lambda: dict(ZOE))
    denies: bool = False
    default_scope: str = ""  # of client ids that have none of their own
    client_scopes: dict[str, str] = field(default_factory=dict)
    names_scopes: bool = True  # whether a token answer says what was granted
    expires_in: int = ACCESS_SECONDS
    ahead: float = 0.0
    codes: dict[str, Ticket] = field(default_factory=dict)
    access: dict[str, Ticket] = field(default_factory=dict)
    refresh: dict[str, Ticket] = field(default_factory=dict)

    def now(self) -> float:
        return time.time() + self.ahead

    def grant_of(self, token: str) -> Grant | None:
        """Of an access token, unless it has ended or its client id was revoked."""
        ticket = self.access.get(token)
        if ticket is None or not ticket.grant.alive or self.now() >= ticket.until:
            return None
        client_id = ticket.grant.client_id
        return None if client_id and client_id not in self.clients else ticket.grant

    def consent(self, request: web.Request) -> web.Response:
        """Back to the app with a code or an error; to an unknown address never."""
        query, (app_id, _) = request.query, self.app
        known = {"client_id", "redirect_uri", "response_type", "scope", "state"}
        target = query.get("redirect_uri", "")
        if set(query) - known or query.get("client_id") != app_id or not self._may_go_to(target):
            return web.Response(status=400, text="no such app, or no such address of it")
        answer = {"state": query["state"]} if "state" in query else {}
        scopes = frozenset(query["scope"].split()) if "scope" in query else SCOPES
        if query.get("response_type") != "code":
            answer["error"] = "unsupported_response_type"
        elif not scopes or scopes - SCOPES:
            answer["error"] = "invalid_scope"
        elif self.denies:
            answer["error"] = "access_denied"
        else:
            answer["code"] = secrets.token_urlsafe(16)
            grant = Grant(scopes, self.person)
            self.codes[answer["code"]] = Ticket(grant, self.now() + CODE_SECONDS, target)
        location = str(URL(target).update_query(answer))
        return web.Response(status=302, headers={"Location": location})

    def _may_go_to(self, target: str) -> bool:
        """Exactly a registered one; registered may be https, or http on localhost."""
        if self.redirect_uris:
            return target in self.redirect_uris
        parts = urlsplit(target)
        local = parts.scheme == "http" and parts.hostname == "localhost"
        return bool(parts.hostname) and (local or parts.scheme == "https") and "#" not in target

    def token(self, request: web.Request, form: dict[str, str]) -> dict[str, Any]:
        """Raises TokenRefusedError."""
        if request.content_type != "application/x-www-form-urlencoded" or request.query:
            raise TokenRefusedError("invalid_request")
        client = self._client(request, form)
        kind = form.get("grant_type", "")
        if kind == "client_credentials" and client[0] in self.clients:
            return self._issue(self._client_grant(client[0], form), refreshable=False)
        if kind == "authorization_code" and client == self.app:
            return self._issue(self._redeemed(form))
        if kind == "refresh_token" and client == self.app:
            return self._issue(self._burnt(form))
        raise TokenRefusedError("unauthorized_client")

    def _client(self, request: web.Request, form: dict[str, str]) -> tuple[str, str]:
        """By client_secret_post or client_secret_basic, never both."""
        coded = request.headers.get("Authorization", "").removeprefix("Basic ")
        if coded and "client_secret" in form:
            raise TokenRefusedError("invalid_request")
        if coded:
            name, _, secret = base64.b64decode(coded).decode().partition(":")
            client = (unquote_plus(name), unquote_plus(secret))
        else:
            client = (form.get("client_id", ""), form.get("client_secret", ""))
        if client != self.app and self.clients.get(client[0]) != client[1]:
            raise TokenRefusedError("invalid_client")
        return client

    def _client_grant(self, client_id: str, form: dict[str, str]) -> Grant:
        has = frozenset(self.client_scopes.get(client_id, self.default_scope).split())
        wants = frozenset(form.get("scope", "").split()) or has
        if wants - has or set(form) - {"grant_type", "client_id", "client_secret", "scope"}:
            raise TokenRefusedError("invalid_scope")
        return Grant(wants, client_id=client_id)

    def _redeemed(self, form: dict[str, str]) -> Grant:
        ticket = self.codes.get(form.get("code", ""))
        if ticket is None or ticket.redirect_uri != form.get("redirect_uri"):
            raise TokenRefusedError("invalid_grant")
        return self._once(ticket)

    def _burnt(self, form: dict[str, str]) -> Grant:
        ticket = self.refresh.get(form.get("refresh_token", ""))
        if ticket is None:
            raise TokenRefusedError("invalid_grant")
        return self._once(ticket)

    def _once(self, ticket: Ticket) -> Grant:
        """A second use loses the grant."""
        if ticket.used:
            ticket.grant.alive = False
        ticket.used = True
        if not ticket.grant.alive or self.now() >= ticket.until:
            raise TokenRefusedError("invalid_grant")
        return ticket.grant

    def _issue(self, grant: Grant, *, refreshable: bool = True) -> dict[str, Any]:
        token = secrets.token_urlsafe(24)
        self.access[token] = Ticket(grant, self.now() + self.expires_in)
        value: dict[str, Any] = {
            "access_token": token, "token_type": "Bearer", "expires_in": self.expires_in,
        }  # fmt: skip
        if self.names_scopes:
            value["scope"] = " ".join(sorted(grant.scopes))
        if refreshable:
            value["refresh_token"] = secrets.token_urlsafe(24)
            self.refresh[value["refresh_token"]] = Ticket(grant, self.now() + REFRESH_SECONDS)
        return value
