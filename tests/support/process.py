"""`python -m srhooks serve` as a process of its own, to be killed and started again."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp import web
from srhooks.config import Settings
from srhooks.sandbox import SandboxSettings

from tests.support.environment import bare_environment
from tests.support.harness import (
    DEADLINE,
    SECRET,
    World,
    free_port,
    served_sandbox,
    settings_beside,
)

START_WITHIN = 90.0  # seconds: how quick it is, is for the bench to tell
STOP_WITHIN = 5.0  # seconds: what the program promises on a machine that has time for it


class Program:
    """srhooks with an environment of its own, in `folder`, at the address `base`."""

    def __init__(self, folder: Path, base: str, environment: dict[str, str]) -> None:
        self.folder = folder
        self.base = base
        self.log = folder / "log.txt"
        self.program: tuple[str, ...] = ("srhooks", "serve")  # of `python -m`
        self.prefix: tuple[str, ...] = ()  # of the command
        self.working_directory: Path | None = None  # None: that of the tests
        self.running: subprocess.Popen[bytes] | None = None
        self.launched_at = 0.0  # of the monotonic clock
        self.start_took = 0.0  # seconds
        self.environment = bare_environment() | environment

    def launch(self, **more: str) -> subprocess.Popen[bytes]:
        self.launched_at = time.monotonic()
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", *self.program],
                env={**self.environment, **more},
                cwd=self.working_directory,
                stdout=log,
                stderr=log,
            )
        return self.running

    async def start(self, **more: str) -> None:
        """Launch it, and wait until it is ready."""
        running = self.launch(**more)
        async with asyncio.timeout(START_WITHIN), aiohttp.ClientSession() as session:
            while True:
                assert running.poll() is None, self.log.read_text(encoding="utf-8")[-2000:]
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.base}/readyz") as response:
                        if response.status == 200:
                            self.is_ready()
                            return
                await asyncio.sleep(0.02)

    def is_ready(self) -> None:
        self.start_took = time.monotonic() - self.launched_at

    @property
    def patience(self) -> float:
        """Within how many seconds it must end.

        What the start took, nearly all of it imports, is how busy the machine is: that is
        added.
        """
        return STOP_WITHIN + self.start_took

    def send_signal(self, number: signal.Signals) -> None:
        assert self.running is not None
        self.running.send_signal(number)

    async def kill(self) -> None:
        assert self.running is not None
        self.running.kill()
        await asyncio.to_thread(self.running.wait)

    async def terminate(self) -> tuple[int, float]:
        """Its exit code, and the seconds from the signal to the end."""
        assert self.running is not None
        began = time.monotonic()
        self.running.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self.running.wait, DEADLINE)
        return code, time.monotonic() - began


class Process(Program):
    """srhooks beside a sandbox in this process. `world` logs in and subscribes as always."""

    def __init__(self, folder: Path, settings: Settings, world: World) -> None:
        environment = {
            "SMARTRECRUITERS_CLIENT_ID": settings.client_id,
            "SMARTRECRUITERS_CLIENT_SECRET": settings.client_secret,
            "SMARTRECRUITERS_API_URL": settings.api_url,
            "SMARTRECRUITERS_IDENTITY_URL": settings.identity_url,
            "SESSION_SECRET": SECRET.replace(",", ""),
            "DATABASE_URL": settings.database_url,
            "APP_URL": settings.app_url,
            "PORT": str(settings.port),
        }
        super().__init__(folder, settings.app_url, environment)
        self.settings = settings
        self.world = world


@contextlib.asynccontextmanager
async def process(folder: Path, sandbox: SandboxSettings | None = None) -> AsyncIterator[Process]:
    """Not yet started."""
    async with served_sandbox(sandbox) as (fake, sandbox_port):
        settings = settings_beside(folder, sandbox_port, free_port())
        one = Process(folder, settings, World(settings, fake, web.Application()))
        try:
            yield one
        finally:
            if one.running is not None and one.running.poll() is None:
                await one.kill()
