"""Errors become answers here and nowhere else: a page, a fragment or JSON, in plain words.

WebError
├── LoginRequiredError   401 for programs, 303 to the log-in for people
├── WrongTokenError      401
├── ForgedError          403
├── BadRequestError      400
├── NotFoundError        404
├── ConflictError        409
├── UnsupportedFormError 415
└── OverloadedError      503
Beside them: ServiceError (502, 429 or the service's own status), StoreError (503) and aiohttp's
own HTTP errors. Whatever else is raised is a defect: logged, and answered 500 in plain words.
"""

import contextlib
import json
import logging
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from srhooks.domain.json_writing import dump_parts, dumps
from srhooks.observability.request_id import begin_request
from srhooks.observability.throttled_log import ThrottledWarning
from srhooks.server.bounded_parser import MalformedBodyError
from srhooks.smartrecruiters.errors import (
    GrantDeadError,
    ServiceAnsweredError,
    ServiceError,
    may_be_done,
)
from srhooks.smartrecruiters.webhooks_api import UnknownSubscriptionError
from srhooks.store import StoreBusyError, StoreError
from srhooks.web.http.content_negotiation import VARY, wants_fragment, wants_json
from srhooks.web.http.templating import render

log = logging.getLogger(__name__)
# A full disk refuses thousands of notifications a second.
_warn_store_failed = ThrottledWarning(log, "the store failed: {count} requests got a 503")

SEPARATORS = (",", ":")
JSON = json.JSONEncoder(separators=SEPARATORS)
SMALL = 100_000  # bytes: they are written within two milliseconds, ten times as fast as in parts
MAX_HEADING = 100  # characters
REQUEST = web.RequestKey("request_id", str)
# Finds out who reads the error page of an address that has no handler to do so: session.py, which
# imports this module, sets it.
FIND_LOGIN: web.AppKey[Callable[[web.Request], Awaitable[object]]] = web.AppKey("find_login")


class WebError(Exception):
    status = 500
    hint = ""
    headers: Mapping[str, str] = {}


class LoginRequiredError(WebError):
    status = 401

    def __init__(self, message: str = "Log in first") -> None:
        super().__init__(message)


class WrongTokenError(WebError):
    status = 401

    def __init__(self) -> None:
        super().__init__("This personal token is not known, or it was revoked")


class ForgedError(WebError):
    status = 403
    hint = "Reload the page and try again. Programs send the header Origin with this address."

    def __init__(self) -> None:
        super().__init__("This request did not come from srhooks' own pages")


class BadRequestError(WebError):
    status = 400


class NotFoundError(WebError):
    status = 404


class ConflictError(WebError):
    status = 409


class UnsupportedFormError(WebError):
    status = 415

    def __init__(self) -> None:
        super().__init__(
            "Multipart forms are not accepted. Send application/x-www-form-urlencoded in UTF-8"
        )


class OverloadedError(WebError):
    status = 503
    hint = "Try again in a second."
    headers = {"Retry-After": "1"}  # noqa: RUF012 - read only


