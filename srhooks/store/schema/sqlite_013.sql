-- Texts are folded in another way now (composed letters, dotless i, white space): index all anew.
-- What is not yet indexed is found by reading.
UPDATE search_state SET indexed_to = 0;
