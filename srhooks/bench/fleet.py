"""One or several srhooks processes on one database, as behind a load balancer."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from srhooks.bench.account import Account, open_account
from srhooks.bench.database import Database, SqliteFile, postgres_database
from srhooks.bench.processes import Program, free_ports, product, running, sandbox
from srhooks.bench.setting import Setting


@dataclass(frozen=True)
class Fleet:
    """The processes; all have the same APP_URL, the address of the first."""

    name: str
    programs: Sequence[Program]
    account: Account
    database: Database

    @property
    def ports(self) -> Sequence[int]:
        return [program.port for program in self.programs]

    @property
    def pids(self) -> Sequence[int]:
        return [program.pid for program in self.programs]

    def last_words(self) -> str:
        return "; ".join(program.last_words() for program in self.programs)


@contextlib.contextmanager
def started_fleet(setting: Setting, processes: int, *, on_postgres: bool) -> Iterator[Fleet]:
    """Start a sandbox and the processes on an empty database, unpinned. Raises BenchError."""
    kind = "PostgreSQL" if on_postgres else "SQLite"
    name = f"{kind}, {processes} process{'es' if processes > 1 else ''}"
    folder = setting.folder / name.replace(", ", "-").replace(" ", "-")
    folder.mkdir(exist_ok=True)
    sandbox_port, *ports = free_ports(processes + 1)
    base = f"http://127.0.0.1:{ports[0]}"
    with contextlib.ExitStack() as stack:
        database: Database = (
            stack.enter_context(postgres_database(setting.postgres))
            if on_postgres
            else SqliteFile(folder / "srhooks.db")
        )
        stack.enter_context(running(sandbox(folder, sandbox_port, None, 0.0)))
        programs = [
            stack.enter_context(
                running(product(folder, port, sandbox_port, None, database.url, base))
            )
            for port in ports
        ]
        account = open_account(base, f"http://127.0.0.1:{sandbox_port}", database)
        yield Fleet(name, programs, account, database)
