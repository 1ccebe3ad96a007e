"""Fetches the entities of one account: which link comes next, and how long a fetch may take.

What was never tried goes first, the newest of it foremost, since that is what somebody looks at.
A link that fails is due again after its own back-off. A fetch that takes much longer than usual
gives way: up to SLOW of them go on beside the others, each of the rest is broken off as soon as
another link waits, and tried again later among the slow ones, where nothing breaks it off.
"""

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import dataclass
from typing import Any

from srhooks.accounts.user_client import UserClient
from srhooks.domain.backoff import backoff
from srhooks.domain.clock import DAY, now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.models import EntityJob, EntityStatus
from srhooks.entities.entity_answer import (
    error_text,
    is_final,
    read_changes,
    read_state,
    read_title,
)
from srhooks.entities.refusals import Refusals
from srhooks.entities.service_health import ServiceHealth, explains_outage
from srhooks.fleet.leases import Leases
from srhooks.hub import Event, Hub
from srhooks.observability.metrics import Metrics
from srhooks.smartrecruiters.client import Answer, raise_for_error
from srhooks.smartrecruiters.errors import GrantDeadError, ServiceAnsweredError, ServiceError
from srhooks.store import Store, StoreError
from srhooks.store.fencing import fenced, unfenced

log = logging.getLogger(__name__)

CONCURRENT = 6  # requests under way for a user; the limiter keeps the rest for people
SLOW = 2  # of them that may take up to TIMEOUT while others wait
TIMEOUT = 30.0  # seconds an answer may take
GIVE_UP_AFTER = DAY  # ms since the notification came in
FIRST_PAUSE = 1.0  # seconds until the second attempt
LAST_PAUSE = 900.0  # seconds
NEWS_PAUSE = 1.0  # seconds after which something that has just come in is tried in any case
STORE_PAUSE = 1.0  # seconds while the store does not work
MAX_SLOW_SKIPPED = 200  # jobs
REMEMBERED = 10_000  # links that fail, for each account: more of them are only in the store


@dataclass(slots=True)
class AccountState:
    """The state of an account that is kept between two workers."""

    health: ServiceHealth
    failing: dict[str, None]  # links that failed and were not answered since, oldest first
    slow: dict[str, None]  # links that gave way to others
    refusals: Refusals

    @classmethod
    def new(cls) -> "AccountState":
        return cls(ServiceHealth(), {}, {}, Refusals())


@dataclass(slots=True)
class _Fetch:
    job: EntityJob
    slow: bool  # runs among the slow ones
    probe: bool  # began while the account was paused
    sent_at: float | None = None  # loop time; None while it waits for its turn
    timer: asyncio.TimerHandle | None = None  # tells that it may be overdue

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


