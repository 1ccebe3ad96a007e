"""Summarise an entity: its title, and the differences between two of its states.

Entities come from outside, so everything is bounded: values compared, changes listed, characters
of each. Comparing takes a few seconds at most, in a thread, and a few milliseconds as a rule.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from srhooks.domain.common_prefix import common_length
from srhooks.domain.json_writing import dumps
from srhooks.domain.subjects import MAX_TITLE, person_name
from srhooks.entities.list_diff import Effort, Pair, aligned, ids_of_both, is_reordered

MAX_CHANGES = 50
MAX_VALUE = 200  # characters of a value before and after
# What a list tells of an entity whose earlier state is not known: where it stands now.
STATE_FIELDS = (
    "status", "subStatus", "onboardingStatus", "postingStatus", "rating", "source.sourceId",
    "candidateStatus", "decision",
)  # fmt: skip
MAX_VISITS = 5000  # pairs of values that differ
CONTEXT = 40  # characters shown before the first difference of two long texts
NOISE = ("updatedOn", "lastActivityOn", "actions")  # change with everything, say nothing
NAME_FIELDS = ("name", "title", "label", "fullName", "email")


class _Absent:
    """Not set: other than null."""


ABSENT = _Absent()


def title(entity: Any) -> str | None:
    """A sentence's subject such as "Grace Ito · Senior Data Engineer", from whatever is there."""
    if not isinstance(entity, dict):
        return None
    person = person_name(entity) or person_name(entity.get("candidate"))
    job = _text(entity, "title", "jobTitle") or _text(entity.get("job"), "title", "name")
    reviewer = person_name(entity.get("reviewer")) or person_name(entity.get("author"))
    name = _text(entity, "name", "subject")
    parts = [part for part in (person, job or name) if part]
    if reviewer:
        parts.append(f"review by {reviewer}" if parts else f"Review by {reviewer}")
    return " · ".join(parts)[:MAX_TITLE] or None


def changes(before: Any, now: Any) -> list[dict[str, Any]]:
    """What differs, as {"field", "before", "now"}; None where not set, or null.

    Numbers and booleans are given as such, the rest as texts; what would look alike then is JSON.

    `field` is a dotted path, empty for the value as a whole. Elements of lists are found again by
    their id, else by the longest common part of both lists; a place in a path is the one now, or
    the one before for what was removed. One that was added or removed as a whole is one change,
    and so is another order. The type counts: `"1"`, 1 and true differ, 1 and 1.0 do not.
    """
    found: list[dict[str, Any]] = []
    effort = Effort()
    stack: list[Iterator[Step]] = [iter([("", before, now)])]
    visits = 0
    while stack and len(found) < MAX_CHANGES and visits < MAX_VISITS:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            continue
        path, old, new = step
        if _same(old, new, effort):
            continue
        visits += 1
        if effort.is_exhausted:
            break
        if isinstance(old, dict) and isinstance(new, dict):
            stack.append(_of_objects(path, old, new))
        elif isinstance(old, list) and isinstance(new, list):
            ids = ids_of_both(old, new)
            if ids is not None and is_reordered(*ids):
                found.append(_change(path, _order(old), _order(new)))
            stack.append(_of_lists(path, aligned(old, new, ids, effort)))
        elif isinstance(old, dict) and old and new is ABSENT:
            stack.append(_of_objects(path, old, {}))
        elif isinstance(new, dict) and new and old is ABSENT:
            stack.append(_of_objects(path, {}, new))
        else:
            found.append(_change(path, *_shown(old, new)))
    if effort.is_exhausted and not found:
        return _first_difference(before, now)
    return found


def _first_difference(before: Any, now: Any) -> list[dict[str, Any]]:
    """Of values that are too large to be walked through, by their texts."""
    old, new = _shown(before, now)
    return [_change("", old, new)] if old != new else []


def state(entity: Any) -> list[dict[str, Any]]:
    """The entity's current state, as {"field", "now", "state": true}: shown like a change."""
    found = []
    for path in STATE_FIELDS:
        value = entity
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            found.append({"field": path, "now": _cut(_as_text(value), 0), "state": True})
    return found


Step = tuple[str, Any, Any]


def _of_objects(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Step]:
    head = f"{path}." if path else ""
    for key in [*old, *(key for key in new if key not in old)]:
        if key not in NOISE:
            yield f"{head}{key}", old.get(key, ABSENT), new.get(key, ABSENT)


