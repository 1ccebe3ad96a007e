"""What a person wants to read first: whom an entity is about, and what changed in it."""

import json
from typing import Any

MAX_TITLE = 160  # characters
MAX_CHANGES = 50
MAX_VALUE = 200  # characters of a value before and after
MAX_LEAVES = 5000  # of one entity
# What a list tells of an entity whose earlier state is not known: where it stands now.
STATE_FIELDS = (
    "status", "subStatus", "onboardingStatus", "postingStatus", "rating", "source.sourceId",
    "candidateStatus", "decision",
)  # fmt: skip
NOISE = ("updatedOn", "lastActivityOn", "actions")  # change with everything, say nothing


def title(entity: Any) -> str | None:
    """A sentence's subject such as "Grace Ito · Senior Data Engineer", from whatever is there."""
    if not isinstance(entity, dict):
        return None
    person = _person(entity) or _person(entity.get("candidate"))
    job = _text(entity, "title", "jobTitle") or _text(entity.get("job"), "title", "name")
    reviewer = _person(entity.get("reviewer")) or _person(entity.get("author"))
    name = _text(entity, "name", "subject")
    parts = [part for part in (person, job or name) if part]
    if reviewer:
        parts.append(f"review by {reviewer}")
    return " · ".join(parts)[:MAX_TITLE] or None


def changes(before: Any, now: Any) -> list[dict[str, Any]]:
    """The fields that differ, as {"field", "before", "now"} with texts; None where not set."""
    old, new = _leaves(before), _leaves(now)
    found = []
    for field in [*old, *(field for field in new if field not in old)]:
        if old.get(field) != new.get(field) and not _is_noise(field):
            found.append({"field": field, "before": old.get(field), "now": new.get(field)})
            if len(found) == MAX_CHANGES:
                break
    return found


def state(entity: Any) -> list[dict[str, Any]]:
    """Where it stands now, as {"field", "now", "state": true}: no change, but told in a list."""
    found = []
    for path in STATE_FIELDS:
        value = entity
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            found.append({"field": path, "now": _shown(value), "state": True})
    return found


def _is_noise(field: str) -> bool:
    return any(part in NOISE for part in field.split("."))


def _leaves(value: Any) -> dict[str, str | None]:
    """Each leaf by its path: `location.city`, `skills.0`."""
    found: dict[str, str | None] = {}
    stack: list[tuple[str, Any]] = [("", value)]
    while stack and len(found) < MAX_LEAVES:
        path, item = stack.pop()
        children: list[tuple[str, Any]] = []
        if isinstance(item, dict) and item:
            children = [(f"{path}.{key}" if path else str(key), one) for key, one in item.items()]
        elif isinstance(item, list) and item:
            children = [
                (f"{path}.{index}" if path else f"{index}", one) for index, one in enumerate(item)
            ]
        elif item is not None:
            found[path] = _shown(item)
        stack.extend(reversed(children))
    return found


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


def _person(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    names = [value.get("firstName"), value.get("lastName")]
    full = " ".join(name.strip() for name in names if isinstance(name, str) and name.strip())
    return full or None


def _text(value: Any, *names: str) -> str | None:
    if not isinstance(value, dict):
        return None
    for name in names:
        text = value.get(name)
        if isinstance(text, str) and text.strip():
            return text.strip()
    return None
