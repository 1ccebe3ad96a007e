"""The feed and a notification: JSON, filters, pages, negotiation, and whose they are."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from srhooks.domain.search_text import fold

from tests.support.harness import Browser, World, eventually
from tests.support.odd_service import odd_world

KEYS = {
    "origin",
    "id", "receivedAt", "hookId", "subscriptionId", "eventId", "eventName", "eventVersion",
    "link", "body", "headers", "signature", "deliveries", "entity",
}  # fmt: skip


@pytest.fixture
async def hook(ada: Browser) -> dict[str, Any]:
    """A subscription whose hook has a key, so that nothing unsigned is followed."""
    return await ada.subscribe("job.created")


async def names(ada: Browser, query: str) -> list[str]:
    """The event names of the answer, the page's links counted against it."""
    found = await ada.notifications(query)
    page = await ada.page(f"/notifications{query}")
    listed = page[page.index('id="feed"') : page.index("</ul>", page.index('id="feed"'))]
    links = re.findall(r'href="/notifications/([0-9a-z]{13})', listed)
    assert links == [one["id"] for one in found], query
    return [one["eventName"] for one in found]


async def test_the_page_tells_of_each_delivery(
    world: World, ada: Browser, hook: dict[str, Any]
) -> None:
    for count in (1, 2, 3):
        await world.notify(hook["hookId"], event_id="e1")
        (n,) = await ada.notifications()
        page = await ada.page(f"/notifications/{n['id']}")
        listed = page[page.index('<ol class="deliveries">') : page.rindex("</ol>")]
        times = re.findall(r'datetime="([^"]+)"', listed)
        assert len(times) == count
        assert times[0] == n["receivedAt"]
        assert times == sorted(times)


