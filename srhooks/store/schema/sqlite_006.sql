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
