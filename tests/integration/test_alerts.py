"""Alerts: e-mail over a real SMTP server, a signed webhook, addresses that confirm themselves."""

import asyncio
import contextlib
import itertools
import json
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from srhooks.domain.alerts import AlertMessage
from srhooks.domain.clock import HOUR, now_ms
from srhooks.domain.incidents import IncidentKind, NewIncident
from srhooks.incidents.channels import AppriseChannel, ChannelError, EmailChannel
from srhooks.server.runner import served
from standardwebhooks.webhooks import Webhook

from tests.support.harness import Browser, World, eventually
from tests.support.harness import world as start_world
from tests.support.mail import Mailbox, certificate, mail_server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ADA = "ada.novak@acme.example"


def incident(user_id: str, subject: str = "s1", kind: IncidentKind = "failing") -> NewIncident:
    return NewIncident(
        user_id=user_id, kind=kind, subject=subject, subscription_id=subject,
        title="job.created: 3 deliveries in a row failed", details={"failures": 3},
    )  # fmt: skip


async def user_of(world: World) -> str:
    (user_id,) = await world.services.store.user_ids()
    return user_id


async def mails_to(box: Mailbox, address: str, count: int = 1) -> list[Any]:
    async def arrived() -> bool:
        return len(box.to(address)) >= count

    await eventually(arrived)
    return box.to(address)


