"""Read what a page or a program posts; what cannot be read is a 400, never a 500.

While they arrive, large ones together may hold FORMS_IN_FLIGHT bytes; others wait in line.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from multidict import MultiDict, MultiMapping

from srhooks.domain.json_values import loads
from srhooks.server.heavy_work import run_heavy
from srhooks.web.http.errors import BadRequestError
from srhooks.web.state.app_keys import FORM_BUDGET

Form = MultiMapping[str | bytes | bytearray | web.FileField]
TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
FORMS_IN_FLIGHT = 16 * 1024 * 1024  # bytes
SMALL = 64 * 1024  # bytes: such a form waits for nobody, the number of connections bounds them
READ_TIMEOUT = 20.0  # seconds for a large one to arrive


async def read_form(request: web.Request) -> Form:
    """Return the form's fields; none when the body is not a form. Raises BadRequestError."""
    try:
        async with _room(request):
            return await request.post()
    except (ValueError, LookupError, AssertionError, RuntimeError):
        # No boundary, an unknown charset, bytes that are not of it: aiohttp raises what it meets.
        raise BadRequestError("the form cannot be read") from None


async def read_fields(request: web.Request) -> Form:
    """A form's fields; of a program that sends a JSON object, its texts and whole numbers.

    Raises BadRequestError.
    """
    if request.content_type != "application/json":
        return await read_form(request)
    value = await read_json(request)
    if not isinstance(value, dict):
        raise BadRequestError("the body must be a form or a JSON object")
    return MultiDict(
        (name, str(field))
        for name, field in value.items()
        if isinstance(field, str | int) and not isinstance(field, bool)
    )


async def read_json(request: web.Request) -> Any:
    """Return the body's JSON; raises BadRequestError. A large one is parsed beside the loop."""
    async with _room(request):
        body = await request.read()
    try:
        return await run_heavy(len(body), loads, body)
    except (ValueError, RecursionError):
        raise BadRequestError("the body is not JSON") from None


@contextlib.asynccontextmanager
async def _room(request: web.Request) -> AsyncIterator[None]:
    """Hold room for what was announced while it arrives. Raises OverloadedError."""
    size = request.content_length
    if size is not None and size <= SMALL:
        yield
        return
    most = request.client_max_size or FORMS_IN_FLIGHT
    lease = await request.config_dict[FORM_BUDGET].reserve(min(size or most, most))
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            yield
    except TimeoutError:
        raise BadRequestError("the form did not arrive in time") from None
    finally:
        lease.release()


def text_of(form: Form, name: str) -> str:
    """A field's text; empty when it is absent or a file."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
