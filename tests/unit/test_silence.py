"""The rule of silence over a generated year: false alarms, and how soon a real one is noticed.

docs/silence.md tells these figures.
"""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from srhooks.incidents.silence import (
    SHORTEST,
    WEEKS,
    Gap,
    has_quiet_days,
    is_silent,
    longest_gap,
    may_be_silent,
)
from srhooks.incidents.silence_watch import LONGEST, by_the_clock

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
HOURS = 52 * 7 * 24
HOLIDAYS = {
    (1, 6), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (6, 4), (8, 15), (10, 3), (11, 1), (12, 24),
    (12, 25), (12, 26), (12, 31), (1, 1),
}  # fmt: skip
BUSY = 12


def office(moment: datetime) -> float:
    """How much of the rate is usual in the hour, where people work from Monday to Friday."""
    if moment.weekday() >= 5 or (moment.month, moment.day) in HOLIDAYS:
        return 0.02
    return {8: 0.5, 12: 0.5, 17: 0.5, 18: 0.2}.get(
        moment.hour, 1.0 if 8 < moment.hour < 17 else 0.02
    )


def around_the_clock(moment: datetime) -> float:
    return 1.0 if 6 < moment.hour < 22 else 0.6


def year(rate: float, shape: object, seed: int, silent_from: int = HOURS) -> list[int]:
    """Notifications of each hour; some hours are bursts, as bulk changes make them."""
    source = random.Random(seed)  # noqa: S311 - the same in each run
    counts = []
    for hour in range(HOURS):
        assert callable(shape)
        mean = rate * shape(START + timedelta(hours=hour)) * source.gammavariate(2.0, 0.5)
        count = sum(source.random() < mean / 50 for _ in range(50))
        counts.append(0 if hour >= silent_from else count)
    return counts


def alarms(counts: Sequence[int]) -> list[int]:
    """The hours in which an incident would be opened: one for each gap at most."""
    found: list[int] = []
    last = 0
    for now in range(14 * 24, len(counts)):
        if counts[now]:
            last = now
            continue
        began, told = max(last + 1, now + 1 - LONGEST * 24), bool(found) and found[-1] > last
        if told or now + 1 - began < SHORTEST:
            continue
        weeks = [
            sum(counts[began - week * 168 : now + 1 - week * 168])
            for week in range(1, WEEKS + 1)
            if began - week * 168 >= 0
        ]
        if not may_be_silent(weeks):
            continue
        days: dict[int, int] = {}
        for hour in range(began, now + 1):
            days[hour // 24] = days.get(hour // 24, 0) + counts[hour - 168]
        by_weekday = [
            sum(counts[now - 168 - day * 24 : now - 168 - (day - 1) * 24]) for day in range(1, 8)
        ]
        gap = Gap(
            weeks=weeks,
            longest=longest_gap(counts[began - len(weeks) * 168 : began]),
            account_now=0, account_weeks=weeks,
            busy_days=sum(count >= BUSY for count in days.values()),
            has_quiet_days=has_quiet_days(by_weekday),
        )  # fmt: skip
        if is_silent(gap):
            found.append(now)
    return found


@pytest.mark.parametrize("rate", [0.3, 2.0, 10.0, 40.0])
@pytest.mark.parametrize("shape", [office, around_the_clock])
def test_a_year_with_holidays_has_hardly_a_false_alarm(rate: float, shape: object) -> None:
    found = [alarms(year(rate, shape, seed)) for seed in range(2)]
    assert sum(map(len, found)) <= 1, found


@pytest.mark.parametrize(
    ("rate", "shape", "within"),
    [(10.0, around_the_clock, 6), (2.0, around_the_clock, 24), (10.0, office, 4 * 24)],
)
def test_a_real_silence_is_noticed(rate: float, shape: object, within: int) -> None:
    began = 30 * 168 + 24 + 9  # a Tuesday, nine o'clock
    found = [hour for hour in alarms(year(rate, shape, 7, began)) if hour >= began]
    assert len(found) == 1
    assert found[0] - began <= within


def test_others_that_go_on_rule_a_holiday_out() -> None:
    given = {"weeks": [40, 30], "longest": 5.0, "account_weeks": [400, 300], "busy_days": 1}
    assert is_silent(Gap(**given, account_now=200, has_quiet_days=True))  # type: ignore[arg-type]
    assert not is_silent(Gap(**given, account_now=3, has_quiet_days=True))  # type: ignore[arg-type]
    assert is_silent(Gap(**given, account_now=3, has_quiet_days=False))  # type: ignore[arg-type]


def test_where_long_gaps_are_usual_a_longer_one_is_needed() -> None:
    given = {
        "weeks": [40, 30], "account_now": 0, "account_weeks": [40, 30], "busy_days": 1,
        "has_quiet_days": False,
    }  # fmt: skip
    assert is_silent(Gap(**given, longest=11.6))  # type: ignore[arg-type]
    assert not is_silent(Gap(**given, longest=12.0))  # type: ignore[arg-type]
    assert longest_gap([4, 2, 5, 0] + [1] * 164 + [0, 0, 0, 9] + [1] * 164) == 4 + 2 + 5
    assert longest_gap([1] * 336) == longest_gap([]) == 0


@pytest.mark.parametrize("weeks", [[], [100], [11, 11], [100, 100, 5], [40, 0]])
def test_too_little_to_go_by_is_no_silence(weeks: list[int]) -> None:
    assert not may_be_silent(weeks)


def test_hours_are_those_of_the_clock_on_the_wall() -> None:
    """Two weeks of mornings in Berlin, between which the clocks are set back (25 October 2026)."""
    zone = ZoneInfo("Europe/Berlin")
    began = datetime(2026, 10, 19, tzinfo=zone)
    hours = [0] * (2 * 168)
    for position in range(2 * 168):
        moment = (began.astimezone(UTC) + timedelta(hours=position)).astimezone(zone)
        hours[position] = 5 if moment.hour == 9 else 0
    in_utc = [position % 24 for position, count in enumerate(hours) if count]
    assert set(in_utc) == {9, 10}
    shown = by_the_clock(hours, round(began.timestamp() * 1000), zone)
    assert {position % 24 for position, count in enumerate(shown) if count} == {9}
    assert sum(shown) == sum(hours)
    assert longest_gap(shown) == 0
    assert by_the_clock(hours, round(began.timestamp() * 1000), UTC) == hours
