-- expansion: affinity against SQL self-joins and Dunning's figures, next products, trend of spend.
BEGIN;
SELECT no_plan();

-- The oracle: each product once per basket, pairs by self-join.
CREATE TABLE order_lines (i int, basket bigint, product bigint);
CREATE FUNCTION pg_temp.expected() RETURNS TABLE (product bigint, other bigint, together bigint, product_count bigint, other_count bigint, baskets bigint,
	support numeric, confidence numeric, lift numeric, ratio numeric) LANGUAGE sql AS $$
WITH b AS MATERIALIZED (SELECT DISTINCT basket, product FROM order_lines WHERE basket IS NOT NULL AND product IS NOT NULL),
n AS (SELECT count(DISTINCT basket)::float8 AS n FROM b),
c AS MATERIALIZED (SELECT product, count(*)::float8 AS c FROM b GROUP BY product),
pairs AS (SELECT x.product, y.product AS other, count(*)::float8 AS k FROM b x JOIN b y USING (basket) WHERE x.product <> y.product GROUP BY 1, 2),
cells AS (SELECT p.product, p.other, k, a.c AS a, o.c AS o, n,
	ARRAY[k, a.c - k, o.c - k, n - a.c - o.c + k] AS observed, ARRAY[a.c * o.c / n, a.c * (n - o.c) / n, (n - a.c) * o.c / n, (n - a.c) * (n - o.c) / n] AS expected
	FROM pairs p JOIN c a ON a.product = p.product JOIN c o ON o.product = p.other, n)
SELECT product, other, k::bigint, a::bigint, o::bigint, n::bigint, round((k / n)::numeric, 12), round((k / a)::numeric, 12), round((k * n / (a * o))::numeric, 9),
	round((CASE WHEN k * n < a * o THEN -2 ELSE 2 END * (SELECT sum(CASE WHEN ob = 0 THEN 0 ELSE ob * ln(ob / ex) END) FROM unnest(observed, expected) u(ob, ex)))::numeric, 6)
FROM cells $$;
CREATE FUNCTION pg_temp.differ() RETURNS bigint LANGUAGE sql AS $$
WITH ours AS (SELECT a.product, a.other, a.together, a.product_count, a.other_count, a.baskets, round(a.support::numeric, 12), round(a.confidence::numeric, 12),
	round(a.lift::numeric, 9), round(a.log_likelihood_ratio::numeric, 6)
	FROM affinity((SELECT affinity_agg(basket, product) FROM order_lines), NULL::bigint) a),
theirs AS (SELECT * FROM pg_temp.expected())
SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours)) x $$;
CREATE FUNCTION pg_temp.make(n int, baskets int, products int, spread bigint) RETURNS void LANGUAGE sql AS $$
TRUNCATE order_lines;
INSERT INTO order_lines SELECT i, CASE WHEN i % 97 <> 0 THEN floor(random() * baskets)::bigint * spread - 50 END, CASE WHEN i % 89 <> 0 THEN floor(products * random() ^ 2)::bigint - 10 END
FROM generate_series(1, n) i $$;
SELECT setseed(0.5);
SELECT pg_temp.make(5000, 800, 40, 1) \g /dev/null
SELECT is(pg_temp.differ(), 0::bigint, 'few products, as by self-join');
SELECT cmp_ok(count(*) FILTER (WHERE ratio < 0), '>', 100::bigint, 'some less often than by chance') FROM pg_temp.expected();
SELECT pg_temp.make(9000, 2000, 9000, 1) \g /dev/null
SELECT is(pg_temp.differ(), 0::bigint, 'many products, as by self-join');
SELECT cmp_ok(count(DISTINCT product), '>', 2048::bigint, 'more than a table is made for') FROM order_lines;
SELECT pg_temp.make(3000, 600, 60, 15372286728091293) \g /dev/null
SELECT is(pg_temp.differ(), 0::bigint, 'basket ids all over 64 bits');
SELECT pg_temp.make(400, 1, 400, 1) \g /dev/null
SELECT is(pg_temp.differ(), 0::bigint, 'one basket of everything');
SELECT pg_temp.make(300, 100, 1, 1) \g /dev/null
SELECT is(affinity_agg(basket, product)::text, 'bigint ' || count(DISTINCT basket) || ' baskets {-10: ' || count(DISTINCT basket) || '}', 'one product: no pairs')
FROM order_lines WHERE basket IS NOT NULL AND product IS NOT NULL;

