"""Which events are subscribed to: those without a subscription, and those with several."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from srhooks.protocol.event_types import FAMILIES, KNOWN, event_names
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.responses import json_response
from srhooks.web.http.session import require_login
from srhooks.web.http.templating import render
from srhooks.web.state.app_keys import STATUS_WATCH, SUBSCRIPTIONS


async def show(request: web.Request) -> web.Response:
    login = await require_login(request)
    app = request.app
    subscriptions = await app[SUBSCRIPTIONS].all(login.user.id)
    app[STATUS_WATCH].observe(login.user.id, subscriptions)
    covered = coverage(subscriptions)
    # Only an active one of ours brings anything here.
    ours = {
        str(subscription["id"])
        for subscription in subscriptions
        if subscription.get("mine") and subscription.get("status") == "active"
    }
    gaps = [name for name in sorted(KNOWN) if not ours & set(covered[name])]
    duplicates = [
        name for name, subscription_ids in covered.items() if len(ours & set(subscription_ids)) > 1
    ]
    if wants_json(request):
        value = {"events": covered, "gaps": gaps, "duplicates": duplicates}
        return json_response(value)
    others = tuple(name for name in covered if name not in KNOWN)
    ctx = {
        "subscriptions": subscriptions,
        "covered": covered,
        "gaps": gaps,
        "duplicates": duplicates,
        "groups": {**FAMILIES, **({"other": others} if others else {})},
    }
    return render(request, "coverage.html", ctx)


def coverage(subscriptions: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Each known event, and each that is subscribed to, with the ids of its subscriptions."""
    covered: dict[str, list[str]] = {name: [] for names in FAMILIES.values() for name in names}
    for subscription in subscriptions:
        for name in dict.fromkeys(event_names(subscription)):
            covered.setdefault(name, []).append(str(subscription["id"]))
    return covered
