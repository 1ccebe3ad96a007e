"""What changed in an entity: by id, else by the longest common part, with types, and bounded."""

import json
import random
from typing import Any

import pytest
from srhooks.entities.diff import MAX_CHANGES, MAX_VALUE, changes

TEAM = [{"id": f"u{place}", "firstName": name} for place, name in enumerate(("Ada", "Ben", "Cid"))]


def told(before: Any, now: Any) -> list[tuple[str, Any, Any]]:
    return [(one["field"], one["before"], one["now"]) for one in changes(before, now)]


def test_the_first_of_a_team_leaves() -> None:
    assert told({"team": TEAM}, {"team": TEAM[1:]}) == [("team.0", "Ada (u0)", None)]


def test_one_joins_in_the_middle_and_another_is_renamed() -> None:
    renamed = {**TEAM[2], "firstName": "Cyd"}
    joined = [TEAM[0], {"id": 7, "name": "Eve"}, TEAM[1], renamed]
    assert told({"team": TEAM}, {"team": joined}) == [
        ("team.1", None, "Eve (7)"),
        ("team.3.firstName", "Cid", "Cyd"),
    ]


def test_another_order_is_one_change() -> None:
    assert told({"steps": TEAM}, {"steps": [TEAM[1], TEAM[0], TEAM[2]]}) == [
        ("steps", "Ada (u0), Ben (u1), Cid (u2)", "Ben (u1), Ada (u0), Cid (u2)")
    ]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (["a", "b", "c"], ["b", "c"], [("0", "a", None)]),
        (["a", "b", "c"], ["a", "x", "b", "c"], [("1", None, "x")]),
        (["a", "b", "c"], ["a", "x", "c"], [("1", "b", "x")]),
        ([{"n": 1, "m": 2}, "b"], [{"n": 1, "m": 3}, "b"], [("0.m", 2, 3)]),
        # One id twice, or none: no ids to go by.
        ([{"id": 1}, {"id": 1, "v": 2}], [{"id": 1, "v": 2}], [("0", '{"id": 1}', None)]),
        ([{"id": True}], [], [("0", '{"id": true}', None)]),
    ],
)  # fmt: skip
def test_lists_without_ids(before: Any, now: Any, expected: list[tuple[str, Any, Any]]) -> None:
    assert told(before, now) == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"a": "1"}, {"a": 1}, ("a", '"1"', "1")),
        ({"a": True}, {"a": 1}, ("a", "true", "1")),
        ({"a": None, "b": 1}, {"b": 1}, ("a", "null", None)),
        ({"a": "null"}, {"a": None}, ("a", '"null"', "null")),
        ([1], {"0": 1}, ("", "[1]", '{"0": 1}')),
        ({"a": []}, {"a": {}}, ("a", "[]", "{}")),
        ({}, {"a": {}}, ("a", None, "{}")),
        ({"a": {"b": 1}}, {}, ("a.b", 1, None)),
        ({"a": 60_000}, {"a": 70_000.5}, ("a", 60_000, 70_000.5)),
        ({"a": False}, {"a": "x"}, ("a", False, "x")),
        ({"a": None}, {"a": 0}, ("a", None, 0)),
        ({}, {"a": None}, ("a", None, "null")),
        ({"a": {"b": 1}}, {"a": "x"}, ("a", '{"b": 1}', "x")),
        ({"a": [1]}, {}, ("a", "[1]", None)),
    ],
)
def test_types_and_absence_count(before: Any, now: Any, expected: tuple[str, Any, Any]) -> None:
    assert told(before, now) == [expected]


def test_the_same_value_is_no_change() -> None:
    same = {"a": 1, "b": [1.0, None, {"id": 1}], "updatedOn": "x", "c": {"actions": 1}}
    other = {"a": 1.0, "b": [1, None, {"id": 1}], "updatedOn": "y", "c": {}}
    assert told(same, other) == []


def test_long_texts_are_cut_around_what_differs() -> None:
    ((_, before, now),) = told({"a": "x" * 900 + "old"}, {"a": "x" * 900 + "new"})
    assert before.startswith("…xxx")
    assert before.endswith("old")
    assert now.endswith("new")
    ((_, before, now),) = told({"a": "é" * 900}, {"a": "é" * 901 + "z" * 900})
    assert len(before) <= MAX_VALUE
    assert before != now


def test_what_is_told_can_always_be_told_apart() -> None:
    chance = random.Random(5)  # noqa: S311 - the same ones each time
    leaves: list[Any] = [None, True, 1, 0, 2.5, "1", "null", "", "a", [], {}]

    def grow(depth: int) -> Any:
        kind = chance.random()
        if depth == 0 or kind < 0.4:
            return chance.choice(leaves)
        if kind < 0.7:
            return [grow(depth - 1) for _ in range(chance.randrange(4))]
        return {chance.choice("abid"): grow(depth - 1) for _ in range(chance.randrange(4))}

    for _ in range(3000):
        before, now = grow(3), grow(3)
        found = changes(before, now)
        if json.dumps(before, sort_keys=True) != json.dumps(now, sort_keys=True):
            assert found, (before, now)
        assert all(one["before"] != one["now"] for one in found), (before, now, found)
        assert changes(before, before) == []


def nested(size: int, end: int) -> Any:
    """Each level is compared before the one within it is looked at."""
    value: Any = [end]
    for _ in range(450):
        value = [[0] * size, value]
    return value


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (list(range(30_000)), list(range(30_000, 0, -1))),
        ([{"id": n} for n in range(20_000)], [{"id": n} for n in range(20_000, 0, -1)]),
        ({str(n): n for n in range(30_000)}, {str(n): -n for n in range(30_000)}),
        ([[n] for n in range(30_000)], [[n, n] for n in range(30_000)]),
        (nested(1000, 1), nested(1000, 2)),
        ({"a": "x" * 4_000_000}, {"a": "x" * 3_999_999 + "y"}),
    ],
)
def test_hostile_entities_are_bounded(before: Any, now: Any) -> None:
    # Were one of these quadratic, it would take minutes.
    found = changes(before, now)
    assert 0 < len(found) <= MAX_CHANGES
    values = [one[side] for one in found for side in ("before", "now")]
    assert all(len(str(value)) <= MAX_VALUE for value in values)
