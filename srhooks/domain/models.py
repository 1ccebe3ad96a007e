"""The data of the product: hooks, notifications, entity states.

Times are milliseconds since 1970 (UTC). Pure data, no I/O.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from srhooks.domain import ids
from srhooks.domain.computed_once import computed_once
from srhooks.domain.json_values import parse_body
from srhooks.protocol.event_types import subscription_label
from srhooks.server.freed_in_parts import Containers, free, holding

Signature = Literal["valid", "invalid", "unsigned", "unverifiable"]
EntityStatus = Literal["pending", "fetched", "gone", "failed", "refused", "none"]
SIGNATURES: tuple[str, ...] = get_args(Signature)
ENTITY_STATUSES: tuple[str, ...] = get_args(EntityStatus)
REDACTED = "[redacted]"
ERASED = "Erased"
WHOLE_ACCOUNT = ""  # as the candidate of an erasure: everything of the user
TEST_HEADER = "srhooks-test"  # holds the proof that srhooks itself sent this test
REFUSAL = "SmartRecruiters says: "  # in the error of an entity that the service refused (403)
TEST_VERIFIED = "true"  # stored in place of a proof that was right


@dataclass(frozen=True, slots=True)
class Hook:
    id: str
    user_id: str
    subscription_id: str | None
    auth_header: str | None  # lower-case name of the subscription's own authentication header
    created_at: int
    deleted_at: int | None = None
    events: str = "[]"  # JSON list: what its subscription listens to, when it was last seen
    name: str | None = None  # that a person gave to its subscription

    @property
    def event_names(self) -> list[str]:
        names: list[str] = json.loads(self.events)
        return names

    @property
    def label(self) -> str:
        """The subscription's name on pages and in messages."""
        return self.name or subscription_label(self.event_names)


@dataclass(frozen=True, slots=True)
class HookKey:
    """A secret signing key, sealed."""

    id: int
    hook_id: str
    sealed: bytes
    created_at: int
    retired_at: int | None  # when a newer key replaced it; valid for 24 h more


@dataclass(slots=True, kw_only=True)
class NewNotification:
    """A notification that is to be stored."""

    id: int
    user_id: str
    hook_id: str
    subscription_id: str | None
    event_id: str | None
    event_name: str | None
    event_version: str | None
    link: str | None
    headers: str  # JSON object: lower-case names, secrets redacted
    body: bytes  # as received
    signature: Signature
    sent_at: int | None  # ms, by the sender's timestamp header
    entity_status: EntityStatus
    received_at: int | None = None  # ms; None: the time that its id holds
    erases: str | None = None  # id of the candidate that it says was deleted: their data is erased

    @property
    def received_ms(self) -> int:
        return ids.received_ms(self.id) if self.received_at is None else self.received_at


class Stored(NamedTuple):
    id: int
    duplicate: bool  # a re-delivery of the notification with this id


@dataclass(kw_only=True)  # a frozen one takes four times as long to make
class Notification:
    id: int
    rev: int  # rises with each change: the cursor of the live page
    first_rev: int  # the one it was stored with
    user_id: str
    hook_id: str
    subscription_id: str | None
    event_id: str | None
    event_name: str | None
    event_version: str | None
    link: str | None
    signature: Signature
    sent_at: int | None
    deliveries: int
    last_delivery_at: int
    entity_status: EntityStatus
    entity_at: int | None
    entity_error: str | None
    title: str | None  # whom or what it is about, read from the entity
    changes: str | None  # JSON list of {"field", "before", "now"} against the previous fetch
    headers_json: str
    body: bytes
    entity: bytes | None  # the entity's JSON as the service sent it
    received_at: int  # ms
    is_backfilled: bool = False  # taken from the callbacks log: the service's call never arrived

    @computed_once
    def public_id(self) -> str:
        return ids.encode_id(self.id)

    @property
    def size(self) -> int:
        """Bytes of what may be large."""
        entity = len(self.entity or b"") + len(self.changes or "")
        return len(self.body) + len(self.headers_json) + entity

    @property
    def erased(self) -> bool:
        """Whether its content was erased, as it was about a candidate: an empty entry remains."""
        return self.title == ERASED and not self.body and self.link is None

    @computed_once
    def headers(self) -> dict[str, str]:
        headers: dict[str, str] = json.loads(self.headers_json)
        return headers

    @property
    def is_test(self) -> bool:
        """Whether srhooks itself sent it as a test: no entity is fetched, nothing is erased."""
        return TEST_HEADER in self.headers_json and self.headers.get(TEST_HEADER) == TEST_VERIFIED

    @computed_once
    def body_value(self) -> Any:
        return self._parsed(self.body)

    @computed_once
    def entity_value(self) -> Any:
        return None if self.entity is None else self._parsed(self.entity)

    @computed_once
    def _held(self) -> Containers:
        return []

    def _parsed(self, raw: bytes) -> Any:
        with holding(self._held):
            return parse_body(raw)

    @property
    def listed_changes(self) -> list[dict[str, Any]]:
        """What `changes` lists; what holds "state" tells where the entity stands, not a change."""
        try:
            listed = json.loads(self.changes or "[]")
        except ValueError:
            return []
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

    def forget_values(self) -> None:
        """Free what was parsed, in parts. What is large takes long: so in a thread."""
        for name in ("body_value", "entity_value"):
            self.__dict__.pop(name, None)
        free(self._held)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a feed, newest first."""

    found: list[Notification]
    reached: int | None  # when time ran out: ids below this one were not searched yet


@dataclass(frozen=True, slots=True)
class Delivery:
    at: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that was asked for and is not finished."""

    user_id: str
    candidate_id: str  # or WHOLE_ACCOUNT
    at: int  # ms, when it was asked for
    rev: int  # the user's notifications are looked through up to this change


class NamedSubjects(NamedTuple):
    """What a notification names, as digests, for the index."""

    notification_id: int
    rev: int  # of the notification as it was read
    subjects: frozenset[bytes]
    title: str | None = None  # that it gets, composed of known names; None: as it is


class SubjectName(NamedTuple):
    """The name of a thing (a candidate, a job) when it was last read."""

    subject: bytes  # digest
    kind: str
    id: str
    name: str
    notification_id: int  # that told it


class NameRequest(NamedTuple):
    """A thing whose name has to be fetched from the service for a user."""

    user_id: str
    thing: SubjectName  # its name is empty so far


class EntityJob(NamedTuple):
    """An entity to fetch for a user; all pending notifications with this link wait for it."""

    user_id: str
    link: str
    newest_id: int  # of the notifications that wait; what comes later may mean a later state
    attempts: int


@dataclass(frozen=True, slots=True)
class Timing:
    """The times (ms) of a notification on its way; None where it is not known or not done."""

    received_at: int
    sent_at: int | None
    fetched_at: int | None


@dataclass(frozen=True, slots=True)
class ProblemCounts:
    """Counts of problems that a person should look at."""

    counts: Mapping[str, int]  # by verdict (invalid, unverifiable) and entity (failed, refused)
    pending: int  # entities that wait to be fetched
    pending_since: int | None  # ms
