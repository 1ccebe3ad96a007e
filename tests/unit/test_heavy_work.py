"""What takes long is done beside the event loop, and by the same rules."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable

import pytest
from srhooks.domain.json_values import (
    LONG,
    MAX_MEMBERS,
    MAX_VALUES,
    is_json,
    parse_body,
    text_of,
)
from srhooks.domain.models import Notification
from srhooks.domain.search_text import search_text
from srhooks.domain.subjects import subjects_of
from srhooks.entities.entity_answer import _changes
from srhooks.server.freed_in_parts import MANY
from srhooks.server.heavy_work import (
    HAND_OVER,
    LARGE,
    QUICK,
    SLOW,
    VERY_LARGE,
    run_heavy,
    run_in_background,
)
from srhooks.web.http.errors import json_text
from srhooks.web.http.forms import parse_form
from srhooks.web.pages.export_formats import FORMATS, write
from srhooks.web.presentation.json_tree import json_tree
from srhooks.web.presentation.notification_json import notification_json

from tests.support.harness import DEADLINE
from tests.support.loop_watch import longest_hold
from tests.support.notifications import notification

VALUE = {
    "a": [1, 2.5, None, True, "\u202e\u00e9" * 10_000],
    "b": {"c": ["x"] * 40_000},
    "d": "\ud800",
}


def where() -> tuple[bool, str]:
    thread = threading.current_thread()
    return thread is not threading.main_thread(), thread.name


async def test_little_is_done_at_once_and_much_in_a_thread() -> None:
    assert (await run_heavy(LARGE, where))[0] is False
    beside, name = await run_heavy(LARGE + 1, where)
    assert beside
    assert name.startswith(QUICK)
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
        b"{" + b",".join(b'"%d":%d' % (n % (MANY + 5), n) for n in range(2 * LONG // 10)) + b"}",
    ],
)
async def test_a_long_text_is_read_alike_in_both_places(raw: bytes) -> None:
    assert await run_heavy(len(raw), parse_body, raw) == parse_body(raw)
    assert text_of(raw) == raw.decode("utf-8", "replace")


async def test_a_large_value_is_written_alike_in_both_places() -> None:
    assert await run_heavy(LARGE + 1, json_text, VALUE) == json_text(VALUE)


async def test_threads_hand_over_often_while_there_is_such_work() -> None:
    usual = sys.getswitchinterval()
    work = [run_heavy(LARGE + 1, sys.getswitchinterval), run_in_background(sys.getswitchinterval)]
    for one in work:
        assert await one == pytest.approx(HAND_OVER)
    with pytest.raises(ZeroDivisionError):
        await run_in_background(lambda: 1 // 0)
    assert sys.getswitchinterval() == pytest.approx(usual)


async def test_nothing_shorter_waits_for_what_takes_seconds() -> None:
    ended = threading.Event()
    slow = asyncio.create_task(run_heavy(VERY_LARGE + 1, ended.wait, DEADLINE))
    background = asyncio.create_task(run_in_background(where))
    assert (await run_heavy(VERY_LARGE, where))[1].startswith(QUICK)
    assert not slow.done()
    ended.set()
    await slow
    beside, name = await background
    assert beside
    assert name.startswith(SLOW)  # two work at most, or the loop would wait for the third


HOLD = 0.035  # seconds of processor time
TRIES = 5  # beside other programs the same takes up to twice as much of it, now and then
ENTITY = 4 * 1024 * 1024  # bytes
FORM = 1024 * 1024  # bytes


def many(part: bytes, size: int = ENTITY) -> bytes:
    return part * (size // len(part))


def of(body: bytes) -> Notification:
    return notification(body=body, entity_status="none")


def as_json(body: bytes) -> None:
    n = of(body)
    json_text(notification_json(n))
    n.forget_values()


WIDE = b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(MAX_MEMBERS - 10)) + b"}"
TEXTS = json.dumps([f'\u00e9"{n}' for n in range(200_000)]).encode()
PRETTY = json.dumps([{"name": "Grace"}] * 60_000, indent=4).encode()
WORK: dict[str, Callable[[], object]] = {
    "marks": lambda: search_text(of(("e" + "\u0301\u0323" * 15_000).encode())),
    "no names": lambda: subjects_of(of(many(b";", ENTITY // 2))),
    "no address": lambda: subjects_of(of(b'{"t":"/' + many(b"a") + b'"}')),
    "semicolons": lambda: write(FORMATS["csv"], [of(many(b"; "))], str),
    "form": lambda: parse_form(b"text=" + many(b"%41\xc3\xa9", FORM)),
    "members": lambda: as_json(WIDE),
    "no members kept": lambda: is_json(WIDE),
    "texts": lambda: search_text(of(TEXTS)),
    "white space": lambda: search_text(of(PRETTY)),
    "another text": lambda: _changes(TEXTS, TEXTS.replace(b"9]", b"8]")),
    "equal elements": lambda: _changes(PRETTY, PRETTY.replace(b"}\n]", b', "a": 1}]')),
    "brackets": lambda: json_tree(parse_body(many(b"{"))),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORK)
async def test_beside_the_loop_no_call_keeps_the_lock_for_long(name: str) -> None:
    """With 4 MB, which is as much as an entity may have: in a thread the loop waits as well."""
    holds: list[float] = []
    while not holds or (holds[-1] >= HOLD and len(holds) < TRIES):
        holds.append(await longest_hold(WORK[name]))
    assert holds[-1] < HOLD, holds


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-le"])
def test_a_long_text_of_another_encoding_is_read(encoding: str) -> None:
    value = ["\u00e9\U0001f600"] * LONG
    assert parse_body(json.dumps(value, ensure_ascii=False).encode(encoding)) == value


def test_more_values_than_anybody_reads_count_as_text() -> None:
    assert parse_body(b"[" + b"1," * (MAX_VALUES - 5) + b"1]") == [1] * (MAX_VALUES - 4)
    text = "[" + "1," * MAX_VALUES + "1]"
    assert parse_body(text.encode()) == text
