\set a random(1, 1000000000)
BEGIN;
INSERT INTO events (conversation, seq, at, author, kind, client_id, messages, content, words)
SELECT decode(md5((:a % 40)::text), 'hex'), :a::bigint * 1000 + n, 1, decode(md5('ada'), 'hex'), 'message',
    decode(md5(:a::text || '/' || n), 'hex'), n,
    '{"kind":"message","client_id":"01890000-0000-7000-8000-000000000000","body":"the deploy of friday is done, look at ' || n || '"}',
    ('''=by0190aaaaaaaa7000800000000000' || (n % 10) || ''' ''=in0190aaaaaaaa7000800000000000' || (n % 10)
        || ''' ''the'':1 ''deploy'':2 ''of'':3 ''friday'':4 ''is'':5 ''done'':6 ''look'':7 ''at'':8 ''' || n || ''':9')::tsvector
FROM generate_series(1, 250) AS n;
UPDATE conversations SET head = head + 250 WHERE id = (SELECT id FROM conversations ORDER BY id OFFSET :a % 40 LIMIT 1);
COMMIT;
