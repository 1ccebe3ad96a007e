"""Whether it is implausible that nothing came: the rule, without any I/O.

The time since the last notification (the gap) is laid over the same hours of the week in the weeks
before, in the account's time zone. So nights and weekends are quiet by themselves. It is silence
when

- there are MIN_WEEKS weeks or more to compare with,
- ENOUGH notifications came in the gap of a usual (median) week, and no week fell far below that,
- that is LONGER times as much as in any gap of these weeks: where much comes in bursts, long gaps
  are usual,
- and either other events of the account go on, or the account knows no quiet days, or BUSY_DAYS
  days on which much usually comes have passed: a holiday is quiet, too, and so is Easter.

docs/silence.md has its rate of false alarms, which a test measures with a generated year.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WEEKS = 4  # that are compared with, as far as the history goes back
MIN_WEEKS = 2
ENOUGH = 12  # notifications in a usual gap: with chance alone, none comes once in 160,000 gaps
SHARE = 4  # the poorest week must have a quarter of the usual one
BUSY_DAYS = 3
LONGER = 3
SHORTEST = 2  # hours of a gap
WEEK = 168  # hours


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing came, against the same time of the weeks before."""

    weeks: Sequence[int]  # how many came then, newest week first
    longest: float  # what usually comes in the longest gap of these weeks
    account_now: int  # what came in the gap from all subscriptions
    account_weeks: Sequence[int]
    busy_days: int  # days of the gap on which much usually comes
    has_quiet_days: bool  # whether the account has days of the week on which little comes


def may_be_silent(weeks: Sequence[int]) -> bool:
    """The part of the rule that looks at the gap alone."""
    if len(weeks) < MIN_WEEKS:
        return False
    usual = median(weeks)
    return usual >= ENOUGH and min(weeks) * SHARE >= usual


def is_silent(gap: Gap) -> bool:
    if not may_be_silent(gap.weeks) or median(gap.weeks) < LONGER * gap.longest:
        return False
    if gap.account_now * SHARE >= median(gap.account_weeks or [0]) and gap.account_now:
        return True
    return not gap.has_quiet_days or gap.busy_days >= BUSY_DAYS


def longest_gap(hours: Sequence[int]) -> float:
    """The usual count of notifications in the longest stretch of hours in which none came.

    `hours` are the counts of whole weeks, oldest first. What is usual in an hour is the mean of the
    other weeks.
    """
    longest = current = 0.0
    for position, count in enumerate(hours):
        if count:
            current = 0.0
            continue
        others = list(hours[position % WEEK :: WEEK])
        del others[position // WEEK]
        current += sum(others) / len(others) if others else 0.0
        longest = max(longest, current)
    return longest


def has_quiet_days(by_weekday: Sequence[int]) -> bool:
    """Whether people rest: the quietest day of the week has less than a quarter of the busiest."""
    return min(by_weekday) * SHARE < max(by_weekday)
