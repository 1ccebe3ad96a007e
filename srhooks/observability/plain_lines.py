"""The log line of each notification, written without a log record.

A record, its filters, its formatter and its handlers take 87,000 instructions, and writing each
line by itself takes a call of the system; this takes 12,000, and lines that arise in the same turn
of the event loop are written together. Where logs go elsewhere than to the console of
`logging_setup`, as JSON for example, the line is a record like any other.
"""

import asyncio
import logging
import time
from typing import TextIO

from srhooks.observability.line_format import LineTime, line_form
from srhooks.observability.request_id import current_request


class ConsoleHandler(logging.StreamHandler[TextIO]):
    """The library's handler, which also accepts complete lines."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []

    def add_line(self, line: str) -> None:
        """Write a line at the end of this turn of the event loop. For the loop's thread."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self._lines.append(line)

    def emit(self, record: logging.LogRecord) -> None:
        self.flush()  # lines stay in their order
        super().emit(record)

    def flush(self) -> None:
        """Write the lines that wait. It never raises, as the library's emit."""
        lines, self._lines = self._lines, []
        if lines:
            try:
                self.stream.write("".join(lines))
            except OSError:
                return  # of standard error: nobody can be told
        super().flush()


class PlainLine:
    """A message at level info with fields of these names; its call takes their values.

    The event loop must run.
    """

    def __init__(self, logger: logging.Logger, message: str, *names: str) -> None:
        self._logger = logger
        self._message = message
        self._names = names
        self._form = line_form("INFO", logger.name, (*names, "request")) + "\n"
        self._clock = LineTime()

    def __call__(self, *values: object) -> None:
        handlers = logging.root.handlers
        if len(handlers) != 1 or not isinstance(handlers[0], ConsoleHandler):
            self._logger.info(self._message, extra=dict(zip(self._names, values, strict=True)))
        elif self._logger.isEnabledFor(logging.INFO):
            when = self._clock.text_of(time.time())
            line = self._form % (when, self._message, *values, current_request())
            handlers[0].add_line(line)
