"""`srhooks listen` as a process: in order, each once, unchanged, whatever the connection does."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from multidict import CIMultiDict
from srhooks.commands import listen_client
from srhooks.server.runner import served
from srhooks.web.pages import feed

from tests.support.harness import (
    DEADLINE,
    World,
    application,
    eventually,
    free_port,
    served_sandbox,
)
from tests.support.process import START_WITHIN

ODD_BODY = b'\xff\x00{"id":  "\xe2\x82\xac"}\r\n'


@dataclass
class Receiver:
    """The program on one's own machine."""

    status: int = 202
    requests: list[tuple[CIMultiDict[str], bytes]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        self.requests.append((CIMultiDict(request.headers), await request.read()))
        return web.Response(status=self.status)

    async def has(self, count: int) -> bool:
        return len(self.requests) >= count

    @property
    def ids(self) -> list[str]:
        return [headers["event-id"] for headers, _ in self.requests]


@asynccontextmanager
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    one = Receiver()
    app = web.Application()
    app.router.add_post("/webhooks", one.receive)
    async with served(app, "127.0.0.1", 0) as port:
        yield one, f"http://127.0.0.1:{port}/webhooks"


@asynccontextmanager
async def listen(server: str, token: str, *args: str) -> AsyncIterator[Process]:
    environment = {**os.environ, "SRHOOKS_TOKEN": token, "APP_URL": server, "TZ": "UTC"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "srhooks", "listen", *args, stdout=PIPE, stderr=PIPE, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), START_WITHIN)).decode().rstrip("\n")


async def stopped(process: Process) -> tuple[int | None, str, str]:
    process.send_signal(signal.SIGINT)
    out, error = await asyncio.wait_for(process.communicate(), DEADLINE)
    return process.returncode, out.decode(), error.decode()


async def ready(world: World, stack: AsyncExitStack) -> tuple[str, str]:
    """Ada's hook, without a signing key's worth of trouble, and a token of hers."""
    ada = await stack.enter_async_context(world.logged_in())
    hook = (await ada.subscribe("job.created"))["hookId"]
    made = await ada.json("POST", "/terminal/tokens", status=201, data={"name": "x"})
    return hook, made["token"]


async def test_it_replays_unchanged_and_shows_what_was_answered(world: World) -> None:
    async with AsyncExitStack() as stack:
        hook, token = await ready(world, stack)
        one, url = await stack.enter_async_context(receiver())
        await world.notify(hook, b"before", event_id="0")
        process = await stack.enter_async_context(listen(world.base, token, "--forward-to", url))
        assert (await line(process)).split() == ["TIME", "EVENT", "ABOUT", "SIGNATURE", "ANSWER"]
        one.status = 418
        await world.notify(
            hook, ODD_BODY, event_id="1", event_name="job.created", X_Mine="a, b", Accept="x/y",
            Authorization="Bearer secret", Connection="close, X-Hop", X_Hop="1", User_Agent="SR/1",
            Link="<https://elsewhere.example/jobs/7>; rel=self", Content_Type="text/odd",
        )  # fmt: skip
        shown = await line(process)
        assert re.fullmatch(r"\S+ +job.created +jobs/7 +unsigned +418 in \d+ ms", shown)
        ((headers, body),) = one.requests
        assert body == ODD_BODY
        assert {name.lower(): value for name, value in headers.items()} == {
            "host": url.split("/")[2],
            "content-length": str(len(ODD_BODY)),
            "event-id": "1",
            "event-name": "job.created",
            "x-mine": "a, b",
            "accept": "x/y",
            "accept-encoding": headers["accept-encoding"],
            "user-agent": "SR/1",
            "link": "<https://elsewhere.example/jobs/7>; rel=self",
            "content-type": "text/odd",
        }
        code, _, error = await stopped(process)
        assert code == 0
        assert "To go on from here: --since " in error


