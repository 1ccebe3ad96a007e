"""Accounts, and what they log in and are called with: credentials, sessions, personal tokens.

Times are milliseconds since 1970 (UTC). Pure data, no I/O.
"""

from dataclasses import dataclass
from typing import Literal, get_args

CredentialKind = Literal["oauth", "api-key", "client-credentials"]
CREDENTIAL_KINDS: tuple[str, ...] = get_args(CredentialKind)


@dataclass(frozen=True, slots=True)
class Company:
    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class User:
    """An account: a person's, a company's (its API keys) or a client id's."""

    id: str
    sr_id: str  # the service's id of the person, or "company:", "key:", "client:" and what it is of
    name: str
    email: str
    grant_dead: bool  # the service refuses our credential: log in again
    created_at: int
    seen_at: int  # ms; what arrived later is new since the last visit
    credential: CredentialKind = "oauth"
    scopes: tuple[str, ...] | None = None  # granted; None: not known
    company: Company | None = None
    credential_since: int = 0  # ms, of the log-in that brought the credential


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """A user's credential, encrypted."""

    access: bytes  # an access token, or an API key
    renewal: bytes | None  # a refresh token, or a client id with its secret
    expires_at: int  # ms, of what `access` holds
    lifetime: int  # ms, as granted
    dead: bool
    kind: CredentialKind = "oauth"
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CredentialUse:
    """When a credential last worked and was last refused (401 or 403)."""

    used_at: int | None
    refused_at: int | None
    refused_for: str | None  # what was asked for, in words


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in."""

    id: str
    user_id: str
    created_at: int
    used_at: int  # ms, of the last use that was noted
    until: int  # ms, when it ends unless it is used
    agent: str  # the User-Agent header of the browser


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """Lets a person's program read their notifications; its text is known to nobody but them."""

    id: str
    user_id: str
    name: str
    created_at: int
    used_at: int | None
    expires_at: int
