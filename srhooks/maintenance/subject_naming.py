"""Titles of notifications whose entity has no name: the names of the candidate and job in it."""

import re
from collections.abc import Mapping

from srhooks.domain.models import Notification
from srhooks.domain.subjects import CANDIDATE, MAX_TITLE, NEW_HIRE, Subject, Subjects

JOB_KINDS = ("job", "position")  # are headed by the job alone, whoever else is named
ASKED_FOR = ("offer", "review", "interview", "onboarding")  # events, also where these are refused
PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")  # what may stand in an address that is asked for
# What is called by its candidate and job, as far as these are known.
DERIVED = ("application", "offer", "interview", "review", "onboarding")


def composed_title(subjects: Subjects, names: Mapping[Subject, str]) -> str | None:
    """Such as "Grace Ito · Senior Data Engineer"; None where no name is known."""
    job = _only_name(subjects, names, ("job",))
    if subjects.main is not None and subjects.main.kind in JOB_KINDS:
        return job
    person = _only_name(subjects, names, (CANDIDATE, NEW_HIRE))
    if person is None:
        derived = next(
            (name for kind in DERIVED if (name := _only_name(subjects, names, (kind,)))), None
        )
        if derived is not None:
            return derived
    return " · ".join(part for part in (person, job) if part)[:MAX_TITLE] or None


def derived_names(subjects: Subjects, title: str | None) -> dict[Subject, str]:
    """What goes by the same title: the one application, offer or review that is named."""
    names: dict[Subject, str] = {}
    for kind in DERIVED if title else ():
        named = [subject for subject in subjects.named if subject.kind == kind]
        if len(named) == 1:
            names[named[0]] = title or ""
    return names


def better_title(before: str | None, composed: str | None) -> str | None:
    """The composed one where it says more; what the entity itself is called stays."""
    if composed is None or composed == before:
        return None
    return composed if before is None or before in composed.split(" · ") else None


def names_to_request(
    n: Notification, subjects: Subjects, names: Mapping[Subject, str]
) -> set[Subject]:
    """The candidate and the job whose names the service could still tell.

    What the notification's own link leads to was just asked for.
    """
    family = (n.event_name or "").partition(".")[0]
    if n.entity_status != "fetched" and not (n.entity_status == "failed" and family in ASKED_FOR):
        return set()
    wanted = set()
    for kind in (CANDIDATE, "job"):
        named = [subject for subject in subjects.named if subject.kind == kind]
        is_told = len(named) == 1 and (named[0] in names or named[0] == subjects.main)
        if len(named) == 1 and not is_told and PLAIN_ID.fullmatch(named[0].id):
            wanted.add(named[0])
    return wanted


def may_get_names(n: Notification, keyed_hooks: set[str]) -> bool:
    """Whether names are looked up for it: not for tests of ours, and not for forged ones."""
    if n.is_test or n.entity_status == "refused":
        return False
    return is_trusted(n, keyed_hooks)


def is_trusted(n: Notification, keyed_hooks: set[str]) -> bool:
    """Whether it was signed, or its hook has no key to sign with; `keyed_hooks` have one."""
    return n.signature == "valid" or (n.signature == "unsigned" and n.hook_id not in keyed_hooks)


def _only_name(
    subjects: Subjects, names: Mapping[Subject, str], kinds: tuple[str, ...]
) -> str | None:
    """The name of the one of these kinds; None where there are several, or none is known."""
    called = {
        names[subject] for subject in subjects.named if subject.kind in kinds and subject in names
    }
    return called.pop() if len(called) == 1 else None
