-- Of use where several processes serve one database, which PostgreSQL alone allows: see there.
ALTER TABLE rate_wants ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rate_wants ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
