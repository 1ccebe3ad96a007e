"""How much happens in each hour of a year, as a share of the usual rate: kinds of companies."""

from collections.abc import Callable
from datetime import UTC, datetime

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
AMERICAN = {
    (1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 3), (9, 7), (10, 12), (11, 11), (11, 26),
    (11, 27), (12, 24), (12, 25), (12, 31),
}  # fmt: skip
FRENCH = {
    (1, 1), (4, 6), (5, 1), (5, 8), (5, 14), (5, 15), (5, 25), (7, 14), (8, 15), (11, 11), (12, 25),
}  # fmt: skip
JEWISH = {
    (4, 1), (4, 2), (4, 7), (4, 8), (4, 22), (5, 21), (5, 22), (9, 11), (9, 12), (9, 13), (9, 20),
    (9, 21), (9, 25), (9, 26), (10, 2), (10, 3),
}  # fmt: skip

Calendar = Callable[[datetime], float]


def american(moment: datetime) -> float:
    """Long office hours from Monday to Friday."""
    if moment.weekday() >= 5 or (moment.month, moment.day) in AMERICAN:
        return 0.01
    return {7: 0.3, 12: 0.6, 18: 0.4, 19: 0.2}.get(
        moment.hour, 1.0 if 7 < moment.hour < 18 else 0.02
    )


def french(moment: datetime) -> float:
    """August and the days from 21 December to 4 January are all but dead."""
    if moment.weekday() >= 5 or (moment.month, moment.day) in FRENCH:
        return 0.01
    day = (moment.month, moment.day)
    season = 0.12 if moment.month == 8 else 0.05 if day >= (12, 21) or day <= (1, 4) else 1.0
    return season * {8: 0.4, 12: 0.3, 13: 0.6, 18: 0.4}.get(
        moment.hour, 1.0 if 8 < moment.hour < 18 else 0.01
    )


def israeli(moment: datetime) -> float:
    """From Sunday to Thursday."""
    if moment.weekday() in (4, 5) or (moment.month, moment.day) in JEWISH:
        return 0.01
    return {8: 0.5, 17: 0.6}.get(moment.hour, 1.0 if 8 < moment.hour < 17 else 0.02)


def growing(moment: datetime) -> float:
    """Three times as much at the end of the year."""
    return american(moment) * (1 + 2 * _passed(moment))


def shrinking(moment: datetime) -> float:
    """To a fifth within the year."""
    return american(moment) * (1 - 0.8 * _passed(moment))


def frozen(moment: datetime) -> float:
    """From the 20th week on a tenth: nobody is hired any more."""
    return american(moment) * (1.0 if (moment - START).days < 140 else 0.1)


def golden_weeks(moment: datetime) -> float:
    """Twice in the year eight days off."""
    is_off = (moment.month == 2 and 16 <= moment.day <= 23) or (
        moment.month == 10 and moment.day <= 8
    )
    return 0.01 if is_off else american(moment)


def imports(moment: datetime) -> float:
    """One import each working night, and little else."""
    return 8.0 if moment.hour == 2 and moment.weekday() < 5 else 0.1


def continents(moment: datetime) -> float:
    """Teams around the world, with quiet weekends."""
    rest = 0.05 if moment.weekday() >= 5 else 1.0
    return rest * (1.0 if 6 < moment.hour < 20 else 0.5)


def shut(moment: datetime) -> float:
    """Nothing at all comes in these weeks, nor at weekends."""
    is_quiet = golden_weeks(moment) == 0.01 or moment.weekday() >= 5
    return 0.0 if is_quiet else american(moment)


def _passed(moment: datetime) -> float:
    return (moment - START).days / 364
