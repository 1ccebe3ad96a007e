"""What the tests of the store put into it."""

from dataclasses import replace
from typing import Any

from srhooks.domain.account import SealedCredential, User
from srhooks.domain.models import (
    NewNotification,
)
from srhooks.store import Store

TOKENS = SealedCredential(b"access", b"refresh", 2_000, 1_800_000, dead=False)


def person(number: int = 1) -> User:
    return User(
        f"u{number}", f"sr{number}", "Ada Novak", "ada@example.com", grant_dead=False,
        created_at=1, seen_at=1,
    )  # fmt: skip


def notification(store: Store, **changes: Any) -> NewNotification:
    new = NewNotification(
        id=store.next_id(), user_id="u1", hook_id="h1", subscription_id="s1", event_id=None,
        event_name="job.created", event_version="v1", link="https://api.test/jobs/1",
        headers='{"event-name": "job.created"}', body=b'{"id": "1"}', signature="valid",
        sent_at=None, entity_status="pending",
    )  # fmt: skip
    return replace(new, **changes)


async def add(store: Store, **changes: Any) -> int:
    return (await store.add_notification(notification(store, **changes))).id
