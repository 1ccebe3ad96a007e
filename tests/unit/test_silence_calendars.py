"""The rule of silence over years that did not choose its constants: other companies, fresh seeds.

docs/silence.md has the figures of twenty years of each: `SILENCE_YEARS=20 SILENCE_SEED=2000`.
"""

import os

import pytest

from tests.support import calendars
from tests.unit.test_silence import alarms, year

YEARS = int(os.environ.get("SILENCE_YEARS", "1"))
SEED = int(os.environ.get("SILENCE_SEED", "2000"))
RATE = 2.0  # notifications an hour: where the rule has most doubt


@pytest.mark.parametrize(
    ("calendar", "a_year"),
    [
        (calendars.american, 0.05), (calendars.israeli, 0.05), (calendars.growing, 0.05),
        (calendars.shrinking, 0.05), (calendars.continents, 0.05),
        (calendars.frozen, 0.2), (calendars.imports, 0.3),
        # To be closed for long is told once, a little of the time.
        (calendars.french, 0.5), (calendars.golden_weeks, 0.6),
    ],
)  # fmt: skip
def test_false_alarms_of_other_companies(calendar: calendars.Calendar, a_year: float) -> None:
    found = [alarms(year(RATE, calendar, SEED + number)) for number in range(YEARS)]
    assert sum(map(len, found)) <= max(1, round(a_year * YEARS)), found


def test_a_company_where_nothing_comes_for_eight_days_is_told_of_each_time() -> None:
    found = [alarms(year(RATE, calendars.shut, SEED + number)) for number in range(YEARS)]
    assert [len(one) for one in found] == [2] * YEARS
