"""The steps of activations, one row for each subscription."""

from srhooks.store.queries import Queries

MAX_STEPS = 12_000  # characters of an activation's steps; further steps are not stored


class ActivationQueries(Queries):
    async def begin_activation(self, user_id: str, subscription_id: str) -> None:
        await self._write(
            "INSERT INTO activation_logs (user_id, subscription_id, steps) VALUES ($1, $2, '[]')"
            " ON CONFLICT (user_id, subscription_id) DO UPDATE SET steps = '[]'",
            user_id,
            subscription_id,
        )

    async def add_activation_step(self, user_id: str, subscription_id: str, step: str) -> None:
        # One statement, since another process may add to it at the same time.
        await self._write(
            "INSERT INTO activation_logs AS a (user_id, subscription_id, steps)"
            " VALUES ($1, $2, '[' || CAST($3 AS TEXT) || ']')"
            " ON CONFLICT (user_id, subscription_id) DO UPDATE"
            " SET steps = CASE WHEN a.steps = '[]' THEN excluded.steps"
            " ELSE substr(a.steps, 1, length(a.steps) - 1) || ', ' || CAST($3 AS TEXT) || ']' END"
            f" WHERE length(a.steps) < {MAX_STEPS:d}",
            user_id,
            subscription_id,
            step,
        )

    async def activations(self, user_id: str) -> dict[str, str]:
        rows = await self._read(
            "SELECT subscription_id, steps FROM activation_logs WHERE user_id = $1", user_id
        )
        return {row[0]: row[1] for row in rows}

    async def delete_activation(self, user_id: str, subscription_id: str) -> None:
        await self._write(
            "DELETE FROM activation_logs WHERE user_id = $1 AND subscription_id = $2",
            user_id,
            subscription_id,
        )
