"""What stands in deploy/, and programs that are started as it says."""

import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import aiohttp

DEPLOY = Path(__file__).parents[2] / "deploy"
CHOSEN = {"DOMAIN": "hooks.example.com", "SESSION_SECRET": "s" * 64, "POSTGRES_PASSWORD": "p4ss"}


def interpolated(
    environment: Mapping[str, str], chosen: Mapping[str, str] = CHOSEN
) -> dict[str, str]:
    """As compose does it, from the file .env."""
    return {
        name: re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda found: chosen[found[1]], value)
        for name, value in environment.items()
    }


def text(path: str) -> str:
    return (DEPLOY / path).read_text(encoding="utf-8")


async def is_ready(session: aiohttp.ClientSession, port: int) -> bool:
    with suppress(aiohttp.ClientError):
        async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200
    return False


class Programs:
    """Killed at the end, and at once where a test says so."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        self.running.append(
            subprocess.Popen(command, env=environment or None, stderr=subprocess.DEVNULL)
        )
        return self.running[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for program in self.running:
            program.kill()
            program.wait(20)
