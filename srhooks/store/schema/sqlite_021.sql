-- What people deleted lately, so that open pages stop showing it.
CREATE TABLE recent_deletions (
    user_id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    notification_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user_id, rev)
);
CREATE INDEX recent_deletions_at ON recent_deletions (at);
