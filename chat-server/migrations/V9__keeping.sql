-- Starred conversations and saved messages.
ALTER TABLE members ADD COLUMN starred INTEGER NOT NULL DEFAULT 0;

CREATE TABLE saved (
    conversation BLOB NOT NULL,
    user         BLOB NOT NULL,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (conversation, user, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX saved_newest ON saved (user, at, conversation, seq);
CREATE INDEX saved_message ON saved (conversation, seq);
