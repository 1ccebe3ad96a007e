"""`srhooks confirm-clock`: an operator confirms that this machine's clock is right."""

import argparse
import asyncio
import os
import sys

from srhooks.config import SettingsError, load_database_url
from srhooks.domain.clock import iso, now_ms
from srhooks.maintenance.trusted_time import CONFIRMED
from srhooks.store import Store, StoreError, make_store


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "It needs DATABASE_URL, as `srhooks serve` does; that may be running."


def run(_: argparse.Namespace) -> int:
    try:
        url = load_database_url(os.environ)
        now = asyncio.run(_confirm(make_store(url)))
    except (SettingsError, StoreError) as error:
        print(f"srhooks: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    print(f"Confirmed: it is {iso(now)}. The retention goes by it within a minute.")
    return 0


async def _confirm(store: Store) -> int:
    await store.open()
    try:
        now = now_ms()
        await store.save_maintenance_state(CONFIRMED, now)
    finally:
        await store.close()
    return now
