"""The product beside the strict double, which refuses what no text of the vendor's describes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from srhooks.accounts import access_tokens
from srhooks.domain.clock import iso, now_ms
from srhooks.incidents.audit import CAUSES

from tests.support.doubles import EVERY_SCOPE
from tests.support.harness import Browser, eventually, free_port
from tests.support.strict_audit import PATH as AUDIT
from tests.support.strict_delivery import reachable
from tests.support.strict_service import TOKEN, StrictWorld, strict_world
from tests.support.strict_webhooks import StrictWebhooks

DAY = 86_400_000  # ms
EVENTS = ("interview.created", "application.created", "candidate.updated", "candidate.deleted")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[StrictWorld]:
    """With all three ways to log in; on localhost, the one http address that the service takes."""
    async with running(tmp_path) as made:
        yield made


@contextlib.asynccontextmanager
async def running(folder: Path, **changed: Any) -> AsyncIterator[StrictWorld]:
    service = StrictWebhooks(scope=EVERY_SCOPE)
    client_id, client_secret = service.oauth.app
    port = free_port()
    async with strict_world(
        folder, service, port=port, app_url=f"http://localhost:{port}",
        client_id=client_id, client_secret=client_secret, scopes=EVERY_SCOPE,
        login_methods=("oauth", "api-key", "client-credentials"), **changed,
    ) as made:  # fmt: skip
        service.oauth.redirect_uris = {made.settings.redirect_uri}
        yield made


def double_of(town: StrictWorld) -> StrictWebhooks:
    assert isinstance(town.service, StrictWebhooks)
    return town.service


async def log_in(town: StrictWorld, browser: Browser, way: str) -> None:
    service = double_of(town)
    if way == "api-key":
        (key,) = service.keys
        await browser.json("POST", "/login/api-key", data={"api_key": key})
    elif way == "client-credentials":
        (client_id, secret), *_ = service.clients.items()
        form = {"client_id": client_id, "client_secret": secret}
        await browser.json("POST", "/login/client-credentials", data=form)
    else:
        assert (await by_oauth(browser)) == 303


async def by_oauth(browser: Browser) -> int:
    """To the consent page, where the double decides at once, and back; the last status."""
    async with browser.request("GET", "/auth") as start:
        consent = start.headers["Location"]
    async with browser.session.get(consent, allow_redirects=False) as decided:
        back = decided.headers["Location"]
    async with browser.session.get(back, allow_redirects=False) as answer:
        status: int = answer.status
        return status


@pytest.mark.parametrize("way", ["oauth", "client-credentials", "api-key"])
async def test_from_a_log_in_to_interviews_and_a_deleted_candidate(
    town: StrictWorld, way: str
) -> None:
    service = double_of(town)
    async with town.nobody() as ada:
        await log_in(town, ada, way)
        made = await ada.subscribe(
            *EVENTS, alertingEmailAddress="ops@acme.example",
            callbackAuthentication={"type": "header", "headerName": "X-Key", "headerValue": "v"},
        )  # fmt: skip
        assert made["status"] == "active"
        assert await service.notify("interview.created") == [202]
        assert await service.notify("application.created", without="application_id") == [202]
        assert await service.notify("candidate.updated", {"id": "c9"}) == [202]
        assert await service.notify("candidate.deleted", {"id": "c9"}) == [202]

        async def states() -> dict[str, Any]:
            found = await ada.notifications()
            by_event = {one["eventName"]: one for one in found}
            done = all(one["entity"]["status"] != "pending" for one in found)
            return by_event if len(found) == len(EVENTS) and done else {}

        found = await eventually(states)
        assert {one["signature"] for one in found.values()} == {"valid"}
        interview = found["interview.created"]["entity"]
        assert interview["data"]["timezone"] == "Europe/Paris"
        assert found["application.created"]["entity"]["data"]["status"] == "NEW"
        assert found["candidate.deleted"]["entity"]["status"] == "gone"
        assert await reachable(town.settings.hook_url(made["hookId"]))
        await look_around(ada, made)
        service.oauth.ahead += 30 * 60  # the access tokens end
        await ada.json("GET", "/subscriptions")
        tokens = {"oauth": 2, "client-credentials": 2, "api-key": 0}
        assert len(service.calls(TOKEN)) == tokens[way]
        await ada.json("POST", f"/subscriptions/{made['id']}/secret-key", status=201)
        await ada.json("DELETE", f"/subscriptions/{made['id']}", status=204)
        assert service.book.by_id == {}
    assert service.refused == []


async def look_around(ada: Browser, made: dict[str, Any]) -> None:
    """Every page that asks the service."""
    path = f"/subscriptions/{made['id']}"
    now = now_ms()
    for query in ("", "?status=failed", f"?after={iso(now - 60 * DAY)}", f"?before={iso(now)}",
                  f"?before={iso(now - 31 * DAY)}", "?since=30d"):  # fmt: skip
        await ada.json("GET", f"{path}/callbacks-log{query}")
    await ada.json("POST", "/missed/check")
    for page in (path, "/subscriptions", "/account", "/overview"):
        await ada.page(page)
    for url in (f"/notifications?q={quote('Brûlé')}", "/incidents"):
        await ada.json("GET", url)


async def test_a_slow_refresh_is_waited_for_and_not_begun_anew(
    town: StrictWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one with the same refresh token would lose the grant."""
    monkeypatch.setattr(access_tokens, "WAIT_TIMEOUT", 0.2)
    service, slow = double_of(town), asyncio.Event()
    async with town.nobody() as ada:
        await log_in(town, ada, "oauth")
        service.oauth.ahead += 30 * 60
        service.held[TOKEN] = slow
        for _ in range(2):
            await ada.json("GET", "/subscriptions", status=502)
        slow.set()
        await ada.json("GET", "/subscriptions")
        assert len(service.calls(TOKEN)) == 2  # the log-in's, and one refresh
        assert (await ada.json("GET", "/account"))["account"]["grant"] == "alive"
    assert service.refused == []


async def test_who_denies_or_is_no_administrator_stays_outside(town: StrictWorld) -> None:
    service = double_of(town)
    async with town.nobody() as nobody:
        service.oauth.denies = True
        assert await by_oauth(nobody) == 403
        service.oauth.denies = False
        service.oauth.person["systemRole"] = {"id": "BASIC", "name": "Basic"}
        assert await by_oauth(nobody) == 403
        assert await town.services.store.user_ids() == []


async def test_the_audit_log_explains_an_incident(tmp_path: Path) -> None:
    async with running(tmp_path, watch_interval=0.5) as town, town.nobody() as ada:
        service = double_of(town)
        await log_in(town, ada, "client-credentials")
        made = await ada.subscribe("job.created")
        service.audit.record("USER_ROLE_CHANGED", "USER", age=2 * 86_400)  # too long ago
        service.audit.record("CREDENTIALS_CHANGED", age=5)
        for _ in range(150):  # an ordinary morning
            service.audit.record("CANDIDATE_PROFILE_OPENED", "CANDIDATE")
        service.book.by_id[made["id"]].status = "inactive"  # suspended

        async def explained() -> list[str]:
            found = (await ada.json("GET", "/incidents"))["incidents"]
            causes = [one["details"].get("audit", []) for one in found]
            return [cause["event"] for one in causes for cause in one]

        assert await eventually(explained, within=30) == ["CREDENTIALS_CHANGED"]
        assert len(service.calls(AUDIT)) == len(CAUSES)
        assert service.refused == []
