-- referral: the forest that rows make, its values against recursive SQL, forms, errors.
BEGIN;
SELECT no_plan();

-- The oracle: rows of table edges to a forest, and a forest to values, in recursive SQL.
CREATE TEMP TABLE edges (referred bigint, referrer bigint, value float8, at timestamptz);
CREATE FUNCTION pg_temp.kept() RETURNS TABLE (referred bigint, referrer bigint, value float8) LANGUAGE sql AS $$
WITH RECURSIVE chosen AS (
	SELECT DISTINCT ON (e.referred) * FROM edges e WHERE e.referred <> e.referrer
	ORDER BY e.referred, at NULLS LAST, e.referrer, e.value DESC),
walk AS (
	SELECT c.referred AS start, c.referrer AS node FROM chosen c
	UNION
	SELECT w.start, c.referrer FROM walk w JOIN chosen c ON c.referred = w.node),
cyclic AS (SELECT w.start AS referred, (SELECT min(node) FROM walk m WHERE m.start = w.start) AS cycle
	FROM walk w WHERE w.start = w.node),
cut AS (SELECT DISTINCT ON (cycle) y.referred FROM cyclic y JOIN chosen c USING (referred)
	ORDER BY cycle, at DESC NULLS FIRST, y.referred DESC)
SELECT c.referred, c.referrer, c.value FROM chosen c WHERE c.referred NOT IN (SELECT u.referred FROM cut u) $$;
CREATE FUNCTION pg_temp.expected(decay float8, max_depth int, j float8, saving float8, cost float8)
RETURNS TABLE (customer_id bigint, direct_referrals bigint, all_referrals bigint, depth int, direct_value float8, indirect_value float8)
LANGUAGE sql AS $$
WITH RECURSIVE forest AS MATERIALIZED (SELECT * FROM pg_temp.kept()),
below AS (
	SELECT f.referrer AS customer, f.referred AS node, f.value, 1 AS g FROM forest f
	UNION ALL
	SELECT b.customer, f.referred, f.value, b.g + 1 FROM below b JOIN forest f ON f.referrer = b.node WHERE b.g < max_depth)
SELECT customer, count(*) FILTER (WHERE g = 1), count(*), max(g),
	sum((1 - j) * value + saving - cost) FILTER (WHERE g = 1),
	coalesce(sum(decay ^ (g - 1) * (1 - j) ^ g * value) FILTER (WHERE g > 1), 0)
FROM below GROUP BY customer $$;

-- What differs between the two, rounded where sums are not exact.
CREATE FUNCTION pg_temp.differ(decay float8, max_depth int, j float8 = 0, saving float8 = 0, cost float8 = 0) RETURNS bigint
LANGUAGE sql AS $$
WITH graph AS MATERIALIZED (SELECT referral_agg(referred, referrer, value, at) AS g FROM edges),
ours AS (SELECT customer_id, direct_referrals, all_referrals, depth, round(direct_value::numeric, 6) AS d, round(indirect_value::numeric, 6) AS i,
	round(crv::numeric, 5) AS c FROM graph, referral_values(g, NULL::bigint, decay, max_depth, j, saving, cost)),
theirs AS (SELECT customer_id, direct_referrals, all_referrals, depth, round(direct_value::numeric, 6), round(indirect_value::numeric, 6),
	round((direct_value + indirect_value)::numeric, 5) FROM pg_temp.expected(decay, max_depth, j, saving, cost))
SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours)) x $$;
CREATE FUNCTION pg_temp.left_out() RETURNS bigint LANGUAGE sql AS
	$$SELECT count(*) - (SELECT count(*) FROM pg_temp.kept()) FROM edges WHERE referred IS NOT NULL AND referrer IS NOT NULL$$;

