-- Keeping order: bans, mutes, reports, and the log of such acts.

-- Who may not do what in a room. `kind` is 'ban' or 'mute'; without `until` it is for good. Rows
-- that have run out say nothing, and go when the next one of their room comes.
CREATE TABLE room_bans (
    conversation BLOB NOT NULL REFERENCES conversations (id),
    kind         TEXT NOT NULL,
    user         BLOB NOT NULL REFERENCES users (id),
    by_user      BLOB NOT NULL REFERENCES users (id),
    at           INTEGER NOT NULL,
    until        INTEGER,
    reason       TEXT NOT NULL,
    PRIMARY KEY (conversation, kind, user)
) STRICT, WITHOUT ROWID;

-- The same on the whole server.
CREATE TABLE server_bans (
    kind    TEXT NOT NULL,
    user    BLOB NOT NULL REFERENCES users (id),
    by_user BLOB NOT NULL REFERENCES users (id),
    at      INTEGER NOT NULL,
    until   INTEGER,
    reason  TEXT NOT NULL,
    PRIMARY KEY (kind, user)
) STRICT, WITHOUT ROWID;

-- The tokens of logins that a ban ended: they stay void, but whoever brings one is told why.
CREATE TABLE banned_tokens (
    token_hash BLOB PRIMARY KEY,
    user       BLOB NOT NULL REFERENCES users (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX banned_tokens_user ON banned_tokens (user);

CREATE TABLE reports (
    id           BLOB PRIMARY KEY,
    conversation BLOB NOT NULL REFERENCES conversations (id),
    seq          INTEGER NOT NULL,
    reporter     BLOB NOT NULL REFERENCES users (id),
    at           INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    closed_by    BLOB REFERENCES users (id),
    closed_at    INTEGER,
    note         TEXT NOT NULL DEFAULT ''
) STRICT;
-- One open report per person and message.
CREATE UNIQUE INDEX reports_open ON reports (conversation, seq, reporter) WHERE closed_at IS NULL;
CREATE INDEX reports_reporter ON reports (reporter) WHERE closed_at IS NULL;
CREATE INDEX reports_place ON reports (conversation, at);
CREATE INDEX reports_at ON reports (at);

-- What was done to keep order. Rows are only ever added: a log that forgets proves nothing, and
-- such acts are few.
CREATE TABLE audit (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    actor        BLOB NOT NULL REFERENCES users (id),
    act          TEXT NOT NULL,
    conversation BLOB REFERENCES conversations (id),
    target       BLOB REFERENCES users (id),
    -- JSON, as on the wire.
    details      TEXT NOT NULL,
    reason       TEXT NOT NULL
) STRICT;
CREATE INDEX audit_conversation ON audit (conversation, id) WHERE conversation IS NOT NULL;

-- For deleting what somebody wrote in the last hour.
CREATE INDEX events_written ON events (author, at) WHERE kind = 'message' AND deleted = 0;
