"""Checks that need the store alone: forged notifications, refused entities, dead credentials."""

from srhooks.domain.clock import DAY, HOUR, iso, now_ms
from srhooks.domain.ids import first_id_at
from srhooks.domain.incidents import NewIncident
from srhooks.incidents.service import Incidents
from srhooks.protocol.event_types import subscription_label
from srhooks.protocol.scopes import SCOPE_OF_KIND, entity_kind
from srhooks.store import Store

FORGED = 5  # `invalid` deliveries within an hour
FORGED_READ = 500  # rows of an account
GONE_FOR = 7 * DAY  # ms until nobody needs to be told any more


class AccountChecks:
    def __init__(self, store: Store, incidents: Incidents) -> None:
        self._store = store
        self._incidents = incidents

    async def run(self) -> None:
        """Check all accounts once. Raises StoreError."""
        await self._check_logins()
        await self._check_forged()
        await self._check_refused()
        for incident in await self._store.open_incidents_of("gone"):
            if incident.opened_at < now_ms() - GONE_FOR:
                await self._incidents.end(incident.user_id, "gone", incident.subject)

    async def _check_logins(self) -> None:
        dead, alive = await self._store.login_changes()
        for user_id in dead:
            await self._incidents.open(
                NewIncident(
                    user_id=user_id,
                    kind="login",
                    subject="",
                    title="The SmartRecruiters login has expired: details are no longer loaded",
                )
            )
        for user_id in alive:
            await self._incidents.end(user_id, "login")

    async def _check_forged(self) -> None:
        since = now_ms() - HOUR
        recent: set[tuple[str, str]] = set()
        for user_id in await self._store.accounts_with_forged(since):
            for hook_id, count, last_at in await self._store.forged(user_id, since, FORGED_READ):
                hook = await self._store.hook(hook_id)
                subject = (hook.subscription_id if hook else None) or hook_id
                recent.add((user_id, subject))
                if count >= FORGED:
                    name = hook.label if hook else subscription_label([])
                    await self._incidents.open(
                        NewIncident(
                            user_id=user_id,
                            kind="forged",
                            subject=subject,
                            subscription_id=hook.subscription_id if hook else None,
                            title=f"Forged notifications arrive at the address of {name}",
                            details={"name": name, "lastHour": count, "lastAt": iso(last_at)},
                        )
                    )
        for incident in await self._store.open_incidents_of("forged"):
            if (incident.user_id, incident.subject) not in recent:
                await self._incidents.end(incident.user_id, "forged", incident.subject)

    async def _check_refused(self) -> None:
        for user_id, kind in await self._store.refused_kinds():
            scope = SCOPE_OF_KIND.get(kind)
            missing = f"the scope {scope} is missing" if scope else "a scope is missing"
            await self._incidents.open(
                NewIncident(
                    user_id=user_id,
                    kind="unreadable",
                    subject=kind,
                    title=f"Records of {kind} events cannot be read: {missing}",
                    details={"family": kind, "scope": scope},
                )
            )
        for incident in await self._store.open_incidents_of("unreadable"):
            if incident.subject in await self._store.unreadable_kinds(incident.user_id):
                continue  # a log-in forgets what was refused, too: it proves nothing
            since = incident.opened_at
            read = await self._store.fetched_events(
                incident.user_id, since, first_id_at(since - DAY)
            )
            if any(entity_kind(event) == incident.subject for event in read):
                await self._incidents.end(incident.user_id, "unreadable", incident.subject)
