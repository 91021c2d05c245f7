-- RFM: cuts, scores, ties together and split.
BEGIN;
SELECT no_plan();
\ir include/cdnow.sql
\ir include/binary.sql

\ir include/errors.sql

-- The definition in plain SQL -------------------------------------------------
-- score = 1 + floor(bins x customers strictly below / customers); the highest value present
-- scores bins; all values equal: (bins + 1) / 2.

CREATE FUNCTION pg_temp.digit(below bigint, n bigint, is_highest boolean, all_equal boolean, bins int)
RETURNS int LANGUAGE sql IMMUTABLE
RETURN CASE WHEN all_equal THEN (bins + 1) / 2 WHEN is_highest THEN bins ELSE 1 + (bins * below) / n END;

CREATE TEMP TABLE customer (population int, id bigint, l date, f bigint, m numeric);

CREATE FUNCTION pg_temp.together(which int, bins int)
RETURNS TABLE (id bigint, score int) LANGUAGE sql AS $$
	SELECT id, 100 * pg_temp.digit(rb - 1, n, l = hl, hl = ll, bins) + 10 * pg_temp.digit(fb - 1, n, f = hf, hf = lf, bins)
		+ pg_temp.digit(mb - 1, n, m = hm, hm = lm, bins)
	FROM (SELECT *, count(*) OVER () AS n,
			rank() OVER (ORDER BY l) AS rb, rank() OVER (ORDER BY f) AS fb, rank() OVER (ORDER BY m) AS mb,
			max(l) OVER () AS hl, max(f) OVER () AS hf, max(m) OVER () AS hm,
			min(l) OVER () AS ll, min(f) OVER () AS lf, min(m) OVER () AS lm
		FROM customer WHERE population = which) ranked
$$;

-- Populations of all kinds: (1) many ties in frequency, (2) no ties, (3) one customer, (4) all equal,
-- (5) two customers, (6) fewer customers than bins, (7) two values, (8) one value but for one customer,
-- (9) money of many decimals and both signs, (10) dates far apart and counts near the ends of bigint
SELECT setseed(.25);
INSERT INTO customer
SELECT 1, i, date '2024-01-01' + (random() * 300)::int, 1 + floor(exp(random() * 2))::int, round((random() * 50)::numeric, 2)
FROM generate_series(1, 3001) i UNION ALL
SELECT 2, i, date '2000-01-01' + i, i * i, i * 1.5 FROM generate_series(1, 1000) i UNION ALL
SELECT 3, 1, '2024-02-29', 1, 9.99 UNION ALL
SELECT 4, i, '2024-02-29', 1, 9.99 FROM generate_series(1, 17) i UNION ALL
SELECT 5, i, date '2024-02-29' + i, i, -i FROM generate_series(1, 2) i UNION ALL
SELECT 6, i, date '2024-02-29' - i, i % 2, i / 3.0 FROM generate_series(1, 3) i UNION ALL
SELECT 7, i, date '2024-02-29' + (i % 2), (i % 5 = 0)::int, sign(i - 30) FROM generate_series(1, 99) i UNION ALL
SELECT 8, i, date '2024-02-29' + (i = 7)::int, 3 - (i = 9)::int, 5 + (i = 77)::int FROM generate_series(1, 100) i UNION ALL
SELECT 9, i, date '2024-02-29' + i / 10, 1, (random() - .5)::numeric * 10.0 ^ (i % 12 - 6) FROM generate_series(1, 500) i UNION ALL
SELECT 10, i, CASE WHEN i % 2 = 0 THEN date '4713-01-01 BC' + i ELSE date '5874897-12-31' - i END,
	CASE WHEN i % 2 = 0 THEN i ELSE 9223372036854775807 - i END,
	CASE WHEN i % 3 = 0 THEN 1e30 + i WHEN i % 3 = 1 THEN -1e30 + i ELSE i * .0001 END
FROM generate_series(1, 200) i;

SELECT is(ARRAY(SELECT format('population %s, id %s: %s, not %s', p, d.id, rfm_score(k, c.l, c.f, c.m), d.score)
	FROM pg_temp.together(p, bins) d JOIN customer c ON c.population = p AND c.id = d.id,
		(SELECT rfm_cuts_agg(l, f, m, bins) AS k FROM customer WHERE population = p) x
	WHERE rfm_score(k, c.l, c.f, c.m) IS DISTINCT FROM d.score ORDER BY d.id LIMIT 5),
	'{}'::text[], format('ties together as defined: population %s, %s bins', p, bins))
FROM generate_series(1, 10) p, generate_series(2, 9) bins;

SELECT is(ARRAY(SELECT format('id %s: %s, not %s', d.id, w.score, d.score)
	FROM pg_temp.together(p, bins) d JOIN (SELECT id, rfm_score(l, f, m, bins) OVER () AS score
		FROM customer WHERE population = p) w USING (id)
	WHERE w.score IS DISTINCT FROM d.score LIMIT 5),
	'{}'::text[], format('the window function too: population %s, %s bins', p, bins))
FROM generate_series(1, 10) p, (VALUES (2), (5), (9)) b(bins);

SELECT is((SELECT rfm_cuts_agg(l, f, m) FROM customer WHERE population = 1),
          (SELECT rfm_cuts_agg(l, f, m, 5) FROM customer WHERE population = 1), 'five bins unless said');

