-- Of use where several processes serve one database, which PostgreSQL alone allows: see there.
CREATE TABLE processes (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    until INTEGER NOT NULL
);
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL
);
CREATE INDEX leases_owner ON leases (owner);
CREATE TABLE rate_slots (
    user_id TEXT NOT NULL,
    slot INTEGER NOT NULL,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (user_id, slot)
);
CREATE TABLE rate_wants (
    user_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (user_id, owner)
);
CREATE INDEX rate_wants_owner ON rate_wants (owner);
