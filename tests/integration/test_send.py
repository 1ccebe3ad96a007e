"""`srhooks send`, against srhooks itself and against receivers that answer badly."""

import asyncio
import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from aiohttp import web
from srhooks.cli import main
from srhooks.server.runner import served

from tests.support.harness import World, free_port

KEY = "HeBVky2bccvvkcXPimH8c"


class Send:
    """The command as the program runs it, in a thread of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    async def __call__(self, *args: str) -> tuple[int | str | None, str, str]:
        code = await asyncio.to_thread(self._main, args)
        return code, *self._capsys.readouterr()

    def _main(self, args: tuple[str, ...]) -> int | str | None:
        try:
            return main(["send", *args])
        except SystemExit as stopped:
            return stopped.code


@pytest.fixture
def send(capsys: pytest.CaptureFixture[str]) -> Send:
    return Send(capsys)


async def test_what_it_sends_is_taken_for_genuine(
    world: World, send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.logged_in() as ada:
        hook = (await ada.subscribe("job.created", active=False))["hookId"]
        url = f"{world.base}/hooks/{hook}"
        code, out, error = await send(url, "--handshake", "a secret")
        assert (code, error) == (0, "")
        assert out.startswith("200 OK in ")
        assert "X-Hook-Secret: a secret" in out

        (key,) = (await world.services.hooks.get(hook)).live_keys()  # type: ignore[union-attr]
        body = b'{"id": "\xc3\xa4", "n":1.0}\n'
        (tmp_path / "body").write_bytes(body)
        link = f"{world.settings.api_url}/jobs/1"
        signed = ("--event", "job.updated", "--event-id", "7", "--link", link, "--key", key)
        code, out, error = await send(url, *signed, "--body", f"@{tmp_path / 'body'}")
        assert (code, error) == (0, "")
        assert out.startswith("202 Accepted in ")
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"not json")))
        code, _, _ = await send(url, "--key", "wrong", "--body", "-")
        assert code == 0
        more = ("--header", "Event-Name: job.ad.created", "--header", "X-Mine: yes")
        code, _, _ = await send(url, "--event-id", "", "--link", "", "--auth", "me:pw", *more)
        assert code == 0
        plain, forged, genuine = await ada.notifications()
        assert genuine["signature"] == "valid"
        assert (genuine["eventName"], genuine["eventId"]) == ("job.updated", "7")
        assert genuine["link"] == link
        assert genuine["body"] == json.loads(body)
        assert forged["signature"] == "invalid"
        assert forged["body"] == "not json"
        assert (plain["signature"], plain["eventId"], plain["link"]) == ("unsigned", None, None)
        assert plain["eventName"] == "job.ad.created"
        assert plain["headers"]["x-mine"] == "yes"
        assert plain["headers"]["authorization"] == "[redacted]"


@pytest.mark.parametrize(
    ("status", "echo", "args", "complaint"),
    [
        (200, None, (), "answered 200, where SmartRecruiters expects 202"),
        (404, None, (), "answered 404, where SmartRecruiters expects 202"),
        (302, None, (), "answered 302, where SmartRecruiters expects 202"),
        (202, "one", ("--handshake", "one"), "answered 202, where SmartRecruiters expects 200"),
        (200, None, ("--handshake",), "the answer has no X-Hook-Secret"),
        (200, "other", ("--handshake", "one"), "is not the one that was sent"),
    ],
)
async def test_a_wrong_answer_is_a_failure(
    send: Send, status: int, echo: str | None, args: tuple[str, ...], complaint: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        headers = {"Location": "/ok"} | ({} if echo is None else {"X-Hook-Secret": echo})
        return web.Response(status=status, text="red \x1b[31m", headers=headers)

    app = web.Application()
    app.router.add_post("/", answer)
    async with served(app, "127.0.0.1", 0) as port:
        code, out, error = await send(f"http://127.0.0.1:{port}/", *args)
    assert code == 1
    assert out.startswith(f"{status} ")
    assert "\x1b" not in out
    (line,) = error.splitlines()
    assert line.startswith("srhooks send: ")
    assert complaint in line


async def test_nobody_there_is_one_clear_line(send: Send) -> None:
    code, out, error = await send(f"http://127.0.0.1:{free_port()}/hooks/x")
    assert (code, out) == (1, "")
    (line,) = error.splitlines()
    assert "cannot reach http://127.0.0.1:" in line


@pytest.mark.parametrize(
    "args",
    [("ftp://x/",), ("http://x/", "--header", "no colon"), ("http://x/", "--body", "@/no/file"),
     ("http://x/", "--auth", "me")],
)  # fmt: skip
async def test_wrong_options_are_refused(send: Send, args: tuple[str, ...]) -> None:
    code, _, error = await send(*args)
    assert code == 2
    assert "error: argument" in error
