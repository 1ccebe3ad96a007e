"""`srhooks backup`, `migrate` and `--version`."""

import asyncio
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from srhooks.domain.feed_filter import Filter
from srhooks.store import make_store
from srhooks.store.sqlite_backup import BackupError, back_up

from tests.support.environment import bare_environment
from tests.support.stored import TOKENS, notification, person


def srhooks(*words: str, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "srhooks", *words],
        env=bare_environment(DATABASE_URL=url),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_what_cannot_be_backed_up_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "srhooks.db", tmp_path / "backup.db"
    with pytest.raises(BackupError, match="there is no database"):
        back_up(source, target, print)
    source.write_bytes(b"this is no database" * 1000)
    with pytest.raises(BackupError, match=r"cannot back up .*not a database"):
        back_up(source, target, print)
    with pytest.raises(BackupError, match=r"cannot write .*No such file"):
        back_up(source, tmp_path / "missing" / "backup.db", print)
    assert list(tmp_path.iterdir()) == [source]


async def test_a_backup_is_consistent_private_and_made_while_others_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'srhooks.db'}"
    target = tmp_path / "backup.db"
    store = make_store(url)
    await store.open()
    await store.save_user(person(), TOKENS)
    stored = 0

    async def write() -> None:
        nonlocal stored
        while True:
            await store.add_notification(notification(store, body=b"x" * 20_000))
            stored += 1

    for _ in range(300):
        await store.add_notification(notification(store, body=b"x" * 20_000))
    writing = asyncio.create_task(write())
    await asyncio.sleep(0)
    done = await asyncio.to_thread(srhooks, "backup", str(target), url=url)
    writing.cancel()
    assert (done.returncode, done.stderr) == (0, "")
    assert stored > 1  # it held nobody up
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert files_named_backup(tmp_path) == ["backup.db"]
    again = await asyncio.to_thread(srhooks, "backup", str(target), url=url)
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1
    assert "is there already" in again.stderr
    await store.close()
    restored = make_store(f"sqlite:///{target}")
    await restored.open()
    assert len(await restored.notifications("u1", Filter(), 10_000)) >= 300
    await restored.close()


def files_named_backup(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if "backup" in path.name]


def test_what_cannot_be_backed_up_is_one_line(tmp_path: Path) -> None:
    missing = srhooks("backup", str(tmp_path / "b.db"), url=f"sqlite:///{tmp_path / 'none.db'}")
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert not (tmp_path / "none.db").exists()
    other = srhooks("backup", "b.dump", url="postgresql://ada:secret@127.0.0.1/db")
    assert other.returncode == 2
    assert "pg_dump --format=custom --file=b.dump" in other.stderr
    assert "secret" not in other.stderr


def test_migrate_makes_the_tables_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "srhooks.db"
    for _ in range(2):
        done = srhooks("migrate", url=f"sqlite:///{path}")
        assert (done.returncode, done.stdout) == (0, "The tables are up to date.\n")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM notifications").fetchone() == (0,)


def test_two_that_migrate_postgres_at_once_make_the_tables_once(empty_postgres_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: srhooks("migrate", url=empty_postgres_url), range(2)))
    assert [one.stdout for one in both] == ["The tables are up to date.\n"] * 2, both
    assert [one.returncode for one in both] == [0, 0]


def test_version(tmp_path: Path) -> None:
    done = srhooks("--version", url=f"sqlite:///{tmp_path / 'x.db'}")
    assert done.returncode == 0
    name, version = done.stdout.split()
    assert name == "srhooks"
    assert version[0].isdigit()
