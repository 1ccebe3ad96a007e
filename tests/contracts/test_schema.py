"""Schema files that were published, databases that were stored by them, and those of others."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from srhooks.domain.clock import now_ms
from srhooks.domain.feed_filter import Filter
from srhooks.observability.metrics import Metrics
from srhooks.store import StoreUnavailableError, make_store
from srhooks.store.migrate import is_plain, scripts, table_columns

from tests.support.disk import fill, mounted
from tests.support.stored import notification

STORED = Path(__file__).parents[1] / "data" / "stored"
RECEIVED = 1_790_000_000_123
# What a release has published never changes: add the checksums of a release's files with it.
PUBLISHED = {
    "sqlite_001.sql": "ccddbe1eb2ae7c1c6f34ad5a9612e234dd59c89e9d6e96c11a3092555792bcab",
    "sqlite_002.sql": "67f0613a0a45a5f78454bbdaa71d6a047b0ad72d66551ec51f5221f97499bf7b",
    "sqlite_003.sql": "f23c2225629126e8968a75bc8c7de5ae942d0a98164bf6001bfa0832dfc588a9",
    "sqlite_004.sql": "0bfe4fac1bc3346b74df32d84d5a2c7bc095f61813c7e299a7ec2f174e1cdcff",
    "sqlite_005.sql": "359bc3e977dbd8a0ce72eb0fd85c7252cae39d666680f61311fb28dd26c7b558",
    "sqlite_006.sql": "748ab65c37e28826d34f3640649e7a0671e71c477520552fd43fff4e5f734f0f",
    "sqlite_007.sql": "ae11dd4a2c22d427d0da464ae94595476b33b26eea4c6f07e639f639325a3052",
    "sqlite_008.sql": "e926ccb8c83550f525c2640e308a8083cb1a00b05e0c8f194fc62ba7e4274594",
    "sqlite_009.sql": "9efa8a75317d7650968889de6c2391271aff160812be7ab3f4290d16515515f5",
    "sqlite_010.sql": "bbbe089708248d118cead6b5bac4a2dd7f32fc9697deb8ed6e8239ce8ad5e9c0",
    "sqlite_011.sql": "3e4d80e7fe0abaac0dc9342c602c9314ea24637fa884cd0722ecd178da82457b",
    "sqlite_012.sql": "0c73dfe4d37c47b927e8369e39b9abea19b144ce33f49e81579e998359cd2d8e",
    "sqlite_013.sql": "6c2ea17cd813e5afd90741df51592a1afe32578d03a494b456e99f84a59bc94b",
    "sqlite_014.sql": "4cdf27c2a03753e2e5075ffefc57b5f6189a0858c2f04ed10ae094851f5e9861",
    "sqlite_015.sql": "2b84f0b6eb109d7bb9862eb117f9fc3a4e381f4bc7af2feed7188635049fab89",
    "sqlite_016.sql": "e81b15ca1d57891a8912b51927d1046c60f5c55147007f39dd1a3ad610a48dc2",
    "sqlite_017.sql": "3f69881fd27fb0248b7315d3d240ae45e08dfe87555d2795251655ec24eec364",
    "sqlite_018.sql": "c84a22749aca3b3894c1a0884cbe90945443b6060bc367b2f136dd3b069bb325",
    "sqlite_019.sql": "fbe0543a649fb3469160a033729832630f9af79b48e819aafa86ff602cb0285f",
    "sqlite_020.sql": "85e2e42a5dec49565c97f6635045d383bd9dc8cccec827af41bbc963bae9bd9b",
    "sqlite_021.sql": "e93024219dc516cfaa92ab376e68baec3dd24e737273c63d1d2c95253fd6cc35",
    "sqlite_022.sql": "c8e3061dbdc2d8765ee672a004b3679eaca47505fc5d2c25394b8fc4e92005d8",
    "sqlite_023.sql": "720af906423ad406fbab506a9400b670dd07a42cce2ae194c14acc59a94d946b",
    "sqlite_024.sql": "09b4ad6750cbcc72dd0966cc3cde63e12a637f7d615f7dbc24dc6dcce6b93e88",
    "sqlite_025.sql": "bcd9762b5d1f45ccb14de49eac3c9c9a021c96f7d654cef8b17492e84d47d5c7",
    "sqlite_026.sql": "4bda91bbf8aa71509b70812d31f582793c246585be49593ed328d326a2442c3e",
    "sqlite_027.sql": "ec61ccdb0e023fdc250b6a187b8f18bacdc6b7cc260b082e67b5f9151c0ec4c8",
    "sqlite_028.sql": "4ab7f55db9a0e25e162ab179a7ffec4775957e9b28f78981bee0b32e71efcb27",
    "postgres_001.sql": "34266da2e5f2e5d7a150e6758d3f678d54f81ef33885ef8aa4a168b392170cba",
    "postgres_002.sql": "67f0613a0a45a5f78454bbdaa71d6a047b0ad72d66551ec51f5221f97499bf7b",
    "postgres_003.sql": "58909ec8ea003cb01228065a11509ee9fd95a14d84bc5f3abd01dec979be3590",
    "postgres_004.sql": "0bfe4fac1bc3346b74df32d84d5a2c7bc095f61813c7e299a7ec2f174e1cdcff",
    "postgres_005.sql": "359bc3e977dbd8a0ce72eb0fd85c7252cae39d666680f61311fb28dd26c7b558",
    "postgres_006.sql": "8b8df024a864ec31eb6dc54409dbf7bb5e455ccfe3e787a3a5a6fb59ce22cd02",
    "postgres_007.sql": "6cd4ee69eba8fd29e92e11e40d3ba3af0e83bd64d77c3f1ce6d95b49bdcc2ba6",
    "postgres_008.sql": "2866b5b23902646ea65c6684b6fc46437870a60e21a811908ce8e3b340d752ce",
    "postgres_009.sql": "0c42399775c6aa270729f48b9b30dd57a631f216b82c99f0db2ac344ac70270c",
    "postgres_010.sql": "868b72d8857f8eff5537cd2e0bdc3a1f9364b3531afde185c093956b5f8fc4ad",
    "postgres_011.sql": "5b3c93ac9a8a0e9a2d56a5927cb4717a244f07b5e880ef1a7c91e9bc0fff4162",
    "postgres_012.sql": "b994b77cf36d97716ca25c9d016c284620464771e2ee7590ef651badca9207b4",
    "postgres_013.sql": "6c2ea17cd813e5afd90741df51592a1afe32578d03a494b456e99f84a59bc94b",
    "postgres_014.sql": "147f21fc09b7ee169db0f7551752bb2dffa928b0580f4d3f567748f1e8a7d1ad",
    "postgres_015.sql": "2b84f0b6eb109d7bb9862eb117f9fc3a4e381f4bc7af2feed7188635049fab89",
    "postgres_016.sql": "e81b15ca1d57891a8912b51927d1046c60f5c55147007f39dd1a3ad610a48dc2",
    "postgres_017.sql": "a12065054abd4cca5516f9ea5380a3e8b12f1d11d1acc9544d2e5782e4a7f5ed",
    "postgres_018.sql": "c2771ba5131b7c44cde82f730a9b0bfb0f3460aecccc7a586e8652900e9daa68",
    "postgres_019.sql": "1a5ecac2fe83f4cb34cdb5fba6783520c27fdacbb6a282772d39e599f6ae0a95",
    "postgres_020.sql": "efc0756cb17268d083a7a25dc4171b193279c2c3302d83f24820339756bfae2c",
    "postgres_021.sql": "04467cbf691335f90eb37e20cb412c1b10c4f97ddadffe1a6279bcbe3fdd5c2f",
    "postgres_022.sql": "c8e3061dbdc2d8765ee672a004b3679eaca47505fc5d2c25394b8fc4e92005d8",
    "postgres_023.sql": "59e5d36d8f574db7e699dda855b171a9ced91cd99f72c48c1583a96bb6f97adf",
    "postgres_024.sql": "d89e6c07172460c43c36f184b67a244861832437d50798d07b2b0026841736a8",
    "postgres_025.sql": "d6baaa01a513986e8871294de72b17d7919f64ba27c5c6074ebb3d335eb85193",
    "postgres_026.sql": "9e46a77be1f47daa9b4f481eba14745d4b19a5744263f71150f99117376c6866",
    "postgres_027.sql": "ec61ccdb0e023fdc250b6a187b8f18bacdc6b7cc260b082e67b5f9151c0ec4c8",
    "postgres_028.sql": "c11be8985415f21171bd3c3583c39716b49edcd47df653b154f4e364a762005b",
}
NEWEST_STORED = 18


def test_published_schema_files_never_change() -> None:
    folder = files("srhooks.store") / "schema"
    for name, checksum in PUBLISHED.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum, name


class Database:
    """A database to be filled by hand before srhooks opens it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.dialect = "sqlite" if url.startswith("sqlite") else "postgres"

    async def run(self, script: str) -> None:
        if self.dialect == "sqlite":
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection:
                connection.executescript(script)
        else:
            connected = await asyncpg.connect(self.url)
            await connected.execute(script)
            await connected.close()

    async def row_counts(self) -> dict[str, int]:
        """How many rows each of srhooks' tables has, but those of the search index."""
        if self.dialect == "sqlite":
            return await asyncio.to_thread(self._row_counts)
        connected = await asyncpg.connect(self.url)
        tables = await connected.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        counts = {
            name: await connected.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608 - our own
            for (name,) in tables
            if is_plain(name)
        }
        await connected.close()
        return counts

    def _row_counts(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection:
            return {
                name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
                for name in table_columns(connection)
                if is_plain(name)
            }

    async def refused(self) -> str:
        with pytest.raises(StoreUnavailableError) as raised:
            await make_store(self.url).open()
        assert "\n" not in str(raised.value)
        return str(raised.value)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "postgres":
        return Database(request.getfixturevalue("empty_postgres_url"))
    return Database(f"sqlite:///{tmp_path / 'test.db'}")


@pytest.mark.parametrize("version", [1, 2, 3, 4, 18])
async def test_a_stored_database_is_upgraded_with_all_that_is_in_it(
    database: Database, version: int
) -> None:
    await database.run(
        (STORED / f"{database.dialect}_{version:03d}.sql").read_text(encoding="utf-8")
    )
    for _ in range(2):  # the second start has nothing to do
        store = make_store(database.url)
        await store.open()
        first = (await store.notifications("u1", Filter(events=("job.created",)), 9))[-1]
        assert (first.received_at, first.deliveries, first.title) == (RECEIVED, 2, "Engineer")
        assert first.entity_value == {"id": "1", "title": "Engineer"}
        found = await store.notifications("u1", Filter(q="needle"), 9)
        assert [n.event_id for n in found] == ["e2", "e1"]
        assert [one.events for one in await store.hooks("u1")] == ['["job.created"]']
        assert [key.sealed for key in await store.keys("h1")] == [b"sealed"]
        user = await store.user("u1")
        assert user is not None
        assert user.name == "Ada Novak"
        assert [token.name for token in await store.personal_tokens("u1")] == ["laptop"]
        assert len(await store.erasures()) == (1 if version >= 3 else 0)
        again = notification(store, event_id="e1", signature="valid", hook_id="h1")
        assert (await store.add_notification(again)).duplicate
        counts = await store.counts_by_event("u1", 0)
        assert {name: counts[name] for name in ("job.created", "job.updated")} == {
            "job.created": 1,
            "job.updated": 1,
        }
        await store.close()
        await database.run("UPDATE notifications SET deliveries = 2")


async def test_no_row_of_a_stored_database_is_lost(database: Database) -> None:
    """The newest stored one has a row or more in each table of its time."""
    await database.run(
        (STORED / f"{database.dialect}_{NEWEST_STORED:03d}.sql").read_text(encoding="utf-8")
    )
    before = await database.row_counts()
    assert all(before.values()), before
    store = make_store(database.url)
    await store.open()
    (known,) = (await store.known_subscriptions("u1")).values()
    assert known.name == "Hiring"
    assert [missed.logged.event_id for missed in await store.missed("u1")] == ["e4"]
    assert [one.title for one in await store.incidents("u1", None, 9)] == ["Hiring is suspended"]
    settings = await store.alert_settings("u1")
    assert settings is not None
    assert list(settings.emails) == ["ada@example.com"]
    moved = (await store.notifications("u1", Filter(events=("candidate.created",)), 9))[0]
    assert moved.received_at == 1_790_000_000_700
    await store.close()
    after = await database.row_counts()
    assert {name: after.get(name) for name in before if name != "schema_version"} == {
        name: count for name, count in before.items() if name != "schema_version"
    }


async def test_a_newer_database_is_refused(database: Database) -> None:
    store = make_store(database.url)
    await store.open()
    await store.close()
    await database.run("INSERT INTO schema_version (number) VALUES (999)")
    if database.dialect == "sqlite":
        await database.run("PRAGMA user_version = 999")
    assert "made by a newer srhooks (schema 999" in await database.refused()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE notifications ADD COLUMN colour TEXT",
        "ALTER TABLE hooks DROP COLUMN events",
        "DROP TABLE deliveries",
        "UPDATE schema_version SET checksum = 'another' WHERE number = 3",
    ],
)
async def test_a_different_database_is_refused(database: Database, change: str) -> None:
    store = make_store(database.url)
    await store.open()
    await store.close()
    await database.run(change)
    assert "another build of srhooks" in await database.refused()


