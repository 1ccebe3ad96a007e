"""Accounts, their credentials and sessions in SQL: part of the store."""

from collections.abc import Sequence
from typing import Any

from srhooks.domain.account import Company, CredentialUse, SealedCredential, Session, User
from srhooks.domain.clock import CLOCK_SKEW
from srhooks.store.group_commit import Transaction
from srhooks.store.queries import Queries
from srhooks.store.reserve import may_use_reserve

USER_COLUMNS = (
    "id", "sr_id", "name", "email", "grant_dead", "created_at", "seen_at", "credential", "scopes",
    "company_id", "company_name", "credential_since",
)  # fmt: skip
USER = ", ".join(USER_COLUMNS)
USER_JOINED = ", ".join(f"u.{column}" for column in USER_COLUMNS)
CREDENTIAL = "access, refresh, expires_at, lifetime, grant_dead, credential, scopes"
SESSION = "id, user_id, created_at, used_at, until, agent"


class AccountQueries(Queries):
    # --- accounts and credentials ----------------------------------------------------------------

    @may_use_reserve
    async def save_user(self, user: User, credential: SealedCredential) -> User:
        company = user.company or Company("", None)

        async def work(tx: Transaction) -> User:
            await tx.execute(
                "INSERT INTO users (id, sr_id, name, email, access, refresh, expires_at, lifetime,"
                " grant_dead, created_at, seen_at, credential, scopes, company_id, company_name,"
                " credential_since)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12, $13, $14, $15)"
                " ON CONFLICT (sr_id) DO UPDATE SET"
                " name = coalesce(nullif(excluded.name, ''), users.name), email = excluded.email,"
                " access = excluded.access, refresh = excluded.refresh,"
                " expires_at = excluded.expires_at, lifetime = excluded.lifetime, grant_dead = 0,"
                " credential = excluded.credential, scopes = excluded.scopes,"
                " company_id = coalesce(excluded.company_id, users.company_id),"
                " company_name = coalesce(excluded.company_name, users.company_name),"
                " credential_since = excluded.credential_since, used_at = NULL,"
                " refused_at = NULL, refused_for = NULL",
                user.id, user.sr_id, user.name, user.email, credential.access, credential.renewal,
                credential.expires_at, credential.lifetime, user.created_at, user.seen_at,
                credential.kind, _joined(credential.scopes), company.id or None, company.name,
                user.credential_since,
            )  # fmt: skip
            (row,) = await tx.fetch(f"SELECT {USER} FROM users WHERE sr_id = $1", user.sr_id)
            await tx.execute("DELETE FROM unreadable_kinds WHERE user_id = $1", row[0])
            return _user(row)

        return await self._work(work)

    async def user(self, user_id: str) -> User | None:
        rows = await self._read(f"SELECT {USER} FROM users WHERE id = $1", user_id)
        return _user(rows[0]) if rows else None

    async def user_of(self, sr_id: str) -> User | None:
        rows = await self._read(f"SELECT {USER} FROM users WHERE sr_id = $1", sr_id)
        return _user(rows[0]) if rows else None

    async def user_ids(self) -> list[str]:
        return [row[0] for row in await self._read("SELECT id FROM users")]

    async def credential(self, user_id: str) -> SealedCredential | None:
        rows = await self._read(f"SELECT {CREDENTIAL} FROM users WHERE id = $1", user_id)
        if not rows:
            return None
        access, renewal, expires_at, lifetime, dead, kind, scopes = rows[0]
        return SealedCredential(
            access, renewal, expires_at, lifetime, bool(dead), kind, _split(scopes)
        )

    @may_use_reserve
    async def replace_credential(
        self, user_id: str, old: SealedCredential, new: SealedCredential
    ) -> bool:
        changed = await self._write(
            # Not marked as dead: another process may have used the old refresh token meanwhile.
            "UPDATE users SET access = $3, refresh = $4, expires_at = $5, lifetime = $6,"
            " scopes = $7, grant_dead = 0 WHERE id = $1 AND access = $2",
            user_id, old.access, new.access, new.renewal, new.expires_at, new.lifetime,
            _joined(new.scopes),
        )  # fmt: skip
        return changed > 0

    async def mark_grant_dead(self, user_id: str, access: bytes) -> bool:
        changed = await self._write(
            "UPDATE users SET grant_dead = 1 WHERE id = $1 AND access = $2", user_id, access
        )
        return changed > 0

    @may_use_reserve
    async def record_use(self, user_id: str, use: CredentialUse) -> None:
        await self._write(
            "UPDATE users SET used_at = coalesce($2, used_at),"
            " refused_at = coalesce($3, refused_at), refused_for = coalesce($4, refused_for)"
            " WHERE id = $1",
            user_id, use.used_at, use.refused_at, use.refused_for,
        )  # fmt: skip

    async def credential_use(self, user_id: str) -> CredentialUse:
        rows = await self._read(
            "SELECT used_at, refused_at, refused_for FROM users WHERE id = $1", user_id
        )
        return CredentialUse(*rows[0]) if rows else CredentialUse(None, None, None)

    @may_use_reserve
    async def remember_api_key(self, digest: str, user_id: str) -> None:
        await self._write(
            "INSERT INTO api_keys (digest, user_id) VALUES ($1, $2)"
            " ON CONFLICT (digest) DO UPDATE SET user_id = excluded.user_id",
            digest,
            user_id,
        )

    async def user_of_api_key(self, digest: str) -> User | None:
        rows = await self._read(
            f"SELECT {USER_JOINED} FROM users u JOIN api_keys k ON k.user_id = u.id"
            " WHERE k.digest = $1",
            digest,
        )
        return _user(rows[0]) if rows else None

    # --- what it may not read -------------------------------------------------------------------

    async def mark_unreadable(self, user_id: str, kind: str, at: int) -> None:
        await self._write(
            "INSERT INTO unreadable_kinds (user_id, kind, refused_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (user_id, kind) DO UPDATE SET refused_at = excluded.refused_at",
            user_id,
            kind,
            at,
        )

    async def mark_readable(self, user_id: str, kind: str) -> bool:
        deleted = await self._write(
            "DELETE FROM unreadable_kinds WHERE user_id = $1 AND kind = $2", user_id, kind
        )
        return deleted > 0

    async def unreadable_kinds(self, user_id: str) -> dict[str, int]:
        rows = await self._read(
            "SELECT kind, refused_at FROM unreadable_kinds WHERE user_id = $1 ORDER BY kind",
            user_id,
        )
        return {row[0]: row[1] for row in rows}

    async def event_of_link(self, user_id: str, link: str) -> str | None:
        rows = await self._read(
            "SELECT event_name FROM notifications WHERE user_id = $1 AND link = $2"
            " ORDER BY id DESC LIMIT 1",
            user_id,
            link,
        )
        return rows[0][0] if rows else None

    # --- sessions ------------------------------------------------------------------------------

    @may_use_reserve
    async def add_session(self, session: Session) -> None:
        await self._write(
            f"INSERT INTO sessions ({SESSION}) VALUES ($1, $2, $3, $4, $5, $6)",
            session.id, session.user_id, session.created_at, session.used_at, session.until,
            session.agent,
        )  # fmt: skip

    async def session(self, session_id: str, now: int) -> tuple[User, Session] | None:
        rows = await self._read(
            f"SELECT {USER_JOINED}, s.id, s.user_id, s.created_at, s.used_at, s.until, s.agent"
            " FROM sessions s JOIN users u ON u.id = s.user_id"
            " WHERE s.id = $1 AND s.until > $2 AND s.used_at <= $3",
            session_id,
            now,
            now + CLOCK_SKEW,
        )
        if not rows:
            return None
        count = len(USER_COLUMNS)
        return _user(rows[0][:count]), Session(*rows[0][count:])

    async def sessions(self, user_id: str, now: int) -> list[Session]:
        rows = await self._read(
            f"SELECT {SESSION} FROM sessions WHERE user_id = $1 AND until > $2 AND used_at <= $3"
            " ORDER BY used_at DESC, id",
            user_id,
            now,
            now + CLOCK_SKEW,
        )
        return [Session(*row) for row in rows]

    async def end_sessions_of_later(self, now: int) -> int:
        return await self._write("DELETE FROM sessions WHERE used_at > $1", now + CLOCK_SKEW)

    async def touch_session(self, session_id: str, used_at: int, until: int) -> None:
        await self._write(
            "UPDATE sessions SET used_at = $2, until = $3 WHERE id = $1", session_id, used_at, until
        )

    @may_use_reserve
    async def end_session(self, user_id: str, session_id: str) -> bool:
        ended = await self._write(
            "DELETE FROM sessions WHERE user_id = $1 AND id = $2", user_id, session_id
        )
        return ended > 0

    @may_use_reserve
    async def end_sessions(self, user_id: str) -> int:
        return await self._write("DELETE FROM sessions WHERE user_id = $1", user_id)

    @may_use_reserve
    async def revoke_access(self, user_id: str) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute("DELETE FROM sessions WHERE user_id = $1", user_id)
            await tx.execute("DELETE FROM personal_tokens WHERE user_id = $1", user_id)
            await tx.execute("UPDATE users SET grant_dead = 1 WHERE id = $1", user_id)

        await self._work(work)


def _user(row: Sequence[Any]) -> User:
    company = None if row[9] is None else Company(row[9], row[10])
    return User(
        row[0], row[1], row[2], row[3], bool(row[4]), row[5], row[6], row[7], _split(row[8]),
        company, row[11],
    )  # fmt: skip


def _joined(scopes: tuple[str, ...] | None) -> str | None:
    return None if scopes is None else " ".join(scopes)


def _split(scopes: str | None) -> tuple[str, ...] | None:
    return None if scopes is None else tuple(scopes.split())