async def test_a_notification_in_json(world: World, ada: Browser, hook: dict[str, Any]) -> None:
    link = f"<{world.sandbox.base_url}/jobs/1>; rel=self"
    status = await world.notify(
        hook["hookId"], b'{"id": "1"}', event_id="e1", event_name="job.created",
        event_version="v2", link=link,
    )  # fmt: skip
    assert status == 202
    whole = await ada.json("GET", "/notifications")
    assert set(whole) == {"notifications", "next"}
    assert whole["next"] is None
    (n,) = whole["notifications"]
    assert set(n) == KEYS
    assert datetime.fromisoformat(n["receivedAt"]) - datetime.now(UTC) < timedelta(minutes=1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", n["receivedAt"])
    assert n["hookId"] == hook["hookId"]
    assert n["subscriptionId"] == hook["id"]
    assert (n["eventId"], n["eventName"], n["eventVersion"]) == ("e1", "job.created", "v2")
    assert n["link"] == f"{world.sandbox.base_url}/jobs/1"
    assert n["body"] == {"id": "1"}
    assert n["headers"]["link"] == link
    assert (n["signature"], n["deliveries"]) == ("unsigned", 1)
    refused = {"status": "refused", "fetchedAt": None, "data": None, "error": None}
    assert n["entity"] == refused
    assert await ada.json("GET", f"/notifications/{n['id']}") == n


async def test_nobody_and_others_see_nothing(
    world: World, ada: Browser, hook: dict[str, Any]
) -> None:
    await world.notify(hook["hookId"], b'{"id": "secret-of-ada"}', event_name="job.created")
    (n,) = await ada.notifications()
    own = f"/notifications/{n['id']}"
    unknown = f"/notifications/{n['id'][:-1]}{'0' if n['id'][-1] != '0' else '1'}"
    strange = ["/notifications/x", "/notifications/" + "u" * 13, "/notifications/%00"]
    async with world.logged_in("Grace") as grace, world.nobody() as nobody:
        for query in ("", "?q=secret", f"?subscription={hook['id']}", "?event=job."):
            assert await names(grace, query) == []
        messages = set()
        for path in (own, unknown, *strange):
            error = (await grace.json("GET", path, status=404))["error"]
            assert error["status"] == 404
            messages.add(error["message"])
            assert "secret-of-ada" not in await grace.page(path, status=404)
        assert len(messages) == 1
        assert await grace.json("POST", f"/subscriptions/{hook['id']}/activation", status=404)
        assert await grace.json("DELETE", f"/subscriptions/{hook['id']}", status=404)
        assert (await grace.json("GET", "/subscriptions"))["subscriptions"] == []
        routes = [
            ("GET", "/notifications"), ("GET", own), ("GET", unknown), ("GET", "/subscriptions"),
            ("POST", "/subscriptions"), ("POST", f"/subscriptions/{hook['id']}/activation"),
            ("DELETE", f"/subscriptions/{hook['id']}"),
            ("POST", f"/subscriptions/{hook['id']}/delete"),
        ]  # fmt: skip
        for method, path in routes:
            error = (await nobody.json(method, path, status=401))["error"]
            assert error["status"] == 401
            for accept in ("text/html", "*/*", ""):
                async with nobody.request(method, path, headers={"Accept": accept}) as sent_away:
                    assert sent_away.status == 303, (method, path)
                    assert sent_away.headers["Location"] == "/"
                    assert "Accept" in sent_away.headers["Vary"]
            fragment = {"HX-Request": "true", "Accept": "text/html"}
            async with nobody.request(method, path, headers=fragment) as sent_away:
                assert (sent_away.status, sent_away.headers["HX-Redirect"]) == (401, "/")
    assert "secret-of-ada" in await ada.page(own)


async def test_events_by_name_and_by_prefix(
    world: World, ada: Browser, hook: dict[str, Any]
) -> None:
    for name in ("job.created", "job.ad.created", "jobs.other", "job_x", "offer.created", "50%.x"):
        await world.notify(hook["hookId"], event_name=name)
    await world.notify(hook["hookId"])
    assert await names(ada, "?event=job.created") == ["job.created"]
    assert await names(ada, "?event=job.") == ["job.ad.created", "job.created"]
    assert await names(ada, "?event=job.ad.") == ["job.ad.created"]
    assert await names(ada, "?event=job.&event=offer.created") == [
        "offer.created", "job.ad.created", "job.created",
    ]  # fmt: skip
    assert await names(ada, "?event=50%25.") == ["50%.x"]
    assert await names(ada, "?event=JOB.") == []
    assert await names(ada, "?event=nothing.") == []
    assert len(await names(ada, "?event=")) == 7


async def test_filters_by_subscription_and_signature(
    world: World, ada: Browser, hook: dict[str, Any]
) -> None:
    other = await ada.subscribe("offer.created")
    await world.notify(hook["hookId"], event_name="a.a")
    await world.notify(other["hookId"], event_name="b.b", smartrecruiters_signature="v1=00")
    assert await names(ada, f"?subscription={hook['id']}") == ["a.a"]
    assert await names(ada, "?subscription=nothing") == []
    assert await names(ada, "?signature=unsigned") == ["a.a"]
    assert await names(ada, "?signature=invalid") == ["b.b"]
    assert await names(ada, "?signature=valid") == []
    assert await names(ada, f"?signature=invalid&subscription={hook['id']}") == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=-1", "limit=x", "limit=1.5", "limit=%D9%A3", "limit=1e2",
        "before=yesterday", "after=2026-13-01T00:00:00Z", "before=0", "after=" + "9" * 40,
        "signature=nonsense", "before=2026-11-24T13:00:00Z2",
    ],
)  # fmt: skip
async def test_what_is_out_of_range_is_refused(world: World, ada: Browser, query: str) -> None:
    error = (await ada.json("GET", f"/notifications?{query}", status=400))["error"]
    assert error["status"] == 400
    assert query.partition("=")[0] in error["message"]
    await ada.page(f"/notifications?{query}", status=400)


async def test_pages_follow_each_other(world: World, ada: Browser, hook: dict[str, Any]) -> None:
    for number in range(7):
        name = "job.created" if number % 7 else "offer.created"
        await world.notify(hook["hookId"], b"caf\xc3\xa9 & 100%", event_name=name)
    every = [one["id"] for one in await ada.notifications("?limit=200")]
    assert len(every) == 7
    assert every == sorted(every, reverse=True)
    for query in (
        "?limit=2",
        "?limit=2&q=caf%C3%A9+%26+100%25",
        "?limit=2&event=job.&event=offer.",
    ):
        path: str | None = f"/notifications{query}"
        seen: list[str] = []
        for size in (2, 2, 2, 1):
            assert path is not None
            page = await ada.json("GET", path)
            seen += [one["id"] for one in page["notifications"]]
            assert len(page["notifications"]) == size
            html = await ada.page(path)
            assert all(f'id="n-{one["id"]}"' in html for one in page["notifications"])
            path = page["next"]
        assert path is None
        assert seen == every
    page = await ada.json("GET", "/notifications?event=job.&limit=6")
    assert page["next"] is None
    assert len((await ada.json("GET", "/notifications?limit=1"))["notifications"]) == 1


