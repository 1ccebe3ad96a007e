"""Logs to standard error: for a person or as JSON. No secret and no candidate's data goes in."""

import itertools
import logging
import re
import secrets
import sys
import time
import traceback
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_run = secrets.token_hex(3)
_numbers = itertools.count(1)
_request: ContextVar[str] = ContextVar("request")


def begin_request(given: str | None) -> str:
    """From now on this task's records carry the request's id: the sender's if it is a plain one."""
    number = given if given and REQUEST_ID.fullmatch(given) else f"{_run}-{next(_numbers)}"
    _request.set(number)
    return number


def _add_request(record: logging.LogRecord) -> bool:
    number = _request.get(None)
    if number is not None:
        record.request = number
    return True


class Discreet(logging.Formatter):
    """Tells where an error arose and its kind, not its words: drivers quote the data in them."""

    _second = -1  # whose text is known: there are thousands of lines in some
    _text = ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - the library's name
        second = int(record.created)
        if second != self._second:
            self._text = time.strftime(datefmt or self.default_time_format, time.localtime(second))
            self._second = second
        return f"{self._text},{int(record.msecs):03d}"

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the library's name
        parts: list[str] = []
        error = ei[1]
        while error is not None:
            frames = "".join(traceback.format_tb(error.__traceback__))
            parts.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\nraised after:\n".join(parts)


class DiscreetJson(Discreet, JsonFormatter):
    pass


class ConsoleFormatter(Discreet):
    """One line, with what was given as `extra` behind it."""

    def format(self, record: logging.LogRecord) -> str:
        pairs = [f" {name}={value}" for name, value in vars(record).items() if name not in STANDARD]
        first, separator, rest = super().format(record).partition("\n")
        return "".join((first, *pairs, separator, rest))


def setup_logs(level: str, form: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    formatter: Any
    if form == "json":
        formatter = DiscreetJson(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
    else:
        formatter = ConsoleFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(formatter)
    handler.addFilter(_add_request)
    # Nothing of this is shown, so it need not be found out for each line (logging HOWTO,
    # "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - the documented way
    # Libraries tell statements' parameters and malformed requests at debug: not ours to keep.
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("srhooks").setLevel(level.upper())
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    logging.getLogger("aiohttp_session").setLevel(logging.ERROR)
