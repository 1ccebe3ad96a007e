"""`srhooks migrate`: bring the tables of the database up to date, and end."""

import argparse
import asyncio
import os
import sys

from srhooks.config import SettingsError, load_database_url
from srhooks.store import Store, StoreError, make_store


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "`srhooks serve` does the same when it starts. It may run many times at once, and beside a"
        " running srhooks of the version before. Make a backup first."
    )


def run(_: argparse.Namespace) -> int:
    try:
        asyncio.run(_migrate(make_store(load_database_url(os.environ))))
    except (SettingsError, StoreError) as error:
        print(f"srhooks: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    print("The tables are up to date.")
    return 0


async def _migrate(store: Store) -> None:
    await store.open()
    await store.close()
