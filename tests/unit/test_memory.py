"""Full garbage collections stop everything: they come when there is little to visit."""

import gc
import json
from collections.abc import Iterator
from typing import Any

import pytest
from srhooks.server import memory
from srhooks.server.heavy_work import run_in_background
from srhooks.server.memory import MANY_BLOCKS, MOST_SKIPPED, FullCollections, bound_collections

FULL = 2  # the generation


@pytest.fixture
def collected() -> Iterator[list[int]]:
    """The generations that were collected; what was bounded is as before afterwards."""
    usual = gc.get_threshold()
    generations: list[int] = []

    def record(phase: str, info: dict[str, Any]) -> None:
        if phase == "stop":
            generations.append(info["generation"])

    gc.callbacks.append(record)
    yield generations
    gc.callbacks.remove(record)
    gc.set_threshold(*usual)
    gc.unfreeze()


def test_reading_something_large_makes_no_full_collection(collected: list[int]) -> None:
    large = "[" + "[]," * (MANY_BLOCKS // 5) + "[]]"
    bound_collections()
    collected.clear()
    kept = [json.loads(large) for _ in range(5)]
    assert len(kept) == 5
    assert FULL not in collected
    assert 1 in collected, "the young are collected as ever"


def test_it_is_put_off_while_there_is_much_but_not_for_ever(collected: list[int]) -> None:
    collections = FullCollections()
    much = json.loads("[" + "[]," * MANY_BLOCKS + "[]]")
    collected.clear()
    assert [collections.collect() for _ in range(MOST_SKIPPED)] == [False] * MOST_SKIPPED
    assert FULL not in collected
    assert collections.collect()
    assert not collections.collect()
    assert len(much) == MANY_BLOCKS + 1


async def test_it_is_put_off_while_there_is_work_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "MANY_BLOCKS", 2**40)  # whatever the tests before left
    collections = FullCollections()
    assert not await run_in_background(collections.collect)
    assert collections.collect()


def test_cycles_are_freed_when_there_is_little(
    collected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MANY_BLOCKS", 2**40)  # whatever the tests before left
    assert FullCollections().collect()
    assert FULL in collected
