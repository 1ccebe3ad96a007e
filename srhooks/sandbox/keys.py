"""The typed keys of the sandbox on its application and of the caller on a request."""

from dataclasses import dataclass

from aiohttp import web

from srhooks.sandbox.credentials import Company
from srhooks.sandbox.people import SandboxUser
from srhooks.sandbox.state import Sandbox

SANDBOX = web.AppKey("SANDBOX", Sandbox)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The caller of the API: person or owner, credential, and what it allows."""

    user: SandboxUser | None  # None: an API key or a client id, no person
    owner_id: str  # whose subscriptions it sees
    credential: str  # what rate limits count by
    scopes: frozenset[str] | None  # None: everything
    role: str  # the system role's id
    company: Company

    def has_any_scope(self, scopes: tuple[str, ...]) -> bool:
        return self.scopes is None or not self.scopes.isdisjoint(scopes)


CALLER = web.RequestKey("CALLER", Caller)
