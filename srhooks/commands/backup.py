"""`srhooks backup FILE`: a consistent copy of the database, while srhooks runs."""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from srhooks.config import SettingsError, load_database_url
from srhooks.store.sqlite_backup import BackupError, back_up

POSTGRES = (
    "PostgreSQL has its own tool, which is consistent while srhooks runs:"
    ' (umask 077; pg_dump --format=custom --file={file} "$DATABASE_URL")'
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a new file, for its owner alone")
    parser.epilog = (
        "It needs DATABASE_URL, as `srhooks serve` does, which may be running. To restore it, stop"
        " srhooks, put the file in place of the database, and remove the files ending in -wal and"
        " -shm beside it. Keep SESSION_SECRET, too, but elsewhere."
    )


def run(args: argparse.Namespace) -> int:
    try:
        url = load_database_url(os.environ)
    except SettingsError as error:
        print(f"srhooks: {error}", file=sys.stderr)
        return 2
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite":
        print(f"srhooks: {POSTGRES.format(file=args.file)}", file=sys.stderr)
        return 2
    try:
        _back_up(Path(rest.removeprefix("/")), args.file)
    except BackupError as error:
        print(f"srhooks: {error}", file=sys.stderr)
        return 1
    print(f"Backed up to {args.file}, {args.file.stat().st_size:,} bytes.")
    return 0


def _back_up(source: Path, target: Path) -> None:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Backing up", total=None)
        back_up(source, target, lambda done, total: bar.update(task, completed=done, total=total))
