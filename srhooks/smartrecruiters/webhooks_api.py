"""SmartRecruiters' webhook subscriptions API: paths, pages of lists, and answers."""

import re
from typing import Any
from urllib.parse import quote

from srhooks.smartrecruiters.client import Answer
from srhooks.smartrecruiters.errors import OddAnswerError

API = "/webhooks-api/v201907/subscriptions"
PAGE = 100
SHORTEST_PAGE = 10  # the service's own, should it take no notice of the limit that is asked for
SUBSCRIPTION_ID = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}")


class UnknownSubscriptionError(Exception):
    """No subscription can have this id."""


def subscription_path(subscription_id: str, rest: str = "") -> str:
    """Raises UnknownSubscriptionError."""
    check_id(subscription_id)
    return unchecked_path(subscription_id, rest)


def unchecked_path(subscription_id: str, rest: str = "") -> str:
    return f"{API}/{quote(subscription_id, safe='')}{rest}"


def check_id(subscription_id: str) -> None:
    if SUBSCRIPTION_ID.fullmatch(subscription_id) is None:
        raise UnknownSubscriptionError


def read_page(value: Any) -> tuple[list[dict[str, Any]], str | None]:
    """The items of either kind of list, and the `page_id` of the next one."""
    following: Any = None
    items = value
    if isinstance(value, dict):
        items = value.get("content")
        following = value.get("nextPageId")
    if not isinstance(items, list):
        raise OddAnswerError("SmartRecruiters sent a list of subscriptions in an unknown form")
    kept = [item for item in items if isinstance(item, dict) and item.get("id") is not None]
    if isinstance(value, list) and len(items) >= SHORTEST_PAGE and kept:
        following = kept[-1]["id"]
    return kept, str(following) if following else None


def read_subscription(answer: Answer) -> dict[str, Any]:
    value = answer.json()
    if not isinstance(value, dict) or not isinstance(value.get("id"), str | int):
        raise OddAnswerError("SmartRecruiters sent a subscription without an id")
    return value


def read_key(answer: Answer) -> str:
    value = answer.json()
    key = value.get("secretKey") if isinstance(value, dict) else None
    if not isinstance(key, str) or not 0 < len(key) <= 1000:
        raise OddAnswerError("SmartRecruiters sent no secret key")
    return key
