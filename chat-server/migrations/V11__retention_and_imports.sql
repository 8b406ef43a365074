-- How long rooms keep messages, and what came from other servers.

-- Days; 0 for as long as the server keeps messages.
ALTER TABLE conversations ADD COLUMN keep_days INTEGER NOT NULL DEFAULT 0;
-- For finding what has been kept for its time.
CREATE INDEX events_kept ON events (conversation, at) WHERE kind = 'message' AND deleted = 0;

-- Which conversation of an export became which one here, so that the same export can come again.
-- `source` is its id in the export; an event of the export has the number `seq + shift` here, up to `head`.
CREATE TABLE imports (
    source       BLOB PRIMARY KEY,
    conversation BLOB NOT NULL REFERENCES conversations (id),
    shift        INTEGER NOT NULL,
    head         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
