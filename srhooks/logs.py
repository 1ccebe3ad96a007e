"""Logs to standard error: for a person or as JSON. No secret and no candidate's data goes in."""

import logging
import sys
from typing import Any

from pythonjsonlogger.json import JsonFormatter

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class ConsoleFormatter(logging.Formatter):
    """One line, with what was given as `extra` behind it."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        extra = {name: value for name, value in vars(record).items() if name not in STANDARD}
        if not extra:
            return text
        first, *rest = text.split("\n", 1)
        pairs = " ".join(f"{name}={value}" for name, value in extra.items())
        return "\n".join([f"{first} {pairs}", *rest])


def setup_logs(level: str, form: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    formatter: Any
    if form == "json":
        formatter = JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
    else:
        formatter = ConsoleFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # The HTTP server logs malformed requests with a trace and what they hold: not ours to keep.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    logging.getLogger("aiohttp_session").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
