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
