"""Which things of SmartRecruiters a notification names, by place: a candidate, a job, a review.

A text counts as a thing's id only where it stands as that id: in a field such as `candidate_id`,
as the `id` of a body or entity of that kind, or in an address as the piece after `candidates/`.
Source of the fields: the vendor's webhook payloads and entities (docs: smartrecruiters).

Things that stand together in one place belong together: the application of a body that has both
`candidate_id` and `application_id` is that candidate's. A place that names two candidates joins
nothing, since nobody can tell what belongs to whom.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, TypeGuard
from urllib.parse import unquote

from srhooks.domain.json_values import parse_body
from srhooks.domain.models import Notification
from srhooks.domain.text_parts import matches_in

MAX_ID = 200  # characters
MAX_SUBJECTS = 256  # that are told of one notification; `complete` is false beyond them
DISTINCTIVE = 8  # characters: a shorter value of an `x-` header is no id by itself
SMALL_BODY = 4096  # bytes
MAX_TITLE = 160  # characters

CANDIDATE = "candidate"
CANDIDATE_DELETED = "candidate.deleted"
NEW_HIRE = "new-hire"
HEADER_VALUE = "header-value"  # the whole value of an `x-` header: an id if it is one elsewhere
# Kinds with a page of their own.
KINDS = (
    "job", CANDIDATE, "application", "offer", "position", "review", "interview", "approval",
    "onboarding",
)  # fmt: skip
# What exactly one candidate has. Jobs, positions and approvals are shared.
PERSONAL = frozenset(
    {CANDIDATE, "application", "offer", "review", "interview", "onboarding", NEW_HIRE}
)
OBJECTS = {kind: kind for kind in KINDS} | {
    "newhire": NEW_HIRE, "onboardingprocess": "onboarding", "onboardingprocesse": "onboarding",
}  # fmt: skip
ID_FIELDS = {f"{name}id": kind for name, kind in OBJECTS.items()}
SEGMENTS = {f"{kind}s": kind for kind in KINDS} | {
    "new-hires": NEW_HIRE, "onboarding-processes": "onboarding", "onboarding": "onboarding",
    "onboardings": "onboarding",
}  # fmt: skip
SEGMENT = re.compile(rf"(?:^|[/=(])({'|'.join(SEGMENTS)})/([^/?#&=()\s,;<>\"']+)")
SEGMENT_HINT = re.compile(rf"(?:{'|'.join(SEGMENTS)})(?:/|%2[Ff])")
# In a text that is no JSON, or is cut off: `"candidate_id": "C"`, `candidate_id=C`.
RAW_FIELD = re.compile(
    rf"(?<![a-z])(({'|'.join(KINDS)}|new[_-]?hire|onboarding[_-]?process)[_-]?id)[\"']?\s{{0,9}}[:=]\s{{0,9}}[\"']?([^\s\"'&,;{{}}]{{1,200}})",
    re.IGNORECASE,
)
RAW_FIELD_HINT = re.compile(r"[iI\u0130\u0131][dD][\"']?\s{0,9}[:=]")
IN_BRACKETS = re.compile(r"\(([^()\s]{1,200})\)")
RAW_ID = re.compile(r"[\"']id[\"']\s{0,9}:\s{0,9}[\"']([^\"']{1,200})[\"']")
TOKEN = re.compile(r"[^\s<>\"'`]+")
# Set by proxies on the way: never a candidate's id, and different each time.
PROXY_HEADERS = ("x-forwarded", "x-real-ip", "x-request-id", "x-correlation-id", "x-amz", "x-b3-")


class Subject(NamedTuple):
    """One entity of SmartRecruiters that a notification names, by kind and id."""

    kind: str
    id: str


@dataclass(slots=True)
class Subjects:
    """The entities that one notification names."""

    named: set[Subject] = field(default_factory=set)
    groups: list[set[Subject]] = field(default_factory=list)  # of PERSONAL kinds, two or more
    titles: dict[Subject, str] = field(default_factory=dict)  # names of people, titles of jobs
    main: Subject | None = None  # what the link leads to, else what the body is about
    complete: bool = True  # false: more is named than MAX_SUBJECTS


# Stands in the index for a notification that names more than MAX_SUBJECTS: it must be read itself.
INCOMPLETE = Subject("incomplete", "")


def digest_of(user_id: str, subject: Subject) -> bytes:
    """16 bytes that stand for the thing among one user's: no id is readable in the index."""
    text = f"{subject.kind}\0{subject.id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16, key=user_id.encode()[:64]).digest()


