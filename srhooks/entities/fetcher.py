"""Follow the links of notifications for the current state of what they name.

Driven by rows: a notification whose entity is `pending` and due is fetched, whoever stored it and
whenever, so a restart loses nothing. Newest first, since that is what somebody looks at. All that
wait for the same link share one request. Each user has a line of their own, with a circuit
breaker: while the service keeps failing, one request at a time tries again. What has just come in
is tried soon all the same: perhaps only the others fail.
"""

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from srhooks.accounts.user_client import Gateway
from srhooks.domain.backoff import backoff
from srhooks.domain.clock import now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.json_values import parse_body
from srhooks.domain.models import EntityJob, EntityStatus
from srhooks.entities.diff import changes, title
from srhooks.hub import Event, Hub
from srhooks.observability.metrics import Metrics
from srhooks.smartrecruiters.client import Answer, raise_for_error
from srhooks.smartrecruiters.errors import (
    GrantDeadError,
    OddAnswerError,
    ServiceAnsweredError,
    ServiceError,
    TooLargeError,
)
from srhooks.store import Store, StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")
CONCURRENT = 6  # requests under way for a user; the limiter keeps the rest for people
GIVE_UP_AFTER = 86_400_000  # ms since the notification came in
FIRST_PAUSE = 1.0  # seconds until the second attempt
LAST_PAUSE = 900.0  # seconds
IDLE = 30.0  # seconds after which the rows are looked at again in any case
BREAK_AFTER = 5  # failures in a row
BREAK_PAUSE_MAX = 60.0  # seconds
NEWS_PAUSE = 1.0  # seconds after which something that has just come in is tried in any case
STORE_PAUSE = 1.0  # seconds while the store does not work
TIMEOUT = 30.0  # seconds an answer may take
LARGE = 200_000  # bytes above which JSON is not parsed on the event loop


class EntityFetcher:
    def __init__(self, store: Store, gateway: Gateway, hub: Hub, metrics: Metrics) -> None:
        self._store = store
        self._gateway = gateway
        self._hub = hub
        self._metrics = metrics
        self._looked = asyncio.Event()
        self._lines: dict[str, _Line] = {}
        self._breakers: dict[str, _Breaker] = {}

    def wake(self, user_id: str, fresh: EntityJob | None = None) -> None:
        """There is something to fetch for the user, perhaps just stored. Never waits."""
        line = self._lines.get(user_id)
        if line is None:
            breaker = self._breakers.setdefault(user_id, _Breaker())
            line = _Line(user_id, breaker, self._store, self._gateway, self._hub, self._metrics)
            self._lines[user_id] = line
            line.task.add_done_callback(lambda _: self._ended(user_id))
        if fresh is not None:
            line.fresh.append(fresh)
            line.news.set()
        line.woken.set()

    async def run(self) -> None:
        """Until cancelled: start a line for whoever has something due, again and again."""
        try:
            while True:
                self._looked.clear()
                pause = STORE_PAUSE
                try:
                    for user_id in await self._store.users_with_due_entities(now_ms()):
                        self.wake(user_id)
                    due = await self._store.next_due()
                    pause = IDLE if due is None else min(max((due - now_ms()) / 1000, 1.0), IDLE)
                except StoreError as error:
                    log.warning("cannot look for entities to fetch: %s", error)
                try:
                    async with asyncio.timeout(pause):
                        await self._looked.wait()
                except TimeoutError:
                    pass
        finally:
            tasks = [line.task for line in self._lines.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, user_id: str) -> None:
        line = self._lines.pop(user_id)
        if not line.task.cancelled() and (error := line.task.exception()) is not None:
            log.error("fetching entities broke off", exc_info=error)
        self._looked.set()


@dataclass(slots=True)
class _Breaker:
    """Outlives a line: while all is put off, there is none."""

    failures: int = 0  # in a row

    @property
    def open(self) -> bool:
        return self.failures >= BREAK_AFTER

    def pause(self) -> float:
        return backoff(1.0, BREAK_PAUSE_MAX, self.failures - BREAK_AFTER)


