"""How long an indexer rests between two batches, so that intake goes first."""

from time import perf_counter

from srhooks.store import Store

PAUSE = 0.005  # seconds between two batches, or as long as a batch takes
IDLE = 0.5  # seconds until a look for more
BUSY_RATE = 50.0  # notifications a second; from there on intake goes first
BUSY_SHARE = 0.02  # of the time, while it does: what is not indexed yet is found by reading


class IntakeFirst:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._received, self._began = store.received, perf_counter()
        self._is_busy = False

    def begin(self) -> None:
        """A batch begins: see how much came in since the last one did."""
        now = perf_counter()
        received = self._store.received
        self._is_busy = received - self._received > BUSY_RATE * (now - self._began)
        self._received, self._began = received, now

    def pause(self, done: int) -> float:
        """Seconds until the next batch, after one that indexed so many."""
        took = perf_counter() - self._began
        if self._is_busy:
            return took / BUSY_SHARE
        return max(took, PAUSE) if done else IDLE
