"""Pages and static files: nothing from outside breaks out, names hold hashes, caches may keep."""

import gzip
import html
import html.parser
import json
import re
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from aiohttp_jinja2 import get_env
from srhooks.domain import ids
from srhooks.domain.account import User
from srhooks.domain.feed_filter import Filter
from srhooks.domain.incidents import Incident
from srhooks.domain.models import Delivery, Notification
from srhooks.web.http.static_files import (
    PREFIX,
    own_folder,
    serve,
    setup_assets,
)
from srhooks.web.http.templating import VIEW, load_templates, macro, render, render_text, setup_view
from srhooks.web.live.row_cache import NEW_ROWS, setup_new_rows
from srhooks.web.presentation import foreign_text, news
from srhooks.web.presentation.template_filters import moment
from srhooks.web.presentation.time_elements import value

from tests.support.notifications import NOW, notification

HOSTILE = "<script>alert(1)</script>\"'`&\x00\x1b\u202e\ud800</title></li></pre> onload=x {{9**9}}"
USER = User("u1", "s1", "Ada <b>", "a@b.example", grant_dead=True, created_at=0, seen_at=0)
SIGNED = HOSTILE.encode("utf-8", "replace")
VERDICT = {
    "canonical": SIGNED, "matched": HOSTILE, "skew_s": -400.0, "stale": True, "keys": 2,
    "ambiguity": HOSTILE,
}  # fmt: skip
CLIENT = Callable[[web.Application], Awaitable[TestClient[web.Request, web.Application]]]


def row(app: web.Application, n: Notification, **given: Any) -> str:
    return macro(app, "_row.html", "row")(n, moment(n.received_at, NOW), **given)


def frame(app: web.Application, n: Notification, **given: Any) -> str:
    return macro(app, "_live.html", "frame")(n, moment(n.received_at, NOW), **given)


ODD_NAMES = (None, "", "job.created", "100 %s %(id)s %% <b>&amp;</b>", "job.\ue000\ue001", "\u202e")


@pytest.mark.parametrize("event_name", ODD_NAMES)
@pytest.mark.parametrize(
    "shown",
    [
        {"entity_status": "pending", "title": None},
        {"entity_status": "refused", "title": None, "signature": "invalid", "deliveries": 3},
        {"entity_status": "none", "title": None, "headers_json": '{"srhooks-test": "1"}'},
        {"entity_status": "pending", "title": None, "is_backfilled": True},
        {"entity_status": "fetched", "title": "Grace %s Ito"},
        {"entity_status": "fetched", "title": None, "changes": '[{"field": "status", "now": "x"}]'},
    ],
)
def test_new_rows_made_in_advance_are_those_of_the_template(
    app: web.Application, event_name: str | None, shown: dict[str, Any]
) -> None:
    for number in (NOW << 21, (NOW - 5000 << 21) + 77):  # the second from what the first has made
        n = notification(id=number, rev=number + 1, event_name=event_name, **shown)
        assert app[NEW_ROWS].frame(n, NOW) == frame(app, n, new=True)


def hostile() -> Notification:
    wire = HOSTILE.encode("utf-8", "replace")
    return notification(
        event_id=HOSTILE,
        event_name=HOSTILE,
        event_version=HOSTILE,
        link=HOSTILE,
        subscription_id=HOSTILE,
        entity_error=HOSTILE,
        title=HOSTILE,
        changes=json.dumps([{"field": HOSTILE, "before": HOSTILE, "now": {"x": HOSTILE}}]),
        headers_json=json.dumps({HOSTILE: HOSTILE}),
        body=wire,
        entity=json.dumps(
            {HOSTILE: [HOSTILE, 1, True, None, {"url": "javascript:alert(1)"}]}
        ).encode(),
        entity_at=NOW,
        deliveries=3,
    )


@pytest.fixture
def app() -> web.Application:
    app = web.Application()
    setup_assets(app)
    app.router.add_get(PREFIX + "{path:.+}", serve)
    setup_view(app)
    setup_new_rows(app)
    return app


