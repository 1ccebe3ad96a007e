"""A new SQLite database, copied: running all schema files takes longer than most tests do."""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from srhooks.store import make_store


@cache
def _made() -> bytes:
    """Once a process, in a loop of its own: the test may have one running."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        path = Path(folder) / "new.db"
        pool.submit(asyncio.run, _open_and_close(f"sqlite:///{path}")).result()
        return path.read_bytes()


async def _open_and_close(url: str) -> None:
    store = make_store(url)
    await store.open()
    await store.close()


def lay_down(path: Path) -> None:
    """As the store makes it, with the tables of this version; one that is there stays."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(_made())