-- Dunning (1993), table 1: the first bigrams of a text of 31,777 words, -2 log lambda beside their counts.
SELECT is(round(log_likelihood_ratio::numeric, 2), g2, 'Dunning 1993: ' || bigram)
FROM (VALUES ('the swiss', 110, 2442, 111, 270.72), ('can be', 29, 13, 123, 263.90), ('previous year', 31, 23, 139, 256.84), ('mineral water', 10, 0, 3, 167.23)) v(bigram, k11, k12, k21, g2),
	LATERAL affinity(format('bigint 31777 baskets {1: %s (2: %s); 2: %s}', k11 + k12, k11, k11 + k21)::basket_counts, NULL::bigint) WHERE product = 1;
SELECT is(log_likelihood_ratio, 0::float8, 'independent: 0') FROM affinity('bigint 100 baskets {1: 50 (2: 10); 2: 20}', NULL::bigint) WHERE product = 1;
SELECT is(round(log_likelihood_ratio::numeric, 9), round((2 * 100 * ln(2::numeric))::numeric, 9), 'always together, 0 ln 0 = 0') FROM affinity('bigint 100 baskets {1: 50 (2: 50); 2: 50}', NULL::bigint) WHERE product = 1;
SELECT is(log_likelihood_ratio, 0::float8, 'in every basket: nothing to learn') FROM affinity('bigint 9 baskets {1: 9 (2: 9); 2: 9}', NULL::bigint) WHERE product = 1;
SELECT is(ARRAY(SELECT other FROM affinity('bigint 9 baskets {1: 5 (2: 3, 3: 2); 2: 5; 3: 2}', NULL::bigint, 3)), '{2,1}'::bigint[], 'min_count');

-- The aggregate, every way.
SELECT pg_temp.make(10000, 1500, 150, 1) \g /dev/null
ALTER TABLE order_lines SET (parallel_workers = 2);
CREATE TEMP TABLE serial AS SELECT affinity_agg(basket, product) AS c, affinity_agg(basket::text, product::text) AS ct,
	affinity_agg(lpad(to_hex(basket), 32, '0')::uuid, lpad(to_hex(product), 32, '0')::uuid) AS cu FROM order_lines;
SELECT ok(c = d AND c = e AND c = f, 'any order gives the same bytes') FROM serial, (SELECT affinity_agg(basket, product ORDER BY md5(i::text)) AS d,
	affinity_agg(basket, product ORDER BY basket, product) AS e, affinity_agg(DISTINCT basket, product) AS f FROM order_lines) x;
\ir include/parallel.sql
CREATE TEMP TABLE parallel AS SELECT affinity_agg(basket, product) AS c, affinity_agg(basket::text, product::text) AS ct,
	affinity_agg(lpad(to_hex(basket), 32, '0')::uuid, lpad(to_hex(product), 32, '0')::uuid) AS cu FROM order_lines;
RESET ALL;
SELECT ok(s.c = p.c AND s.ct = p.ct AND s.cu = p.cu, 'parallel workers give the same bytes') FROM serial s, parallel p;
SELECT is((SELECT array_agg((product, other, together, lift)::text ORDER BY product COLLATE "C", other COLLATE "C") FROM affinity(ct, NULL::text)),
	(SELECT array_agg((product::text, other::text, together, lift)::text ORDER BY product::text COLLATE "C", other::text COLLATE "C") FROM affinity(c, NULL::bigint)), 'text ids') FROM serial;
