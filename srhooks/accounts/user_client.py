"""Ask the service something as a user: in turn, with a fresh token, once more after a 401."""

from collections.abc import Callable
from typing import Any

from yarl import URL

from srhooks.accounts.access_tokens import TokenKeeper
from srhooks.smartrecruiters.client import Answer, ServiceClient, retry_after
from srhooks.smartrecruiters.errors import FreshTokenRefusedError
from srhooks.smartrecruiters.limiter import Limiter

TIMEOUT = 20.0  # seconds


class Gateway:
    def __init__(self, client: ServiceClient, tokens: TokenKeeper) -> None:
        self._client = client
        self._tokens = tokens
        self._limiters: dict[str, Limiter] = {}

    @property
    def api_url(self) -> URL:
        return self._client.api_url

    async def ask(
        self,
        user_id: str,
        method: str,
        target: str,
        *,
        foreground: bool,
        payload: Any = None,
        timeout: float = TIMEOUT,  # noqa: ASYNC109 - of the exchange; waiting in line comes on top
        on_sent: Callable[[], None] | None = None,
    ) -> Answer:
        """The answer, whatever its status. `target` is a path, or a URL at the API's origin.

        `on_sent` is called when the request's turn comes, again where it is sent again.
        Raises ServiceError (GrantDeadError among them) or StoreError.
        """
        url = URL(target) if "://" in target else URL(f"{self.api_url}".rstrip("/") + target)
        token = await self._tokens.access_token(user_id, urgent=foreground)
        answer = await self._send(
            user_id, method, url, token, payload, foreground, timeout, on_sent
        )
        if answer.status == 401:
            try:
                token = await self._tokens.access_token(user_id, refused=token, urgent=foreground)
            except FreshTokenRefusedError:
                return answer
            answer = await self._send(
                user_id, method, url, token, payload, foreground, timeout, on_sent
            )
            if answer.status == 401:
                self._tokens.distrust(user_id)
        return answer

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return sum(limiter.waiting for limiter in self._limiters.values())

    def count_log_in(self, user_id: str) -> None:
        """The log-in asked who this is before the user was known: that counts as well."""
        self._limiters.setdefault(user_id, Limiter()).count()

    async def _send(
        self, user_id: str, method: str, url: URL, token: str, payload: Any, foreground: bool,
        seconds: float, on_sent: Callable[[], None] | None,
    ) -> Answer:  # fmt: skip
        limiter = self._limiters.setdefault(user_id, Limiter())
        async with limiter.slot(foreground=foreground):
            if on_sent is not None:
                on_sent()
            answer = await self._client.send(
                method, url, token=token, payload=payload, timeout=seconds
            )
        limiter.observe(answer.status, answer.headers, retry_after(answer.headers))
        return answer