-- Ties split: three ntile windows ordered by (value, id) -----------------------

CREATE FUNCTION pg_temp.split_differs(id_type text, bins int, which int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('
		WITH c AS MATERIALIZED (SELECT %1$s AS cid, l, f, m FROM customer WHERE population = %3$s),
		e AS (SELECT *, 100 * ntile(%2$s) OVER (ORDER BY l, cid) + 10 * ntile(%2$s) OVER (ORDER BY f, cid)
			+ ntile(%2$s) OVER (ORDER BY m, cid) AS score FROM c),
		k AS (SELECT rfm_cuts_agg(l, f, m, %2$s, cid) AS k FROM c)
		SELECT count(*) FROM e, k WHERE rfm_score(k, l, f, m, cid) IS DISTINCT FROM score',
		id_type, bins, which) INTO n;
	RETURN n;
END $$;
SELECT is(pg_temp.split_differs(id, bins, p), 0::bigint, format('ties split as ntile: %s, %s bins, population %s', id, bins, p))
FROM unnest(ARRAY['(id - 500) * 7919', 'md5(id::text)', 'md5(id::text) COLLATE "C"', 'md5(id::text)::uuid']) id,
	generate_series(1, 10) p, (VALUES (2), (5), (9)) b(bins);
SELECT is(pg_temp.split_differs(
	'(CASE WHEN id % 2 = 0 THEN ''é'' WHEN id % 3 = 0 THEN ''E'' ELSE ''e'' END || id) COLLATE "de-x-icu"', 5, p),
	0::bigint, format('ties split in the order of an ICU collation, population %s', p))
FROM generate_series(1, 10) p
WHERE EXISTS (SELECT FROM pg_collation WHERE collname = 'de-x-icu');
SELECT skip('no ICU collations', 10) WHERE NOT EXISTS (SELECT FROM pg_collation WHERE collname = 'de-x-icu');

-- 100,000 customers, most of them with one purchase.
INSERT INTO customer
SELECT 11, i, date '2020-01-01' + (random() * 1500)::int, 1 + floor(-ln(1 - random()) / 2)::int, round((random() * 20)::numeric, 1)
FROM generate_series(1, 100000) i;
SELECT is(pg_temp.split_differs(id, 5, 11), 0::bigint, '100,000 customers, ties split as ntile: ' || id)
FROM unnest(ARRAY['id', 'id::text', 'md5(id::text)::uuid']) id;
SELECT is((SELECT count(*) FROM (SELECT id, rfm_score(k, l, f, m) AS s, rfm_score(l, f, m) OVER () AS w
		FROM customer, (SELECT rfm_cuts_agg(l, f, m) AS k FROM customer WHERE population = 11) x
		WHERE population = 11) a JOIN pg_temp.together(11, 5) d USING (id)
	WHERE s <> score OR w <> score), 0::bigint, '100,000 customers, ties together as defined');

-- The recorded collation rules, whatever the scoring query says.
SELECT is((SELECT count(*) FROM customer, (SELECT rfm_cuts_agg(l, f, m, 5, id::text COLLATE "C") AS k FROM customer WHERE population = 1) x
	WHERE population = 1 AND rfm_score(k, l, f, m, id::text COLLATE "POSIX") <> rfm_score(k, l, f, m, id::text COLLATE "C")),
	0::bigint, 'the collation of the cuts is used');
SELECT is((rfm_cuts_agg(l, f, m, 5, id::text COLLATE "C"))::text::jsonb ->> 'collation', 'pg_catalog."C"', 'the collation is recorded by name')
FROM customer WHERE population = 6;
SELECT throws_ok($$SELECT rfm_score('{"bins": 2, "ids": "text", "collation": "nowhere.nothing", "recency": [["2024-01-01", "a"]],
	"frequency": [[1, "a"]], "monetary": [[1, "a"]]}'::rfm_cuts, '2024-01-01', 1, 1, 'x'::text)$$, '3F000', NULL, 'a collation that is gone');
CREATE COLLATION pg_temp.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT throws_ok('SELECT rfm_cuts_agg(l, f, m, 5, id::text COLLATE pg_temp.loose) FROM customer', '0A000', NULL, 'a nondeterministic collation');

-- From histories ----------------------------------------------------------------

CREATE TEMP TABLE histories AS
SELECT c AS customer_id, history_agg(date '2023-01-01' + (random() * 500)::int, round((random() * 100 - 15)::numeric, 2)) AS h
FROM generate_series(1, 2000) c, generate_series(1, 1 + c % 7) GROUP BY c;
INSERT INTO histories VALUES (0, NULL), (-1, ''), (-2, '2023-02-01*0:-5.00'), (-3, '2023-03-01, 2023-09-01');
CREATE TEMP VIEW as_of_columns AS
SELECT customer_id, d, last_purchase(as_of(h, d)) AS l, purchase_days(as_of(h, d))::bigint AS f, coalesce(spend(as_of(h, d)), 0) AS m
FROM histories, (VALUES (date '2023-06-30'), ('2024-12-31'), ('2023-01-01')) v(d)
WHERE purchase_days(as_of(h, d)) > 0;

SELECT is((SELECT rfm_cuts_agg(h, d) FROM histories), (SELECT rfm_cuts_agg(l, f, m) FROM as_of_columns c WHERE c.d = v.d), 'cuts from histories as of ' || d)
FROM (VALUES (date '2023-06-30'), ('2024-12-31'), ('2023-01-01')) v(d);
SELECT is((SELECT rfm_cuts_agg(h, '2024-12-31', 7) FROM histories), (SELECT rfm_cuts_agg(l, f, m, 7) FROM as_of_columns WHERE d = '2024-12-31'), 'with bins');
SELECT is((SELECT count(*) FROM as_of_columns c JOIN histories USING (customer_id) WHERE rfm_score(k, h, d) <> rfm_score(k, l, f, m)), 0::bigint, 'scores from histories are those from columns')
FROM (SELECT rfm_cuts_agg(h, '2023-06-30') AS k FROM histories) x;
SELECT is((SELECT count(rfm_score(k, h, '2023-06-30')) FROM histories), (SELECT count(*) FROM as_of_columns WHERE d = '2023-06-30'), 'who has not bought has no score')
FROM (SELECT rfm_cuts_agg(h, '2023-06-30') AS k FROM histories) x;
SELECT is((SELECT rfm_cuts_agg(h, '2023-06-30') FROM histories), (SELECT rfm_cuts_agg(as_of(h, '2023-06-30'), '2030-01-01') FROM histories), 'as_of first is the same');
SELECT is(rfm_cuts_agg(h, '2022-01-01'), NULL, 'nobody has bought: NULL') FROM histories;
SELECT is((SELECT rfm_score(k, '2024-01-01, 2024-02-01', '2024-06-01')), 333, 'without amounts M is the middle')
FROM (SELECT rfm_cuts_agg('2024-01-01, 2024-02-01'::purchase_history, '2024-06-01') AS k) x;
-- 15.00 by a cut of 10.00005: finer money in cuts than in histories
SELECT is(rfm_score(rfm_cuts('{2024-01-01}', '{2}', '{10.00005}'), '2024-01-02:10.00', '2024-06-01'), 211, 'a cut finer than ticks, below');
SELECT is(rfm_score(rfm_cuts('{2024-01-01}', '{2}', '{10.00005}'), '2024-01-02:10.0001', '2024-06-01'), 212, 'a cut finer than ticks, above');
SELECT is(rfm_score(rfm_cuts('{2024-01-01}', '{2}', '{1e-30}'), '2024-01-02:900000000000000', '2024-06-01'), 212, 'a cut far finer than ticks, above');
SELECT is(rfm_score(rfm_cuts('{2024-01-01}', '{2}', '{1e-30}'), '2024-01-02:1, 2024-01-03*0:-900000000000000', '2024-06-01'), 211, 'a cut far finer than ticks, below');

-- Frozen cuts and new customers ---------------------------------------------------

SELECT results_eq(
	$$SELECT rfm_score(k, l, f, m) FROM (VALUES ('2023-01-01'::date, 0, -5.0), ('2023-12-31', 1, 9.99), ('2024-01-01', 2, 10), ('2024-02-29', 3, 20),
		('2024-06-01', 4, 20.00001), ('2030-01-01', 1000, 1e40)) v(l, f, m),
		(SELECT rfm_cuts('{2024-01-01, 2024-02-01}', '{2, 4}', '{10, 20}') AS k) x$$,
	'VALUES (111), (111), (222), (323), (333), (333)', 'score = 1 + number of cut points <= value');
SELECT results_eq(
	$$SELECT rfm_score(k, '2024-02-29'::date + d, 1 + d, 9.99 + d * .00001) FROM generate_series(-1, 1) d, (SELECT rfm_cuts_agg('2024-02-29'::date, 1, 9.99) AS k) x$$,
	'VALUES (111), (333), (555)', 'one value only: below 1, at it the middle, above the top');
SELECT is(rfm_score(rfm_cuts('{2024-01-01}', '{2, 2, 2, 3}', '{1, 2, 3, 4, 5, 6, 7, 8}'), '2024-01-01', 2, 8), 249, 'each dimension has its own number of cut points; repeated ones skip scores');
SELECT is(rfm_score(k, '2024-01-01', 1, m), NULL, 'NULL in, NULL out') FROM rfm_cuts('{2024-01-01}', '{2}', '{1}') k, (VALUES (NULL::numeric)) v(m);

-- R package rfm 0.3.0 (R/utils.R, R/rfm-table-transaction.R): cut points are type-7 quantiles at i / n, plus one;
-- score i when lower <= value < upper; days since the last purchase are scored the other way round.
-- percentile_cont is R's type 7. A recency cut of c days is a cut at the day as_of - ceil(c) + 1.
CREATE TEMP TABLE package AS
SELECT i, (random() * 900)::int AS days, 1 + floor(random() * 12)::int AS orders, round((random() * 500)::numeric, 2) AS amount FROM generate_series(1, 777) i;
CREATE TEMP TABLE package_cuts AS
SELECT percentile_cont(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY days::float8) AS days,
	percentile_cont(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY orders::float8) AS orders,
	percentile_cont(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY amount::float8) AS amount FROM package;
SELECT is((
	SELECT count(*) FROM package p, package_cuts q,
		rfm_cuts(ARRAY(SELECT date '2024-12-31' - ceil(c + 1)::int + 1 FROM unnest(q.days) c ORDER BY 1),
			ARRAY(SELECT ceil(c + 1)::bigint FROM unnest(q.orders) c ORDER BY 1),
			ARRAY(SELECT (c + 1)::numeric FROM unnest(q.amount) c ORDER BY 1)) k
	WHERE rfm_score(k, date '2024-12-31' - p.days, p.orders, p.amount) = 100 * (5 - (SELECT count(*) FROM unnest(q.days) c WHERE p.days >= c + 1))
		+ 10 * (1 + (SELECT count(*) FROM unnest(q.orders) c WHERE p.orders >= c + 1))
		+ 1 + (SELECT count(*) FROM unnest(q.amount) c WHERE p.amount >= (c + 1)::numeric)),
	777::bigint, 'the scores of R package rfm from its cut points');

-- CDNOW against plain SQL ------------------------------------------------------------

\if :have_cdnow
SELECT is((SELECT count(*) FROM (
		SELECT customer_id, rfm_score(k, h, '1998-06-30') AS score
		FROM (SELECT customer_id, history_agg(date, amount) AS h FROM cdnow GROUP BY 1) c,
			(SELECT rfm_cuts_agg(h, '1998-06-30') AS k FROM (SELECT history_agg(date, amount) AS h FROM cdnow GROUP BY customer_id) c) x) a
	JOIN (SELECT customer_id,
			100 * CASE WHEN l = max(l) OVER () THEN 5 ELSE 1 + 5 * (rank() OVER (ORDER BY l) - 1) / count(*) OVER () END
			+ 10 * CASE WHEN f = max(f) OVER () THEN 5 ELSE 1 + 5 * (rank() OVER (ORDER BY f) - 1) / count(*) OVER () END
			+ CASE WHEN m = max(m) OVER () THEN 5 ELSE 1 + 5 * (rank() OVER (ORDER BY m) - 1) / count(*) OVER () END AS score
		FROM (SELECT customer_id, max(date) AS l, count(DISTINCT date) AS f, sum(amount) AS m FROM cdnow GROUP BY 1) t) b
	USING (customer_id, score)), 2357::bigint, 'CDNOW: every score as in plain SQL');
\else
SELECT skip('no cdnow.csv', 1);
\endif

-- The aggregate in all its uses --------------------------------------------------------

SELECT is(rfm_cuts_agg(l, f, m), NULL, 'no rows') FROM customer WHERE false;
SELECT is(rfm_cuts_agg(l, f, NULL), NULL, 'only NULLs') FROM customer;
SELECT is(rfm_cuts_agg(h, '2024-01-01'), NULL, 'only NULL histories') FROM (VALUES (NULL::purchase_history)) v(h);
SELECT is((SELECT rfm_cuts_agg(CASE WHEN id % 3 > 0 THEN l END, CASE WHEN id % 5 > 0 THEN f END, CASE WHEN id % 7 > 0 THEN m END) FROM customer WHERE population = 1),
	(SELECT rfm_cuts_agg(l, f, m) FILTER (WHERE id % 3 > 0 AND id % 5 > 0 AND id % 7 > 0) FROM customer WHERE population = 1), 'rows with a NULL are left out; FILTER');
SELECT is((SELECT rfm_cuts_agg(l, f, m, 5, CASE WHEN id % 3 > 0 THEN id END) FROM customer WHERE population = 1),
	(SELECT rfm_cuts_agg(l, f, m, 5, id) FROM customer WHERE population = 1 AND id % 3 > 0), 'rows with a NULL id are left out');
SELECT is((SELECT rfm_cuts_agg(DISTINCT l, f, m) FROM customer WHERE population = 7),
	(SELECT rfm_cuts_agg(l, f, m) FROM (SELECT DISTINCT l, f, m FROM customer WHERE population = 7) d), 'DISTINCT');
SELECT is((SELECT rfm_cuts_agg(l, f, m ORDER BY m, id DESC) FROM customer WHERE population = 9),
	(SELECT rfm_cuts_agg(l, f, m ORDER BY id) FROM customer WHERE population = 9), 'any row order, units refined at different times');
SELECT is((SELECT count(*) FROM (
		SELECT rfm_cuts_agg(l, f, m) OVER (ORDER BY id) AS w, (SELECT rfm_cuts_agg(b.l, b.f, b.m) FROM customer b WHERE b.population = 7 AND b.id <= a.id) AS k
		FROM customer a WHERE population = 7) x WHERE w IS DISTINCT FROM k), 0::bigint, 'a growing frame: the state is not touched by the final function');
SELECT is((SELECT count(*) FROM (
		SELECT rfm_cuts_agg(l, f, m, 4, id::text) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING) AS w,
			(SELECT rfm_cuts_agg(b.l, b.f, b.m, 4, b.id::text) FROM customer b WHERE b.population = 7 AND b.id BETWEEN a.id - 3 AND a.id + 3) AS k
		FROM customer a WHERE population = 7) x WHERE w IS DISTINCT FROM k), 0::bigint, 'a moving frame');

-- The window function reads each partition apart, leaves out NULLs, and takes an argument of any cost.
SELECT is((SELECT count(*) FROM (SELECT population, id, rfm_score(l, f, m) OVER (PARTITION BY population) AS s FROM customer WHERE population < 11) w,
		LATERAL (SELECT score FROM pg_temp.together(w.population, 5) d WHERE d.id = w.id) d
	WHERE population IN (3, 4, 5, 6, 7) AND s <> score), 0::bigint, 'partitions');
SELECT results_eq('SELECT rfm_score(l, f, m) OVER () FROM (VALUES (date ''2024-01-01'', 1, 1.0), (NULL, 1, 1), (''2024-01-02'', 2, 2), (''2024-01-02'', NULL, 2), (''2024-01-02'', 1, NULL)) v(l, f, m)',
	'VALUES (111), (NULL), (555), (NULL), (NULL)', 'a row with a NULL has no score and does not count');
SELECT throws_ok('SELECT rfm_score(l, f, m, 1 + id::int) OVER () FROM customer WHERE population = 6', '22023', NULL, 'window: bins change');
SELECT throws_ok('SELECT rfm_score(l, f, m, NULL) OVER () FROM customer WHERE population = 6', '22004', NULL, 'window: bins NULL');
SELECT throws_ok('SELECT rfm_score(l, f, m, 10) OVER () FROM customer WHERE population = 6', '22023', NULL, 'window: bins out of range');
SELECT throws_ok('SELECT rfm_score(l, -f, m) OVER () FROM customer WHERE population = 2', '22023', NULL, 'window: negative frequency');

-- Parallel workers: partial states travel.
CREATE TABLE rfm_many AS SELECT *, md5(id::text)::uuid AS u FROM customer WHERE population IN (1, 9, 11);
CREATE TABLE rfm_histories AS SELECT * FROM histories;
CREATE TEMP TABLE serial AS
SELECT rfm_cuts_agg(l, f, m)::text AS k0, rfm_cuts_agg(l, f, m, 9)::text AS k1, rfm_cuts_agg(l, f, m, 5, id)::text AS k2, rfm_cuts_agg(l, f, m, 5, id::text)::text AS k3,
	rfm_cuts_agg(l, f, m, 5, u)::text AS k4, (SELECT rfm_cuts_agg(h, '2023-06-30')::text FROM rfm_histories) AS k5 FROM rfm_many;
\ir include/parallel.sql
ALTER TABLE rfm_many SET (parallel_workers = 2);
ALTER TABLE rfm_histories SET (parallel_workers = 2);
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
	RETURN plan;
END $$;
SELECT matches(pg_temp.plan_of('SELECT rfm_cuts_agg(l, f, m) FROM rfm_many'), 'Finalize Aggregate.*Gather.*Partial Aggregate', 'the plan is parallel');
CREATE TEMP TABLE parallel AS SELECT
	(SELECT rfm_cuts_agg(l, f, m)::text FROM rfm_many) AS k0, (SELECT rfm_cuts_agg(l, f, m, 9)::text FROM rfm_many) AS k1, (SELECT rfm_cuts_agg(l, f, m, 5, id)::text FROM rfm_many) AS k2,
	(SELECT rfm_cuts_agg(l, f, m, 5, id::text)::text FROM rfm_many) AS k3, (SELECT rfm_cuts_agg(l, f, m, 5, u)::text FROM rfm_many) AS k4, (SELECT rfm_cuts_agg(h, '2023-06-30')::text FROM rfm_histories) AS k5;
SELECT is(p.*::text, s.*::text, 'parallel workers give the same cuts') FROM parallel p, serial s;
SELECT throws_ok('SELECT rfm_cuts_agg(l, f, m, population % 3 + 2) FROM rfm_many', '22023', NULL, 'states of different bins do not combine');
RESET ALL;

-- Memory: 32 bytes a customer at most, plus the id; read while the state is there.
CREATE FUNCTION pg_temp.largest_context() RETURNS bigint LANGUAGE sql VOLATILE
RETURN (SELECT max(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'ExprContext');
SELECT cmp_ok(bytes, '<=', 32 * 200000::bigint, 'memory of 200,000 customers') FROM (
	SELECT pg_temp.largest_context() AS bytes, rfm_cuts_agg(date '2024-01-01' + (i % 1000)::int, i % 50, i) AS k FROM generate_series(1, 200000) i OFFSET 0) s
WHERE k IS NOT NULL;
SELECT cmp_ok(bytes, '>', 28 * 200000::bigint, 'which is what it shows') FROM (
	SELECT pg_temp.largest_context() AS bytes, rfm_cuts_agg(date '2024-01-01' + (i % 1000)::int, i % 50, i) AS k FROM generate_series(1, 200000) i OFFSET 0) s
WHERE k IS NOT NULL;
SELECT cmp_ok(bytes, '<=', (32 + 9) * 200000::bigint, 'with bigint ids') FROM (
	SELECT pg_temp.largest_context() AS bytes, rfm_cuts_agg(date '2024-01-01' + (i % 1000)::int, i % 50, i, 5, i) AS k FROM generate_series(1, 200000) i OFFSET 0) s
WHERE k IS NOT NULL;

-- Bad input ------------------------------------------------------------------------------

SELECT throws_ok(format('SELECT rfm_cuts_agg(l, f, m, %s) FROM customer', bins), '22023', format('bins must be between 2 and 9, not %s', bins), 'bins ' || bins)
FROM unnest(ARRAY[-1, 0, 1, 10, 2147483647]) bins;
SELECT throws_ok('SELECT rfm_cuts_agg(l, f, m, NULL) FROM customer', '22004', NULL, 'bins NULL');
SELECT throws_ok('SELECT rfm_cuts_agg(h, NULL::date) FROM histories', '22004', NULL, 'as_of NULL');
SELECT throws_ok('SELECT rfm_cuts_agg(h, ''2024-01-01'', NULL) FROM histories', '22004', NULL, 'bins NULL with histories');
SELECT throws_ok('SELECT rfm_cuts_agg(l, f, m, 2 + (id % 2)::int) FROM customer', '22023', 'argument "bins" must not change within a group', 'bins change');
SELECT throws_ok('SELECT rfm_cuts_agg(h, date ''2024-01-01'' + customer_id) FROM histories', '22023', 'argument "as_of" must not change within a group', 'as_of changes');
SELECT throws_ok('SELECT rfm_cuts_agg(h, ''infinity'') FROM histories', '22008', NULL, 'as_of infinite');
SELECT throws_ok('SELECT rfm_cuts_agg(''infinity'', 1, 1)', '22008', 'last purchase must be finite, not "infinity"', 'last purchase infinite');
SELECT throws_ok('SELECT rfm_cuts_agg(''2024-01-01'', -1, 1)', '22023', 'frequency must not be negative: -1', 'frequency negative');
SELECT throws_ok('SELECT rfm_cuts_agg(''2024-01-01'', 1, ''NaN'')', '22023', 'monetary must be a finite number, not NaN', 'monetary NaN');
SELECT throws_ok('SELECT rfm_cuts_agg(''2024-01-01'', 1, ''-Infinity'')', '22023', 'monetary must be a finite number, not -Infinity', 'monetary infinite');
SELECT throws_ok('SELECT rfm_cuts_agg(''2024-01-01'', 1, 1e36)', '22003', NULL, 'monetary too large');
SELECT throws_ok('SELECT rfm_cuts_agg(''2024-01-01'', 1, m) FROM (VALUES (1e30), (1e-10)) v(m)', '22003', NULL, 'monetary values too far apart');
SELECT throws_ok('SELECT rfm_cuts_agg(''2024-01-01'', 1, m) FROM (VALUES (1e-10), (1e30)) v(m)', '22003', NULL, 'monetary values too far apart, the other way round');
SELECT throws_ok($$SELECT rfm_score(rfm_cuts('{2024-01-01}', '{1}', '{1}'), '-infinity', 1, 1)$$, '22008', NULL, 'score: infinite date');
SELECT throws_ok($$SELECT rfm_score(rfm_cuts('{2024-01-01}', '{1}', '{1}'), '2024-01-01', -1, 1)$$, '22023', NULL, 'score: negative frequency');
SELECT throws_ok($$SELECT rfm_score(rfm_cuts('{2024-01-01}', '{1}', '{1}'), '2024-01-01', 1, 'NaN')$$, '22023', NULL, 'score: NaN');
SELECT throws_ok($$SELECT rfm_score(rfm_cuts('{2024-01-01}', '{1}', '{1}'), '2024-01-01', 1, 1, 5)$$, '22023', NULL, 'score: an id that the cuts do not know');
SELECT throws_ok($$SELECT rfm_score(k, '2024-01-01', 1, 1) FROM (SELECT rfm_cuts_agg('2024-01-01', 1, 1, 5, 7) AS k) x$$, '22023', NULL, 'score: no id');
SELECT throws_ok($$SELECT rfm_score(k, '2024-01-01', 1, 1, '7'::text) FROM (SELECT rfm_cuts_agg('2024-01-01', 1, 1, 5, 7) AS k) x$$, '42804', NULL, 'score: an id of another type');
SELECT throws_ok($$SELECT rfm_score(k, ''::purchase_history, '2024-01-01') FROM (SELECT rfm_cuts_agg('2024-01-01', 1, 1, 5, 7) AS k) x$$, '22023', NULL, 'score of a history: no id');
SELECT throws_ok($$SELECT rfm_cuts('{2024-02-01, 2024-01-01}', '{1}', '{1}')$$, '22023', NULL, 'cut points that decrease');
SELECT throws_ok($$SELECT rfm_cuts('{}', '{1}', '{1}')$$, '22023', NULL, 'no cut points');
SELECT throws_ok($$SELECT rfm_cuts('{2024-01-01}', '{1,2,3,4,5,6,7,8,9}', '{1}')$$, '22023', NULL, 'nine cut points');
SELECT throws_ok($$SELECT rfm_cuts('{2024-01-01}', '{{1,2}}', '{1}')$$, '2202E', NULL, 'two dimensions');
SELECT throws_ok($$SELECT rfm_cuts('{2024-01-01}', '{NULL}', '{1}')$$, '22004', NULL, 'a NULL cut point');
SELECT throws_ok($$SELECT rfm_cuts('{infinity}', '{1}', '{1}')$$, '22008', NULL, 'an infinite date');
SELECT throws_ok($$SELECT rfm_cuts('{2024-01-01}', '{1}', '{NaN}')$$, '22023', NULL, 'NaN');
SELECT throws_ok($$SELECT rfm_cuts('{2024-01-01}', '{1}', '{1e50}')$$, '22003', NULL, 'a cut point out of range');
SELECT throws_ok($$SELECT rfm_cuts('{2024-01-01}', '{1}', '{1e-50}')$$, '22003', NULL, 'a cut point too fine');
SELECT is(rfm_cuts(NULL, '{1}', '{1}'), NULL, 'rfm_cuts is strict');

-- The value: text, binary, comparison -------------------------------------------------------

CREATE TABLE rfm_values AS
SELECT population, bins, rfm_cuts_agg(l, f, m, bins) AS k FROM customer, (VALUES (2), (5), (9)) b(bins) GROUP BY 1, 2 UNION ALL
SELECT population + 100, 5, rfm_cuts_agg(l, f, m, 5, id) FROM customer GROUP BY 1 UNION ALL
SELECT population + 200, 5, rfm_cuts_agg(l, f, m, 5, E'"quo\\ted" \u00e9' || id) FROM customer GROUP BY 1 UNION ALL
SELECT population + 300, 5, rfm_cuts_agg(l, f, m, 5, md5(id::text)::uuid) FROM customer GROUP BY 1 UNION ALL
SELECT 400, 9, rfm_cuts('{4713-01-01 BC, 2024-01-01, 5874897-12-31}', '{-9223372036854775808, 9223372036854775807}', '{-99999999999999999999999999999999, -0.0001, 0, 0.0001}');
SELECT is((SELECT count(*) FROM rfm_values WHERE k::text::rfm_cuts <> k OR k::text::rfm_cuts::text <> k::text), 0::bigint, 'text round trip');
SELECT is((SELECT count(*) FROM rfm_values WHERE pg_temp.receive('rfm_cuts', rfm_cuts_send(k)) IS DISTINCT FROM k::text), 0::bigint, 'binary round trip');
SELECT is((SELECT count(*) FROM rfm_values a, rfm_values b WHERE (a.k = b.k) <> (a.k::text = b.k::text) OR (a.k < b.k)::int + (a.k = b.k)::int + (a.k > b.k)::int <> 1
	OR (a.k <= b.k) <> (a.k < b.k OR a.k = b.k) OR (a.k >= b.k) <> (b.k <= a.k) OR (a.k <> b.k) = (a.k = b.k) OR rfm_cuts_cmp(a.k, b.k) <> -rfm_cuts_cmp(b.k, a.k)), 0::bigint, 'comparison is consistent');
SELECT is((SELECT count(DISTINCT k) FROM rfm_values), (SELECT count(*) FROM (SELECT k FROM rfm_values GROUP BY k) g), 'grouping by sort and by hash');
SELECT is((SELECT count(*) FROM rfm_values WHERE rfm_cuts_hash(k) <> rfm_cuts_hash(k::text::rfm_cuts) OR rfm_cuts_hash_extended(k, 0) & 4294967295 <> rfm_cuts_hash(k)::bigint & 4294967295), 0::bigint, 'hashes agree');
SELECT is(rfm_cuts('{2024-01-01}', '{1}', '{1.50000}'), rfm_cuts('{2024-01-01}', '{1}', '{1.5}'), 'equal money is equal');
SET LOCAL DateStyle = 'SQL, DMY';
SELECT is(rfm_cuts('{13/02/2024}', '{1}', '{1.5}')::text, '{"bins": 2, "recency": ["2024-02-13"], "frequency": [1], "monetary": [1.50]}', 'dates are ISO whatever DateStyle says');
RESET DateStyle;
SELECT throws_ok(format('SELECT %L::rfm_cuts', t), '22P02', NULL, 'not cuts: ' || t)
FROM unnest(ARRAY['', '[]', '{}', '1', 'null', '{"bins": 5}', '{"bins": 1, "recency": [], "frequency": [], "monetary": []}', '{"bins": 10, "recency": [], "frequency": [], "monetary": []}',
	'{"bins": 2.5, "recency": [], "frequency": [], "monetary": []}', '{"bins": 2, "recency": {}, "frequency": [], "monetary": []}', '{"bins": 2, "recency": [1], "frequency": [], "monetary": []}',
	'{"bins": 2, "recency": [["2024-01-01"]], "frequency": [], "monetary": []}', '{"bins": 2, "recency": [], "frequency": [1.5], "monetary": []}', '{"bins": 2, "recency": [], "frequency": ["1"], "monetary": []}',
	'{"bins": 2, "recency": [], "frequency": [1, 2], "monetary": []}', '{"bins": 3, "recency": [], "frequency": [2, 1], "monetary": []}', '{"bins": 2, "recency": [], "frequency": [], "monetary": ["1"]}',
	'{"bins": 2, "recency": [], "frequency": [], "monetary": [1e40]}', '{"bins": 2, "recency": ["infinity"], "frequency": [], "monetary": []}', '{"bins": 2, "recency": null, "frequency": [], "monetary": []}',
	'{"bins": 2, "ids": "int", "recency": [], "frequency": [], "monetary": []}', '{"bins": 2, "ids": "text", "recency": [], "frequency": [], "monetary": []}',
	'{"bins": 2, "ids": "bigint", "collation": "x", "recency": [], "frequency": [], "monetary": []}', '{"bins": 2, "ids": "bigint", "recency": [], "frequency": [1], "monetary": []}',
	'{"bins": 2, "ids": "bigint", "recency": [], "frequency": 1, "monetary": []}', '{"bins": 3, "ids": "bigint", "recency": [], "frequency": [[1, 5], [1, 4]], "monetary": []}',
	'{"bins": 2, "ids": "bigint", "recency": [], "frequency": [[1, 5, 6]], "monetary": []}', '{"bins": 2, "ids": "uuid", "recency": [], "frequency": [[1, "5"]], "monetary": []}']) t;
SELECT throws_ok($$SELECT '{"bins": 2, "recency": ["2024-02-30"], "frequency": [], "monetary": []}'::rfm_cuts$$, '22008', NULL, 'a date that is not');

-- Mutated bytes: a value or 22P03 (or a wrong encoding or date), never a crash.
SELECT is(ARRAY(SELECT outcome FROM pg_temp.mutate('rfm_cuts', rfm_cuts_send(k), 2500) WHERE outcome NOT IN ('ok', 'error 22P03', 'error 08P01', 'error 22021')), '{}'::text[], 'mutated cuts, population ' || population)
FROM rfm_values WHERE population IN (1, 101, 201, 301) AND bins = 5;
SELECT matches(pg_temp.receive('rfm_cuts', substr(rfm_cuts_send(k), 1, n)), 'error (08P01|22P03)', 'cut after ' || n || ' bytes')
FROM rfm_values, LATERAL generate_series(0, length(rfm_cuts_send(k)) - 1, 9) n WHERE population = 206;

-- Arguments and amounts at their ends.
CREATE TABLE rfm_collations AS SELECT 'a'::text COLLATE "C" AS x, 'b'::text COLLATE "POSIX" AS y;
SELECT throws_ok('SELECT rfm_cuts_agg(current_date, 1, 1, 5, x || y) FROM rfm_collations', '42P22', NULL, 'no collation can be told');
SELECT throws_ok('SELECT rfm_cuts_agg(current_date, 1, 1, NULL)', '22004', NULL, 'no bins');
SELECT throws_ok('SELECT rfm_cuts_agg(''2024-01-01''::purchase_history, NULL, 5)', '22004', NULL, 'no as-of date');
SELECT throws_ok(format('SELECT %L::rfm_cuts', (c::text::jsonb || jsonb_build_object('collation', repeat('a', 70000)))), '22P02', NULL, 'a name of 70,000 letters')
FROM (SELECT rfm_cuts_agg(date '2024-01-01' + i, i, i, 5, i::text) AS c FROM generate_series(1, 20) i) c;
SELECT is(pg_temp.receive('rfm_cuts', substr(sent, 1, 4) || int4send(70000) || decode(repeat('61', 70000), 'hex') || substr(sent, 9)), 'error 22P03', 'and in bytes')
FROM (SELECT rfm_cuts_send(rfm_cuts_agg(date '2024-01-01' + i, i, i)) AS sent FROM generate_series(1, 20) i) c;
SELECT is(rfm_score(c, '2024-01-10', 1, amount), score, 'an amount of ' || amount)
FROM (SELECT rfm_cuts_agg(date '2024-01-10', 1, (i * 1e-9)::numeric) AS c FROM generate_series(1, 20) i) c,
     (VALUES (1e20, 335), (-1e20, 331), (1e40, 335), (-1e40, 331), (1e-8, 333)) v(amount, score);
CREATE TABLE rfm_scales (part int, amount numeric) PARTITION BY LIST (part);
CREATE TABLE rfm_scales_1 PARTITION OF rfm_scales FOR VALUES IN (1);
CREATE TABLE rfm_scales_2 PARTITION OF rfm_scales FOR VALUES IN (2);
INSERT INTO rfm_scales SELECT v.* FROM (VALUES (1, 1e30), (1, 2), (2, 1e-12), (2, 3)) v, generate_series(1, 50);
SELECT throws_ok('SELECT rfm_cuts_agg(current_date, 1, 1e-40)', '22003', NULL, 'finer than 36 digits');
SELECT is(rfm_score(c, h, '2024-01-10'), score, 'wide cuts: ' || h)
FROM (SELECT rfm_cuts_agg(date '2024-01-10', 1, i * 1e-33) AS c FROM generate_series(1, 20) i) c,
     (VALUES ('2024-01-10:900000000000000'::purchase_history, 335), ('2024-01-09:1,2024-01-10*0:-900000000000000', 131)) v(h, score);
ANALYZE rfm_scales;
SET enable_partitionwise_aggregate = on;
SET cpu_operator_cost = 0;
SET max_parallel_workers_per_gather = 0;
SELECT throws_ok(format('SELECT rfm_cuts_agg(current_date, 1, %s amount) FROM rfm_scales', sign), '22003', NULL, 'too fine for what is so large: ' || sign) FROM unnest(ARRAY['', '-']) sign;
SELECT throws_ok(format('SELECT rfm_cuts_agg(current_date, 1, %s CASE part WHEN 1 THEN 1e-12 WHEN 2 THEN 1e30 END) FROM rfm_scales', sign), '22003', NULL, 'in the other order: ' || sign) FROM unnest(ARRAY['', '-']) sign;
RESET ALL;
-- To a client that has another encoding, ids go in that.
CREATE TABLE rfm_umlauts AS SELECT rfm_cuts_agg(date '2024-01-01' + i, i, i, 5, U&'\00e4' || i) AS c FROM generate_series(1, 20) i;
SET LOCAL client_encoding = 'LATIN1';
CREATE TABLE rfm_latin AS SELECT rfm_cuts_send(c) AS sent FROM rfm_umlauts;
RESET client_encoding;
SELECT ok(position('\xe431'::bytea IN sent) > 0 AND position('\xc3a4'::bytea IN sent) = 0 AND position('\xc3a431'::bytea IN rfm_cuts_send(c)) > 0, 'ids go in the client''s encoding') FROM rfm_latin, rfm_umlauts;

SELECT * FROM finish();
ROLLBACK;
