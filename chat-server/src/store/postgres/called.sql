-- The rest of `turn.sql`: what comes into inboxes, and what is read there.
, new_notices AS (
    INSERT INTO inbox (conversation, "user", seq, reason, at, read)
    SELECT conversation, "user", seq, reason, at, read
    FROM turn, unnest($23::bytea[], $24::bytea[], $25::bigint[], $26::text[], $27::bigint[], $28::smallint[])
        AS x (conversation, "user", seq, reason, at, read)
    WHERE turn.holds
), read_notices AS (
    UPDATE inbox i SET read = 1
    FROM turn, unnest($15::bytea[], $16::bytea[], $20::bigint[]) AS x (conversation, "user", seq)
    WHERE turn.holds AND i.conversation = x.conversation AND i."user" = x."user" AND i.seq <= x.seq
        AND i.read = 0 AND i.thread IS NULL
    RETURNING i."user"
), revisions AS (
    INSERT INTO inbox_revisions ("user", revision)
    SELECT "user", 1
    FROM turn, (SELECT unnest($24::bytea[]) AS "user" UNION SELECT "user" FROM read_notices) AS x
    WHERE turn.holds ORDER BY "user"
    ON CONFLICT ("user") DO UPDATE SET revision = inbox_revisions.revision + 1
)
SELECT holds, ARRAY(SELECT DISTINCT "user" FROM read_notices) FROM turn
