"""A storm: parallel connections, each of which sends its next request when the last is answered."""

import selectors
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from time import perf_counter
from typing import Protocol

from srhooks.bench.client import HttpConnection, PageSocket
from srhooks.bench.machine import cpu_of
from srhooks.bench.processes import BenchError, Program

TIMEOUT = 30.0  # seconds without any answer
REST = 0.25  # seconds over which the server must be nearly idle
REST_SHARE = 0.1  # of a core: what counts as idle, since fetching entities goes on for hours
REST_TIMEOUT = 30.0  # seconds after which a busy server is measured all the same


@dataclass
class Storm:
    seconds: float = 0.0
    cpu: float = 0.0  # CPU seconds of the server
    latencies: list[float] = field(default_factory=list)  # seconds
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def cost(self) -> float:
        """CPU time of the server per answer (us); other load on the machine hardly changes it."""
        return self.cpu / len(self.latencies) * 1e6


def wait_until_idle(server: Program) -> None:
    """Wait for background work of the last storm: it would distort the next measurement."""
    deadline = time.monotonic() + REST_TIMEOUT
    while time.monotonic() < deadline:
        burnt = cpu_of(server.pid)
        time.sleep(REST)
        if cpu_of(server.pid) - burnt < REST * REST_SHARE:
            return


class Server(Protocol):
    """What answers a storm: its ports, and the processes whose CPU time is counted."""

    @property
    def ports(self) -> Sequence[int]: ...

    @property
    def pids(self) -> Sequence[int]: ...

    def last_words(self) -> str: ...


def storm(
    server: Server,
    requests: Sequence[bytes],
    connections: int,
    viewer: PageSocket | None = None,
) -> Storm:
    """Send all requests, and read the viewer's frames meanwhile as a browser would.

    Raises BenchError when an answer is missing or not 202.
    """
    result = Storm()
    waiting = iter(requests)
    with selectors.DefaultSelector() as selector:
        lines = [HttpConnection(port) for port in islice(cycle(server.ports), connections)]
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        if viewer is not None:
            selector.register(viewer.socket, selectors.EVENT_READ, viewer)
        burnt = sum(map(cpu_of, server.pids))
        began = perf_counter()
        for line, request in zip(lines, waiting, strict=False):
            line.send(request)
        while len(result.latencies) < len(requests):
            ready = selector.select(TIMEOUT)
            if not ready:
                raise BenchError("the server stopped answering")
            for key, _ in ready:
                if isinstance(key.data, PageSocket):
                    key.data.read()
                elif (answer := key.data.read()) is not None:
                    result.latencies.append(perf_counter() - key.data.began)
                    result.statuses[answer[0]] += 1
                    request = next(waiting, b"")
                    if request:
                        key.data.send(request)
        result.seconds = perf_counter() - began
        result.cpu = sum(map(cpu_of, server.pids)) - burnt
        for line in lines:
            line.close()
    if set(result.statuses) != {202}:
        raise BenchError(
            f"not every notification was answered 202: {dict(result.statuses)};"
            f" the server's log ends with: {server.last_words()}"
        )
    return result
