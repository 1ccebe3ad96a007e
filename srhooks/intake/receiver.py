"""Receive a notification: verify it, decide whether to follow its link, store it, announce it."""

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Protocol

from multidict import CIMultiDictProxy
from yarl import URL

from srhooks.domain.clean_text import clean_text
from srhooks.domain.clock import now_ms
from srhooks.domain.json_values import parse_body
from srhooks.domain.models import (
    REDACTED,
    TEST_HEADER,
    TEST_VERIFIED,
    EntityJob,
    EntityStatus,
    NewNotification,
    Notification,
    Signature,
    Stored,
)
from srhooks.domain.subjects import CANDIDATE_DELETED, deleted_candidate
from srhooks.hub import Event, Hub
from srhooks.intake.hook_cache import HookDirectory, HookEntry
from srhooks.intake.test_proof import TestProof
from srhooks.protocol.link_header import find_link
from srhooks.protocol.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, matching_key
from srhooks.server.heavy_work import VERY_LARGE, run_heavy
from srhooks.store import Store

log = logging.getLogger(__name__)

NOT_A_TEST = "[not from srhooks]"  # stored in place of a test's proof that is wrong
MAX_LINK = 2000  # bytes: an index of PostgreSQL takes no more. A longer one is not followed
UNESCAPED = bytes(set(range(0x20, 0x7F)) - set(b'"\\'))  # JSON holds them as they are (RFC 8259, 7)
MAX_FIELD = 500  # characters of event-id, event-name and event-version that are kept
MAX_TIMESTAMP = 253_402_300_799  # seconds: the end of the year 9999


class Fetcher(Protocol):
    def wake(self, user_id: str, fresh: EntityJob | None = None) -> None: ...


class Eraser(Protocol):
    def wake(self) -> None: ...


class Intake:
    def __init__(
        self, store: Store, hooks: HookDirectory, hub: Hub, fetcher: Fetcher, api_url: str,
        eraser: Eraser | None = None, tests: TestProof | None = None,
    ) -> None:  # fmt: skip
        """With an `eraser`, a trustworthy `candidate.deleted` has the candidate's data erased."""
        self._store = store
        self._hooks = hooks
        self._hub = hub
        self._fetcher = fetcher
        self._api_url = URL(api_url)
        self._eraser = eraser
        self._tests = tests

    async def receive(
        self, entry: HookEntry, headers: dict[str, str], body: bytes, deadline: float | None = None
    ) -> tuple[NewNotification, Stored]:
        """Store one notification. Raises StoreUnavailableError; when it returns, it is safe.

        `headers` are as `joined_headers` makes them, `deadline` is of domain/deadline.py.
        """
        signature = _verdict(entry, headers, body)
        if signature == "invalid":  # there may be a newer key
            signature = await self._second_verdict(entry, headers, body, deadline)
        new = await self._read(entry, headers, body, signature)
        stored = await self._store.add_notification(new, deadline)
        self._announce(new, stored)
        return new, stored

    async def backfill(self, entry: HookEntry, headers: dict[str, str], body: bytes) -> Stored:
        """Store a notification from the callbacks log, marked as backfilled.

        A signature by any key that the hook ever had is valid, however old it is.
        Raises StoreUnavailableError.
        """
        signature = _verdict(entry, headers, body)
        if signature == "invalid":
            keys = [key.text for key in entry.keys]
            if matching_key(keys, headers, body, headers[SIGNATURE_HEADER]) is not None:
                signature = "valid"
            else:
                signature = await self._second_verdict(entry, headers, body, None)
        new = await self._read(entry, headers, body, signature)
        await self._store.mark_backfilled(new.user_id, new.id)
        stored = await self._store.add_notification(new)
        if stored.id != new.id:  # merged with one that had come, or stored under another id
            await self._store.unmark_backfilled(new.id)
            if not stored.duplicate:
                await self._store.mark_backfilled(new.user_id, stored.id)
        self._announce(new, stored)
        return stored

    def _announce(self, new: NewNotification, stored: Stored) -> None:
        """Announce a stored notification to pages, the entity fetcher and the eraser."""
        self._hub.publish(new.user_id, Event("notification"))
        if new.entity_status == "pending" and new.link and not stored.duplicate:
            job = EntityJob(new.user_id, new.link, stored.id, attempts=0)
            self._fetcher.wake(new.user_id, job)
        if self._eraser and new.erases is not None:
            self._eraser.wake()

    async def _read(
        self, entry: HookEntry, headers: dict[str, str], body: bytes, signature: Signature
    ) -> NewNotification:
        hook = entry.hook
        event_name = field_of(headers, "event-name")
        is_test = False
        if TEST_HEADER in headers:
            is_test = self._tests is not None and self._tests.is_right(hook.id, headers, body)
            headers = {**headers, TEST_HEADER: TEST_VERIFIED if is_test else NOT_A_TEST}
        target, status = self._decide(headers.get("link"), signature, entry)
        stamp = self._store.next_stamp()
        new = NewNotification(
            id=stamp.id,
            received_at=stamp.received_at,
            user_id=hook.user_id,
            hook_id=hook.id,
            subscription_id=hook.subscription_id,
            event_id=event_id_of(headers),
            event_name=event_name,
            event_version=field_of(headers, "event-version"),
            link=target,
            headers=json_of(redacted(headers, hook.auth_header)),
            body=body,
            signature=signature,
            sent_at=sent_at(headers),
            entity_status=status,
        )
        if (
            self._eraser
            and event_name == CANDIDATE_DELETED
            and not is_test
            and _is_trusted(signature, entry)
        ):
            # Never behind what takes seconds: the sender waits.
            size = min(len(body), VERY_LARGE)
            new.erases = await run_heavy(size, _deleted, body, target)
        return new

    async def process_again(self, entry: HookEntry, n: Notification) -> bool:
        """Verify a notification again and, if its link may be followed, fetch its entity again.

        A verdict of `valid` stays: the key may have expired since. The others are judged by the
        keys that counted when it came in. False when there is nothing left to process: erased.
        """
        if n.erased:
            return False
        signature = n.signature
        given = n.headers.get(SIGNATURE_HEADER, "")
        if signature in {"invalid", "unverifiable"}:
            await self._hooks.ask_for_newer_key(entry)
            keys = [key.text for key in entry.keys if key.counts(n.received_at)]
            if matching_key(keys, n.headers, n.body, given) is not None:
                signature = "valid"
            elif entry.keys:
                signature = "invalid"
        target, status = self._decide(n.headers.get("link"), signature, entry)
        await self._store.process_again(n.user_id, n.id, signature, target, status, now_ms())
        self._hub.publish(n.user_id, Event("notification"))
        if status == "pending":
            self._fetcher.wake(n.user_id)
        return True

    async def _second_verdict(
        self, entry: HookEntry, headers: Mapping[str, str], body: bytes, deadline: float | None
    ) -> Signature:
        """Verify again with a newer key from the service, where there is one."""
        if await self._hooks.ask_for_newer_key(entry, deadline):
            verdict = _verdict(entry, headers, body)
            if verdict == "valid":
                return verdict
        return "invalid" if entry.keys else "unverifiable"

    def _decide(
        self, header: str | None, signature: Signature, entry: HookEntry
    ) -> tuple[str | None, EntityStatus]:
        """Return the link's target and the entity's first status."""
        link = find_link(header, self._api_url) if header else None
        if link is None:
            return None, "none"
        target = clean_text(link.target)  # bytes that are not UTF-8 are surrogates in a header
        if len(target) > MAX_LINK or not target.isascii():
            short = target.encode()[:MAX_LINK].decode(errors="ignore")
            if short != target:
                return short, "refused"
        return target, "pending" if link.followable and _is_trusted(signature, entry) else "refused"


