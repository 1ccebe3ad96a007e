-- When it was received (ms), where its id holds a later time because the clock had been ahead.
ALTER TABLE notifications ADD COLUMN received_at INTEGER;
CREATE INDEX notifications_moved ON notifications (user_id, id, received_at, event_name)
    WHERE received_at IS NOT NULL;

-- What background work keeps from one run to the next, such as the time that it trusts.
CREATE TABLE maintenance_state (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);
