-- Who an account is at the provider by which one logs in. Nothing else names a person there: names
-- and addresses of mail change hands.
CREATE TABLE identities (
    issuer    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    user      BLOB NOT NULL UNIQUE REFERENCES users (id),
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
