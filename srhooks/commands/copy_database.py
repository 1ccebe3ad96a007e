"""`srhooks copy-database FROM TO`: copy all rows to another, empty database."""

import argparse
import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from srhooks.config import SettingsError, check_database_url
from srhooks.store import StoreError, copy_postgres, copy_sqlite
from srhooks.store.claim import claim_for
from srhooks.store.database_copy import (
    CopyError,
    Side,
    Step,
    Target,
    check_empty,
    copied_tables,
    copy_rows,
)
from srhooks.store.database_copy import Progress as Report
from srhooks.store.migrate import check_tables, scripts
from srhooks.store.postgres_connection import CANNOT_USE, reason
from srhooks.store.sqlite_connection import is_database

SERVED = "a running srhooks uses {}: stop it, and wait half a minute if it was killed"
STEPS: dict[Step, str] = {"copy": "Copying", "verify": "Verifying"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="FROM", help="a database, as DATABASE_URL names it")
    parser.add_argument("target", metavar="TO", help="likewise, with nothing in it yet")
    parser.epilog = (
        "SQLite to PostgreSQL, or back. Stop srhooks before: neither database may be in use. FROM"
        " is left as it is; all arrives at TO and is compared, or nothing does. The search index is"
        " made anew, in the background, when TO is served. Keep SESSION_SECRET. A password need"
        " not stand in the command: PGPASSWORD or a passfile is read, too."
    )


def run(args: argparse.Namespace) -> int:
    try:
        check_database_url("FROM", args.source)
        check_database_url("TO", args.target)
        rows = asyncio.run(_copy(args.source, args.target))
    except SettingsError as error:
        print(f"srhooks: {error}", file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"srhooks: {error}", file=sys.stderr)
        return 1
    except (sqlite3.Error, *CANNOT_USE) as error:
        why = reason(error).splitlines()[0]
        print(f"srhooks: cannot copy, nothing was kept: {why}", file=sys.stderr)
        return 1
    print(f"Copied and verified: {rows:,} rows in {len(copied_tables())} tables.")
    return 0


async def _copy(source: str, target: str) -> int:
    source_file, target_file = _file(source), _file(target)
    if source == target or (source_file and source_file == target_file):
        raise SettingsError("FROM and TO are the same database")
    if source_file and not is_database(source_file):
        raise CopyError(f"there is no database at FROM ({source_file})")
    async with contextlib.AsyncExitStack() as stack:
        for name, url in (("FROM", source), ("TO", target)):
            claim = claim_for(url)
            stack.push_async_callback(claim.release)
            if not await claim.acquire():
                raise CopyError(SERVED.format(name))
        reading = await stack.enter_async_context(_opened_source(source))
        await _check_source(reading)
        await _check_unused("FROM", reading)
        writing = await stack.enter_async_context(_opened_target(target))
        await _check_unused("TO", writing)
        await check_empty(writing)
        await writing.begin()
        total = sum([await reading.count(table) for table in copied_tables()])
        with _report(total) as report:
            return await copy_rows(reading, writing, report)


def _file(url: str) -> Path | None:
    """The resolved path of a SQLite database, so that two spellings compare equal; else None."""
    scheme, _, rest = url.partition("://")
    return Path(rest.removeprefix("/")).resolve() if scheme == "sqlite" else None


def _opened_source(url: str) -> AbstractAsyncContextManager[Side]:
    path = _file(url)
    return copy_postgres.open_source(url) if path is None else copy_sqlite.open_source(path)


def _opened_target(url: str) -> AbstractAsyncContextManager[Target]:
    path = _file(url)
    return copy_postgres.open_target(url) if path is None else copy_sqlite.open_target(path)


async def _check_unused(name: str, side: Side) -> None:
    if await side.is_served():
        raise CopyError(SERVED.format(name))


async def _check_source(source: Side) -> None:
    """Raise CopyError unless the tables are those of this version: copying does not migrate."""
    version, newest = await source.version(), scripts("sqlite")[-1].number
    if version == 0:
        raise CopyError("FROM holds no tables of srhooks")
    if version < newest:
        raise CopyError(
            f"FROM has the tables of an older srhooks (schema {version}; this version has"
            f" {newest}). Back it up, then run `srhooks migrate` with DATABASE_URL=FROM"
        )
    if version > newest:
        raise CopyError(
            f"FROM was made by a newer srhooks (schema {version}; this version knows {newest}):"
            " copy it with that version"
        )
    check_tables(version, await source.columns())


@contextlib.contextmanager
def _report(rows: int) -> Iterator[Report]:
    """Show progress on stderr: a bar on a terminal, else a line per step."""
    console = Console(stderr=True)
    done: dict[Step, int] = dict.fromkeys(STEPS, 0)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[table]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks = {step: bar.add_task(text, total=rows, table="") for step, text in STEPS.items()}

        def report(step: Step, table: str, count: int) -> None:
            if not done[step] and not console.is_terminal:
                print(f"{STEPS[step]} {rows:,} rows", file=sys.stderr, flush=True)
            done[step] += count
            bar.update(tasks[step], advance=count, table=table)

        yield report
