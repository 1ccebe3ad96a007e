"""The one writer of a store: all jobs that arrive while a commit runs share the next commit."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from srhooks.domain.ids import IdSource
from srhooks.domain.models import NewNotification, Stored
from srhooks.observability.metrics import Metrics
from srhooks.store.errors import (
    DiskFullError,
    IdTakenError,
    StoreBusyError,
    StoreUnavailableError,
)
from srhooks.store.filter_sql import REV
from srhooks.store.reserve import USABLE

T = TypeVar("T")
MAX_GROUP = 500  # jobs a commit
NEW_IDS = 5  # times that a group takes new ids: another process writes as well, and draws the same
MAX_WAITING = 5000  # jobs; beyond them StoreBusyError
MAX_WAITING_BYTES = 64 * 1024 * 1024  # bodies
STUCK_AFTER = 2.5  # seconds of one commit; the service waits five in all
TIMEOUT = 4.0  # seconds that a notification waits in all, while commits are merely slow
SWEEP_INTERVAL = 0.2  # seconds: one timer for all of them
CLOSE_TIMEOUT = 1.5  # seconds that the last commits get when the store closes


class Transaction(Protocol):
    """One open transaction. SQL with $1, $2 ... in a dialect that both databases speak.

    What is done with it must wait for nothing else: it may run in the database's own thread.
    """

    async def fetch(self, sql: str, *args: Any) -> list[Any]: ...

    async def execute(self, sql: str, *args: Any) -> int:
        """How many rows were touched."""

    async def execute_many(self, sql: str, args: Sequence[tuple[Any, ...]]) -> None:
        """The statement for each; nothing at all for none."""

    async def insert_notifications(self, rows: list[NewNotification]) -> list[bool]:
        """Whether each went in; the others are re-deliveries. Raises IdTakenError.

        Each gets a `rev`, and another id where a higher one of its account is stored already.
        """


class Connection(Protocol):
    """The connection that writes."""

    async def transact(
        self, work: Callable[[Transaction], Coroutine[Any, Any, T]], *, durable: bool = True,
        user_ids: Collection[str] = (),
    ) -> T:  # fmt: skip
        """Commit when the work ends, roll back on an error. Raises StoreUnavailableError.

        What is not durable outlives the program, but perhaps not a power cut. Of these users alone
        notifications may be changed: other processes wait with theirs until the commit.
        """

    async def insert_notifications(self, rows: list[NewNotification]) -> list[bool]:
        """As the transaction's, as one statement and a transaction of its own.

        With re-deliveries nothing is done. Raises StoreUnavailableError or IdTakenError.
        """

    @property
    def reserve_in_use(self) -> bool:
        """Whether the room that is kept for deleting was given up: nothing else is stored."""

    async def use_reserve(self) -> bool:
        """Give the room up, for a job that may use it; False when there is none. Never raises."""

    async def restore_reserve(self) -> bool:
        """Give back what was deleted and keep room again; False: the disk is full. Never raises."""


@dataclass(slots=True)
class Insert:
    new: NewNotification
    done: asyncio.Future[Stored]
    late_at: float  # loop time


@dataclass(slots=True)
class Work:
    run: Callable[[Transaction], Coroutine[Any, Any, Any]]
    done: asyncio.Future[Any]
    durable: bool
    user_ids: Collection[str]
    may_use_reserve: bool


class Writer:
    def __init__(
        self, connection: Connection, ids: IdSource, metrics: Metrics,
        patience: float = TIMEOUT,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._ids = ids
        self._last_id = 0  # of those that were stored
        self._metrics = metrics
        self._patience = patience
        self._jobs: deque[Insert | Work] = deque()
        self._bytes = 0
        self._group: list[Insert | Work] = []
        self._stuck = False
        self._wake = asyncio.Event()
        self._closing = False
        self._sweeper: asyncio.TimerHandle | None = None
        self.received = 0
        self.refused_bytes = 0  # the largest body that could not be stored since the last check
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(), name="store-writer")

    @property
    def depth(self) -> int:
        return len(self._jobs)

    def insert(self, new: NewNotification, deadline: float | None = None) -> asyncio.Future[Stored]:
        """`deadline`: loop time by which it must be stored or refused."""
        if len(self._jobs) >= MAX_WAITING or self._bytes > MAX_WAITING_BYTES:
            raise StoreBusyError("too many notifications wait to be stored")
        done: asyncio.Future[Stored] = self._loop.create_future()
        late_at = self._loop.time() + self._patience
        if deadline is not None:  # the sweep comes up to SWEEP_INTERVAL late
            late_at = min(late_at, deadline - SWEEP_INTERVAL)
        self._submit(Insert(new, done, late_at))
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(SWEEP_INTERVAL, self._sweep)
        self._bytes += len(new.body)
        self.received += 1
        return done

    async def run(
        self, work: Callable[[Transaction], Coroutine[Any, Any, T]], *, durable: bool = True,
        user_ids: Collection[str] = (),
    ) -> T:  # fmt: skip
        """Run `work` inside a shared transaction. It must do nothing but SQL: it may run again.

        `user_ids`: whose notifications it changes, which gives each changed one a new `rev`.

        Not durable is what would be found out again after a power cut: the disk need not be
        waited for.
        """
        if len(self._jobs) >= MAX_WAITING:
            raise StoreBusyError("too many changes wait to be stored")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._submit(Work(work, done, durable, user_ids, USABLE.get()))
        return await done

    async def close(self) -> None:
        self._closing = True
        self._wake.set()
        await asyncio.wait({self._task}, timeout=CLOSE_TIMEOUT)
        if not self._task.done():
            self._give_up()
        if self._sweeper is not None:
            self._sweeper.cancel()

    def _submit(self, job: Insert | Work) -> None:
        if self._closing:
            raise StoreUnavailableError("shutting down")
        if self._stuck:
            raise StoreUnavailableError("the disk does not answer")
        if not self._jobs:  # else it is awake
            self._wake.set()
        self._jobs.append(job)

    async def _run(self) -> None:
        loop = self._loop
        while self._jobs or not self._closing:
            if not self._jobs:
                self._wake.clear()
                await self._wake.wait()
                continue
            group = [self._jobs.popleft() for _ in range(min(MAX_GROUP, len(self._jobs)))]
            self._bytes -= sum(len(job.new.body) for job in group if isinstance(job, Insert))
            self._group = [job for job in group if not job.done.done()]  # else cancelled meanwhile
            if not self._group:
                continue
            began = loop.time()
            late = loop.call_later(STUCK_AFTER, self._give_up)
            await self._commit(self._group)
            late.cancel()
            self._stuck = False
            self._metrics.commit_size.observe(len(self._group))
            self._metrics.commit_seconds.observe(loop.time() - began)
            self._group = []
            await asyncio.sleep(0)  # answers go out, and what comes at once shares the next commit

    def _sweep(self) -> None:
        """Say no to those who have waited too long; as with `_give_up`, never a false yes."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._sweeper = None
        for job in (*self._group, *self._jobs):
            if isinstance(job, Insert) and not job.done.done():
                if job.late_at <= now:
                    _fail(job, StoreUnavailableError("it was not stored in time"))
                elif self._sweeper is None:
                    self._sweeper = loop.call_later(SWEEP_INTERVAL, self._sweep)

    def _give_up(self) -> None:
        """The commit does not end: say no at once to all who wait and who come, until it does.

        It may still succeed; the answer is then one "no" too many, never a false "yes".
        """
        self._stuck = True
        self._metrics.store_errors.labels("stuck").inc()
        error = StoreUnavailableError("the disk does not answer")
        for job in (*self._group, *self._jobs):
            _fail(job, error)
        self._jobs.clear()
        self._bytes = 0

    async def _commit(self, group: list[Insert | Work], new_ids: int = NEW_IDS) -> None:
        if self._connection.reserve_in_use:
            group = await self._allowed(group)
        self._order_ids(group)
        try:
            plain = [job for job in group if isinstance(job, Insert) and job.new.erases is None]
            if len(plain) == len(group):
                await self._insert_alone(plain)
                group = [job for job in group if not job.done.done()]
            results = await self._attempt(group) if group else []
        except StoreUnavailableError as error:
            self._metrics.store_errors.labels("write").inc()
            deleting = [job for job in group if _may_use_reserve(job)]
            full = isinstance(error, DiskFullError)
            if deleting and full and await self._connection.use_reserve():
                self._refuse([job for job in group if not _may_use_reserve(job)], error)
                await self._commit(deleting, new_ids)
                await self._connection.restore_reserve()
            elif full and len(deleting) > 1:  # all at once were too many
                self._refuse([job for job in group if not _may_use_reserve(job)], error)
                for job in deleting:
                    await self._commit([job])
            else:
                self._refuse(group, error)
        except IdTakenError as error:
            if new_ids == 0:
                for job in group:
                    _fail(job, StoreUnavailableError(f"cannot write: {error}"))
                return
            for job in group:
                if isinstance(job, Insert) and not job.done.done():
                    self._give_new_id(job.new)
            await self._commit(group, new_ids - 1)
        except Exception as error:  # one job's own fault must not fail the others
            if len(group) == 1:
                _fail(group[0], error)
            else:
                for job in group:
                    await self._commit([job])
        else:
            for job, result in zip(group, results, strict=True):
                if not job.done.done():
                    job.done.set_result(result)

    def _order_ids(self, group: Sequence[Insert | Work]) -> None:
        """Ids are in the order of commits, so that none turns up below one that was read.

        One that was made earlier may come later, such as that of a notification from the log.
        """
        last = self._last_id
        for job in group:
            if isinstance(job, Insert):
                if job.new.id <= last:
                    self._give_new_id(job.new)
                last = job.new.id

    def _give_new_id(self, new: NewNotification) -> None:
        new.received_at = new.received_ms
        self._ids.skip_to(self._last_id)
        new.id = self._ids()

    async def _allowed(self, group: list[Insert | Work]) -> list[Insert | Work]:
        """On a full disk those that may be done all the same."""
        others = [job for job in group if not _may_use_reserve(job)]
        if not others or await self._connection.restore_reserve():
            return group
        self._refuse(others, DiskFullError("cannot write: the disk is full"))
        return [job for job in group if _may_use_reserve(job)]

    def _refuse(self, jobs: Sequence[Insert | Work], error: Exception) -> None:
        for job in jobs:
            if isinstance(job, Insert):
                self.refused_bytes = max(self.refused_bytes, len(job.new.body))
            _fail(job, error)

    async def _insert_alone(self, inserts: Sequence[Insert]) -> None:
        """Nothing but notifications, as they mostly come: one step to the disk instead of three.

        Answers those that went in; re-deliveries are left over.
        """
        inserted = await self._connection.insert_notifications([job.new for job in inserts])
        for job, is_new in zip(inserts, inserted, strict=True):
            if is_new:
                self._last_id = max(self._last_id, job.new.id)
                if not job.done.done():
                    job.done.set_result(Stored(job.new.id, duplicate=False))

    async def _attempt(self, group: list[Insert | Work]) -> list[Any]:
        async def work(tx: Transaction) -> list[Any]:
            results: list[Any] = []
            position = 0
            while position < len(group):
                job = group[position]
                if isinstance(job, Work):
                    results.append(await job.run(tx))
                    position += 1
                    continue
                rows: list[NewNotification] = []
                while position < len(group) and isinstance(one := group[position], Insert):
                    rows.append(one.new)
                    position += 1
                results += await self._insert(tx, rows)
            return results

        durable = any(isinstance(job, Insert) or job.durable for job in group)
        user_ids: set[str] = set()
        for job in group:
            user_ids.update([job.new.user_id] if isinstance(job, Insert) else job.user_ids)
        return await self._connection.transact(work, durable=durable, user_ids=user_ids)

    async def _insert(self, tx: Transaction, rows: list[NewNotification]) -> list[Stored]:
        inserted = await tx.insert_notifications(rows)
        stored = []
        for row, is_new in zip(rows, inserted, strict=True):
            if is_new:
                self._last_id = max(self._last_id, row.id)
                if row.erases is not None:
                    await request_erasure(tx, row.user_id, row.erases, row.received_ms)
                stored.append(Stored(row.id, duplicate=False))
            else:
                stored.append(Stored(await self._count_delivery(tx, row), duplicate=True))
        return stored

    async def _count_delivery(self, tx: Transaction, row: NewNotification) -> int:
        ((known,),) = await tx.fetch(
            "SELECT id FROM notifications WHERE hook_id = $1 AND event_id = $2 AND signature = $3",
            row.hook_id,
            row.event_id,
            row.signature,
        )
        at = row.received_ms
        await tx.execute(
            "UPDATE notifications SET deliveries = deliveries + 1, last_delivery_at = $2,"
            f" rev = {REV} WHERE id = $1",
            known,
            at,
        )
        await tx.execute("INSERT INTO deliveries (notification_id, at) VALUES ($1, $2)", known, at)
        return int(known)


async def request_erasure(tx: Transaction, user_id: str, candidate_id: str, at: int) -> None:
    """Request the erasure of a candidate, or of an account (empty id); a repeat starts it anew."""
    await tx.execute(
        "INSERT INTO erasures (user_id, candidate_id, at, rev) VALUES ($1, $2, $3, 0)"
        " ON CONFLICT (user_id, candidate_id) DO UPDATE SET at = excluded.at, rev = 0",
        user_id, candidate_id, at,
    )  # fmt: skip


def _may_use_reserve(job: Insert | Work) -> bool:
    return isinstance(job, Work) and job.may_use_reserve


def _fail(job: Insert | Work, error: Exception) -> None:
    if not job.done.done():
        job.done.set_exception(error)
