"""Every call that a look of the watch makes takes its turn: counted at the service."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from srhooks.config import DEFAULT_SCOPES
from srhooks.domain.clock import now_ms
from srhooks.incidents import audit
from srhooks.sandbox import SandboxSettings

from tests.support.harness import World
from tests.support.harness import world as start_world

SCOPES = f"{DEFAULT_SCOPES} audit_events_read"


class CountingPace:
    def __init__(self) -> None:
        self.turns = 0

    async def turn(self) -> None:
        self.turns += 1


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[World]:
    """Nothing looks by itself within the test."""
    sandbox = SandboxSettings(seed=1, suspend_after=0, rate_limit=0, list_style="content")
    async with start_world(
        tmp_path, sandbox=sandbox, watch_interval=100_000, scopes=SCOPES
    ) as running:
        yield running


async def look(town: World) -> tuple[int, int]:
    """The turns that a look took, and the calls that it made."""
    pace = CountingPace()
    watch = town.services.account_watch
    watch.pace = pace  # type: ignore[assignment]
    before = len(town.sandbox.requests)
    (user_id,) = await town.services.store.user_ids()
    assert await watch.look(user_id)
    return pace.turns, len(town.sandbox.requests) - before


async def test_lists_logs_lost_ones_audit_and_renewals_all_take_their_turn(town: World) -> None:
    async with town.logged_in() as ada:
        made = [await ada.subscribe("job.created") for _ in range(3)]
        town.sandbox.troubles.order("refuse", 3 * 130, 0)
        for _ in range(130):
            await town.sandbox.fire("job.created")
        turns, calls = await look(town)
        # The list, of each log the newest and its two pages, and of the audit log each cause.
        assert turns == calls == 1 + 3 * (1 + 2) + len(audit.CAUSES)
        # One that is not listed any more is asked for by its id.
        del town.sandbox.subscriptions.by_id[made[0]["id"]]
        turns, calls = await look(town)
        assert turns == calls
        assert any(
            one["kind"] == "gone" for one in (await ada.json("GET", "/incidents"))["incidents"]
        )
        # Its token has ended: the refused call, the renewal, and the question for the role.
        town.sandbox.grants.expire_access_tokens()
        turns, calls = await look(town)
        assert turns == calls
        paths = [one.path for one in list(town.sandbox.requests)[-calls:]]
        assert paths[1] == "/identity/oauth/token"
        assert "/users/me" in paths[2]


def audits(town: World) -> int:
    return sum(one.path.startswith("/audit-api/") for one in town.sandbox.requests)


async def test_a_refused_audit_log_is_tried_after_a_log_in_or_a_day(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town.logged_in() as ada:
        made = await ada.subscribe("job.created")
        await look(town)
        town.sandbox.subscriptions.by_id[made["id"]].status = "suspended"
        town.sandbox.add_fault("/audit-api/", status=503, times=1)
        await look(town)
        town.sandbox.add_fault("/audit-api/", status=403)
        await look(town)
        assert audits(town) == 2, "out of order is no refusal"
        await look(town)
        assert audits(town) == 2
        assert (await town.log_in(ada)).status == 303
        await look(town)
        await look(town)
        assert audits(town) == 3
        later = now_ms() + audit.RETRIED_AFTER
        monkeypatch.setattr("time.time_ns", lambda: later * 1_000_000)
        town.sandbox.clear_faults()
        await look(town)
        assert audits(town) == 3 + len(audit.CAUSES)
        (user_id,) = await town.services.store.user_ids()
        (opened,) = await town.services.store.incidents(user_id, None, 10, open_only=True)
        assert "audit" in opened.details
