"""The README's pictures, taken of the running demo: `.venv/bin/python scripts/screenshots.py`.

With a folder given: every page there, in every size and scheme.

Starts `srhooks demo` on free ports, logs in, waits until the page has something to show, and
writes PNG files. The browser is the one that CHROMIUM names, /usr/bin/chromium by default.
"""

import argparse
import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
BROWSER = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SIZES = {"wide": (1280, 800), "narrow": (390, 780)}
SCHEMES = ("light", "dark")
IN_README = {"notification-wide-light", "notification-wide-dark"}
ROWS = 9  # that the feed shows before its picture is taken


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def demo(port: int) -> AsyncIterator[str]:
    """The address of a running demo, stopped at the end."""
    command = [sys.executable, "-m", "srhooks", "demo", "--port", str(port), "--sandbox-port", "0"]
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
    cookies = {one["name"]: one["value"] for one in await context.cookies(address)}
    await context.close()
    return cookies


async def take(context: BrowserContext, address: str, folder: Path, name: str) -> None:
    """The login page, the feed, one notification, the subscriptions."""
    page = await context.new_page()

    async def shot(what: str) -> None:
        if folder != FOLDER or f"{what}-{name}" in IN_README:
            await page.screenshot(path=folder / f"{what}-{name}.png")

    await page.goto(f"{address}/notifications")
    await page.get_by_text("Live", exact=True).wait_for()
    await shot("feed")
    rows = page.locator("#feed > li")
    changed = rows.filter(has=page.locator(".change"))
    await (changed if await changed.count() else rows).first.get_by_role("link").click()
    await page.locator("#detail article").wait_for()
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(300)
    await shot("notification")
    await page.goto(f"{address}/subscriptions")
    await page.get_by_text("Live", exact=True).wait_for()
    await shot("subscriptions")
    await context.clear_cookies()
    await page.goto(address)
    await shot("login")
    await context.close()


async def main(folder: Path) -> None:
    async with demo(free_port()) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        cookies = await session(browser, address)
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
    asyncio.run(main(folder))
