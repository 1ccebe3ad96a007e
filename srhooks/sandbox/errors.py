"""The service's error answers: `{"code", "message"}` of the webhooks, `{"message", "errors"}` of
all other APIs."""

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


def problem(status: int, message: str, code: str) -> web.Response:
    """The answer of the sandbox's own controls."""
    return web.json_response({"code": code, "message": message}, status=status)


def api_problem(path: str, error: ApiError) -> web.Response:
    """The answer of the API that `path` belongs to."""
    if path.startswith("/webhooks-api/"):
        parts = [error.message, *(one["message"] for one in error.errors or [])]
        body: dict[str, object] = {"code": error.code, "message": "; ".join(parts)}
    else:
        listed = error.errors or [Problem(code=error.code, message=error.message)]
        body = {"message": error.message, "errors": listed}
    response = web.json_response(body, status=error.status)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
