"""One line in a while, and a count of what there was meanwhile."""

import logging

import pytest
from srhooks.observability.throttled_log import ThrottledWarning

from tests.support.harness import eventually
from tests.support.virtual_time import VirtualTime


async def test_a_thousand_warnings_are_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    time = VirtualTime()
    time.now = 100.0
    warn = ThrottledWarning(logging.getLogger("srhooks.test"), "{count} refused", 60, time.clock)
    warn()
    time.now = 159.99  # the rest of the interval is short, so that the test need not wait for long
    for _ in range(999):
        warn(route="POST /hooks/{id}")
    assert [record.getMessage() for record in caplog.records] == ["1 refused"]

    async def told() -> bool:
        return len(caplog.records) == 2

    await eventually(told)  # nobody has to come for the rest to be told
    assert caplog.records[1].getMessage() == "999 refused"
    assert vars(caplog.records[1])["route"] == "POST /hooks/{id}"
    assert warn._timer is None, "with nothing to tell nothing is told"
    time.now = 300.0
    warn()
    assert caplog.records[2].getMessage() == "1 refused"