-- Random graphs of 1,000 customers. At random: cycles, second referrers, self-referrals.
SELECT setseed(0.25);
CREATE FUNCTION pg_temp.make(n int, customers int, forward boolean) RETURNS void LANGUAGE sql AS $$
TRUNCATE edges;
INSERT INTO edges
SELECT a, CASE WHEN forward THEN floor(a * random()) ELSE floor(random() * customers) END, round((random() * 100)::numeric, 2),
	CASE WHEN random() < .7 THEN timestamptz '2024-01-01' + floor(random() * 20) * interval '1 day' END
FROM (SELECT floor(random() * customers)::bigint AS a FROM generate_series(1, n)) x $$;
SELECT pg_temp.make(1500, 1000, false) \g /dev/null
SELECT cmp_ok(pg_temp.left_out(), '>', 100::bigint, 'random: some rows make no forest');
SELECT is(referral_left_out(referral_agg(referred, referrer, value, at)), pg_temp.left_out(), 'random: as many are left out') FROM edges;
SELECT is(pg_temp.differ(d, m, j, 3, 1.5), 0::bigint, format('random: decay %s, max_depth %s, joined_anyway %s', d, m, j))
FROM unnest(ARRAY[0, .3, 1]) d, unnest(ARRAY[1, 2, 3, 5, 8, 1000]) m, unnest(ARRAY[0, .25]) j;
SELECT pg_temp.make(3000, 1000, true) \g /dev/null
SELECT is(pg_temp.differ(d, m), 0::bigint, format('forest: decay %s, max_depth %s', d, m))
FROM unnest(ARRAY[0, .3, 1]) d, unnest(ARRAY[1, 3, 4, 6, 7, 9, 12, 1000]) m;
SELECT cmp_ok(max(depth), '>', 8, 'forest: it is deep') FROM pg_temp.expected(0, 1000, 0, 0, 0);

-- Conservation.
CREATE TEMP TABLE graph AS SELECT referral_agg(referred, referrer, value, at) AS g FROM edges;
SELECT is(round(sum(crv)::numeric, 6), (SELECT round(sum(value)::numeric, 6) FROM pg_temp.kept()), 'the sum over referrers is the sum of the values referred')
FROM graph, referral_values(g, NULL::bigint);
SELECT is(sum(direct_referrals), (SELECT count(*)::numeric FROM pg_temp.kept()), 'every referral has one referrer') FROM graph, referral_values(g, NULL::bigint);

-- Cycles of every length, one by one: the latest edge goes, unknown times last, then the largest id.
SELECT is((SELECT count(*) FROM referral_values(g, NULL::bigint, max_depth => 100)), n - 1::bigint, 'a cycle of ' || n || ' loses one edge')
	|| E'\n' || is((SELECT max(depth) FROM referral_values(g, NULL::bigint, max_depth => 100)), n - 1, 'and becomes a chain')
	|| E'\n' || is(referral_left_out(g), 1::bigint, 'one row is left out')
	|| E'\n' || is((SELECT max(customer_id) FROM referral_values(g, NULL::bigint, max_depth => 100) WHERE depth = n - 1), n::bigint, 'the largest id is not referred')
FROM (SELECT n, referral_agg(i, 1 + i % n, 1) AS g FROM generate_series(2, 40) n, generate_series(1, n) i GROUP BY n) x;
SELECT is(referral_agg(a, b, 1, t)::text, r, 'the ' || what) FROM (VALUES
	('latest edge of a cycle goes', 1, 2, timestamptz '2024-01-03', 'bigint {2 <- 3: 1; 3 <- 1: 1} left out 1'), ('latest edge of a cycle goes', 2, 3, '2024-01-02', 'bigint {2 <- 3: 1; 3 <- 1: 1} left out 1'), ('latest edge of a cycle goes', 3, 1, '2024-01-01', 'bigint {2 <- 3: 1; 3 <- 1: 1} left out 1'),
	('edge of unknown time goes', 1, 2, '2024-01-03', 'bigint {1 <- 2: 1; 3 <- 1: 1} left out 1'), ('edge of unknown time goes', 2, 3, NULL, 'bigint {1 <- 2: 1; 3 <- 1: 1} left out 1'), ('edge of unknown time goes', 3, 1, '2024-01-01', 'bigint {1 <- 2: 1; 3 <- 1: 1} left out 1'))
	v(what, a, b, t, r) GROUP BY what, r;
