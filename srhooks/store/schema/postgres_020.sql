-- The processes that serve this database, and what each of them has taken on.
CREATE TABLE processes (
    id TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,  -- stands in the ids that it makes
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    version TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    until BIGINT NOT NULL  -- ms, by this server's clock: then the others take over what it had
);

-- Work that one process at a time does. With the process goes what it had.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES processes (id) ON DELETE CASCADE
);
CREATE INDEX leases_owner ON leases (owner);

-- The service's rate limit, cut into slots: who has one may make that many requests a second.
CREATE TABLE rate_slots (
    user_id TEXT NOT NULL,
    slot BIGINT NOT NULL,
    owner TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (user_id, slot)
);

-- Who waits for slots: whoever has more than a fair share gives some back.
CREATE TABLE rate_wants (
    user_id TEXT NOT NULL,
    owner TEXT NOT NULL REFERENCES processes (id) ON DELETE CASCADE,
    until BIGINT NOT NULL,
    PRIMARY KEY (user_id, owner)
);
CREATE INDEX rate_wants_owner ON rate_wants (owner);
