-- Forged notifications by when one came last, also one that was first seen long ago.
CREATE INDEX notifications_forged ON notifications (user_id, last_delivery_at)
    WHERE signature = 'invalid';
