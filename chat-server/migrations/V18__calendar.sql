-- Which events happened on which day, so that messages that have been kept for their time are found without
-- an index of all messages by time. From `seq` on, up to the next row's, a conversation's events are of this
-- day, counted from 1970 in UTC.
CREATE TABLE days (
    conversation BLOB NOT NULL REFERENCES conversations (id),
    seq          INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;
-- The day of a conversation's last row there; -1 where it has none.
ALTER TABLE conversations ADD COLUMN day INTEGER NOT NULL DEFAULT -1;

INSERT INTO days (conversation, seq, day)
SELECT conversation, seq, day FROM (
    SELECT conversation, seq, at / 86400000 AS day,
        lag(at / 86400000) OVER (PARTITION BY conversation ORDER BY seq) AS before
    FROM events)
WHERE before IS NULL OR before <> day;
UPDATE conversations SET day = coalesce(
    (SELECT d.day FROM days d WHERE d.conversation = conversations.id ORDER BY d.seq DESC LIMIT 1), -1);

-- Each message changed a page of each of these, another one for every conversation: half of what it wrote.
DROP INDEX events_kept;
-- What a member wrote between two marks is counted along the log.
DROP INDEX events_author;