SELECT is((SELECT array[count(*), sum(together), sum(product_count)] FROM affinity(cu, NULL::uuid)), (SELECT array[count(*), sum(together), sum(product_count)] FROM affinity(c, NULL::bigint)), 'uuid ids') FROM serial;
SELECT is(affinity_agg(basket, product), NULL, 'no rows') FROM order_lines WHERE false;
SELECT is(affinity_agg(NULL::bigint, NULL), NULL, 'only NULLs');
SELECT is(affinity_agg(1, p) FILTER (WHERE p > 1)::text, 'bigint 1 baskets {2: 1 (3: 1); 3: 1}', 'FILTER') FROM generate_series(1, 3) p;
SELECT is(array_agg(c::text), ARRAY['bigint 1 baskets {1: 1}', 'bigint 1 baskets {1: 1 (2: 1); 2: 1}'], 'a growing frame') FROM (SELECT affinity_agg(1, p) OVER (ORDER BY p) AS c FROM generate_series(1, 2) p) x;
CREATE TEMP TABLE giant AS SELECT i::bigint AS product FROM generate_series(1, 60000) i;
CREATE FUNCTION pg_temp.cancelled(query text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN false;
EXCEPTION WHEN query_canceled THEN
	RETURN true;
END $$;
SET LOCAL statement_timeout = '400ms';
SELECT ok(pg_temp.cancelled('SELECT affinity_agg(1, product) FROM giant'), 'a giant basket can be cancelled');
SET LOCAL statement_timeout = 0;

-- Forms.
SELECT ok(c::text::basket_counts = c AND ct::text::basket_counts = ct AND cu::text::basket_counts = cu, 'text round trip') FROM serial;
SELECT is(t::basket_counts::text, r, t) FROM (VALUES ('bigint 0 baskets {}', 'bigint 0 baskets {}'), ('text 1 baskets {"": 1}', 'text 1 baskets {"": 1}'), (' text 2  baskets{"b":1;"a\"":2( "b" :1)} ', 'text 2 baskets {"a\"": 2 ("b": 1); "b": 1}'),
	('bigint 3 baskets {2: 1 (1: 1); 1: 3}', 'bigint 3 baskets {1: 3 (2: 1); 2: 1}')) v(t, r);
SELECT throws_ok(format('SELECT %L::basket_counts', t), '22P02', NULL, t) FROM unnest(ARRAY['', 'int 1 baskets {}', 'bigint', 'bigint x baskets {}', 'bigint 1 baskets {1}', 'bigint 1 baskets {}', 'bigint 0 baskets {1: 1}', 'bigint 1 baskets {1: 2}', 'bigint 1 baskets {1: 0}',
	'bigint 3 baskets {1: 2 (2: 2); 2: 1}', 'bigint 3 baskets {1: 2 (3: 1); 2: 1}', 'bigint 3 baskets {1: 2 (1: 1)}', 'bigint 3 baskets {1: 2 (2: 1, 2: 1); 2: 2}', 'bigint 3 baskets {1: 2 (2: 1); 2: 2 (1: 1)}', 'bigint 2 baskets {1: 2 (2: 1); 2: 1; 1: 2}',
	'bigint 3 baskets {1: 3 (2: 1); 2: 2}', 'bigint 3 baskets {1: 3} x', 'bigint 3 baskets {1: 3', 'bigint -3 baskets {1: 3}', 'bigint 99999999999 baskets {1: 3}']) t;
\ir include/binary.sql
SELECT is(pg_temp.receive('basket_counts', basket_counts_send(t::basket_counts)), t, 'binary: ' || t) FROM unnest(ARRAY['bigint 0 baskets {}', 'bigint 3 baskets {1: 3 (2: 1); 2: 1}', 'text 2 baskets {"a": 2 ("é": 1); "é": 1}', 'uuid 1 baskets {00000000-0000-0000-0000-000000000002: 1}']) t;
SELECT is(array_agg(outcome ORDER BY outcome) <@ ARRAY['error 08P01', 'error 22P03', 'error 22021', 'ok'], true, 'mutants: an error or counts') FROM pg_temp.mutate('basket_counts', basket_counts_send('bigint 9 baskets {1: 5 (2: 3, 3: 2); 2: 5; 3: 2}'), 300);

-- Next products: the oracle is the definition in SQL.
CREATE TABLE purchases AS SELECT floor(random() * 300)::bigint AS customer, floor(160 * random() ^ 2)::bigint - 10 AS product FROM generate_series(1, 3000) i
UNION ALL VALUES (NULL, 1), (1, NULL), (1, 12345);
CREATE FUNCTION pg_temp.next_expected(how_many int, neighbours int) RETURNS TABLE (customer bigint, "position" int, product bigint, score numeric, because_of bigint) LANGUAGE sql AS $$
WITH kept AS (SELECT * FROM (SELECT a.product, a.other, a.together / sqrt(a.product_count::float8 * a.other_count) AS s,
		row_number() OVER (PARTITION BY a.product ORDER BY a.together / sqrt(a.product_count::float8 * a.other_count) DESC, a.other) AS r
	FROM serial, affinity(c, NULL::bigint) a WHERE a.together * a.baskets > a.product_count * a.other_count) x WHERE r <= neighbours),
b AS MATERIALIZED (SELECT DISTINCT customer, product FROM purchases WHERE customer IS NOT NULL AND product IS NOT NULL),
scores AS (SELECT b.customer, k.other AS product, sum(k.s) AS score, (array_agg(k.product ORDER BY k.s DESC, k.product))[1] AS because_of
	FROM b JOIN kept k ON k.product = b.product WHERE NOT EXISTS (SELECT FROM b d WHERE d.customer = b.customer AND d.product = k.other) GROUP BY 1, 2)
SELECT * FROM (SELECT customer, row_number() OVER (PARTITION BY customer ORDER BY round(score::numeric, 9) DESC, product)::int AS r, product, round(score::numeric, 9), because_of FROM scores) x WHERE r <= how_many $$;
-- Equal scores may differ in their last bit: the scores in order, and who is there.
CREATE FUNCTION pg_temp.next_differ(how_many int, neighbours int, whole boolean) RETURNS bigint LANGUAGE sql AS $$
WITH ours AS (SELECT n.customer_id, CASE WHEN NOT whole THEN n."position" END, CASE WHEN whole THEN n.product END, round(n.score::numeric, 9), CASE WHEN whole THEN n.because_of END
	FROM serial, next_products(c, 'SELECT customer, product FROM purchases', NULL::bigint, NULL::bigint, how_many, neighbours) n),
theirs AS (SELECT n.customer, CASE WHEN NOT whole THEN n."position" END, CASE WHEN whole THEN n.product END, n.score, CASE WHEN whole THEN n.because_of END FROM pg_temp.next_expected(how_many, neighbours) n)
SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours)) x $$;
SELECT is(pg_temp.next_differ(h, k, false), 0::bigint, format('next products in order: %s of %s neighbours', h, k)) FROM unnest(ARRAY[1, 5]) h, unnest(ARRAY[1, 20]) k;
SELECT is(pg_temp.next_differ(1000, k, true), 0::bigint, format('all products as defined, of %s neighbours', k)) FROM unnest(ARRAY[1, 20, 1000]) k;
CREATE TEMP TABLE everybody AS SELECT n.* FROM serial, next_products(c, 'SELECT customer, product FROM purchases', NULL::bigint, NULL::bigint) n;
SELECT cmp_ok(count(*), '>', 1000::bigint, 'there is something to compare') FROM everybody;
SELECT is(count(*), 0::bigint, 'never one already bought') FROM everybody e JOIN purchases p ON p.customer = e.customer_id AND p.product = e.product;
SELECT is(count(*), 0::bigint, 'one by one the same, to the last bit') FROM (
	(SELECT p.customer, n.* FROM serial, (SELECT customer, array_agg(product) AS bought FROM purchases GROUP BY customer) p, next_products(c, p.bought) n WHERE p.customer IS NOT NULL)
	EXCEPT ALL TABLE everybody) x;
