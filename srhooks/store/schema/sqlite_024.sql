-- How many notifications came in: by minute, half hour and day (`width` in ms), event and
-- subscription (empty for none). Triggers keep it, so that whatever adds or deletes is counted.
CREATE TABLE event_counts (
    user_id TEXT NOT NULL,
    width INTEGER NOT NULL,
    start INTEGER NOT NULL,  -- ms since 1970, by the ids of the notifications
    event_name TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (user_id, width, start, event_name, subscription_id)
) WITHOUT ROWID;

-- Complete from here on (ms): what was stored earlier is counted in the background, from the newest
-- to the oldest. Until then a row holds what changed since.
CREATE TABLE event_counts_state (counted_from INTEGER NOT NULL);
INSERT INTO event_counts_state
    SELECT coalesce(((max(id) >> 21) / 86400000 + 1) * 86400000, 0) FROM notifications;

CREATE TRIGGER notifications_added AFTER INSERT ON notifications BEGIN
    INSERT INTO event_counts (user_id, width, start, event_name, subscription_id, received) VALUES
        (NEW.user_id, 60000, (NEW.id >> 21) / 60000 * 60000,
            coalesce(NEW.event_name, ''), coalesce(NEW.subscription_id, ''), 1),
        (NEW.user_id, 1800000, (NEW.id >> 21) / 1800000 * 1800000,
            coalesce(NEW.event_name, ''), coalesce(NEW.subscription_id, ''), 1),
        (NEW.user_id, 86400000, (NEW.id >> 21) / 86400000 * 86400000,
            coalesce(NEW.event_name, ''), coalesce(NEW.subscription_id, ''), 1)
        ON CONFLICT (user_id, width, start, event_name, subscription_id)
        DO UPDATE SET received = received + 1;
END;

CREATE TRIGGER notifications_removed AFTER DELETE ON notifications BEGIN
    INSERT INTO event_counts (user_id, width, start, event_name, subscription_id, received) VALUES
        (OLD.user_id, 60000, (OLD.id >> 21) / 60000 * 60000,
            coalesce(OLD.event_name, ''), coalesce(OLD.subscription_id, ''), -1),
        (OLD.user_id, 1800000, (OLD.id >> 21) / 1800000 * 1800000,
            coalesce(OLD.event_name, ''), coalesce(OLD.subscription_id, ''), -1),
        (OLD.user_id, 86400000, (OLD.id >> 21) / 86400000 * 86400000,
            coalesce(OLD.event_name, ''), coalesce(OLD.subscription_id, ''), -1)
        ON CONFLICT (user_id, width, start, event_name, subscription_id)
        DO UPDATE SET received = received - 1;
    DELETE FROM event_counts WHERE user_id = OLD.user_id AND width = 60000
        AND start = (OLD.id >> 21) / 60000 * 60000 AND event_name = coalesce(OLD.event_name, '')
        AND subscription_id = coalesce(OLD.subscription_id, '') AND received = 0;
    DELETE FROM event_counts WHERE user_id = OLD.user_id AND width = 1800000
        AND start = (OLD.id >> 21) / 1800000 * 1800000 AND event_name = coalesce(OLD.event_name, '')
        AND subscription_id = coalesce(OLD.subscription_id, '') AND received = 0;
    DELETE FROM event_counts WHERE user_id = OLD.user_id AND width = 86400000
        AND start = (OLD.id >> 21) / 86400000 * 86400000 AND event_name = coalesce(OLD.event_name, '')
        AND subscription_id = coalesce(OLD.subscription_id, '') AND received = 0;
END;
