"""The store in SQL that SQLite and PostgreSQL both speak; each adds its connections and search."""

import abc
import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from srhooks.domain.clock import Clock
from srhooks.domain.ids import IdSource, Stamp
from srhooks.domain.models import (
    Delivery,
    NewNotification,
    Notification,
    Stored,
)
from srhooks.observability.metrics import Metrics
from srhooks.store.accounts import AccountQueries
from srhooks.store.activations import ActivationQueries
from srhooks.store.alerts import AlertQueries
from srhooks.store.changes import ChangeQueries
from srhooks.store.count_backfill import CountBackfillQueries
from srhooks.store.entities import EntityQueries
from srhooks.store.erased_subjects import ErasedSubjectQueries
from srhooks.store.erasure import ErasureQueries
from srhooks.store.errors import StoreUnavailableError
from srhooks.store.feed_scan import FeedScanQueries
from srhooks.store.feed_slices import SIZE
from srhooks.store.fencing import run_fenced
from srhooks.store.filter_sql import COLUMNS, notification_of
from srhooks.store.flashes import FlashQueries
from srhooks.store.group_commit import Connection, Transaction, Writer
from srhooks.store.hooks import HookQueries
from srhooks.store.incidents import IncidentQueries
from srhooks.store.maintenance_state import MaintenanceQueries
from srhooks.store.many_values import placeholders
from srhooks.store.missed import MissedQueries
from srhooks.store.name_search import NameSearchQueries
from srhooks.store.personal_tokens import PersonalTokenQueries
from srhooks.store.search_index import SearchQueries
from srhooks.store.stage_times import StageTimeQueries
from srhooks.store.statistics import StatisticsQueries
from srhooks.store.subject_index import SubjectQueries
from srhooks.store.visits import VisitQueries
from srhooks.store.walked_texts import WalkedTexts
from srhooks.store.watch import WatchQueries

T = TypeVar("T")
MAX_DELIVERIES_SHOWN = 100
LONG_READS = 2  # at a time; each database has more readers, for what is quick


