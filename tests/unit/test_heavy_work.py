"""What takes long is done beside the event loop, and by the same rules."""

import json
import threading

import pytest
from srhooks.domain.json_values import LONG, parse_body, text_of
from srhooks.server.heavy_work import LARGE, NAME, is_beside_the_loop, run_heavy
from srhooks.web.http.errors import json_text

VALUE = {
    "a": [1, 2.5, None, True, "\u202e\u00e9" * 10_000],
    "b": {"c": ["x"] * 40_000},
    "d": "\ud800",
}


def where() -> tuple[bool, str]:
    return is_beside_the_loop(), threading.current_thread().name


async def test_little_is_done_at_once_and_much_in_a_thread() -> None:
    assert (await run_heavy(LARGE, where))[0] is False
    beside, name = await run_heavy(LARGE + 1, where)
    assert beside
    assert name.startswith(NAME)
    with pytest.raises(ZeroDivisionError):
        await run_heavy(LARGE + 1, lambda: 1 // 0)


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(VALUE).encode(),
        json.dumps(["\u202e\u00e9"] * 50_000, ensure_ascii=False).encode(),
        b"[" * 400 + b"1" + b"]" * 400 + b" " * LONG,
        b'{"a":' * 600 + b"1" + b"}" * 600 + b" " * LONG,
        b"[NaN" + b" " * LONG + b"]",
        b"[1e999" + b" " * LONG + b"]",
        b"\xff\xfe\xe2\x82" * LONG,
        "é€\U0001f600".encode() * LONG,
        b"[" + b"1," * LONG + b"1]",
    ],
)
async def test_a_long_text_is_read_alike_in_both_places(raw: bytes) -> None:
    assert await run_heavy(len(raw), parse_body, raw) == parse_body(raw)
    assert text_of(raw) == raw.decode("utf-8", "replace")


async def test_a_large_value_is_written_alike_in_both_places() -> None:
    assert await run_heavy(LARGE + 1, json_text, VALUE) == json_text(VALUE)
