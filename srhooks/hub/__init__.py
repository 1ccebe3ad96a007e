"""Live fan-out: the protocol, and its implementations for one process and for several."""

from srhooks.hub.event_queue import EventQueue
from srhooks.hub.events import EVERY_SESSION, KINDS, Event
from srhooks.hub.local import LocalHub
from srhooks.hub.protocol import ANYTHING, Hub
from srhooks.store import Store, StoreUnavailableError

__all__ = [
    "ANYTHING",
    "EVERY_SESSION",
    "KINDS",
    "Event",
    "EventQueue",
    "Hub",
    "LocalHub",
    "make_hub",
]


def make_hub(database_url: str, listen_url: str, store: Store) -> Hub:
    """The hub for a DATABASE_URL, not yet open; an empty `listen_url` is the same one.

    Raises StoreUnavailableError where `listen_url` cannot be one. Drivers are imported only when
    used.
    """
    if database_url.startswith("sqlite:"):
        return LocalHub()
    from srhooks.hub.postgres import PostgresHub  # noqa: PLC0415
    from srhooks.store.postgres_url import UrlError, read_address  # noqa: PLC0415

    try:
        read_address(listen_url or database_url)
    except UrlError as error:
        raise StoreUnavailableError(f"cannot use PostgreSQL: {error}") from error
    return PostgresHub(database_url, listen_url or database_url, store.last_revs)
