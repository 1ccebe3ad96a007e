"""What processes that serve one database tell each other by its rows.

Each has a row that it renews; when it stops doing so, another one removes the row, and with it
everything that the process had taken on. All times are the database's: the machines' clocks may
differ. Every method may raise StoreUnavailableError.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

SLOTS = 10  # of a credential: as many requests a second as the service allows
WANTED_FOR = 1_000  # ms that a process counts as waiting for slots
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
    leases: frozenset[str]  # that the process has, by name


class Wanted(NamedTuple):
    """What a process asks for of one user's slots."""

    lowest: int  # slot that it may have; 0: a person waits
    most: int
    has_place: bool  # whether it has one of the first already: the last two alone are of no use

    @property
    def urgent(self) -> bool:
        return self.lowest == 0


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """What a process wants of the slots of its users, in one transaction."""

    take: dict[str, "Wanted"]  # of each user
    renew: list[str]  # users
    give_back: list[tuple[str, int]]  # users and slots
    wait_for: list[str]  # users of `take`: it joins the queue for theirs if it gets none


@dataclass(frozen=True, slots=True)
class SlotAnswer:
    held: Mapping[str, frozenset[int]]  # of all that was asked for, until `ttl` from now
    contenders: Mapping[str, int]  # others that wait for slots of the user and have fewer of them


def fair_part(wanted: Wanted, free: tuple[int, int], ahead: int, waiting: int) -> tuple[int, int]:
    """How many of the free slots it may take: of the first, and of the last two.

    `waiting`: others in the queue, all for one of the first; `ahead`: those of them who came
    before, or for a person.
    """
    first = 0
    if ahead < free[0]:
        first = min(wanted.most, max(1, free[0] // (waiting + 1)))
    has_place = wanted.has_place or first > 0
    return first, min(wanted.most - first, free[1]) if has_place else 0


def still_waits(wanted: Wanted, held: Collection[int]) -> bool:
    """Whether it queues on with what it has now: in the background one place is enough."""
    has_place = any(slot < PARALLEL_SLOTS for slot in held)
    return not has_place or (wanted.urgent and len(held) < wanted.most)


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
        """Give back, take a fair part of what is free, renew what is held.

        Who waits is served in the order of coming, those for a person first. Who has not asked
        for WANTED_FOR waits no longer.
        """

    async def close(self) -> None: ...
