"""A real pgbouncer in transaction mode before the tests' PostgreSQL."""

import asyncio
import contextlib
import os
import pwd
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.support.harness import eventually, free_port
from tests.support.machine import program


@contextlib.asynccontextmanager
async def pgbouncer(folder: Path, postgres_url: str) -> AsyncIterator[str]:
    """The DATABASE_URL through it. Three server connections for everybody: they are shared."""
    command = program("pgbouncer")
    parts = urlsplit(postgres_url)
    (socket_folder,) = parse_qs(parts.query)["host"]
    database, port = parts.path.lstrip("/"), free_port()
    configuration = _written(
        folder,
        f"[databases]\n{database} = host={socket_folder} dbname={database} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\nauth_file = {folder / 'users.txt'}\npool_mode = transaction\n"
        "default_pool_size = 5\nserver_idle_timeout = 5\n",
    )
    user = ["-u", _somebody()] if os.getuid() == 0 else []  # it does not run as root
    process = await asyncio.create_subprocess_exec(
        command, "-q", *user, str(configuration), stderr=asyncio.subprocess.DEVNULL
    )

    async def listening() -> bool:
        assert process.returncode is None, "pgbouncer ended"
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    try:
        await eventually(listening)
        yield f"postgresql://postgres@127.0.0.1:{port}/{database}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _written(folder: Path, text: str) -> Path:
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "users.txt").write_text('"postgres" ""\n', encoding="utf-8")
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(text, encoding="utf-8")
    return configuration


def _somebody() -> str:
    """Whoever runs the tests' PostgreSQL may open its socket."""
    names = {one.pw_name for one in pwd.getpwall()}
    return next(name for name in ("pgserver", "postgres", "nobody") if name in names)