def subjects_of(n: Notification, limit: int = MAX_SUBJECTS) -> Subjects:
    """What the notification names in body, headers, link, entity and changes.

    A verified test of ours and an erased notification name nothing.
    """
    subjects = Subjects()
    if n.is_test or n.erased:
        return subjects
    kind = event_kind(n.event_name)
    by_link = _pairs(n.link) if n.link else []
    walker = _Walker(subjects, limit)
    walker.name(by_link)
    parts = [
        set(by_link),
        walker.headers(n.headers),
        walker.value(n.body_value, kind),
        walker.value(n.entity_value, _entity_kind(n.entity_value, kind, n.link), has_titles=True),
    ]
    for part in (*parts, set().union(*parts)):
        walker.join(part)
    walker.changes(n.changes)
    subjects.main = _main_subject(n, kind, by_link)
    return subjects


def subjects_alone(n: Notification, limit: int = MAX_SUBJECTS) -> Subjects:
    """As `subjects_of`; then frees what was parsed, for a caller in a thread that reads no more."""
    subjects = subjects_of(n, limit)
    n.forget_values()
    return subjects


def with_timeline(subjects: Subjects) -> list[Subject]:
    """Those of KINDS, what it is about first, then by kind."""
    return sorted(
        (subject for subject in subjects.named if subject.kind in KINDS),
        key=lambda subject: (subject != subjects.main, KINDS.index(subject.kind), subject.id),
    )


def story_of(n: Notification) -> Subject | None:
    """The subject whose timeline a notification's page links to: the candidate, else the main one.

    Cheap, since each row of a list asks: a large body is not read for it.
    """
    if n.is_test:
        return None
    by_link = _pairs(n.link) if n.link else []
    candidate = next((subject for subject in by_link if subject.kind == CANDIDATE), None)
    if candidate is not None:
        return candidate
    body = n.body_value if len(n.body) <= SMALL_BODY else None
    if isinstance(body, dict):
        for name in ("candidate_id", "candidateId"):
            if _is_id(body.get(name)):
                return Subject(CANDIDATE, body[name])
    kind = event_kind(n.event_name)
    main = _main_of_body(body, kind) if kind else None
    return main or next((subject for subject in reversed(by_link) if subject.kind in KINDS), None)


def event_kind(event_name: str | None) -> str | None:
    """Of what kind the `id` in a body of this event is; None where it is of none of KINDS."""
    parts = (event_name or "").split(".")
    if parts[0] not in KINDS or len(parts) < 2 or (parts[0], parts[1]) == ("job", "ad"):
        return None
    return "approval" if parts[1] in {"approval", "approver"} else parts[0]


def link_kind(link: str | None) -> str | None:
    """Of what kind the thing at the link's end is: `application` at `/candidates/C/jobs/J`."""
    pieces = [piece for piece in re.split(r"[?#]", link or "")[0].split("/") if piece]
    if len(pieces) < 2 or pieces[-2] not in SEGMENTS:
        return None
    kind = SEGMENTS[pieces[-2]]
    if kind == "job" and len(pieces) >= 4 and pieces[-4] == "candidates":
        return "application"
    return kind


def deleted_candidate(body: Any, link: str | None) -> str | None:
    """Whom a `candidate.deleted` is about, by its parsed body, else by its link."""
    if isinstance(body, dict):
        for name in ("candidate_id", "candidateId", "id"):
            if name in body:
                value = body[name]
                return value if _is_id(value) else None
    candidates = [subject.id for subject in _pairs(link or "") if subject.kind == CANDIDATE]
    return candidates[0] if candidates else None


def person_name(value: Any) -> str | None:
    """First and last name of an object that has them."""
    if not isinstance(value, dict):
        return None
    names = [value.get("firstName"), value.get("lastName")]
    full = " ".join(name.strip() for name in names if isinstance(name, str) and name.strip())
    return full or None


