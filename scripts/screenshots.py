"""The README's pictures, taken of the running demo: `.venv/bin/python scripts/screenshots.py`.

With a folder given: every page there, in every size and scheme.

Starts `srhooks demo` on free ports, logs in, waits until the page has something to show, lets the
same have happened all day, and writes PNG files. The browser is the one that CHROMIUM names,
/usr/bin/chromium by default.
"""

import argparse
import asyncio
import os
import random
import re
import secrets
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright
from srhooks.domain.ids import first_id_at
from srhooks.sandbox import SandboxSettings, start_sandbox

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
BROWSER = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SIZES = {"wide": (1280, 800), "narrow": (390, 780), "smallest": (320, 640)}
SCHEMES = ("light", "dark")
IN_README = {
    "login-wide-light", "feed-wide-light", "notification-wide-light", "notification-wide-dark",
    "subscriptions-wide-light", "overview-wide-light", "overview-wide-dark", "feed-narrow-light",
    "notification-narrow-dark", "login-key-wide-light", "first-subscription-wide-light",
}  # fmt: skip
ROWS = 9  # that the feed shows before its picture is taken
DAY = 86_400_000  # ms
PAST = 420  # notifications of the day before


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def demo(port: int, data: str, *more: str) -> AsyncIterator[str]:
    """The address of a running demo, stopped at the end."""
    command = [sys.executable, "-m", "srhooks", "demo", "--port", str(port), "--sandbox-port", "0"]
    command += ["--data", data, *more]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        async for line in process.stdout:
            if b"Ctrl-C" in line:
                break
        yield f"http://localhost:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def log_in(page: Page, address: str) -> None:
    await page.goto(address)
    await page.get_by_role("link", name="Log in with SmartRecruiters").click()
    person = page.get_by_role("radio", name=re.compile("Ada Novak"))
    if await person.count():
        await person.check()
    await page.get_by_role("button", name=re.compile("Allow")).first.click()
    await page.wait_for_url(f"{address}/notifications")


async def session(browser: Browser, address: str) -> dict[str, str]:
    """Log in once: the cookie serves all sizes and schemes."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(address)
    await log_in(page, address)
    await page.locator("#feed > li").nth(ROWS - 1).wait_for(timeout=60_000)
    await page.locator("#feed .change").first.wait_for(timeout=60_000)
    cookies = {one["name"]: one["value"] for one in await context.cookies(address)}
    await context.close()
    return cookies


def live_through_a_day(database: Path) -> None:
    """Copies of what is there, spread over the last 24 hours, most of them in working hours."""
    chance = random.Random(7)  # noqa: S311 - the same day in each run
    now = time.time_ns() // 1_000_000
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(
            "SELECT * FROM notifications WHERE entity_status IN ('fetched', 'gone')"
        ).fetchall()
        for number in range(PAST):
            at = now - int(chance.choice((chance.triangular(0, 1, 0.3), chance.random())) * DAY)
            id_ = first_id_at(at) + number
            row = {**chance.choice(found), "id": id_, "rev": id_, "first_rev": id_}
            row |= {"event_id": secrets.token_hex(12), "sent_at": at - chance.randrange(900)}
            row |= {"entity_at": at + chance.randrange(40, 400), "last_delivery_at": at}
            connection.execute(
                f"INSERT INTO notifications ({', '.join(row)})"  # noqa: S608 - columns' names
                f" VALUES ({', '.join('?' * len(row))})",
                tuple(row.values()),
            )


async def take(context: BrowserContext, address: str, folder: Path, name: str) -> None:
    """What the README shows; with a folder of one's own, every other page as well."""
    page = await context.new_page()
    every = folder != FOLDER

    async def shot(what: str) -> None:
        if every or f"{what}-{name}" in IN_README:
            await page.mouse.move(0, 0)
            await page.wait_for_timeout(300)
            await page.screenshot(path=folder / f"{what}-{name}.png")

    async def visit(path: str, *, live: bool = False) -> None:
        await page.goto(f"{address}{path}")
        if live:
            await page.get_by_text("Live", exact=True).wait_for()

    await visit("/notifications", live=True)
    await shot("feed")
    rows = page.locator("#feed > li")
    changed = rows.filter(has=page.locator(".change"))
    await changed.first.get_by_role("link").click()
    await page.locator("#detail article").wait_for()
    await shot("notification")
    await visit("/overview", live=True)
    await shot("overview")
    await visit("/subscriptions", live=True)
    await shot("subscriptions")
    if every:
        await page.get_by_role("link", name="Details").first.click()
        await shot("subscription")
        await page.get_by_role("link", name="Callbacks log").click()
        await shot("callbacks")
        for what, path in (
            ("picker", "/subscriptions#new"), ("coverage", "/subscriptions/coverage"),
            ("empty", "/notifications?q=nothing+holds+this"), ("export", "/notifications/export"),
            ("account", "/account"), ("sessions", "/account/sessions"),
            ("alerts", "/account/alerts"), ("terminal", "/terminal"), ("api", "/api"),
            ("missing", "/no-such-page"),
        ):  # fmt: skip
            await visit(path)
            await shot(what)
    await context.clear_cookies()
    await visit("/")
    await shot("login")
    await context.close()


