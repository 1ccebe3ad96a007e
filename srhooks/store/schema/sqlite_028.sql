-- For PostgreSQL, which may not read a table from end to end; the two are kept alike.
CREATE INDEX search_state_indexed_to ON search_state (indexed_to);
CREATE INDEX event_counts_state_counted_from ON event_counts_state (counted_from);