class AccountWorker:
    """Fetches the due entities of one account; ends when nothing is due."""

    def __init__(
        self, user_id: str, state: AccountState, store: Store, user_client: UserClient, hub: Hub,
        leases: Leases, metrics: Metrics,
    ) -> None:  # fmt: skip
        self._user_id = user_id
        self._leases = leases
        self._state = state
        self._health = state.health
        self._store = store
        self._user_client = user_client
        self._hub = hub
        self._metrics = metrics
        self._running: dict[asyncio.Task[None], _Fetch] = {}
        self._others_wait = False  # links that are due and found no room
        self._resume_at = 0.0  # loop time: no fetch starts before, while the account is paused
        self._attention = asyncio.Event()  # a fetch may be overdue
        self.woken = asyncio.Event()
        self.fresh = deque[EntityJob](maxlen=CONCURRENT)  # just stored: no need to look for them
        self.is_elsewhere = False  # another process fetches for the account
        self.task = asyncio.create_task(self._run(), name=f"entities-{user_id}")

    async def _run(self) -> None:
        """Fetch, unless another process does: one at a time fetches for an account."""
        self.woken.clear()  # it is told of what was stored before: from here on it need not be
        try:
            lease = await self._leases.acquire(f"entities:{self._user_id}")
        except StoreError as error:
            log.warning("cannot fetch entities for now: %s", error)
            await asyncio.sleep(STORE_PAUSE)
            return
        if lease is None:
            self.is_elsewhere = True
            return
        try:
            with unfenced(), fenced(lease.fence):
                if not self._leases.is_shared:
                    await self._fetch_all()
                    return
                self.fresh.clear()  # the process before may have fetched them already
                hearing = asyncio.create_task(self._hear_others())
                try:
                    await self._fetch_all()
                finally:
                    hearing.cancel()
                    await asyncio.gather(hearing, return_exceptions=True)
        finally:
            await asyncio.shield(self._leases.release(lease))

    async def _hear_others(self) -> None:
        """Notice what other processes store for the account, until cancelled."""
        queue = self._hub.watch(self._user_id)
        try:
            while True:
                await queue.next_events()
                self.woken.set()
        finally:
            self._hub.leave(self._user_id, queue)

    async def _fetch_all(self) -> None:
        waking = asyncio.create_task(self.woken.wait())
        overdue = asyncio.create_task(self._attention.wait())
        try:
            if self._health.paused:
                self._resume_at = self._now() + self._health.pause()
            while True:
                self.woken.clear()
                self._attention.clear()
                await self._start()
                if not self._running and not self._is_held_back():
                    return
                if waking.done():
                    waking = asyncio.create_task(self.woken.wait())
                if overdue.done():
                    overdue = asyncio.create_task(self._attention.wait())
                # With neither room for more nor anything to break off there is nothing to wake up
                # for: in a storm that would be for each notification.
                can_act = self._room() > 0 or self._health.paused or self._overdue() is not None
                await asyncio.wait(
                    {*self._running, overdue} | ({waking} if can_act else set()),
                    timeout=self._resume_at - self._now() if self._is_held_back() else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                self._collect()
                await self._make_room()
        except GrantDeadError:
            self._hub.publish(self._user_id, Event("login"))
        except StoreError as error:
            log.warning("cannot fetch entities for now: %s", error)
            await asyncio.sleep(STORE_PAUSE)
        finally:
            tasks = [*self._running, waking, overdue]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # --- what runs -----------------------------------------------------------------------------
    def _room(self) -> int:
        """How many fetches may start now."""
        if not self._health.paused:
            return CONCURRENT - len(self._running)
        if self._is_held_back() or any(not fetch.slow for fetch in self._running.values()):
            return 0
        return 1

    def _is_held_back(self) -> bool:
        return self._health.paused and self._now() < self._resume_at

    def _overdue(self) -> asyncio.Task[None] | None:
        """The fetch that has been running for longest, if that is longer than the patience."""
        limit = self._now() - self._health.patience
        overdue = [
            (fetch.sent_at, position, task)
            for position, (task, fetch) in enumerate(self._running.items())
            if fetch.sent_at is not None and fetch.sent_at <= limit and not fetch.slow
        ]
        return min(overdue)[2] if overdue else None

    async def _make_room(self) -> None:
        """Move overdue fetches to the slow ones, or break them off where others wait."""
        while (task := self._overdue()) is not None:
            fetch = self._running[task]
            if self._slow_count() < SLOW:
                fetch.slow = True
                continue
            if not (self.fresh or self._others_wait or await self._look_for_others()):
                return
            del self._running[task]
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if task.cancelled():
                _remember(self._state.slow, fetch.job.link)
                await self._postpone(fetch.job, "SmartRecruiters is slow to answer: trying again")

    async def _look_for_others(self) -> bool:
        links = {fetch.job.link for fetch in self._running.values()}
        return any(
            job.link not in links and job.link not in self._state.slow
            for job in await self._due_jobs(len(links) + 1)
        )

    def _slow_count(self) -> int:
        return sum(fetch.slow for fetch in self._running.values())

    def _collect(self) -> None:
        """Remove the fetches that ended. Raises what one of them raised; none goes unheard."""
        ended = [task for task in self._running if task.done()]
        errors = [error for task in ended if (error := task.exception()) is not None]
        for task in ended:
            del self._running[task]
        for error in errors:
            raise error

    # --- what starts ---------------------------------------------------------------------------
    async def _start(self) -> None:
        room = self._room()
        if room <= 0:
            if self._health.paused:
                self._hasten_for_news()
            return
        links = {fetch.job.link for fetch in self._running.values()}
        # What was stored a moment ago need not be looked for. Whatever is left over here will be.
        fresh = list({job.link: job for job in self.fresh}.values())[::-1]
        fresh = [job for job in fresh if job.link not in self._state.failing]
        self.fresh.clear()  # those that came in meanwhile have set `woken` again
        jobs = fresh or await self._due_jobs(room + len(links) + 1)
        begun = self._begin_some(jobs, room, links)
        if self._health.paused and begun:  # one at a time, but soon
            self.fresh.extend(job for job in reversed(fresh) if job.link not in links)
            self._resume_at = self._now() + self._health.pause()

    def _begin_some(self, jobs: list[EntityJob], room: int, links: set[str]) -> int:
        """Begin up to `room` fetches, none of a link in `links`, to which they are added."""
        jobs = list({job.link: job for job in jobs if job.link not in links}.values())
        usual = [job for job in jobs if job.link not in self._state.slow]
        slow = [job for job in jobs if job.link in self._state.slow]
        slow_room = max(SLOW - self._slow_count(), 0)
        # Slow ones have places of their own, and those that nothing else needs.
        chosen = (slow[:slow_room] + usual + slow[slow_room:])[:room]
        self._others_wait = len(usual) > room - min(len(slow), slow_room)
        for position, job in enumerate(chosen):
            links.add(job.link)
            is_slow = job.link in self._state.slow and position < slow_room
            self._begin(_Fetch(job, is_slow, probe=self._health.paused))
        return len(chosen)

    def _hasten_for_news(self) -> None:
        """What has just come in is tried soon all the same: perhaps only the others fail."""
        if self.fresh:
            self._resume_at = min(self._resume_at, self._now() + NEWS_PAUSE)

    async def _due_jobs(self, limit: int) -> list[EntityJob]:
        limit += min(len(self._state.slow), MAX_SLOW_SKIPPED)  # they may have to be passed over
        untried = await self._store.untried_entities(
            self._user_id, now_ms(), limit, oldest_first=self._health.paused
        )
        retried = await self._store.due_entities(self._user_id, now_ms(), limit)
        if self._health.paused or any(fetch.job.attempts for fetch in self._running.values()):
            return untried + retried
        return retried[:1] + untried + retried[1:]  # so that new ones do not starve them

    def _begin(self, fetch: _Fetch) -> None:
        task = asyncio.create_task(self._follow(fetch))
        self._running[task] = fetch
        task.add_done_callback(lambda _: fetch.stop_timer())

    # --- one fetch -----------------------------------------------------------------------------
    async def _follow(self, fetch: _Fetch) -> None:
        """Fetch one link and record the outcome."""
        job = fetch.job

        def sent() -> None:
            loop = asyncio.get_running_loop()
            fetch.sent_at = loop.time()
            if fetch.timer is None and not fetch.slow:
                fetch.timer = loop.call_later(self._health.patience, self._attention.set)

        try:
            with self._metrics.fetch_seconds.time():
                answer = await self._user_client.call(
                    self._user_id, "GET", job.link, foreground=False, timeout=TIMEOUT, on_sent=sent
                )
            if answer.status in {404, 410}:
                await self._finish(job, "gone", error=f"SmartRecruiters answered {answer.status}")
            else:
                await self._keep(job, raise_for_error(answer))
        except GrantDeadError:
            raise
        except ServiceError as error:
            if explains_outage(error):
                self._health.record_failure(job.link, probe=fetch.probe)
            else:
                self._record_answer(fetch)
            if isinstance(error, ServiceAnsweredError) and error.status == 403:
                why = await self._state.refusals.record(self._store, job, error)
                await self._finish(job, "failed", error=why)
            elif is_final(error):
                await self._finish(job, "failed", error=error_text(error))
            else:
                wait = error.retry_after if isinstance(error, ServiceAnsweredError) else None
                await self._postpone(job, error_text(error), wait)
            return
        except ValueError:  # the setting for the API's address changed since it was stored
            await self._finish(job, "refused")
            return
        except StoreError:
            raise
        except Exception:  # a defect: this one must not hold up all the others for ever
            log.exception("following a link failed")
            await self._finish(job, "failed", error="Something went wrong here. It was logged.")
            return
        self._record_answer(fetch)

    def _record_answer(self, fetch: _Fetch) -> None:
        if fetch.sent_at is not None:
            self._health.record_answer(self._now() - fetch.sent_at)

    async def _keep(self, job: EntityJob, answer: Answer) -> None:
        name = await read_title(answer)
        await self._state.refusals.clear(self._store, job)
        state = await read_state(answer)
        known = await self._store.keep_entity(job, now_ms(), answer.body, name, state)
        if isinstance(known, bytes):
            changes = await read_changes(known, answer.body)
            await self._finish(job, "fetched", entity=answer.body, title=name, changes=changes)
        else:
            self._settled(job, known, "fetched")

    async def _finish(self, job: EntityJob, status: EntityStatus, **outcome: Any) -> None:
        waiting = await self._store.finish_entity(job, status, now_ms(), **outcome)
        self._settled(job, waiting, status)

    def _settled(self, job: EntityJob, notification_ids: list[int], status: EntityStatus) -> None:
        self._state.failing.pop(job.link, None)
        self._state.slow.pop(job.link, None)
        self._publish(notification_ids)
        self._metrics.entities.labels(status).inc()

    async def _postpone(self, job: EntityJob, error: str, wait: float | None = None) -> None:
        """Try it again after its back-off, or after `wait` seconds where the service says so."""
        attempts = await self._store.entity_attempts(job)
        pause = backoff(FIRST_PAUSE, LAST_PAUSE, attempts)
        due_at = now_ms() + int((wait or pause) * 1000)
        give_up = first_id_at(now_ms() - GIVE_UP_AFTER)
        _remember(self._state.failing, job.link)
        self._publish(await self._store.postpone_entity(job, due_at, attempts + 1, error, give_up))
        self._metrics.entities.labels("postponed").inc()

    def _publish(self, notification_ids: list[int]) -> None:
        if notification_ids:
            self._hub.publish(self._user_id, Event("notification"))


def _remember(links: dict[str, None], link: str) -> None:
    links[link] = None
    if len(links) > REMEMBERED:
        with contextlib.suppress(StopIteration):
            del links[next(iter(links))]
