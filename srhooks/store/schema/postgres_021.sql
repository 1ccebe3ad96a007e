-- Several processes may write. An account's changes are numbered, and its notifications get their
-- ids, while its lock is held until the commit: so neither becomes visible below one that was read.
CREATE SEQUENCE change_rev;

-- Take the locks, which come sorted, and then tell each account's highest id. Each statement in here
-- has a snapshot of its own, so it sees what was committed while a lock was waited for.
CREATE FUNCTION lock_accounts(locks INT[], user_ids TEXT[])
RETURNS TABLE (user_id TEXT, top BIGINT) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(727400003, l) FROM unnest(locks) AS l;
    RETURN QUERY SELECT u, (SELECT max(n.id) FROM notifications n WHERE n.user_id = u)
        FROM unnest(user_ids) AS u;
END
$$;

-- What people deleted lately, so that open pages stop showing it.
CREATE TABLE recent_deletions (
    user_id TEXT NOT NULL,
    rev BIGINT NOT NULL,
    notification_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, rev)
);
CREATE INDEX recent_deletions_at ON recent_deletions (at);