SELECT is((SELECT array_agg(n::text ORDER BY n.customer_id, n."position") FROM serial, next_products(c, 'SELECT customer::text || ''x'', product::int FROM purchases', NULL::text, NULL::bigint) n),
	(SELECT array_agg((customer_id || 'x', "position", product, score, because_of)::text ORDER BY customer_id || 'x', "position") FROM everybody), 'customers of another type, products as int');
SET LOCAL work_mem = '64kB'; SET LOCAL hash_mem_multiplier = 1;
SELECT is(count(*), 0::bigint, 'the same from temporary files') FROM ((SELECT n.* FROM serial, next_products(c, 'SELECT customer, product FROM purchases', NULL::bigint, NULL::bigint) n) EXCEPT ALL TABLE everybody) x;
RESET work_mem; RESET hash_mem_multiplier;
SELECT is((SELECT count(*) FROM next_products(NULL, '{1}'::bigint[])) + (SELECT count(*) FROM next_products('bigint 1 baskets {1: 1}', NULL::bigint[])) + (SELECT count(*) FROM next_products('bigint 1 baskets {1: 1}', '{1,NULL,7}'::bigint[])), 0::bigint, 'nothing to say: no rows');
SELECT is((SELECT array_agg(product) FROM next_products('text 9 baskets {"a": 3 ("b": 3); "b": 3}', '{a}'::text[])), '{b}'::text[], 'text products');
SELECT is((SELECT count(*) FROM next_products('bigint 9 baskets {1: 5 (2: 1); 2: 5}', '{1}'::bigint[])), 0::bigint, 'what goes together less than by chance is nothing to propose');

