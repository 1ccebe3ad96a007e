"""The id of a request, in each log line that belongs to it."""

import itertools
import logging
import re
import secrets
from contextvars import ContextVar

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_run = secrets.token_hex(3)
_numbers = itertools.count(1)
_request: ContextVar[str] = ContextVar("request")


def request_number(given: str | None) -> str:
    """The id of a request: the sender's if it is a plain one."""
    return given if given and REQUEST_ID.fullmatch(given) else f"{_run}-{next(_numbers)}"


def begin_request(given: str | None) -> str:
    """From now on this task's records carry the request's id."""
    request_id = request_number(given)
    _request.set(request_id)
    return request_id


def current_request() -> str | None:
    """The id of the request that this task answers."""
    return _request.get(None)


def add_request(record: logging.LogRecord) -> bool:
    request_id = current_request()
    if request_id is not None:
        record.request = request_id
    return True