async def test_between_two_moments(world: World, ada: Browser, hook: dict[str, Any]) -> None:
    for name in ("a", "b", "c"):
        await world.notify(hook["hookId"], event_name=name)
        now = datetime.now(UTC)

        async def later(now: datetime = now) -> bool:  # another millisecond than the next one's
            return datetime.now(UTC) - now > timedelta(milliseconds=3)

        await eventually(later)
    c, b, a = await ada.notifications()
    at = datetime.fromisoformat(b["receivedAt"])
    far = at.astimezone().astimezone(tz=None)
    ways = [
        b["receivedAt"],
        b["receivedAt"].replace("Z", "+00:00"),
        b["receivedAt"].lower(),
        (at + timedelta(hours=2)).replace(tzinfo=None).isoformat() + "+02:00",
        (at - timedelta(hours=3, minutes=30)).replace(tzinfo=None).isoformat() + "-03:30",
        b["receivedAt"].replace("Z", "000Z"),
        far.isoformat(),
        b["id"],
    ]
    for way in ways:
        for given in (way, quote(way, safe="")):  # a bare + arrives as a space
            assert await names(ada, f"?before={given}") == ["a"], way
            assert await names(ada, f"?after={given}") == ["c"], way
            assert await names(ada, f"?after={a['id']}&before={given}") == []
    assert await names(ada, f"?after={a['receivedAt']}&before={c['id']}") == ["b"]
    assert await names(ada, "?before=2020-01-01T00:00:00Z") == []
    assert await names(ada, "?before=2020-01-01T00:00:00Z&after=2010-01-01T00:00:00%2B01:00") == []
    assert len(await names(ada, "?after=0001-01-01T00:00:00%2B14:00")) == 3
    assert len(await names(ada, "?before=9999-12-31T23:59:59.999Z")) == 3
    whole = at.replace(microsecond=0)
    assert await names(ada, f"?after={(whole + timedelta(minutes=5)).isoformat()}") == []


@pytest.mark.slow
async def test_the_search_takes_every_character_as_it_is(
    world: World, ada: Browser, hook: dict[str, Any]
) -> None:
    pieces = [
        "100%", "a_b", "a*b", "don't", "a(b)", "a[b]", "a{b}", "a-b", "a+b", "a^b", "a~b", "a:b",
        "a;b", "a AND b", "a OR b", "NOT a", "NEAR(a b)", "a,b", "a|b", "a/b", "a?b", "a=b", "a&b",
        "a#b", "a@b", "a!b", "a$b", "a`b", "a<b>", "  ", "日本", "😀", "é", "x\ty",
    ]  # fmt: skip
    for piece in pieces:
        await world.notify(hook["hookId"], f"<{piece}>".encode(), event_name="n.n")
        await world.notify(hook["hookId"], f"<{' '.join(piece)}x>".encode(), event_name="n.n")
    for piece in [*pieces, *(f"<{piece}" for piece in pieces)]:
        found = await ada.notifications(f"?q={quote(piece, safe='')}&limit=200")
        listed = await ada.notifications("?limit=200")
        expected = [one for one in listed if fold(piece) in fold(one["body"])]
        assert [one["body"] for one in found] == [one["body"] for one in expected], piece
        assert found
    for nothing in ("%00", "a%00b", "%ED%A0%80", "%FF", "%22%22%22", "_%25_%25", "\\\\", "%5C%22"):
        assert await ada.notifications(f"?q={nothing}") == [], nothing
        await ada.page(f"/notifications?q={nothing}")


