"""The verification code says what srhooks says, in each language; a wrong text is explained."""

import asyncio
import os
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from srhooks.domain.clock import now_ms
from srhooks.protocol.notification_headers import notification_headers
from srhooks.protocol.signature import SIGNATURE_HEADER, canonical
from srhooks.web.presentation.verification_code import LANGUAGES

from tests.support.harness import Browser, World

# The file that each is saved in here, and the commands that run it.
RUNS = {
    "python": ("verify.py", "python3 verify.py"),
    "javascript": ("verify.cjs", "node verify.cjs"),
    "php": ("verify.php", "php verify.php"),
    "java": ("Verify.java", "java Verify.java"),
    "csharp": ("verify.cs", "mcs verify.cs", "mono verify.exe"),
    "ruby": ("verify.rb", "ruby verify.rb"),
    "go": ("verify.go", "go run verify.go"),
}
BODIES = {
    "plain": b'{"id": "1"}',
    "odd": (
        "\u202e'\"\\ \\u0041 $x ${x} {$x} #{x} #$x `x` %s @body@ \U0001f419\r\n\t\x07\x7f \u00e9"
    ).encode(),
    "binary": b"\x00\xff\xfe",
    "large": b"x" * 20_001,
}


async def received(world: World, ada: Browser, body: bytes) -> tuple[dict[str, str], str, str]:
    """A signed notification's headers, its id, and the key."""
    created = await ada.subscribe("job.created")
    entry = await world.services.hooks.get(created["hookId"])
    assert entry is not None
    key = entry.live_keys()[0]
    headers = notification_headers(
        body, event="job.created", version="v201910", event_id="77", key=key,
        link='<https://api.example/jobs/1?a="$x">; rel=self', timestamp=str(now_ms() // 1000),
    )  # fmt: skip
    # As while two keys are valid: the other one's signature comes first.
    headers[SIGNATURE_HEADER] = f"v1={'0' * 64};{headers[SIGNATURE_HEADER]}"
    assert await world.notify(created["hookId"], body, **headers) == 202
    (n,) = await ada.notifications()
    assert n["signature"] == "valid"
    return headers, n["id"], key


def is_installed(key: str) -> bool:
    _, *commands = RUNS[key]
    return all(shutil.which(command.split()[0]) for command in commands)


async def run(key: str, code: str, secret: str, folder: Path) -> str:
    """What the last command prints."""
    name, *commands = RUNS[key]
    (folder / name).write_text(code)
    out = b""
    for command in commands:
        process = await asyncio.create_subprocess_exec(
            *command.split(), cwd=folder, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "SECRET_KEY": secret},
        )  # fmt: skip
        out, _ = await process.communicate()
        assert process.returncode == 0, command
    return out.decode().strip()


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_the_code_says_valid_with_the_key_and_invalid_with_another(
    world: World, tmp_path: Path, body: bytes
) -> None:
    async with world.logged_in() as ada:
        _, number, key = await received(world, ada, body)
        page = await ada.page(f"/notifications/{number}")
        assert key not in page
        (tmp_path / f"notification-{number}.body").write_bytes(body)
        for language in LANGUAGES:
            found = re.search(
                rf'id="code-text-{language.key}-{number}">(.*?)</pre>', page, re.DOTALL
            )
            assert found is not None, language.name
            code = unescape(found[1])
            assert code.isascii()
            if is_installed(language.key):
                assert await run(language.key, code, key, tmp_path) == "valid", language.name
                if body == BODIES["plain"]:  # once a language: starting one takes a second
                    assert await run(language.key, code, "other", tmp_path) == "invalid"


async def compared(ada: Browser, subscription_id: str, text: str) -> str:
    """What the page says, as a form without JavaScript gets it."""
    data = {"csrf": await ada.csrf(), "text": text}
    headers = {"Accept": "text/html"}
    path = f"/notifications/{subscription_id}/compare"
    async with ada.request("POST", path, data=data, headers=headers) as answer:
        assert answer.status == 200
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", await answer.text())).split())


async def test_what_a_program_signed_is_compared(world: World) -> None:
    body = '{"id": "1",\n "n": "é"}'.encode()
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        headers, number, _ = await received(world, ada, body)
        signed = canonical(headers, body).decode()
        stamp = headers["smartrecruiters-timestamp"]
        assert "The same text." in await compared(ada, number, signed)
        assert "The same text." in await compared(ada, number, signed.replace("\n", "\r\n"))
        rewritten = signed.replace(body.decode(), '{"id":"1","n":"\\u00e9"}')
        said = await compared(ada, number, rewritten)
        assert f"from character {len(stamp) + 8} on, in: body" in said
        assert "parsed and written again" in said
        for wrong, hint in (
            (signed + "\n", "White space was added"),
            (body.decode(), "This is the body alone"),
            (signed.replace(".77.", ".78."), "in: event-id"),
            (f"{stamp}.{body.decode()}", "after them come event-id"),
            (signed.replace('"1"', '"2"'), "Everything but the body is right"),
            (signed[:-3], "(the end)"),
        ):
            assert hint in await compared(ada, number, wrong), hint
        path = f"/notifications/{number}/compare"
        assert await ada.json("POST", path, json={"text": signed}) == {
            "same": True, "difference": None,
        }  # fmt: skip
        told = await ada.json("POST", path, json={"text": "<b>"})
        assert told["difference"]["at"] == 1
        assert told["difference"]["part"] == "smartrecruiters-timestamp"
        for value in ("", 5, None):
            await ada.json("POST", path, json={"text": value}, status=400)
        await ada.json("POST", path, json=[], status=400)
        await grace.json("POST", path, json={"text": "x"}, status=404)
        await ada.json(
            "POST", path, json={"text": "x"}, headers={"Origin": "https://evil.example"}, status=403
        )
