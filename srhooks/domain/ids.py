"""Time-ordered notification ids.

One 63-bit number is the row id, the order of the feed and its cursor. Its upper 42 bits are
milliseconds since 1970: those of the receipt, unless the clock stepped back, when ids go on rising
from where they are; the time of receipt is then kept beside the id (`received_at`). Below them
stand 11 bits that rise by random steps, so that an id tells nothing about how many others there
are, and 10 bits of the process that made it. On pages and in JSON it is 13 characters of base32
(Crockford's alphabet, lower case), whose text order is the same.
"""

import random
import secrets
import threading
from typing import NamedTuple

from srhooks.domain.clock import SYSTEM_CLOCK, Clock

LOW_BITS = 21
PROCESS_BITS = 10
PROCESSES = 1 << PROCESS_BITS
STEP_BITS = 3  # of 11: some 450 ids a millisecond until they run ahead of the clock
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 13
DIGITS = {letter: value for value, letter in enumerate(ALPHABET)}
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
MAX_MS = (1 << 42) - 1


class Stamp(NamedTuple):
    """A new id, and when it was made."""

    id: int
    received_at: int  # ms since 1970, by the clock


class IdSource:
    """Makes strictly rising ids, from any thread, even when the clock steps back.

    Two processes with different process numbers never make the same id. By default the number is
    drawn: where two draw the same, ids may clash, and whoever stores one has to take another.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK, process: int | None = None) -> None:
        self._clock = clock
        self._process = secrets.randbelow(PROCESSES) if process is None else process % PROCESSES
        self._last = 0  # without the bits of the process
        self._lock = threading.Lock()

    def __call__(self) -> int:
        return self.stamp().id

    def stamp(self) -> Stamp:
        with self._lock:
            now = self._clock.now_ms()
            return Stamp(self._next(now), now)

    def many(self, count: int) -> list[int]:
        """So many at once: quicker than one by one."""
        with self._lock:
            now = self._clock.now_ms()
            return [self._next(now) for _ in range(count)]

    def _next(self, now: int) -> int:
        step = (1 + random.getrandbits(STEP_BITS)) << PROCESS_BITS
        self._last = max(now << LOW_BITS, self._last) + step
        return self._last | self._process

    def use_process(self, process: int) -> None:
        """From now on, make ids with this process number."""
        with self._lock:
            self._process = process % PROCESSES

    def skip_to(self, last: int) -> None:
        """Make only ids above `last` from now on."""
        with self._lock:
            self._last = max(self._last, last >> PROCESS_BITS << PROCESS_BITS)


def encode_id(number: int) -> str:
    return (  # a loop takes twice as long, and this is done several times a notification
        f"{ALPHABET[number >> 60]}"
        f"{PAIRS[number >> 50 & 1023]}{PAIRS[number >> 40 & 1023]}{PAIRS[number >> 30 & 1023]}"
        f"{PAIRS[number >> 20 & 1023]}{PAIRS[number >> 10 & 1023]}{PAIRS[number & 1023]}"
    )


def decode_id(text: str) -> int | None:
    """The number that a public id stands for; None when it is not well-formed."""
    if len(text) != LENGTH:
        return None
    number = 0
    for letter in text:
        digit = DIGITS.get(letter)
        if digit is None:
            return None
        number = number << 5 | digit
    return number if number < 1 << 63 else None


def received_ms(notification_id: int) -> int:
    """Its milliseconds since 1970: of the receipt or, after the clock stepped back, later."""
    return notification_id >> LOW_BITS


def first_id_at(ms: int) -> int:
    """The lowest id that a notification received in this millisecond can have."""
    return max(0, min(ms, MAX_MS)) << LOW_BITS
