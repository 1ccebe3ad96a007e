"""The watch while the store fails: it tries again ever less often, and goes on by itself."""

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any, cast

import pytest
from srhooks.incidents.watch import AT_A_TIME, LONGEST_STORE_PAUSE, Watch
from srhooks.store import StoreUnavailableError

from tests.support.virtual_loop import run_virtually

HOUR = 3600.0  # seconds
BROKEN = StoreUnavailableError("the database is away")


class FailingStore:
    """One account that is due; what is named in `failing` raises."""

    def __init__(self, failing: str) -> None:
        self.failing = failing
        self.calls: list[float] = []  # loop times of those that failed
        self.recorded: list[float] = []
        self.nobody_is_due = False
        self.asked: list[float] = []  # loop times of those that worked

    def _call(self, name: str) -> None:
        if name == self.failing:
            self.calls.append(asyncio.get_running_loop().time())
            raise BROKEN

    async def plan_first_looks(self, _: int) -> None:
        self._call("plan_first_looks")

    async def accounts_to_watch(self, _: int, limit: int) -> list[str]:
        self._call("accounts_to_watch")
        self.asked.append(asyncio.get_running_loop().time())
        return (
            []
            if self.recorded or self.nobody_is_due
            else [f"user-{index}" for index in range(limit)]
        )

    async def last_look(self, _: str) -> SimpleNamespace:
        self._call("last_look")
        return SimpleNamespace(failures=0)

    async def record_look(self, *_: object) -> None:
        self._call("record_look")
        self.recorded.append(asyncio.get_running_loop().time())


class Subscriptions:
    """`failing`: `lease` as when the list cannot be locked, `defect` as when an account has one."""

    def __init__(self, store: FailingStore) -> None:
        self.store = store

    async def all(self, *_: object, **__: object) -> list[dict[str, Any]]:
        self.store._call("lease")
        if self.store.failing == "record_look":
            raise RuntimeError("a defect, whose record fails as well")
        return []


class Audit:
    async def explain(self, _: str) -> None:
        """Nothing is known."""


class Logs:
    async def check(self, _: str, __: list[dict[str, Any]]) -> None:
        """Nothing is missing."""


def watch_of(store: FailingStore) -> Watch:
    subscriptions, unused = Subscriptions(store), SimpleNamespace()
    return Watch(
        cast("Any", store), cast("Any", unused), cast("Any", subscriptions), 300.0,
        cast("Any", Audit()), cast("Any", Logs()),
    )  # fmt: skip


async def an_hour_of_failures(store: FailingStore) -> None:
    """The watch meanwhile, and for a little while afterwards."""
    watching = asyncio.create_task(watch_of(store).run())
    await asyncio.sleep(HOUR)
    store.failing = ""
    await asyncio.sleep(2 * LONGEST_STORE_PAUSE)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


@pytest.mark.parametrize(
    "failing", ["plan_first_looks", "accounts_to_watch", "last_look", "lease", "record_look"]
)
def test_a_store_that_fails_is_asked_about_once_a_minute(
    failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = FailingStore(failing)
    run_virtually(an_hour_of_failures(store))
    begun = sorted(set(store.calls))
    most = HOUR / (LONGEST_STORE_PAUSE / 2) + 10
    assert 2 < len(begun) <= most, f"{len(begun)} times within an hour"
    assert len(store.calls) <= most * 2 * AT_A_TIME
    assert min(later - sooner for sooner, later in itertools.pairwise(begun)) > 1
    assert store.recorded, "and it goes on by itself"
    told = [line for line in caplog.messages if "waits for the store" in line]
    assert len(told) == 1, "once, not each time"


def test_the_pauses_end_with_the_failure_where_nobody_is_due() -> None:
    store = FailingStore("accounts_to_watch")
    store.nobody_is_due = True
    run_virtually(an_hour_of_failures(store))
    gaps = [later - sooner for sooner, later in itertools.pairwise(store.asked[1:])]
    assert gaps
    assert max(gaps) <= 5.01
