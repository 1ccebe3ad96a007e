-- A database as schema 18 left it, with its data. Stored: it never changes.
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
-- The fetcher asks for links that were never followed (newest first), for those that are due again,
-- and for how often one failed. Only the first is touched by a notification that comes in.
CREATE INDEX notifications_untried ON notifications (user_id, id)
    WHERE entity_status = 'pending' AND attempts = 0;
CREATE INDEX notifications_retried ON notifications (user_id, due_at)
    WHERE entity_status = 'pending' AND attempts > 0;
CREATE INDEX notifications_failing ON notifications (user_id, link, id)
    WHERE entity_status = 'pending' AND attempts > 0;
-- What each notification names: `subject` is a digest of user, kind and id (domain/subjects.py).
CREATE TABLE notification_subjects (
    notification_id INTEGER NOT NULL,
    subject BLOB NOT NULL,
    PRIMARY KEY (notification_id, subject)
) WITHOUT ROWID;
CREATE INDEX notification_subjects_subject ON notification_subjects (subject, notification_id);

-- Up to which change of a user's notifications the table above is complete.
CREATE TABLE subject_state (
    user_id TEXT PRIMARY KEY,
    rev INTEGER NOT NULL
);

-- What was known to be an erased candidate's: what was sent before the erasure must not come back.
CREATE TABLE erased_subjects (
    candidate BLOB NOT NULL,
    subject BLOB NOT NULL,
    user_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (candidate, subject)
) WITHOUT ROWID;
CREATE INDEX erased_subjects_subject ON erased_subjects (subject);
CREATE INDEX erased_subjects_user ON erased_subjects (user_id);
CREATE INDEX erased_subjects_at ON erased_subjects (at);
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,  -- subscription, family of events, or empty: the account
    subscription_id TEXT,
    title TEXT NOT NULL,
    details TEXT NOT NULL,  -- JSON object
    opened_at INTEGER NOT NULL,
    ended_at INTEGER,
    acknowledged_at INTEGER
);
CREATE UNIQUE INDEX incidents_open ON incidents (user_id, kind, subject) WHERE ended_at IS NULL;
CREATE INDEX incidents_user ON incidents (user_id, id);
CREATE INDEX incidents_ended ON incidents (ended_at) WHERE ended_at IS NOT NULL;
-- What the channels have to tell: a row for each opening and end, written in the same transaction.
CREATE TABLE incident_events (
    id INTEGER PRIMARY KEY,
    incident_id INTEGER NOT NULL,
    change TEXT NOT NULL,
    at INTEGER NOT NULL
);
-- Log-ins that are alive: a session that is not listed, or whose time is up, is over.
DROP TABLE ended_sessions;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    agent TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_until ON sessions (until);

-- Personal tokens end. Those that had no end get 90 days from now.
ALTER TABLE personal_tokens ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;
UPDATE personal_tokens SET expires_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000 + 7776000000;

-- The credential of an account: of which kind, what it may, whose it is, how it fared.
ALTER TABLE users ADD COLUMN credential TEXT NOT NULL DEFAULT 'oauth';
ALTER TABLE users ADD COLUMN scopes TEXT;  -- with spaces between; NULL: not known
ALTER TABLE users ADD COLUMN company_id TEXT;
ALTER TABLE users ADD COLUMN company_name TEXT;
ALTER TABLE users ADD COLUMN credential_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN used_at INTEGER;
ALTER TABLE users ADD COLUMN refused_at INTEGER;
ALTER TABLE users ADD COLUMN refused_for TEXT;
UPDATE users SET credential_since = created_at;

-- The account that an API key led to, by the key's SHA-256: also when its company cannot be read.
CREATE TABLE api_keys (
    digest TEXT PRIMARY KEY,
    user_id TEXT NOT NULL
);
CREATE INDEX api_keys_user ON api_keys (user_id);

