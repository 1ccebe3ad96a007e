"""What the watch asks of the store: part of its protocol (protocol.py)."""

from typing import Protocol

from srhooks.domain.incidents import Incident, IncidentKind
from srhooks.domain.watch import KnownSubscription, Look, Run


class WatchStore(Protocol):
    async def known_subscriptions(self, user_id: str) -> dict[str, KnownSubscription]:
        """What the last look found, by subscription id."""

    async def remember_subscription(self, user_id: str, known: KnownSubscription) -> None:
        """Renew what is known of it, unless its hook was retired meanwhile."""

    async def forget_subscription(self, user_id: str, subscription_id: str) -> bool:
        """Delete what is known of a subscription; return whether it was known."""

    async def accounts_to_watch(self, now: int, limit: int) -> list[str]:
        """Those with a living credential whose look is due, the longest due first."""

    async def plan_first_looks(self, next_at: int) -> None:
        """Have accounts that were never looked at be looked at then (ms)."""

    async def record_look(
        self, user_id: str, looked_at: int | None, next_at: int, failures: int
    ) -> None:
        """`looked_at` is None for a look that failed: the last one that worked stays."""

    async def last_look(self, user_id: str) -> Look: ...

    async def login_changes(self) -> tuple[list[str], list[str]]:
        """Accounts with a dead credential and no incident, and those with one without reason."""

    async def accounts_with_forged(self, since: int) -> list[str]:
        """Those for which an `invalid` one came from this time (ms) on."""

    async def forged(self, user_id: str, since: int, limit: int) -> list[tuple[str, int, int]]:
        """Hook, deliveries since then and time of the last (ms), of the newest `invalid` ones.

        What was backfilled is from the service's log: nobody forged it.
        """

    async def open_incidents_of(self, kind: IncidentKind) -> list[Incident]:
        """The open incidents of one kind, of all accounts."""

    async def refused_kinds(self) -> list[tuple[str, str]]:
        """Account and kind of entity that the service refused (403) and no incident tells of."""

    async def fetched_events(self, user_id: str, since: int, since_id: int) -> list[str]:
        """Events of the newest notifications whose entity was fetched since a time (ms)."""

    async def span(
        self, user_id: str, subscription_id: str, family: str, since_id: int
    ) -> tuple[int | None, int | None]:
        """The oldest notification of the subscription, and its newest of the family since then."""

    async def hourly(
        self, user_id: str, subscription_id: str, family: str, since_id: int, hours: int
    ) -> list[int]:
        """How many came in each hour from then on."""

    async def count_between(
        self, user_id: str, since_id: int, until_id: int, limit: int, *,
        subscription_id: str | None = None, family: str | None = None,
    ) -> int:  # fmt: skip
        """How many have ids from the one until before the other, at most `limit`."""

    async def record_run(self, started_at: int, seen_at: int) -> None:
        """The program has been running from the one time to the other (ms)."""

    async def sent_between(
        self, user_id: str, began: int, ended: int, until_id: int, limit: int
    ) -> tuple[int, int]:
        """Of what was sent in a time (ms): how many came after it, and how many are missing.

        Looks at up to `limit` notifications that came before `until_id`.
        """

    async def runs(self, since: int) -> list[Run]:
        """Those that lasted beyond a time (ms), oldest first."""
