"""A notification as SmartRecruiters posts it: what to send to try a receiver."""

from srhooks.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign


def notification_headers(
    body: bytes,
    *,
    event: str | None = None,
    version: str | None = None,
    event_id: str | None = None,
    link: str | None = None,
    timestamp: str | None = None,
    key: str | None = None,
) -> dict[str, str]:
    """The headers that are given, and the signature when there is a key."""
    known = {
        "event-id": event_id,
        "event-name": event,
        "event-version": version,
        "link": link,
        TIMESTAMP_HEADER: timestamp,
    }
    headers = {"content-type": "application/json"}
    headers |= {name: value for name, value in known.items() if value is not None}
    if key is not None:
        headers[SIGNATURE_HEADER] = sign(key, headers, body)
    return headers
