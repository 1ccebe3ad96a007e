"""Read the answer of an entity request: a state, or an error that may or may not be final."""

from collections.abc import Callable
from typing import TypeVar

from srhooks.domain.json_values import is_json, parse_body
from srhooks.domain.json_writing import dumps
from srhooks.entities.diff import changes, state, title
from srhooks.server.heavy_work import LARGE, run_in_background
from srhooks.smartrecruiters.client import Answer
from srhooks.smartrecruiters.errors import (
    OddAnswerError,
    ServiceAnsweredError,
    ServiceError,
)

T = TypeVar("T")
MAX_TYPE = 100  # characters of a content type that are told


class NoStateError(OddAnswerError):
    """A 2xx answer without JSON (a PDF, a 204): final, as asking again would not change it."""


def is_final(error: ServiceError) -> bool:
    """Whether asking again is useless: all errors but network errors, 429 and 5xx."""
    if isinstance(error, ServiceAnsweredError):
        return error.status != 429 and error.status < 500
    return isinstance(error, OddAnswerError)


def error_text(error: ServiceError) -> str:
    """With the status, which is what the service's documentation goes by."""
    text = str(error)
    if isinstance(error, ServiceAnsweredError) and str(error.status) not in text:
        return f"{text} (SmartRecruiters answered {error.status})"
    return text


async def read_title(answer: Answer) -> str | None:
    """Return the entity's title. Raises NoStateError when the answer holds no JSON."""
    if not answer.body.strip():
        raise NoStateError(f"SmartRecruiters answered {answer.status} without any content")
    if not await run_sized(len(answer.body), is_json, answer.body):
        raise NoStateError(
            f"SmartRecruiters answered {answer.status} with something that is not JSON:"
            f" {_content_type(answer)}, {_size(len(answer.body))}"
        )
    return await run_sized(len(answer.body), _title, answer.body)


async def read_state(answer: Answer) -> str:
    """The entity's current state as a JSON list, for a first fetch that has no earlier state."""
    return await run_sized(len(answer.body), _state, answer.body)


async def read_changes(before: bytes, now: bytes) -> str:
    """The differences between two states, then the current state, as a JSON list."""
    return await run_sized(len(before) + len(now), _changes, before, now)


async def run_sized(size: int, work: Callable[..., T], *args: bytes) -> T:
    """In a thread when there are many bytes to parse, else here."""
    return await run_in_background(work, *args) if size > LARGE else work(*args)


def _title(entity: bytes) -> str | None:
    return title(parse_body(entity))


def _state(entity: bytes) -> str:
    return dumps(state(parse_body(entity)))


def _changes(before: bytes, now: bytes) -> str:
    entity = parse_body(now)
    return dumps([*changes(parse_body(before), entity), *state(entity)])


def _content_type(answer: Answer) -> str:
    given = answer.headers.get("Content-Type", "").partition(";")[0].strip()[:MAX_TYPE]
    return given if given.isprintable() and given else "no content type"


def _size(count: int) -> str:
    return f"{count:,} bytes" if count != 1 else "1 byte"
