"""The service's error answers: JSON with `message`, `code` and `errors`."""

from typing import TypedDict

from aiohttp import web


class Problem(TypedDict):
    """One thing wrong with a request."""

    code: str
    message: str


class ApiError(Exception):
    """Raised by handlers of the API; the guard turns it into an answer."""

    def __init__(
        self, status: int, message: str, code: str, errors: list[Problem] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.errors = errors


def problem(
    status: int, message: str, code: str, errors: list[Problem] | None = None
) -> web.Response:
    """The answer itself; `errors` repeats the message when nothing finer is known."""
    listed = errors or [Problem(code=code, message=message)]
    body = {"code": code, "message": message, "errors": listed}
    response = web.json_response(body, status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
