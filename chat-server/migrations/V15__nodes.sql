-- What several servers on one database need; a single one leaves both empty.

-- What the nodes tell each other and none may miss, in order; kept for some minutes.
CREATE TABLE news (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    at   INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Which node does what only one may do, until when.
CREATE TABLE leases (
    name  TEXT PRIMARY KEY,
    node  BLOB NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
