"""Real pages in a real Chromium, logged in as one of the sandbox's people."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

from tests.harness import World

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@contextlib.asynccontextmanager
async def open_browser(
    world: World, first_name: str = "Ada", **options: Any
) -> AsyncIterator[tuple[BrowserContext, Page]]:
    """A context that is logged in, and its first page on the feed. Errors on a page fail."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await browser.new_context(base_url=world.base, **options)
        problems: list[str] = []
        context.on("weberror", lambda error: problems.append(str(error.error)))
        page = await context.new_page()
        async with world.logged_in(first_name) as person:
            cookies = {one.key: one.value for one in person.session.cookie_jar}
        await context.add_cookies(
            [{"name": name, "value": value, "url": world.base} for name, value in cookies.items()]
        )
        await page.goto("/notifications")
        try:
            yield context, page
        finally:
            await browser.close()
        assert problems == []
