"""The three kinds of credential behind one protocol; the code above does not tell them apart.

Sources: SmartRecruiters, "Authentication": an API key goes into X-SmartToken and never ends; a
client id gets access tokens without refresh tokens; an authorization-code grant has refresh tokens
that work once.
"""

import json
import logging
from dataclasses import replace
from typing import Any, Protocol

from yarl import URL

from srhooks.config import Settings
from srhooks.domain.account import CredentialKind
from srhooks.smartrecruiters.client import (
    Answer,
    Authorization,
    ServiceClient,
    bearer,
    raise_for_error,
    smart_token,
)
from srhooks.smartrecruiters.errors import (
    GrantDeadError,
    ServiceAnsweredError,
    ServiceError,
    UnauthorizedError,
    brief,
)
from srhooks.smartrecruiters.oauth import Grant, exchange_client_credentials, refresh_grant
from srhooks.smartrecruiters.webhooks_api import API

log = logging.getLogger(__name__)

SUBSCRIPTIONS = f"{API}?limit=1"
WHO_AM_I = "/user-api/v201804/users/me"
ADMINISTRATOR = "ADMINISTRATOR"
REFUSED_STATUSES = (400, 401, 403)  # of a token call: RFC 6749, 5.2, and a service that says 403
KEY_LIFETIME = 100 * 365 * 86_400  # seconds: an API key does not end by itself
TIMEOUT = 15.0  # seconds


class Credential(Protocol):
    """Authorises a user's calls and renews their authorisation. It holds no secret itself."""

    kind: CredentialKind

    def authorization(self, access: str) -> Authorization:
        """The header for a call; `access` is an access token or an API key."""

    async def renew(self, access: str, renewal: str | None) -> Grant:
        """Return a new grant in place of one that expired or was refused.

        Called for one renewal of a user at a time: it may use `renewal` up.
        Raises GrantDeadError when the service refuses the credential for good, another
        ServiceError when it is not known for now.
        """

    async def is_administrators(self, access: str) -> bool:
        """Whether its holder still is an administrator; True where nobody in person holds it, and
        where the service does not say. Never raises ServiceError."""


class ApiKey:
    kind: CredentialKind = "api-key"

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def authorization(self, access: str) -> Authorization:
        return smart_token(access)

    async def renew(self, access: str, renewal: str | None) -> Grant:  # noqa: ARG002 - has none
        """A key cannot be renewed. Whether it is dead says the call that proved it at the log-in:
        one address that answers 401 for reasons of its own must not end the account."""
        answer = await call(self._client, SUBSCRIPTIONS, self.authorization(access))
        if answer.status == 401:
            raise GrantDeadError
        if answer.status != 403:  # it may do less than before, but it is known
            raise_for_error(answer)
        return key_grant(access)

    async def is_administrators(self, access: str) -> bool:  # noqa: ARG002 - nobody's in person
        return True


class ClientCredentials:
    kind: CredentialKind = "client-credentials"

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def authorization(self, access: str) -> Authorization:
        return bearer(access)

    async def renew(self, access: str, renewal: str | None) -> Grant:  # noqa: ARG002 - not needed
        if renewal is None:
            raise GrantDeadError
        client_id, client_secret = json.loads(renewal)
        try:
            grant = await exchange_client_credentials(self._client, client_id, client_secret)
        except ServiceAnsweredError as error:
            raise dead_or_same(error) from None
        return replace(grant, refresh_token=renewal)

    async def is_administrators(self, access: str) -> bool:  # noqa: ARG002 - nobody's in person
        return True


class OAuthGrant:
    kind: CredentialKind = "oauth"

    def __init__(self, client: ServiceClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def authorization(self, access: str) -> Authorization:
        return bearer(access)

    async def renew(self, access: str, renewal: str | None) -> Grant:  # noqa: ARG002 - not needed
        if renewal is None:
            raise GrantDeadError
        try:
            grant = await refresh_grant(self._client, self._settings, renewal)
        except ServiceAnsweredError as error:
            raise dead_or_same(error) from None
        if grant.refresh_token is None:  # the one before goes on counting (RFC 6749, 6)
            grant = replace(grant, refresh_token=renewal)
        return grant

    async def is_administrators(self, access: str) -> bool:
        try:
            answer = await call(self._client, WHO_AM_I, self.authorization(access))
            profile = raise_for_error(answer).json()
        except ServiceError as error:
            log.warning("could not ask whether the user still is an administrator: %s",
                        brief(error))  # fmt: skip
            return True
        return not isinstance(profile, dict) or is_administrator(profile)


def credentials(client: ServiceClient, settings: Settings) -> dict[CredentialKind, Credential]:
    every: tuple[Credential, ...] = (
        ApiKey(client),
        ClientCredentials(client),
        OAuthGrant(client, settings),
    )
    return {credential.kind: credential for credential in every}


def key_grant(api_key: str) -> Grant:
    """An API key as a grant: it stands in place of an access token."""
    return Grant(api_key, None, KEY_LIFETIME)


def client_renewal(client_id: str, client_secret: str) -> str:
    """Client id and secret as one text, in place of a refresh token."""
    return json.dumps([client_id, client_secret])


async def call(client: ServiceClient, path: str, authorization: Authorization) -> Answer:
    """GET a path of the API. Raises ServiceError when there is no answer."""
    url = URL(f"{client.api_url}".rstrip("/") + path)
    return await client.send("GET", url, authorization=authorization, timeout=TIMEOUT)


def is_administrator(profile: dict[str, Any]) -> bool:
    role = profile.get("systemRole")
    return (
        isinstance(role, dict)
        and role.get("id") == ADMINISTRATOR
        and profile.get("active") is not False
    )


def dead_or_same(error: ServiceAnsweredError) -> ServiceError:
    """Turn the error of a token call into GrantDeadError where it means that; else return it."""
    refused = isinstance(error, UnauthorizedError) or error.status in REFUSED_STATUSES
    return GrantDeadError() if refused else error
