CREATE TABLE users (
    id TEXT PRIMARY KEY,
    sr_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    access BYTEA NOT NULL,
    refresh BYTEA,
    expires_at BIGINT NOT NULL,
    lifetime BIGINT NOT NULL,
    grant_dead BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

CREATE TABLE ended_sessions (
    id TEXT PRIMARY KEY,
    until BIGINT NOT NULL
);

CREATE TABLE personal_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX personal_tokens_user ON personal_tokens (user_id);

CREATE TABLE hooks (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    subscription_id TEXT,
    auth_header TEXT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    events TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX hooks_user ON hooks (user_id);

CREATE TABLE hook_keys (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hook_id TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
CREATE INDEX hook_keys_hook ON hook_keys (hook_id);

CREATE TABLE notifications (
    id BIGINT PRIMARY KEY,
    rev BIGINT NOT NULL,
    first_rev BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    hook_id TEXT NOT NULL,
    subscription_id TEXT,
    event_id TEXT,
    event_name TEXT COLLATE "C",  -- prefixes are ranges
    event_version TEXT,
    link TEXT,
    signature TEXT NOT NULL,
    sent_at BIGINT,
    deliveries BIGINT NOT NULL DEFAULT 1,
    last_delivery_at BIGINT NOT NULL,
    entity_status TEXT NOT NULL,
    entity_at BIGINT,
    entity_error TEXT,
    due_at BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    title TEXT,
    changes TEXT,
    headers TEXT NOT NULL,
    body BYTEA NOT NULL,
    entity BYTEA
);
CREATE INDEX notifications_user ON notifications (user_id, id);
CREATE INDEX notifications_rev ON notifications (user_id, rev);
CREATE INDEX notifications_event ON notifications (user_id, event_name, id);
CREATE INDEX notifications_link ON notifications (user_id, link, id);
CREATE UNIQUE INDEX notifications_delivery ON notifications (hook_id, event_id, signature);
CREATE INDEX notifications_pending ON notifications (user_id, id) WHERE entity_status = 'pending';
CREATE INDEX notifications_due ON notifications (user_id, due_at) WHERE entity_status = 'pending';

CREATE TABLE deliveries (
    notification_id BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX deliveries_notification ON deliveries (notification_id);

-- Search: what is above `indexed_to`, or in `reindex`, is not in the index as it stands now.
CREATE TABLE search_state (indexed_to BIGINT NOT NULL);
INSERT INTO search_state VALUES (0);
CREATE TABLE reindex (id BIGINT PRIMARY KEY);
CREATE TABLE search (id BIGINT PRIMARY KEY, text TEXT NOT NULL);
