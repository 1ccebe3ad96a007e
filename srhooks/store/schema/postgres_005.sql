-- The fetcher asks for links that were never followed (newest first), for those that are due again,
-- and for how often one failed. Only the first is touched by a notification that comes in.
CREATE INDEX notifications_untried ON notifications (user_id, id)
    WHERE entity_status = 'pending' AND attempts = 0;
CREATE INDEX notifications_retried ON notifications (user_id, due_at)
    WHERE entity_status = 'pending' AND attempts > 0;
CREATE INDEX notifications_failing ON notifications (user_id, link, id)
    WHERE entity_status = 'pending' AND attempts > 0;