class SqlStore(
    AccountQueries, PersonalTokenQueries, HookQueries, StatisticsQueries, FeedScanQueries,
    ErasureQueries, ErasedSubjectQueries, ChangeQueries, SearchQueries, SubjectQueries,
    EntityQueries, IncidentQueries, VisitQueries, WatchQueries, MissedQueries, MaintenanceQueries,
    AlertQueries, ActivationQueries, StageTimeQueries, FlashQueries, CountBackfillQueries,
    NameSearchQueries, abc.ABC,
):  # fmt: skip
    probe_bytes: int  # of a notification that shows that others can be stored

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self.next_id = IdSource(clock)
        self._metrics = metrics
        self._long_reads = asyncio.Semaphore(LONG_READS)
        self._walked = WalkedTexts()
        self._writer: Writer
        self._checking: asyncio.Task[None] | None = None

    # --- what each database adds ---------------------------------------------------------------

    @abc.abstractmethod
    async def _query(self, sql: str, args: tuple[Any, ...]) -> list[Any]:
        """Run a query outside of the writer. Raises StoreUnavailableError."""

    async def check(self) -> None:
        """All who ask at a time share one answer: asking is free for anybody, a commit is not."""
        if self._checking is None:
            self._checking = asyncio.create_task(self._touch(), name="store-check")
            self._checking.add_done_callback(self._checked)
        await asyncio.shield(self._checking)

    async def _touch(self) -> None:
        """Write a notification as large as those that failed, with all indexes, and remove it."""
        body = bytes(max(self.probe_bytes, self._writer.refused_bytes))
        probe = NewNotification(
            id=0, user_id="", hook_id="", subscription_id=None, event_id=None, event_name=None,
            event_version=None, link=None, headers="{}", body=body, signature="unsigned",
            sent_at=None, entity_status="none",
        )  # fmt: skip

        async def touch(tx: Transaction) -> None:
            await tx.execute("DELETE FROM notifications WHERE id = 0")
            await tx.insert_notifications([probe])
            await tx.execute("DELETE FROM notifications WHERE id = 0")

        await self._writer.run(touch)
        self._writer.refused_bytes = 0

    def _checked(self, task: asyncio.Task[None]) -> None:
        self._checking = None
        if not task.cancelled():
            task.exception()  # those who asked may have left

    def use_process(self, number: int) -> None:
        self.next_id.use_process(number)

    def next_stamp(self) -> Stamp:
        return self.next_id.stamp()

    @property
    def queue_depth(self) -> int:
        return self._writer.depth

    @property
    def received(self) -> int:
        return self._writer.received

    async def _write(self, sql: str, *args: Any) -> int:
        return await self._work(lambda tx: tx.execute(sql, *args))

    async def _work(
        self, run: Callable[[Transaction], Coroutine[Any, Any, T]], *, durable: bool = True,
        user_ids: Collection[str] = (),
    ) -> T:  # fmt: skip
        submit = partial(self._writer.run, durable=durable, user_ids=user_ids)
        return await run_fenced(run, submit)

    async def _read(self, sql: str, *args: Any) -> list[Any]:
        try:
            return await self._query(sql, args)
        except StoreUnavailableError:
            self._metrics.store_errors.labels("read").inc()
            raise

    @abc.abstractmethod
    async def _go_on_above(self, rev: int) -> None:
        """Have each later change numbered above this one: the newest of a copied database."""

    async def _start(self, connection: Connection) -> None:
        await self._learn_last_id()
        self._writer = Writer(connection, self.next_id, self._metrics)

    async def _learn_last_id(self) -> None:
        ((newest_id, newest_rev),) = await self._read(
            # The newest rev of each user: there is no index of all of them.
            "WITH RECURSIVE owners (id) AS (SELECT min(user_id) FROM notifications UNION ALL"
            " SELECT (SELECT min(user_id) FROM notifications WHERE user_id > owners.id)"
            " FROM owners WHERE owners.id IS NOT NULL)"
            " SELECT coalesce((SELECT max(id) FROM notifications), 0), coalesce(max("
            "(SELECT max(n.rev) FROM notifications n WHERE n.user_id = owners.id)), 0) FROM owners"
        )
        self.next_id.skip_to(newest_id)
        await self._go_on_above(max(newest_rev, await self._newest_deletion()))

    # --- notifications -------------------------------------------------------------------------

    def add_notification(
        self, new: NewNotification, deadline: float | None = None
    ) -> asyncio.Future[Stored]:
        return self._writer.insert(new, deadline)

    async def notification(self, user_id: str, notification_id: int) -> Notification | None:
        rows = await self.by_ids(user_id, [notification_id])
        return rows[0] if rows else None

    async def by_ids(self, user_id: str, notification_ids: Sequence[int]) -> list[Notification]:
        if not notification_ids:
            return []
        args: list[Any] = [user_id]
        these = self._among(notification_ids, args)
        rows = await self._read(
            f"SELECT {COLUMNS} FROM notifications n WHERE user_id = $1 AND id {these} ORDER BY id",
            *args,
        )
        return [notification_of(row) for row in rows]

    async def sizes(self, user_id: str, notification_ids: Sequence[int]) -> list[tuple[int, int]]:
        if not notification_ids:
            return []
        rows = await self._read(
            f"SELECT n.id, {SIZE} FROM notifications n"
            f" WHERE user_id = $1 AND id IN ({placeholders(2, len(notification_ids))})"
            " ORDER BY id DESC",
            user_id,
            *notification_ids,
        )
        return [(row[0], row[1]) for row in rows]

    async def deliveries(self, notification_id: int) -> list[Delivery]:
        rows = await self._read(
            "SELECT at FROM deliveries WHERE notification_id = $1"
            f" ORDER BY at LIMIT {MAX_DELIVERIES_SHOWN}",
            notification_id,
        )
        return [Delivery(row[0]) for row in rows]
