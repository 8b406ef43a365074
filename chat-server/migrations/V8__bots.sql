-- Bots, webhooks and slash commands.

-- A bot is an account without a password. `maker` is who made it, also after it has ended: the same
-- person may bring it back under its name, and nobody else.
ALTER TABLE users ADD COLUMN bot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN maker BLOB REFERENCES users (id);

-- Bots that have tokens (which are sessions). A bot account that is neither here nor in `incoming`
-- has ended.
CREATE TABLE bots (
    user       BLOB PRIMARY KEY REFERENCES users (id),
    owner      BLOB NOT NULL REFERENCES users (id),
    -- Words with a comma between two.
    scopes     TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bots_owner ON bots (owner);

CREATE TABLE bot_commands (
    bot         BLOB NOT NULL REFERENCES bots (user) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    usage       TEXT NOT NULL,
    PRIMARY KEY (bot, name)
) STRICT, WITHOUT ROWID;

-- Incoming webhooks: who has the secret writes in the conversation as the bot.
CREATE TABLE incoming (
    id           BLOB PRIMARY KEY,
    conversation BLOB NOT NULL REFERENCES conversations (id),
    bot          BLOB NOT NULL UNIQUE REFERENCES users (id),
    secret_hash  BLOB NOT NULL UNIQUE,
    maker        BLOB NOT NULL REFERENCES users (id),
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incoming_conversation ON incoming (conversation);

-- Outgoing webhooks. `secret` signs what is posted, so it is kept as it is.
CREATE TABLE outgoing (
    id            BLOB PRIMARY KEY,
    conversation  BLOB NOT NULL REFERENCES conversations (id),
    url           TEXT NOT NULL,
    -- Kinds of event with a comma between two; empty for all.
    events        TEXT NOT NULL,
    trigger_word  TEXT NOT NULL,
    secret        BLOB NOT NULL,
    maker         BLOB NOT NULL REFERENCES users (id),
    created_at    INTEGER NOT NULL,
    -- Calls that failed since the last one that did not, since when, when to try again, and why.
    attempts      INTEGER NOT NULL DEFAULT 0,
    failing_since INTEGER,
    next_at       INTEGER NOT NULL DEFAULT 0,
    problem       TEXT NOT NULL DEFAULT '',
    disabled      INTEGER NOT NULL DEFAULT 0,
    dropped       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX outgoing_conversation ON outgoing (conversation);

-- The outbox of the outgoing webhooks: which events each has yet to be told, in order. No text is
-- kept here, so what is deleted meanwhile is not told.
CREATE TABLE deliveries (
    hook BLOB NOT NULL REFERENCES outgoing (id) ON DELETE CASCADE,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (hook, seq)
) STRICT, WITHOUT ROWID;
