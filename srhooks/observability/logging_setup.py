"""Logs to standard error: for a person or as JSON. No secret and no candidate's data goes in."""

import logging
import sys
import traceback
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

from srhooks.observability.line_format import LineTime, line_form
from srhooks.observability.plain_lines import ConsoleHandler
from srhooks.observability.request_id import add_request

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class RedactingFormatter(logging.Formatter):
    """Tells where an error arose and its kind, not its words: drivers quote the data in them."""

    _clock = LineTime()

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - the library's names
        return self._clock.text_of(record.created)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the library's name
        parts: list[str] = []
        error = ei[1]
        while error is not None:
            frames = "".join(traceback.format_tb(error.__traceback__))
            parts.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\nraised after:\n".join(parts)


class RedactingJsonFormatter(RedactingFormatter, JsonFormatter):
    pass


class ConsoleFormatter(RedactingFormatter):
    """Formats a record as one line, with the fields of `extra` at its end."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in STANDARD}
        first, separator, rest = record.getMessage().partition("\n")
        form = line_form(record.levelname, record.name, tuple(fields))
        line = form % (self.formatTime(record), first, *fields.values())
        if record.exc_info:
            separator, rest = "\n", rest + separator + self.formatException(record.exc_info)
        return line + separator + rest


def setup_logs(level: str, form: str) -> None:
    handler: logging.Handler
    if form == "json":
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(
            RedactingJsonFormatter(
                "%(asctime)s %(levelname)s %(name)s %(message)s",
                rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            )
        )
    else:
        handler = ConsoleHandler(sys.stderr)
        handler.setFormatter(ConsoleFormatter())
    handler.addFilter(add_request)
    # Nothing of this is shown, so it need not be found out for each line (logging HOWTO,
    # "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - the documented way
    # Libraries tell statements' parameters and malformed requests at debug: not ours to keep.
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("srhooks").setLevel(level.upper())
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    logging.getLogger("aiohttp_session").setLevel(logging.ERROR)
