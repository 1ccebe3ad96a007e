"""Personal tokens in SQL: part of the store."""

from srhooks.domain.account import PersonalToken
from srhooks.store.group_commit import Transaction
from srhooks.store.queries import Queries

TOKEN = "id, user_id, name, created_at, used_at, expires_at"  # noqa: S105 - names of columns


class PersonalTokenQueries(Queries):
    async def add_personal_token(self, token: PersonalToken, digest: str, most: int) -> bool:
        async def work(tx: Transaction) -> bool:
            rows = await tx.fetch(
                "SELECT count(*) FROM personal_tokens WHERE user_id = $1 AND expires_at > $2",
                token.user_id,
                token.created_at,
            )
            if rows[0][0] >= most:
                return False
            await tx.execute(
                "INSERT INTO personal_tokens (id, user_id, name, digest, created_at, expires_at)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                token.id, token.user_id, token.name, digest, token.created_at, token.expires_at,
            )  # fmt: skip
            return True

        return await self._work(work)

    async def personal_tokens(self, user_id: str) -> list[PersonalToken]:
        rows = await self._read(
            f"SELECT {TOKEN} FROM personal_tokens WHERE user_id = $1 ORDER BY created_at, id",
            user_id,
        )
        return [PersonalToken(*row) for row in rows]

    async def personal_token(self, digest: str) -> PersonalToken | None:
        rows = await self._read(f"SELECT {TOKEN} FROM personal_tokens WHERE digest = $1", digest)
        return PersonalToken(*rows[0]) if rows else None

    async def touch_personal_token(self, token_id: str, at: int) -> None:
        await self._write("UPDATE personal_tokens SET used_at = $2 WHERE id = $1", token_id, at)

    async def delete_personal_token(self, user_id: str, token_id: str) -> bool:
        deleted = await self._write(
            "DELETE FROM personal_tokens WHERE user_id = $1 AND id = $2", user_id, token_id
        )
        return deleted > 0