def _of_lists(path: str, pairs: Iterable[Pair]) -> Iterator[Step]:
    head = f"{path}." if path else ""
    for pair in pairs:
        if pair.before is None and pair.now is not None:
            yield f"{head}{pair.place}", ABSENT, _Whole(pair.now[0])
        elif pair.now is None and pair.before is not None:
            yield f"{head}{pair.place}", _Whole(pair.before[0]), ABSENT
        elif pair.before is not None and pair.now is not None:
            yield f"{head}{pair.place}", pair.before[0], pair.now[0]


class _Whole:
    """An element that was added or removed: shown in one line, however large it is."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _same(old: Any, new: Any, effort: Effort) -> bool:
    """Compare value by value: the operator would keep the interpreter's lock for large ones.

    False also when the effort is exhausted.
    """
    stack: list[Iterator[tuple[Any, Any]]] = [iter([(old, new)])]
    while stack and not effort.is_exhausted:
        pair = next(stack[-1], None)
        if pair is None:
            stack.pop()
            continue
        effort.steps += 1
        one, other = pair
        if isinstance(one, dict) and isinstance(other, dict) and len(one) == len(other):
            stack.append(_by_name(one, other))
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            stack.append(zip(one, other, strict=True))
        elif isinstance(one, dict | list) or not _is_same_leaf(one, other):
            return False
    return not stack


def _by_name(one: dict[str, Any], other: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    return ((value, other.get(name, ABSENT)) for name, value in one.items())


def _is_same_leaf(old: Any, new: Any) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if isinstance(old, int | float) and isinstance(new, int | float):
        return old == new
    return type(old) is type(new) and bool(old == new)


def _change(path: str, before: Any, now: Any) -> dict[str, Any]:
    return {"field": path, "before": before, "now": now}


def _shown(old: Any, new: Any) -> tuple[Any, Any]:
    """Both values, texts cut so that their first difference is visible."""
    before, now = _as_text(old), _as_text(new)
    if before != now:
        kept = _kept(old, before), _kept(new, now)
        if kept[0] != kept[1]:
            before, now = kept
    if before == now:  # another type: JSON tells them apart
        before, now = _as_json(old), _as_json(new)
    start = 0
    if isinstance(before, str) and isinstance(now, str) and max(len(before), len(now)) > MAX_VALUE:
        start = max(0, common_length(before, now) - CONTEXT)
    return _cut(before, start), _cut(now, start)


def _kept(value: Any, text: str | None) -> Any:
    """The value itself where it is a number, a boolean or null; else the text."""
    if value is None:
        return None
    is_plain = isinstance(value, int | float) and len(text or "") <= MAX_VALUE
    return value if is_plain else text


def _cut(text: Any, start: int) -> Any:
    if not isinstance(text, str) or len(text) <= MAX_VALUE:
        return text
    begin = "…" if start else ""
    rest = text[start:]
    room = MAX_VALUE - len(begin)
    return begin + (rest if len(rest) <= room else rest[: room - 1] + "…")


def _as_text(value: Any) -> str | None:
    if isinstance(value, _Whole):
        return _name_of(value.value)
    return value if isinstance(value, str) else _as_json(value)


def _as_json(value: Any) -> str | None:
    if value is ABSENT:
        return None
    if isinstance(value, _Whole):
        value = value.value
    return dumps(value, ensure_ascii=False)


def _name_of(value: Any) -> str:
    """An element of a list in one line: "Ada Moss (u0)" where it has a name and an id."""
    if isinstance(value, str):
        return value
    name = person_name(value) or title(value) or _text(value, *NAME_FIELDS)
    number = value.get("id") if isinstance(value, dict) else None
    if name is not None and isinstance(number, str | int):
        return f"{name} ({number})"
    return dumps(value, ensure_ascii=False)


def _order(elements: list[Any]) -> str:
    """Elements of a list in their order, in one line."""
    text = ", ".join(_name_of(element) for element in elements[: MAX_VALUE // 2])
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


def _text(value: Any, *names: str) -> str | None:
    if not isinstance(value, dict):
        return None
    for name in names:
        text = value.get(name)
        if isinstance(text, str) and text.strip():
            return text.strip()
    return None