-- Kinds of entity that the service would not let the account's credential read (403).
CREATE TABLE unreadable_kinds (
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    refused_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind)
);
-- What a thing was called when it was last read: it names what is deleted, or has no name itself.
CREATE TABLE subject_names (
    subject BLOB PRIMARY KEY,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    notification_id INTEGER NOT NULL
);
CREATE INDEX subject_names_notification ON subject_names (notification_id);
CREATE INDEX subject_names_user ON subject_names (user_id);

-- The names in what was indexed before this table was there are read once more.
DELETE FROM subject_state;
-- Notifications that somebody of the account has opened: they are no news any more.
CREATE TABLE opened (
    notification_id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL
);
CREATE INDEX opened_user ON opened (user_id, notification_id);
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
-- When it was received (ms), where its id holds a later time because the clock had been ahead.
ALTER TABLE notifications ADD COLUMN received_at INTEGER;
CREATE INDEX notifications_moved ON notifications (user_id, id, received_at, event_name)
    WHERE received_at IS NOT NULL;

-- What background work keeps from one run to the next, such as the time that it trusts.
CREATE TABLE maintenance_state (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);
-- Texts are folded in another way now (composed letters, dotless i, white space): index all anew.
-- What is not yet indexed is found by reading.
UPDATE search_state SET indexed_to = 0;
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
-- What a person calls the subscription of a hook.
ALTER TABLE hooks ADD COLUMN name TEXT;
-- The steps of each subscription's last activation (a JSON list), so that they survive a restart.
CREATE TABLE activation_logs (
    user_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    steps TEXT NOT NULL,
    PRIMARY KEY (user_id, subscription_id)
);
-- What the service's callbacks log has and what never arrived here (domain/missed.py).
CREATE TABLE missed (
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    hook_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    identity BLOB NOT NULL,
    event_id TEXT,
    event_name TEXT,
    sent_at INTEGER,  -- ms, by the sender's timestamp header
    tries TEXT NOT NULL,  -- JSON list of [ms, delivered]
    headers TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX missed_identity ON missed (user_id, identity);

-- How far the log of a subscription was read; of the account where the subscription is empty.
CREATE TABLE log_walks (
    user_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    checked_to INTEGER,
    top INTEGER,
    floor INTEGER NOT NULL,
    position TEXT NOT NULL,
    PRIMARY KEY (user_id, subscription_id)
);

-- Digests of notifications that somebody deleted: what the log has of them is not missed.
CREATE TABLE deleted_notifications (
    digest BLOB PRIMARY KEY,
    user_id TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX deleted_notifications_user ON deleted_notifications (user_id);
CREATE INDEX deleted_notifications_at ON deleted_notifications (at);

-- Notifications that came from the log and not from the service's call.
CREATE TABLE backfilled (
    notification_id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL
);
CREATE INDEX backfilled_user ON backfilled (user_id);
-- Candidates and jobs whose names are asked for, since no notification told them.
CREATE TABLE name_requests (
    subject BLOB PRIMARY KEY,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    notification_id INTEGER NOT NULL,
    due_at INTEGER  -- NULL: asked, once and for all
);
CREATE INDEX name_requests_notification ON name_requests (notification_id);
CREATE INDEX name_requests_user ON name_requests (user_id);
CREATE INDEX name_requests_due ON name_requests (due_at) WHERE due_at IS NOT NULL;

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
INSERT INTO notifications (id, rev, first_rev, user_id, hook_id, subscription_id, event_id, event_name, event_version, link, signature, deliveries, last_delivery_at, entity_status, title, headers, body, received_at)
VALUES (3753902084097152007, 3753902084097152099, 3753902084097152099, 'u1', 'h1', 's1', 'e3', 'candidate.created', 'v1', NULL, 'valid', 1, 1790000000700, 'none', NULL, '{}', X'7b226964223a20226332227d', 1790000000700);
UPDATE search_state SET indexed_to = 3753902082097152007;
UPDATE users SET credential = 'client-credentials', scopes = 'webhooks_manage jobs_read', company_id = 'acme', company_name = 'Acme', credential_since = 1780000000000, used_at = 1790000000000, refused_at = 1785000000000, refused_for = 'invalid_client';
UPDATE personal_tokens SET expires_at = 4102444800000;
UPDATE hooks SET name = 'Hiring';
INSERT INTO sessions (id, user_id, created_at, used_at, until, agent) VALUES ('session1', 'u1', 1790000000000, 1790000000000, 4102444800000, 'Firefox');
INSERT INTO api_keys (digest, user_id) VALUES ('keydigest', 'u1');
INSERT INTO unreadable_kinds (user_id, kind, refused_at) VALUES ('u1', 'offer', 1790000000000);
INSERT INTO notification_subjects (notification_id, subject) VALUES (3753902080257950096, X'a9491f4c1bf7b0cffbadcba2db8f028e');
INSERT INTO subject_state (user_id, rev) VALUES ('u1', 3753902080257950096);
INSERT INTO erased_subjects (candidate, subject, user_id, at) VALUES (X'8e028fdba2cbadfbcfb0f71b4c1f49a9', X'8e028fdba2cbadfbcfb0f71b4c1f49a9', 'u1', 1790000000000);
INSERT INTO subject_names (subject, user_id, kind, id, name, folded, notification_id) VALUES (X'a9491f4c1bf7b0cffbadcba2db8f028e', 'u1', 'job', '1', 'Engineer', 'engineer', 3753902080257950096);
INSERT INTO name_requests (subject, user_id, kind, id, notification_id, due_at) VALUES (X'a9491f4c1bf7b0cffbadcba2db8f0278', 'u1', 'candidate', 'c2', 3753902084097152007, 1790000000700);
INSERT INTO incidents (id, user_id, kind, subject, subscription_id, title, details, opened_at) VALUES (7, 'u1', 'suspended', 's1', 's1', 'Hiring is suspended', '{"name": "Hiring"}', 1790000000000);
INSERT INTO incident_events (id, incident_id, change, at) VALUES (9, 7, 'opened', 1790000000000);
INSERT INTO incident_reminders (incident_id, told_at) VALUES (7, 1790000000000);
INSERT INTO opened (notification_id, user_id) VALUES (3753902080257950096, 'u1');
INSERT INTO watched_subscriptions (user_id, subscription_id, hook_id, name, status, since, changed_by, was_active) VALUES ('u1', 's1', 'h1', 'Hiring', 'inactive', 1790000000000, 'service', 1);
INSERT INTO watch_looks (user_id, looked_at, next_at, failures) VALUES ('u1', 1790000000000, 1790000300000, 0);
INSERT INTO program_runs (started_at, seen_at) VALUES (1780000000000, 1790000000000);
INSERT INTO maintenance_state (name, value) VALUES ('stored', 18);
INSERT INTO alert_settings (user_id, emails, kinds, quiet) VALUES ('u1', '["ada@example.com"]', '["suspended"]', '{"start": 1320, "end": 420, "zone": "Europe/Berlin"}');
INSERT INTO alert_addresses (user_id, email, digest, asked_at, confirmed_at) VALUES ('u1', 'team@example.com', 'linkdigest', 1790000000000, 1790000001000);
INSERT INTO alert_messages (id, user_id, channel, target, message, created_at, due_at, attempts) VALUES (11, 'u1', 'email', 'ada@example.com', '{}', 1790000000000, 1790000030000, 1);
INSERT INTO alerts_told (user_id, at) VALUES ('u1', 1790000000000);
INSERT INTO activation_logs (user_id, subscription_id, steps) VALUES ('u1', 's1', '[]');
INSERT INTO missed (id, user_id, hook_id, subscription_id, identity, event_id, event_name, sent_at, tries, headers, body) VALUES (13, 'u1', 'h1', 's1', X'a9491f4c1bf7b0cffbadcba2db8f028e', 'e4', 'job.updated', 1790000000000, '[[1790000000000, false]]', '{}', X'7b226964223a202231227d');
INSERT INTO log_walks (user_id, subscription_id, checked_to, top, floor, position) VALUES ('u1', 's1', 1790000000000, NULL, 1787000000000, '');
INSERT INTO deleted_notifications (digest, user_id, at) VALUES (X'a9491f4c1bf7b0cffbadcba2db8f028e', 'u1', 1790000000000);
INSERT INTO backfilled (notification_id, user_id) VALUES (3753902084097152007, 'u1');
CREATE TABLE schema_version (number INTEGER, checksum TEXT);
INSERT INTO schema_version (number, checksum) VALUES (1, 'ccddbe1eb2ae7c1c6f34ad5a9612e234dd59c89e9d6e96c11a3092555792bcab');
INSERT INTO schema_version (number, checksum) VALUES (2, '67f0613a0a45a5f78454bbdaa71d6a047b0ad72d66551ec51f5221f97499bf7b');
INSERT INTO schema_version (number, checksum) VALUES (3, 'f23c2225629126e8968a75bc8c7de5ae942d0a98164bf6001bfa0832dfc588a9');
INSERT INTO schema_version (number, checksum) VALUES (4, '0bfe4fac1bc3346b74df32d84d5a2c7bc095f61813c7e299a7ec2f174e1cdcff');
INSERT INTO schema_version (number, checksum) VALUES (5, '359bc3e977dbd8a0ce72eb0fd85c7252cae39d666680f61311fb28dd26c7b558');
INSERT INTO schema_version (number, checksum) VALUES (6, '748ab65c37e28826d34f3640649e7a0671e71c477520552fd43fff4e5f734f0f');
INSERT INTO schema_version (number, checksum) VALUES (7, 'ae11dd4a2c22d427d0da464ae94595476b33b26eea4c6f07e639f639325a3052');
INSERT INTO schema_version (number, checksum) VALUES (8, 'e926ccb8c83550f525c2640e308a8083cb1a00b05e0c8f194fc62ba7e4274594');
INSERT INTO schema_version (number, checksum) VALUES (9, '9efa8a75317d7650968889de6c2391271aff160812be7ab3f4290d16515515f5');
INSERT INTO schema_version (number, checksum) VALUES (10, 'bbbe089708248d118cead6b5bac4a2dd7f32fc9697deb8ed6e8239ce8ad5e9c0');
INSERT INTO schema_version (number, checksum) VALUES (11, '3e4d80e7fe0abaac0dc9342c602c9314ea24637fa884cd0722ecd178da82457b');
INSERT INTO schema_version (number, checksum) VALUES (12, '0c73dfe4d37c47b927e8369e39b9abea19b144ce33f49e81579e998359cd2d8e');
INSERT INTO schema_version (number, checksum) VALUES (13, '6c2ea17cd813e5afd90741df51592a1afe32578d03a494b456e99f84a59bc94b');
INSERT INTO schema_version (number, checksum) VALUES (14, '4cdf27c2a03753e2e5075ffefc57b5f6189a0858c2f04ed10ae094851f5e9861');
INSERT INTO schema_version (number, checksum) VALUES (15, '2b84f0b6eb109d7bb9862eb117f9fc3a4e381f4bc7af2feed7188635049fab89');
INSERT INTO schema_version (number, checksum) VALUES (16, 'e81b15ca1d57891a8912b51927d1046c60f5c55147007f39dd1a3ad610a48dc2');
INSERT INTO schema_version (number, checksum) VALUES (17, '3f69881fd27fb0248b7315d3d240ae45e08dfe87555d2795251655ec24eec364');
INSERT INTO schema_version (number, checksum) VALUES (18, 'c84a22749aca3b3894c1a0884cbe90945443b6060bc367b2f136dd3b069bb325');
PRAGMA journal_mode = WAL;
PRAGMA user_version = 18;
