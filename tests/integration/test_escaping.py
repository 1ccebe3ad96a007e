"""Hostile data through real flows: no element, attribute or frame of a page is made by it."""

import asyncio
import html.parser
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from srhooks.domain.models import Hook
from srhooks.intake.hook_cache import new_hook_id

from tests.support.harness import DEADLINE, Browser, World, eventually

# Breaks out of text, of quoted and bare attributes, of titles and of comments, if anything does.
PROBE = '"\'><xss-probe xssprobe=1 onprobe=x>--></title></pre></li> xssprobe="2" {{9**9}} `'
HEADER = PROBE.replace("\n", " ")
ADDRESS = "javascript:alert('xssprobe')"
ENTITY = {
    "id": "1", PROBE: PROBE, "firstName": PROBE, "lastName": PROBE, "title": PROBE,
    "actions": {"url": ADDRESS}, "list": [PROBE, {PROBE: [PROBE]}],
}  # fmt: skip
SUBSCRIPTION = {
    "id": PROBE, "callbackUrl": PROBE, "status": PROBE, "events": [{"name": PROBE}],
    "alertingEmailAddress": PROBE,
}  # fmt: skip
FOLLOWED = {"href", "src", "action", "hx-get", "hx-post", "hx-delete", "hx-ws:connect"}


class Page(html.parser.HTMLParser):
    """What a browser would make of it."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.made: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "probe" in tag or any("probe" in name for name, _ in attrs):
            self.made.append(f"<{tag} {attrs}>")
        for name, value in attrs:
            if name in FOLLOWED and not (value or "/").startswith(("/", "#")):
                self.made.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        self.text += data


def check(markup: str, *, shown: bool = True) -> None:
    page = Page(markup)
    assert page.made == []
    assert "387420489" not in page.text  # what came from outside is no template
    assert not shown or "xss-probe" in page.text


@pytest.fixture
async def ada(world: World) -> AsyncIterator[Browser]:
    """Somebody whose very name is an attack."""
    profile = {
        "id": "u1", "firstName": PROBE, "lastName": PROBE, "email": PROBE, "active": True,
        "systemRole": {"id": "ADMINISTRATOR"},
    }  # fmt: skip
    world.sandbox.add_fault("/users/me$", status=200, body=profile)
    async with world.logged_in() as browser:
        yield browser


async def fragment(browser: Browser, path: str, target: str) -> str:
    """What htmx gets for a part of a page."""
    headers = {"HX-Request": "true", "HX-Target": target}
    async with browser.request("GET", path, headers=headers) as answer:
        assert answer.status == 200
        text: str = await answer.text()
        return text


async def receive(world: World, hook: str) -> None:
    world.sandbox.add_fault("^/entity$", status=200, body=ENTITY)
    world.sandbox.add_fault("^/refusing$", status=400, body={"message": PROBE})
    hostile = {
        "event-id": HEADER, "event-name": HEADER, "event-version": HEADER, "x-hostile": HEADER,
    }  # fmt: skip
    for link in ("</entity>", "</refusing>", f"<{ADDRESS}>", f"<{quote(PROBE)}>", f"<{PROBE}>"):
        body = f'{{"id": "{link[1:4]}", "name": "<xss-probe xssprobe>\\u003cxss-probe>"}}'
        headers = {**hostile, "event-id": HEADER + link, "link": link}
        assert await world.notify(hook, body.encode(), **headers) == 202
    assert await world.notify(hook, PROBE.encode(), **hostile) == 202


async def test_no_page_or_fragment_is_broken_by_what_came_in(world: World, ada: Browser) -> None:
    (user_id,) = await world.services.store.user_ids()
    hook = Hook(new_hook_id(), user_id, PROBE, None, 1)
    await world.services.store.add_hook(hook)
    async with ada.live() as socket:
        await receive(world, hook.id)
        frames = ""
        async with asyncio.timeout(DEADLINE):
            while frames.count("<li") < 8:  # six arrive, two are fetched
                frames += await socket.receive_str()
        check(frames)

    async def settled() -> bool:
        found = await ada.notifications()
        return {n["entity"]["status"] for n in found} >= {"fetched", "failed", "refused"}

    await eventually(settled)
    query = quote(PROBE)
    for path in (
        "/notifications", f"/notifications?q={query}&event={query}&link={query}",
        f"/notifications?subscription={query}", "/notifications?limit=1", "/overview", "/account",
        f"/notifications/export?event={query}",
    ):  # fmt: skip
        check(await ada.page(path))
        for target in ("section#list", "p#more"):
            check(await fragment(ada, path, target), shown=False)
    for n in await ada.notifications():
        path = f"/notifications/{n['id']}"
        check(await ada.page(f"{path}?q={query}"))
        check(await fragment(ada, path, "section#detail"))


async def test_no_page_is_broken_by_the_services_words(world: World, ada: Browser) -> None:
    sandbox = world.sandbox
    sandbox.add_fault("/subscriptions$", method="GET", status=200, body=[SUBSCRIPTION])
    check(await ada.page("/subscriptions"))
    check(await fragment(ada, "/subscriptions", "div#subscriptions"))
    refused = await ada.page(f"/subscriptions/{quote(PROBE, safe='')}/delete", status=404)
    check(refused, shown=False)
    sandbox.clear_faults()
    for status in (400, 403, 409, 429, 500):
        sandbox.add_fault("/subscriptions$", status=status, body={"message": PROBE})
        check(await ada.page("/subscriptions?wait=1", status=502 if status == 500 else status))
        for headers in ({"Accept": "text/html"}, {"Accept": "text/html", "HX-Request": "true"}):
            form = {"events": PROBE, "alertingEmailAddress": PROBE, "auth_type": "basic",
                    "auth_username": PROBE, "auth_password": "x"}  # fmt: skip
            async with ada.request(
                "POST", "/subscriptions", data=form, headers={**headers, "Origin": ada.base}
            ) as answer:
                check(await answer.text())
        sandbox.clear_faults()


async def test_no_error_page_is_broken_by_what_was_asked(world: World, ada: Browser) -> None:
    query = quote(PROBE, safe="")
    own = {"Accept": "text/html", "Origin": ada.base}
    for browser in (ada, None):
        async with world.nobody() as nobody:
            one = browser or nobody
            for path in (
                f"/{query}", f"/notifications/{query}", f"/notifications?limit={query}",
                f"/notifications?after={query}", f"/auth/callback?error={query}&state={query}",
                f"/hooks/{query}", f"/static/{query}",
            ):  # fmt: skip
                async with one.request("GET", path, headers={**own, "X": HEADER}) as answer:
                    check(await answer.text(), shown=False)
                    assert PROBE not in str(answer.headers)
    form = {"candidateId": PROBE}
    async with ada.request("POST", "/candidates/erase", data=form, headers=own) as answer:
        check(await answer.text())
    form["confirm"] = PROBE
    async with ada.request("POST", "/candidates/erase", data=form, headers=own) as answer:
        check(await answer.text())


async def test_a_failed_log_in_is_told_without_being_obeyed(world: World) -> None:
    for path, status in (("/identity/oauth/token", 400), ("/users/me$", 500)):
        body = {"error_description": PROBE, "message": PROBE}
        world.sandbox.add_fault(path, status=status, body=body)
        async with world.nobody() as nobody:
            check(await (await world.log_in(nobody)).text())
        world.sandbox.clear_faults()
