-- A database as schema 4 left it, with its data. Stored: it never changes.
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
-- What somebody must look at is rare: a page finds it without reading everything else.
CREATE INDEX notifications_doubtful ON notifications (user_id, signature, id)
    WHERE signature IN ('invalid', 'unverifiable');
CREATE INDEX notifications_unfetched ON notifications (user_id, entity_status, id)
    WHERE entity_status IN ('failed', 'refused');
-- What has to be erased, noted until it is: a crash leaves nothing half done.
CREATE TABLE erasures (
    user_id TEXT NOT NULL,
    candidate_id TEXT NOT NULL,  -- empty: the whole account
    at INTEGER NOT NULL,
    rev INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, candidate_id)
);
-- The last notification of each subscription, and the feed of one.
CREATE INDEX notifications_subscription ON notifications (user_id, subscription_id, id);
-- Each state of an entity but `fetched`, which nearly all are in.
DROP INDEX notifications_unfetched;
CREATE INDEX notifications_unfetched ON notifications (user_id, entity_status, id)
    WHERE entity_status IN ('failed', 'refused', 'gone', 'none');

INSERT INTO users (id, sr_id, name, email, access, refresh, expires_at, lifetime, grant_dead, created_at, seen_at)
VALUES ('u1', 'sr1', 'Ada Novak', 'ada@example.com', X'616363657373', X'72656672657368', 1790000000000, 3600000, 0, 1780000000000, 1790000000000);
INSERT INTO hooks (id, user_id, subscription_id, auth_header, created_at, events)
VALUES ('h1', 'u1', 's1', 'x-auth', 1780000000000, '["job.created"]');
INSERT INTO hook_keys (hook_id, sealed, created_at) VALUES ('h1', X'7365616c6564', 1780000000000);
INSERT INTO personal_tokens (id, user_id, name, digest, created_at) VALUES ('t1', 'u1', 'laptop', 'digest', 1780000000000);
INSERT INTO notifications (id, rev, first_rev, user_id, hook_id, subscription_id, event_id, event_name, event_version, link, signature, sent_at, deliveries, last_delivery_at, entity_status, entity_at, title, headers, body, entity)
VALUES (3753902080257950096, 3753902080257950996, 3753902080257950196, 'u1', 'h1', 's1', 'e1', 'job.created', 'v1', 'https://api.test/jobs/1', 'valid', 1790000000000, 2, 1790000000500, 'fetched', 1790000000900, 'Engineer', '{"event-name": "job.created"}', X'7b226a6f625f6964223a202231222c2022776f7264223a20226e6565646c65227d', X'7b226964223a202231222c20227469746c65223a2022456e67696e656572227d');
INSERT INTO notifications (id, rev, first_rev, user_id, hook_id, subscription_id, event_id, event_name, event_version, link, signature, deliveries, last_delivery_at, entity_status, due_at, headers, body)
VALUES (3753902082097152007, 3753902082097152099, 3753902082097152099, 'u1', 'h1', 's1', 'e2', 'job.updated', 'v1', 'https://api.test/jobs/2', 'unsigned', 1, 1790000001000, 'pending', 1790000001000, '{}', X'7b226a6f625f6964223a202231222c2022776f7264223a20226e6565646c65227d');
INSERT INTO deliveries (notification_id, at) VALUES (3753902080257950096, 1790000000500);
INSERT INTO reindex (id) VALUES (3753902082097152007);
UPDATE search_state SET indexed_to = 3753902082097152007;
INSERT INTO search (rowid, text) VALUES (3753902080257950096, 'job.created needle engineer');
INSERT INTO erasures (user_id, candidate_id, at) VALUES ('u1', 'c1', 1790000000000);
PRAGMA journal_mode = WAL;
PRAGMA user_version = 4;
