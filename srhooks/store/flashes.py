"""What pages show once, after a form was sent: whichever process answers the next request."""

from srhooks.store.group_commit import Transaction
from srhooks.store.queries import Queries


class FlashQueries(Queries):
    async def save_flash(
        self, session_id: str, page: str, sealed: bytes, now: int, until: int
    ) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute("DELETE FROM flashes WHERE until < $1", now)
            await tx.execute(
                "INSERT INTO flashes (session_id, page, sealed, until) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (session_id, page) DO UPDATE SET sealed = excluded.sealed,"
                " until = excluded.until",
                session_id, page, sealed, until,
            )  # fmt: skip

        await self._work(work, durable=False)  # nobody misses it after a power cut

    async def pop_flash(self, session_id: str, page: str, now: int) -> bytes | None:
        key = (session_id, page)
        rows = await self._read(
            "SELECT sealed, until FROM flashes WHERE session_id = $1 AND page = $2", *key
        )
        if not rows:
            return None
        sealed, until = rows[0]
        taken = await self._write(
            "DELETE FROM flashes WHERE session_id = $1 AND page = $2 AND until = $3", *key, until
        )
        return bytes(sealed) if taken and until >= now else None