SELECT is(referral_agg(a, b, 1)::text, 'bigint {1 <- 2: 1; 4 <- 1: 1; 5 <- 4: 1} left out 1', 'what hangs below a cycle stays')
FROM (VALUES (1, 2), (2, 1), (4, 1), (5, 4)) v(a, b);

-- Two referrers, self-referrals.
SELECT is(referral_agg(a, b, v, t)::text, r, what) FROM (VALUES
	('the earlier referrer counts', 7, 9, 1.5, timestamptz '2024-01-01', 'bigint {7 <- 9: 1.5} left out 1'), ('the earlier referrer counts', 7, 2, 2, '2024-01-02', 'bigint {7 <- 9: 1.5} left out 1'),
	('a known time comes first', 7, 9, 1.5, '2024-01-01', 'bigint {7 <- 9: 1.5} left out 1'), ('a known time comes first', 7, 2, 2, NULL, 'bigint {7 <- 9: 1.5} left out 1'),
	('then the smaller id', 7, 9, 1.5, '2024-01-01', 'bigint {7 <- -2: 2} left out 1'), ('then the smaller id', 7, -2, 2, '2024-01-01', 'bigint {7 <- -2: 2} left out 1'),
	('the same row twice: the higher value', 7, 9, 1.5, NULL, 'bigint {7 <- 9: 2} left out 1'), ('the same row twice: the higher value', 7, 9, 2, NULL, 'bigint {7 <- 9: 2} left out 1'),
	('a self-referral never counts', 7, 7, 5, '2020-01-01', 'bigint {7 <- 9: 2} left out 1'), ('a self-referral never counts', 7, 9, 2, '2024-01-01', 'bigint {7 <- 9: 2} left out 1'))
	v(what, a, b, v, t, r) GROUP BY what, r;
SELECT is(referral_agg(5, 5, 1)::text, 'bigint {} left out 1', 'only a self-referral: a graph of nobody');
SELECT is(count(*), 0::bigint, 'which has no rows') FROM referral_values('bigint {} left out 1', NULL::bigint);
SELECT is(referral_agg(b, a, 1)::text, 'text {"Z" <- "a": 1; "é" <- "Z": 1}', 'text ids in order of their bytes') FROM (VALUES ('a', 'Z'), ('Z', 'é')) v(a, b);
SELECT is(referral_agg(b, a, 1)::text, 'text {"b" <- "B": 1} left out 1', 'the smaller text is that of the smaller bytes') FROM (VALUES ('a', 'b'), ('B', 'b')) v(a, b);

-- A chain of a million: no recursion, all depths.
CREATE TEMP TABLE chain AS SELECT referral_agg(i, i - 1, 1) AS g FROM generate_series(1, 1000000) i;
SELECT is((SELECT array[count(*), max(depth), sum(all_referrals), max(all_referrals)] FROM referral_values(g, NULL::bigint, 0, m)),
	ARRAY[1000000, least(m, 1000000), m::bigint * (1000001 - m) + m::bigint * (m - 1) / 2, m]::numeric[], 'a chain of a million, max_depth ' || m)
FROM chain, unnest(ARRAY[1, 5, 777777, 1000000]) m;
SELECT is((SELECT round(sum(indirect_value)) FROM referral_values(g, NULL::bigint, 1, 2147483647)), 999999::float8 * 1000000 / 2, 'all indirect values of a chain') FROM chain;
SELECT is((SELECT indirect_value FROM referral_values(g, NULL::bigint, .5, 10) WHERE customer_id = 0), 1 - .5 ^ 9::float8, 'a geometric sum') FROM chain;
CREATE TEMP TABLE ring AS SELECT referral_left_out(referral_agg(i, 1 + i % 1000000, 1)) AS n FROM generate_series(1, 1000000) i;
SELECT is(n, 1::bigint, 'a cycle of a million') FROM ring;
SELECT is((SELECT array[direct_referrals, all_referrals, depth] FROM referral_values(referral_agg(i, 0, 1), NULL::bigint)), ARRAY[100000, 100000, 1]::bigint[], 'a star')
FROM generate_series(1, 100000) i;

