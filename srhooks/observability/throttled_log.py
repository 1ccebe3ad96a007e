"""Warnings that an attacker could cause by the thousands: one line in a while, with a count."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

INTERVAL = 1.0  # seconds


class ThrottledWarning:
    """Logs at once the first time, and then at most once an interval, with how many there were.

    For the event loop's thread. `text` holds `{count}`; `extra` is that of the latest.
    """

    def __init__(
        self, logger: logging.Logger, text: str, interval: float = INTERVAL,
        clock: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        self._logger = logger
        self._text = text
        self._interval = interval
        self._clock = clock  # in seconds
        self._count = 0
        self._next = 0.0  # when a line may be written again
        self._timer: asyncio.TimerHandle | None = None
        self._extra: dict[str, object] = {}

    def __call__(self, **extra: object) -> None:
        self._count += 1
        self._extra = extra
        wait = self._next - self._clock()
        if wait <= 0:
            self._write()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self._write)

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._logger.warning(self._text.format(count=self._count), extra=self._extra)
        self._count = 0
        self._next = self._clock() + self._interval
