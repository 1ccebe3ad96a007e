-- What a page shows once, after a form was sent: sealed, since keys are among it.
CREATE TABLE flashes (
    session_id TEXT NOT NULL,
    page TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (session_id, page)
);
CREATE INDEX flashes_until ON flashes (until);
