-- How far the reading of a log got, for those who wait for it.
ALTER TABLE log_walks ADD COLUMN records INTEGER NOT NULL DEFAULT 0;  -- of this walk
ALTER TABLE log_walks ADD COLUMN reached INTEGER;  -- ms: the oldest record of this walk
ALTER TABLE log_walks ADD COLUMN moved_at INTEGER NOT NULL DEFAULT 0;  -- ms

-- When notifications were answered and first shown in a browser, of as many as were measured.
CREATE TABLE stage_times (
    notification_id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    answered_at INTEGER,  -- ms
    shown_at INTEGER  -- ms
);
CREATE INDEX stage_times_user ON stage_times (user_id);

-- The time zone in which an account's people were seen last (IANA time zone database).
CREATE TABLE account_zones (
    user_id TEXT PRIMARY KEY,
    zone TEXT NOT NULL
);
