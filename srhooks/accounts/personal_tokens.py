"""Personal tokens: a person's own programs read notifications with them.

The text is shown once and kept only as its SHA-256: it has 256 random bits, so nothing slower is
needed (OWASP, "Password Storage", is about texts that people choose).

A token lasts as long as was chosen, also when the machine's clock was ahead as it was made: its
times are those of TrustedTime, which is never later than is plausible. It ends by the clock.
"""

import hashlib
import secrets
from typing import Protocol

from srhooks.domain.account import PersonalToken
from srhooks.domain.clock import DAY, Clock
from srhooks.store import Store

PREFIX = "srhooks_"  # so that scanners for leaked secrets can tell what it is
MAX_TOKENS = 20  # a user
MAX_NAME = 100
DEFAULT_DAYS = 90
MAX_DAYS = 365
TOUCH_INTERVAL = 60_000  # ms between two notes of its use


class NoTokenError(Exception):
    """Its text is fit for a person."""


class TooManyTokensError(NoTokenError): ...


class ClockAheadError(NoTokenError): ...


class Time(Protocol):
    async def plausible(self) -> int:
        """Milliseconds since 1970, not later than is plausible. Raises StoreError."""


class PersonalTokens:
    def __init__(self, store: Store, clock: Clock, time: Time) -> None:
        self._store = store
        self._clock = clock
        self._time = time

    async def make(
        self, user_id: str, name: str, days: int = DEFAULT_DAYS
    ) -> tuple[PersonalToken, str]:
        """Return a new token and its text, which is stored nowhere. Raises NoTokenError."""
        text = PREFIX + secrets.token_urlsafe(32)
        now = await self._time.plausible()
        if now + days * DAY <= self._clock.now_ms():
            raise ClockAheadError(
                "This machine's clock is ahead of what is plausible, and the token would have ended"
                " already. Set the clock, or confirm it with `srhooks confirm-clock`"
            )
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
        now = self._clock.now_ms()
        if token is None or token.expires_at <= now:
            return None
        if token.used_at is None or abs(now - token.used_at) > TOUCH_INTERVAL:
            await self._store.touch_personal_token(token.id, now)
        return token

    async def all(self, user_id: str) -> list[PersonalToken]:
        return await self._store.personal_tokens(user_id)

    async def revoke(self, user_id: str, token_id: str) -> bool:
        return await self._store.delete_personal_token(user_id, token_id)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
