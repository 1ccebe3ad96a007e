"""What processes that serve one database tell each other by its rows.

Each has a row that it renews; when it stops doing so, another one removes the row, and with it
everything that the process had taken on. All times are the database's: the machines' clocks may
differ. Every method may raise StoreUnavailableError.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

SLOTS = 10  # of a credential: as many requests a second as the service allows
PARALLEL_SLOTS = 8  # the first of them also allow one request at a time each


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """What is told of a process to those who look into the database."""

    id: str
    host: str
    pid: int
    version: str


@dataclass(frozen=True, slots=True)
class Beat:
    """What a process learns when it renews its row."""

    is_known: bool  # False: its row is gone, and others have what it had
    others: frozenset[str]  # ids of the other processes
    overdue: frozenset[str]  # those of them whose time is up: removed by the next beat


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """What a process wants of the slots of its users, in one transaction."""

    take: dict[str, tuple[int, int]]  # user to lowest slot, and how many
    renew: list[str]  # users
    give_back: list[tuple[str, int]]  # users and slots
    wait_for: list[str]  # users: those who have many give some back


@dataclass(frozen=True, slots=True)
class SlotAnswer:
    held: Mapping[str, frozenset[int]]  # of all that was asked for, until `ttl` from now
    contenders: Mapping[str, int]  # other processes that wait for slots of the user


class ProcessTable(Protocol):
    async def join(self, process: ProcessInfo, ttl: float) -> int:
        """Add its row, for `ttl` seconds; a process number that nobody else has."""

    async def beat(
        self, process_id: str, ttl: float, overdue: Collection[str], held: Collection[str]
    ) -> Beat:
        """Renew its row, and remove those that were overdue before and still are.

        Leases of the process that are not `held` are given back: their release failed.
        """

    async def leave(self, process_id: str) -> None:
        """Remove its row: the others take over at once."""

    async def acquire_lease(self, name: str, owner: str) -> bool:
        """Whether it is the owner's now. A row that the owner has is taken for a failed release."""

    async def release_lease(self, name: str, owner: str) -> None: ...

    async def share_slots(self, owner: str, request: SlotRequest, ttl: float) -> SlotAnswer:
        """Give back, take what is free, renew what is held."""

    async def close(self) -> None: ...
