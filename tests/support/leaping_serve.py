"""`srhooks serve` in a process whose time of day leaps at each SIGUSR1, as when a clock is set."""

import itertools
import signal
import sys
import time

from tests.support.loop_watch import watch_loop

DAY = 86_400  # seconds
LEAPS = (31 * DAY, 0, 5 * 3600, -5 * 3600, 0)  # from the true time, one after the other

ahead = 0
to_come = itertools.cycle(LEAPS)
true_ns, true_s = time.time_ns, time.time


def leap(*_: object) -> None:
    global ahead  # noqa: PLW0603 - the process has one clock
    ahead = next(to_come)


if __name__ == "__main__":
    time.time_ns = lambda: true_ns() + ahead * 1_000_000_000
    time.time = lambda: true_s() + ahead
    signal.signal(signal.SIGUSR1, leap)
    watch_loop()
    from srhooks.cli import main

    sys.exit(main(["serve"]))
