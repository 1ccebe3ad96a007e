"""JSON is written in parts as it is written as a whole."""

import json
import random
from typing import Any

import pytest
from srhooks.domain import json_writing
from srhooks.domain.json_writing import dump_parts, dumps
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


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("few", "size", "part"), [(1, 1, 1), (3, 2, 4), (30, 5, 5)])
def test_parts_are_the_whole(
    monkeypatch: pytest.MonkeyPatch, few: int, size: int, part: int, options: dict[str, Any]
) -> None:
    monkeypatch.setattr(json_writing, "FEW", few)
    monkeypatch.setattr(json_writing, "SLICE", size)
    monkeypatch.setattr(json_writing, "PART", part)
    monkeypatch.setattr(json_writing, "CHARACTERS", 1)
    chance = random.Random(few)  # noqa: S311 - no secret
    for _ in range(60):
        value = grown(chance, 5)
        assert "".join(dump_parts(value, **options)) == json.dumps(value, **options)


async def test_what_is_large_is_written_in_parts_beside_the_loop() -> None:
    large = {"rows": [{"id": n, "name": "\u00cdto"} for n in range(5000)], "text": "\u202e" * 10**6}
    assert await run_in_background(dumps, large) == json.dumps(large)
    longest = max(map(len, dump_parts(large)))
    assert longest <= 6 * json_writing.PART
    assert dumps(large) == json.dumps(large)
