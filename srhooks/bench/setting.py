"""The parameters of one run: its size, cores and folder; and how the product is started."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from srhooks.bench.account import Account, open_account
from srhooks.bench.database import Database, SqliteFile, postgres_database
from srhooks.bench.processes import Program, free_ports, product, running, sandbox


@dataclass(frozen=True, kw_only=True)
class Setting:
    folder: Path
    server_core: int | None
    load_core: int | None
    rounds: int = 5
    quick: bool = False
    full: bool = False
    viewers: int
    body_bytes: int = 1000
    postgres: str = ""  # URL of a server on which databases may be created
    stored: int = 0  # number of stored notifications for the subject pages; 0: the usual ones

    def scaled(self, usual: int, quick: int) -> int:
        return quick if self.quick else usual


@dataclass(frozen=True)
class Product:
    """A running srhooks with its sandbox, and an account with an active subscription."""

    program: Program
    account: Account
    database: Database
    folder: Path

    @property
    def port(self) -> int:
        return self.program.port

    @property
    def api_port(self) -> int:
        return int(self.account.api_url.rpartition(":")[2])

    def start_again(self, setting: Setting) -> Program:
        """Start it after `program.stop()`: same database, port, sandbox. The caller stops it."""
        return product(
            self.folder, self.port, self.api_port, setting.server_core,
            self.database.url,
        )  # fmt: skip


@contextmanager
def started(
    setting: Setting, name: str, *, latency: float = 0.0, on_postgres: bool = False
) -> Iterator[Product]:
    """Start srhooks on an empty database, and a sandbox that answers after `latency` seconds."""
    folder = setting.folder / name
    folder.mkdir()
    port, sandbox_port = free_ports(2)
    with ExitStack() as stack:
        database: Database = SqliteFile(folder / "srhooks.db")
        if on_postgres:
            database = stack.enter_context(postgres_database(setting.postgres))
        fake = stack.enter_context(
            running(sandbox(folder, sandbox_port, setting.load_core, latency))
        )
        program = stack.enter_context(
            running(product(folder, port, fake.port, setting.server_core, database.url))
        )
        account = open_account(
            f"http://127.0.0.1:{port}", f"http://127.0.0.1:{fake.port}", database
        )
        yield Product(program, account, database, folder)
