"""No link, no redirect and no setting of the machine makes a token leave the configured origin."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from srhooks.domain.models import Hook, NewNotification
from srhooks.intake.hook_cache import new_hook_id
from srhooks.protocol.signature import SIGNATURE_HEADER, sign
from yarl import URL

from tests.support.evil import Evil, evil_server
from tests.support.harness import Browser, World, eventually

EVIL = "http://127.0.0.1:{evil}"
# What the header says (P the API's port, {evil} another one at the same host; the evil server also
# listens at P of 127.0.0.2 and of ::1), and the state that the entity must end in.
ATTACKS: dict[str, tuple[str, str]] = {
    "other port": ("<http://127.0.0.1:{evil}/x>; rel=self", "refused"),
    "other host": ("<http://127.0.0.2:{p}/x>; rel=self", "refused"),
    "other host without a port": ("<http://127.0.0.2/x>; rel=self", "refused"),
    "the host's other name": ("<http://localhost:{p}/x>; rel=self", "refused"),
    "the host's other name with a dot": ("<http://localhost.:{p}/x>; rel=self", "refused"),
    "ipv6": ("<http://[::1]:{p}/x>; rel=self", "refused"),
    "ipv6 with a zone": ("<http://[::1%25lo]:{p}/x>; rel=self", "refused"),
    "ipv4 within ipv6": ("<http://[::ffff:127.0.0.1]:{p}/x>; rel=self", "refused"),
    "ipv6 in long form": ("<http://[0:0:0:0:0:0:0:1]:{p}/x>; rel=self", "refused"),
    "unclosed bracket": ("<http://[::1:{p}/x>; rel=self", "refused"),
    "other scheme": ("<https://127.0.0.1:{p}/x>; rel=self", "refused"),
    "web socket": ("<ws://127.0.0.1:{p}/x>; rel=self", "refused"),
    "file": ("<file:///etc/passwd>; rel=self", "refused"),
    "ftp": ("<ftp://127.0.0.1:{p}/x>; rel=self", "refused"),
    "script": ("<javascript:alert(1)>; rel=self", "refused"),
    "data": ("<data:text/html,x>; rel=self", "refused"),
    "userinfo before another host": ("<http://127.0.0.1:{p}@127.0.0.2:{p}/x>; rel=self", "refused"),
    "userinfo of the right host": ("<http://user:pass@127.0.0.1:{p}/x>; rel=self", "refused"),
    "empty userinfo": ("<http://@127.0.0.1:{p}/x>; rel=self", "refused"),
    "encoded at": ("<http://127.0.0.1:{p}%40127.0.0.2:{p}/x>; rel=self", "refused"),
    "two ats": ("<http://a@127.0.0.1:{p}@127.0.0.2:{p}/x>; rel=self", "refused"),
    "backslashes": (r"<http:\\127.0.0.2:{p}\x>; rel=self", "refused"),
    "backslash before an at": (r"<http://127.0.0.2:{p}\@127.0.0.1:{p}/x>; rel=self", "refused"),
    "backslash in the path": (r"<http://127.0.0.1:{p}\..\x>; rel=self", "refused"),
    "slash and backslash": (r"</\127.0.0.2:{p}/x>; rel=self", "refused"),
    "protocol-relative": ("<//127.0.0.2:{p}/x>; rel=self", "refused"),
    "three slashes": ("<///127.0.0.2:{p}/x>; rel=self", "gone"),
    "scheme and one slash": ("<http:/127.0.0.2:{p}/x>; rel=self", "refused"),
    "scheme and no slash": ("<http:127.0.0.2:{p}>; rel=self", "refused"),
    "encoded dots in the host": ("<http://127%2E0%2E0%2E2:{p}/x>; rel=self", "refused"),
    "encoded slash in the host": ("<http://127.0.0.1:{p}%2F@127.0.0.2:{p}/x>; rel=self", "refused"),
    "trailing dot": ("<http://127.0.0.1.:{p}/x>; rel=self", "refused"),
    "a domain that begins like it": ("<http://127.0.0.1.evil.test:{p}/x>; rel=self", "refused"),
    "a domain that ends like it": ("<http://evil-127.0.0.1:{p}/x>; rel=self", "refused"),
    "hexadecimal address": ("<http://0x7f000002:{p}/x>; rel=self", "refused"),
    "decimal address": ("<http://2130706434:{p}/x>; rel=self", "refused"),
    "octal address": ("<http://0177.0.0.2:{p}/x>; rel=self", "refused"),
    "short address": ("<http://127.2:{p}/x>; rel=self", "refused"),
    "wide digits": ("<http://\uff11\uff12\uff17.0.0.2:{p}/x>; rel=self", "refused"),
    "punycode": ("<http://xn--127-0-0-1:{p}/x>; rel=self", "refused"),
    "ideographic full stops": ("<http://127。0。0。2:{p}/x>; rel=self", "refused"),
    "port with a sign": ("<http://127.0.0.1:+{evil}/x>; rel=self", "refused"),
    "port beyond 65535": ("<http://127.0.0.1:165536/x>; rel=self", "refused"),
    "empty port": ("<http://127.0.0.1:/x>; rel=self", "refused"),
    "letters for a port": ("<http://127.0.0.1:evil/x>; rel=self", "refused"),
    "space in the host": ("<http://127.0.0.2:{p} @127.0.0.1:{p}/x>; rel=self", "refused"),
    "tab in the scheme": ("<ht\ttp://127.0.0.2:{p}/x>; rel=self", "refused"),
    "fragment before the host": ("<http://127.0.0.2:{p}#@127.0.0.1:{p}/x>; rel=self", "refused"),
    "query before the host": ("<http://127.0.0.2:{p}?@127.0.0.1:{p}/x>; rel=self", "refused"),
    "semicolon in the host": ("<http://127.0.0.2:{p};127.0.0.1:{p}/x>; rel=self", "refused"),
    "quotes": ('<"http://127.0.0.2:{p}/x">; rel=self', "refused"),
    "self is the second": (
        "<http://127.0.0.1:{p}/jobs/none>; rel=next, <http://127.0.0.2:{p}/x>; rel=self",
        "refused",
    ),
    "a link within a link": ("<http://127.0.0.1:{p}/<http://127.0.0.2:{p}/x>; rel=self", "refused"),
    "an anchor elsewhere": (
        '<http://127.0.0.2:{p}/x>; anchor="http://127.0.0.1:{p}/"; rel=self',
        "refused",
    ),
    "huge": ("<http://127.0.0.2:{p}/" + "x" * 8000 + ">; rel=self", "refused"),
    "huge number of links": ("<http://127.0.0.2:{p}/x>; rel=next," * 150, "refused"),
    "no link at all": ("http://127.0.0.2:{p}/x", "none"),
    "empty": ("<>; rel=self", "none"),
    # These do point at the API, however odd they look: the API says what it holds.
    "case of the scheme": ("<HTTP://127.0.0.1:{p}/none>; rel=self", "gone"),
    "case of the relation": ("<http://127.0.0.1:{p}/none>; REL=SELF", "gone"),
    "relative": ("</none/such>; rel=self", "gone"),
    "relative without a slash": ("<none/such>; rel=self", "gone"),
    "dots that climb": ("<../../../none>; rel=self", "gone"),
    "encoded dots that climb": ("</a/%2e%2e/%2e%2e/none>; rel=self", "gone"),
    "an address in the path": ("</none/http://127.0.0.2:{p}/x>; rel=self", "gone"),
    "an at in the path": ("</none/@127.0.0.2:{p}/x>; rel=self", "gone"),
    "an address in the query": ("</none?u=http://127.0.0.2:{p}/x>; rel=self", "gone"),
}  # fmt: skip
REDIRECTS = (300, 301, 302, 303, 307, 308)


@dataclass
class Scene:
    """A logged-in administrator with a subscription, the API's port and the evil server."""

    world: World
    ada: Browser
    hook: str
    key: str | None
    evil: Evil
    port: int

    async def send(self, link: str, event_id: str) -> None:
        """A notification as the service itself would sign it; unsigned where there is no key."""
        link = link.replace("{p}", str(self.port))
        link = link.replace("{evil}", str(self.evil.ports["127.0.0.1"]))
        headers = {"event-id": event_id, "event-name": "job.created", "link": link}
        body = b'{"id": "1"}'
        if self.key is None:
            assert await self.world.notify(self.hook, body, **headers) == 202
            return
        raw = {
            name: value.encode().decode("utf-8", "surrogateescape")
            for name, value in headers.items()
        }
        signed = {**headers, SIGNATURE_HEADER: sign(self.key, raw, body)}
        assert await self.world.notify(self.hook, body, **signed) == 202

    async def settled(self, count: int) -> dict[str, Any]:
        """All notifications by their event id, once nothing is pending."""

        async def look() -> dict[str, Any]:
            found = await self.ada.notifications("?limit=200")
            done = [n for n in found if n["entity"]["status"] != "pending"]
            return {n["eventId"]: n for n in done} if len(done) == count else {}

        return await eventually(look)


