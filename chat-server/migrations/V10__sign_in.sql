-- Disabled accounts, reset codes, second factors.

ALTER TABLE users ADD COLUMN disabled_at INTEGER;

-- Codes by which somebody sets a new password; one for each person.
CREATE TABLE resets (
    user                BLOB PRIMARY KEY REFERENCES users (id),
    code_hash           BLOB NOT NULL UNIQUE,
    -- Whether using it takes the second factor away.
    drops_second_factor INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The secret is kept as it is, because codes are made from it. Without `since` it is not confirmed,
-- and nothing asks for it. `last_step` is the step of the last code that was taken: each is good once.
CREATE TABLE second_factors (
    user      BLOB PRIMARY KEY REFERENCES users (id),
    secret    BLOB NOT NULL,
    begun_at  INTEGER NOT NULL,
    since     INTEGER,
    last_step INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
    user      BLOB NOT NULL REFERENCES users (id),
    code_hash BLOB NOT NULL,
    PRIMARY KEY (user, code_hash)
) STRICT, WITHOUT ROWID;

-- For ending the sessions that nobody uses.
CREATE INDEX sessions_used ON sessions (used_at);
