"""Calls that block the event loop fail in tests, but for those that stand here with their reason.

Only calls that srhooks itself makes are looked at: tests may read their files.
"""

import contextlib
from collections.abc import Iterator

from blockbuster import blockbuster_ctx

ALLOWED = (
    # Before anything is served: there is nobody to wait.
    ("srhooks/app.py", {"create_app"}),
    ("srhooks/store/sqlite.py", {"open"}),
    ("srhooks/store/postgres.py", {"open"}),
    ("srhooks/store/migrate.py", {"scripts", "expected_columns"}),
    ("srhooks/sandbox/app.py", {"create_sandbox"}),
    # A program of its own, in whose event loop nobody else waits.
    ("srhooks/commands/copy_database.py", {"_copy"}),
    # The driver looks for a password file and certificates, once a connection.
    ("asyncpg/connect_utils.py", {"_parse_connect_arguments"}),
    # Once: it is kept.
    ("srhooks/version.py", {"program_version"}),
    # 1 us, once a commit or query: a step to a thread and back takes a hundred times as long.
    ("srhooks/store/sqlite_connection.py", {"file_at"}),
    # Some kB, once a time zone: the library keeps it.
    ("zoneinfo/_tzpath.py", {"find_tzfile"}),
    ("zoneinfo/_common.py", {"load_data", "load_tzdata"}),
    # The first time a template is used; it stays compiled.
    ("jinja2/loaders.py", {"get_source"}),
)


@contextlib.contextmanager
def no_blocking_calls() -> Iterator[None]:
    with blockbuster_ctx("srhooks") as found:
        for name, functions in ALLOWED:
            for function in found.functions.values():
                function.can_block_in(name, functions)
        yield
