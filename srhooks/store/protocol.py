"""What the product asks of its store. Two implementations pass one contract suite.

Every method may raise StoreUnavailableError: the data could not be read or, for a write, is not
known to be on disk. Whoever gets it must say so (503) and may try again later; a store recovers by
itself.
A write that returns is committed and survives a crash of the process and of the machine.
"""

from typing import Protocol

from srhooks.domain.ids import Stamp
from srhooks.store.account_protocol import AccountStore
from srhooks.store.entity_protocol import EntityStore
from srhooks.store.hook_protocol import HookStore
from srhooks.store.incident_protocol import IncidentStore
from srhooks.store.maintenance_protocol import MaintenanceStore
from srhooks.store.missed_protocol import MissedStore
from srhooks.store.notification_protocol import NotificationStore
from srhooks.store.subject_protocol import SubjectStore
from srhooks.store.watch_protocol import WatchStore


class Store(
    AccountStore, HookStore, NotificationStore, EntityStore, SubjectStore, IncidentStore,
    WatchStore, MissedStore, MaintenanceStore, Protocol,
):  # fmt: skip
    async def open(self) -> None:
        """Connect, create or migrate the schema, learn the last id."""

    async def close(self) -> None:
        """Commit what was submitted, then disconnect."""

    async def check(self) -> None:
        """Return if the store can take a write now."""

    def next_id(self) -> int:
        """A fresh notification id, above all before. No I/O."""

    def use_process(self, number: int) -> None:
        """Make ids with this process number from now on: no other process has it."""

    def next_stamp(self) -> Stamp:
        """A fresh notification id, and the time. No I/O."""

    @property
    def queue_depth(self) -> int:
        """How many writes wait for a commit."""

    @property
    def received(self) -> int:
        """How many notifications were handed in since the store opened."""
