"""Sum up what was stored before the table `event_counts` existed, in small parts.

Triggers count what is added and deleted from the moment on when they were made. So at any moment a
row of the table holds what changed since, and what was there before is the difference between
what is there now and that row. It is added, whatever is changed meanwhile: each change adds or
takes away as well, and no part of this waits for intake or has it wait.
"""

from srhooks.domain.ids import LOW_BITS, first_id_at, received_ms
from srhooks.store.event_counts import MINUTE, WIDTHS
from srhooks.store.group_commit import Transaction
from srhooks.store.queries import Queries

KEY = "user_id, width, start, event_name, subscription_id"
# What changed in a deleted account is left out; the last part removes it.
OWNERS = "SELECT id FROM users UNION SELECT user_id FROM notifications WHERE id >= $1 AND id < $2"
ADD_MISSING = (
    f"INSERT INTO event_counts ({KEY}, received)"
    " SELECT m.user_id, w.width, m.start / w.width * w.width, m.event_name, m.subscription_id,"
    " sum(m.received) FROM (SELECT user_id, start, event_name, subscription_id,"
    " sum(received) AS received FROM ("
    f" SELECT n.user_id AS user_id, (n.id >> {LOW_BITS}) / {MINUTE} * {MINUTE} AS start,"
    " coalesce(n.event_name, '') AS event_name,"
    " coalesce(n.subscription_id, '') AS subscription_id, count(*) AS received"
    " FROM notifications n WHERE n.id >= $1 AND n.id < $2 GROUP BY 1, 2, 3, 4"
    " UNION ALL SELECT c.user_id, c.start, c.event_name, c.subscription_id, -c.received"
    f" FROM ({OWNERS}) o CROSS JOIN event_counts c WHERE c.user_id = o.id"
    f" AND c.width = {MINUTE} AND c.start >= $3 AND c.start < $4"
    ") seen GROUP BY user_id, start, event_name, subscription_id"
    ") m CROSS JOIN (" + " UNION ALL ".join(f"SELECT {width} AS width" for width in WIDTHS) + ") w"
    " WHERE m.received <> 0 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
    f" ON CONFLICT ({KEY}) DO UPDATE SET received = event_counts.received + excluded.received"
)


class CountBackfillQueries(Queries):
    async def count_some(self, limit: int) -> int:
        ((until,),) = await self._read("SELECT counted_from FROM event_counts_state")
        if until == 0:
            return 0
        rows = await self._read(
            "SELECT id FROM notifications WHERE id < $1"
            f" ORDER BY id DESC LIMIT 1 OFFSET {limit - 1:d}",
            first_id_at(until),
        )
        since = received_ms(rows[0][0]) // MINUTE * MINUTE if rows else 0

        async def work(tx: Transaction) -> None:
            moved = await tx.execute(
                "UPDATE event_counts_state SET counted_from = $1 WHERE counted_from = $2",
                since,
                until,
            )
            if moved:  # else another process has done it
                await tx.execute(ADD_MISSING, first_id_at(since), first_id_at(until), since, until)
                if since == 0:
                    await tx.execute("DELETE FROM event_counts WHERE received <= 0")

        await self._work(work)
        return limit if since else 0
