"""The addresses of timelines: of one thing, and of what a notification is about."""

from srhooks.domain.models import Notification, SubjectName
from srhooks.domain.subjects import KINDS, Subject, story_of
from srhooks.web.presentation.template_filters import quoted

KIND_TITLES = {"onboarding": "Onboarding", **{kind: kind.capitalize() for kind in KINDS}}


def subject_url(subject: Subject | SubjectName) -> str:
    return f"/entities/{subject.kind}/{quoted(subject.id)}"


def story_url(n: Notification) -> str | None:
    """The timeline of the candidate, else of the job or other thing that it is about."""
    subject = story_of(n)
    return None if subject is None else subject_url(subject)


def kind_title(kind: str) -> str:
    return KIND_TITLES.get(kind, kind.capitalize())