class _Line:
    """The work under way for one user. It ends when nothing is due."""

    def __init__(
        self, user_id: str, breaker: _Breaker, store: Store, gateway: Gateway, hub: Hub,
        metrics: Metrics,
    ) -> None:  # fmt: skip
        self._user_id = user_id
        self._breaker = breaker
        self._store = store
        self._gateway = gateway
        self._hub = hub
        self._metrics = metrics
        self.woken = asyncio.Event()
        self.news = asyncio.Event()  # something has just come in
        self.fresh = deque[EntityJob](maxlen=CONCURRENT)
        self.task = asyncio.create_task(self._run(), name=f"entities-{user_id}")

    async def _run(self) -> None:
        running: dict[asyncio.Task[bool], str] = {}
        waking = asyncio.create_task(self.woken.wait())
        try:
            while True:
                self.woken.clear()
                await self._start(running)
                if not running:
                    return
                if waking.done():
                    waking = asyncio.create_task(self.woken.wait())
                # Without room for more there is nothing to wake up for: in a storm that would be
                # for each notification.
                news = {waking} if self._room(running) > 0 else set()
                await asyncio.wait({*running} | news, return_when=asyncio.FIRST_COMPLETED)
                await self._learn(_take_ended(running))
                if self._breaker.open:
                    await self._pause(self._breaker.pause())
                    # It began before the pause: that it failed as well is no news.
                    ended = _take_ended(running)
                    if any(ended):
                        await self._learn(ended)
        except GrantDeadError:
            self._hub.publish(self._user_id, Event("login"))
        except StoreError as error:
            log.warning("cannot fetch entities for now: %s", error)
            await asyncio.sleep(STORE_PAUSE)
        finally:
            for task in (*running, waking):
                task.cancel()
            await asyncio.gather(*running, waking, return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        """Until the next try; a second only while something that has just come in is untried."""
        await asyncio.sleep(min(seconds, NEWS_PAUSE))
        if not self.fresh:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(seconds - NEWS_PAUSE, 0)):
                    await self.news.wait()
        self.news.clear()

    def _room(self, running: dict[asyncio.Task[bool], str]) -> int:
        return (1 if self._breaker.open else CONCURRENT) - len(running)

    async def _start(self, running: dict[asyncio.Task[bool], str]) -> None:
        room = self._room(running)
        if room <= 0:
            return
        links = set(running.values())
        # What was stored a moment ago need not be looked for. Whatever is left over here will be.
        fresh = list({job.link: job for job in self.fresh}.values())[::-1]
        jobs = fresh or await self._store.due_entities(self._user_id, now_ms(), room + len(links))
        chosen = [job for job in jobs if job.link not in links][:room]
        self.fresh.clear()  # those that came in meanwhile have set `woken` and `news` again
        if self._breaker.open:  # one at a time, but soon
            self.fresh.extend(job for job in reversed(fresh) if job not in chosen)
        for job in chosen:
            running[asyncio.create_task(self._follow(job))] = job.link

    async def _learn(self, worked: list[bool]) -> None:
        if not any(worked):
            self._breaker.failures += 1 if self._breaker.open else len(worked)
            return
        if self._breaker.open:  # it is back: what was put off need not wait
            await self._store.wake_entities(self._user_id, now_ms())
        self._breaker.failures = 0

    async def _follow(self, job: EntityJob) -> bool:
        """Fetch one link and record the outcome; whether the service worked."""
        try:
            with self._metrics.fetch_seconds.time():
                answer = await self._gateway.ask(
                    self._user_id, "GET", job.link, foreground=False, timeout=TIMEOUT
                )
            if answer.status in {404, 410}:
                await self._finish(job, "gone", error=f"SmartRecruiters answered {answer.status}")
            else:
                await self._keep(job, raise_for_error(answer))
        except GrantDeadError:
            raise
        except ServiceError as error:
            if _is_final(error):
                await self._finish(job, "failed", error=_words(error))
                return True
            await self._postpone(job, error)
            return False
        except ValueError:  # the setting for the API's address changed since it was stored
            await self._finish(job, "refused")
        except StoreError:
            raise
        except Exception:  # a defect: this one must not hold up all the others for ever
            log.exception("following a link failed")
            await self._finish(job, "failed", error="Something went wrong here. It was logged.")
            return False
        return True

    async def _keep(self, job: EntityJob, answer: Answer) -> None:
        size = len(answer.body)
        name = await _beside(size, _title, answer.body)
        known = await self._store.keep_entity(job, now_ms(), answer.body, name)
        if isinstance(known, bytes):
            found = await _beside(size + len(known), _changes, known, answer.body)
            await self._finish(job, "fetched", entity=answer.body, title=name, changes=found)
        else:
            self._settled(known, "fetched")

    async def _finish(self, job: EntityJob, status: EntityStatus, **outcome: Any) -> None:
        self._settled(await self._store.finish_entity(job, status, now_ms(), **outcome), status)

    def _settled(self, numbers: list[int], status: EntityStatus) -> None:
        self._tell(numbers)
        self._metrics.entities.labels(status).inc()

    async def _postpone(self, job: EntityJob, error: ServiceError) -> None:
        pause = backoff(FIRST_PAUSE, LAST_PAUSE, job.attempts)
        wait = getattr(error, "retry_after", None) or pause
        give_up = first_id_at(now_ms() - GIVE_UP_AFTER)
        due_at = now_ms() + int(wait * 1000)
        self._tell(await self._store.postpone_entity(job, due_at, _words(error), give_up))
        self._metrics.entities.labels("postponed").inc()

    def _tell(self, numbers: list[int]) -> None:
        for number in numbers:
            self._hub.publish(self._user_id, Event("notification", number))


def _take_ended(running: dict[asyncio.Task[bool], str]) -> list[bool]:
    """Remove the requests that ended; of each, whether the service worked."""
    ended = [task for task in running if task.done()]
    worked = [task.result() for task in ended]  # on an error all of them stay: none goes unheard
    for task in ended:
        del running[task]
    return worked


def _words(error: ServiceError) -> str:
    """With the status, which is what the service's documentation goes by."""
    text = str(error)
    if isinstance(error, ServiceAnsweredError) and str(error.status) not in text:
        return f"{text} (SmartRecruiters answered {error.status})"
    return text


def _is_final(error: ServiceError) -> bool:
    """Network errors, 429, 5xx and garbage may pass; other answers will not change."""
    if isinstance(error, ServiceAnsweredError):
        return error.status != 429 and error.status < 500
    return isinstance(error, TooLargeError)


async def _beside(size: int, work: Callable[..., T], *args: bytes) -> T:
    """Beside the event loop when there are many bytes to parse."""
    return await asyncio.to_thread(work, *args) if size > LARGE else work(*args)


def _title(entity: bytes) -> str | None:
    """Raises OddAnswerError when it is not JSON."""
    now = parse_body(entity)
    if now == entity.decode("utf-8", "replace"):  # a text of JSON's would have lost its quotes
        raise OddAnswerError("SmartRecruiters sent an entity that is not JSON as it should be")
    return title(now)


def _changes(before: bytes, now: bytes) -> str:
    return json.dumps(changes(parse_body(before), parse_body(now)))
