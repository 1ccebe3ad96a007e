"""The network between the programs and PostgreSQL: TCP that the tests cut, slow down and lead away.

`cut` drops what is sent without closing anything, as a network does that is gone: for whoever is on
the way already, and for whoever comes.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit


def socket_of(server_url: str) -> str:
    """The file by which the tests' PostgreSQL listens."""
    parts = urlsplit(server_url)
    folder = parse_qs(parts.query)["host"][0]
    return f"{folder}/.s.PGSQL.{parts.port or 5432}"


class Forwarder:
    def __init__(self, target: str, host: str) -> None:
        self.host = host
        self.target = target  # the file of a socket
        self.delay = 0.0  # seconds that each piece takes more, either way
        self.port = 0
        self._open = asyncio.Event()
        self._open.set()
        self._connections: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    async def lead_to(self, target: str) -> None:
        """Another server has taken the address over: the connections to the one before are gone."""
        self.target = target
        await self.hang_up()

    async def hang_up(self) -> None:
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def url(self, server_url: str) -> str:
        parts = urlsplit(server_url)
        return f"postgresql://postgres@{self.host}:{self.port}{parts.path}"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        there: asyncio.StreamWriter | None = None
        try:
            await self._open.wait()
            back, there = await asyncio.open_unix_connection(self.target)
            await asyncio.gather(self._pump(reader, there), self._pump(back, writer))
        except (OSError, asyncio.CancelledError):
            pass  # whoever accepted it would log that
        finally:
            for one in (writer, there):
                if one is not None:
                    one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            if self.delay:
                await asyncio.sleep(self.delay)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError


@contextlib.asynccontextmanager
async def forwarding(server_url: str, host: str = "127.0.0.1") -> AsyncIterator[Forwarder]:
    forwarder = Forwarder(socket_of(server_url), host)
    server = await asyncio.start_server(forwarder._accept, host, 0)
    forwarder.port = server.sockets[0].getsockname()[1]
    try:
        yield forwarder
    finally:
        server.close()
        await forwarder.hang_up()
