"""`srhooks serve`: the application, configured by environment."""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator

from aiohttp import web

from srhooks.app import create_app
from srhooks.commands.claiming import claimed
from srhooks.config import Settings, SettingsError, load_settings
from srhooks.observability.logging_setup import setup_logs
from srhooks.server.heavy_work import run_in_background
from srhooks.server.memory import bound_collections, limit_arenas
from srhooks.server.runner import CannotListenError, served, unless_stopped
from srhooks.store import StoreError
from srhooks.web.http.leaving import leave
from srhooks.web.http.templating import load_templates
from srhooks.web.state.app_keys import FLEET

log = logging.getLogger("srhooks")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Required: SESSION_SECRET. The README lists all settings."


def run(_: argparse.Namespace) -> int:
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        print(f"srhooks: {error}", file=sys.stderr)
        return 2
    limit_arenas()
    setup_logs(settings.log_level, settings.log_format)
    try:
        asyncio.run(unless_stopped(_serve(settings)))
    except (CannotListenError, StoreError) as error:
        print(f"srhooks: {error}", file=sys.stderr)
        return 1
    return 0


@contextlib.asynccontextmanager
async def _templates_loading(app: web.Application) -> AsyncIterator[asyncio.Task[None]]:
    """Beside what else a start does; one that fails says so without waiting for them."""
    stopping = threading.Event()
    loading = asyncio.create_task(run_in_background(load_templates, app, stopping))
    try:
        yield loading
    finally:
        stopping.set()


async def _serve(settings: Settings) -> None:
    app = create_app(settings)
    gc.collect()  # as long as nobody waits
    async with (
        _templates_loading(app) as templates,
        claimed(settings),
        served(app, settings.host, settings.port) as port,
    ):
        await templates
        bound_collections()
        log.info("listening on http://%s:%d, reached as %s", settings.host, port, settings.app_url)
        try:
            await asyncio.Event().wait()  # until cancelled by a signal
        finally:
            log.info("stopping")
            if app[FLEET].leases.is_shared:
                await leave(app)