async def test_an_older_different_database_is_refused_and_left_as_it_is(
    database: Database,
) -> None:
    await database.run((STORED / f"{database.dialect}_002.sql").read_text(encoding="utf-8"))
    await database.run("ALTER TABLE users ADD COLUMN shoe_size INTEGER")
    assert "users has shoe_size" in await database.refused()
    assert "users has shoe_size" in await database.refused()


async def test_many_may_start_at_once(database: Database) -> None:
    stores = [make_store(database.url) for _ in range(4)]
    await asyncio.gather(*(store.open() for store in stores))
    for store in stores:
        await store.check()
        await store.close()


async def test_a_start_waits_for_another_that_writes_first(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    store = make_store(f"sqlite:///{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.executescript("CREATE TABLE first (n); DROP TABLE first; BEGIN IMMEDIATE")
        opening = asyncio.create_task(store.open())
        await asyncio.wait({opening}, timeout=0.2)  # it is refused at once, and asks again
        assert not opening.done()
        other.execute("ROLLBACK")
        await opening
    await store.check()
    await store.close()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreUnavailableError, match="tables of something else"):
        asyncio.run(make_store(f"sqlite:///{path}").open())


def file_size(path: Path) -> int:
    return path.stat().st_size


def commits(metrics: Metrics) -> float:
    return metrics.registry.get_sample_value("srhooks_commit_writes_count") or 0.0


async def test_space_goes_back_to_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    metrics = Metrics()
    store = make_store(f"sqlite:///{path}", metrics)
    await store.open()
    await asyncio.gather(
        *(
            store.add_notification(notification(store, body=b"x" * 50_000, received_at=1000))
            for _ in range(200)
        )
    )
    assert await store.scrub(index=False)
    full = file_size(path)
    assert full > 8_000_000
    while await store.purge(now_ms(), now_ms(), 50):
        pass
    before = commits(metrics)
    assert await store.scrub(index=False)
    assert file_size(path) < full / 3
    assert commits(metrics) - before < 10  # many pages each, not one
    await store.close()


async def test_the_probe_of_readiness_leaves_nothing(database: Database) -> None:
    store: Any = make_store(database.url)
    await store.open()
    await asyncio.gather(*(store.check() for _ in range(5)))
    await store.check()
    assert await store._read("SELECT count(*) FROM notifications") == [(0,)]
    await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    with mounted(tmp_path / "disk", 8) as folder:
        yield folder


async def test_readiness_proves_a_write_like_a_hooks(small_disk: Path) -> None:
    """While what came in cannot be stored, srhooks is not ready, though a small write would do."""
    store = make_store(f"sqlite:///{small_disk / 'test.db'}")
    await store.open()
    await store.check()
    filler = small_disk / "filler"
    fill(filler)
    with pytest.raises(StoreUnavailableError):
        await store.add_notification(notification(store, body=bytes(500_000)))
    with pytest.raises(StoreUnavailableError):
        await store.check()
    filler.unlink()
    await store.check()
    assert not (await store.add_notification(notification(store, body=bytes(500_000)))).duplicate
    await store.close()


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_schema_files_have_no_gaps(dialect: str) -> None:
    numbers = [number for number, _ in scripts(dialect)]
    assert numbers == list(range(1, len(numbers) + 1))
