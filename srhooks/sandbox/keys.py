"""Where the sandbox hangs on its application, and the caller on a request."""

from dataclasses import dataclass

from aiohttp import web

from srhooks.sandbox.people import SandboxUser
from srhooks.sandbox.state import Sandbox

SANDBOX = web.AppKey("SANDBOX", Sandbox)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls the API, by which credential, and what that allows."""

    user: SandboxUser
    credential: str
    scopes: frozenset[str] | None  # None: everything

    def may(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes


CALLER = web.RequestKey("CALLER", Caller)
