-- Files. The bytes lie in the object store, under the SHA-256 of what they are.

-- One row for each content. It is made before the content is stored and goes after the content is
-- gone, so that nothing lies in the store of which nobody knows.
CREATE TABLE objects (
    hash       BLOB PRIMARY KEY,
    size       INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    -- Pictures only.
    width      INTEGER,
    height     INTEGER,
    blurhash   TEXT,
    -- The thumbnail's media type, if there is one.
    thumbnail  TEXT,
    -- Whether no file has it: not yet, or no longer.
    unused     INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE INDEX objects_unused ON objects (hash) WHERE unused = 1;

-- One row for each upload.
CREATE TABLE files (
    id           BLOB PRIMARY KEY,
    owner        BLOB NOT NULL REFERENCES users (id),
    name         TEXT NOT NULL,
    -- As announced; how much of it has come; and, once it is complete, the content.
    size         INTEGER NOT NULL,
    received     INTEGER NOT NULL DEFAULT 0,
    object       BLOB REFERENCES objects (hash),
    begun_at     INTEGER NOT NULL,
    -- Since when it waits to be sent; null once it was.
    unsent_since INTEGER
) STRICT;
CREATE INDEX files_owner ON files (owner, id, size);
CREATE INDEX files_object ON files (object) WHERE object IS NOT NULL;
CREATE INDEX files_unsent ON files (unsent_since) WHERE unsent_since IS NOT NULL;

-- Which messages have which files. A file goes with its last message.
CREATE TABLE file_uses (
    file         BLOB NOT NULL REFERENCES files (id),
    conversation BLOB NOT NULL REFERENCES conversations (id),
    seq          INTEGER NOT NULL,
    PRIMARY KEY (file, conversation, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_uses_message ON file_uses (conversation, seq);
