-- Each table that others are read with has an index. Tables are not to be read from end to end
-- (enable_seqscan), so one that can be read in no other way prices a plan beyond all others, and
-- hides that one of them walks ten million rows.
CREATE INDEX search_state_indexed_to ON search_state (indexed_to);
CREATE INDEX event_counts_state_counted_from ON event_counts_state (counted_from);
