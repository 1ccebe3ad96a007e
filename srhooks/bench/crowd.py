"""Thousands of viewers of one user, read with as little work in the load generator as possible."""

import select
from time import perf_counter

from srhooks.bench.client import HttpConnection, PageSocket
from srhooks.bench.notices import Sender
from srhooks.bench.processes import BenchError
from srhooks.bench.setting import Product
from srhooks.bench.verify import all_shown, shown_ids

BATCH = 100  # viewers that connect at a time
TIMEOUT = 60.0  # seconds without any frame or answer
SOURCES = 8  # loopback addresses to connect from: each has some 28,000 ephemeral ports


class Crowd:
    def __init__(self, product: Product) -> None:
        self._product = product
        self._epoll = select.epoll()  # costs a third of a selector
        self._pages: list[PageSocket] = []
        self._by_file: dict[int, PageSocket] = {}
        self._sent_before: list[int] = []  # per viewer: notifications sent before it connected
        self._sent = 0
        self._line = HttpConnection(product.port)
        self._epoll.register(self._line.socket, select.EPOLLIN)

    def grow(self, size: int) -> None:
        """Connect viewers until there are `size`. Raises BenchError."""
        while len(self._pages) < size:
            here = len(self._pages)
            fresh = [
                PageSocket(
                    self._product.port, self._product.account.cookie,
                    f"127.0.0.{2 + number % SOURCES}",
                )
                for number in range(here, min(here + BATCH, size))
            ]  # fmt: skip
            for page in fresh:
                page.finish_handshake()
                self._by_file[page.socket.fileno()] = page
                self._epoll.register(page.socket, select.EPOLLIN)
            self._pages += fresh
            self._sent_before += [self._sent] * len(fresh)
            self._answer_pings()

    def _answer_pings(self) -> None:
        while ready := self._epoll.poll(0):
            for file, _ in ready:
                self._by_file[file].read()

    def notify(self, sender: Sender) -> tuple[float, float]:
        """Post a notification. Returns seconds until the last viewer has it, and until its 202.

        Raises BenchError.
        """
        self._answer_pings()
        for page in self._pages:
            _ = page.rows  # search older frames now, outside of the measured time
        (request,) = sender.make(1, linked=False)
        line = self._line
        missing = len(self._pages)
        answered = 0.0
        line.send(request)
        while missing or not answered:
            ready = self._epoll.poll(TIMEOUT)
            if not ready:
                raise BenchError(f"{missing} viewers were not shown a notification")
            for file, _ in ready:
                if viewer := self._by_file.get(file):
                    missing -= viewer.read()
                elif (answer := line.read()) is not None:
                    answered = perf_counter()
                    if answer[0] != 202:
                        raise BenchError(f"a notification was answered {answer[0]}")
        last = perf_counter()
        self._sent += 1
        return last - line.began, answered - line.began

    def check(self, sender: Sender) -> None:
        """Raise BenchError unless each viewer got every notification sent since it connected."""
        ids = sorted(shown_ids(self._product.database, sender.sent))
        for page, before in zip(self._pages, self._sent_before, strict=True):
            all_shown(page.rows, set(ids[before:]))

    def close(self) -> None:
        self._epoll.close()
        self._line.close()
        for page in self._pages:
            page.close()
