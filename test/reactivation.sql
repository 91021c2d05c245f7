-- Reactivation: silences against plain SQL, uplift against published and computed figures, errors.
BEGIN;
SELECT no_plan();
\ir include/uplift_values.sql

CREATE FUNCTION pg_temp.near(got float8, expected numeric, tolerance numeric = 1e-10) RETURNS boolean LANGUAGE sql
RETURN got IS NULL AND expected IS NULL OR coalesce(abs(got::numeric - expected) <= tolerance * abs(expected) + 1e-14::numeric, false);

-- A silence ----------------------------------------------------------------

-- The definition on the purchase days of a customer, in numeric.
CREATE FUNCTION pg_temp.silence(days date[], as_of date, population_gap numeric, weight numeric) RETURNS numeric LANGUAGE sql AS $$
	SELECT (weight * exp(-g / population_gap) + longer) / nullif(weight + n - 1, 0)
	FROM (SELECT (as_of - max(d))::numeric AS g, count(*) AS n FROM unnest(days) d WHERE d <= as_of) s,
		LATERAL (SELECT count(*) FILTER (WHERE gap > g) AS longer
			FROM (SELECT d - lag(d) OVER (ORDER BY d) AS gap FROM unnest(days) d WHERE d <= as_of) x) y
	WHERE n > 0 $$;
SELECT setseed(.7);
CREATE TABLE silent AS
SELECT c AS customer_id, array_agg(DISTINCT d) AS days, history_agg(d) AS h
FROM (SELECT c, date '2024-01-01' + floor(random() ^ 2 * 400)::int AS d FROM generate_series(1, 300) c, generate_series(1, 1 + c % 12) i) x GROUP BY c;
SELECT is(count(*) FILTER (WHERE pg_temp.near(silence_probability(h, a, p, w), pg_temp.silence(days, a, p::numeric, w::numeric), 1e-13)), count(*), format('as defined, as of %s', a))
FROM silent, unnest(ARRAY[date '2023-12-31', '2024-02-01', '2024-06-30', '2025-02-28']) a, (VALUES (60::float8, 2::float8), (30.5, 0), (.5, 7.25)) v(p, w) GROUP BY a ORDER BY a;
SELECT is(count(*) FILTER (WHERE silence_probability(h, '2024-12-31') IS DISTINCT FROM silence_probability(h, '2024-12-31', 60, 2)), 0::bigint, 'gap 60 and weight 2 unless said') FROM silent;
-- Gaps 10, 10, 40; silent for 20 days: one of three own gaps is longer.
SELECT ok(abs(silence_probability('2024-01-01, 2024-01-11, 2024-01-21, 2024-03-01', '2024-03-21') - (2 * exp(-20 / 60.0) + 1) / 5) < 1e-15, 'by hand');
SELECT is(silence_probability('2024-01-01, 2024-01-11', '2024-01-21', 60, 0), 0::float8, 'a gap must be longer, not as long');
SELECT is(silence_probability('2024-01-01, 2024-01-11', '2024-01-20', 60, 0), 1::float8, 'and is');
SELECT is(silence_probability('2024-01-01', '2024-01-01'), 1::float8, 'bought today');
SELECT is(silence_probability(h, '2024-01-08', 60, 0), 1::float8, 'a refund is no purchase') FROM (SELECT history_agg(d, a) AS h FROM (VALUES (date '2024-01-01', 5.0), ('2024-01-03', -5.0), ('2024-01-05', 5.0)) v(d, a)) s;
SELECT is(silence_probability('2024-01-01', '2024-02-01', 60, 0), NULL, 'no gap and no weight: nothing to say');
SELECT is(silence_probability('', '2024-02-01'), NULL, 'nobody bought');
SELECT is(silence_probability('2024-03-01', '2024-02-01'), NULL, 'nothing bought by then');
SELECT is(silence_probability(NULL, '2024-02-01'), NULL, 'NULL');
SELECT throws_ok(format('SELECT silence_probability(''2024-01-01'', %s)', arguments), code, NULL, arguments)
FROM (VALUES ($$'infinity'$$, '22008'), ($$'2024-02-01', 0$$, '22023'), ($$'2024-02-01', -1$$, '22023'), ($$'2024-02-01', 'NaN'$$, '22023'), ($$'2024-02-01', 'Infinity'$$, '22023'),
	($$'2024-02-01', 60, -1$$, '22023'), ($$'2024-02-01', 60, 'NaN'$$, '22023'), ($$'2024-02-01', 60, 'Infinity'$$, '22023')) v(arguments, code);

