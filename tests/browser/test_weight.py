"""What a page costs on the wire, and that nothing but the styles keeps it from being painted."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import Browser as Session
from tests.support.harness import World, eventually
from tests.support.harness import world as start_world

MOST = 112_000  # bytes; the code of seven languages beside a signature is 10 kB of them
ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')


@pytest_asyncio.fixture(loop_scope="session")
async def town(tmp_path: Path) -> AsyncIterator[World]:
    async with start_world(tmp_path) as running:
        yield running


async def on_the_wire(browser: Session, path: str) -> int:
    """Bytes of bodies as sent to a browser that takes gzip: the page and all that it names."""
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    async with browser.request("GET", path, headers=headers) as response:
        page = await response.text()
        total = response.content_length or len(page.encode())
    for url in sorted(set(ASSET.findall(page))):
        async with browser.request("GET", url, headers={"Accept-Encoding": "gzip"}) as response:
            assert response.status == 200
            await response.read()
            total += response.content_length or 0
    return total


async def test_no_page_weighs_more_than_112_kb(town: World) -> None:
    async with town.logged_in() as ada:
        events = ("application.created", "candidate.updated", "job.updated", "offer.created")
        hook = (await ada.subscribe(*events))["hookId"]
        await asyncio.gather(*(town.fire(events[n % 4]) for n in range(12)))
        await asyncio.gather(
            *(town.notify(hook, event_name=events[n % 4], event_id=f"e{n}") for n in range(48))
        )

        async def settled() -> list[dict[str, str]]:
            found = await ada.notifications("?limit=60")
            done = all(one["entity"]["status"] != "pending" for one in found)
            return found if done and len(found) >= 50 else []

        found = await eventually(settled)
        page = await ada.page("/notifications")
        assert page.count('<li id="n-') == 50
        richest = next(one for one in found if one["signature"] == "valid")
        paths = (
            "/notifications", f"/notifications/{richest['id']}", "/overview", "/subscriptions",
            "/subscriptions/coverage", "/account", "/notifications/export", "/api",
        )  # fmt: skip
        weights: dict[str, int] = {path: await on_the_wire(ada, path) for path in paths}
        assert max(weights.values()) < MOST, weights


@needs_chromium
async def test_a_page_is_painted_before_its_scripts_arrive(chromium: Browser, town: World) -> None:
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    async with town.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        await town.notify(hook, event_name="job.created")
    async with open_browser(town, browser=chromium) as (_, page):
        await page.route(re.compile(r"\.js$"), hold)
        await page.goto("/notifications", wait_until="commit")
        painted = "performance.getEntriesByName('first-contentful-paint').length"
        # Asked again and again from here: the page's policy lets nobody evaluate within it.
        await eventually(lambda: page.evaluate(painted))
        await expect(
            page.get_by_role("list", name="Notifications").get_by_role("link")
        ).to_be_visible()
        held.set()
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
