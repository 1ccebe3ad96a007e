"""Hooks and their signing keys in SQL: part of the store."""

from srhooks.domain.models import Hook, HookKey
from srhooks.store.group_commit import Transaction
from srhooks.store.queries import Queries

HOOK = "id, user_id, subscription_id, auth_header, created_at, deleted_at, events, name"
KEY = "id, hook_id, sealed, created_at, retired_at"


class HookQueries(Queries):
    async def add_hook(self, hook: Hook) -> None:
        await self._write(
            f"INSERT INTO hooks ({HOOK}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            hook.id, hook.user_id, hook.subscription_id, hook.auth_header, hook.created_at,
            hook.deleted_at, hook.events, hook.name,
        )  # fmt: skip

    async def hook(self, hook_id: str) -> Hook | None:
        rows = await self._read(f"SELECT {HOOK} FROM hooks WHERE id = $1", hook_id)
        return Hook(*rows[0]) if rows else None

    async def hooks(self, user_id: str) -> list[Hook]:
        rows = await self._read(
            f"SELECT {HOOK} FROM hooks WHERE user_id = $1 ORDER BY created_at", user_id
        )
        return [Hook(*row) for row in rows]

    async def bind_hook(self, hook_id: str, subscription_id: str) -> None:
        await self._write(
            "UPDATE hooks SET subscription_id = $2 WHERE id = $1", hook_id, subscription_id
        )

    async def keep_events(self, hook_id: str, events: str) -> None:
        await self._write("UPDATE hooks SET events = $2 WHERE id = $1", hook_id, events)

    async def name_hook(self, hook_id: str, name: str | None) -> None:
        await self._write("UPDATE hooks SET name = $2 WHERE id = $1", hook_id, name)

    async def retire_hook(self, hook_id: str, at: int) -> None:
        await self._write(
            "UPDATE hooks SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL", hook_id, at
        )

    async def delete_hook(self, hook_id: str) -> None:
        await self._write(
            "DELETE FROM hooks WHERE id = $1 AND subscription_id IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM notifications WHERE hook_id = $1)",
            hook_id,
        )

    async def keys(self, hook_id: str) -> list[HookKey]:
        rows = await self._read(
            f"SELECT {KEY} FROM hook_keys WHERE hook_id = $1 ORDER BY created_at DESC, id DESC",
            hook_id,
        )
        return [HookKey(*row) for row in rows]

    async def add_key(self, hook_id: str, sealed: bytes, at: int) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(
                "UPDATE hook_keys SET retired_at = $2 WHERE hook_id = $1 AND retired_at IS NULL",
                hook_id,
                at,
            )
            await tx.execute(
                "INSERT INTO hook_keys (hook_id, sealed, created_at) VALUES ($1, $2, $3)",
                hook_id, sealed, at,
            )  # fmt: skip

        await self._work(work)

    async def reseal_key(self, key_id: int, sealed: bytes) -> None:
        await self._write("UPDATE hook_keys SET sealed = $2 WHERE id = $1", key_id, sealed)

    async def hooks_with_keys(self, user_id: str) -> set[str]:
        rows = await self._read(
            "SELECT DISTINCT k.hook_id FROM hook_keys k JOIN hooks h ON h.id = k.hook_id"
            " WHERE h.user_id = $1",
            user_id,
        )
        return {row[0] for row in rows}
