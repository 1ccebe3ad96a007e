"""Live fan-out: the protocol and its implementation for one process."""

from srhooks.hub.base import ANYTHING, EVERY_SESSION, KINDS, Event, Hub
from srhooks.hub.event_queue import EventQueue
from srhooks.hub.local import LocalHub

__all__ = ["ANYTHING", "EVERY_SESSION", "KINDS", "Event", "EventQueue", "Hub", "LocalHub"]