async def test_nothing_is_lost_or_doubled_across_a_restart_of_the_server(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        fake, sandbox_port = await stack.enter_async_context(served_sandbox())
        port = free_port()
        one, url = await stack.enter_async_context(receiver())
        async with application(tmp_path, sandbox_port, port=port) as (app, settings):
            world = World(settings, fake, app)
            async with AsyncExitStack() as people:
                hook, token = await ready(world, people)
            process = await stack.enter_async_context(
                listen(world.base, token, "--forward-to", url)
            )
            await line(process)
            for number in range(5):
                await world.notify(hook, b"{}", event_id=str(number))
            try:
                await eventually(lambda: one.has(5))
            except AssertionError:
                print(await stopped(process))
                raise
        async with application(tmp_path, sandbox_port, port=port) as (app, settings):
            world = World(settings, fake, app)
            for number in range(5, 130):  # more than fit into one page
                await world.notify(hook, b"{}", event_id=str(number))
            await eventually(lambda: one.has(130))
            await world.notify(hook, b"{}", event_id="130")
            await eventually(lambda: one.has(131))
            code, _, error = await stopped(process)
        assert one.ids == [str(number) for number in range(131)]
        assert code == 0
        assert "the connection was lost; trying again" in error
        assert "connected again" in error


async def test_it_filters_goes_back_in_time_and_keeps_the_terminal_clean(world: World) -> None:
    async with AsyncExitStack() as stack:
        hook, token = await ready(world, stack)
        await world.notify(hook, b'{"x": "needle"}', event_id="1", event_name="job.\x9b31mcreated")
        await world.notify(hook, b"needle", event_id="2", event_name="offer.created")
        await world.notify(hook, b"hay", event_id="3", event_name="job.updated")
        process = await stack.enter_async_context(
            listen(
                world.base, token, "--print-only", "--since", "2020-01-01T00:00:00Z",
                "--event", "job.", "--q", "needle",
            )
        )  # fmt: skip
        await line(process)
        assert "job.\ufffd31mcreated" in await line(process)
        await world.notify(hook, b"another needle", event_id="4", event_name="job.updated")
        assert "job.updated" in await line(process)
        code, out, _ = await stopped(process)
        assert (code, out) == (0, "")


async def test_a_wrong_token_or_no_server_is_one_clear_line(world: World) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    for server, said in ((world.base, "personal token"), (nowhere, f"cannot reach {nowhere}")):
        async with listen(server, "srhooks_wrong", "--print-only") as process:
            out, error = await asyncio.wait_for(process.communicate(), DEADLINE)
        assert process.returncode == 1
        assert out == b""
        (only,) = error.decode().splitlines()
        assert said in only
    async with world.logged_in() as ada:
        made = await ada.json("POST", "/terminal/tokens", status=201, data={})
        async with listen(world.base, made["token"], "--print-only") as process:
            await line(process)
            await ada.json("POST", f"/terminal/tokens/{made['id']}/revoke", status=204)
            _, error = await asyncio.wait_for(process.communicate(), DEADLINE)
            assert process.returncode == 1
            assert b"revoked" in error


@pytest.mark.parametrize(
    ("token", "args"),
    [
        ("", ["--print-only"]),
        ("x", []),
        ("x", ["--print-only", "--since", "yesterday"]),
        ("x", ["--print-only", "--signature", "good"]),
        ("x", ["--forward-to", "localhost:3000"]),
    ],
)
def test_wrong_options_are_refused(
    token: str, args: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from srhooks.cli import main

    monkeypatch.setenv("SRHOOKS_TOKEN", token)
    try:
        code: int | str | None = main(["listen", *args])
    except SystemExit as ended:
        code = ended.code
    assert code == 2


async def test_a_page_that_ended_early_is_gone_on_from(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PAGE_TIME", 0)
    monkeypatch.setattr(listen_client, "LOOK_BACK", 0)
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created"))["hookId"]
        made = await ada.json("POST", "/terminal/tokens", status=201, data={"name": "x"})
        await world.notify(hook, event_name="base", event_id="0")
        since = (await ada.notifications("?limit=1"))[0]["id"]
        await world.notify(hook, event_name="job.a", event_id="1")
        for number in range(300):
            await world.notify(hook, event_name="other.x", event_id=f"o{number}")
        async with ClientSession() as session:
            stream = listen_client.Stream(
                session, world.base, made["token"], [("q", "job.")], since
            )
            assert [one.event for one in await stream.news()] == ["job.a"]


async def test_what_a_person_sends_to_the_terminal_is_replayed_whatever_the_filters(
    world: World,
) -> None:
    async with AsyncExitStack() as stack:
        hook, token = await ready(world, stack)
        one, url = await stack.enter_async_context(receiver())
        ada = await stack.enter_async_context(world.logged_in())
        await world.notify(hook, ODD_BODY, event_id="1", event_name="job.updated")
        (n,) = await ada.notifications()
        process = await stack.enter_async_context(
            listen(world.base, token, "--event", "job.created", "--forward-to", url)
        )
        await line(process)
        path = f"/notifications/{n['id']}/resend"

        async def sent() -> bool:
            async with ada.request(
                "POST", path, headers={"Accept": "application/json", "Origin": ada.origin}
            ) as answer:
                return bool(answer.status == 200)  # 409 until the terminal is there

        await eventually(sent)
        assert "job.updated" in await line(process)
        ((headers, body),) = one.requests
        assert (headers["event-id"], body) == ("1", ODD_BODY)
        await ada.json("POST", path, json={})
        await eventually(lambda: one.has(2))  # asked for again, it comes again
