CREATE TABLE users (
    id TEXT PRIMARY KEY,
    sr_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    access BLOB NOT NULL,
    refresh BLOB,
    expires_at INTEGER NOT NULL,
    lifetime INTEGER NOT NULL,
    grant_dead INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
);

CREATE TABLE ended_sessions (
    id TEXT PRIMARY KEY,
    until INTEGER NOT NULL
);

CREATE TABLE personal_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    used_at INTEGER
);
CREATE INDEX personal_tokens_user ON personal_tokens (user_id);

CREATE TABLE hooks (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    subscription_id TEXT,
    auth_header TEXT,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    events TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX hooks_user ON hooks (user_id);

CREATE TABLE hook_keys (
    id INTEGER PRIMARY KEY,
    hook_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER
);
CREATE INDEX hook_keys_hook ON hook_keys (hook_id);

-- The large columns stand last: a list that does not show them does not read their pages.
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY,
    rev INTEGER NOT NULL,
    first_rev INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    hook_id TEXT NOT NULL,
    subscription_id TEXT,
    event_id TEXT,
    event_name TEXT,
    event_version TEXT,
    link TEXT,
    signature TEXT NOT NULL,
    sent_at INTEGER,
    deliveries INTEGER NOT NULL DEFAULT 1,
    last_delivery_at INTEGER NOT NULL,
    entity_status TEXT NOT NULL,
    entity_at INTEGER,
    entity_error TEXT,
    due_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    title TEXT,
    changes TEXT,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    entity BLOB
);
CREATE INDEX notifications_user ON notifications (user_id, id);
CREATE INDEX notifications_rev ON notifications (user_id, rev);
CREATE INDEX notifications_event ON notifications (user_id, event_name, id);
CREATE INDEX notifications_link ON notifications (user_id, link, id);
CREATE UNIQUE INDEX notifications_delivery ON notifications (hook_id, event_id, signature);
CREATE INDEX notifications_pending ON notifications (user_id, id) WHERE entity_status = 'pending';
CREATE INDEX notifications_due ON notifications (user_id, due_at) WHERE entity_status = 'pending';

CREATE TABLE deliveries (
    notification_id INTEGER NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX deliveries_notification ON deliveries (notification_id);

-- Search: what is above `indexed_to`, or in `reindex`, is not in the index as it stands now.
CREATE TABLE search_state (indexed_to INTEGER NOT NULL);
INSERT INTO search_state VALUES (0);
CREATE TABLE reindex (id INTEGER PRIMARY KEY);
-- Without the places of the trigrams it is half the size and half the work; the text itself, read for
-- the few candidates, decides.
CREATE VIRTUAL TABLE search
    USING fts5 (text, tokenize = 'trigram case_sensitive 1', detail = none);
