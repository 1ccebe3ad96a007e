"""What the product asks of its store. Two implementations pass one contract suite.

Every method may raise StoreUnavailableError: the data could not be read or, for a write, is not
known to be on disk. Whoever gets it must say so (503) and may try again later; a store recovers by
itself.
A write that returns is committed and survives a crash of the process and of the machine.
"""

from asyncio import Future
from collections.abc import Sequence
from typing import Protocol

from srhooks.domain.account import (
    CredentialUse,
    PersonalToken,
    SealedCredential,
    Session,
    User,
)
from srhooks.domain.alerts import AlertAddress, AlertMessage, AlertSettings, Channel
from srhooks.domain.ids import Stamp
from srhooks.domain.incidents import Incident, IncidentEvent, IncidentKind, NewIncident
from srhooks.domain.latency import NotificationTimes
from srhooks.domain.models import (
    Delivery,
    EntityJob,
    EntityStatus,
    Erasure,
    Filter,
    Hook,
    HookKey,
    NamedSubjects,
    NameRequest,
    NewNotification,
    Notification,
    Page,
    ProblemCounts,
    Signature,
    Stored,
    SubjectName,
    Timing,
)
from srhooks.store.missed_protocol import MissedStore
from srhooks.store.watch_protocol import WatchStore

PAGE_TIME = 0.4  # seconds after which a page is handed out as far as it is
PAGE_BYTES = 4 * 1024 * 1024  # of bodies, headers and entities that are read for one answer
COUNT_TIME = 0.3  # seconds after which a count is given up


class StoreError(Exception):
    """Base: StoreUnavailableError (try again later) and its StoreBusyError (too much at once)."""


class StoreUnavailableError(StoreError):
    """Locked, full, corrupt, gone or out of reach."""


class StoreBusyError(StoreUnavailableError):
    """The queue of writes is full: nothing was stored, try again in a second."""


class IdTakenError(Exception):
    """Another writer has stored a notification under an id: nothing was stored, take other ids.

    The store's own: it never reaches who uses the store.
    """


