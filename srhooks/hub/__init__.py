"""Live fan-out: the protocol and its implementation for one process."""

from srhooks.hub.base import Event, Hub, Viewer
from srhooks.hub.local import LocalHub

__all__ = ["Event", "Hub", "LocalHub", "Viewer"]