-- Kumar, Petersen and Leone: type one brings value and saving, type two the saving only.
SELECT is((SELECT direct_value FROM referral_values('bigint {2 <- 1: 100; 3 <- 1: 50}', NULL::bigint, joined_anyway => 0, acquisition_saving => 5, reward_cost => 2)), 156::float8, 'type one');
SELECT is((SELECT direct_value FROM referral_values('bigint {2 <- 1: 100; 3 <- 1: 50}', NULL::bigint, joined_anyway => 1, acquisition_saving => 5, reward_cost => 2)), 6::float8, 'type two');
SELECT is(ARRAY(SELECT value_quadrant(c, r, 100, 10) FROM (VALUES (100, 10), (100, 9.99), (99, 10), (99, 9)) v(c, r)), ARRAY['champions', 'affluents', 'advocates', 'misers'], 'the quadrants; at the cut is high');
SELECT is(value_quadrant(NULL, 1, 1, 1), NULL, 'NULL in, NULL out');

-- The aggregate, every way.
CREATE TABLE referral_rows AS SELECT i AS id, floor(random() * 3000)::bigint AS a, floor(random() * 3000)::bigint AS b, random() * 10 AS v,
	timestamptz '2024-01-01' + floor(random() * 10) * interval '1 day' AS t FROM generate_series(1, 20000) i;
ALTER TABLE referral_rows SET (parallel_workers = 2);
CREATE TEMP TABLE serial AS SELECT referral_agg(a, b, v, t) AS g, referral_agg(a::text, b::text, v, t) AS gt,
	referral_agg(md5(a::text)::uuid, md5(b::text)::uuid, v, t) AS gu, referral_agg(a, b, v) AS gn FROM referral_rows;
SELECT ok(g = h, 'any order gives the same bytes') FROM serial, (SELECT referral_agg(a, b, v, t ORDER BY md5(id::text)) AS h FROM referral_rows) y;
\ir include/parallel.sql
CREATE TEMP TABLE parallel AS SELECT referral_agg(a, b, v, t) AS g, referral_agg(a::text, b::text, v, t) AS gt,
	referral_agg(md5(a::text)::uuid, md5(b::text)::uuid, v, t) AS gu, referral_agg(a, b, v) AS gn FROM referral_rows;
RESET ALL;
SELECT ok(s.g = p.g AND s.gt = p.gt AND s.gu = p.gu AND s.gn = p.gn, 'parallel workers give the same bytes') FROM serial s, parallel p;
SELECT is((SELECT sum(all_referrals) FROM referral_values(gu, NULL::uuid)), (SELECT sum(all_referrals) FROM referral_values(g, NULL::bigint)), 'uuid ids make as large a forest')
FROM (SELECT referral_agg(a, b, v) AS g, referral_agg(lpad(to_hex(a), 32, '0')::uuid, lpad(to_hex(b), 32, '0')::uuid, v) AS gu FROM referral_rows) x;
SELECT is((SELECT array_agg((customer_id::text, direct_referrals, all_referrals, depth, round(crv::numeric, 6))::text ORDER BY customer_id::text COLLATE "C") FROM referral_values(g, NULL::bigint, .2)),
	(SELECT array_agg((customer_id, direct_referrals, all_referrals, depth, round(crv::numeric, 6))::text ORDER BY customer_id COLLATE "C") FROM referral_values(gt, NULL::text, .2)), 'the same values with text ids')
