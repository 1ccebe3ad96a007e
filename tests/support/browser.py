"""Real pages in a real Chromium, logged in as one of the sandbox's people."""

import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator
from typing import Any, Protocol

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    async_playwright,
    expect,
)

from tests.support.harness import World
from tests.support.machine import IN_CI

# The one without a window draws the same pages in half of the processor time.
NAMES = ("chromium-headless-shell", "chromium", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
expect.set_options(timeout=30_000)  # ms: a busy machine is no failure
# A page that is left at once leaves a socket that is not open yet: the browser and htmx say so.
HASTE = "closed before the connection is established|htmx:ws:error"
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not IN_CI, reason="no Chromium on this machine"
)


async def answer_question(page: Page, *, yes: bool) -> str:
    """Answer what the page asks in a dialog of its own; what it asked."""
    dialog = page.locator("#question")
    await expect(dialog).to_be_visible()
    text = await dialog.inner_text()
    await dialog.get_by_role("button").nth(0 if yes else 1).click()
    await expect(dialog).to_be_hidden()
    return text


@contextlib.asynccontextmanager
async def started_chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


class Based(Protocol):
    """What has an address."""

    @property
    def base(self) -> str: ...


@contextlib.asynccontextmanager
async def visit(
    browser: Browser, world: Based, *, forgive: str = "", **options: Any
) -> AsyncIterator[tuple[BrowserContext, Page]]:
    """Somebody's fresh context and page. What a page complains about fails, but for `forgive`.

    Violations of the content security policy are among the complaints.
    """
    context = await browser.new_context(base_url=world.base, **options)
    context.set_default_timeout(30_000)
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda message: _note(message, complaints))
    try:
        yield context, await context.new_page()
    finally:
        await context.close()
    unforgiven = [one for one in complaints if not forgive or not re.search(forgive, one)]
    assert not unforgiven, unforgiven


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type in {"error", "warning"}:
        complaints.append(f"{message.type}: {message.text}")


async def log_in(page: Page, name: str = "Ada Novak") -> None:
    """As a person does, from the first page on."""
    await page.goto("/")
    await page.get_by_role("link", name="Log in with SmartRecruiters").click()
    await page.get_by_role("radio", name=re.compile(name)).check()
    await page.get_by_role("button", name="Allow").click()
    await page.wait_for_url("**/notifications")


@contextlib.asynccontextmanager
async def open_browser(
    world: World, first_name: str = "Ada", *, browser: Browser, **options: Any
) -> AsyncIterator[tuple[BrowserContext, Page]]:
    """As `visit`, logged in without the walk through the consent page, and on the feed."""
    options["forgive"] = "|".join(filter(None, (HASTE, options.get("forgive"))))
    async with visit(browser, world, **options) as (context, page):
        async with world.logged_in(first_name) as person:
            cookies = {one.key: one.value for one in person.session.cookie_jar}
        await context.add_cookies(
            [{"name": name, "value": value, "url": world.base} for name, value in cookies.items()]
        )
        await page.goto("/notifications")
        yield context, page
