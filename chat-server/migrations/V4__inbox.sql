-- The inbox, followed threads, and how people want to hear of what happens.

-- What calls for one person; the words for `reason` are those of the wire. It takes the place of
-- `mentions`.
CREATE TABLE inbox (
    conversation BLOB NOT NULL,
    user         BLOB NOT NULL,
    seq          INTEGER NOT NULL,
    -- The thread that the message belongs to.
    thread       INTEGER,
    reason       TEXT NOT NULL,
    at           INTEGER NOT NULL,
    read         INTEGER NOT NULL,
    PRIMARY KEY (conversation, user, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_newest ON inbox (user, at, conversation, seq);
CREATE INDEX inbox_unread ON inbox (user) WHERE read = 0;
CREATE INDEX inbox_message ON inbox (conversation, seq);

INSERT INTO inbox (conversation, user, seq, thread, reason, at, read)
SELECT m.conversation, m.user, m.seq, e.target, 'mention', e.at, m.seq <= k.read_seq
FROM mentions m
JOIN events e ON e.conversation = m.conversation AND e.seq = m.seq AND e.deleted = 0
JOIN members k ON k.conversation = m.conversation AND k.user = m.user;
DROP TABLE mentions;

-- Grows with every change of any inbox.
ALTER TABLE server ADD COLUMN inbox_revision INTEGER NOT NULL DEFAULT 0;

CREATE TABLE threads (
    conversation BLOB NOT NULL,
    root         INTEGER NOT NULL,
    user         BLOB NOT NULL,
    following    INTEGER NOT NULL,
    read_seq     INTEGER NOT NULL,
    -- Messages of others after `read_seq`; kept up as long as the thread is followed.
    unread       INTEGER NOT NULL,
    active_at    INTEGER NOT NULL,
    PRIMARY KEY (conversation, root, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX threads_user ON threads (user, active_at) WHERE following = 1;

ALTER TABLE members ADD COLUMN level TEXT;
ALTER TABLE members ADD COLUMN muted_until INTEGER;
ALTER TABLE users ADD COLUMN dnd TEXT NOT NULL DEFAULT '{}';
ALTER TABLE conversations ADD COLUMN free_calls INTEGER NOT NULL DEFAULT 0;

-- What was deleted is not unread.
CREATE INDEX events_deleted ON events (conversation, seq) WHERE deleted = 1;
