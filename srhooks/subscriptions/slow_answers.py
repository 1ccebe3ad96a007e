"""Changes that SmartRecruiters is slow to make: a person waits a while, srhooks to the end.

The service recommends time-outs of at least 128 s: what is given up before may be done all the
same, and nothing here would know. So a change is a task of its own. Who asked for it is told after
a while that there is no answer yet; the task goes on, records what comes of it, and tells pages.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine
from typing import Any, TypeVar

from srhooks.smartrecruiters.errors import ServiceError, ServiceUnreachableError, brief
from srhooks.store import StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")
ANSWER_TIMEOUT = 130.0  # seconds for one answer
MOST_LATE = 4  # changes of a user without an answer, half of the calls that may be under way


class NoAnswerYetError(ServiceUnreachableError):
    def __init__(self) -> None:
        super().__init__("SmartRecruiters has not answered yet", was_sent=True)


class TooManyLateError(ServiceUnreachableError):
    def __init__(self) -> None:
        super().__init__(f"SmartRecruiters has yet to answer {MOST_LATE} changes that came before")


class SlowAnswers:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._late: Counter[str] = Counter()  # tasks that nobody waits for any more, by user

    def begin(self, user_id: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin a change. Raises TooManyLateError."""
        if self._late[user_id] >= MOST_LATE:
            work.close()
            raise TooManyLateError
        task = asyncio.create_task(work, name="change")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def result(self, user_id: str, task: asyncio.Task[T], seconds: float) -> T:
        """Wait for it: raises what it raises, or NoAnswerYetError, after which it goes on."""
        try:
            await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.done():
            return task.result()
        self._late[user_id] += 1
        task.add_done_callback(lambda ended: self._late_ended(user_id, ended))
        raise NoAnswerYetError

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits raises it

    def _late_ended(self, user_id: str, task: asyncio.Task[Any]) -> None:
        self._late[user_id] -= 1
        if not self._late[user_id]:
            del self._late[user_id]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, ServiceError | StoreError):
            log.warning("a change that took long failed: %s", brief(error))
        elif error is not None:
            log.error("a change that took long failed", exc_info=error)