-- Two rates ----------------------------------------------------------------

CREATE FUNCTION pg_temp.rates(a bigint, m bigint, b bigint, n bigint) RETURNS conversion_uplift LANGUAGE sql AS $$
	SELECT uplift(t, c) FROM (SELECT true AS t, i <= a AS c FROM generate_series(1, m) i UNION ALL SELECT false, i <= b FROM generate_series(1, n) i) x $$;

-- Newcombe (1998), table II, method 10.
SELECT is(array_agg(round(l::numeric, 4) ORDER BY l), ARRAY[low, high], format('Newcombe: %s/%s against %s/%s', a, m, b, n))
FROM (VALUES (56, 70, 48, 80, .0524, .3339), (9, 10, 3, 10, .1705, .8090), (6, 7, 2, 7, .0582, .8062), (5, 56, 0, 29, -.0381, .1926), (0, 10, 0, 20, -.1611, .2775),
	(0, 10, 0, 10, -.2775, .2775), (10, 10, 0, 20, .6791, 1.0000), (10, 10, 0, 10, .6075, 1.0000)) v(a, m, b, n, low, high),
	LATERAL pg_temp.rates(a, m, b, n) u, unnest(ARRAY[u.lower95, u.upper95]) l GROUP BY a, m, b, n, low, high;
SELECT is(count(*) FILTER (WHERE pg_temp.near(u.difference, e.difference) AND pg_temp.near(u.lower95, e.lower95) AND pg_temp.near(u.upper95, e.upper95) AND pg_temp.near(u.lift, e.lift)
	AND pg_temp.near(u.z, e.z) AND pg_temp.near(u.p_value, e.p_value)), count(*), 'limits, lift and test to 1e-10')
FROM rates_expected e, LATERAL pg_temp.rates(treated_converted, treated, control_converted, control) u;
SELECT is(pg_temp.rates(8, 10, 6, 10)::text, '(10,8,10,6,0.8,0.6,' || (u).difference || ',' || (u).lower95 || ',' || (u).upper95 || ',' || (u).lift || ',' || (u).z || ',' || (u).p_value || ')', 'counts and rates') FROM (SELECT pg_temp.rates(8, 10, 6, 10) AS u) s;
SELECT is(pg_temp.rates(0, 5, 0, 5)::text, '(5,0,5,0,0,0,0,' || (u).lower95 || ',' || (u).upper95 || ',,,)', 'nobody converted: no lift, no test') FROM (SELECT pg_temp.rates(0, 5, 0, 5) AS u) s;
SELECT is(pg_temp.rates(5, 5, 5, 5)::text, '(5,5,5,5,1,1,0,' || (u).lower95 || ',' || (u).upper95 || ',0,,)', 'everybody converted: no test') FROM (SELECT pg_temp.rates(5, 5, 5, 5) AS u) s;
SELECT is(pg_temp.rates(3, 5, 0, 0)::text, '(5,3,0,0,0.6,,,,,,,)', 'no control group');
SELECT is(pg_temp.rates(0, 0, 1, 4)::text, '(0,0,4,1,,0.25,,,,,,)', 'nobody treated');
SELECT is(uplift(t, c)::text, NULL, 'no rows') FROM (VALUES (true, true)) v(t, c) WHERE false;
SELECT is(uplift(t, c)::text, NULL, 'only NULLs') FROM (VALUES (true, NULL::boolean), (NULL, true)) v(t, c);
SELECT is((uplift(t, c)).treated_customers, 1::bigint, 'a NULL on either side: ignored') FROM (VALUES (true, true), (true, NULL), (NULL, true)) v(t, c);
SELECT is((uplift(t, c) FILTER (WHERE t)).control_customers, 0::bigint, 'FILTER') FROM (VALUES (true, true), (false, true)) v(t, c);
SELECT is((uplift(DISTINCT t, c)).treated_customers, 1::bigint, 'DISTINCT') FROM (VALUES (true, true), (true, true)) v(t, c);
SELECT results_eq('SELECT (uplift(true, c) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)).treated_converted FROM (VALUES (1, true), (2, true), (3, false)) v(i, c)', 'VALUES (1::bigint), (2), (1)', 'a moving frame');

-- Two means ----------------------------------------------------------------

