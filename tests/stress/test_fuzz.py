"""What nobody should send: by the thousand over HTTP, and every shape of it to the parsers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict
from srhooks.domain.feed_filter import Filter
from srhooks.domain.json_values import parse_body
from srhooks.domain.models import REDACTED
from srhooks.domain.search_text import readable
from srhooks.domain.subjects import deleted_candidate, digest_of, subjects_of
from srhooks.intake.receiver import joined_headers, redacted, sent_at
from srhooks.protocol.link_header import MAX_HEADER, find_link
from srhooks.protocol.signature import matching_key
from srhooks.web.http.errors import BadRequestError
from srhooks.web.http.query_params import live_url, older_url, read_filter, read_limit
from yarl import URL

from tests.support.fuzz_wire import MAX_GROWTH, QUICK, run_wire
from tests.support.fuzzing import run
from tests.support.harness import DEADLINE, Browser, World
from tests.support.notifications import notification

API = URL("https://api.smartrecruiters.com")
IN_WORLD = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# As aiohttp hands them over: bytes that are not UTF-8 are lone surrogates.
header_text = st.binary(max_size=60).map(
    lambda raw: raw.translate(None, b"\r\n\x00").decode("utf-8", "surrogateescape")
)
names = st.sampled_from(
    ("event-id", "Event-Name", "LINK", "authorization", "x-auth", "smartrecruiters-signature",
     "smartrecruiters-timestamp", "x-other")
)  # fmt: skip
link_parts = st.sampled_from(
    ("<", ">", ";", ",", '"', "\\", " ", "\t", "=", "rel", "self", "rel=self", "https://", "//",
     "http://", "api.smartrecruiters.com", "evil.example", "@", ":443", ":8080", "/", "..", "%2e",
     "[", "]", "#", "?", "x", "\u3002", "\udcff")
)  # fmt: skip
values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture
async def ada(world: World) -> AsyncIterator[Browser]:
    async with world.logged_in() as browser:
        yield browser


async def test_a_thousand_bad_requests_fail_nothing_and_leave_nothing(tmp_path: Path) -> None:
    target, before, after = await run(tmp_path, 1000, seed=20261124)
    assert target.failures == []
    assert target.statuses[202] > 100
    assert len(target.statuses) > 6
    assert after.tasks <= before.tasks
    assert after.files <= before.files
    assert after.memory < before.memory + 30_000  # kB: ten times this many add less


async def test_sixty_odd_connections_fail_nothing(tmp_path: Path) -> None:
    report = await run_wire(tmp_path, 60, seed=20261129, sizes=QUICK)
    assert report.failures == []
    assert report.statuses[202] > 10
    assert report.statuses[431] > 3
    first, last = report.memory
    assert last - first < MAX_GROWTH


@given(st.lists(link_parts, max_size=30).map("".join) | header_text)
def test_what_may_be_followed_is_at_the_api_by_any_reading(header: str) -> None:
    link = find_link(header, API)
    if link is not None and link.followable:
        assert link.target.startswith("https://api.smartrecruiters.com/")
        assert "\\" not in link.target
        assert link.target.isascii()


@given(st.integers(1, MAX_HEADER + 10), st.sampled_from('<> ,;"\\\t'), st.booleans())
@settings(max_examples=60)
def test_a_long_link_header_takes_no_time(length: int, letter: str, first: bool) -> None:
    """`settings` has a deadline of 200 ms an example; the library alone takes a minute."""
    find_link(("<" if first else "") + letter * length, API)


@given(st.lists(st.tuples(names, header_text), max_size=12), st.binary(max_size=200))
def test_any_headers_are_joined_redacted_and_judged(
    sent: list[tuple[str, str]], body: bytes
) -> None:
    headers = joined_headers(CIMultiDictProxy(CIMultiDict(sent)))
    assert set(headers) == {name.lower() for name, _ in sent}
    kept = redacted(headers, "x-auth")
    assert {kept.get(name, REDACTED) for name in ("authorization", "x-auth")} == {REDACTED}
    at = sent_at(headers)
    assert at is None or 0 <= at < 1 << 53
    given_signature = headers.get("smartrecruiters-signature", "")
    assert matching_key(["key"], headers, body, given_signature) is None


@given(st.binary(max_size=300) | values.map(repr).map(str.encode), st.text(min_size=1))
def test_any_body_is_read(body: bytes, candidate_id: str) -> None:
    parse_body(body)
    readable(body).encode()  # no half of a surrogate pair is left
    found = deleted_candidate(parse_body(body), candidate_id)
    assert found is None or found
    n = notification(body=body, entity=body, link=candidate_id, changes=body.decode("latin-1"))
    for subject in subjects_of(n).named:
        digest_of("user", subject)


@given(st.lists(st.tuples(
    st.sampled_from(("q", "event", "subscription", "signature", "status", "link", "after",
                     "before", "limit", "x")),
    st.text(max_size=40) | st.sampled_from(("valid", "pending", "2026-11-24", "z" * 13, "0")),
), max_size=8))  # fmt: skip
def test_any_question_is_a_filter_or_the_askers_mistake(asked: list[tuple[str, str]]) -> None:
    query = MultiDict(asked)
    try:
        wanted = read_filter(query)
        limit = read_limit(query)
    except BadRequestError:
        return
    assert isinstance(wanted, Filter)
    assert 1 <= limit <= 200
    for address in (older_url(wanted, "0" * 13, ""), live_url(wanted, 7)):
        assert address.startswith("/")
        assert "\n" not in address
        again = read_filter(URL(address, encoded=True).query)
        assert (again.events, again.q, again.link) == (wanted.events, wanted.q, wanted.link)


@IN_WORLD
@given(cookie=st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0;"), max_size=200))
async def test_no_cookie_is_a_session_but_a_real_one(world: World, cookie: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.settings.port)
    head = "GET /notifications HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n"
    sent = f"{head}Connection: close\r\nCookie: srhooks={cookie}\r\n\r\n"
    writer.write(sent.encode("latin-1"))
    answer = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()
    assert answer.split()[1] in {b"401", b"400"}


@IN_WORLD
@given(fields=st.lists(st.tuples(
    st.sampled_from(("csrf", "candidateId", "confirm", "x")), st.text(max_size=30)
), max_size=5))  # fmt: skip
async def test_any_form_is_answered(ada: Browser, fields: list[tuple[str, str]]) -> None:
    form = urlencode(fields, errors="replace")
    kind = "application/x-www-form-urlencoded"
    headers = {"Accept": "text/html", "Origin": ada.base, "Content-Type": kind}
    async with ada.request("POST", "/candidates/erase", data=form, headers=headers) as answer:
        assert answer.status in {400, 404}


@IN_WORLD
@given(value=values)
async def test_any_json_is_answered(ada: Browser, value: Any) -> None:
    headers = {"Accept": "application/json", "Origin": ada.base}
    asked = {"candidateId": value, "events": value, "active": value}
    async with ada.request("POST", "/candidates/erase", json=asked, headers=headers) as answer:
        assert answer.status in {400, 404}
    asked["events"] = []  # so that the service is not asked
    async with ada.request("POST", "/subscriptions", json=asked, headers=headers) as answer:
        assert answer.status == 400
