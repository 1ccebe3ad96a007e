"""README's "Outgrowing one machine", followed from nothing by its text alone."""

import asyncio
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import Hook
from srhooks.store import make_store

from tests.support.harness import eventually, free_port
from tests.support.machine import program
from tests.support.stored import TOKENS, add, person

README = Path(__file__).parents[2] / "README.md"


def blocks(heading: str, language: str) -> list[str]:
    text = README.read_text(encoding="utf-8").split(f"### {heading}\n")[1].split("\n### ")[0]
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


async def status(url: str, **headers: str) -> int:
    with suppress(aiohttp.ClientError):
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=b"{}", headers=headers) as answer,
        ):
            return answer.status
    return 0


async def test_it_works_as_it_stands(tmp_path: Path, postgres_url: str) -> None:
    history = make_store(f"sqlite:///{tmp_path / 'srhooks.db'}")
    await history.open()
    await history.save_user(person(), TOKENS)
    await history.add_hook(Hook("a" * 32, "u1", None, None, 1))
    await add(history, hook_id="a" * 32, event_id="before", entity_status="none")
    await history.close()
    port, *ports = (free_port() for _ in range(3))
    base = f"http://127.0.0.1:{port}"
    # Values are the reader's: what is exported, the ports. All else is run to the letter.
    yours = {
        "DATABASE_URL": postgres_url, "APP_URL": base, "SESSION_SECRET": "s" * 40,
    }  # fmt: skip
    script = "set -e\n" + "\n".join(blocks("Outgrowing one machine", "sh"))
    (upstream,) = blocks("Outgrowing one machine", "nginx")
    (proxy,) = blocks("Reverse proxy", "nginx")
    proxy = re.sub(r"upstream srhooks \{.*?\n\}\n", lambda _: upstream, proxy, flags=re.DOTALL)
    # The ports first: the name of the database may hold such a number as well.
    numbers = {str(8081 + number): str(own) for number, own in enumerate(ports)}
    script, proxy = (
        re.sub("|".join(numbers), lambda found: numbers[found[0]], text) for text in (script, proxy)
    )
    for name, value in yours.items():
        script, changed = re.subn(rf"export {name}=\S+", f"export {name}='{value}'", script)
        assert changed == 1, name
    proxy = proxy.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    configuration = tmp_path / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}\n{proxy}}}\n"
    )
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "WATCH_INTERVAL": "0",
        "SMARTRECRUITERS_API_URL": "http://127.0.0.1:9",
        "SMARTRECRUITERS_IDENTITY_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    following = await asyncio.create_subprocess_exec(
        "bash", "-c", f"{script}\nwait", cwd=tmp_path, env=environment, start_new_session=True
    )
    balancer = await asyncio.create_subprocess_exec(
        program("nginx"),
        "-c",
        str(configuration),
        "-p",
        str(tmp_path),
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:

        async def serves() -> bool:
            assert following.returncode is None
            return await status(f"{base}/hooks/{'a' * 32}", **{"event-id": "after"}) == 202

        await eventually(serves, within=90)
        store = make_store(postgres_url)
        await store.open()
        rows = await store.notifications("u1", Filter(), 10)
        await store.close()
        assert {n.event_id for n in rows} == {"before", "after"}
    finally:
        balancer.kill()
        await balancer.wait()
        with suppress(ProcessLookupError):
            os.killpg(following.pid, signal.SIGKILL)
        await following.wait()


def test_its_blocks_are_what_a_reader_needs() -> None:
    assert len(blocks("Outgrowing one machine", "sh")) == 3
    with pytest.raises(IndexError):
        blocks("Scaling", "sh")
