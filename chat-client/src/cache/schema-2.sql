-- Messages that change after they were written.

-- The earlier event that this one changes, and the event up to which all changes are in `json`.
ALTER TABLE events ADD COLUMN target INTEGER;
ALTER TABLE events ADD COLUMN as_of INTEGER NOT NULL DEFAULT 0;
CREATE INDEX events_target ON events (conversation, target) WHERE target IS NOT NULL;

-- A version that did not know these changes may have kept what they changed: read it again.
CREATE TEMP TABLE stale AS
    SELECT DISTINCT conversation FROM events WHERE json LIKE '%"kind":"unknown"%';
DELETE FROM events WHERE conversation IN (SELECT conversation FROM stale);
UPDATE stretches SET low = high + 1 WHERE conversation IN (SELECT conversation FROM stale);
DROP TABLE stale;

-- What a message that waits is tied to.
ALTER TABLE outbox ADD COLUMN action INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN reply_to INTEGER;
ALTER TABLE outbox ADD COLUMN thread INTEGER;
ALTER TABLE outbox ADD COLUMN forward_conversation BLOB;
ALTER TABLE outbox ADD COLUMN forward_seq INTEGER;
