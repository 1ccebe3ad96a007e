"""Keys derived from SESSION_SECRET: for cookies, for what is encrypted at rest, for CSRF tokens.

HKDF-SHA256 (RFC 5869) with a purpose each, so that one use says nothing about another. Of
several secrets the first encrypts and all decrypt (Fernet, AES-128-CBC with HMAC-SHA256).
"""

import base64
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class UndecryptableError(Exception):
    """What was stored was sealed under a secret that is no longer listed."""


def derive(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose."""
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=b"srhooks", info=purpose.encode())
    return hkdf.derive(secret.encode())


class RotatingFernet(Fernet):
    """A Fernet that decrypts under every listed secret: what EncryptedCookieStorage takes."""

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        keys = [base64.urlsafe_b64encode(derive(secret, purpose)) for secret in secrets]
        super().__init__(keys[0])
        self._all = MultiFernet([Fernet(key) for key in keys])

    def decrypt(self, token: bytes | str, ttl: int | None = None) -> bytes:
        return self._all.decrypt(token, ttl)

    def extract_timestamp(self, token: bytes | str) -> int:
        """When it was made (seconds since 1970). Raises InvalidToken for one that is not ours."""
        return self._all.extract_timestamp(token)


class Vault:
    """Seals text for the store and opens it again."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._fernet = RotatingFernet(secrets, "at-rest")
        self._newest = Fernet(base64.urlsafe_b64encode(derive(secrets[0], "at-rest")))

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Raises UndecryptableError when none of the listed secrets fits."""
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken:
            raise UndecryptableError from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest secret sealed it (else seal it again before the old one goes)."""
        try:
            self._newest.decrypt(bytes(sealed))
        except InvalidToken:
            return False
        return True


def csrf_token(secret: str, session_id: str) -> str:
    """The anti-forgery token of a session: an HMAC, so that nothing needs to be stored."""
    digest = hmac.digest(derive(secret, "csrf"), session_id.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