class Store(WatchStore, MissedStore, Protocol):
    # --- life ----------------------------------------------------------------------------------
    async def open(self) -> None:
        """Connect, create or migrate the schema, learn the last id."""

    async def close(self) -> None:
        """Commit what was submitted, then disconnect."""

    async def check(self) -> None:
        """Return if the store can take a write now."""

    def next_id(self) -> int:
        """A fresh notification id, above all before. No I/O."""

    def next_stamp(self) -> Stamp:
        """A fresh notification id, and the time. No I/O."""

    @property
    def queue_depth(self) -> int:
        """How many writes wait for a commit."""

    @property
    def received(self) -> int:
        """How many notifications were handed in since the store opened."""

    # --- accounts and credentials ----------------------------------------------------------------
    async def save_user(self, user: User, credential: SealedCredential) -> User:
        """Create the user or, by `sr_id`, renew name, address and credential. The stored user.

        An empty name and an unknown company leave what is stored. What the credential before could
        not read is forgotten.
        """

    async def user(self, user_id: str) -> User | None: ...

    async def user_of(self, sr_id: str) -> User | None: ...

    async def user_ids(self) -> list[str]: ...

    async def mark_seen(self, user_id: str, at: int) -> None: ...

    async def mark_opened(self, user_id: str, notification_id: int) -> None:
        """Somebody of the account has opened it: it is no news any more."""

    async def opened(self, user_id: str, since_id: int) -> frozenset[int]:
        """Which notifications from this id on were opened (the newest 5,000)."""

    async def credential(self, user_id: str) -> SealedCredential | None: ...

    async def replace_credential(
        self, user_id: str, old: SealedCredential, new: SealedCredential
    ) -> bool:
        """Store `new` unless `old` has been replaced meanwhile; whether it was stored."""

    async def mark_grant_dead(self, user_id: str, access: bytes) -> bool:
        """The credential works no more, unless it has been replaced; whether it was marked."""

    async def record_use(self, user_id: str, use: CredentialUse) -> None:
        """When it last worked or was refused; what is None stays as it is."""

    async def credential_use(self, user_id: str) -> CredentialUse: ...

    async def remember_api_key(self, digest: str, user_id: str) -> None:
        """The account that a key leads to, by the key's digest."""

    async def user_of_api_key(self, digest: str) -> User | None: ...

    async def mark_unreadable(self, user_id: str, kind: str, at: int) -> None:
        """The service refused (403) an entity of this kind."""

    async def mark_readable(self, user_id: str, kind: str) -> bool:
        """One of this kind was read; whether it was marked unreadable."""

    async def unreadable_kinds(self, user_id: str) -> dict[str, int]:
        """Kinds of entity to the time (ms) of the last refusal."""

    async def event_of_link(self, user_id: str, link: str) -> str | None:
        """The name of the newest event whose notification leads to this link."""

    async def close_account(self, user_id: str, at: int) -> None:
        """Remove the user, their credential, hooks and keys, and note that the rest has to go."""

    # --- sessions ------------------------------------------------------------------------------
    async def add_session(self, session: Session) -> None: ...

    async def session(self, session_id: str, now: int) -> tuple[User, Session] | None:
        """The session and whose it is; None when it is not known or its time is up."""

    async def sessions(self, user_id: str, now: int) -> list[Session]:
        """Those that are alive, the last used first."""

    async def touch_session(self, session_id: str, used_at: int, until: int) -> None:
        """It was used, and lasts until then (ms)."""

    async def end_session(self, user_id: str, session_id: str) -> bool:
        """Whether the user had it."""

    async def end_sessions(self, user_id: str) -> int:
        """All of the user's; how many."""

    async def expel(self, user_id: str) -> None:
        """End the user's sessions and personal tokens, and use their grant no more."""

    # --- personal tokens -----------------------------------------------------------------------
    async def add_personal_token(self, token: PersonalToken, digest: str, most: int) -> bool:
        """Keep it by its digest; False when the user has `most` already."""

    async def personal_tokens(self, user_id: str) -> list[PersonalToken]:
        """Oldest first."""

    async def personal_token(self, digest: str) -> PersonalToken | None:
        """It may have ended."""

    async def touch_personal_token(self, token_id: str, at: int) -> None:
        """It was used."""

    async def drop_personal_token(self, user_id: str, token_id: str) -> bool:
        """Whether the user had it."""

    # --- hooks ---------------------------------------------------------------------------------
    async def add_hook(self, hook: Hook) -> None: ...

    async def hook(self, hook_id: str) -> Hook | None: ...

    async def hooks(self, user_id: str) -> list[Hook]:
        """The user's hooks, those of deleted subscriptions included."""

    async def bind_hook(self, hook_id: str, subscription_id: str) -> None: ...

    async def keep_events(self, hook_id: str, events: str) -> None:
        """Keep what its subscription listens to (a JSON list)."""

    async def name_hook(self, hook_id: str, name: str | None) -> None:
        """Keep what a person calls its subscription; None: it is called by its events."""

    async def retire_hook(self, hook_id: str, at: int) -> None:
        """The subscription was deleted. The hook goes on accepting late deliveries."""

    async def drop_hook(self, hook_id: str) -> None:
        """Remove a hook that no subscription came to use."""

    async def keys(self, hook_id: str) -> list[HookKey]:
        """Newest first."""

    async def add_key(self, hook_id: str, sealed: bytes, at: int) -> None:
        """A new signing key; it retires the others as of `at`."""

    async def reseal_key(self, key_id: int, sealed: bytes) -> None: ...

    async def save_activation(self, user_id: str, subscription_id: str, steps: str) -> None:
        """Keep the steps (JSON) of its activation instead of those of the one before."""

    async def activations(self, user_id: str) -> dict[str, str]:
        """The steps of the last activation, by subscription."""

    async def drop_activation(self, user_id: str, subscription_id: str) -> None: ...

    # --- notifications -------------------------------------------------------------------------
    def add_notification(
        self, new: NewNotification, deadline: float | None = None
    ) -> Future[Stored]:
        """Store it, or count a re-delivery: same hook, same event id, same verdict.

        It is handed in when this returns, and committed when the future is done, by the deadline
        (loop time) or not at all. Raises StoreBusyError at once when too many writes wait.
        """

    async def notification(self, user_id: str, notification_id: int) -> Notification | None: ...

    async def page(
        self, user_id: str, feed_filter: Filter, limit: int, patience: float = PAGE_TIME,
        room: int = PAGE_BYTES,
    ) -> Page:  # fmt: skip
        """Up to `limit`, newest first. When its time (s) is up, what was found until then.

        It ends with the notification whose body, headers and entity fill the room (bytes).
        """

    async def notifications(
        self, user_id: str, feed_filter: Filter, limit: int
    ) -> list[Notification]:
        """Up to `limit`, newest first, however long it takes. One read is never long."""

    async def count(
        self, user_id: str, feed_filter: Filter, limit: int, patience: float = COUNT_TIME
    ) -> int | None:
        """How many fit, at most `limit`; None when that takes too long, as for a text."""

    async def by_ids(self, user_id: str, notification_ids: Sequence[int]) -> list[Notification]:
        """Those that still exist, in the order of their ids. For few: all are read at once."""

    async def sizes(self, user_id: str, notification_ids: Sequence[int]) -> list[tuple[int, int]]:
        """The ids of those that still exist, newest first, and the bytes of each."""

    async def changed_since(self, user_id: str, rev: int, limit: int) -> list[Notification]:
        """What was added or changed after the cursor, in the order of `rev`.

        Up to `limit`; fewer where they fill PAGE_BYTES, but one at least.
        """

    async def last_rev(self, user_id: str) -> int:
        """The cursor of the user's newest change; 0 without any."""

    async def last_revs(self, user_ids: Sequence[str]) -> dict[str, int]:
        """As `last_rev`, of each of these users that is known."""

    async def deliveries(self, notification_id: int) -> list[Delivery]:
        """The re-deliveries after the first, oldest first (at most 100)."""

    async def counts_by_event(self, user_id: str, since_id: int) -> dict[str, int]:
        """How many notifications of each event (an absent name is "") are above the id."""

    async def filtered_counts(
        self, user_id: str, feed_filter: Filter, patience: float = COUNT_TIME
    ) -> dict[str, int] | None:
        """As `counts_by_event`, of what fits a filter; None for a text, or where it takes long."""

    async def activity(self, user_id: str, since_id: int) -> dict[str, tuple[int, int]]:
        """Per subscription: when its newest notification came (ms), how many are above the id."""

    async def histogram(
        self, user_id: str, since_id: int, until_id: int, span_ids: int
    ) -> list[tuple[int, str, int]]:
        """Beginning of a span (ms), event name ("" for none), how many; spans with none left out.

        Spans of `span_ids` follow each other from `since_id` until before `until_id`.
        """

    async def timings(self, user_id: str, since_id: int, limit: int) -> list[Timing]:
        """Of the newest `limit` above the id."""

    async def save_answered(self, user_id: str, answered: Sequence[tuple[int, int]]) -> None:
        """When notifications (ids) were answered (ms). The first time stays; not durable."""

    async def save_shown(self, user_id: str, shown: Sequence[tuple[int, int]]) -> None:
        """When they were first shown in a browser (ms); not durable."""

    async def notification_times(
        self, user_id: str, since_id: int, until_id: int, limit: int
    ) -> list[NotificationTimes]:
        """Of the newest `limit` from one id on and below the other, those not backfilled."""

    async def delivery_times(
        self, user_id: str, subscription_id: str, since_id: int, limit: int
    ) -> list[tuple[str, int]]:
        """Event and ms from the sender to us, of its newest `limit` signed ones above the id."""

    async def trouble(self, user_id: str, since_id: int) -> ProblemCounts:
        """What needs attention among those above the id; pending entities of any age."""

    async def neighbours(
        self, user_id: str, notification_id: int, feed_filter: Filter
    ) -> tuple[int | None, int | None]:
        """The ids of the nearest newer and older ones that fit, as far as a short look goes."""

    # --- entities ------------------------------------------------------------------------------
    async def users_with_due_entities(self, now: int) -> list[str]: ...

    async def untried_entities(
        self, user_id: str, now: int, limit: int, *, oldest_first: bool = False
    ) -> list[EntityJob]:
        """Distinct links of pending notifications that were never followed, newest first.

        Those of a link that failed before are put off until it is due.
        """

    async def due_entities(self, user_id: str, now: int, limit: int) -> list[EntityJob]:
        """Distinct links of pending notifications that failed and are due, in that order."""

    async def entity_attempts(self, job: EntityJob) -> int:
        """How often the link has failed for those that wait for it."""

    async def next_due(self) -> int | None:
        """When the next pending entity is due (ms), over all users whose grant lives."""

    async def keep_entity(
        self, job: EntityJob, at: int, entity: bytes, title: str | None, state: str = "[]"
    ) -> list[int] | bytes:
        """Record a state that was fetched; the ids that waited for it.

        `state` is the JSON list of changes where nothing changed (entities/diff.py).

        Where the last state known of an earlier notification differs: that state, and nothing is
        recorded.
        """

    async def finish_entity(
        self, job: EntityJob, status: EntityStatus, at: int, *, entity: bytes | None = None,
        error: str | None = None, title: str | None = None, changes: str | None = None,
    ) -> list[int]:  # fmt: skip
        """Record the outcome on all that waited for it; their ids."""

    async def postpone_entity(
        self, job: EntityJob, due_at: int, attempts: int, error: str, give_up_below: int
    ) -> list[int]:
        """After `attempts` failures, try again at `due_at`, and show the error. The ids that wait.

        Those below `give_up_below` have waited long enough and are `failed`.
        """

    async def process_again(
        self, user_id: str, notification_id: int, signature: Signature, link: str | None,
        status: EntityStatus, at: int,
    ) -> None:  # fmt: skip
        """Record a new verdict and what follows from it; a pending entity is due at once.

        The verdict stays as it was where it would make two of one delivery.
        """

    # --- incidents -----------------------------------------------------------------------------
    async def open_incident(self, new: NewIncident, at: int) -> Incident | None:
        """Open it, with a row for the channels. None when one is open: its text is renewed."""

    async def end_incident(
        self, user_id: str, kind: IncidentKind, subject: str, at: int
    ) -> Incident | None:
        """End the one that is open, with a row for the channels; None without one."""

    async def acknowledge_incident(
        self, user_id: str, incident_id: int, at: int, *, end: bool
    ) -> Incident | None:
        """Note that a person knows of it and, with `end`, end it; None when it is unknown."""

    async def incident(self, user_id: str, incident_id: int) -> Incident | None: ...

    async def incidents(
        self, user_id: str, before_id: int | None, limit: int, *, open_only: bool = False
    ) -> list[Incident]:
        """Newest first."""

    async def open_incident_counts(self) -> dict[str, int]:
        """How many are open of each kind, over all accounts."""

    # --- alerts --------------------------------------------------------------------------------
    async def alert_settings(self, user_id: str) -> AlertSettings | None:
        """None until somebody saved them."""

    async def save_alert_settings(self, user_id: str, settings: AlertSettings) -> None: ...

    async def alert_addresses(self, user_id: str) -> list[AlertAddress]:
        """Those that were asked to confirm themselves."""

    async def ask_address(self, user_id: str, email: str, digest: str, at: int) -> None:
        """A link that confirms the address is on its way; earlier links are void."""

    async def confirm_address(self, digest: str, at: int) -> str | None:
        """The address whose link was followed; None for an unknown one."""

    async def forget_addresses(self, user_id: str, kept: Sequence[str]) -> None:
        """Forget the confirmations of all others."""

    async def users_with_incident_events(self) -> list[str]:
        """Whose incidents opened or ended and were not put into the outbox yet."""

    async def incident_events_of(self, user_id: str, limit: int) -> list[IncidentEvent]:
        """Oldest first."""

    async def put_alerts(
        self, user_id: str, messages: Sequence[AlertMessage], event_ids: Sequence[int],
        told: Sequence[int], at: int,
    ) -> None:  # fmt: skip
        """Put messages into the outbox for these incident events, which are done with.

        `told`: the ids of the incidents that the messages tell of, once for all channels.
        """

    async def alerts_told(self, user_id: str, since: int) -> list[int]:
        """When (ms) something was told of the account, oldest first."""

    async def due_alerts(self, channel: Channel, now: int, limit: int) -> list[AlertMessage]: ...

    async def next_alert_due(self) -> int | None: ...

    async def postpone_alert(self, message_id: int, due_at: int) -> None:
        """One more attempt failed."""

    async def drop_alert(self, message_id: int) -> None:
        """It was told, or given up."""

    async def incidents_to_remind_of(self, before: int, limit: int) -> list[Incident]:
        """Open ones that nobody acknowledged and that were last told of before then (ms)."""

    async def incident_events(self, limit: int) -> list[IncidentEvent]:
        """What the channels were not handed yet, oldest first."""

    # --- upkeep --------------------------------------------------------------------------------
    async def purge(self, received_before: int, now: int, limit: int) -> int:
        """Delete up to `limit` notifications received before a time (ms); how many.

        Incidents that ended before it go, too, and sessions and tokens whose time is up at `now`.
        """

    async def newest_signed_time(self) -> int | None:
        """The latest time (ms) that the sender of a validly signed notification gave lately."""

    async def newest_received_time(self) -> int | None:
        """When the newest notification was received (ms)."""

    async def maintenance_state(self, name: str) -> int | None:
        """A number that background work keeps from one run to the next."""

    async def save_maintenance_state(self, name: str, value: int) -> None: ...

    async def bring_due_forward(self, now: int, latest: int) -> None:
        """Make entities due now that are due after `latest` (ms): a clock was ahead."""

    async def delete_notifications(
        self, user_id: str, notification_ids: Sequence[int]
    ) -> list[int]:
        """Those that were there, and are not any more."""

    async def delete_some(self, user_id: str, limit: int) -> int:
        """Delete up to `limit` of the user's notifications; how many."""

    async def add_erasure(self, user_id: str, candidate_id: str, at: int) -> None:
        """Note that a candidate's data has to go; asked again it begins anew."""

    async def erasures(self) -> list[Erasure]: ...

    async def move_erasure(self, erasure: Erasure, rev: int) -> None:
        """Note how far the user's notifications have been looked through."""

    async def finish_erasure(self, erasure: Erasure) -> None:
        """Drop the note, unless it was asked for again since."""

    async def remember_erased(
        self, user_id: str, candidate: bytes, subjects: Sequence[bytes], at: int
    ) -> None:
        """Keep digests of what was known to be an erased candidate's."""

    async def erased_with(self, candidate: bytes) -> set[bytes]:
        """What `remember_erased` kept of this candidate."""

    async def erased_at(self, subjects: Sequence[bytes]) -> dict[bytes, int]:
        """Of those that were erased: when (ms)."""

    async def sent_before_erasure(self, limit: int) -> list[tuple[str, int]]:
        """User and id of notifications that name what was erased after they were sent."""

    async def forget_erased(self, before: int) -> None:
        """Drop what `remember_erased` kept before this time (ms)."""

    async def erase_notifications(self, user_id: str, notification_ids: Sequence[int]) -> int:
        """Leave of these only when and to which hook they came, and their event; how many."""

    async def has_pending(self, user_id: str, before_id: int) -> bool:
        """Whether an entity below the id waits to be fetched."""

    async def scrub(self, *, index: bool) -> bool:
        """Make what was deleted unreadable in the files too; False: try again later.

        `index` includes the search index, which takes longer: intake goes first meanwhile.
        """

    async def index_some(self, limit: int) -> int:
        """Bring up to `limit` notifications into the search index; how many."""

    # --- what notifications name ---------------------------------------------------------------
    async def users_to_index(self) -> list[str]:
        """Whose notifications have changed since they were last indexed by what they name."""

    async def subject_rev(self, user_id: str) -> int:
        """Up to which `rev` the user's notifications are indexed."""

    async def save_subjects(
        self, user_id: str, entries: Sequence[NamedSubjects], rev: int,
        names: Sequence[SubjectName] = (), unnamed: Sequence[SubjectName] = (),
    ) -> list[int]:  # fmt: skip
        """Index these, which are all that changed up to `rev`; which of them got a title.

        Those that have not changed meanwhile get their titles. Names are asked for the `unnamed`.
        """

    async def due_name_requests(self, now: int, limit: int) -> list[NameRequest]:
        """Those that are due, of users whose grant lives."""

    async def answer_name_request(
        self, request: NameRequest, name: str | None, due_at: int | None
    ) -> None:
        """Record the name, if there is one, and when to ask again (ms); None: never."""

    async def names_of(self, subjects: Sequence[bytes]) -> dict[bytes, str]:
        """The newest known names of these (digests), as far as there are any."""

    async def known_subjects(self, subjects: Sequence[bytes]) -> set[bytes]:
        """Which of these (digests) a stored notification names, as far as that is indexed."""

    async def newest_naming(self, subjects: Sequence[bytes], limit: int) -> list[int]:
        """The newest that name one of these (digests), newest first."""

    async def find_names(self, user_id: str, text: str, limit: int) -> list[SubjectName]:
        """Things whose id is the text, and candidates and jobs whose name holds it."""

    async def ids_naming(self, subjects: Sequence[bytes]) -> list[int]:
        """Those that name at least one of these (digests), oldest first."""

    async def times_naming(self, subject: bytes) -> list[tuple[int, int | None]]:
        """The id of each that names it, and when it was sent (ms), in no order."""

    async def hooks_with_keys(self, user_id: str) -> set[str]:
        """The ids of the user's hooks that have had a signing key."""
