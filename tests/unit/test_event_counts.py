"""A long history is counted in pieces, and what was counted is kept."""

import asyncio
from typing import Any

import pytest
from srhooks.store.errors import StoreUnavailableError
from srhooks.store.event_counts import (
    SPAN_IDS,
    SPANS_AT_ONCE,
    EventCountQueries,
    EventCounts,
)


class SlowHistory(EventCountQueries):
    """Its third statement takes longer than a statement may, once."""

    def __init__(self) -> None:
        self._event_counts = EventCounts()
        self._long_reads = asyncio.Semaphore(2)
        self.statements: list[int] = []

    async def _read(self, sql: str, *args: Any) -> list[Any]:
        raise NotImplementedError

    async def _write(self, sql: str, *args: Any) -> int:
        raise NotImplementedError

    async def _work(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError

    async def _spans(
        self,
        user_id: str,  # noqa: ARG002 - as it is called
        low: int,
        high: int,
        span_ids: int,
    ) -> list[tuple[int, str, int]]:
        self.statements.append(low // SPAN_IDS)
        if len(self.statements) == 3:
            raise StoreUnavailableError("it takes too long")
        return [(start, "job.created", 2) for start in range(low, high, span_ids)]


async def test_a_history_that_takes_too_long_goes_on_where_it_was() -> None:
    history = SlowHistory()
    lows = range(0, 4 * SPANS_AT_ONCE * SPAN_IDS, SPAN_IDS)
    with pytest.raises(StoreUnavailableError):
        await history._past("u1", lows)
    counted = await history._past("u1", lows)
    assert counted == [{"job.created": 2}] * 4 * SPANS_AT_ONCE
    pieces = [0, 1, 2, 2, 3]
    assert history.statements == [piece * SPANS_AT_ONCE for piece in pieces]
    assert await history._past("u1", lows) == counted
    assert len(history.statements) == len(pieces)
