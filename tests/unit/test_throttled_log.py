"""One line in a while, and a count of what there was meanwhile."""

import asyncio
import logging

import pytest
from srhooks.observability.throttled_log import ThrottledWarning

from tests.support.harness import eventually


async def test_a_thousand_warnings_are_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    warn = ThrottledWarning(logging.getLogger("srhooks.test"), "{count} refused", interval=0.3)
    for _ in range(1000):
        warn(route="POST /hooks/{id}")
    assert [record.getMessage() for record in caplog.records] == ["1 refused"]

    async def told() -> bool:
        return len(caplog.records) == 2

    await eventually(told)  # nobody has to come for the rest to be told
    assert caplog.records[1].getMessage() == "999 refused"
    assert vars(caplog.records[1])["route"] == "POST /hooks/{id}"
    await asyncio.sleep(0.35)
    assert len(caplog.records) == 2
    warn()
    assert caplog.records[2].getMessage() == "1 refused"
