"""What reading costs as a history grows, counted in steps of SQLite's machine, not in time."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from srhooks.domain.account import SealedCredential, User
from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.domain.ids import first_id_at
from srhooks.domain.models import EntityJob, EntityStatus, NewNotification, Signature
from srhooks.observability.metrics import Metrics
from srhooks.store.group_commit import Transaction
from srhooks.store.sqlite import SqliteStore

DAY = 86_400_000  # ms
DAY_IDS = first_id_at(DAY)
FEW, MANY = 3_000, 30_000
EVENTS = ("job.created", "job.updated", "offer.created")
SUBSCRIPTIONS = ("s1", "s2", "s3", "s4")
WORD = "needle"


@dataclass
class Observed(SqliteStore):
    """Notes what is asked of the database."""

    path: str
    asked: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.path, Metrics())

    async def _read(self, sql: str, *args: Any) -> list[Any]:
        self.asked.append((sql, args))
        return await super()._read(sql, *args)

    async def _work(
        self, run: Callable[..., Any], *, durable: bool = True, user_ids: Collection[str] = ()
    ) -> Any:
        noted = lambda tx: run(Noted(tx, self.asked))  # noqa: E731
        return await super()._work(noted, durable=durable, user_ids=user_ids)


@dataclass
class Noted:
    """A transaction that notes what it looks for."""

    tx: Transaction
    asked: list[tuple[str, tuple[Any, ...]]]

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        self.asked.append((sql, args))
        return await self.tx.fetch(sql, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tx, name)


async def filled(path: Path, count: int) -> Observed:
    """So many over 30 days, and a few of each rare kind."""
    store = Observed(str(path))
    await store.open()
    user = User("u1", "sr1", "Ada", "", grant_dead=False, created_at=1, seen_at=1)
    await store.save_user(user, SealedCredential(b"a", None, 1, 1, dead=False))
    oldest = now_ms() - 30 * DAY
    for start in range(0, count, 3000):
        await asyncio.gather(
            *(
                store.add_notification(
                    one(number, oldest + number * 29 * DAY // count, newest=number == count - 1)
                )
                for number in range(start, min(start + 3000, count))
            )
        )
    while await store.index_some(2000):
        pass
    return store


def one(number: int, at: int, *, newest: bool) -> NewNotification:
    rare = number < 1000 and number % 100 == 0
    signature: Signature = "invalid" if rare else "unsigned" if number % 2 else "valid"
    status: EntityStatus = "failed" if rare else "pending" if newest else "fetched"
    return NewNotification(
        id=first_id_at(at) + number, user_id="u1" if number % 10 else "u2", hook_id="h",
        subscription_id="s9" if rare else SUBSCRIPTIONS[number % 4], event_id=f"event-{number}",
        event_name="rare.event" if rare else EVENTS[number % 3], event_version=None,
        link=f"https://api.test/{number % 50}", headers="{}",
        body=f"{WORD if rare else 'hay'} {number}".encode(), signature=signature, sent_at=None,
        entity_status=status,
    )  # fmt: skip


def since(days: float) -> int:
    return first_id_at(now_ms() - int(days * DAY))


def feed(**wanted: Any) -> Callable[[SqliteStore], Awaitable[Any]]:
    return lambda store: store.page("u1", Filter(**wanted), 51)


READS: dict[str, Callable[[SqliteStore], Awaitable[Any]]] = {
    "feed": feed(),
    "an older page": feed(before=since(15)),
    "between two moments": feed(after=since(20), before=since(19.99)),
    "an event": feed(events=("job.created",)),
    "a rare event": feed(events=("rare.event",)),
    "an unknown event": feed(events=("no.such",)),
    "a family": feed(events=("job.",)),
    "a rare family": feed(events=("rare.",)),
    "an unknown family": feed(events=("no.",)),
    "several events": feed(events=("rare.", "no.such")),
    "a subscription": feed(subscription="s1"),
    "a rare subscription": feed(subscription="s9"),
    "a link": feed(link="https://api.test/7"),
    "an unknown link": feed(link="https://api.test/no"),
    "a usual verdict": feed(signature="unsigned"),
    "a rare verdict": feed(signature="invalid"),
    "a usual state": feed(status="fetched"),
    "a rare state": feed(status="failed"),
    "pending": feed(status="pending"),
    "a rare event and a usual verdict": feed(events=("rare.event",), signature="valid"),
    "a usual event and a rare verdict": feed(events=("job.created",), signature="invalid"),
    "a usual word": feed(q="hay"),
    "a rare word": feed(q=WORD),
    "an unknown word": feed(q="elsewhere"),
    "an id": feed(q="event-777"),
    "a letter": feed(q="y"),
    "a word in a rare event": feed(q="hay", events=("rare.event",)),
    "last_rev": lambda store: store.last_rev("u1"),
    "changed_since": lambda store: store.changed_since("u1", 0, 100),
    "by_ids": lambda store: store.notification("u1", 5),
    "neighbours": lambda store: store.neighbours("u1", since(15), Filter()),
    "deliveries": lambda store: store.deliveries(5),
    "counts_by_event": lambda store: store.counts_by_event("u1", since(30)),
    "activity": lambda store: store.activity("u1", since(0.01)),
    "the chart of 30 days": lambda store: store.histogram(
        "u1", since(0) // DAY_IDS * DAY_IDS - 29 * DAY_IDS,
        since(0) // DAY_IDS * DAY_IDS + DAY_IDS, DAY_IDS,
    ),
    "trouble": lambda store: store.trouble("u1", since(30)),
    "timings": lambda store: store.timings("u1", since(30), 100),
    "count of all": lambda store: store.count("u1", Filter(), 1000),
    "count of what is rare": lambda store: store.count("u1", Filter(signature="invalid"), 1000),
    "count of an unknown family": lambda store: store.count("u1", Filter(events=("no.",)), 1000),
    "users_with_due_entities": lambda store: store.users_with_due_entities(now_ms()),
    "untried_entities": lambda store: store.untried_entities("u1", now_ms(), 10),
    "due_entities": lambda store: store.due_entities("u1", now_ms(), 10),
    "entity_attempts": lambda store: store.entity_attempts(EntityJob("u1", "https://x", 1, 0)),
    "next_due": lambda store: store.next_due(),
    "has_pending": lambda store: store.has_pending("u1", since(0)),
    "keep_entity": lambda store: store.keep_entity(
        EntityJob("u1", "https://api.test/7", since(0), 0), 9, b"{}", None
    ),
    "purge": lambda store: store.purge(now_ms() - 40 * DAY, now_ms(), 200),
    "sent_before_erasure": lambda store: store.sent_before_erasure(100),
    "index_some": lambda store: store.index_some(20),
}  # fmt: skip


def work_of(path: Path, asked: list[tuple[str, tuple[Any, ...]]]) -> int:
    """How many tens of steps the statements take."""
    connection = sqlite3.connect(path)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(count, 10)
    for sql, args in asked:
        connection.execute(sql.replace("$", "?"), args).fetchall()
    connection.close()
    return steps


def plans_of(path: Path, asked: list[tuple[str, tuple[Any, ...]]]) -> list[str]:
    connection = sqlite3.connect(path)
    found = [
        row[3]
        for sql, args in asked
        for row in connection.execute(f"EXPLAIN QUERY PLAN {sql.replace('$', '?')}", args)
    ]
    connection.close()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reads")


async def test_ten_times_as_much_costs_less_than_twice(folder: Path) -> None:
    work: list[dict[str, int]] = []
    for count in (FEW, MANY):
        path = folder / f"{count}.db"
        store = await filled(path, count)
        found = {}
        for name, read in READS.items():
            await read(store)  # what is past is counted once
            store.asked.clear()
            await read(store)
            found[name] = work_of(path, store.asked)
            scans = [step for step in plans_of(path, store.asked) if is_scan(step)]
            assert not scans, (name, scans)
        work.append(found)
        await store.close()
    few, many = work
    assert [
        (name, few[name], many[name]) for name in READS if many[name] > 2 * few[name] + 100
    ] == []


def is_scan(step: str) -> bool:
    """A walk through a whole table, or through the texts without their index."""
    words = step.split()
    if words[-1] == "notifications_moved":  # few, and mostly none
        return False
    return words[0] == "SCAN" and (
        words[1] in {"notifications", "n", "deliveries"} or step.endswith("VIRTUAL TABLE INDEX 0:")
    )
