"""A fake SmartRecruiters: OAuth, users/me, webhook subscriptions, deliveries and entities."""

from srhooks.sandbox.app import create_sandbox, start_sandbox
from srhooks.sandbox.changes import UnknownEventError
from srhooks.sandbox.credentials import ApiKey, Company, OAuthClient
from srhooks.sandbox.deliveries import Attempt, Delivery
from srhooks.sandbox.events import EVENTS
from srhooks.sandbox.faults import Fault
from srhooks.sandbox.keys import SANDBOX
from srhooks.sandbox.people import SandboxUser
from srhooks.sandbox.settings import SandboxSettings
from srhooks.sandbox.state import Sandbox, SeenRequest
from srhooks.sandbox.world import UnknownEntityError

__all__ = [
    "EVENTS",
    "SANDBOX",
    "ApiKey",
    "Attempt",
    "Company",
    "Delivery",
    "Fault",
    "OAuthClient",
    "Sandbox",
    "SandboxSettings",
    "SandboxUser",
    "SeenRequest",
    "UnknownEntityError",
    "UnknownEventError",
    "create_sandbox",
    "start_sandbox",
]
