"""What is computed once is kept, and nobody waits for another object's."""

import threading

from srhooks.domain.computed_once import computed_once

PATIENCE = 10.0  # seconds


class Thing:
    def __init__(self, waits_for: threading.Event | None = None) -> None:
        self.begun = threading.Event()
        self.computed = 0
        self._waits_for = waits_for

    @computed_once
    def value(self) -> int:
        """A number."""
        self.begun.set()
        if self._waits_for is not None:
            assert self._waits_for.wait(PATIENCE)
        self.computed += 1
        return self.computed


def test_it_is_computed_when_it_is_first_read() -> None:
    thing = Thing()
    assert thing.computed == 0
    assert (thing.value, thing.value, thing.computed) == (1, 1, 1)
    del thing.__dict__["value"]
    assert thing.value == 2
    assert isinstance(Thing.value, computed_once)
    assert Thing.value.__doc__ == "A number."


def test_one_object_does_not_wait_for_another() -> None:
    goes_on = threading.Event()
    slow, quick = Thing(waits_for=goes_on), Thing()
    threads = [threading.Thread(target=lambda one=one: one.value) for one in (slow, quick)]
    threads[0].start()
    assert slow.begun.wait(PATIENCE)
    threads[1].start()
    threads[1].join(PATIENCE)
    assert (quick.computed, slow.computed) == (1, 0)
    goes_on.set()
    threads[0].join(PATIENCE)
    assert slow.computed == 1