FROM (SELECT referral_agg(a, b, v) AS g, referral_agg(a::text, b::text, v) AS gt FROM (SELECT DISTINCT ON (a) a, least(a - 1, b) AS b, v FROM referral_rows WHERE a > b AND a > 0) x) y;
SELECT is(referral_agg(a, b, v), NULL, 'no rows') FROM referral_rows WHERE false;
SELECT is(referral_agg(NULL::bigint, NULL, 1), NULL, 'only NULLs');
SELECT is(referral_agg(a, b, v)::text, 'bigint {2 <- 1: 0}', 'NULL referrers are no referral; a NULL value is 0') FROM (VALUES (1, NULL, 5), (NULL, 1, 5), (2, 1, NULL::float8)) x(a, b, v);
SELECT is(referral_agg(a, 1, 1) FILTER (WHERE a > 2)::text, 'bigint {3 <- 1: 1}', 'FILTER') FROM generate_series(2, 3) a;
SELECT is(referral_left_out(referral_agg(DISTINCT a, 1, 1)), 0::bigint, 'DISTINCT') FROM (VALUES (2), (2)) x(a);
SELECT is(array_agg(g::text), ARRAY['bigint {2 <- 1: 1}', 'bigint {2 <- 1: 1; 3 <- 1: 1}'], 'a growing frame') FROM (SELECT referral_agg(a, 1, 1) OVER (ORDER BY a) AS g FROM generate_series(2, 3) a) x;

-- Forms.
SELECT ok(g::text::referral_graph = g AND gt::text::referral_graph = gt AND gu::text::referral_graph = gu, 'text round trip') FROM serial;
SELECT is(t::referral_graph::text, t, t) FROM unnest(ARRAY['bigint {}', 'text {"a\"\\b" <- "": 0.1}', 'uuid {00000000-0000-0000-0000-000000000002 <- 00000000-0000-0000-0000-000000000001: -1e+300}', 'bigint {-9223372036854775808 <- 9223372036854775807: 1} left out 9']) t;
SELECT is(' bigint{ 3<-1 :1e0;2 <-1: -0 } '::referral_graph::text, 'bigint {2 <- 1: 0; 3 <- 1: 1}', 'any order, blanks');
SELECT throws_ok(format('SELECT %L::referral_graph', t), '22P02', NULL, t) FROM unnest(ARRAY['', 'int {}', 'bigint', 'bigint {', 'bigint {2 <- 1}', 'bigint {2 <- 1: x}', 'bigint {2 <- 1: NaN}', 'bigint {2 <- 1: 1;}', 'bigint {2 <- 1: 1} x',
	'bigint {2 <- 1: 1; 2 <- 3: 1}', 'bigint {2 <- 2: 1}', 'bigint {2 <- 1: 1; 1 <- 2: 1}', 'text {a <- "b": 1}', 'text {"a <- "b": 1}', 'uuid {12 <- 13: 1}', 'bigint {} left out', 'bigint {} left out x']) t;
\ir include/binary.sql
SELECT is(pg_temp.receive('referral_graph', referral_graph_send(t::referral_graph)), t, 'binary: ' || t) FROM unnest(ARRAY['bigint {}', 'bigint {2 <- 1: 0.1; 3 <- 2: 7} left out 4', 'text {"é" <- "z": 1}', 'uuid {00000000-0000-0000-0000-000000000002 <- 00000000-0000-0000-0000-000000000001: 5}']) t;
SELECT is(array_agg(outcome ORDER BY outcome) <@ ARRAY['error 08P01', 'error 22P03', 'error 22021', 'ok'], true, 'mutants: an error or a graph') FROM pg_temp.mutate('referral_graph', referral_graph_send('bigint {2 <- 1: 0.1; 3 <- 2: 7} left out 4'), 300);
SELECT is(array_agg(outcome ORDER BY outcome) <@ ARRAY['error 08P01', 'error 22P03', 'error 22021', 'ok'], true, 'mutants of text ids') FROM pg_temp.mutate('referral_graph', referral_graph_send('text {"ab" <- "cd": 0.1; "ef" <- "ab": 7}'), 300);
SELECT is(count(DISTINCT g), 2::bigint, 'values compare and hash') FROM (VALUES ('bigint {2 <- 1: 1}'::referral_graph), ('bigint {2<-1:1}'), ('bigint {}')) x(g);

