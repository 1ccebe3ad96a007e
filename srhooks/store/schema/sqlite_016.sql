-- The steps of each subscription's last activation (a JSON list), so that they survive a restart.
CREATE TABLE activation_logs (
    user_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    steps TEXT NOT NULL,
    PRIMARY KEY (user_id, subscription_id)
);
