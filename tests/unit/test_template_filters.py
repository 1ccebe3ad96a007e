"""Times, sizes, titles and queries as pages show them."""

from typing import Any

import pytest
from srhooks.protocol.event_types import FAMILIES
from srhooks.web.presentation import labels, template_filters

from tests.support.notifications import NOW, notification


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "Grace Ito"),
        ({"title": None}, "Application without a name"),
        ({"title": None, "event_name": None}, "Without a name"),
        ({"title": None, "event_name": "a.b-c"}, "Without a name"),
        ({"title": None, "entity_status": "pending"}, "Loading details…"),
        (
            {"title": None, "entity_status": "refused", "signature": "invalid"},
            "Not from SmartRecruiters: the signature does not match",
        ),
        ({"title": None, "entity_status": "refused"}, "Application without a name"),
        ({"title": None, "entity_status": "gone"}, "Application without a name"),
        ({"title": None, "entity_status": "gone", "event_name": "x"}, "Without a name"),
        ({"title": "x" * 999}, "x" * 199 + "…"),
    ],
)
def test_title(changes: dict[str, Any], title: str) -> None:
    assert labels.title_of(notification(**changes)) == title


def test_every_event_has_a_sentence() -> None:
    for names in FAMILIES.values():
        for name in names:
            assert labels.event_text(name).startswith("Sends a link to the ")
    assert labels.event_text("brand.new") == "Sends a link to what changed."


@pytest.mark.parametrize(
    ("gone", "text"),
    [
        (0, "just now"),
        (-5000, "just now"),
        (4900, "4 s ago"),
        (61_000, "1 min ago"),
        (3_600_000, "1 h ago"),
        (3 * 86_400_000, template_filters.day_and_time(NOW - 3 * 86_400_000, NOW)),
        (30 * 86_400_000, template_filters.day_and_time(NOW - 30 * 86_400_000, NOW)),
        (-3_600_000, template_filters.day_and_time(NOW + 3_600_000, NOW)),
    ],
)
def test_ago(gone: int, text: str) -> None:
    assert template_filters.ago(NOW - gone, NOW) == text
    assert template_filters.ago(None) == "never"


def test_times_and_sizes() -> None:
    assert template_filters.exact(0) == "1 Jan 1970, 00:00:00.000 UTC"
    assert template_filters.iso(None) == template_filters.exact(None) == ""
    texts = [
        template_filters.duration(seconds) for seconds in (None, 0.2, -3, 600, 10_000, 400_000)
    ]
    assert texts == ["", "200 ms", "3 s", "10 min", "3 h", "5 days"]
    assert [template_filters.size(count) for count in (1, 1500, 2_000_000)] == [
        "1 B",
        "1.5 kB",
        "2.0 MB",
    ]


def test_query_keeps_the_filter_and_leaves_the_page() -> None:
    params = {"q": "a b", "event": ["job.", ""], "before": "0000000000001", "status": ""}
    assert template_filters.query(params) == "?q=a+b&event=job."
    assert template_filters.query(params, before="y") == "?q=a+b&event=job.&before=y"
    assert template_filters.query({"q": "\ud800"}) == "?q=%3F"
    assert template_filters.query(None) == ""
