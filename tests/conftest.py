"""What several tests need: a real PostgreSQL, started once."""

import asyncio
import contextlib
import gc
import secrets
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from srhooks.entities import service_health
from srhooks.store import group_commit, make_store, reader_pool, sqlite_connection

from tests.support.blocking import no_blocking_calls
from tests.support.browser import started_chromium
from tests.support.harness import DEADLINE, World
from tests.support.harness import world as start_world
from tests.support.machine import lacks
from tests.support.memory_disk import use_memory_disk
from tests.support.postgres import database_url, start_postgres

T = TypeVar("T")

use_memory_disk()  # before pytest makes its folders and starts its workers

# What an example proves does not depend on how busy the machine is.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

# Each of these needs the machine for itself, or starts whole programs.
BUSY = frozenset({
    "test_bench", "test_cli", "test_demo", "test_kill", "test_listen", "test_packaging",
    "test_recipes", "test_release", "test_shutdown",
})  # fmt: skip
# Each of these takes many seconds: without them the rest takes two minutes at most, on two cores.
SLOW = BUSY | {
    "test_backup", "test_caddy", "test_callbacks_log_page", "test_commit_order",
    "test_copy_database", "test_deadline", "test_entities", "test_event_catalog",
    "test_failing_links", "test_fleet", "test_fleet_processes", "test_full_disk",
    "test_listen_replay", "test_live_feed", "test_missed", "test_missed_fine_print",
    "test_missed_progress", "test_observed", "test_openapi", "test_outage_story", "test_outgrowing",
    "test_personal_tokens", "test_pgbouncer", "test_postgres", "test_public_route",
    "test_rate_shares", "test_rate_slots", "test_reads", "test_recipe_schemas", "test_resend",
    "test_retention", "test_schema", "test_secrets", "test_sessions", "test_several_processes",
    "test_slow_service", "test_strict_double", "test_subscription", "test_subscriptions",
    "test_token_safety", "test_two_processes", "test_verification", "test_watch",
    "test_watch_calls",
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser, and what is slow, by where it stands."""
    for item in items:
        if item.path.parent.name == "browser" and pytest_asyncio.is_async_test(item):
            # The browser is started once, in the loop of the session.
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        if item.path.parent.name == "browser" or "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if item.path.parent.name == "stress" or item.path.stem in SLOW:
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """What was collected lives to the end: visiting it again takes an eighth of a run's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True)
def blocking_calls(request: pytest.FixtureRequest) -> Iterator[None]:
    """But where the machine is driven to its end: each look at a call costs some time."""
    path = request.node.path
    busy = path.parent.name == "stress" or path.stem in BUSY
    unwatched = busy or request.node.get_closest_marker("browser")
    with contextlib.nullcontext() if unwatched else no_blocking_calls():
        yield


@pytest.fixture(autouse=True)
def patient_fetches() -> Iterator[None]:
    """What a busy machine makes slow is no slow link, which would be asked for twice.

    test_failing_links.py, which is about slow ones, has its own.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(service_health, "FIRST_TIMEOUT", DEADLINE)
        yield


@pytest.fixture(autouse=True, scope="session")
def patient_closing() -> Iterator[None]:
    """A machine that stands still for a second is no failure.

    What closes a database would leave its thread behind then, which would find the test's event
    loop closed.
    """
    with pytest.MonkeyPatch.context() as patched:
        for module in (group_commit, reader_pool, sqlite_connection):
            patched.setattr(module, "CLOSE_TIMEOUT", DEADLINE)
        yield


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """Not below pytest's own: PostgreSQL runs as a user of its own, whom that shuts out."""
    with tempfile.TemporaryDirectory(prefix="srhooks-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def postgres_server(postgres_folder: Path) -> Iterator[str]:
    try:
        server = start_postgres(postgres_folder / "shared")
    except ImportError:
        lacks("PostgreSQL")
    yield server.get_uri()
    server.cleanup()


def in_its_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """The test has a loop running already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def create_database(server: str, options: str = "") -> str:
    name = f"test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name} {options}")
    await connection.close()
    return name


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database with the tables of this version: it is copied sooner than made."""

    async def create() -> str:
        name = await create_database(postgres_server)
        store = make_store(database_url(postgres_server, name))
        await store.open()
        await store.close()
        return name

    return in_its_own_loop(create())


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> str:
    """A database of its own, with the tables of this version and nothing in them."""
    options = f"TEMPLATE {postgres_template} STRATEGY file_copy"
    name = in_its_own_loop(create_database(postgres_server, options))
    return database_url(postgres_server, name)


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> str:
    """A database of its own, without tables."""
    return database_url(postgres_server, in_its_own_loop(create_database(postgres_server)))


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
