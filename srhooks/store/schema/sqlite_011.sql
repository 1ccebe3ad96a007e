-- Subscriptions of ours as the watch last saw them; those deleted are not kept.
CREATE TABLE watched_subscriptions (
    user_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    hook_id TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    since INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    was_active INTEGER NOT NULL,
    PRIMARY KEY (user_id, subscription_id)
);
-- When each account was looked at, and when it is next.
CREATE TABLE watch_looks (
    user_id TEXT PRIMARY KEY,
    looked_at INTEGER,
    next_at INTEGER NOT NULL,
    failures INTEGER NOT NULL
);
-- When the program ran: a gap between two rows is a time in which it was down.
CREATE TABLE program_runs (
    started_at INTEGER PRIMARY KEY,
    seen_at INTEGER NOT NULL
);