def _deleted(body: bytes, link: str | None) -> str | None:
    return deleted_candidate(parse_body(body), link)


def _verdict(entry: HookEntry, headers: Mapping[str, str], body: bytes) -> Signature:
    given = headers.get(SIGNATURE_HEADER, "")
    if not given.strip():
        return "unsigned"
    fits = matching_key(entry.live_keys(), headers, body, given) is not None
    return "valid" if fits else "invalid"


def _is_trusted(signature: Signature, entry: HookEntry) -> bool:
    """Whether it was signed, or the hook has no key to sign with."""
    return signature == "valid" or (signature == "unsigned" and not entry.has_key)


def joined_headers(received: CIMultiDictProxy[str]) -> dict[str, str]:
    """Lower-case names, repeated ones joined with `, ` (RFC 9110, 5.3)."""
    headers = {name.lower(): value for name, value in received.items()}
    if len(headers) < len(received):
        headers = {name: ", ".join(received.getall(name)) for name in headers}
    return headers


def json_of(headers: dict[str, str]) -> str:
    """As `json.dumps`, in half its time where nothing has to be escaped, as nearly always."""
    text = '", "'.join(map('": "'.join, headers.items()))
    marks = 4 * len(headers) - 2  # of the object itself
    if text.isascii() and len(text.encode().translate(None, UNESCAPED)) == marks:
        return f'{{"{text}"}}'
    return json.dumps(headers)


def redacted(headers: dict[str, str], auth_header: str | None) -> dict[str, str]:
    if auth_header not in headers and "authorization" not in headers:
        return headers
    secret = {"authorization", auth_header}
    return {name: REDACTED if name in secret else value for name, value in headers.items()}


def sent_at(headers: Mapping[str, str]) -> int | None:
    """The time of the header smartrecruiters-timestamp in ms; None when absent or out of range."""
    value = headers.get(TIMESTAMP_HEADER, "").strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 12):
        return None
    seconds = int(value)
    return seconds * 1000 if seconds <= MAX_TIMESTAMP else None


def field_of(headers: Mapping[str, str], name: str) -> str | None:
    value = headers.get(name)
    return clean_text(value)[:MAX_FIELD] if value else None


def event_id_of(headers: Mapping[str, str]) -> str | None:
    """The event id; of one over MAX_FIELD the beginning and a digest, so that two stay distinct."""
    value = headers.get("event-id")
    if not value or len(value) <= MAX_FIELD:
        return field_of(headers, "event-id")
    digest = hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
    return clean_text(value)[: MAX_FIELD - len(digest) - 1] + "…" + digest