-- Trend of spend against regr_slope.
CREATE TEMP TABLE spenders AS SELECT c AS customer, date '2024-01-01' + floor(random() * 900)::int AS day, round((random() * 100 - 5)::numeric, 2) AS amount
FROM generate_series(1, 300) c, generate_series(1, 20) i WHERE random() < c / 150.0;
CREATE TEMP TABLE spend AS SELECT customer, history_agg(day, amount) AS h FROM spenders GROUP BY customer;
CREATE FUNCTION pg_temp.slope_differs(as_of date, days int, periods int) RETURNS bigint LANGUAGE sql AS $$
WITH first AS (SELECT customer, min(day) AS first FROM spenders WHERE amount >= 0 GROUP BY customer HAVING min(day) <= as_of),
grid AS (SELECT customer, p, as_of + 1 - p * days AS begins FROM first, generate_series(1, periods) p WHERE as_of + 1 - p * days >= first),
sums AS (SELECT g.customer, -p AS x, coalesce(sum(s.amount), 0) AS y FROM grid g LEFT JOIN spenders s ON s.customer = g.customer AND s.day >= begins AND s.day < begins + days GROUP BY g.customer, p),
fit AS (SELECT customer, CASE WHEN count(*) >= 3 THEN round(regr_slope(y, x)::numeric, 9) END AS slope, avg(abs(y)) AS size FROM sums GROUP BY customer)
SELECT count(*) FROM spend LEFT JOIN fit USING (customer)
WHERE round(spend_slope(h, as_of, days, periods)::numeric, 9) IS DISTINCT FROM slope
	OR spend_trend(h, as_of, days, periods, .2) IS DISTINCT FROM CASE WHEN slope IS NULL OR size = 0 THEN NULL WHEN slope > .2 * size THEN 'growing' WHEN slope < -.2 * size THEN 'shrinking' ELSE 'steady' END $$;
SELECT is(pg_temp.slope_differs(a, d, p), 0::bigint, format('as regr_slope: as of %s, %s periods of %s days', a, p, d)) FROM unnest(ARRAY[date '2024-06-30', '2025-06-30', '2026-12-31']) a, unnest(ARRAY[30, 90]) d, unnest(ARRAY[3, 4, 12]) p;
SELECT cmp_ok(count(DISTINCT spend_trend(h, '2026-03-31')), '=', 3::bigint, 'all three trends occur') FROM spend;
SELECT is(spend_trend(h, '2024-12-31', 30, 6, .05), t, t) FROM (VALUES ('growing', 1), ('steady', 0), ('shrinking', -1)) v(t, s), LATERAL (SELECT history_agg(date '2024-12-31' - i, 1000 - 3 * s * i) AS h FROM generate_series(0, 300, 10) i) x;
SELECT is(spend_trend(h, '2024-12-31'), NULL, what) FROM (VALUES ('nothing bought', ''), ('too young', '2024-06-01:5, 2024-12-01:9'), ('no amounts', '2020-01-01'), ('silent', '2020-01-01:5'), ('not yet', '2025-01-01:5')) v(what, t), LATERAL (SELECT t::purchase_history AS h) x;
SELECT throws_ok('SELECT spend_trend(''2020-01-01:5'', ''2024-12-31'', ' || a || ')', '22023', NULL, a) FROM unnest(ARRAY['0', '30, 2', '30, 121', '30, 4, -0.1', '30, 4, 20', '30, 4, ''NaN''']) a;
SELECT throws_ok('SELECT spend_slope(''2020-01-01:5'', ''2020-01-01'', 0)', '22023', 'period_days must be at least 1, not 0', 'a period of no days');
SELECT throws_ok('SELECT spend_slope(''2020-01-01:5'', ''infinity'')', '22008', NULL, 'an infinite date');

