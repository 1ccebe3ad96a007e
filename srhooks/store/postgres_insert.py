"""New notifications into PostgreSQL, in the order of their commits, whichever process they reached.

An account's lock is held from before its notifications get their ids and numbers until the commit.
So an id or `rev` never becomes visible below one that was read before: neither the live cursor nor
paging by ids can skip a row. Locks are taken in the order of their numbers, which rules out that
two processes wait for each other.
"""

import zlib
from collections.abc import Collection, Iterable

from srhooks.domain.ids import LOW_BITS, PROCESS_BITS, PROCESSES
from srhooks.domain.models import NewNotification
from srhooks.store.filter_sql import INSERT_COLUMNS, REV, insert_values
from srhooks.store.postgres_connection import Connection

ACCOUNT_LOCKS = 727_400_003  # any fixed number; schema/postgres_021.sql has it, too
# ms that an id may lie behind the receipt without the row's keeping both: processes cross often.
TOLERANCE = 500
TYPES = (
    "bigint", "text", "text", "text", "text", "text", "text", "text", "text", "bigint", "bigint",
    "text", "bigint", "text", "bytea", "bigint",
)  # fmt: skip
ARRAYS = ", ".join(f"${place}::{name}[]" for place, name in enumerate(TYPES, 1))
LOCKS, USERS, PROCESS = (f"${len(TYPES) + place}" for place in (1, 2, 3))
RECEIPT = f"coalesce(received_at, id >> {LOW_BITS})"
ID_ABOVE = f"((top >> {PROCESS_BITS}) + place << {PROCESS_BITS}) | {PROCESS}::bigint"
ROW_ID = f"greatest(id, {ID_ABOVE})"
SHIFTED = INSERT_COLUMNS.removeprefix("id, ").removesuffix(", received_at")
INSERT = (
    f"WITH tops AS MATERIALIZED (SELECT user_id AS owner, top"
    f" FROM lock_accounts({LOCKS}::int[], {USERS}::text[])),"
    # The numbers come after the locks, and in the order in which the rows came.
    f" numbered AS MATERIALIZED (SELECT *, {REV} AS rev FROM (SELECT r.*, {ROW_ID} AS row_id"
    f" FROM unnest({ARRAYS}) WITH ORDINALITY AS r({INSERT_COLUMNS}, place)"
    " JOIN tops ON tops.owner = r.user_id ORDER BY place) AS placed),"
    f" stored AS (INSERT INTO notifications (id, rev, first_rev, {SHIFTED}, received_at)"
    f" SELECT row_id, rev, rev, {SHIFTED}, CASE WHEN (row_id >> {LOW_BITS}) - {RECEIPT} >"
    f" CASE WHEN row_id = id THEN 0 ELSE {TOLERANCE} END THEN {RECEIPT} END"
    " FROM numbered ORDER BY place"
    " ON CONFLICT (hook_id, event_id, signature) DO NOTHING RETURNING id)"
    " SELECT n.place, n.row_id FROM numbered n JOIN stored s ON s.id = n.row_id"
)


def lock_accounts(user_ids: Collection[str]) -> str:
    """The statement that takes the locks of these accounts until the transaction ends."""
    locks = ", ".join(map(str, _locks_of(user_ids)))
    return (
        f"SELECT pg_advisory_xact_lock({ACCOUNT_LOCKS}, l) FROM unnest(ARRAY[{locks}]::int[]) AS l"
    )


async def insert_notifications(connection: Connection, rows: list[NewNotification]) -> list[bool]:
    """Whether each went in; one that got another id has it afterwards."""
    columns = [list(column) for column in zip(*map(insert_values, rows), strict=True)]
    user_ids = {row.user_id for row in rows}
    process = rows[0].id % PROCESSES
    stored = dict(
        await connection.fetch(INSERT, *columns, _locks_of(user_ids), list(user_ids), process)
    )
    for place, row in enumerate(rows, 1):
        row.id = stored.get(place, row.id)
    return [place in stored for place in range(1, len(rows) + 1)]


def _locks_of(user_ids: Iterable[str]) -> list[int]:
    return sorted({zlib.crc32(user_id.encode()) - (1 << 31) for user_id in user_ids})
