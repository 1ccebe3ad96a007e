-- As before, but by the index of the account's own: a maximum of an account that has nothing was
-- looked for among everybody's ids, from the newest to the oldest.
CREATE OR REPLACE FUNCTION lock_accounts(locks INT[], user_ids TEXT[])
RETURNS TABLE (user_id TEXT, top BIGINT) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(727400003, l) FROM unnest(locks) AS l;
    RETURN QUERY SELECT u, (SELECT n.id FROM notifications n
            WHERE n.user_id >= u AND n.user_id <= u ORDER BY n.user_id DESC, n.id DESC LIMIT 1)
        FROM unnest(user_ids) AS u;
END
$$;
