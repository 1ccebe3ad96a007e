"""What SmartRecruiters posts to a callback address: a notification, or a handshake.

Source: developers.smartrecruiters.com, "Activating webhook subscriptions" and "Receiving webhook
notifications".
"""

from collections.abc import Mapping
from types import MappingProxyType

from srhooks.protocol.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign

HANDSHAKE_HEADER = "X-Hook-Secret"  # a request with it is a handshake, never a notification
NOTHING: Mapping[str, str] = MappingProxyType({})


def notification_headers(
    body: bytes,
    *,
    event: str | None = None,
    version: str | None = None,
    event_id: str | None = None,
    link: str | None = None,
    timestamp: str | None = None,
    key: str | None = None,
    more: Mapping[str, str] = NOTHING,
) -> dict[str, str]:
    """The headers that are given, `more` of them last, and with a key the signature over them."""
    known = {
        "event-id": event_id,
        "event-name": event,
        "event-version": version,
        "link": link,
        TIMESTAMP_HEADER: timestamp,
    }
    headers = {"content-type": "application/json"}
    headers |= {name: value for name, value in known.items() if value is not None}
    headers |= {name.lower(): value for name, value in more.items()}
    if key is not None:
        headers.setdefault(SIGNATURE_HEADER, sign(key, headers, body))
    return headers
