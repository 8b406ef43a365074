-- People: profiles, privacy, blocks. An empty text is none.

ALTER TABLE users ADD COLUMN display_name TEXT NOT NULL DEFAULT '';
-- The name of a time zone in the IANA database.
ALTER TABLE users ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN status_emoji TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN status_text TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN status_until INTEGER;
-- What a person shows to others, and is shown of others.
ALTER TABLE users ADD COLUMN read_receipts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN typing INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN shows_last_seen INTEGER NOT NULL DEFAULT 1;

CREATE TABLE blocks (
    blocker BLOB NOT NULL REFERENCES users (id),
    blocked BLOB NOT NULL REFERENCES users (id),
    at      INTEGER NOT NULL,
    PRIMARY KEY (blocker, blocked)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_blocked ON blocks (blocked);
