-- What a person calls the subscription of a hook.
ALTER TABLE hooks ADD COLUMN name TEXT;
