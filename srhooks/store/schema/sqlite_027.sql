-- A search looks through the newest names first, and no further than its time allows.
CREATE INDEX subject_names_newest ON subject_names (user_id, notification_id);
DROP INDEX subject_names_user;
