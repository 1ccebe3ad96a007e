"""The webhook subscriptions API of the strict double, from its reference pages alone."""

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.support.strict_entities import EVENTS
from tests.support.strict_refusals import (
    SHAPES,
    RefusedError,
    check_parameters,
    check_shape,
    limit_of,
    refuse_unless,
    time_of,
)

MOST_SUBSCRIPTIONS = 20
MOST_KEYS = 16
DAY = 86_400  # seconds
LOG_DAYS = 30
AUTHENTICATIONS = {
    "basic": "callback_basic_auth",
    "header": "callback_header_auth",
    "oauth2": "callback_o_auth2_auth",
}


@dataclass
class Key:
    value: str
    until: float | None = None  # from a newer one on


@dataclass
class Record:
    """One try, as the callbacks log has it."""

    at: float
    successful: bool
    url: str
    body: str
    headers: dict[str, str]

    def shown(self) -> dict[str, Any]:
        moment = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        return {
            "status": "successful" if self.successful else "failed",
            "timestamp": moment.replace("+00:00", "+0000"),
            "requestDetails": {"url": self.url, "body": self.body, "headers": self.headers},
        }

    @property
    def shown_at(self) -> float:
        """As a client that reads `timestamp` knows it."""
        return int(self.at * 1000) / 1000


@dataclass
class Subscribed:
    id: str
    owner: str
    callback_url: str
    events: list[str]
    authentication: dict[str, str]
    status: str = "inactive"
    keys: list[Key] = field(default_factory=list)
    log: list[Record] = field(default_factory=list)  # newest first

    def shown(self) -> dict[str, Any]:
        """Without what is write-only: the address for alerts and the authentication."""
        events = [{"name": name, "version": "v201910"} for name in self.events]
        return {
            "id": self.id, "callbackUrl": self.callback_url, "events": events,
            "status": self.status,
        }  # fmt: skip

    def live_keys(self) -> list[str]:
        now = time.time()
        return [key.value for key in self.keys if key.until is None or now < key.until]

    def make_key(self) -> str:
        """The one before stays valid for 24 hours."""
        refuse_unless(len(self.live_keys()) < MOST_KEYS, "too many keys")
        for key in self.keys:
            key.until = key.until or time.time() + DAY
        self.keys.append(Key(secrets.token_urlsafe(16)))
        return self.keys[-1].value

    def newest_key(self) -> str:
        if not self.keys:
            raise RefusedError(404, "no key", "NOT_FOUND")
        return self.keys[-1].value


@dataclass
class StrictSubscriptions:
    in_content: bool = False  # lists are objects with `content`, not arrays
    by_id: dict[str, Subscribed] = field(default_factory=dict)

    def of(self, owner: str) -> list[Subscribed]:
        return [one for one in self.by_id.values() if one.owner == owner]

    def get(self, owner: str, subscription_id: str) -> Subscribed:
        one = self.by_id.get(subscription_id)
        if one is None or one.owner != owner:
            raise RefusedError(404, "no such subscription", "NOT_FOUND")
        return one

    def create(self, request: web.Request, owner: str, body: bytes) -> dict[str, Any]:
        refuse_unless(request.content_type == "application/json", "JSON alone", 415)
        check_parameters(request)
        value = _json(body)
        check_shape(value, "subscription_request")
        events = value["events"]
        refuse_unless(isinstance(events, list) and events, "events")
        for place, name in enumerate(events):
            refuse_unless(name in EVENTS and name not in events[:place], f"event: {name}")
        url = value["callbackUrl"]
        refuse_unless(isinstance(url, str) and re.match(r"https?://[^/]+", url), "callbackUrl")
        email = value.get("alertingEmailAddress", "a@b.example")
        refuse_unless(isinstance(email, str) and "@" in email, "alertingEmailAddress")
        authentication = value.get("callbackAuthentication", {})
        if "callbackAuthentication" in value:
            _check_authentication(authentication)
        refuse_unless(len(self.of(owner)) < MOST_SUBSCRIPTIONS, "at most 20 subscriptions")
        one = Subscribed(secrets.token_hex(12), owner, url, events, authentication)
        self.by_id[one.id] = one
        return one.shown()

    def page(self, request: web.Request, owner: str) -> Any:
        check_parameters(request, {"limit", "page_id"})
        rows = [(one.id, one.shown()) for one in self.of(owner)]
        return self._page(request, rows)

    def page_of_log(self, request: web.Request, one: Subscribed) -> Any:
        """Newest first. An array without ids goes on before a time, which is left out."""
        check_parameters(request, {"limit", "page_id", "callbackStatus", "after", "before"})
        wanted = request.query.get("callbackStatus")
        refuse_unless(wanted in {None, "successful", "failed"}, "callbackStatus")
        end = time.time() - LOG_DAYS * DAY
        after, before = time_of(request, "after"), time_of(request, "before")
        for bound in (after, before):
            refuse_unless(bound is None or bound >= end, "the minimum value is 30 days ago")
        refuse_unless(self.in_content or "page_id" not in request.query, "page_id")
        kept = [
            record
            for record in one.log
            if record.at > end
            and (wanted is None or record.successful == (wanted == "successful"))
            and (before is None or record.shown_at < before)
            and (after is None or record.shown_at > after)
        ]
        rows = [(str(len(kept) - place), record.shown()) for place, record in enumerate(kept)]
        return self._page(request, rows)

    def _page(self, request: web.Request, rows: list[tuple[str, dict[str, Any]]]) -> Any:
        ids, last = [row_id for row_id, _ in rows], request.query.get("page_id")
        refuse_unless(last is None or last in ids, "page_id")
        start, limit = ids.index(last) + 1 if last else 0, limit_of(request)
        content = [shown for _, shown in rows[start : start + limit]]
        if not self.in_content:
            return content
        more = start + limit < len(rows)
        following = ids[start + limit - 1] if more else None
        return {
            "content": content, "limit": limit, "nextPageId": following, "totalFound": len(rows),
        }  # fmt: skip


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise RefusedError(400, "no JSON") from None


def _check_authentication(given: Any) -> None:
    """All fields of its kind, each a text, and no other."""
    kind = given.get("type") if isinstance(given, dict) else None
    shape = AUTHENTICATIONS.get(str(kind), "error")
    check_shape(given, shape)
    refuse_unless(set(given) == set(SHAPES[shape]["fields"]), shape)
    refuse_unless(all(isinstance(value, str) and value for value in given.values()), shape)
    name = given.get("headerName", "x-")
    refuse_unless(name.lower().startswith("x-"), "headerName must start with x-")
