"""A notification taken along as text: as curl command, as signed text, as bytes."""

import asyncio
import json
import re
from html import unescape
from pathlib import Path

import pytest
from srhooks.domain.clock import now_ms
from srhooks.protocol.notification_headers import notification_headers
from srhooks.protocol.signature import canonical

from tests.support.harness import Browser, World
from tests.support.machine import program

PERSIAN = '{"id":"1","note":"علی‌رضا"}'.encode()
BODIES = (
    b'{"id": "it\'s $HOME `id` \\\\ \\"x\\" !!"}',
    b"@/etc/passwd",
    b"line\nbreak",
    b"line\r\nbreak\ttab",
    b"\x1b[31m\xff\xfe",
    "turn\u202eed \u200bhidden 'quote' \\ \U0001f3f4".encode(),
    PERSIAN,
    b"",
    b"\x00\xff",
    b"x" * 20_001,
)


async def command_of(ada: Browser, subscription_id: str) -> str:
    """As a browser copies it: the text of the element."""
    page = await ada.page(f"/notifications/{subscription_id}")
    found = re.search(r'id="curl-text-\w+">(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    return unescape(found[1])


async def in_bash(script: str, folder: Path) -> bytes:
    process = await asyncio.create_subprocess_exec(
        program("bash"), "-c", script, cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out


@pytest.mark.parametrize("body", BODIES)
async def test_the_curl_command_holds_the_same_bytes(
    world: World, tmp_path: Path, body: bytes
) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await world.notify(created["hookId"], body, x_quote="it's; $(id)", authorization="secret")
        (n,) = await ada.notifications()
        command = await command_of(ada, n["id"])
        assert "secret" not in command
        assert "[redacted]" not in command
        show = "curl() { printf '%s\\0' \"$@\"; }\n"
        words = (await in_bash(show + command, tmp_path)).split(b"\0")[:-1]
        assert words[:3] == [b"-X", b"POST", f"{world.base}/hooks/{created['hookId']}".encode()]
        assert b"x-quote: it's; $(id)" in words
        if words[-2] == b"--data-raw":
            assert words[-1] == body
        else:
            assert words[-2:] == [b"--data-binary", f"@notification-{n['id']}.body".encode()]
            async with ada.request("GET", f"/notifications/{n['id']}/raw") as raw:
                assert await raw.read() == body
                assert f"notification-{n['id']}.body" in raw.headers["Content-Disposition"]


@pytest.mark.parametrize("body", [PERSIAN, "\u202e\u200b\r\n\t'".encode(), b"\xff\x1b"])
async def test_run_in_bash_it_is_the_same_notification_once_more(
    world: World, tmp_path: Path, body: bytes
) -> None:
    program("curl")
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        entry = await world.services.hooks.get(created["hookId"])
        assert entry is not None
        headers = notification_headers(
            body, event="job.created", version="v1", event_id="77",
            timestamp=str(now_ms() // 1000), key=entry.live_keys()[0],
        )  # fmt: skip
        await world.notify(created["hookId"], body, **headers)
        (n,) = await ada.notifications()
        assert n["signature"] == "valid"
        await in_bash(await command_of(ada, n["id"]), tmp_path)
        (again,) = await ada.notifications()
        assert (again["id"], again["deliveries"]) == (n["id"], 2)


async def test_the_signed_text_is_what_was_signed(world: World) -> None:
    body = "\n\u202e علی‌رضا \r\n".encode()
    headers = {"smartrecruiters-timestamp": "7", "event-id": "1", "link": "<x>"}
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        created = await ada.subscribe("job.created")
        await world.notify(created["hookId"], body, **headers)
        (n,) = await ada.notifications()
        path = f"/notifications/{n['id']}/signed"
        async with ada.request("GET", path) as answer:
            assert await answer.read() == canonical(headers, body)
            assert "attachment" in answer.headers["Content-Disposition"]
        await grace.json("GET", path, status=404)
        page = await ada.page(f"/notifications/{n['id']}")
        assert f'href="{path}"' in page
        for name, expected in (("signed", canonical(headers, body)), ("raw-text", body)):
            exact = re.search(rf'id="{name}-{n["id"]}"\s+data-exact="([^"]*)"', page)
            assert exact is not None
            assert json.loads(unescape(exact[1])) == expected.decode()


async def test_what_is_no_text_can_only_be_downloaded(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        await world.notify(created["hookId"], b"\xff\xfe\xfd")
        (n,) = await ada.notifications()
        page = await ada.page(f"/notifications/{n['id']}")
        assert "data-copy=" in page  # of the command, which escapes it
        assert f'data-copy="raw-text-{n["id"]}"' not in page
        assert f'data-copy="signed-{n["id"]}"' not in page
        assert "data-json-copy" not in page
