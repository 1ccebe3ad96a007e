"""Time from POST to a drawn row in Chromium, where playwright and a browser are installed."""

import importlib.util
import random
import shutil
import time
from typing import Any

from srhooks.bench.client import HttpConnection
from srhooks.bench.machine import pin
from srhooks.bench.notices import Sender, Shape
from srhooks.bench.processes import BenchError
from srhooks.bench.report import Row
from srhooks.bench.setting import Product, Setting, started
from srhooks.bench.stats import middle

PAUSE = 0.1  # seconds between two notifications
FRAME = 1 / 60  # seconds; a random part of it is added, so that pauses do not keep step with frames
# Resolves with the time at which a frame with the new row was drawn: a task queued in
# requestAnimationFrame runs after that frame.
WATCH = """() => {
  const watcher = new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]);
    if (!window.told || !added.some((node) => node.id && node.id.startsWith("n-"))) return;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.told(performance.timeOrigin + performance.now());
      channel.port2.postMessage(0);
    });
  });
  watcher.observe(document.querySelector("#feed"), { childList: true });
}"""
EXPECT = "() => { window.drawn = new Promise((resolve) => { window.told = resolve; }); }"
DRAWN = "() => Promise.race([window.drawn, new Promise((done) => setTimeout(done, 10000, 0))])"


def find_browser() -> str | None:
    """The path of Chromium; None where it or playwright is missing."""
    if importlib.util.find_spec("playwright") is None:
        return None
    return shutil.which("chromium") or shutil.which("chromium-browser")


def measure(setting: Setting) -> list[Row]:
    executable = find_browser()
    if executable is None:
        return []
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - need not be installed

    with started(setting, "browser") as product:
        pin(setting.server_core, setting.load_core)  # Chromium is many processes
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            page = browser.new_page()
            name, _, value = product.account.cookie.partition("=")
            page.context.add_cookies([{"name": name, "value": value, "url": product.account.base}])
            page.goto(f"{product.account.base}/notifications")
            page.get_by_text("Live", exact=True).wait_for()
            page.evaluate(WATCH)
            sender = Sender(product.account, Shape(setting.body_bytes))
            _times(product, sender, page, 3)
            count = setting.scaled(20, 3)
            found = [middle(_times(product, sender, page, count)) for _ in range(setting.rounds)]
            shown = page.locator("#feed > li").count()
            browser.close()
        pin(setting.load_core)
    if shown != len(sender.sent):
        raise BenchError(f"Chromium shows {shown} of {len(sender.sent)} notifications")
    return [Row("POST to visible in Chromium, p50", "ms", found, 20.0)]


def _times(product: Product, sender: Sender, page: Any, count: int) -> list[float]:
    """Times (ms) from POST to drawn by the wall clock, which the browser shares."""
    line = HttpConnection(product.port)
    times = []
    for request in sender.make(count, linked=False):
        page.evaluate(EXPECT)
        time.sleep(PAUSE + random.random() * FRAME)  # noqa: S311 - no secret
        began = time.time() * 1000
        status, _ = line.request(request)
        if status != 202:
            raise BenchError(f"a notification was answered {status}")
        drawn = page.evaluate(DRAWN)
        if not drawn:
            raise BenchError("Chromium did not show a notification")
        times.append(drawn - began)
    line.close()
    return times
