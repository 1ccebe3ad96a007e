"""A week of traffic with ten planted faults: ten incidents, no false one, nothing missing after.

The time of day is simulated (tests/support/simulation.py); all else is real: the sandbox, its
deliveries and its log over HTTP, srhooks with its store, and the person who reacts.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from srhooks.domain.ids import first_id_at
from srhooks.domain.models import NewNotification
from srhooks.incidents.watch import Pace
from srhooks.sandbox import SandboxSettings
from srhooks.smartrecruiters.limiter import Limiter, Limiters

from tests.support.harness import Browser, World, eventually
from tests.support.harness import world as start_world
from tests.support.simulation import DAY, HOUR, MINUTE, Simulation, simulated_time

WEEKS_BEFORE = 3
GAP = 60 * MINUTE  # between two events of a kind, on average
LOOKS = 4 * HOUR  # between two looks while nothing happens
CLOSE_LOOKS = 30 * MINUTE  # in the hours after a fault
REFUSED = {"message": "OAuthPermissionsException: jobs_read"}
A, B = "job.updated", "application.status.updated"
# Kind, when it begins (h), and until when (h) it must have been noticed.
PLANTED = (
    ("missed", 8, 10), ("suspended", 26, 28), ("failing", 40, 44), ("forged", 52, 54),
    ("gone", 60, 62), ("unreadable", 76, 79), ("login", 88, 91), ("missed", 100, 102),
    ("silent", 116, 140), ("suspended", 152, 154),
)  # fmt: skip


class Unlimited(Limiter):
    """A second of the service's rate limit is one of the simulated ones."""

    @contextlib.asynccontextmanager
    async def slot(self, *, foreground: bool) -> AsyncIterator[None]:  # noqa: ARG002 - no turns
        yield


class UnlimitedOfAll(Limiters):
    def of(self, user_id: str) -> Limiter:
        return self._of.setdefault(user_id, Unlimited())


class Week:
    def __init__(self, town: World, ada: Browser, plan: Simulation, made: dict[str, Any]) -> None:
        self.town = town
        self.ada = ada
        self.plan = plan
        self.made = made
        self.user_id = ""
        self.silent = False  # of B: its events happen, and nothing is sent
        self.b_rests = False

    async def fire(self, event: str) -> None:
        if event == B and self.b_rests:
            return
        self.town.sandbox.troubles.silent = event == B and self.silent
        await self.town.sandbox.fire(event)
        self.town.sandbox.troubles.silent = False

    async def look(self) -> None:
        """As the watch does, whenever an account is due."""
        watch = self.town.services.account_watch
        await eventually(self._is_loaded)
        user = await self.town.services.store.user(self.user_id)
        if user is not None and not user.grant_dead:
            assert await watch.look(self.user_id)
        await watch.checks.run()

    async def _is_loaded(self) -> bool:
        user = await self.town.services.store.user(self.user_id)
        if user is None or user.grant_dead:
            return True
        pending = await self.ada.json("GET", "/notifications?limit=1&status=pending")
        return not pending["notifications"]

    async def lose(self, event: str, count: int) -> None:
        self.town.sandbox.troubles.order("lose", count, 0)
        for _ in range(count):
            await self.fire(event)

    async def backfill(self) -> None:
        assert (await self.ada.json("POST", "/missed/backfill", json={"all": True}))["stored"]

    async def suspend(self, event: str) -> None:
        self.town.sandbox.suspend(self.made[event]["id"])

    async def activate(self, event: str) -> None:
        path = f"/subscriptions/{self.made[event]['id']}/activation"
        await self.ada.json("POST", path, status=204)

    async def refuse(self, count: int) -> None:
        self.b_rests = bool(count)
        self.town.sandbox.troubles.order("refuse", count, 0)

    async def forge(self) -> None:
        for number in range(6):
            headers = {"smartrecruiters-signature": "v1=" + "0" * 64, "event-id": f"f{number}"}
            await self.town.notify(self.made[A]["hookId"], b"{}", event_name=A, **headers)

    async def delete_elsewhere(self) -> None:
        del self.town.sandbox.subscriptions.by_id[self.made["offer.created"]["id"]]

    async def dismiss(self) -> None:
        for one in (await self.ada.json("GET", "/incidents?open=1"))["incidents"]:
            if one["kind"] == "gone":
                await self.ada.json("POST", f"/incidents/{one['id']}/acknowledge")

    async def take_scope(self) -> None:
        self.town.sandbox.add_fault("^/jobs/", status=403, body=REFUSED)

    async def give_scope(self) -> None:
        self.town.sandbox.clear_faults()

    async def revoke(self) -> None:
        self.town.sandbox.revoke_grants()
        await self.fire(A)  # whose details cannot be read any more

        async def is_dead() -> bool:
            user = await self.town.services.store.user(self.user_id)
            return user is not None and user.grant_dead

        await eventually(is_dead)

    async def log_in(self) -> None:
        answer = await self.town.log_in(self.ada)
        assert answer.status == 303

    async def fall_silent(self, silent: bool) -> None:
        self.silent = silent

    def plant(self) -> None:
        """The faults, and what a person does about each some time after it was noticed."""
        at = self._at
        at(8, lambda: self.lose(A, 5))
        at(12, self.backfill)
        at(26, lambda: self.suspend(A))
        at(29, lambda: self.activate(A))
        at(40, lambda: self.refuse(1000))
        at(44, lambda: self.refuse(0))
        at(52, self.forge)
        at(60, self.delete_elsewhere)
        at(63, self.dismiss)
        at(76, self.take_scope)
        at(79, self.give_scope)
        at(88, self.revoke)
        at(91, self.log_in)
        at(100, lambda: self.lose(B, 3))
        at(104, self.backfill)
        at(116, lambda: self.fall_silent(True))
        at(140, lambda: self.fall_silent(False))
        at(152, lambda: self.suspend(B))
        at(155, lambda: self.activate(B))

    def _at(self, hours: int, action: Any) -> None:
        self.plan.plan(hours * HOUR, action)


