"""Live fan-out: the protocol and its implementation for one process."""

from srhooks.hub.base import EVERY_SESSION, Event, Hub, Viewer
from srhooks.hub.local import LocalHub

__all__ = ["EVERY_SESSION", "Event", "Hub", "LocalHub", "Viewer"]
