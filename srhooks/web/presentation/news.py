"""The change that a row of the list shows: the field of its event, and how many others changed."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from srhooks.domain.models import Notification

MAX_VALUE = 500  # characters
# Which fields an event is about, the first that is there. The longest beginning of a name counts.
MAIN_FIELDS = {
    "": ("status", "postingStatus"),
    "application.": ("status", "subStatus"),
    "application.onboarding-status.": ("onboardingStatus",),
    "application.source.": ("source.sourceId", "source.label", "source"),
    "application.fields.": (),
    "application.attachment.": (),
    "application.screening-answers.": (),
    "candidate.": (),
    "job.hiring-team.": (),
    "job.ad.": ("postingStatus", "status"),
    "review.": ("rating", "status"),
    "interview.": ("status", "candidateStatus"),
}
ENUM = re.compile(r"[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*")
WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    before: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class News:
    """`before` is None on first sight, `field` where the values speak for themselves."""

    field: str | None
    before: str | None
    now: str
    more: int  # other fields that changed


def changes_of(n: Notification) -> list[Change]:
    """What changed against the previous fetch of the same entity."""
    return [
        Change(str(item.get("field", "")), _text(item.get("before")), _text(item.get("now")))
        for item in n.listed_changes
        if not item.get("state")
    ]


def news_of(n: Notification) -> News | None:
    """What the event is about, as far as it is known."""
    if not n.changes:
        return None
    changes = changes_of(n)
    mains = _main_fields(n.event_name or "")
    for name in mains:
        for change in changes:
            if change.field == name:
                return _news(change, None, len(changes) - 1)
    state = {
        str(item.get("field")): item.get("now") for item in n.listed_changes if item.get("state")
    }
    if n.entity_status == "fetched" and not _is_about_fields(n.event_name or ""):
        for name in mains:
            if name in state:
                now = value_words(_text(state[name]) or "")
                return News(None, None, now, len(changes))
    if changes:
        return _news(changes[0], field_words(changes[0].field), len(changes) - 1)
    return None


def value_words(value: str) -> str:
    """`IN_REVIEW` in words: "In review"; of a record its label; anything else as it is."""
    if value.startswith("{"):
        return _label(value) or value
    if value == "null":
        return "not set"
    is_code = "_" not in value and len(value) < 4 and value != "NEW"  # of a currency, a country
    if is_code or ENUM.fullmatch(value) is None:
        return value
    return value.replace("_", " ").capitalize()


def _label(text: str) -> str | None:
    """What a record such as `{"id": "other", "label": "Not a match"}` calls itself, if it does."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):  # it was cut, or is deep
        return None
    label = record.get("label")
    return label if isinstance(label, str) and label else None


@lru_cache(maxsize=1024)
def field_words(path: str) -> str:
    """`location.countryCode` in words: "Location country code"; places in lists are left out."""
    names = [name for name in path.split(".") if not name.isdigit()]
    words = " ".join(WORD_START.sub(" ", name).replace("_", " ") for name in names).lower()
    return words[:1].upper() + words[1:]


def _news(change: Change, field: str | None, more: int) -> News:
    before = None if change.before is None else value_words(change.before)
    return News(field, before, "not set" if change.now is None else value_words(change.now), more)


@lru_cache(maxsize=1024)
def _main_fields(event_name: str) -> tuple[str, ...]:
    return MAIN_FIELDS[max((head for head in MAIN_FIELDS if event_name.startswith(head)), key=len)]


def _is_about_fields(event_name: str) -> bool:
    """Whether the event says that some field changed, whichever it is."""
    return event_name.endswith(".updated") and event_name.count(".") == 1


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
