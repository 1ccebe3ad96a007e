"""API keys and OAuth client ids, as an administrator creates them under Apps & Integrations.

Source: developers.smartrecruiters.com, "Authentication". A key has 32 characters and full access;
a client id has scopes and a system role, its secret is shown once.
"""

import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from srhooks.sandbox.errors import ApiError
from srhooks.sandbox.people import ADMINISTRATOR, COMPANY_ID, ROLE_NAMES
from srhooks.sandbox.scopes import ALL_SCOPES, unknown_scopes

KEY_BYTES = 16  # written as 32 hexadecimal characters
MAX_CREDENTIALS = 1_000
MAX_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Company:
    """The company whose data a credential gives access to."""

    identifier: str
    name: str


ACME = Company(identifier=COMPANY_ID, name="Acme Corporation")


@dataclass(kw_only=True)
class ApiKey:
    """Sent as `X-SmartToken`; never expires."""

    id: str
    name: str
    key: str
    company: Company
    created_at: float
    revoked: bool = False

    @property
    def owner_id(self) -> str:
        """The owner of its subscriptions: the company, so that all its keys see the same."""
        return f"company {self.company.identifier}"


@dataclass(kw_only=True)
class OAuthClient:
    """Exchanged for access tokens by `grant_type=client_credentials`."""

    id: str
    name: str
    client_id: str
    client_secret: str
    scope: str
    role: str  # the system role's id
    company: Company
    created_at: float
    revoked: bool = False

    @property
    def owner_id(self) -> str:
        """The owner of its subscriptions: the client id itself."""
        return f"client {self.client_id}"


Credential = ApiKey | OAuthClient


@dataclass(kw_only=True)
class CredentialStore:
    """All credentials, oldest first, including revoked ones."""

    by_id: dict[str, Credential] = field(default_factory=dict)
    not_yet_shown: Credential | None = None  # the page shows a new secret once

    @property
    def api_keys(self) -> list[ApiKey]:
        return [item for item in self.by_id.values() if isinstance(item, ApiKey)]

    @property
    def clients(self) -> list[OAuthClient]:
        return [item for item in self.by_id.values() if isinstance(item, OAuthClient)]

    def create_api_key(
        self, name: str = "", *, company: Company = ACME, key: str | None = None
    ) -> ApiKey:
        """A new key; raises ApiError when there are too many credentials."""
        credential_id = self._new_id()
        made = ApiKey(
            id=credential_id,
            name=_name(name, f"API key {len(self.api_keys) + 1}"),
            key=key or secrets.token_hex(KEY_BYTES),
            company=company,
            created_at=time.time(),
        )
        self.by_id[credential_id] = made
        return made

    def create_client(
        self,
        name: str = "",
        *,
        scope: str = ALL_SCOPES,
        role: str = ADMINISTRATOR,
        company: Company = ACME,
    ) -> OAuthClient:
        """A new client id with its secret; raises ApiError for an unknown scope or role."""
        unknown = unknown_scopes(scope)
        if unknown or not scope.split():
            message = f"unknown scopes: {' '.join(unknown)[:200]}" if unknown else "scopes: none"
            raise ApiError(400, message, "INVALID_SCOPE")
        if role not in ROLE_NAMES:
            raise ApiError(400, f"role must be one of {', '.join(ROLE_NAMES)}", "INVALID_ROLE")
        credential_id = self._new_id()
        made = OAuthClient(
            id=credential_id,
            name=_name(name, f"Client {len(self.clients) + 1}"),
            client_id=secrets.token_hex(8),
            client_secret=secrets.token_urlsafe(32),
            scope=" ".join(dict.fromkeys(scope.split())),
            role=role,
            company=company,
            created_at=time.time(),
        )
        self.by_id[credential_id] = made
        return made

    def find_key(self, key: str) -> ApiKey | None:
        """The key of that value, unless revoked."""
        return next(
            (item for item in self.api_keys if not item.revoked and _same(item.key, key)), None
        )

    def find_client(self, client_id: str) -> OAuthClient | None:
        """The client of that id, unless revoked."""
        return next(
            (item for item in self.clients if not item.revoked and item.client_id == client_id),
            None,
        )

    def get(self, credential_id: str) -> Credential:
        """Raises ApiError 404."""
        found = self.by_id.get(credential_id)
        if found is None:
            raise ApiError(404, "No such credential", "CREDENTIAL_NOT_FOUND")
        return found

    def replace_secret(self, credential_id: str) -> OAuthClient:
        """A new secret for a client id; the old one is refused from now on."""
        client = self.get(credential_id)
        if not isinstance(client, OAuthClient) or client.revoked:
            raise ApiError(400, "Only a client id in use has a secret", "NO_SECRET")
        client.client_secret = secrets.token_urlsafe(32)
        return client

    def _new_id(self) -> str:
        if len(self.by_id) >= MAX_CREDENTIALS:
            raise ApiError(400, f"At most {MAX_CREDENTIALS} credentials", "TOO_MANY_CREDENTIALS")
        return secrets.token_hex(8)


def secret_matches(client: OAuthClient, secret: str) -> bool:
    return _same(client.client_secret, secret)


def credential_json(credential: Credential, *, with_secret: bool = False) -> dict[str, Any]:
    """A credential as the control routes return it; with its secret only when just created."""
    view: dict[str, Any] = {
        "id": credential.id,
        "name": credential.name,
        "company": credential.company.identifier,
        "revoked": credential.revoked,
    }
    if isinstance(credential, ApiKey):
        return view | {"kind": "api-key"} | ({"key": credential.key} if with_secret else {})
    view |= {
        "kind": "client-credentials",
        "clientId": credential.client_id,
        "scopes": credential.scope.split(),
        "role": credential.role,
    }
    return view | ({"clientSecret": credential.client_secret} if with_secret else {})


def _name(name: str, default: str) -> str:
    return name.strip()[:MAX_NAME] or default


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode(errors="surrogateescape"))