@asynccontextmanager
async def fresh_serve(port: int, data: str, api_url: str) -> AsyncIterator[str]:
    """The address of `srhooks serve` with nothing but what the README's five steps set."""
    address = f"http://localhost:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "SESSION_SECRET": secrets.token_hex(32),
        "APP_URL": address,
        "PORT": str(port),
        "SMARTRECRUITERS_API_URL": api_url,
        "DATABASE_URL": f"sqlite:///{data}/fresh.db",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "srhooks", "serve", env=environment
    )
    try:
        yield address
    finally:
        process.terminate()
        await process.wait()


async def take_first_steps(browser: Browser, folder: Path, data: str) -> None:
    """From an API key to the first subscription."""
    runner, sandbox = await start_sandbox(SandboxSettings(seed=1))
    context = await browser.new_context(
        viewport={"width": 1280, "height": 800}, color_scheme="light", reduced_motion="reduce"
    )
    async with fresh_serve(free_port(), data, sandbox.base_url) as address:
        page = await context.new_page()
        for _ in range(100):
            try:
                await page.goto(address)
                break
            except Error:
                await page.wait_for_timeout(100)
        form = page.get_by_role("form", name="Log in with an API key")
        await form.get_by_label("API key").fill(sandbox.create_api_key().key)
        await page.screenshot(path=folder / "login-key-wide-light.png")
        await form.get_by_role("button", name="Log in").click()
        await page.wait_for_url(f"{address}/notifications")
        await page.goto(f"{address}/subscriptions")
        form = page.get_by_role("form", name="New subscription")
        for event in ("job.created", "application.status.updated"):
            await form.get_by_role("checkbox", name=event, exact=True).check()
        await form.get_by_role("checkbox", name="Activate at once").check()
        await form.get_by_role("button", name="Create").click()
        await page.get_by_role("article").get_by_text("active", exact=True).wait_for()
        await page.mouse.move(0, 0)
        await page.wait_for_timeout(300)
        await page.screenshot(path=folder / "first-subscription-wide-light.png")
    await context.close()
    await runner.cleanup()


async def take_an_incident(browser: Browser, folder: Path, data: str) -> None:
    """Three deliveries are lost, which takes a minute to be sure of, and come back with a click."""
    context = await browser.new_context(
        viewport={"width": 1280, "height": 640}, color_scheme="light", reduced_motion="reduce"
    )
    story = ("--story", "outage", "--rate", "0")
    async with demo(free_port(), f"{data}/outage", *story) as address:
        page = await context.new_page()
        await log_in(page, address)
        await page.get_by_text("that SmartRecruiters sent never arrived").wait_for(timeout=120_000)
        await page.goto(f"{address}/missed")
        await page.get_by_role("button", name="Backfill all 3").wait_for()
        await page.screenshot(path=folder / "missed-wide-light.png")
        await page.get_by_role("button", name="Backfill all 3").click()
        await page.get_by_text("No missed notifications").wait_for()
    await context.close()


async def main(folder: Path, data: str) -> None:
    async with demo(free_port(), data) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        await take_first_steps(browser, folder, data)
        await take_an_incident(browser, folder, data)
        cookies = await session(browser, address)
        await asyncio.to_thread(live_through_a_day, Path(data) / "srhooks.db")
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                context = await browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if scheme == "dark" else "light",
                    reduced_motion="reduce",
                )
                for name, value in cookies.items():
                    await context.add_cookies([{"name": name, "value": value, "url": address}])
                await take(context, address, folder, f"{size}-{scheme}")
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take the README's pictures of the demo.")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="srhooks-screenshots-") as data:
        asyncio.run(main(folder, data))
