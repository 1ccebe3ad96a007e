"""The service's log of a subscription: read whole, page by page, and without secrets."""

import time
from pathlib import Path
from typing import Any, Literal

import pytest
from srhooks.sandbox import SandboxSettings
from srhooks.sandbox.deliveries import LogEntry

from tests.support.harness import Browser, World
from tests.support.harness import world as started

NOON = float(int(time.time()) - 86_400)  # yesterday


def entry(at: float, number: int) -> LogEntry:
    return LogEntry(
        successful=number % 3 != 0, at=at, url="https://h.example", body=f'{{"n":{number}}}',
        headers={"event-name": "job.created"},
    )  # fmt: skip


async def whole_log(ada: Browser, path: str) -> list[list[dict[str, Any]]]:
    """The records of each page, until there is no next one."""
    pages = []
    following = path
    while following:
        answer = await ada.json("GET", following)
        pages.append(answer["callbacks"])
        following = answer["next"]
        assert len(pages) < 20
    return pages


@pytest.mark.parametrize("bounds", ["exclusive", "inclusive"])
@pytest.mark.parametrize("style", ["array", "content"])
async def test_every_record_is_shown_once(
    tmp_path: Path, style: Literal["array", "content"], bounds: Literal["exclusive", "inclusive"]
) -> None:
    settings = SandboxSettings(seed=1, list_style=style, log_bounds=bounds)
    async with started(tmp_path, sandbox=settings) as world, world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        # Seventy at one moment, where a page ends; some a millisecond apart.
        times = [NOON - 60] * 40 + [NOON - 0.001] * 5 + [NOON] * 70 + [NOON + 0.001] * 60
        times += [NOON + 1 + place for place in range(90)]
        log = world.sandbox.subscriptions.by_id[created["id"]].log
        log.extend(entry(at, number) for number, at in enumerate(times))
        pages = await whole_log(ada, f"/subscriptions/{created['id']}/callbacks-log")
        bodies = [one["body"] for page in pages for one in page]
        assert sorted(bodies) == sorted(f'{{"n":{number}}}' for number in range(len(times)))
        stamps = [one["at"] for page in pages for one in page]
        assert stamps == sorted(stamps, reverse=True)
        assert all(pages)


async def test_a_whole_page_of_one_moment_does_not_stop_the_log(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        log = world.sandbox.subscriptions.by_id[created["id"]].log
        log.extend(entry(at, number) for number, at in enumerate([NOON - 1] + [NOON] * 130))
        pages = await whole_log(ada, f"/subscriptions/{created['id']}/callbacks-log")
        assert pages[-1][-1]["body"] == '{"n":0}'


async def test_the_log_tells_what_went_wrong_without_secrets(world: World) -> None:
    async with world.logged_in() as ada:
        authentication = {"type": "header", "headerName": "X-Key", "headerValue": "s3cret-value"}
        created = await ada.subscribe("job.created", callbackAuthentication=authentication)
        await world.fire("job.created")
        url = world.sandbox.subscriptions.by_id[created["id"]]
        url.callback_url = world.base + "/hooks/unknown"
        for _ in range(3):
            await world.sandbox.fire("job.created")
        path = f"/subscriptions/{created['id']}/callbacks-log"
        page = await ada.page(path)
        assert "The last 3 calls failed" in page
        assert page.index(">failed<") < page.index(">successful<")
        assert "s3cret-value" not in page
        failed = await ada.json("GET", f"{path}?status=failed")
        assert [one["status"] for one in failed["callbacks"]] == ["failed"] * 3
        assert "s3cret-value" not in str(await ada.json("GET", path))
        for wrong in ("status=odd", "page=x", "page=t", "page=t1x", f"page=t{'9' * 30}"):
            await ada.json("GET", f"{path}?{wrong}", status=400)


async def test_a_log_of_objects_numbers_and_lists(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        record = (
            '[{"status":"successful","timestamp":1732453200123,"requestDetails":{"url":"u",'
            '"body":{"id":"1"},"headers":[{"name":"Event-Name","value":"job.created"}]}}]'
        )
        path = f"/subscriptions/{created['id']}/callbacks-log"
        world.sandbox.add_fault("/callbacks-log", times=1, status=200, body=record)
        (call,) = (await ada.json("GET", path))["callbacks"]
        assert call == {
            "status": "successful", "at": "2024-11-24T13:00:00.123Z", "url": "u",
            "headers": {"event-name": "job.created"}, "body": '{"id":"1"}',
            "outcome": "not here", "notificationId": None, "about": [{"kind": "job", "id": "1"}],
        }  # fmt: skip
