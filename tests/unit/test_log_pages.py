"""Pages of the callbacks log as services have them: short, inclusive or not, of one moment."""

import json
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from multidict import CIMultiDict
from srhooks.domain.clock import DAY, iso, now_ms, read_time
from srhooks.domain.missed import LOG_DAYS
from srhooks.smartrecruiters.client import Answer
from srhooks.subscriptions.callback_log import (
    ANY_CALL,
    EDGE,
    LogFilter,
    callbacks_log,
    read_position,
)

NOON = now_ms() - DAY


class Service:
    """Answers plain arrays of at most `most` records, whatever limit it is asked for."""

    def __init__(self, times: list[int], *, most: int, inclusive: bool) -> None:
        self.times = sorted(times, reverse=True)
        self.most = most
        self.inclusive = inclusive
        self.targets: list[str] = []

    def queries(self) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(target).query) for target in self.targets]

    async def call(self, user_id: str, method: str, target: str, *, foreground: bool) -> Answer:
        assert (user_id, method, foreground) == ("u1", "GET", False)
        self.targets.append(target)
        query = parse_qs(urlsplit(target).query)
        before = read_time(query["before"][0]).timestamp() * 1000 if "before" in query else 1e15
        after = read_time(query["after"][0]).timestamp() * 1000 if "after" in query else 0
        fits = [
            (number, at)
            for number, at in enumerate(self.times)
            if after < at < before or (self.inclusive and at in (after, before))
        ][: self.most]
        records = [
            {"status": "failed", "timestamp": iso(at),
             "requestDetails": {"url": "u", "body": str(number), "headers": {}}}
            for number, at in fits
        ]  # fmt: skip
        return Answer(200, CIMultiDict(), json.dumps(records).encode())


async def read_all(service: Service, log_filter: LogFilter = ANY_CALL) -> list[int]:
    bodies: list[int] = []
    position: str | None = ""
    while position is not None:
        page = await callbacks_log(
            cast("Any", service), "u1", "s1", log_filter=log_filter,
            position=read_position(position), foreground=False,
        )  # fmt: skip
        bodies += [int(call.body) for call in page.calls]
        position = page.following
        assert len(service.targets) < 400
    return bodies


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("most", [7, 10, 100])
async def test_a_short_page_is_not_the_end(most: int, *, inclusive: bool) -> None:
    times = [NOON + number // 3 for number in range(95)]  # three of each moment
    service = Service(times, most=most, inclusive=inclusive)
    assert await read_all(service) == list(range(95))
    befores = [query["before"][0] for query in service.queries() if "before" in query]
    assert befores
    assert all(one.endswith("Z") for one in befores)  # a + would arrive as a space


@pytest.mark.parametrize("inclusive", [False, True])
async def test_bounds_are_left_out_whatever_the_service_does(*, inclusive: bool) -> None:
    service = Service([NOON + number for number in range(50)], most=10, inclusive=inclusive)
    between = LogFilter(after=NOON + 9, before=NOON + 40)
    assert len(await read_all(service, between)) == 30
    nothing: Any = await read_all(service, LogFilter(after=NOON + 60))
    assert nothing == []


async def test_times_before_the_thirty_days_are_not_asked_for() -> None:
    """The service answers 400 to them: a walk that asked would begin anew for ever."""
    end = now_ms() - LOG_DAYS * DAY
    service = Service([end + number * EDGE // 5 for number in range(40)], most=5, inclusive=False)
    # The last one or two pieces of the edge are not read; where the clock stands decides.
    assert len(await read_all(service)) >= 35
    assert len(await read_all(service, LogFilter(after=end - DAY))) >= 35
    assert await read_all(service, LogFilter(before=end + EDGE // 2)) == []
    asked = [query[name][0] for query in service.queries() for name in ("after", "before")
             if name in query]  # fmt: skip
    assert asked
    assert all(read_time(one).timestamp() * 1000 >= end + EDGE // 2 for one in asked)
