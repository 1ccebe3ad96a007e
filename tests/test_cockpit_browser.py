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


async def test_events_are_found_and_chosen_by_family(world: World) -> None:
    async with open_browser(world) as (_, page):
        await page.goto("/subscriptions")
        form = page.get_by_role("form", name="New subscription")
        await form.get_by_label("All review events").check()
        for name in ("created", "updated", "deleted"):
            await expect(form.get_by_label(f"review.{name}", exact=True)).to_be_checked()
        await form.get_by_label("review.deleted", exact=True).uncheck()
        await expect(form.get_by_label("All review events")).not_to_be_checked()
        await expect(form.get_by_text("Sends a link to the review").first).to_be_visible()
        await form.get_by_label("Find an event").fill("screening answers")
        await expect(form.get_by_label("application.screening-answers.created")).to_be_visible()
        await expect(form.get_by_label("job.created", exact=True)).to_be_hidden()
        await form.get_by_role("button", name="Create").click()
        card = page.get_by_role("article", name="review.created")
        await expect(card).to_contain_text("review.updated")
        await expect(card).not_to_contain_text("review.deleted")


async def test_the_steps_of_an_activation_appear(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created", active=False)
    async with open_browser(world) as (_, page):
        await page.goto("/subscriptions")
        await page.get_by_role("button", name="Activate").click()
        card = page.get_by_role("article", name="job.created")
        await expect(card).to_contain_text("Its handshake came in")
        await expect(card).to_contain_text("SmartRecruiters activated it")


async def test_the_time_that_an_old_key_has_left_counts_down(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
    async with open_browser(world) as (_, page):
        await page.goto(f"/subscriptions/{created['id']}")
        await page.get_by_role("button", name="Rotate key").click()
        await expect(page.locator("#secret")).not_to_be_empty()
        await expect(page.locator("[data-until]")).to_contain_text("23 h 59 min")
