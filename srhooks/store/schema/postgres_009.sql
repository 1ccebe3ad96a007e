-- What a thing was called when it was last read: it names what is deleted, or has no name itself.
CREATE TABLE subject_names (
    subject BYTEA PRIMARY KEY,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    notification_id BIGINT NOT NULL
);
CREATE INDEX subject_names_notification ON subject_names (notification_id);
CREATE INDEX subject_names_user ON subject_names (user_id);

-- The names in what was indexed before this table was there are read once more.
DELETE FROM subject_state;
