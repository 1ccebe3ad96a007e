"""Proof that a test notification was sent by srhooks itself.

A test changes nothing, so nobody else may pass for one: the header carries an HMAC-SHA256, under
a key derived from SESSION_SECRET, of the hook, the event id and the body. Every process that
shares the secret can make and check it.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from srhooks.crypto import derive
from srhooks.domain.models import TEST_HEADER


class TestProof:
    __test__ = False  # it is no test for pytest

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [derive(secret, "test-delivery") for secret in secrets]

    def make(self, hook_id: str, event_id: str, body: bytes) -> str:
        """The value of the header, under the newest secret."""
        return _digest(self._keys[0], hook_id, event_id, body)

    def is_right(self, hook_id: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the header proves that srhooks made this very request as a test."""
        given = headers.get(TEST_HEADER, "").encode("utf-8", "surrogateescape")
        event_id = headers.get("event-id", "")
        return any(
            hmac.compare_digest(_digest(key, hook_id, event_id, body).encode(), given)
            for key in self._keys
        )


def _digest(key: bytes, hook_id: str, event_id: str, body: bytes) -> str:
    digest = hashlib.sha256(body).hexdigest()
    text = f"{hook_id}\n{digest}\n{event_id}".encode("utf-8", "surrogateescape")
    return hmac.digest(key, text, "sha256").hex()
