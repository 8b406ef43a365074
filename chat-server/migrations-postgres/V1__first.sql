-- The first schema for PostgreSQL: what SQLite has after its migration 14. Ids are 16-byte UUIDs,
-- times are milliseconds since 1970 UTC, flags are 0 and 1. Names and words are compared byte by
-- byte, whatever the language of the database.

-- The few functions of SQLite's that the server's statements use.
CREATE FUNCTION zeroblob(length integer) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN decode(repeat('00', length), 'hex');
CREATE FUNCTION hex(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN upper(encode(bytes, 'hex'));
CREATE FUNCTION instr(hay text, needle text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN strpos(hay, needle);
CREATE FUNCTION max(a bigint, b bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN greatest(a, b);
CREATE FUNCTION min(a bigint, b bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN least(a, b);

-- One row: this life of the database.
CREATE TABLE server (
    one            smallint PRIMARY KEY CHECK (one = 1),
    epoch          bytea NOT NULL,
    -- Where the revisions of inboxes begin; see inbox_revisions.
    inbox_revision bigint NOT NULL DEFAULT 0,
    -- Since when the doors are shut, if they are.
    lockdown_since bigint,
    -- Which cluster of PostgreSQL this is in, and on which timeline: another one begins another epoch.
    life           text COLLATE "C"
);

CREATE TABLE users (
    id              bytea PRIMARY KEY,
    name            text COLLATE "C" NOT NULL UNIQUE,
    -- The name with look-alike letters made equal (UTS #39): no two accounts look the same.
    skeleton        text COLLATE "C" NOT NULL UNIQUE,
    password        text COLLATE "C" NOT NULL,
    role            text COLLATE "C" NOT NULL,
    created_at      bigint NOT NULL,
    last_seen       bigint,
    dnd             text COLLATE "C" NOT NULL DEFAULT '{}',
    -- An empty text is none.
    display_name    text COLLATE "C" NOT NULL DEFAULT '',
    -- The name of a time zone in the IANA database.
    zone            text COLLATE "C" NOT NULL DEFAULT '',
    status_emoji    text COLLATE "C" NOT NULL DEFAULT '',
    status_text     text COLLATE "C" NOT NULL DEFAULT '',
    status_until    bigint,
    -- What a person shows to others, and is shown of others.
    read_receipts   smallint NOT NULL DEFAULT 1,
    typing          smallint NOT NULL DEFAULT 1,
    shows_last_seen smallint NOT NULL DEFAULT 1,
    -- A bot is an account without a password. `maker` is who made it, also after it has ended: the
    -- same person may bring it back under its name, and nobody else.
    bot             smallint NOT NULL DEFAULT 0,
    maker           bytea REFERENCES users (id),
    disabled_at     bigint
);

-- The server itself, as whom an admin on its machine acts: the log of such acts names it. It is no
-- account that anybody could log in to, write to or find: no password, and a bot without a maker.
INSERT INTO users (id, name, skeleton, password, role, created_at, bot)
VALUES (zeroblob(16), 'server', 'server', '', 'member', 0, 1);

CREATE TABLE sessions (
    id         bytea PRIMARY KEY,
    "user"     bytea NOT NULL REFERENCES users (id),
    token_hash bytea NOT NULL UNIQUE,
    device     text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    used_at    bigint NOT NULL
);
CREATE INDEX sessions_user ON sessions ("user");
CREATE INDEX sessions_used ON sessions (used_at);

CREATE TABLE invites (
    code_hash  bytea PRIMARY KEY,
    role       text COLLATE "C" NOT NULL,
    uses_left  bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint
);

-- Room is left in the pages of what changes with every message, so that a change stays in its page.
CREATE TABLE conversations (
    id           bytea PRIMARY KEY,
    kind         text COLLATE "C" NOT NULL,
    -- Rooms only.
    name         text COLLATE "C" UNIQUE,
    -- Directs only: the user ids in order, one after the other.
    pair         bytea UNIQUE,
    topic        text COLLATE "C" NOT NULL,
    -- The newest event's number, how many events are messages, and when the newest happened.
    head         bigint NOT NULL,
    messages     bigint NOT NULL,
    active_at    bigint NOT NULL,
    members      bigint NOT NULL,
    private      smallint NOT NULL DEFAULT 0,
    description  text COLLATE "C" NOT NULL DEFAULT '',
    announcement smallint NOT NULL DEFAULT 0,
    slow_mode_s  bigint NOT NULL DEFAULT 0,
    archived     smallint NOT NULL DEFAULT 0,
    free_calls   smallint NOT NULL DEFAULT 0,
    -- Days; 0 for as long as the server keeps messages.
    keep_days    bigint NOT NULL DEFAULT 0,
    -- The day of its last row in `days`; -1 where it has none.
    day          bigint NOT NULL DEFAULT -1
) WITH (fillfactor = 50);

CREATE TABLE members (
    conversation  bytea NOT NULL REFERENCES conversations (id),
    "user"        bytea NOT NULL REFERENCES users (id),
    -- The read mark, and what unread counts are made of: see domain::Membership.
    read_seq      bigint NOT NULL,
    read_messages bigint NOT NULL,
    sent          bigint NOT NULL DEFAULT 0,
    read_sent     bigint NOT NULL DEFAULT 0,
    mentions      bigint NOT NULL DEFAULT 0,
    role          text COLLATE "C" NOT NULL DEFAULT 'member',
    level         text COLLATE "C",
    muted_until   bigint,
    starred       smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, "user")
) WITH (fillfactor = 70);
CREATE INDEX members_user ON members ("user");

CREATE TABLE invitations (
    conversation bytea NOT NULL REFERENCES conversations (id),
    "user"       bytea NOT NULL REFERENCES users (id),
    inviter      bytea NOT NULL REFERENCES users (id),
    at           bigint NOT NULL,
    PRIMARY KEY (conversation, "user")
);
CREATE INDEX invitations_user ON invitations ("user", at);

-- The log of every conversation. Conversations and people are never removed, and looking for both
-- would be half of the cost of a message, so nothing refers to them here.
CREATE TABLE events (
    id           bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    seq          bigint NOT NULL,
    at           bigint NOT NULL,
    -- How many messages there are up to and with this event.
    messages     bigint NOT NULL,
    -- The message that an event changes, or the first of its thread.
    target       bigint,
    pinned       smallint NOT NULL DEFAULT 0,
    deleted      smallint NOT NULL DEFAULT 0,
    conversation bytea NOT NULL,
    author       bytea NOT NULL,
    -- The author's id for the request that made this, where it had one.
    client_id    bytea,
    kind         text COLLATE "C" NOT NULL,
    -- The event's kind and its fields, as on the wire.
    content      text COLLATE "C" NOT NULL,
    -- What a message is found by: the words that domain::words makes of it, and facts about it,
    -- which begin with '='; see store/postgres/search.rs.
    words        tsvector
);
-- The referee: a number is taken once, whoever writes.
CREATE UNIQUE INDEX events_seq ON events (conversation, seq);
CREATE UNIQUE INDEX events_client ON events (client_id, author) WHERE client_id IS NOT NULL;
CREATE INDEX events_target ON events (conversation, target, kind, seq) WHERE target IS NOT NULL;
CREATE INDEX events_pinned ON events (conversation, seq) WHERE pinned = 1;
-- What was deleted is not unread.
CREATE INDEX events_deleted ON events (conversation, seq) WHERE deleted = 1;
-- Words that wait to be taken in, in KiB; see store/postgres/merge.rs.
CREATE INDEX events_words ON events USING gin (words) WITH (gin_pending_list_limit = 16384);

-- One row: the messages from the id `oldest` on are found by the words of this `version` of domain::words;
-- 0 for all. Those before are looked through while the server works.
CREATE TABLE search_state (
    one     smallint PRIMARY KEY CHECK (one = 1),
    version bigint NOT NULL,
    oldest  bigint NOT NULL
);

-- Which events happened on which day, so that messages that have been kept for their time are found without
-- an index of all messages by time. From `seq` on, up to the next row's, a conversation's events are of this
-- day, counted from 1970 in UTC.
CREATE TABLE days (
    conversation bytea NOT NULL REFERENCES conversations (id),
    seq          bigint NOT NULL,
    day          bigint NOT NULL,
    PRIMARY KEY (conversation, seq)
);

-- The earlier texts of edited messages. `seq` is the event that gave the text.
CREATE TABLE versions (
    conversation bytea NOT NULL,
    target       bigint NOT NULL,
    seq          bigint NOT NULL,
    at           bigint NOT NULL,
    body         text COLLATE "C" NOT NULL,
    PRIMARY KEY (conversation, target, seq)
);

-- What calls for one person; the words for `reason` are those of the wire.
CREATE TABLE inbox (
    conversation bytea NOT NULL,
    "user"       bytea NOT NULL,
    seq          bigint NOT NULL,
    -- The thread that the message belongs to.
    thread       bigint,
    reason       text COLLATE "C" NOT NULL,
    at           bigint NOT NULL,
    read         smallint NOT NULL,
    PRIMARY KEY (conversation, "user", seq)
);
CREATE INDEX inbox_newest ON inbox ("user", at, conversation, seq);
CREATE INDEX inbox_unread ON inbox ("user") WHERE read = 0;
CREATE INDEX inbox_message ON inbox (conversation, seq);

-- Grows with every change of somebody's inbox. A row for each, so that messages to different people
-- need not wait for each other.
CREATE TABLE inbox_revisions (
    "user"   bytea PRIMARY KEY,
    revision bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE threads (
    conversation bytea NOT NULL,
    root         bigint NOT NULL,
    "user"       bytea NOT NULL,
    following    smallint NOT NULL,
    read_seq     bigint NOT NULL,
    -- Messages of others after `read_seq`; kept up as long as the thread is followed.
    unread       bigint NOT NULL,
    active_at    bigint NOT NULL,
    PRIMARY KEY (conversation, root, "user")
);
CREATE INDEX threads_user ON threads ("user", active_at) WHERE following = 1;

CREATE TABLE blocks (
    blocker bytea NOT NULL REFERENCES users (id),
    blocked bytea NOT NULL REFERENCES users (id),
    at      bigint NOT NULL,
    PRIMARY KEY (blocker, blocked)
);
CREATE INDEX blocks_blocked ON blocks (blocked);

-- Who may not do what in a room. `kind` is 'ban' or 'mute'; without `until` it is for good. Rows
-- that have run out say nothing, and go when the next one of their room comes.
CREATE TABLE room_bans (
    conversation bytea NOT NULL REFERENCES conversations (id),
    kind         text COLLATE "C" NOT NULL,
    "user"       bytea NOT NULL REFERENCES users (id),
    by_user      bytea NOT NULL REFERENCES users (id),
    at           bigint NOT NULL,
    until        bigint,
    reason       text COLLATE "C" NOT NULL,
    PRIMARY KEY (conversation, kind, "user")
);

-- The same on the whole server.
CREATE TABLE server_bans (
    kind    text COLLATE "C" NOT NULL,
    "user"  bytea NOT NULL REFERENCES users (id),
    by_user bytea NOT NULL REFERENCES users (id),
    at      bigint NOT NULL,
    until   bigint,
    reason  text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, "user")
);

-- The tokens of logins that a ban ended: they stay void, but whoever brings one is told why.
CREATE TABLE banned_tokens (
    token_hash bytea PRIMARY KEY,
    "user"     bytea NOT NULL REFERENCES users (id)
);
CREATE INDEX banned_tokens_user ON banned_tokens ("user");

CREATE TABLE reports (
    id           bytea PRIMARY KEY,
    conversation bytea NOT NULL REFERENCES conversations (id),
    seq          bigint NOT NULL,
    reporter     bytea NOT NULL REFERENCES users (id),
    at           bigint NOT NULL,
    reason       text COLLATE "C" NOT NULL,
    closed_by    bytea REFERENCES users (id),
    closed_at    bigint,
    note         text COLLATE "C" NOT NULL DEFAULT ''
);
-- One open report per person and message.
CREATE UNIQUE INDEX reports_open ON reports (conversation, seq, reporter) WHERE closed_at IS NULL;
CREATE INDEX reports_reporter ON reports (reporter) WHERE closed_at IS NULL;
CREATE INDEX reports_place ON reports (conversation, at);
CREATE INDEX reports_at ON reports (at);

-- What was done to keep order. Rows are only ever added: a log that forgets proves nothing, and
-- such acts are few.
CREATE TABLE audit (
    id           bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at           bigint NOT NULL,
    actor        bytea NOT NULL REFERENCES users (id),
    act          text COLLATE "C" NOT NULL,
    conversation bytea REFERENCES conversations (id),
    target       bytea REFERENCES users (id),
    -- JSON, as on the wire.
    details      text COLLATE "C" NOT NULL,
    reason       text COLLATE "C" NOT NULL
);
CREATE INDEX audit_conversation ON audit (conversation, id) WHERE conversation IS NOT NULL;
-- So that an act of an export that is here already is known again.
CREATE INDEX audit_at ON audit (at);

-- Files. The bytes lie in the object store, under the SHA-256 of what they are. One row for each
-- content. It is made before the content is stored and goes after the content is gone, so that
-- nothing lies in the store of which nobody knows.
CREATE TABLE objects (
    hash       bytea PRIMARY KEY,
    size       bigint NOT NULL,
    media_type text COLLATE "C" NOT NULL,
    -- Pictures only.
    width      bigint,
    height     bigint,
    blurhash   text COLLATE "C",
    -- The thumbnail's media type, if there is one.
    thumbnail  text COLLATE "C",
    -- Whether no file has it: not yet, or no longer.
    unused     smallint NOT NULL DEFAULT 1
);
CREATE INDEX objects_unused ON objects (hash) WHERE unused = 1;

-- One row for each upload.
CREATE TABLE files (
    id           bytea PRIMARY KEY,
    owner        bytea NOT NULL REFERENCES users (id),
    name         text COLLATE "C" NOT NULL,
    -- As announced; how much of it has come; and, once it is complete, the content.
    size         bigint NOT NULL,
    received     bigint NOT NULL DEFAULT 0,
    object       bytea REFERENCES objects (hash),
    begun_at     bigint NOT NULL,
    -- Since when it waits to be sent; null once it was.
    unsent_since bigint
);
CREATE INDEX files_owner ON files (owner, id, size);
CREATE INDEX files_object ON files (object) WHERE object IS NOT NULL;
CREATE INDEX files_unsent ON files (unsent_since) WHERE unsent_since IS NOT NULL;

-- Which messages have which files. A file goes with its last message.
CREATE TABLE file_uses (
    file         bytea NOT NULL REFERENCES files (id),
    conversation bytea NOT NULL REFERENCES conversations (id),
    seq          bigint NOT NULL,
    PRIMARY KEY (file, conversation, seq)
);
CREATE INDEX file_uses_message ON file_uses (conversation, seq);

-- Bots that have tokens (which are sessions). A bot account that is neither here nor in `incoming`
-- has ended.
CREATE TABLE bots (
    "user"     bytea PRIMARY KEY REFERENCES users (id),
    owner      bytea NOT NULL REFERENCES users (id),
    -- Words with a comma between two.
    scopes     text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX bots_owner ON bots (owner);

CREATE TABLE bot_commands (
    bot         bytea NOT NULL REFERENCES bots ("user") ON DELETE CASCADE,
    name        text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    usage       text COLLATE "C" NOT NULL,
    PRIMARY KEY (bot, name)
);

-- Incoming webhooks: who has the secret writes in the conversation as the bot.
CREATE TABLE incoming (
    id           bytea PRIMARY KEY,
    conversation bytea NOT NULL REFERENCES conversations (id),
    bot          bytea NOT NULL UNIQUE REFERENCES users (id),
    secret_hash  bytea NOT NULL UNIQUE,
    maker        bytea NOT NULL REFERENCES users (id),
    created_at   bigint NOT NULL
);
CREATE INDEX incoming_conversation ON incoming (conversation);

-- Outgoing webhooks. `secret` signs what is posted, so it is kept as it is.
CREATE TABLE outgoing (
    id            bytea PRIMARY KEY,
    conversation  bytea NOT NULL REFERENCES conversations (id),
    url           text COLLATE "C" NOT NULL,
    -- Kinds of event with a comma between two; empty for all.
    events        text COLLATE "C" NOT NULL,
    trigger_word  text COLLATE "C" NOT NULL,
    secret        bytea NOT NULL,
    maker         bytea NOT NULL REFERENCES users (id),
    created_at    bigint NOT NULL,
    -- Calls that failed since the last one that did not, since when, when to try again, and why.
    attempts      bigint NOT NULL DEFAULT 0,
    failing_since bigint,
    next_at       bigint NOT NULL DEFAULT 0,
    problem       text COLLATE "C" NOT NULL DEFAULT '',
    disabled      smallint NOT NULL DEFAULT 0,
    dropped       bigint NOT NULL DEFAULT 0
);
CREATE INDEX outgoing_conversation ON outgoing (conversation);

-- The outbox of the outgoing webhooks: which events each has yet to be told, in order. No text is
-- kept here, so what is deleted meanwhile is not told.
CREATE TABLE deliveries (
    hook bytea NOT NULL REFERENCES outgoing (id) ON DELETE CASCADE,
    seq  bigint NOT NULL,
    PRIMARY KEY (hook, seq)
);

-- Saved messages.
CREATE TABLE saved (
    conversation bytea NOT NULL,
    "user"       bytea NOT NULL,
    seq          bigint NOT NULL,
    at           bigint NOT NULL,
    PRIMARY KEY (conversation, "user", seq)
);
CREATE INDEX saved_newest ON saved ("user", at, conversation, seq);
CREATE INDEX saved_message ON saved (conversation, seq);

-- Codes by which somebody sets a new password; one for each person.
CREATE TABLE resets (
    "user"              bytea PRIMARY KEY REFERENCES users (id),
    code_hash           bytea NOT NULL UNIQUE,
    -- Whether using it takes the second factor away.
    drops_second_factor smallint NOT NULL,
    expires_at          bigint NOT NULL
);

-- The secret is kept as it is, because codes are made from it. Without `since` it is not confirmed,
-- and nothing asks for it. `last_step` is the step of the last code that was taken: each is good once.
CREATE TABLE second_factors (
    "user"    bytea PRIMARY KEY REFERENCES users (id),
    secret    bytea NOT NULL,
    begun_at  bigint NOT NULL,
    since     bigint,
    last_step bigint NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
    "user"    bytea NOT NULL REFERENCES users (id),
    code_hash bytea NOT NULL,
    PRIMARY KEY ("user", code_hash)
);

-- Which conversation of an export became which one here, so that the same export can come again.
-- `source` is its id in the export; an event of the export has the number `seq + shift` here, up to `head`.
CREATE TABLE imports (
    source       bytea PRIMARY KEY,
    conversation bytea NOT NULL REFERENCES conversations (id),
    shift        bigint NOT NULL,
    head         bigint NOT NULL,
    -- Whether it came with all that belongs to it; one that was cut is taken up again.
    finished     smallint NOT NULL DEFAULT 1
);

-- Who an account is at the provider by which one logs in. Nothing else names a person there: names
-- and addresses of mail change hands.
CREATE TABLE identities (
    issuer    text COLLATE "C" NOT NULL,
    subject   text COLLATE "C" NOT NULL,
    "user"    bytea NOT NULL UNIQUE REFERENCES users (id),
    linked_at bigint NOT NULL,
    PRIMARY KEY (issuer, subject)
);

-- What several servers on one database tell each other and none may miss, in order; kept for some minutes.
CREATE TABLE news (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at   bigint NOT NULL,
    body text NOT NULL
);

-- Which of them does what only one may do, until when by the database's clock.
CREATE TABLE leases (
    name  text PRIMARY KEY,
    node  bytea NOT NULL,
    until bigint NOT NULL
);
