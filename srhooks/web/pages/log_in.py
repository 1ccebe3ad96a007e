"""The login page, and logging in with an API key or with client credentials."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from srhooks.accounts.guess_limit import GuessLimit, TooManyTriesError
from srhooks.accounts.log_in import LogIn, LogInError
from srhooks.domain.account import User
from srhooks.smartrecruiters.errors import ServiceError, brief
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import (
    BadRequestError,
    ForgedError,
    NotFoundError,
    Problem,
    problem_response,
)
from srhooks.web.http.forms import read_fields, text_of
from srhooks.web.http.log_in_form import forged_log_in, log_in_form_token
from srhooks.web.http.log_in_result import HOME, complete_log_in
from srhooks.web.http.responses import see_other
from srhooks.web.http.session import find_login, why_logged_out
from srhooks.web.http.templating import render
from srhooks.web.pages.account import account_json
from srhooks.web.state.app_keys import LOG_IN, SETTINGS

log = logging.getLogger(__name__)

MAX_CREDENTIAL = 500  # characters
GUESSES = web.AppKey("guesses", GuessLimit)
EXPIRED = "Your SmartRecruiters login has expired. Log in again to go on: nothing is lost."

LogInCall = Callable[[LogIn], Awaitable[User]]


async def home(request: web.Request) -> web.Response:
    login = await find_login(request, dead_grant=True)
    if login is not None and not login.user.grant_dead:
        return see_other(HOME)
    return await login_page(request, EXPIRED if login is not None else why_logged_out(request))


async def with_api_key(request: web.Request) -> web.Response:
    await _check_form(request, "api-key")
    form = await read_fields(request)
    api_key = text_of(form, "api_key")

    async def log_in(service: LogIn) -> User:
        return await service.with_api_key(api_key)

    return await _log_in(request, {"API key": api_key}, log_in)


async def with_client_credentials(request: web.Request) -> web.Response:
    await _check_form(request, "client-credentials")
    form = await read_fields(request)
    client_id, client_secret = text_of(form, "client_id"), text_of(form, "client_secret")

    async def log_in(service: LogIn) -> User:
        return await service.with_client_credentials(client_id, client_secret)

    return await _log_in(request, {"client ID": client_id, "client secret": client_secret}, log_in)


async def login_page(
    request: web.Request, message: str | None = None, *, status: int = 200, good: bool = False,
    hint: str = "",
) -> web.Response:  # fmt: skip
    settings = request.app[SETTINGS]
    ctx = {
        "user": None,
        "message": message,
        "hint": hint,
        "good": good,
        "status": status,
        "offers": settings.offers,
        "csrf": await log_in_form_token(request),
    }
    return render(request, "login.html", ctx, status)


async def _check_form(request: web.Request, method: str) -> None:
    """Raises NotFoundError where this way is not offered, or ForgedError."""
    if not request.app[SETTINGS].offers(method):
        raise NotFoundError("This way to log in is not offered here")
    if await forged_log_in(request):
        raise ForgedError


async def _log_in(request: web.Request, given: dict[str, str], log_in: LogInCall) -> web.Response:
    try:
        async with request.app[GUESSES].attempt(request.remote or "") as attempt:
            _check_texts(given)
            try:
                user = await log_in(request.app[LOG_IN])
            except LogInError:
                attempt.refused = True
                raise
    except TooManyTriesError as error:
        headers = {"Retry-After": str(error.retry_after)}
        return await _failed(request, Problem(429, str(error), headers=headers))
    except BadRequestError as error:
        return await _failed(request, Problem(400, str(error)))
    except LogInError as error:
        log.info("log-in refused: %s", type(error).__name__)
        return await _failed(request, Problem(403, str(error), error.hint))
    except ServiceError as error:
        log.warning("log-in failed: %s", brief(error))
        return await _failed(
            request, Problem(502, f"The login could not be completed. {error}",
                             "Try again in a moment.")
        )  # fmt: skip
    login, target = await complete_log_in(request, user)
    return await account_json(request, login) if wants_json(request) else see_other(target)


def _check_texts(given: dict[str, str]) -> None:
    """Raises BadRequestError for what can be no credential: it would become a header."""
    for name, text in given.items():
        if not text:
            raise BadRequestError(f"Enter the {name}")
        if len(text) > MAX_CREDENTIAL:
            raise BadRequestError(f"The {name} is too long: at most {MAX_CREDENTIAL} characters")
        if not text.isascii() or not text.isprintable():
            raise BadRequestError(f"The {name} has characters that SmartRecruiters does not use")


async def _failed(request: web.Request, problem: Problem) -> web.Response:
    """The login page with what went wrong; JSON for programs."""
    if wants_json(request):
        return problem_response(request, problem)
    response = await login_page(request, problem.sentence, status=problem.status, hint=problem.hint)
    response.headers.update(problem.headers)
    return response
