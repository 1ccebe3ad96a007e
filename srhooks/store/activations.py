"""The steps of activations, one row for each subscription."""

from srhooks.store.queries import Queries


class ActivationQueries(Queries):
    async def save_activation(self, user_id: str, subscription_id: str, steps: str) -> None:
        await self._write(
            "INSERT INTO activation_logs (user_id, subscription_id, steps) VALUES ($1, $2, $3)"
            " ON CONFLICT (user_id, subscription_id) DO UPDATE SET steps = excluded.steps",
            user_id, subscription_id, steps,
        )  # fmt: skip

    async def activations(self, user_id: str) -> dict[str, str]:
        rows = await self._read(
            "SELECT subscription_id, steps FROM activation_logs WHERE user_id = $1", user_id
        )
        return {row[0]: row[1] for row in rows}

    async def drop_activation(self, user_id: str, subscription_id: str) -> None:
        await self._write(
            "DELETE FROM activation_logs WHERE user_id = $1 AND subscription_id = $2",
            user_id,
            subscription_id,
        )