@dataclass(frozen=True)
class Problem:
    status: int
    message: str
    hint: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The message, so that the hint can follow it."""
        ends = not self.hint or self.message.endswith((".", "!", "?"))
        return self.message if ends else self.message + "."

    @property
    def heading(self) -> tuple[str, str]:
        """Its first sentence and the rest: a person learns more from it than from "Forbidden"."""
        first, _, rest = self.message.partition(". ")
        if 0 < len(first) <= MAX_HEADING:
            return first.removesuffix("."), rest
        return HTTPStatus(self.status).phrase, self.message


MESSAGES = {
    404: "There is no such page",
    405: "This address does not accept this kind of request",
    408: "The request took too long to arrive",
    413: "The request is too large",
}
HINTS = {
    404: "It may have been deleted, or the address is wrong.",
    413: "Send fewer or smaller values at once.",
}
# After what changes something: to try again at once may make a second one.
LOOK_FIRST = "It may have been done all the same: check the list before you try again."


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[REQUEST] = request_id = begin_request(request.headers.get("X-Request-Id"))
    try:
        return await handler(request)
    except (LoginRequiredError, GrantDeadError) as error:
        return login_response(request, str(error))
    except WebError as error:
        problem = Problem(error.status, str(error), error.hint, error.headers)
    except UnknownSubscriptionError:
        problem = Problem(404, "There is no such subscription", HINTS[404])
    except ServiceError as error:
        problem = of_service(error, request.method)
    except StoreError as error:
        _warn_store_failed(route=f"{request.method} {_route(request)}", error=str(error))
        wait = "1" if isinstance(error, StoreBusyError) else "5"
        problem = Problem(
            503, "The database does not answer at the moment", "Try again in a few seconds.",
            {"Retry-After": wait},
        )  # fmt: skip
    except web.HTTPException as error:
        if error.status < 400:
            raise
        problem = _of_http(error)
        if not wants_json(request):
            with contextlib.suppress(StoreError):
                await request.app[FIND_LOGIN](request)
    except MalformedBodyError:
        problem = Problem(400, "The body of the request is malformed")
    except Exception as error:
        if isinstance(error, ConnectionError) and request.transport is None:
            return web.Response(status=400)  # it left before its request was whole: nobody reads it
        log.exception("%s %s failed", request.method, _route(request))
        hint = f"It has been logged as request {request_id}. Try again."
        problem = Problem(500, "Something went wrong here", hint)
    return problem_response(request, problem)


def problem_response(request: web.Request, problem: Problem) -> web.Response:
    headers = {**problem.headers, "Vary": VARY}
    if wants_json(request):
        body = {"error": {"status": problem.status, "message": problem.message}}
        return web.json_response(body, status=problem.status, headers=headers)
    ctx = {"status": problem.status, "hint": problem.hint}
    if wants_fragment(request):
        ctx["message"] = problem.sentence
        response = render(request, "_error.html", ctx, problem.status)
        headers |= {"HX-Retarget": "#messages", "HX-Reswap": "innerHTML"}
    else:
        ctx["title"], ctx["message"] = problem.heading
        # Asking again for the same address may help. The way back from a log-in is good once.
        ctx["again"] = (
            request.method == hdrs.METH_GET
            and problem.status in {502, 503, 504}
            and not request.path.startswith("/auth")
        )
        response = render(request, "error.html", ctx, problem.status)
    response.headers.update(headers)
    return response


def login_response(request: web.Request, message: str) -> web.Response:
    if wants_json(request):
        return problem_response(request, Problem(401, message))
    if wants_fragment(request):
        return web.Response(status=401, headers={"HX-Redirect": "/", "Vary": VARY})
    return web.Response(status=303, headers={hdrs.LOCATION: "/", "Vary": VARY})


def of_service(error: ServiceError, method: str) -> Problem:
    """The answer to a ServiceError: the service's message; its own 5xx become 502 here."""
    message = str(error)
    again = "Try again in a moment."
    if method != "GET" and may_be_done(error):
        again = LOOK_FIRST
    if not isinstance(error, ServiceAnsweredError):
        return Problem(502, message, again)
    headers = {}
    if error.retry_after is not None or error.status == 429:
        headers["Retry-After"] = str(math.ceil(error.retry_after or 1))
    if error.status == 429:
        return Problem(429, message, "SmartRecruiters limits the number of requests.", headers)
    if 400 <= error.status < 500:
        return Problem(error.status, message, "This is what SmartRecruiters answered.", headers)
    return Problem(502, message, f"SmartRecruiters reported an error. {again}", headers)


def _of_http(error: web.HTTPException) -> Problem:
    kept = {str(name): error.headers[name] for name in (hdrs.ALLOW,) if name in error.headers}
    message = MESSAGES.get(error.status) or HTTPStatus(error.status).phrase
    return Problem(error.status, message, HINTS.get(error.status, ""), kept)


def _route(request: web.Request) -> str:
    """The route's pattern, never the address itself: it may hold what must not be logged."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown address"


def json_text(value: object) -> str:
    """JSON that is safe to send as it is: ASCII, so that broken surrogates stay escaped."""
    return dumps(value, separators=SEPARATORS)


def json_parts(value: object, size: int) -> Iterator[str]:
    """As `json_text`, in parts where it is made of many bytes (`size`, about)."""
    if size <= SMALL:
        yield JSON.encode(value)
    else:
        yield from dump_parts(value, separators=SEPARATORS)
