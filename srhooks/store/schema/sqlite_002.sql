-- What somebody must look at is rare: a page finds it without reading everything else.
CREATE INDEX notifications_doubtful ON notifications (user_id, signature, id)
    WHERE signature IN ('invalid', 'unverifiable');
CREATE INDEX notifications_unfetched ON notifications (user_id, entity_status, id)
    WHERE entity_status IN ('failed', 'refused');
