-- Candidates and jobs whose names are asked for, since no notification told them.
CREATE TABLE name_requests (
    subject BYTEA PRIMARY KEY,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    notification_id BIGINT NOT NULL,
    due_at BIGINT  -- NULL: asked, once and for all
);
CREATE INDEX name_requests_notification ON name_requests (notification_id);
CREATE INDEX name_requests_user ON name_requests (user_id);
CREATE INDEX name_requests_due ON name_requests (due_at) WHERE due_at IS NOT NULL;
