-- What has to be erased, noted until it is: a crash leaves nothing half done.
CREATE TABLE erasures (
    user_id TEXT NOT NULL,
    candidate_id TEXT NOT NULL,  -- empty: the whole account
    at BIGINT NOT NULL,
    rev BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, candidate_id)
);
