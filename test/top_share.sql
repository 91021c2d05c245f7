-- top_share: definition, determinism, every use of the aggregate, errors.
BEGIN;
SELECT no_plan();

-- The definition: the ceil(share x n) largest of the total, in numeric.
CREATE TEMP TABLE part AS SELECT i, round((random() * 1000)::numeric, 2) AS v FROM generate_series(1, 777) i;
SELECT is(top_share(v::float8, s::float8)::numeric(20, 9), (SELECT 100 * sum(v) FILTER (WHERE rank <= ceil(s * n)) / sum(v)
	FROM (SELECT v, row_number() OVER (ORDER BY v DESC) AS rank, count(*) OVER () AS n FROM part) r)::numeric(20, 9), 'as defined: share ' || s)
FROM part, unnest(ARRAY[.01, .07, .1, .2, .25, .33, .5, .8, .99]) s GROUP BY s;

SELECT is(top_share(v), 80::float8, '80/20') FROM (VALUES (80::float8), (5), (5), (5), (5)) t(v);
SELECT is(top_share(v), top_share(v, .2), 'a fifth unless said') FROM part;
SELECT is(top_share(1, s), (round(s * n) * 100.0 / n)::float8, format('%s of %s is whole: not one more', s, n))
FROM (VALUES (.07, 100), (.28, 25), (.55, 20), (.57, 100), (.2, 15), (.1, 30), (.14, 50), (.29, 100)) v(s, n), generate_series(1, n) GROUP BY s, n;
SELECT is(top_share(v, 1), 100::float8, 'all') FROM part;
SELECT is(top_share(v, 0), 0::float8, 'none') FROM part;
SELECT is(top_share(5), 100::float8, 'one');
SELECT is(top_share(v), NULL, 'no rows') FROM part WHERE false;
SELECT is(top_share(NULL::float8), NULL, 'only NULLs') FROM part;
SELECT is(top_share(v), 50::float8, 'NULLs do not count') FROM (VALUES (1::float8), (NULL), (1), (NULL), (NULL), (NULL)) t(v);
SELECT is(top_share(v), NULL, 'a total of 0') FROM (VALUES (0::float8), (0)) t(v);
SELECT is(top_share(v), NULL, 'a total below 0') FROM (VALUES (1::float8), (-2)) t(v);
SELECT is(top_share(v), 200::float8, 'with refunds the top can hold more than all') FROM (VALUES (2::float8), (-1)) t(v);
SELECT is(top_share(v), 100::float8, 'integers') FROM (VALUES (1), (0)) t(v);
SELECT is(top_share(v), 50::float8, 'the smallest numbers') FROM (VALUES (5e-324::float8), (5e-324)) t(v);

-- The same bits in any order, and in parallel.
CREATE TABLE share_values AS SELECT i, (random() - .2)::float8 * 10 ^ (i % 30) AS v FROM generate_series(1, 20000) i;
ALTER TABLE share_values SET (parallel_workers = 2);
CREATE TEMP TABLE serial AS SELECT top_share(v, .3) AS s FROM share_values;
SELECT is(top_share(v, .3 ORDER BY v DESC), s, 'descending') FROM share_values, serial GROUP BY s;
SELECT is(top_share(v, .3 ORDER BY md5(i::text)), s, 'shuffled') FROM share_values, serial GROUP BY s;
SELECT is(top_share(DISTINCT v, .3), s, 'DISTINCT') FROM share_values, serial GROUP BY s;
SELECT is(top_share(v, .5) FILTER (WHERE v > 2), 70::float8, 'FILTER') FROM (VALUES (1::float8), (3), (7)) t(v);
SELECT results_eq('SELECT top_share(v::float8, .5) OVER (ORDER BY v) FROM generate_series(1, 4) v', 'VALUES (100::float8), (100 * 2::float8 / 3), (100 * 5::float8 / 6), (70::float8)',
	'a growing frame');
SELECT results_eq('SELECT top_share(v::float8, .5) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM generate_series(1, 3) v',
	'VALUES (100::float8), (100 * 2::float8 / 3), (60::float8)', 'a moving frame');
\ir include/parallel.sql
CREATE TEMP TABLE parallel AS SELECT top_share(v, .3) AS s FROM share_values;
SELECT is(p.s, s.s, 'parallel workers give the same bits') FROM parallel p, serial s;
SELECT throws_ok('SELECT top_share(v, i % 2) FROM share_values', '22023', 'argument "share" must not change within a group', 'share changes');
RESET ALL;

SELECT throws_ok('SELECT top_share(v) FROM (VALUES (1::float8), (' || quote_literal(v) || ')) t(v)', '22023', 'value must be a finite number, not ' || v, v)
FROM unnest(ARRAY['NaN', 'Infinity', '-Infinity']) v;
SELECT throws_ok(format('SELECT top_share(1, %L)', s), '22023', NULL, 'share ' || s) FROM unnest(ARRAY['-0.1', '1.1', '20', 'NaN', 'Infinity']) s;
SELECT throws_ok('SELECT top_share(1, NULL)', '22004', NULL, 'share NULL');
SELECT throws_ok('SELECT top_share(v) FROM (VALUES (1e308::float8), (1e308)) t(v), generate_series(1, 2)', '22003', NULL, 'a sum out of range');
\ir include/errors.sql
SELECT is(pg_temp.hint_of('SELECT top_share(1, 20)'), 'It is a fraction: 20 percent is 0.2.', 'the hint says what a percent would be');

SELECT * FROM finish();
ROLLBACK;
