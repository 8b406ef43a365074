-- Full-text search. It holds no texts, only which words stand in which event (its rowid).

-- `words`: what domain::words makes of a text, with a space between two. `facts`: who, where,
-- whom; see store/sqlite/index.rs. Both are ready-made tokens, so the tokenizer has only to split
-- at the spaces: `ascii` takes every other character as it is, in all versions of SQLite.
CREATE VIRTUAL TABLE search USING fts5 (words, facts, content = '', tokenize = 'ascii');
-- The words of a deleted message leave the file with it. (contentless_delete would only hide them.)
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);

-- One row: the messages from `oldest` to `newest` (both ids of events) are in the index, made by
-- this `version` of domain::words. Version 0 is none: opening the database begins anew.
CREATE TABLE search_state (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    oldest  INTEGER NOT NULL,
    newest  INTEGER NOT NULL
) STRICT;
INSERT INTO search_state (one, version, oldest, newest) VALUES (1, 0, 0, 0);
