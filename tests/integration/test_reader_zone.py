"""Times in the reader's zone: told by a cookie and by the form with the dates."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from multidict import MultiDict
from srhooks.domain.clock import read_time
from srhooks.web.http.query_params import read_filter
from srhooks.web.presentation import reader_zone
from srhooks.web.presentation.template_filters import ago, exact, field_time
from srhooks.web.presentation.time_elements import value

from tests.support.harness import World

NOON = 1_764_590_400_000  # 2025-12-01T12:00:00Z
KATHMANDU = "Asia/Kathmandu"  # five and three quarter hours ahead


@pytest.mark.parametrize(
    "name", ["", "UTC", "../../etc/passwd", "/etc/passwd", "No/Such_Zone", "Asia", "A" * 90, "\x00"]
)
def test_what_names_no_zone_is_utc(name: str) -> None:
    assert reader_zone.zone_named(name) is None


def test_times_are_told_in_the_zone() -> None:
    assert exact(NOON) == "1 Dec 2025, 12:00:00.000 UTC"
    told = reader_zone.current.set(ZoneInfo(KATHMANDU))
    try:
        assert exact(NOON) == "1 Dec 2025, 17:45:00.000 +0545"
        assert ago(NOON, NOON + 86_400_000).startswith("1 Dec")
        assert ago(NOON, NOON + 86_400_000).endswith("17:45")
        assert field_time("2025-12-01T12:00:00Z") == "2025-12-01T17:45"
        assert field_time("2025-12-01T17:45", KATHMANDU) == "2025-12-01T17:45"
        assert field_time("2025-12-01T12:00") == "2025-12-01T17:45"  # without a zone it is UTC
    finally:
        reader_zone.current.reset(told)


def test_a_value_that_is_a_time_is_told_as_people_read_times() -> None:
    """And can be seen as it is: in its title."""
    raw = "2026-12-17T23:30:00.000Z"
    shown = '<time datetime="{0}" title="{0}" data-clock="value">{1}</time>'
    assert value(raw, 60) == shown.format(raw, "17 Dec 2026, 23:30")
    told = reader_zone.current.set(ZoneInfo(KATHMANDU))
    try:
        assert value(raw) == shown.format(raw, "18 Dec 2026, 05:15")
        west = "2026-12-17T23:30:00-07:00"
        assert value(west) == shown.format(west, "18 Dec 2026, 12:15")
        for other in (
            "2026-12-17", "2026-12-17T23:30:00", "2026-13-45T99:00:00Z", "9999-12-31T23:59:59Z",
            raw + "<", "IN_REVIEW", "",
        ):  # fmt: skip
            assert "<time" not in value(other), other
        assert value("IN_REVIEW") == "<bdi>In review</bdi>"
    finally:
        reader_zone.current.reset(told)


async def test_rows_and_timelines_tell_times_of_records_in_the_zone(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("interview.updated")
        await world.notify(
            created["hookId"], b'{"interview_id": "i1"}', event_name="interview.updated"
        )
        raw = "2026-12-17T12:00:00.000Z"
        changes = [
            {"field": "timeslots.0.startsOn", "before": raw, "now": raw.replace("17T", "18T")}
        ]
        await world.services.store._write(  # type: ignore[attr-defined]
            "UPDATE notifications SET changes = $1, title = 'x'", json.dumps(changes)
        )
        ada.session.cookie_jar.update_cookies({"zone": KATHMANDU})
        for path in ("/notifications", "/entities/interview/i1"):
            page = await ada.page(path)
            assert "Timeslots starts on</bdi>:" in page
            assert f'title="{raw}" data-clock="value">17 Dec 2026, 17:45</time>' in page
            assert 'data-clock="value">18 Dec 2026, 17:45</time>' in page


def test_times_are_made_in_one_place() -> None:
    """But that of a row, which thousands a second are made of; its macro gets the same texts."""
    templates = Path(__file__).parents[2] / "templates"
    with_their_own = {
        path.name for path in templates.rglob("*.html") if "<time" in path.read_text("utf-8")
    }
    assert with_their_own == {"_row.html"}


def test_dates_of_the_filter_are_in_the_zone_that_goes_with_them() -> None:
    wanted = read_filter(MultiDict(after="2025-12-01T17:45", zone=KATHMANDU))
    assert wanted.received_after == NOON
    assert wanted.params["zone"] == KATHMANDU
    assert read_filter(MultiDict(after="2025-12-01T12:00")).received_after == NOON
    exact_time = read_filter(MultiDict(after="2025-12-01T12:00Z", zone=KATHMANDU))
    assert (exact_time.received_after, "zone" in exact_time.params) == (NOON, False)
    assert not read_filter(MultiDict(zone=KATHMANDU)).params


async def test_pages_follow_the_cookie_and_only_of_that_request(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await world.notify(created["hookId"], event_name="job.created")
        (n,) = await ada.notifications()
        received = read_time(n["receivedAt"])
        there = received.astimezone(ZoneInfo(KATHMANDU))
        ada.session.cookie_jar.update_cookies({"zone": KATHMANDU})
        page = await ada.page(f"/notifications?after={there:%Y-%m-%dT}00:00&zone={KATHMANDU}")
        assert f"{there:%H:%M:%S}" in page
        assert f'value="{there:%Y-%m-%dT}00:00"' in page
        assert f"<span data-zone>{KATHMANDU}</span>" in page
        ada.session.cookie_jar.update_cookies({"zone": "nonsense"})
        page = await ada.page("/notifications")  # over the same connection
        assert f"{received.astimezone(UTC):%H:%M:%S}" in page
        assert "<span data-zone>UTC</span>" in page
    assert datetime.now(UTC) > received


async def test_several_events_are_chosen_without_scripts(world: World) -> None:
    """Each that was chosen is a chip, beside a select for the next (templates/_filters.html)."""
    async with world.logged_in() as ada:
        page = await ada.page("/notifications?event=job.created&event=offer.&event=review.created")
        assert '<option value="job.created" selected>' in page
        for event in ("offer.", "review.created"):
            assert f'<input type="checkbox" name="event" value="{event}" checked>' in page
        assert page.count('<select name="event"') == 2
