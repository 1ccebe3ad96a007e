"""Large values are freed in parts, and what is still in use stays as it is."""

import json
import threading
from typing import Any

from srhooks.domain.json_values import LONG, parse_body
from srhooks.server.freed_in_parts import MANY, free, freed_in_parts, freeing, holding
from srhooks.server.heavy_work import run_in_background

from tests.support.notifications import notification


class Ended(list[int]):
    """Tells how much it held when it was freed."""

    def __init__(self, length: int, told: list[int]) -> None:
        super().__init__(range(length))
        self.told = told

    def __del__(self) -> None:
        self.told.append(len(self))


def test_what_is_large_is_emptied_first_and_what_is_in_use_stays() -> None:
    told: list[int] = []
    used = Ended(MANY + 1, told)
    with freeing():
        freed_in_parts(Ended(MANY + 1, told))
        freed_in_parts(used)
        freed_in_parts(Ended(3, told))
        assert told == []
    assert told == [3, 0]
    assert len(used) == MANY + 1


def test_members_of_a_large_object_are_freed_one_by_one() -> None:
    told: list[int] = []
    with freeing():
        freed_in_parts({n: Ended(2, told) for n in range(MANY + 1)})
        wide = freed_in_parts({n: Ended(2, told) for n in range(MANY + 1)})
    assert len(told) == MANY + 1
    assert len(wide) == MANY + 1


def test_what_is_made_inside_is_held_by_the_inner_one_and_by_its_thread() -> None:
    told: list[int] = []
    inner: list[Any] = []
    with freeing():
        with holding(inner):
            freed_in_parts(Ended(1, told))
        elsewhere = threading.Thread(target=lambda: freed_in_parts(Ended(2, told)))
        elsewhere.start()
        elsewhere.join()
        assert told == [2]
    assert told == [2]
    free(inner)
    assert told == [2, 1]


VALUE = {"a": [[n, {"b": n}] for n in range(LONG // 10)]}


async def test_what_is_parsed_beside_the_loop_hangs_on_nothing_when_it_is_forgotten() -> None:
    raw = json.dumps(VALUE).encode()

    def parts() -> tuple[int, int]:
        n = notification(body=raw)
        assert n.body_value == VALUE
        held = len(n._held)
        n.forget_values()
        return held, len(n._held)

    assert await run_in_background(parts) == (2 + 2 * len(VALUE["a"]), 0)


async def test_a_value_that_was_asked_for_stays_when_the_work_has_ended() -> None:
    raw = json.dumps(VALUE).encode()
    assert await run_in_background(parse_body, raw) == VALUE


async def test_a_value_that_others_still_read_is_not_emptied() -> None:
    numbers = list(range(LONG))
    n = notification(body=json.dumps(numbers).encode())
    value = await run_in_background(lambda: n.body_value)
    n.forget_values()
    assert value == numbers
