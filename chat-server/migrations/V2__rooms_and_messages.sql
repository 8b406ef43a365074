-- Rooms: private ones, rules, roles, invitations. Messages: edits, deletions, threads, pins.

ALTER TABLE conversations ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN announcement INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN slow_mode_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;

ALTER TABLE members ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
-- Who made a room owns it.
UPDATE members SET role = 'owner' WHERE EXISTS (
    SELECT 1 FROM events e JOIN conversations c ON c.id = e.conversation
    WHERE e.conversation = members.conversation AND e.seq = 1 AND e.author = members.user AND c.kind = 'room');

CREATE TABLE invitations (
    conversation BLOB NOT NULL REFERENCES conversations (id),
    user         BLOB NOT NULL REFERENCES users (id),
    inviter      BLOB NOT NULL REFERENCES users (id),
    at           INTEGER NOT NULL,
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_user ON invitations (user, at);

-- The message that an event changes, or the first of its thread.
ALTER TABLE events ADD COLUMN target INTEGER;
ALTER TABLE events ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX events_target ON events (conversation, target, kind, seq) WHERE target IS NOT NULL;
CREATE INDEX events_pinned ON events (conversation, seq) WHERE pinned = 1;

-- The earlier texts of edited messages. `seq` is the event that gave the text.
CREATE TABLE versions (
    conversation BLOB NOT NULL,
    target       INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    body         TEXT NOT NULL,
    PRIMARY KEY (conversation, target, seq)
) STRICT, WITHOUT ROWID;
