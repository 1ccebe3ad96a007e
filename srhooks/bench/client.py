"""The load generator's connections: HTTP/1.1 with keep-alive, and the WebSocket of a page."""

import os
import re
import socket
from base64 import b64encode
from time import perf_counter

from srhooks.bench.processes import BenchError
from srhooks.web.presentation.labels import ENTITY_NAMES

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ROW = re.compile(rb'<li id="n-([0-9a-z]{13})"')
PENDING = f">{ENTITY_NAMES['pending']}<".encode()  # of a row whose entity is not there yet
READ = 65_536  # bytes per recv()
PING, CLOSE = 0x89, 0x88


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one


class HttpConnection:
    """A keep-alive connection without pipelining: one request at a time."""

    def __init__(self, port: int) -> None:
        self.socket = connect(port)
        self._buffer = b""
        self.began = 0.0

    def send(self, request: bytes) -> None:
        self.began = perf_counter()
        self.socket.sendall(request)

    def read(self) -> tuple[int, bytes] | None:
        """Receive once. Returns status and body when the answer is complete, else None.

        Raises BenchError when the server closes the connection.
        """
        data = self.socket.recv(READ)
        if not data:
            raise BenchError("the server closed a connection")
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = LENGTH.search(head)
        if length is None or len(rest) < int(length[1]):
            return None
        self._buffer = b""
        return int(head[9:12]), rest

    def request(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and block until its answer (status, body) is complete."""
        self.send(request)
        while (answer := self.read()) is None:
            pass
        return answer

    def close(self) -> None:
        self.socket.close()


class PageSocket:
    """A viewer: connects to /live as a page does and reads its frames."""

    def __init__(self, port: int, cookie: str, source: str = "127.0.0.1", origin: str = "") -> None:
        self.socket = connect(port, source)
        self._buffer = b""
        self._texts: list[bytes] = []  # text frames not searched for rows yet
        self._rows: list[bytes] = []
        self.settled = 0  # frames searched so far that hold rows, none with a pending entity
        key = b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Origin: {origin or f'http://127.0.0.1:{port}'}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nCookie: {cookie}\r\n\r\n".encode()
        )

    def finish_handshake(self) -> None:
        while b"\r\n\r\n" not in self._buffer:
            data = self.socket.recv(READ)
            if not data:
                raise BenchError("the server refused a viewer")
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise BenchError(f"the server refused a viewer: {head[:60]!r}")

    @property
    def rows(self) -> list[bytes]:
        """The notification ids in the frames received so far, in order of arrival."""
        for text in self._texts:
            found = ROW.findall(text)
            self._rows += found
            self.settled += bool(found) and PENDING not in text
        self._texts.clear()
        return self._rows

    def read(self) -> int:
        """Receive once, answer pings; returns how many text frames were completed.

        Raises BenchError when the server closes the socket.
        """
        data = self.socket.recv(READ)
        if not data:
            raise BenchError("the server closed a viewer")
        buffer = self._buffer + data
        texts = 0
        start = 0
        while (end := _frame_end(buffer, start)) is not None:
            payload, stop = end
            if buffer[start] == PING:
                self.socket.sendall(b"\x8a\x80" + os.urandom(4))  # an empty, masked pong
            elif buffer[start] == CLOSE:
                raise BenchError(f"the server closed a viewer: {buffer[payload + 2 : stop]!r}")
            else:
                texts += 1
                self._texts.append(buffer[payload:stop])
            start = stop
        self._buffer = buffer[start:]
        return texts

    def close(self) -> None:
        self.socket.close()


def _frame_end(buffer: bytes, start: int) -> tuple[int, int] | None:
    """Offsets of the payload of an unmasked frame (RFC 6455, 5.2); None while it is incomplete."""
    if len(buffer) < start + 2:
        return None
    length, payload = buffer[start + 1], start + 2
    for code, size in ((126, 2), (127, 8)):
        if length == code:
            if len(buffer) < payload + size:
                return None
            length = int.from_bytes(buffer[payload : payload + size], "big")
            payload += size
            break
    return (payload, payload + length) if len(buffer) >= payload + length else None
