-- Notifications that somebody of the account has opened: they are no news any more.
CREATE TABLE opened (
    notification_id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL
);
CREATE INDEX opened_user ON opened (user_id, notification_id);
