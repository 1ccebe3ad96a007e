"""Read what a page or a program posts; what cannot be read is a 4xx, never a 500.

While they arrive, large ones together may hold FORMS_IN_FLIGHT bytes; others wait in line.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote_to_bytes

from aiohttp import hdrs, web
from multidict import MultiDict, MultiMapping

from srhooks.domain.json_values import PART, loads
from srhooks.domain.json_values import text_of as text_of_bytes
from srhooks.server.heavy_work import run_heavy
from srhooks.web.http.errors import BadRequestError, UnsupportedFormError
from srhooks.web.state.app_keys import FORM_BUDGET

Form = MultiMapping[str]
URLENCODED = "application/x-www-form-urlencoded"
READ: web.RequestKey[Form] = web.RequestKey("form", MultiMapping)  # once, for whoever asks
MAX_FIELDS = 5000  # ten times as many as any page of ours has
FORMS_IN_FLIGHT = 16 * 1024 * 1024  # bytes
SMALL = 64 * 1024  # bytes: such a form waits for nobody, the number of connections bounds them
READ_TIMEOUT = 20.0  # seconds for a large one to arrive


def is_form(request: web.Request) -> bool:
    return request.content_type == URLENCODED or request.content_type.startswith("multipart/")


async def read_form(request: web.Request) -> Form:
    """Return the form's fields; none when the body is not a form.

    Raises BadRequestError, and UnsupportedFormError for a form in parts: no page of ours sends one,
    and the library would read it in the event loop and write files to the disk.
    """
    if READ in request:
        return request[READ]
    is_utf8 = (request.charset or "utf-8").lower() in {"utf-8", "utf8"}
    if is_form(request) and not (request.content_type == URLENCODED and is_utf8):
        raise UnsupportedFormError
    form: Form = MultiDict()
    if request.content_type == URLENCODED and request.method != hdrs.METH_GET:
        async with _room(request):
            body = await request.read()
        try:
            form = await run_heavy(len(body), parse_form, body)
        except ValueError:
            raise BadRequestError("the form cannot be read") from None
    request[READ] = form
    return form


def parse_form(body: bytes) -> Form:
    """The fields of a form, whose text is UTF-8 (WHATWG URL, 5.1); raises ValueError."""
    if body.count(b"&") >= MAX_FIELDS:
        raise ValueError("too many fields")
    body.decode()
    return MultiDict(
        (_decoded(name), _decoded(value))
        for name, _, value in (pair.partition(b"=") for pair in body.split(b"&") if pair)
    )


def _decoded(text: bytes) -> str:
    """In parts: a call that takes long holds the event loop up also from a thread."""
    text = text.replace(b"+", b" ")
    parts, at = [], 0
    while at < len(text):
        end = at + PART
        if (cut := text.find(b"%", end - 2, end)) != -1:  # of a %XX nothing is cut off
            end = cut
        parts.append(unquote_to_bytes(text[at:end]))
        at = end
    return text_of_bytes(b"".join(parts))


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
    """A field's text; empty when it is absent."""
    return form.get(name, "").strip()