@pytest.fixture
async def scene(world: World) -> AsyncIterator[Scene]:
    port = URL(world.settings.api_url).port
    assert port is not None
    async with world.logged_in() as ada, evil_server(port) as evil:
        created = await ada.subscribe("job.created")
        entry = await world.services.hooks.get(created["hookId"])
        assert entry is not None
        yield Scene(world, ada, created["hookId"], entry.live_keys()[0], evil, port)


def test_there_are_attacks_enough() -> None:
    assert len(ATTACKS) >= 40


@pytest.mark.parametrize("signed", [True, False])
async def test_no_link_leads_a_token_astray(scene: Scene, signed: bool) -> None:
    if not signed:
        (user_id,) = await scene.world.services.store.user_ids()
        scene.hook, scene.key = new_hook_id(), None
        await scene.world.services.store.add_hook(Hook(scene.hook, user_id, None, None, 1))
    for name, (link, _) in ATTACKS.items():
        await scene.send(link, name)
    found = await scene.settled(len(ATTACKS))
    assert {n["signature"] for n in found.values()} == {"valid" if signed else "unsigned"}
    states = {name: n["entity"]["status"] for name, n in found.items()}
    assert states == {name: state for name, (_, state) in ATTACKS.items()}
    assert scene.evil.seen == []
    # Those that were refused did not even reach the API under another name.
    assert not [one for one in scene.world.sandbox.requests if one.path.startswith("/x")]


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("target", [EVIL + "/stolen", "{self}", "/other", "//127.0.0.2:{p}/x"])
async def test_a_redirect_of_the_api_is_not_followed(
    scene: Scene, status: int, target: str
) -> None:
    location = target.format(
        evil=scene.evil.ports["127.0.0.1"], p=scene.port, self=f"http://127.0.0.1:{scene.port}/e"
    )
    headers = {"Location": location, "Refresh": f"0;url={location}"}
    scene.world.sandbox.add_fault("^/entity$", status=status, headers=headers)
    await scene.send("</entity>; rel=self", "one")
    found = await scene.settled(1)
    assert found["one"]["entity"]["status"] == "failed"
    assert scene.evil.seen == []
    entity = [one.path for one in scene.world.sandbox.requests if one.path in {"/other", "/e"}]
    assert entity == []


