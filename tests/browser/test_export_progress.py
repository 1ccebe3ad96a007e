"""An export in a browser: its progress, its end, and an end too early."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import needs_chromium, open_browser
from tests.support.harness import World

pytestmark = needs_chromium


async def test_an_export_shows_its_progress_and_becomes_a_file(
    chromium: Browser, world: World, tmp_path: Path
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for _ in range(3):
            await world.notify(created["hookId"])
    async with open_browser(world, browser=chromium) as (_, page):
        await page.goto("/notifications/export")
        await page.evaluate(  # what it says on the way, kept: it may be gone at once
            "new MutationObserver(() => (window.said ??= []).push(document.getElementById("
            "'export-progress').textContent)).observe(document.getElementById('export-progress'),"
            "{childList: true, subtree: true, characterData: true})"
        )
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download NDJSON").click()
        file = await download.value
        assert file.suggested_filename.endswith(".ndjson")
        await file.save_as(tmp_path / "export")
        rows = [json.loads(line) for line in (tmp_path / "export").read_text().splitlines()]
        assert len(rows) == 3
        await expect(page.locator("#export-progress")).to_have_text(
            "Done: the file is in your downloads."
        )
        assert any("3 of 3" in text for text in await page.evaluate("window.said"))


COUNT_ROWS = """async ([format, size]) => {
    const { rowCounter } = await import(document.querySelector('link[href*="/export."]').href);
    const query = location.search.replace("?", "&");
    const answer = await fetch(`/notifications/export?format=${format}${query}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const count = rowCounter(format);
    let rows = 0;
    for (let at = 0; at < bytes.length; at += size) rows = count(bytes.subarray(at, at + size));
    return rows;
}"""


@pytest.mark.parametrize("format_name", ["ndjson", "csv", "har"])
async def test_the_progress_of_an_export_counts_rows_however_they_are_cut(
    chromium: Browser, world: World, format_name: str
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for body in (b'{"a": "1"}', b'line\r\n"quoted"\nlast\r\n', b'"', b"\n"):
            await world.notify(created["hookId"], body)
    async with open_browser(world, browser=chromium) as (_, page):
        for size in (1, 7, 1_000_000):
            assert await page.evaluate(COUNT_ROWS, [format_name, size]) == 4
        await page.goto("/notifications?q=quoted")
        assert await page.evaluate(COUNT_ROWS, [format_name, 1]) == 1


async def test_an_export_that_breaks_off_says_so_in_plain_words(
    chromium: Browser, world: World
) -> None:
    async with open_browser(world, browser=chromium, forgive="ERR_FAILED") as (_, page):
        await page.goto("/notifications/export")
        await page.route("**/notifications/export?format=csv", lambda route: route.abort())
        await page.get_by_role("link", name="Download CSV").click()
        await expect(page.locator("#export-progress")).to_have_text(
            "The export was interrupted. The server cannot be reached. Try again in a moment."
        )
