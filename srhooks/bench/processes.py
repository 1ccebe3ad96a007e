"""Starts the measured programs as their users do, each in its own process."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from srhooks.bench.machine import pin

NOT_INHERITED = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTHONDEVMODE", "PYTHONTRACEMALLOC"})
TIMEOUT = 60.0  # seconds in which a program must start to listen
SECRET = "a session secret for the benchmark alone"  # noqa: S105 - of a throw-away database


class BenchError(Exception):
    """A wrong result: lost, doubled or unexpected data, or a server that failed. One line."""


class Program:
    """A child process that listens on a port of 127.0.0.1, pinned to `core` if given."""

    def __init__(
        self, *arguments: str, port: int, log: Path, core: int | None,
        environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.port = port
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=_environment() | dict(environment or {}),
                preexec_fn=lambda: pin(core),  # noqa: PLW1509 - no thread runs here yet
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def pids(self) -> Sequence[int]:
        return (self.pid,)

    @property
    def ports(self) -> Sequence[int]:
        return (self.port,)

    def wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + TIMEOUT
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"a server did not start: {self.last_words()}")
            time.sleep(0.005)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def _environment() -> dict[str, str]:
    """Our environment without the variables that slow Python down."""
    return {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}


@contextlib.contextmanager
def running(program: Program) -> Iterator[Program]:
    try:
        program.wait_until_it_listens()
        yield program
    finally:
        program.stop()


def free_ports(count: int) -> list[int]:
    """Different free TCP ports: all are bound until the last is found."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def product(
    folder: Path, port: int, sandbox_port: int, core: int | None, database_url: str,
    app_url: str | None = None,
) -> Program:  # fmt: skip
    """`srhooks serve` with default settings; processes of one fleet share `app_url`."""
    return Program(
        "-m", "srhooks", "serve", port=port, log=folder / "srhooks.log", core=core,
        environment={
            "SMARTRECRUITERS_CLIENT_ID": "sandbox-client",
            "SMARTRECRUITERS_CLIENT_SECRET": "sandbox-secret",
            "SESSION_SECRET": SECRET,
            "APP_URL": app_url or f"http://127.0.0.1:{port}",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "DATABASE_URL": database_url,
            "SMARTRECRUITERS_API_URL": f"http://127.0.0.1:{sandbox_port}",
            "SMARTRECRUITERS_IDENTITY_URL": f"http://127.0.0.1:{sandbox_port}",
        },
    )  # fmt: skip


def sandbox(folder: Path, port: int, core: int | None, latency: float) -> Program:
    return Program(
        "-m", "srhooks", "sandbox", "--port", str(port), "--latency", str(latency),
        port=port, log=folder / "sandbox.log", core=core,
    )  # fmt: skip


def reference(folder: Path, port: int, core: int | None) -> Program:
    return Program(
        "-m", "srhooks.bench.reference", str(port),
        port=port, log=folder / "reference.log", core=core,
    )  # fmt: skip
