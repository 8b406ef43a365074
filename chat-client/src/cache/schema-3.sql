-- The files of a message that waits, as JSON: their ids, and their names to show them by.
ALTER TABLE outbox ADD COLUMN files TEXT NOT NULL DEFAULT '[]';