@dataclass
class ChatSystem:
    status: int = 204
    seen: list[tuple[dict[str, str], str]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((headers, await request.text()))
        return web.Response(status=self.status, headers={"Location": self.url})


@contextlib.asynccontextmanager
async def chat_system() -> AsyncIterator[ChatSystem]:
    chat = ChatSystem()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", chat.answer)
    async with served(app, "127.0.0.1", 0) as port:
        chat.url = f"http://127.0.0.1:{port}/in"
        yield chat


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mail_server() as ready:
        yield ready


@pytest.fixture
async def mailing(tmp_path: Path, box: Mailbox) -> AsyncIterator[World]:
    async with start_world(
        tmp_path,
        smtp_url=f"smtp://user:pass@127.0.0.1:{box.port}",
        smtp_from="srhooks@acme.example",
        smtp_trusted_domains=("trusted.example",),
    ) as world:
        yield world


async def test_the_account_is_mailed_at_the_opening_and_at_the_end(
    mailing: World, box: Mailbox
) -> None:
    async with mailing.logged_in():
        user_id = await user_of(mailing)
        await mailing.services.incidents.open(incident(user_id))
        await mailing.services.incidents.open(incident(user_id))  # open already
        (opened,) = await mails_to(box, ADA)
        await mailing.services.incidents.end(user_id, "failing", "s1")
        _, ended = await mails_to(box, ADA, 2)
    assert opened["Subject"] == "[srhooks] Problem: Deliveries fail"
    assert opened["From"] == "srhooks@acme.example"
    text = opened.get_body(("plain",)).get_content()
    assert "3 deliveries in a row failed" in text
    assert f"{mailing.base}/subscriptions/s1" in text
    assert "<strong>" in opened.get_body(("html",)).get_content()
    assert ended["Subject"] == "[srhooks] Solved: Deliveries fail"
    assert len(box.mails) == 2
    assert box.logins  # the password goes without TLS to loopback alone


async def test_starttls_with_a_certificate_that_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, context = await asyncio.to_thread(certificate, tmp_path)
    message = AlertMessage(7, "u1", "email", "a@b.example", content(), now_ms(), now_ms())
    async with mail_server(context) as box:
        url = f"smtp://user:p%40ss@127.0.0.1:{box.port}"
        channel = EmailChannel(url, "srhooks@acme.example", "http://localhost")
        with pytest.raises(ChannelError):
            await channel.send(message)  # an untrusted certificate is a failed channel
        assert box.mails == []
        assert box.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        await channel.send(message)
        assert box.encrypted == [True]
        assert box.logins == [(b"user", b"p@ss")]
        assert box.mails[0]["Message-ID"] == "<msg_7@acme.example>"


def content() -> dict[str, Any]:
    return {"type": "test", "subject": "Test", "lines": ["Line"], "url": "http://localhost"}


async def test_a_password_never_goes_out_without_tls_but_to_loopback(
    box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = EmailChannel(f"smtp://u:p@127.0.0.1:{box.port}", "a@b.example", "http://localhost")
    monkeypatch.setattr("srhooks.incidents.channels.is_loopback", lambda _: False)
    with pytest.raises(ChannelError, match="no TLS"):
        await channel.send(AlertMessage(7, "u1", "email", "a@b.example", content(), 1, 1))
    assert box.logins == []


async def test_a_foreign_address_counts_once_its_owner_followed_the_link(
    mailing: World, box: Mailbox
) -> None:
    async with mailing.logged_in() as ada:
        given = {"email": ["eve@other.example", "bob@trusted.example"], "kind": ["failing"]}
        saved = await ada.json("POST", "/account/alerts", json=given)
        assert saved == {"alerts": {**given, "confirmed": []}}
        (asked,) = await mails_to(box, "eve@other.example")
        await ada.json("POST", "/account/alerts", json=given)  # no second link within the hour
        user_id = await user_of(mailing)
        await mailing.services.incidents.open(incident(user_id, "s1", "silent"))  # not wanted
        await mailing.services.incidents.open(incident(user_id, "s2"))
        await mails_to(box, "bob@trusted.example")
        assert len(box.to("eve@other.example")) == 1
        link = re.search(r"http://\S+/confirm/\S+", asked.get_body(("plain",)).get_content())
        assert link is not None
        path = link[0].removeprefix(mailing.base)
        async with mailing.nobody() as eve:
            await eve.page(path.replace("/confirm/", "/confirm/x"), status=404)
            async with eve.request("HEAD", path) as looked_at:
                assert looked_at.status == 200
            assert (await ada.json("GET", "/account/alerts"))["alerts"]["confirmed"] == []
            assert "Address confirmed" in await eve.page(path)
        told = await ada.json("GET", "/account/alerts")
        assert told["alerts"]["confirmed"] == ["eve@other.example"]
        await mailing.services.incidents.open(incident(user_id, "s3"))
        await mails_to(box, "eve@other.example", 2)
        assert box.to(ADA) == []  # the list is replaced
        await mails_to(box, "bob@trusted.example", 2)


async def test_the_page_and_its_form(mailing: World, box: Mailbox) -> None:
    async with mailing.logged_in() as ada:
        page = await ada.page("/account/alerts")
        assert f'value="{ADA}"' in page
        token = await ada.csrf()
        form = [
            ("csrf", token), ("email", ADA), ("email", ""), ("kind", "login"),
            ("quietFrom", "22:00"), ("quietTo", "07:00"), ("timeZone", "Europe/Berlin"),
        ]  # fmt: skip
        async with ada.request("POST", "/account/alerts", data=form) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/account/alerts")
        page = await ada.page("/account/alerts")
        assert 'value="22:00"' in page
        assert 'value="Europe/Berlin"' in page
        alerts = (await ada.json("GET", "/account/alerts"))["alerts"]
        assert alerts == {"email": [ADA], "kind": ["login"], "confirmed": []}
        sent = await ada.json("POST", "/account/alerts/test")
        assert sent == {"sentTo": 1}
        (mail,) = await mails_to(box, ADA)
        assert "Test message" in mail["Subject"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": ["loud"]},
        {"email": ["nobody"]},
        {"email": [""]},
        {"email": ["a@b\r\nBcc: c@d.example"]},
        {"email": ["é@b.example"]},
        {"email": [f"a{n}@b.example" for n in range(11)]},
        {"email": 1},
        [],
    ],
)
async def test_what_is_no_address_and_no_kind_is_400(world: World, wrong: Any) -> None:
    async with world.logged_in() as ada:
        await ada.json("POST", "/account/alerts", status=400, json=wrong)
        told = await ada.json("GET", "/account/alerts")
        assert told["alerts"]["email"] == [ADA]
        assert len(told["alerts"]["kind"]) == 8


async def test_without_smtp_nothing_is_sent_and_the_page_says_so(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.json("POST", "/account/alerts", json={"email": ["eve@other.example"]})
        assert "E-mail is not set up" in await ada.page("/account/alerts")
        await ada.json("POST", "/account/alerts/test", status=409)
        assert await world.services.store.next_alert_due() is None


@contextlib.asynccontextmanager
async def hooked(folder: Path) -> AsyncIterator[tuple[World, ChatSystem, Browser]]:
    async with (
        chat_system() as chat,
        start_world(folder, alert_webhook_url=chat.url, alert_webhook_secret=SECRET) as world,
        world.logged_in() as ada,
    ):
        yield world, chat, ada


async def test_the_webhook_is_signed_and_tried_again_with_the_same_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("srhooks.incidents.outbox.FIRST_PAUSE", 0.2)
    async with hooked(tmp_path) as (world, chat, ada):
        user_id = await user_of(world)
        chat.status = 302  # a redirect is a failure and is not followed
        await world.services.incidents.open(incident(user_id))

        async def came(count: int) -> bool:
            return len(chat.seen) >= count

        await eventually(lambda: came(2))
        chat.status = 200
        before = len(chat.seen)
        await eventually(lambda: came(before + 1))

        async def empty() -> bool:
            return await world.services.store.next_alert_due() is None

        await eventually(empty)
        headers, body = chat.seen[-1]
        told = Webhook(SECRET).verify(body, headers)
        assert len({one["webhook-id"] for one, _ in chat.seen}) == 1
        assert told["type"] == "incident.opened"
        assert "3 deliveries in a row failed" in told["text"]
        listed = (await ada.json("GET", "/incidents"))["incidents"]
        assert told["data"]["incident"] == listed[0]


async def test_what_waits_survives_a_restart_and_is_told_once(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (world, chat, _):
        user_id = await user_of(world)
        chat.status = 500
        await world.services.incidents.open(incident(user_id))
        await eventually(lambda: seen(chat, 1))
    async with hooked(tmp_path) as (world, again, _):
        again.status = 200
        store = world.services.store
        (message,) = await store.due_alerts("webhook", now_ms() + HOUR, 10)
        await store.postpone_alert(message.id, now_ms())
        world.services.outbox.wake()
        await eventually(lambda: seen(again, 1))

        async def empty() -> bool:
            return await store.next_alert_due() is None

        await eventually(empty)
        assert again.seen[0][0]["webhook-id"] == chat.seen[0][0]["webhook-id"]
        assert len(again.seen) == 1


async def seen(chat: ChatSystem, count: int) -> bool:
    return len(chat.seen) >= count


async def test_no_more_than_ten_an_hour_then_a_digest(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (world, chat, _):
        user_id = await user_of(world)
        for number in range(25):
            await world.services.store.open_incident(incident(user_id, f"s{number}"), now_ms())
        world.services.outbox.wake()
        await eventually(lambda: seen(chat, 10))
        kinds = [json.loads(body)["type"] for _, body in chat.seen]
        assert kinds == ["incident.opened"] * 9 + ["incident.digest"]
        assert len(json.loads(chat.seen[-1][1])["data"]["incidents"]) == 16
        await world.services.store.open_incident(incident(user_id, "late"), now_ms())
        await world.services.outbox.collect()
        assert await world.services.store.next_alert_due() is None  # it waits for the next hour
        assert len(await world.services.store.incident_events_of(user_id, 10)) == 1


async def test_a_day_later_one_is_reminded_unless_it_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hooked(tmp_path) as (world, chat, _):
        user_id = await user_of(world)
        kept = await world.services.incidents.open(incident(user_id, "kept"))
        known = await world.services.incidents.open(incident(user_id, "known"))
        assert kept is not None
        assert known is not None
        await eventually(lambda: seen(chat, 2))
        await world.services.incidents.acknowledge(user_id, known.id)
        later = now_ms() + 24 * HOUR + 1000
        monkeypatch.setattr("srhooks.incidents.outbox.now_ms", lambda: later)
        world.services.outbox.wake()
        await eventually(lambda: seen(chat, 3))
        told = json.loads(chat.seen[-1][1])
        assert told["type"] == "incident.reminder"
        assert told["data"]["incident"]["subscriptionId"] == "kept"
        await world.services.outbox.collect()
        assert len(chat.seen) == 3


async def test_chat_services_get_it_by_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is an extra and not there in tests: what is called of it is these two."""
    told: list[dict[str, str]] = []

    class Apprise:
        def __init__(self) -> None:
            self.urls: list[str] = []

        def add(self, url: str) -> None:
            self.urls.append(url)

        def notify(self, **content: str) -> bool:
            told.append(content)
            return self.urls == ["slack://a"]

    monkeypatch.setitem(sys.modules, "apprise", SimpleNamespace(Apprise=Apprise))
    message = AlertMessage(7, "u1", "apprise", "", content(), now_ms(), now_ms())
    await AppriseChannel(("slack://a",)).send(message)
    assert told == [{"title": "[srhooks] Test", "body": "Line\nhttp://localhost"}]
    with pytest.raises(ChannelError):
        await AppriseChannel(("slack://b",)).send(message)


async def test_a_message_is_given_up_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hooked(tmp_path) as (world, chat, _):
        chat.status = 500
        await world.services.incidents.open(incident(await user_of(world)))
        await eventually(lambda: seen(chat, 1))
        later = now_ms() + 24 * HOUR + 1000
        (first,) = await world.services.store.due_alerts("webhook", later, 10)
        monkeypatch.setattr("srhooks.incidents.outbox.now_ms", lambda: later)
        world.services.outbox.wake()

        async def given_up() -> bool:
            waiting = await world.services.store.due_alerts("webhook", later + HOUR, 10)
            return first.id not in {message.id for message in waiting}

        await eventually(given_up)


async def test_deleting_the_account_takes_its_alerts_along(mailing: World, box: Mailbox) -> None:
    box.refuse = True
    async with mailing.logged_in() as ada:
        await ada.json("POST", "/account/alerts", json={"email": ["eve@other.example"]})
        await ada.json("POST", "/account/delete", json={"confirm": True})
        assert await mailing.services.store.next_alert_due() is None


async def test_no_moment_of_sending_loses_a_cancellation(box: Mailbox) -> None:
    """Or srhooks would wait for ever for it when it stops."""
    channel = EmailChannel(f"smtp://127.0.0.1:{box.port}", "srhooks@example.com", "http://x")
    content: dict[str, object] = {"subject": "s", "lines": ["l"], "url": "u", "text": "t"}
    message = AlertMessage(1, "u1", "email", "ada@example.com", content, 1, 1)
    for turns in itertools.count():
        sending = asyncio.create_task(channel.send(message))
        for _ in range(turns):
            await asyncio.sleep(0)
        if not sending.cancel():
            break
        await asyncio.wait([sending])
        assert sending.cancelled(), turns
    assert box.mails
