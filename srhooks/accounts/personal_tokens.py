"""Personal tokens: a person's own programs read notifications with them.

The text is shown once and kept only as its SHA-256: it has 256 random bits, so nothing slower is
needed (OWASP, "Password Storage", is about texts that people choose).
"""

import hashlib
import secrets

from srhooks.domain.account import PersonalToken
from srhooks.domain.clock import now_ms
from srhooks.store import Store

PREFIX = "srhooks_"  # so that scanners for leaked secrets can tell what it is
MAX_TOKENS = 20  # a user
MAX_NAME = 100
DEFAULT_DAYS = 90
MAX_DAYS = 365
DAY = 86_400_000  # ms
TOUCH_INTERVAL = 60_000  # ms between two notes of its use


class TooManyTokensError(Exception):
    """Its text is fit for a person."""


class PersonalTokens:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def make(
        self, user_id: str, name: str, days: int = DEFAULT_DAYS
    ) -> tuple[PersonalToken, str]:
        """Return a new token and its text, which is stored nowhere. Raises TooManyTokensError."""
        text = PREFIX + secrets.token_urlsafe(32)
        now = now_ms()
        token = PersonalToken(
            secrets.token_hex(8), user_id, name[:MAX_NAME], now, None, now + days * DAY
        )
        if not await self._store.add_personal_token(token, digest(text), MAX_TOKENS):
            raise TooManyTokensError(f"There are {MAX_TOKENS} tokens already: revoke one first")
        return token, text

    async def find(self, text: str) -> PersonalToken | None:
        """Return the token with this text; None when it is unknown, revoked or expired."""
        if not text.startswith(PREFIX):
            return None
        token = await self._store.personal_token(digest(text))
        now = now_ms()
        if token is None or token.expires_at <= now:
            return None
        if token.used_at is None or now - token.used_at > TOUCH_INTERVAL:
            await self._store.touch_personal_token(token.id, now)
        return token

    async def all(self, user_id: str) -> list[PersonalToken]:
        return await self._store.personal_tokens(user_id)

    async def revoke(self, user_id: str, token_id: str) -> bool:
        return await self._store.delete_personal_token(user_id, token_id)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
