"""Intake behind nginx, set up as README.md says, against intake without a proxy.

A proxy that opens a connection per notification halves the rate, so both ways are measured: with
`keepalive` and without. Without nginx on the machine there are no rows.
"""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from srhooks.bench.load import Storm, storm, wait_until_idle
from srhooks.bench.notices import Sender, Shape
from srhooks.bench.processes import TIMEOUT, BenchError, Program, free_ports
from srhooks.bench.report import Row
from srhooks.bench.setting import Setting, started
from srhooks.bench.verify import all_stored_once

CONNECTIONS = 64
CONFIG = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream srhooks {{
        server 127.0.0.1:{upstream};
        {keepalive}
    }}
    server {{
        listen 127.0.0.1:{port};
        keepalive_requests 1000000;
        location / {{
            proxy_pass http://srhooks;
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
    }}
}}
"""
KEEP_ALIVE = "keepalive 64;"


@dataclass(frozen=True)
class Proxy:
    """nginx in front of a program; only the program's CPU time is counted."""

    port: int
    program: Program

    @property
    def ports(self) -> Sequence[int]:
        return (self.port,)

    @property
    def pids(self) -> Sequence[int]:
        return self.program.pids

    def last_words(self) -> str:
        return self.program.last_words()


def measure(setting: Setting) -> list[Row]:
    if find_nginx() is None:
        return []
    count = setting.scaled(3000, 1000)
    plain: list[Storm] = []
    kept: list[Storm] = []
    opened: list[Storm] = []
    with (
        started(setting, "proxied") as product,
        proxied(setting.folder / "proxied", product.program, KEEP_ALIVE) as keeping,
        proxied(setting.folder / "proxied", product.program, "") as opening,
    ):
        sender = Sender(product.account, Shape(setting.body_bytes))
        storm(product.program, sender.make(count), CONNECTIONS)
        for _ in range(setting.scaled(setting.rounds, 1)):
            for server, results in (
                (product.program, plain), (keeping, kept), (opening, opened),
            ):  # fmt: skip
                wait_until_idle(product.program)
                results.append(storm(server, sender.make(count), CONNECTIONS))
        all_stored_once(product.database, product.account.hook_id, sender.sent)
    pairs = list(zip(kept, plain, strict=True))
    return [
        Row("intake behind nginx", "/s", [one.rate for one in kept]),
        Row("intake behind nginx without keep-alive", "/s", [one.rate for one in opened]),
        Row(
            "intake behind nginx against none before it",
            "x",
            [one.rate / base.rate for one, base in pairs],
        ),
        Row(
            "intake behind nginx, keep-alive against none",
            "x",
            [one.rate / base.rate for one, base in zip(kept, opened, strict=True)],
        ),
    ]


def find_nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def proxied(parent: Path, program: Program, keepalive: str) -> Iterator[Proxy]:
    """Run nginx in front of the program, and stop it on exit. Raises BenchError."""
    nginx = find_nginx()
    if nginx is None:
        raise BenchError("nginx is not installed")
    (port,) = free_ports(1)
    folder = parent / f"nginx-{port}"
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(
        CONFIG.format(folder=folder, port=port, upstream=program.port, keepalive=keepalive)
    )
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - a program of this machine, with our own words
            [nginx, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        _wait_until_it_listens(process, port, folder)
        yield Proxy(port, program)
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + TIMEOUT
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            words = (folder / "output").read_text(errors="replace").strip()
            raise BenchError(f"nginx did not start: {words[-300:]}")
        time.sleep(0.01)
