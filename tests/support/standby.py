"""A hot standby of the tests' PostgreSQL: it has whatever the first one has committed."""

import asyncio
import contextlib
import os
import pwd
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.support.harness import DEADLINE, eventually
from tests.support.several import rows


def give_to_server(folder: Path) -> None:
    """PostgreSQL does not run as root: it runs as a user of its own then."""
    if os.getuid() == 0:
        user = pwd.getpwnam("pgserver")
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o700)


class Standby:
    def __init__(self, first: Any, folder: Path) -> None:
        self._first = first
        self.folder = folder

    @property
    def url(self) -> str:
        return f"postgresql://postgres:@/postgres?host={self.folder}"

    async def stop_first(self) -> None:
        """As when its machine is gone."""
        process = self._first.get_postmaster_info().process
        await self._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self._first.pgdata), "stop")
        # Its file is gone sooner than itself: whoever cleans up would stop it once more.
        await asyncio.to_thread(process.wait, DEADLINE)

    async def promote(self) -> None:
        await self._run("pg_ctl", "-w", "-D", str(self.folder), "promote")

    async def start(self) -> None:
        self.folder.mkdir()
        give_to_server(self.folder)
        first = ["-h", str(self._first.pgdata), "-U", "postgres"]
        await self._run(
            "pg_basebackup", *first, "-D", str(self.folder), "-R", "-X", "stream", "-c", "fast"
        )
        (self.folder / ".s.PGSQL.5432.lock").unlink()  # the first one's
        listens = f'-h "" -k {self.folder}'
        log = str(self.folder / "log")
        await self._run("pg_ctl", "-w", "-o", listens, "-l", log, "-D", str(self.folder), "start")
        server = self._first.get_uri()
        await rows(server, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        await rows(server, "SELECT pg_reload_conf()")

        async def synchronous() -> bool:
            return bool(
                await rows(server, "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
            )

        await eventually(synchronous)

    async def stop(self) -> None:
        await self._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self.folder), "stop")

    async def _run(self, program: str, *args: str) -> None:
        user = {} if self._first.system_user is None else {"user": self._first.system_user}
        log = self.folder.with_suffix(".log").open("ab")
        with log:
            process = await asyncio.create_subprocess_exec(
                self._first.bin_path / program, *args, stdout=log, stderr=log, cwd="/", **user
            )
            assert await process.wait() == 0, f"{program} failed: see {log.name}"


@contextlib.asynccontextmanager
async def standby_of(first: Any, folder: Path) -> AsyncIterator[Standby]:
    standby = Standby(first, folder)
    await standby.start()
    try:
        yield standby
    finally:
        await standby.stop()
