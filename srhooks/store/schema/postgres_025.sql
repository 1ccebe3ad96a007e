-- Who waits for slots is served in the order of coming, people's calls first. A process of the
-- version before fills in neither: it goes first until it is replaced.
ALTER TABLE rate_wants ADD COLUMN since BIGINT NOT NULL DEFAULT 0;  -- ms, by this server's clock
ALTER TABLE rate_wants ADD COLUMN urgent BOOLEAN NOT NULL DEFAULT false;  -- a person waits
