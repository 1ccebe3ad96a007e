"""A background loop that a defect ended is started again, and counted."""

import logging

import pytest
from srhooks.maintenance.supervisor import keep_running
from srhooks.observability.metrics import Metrics


async def test_it_starts_again_after_an_error_and_ends_when_it_returns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    runs = 0
    metrics = Metrics()

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise ValueError("a defect")

    with caplog.at_level(logging.ERROR):
        await keep_running("indexing", run, metrics, first_pause=0.001)
    assert runs == 3
    assert metrics.restarts.labels("indexing")._value.get() == 2
    assert caplog.messages == ["indexing broke off and starts again"] * 2
