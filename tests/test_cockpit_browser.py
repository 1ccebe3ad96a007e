"""What the cockpit does in the browser itself."""

import json
from pathlib import Path

from playwright.async_api import expect

from tests.browser import needs_chromium, open_browser
from tests.harness import World

pytestmark = needs_chromium


async def test_an_export_shows_its_progress_and_becomes_a_file(
    world: World, tmp_path: Path
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        for _ in range(3):
            await world.notify(created["hookId"])
    async with open_browser(world) as (_, page):
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
