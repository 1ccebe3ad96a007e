"""Why did it stop? What the service's audit log says happened shortly before an incident.

`GET /audit-api/v201910/audit-events` (developers.smartrecruiters.com, "List audit events"), which
the scope audit_events_read opens. Searches and opened profiles fill it by the hundred an hour, so
each kind of cause is asked for by its name and from a time on. The shape of a record is assumed.
Only names of events and times are kept, nobody's name.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from srhooks.accounts.user_client import UserClient
from srhooks.domain.account import User
from srhooks.domain.clock import DAY, iso, now_ms
from srhooks.domain.incidents import Incident, IncidentKind
from srhooks.smartrecruiters.client import raise_for_error
from srhooks.smartrecruiters.errors import OddAnswerError, ServiceAnsweredError
from srhooks.store import Store

log = logging.getLogger(__name__)

PATH = "/audit-api/v201910/audit-events"
PAGE = 100  # the most that it gives
SCOPE = "audit_events_read"
BEFORE = DAY  # ms that a cause may lie before the incident was noticed
RETRIED_AFTER = DAY  # ms after a refusal
MAX_REFUSED = 10_000  # accounts
MOST = 5  # that stand beside an incident
EXPLAINED: frozenset[IncidentKind] = frozenset({"suspended", "gone", "failing", "silent"})
CAUSES: Mapping[str, str] = {
    "CREDENTIALS_CREATED": "credential created",
    "CREDENTIALS_CHANGED": "credential changed",
    "CREDENTIALS_REVOKED": "credential revoked",
    "OAUTH_APPLICATION_ACCESS_GRANTED": "access granted to an application",
    "USER_ROLE_CHANGED": "role of a user changed",
    "USER_ACCOUNT_DEACTIVATED": "user deactivated",
}
TIMES = ("eventDate", "createdOn", "timestamp", "date", "createdAt")


class AuditTrail:
    def __init__(self, store: Store, user_client: UserClient) -> None:
        self._store = store
        self._user_client = user_client
        # Accounts that may not read it: when their credential came, and when it was refused (ms).
        self._refused: dict[str, tuple[int, int]] = {}

    async def explain(self, user_id: str) -> None:
        """Put it beside the open incidents that have none yet. Raises ServiceError, StoreError."""
        opened = await self._store.incidents(user_id, None, 100, open_only=True)
        waiting = [one for one in opened if one.kind in EXPLAINED and "audit" not in one.details]
        user = await self._store.user(user_id)
        if not waiting or user is None or not self._may_read(user):
            return
        try:
            since = min(one.opened_at for one in waiting) - BEFORE
            records = [
                (at, name) for name in CAUSES for at in await self._times_of(user_id, name, since)
            ]
        except (ServiceAnsweredError, OddAnswerError) as error:
            if isinstance(error, ServiceAnsweredError) and error.status in {401, 429}:
                raise
            if not (isinstance(error, ServiceAnsweredError) and error.status >= 500):
                if len(self._refused) >= MAX_REFUSED:
                    self._refused.clear()
                self._refused[user_id] = (user.credential_since, now_ms())
            return
        for incident in waiting:
            await self._store.add_incident_detail(incident.id, "audit", _before(incident, records))

    async def _times_of(self, user_id: str, name: str, since: int) -> list[int]:
        """When (ms) events of this name happened. Raises ServiceError."""
        query = urlencode({"eventName": name, "eventDateAfter": iso(since), "limit": PAGE})
        answer = await self._user_client.call(user_id, "GET", f"{PATH}?{query}", foreground=False)
        return _times(await raise_for_error(answer).read_json(), name)

    def _may_read(self, user: User) -> bool:
        """Where it was refused, not before another log-in, or a day later."""
        credential_since, refused_at = self._refused.get(user.id, (0, 0))
        is_same = credential_since == user.credential_since
        if refused_at and is_same and now_ms() - refused_at < RETRIED_AFTER:
            return False
        return user.scopes is None or SCOPE in user.scopes


def _times(value: Any, name: str) -> list[int]:
    """The times (ms) of the records of this name, as they come."""
    items = value.get("content") if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise OddAnswerError("SmartRecruiters sent an audit log in an unknown form")
    times = []
    for item in items:
        if isinstance(item, dict) and item.get("eventName", name) == name:
            at = next((item[key] for key in TIMES if item.get(key)), None)
            if (ms := _moment(at)) is not None:
                times.append(ms)
    return times


def _before(incident: Incident, records: list[tuple[int, str]]) -> list[dict[str, str]]:
    near = [
        (at, name)
        for at, name in records
        if incident.opened_at - BEFORE <= at <= incident.opened_at
    ]
    return [{"event": name, "at": iso(at)} for at, name in sorted(near, reverse=True)[:MOST]]


def _moment(value: Any) -> int | None:
    if isinstance(value, int):
        return value if value > 10_000_000_000 else value * 1000
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
