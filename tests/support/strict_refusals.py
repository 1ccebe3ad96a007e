"""What the strict double refuses: what no text of the vendor's describes."""

import json
import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

SHAPES: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parent.parent / "data" / "vendor_shapes.json").read_text()
)
# yyyy-MM-ddTHH:mm:ss.SSSZZ, of which the vendor's own example is 2023-01-21T12:50:02.594Z.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:?\d\d)")


class RefusedError(Exception):
    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def body(self, path: str) -> dict[str, Any]:
        """The webhooks say `code` and `message`, the other APIs `message` and `errors`."""
        said = {"code": self.code, "message": str(self)}
        if path.startswith("/webhooks-api/"):
            return said
        return {"message": str(self), "errors": [said]}


def refuse_unless(condition: object, message: str, status: int = 400) -> None:
    if not condition:
        raise RefusedError(status, message)


def check_shape(value: Any, shape: str) -> None:
    """Every required field of the vendor's schema, and none that it does not have."""
    refuse_unless(isinstance(value, dict), f"{shape}: an object")
    known = SHAPES[shape]
    unknown = set(value) - set(known["fields"])
    missing = set(known.get("required", ())) - set(value)
    refuse_unless(not unknown and not missing, f"{shape}: {unknown or missing}")


def check_parameters(request: web.Request, known: Collection[str] = ()) -> None:
    unknown = set(request.query) - set(known)
    refuse_unless(not unknown, f"unknown parameters: {unknown}")


def limit_of(request: web.Request) -> int:
    text = request.query.get("limit", "10")
    refuse_unless(text.isdecimal() and 1 <= int(text) <= 100, "limit: 1 to 100")
    return int(text)


def time_of(request: web.Request, name: str) -> float | None:
    """In seconds; None without it."""
    text = request.query.get(name)
    if text is None:
        return None
    refuse_unless(TIME.fullmatch(text), f"{name}: yyyy-MM-ddTHH:mm:ss.SSSZZ")
    return datetime.fromisoformat(text).timestamp()
