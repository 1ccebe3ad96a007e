"""JSON is written in parts as it is written as a whole."""

import json
import random
from typing import Any

import pytest
from srhooks.domain.json_values import MAX_DEPTH
from srhooks.domain.json_writing import FEW, PART, SLICE, dump_parts, dumps
from srhooks.server.heavy_work import run_in_background

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"ensure_ascii": False},
    {"separators": (",", ":")},
    {"sort_keys": True},
)
LEAVES = (
    None, True, False, 0, -7, 2.5, 1e300, "", "a", '"\\', "\u202e\u00e9", "\ud800", "\U0001f600",
)  # fmt: skip


def grown(chance: random.Random, depth: int) -> Any:
    if depth == 0 or chance.random() < 0.3:
        return chance.choice(LEAVES)
    if chance.random() < 0.5:
        return [grown(chance, depth - 1) for _ in range(chance.randrange(9))]
    names = chance.sample("abcdefgh\u00e9", k=chance.randrange(9))
    return {name: grown(chance, depth - 1) for name in names}


def large(chance: random.Random) -> Any:
    """Longer than what is written at once, in each of its parts."""
    value: Any = [grown(chance, 3) for _ in range(FEW)]
    for leaf in LEAVES:
        members = {f"{n}\u00e9": leaf for n in range(3 * SLICE)}
        value = {"z": value, "a": members, "b": [leaf] * FEW}
    return [value, {}, [], "", "\u202e\ud800" * PART]


@pytest.mark.parametrize("options", OPTIONS)
def test_parts_are_the_whole(options: dict[str, Any]) -> None:
    value = large(random.Random(5))  # noqa: S311 - no secret
    assert "".join(dump_parts(value, **options)) == json.dumps(value, **options)
    assert max(map(len, dump_parts(value, **options))) <= 6 * PART


async def test_what_is_large_is_written_alike_in_both_places() -> None:
    value = large(random.Random(6))  # noqa: S311 - no secret
    assert await run_in_background(dumps, value) == json.dumps(value) == dumps(value)


async def test_what_is_deep_and_large_is_written_as_well() -> None:
    value: Any = list(range(2 * FEW))
    for _ in range(MAX_DEPTH // 2):
        value = {"a": [value]}
    assert await run_in_background(dumps, value) == json.dumps(value)
