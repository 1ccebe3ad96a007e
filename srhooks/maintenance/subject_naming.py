"""What a notification is headed by when its entity has no name: the names of what it names."""

from collections.abc import Mapping

from srhooks.domain.models import Notification
from srhooks.domain.subjects import CANDIDATE, NEW_HIRE, Subject, Subjects

MAX_TITLE = 160  # characters
# What is called by its candidate and job, as far as these are known.
DERIVED = ("application", "offer", "interview", "review", "onboarding")


def composed_title(found: Subjects, names: Mapping[Subject, str]) -> str | None:
    """Such as "Grace Ito · Senior Data Engineer"; None where no name is known."""
    person = _only_name(found, names, (CANDIDATE, NEW_HIRE))
    job = _only_name(found, names, ("job",))
    if person is None:
        derived = next(
            (name for kind in DERIVED if (name := _only_name(found, names, (kind,)))), None
        )
        if derived is not None:
            return derived
    return " · ".join(part for part in (person, job) if part)[:MAX_TITLE] or None


def derived_names(found: Subjects, title: str | None) -> dict[Subject, str]:
    """What goes by the same title: the one application, offer or review that is named."""
    names: dict[Subject, str] = {}
    for kind in DERIVED if title else ():
        named = [subject for subject in found.named if subject.kind == kind]
        if len(named) == 1:
            names[named[0]] = title or ""
    return names


def is_trusted(n: Notification, keyed_hooks: set[str]) -> bool:
    """Whether it comes from whom it says: no name is lent to a forged one."""
    if n.is_test or n.entity_status == "refused":
        return False
    return n.signature == "valid" or (n.signature == "unsigned" and n.hook_id not in keyed_hooks)


def _only_name(found: Subjects, names: Mapping[Subject, str], kinds: tuple[str, ...]) -> str | None:
    """The name of the one of these kinds; None where there are several, or none is known."""
    called = {names[one] for one in found.named if one.kind in kinds and one in names}
    return called.pop() if len(called) == 1 else None
