-- Since when the doors are shut, if they are.
ALTER TABLE server ADD COLUMN lockdown_since INTEGER;

-- The server itself, as whom an admin on its machine acts: the log of such acts names it. It is no
-- account that anybody could log in to, write to or find: no password, and a bot without a maker.
-- Its name is reserved; where an old account looks like it, only the look is another.
INSERT INTO users (id, name, skeleton, password, role, created_at, bot)
SELECT zeroblob(16), 'server', CASE WHEN EXISTS (SELECT 1 FROM users WHERE skeleton = 'server') THEN ' server' ELSE 'server' END,
    '', 'member', 0, 1;
