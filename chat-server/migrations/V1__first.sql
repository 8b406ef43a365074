-- The first schema. Ids are 16-byte UUIDs, times are milliseconds since 1970 UTC.

-- One row: this life of the database.
CREATE TABLE server (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch BLOB NOT NULL
) STRICT;

CREATE TABLE users (
    id         BLOB PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    -- The name with look-alike letters made equal (UTS #39): no two accounts look the same.
    skeleton   TEXT NOT NULL UNIQUE,
    password   TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen  INTEGER
) STRICT;

CREATE TABLE sessions (
    id         BLOB PRIMARY KEY,
    user       BLOB NOT NULL REFERENCES users (id),
    token_hash BLOB NOT NULL UNIQUE,
    device     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user);

CREATE TABLE invites (
    code_hash  BLOB PRIMARY KEY,
    role       TEXT NOT NULL,
    uses_left  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT;

CREATE TABLE conversations (
    id         BLOB PRIMARY KEY,
    kind       TEXT NOT NULL,
    -- Rooms only.
    name       TEXT UNIQUE,
    -- Directs only: the two user ids, the smaller first.
    pair       BLOB UNIQUE,
    topic      TEXT NOT NULL,
    -- The newest event's number, how many events are messages, and when the newest happened.
    head       INTEGER NOT NULL,
    messages   INTEGER NOT NULL,
    active_at  INTEGER NOT NULL,
    members    INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    conversation  BLOB NOT NULL REFERENCES conversations (id),
    user          BLOB NOT NULL REFERENCES users (id),
    -- The read mark, and what unread counts are made of: see domain::Membership.
    read_seq      INTEGER NOT NULL,
    read_messages INTEGER NOT NULL,
    sent          INTEGER NOT NULL DEFAULT 0,
    read_sent     INTEGER NOT NULL DEFAULT 0,
    mentions      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_user ON members (user);

-- The log of every conversation.
CREATE TABLE events (
    id           INTEGER PRIMARY KEY,
    conversation BLOB NOT NULL REFERENCES conversations (id),
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    author       BLOB NOT NULL REFERENCES users (id),
    kind         TEXT NOT NULL,
    -- The author's id for the request that made this, where it had one.
    client_id    BLOB,
    -- How many messages there are up to and with this event.
    messages     INTEGER NOT NULL,
    -- The event's kind and its fields, as on the wire.
    content      TEXT NOT NULL
) STRICT;
-- The referee: a number is taken once, whoever writes.
CREATE UNIQUE INDEX events_seq ON events (conversation, seq);
CREATE UNIQUE INDEX events_client ON events (author, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX events_author ON events (conversation, author, seq) WHERE kind = 'message';

CREATE TABLE mentions (
    conversation BLOB NOT NULL,
    user         BLOB NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (conversation, user, seq)
) STRICT, WITHOUT ROWID;
