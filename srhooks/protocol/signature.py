"""Sign and verify SmartRecruiters' webhook signatures, scheme v1.

Source: developers.smartrecruiters.com, "Webhooks security". The signature header holds
`v1=HEX` parts, `;` between them (several keys or schemes at once); each v1 part is the hex
HMAC-SHA256 of the canonical string, keyed by one of the subscription's secret keys.
"""

import hmac
from collections.abc import Iterable, Mapping
from functools import lru_cache

SIGNATURE_HEADER = "smartrecruiters-signature"
TIMESTAMP_HEADER = "smartrecruiters-timestamp"
SIGNED_HEADERS = ("event-id", "event-name", "event-version", "link")
MAX_PARTS = 16  # the service holds at most 16 unexpired keys; more parts are not looked at


def canonical(headers: Mapping[str, str], body: bytes) -> bytes:
    """The signed bytes: timestamp, raw body and four headers joined by dots.

    `headers` has lower-case names or is case-insensitive; an absent header counts as empty.
    """
    sent = headers.get(TIMESTAMP_HEADER, "")
    rest = ".".join([headers.get(name, "") for name in SIGNED_HEADERS])
    return b".".join(
        (sent.encode(errors="surrogateescape"), body, rest.encode(errors="surrogateescape"))
    )


def sign(key: str, headers: Mapping[str, str], body: bytes) -> str:
    """The value of the signature header for one key: `v1=HEX`."""
    return "v1=" + hmac.digest(key.encode(), canonical(headers, body), "sha256").hex()


@lru_cache(maxsize=1024)
def _keyed(key: str) -> hmac.HMAC:
    """To copy: setting a key up takes longer than the rest."""
    return hmac.new(key.encode(), digestmod="sha256")


def ambiguity(headers: Mapping[str, str]) -> str | None:
    """Why the signed text could have been cut from another one's, in words; None when it could not.

    The service joins its parts with dots and escapes nothing: what it signed for the event id `123`
    and the name `candidate.created` also fits `123.candidate` and `created`. So parts that it
    never sends count as signed by somebody else. An absent header has no part to be moved.
    """
    if not _is_number(headers.get(TIMESTAMP_HEADER, "").strip() or "0"):
        return f"{TIMESTAMP_HEADER} is not a number"
    if "." in headers.get("event-id", ""):
        return "event-id holds a dot"
    version = headers.get("event-version", "").strip()
    if version and not (version[0] == "v" and _is_number(version[1:])):
        return "event-version is not v and a number"
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def matching_key(
    keys: Iterable[str], headers: Mapping[str, str], body: bytes, signature: str
) -> int | None:
    """The position of the first key that made one of the header's v1 parts, or None.

    Compared in constant time; parts of unknown schemes are ignored. Lines of the header that were
    joined (RFC 9110, 5.3) have commas between them.
    """
    parts = map(str.strip, signature.replace(",", ";").split(";")[:MAX_PARTS])
    given = [part[3:].lower() for part in parts if part[:3] == "v1=" and part.isascii()]
    if not given or ambiguity(headers) is not None:
        return None
    message = canonical(headers, body)
    for position, key in enumerate(keys):
        keyed = _keyed(key).copy()
        keyed.update(message)
        expected = keyed.hexdigest()
        for one in given:
            if hmac.compare_digest(expected, one):
                return position
    return None
