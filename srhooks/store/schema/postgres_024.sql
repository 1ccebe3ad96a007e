-- How many notifications came in: by minute, half hour and day (`width` in ms), event and
-- subscription (empty for none). Triggers keep it, so that whatever adds or deletes is counted, also
-- by a process of the version before. Who adds holds the account's lock: no two wait for a row.
CREATE TABLE event_counts (
    user_id TEXT NOT NULL,
    width BIGINT NOT NULL,
    start BIGINT NOT NULL,  -- ms since 1970, by the ids of the notifications
    event_name TEXT COLLATE "C" NOT NULL,
    subscription_id TEXT NOT NULL,
    received BIGINT NOT NULL,
    PRIMARY KEY (user_id, width, start, event_name, subscription_id)
) WITH (fillfactor = 50);  -- a changed row finds room beside itself, and no index is touched

-- Complete from here on (ms): what was stored earlier is counted in the background, from the newest
-- to the oldest. Until then a row holds what changed since.
CREATE TABLE event_counts_state (counted_from BIGINT NOT NULL);

-- The rows come in the order of their keys: so two statements never wait for each other's.
CREATE FUNCTION count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO event_counts AS c
            (user_id, width, start, event_name, subscription_id, received)
        SELECT f.user_id, w.width, (f.id >> 21) / w.width * w.width AS start,
            coalesce(f.event_name, '') AS event, coalesce(f.subscription_id, '') AS subscription,
            count(*)
        FROM fresh f CROSS JOIN (VALUES (60000::bigint), (1800000), (86400000)) AS w (width)
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (user_id, width, start, event_name, subscription_id)
        DO UPDATE SET received = c.received + excluded.received;
    RETURN NULL;
END
$$;

-- With these settings a plan that was made while the table was empty is a good one later on.
CREATE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    INSERT INTO event_counts AS c
            (user_id, width, start, event_name, subscription_id, received)
        SELECT g.user_id, w.width, (g.id >> 21) / w.width * w.width AS start,
            coalesce(g.event_name, '') AS event, coalesce(g.subscription_id, '') AS subscription,
            -count(*)
        FROM gone g CROSS JOIN (VALUES (60000::bigint), (1800000), (86400000)) AS w (width)
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (user_id, width, start, event_name, subscription_id)
        DO UPDATE SET received = c.received + excluded.received;
    DELETE FROM event_counts c
        USING (SELECT DISTINCT g.user_id, w.width, (g.id >> 21) / w.width * w.width AS start,
                coalesce(g.event_name, '') AS event, coalesce(g.subscription_id, '') AS subscription
            FROM gone g CROSS JOIN (VALUES (60000::bigint), (1800000), (86400000)) AS w (width)) k
        WHERE c.user_id = k.user_id AND c.width = k.width AND c.start = k.start
            AND c.event_name = k.event AND c.subscription_id = k.subscription AND c.received = 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER notifications_added AFTER INSERT ON notifications
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_added();
CREATE TRIGGER notifications_removed AFTER DELETE ON notifications
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_removed();

-- After the triggers, which wait for all who write: what they do not count is there now.
INSERT INTO event_counts_state
    SELECT coalesce(((max(id) >> 21) / 86400000 + 1) * 86400000, 0) FROM notifications;
