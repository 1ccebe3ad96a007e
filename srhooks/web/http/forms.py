"""Read a posted form; one that cannot be read is a 400, never a 500."""

from aiohttp import web
from multidict import MultiMapping

from srhooks.web.http.errors import BadRequestError

Form = MultiMapping[str | bytes | bytearray | web.FileField]
TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


async def read_form(request: web.Request) -> Form:
    """Return the form's fields; none when the body is not a form. Raises BadRequestError."""
    try:
        return await request.post()
    except (ValueError, LookupError, AssertionError, RuntimeError):
        # No boundary, an unknown charset, bytes that are not of it: aiohttp raises what it meets.
        raise BadRequestError("the form cannot be read") from None


def text_of(form: Form, name: str) -> str:
    """A field's text; empty when it is absent or a file."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
