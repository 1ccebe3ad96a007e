"""Time-ordered notification ids.

One 63-bit number is at once the row id, the order of the feed, its cursor and the time of
receipt: milliseconds since 1970 in the upper 42 bits, a random, strictly rising remainder in the
lower 21, so that an id tells nothing about how many others there are. On pages and in JSON it is
13 characters of base32 (Crockford's alphabet, lower case), whose text order is the same.
"""

import random
import threading
import time

LOW_BITS = 21
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 13
DIGITS = {letter: value for value, letter in enumerate(ALPHABET)}
STEP_BITS = 9
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
MAX_MS = (1 << 42) - 1


def _step() -> int:
    """It hides counts, it is no secret."""
    return random.getrandbits(STEP_BITS)


class IdSource:
    """Hands out strictly rising ids, also when the clock steps back, and in whichever thread."""

    def __init__(self, last: int = 0) -> None:
        self._last = last
        self._lock = threading.Lock()

    def __call__(self) -> int:
        with self._lock:
            fresh = (time.time_ns() // 1_000_000) << LOW_BITS
            if fresh <= self._last:
                self._last += 1 + _step()
            else:
                self._last = fresh + _step()
            return self._last

    def skip_to(self, last: int) -> None:
        """Go on above an id that an earlier run handed out."""
        with self._lock:
            self._last = max(self._last, last)


def encode_id(number: int) -> str:
    return (  # a loop takes twice as long, and this is done several times a notification
        f"{ALPHABET[number >> 60]}"
        f"{PAIRS[number >> 50 & 1023]}{PAIRS[number >> 40 & 1023]}{PAIRS[number >> 30 & 1023]}"
        f"{PAIRS[number >> 20 & 1023]}{PAIRS[number >> 10 & 1023]}{PAIRS[number & 1023]}"
    )


def decode_id(text: str) -> int | None:
    """The number of a well-formed id, else None."""
    if len(text) != LENGTH:
        return None
    number = 0
    for letter in text:
        digit = DIGITS.get(letter)
        if digit is None:
            return None
        number = number << 5 | digit
    return number if number < 1 << 63 else None


def received_ms(number: int) -> int:
    """The time of receipt in milliseconds since 1970."""
    return number >> LOW_BITS


def first_id_at(ms: int) -> int:
    """The lowest id that a notification received in this millisecond can have."""
    return max(0, min(ms, MAX_MS)) << LOW_BITS
