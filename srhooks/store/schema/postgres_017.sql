-- What the service's callbacks log has and what never arrived here (domain/missed.py).
CREATE TABLE missed (
    id BIGINT PRIMARY KEY,
    user_id TEXT NOT NULL,
    hook_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    identity BYTEA NOT NULL,
    event_id TEXT,
    event_name TEXT,
    sent_at BIGINT,  -- ms, by the sender's timestamp header
    tries TEXT NOT NULL,  -- JSON list of [ms, delivered]
    headers TEXT NOT NULL,
    body BYTEA NOT NULL
);
CREATE UNIQUE INDEX missed_identity ON missed (user_id, identity);

-- How far the log of a subscription was read; of the account where the subscription is empty.
CREATE TABLE log_walks (
    user_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    checked_to BIGINT,
    top BIGINT,
    floor BIGINT NOT NULL,
    position TEXT NOT NULL,
    PRIMARY KEY (user_id, subscription_id)
);

-- Digests of notifications that somebody deleted: what the log has of them is not missed.
CREATE TABLE deleted_notifications (
    digest BYTEA PRIMARY KEY,
    user_id TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX deleted_notifications_user ON deleted_notifications (user_id);
CREATE INDEX deleted_notifications_at ON deleted_notifications (at);

-- Notifications that came from the log and not from the service's call.
CREATE TABLE backfilled (
    notification_id BIGINT PRIMARY KEY,
    user_id TEXT NOT NULL
);
CREATE INDEX backfilled_user ON backfilled (user_id);