class Reader(html.parser.HTMLParser):
    """What a browser would make of it: tags with their attributes, and all text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def feed_context(*notifications: Notification) -> dict[str, Any]:
    asked = {"q": HOSTILE, "event": [HOSTILE, "job."], "after": HOSTILE}
    return {
        "user": USER,
        "csrf": HOSTILE,
        "notifications": notifications,
        "feed_filter": Filter(events=(HOSTILE, "job."), q=HOSTILE, link=HOSTILE, params=asked),
        "next": f"/notifications?before={HOSTILE}",
        "counts": {HOSTILE: 3, "job.created": 1},
        "total": 1284,
        "fresh": 3,
        "seen": 0,
        "subscriptions": [{"id": HOSTILE, "label": HOSTILE}],
        "live_url": f"/live?cursor=1&q={HOSTILE}",
        "deliveries": [Delivery(NOW), Delivery(NOW + 1)],
        "newer": "0000000000001",
        "older": None,
        "verdict": VERDICT,
    }


def subscriptions_context() -> dict[str, Any]:
    mine = {
        "id": HOSTILE,
        "callbackUrl": HOSTILE,
        "events": [{"name": HOSTILE}],
        "status": HOSTILE,
        "mine": True,
        "last_received": NOW,
        "count_24h": 3,
        "alertingEmailAddress": HOSTILE,
    }
    odd = {"id": None, "events": "odd", "status": None}
    typed = {"events": ["job.created"], "auth_type": "basic", "auth_username": HOSTILE}
    return {"subscriptions": [mine, odd], "message": HOSTILE, "form": typed}


def pages() -> list[tuple[str, dict[str, Any]]]:
    n = hostile()
    feed = feed_context(n)
    error = {"status": 502, "title": HOSTILE, "message": HOSTILE, "hint": HOSTILE}
    return [
        ("notifications.html", feed),
        ("notifications.html", {**feed, "selected": n, "n": n}),
        ("_list.html", feed),
        ("_list.html", {**feed, "oob": True}),
        ("_rows.html", feed),
        ("_detail.html", {**feed, "n": n}),
        ("_banner.html", {"user": USER}),
        ("subscriptions.html", {"user": USER, "csrf": HOSTILE, **subscriptions_context()}),
        ("subscriptions.html", {"user": USER, "subscriptions": [], "error": HOSTILE}),
        ("_subscriptions.html", {**subscriptions_context(), "csrf": HOSTILE, "oob": True}),
        ("login.html", {"message": HOSTILE, "hint": HOSTILE, "offers": lambda _: True}),
        ("error.html", {"user": USER, **error}),
        ("_error.html", error),
        ("confirm.html", {**error, "action": HOSTILE, "yes": HOSTILE}),
    ]


@pytest.mark.parametrize(("template", "context"), pages(), ids=lambda value: str(value)[:20])
def test_nothing_hostile_breaks_out(
    app: web.Application, template: str, context: dict[str, Any]
) -> None:
    check_harmless(render_text(app, template, context))


def test_nothing_hostile_breaks_out_of_what_is_pushed(app: web.Application) -> None:
    n, wanted = hostile(), feed_context()["feed_filter"]
    for pushed in ({"new": True}, {"feed_filter": wanted}, {"gone": True}):
        check_harmless(frame(app, n, **pushed))


def check_harmless(text: str) -> None:
    text.encode()  # no half of a surrogate pair is left
    assert "\x00" not in text
    read = Reader(text)
    own = [value for name, value in read.attributes if name == "src"]
    assert read.tags.count("script") == len(own)
    assert all(value and value.startswith("/static/") for value in own)
    names = {name for name, _ in read.attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    assert not [name for name in names if re.search(r"[^a-z0-9:-]", name)]
    assert "387420489" not in read.text  # what came from outside is no template
    for _, given in read.attributes:
        assert not (given or "").startswith("javascript:")


def test_links_and_addresses_are_quoted(app: web.Application) -> None:
    read = Reader(row(app, hostile(), feed_filter=feed_context()["feed_filter"]))
    href = dict(read.attributes)["href"]
    assert href is not None
    assert re.fullmatch(r"/notifications/[0-9a-z]{13}\?[\w%&=.+*-]+", href)


def test_a_megabyte_of_text_stays_a_page(app: web.Application) -> None:
    big = "<" * 1_000_000
    n = notification(
        title=big,
        event_name=big,
        body=json.dumps([big]).encode(),
        entity=json.dumps([big]).encode(),
    )
    text = render_text(app, "_detail.html", {**feed_context(), "n": n, "feed_filter": None})
    assert len(text) < 5_000_000
    assert "beginning" in text
    assert len(row(app, n)) < 4000


def test_the_row_says_what_happened(app: web.Application) -> None:
    change = json.dumps([{"field": "status", "before": "NEW", "now": "OFFERED"}])
    n = notification(changes=change, deliveries=2)
    read = Reader(row(app, n))
    said = " ".join(read.text.split())
    assert "Grace Ito" in said
    assert "New → Offered application.status.updated 2 deliveries" in said
    assert ("href", f"/notifications/{n.public_id}") in read.attributes
    assert ("id", f"n-{n.public_id}") in read.attributes


def test_a_record_in_a_change_is_called_by_its_label() -> None:
    assert value('{"id": "other", "label": "Not a match"}') == "<bdi>Not a match</bdi>"
    for text in ('{"id": "other"}', '{"label": 5}', '{"label": "cut…', '{"a":' * 80):
        assert html.unescape(value(text)) == f"<bdi>{text}</bdi>"
    assert value("null") == "<bdi>not set</bdi>"


def test_changes_survive_odd_json() -> None:
    assert news.changes_of(notification(changes=None)) == []
    assert news.changes_of(notification(changes="{")) == []
    assert news.changes_of(notification(changes='{"a": 1}')) == []
    assert news.changes_of(notification(changes="[1]")) == []
    one = news.changes_of(notification(changes='[{"field": "a", "before": null, "now": [1]}]'))
    assert one == [news.Change("a", None, "[1]")]


def test_a_live_frame_names_what_it_replaces(app: web.Application) -> None:
    n = notification()
    new = frame(app, n, new=True)
    assert new.startswith('<ul id="feed" hx-swap-oob="afterbegin"><li id="n-')
    assert re.search(r"<li[^>]* hx-swap-oob", new) is None
    changed = frame(app, n)
    assert re.search(rf'<li id="n-{n.public_id}"[^>]* hx-swap-oob="outerMorph"', changed)
    gone = frame(app, n, gone=True)
    assert f'<li id="n-{n.public_id}" hx-swap-oob="delete">' in gone
    for text in (new, changed, gone):
        assert '<data id="cursor" value="7" hx-swap-oob="outerMorph"' in text


def test_a_list_brings_its_own_connection(app: web.Application) -> None:
    context = feed_context(notification())
    answer = render_text(app, "_list.html", context)
    assert 'id="live"' in answer
    assert answer.count("hx-swap-oob") == 3  # the connection, the cursor and the total
    pushed = render_text(app, "_list.html", {**context, "oob": True})
    assert 'id="live"' not in pushed
    assert pushed.count("hx-swap-oob") == 3  # the list, the cursor and the total
    whole = render_text(app, "notifications.html", context)
    assert "hx-swap-oob" not in whole
    assert whole.count('id="live"') == whole.count('id="cursor"') == 1


def test_a_time_that_goes_on_is_not_announced_each_second(app: web.Application) -> None:
    step = {"at": NOW - 5000, "text": "The address answers", "outcome": "good", "elapsed": None}
    incident = Incident(
        id=7, user_id="u1", kind="failing", subject="s1", subscription_id="s1", details={},
        title="Deliveries fail", opened_at=NOW - 5000, ended_at=None, acknowledged_at=None,
    )  # fmt: skip
    for text in (
        render_text(app, "_steps.html", {"sid": "s1", "steps": [step], "now": NOW}),
        render_text(app, "_incident_line.html", {"open_incidents": [incident], "now": NOW}),
    ):
        assert re.search('aria-live="polite"|role="status"', text)
        assert len(re.findall("<time", text)) == 1
        assert len(re.findall('<span aria-live="off"><time', text)) == 1


def test_text_that_is_no_json_shows_what_cannot_be_seen() -> None:
    assert foreign_text.plain("\u202ea\x00\ud800") == "⟨U+202E⟩a⟨U+0000⟩⟨U+D800⟩"
    assert len(foreign_text.plain(b"x" * 2_000_000)) == foreign_text.MAX_SHOWN


async def test_render_answers_with_what_the_session_adds(
    app: web.Application, aiohttp_client: CLIENT
) -> None:
    async def page(request: web.Request) -> web.Response:
        request[VIEW] = {"user": replace(USER, name="Ada"), "csrf": "token"}
        return render(request, "error.html", {"status": 404, "title": "Gone"}, status=404)

    app.router.add_get("/page", page)
    client = await aiohttp_client(app)
    answer = await client.get("/page")
    text = await answer.text()
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'name="csrf" value="token"' in text
    assert "Log out" in text


def test_every_page_weighs_little(app: web.Application) -> None:
    rows = [notification(id=ids.first_id_at(NOW) + number) for number in range(50)]
    page = render_text(app, "notifications.html", {**feed_context(), "notifications": rows})
    weight = len(gzip.compress(page.encode()))
    for path in own_folder("static").rglob("*"):
        if path.suffix in (".css", ".js"):
            weight += len(gzip.compress(path.read_bytes()))
    assert weight < 100_000


def test_all_templates_are_compiled_ahead(app: web.Application) -> None:
    """Compiling one of them takes the event loop up to 80 ms."""
    env = get_env(app)
    assert env.cache is not None
    stopping = threading.Event()
    stopping.set()
    env.cache.clear()
    load_templates(app, stopping)
    assert not env.cache
    load_templates(app, threading.Event())
    names = {name for _, name in env.cache}
    assert names == set(env.list_templates())
    assert "notifications.html" in names