-- Errors.
\ir include/errors.sql
SELECT throws_ok(format('SELECT referral_agg(2, 1, %L)', v), '22023', 'value must be a finite number, not ' || v, 'value ' || v) FROM unnest(ARRAY['NaN', 'Infinity', '-Infinity']) v;
SELECT throws_ok(format('SELECT referral_agg(2, 1, 1, %L)', v), '22008', format('referred_at must be finite, not "%s"', v), 'referred_at ' || v) FROM unnest(ARRAY['infinity', '-infinity']) v;
SELECT throws_ok(format('SELECT * FROM referral_values(%L, NULL::bigint, %s)', 'bigint {2 <- 1: 1}', a), '22023', NULL, a)
FROM unnest(ARRAY['decay => -0.1', 'decay => 50', 'decay => ''NaN''', 'max_depth => 0', 'joined_anyway => 1.01', 'joined_anyway => ''NaN''', 'acquisition_saving => ''Infinity''', 'reward_cost => ''NaN''']) a;
SELECT is(pg_temp.hint_of('SELECT * FROM referral_values(''bigint {}'', NULL::bigint, 50)'), 'It is a fraction: 50 percent is 0.5.', 'the hint says what a percent would be');
SELECT throws_ok('SELECT * FROM referral_values(''bigint {}'', NULL::text)', '42804', 'ids of this referral graph are of type bigint, not text', 'another key type');
SELECT throws_ok('SELECT * FROM referral_values(''bigint {2 <- 1: 1e308; 3 <- 1: 1e308}'', NULL::bigint)', '22003', NULL, 'a sum out of range');
SELECT is(count(*), 0::bigint, 'NULL: no rows') FROM (SELECT FROM referral_values(NULL, NULL::bigint) UNION ALL SELECT FROM referral_values('bigint {2 <- 1: 1}', NULL::bigint, NULL)) x;
SELECT is((SELECT count(*) FROM (SELECT referral_values('bigint {2 <- 1: 1}', NULL::bigint)) x), 1::bigint, 'in the target list');
SELECT throws_ok(format('SELECT value_quadrant(1, 1, 1, %L)', v), '22023', NULL, 'quadrant ' || v) FROM unnest(ARRAY['NaN', 'Infinity']) v;
CREATE COLLATION pg_temp.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT throws_ok('SELECT referral_agg(a, a, 1) FROM (SELECT ''x'' COLLATE pg_temp.loose AS a) x', '0A000', NULL, 'a nondeterministic collation');

SELECT throws_ok($$SELECT 'bigint {2 <- 1: }'::referral_graph$$, '22P02', NULL, 'a referral without its value');

-- Sent: in the client's encoding; received: everybody refers or is referred.
CREATE TABLE umlauts AS SELECT referral_agg(U&'\00e4' || i, U&'\00e4' || i / 2, i) AS g FROM generate_series(1, 5) i;
SET LOCAL client_encoding = 'LATIN1';
CREATE TABLE latin AS SELECT referral_graph_send(g) AS sent FROM umlauts;
RESET client_encoding;
SELECT ok(position('\xe431'::bytea IN sent) > 0 AND position('\xc3a4'::bytea IN sent) = 0 AND position('\xc3a431'::bytea IN referral_graph_send(g)) > 0, 'ids go in the client''s encoding') FROM latin, umlauts;
SELECT is(pg_temp.receive('referral_graph', substr(overlay(sent PLACING int4send(1) FROM 39 FOR 4), 1, length(sent) - 16)), 'error 22P03', 'a customer without a referral')
FROM (SELECT referral_graph_send('bigint {2 <- 1: 5; 3 <- 1: 6}') AS sent) s;

SELECT * FROM finish();
ROLLBACK;
