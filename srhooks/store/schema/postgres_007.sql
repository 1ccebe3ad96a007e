CREATE TABLE incidents (
    id BIGINT PRIMARY KEY,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,  -- subscription, family of events, or empty: the account
    subscription_id TEXT,
    title TEXT NOT NULL,
    details TEXT NOT NULL,  -- JSON object
    opened_at BIGINT NOT NULL,
    ended_at BIGINT,
    acknowledged_at BIGINT
);
CREATE UNIQUE INDEX incidents_open ON incidents (user_id, kind, subject) WHERE ended_at IS NULL;
CREATE INDEX incidents_user ON incidents (user_id, id);
CREATE INDEX incidents_ended ON incidents (ended_at) WHERE ended_at IS NOT NULL;
-- What the channels have to tell: a row for each opening and end, written in the same transaction.
CREATE TABLE incident_events (
    id BIGINT PRIMARY KEY,
    incident_id BIGINT NOT NULL,
    change TEXT NOT NULL,
    at BIGINT NOT NULL
);
