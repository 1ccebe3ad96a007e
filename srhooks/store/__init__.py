"""Where everything is kept: the protocol and its two implementations."""

from srhooks.domain.clock import SYSTEM_CLOCK, Clock
from srhooks.observability.metrics import Metrics
from srhooks.store.errors import StoreBusyError, StoreError, StoreUnavailableError
from srhooks.store.notification_protocol import PAGE_BYTES, PAGE_TIME
from srhooks.store.process_table import ProcessTable
from srhooks.store.protocol import Store
from srhooks.store.reserve import using_reserve

__all__ = [
    "PAGE_BYTES",
    "PAGE_TIME",
    "Store",
    "StoreBusyError",
    "StoreError",
    "StoreUnavailableError",
    "make_process_table",
    "make_store",
    "using_reserve",
]


def make_store(
    database_url: str, metrics: Metrics | None = None, clock: Clock = SYSTEM_CLOCK
) -> Store:
    """The store for a DATABASE_URL, not yet open. Drivers are imported only when used."""
    metrics = metrics or Metrics()
    scheme, _, rest = database_url.partition("://")
    if scheme == "sqlite":
        from srhooks.store.sqlite import SqliteStore  # noqa: PLC0415

        return SqliteStore(rest.removeprefix("/"), metrics, clock)
    from srhooks.store.postgres import PostgresStore  # noqa: PLC0415

    return PostgresStore(database_url, metrics, clock)


def make_process_table(database_url: str) -> ProcessTable | None:
    """What the processes that serve a database know of each other; None where there is one."""
    if database_url.startswith("sqlite:"):
        return None
    from srhooks.store.postgres_processes import PostgresProcesses  # noqa: PLC0415

    return PostgresProcesses(database_url)
