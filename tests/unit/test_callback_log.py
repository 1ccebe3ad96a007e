"""Records of the callbacks log in whatever form the service has them."""

from typing import Any

import pytest
from srhooks.subscriptions.callback_log import (
    Position,
    read_call,
    read_headers,
    read_moment,
    read_position,
)


def test_headers_of_the_log_that_may_be_secret_are_not_shown() -> None:
    headers = {"Authorization": "Basic eA==", "X-Key": "k", "Event-Name": "job.created"}
    item = {"status": "failed", "timestamp": "2026-11-24T13:00:00.000+0000",
            "requestDetails": {"headers": headers}}  # fmt: skip
    call = read_call(item)
    assert call.headers == {
        "authorization": "[redacted]", "x-key": "[redacted]", "event-name": "job.created",
    }  # fmt: skip
    assert call.at == 1795525200000
    odds: list[dict[str, Any]] = [
        {},
        {"requestDetails": 1, "timestamp": 7},
        {"requestDetails": {"headers": []}},
    ]
    assert not any(read_call(odd).successful for odd in odds)


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        ("2026-11-24T13:00:00.123Z", 1795525200123),
        ("2026-11-24T14:00:00.123+01:00", 1795525200123),
        (1795525200123, 1795525200123),
        (1795525200, 1795525200000),
        (1795525200.5, 1795525200500),
        ("1795525200123", 1795525200123),
        (None, None), ("", None), ("x", None), (True, None), (-1, None), (1e300, None), ([], None),
        (float("nan"), None), ("9" * 50, None),
    ],
)  # fmt: skip
def test_times(value: Any, ms: int | None) -> None:
    assert read_moment(value) == ms


@pytest.mark.parametrize(
    "value",
    [
        {"A": "b", "C": ["d", "e"]},
        [{"name": "A", "value": "b"}, {"name": "c", "value": "d"}, {"name": "C", "value": "e"}],
        [["A", "b"], ["C", ["d", "e"]], ["odd"], 5],
        ["A: b", "C:d", "c: e", "odd"],
    ],
)
def test_headers(value: Any) -> None:
    assert read_headers(value) == {"a": "b", "c": "d, e"}


def test_bodies_are_json_or_the_text_as_it_is() -> None:
    bodies = [
        read_call({"requestDetails": {"body": body}}).body
        for body in ('{"id": "1"}', {"id": "é"}, [1, None], None, 5, "")
    ]
    assert bodies == ['{"id": "1"}', '{"id":"é"}', "[1,null]", "", "5", ""]


def test_a_position_is_read_as_it_was_written() -> None:
    for one in (Position(), Position("a.b p"), Position(before=5), Position("", 5, ("ab", "cd"))):
        assert read_position(str(one)) == one
    assert read_position("") == Position()
