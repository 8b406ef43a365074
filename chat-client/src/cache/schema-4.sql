-- What is being written in a thread beside what is written in its conversation (thread 0), and
-- small things that an interface wants to find again: how it was arranged, what was used last.
ALTER TABLE drafts RENAME TO drafts_3;
CREATE TABLE drafts (
    conversation BLOB NOT NULL, thread INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (conversation, thread)
) STRICT, WITHOUT ROWID;
INSERT INTO drafts SELECT conversation, 0, text FROM drafts_3;
DROP TABLE drafts_3;
CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