async def test_links_inside_an_entity_are_not_followed(scene: Scene) -> None:
    inside = f"{scene.evil.url}/x"
    entity = {"id": "1", "actions": {"self": {"url": inside}}, "links": [inside], "href": inside}
    answer = {"Link": f"<{inside}>; rel=next", "Location": inside, "Content-Location": inside}
    scene.world.sandbox.add_fault("^/entity$", status=200, body=entity, headers=answer)
    await scene.send("</entity>; rel=self", "one")
    assert (await scene.settled(1))["one"]["entity"]["data"] == entity
    await scene.ada.page(f"/notifications/{(await scene.settled(1))['one']['id']}")
    assert scene.evil.seen == []


@pytest.mark.parametrize("status", REDIRECTS)
async def test_neither_log_in_nor_refresh_nor_list_follow_a_redirect(
    scene: Scene, status: int
) -> None:
    sandbox = scene.world.sandbox
    away = {"Location": f"{scene.evil.url}/stolen"}
    for path in ("/identity/oauth/token", "/users/me$"):
        sandbox.add_fault(path, status=status, headers=away)
        async with scene.world.nobody() as browser:
            answer = await scene.world.log_in(browser)
            assert answer.status == 502
            await browser.json("GET", "/notifications", status=401)
        sandbox.clear_faults()
    sandbox.add_fault("/subscriptions", status=status, headers=away)
    await scene.ada.json("GET", "/subscriptions", status=502)
    await scene.ada.json(
        "POST", "/subscriptions", status=502, json={"events": ["job.created"], "active": True}
    )
    sandbox.clear_faults()
    sandbox.expire_access_tokens()
    sandbox.add_fault("/identity/oauth/token", status=status, headers=away)
    await scene.ada.json("GET", "/subscriptions", status=502)
    assert scene.evil.seen == []


async def test_no_page_id_leads_the_list_astray(scene: Scene) -> None:
    listing = {"content": [{"id": "1"}], "nextPageId": f"{scene.evil.url}/?x#@"}
    scene.world.sandbox.add_fault("/subscriptions$", method="GET", status=200, body=listing)
    found = await scene.ada.json("GET", "/subscriptions")
    assert [one["id"] for one in found["subscriptions"]] == ["1"]
    for hostile in (f"{scene.evil.url}/", "..%2f..%2fx", "//127.0.0.2", "a@b", "%0d%0aX: y"):
        quoted = quote(hostile, safe="")
        await scene.ada.json("DELETE", f"/subscriptions/{quoted}", status=404)
        await scene.ada.json("POST", f"/subscriptions/{quoted}/activation", status=404)
    assert scene.evil.seen == []


async def test_the_machines_proxy_and_netrc_get_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, scene.evil.url)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password thief\n")
    monkeypatch.setenv("NETRC", str(netrc))
    await scene.send("</none>; rel=self", "one")
    assert (await scene.settled(1))["one"]["entity"]["status"] == "gone"
    assert scene.evil.seen == []


async def test_a_link_stored_under_another_setting_is_not_followed(scene: Scene) -> None:
    """The origin is checked when a token is sent, not only when a link is stored."""
    services = scene.world.services
    (user_id,) = await services.store.user_ids()
    await services.store.add_notification(
        NewNotification(
            id=services.store.next_id(), user_id=user_id, hook_id=scene.hook, subscription_id=None,
            event_id="old", event_name="job.created", event_version=None,
            link=f"{scene.evil.url}/x", headers="{}", body=b"{}", signature="valid", sent_at=None,
            entity_status="pending",
        )
    )  # fmt: skip
    services.fetcher.wake(user_id)
    assert (await scene.settled(1))["old"]["entity"]["status"] == "refused"
    assert scene.evil.seen == []
