"""Quiet hours are told by the clock of whoever reads."""

from srhooks.domain.alerts import QuietHours
from srhooks.domain.clock import HOUR
from srhooks.incidents.outbox import quiet_end


def test_quiet_hours_end_in_the_readers_zone() -> None:
    night = QuietHours(22 * 60, 7 * 60, "Europe/Berlin")
    at_23 = 1_767_305_400_000  # 2026-01-01 22:10 UTC
    assert quiet_end(night, at_23) == 1_767_247_200_000 + 24 * HOUR  # 07:00 in Berlin
    noon = 1_767_265_200_000
    assert quiet_end(night, noon) == noon
    assert quiet_end(QuietHours(0, 1439, "No/Where"), noon) == noon