class _Walker:
    def __init__(self, subjects: Subjects, limit: int) -> None:
        self._found = subjects
        self._limit = limit
        self._has_titles = False

    def name(self, subjects: Iterable[Subject]) -> None:
        for subject in subjects:
            if len(self._found.named) >= self._limit and subject not in self._found.named:
                self._found.complete = False
                return
            self._found.named.add(subject)

    def join(self, together: set[Subject]) -> None:
        """Record that these belong together, unless they name several candidates."""
        personal = {subject for subject in together if subject.kind in PERSONAL}
        if (
            len(personal) > 1
            and len(self._found.groups) < self._limit
            and sum(subject.kind == CANDIDATE for subject in personal) <= 1
        ):
            self._found.groups.append(personal)

    def headers(self, headers: Mapping[str, str]) -> set[Subject]:
        direct: set[Subject] = set()
        for name, value in headers.items():
            text = value.strip()
            kind = _suffix_kind(_plain(name)) if name not in {"event-id", "event-name"} else None
            if kind and _is_id(text):
                direct.add(Subject(kind, text))
            elif _may_be_id(name, text):
                self.name([Subject(HEADER_VALUE, text)])
            self._addresses(value, anywhere=name == "link")
        self.name(direct)
        return direct

    def value(self, value: Any, kind: str | None, *, has_titles: bool = False) -> set[Subject]:
        """Walk through JSON or a text; what stands at its top. `kind` is that of its own `id`.

        Only what was fetched from the service tells what a thing is called.
        """
        self._has_titles = has_titles
        top: set[Subject] = set()
        if isinstance(value, str):
            self._raw(value, kind)
            self._addresses(value)
        scopes: list[set[Subject]] = []
        waiting: list[tuple[Any, str | None, set[Subject]]] = [(value, kind, top)]
        while waiting:
            item, own_kind, around = waiting.pop()
            if isinstance(item, dict):
                scope = top if item is value else set()
                scopes.append(scope)
                self._object(item, own_kind, scope, around, waiting)
            elif isinstance(item, list):
                for element in item:
                    if isinstance(element, dict | list):
                        waiting.append((element, own_kind, around))
                    elif isinstance(element, str):
                        self._addresses(element)
        for scope in scopes:  # only now do they have what their children brought
            self.join(scope)
        return top

    def _raw(self, text: str, kind: str | None) -> None:
        for match in matches_in(RAW_FIELD, text, RAW_FIELD_HINT):
            self.name([Subject(OBJECTS[_plain(match[2])], match[3])])
        if kind:
            self.name(Subject(kind, match[1]) for match in matches_in(RAW_ID, text))

    def _object(
        self, item: dict[str, Any], kind: str | None, scope: set[Subject], around: set[Subject],
        waiting: list[tuple[Any, str | None, set[Subject]]],
    ) -> None:  # fmt: skip
        """Record the object's own id and those in its fields; its children wait for their turn."""
        own_id = item.get("id")
        if kind and _is_id(own_id):
            own = Subject(kind, own_id)
            scope.add(own)
            around.add(own)
            if self._has_titles and (title := _name_of(own, item)):
                self._found.titles.setdefault(own, title[:MAX_TITLE])
        for key, child in item.items():
            if isinstance(child, str):
                id_kind = ID_FIELDS.get(_plain(key))
                if id_kind and _is_id(child):
                    scope.add(Subject(id_kind, child))
                elif _plain(key).endswith("candidateid") and _is_id(child):
                    self.name([Subject(CANDIDATE, child)])
                self._addresses(child)
            elif isinstance(child, dict):
                waiting.append((child, OBJECTS.get(_plain(key)) or _typed(key, child), scope))
            elif isinstance(child, list):
                plain = _plain(key).removesuffix("s")
                if plain in ID_FIELDS:
                    scope.update(Subject(ID_FIELDS[plain], text) for text in child if _is_id(text))
                waiting.append((child, OBJECTS.get(plain), scope))
        self.name(scope)

    def changes(self, changes: str | None) -> None:
        """An id that stood in an earlier state stands in what changed."""
        if not changes or changes == "[]":
            return
        listed = parse_body(changes.encode())
        for change in listed if isinstance(listed, list) else ():
            path = str(change.get("field", "")).split(".") if isinstance(change, dict) else []
            if not path:
                continue
            names = [_plain(piece) for piece in path if not piece.isdigit()]
            kind = ID_FIELDS.get(names[-1].removesuffix("s")) if names else None
            if kind is None and len(names) > 1 and names[-1] == "id":
                kind = OBJECTS.get(names[-2].removesuffix("s"))
            whole = OBJECTS.get(names[-1].removesuffix("s")) if names else None
            for value in (change.get("before"), change.get("now")):
                if isinstance(value, str) and value[:1] in {"{", "["}:  # an object, as JSON
                    self.value(parse_body(value.encode("utf-8", "replace")), whole)
                elif whole and isinstance(value, str):  # an element of a list: "Ada Moss (u0)"
                    self.name(Subject(whole, text) for text in IN_BRACKETS.findall(value))
                if kind and _is_id(value):
                    self.name([Subject(kind, value)])
                if isinstance(value, str):
                    self._addresses(value)

    def _addresses(self, text: str, *, anywhere: bool = False) -> None:
        """What the addresses in a text name. A word with a slash in it is no address."""
        if ("/" not in text and "%2" not in text) or not any(matches_in(SEGMENT_HINT, text)):
            return
        whole = text.strip()
        for match in TOKEN.finditer(text):
            token = match[0]
            if anywhere or "://" in token or token.startswith("/") or token == whole:
                together = set(_pairs(token) or _pairs(unquote(token)))
                self.name(together)
                self.join(together)


