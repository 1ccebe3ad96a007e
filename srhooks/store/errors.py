"""What a store raises.

StoreError
├── StoreUnavailableError: try again later
│   ├── DiskFullError: no room
│   ├── StoreBusyError: too much at once
│   └── LeaseLostError (fencing.py): another process does this work now
├── SchemaError (migrate.py): the database is not one of this version
├── BackupError (sqlite_backup.py)
└── CopyError (database_copy.py)
"""


class StoreError(Exception):
    """Base of what a store raises."""


class StoreUnavailableError(StoreError):
    """The database is locked, full, corrupt, missing or unreachable."""


class DiskFullError(StoreUnavailableError):
    """There is no room on the database's disk."""


class StoreBusyError(StoreUnavailableError):
    """The queue of writes is full: nothing was stored, try again in a second."""


class IdTakenError(Exception):
    """Another writer has stored a notification under an id: nothing was stored, take other ids.

    The store's own: it never reaches who uses the store.
    """
