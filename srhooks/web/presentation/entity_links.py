"""What an entity holds that leads further: links to the API's own origin."""

from typing import Any

from yarl import URL

from srhooks.domain.models import Notification
from srhooks.protocol.link_header import resolve

MAX_LINKS = 50
MAX_LEAVES = 5000  # of one entity
MAX_URL = 2000  # characters


def links_in(n: Notification, api_url: str) -> dict[str, str]:
    """What can be followed in an entity: the address of each, by its path in there."""
    found: dict[str, str] = {}
    origin = URL(api_url)
    stack: list[tuple[str, Any]] = [("", n.entity_value)]
    looked = 0
    while stack and looked < MAX_LEAVES and len(found) < MAX_LINKS:
        path, item = stack.pop()
        looked += 1
        if isinstance(item, dict):
            children = [(f"{path}.{key}" if path else str(key), one) for key, one in item.items()]
            stack.extend(reversed(children))
        elif isinstance(item, list):
            children = [(f"{path}.{index}", one) for index, one in enumerate(item)]
            stack.extend(reversed(children))
        elif isinstance(item, str) and item.startswith(("http://", "https://")):
            link = resolve(item, origin) if len(item) <= MAX_URL else None
            if link is not None and link.followable and link.target not in found.values():
                found[path] = link.target
    return found
