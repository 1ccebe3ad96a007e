"""Explain the verdict on a signature in words: what was signed, with which key, and when."""

from typing import Any

from srhooks.domain import clock
from srhooks.domain.models import Notification
from srhooks.intake.hook_cache import HookEntry, KnownKey
from srhooks.protocol.signature import SIGNATURE_HEADER, ambiguity, canonical, matching_key

STALE = 300.0  # seconds between sending and receipt beyond which a replay is suspected


def verdict(entry: HookEntry | None, n: Notification) -> dict[str, Any]:
    """For the page of a notification. The key is looked for among all that were ever known."""
    keys = entry.keys if entry is not None else []
    given = n.headers.get(SIGNATURE_HEADER, "")
    position = matching_key([key.text for key in keys], n.headers, n.body, given)
    skew = None if n.sent_at is None else (n.received_at - n.sent_at) / 1000
    return {
        "canonical": canonical(n.headers, n.body),
        "matched": None if position is None else _name(keys[position], n.received_at),
        "skew_s": skew,
        "stale": skew is not None and abs(skew) > STALE,
        "keys": len(keys),
        "ambiguity": ambiguity(n.headers) if given else None,
    }


def _name(key: KnownKey, received_at: int) -> str:
    name = f"the key of {clock.iso(key.created_at)}"
    if not key.counts(received_at):
        return f"{name}, which no longer counted: it had been replaced more than 24 hours before"
    if key.retired_at is not None and key.retired_at <= received_at:
        return f"{name}, which had been replaced and counted for 24 hours more"
    if key.created_at > received_at:
        return f"{name}, which was not known here yet"
    return name if key.retired_at is None else f"{name}, since replaced"
