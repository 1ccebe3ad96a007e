"""What the pages say about a notification, in words."""

from collections import Counter
from collections.abc import Mapping, Sequence

from srhooks.domain.models import Hook, Notification
from srhooks.protocol.event_catalog import EVENT_TYPES
from srhooks.protocol.event_types import FAMILIES, KNOWN, family

MAX_TITLE = 200

WINDOW_NAMES = {
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
}
SIGNATURE_TEXTS = {
    "valid": "SmartRecruiters sent this: the signature matches a key of this address.",
    "invalid": "The signature matches no key of this address. Somebody else may have sent this, "
    "or it was changed on the way. Its link was not followed.",
    "unsigned": "The request has no signature. Anyone who knows the address could have sent it.",
    "unverifiable": "The request is signed, but no signing key is known for this address. "
    "Rotate the key of the subscription to get one.",
}
SIGNATURE_NAMES = {
    "valid": "signature valid",
    "invalid": "signature does not match",
    "unsigned": "not signed",
    "unverifiable": "signing key unknown",
}
SIGNATURE_TONES = {"valid": "good", "invalid": "bad", "unsigned": "", "unverifiable": "warn"}
ENTITY_TONES = {
    "pending": "",
    "fetched": "good",
    "gone": "warn",
    "failed": "bad",
    "refused": "bad",
    "none": "",
}
ENTITY_NAMES = {
    "pending": "loading details",
    "fetched": "details loaded",
    "gone": "deleted in SmartRecruiters",
    "failed": "details not loaded",
    "refused": "not looked up",
    "none": "no link",
}
ENTITY_TEXTS = {
    "pending": "Being loaded from SmartRecruiters.",
    "fetched": "As they were when the link was followed, not when the event happened.",
    "gone": "SmartRecruiters answered that it no longer exists.",
    "failed": "They could not be loaded.",
    "refused": "The link was not followed.",
    "none": "The notification has no link that could be followed.",
}
# The log of the service has the notification, but not the record as it was then.
BACKFILLED_TEXT = (
    "As they are now, not as they were then: they were loaded when the notification was backfilled."
)


def event_words(event_name: str | None) -> str:
    """`application.status.updated` in words: "Application status updated"."""
    words = clip(event_name or "", MAX_TITLE).replace(".", " ").replace("-", " ").split()
    text = " ".join(words)
    return text[:1].upper() + text[1:] if text else "Notification without an event name"


def event_text(event_name: str) -> str:
    """What this event sends you, as a sentence."""
    event = EVENT_TYPES.get(event_name)
    return event.text if event is not None else "Sends a link to what changed."


def title_of(n: Notification) -> str:
    """The first thing of a row: whom or what it is about, else what is known."""
    if n.title:
        return clip(n.title, MAX_TITLE)
    if n.entity_status == "refused" and n.signature != "valid":
        return (
            "Not from SmartRecruiters: the signature does not match"
            if n.signature == "invalid"
            else "Unverified sender"
        )
    if n.entity_status == "pending":
        return "Loading details…"
    kind = family(n.event_name)
    return f"{kind.capitalize()} without a name" if kind != "other" else "Without a name"


def hook_labels(hooks: Sequence[Hook]) -> dict[str, str]:
    """A name for each subscription that has a hook; those alike are told apart by their ids."""
    bound = [hook for hook in hooks if hook.subscription_id is not None]
    plain = Counter(hook.label for hook in bound)
    labels = {}
    for hook in bound:
        subscription_id = hook.subscription_id or ""
        is_called = hook.name is not None or bool(hook.event_names)
        text = hook.label if is_called else subscription_id
        if is_called and plain[hook.label] > 1:
            text += f" (…{subscription_id[-4:]})"
        labels[subscription_id] = text + (" (deleted)" if hook.deleted_at is not None else "")
    return labels


def family_title(name: str) -> str:
    return name.capitalize() if name in FAMILIES else "Other"


def unknown_events(counted: Mapping[str, int]) -> list[str]:
    """Those among the counted events that no family lists: new ones of the service."""
    return sorted(name for name in counted if name and name not in KNOWN)


def clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
