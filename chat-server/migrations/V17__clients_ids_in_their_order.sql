-- Clients number their messages by time (UUIDv7), so with that number first an index grows at its end. With the
-- author first, as it was, each message changed another page of it.
DROP INDEX events_client;
CREATE UNIQUE INDEX events_client ON events (client_id, author) WHERE client_id IS NOT NULL;
