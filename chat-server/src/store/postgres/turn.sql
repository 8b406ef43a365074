-- A turn of plain messages and read marks, in one statement: all of it or nothing. What it brings into inboxes
-- is in `called.sql`, and left out where that is nothing.
--
-- `held` has the rows of its conversations, in one order for everybody, so that two who commit to the same
-- ones do not wait for each other for ever. Nothing is written unless all of them have come exactly as far as
-- the turn was decided on, and no webhook wants to hear of them.
WITH held AS MATERIALIZED (
    SELECT c.id, c.head, c.day, c.head = x.head AS as_decided
    FROM unnest($1::bytea[], $2::bigint[]) AS x (id, head) JOIN conversations c ON c.id = x.id
    ORDER BY c.id FOR NO KEY UPDATE OF c
), turn AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE as_decided) = cardinality($1::bytea[])
        AND NOT EXISTS (SELECT 1 FROM outgoing WHERE conversation = ANY($1) AND disabled = 0) AS holds
    FROM held
), new_events AS (
    INSERT INTO events (conversation, seq, at, author, kind, client_id, messages, content, words)
    SELECT conversation, seq, at, author, 'message', client_id, messages, content, CAST(words AS tsvector)
    FROM turn, unnest($3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[], $8::bigint[], $9::text[],
        $10::text[]) AS x (conversation, seq, at, author, client_id, messages, content, words)
    WHERE turn.holds
), ends AS (
    UPDATE conversations c SET head = x.head, messages = x.messages, active_at = x.at, day = x.at / 86400000
    FROM turn, unnest($11::bytea[], $12::bigint[], $13::bigint[], $14::bigint[]) AS x (id, head, messages, at)
    WHERE turn.holds AND c.id = x.id
), new_days AS (
    INSERT INTO days (conversation, seq, day)
    SELECT held.id, held.head + 1, x.at / 86400000
    FROM turn, unnest($11::bytea[], $14::bigint[]) AS x (id, at) JOIN held ON held.id = x.id
    WHERE turn.holds AND held.day <> x.at / 86400000
), counts AS (
    -- A mark that moves counts anew what calls its member behind it; what this very turn adds is not seen here
    -- and comes on top.
    UPDATE members m SET sent = m.sent + x.sent,
        mentions = CASE WHEN x.read_seq >= m.read_seq
            THEN x.called_behind + (SELECT count(*) FROM inbox i
                WHERE i.conversation = x.conversation AND i."user" = x."user" AND i.seq > x.read_seq
                    AND i.reason IN ('mention', 'room', 'here'))
            ELSE m.mentions + x.called END,
        read_messages = CASE WHEN x.read_seq >= m.read_seq THEN x.read_messages ELSE m.read_messages END,
        read_sent = CASE WHEN x.read_seq >= m.read_seq THEN x.read_sent ELSE m.read_sent END,
        read_seq = greatest(x.read_seq, m.read_seq)
    FROM turn, unnest($15::bytea[], $16::bytea[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[],
        $21::bigint[], $22::bigint[])
        AS x (conversation, "user", sent, called, called_behind, read_seq, read_messages, read_sent)
    WHERE turn.holds AND m.conversation = x.conversation AND m."user" = x."user"
)