-- Errors.
SELECT throws_ok('SELECT * FROM affinity(''bigint 0 baskets {}'', NULL::text)', '42804', 'ids of this basket_counts are of type bigint, not text', 'another key type');
SELECT throws_ok('SELECT * FROM affinity(''bigint 0 baskets {}'', NULL::bigint, 0)', '22023', NULL, 'min_count 0');
SELECT throws_ok('SELECT * FROM next_products(''bigint 0 baskets {}'', ''{}''::bigint[], 0)', '22023', 'how_many must be at least 1, not 0', 'how_many 0');
SELECT throws_ok('SELECT * FROM next_products(''bigint 0 baskets {}'', ''{}''::bigint[], 1, 0)', '22023', 'neighbours must be at least 1, not 0', 'neighbours 0');
SELECT throws_ok('SELECT * FROM next_products((SELECT affinity_agg(i, i) FROM generate_series(1, 20000) i), ''{}''::bigint[], 1, 20000)', '54000', NULL, 'too many neighbours');
SELECT throws_ok('SELECT * FROM next_products(''bigint 0 baskets {}'', ''{}''::text[])', '42804', 'ids of this basket_counts are of type bigint, not text', 'bought of another type');
SELECT throws_ok(format('SELECT * FROM next_products(''bigint 0 baskets {}'', %L, NULL::bigint, NULL::bigint)', q), s, NULL, q) FROM (VALUES ('SELECT 1::bigint', '42804'), ('SELECT 1::bigint, ''x''::text', '42804'), ('SELECT ''x''::text, 1', '42804'),
	('DELETE FROM purchases', '22023'), ('SELECT 1; SELECT 2', '22023'), ('SELECT FROM nowhere', '42P01')) v(q, s);

-- Baskets of few, some and many of twenty thousand products, some of them twice.
CREATE TABLE wide_lines AS SELECT b AS basket, (b * 7919 + i * i * 31) % 20000 AS product FROM generate_series(1, 400) b, generate_series(1, CASE WHEN b % 3 = 0 THEN 120 ELSE b % 30 + 1 END) i;
INSERT INTO wide_lines SELECT basket, product FROM wide_lines WHERE product % 5 = 0;
INSERT INTO wide_lines SELECT 1000 + i, i FROM generate_series(0, 19999) i;
SELECT is((SELECT row(count(*), sum(together), sum(together * (product * 20011 + other))) FROM affinity((SELECT affinity_agg(basket, product) FROM wide_lines), NULL::bigint)),
	(SELECT row(count(*), sum(n), sum(n * (a * 20011 + b)))
	 FROM (SELECT a.product::bigint AS a, b.product::bigint AS b, count(*) AS n FROM (SELECT DISTINCT * FROM wide_lines) a JOIN (SELECT DISTINCT * FROM wide_lines) b USING (basket) WHERE a.product <> b.product GROUP BY 1, 2) p),
	'twenty thousand products');
SELECT throws_ok($$SELECT 'uuid {x: 1}'::basket_counts$$, '22P02', NULL, 'an id that is none');
-- Ids by uuid, smallint, and a type that is none of these.
CREATE TABLE kinds AS SELECT b, p, md5('b' || b)::uuid AS ub, md5('p' || p)::uuid AS up FROM generate_series(1, 60) b, generate_series(1, 8) p WHERE (b * 7 + p * 3) % 5 < 2;
SELECT is((SELECT count(*) FROM next_products((SELECT affinity_agg(ub, up) FROM kinds), ARRAY[md5('p1')::uuid, md5('p2')::uuid], 1, 5)),
	(SELECT count(*) FROM next_products((SELECT affinity_agg(b, p) FROM kinds), '{1,2}'::bigint[], 1, 5)), 'next products by uuid');

CREATE TABLE proposed AS SELECT customer_id, "position", md5('p' || product)::uuid AS product, score
FROM next_products((SELECT affinity_agg(b, p) FROM kinds), 'SELECT b, p FROM kinds WHERE p < 4', NULL::int, NULL::bigint);
SELECT ok(count(*) > 50, 'something is proposed') FROM proposed;
SELECT is((SELECT array_agg(row(customer_id::int, "position", score) ORDER BY customer_id, "position") FROM next_products((SELECT affinity_agg(b, p) FROM kinds),
		'SELECT CASE WHEN p < 3 THEN b::numeric(9,1) ELSE b::numeric(9,4) END, p::smallint FROM kinds WHERE p < 4', NULL::numeric, NULL::bigint)),
	(SELECT array_agg(row(customer_id, "position", score) ORDER BY customer_id, "position") FROM proposed), 'customers compared by their type, products of 16 bits');
SELECT is((SELECT array_agg(row(customer_id, "position", score) ORDER BY customer_id, "position") FROM next_products((SELECT affinity_agg(ub, up) FROM kinds),
		'SELECT b, up FROM kinds WHERE p < 4', NULL::int, NULL::uuid)),
	(SELECT array_agg(row(customer_id, "position", score) ORDER BY customer_id, "position") FROM proposed), 'products by uuid');

SELECT * FROM finish();
ROLLBACK;
