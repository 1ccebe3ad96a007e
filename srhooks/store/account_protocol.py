"""Accounts, log-ins and personal tokens: part of the protocol of the store (protocol.py)."""

from typing import Protocol

from srhooks.domain.account import CredentialUse, PersonalToken, SealedCredential, Session, User


class AccountStore(Protocol):
    # --- accounts and credentials -------------------------------------------------------------
    async def save_user(self, user: User, credential: SealedCredential) -> User:
        """Create the user or, by `sr_id`, renew name, address and credential. The stored user.

        An empty name and an unknown company leave what is stored. What the credential before could
        not read is forgotten.
        """

    async def user(self, user_id: str) -> User | None: ...

    async def user_of(self, sr_id: str) -> User | None: ...

    async def user_ids(self) -> list[str]: ...

    async def mark_seen(self, user_id: str, at: int) -> None: ...

    async def mark_opened(self, user_id: str, notification_id: int) -> None:
        """Mark a notification as opened by a person of the account."""

    async def save_zone(self, user_id: str, zone: str) -> None:
        """Store the time zone that the account's browser reported last."""

    async def account_zone(self, user_id: str) -> str | None: ...

    async def opened(self, user_id: str, since_id: int) -> frozenset[int]:
        """The ids from `since_id` on of notifications that were opened (the newest 5,000)."""

    async def credential(self, user_id: str) -> SealedCredential | None: ...

    async def replace_credential(
        self, user_id: str, old: SealedCredential, new: SealedCredential
    ) -> bool:
        """Store `new` unless `old` has been replaced meanwhile; whether it was stored."""

    async def mark_grant_dead(self, user_id: str, access: bytes) -> bool:
        """Mark the grant as dead unless its credential was replaced; return whether it was."""

    async def record_use(self, user_id: str, use: CredentialUse) -> None:
        """Record when the credential worked or was refused; None leaves a time as it is."""

    async def credential_use(self, user_id: str) -> CredentialUse: ...

    async def remember_api_key(self, digest: str, user_id: str) -> None:
        """Remember which account an API key belongs to, by the key's digest."""

    async def user_of_api_key(self, digest: str) -> User | None: ...

    async def mark_unreadable(self, user_id: str, kind: str, at: int) -> None:
        """Record that the service refused (403) an entity of this kind."""

    async def mark_readable(self, user_id: str, kind: str) -> bool:
        """Clear the mark of a kind; return whether it was marked."""

    async def unreadable_kinds(self, user_id: str) -> dict[str, int]:
        """Kind of entity to the time (ms) of the last refusal (403)."""

    async def event_of_link(self, user_id: str, link: str) -> str | None:
        """The name of the newest event whose notification leads to this link."""

    async def close_account(self, user_id: str, at: int) -> None:
        """Delete the user with credentials, hooks, keys; an erasure row deletes the rest later."""

    # --- sessions -----------------------------------------------------------------------------
    async def add_session(self, session: Session) -> None: ...

    async def session(self, session_id: str, now: int) -> tuple[User, Session] | None:
        """The session and its user; None when it is unknown, expired, or used later than `now`."""

    async def sessions(self, user_id: str, now: int) -> list[Session]:
        """The user's sessions that have not expired, the last used first."""

    async def end_sessions_of_later(self, now: int) -> int:
        """End sessions used later than `now` (ms), while the clock was ahead; return how many."""

    async def touch_session(self, session_id: str, used_at: int, until: int) -> None:
        """Record a use; the session now ends at `until` (ms) unless it is used again."""

    async def save_flash(
        self, session_id: str, page: str, sealed: bytes, now: int, until: int
    ) -> None:
        """Store what the page shows once, until `until` (ms); replaces what is stored for it."""

    async def pop_flash(self, session_id: str, page: str, now: int) -> bytes | None:
        """Remove and return what is stored for the page; None when there is none or it expired."""

    async def end_session(self, user_id: str, session_id: str) -> bool:
        """Delete a session; return whether the user had it."""

    async def end_sessions(self, user_id: str) -> int:
        """Delete all sessions of the user; return how many."""

    async def revoke_access(self, user_id: str) -> None:
        """End the user's sessions and personal tokens, and use their grant no more."""

    # --- personal tokens ----------------------------------------------------------------------
    async def add_personal_token(self, token: PersonalToken, digest: str, most: int) -> bool:
        """Store a token by its digest; False when the user has `most` already."""

    async def personal_tokens(self, user_id: str) -> list[PersonalToken]:
        """Oldest first."""

    async def personal_token(self, digest: str) -> PersonalToken | None:
        """The token of this digest, also when it has expired; None when it is unknown."""

    async def touch_personal_token(self, token_id: str, at: int) -> None:
        """Record that the token was used."""

    async def delete_personal_token(self, user_id: str, token_id: str) -> bool:
        """Delete it; return whether the user had it."""
