"""axe-core finds nothing grave on any page, light or dark, wide or narrow."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, Page, ViewportSize

from tests.support.browser import log_in, needs_chromium, visit
from tests.support.harness import Browser as Session
from tests.support.harness import World, eventually
from tests.support.harness import world as start_world

pytestmark = needs_chromium

ERASED = {"candidateId": "candidate-7", "confirm": True}

NARROW: ViewportSize = {"width": 390, "height": 800}
Scheme = Literal["light", "dark"]
ALL = {"resultTypes": ["violations"]}
# What axe looks at, and its options. In the dark only colours differ, and not from one operation
# of the API's page to the next.
SCHEMES: dict[Scheme, list[Any]] = {
    "light": [{"include": ["html"]}, ALL],
    "dark": [{"exclude": [".api details + details"]}, {**ALL, "runOnly": ["color-contrast"]}],
}
GRAVE = {"serious", "critical"}


@pytest_asyncio.fixture(loop_scope="session")
async def town(tmp_path: Path) -> AsyncIterator[World]:
    """With something of everything to show."""
    async with start_world(tmp_path) as running:
        async with running.logged_in() as ada:
            events = ("application.created", "candidate.deleted", "job.updated")
            hook = (await ada.subscribe(*events))["hookId"]
            await ada.subscribe("review.created", active=False)
            await ada.json("POST", "/terminal/tokens", status=201, data={"name": "Laptop"})
            for event in events:
                await running.fire(event)
            link = "<https://elsewhere.example/>; rel=self"
            await running.notify(hook, link=link, smartrecruiters_signature="v1=00")
            await running.notify(hook, b"not json")
            await running.notify(hook, b'{"candidate_id": "candidate-7"}')
            await ada.json("POST", "/candidates/erase", json=ERASED)

            async def settled() -> bool:
                found = await ada.notifications()
                return all(one["entity"]["status"] != "pending" for one in found)

            await eventually(settled)
        yield running


async def findings(page: Page, path: str) -> list[str]:
    """In both schemes; "" is the page that is open."""
    if path:
        await page.goto(path)
    found = []
    for scheme, what in SCHEMES.items():
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        result = await page.evaluate("what => axe.run(...what)", what)
        found += [
            f"{page.url}, {scheme}: {one['id']}, {one['help']}:"
            f" {[node['html'][:150] for node in one['nodes']]}"
            for one in result["violations"]
            if one["impact"] in GRAVE
        ]
    return found


async def known_job(ada: Session) -> str:
    """The id of a job that has a timeline."""
    for n in await ada.notifications("?limit=200"):
        for key in ("job_id", "id"):
            body = n["body"] if isinstance(n["body"], dict) else {}
            job = body.get(key)
            if isinstance(job, str):
                async with ada.request("GET", f"/entities/job/{job}") as answer:
                    if answer.status == 200:
                        return job
    raise AssertionError("no job has a timeline")


@pytest.mark.timeout(600)  # axe looks at every element: seconds a page on a busy machine
async def test_axe_finds_nothing_grave(chromium: Browser, town: World) -> None:
    async with town.logged_in() as ada:
        notifications = await ada.notifications()
        by_verdict = {one["signature"]: one["id"] for one in notifications}
        (erased,) = (one["id"] for one in notifications if not one["headers"])
        job = await known_job(ada)
        (subscription, *_) = (await ada.json("GET", "/subscriptions"))["subscriptions"]
    async with visit(chromium, town, forgive="status of 40[04]") as (_, page):
        await page.add_init_script(AXE_SCRIPT)
        found = await findings(page, "/")
        found += await findings(page, "/auth/callback")  # an error, to somebody unknown
        await log_in(page)
        for path in (
            "/notifications",
            f"/notifications/{by_verdict['invalid']}",
            f"/notifications/{erased}",
            "/notifications?q=nothing+holds+this",
            "/notifications/export",
            "/overview",
            "/latency",
            "/missed",
            f"/subscriptions/{subscription['id']}/callbacks-log",
            "/subscriptions/coverage",
            "/events",
            "/subscriptions",
            f"/subscriptions/{subscription['id']}",
            f"/subscriptions/{subscription['id']}/delete",
            "/account",
            "/account/sessions",
            "/account/alerts",
            "/incidents",
            f"/entities/job/{job}",
            "/terminal",
            "/api",
            "/no-such-page",
        ):
            found += await findings(page, path)
        await page.set_viewport_size(NARROW)
        for path in (
            f"/notifications/{by_verdict['valid']}",
            "/notifications",
            "/subscriptions",
            "/subscriptions/coverage",
            "/overview",
        ):
            found += await findings(page, path)
        await page.goto(f"/subscriptions/{subscription['id']}")
        for _ in range(2):  # the second answers the question
            await page.get_by_role("button", name="Rotate key").click()
        found += await findings(page, "")  # with the new key on it
        await page.goto("/terminal")
        await page.get_by_role("button", name="Create a token").click()
        found += await findings(page, "")
    assert not found, "\n".join(found)