@pytest.mark.parametrize("indexed", [False, True])
async def test_the_search_looks_everywhere_letter_case_aside(tmp_path: Path, indexed: bool) -> None:
    async with odd_world(tmp_path) as world, world.logged_in() as zoe:
        created = await zoe.subscribe("job.created")
        key = world.service.keys[str(created["id"])][-1]
        link = world.link(
            "/Jobs/ÄRGER".replace("Ä", "A"), replies=[(200, {"name": "Straße Ünal"}, {})]
        )
        body = '{"Title": "Größe \\u0416", "quote": "say \\"hi\\"", "path": "c:\\\\dir"}'
        await world.notify(
            created["hookId"], body.encode(), key=key, link=link, event_id="Evt-77",
            event_name="job.created", event_version="v1",
        )  # fmt: skip
        await world.notify(created["hookId"], b'{"other": 1}', event_name="job.created")

        async def ready() -> bool:
            one = (await zoe.notifications())[-1]
            if indexed and await world.services.store.index_some(100):
                return False
            return bool(one["entity"]["status"] == "fetched")

        await eventually(ready)
        one = (await zoe.notifications())[-1]
        words = [
            "größe", "GRÖSSE", "GRÖẞE", "ж", "Ж", 'SAY "hi"', "c:\\DIR", '"title": "gr',  # body
            "straße", "STRASSE", "ünal", "ÜNAL",  # entity
            "jobs/arger", one["link"].upper(),
            "evt-77", one["id"], one["id"].upper()[3:],
        ]  # fmt: skip
        for word in words:
            found = await zoe.notifications(f"?q={quote(word, safe='')}")
            assert [n["id"] for n in found] == [one["id"]], word
        assert await zoe.notifications("?q=nowhere") == []
        for elsewhere in (created["hookId"], created["hookId"][5:9]):
            assert await zoe.notifications(f"?q={quote(elsewhere)}") == []


ACCEPTS = [
    ("application/json", "application/json"),
    ("application/json, text/plain, */*", "application/json"),
    ("APPLICATION/JSON; charset=utf-8", "application/json"),
    ("text/html;q=0.4, application/json;q=0.5", "application/json"),
    ("application/*", "application/json"),
    ("text/html", "text/html"),
    ("*/*", "text/html"),
    ("", "text/html"),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
    ("application/json;q=0.2, text/html", "text/html"),
    ("application/json;q=0", "text/html"),
    ("application/json;q=x, text/html;q=0.1", "text/html"),
]


async def test_accept_decides(world: World, ada: Browser, hook: dict[str, Any]) -> None:
    await world.notify(hook["hookId"])
    (n,) = await ada.notifications()
    paths = ["/notifications", f"/notifications/{n['id']}", "/subscriptions", "/nothing", "/live"]
    for accept, kind in ACCEPTS:
        for path in paths:
            async with ada.request("GET", path, headers={"Accept": accept}) as found:
                assert found.content_type == kind, (accept, path)
                assert "Accept" in re.split(r"\s*,\s*", found.headers["Vary"])
                if kind == "application/json" and found.status >= 400:
                    error = (await found.json())["error"]
                    assert error["status"] == found.status
                    assert set(error) == {"status", "message"}
                    assert error["message"]
    for method, path, status in (("PUT", "/notifications", 405), ("GET", "/logout", 405)):
        error = (await ada.json(method, path, status=status))["error"]
        assert error["status"] == status
        async with ada.request(method, path, headers={"Accept": "text/html"}) as found:
            assert (found.status, found.content_type) == (status, "text/html")
            assert found.headers["Allow"]


async def test_what_was_opened_is_no_news_any_more(world: World) -> None:
    async with world.logged_in() as ada:
        hook_id = (await ada.subscribe())["hookId"]
        for number in range(3):
            assert await world.notify(hook_id, b"{}", event_id=str(number)) == 202
        page = await ada.page("/notifications")
        assert '<span id="fresh">3</span> since your last visit' in page
        opened = (await ada.notifications())[1]["id"]
        await ada.page(f"/notifications/{opened}")
        page = await ada.page("/notifications")
        assert '<span id="fresh">2</span> since your last visit' in page
        assert len(re.findall(r'<li id="n-[^>]* class=" fresh"', page)) == 2
        assert re.search(rf'<li id="n-{opened}"[^>]* data-opened>', page)


async def test_the_counts_by_event_keep_to_the_filter(world: World) -> None:
    async with world.logged_in() as ada:
        first = await ada.subscribe("job.created")
        second = await ada.subscribe("job.updated")
        for hook, name in (
            (first["hookId"], "job.created"),
            (second["hookId"], "job.created"),
            (second["hookId"], "job.updated"),
        ):
            assert await world.notify(hook, b"{}", event_name=name) == 202

        def counts(page: str) -> dict[str, str]:
            return dict(re.findall(r'data-count="([^"]+)">(\d+)<', page))

        assert counts(await ada.page("/notifications")) == {"job.created": "2", "job.updated": "1"}
        page = await ada.page(f"/notifications?subscription={first['id']}")
        assert counts(page) == {"job.created": "1"}
        assert f"subscription={first['id']}&amp;event=job.created" in page
        page = await ada.page("/notifications?q=job&event=job.created")
        assert counts(page) == {}
