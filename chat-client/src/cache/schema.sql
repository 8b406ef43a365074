CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (id BLOB PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- The held events of a conversation are low..=high, without a gap; low is high + 1 for none.
CREATE TABLE stretches (
    conversation BLOB PRIMARY KEY,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    conversation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    number INTEGER PRIMARY KEY,
    client_id BLOB NOT NULL UNIQUE,
    conversation BLOB NOT NULL,
    body TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    failed TEXT
) STRICT;

CREATE TABLE reads (conversation BLOB PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE drafts (conversation BLOB PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
