-- Who is told of incidents, and of which.
CREATE TABLE alert_settings (
    user_id TEXT PRIMARY KEY,
    emails TEXT NOT NULL,  -- JSON list
    kinds TEXT NOT NULL,   -- JSON list
    quiet TEXT             -- JSON object: from, to, zone
);
-- Addresses that must follow, or have followed, the link that was sent to them.
CREATE TABLE alert_addresses (
    user_id TEXT NOT NULL,
    email TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    asked_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    PRIMARY KEY (user_id, email)
);
-- The outbox: what a channel has to say to somebody, until it was said or given up.
CREATE TABLE alert_messages (
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    target TEXT NOT NULL,
    message TEXT NOT NULL,  -- JSON
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX alert_messages_due ON alert_messages (channel, due_at);
CREATE INDEX alert_messages_user ON alert_messages (user_id);
-- When something was told of an account, to keep it from becoming a flood.
CREATE TABLE alerts_told (
    user_id TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX alerts_told_user ON alerts_told (user_id, at);
-- When an open incident was last told of.
CREATE TABLE incident_reminders (
    incident_id INTEGER PRIMARY KEY,
    told_at INTEGER NOT NULL
);
