"""Logs in to the demo and creates its subscriptions, over HTTP as a person would."""

import aiohttp
from yarl import URL

from srhooks.protocol.event_types import FAMILIES

SUBSCRIPTIONS = (("application", "candidate"), ("job", "position"))
# The third one has callback authentication: its header arrives, and pages do not show it.
GUARDED = ("offer", "review", "interview", "onboarding")
GUARD = {"type": "header", "headerName": "X-Demo-Key", "headerValue": "not-a-secret"}


class DemoError(Exception):
    """The demo cannot be set up; the message is one line for the person who started it."""


async def log_in(session: aiohttp.ClientSession, app_url: str, person_id: str) -> None:
    """Follow the log-in link and allow access on the consent page. Raises DemoError."""
    async with session.get(f"{app_url}/auth", allow_redirects=False) as start:
        consent = URL(start.headers["Location"], encoded=True)
    form = {**consent.query, "user": person_id, "decision": "allow"}
    async with session.post(consent.with_query(None), data=form) as landed:
        if landed.status != 200 or landed.url.path != "/notifications":
            raise DemoError(f"could not log in: {landed.status} at {landed.url.path}")


async def subscribe(session: aiohttp.ClientSession, app_url: str) -> None:
    """Create and activate subscriptions to all events. Raises DemoError."""
    for families in (*SUBSCRIPTIONS, GUARDED):
        wanted: dict[str, object] = {
            "events": [event for family in families for event in FAMILIES[family]],
            "active": True,
        }
        if families is GUARDED:
            wanted["callbackAuthentication"] = GUARD
        headers = {"Accept": "application/json", "Origin": app_url}
        async with session.post(f"{app_url}/subscriptions", json=wanted, headers=headers) as answer:
            created = await answer.json()
        if answer.status != 201 or created.get("status") != "active":
            raise DemoError(f"could not subscribe: {created}")