async def before(town: World, user_id: str, made: dict[str, Any], now: int) -> None:
    """The weeks before: what the silence is measured by."""
    source = random.Random(1)  # noqa: S311 - the same in each run
    new = [
        NewNotification(
            id=first_id_at(now - ago * GAP - source.randrange(GAP // 2)) + number, user_id=user_id,
            hook_id=made[event]["hookId"], subscription_id=made[event]["id"], event_id=None,
            event_name=event, event_version=None, link=None, headers="{}", body=b"{}",
            signature="valid", sent_at=None, entity_status="none",
        )
        for number, event in enumerate((A, B))
        for ago in range(1, WEEKS_BEFORE * 7 * DAY // GAP)
    ]  # fmt: skip
    new.sort(key=lambda one: one.id)  # the store gives a higher id to what comes out of order
    await asyncio.gather(*(town.services.store.add_notification(one) for one in new))


async def test_ten_faults_in_a_week_are_ten_incidents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = SandboxSettings(
        seed=1, rate_limit=0, suspend_after=0, speed=1e-6, access_token_seconds=30 * 86_400
    )
    with simulated_time(monkeypatch) as clock:
        async with (
            start_world(
                tmp_path, sandbox=sandbox, watch_interval=1_000_000, session_max_age=2_000_000
            ) as town,
            town.logged_in() as ada,
        ):
            town.services.account_watch.pace = Pace(1e9)
            town.services.user_client.limiters = UnlimitedOfAll()
            made = {event: await ada.subscribe(event) for event in (A, B, "offer.created")}
            week = Week(town, ada, Simulation(clock, town.sandbox), made)
            (week.user_id,) = await town.services.store.user_ids()
            await before(town, week.user_id, made, week.plan.start)
            source = random.Random(2)  # noqa: S311
            for event in (A, B):
                at = 0
                while (at := at + source.randrange(GAP // 2, 3 * GAP // 2)) < 7 * DAY:
                    week.plan.plan(at, lambda event=event: week.fire(event))  # type: ignore[misc]
            looks = set(range(LOOKS, 7 * DAY, LOOKS))
            for _, begins, noticed in PLANTED:
                until = min(noticed, begins + 4) * HOUR
                looks |= set(range(begins * HOUR + 5 * MINUTE, until, CLOSE_LOOKS))
            for at in sorted(looks):
                week.plan.plan(at, week.look)
            week.plant()
            week.plan.plan(7 * DAY + HOUR, week.look)
            await week.plan.run()

            found = (await ada.json("GET", "/incidents?limit=200"))["incidents"]
            assert Counter(one["kind"] for one in found) == Counter(kind for kind, _, _ in PLANTED)
            store = town.services.store
            rows = await store.incidents(week.user_id, None, 100)
            for incident, (kind, begins, noticed) in zip(reversed(rows), PLANTED, strict=True):
                hours = (incident.opened_at - week.plan.start) / HOUR
                assert incident.kind == kind
                assert begins <= hours < noticed, (kind, hours)
            assert all(one["endedAt"] for one in found)
            await ada.json("POST", "/missed/check")
            assert (await ada.json("GET", "/missed"))["missed"] == []
            await eventually(lambda: nothing_is_missing(week))


async def nothing_is_missing(week: Week) -> bool:
    """Each notification that the log has is stored."""
    sent = {
        entry.headers["event-id"]
        for event in (A, B)
        for entry in week.town.sandbox.subscriptions.by_id[week.made[event]["id"]].log
    }
    assert len(sent) > 250
    here: set[str | None] = set()
    following = "/notifications?limit=200"
    while following:
        page = await week.ada.json("GET", following)
        here |= {one["eventId"] for one in page["notifications"]}
        following = page["next"]
    return sent <= here