def _pairs(address: str) -> list[Subject]:
    found = [Subject(SEGMENTS[m[1]], unquote(m[2])) for m in matches_in(SEGMENT, address)]
    return [subject for subject in found if _is_id(subject.id)]


def _main_subject(n: Notification, kind: str | None, by_link: list[Subject]) -> Subject | None:
    body, entity = n.body_value, n.entity_value
    leads_to = link_kind(n.link)
    if by_link and by_link[-1].kind == leads_to:
        return by_link[-1]
    if leads_to and isinstance(entity, dict) and _is_id(entity.get("id")):
        return Subject(leads_to, entity["id"])
    return _main_of_body(body, kind)


def _main_of_body(body: Any, kind: str | None) -> Subject | None:
    if isinstance(body, dict) and kind:
        name = "onboarding_process" if kind == "onboarding" else kind
        for field_name in (f"{name}_id", f"{kind}Id", "id"):
            if _is_id(body.get(field_name)):
                return Subject(kind, body[field_name])
    return None


def _entity_kind(entity: Any, kind: str | None, link: str | None) -> str | None:
    """Of what kind the entity is: by its address, by its fields, else by the event."""
    leads_to = link_kind(link)
    is_person = isinstance(entity, dict) and "internal" in entity and person_name(entity)
    if leads_to is None and is_person:
        return CANDIDATE
    pieces = [piece for piece in re.split(r"[?#]", link or "")[0].split("/") if piece]
    below = any(first in SEGMENTS for first, _ in pairwise(pieces))
    return leads_to or (None if below else kind)


def _suffix_kind(name: str) -> str | None:
    """`x-sr-candidate-id` is a candidate's id, whatever stands before it."""
    if not name.endswith("id"):
        return None
    return next((kind for plain, kind in ID_FIELDS.items() if name.endswith(plain)), None)


def _may_be_id(header: str, value: str) -> bool:
    """Whether an id could be the whole value of this header, short ones and proxies' left out."""
    is_own = header.startswith("x-") and not header.startswith(PROXY_HEADERS)
    return is_own and DISTINCTIVE <= len(value) <= MAX_ID


def _typed(key: str, value: Mapping[str, Any]) -> str | None:
    """The kind of an approval's `subject`, which says its type itself."""
    kind = str(value.get("type")).lower() if key == "subject" else None
    return kind if kind in KINDS else None


def _name_of(subject: Subject, item: Mapping[str, Any]) -> str | None:
    """A person's name; a job's title. Nothing else is called by a name of its own."""
    if subject.kind in {CANDIDATE, NEW_HIRE}:
        return person_name(item)
    for name in ("title", "name") if subject.kind == "job" else ():
        text = item.get(name)
        if isinstance(text, str) and text.strip():
            return text.strip()
    return None


def _is_id(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    """A field's name without its way of joining words: `candidate_id` is `candidateId`."""
    return name.replace("_", "").replace("-", "").lower()[:MAX_ID]
