-- Whether a conversation of an export came with all that belongs to it; one that was cut is taken up again.
ALTER TABLE imports ADD COLUMN finished INTEGER NOT NULL DEFAULT 1;
-- So that an act that is here already is known again.
CREATE INDEX audit_at ON audit (at);
