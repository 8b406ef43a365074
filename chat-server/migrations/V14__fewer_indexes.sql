-- What somebody wrote lately is asked for when they are banned; that may look through all they ever wrote,
-- which events_client finds. An index of its own cost every message.
DROP INDEX events_written;
