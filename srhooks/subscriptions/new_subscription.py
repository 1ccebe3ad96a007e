"""Check the fields of a new subscription before the service is asked to create it.

Sources: SmartRecruiters' reference of the webhook subscriptions API (kinds of callback
authentication, `x-` names); `domain.wire_text` for what may become a header, an address or an
event's name.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from srhooks.domain.wire_text import (
    is_email,
    is_event_name,
    is_header_name,
    is_header_value,
    is_line,
    is_web_address,
)
from srhooks.protocol.notification_headers import HANDSHAKE_HEADER

MAX_EVENTS = 200
MAX_NAME = 80  # characters
AUTH_PARTS: Mapping[str, tuple[str, ...]] = {
    "basic": ("username", "password"),
    "header": ("headerName", "headerValue"),
    "oauth2": ("clientId", "clientSecret", "tokenServiceUrl"),
}
# As the form labels them.
LABELS: Mapping[str, str] = {
    "username": "User name", "password": "Password", "headerName": "Header name",
    "headerValue": "Header value", "clientId": "Client id", "clientSecret": "Client secret",
    "tokenServiceUrl": "Token address",
}  # fmt: skip


class InvalidSubscriptionError(ValueError):
    """The message says in words what is wrong and what is expected."""


@dataclass(frozen=True, kw_only=True)
class NewSubscription:
    events: tuple[str, ...]
    alerting_email_address: str | None = None
    callback_authentication: dict[str, Any] | None = None
    active: bool = False
    name: str | None = None  # that a person gives it


def checked_subscription(
    events: Sequence[str],
    email: str | None,
    authentication: Mapping[str, Any] | None,
    *,
    active: bool,
    name: str | None = None,
) -> NewSubscription:
    """Raises InvalidSubscriptionError."""
    names = tuple(dict.fromkeys(event.strip() for event in events if event.strip(" ")))
    if not names:
        raise InvalidSubscriptionError("Choose at least one event")
    if len(names) > MAX_EVENTS:
        raise InvalidSubscriptionError(f"At most {MAX_EVENTS} events")
    for event in names:
        if not is_event_name(event):
            raise InvalidSubscriptionError(
                f"{_quoted(event)} is not an event name: use letters, digits, dots, hyphens and"
                " underscores, such as job.created"
            )
    if email is not None and not is_email(email):
        raise InvalidSubscriptionError(
            f"{_quoted(email)} is not an e-mail address such as you@example.com"
        )
    return NewSubscription(
        events=names,
        alerting_email_address=email,
        callback_authentication=None if authentication is None else _checked_auth(authentication),
        active=active,
        name=checked_name(name),
    )


def checked_name(name: str | None) -> str | None:
    """The subscription's name, trimmed; None when empty.

    Raises InvalidSubscriptionError.
    """
    text = (name or "").strip()
    if len(text) > MAX_NAME or any(unicodedata.category(letter) == "Cc" for letter in text):
        raise InvalidSubscriptionError(
            f"The name must be one line of at most {MAX_NAME} characters"
        )
    return text or None


def _checked_auth(given: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(given.get("type") or "").lower()
    if kind not in AUTH_PARTS:
        kinds = ", ".join(AUTH_PARTS)
        raise InvalidSubscriptionError(f"The callback authentication's type must be one of {kinds}")
    parts = {name: given.get(name) for name in AUTH_PARTS[kind]}
    missing = [LABELS[name] for name, value in parts.items() if value is None or value == ""]
    if missing:
        raise InvalidSubscriptionError(
            f"The callback authentication is not complete: fill in {', '.join(missing)}"
        )
    for name, value in parts.items():
        problem = _problem(name, value)
        if problem is not None:
            raise InvalidSubscriptionError(
                f"The callback authentication's {LABELS[name].lower()} {problem}"
            )
    return {"type": kind, **parts}


def _problem(part: str, value: Any) -> str | None:
    """Describe what is wrong with a value, without the value itself: it may be a secret."""
    if not isinstance(value, str):
        return "must be a text"
    if part == "headerName":
        if not is_header_name(value) or not value.lower().startswith("x-"):
            return "must begin with x- and hold letters, digits and hyphens only, such as X-Api-Key"
        return "is taken by handshakes" if value.lower() == HANDSHAKE_HEADER.lower() else None
    if part == "headerValue" and not is_header_value(value):
        return "must be one line of letters, digits and signs of ASCII"
    if part == "tokenServiceUrl" and not is_web_address(value):
        return "must be an address such as https://example.com/token, without user and fragment"
    if part == "username" and ":" in value:
        return "must not contain a colon"
    return None if is_line(value) else "must be one line of text"


def _quoted(text: str) -> str:
    short = text if len(text) <= 100 else text[:99] + "…"
    return f'"{short if short.isprintable() else ascii(short)[1:-1]}"'