SELECT unnest(ARRAY[is(count(*) FILTER (WHERE pg_temp.near(u.treated_mean, e.treated_mean) AND pg_temp.near(u.control_mean, e.control_mean) AND pg_temp.near(u.lift, e.lift) AND pg_temp.near(u.df, e.df)), count(*), 'means, lift and degrees of freedom to 1e-10'),
	is(count(*) FILTER (WHERE pg_temp.near(u.t, e.t) AND pg_temp.near(u.p_value, e.p_value)), count(*), 't and p to 1e-10'),
	is(count(*) FILTER (WHERE abs(u.difference::numeric / e.difference - 1) < 1e-10 AND abs(u.std_error::numeric / e.std_error - 1) < 1e-10 AND abs(u.lower95::numeric / e.lower95 - 1) < 1e-10 AND abs(u.upper95::numeric / e.upper95 - 1) < 1e-10), count(*), 'difference, error and limits to 1e-10')])
FROM means_expected e JOIN (SELECT set, (uplift(treated, value)).* FROM means_input GROUP BY set) u USING (set);
-- R: t.test(extra ~ group, data = sleep), the groups the other way round.
SELECT is(ARRAY[round(t::numeric, 4), round(df::numeric, 3), round(p_value::numeric, 5), round(lower95::numeric, 7), round(upper95::numeric, 7)], ARRAY[1.8608, 17.776, .07939, -.2054832, 3.3654832], 'R''s sleep data')
FROM (SELECT (uplift(treated, value)).* FROM means_input WHERE set = 0) s;
SELECT is(uplift(t, v)::text, '(1,2,3,2,1,,,,0.5,,,)', 'one customer treated: no error') FROM (VALUES (true, 3::float8), (false, 1), (false, 3)) x(t, v);
SELECT is(uplift(t, v)::text, '(2,2,3,2,1,0,,,0.5,,,)', 'all alike: no test') FROM (VALUES (true, 3::float8), (true, 3), (false, 2), (false, 2)) x(t, v);
SELECT is((uplift(t, v)).lift, NULL, 'a control mean of 0: no lift') FROM (VALUES (true, 3::float8), (true, 3), (false, 2), (false, -2)) x(t, v);
SELECT is(uplift(true, v)::text, '(2,0,2,,,,,,,,,)', 'no control group') FROM (VALUES (1::float8), (3)) x(v);
SELECT is(uplift(t, v)::text, NULL, 'only NULLs') FROM (VALUES (true, NULL::float8), (NULL, 1)) x(t, v);
SELECT is((uplift(t, v)).treated_mean, 1e308::float8, 'a sum beyond all doubles') FROM (VALUES (true, 1e308::float8), (true, 1e308), (false, 1)) x(t, v);
SELECT throws_ok('SELECT uplift(t, v) FROM (VALUES (true, 1.7e308::float8), (true, 1.6e308), (false, -1.7e308), (false, -1.6e308)) x(t, v)', '22003', NULL, 'a difference beyond all doubles');
SELECT throws_ok(format('SELECT uplift(true, %L::float8)', v), '22023', 'value must be a finite number, not ' || v, v) FROM unnest(ARRAY['NaN', 'Infinity', '-Infinity']) v;

-- The same bits in any order, and in parallel.
CREATE TABLE treated_values AS SELECT i % 3 = 0 AS treated, random() < .3 AS converted, (random() - .3) * 10 ^ (i % 25) AS value FROM generate_series(1, 20000) i;
ALTER TABLE treated_values SET (parallel_workers = 2);
CREATE TEMP TABLE serial AS SELECT uplift(treated, converted)::text AS rates, uplift(treated, value)::text AS means FROM treated_values;
SELECT is(uplift(treated, value ORDER BY value)::text, means, 'ascending') FROM treated_values, serial GROUP BY means;
SELECT is(uplift(treated, value ORDER BY value DESC)::text, means, 'descending') FROM treated_values, serial GROUP BY means;
SELECT is(uplift(treated, value ORDER BY md5(value::text))::text, means, 'shuffled') FROM treated_values, serial GROUP BY means;
SELECT results_eq('SELECT (uplift(true, v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)).treated_mean FROM generate_series(1, 3) v', 'VALUES (1::float8), (1.5), (2.5)', 'a moving frame');
\ir include/parallel.sql
CREATE TEMP TABLE parallel AS SELECT uplift(treated, converted)::text AS rates, uplift(treated, value)::text AS means FROM treated_values;
RESET ALL;
SELECT results_eq('TABLE parallel', 'TABLE serial', 'parallel workers give the same bits');

SELECT * FROM finish();
ROLLBACK;
