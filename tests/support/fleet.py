"""Several processes of srhooks on one PostgreSQL database, as applications in this process."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srhooks.hub.postgres import PostgresHub

from tests.support.harness import Browser, World, application, eventually, served_sandbox


@dataclass
class Processes:
    """They have one public address, as behind a load balancer: that of the first."""

    worlds: list[World]

    def at(self, browser: Browser, number: int) -> Browser:
        """The same person's browser, led to one of the processes."""
        first, world = self.worlds[0], self.worlds[number]
        base = f"http://127.0.0.1:{world.settings.port}"
        return Browser(base, browser.session, first.settings.app_url)

    async def start_hearing(self) -> None:
        """Wait until every process hears what others tell."""
        for world in self.worlds:
            hub = world.services.hub
            queue = hub.watch("nobody")
            await self.hear("nobody")
            hub.leave("nobody", queue)

    async def hear(self, user_id: str) -> None:
        """Wait until every process with a viewer of the user hears of what others publish."""
        for world in self.worlds:
            hub = world.services.hub
            assert isinstance(hub, PostgresHub)

            async def hears(hub: PostgresHub = hub) -> bool:
                return hub.hears(user_id) or user_id not in hub.watched

            await eventually(hears)


@contextlib.asynccontextmanager
async def processes(
    folder: Path, postgres_url: str, count: int = 2, **settings: Any
) -> AsyncIterator[Processes]:
    async with contextlib.AsyncExitStack() as stack:
        fake, sandbox_port = await stack.enter_async_context(served_sandbox())
        settings |= {"database_url": postgres_url}
        worlds: list[World] = []
        for _ in range(count):
            if worlds:
                settings["app_url"] = worlds[0].settings.app_url
            app, used = await stack.enter_async_context(
                application(folder, sandbox_port, **settings)
            )
            worlds.append(World(used, fake, app))
        running = Processes(worlds)
        await running.start_hearing()
        yield running
