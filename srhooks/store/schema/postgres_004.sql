-- The last notification of each subscription, and the feed of one.
CREATE INDEX notifications_subscription ON notifications (user_id, subscription_id, id);
-- Each state of an entity but `fetched`, which nearly all are in.
DROP INDEX notifications_unfetched;
CREATE INDEX notifications_unfetched ON notifications (user_id, entity_status, id)
    WHERE entity_status IN ('failed', 'refused', 'gone', 'none');
