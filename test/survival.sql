-- Kaplan-Meier against values of 50 digits (test/generate_survival.py) and R's conventions.
BEGIN;
SET LOCAL jit = off;  -- estimated costs of the oracles are wild
SELECT no_plan();
\ir include/survival_values.sql

CREATE TEMP TABLE curve AS
SELECT name, (unnest(points)).* FROM (SELECT name, kaplan_meier(duration, observed) AS points FROM survival_input GROUP BY name) c;

SELECT is((SELECT count(*) FROM curve c WHERE c.name = n), (SELECT count(*) FROM survival_output o WHERE o.name = n), 'points: ' || n)
FROM (SELECT DISTINCT name FROM survival_output) x(n) ORDER BY n;
SELECT is(count(*) FILTER (WHERE c.at_risk = o.at_risk AND c.events = o.events AND c.censored = o.censored), count(*), 'counts: ' || name)
FROM survival_output o JOIN curve c USING (name, duration) GROUP BY name ORDER BY name;
SELECT is(count(*) FILTER (WHERE abs(c.survival::numeric - o.survival) < 1e-15), count(*), 'survival: ' || name)
FROM survival_output o JOIN curve c USING (name, duration) GROUP BY name ORDER BY name;
SELECT is(count(*) FILTER (WHERE CASE WHEN o.std_error IS NULL THEN c.std_error IS NULL ELSE abs(c.std_error::numeric - o.std_error) < 1e-15 END), count(*), 'standard error: ' || name)
FROM survival_output o JOIN curve c USING (name, duration) GROUP BY name ORDER BY name;
SELECT is(count(*) FILTER (WHERE CASE WHEN o.lower95 IS NULL THEN c.lower95 IS NULL ELSE abs(c.lower95::numeric - o.lower95) < 1e-14 END), count(*), 'lower limit: ' || name)
FROM survival_output o JOIN curve c USING (name, duration) GROUP BY name ORDER BY name;
SELECT is(count(*) FILTER (WHERE CASE WHEN o.upper95 IS NULL THEN c.upper95 IS NULL ELSE abs(c.upper95::numeric - o.upper95) < 1e-14 END), count(*), 'upper limit: ' || name)
FROM survival_output o JOIN curve c USING (name, duration) GROUP BY name ORDER BY name;

-- Without censoring survival is a plain fraction, to the last digit even after 200,000 factors.
SELECT is(max(abs(survival - (200000 - duration) / 200000)), 0::float8, '200,000 factors')
FROM unnest((SELECT kaplan_meier(d, true) FROM generate_series(1, 200000) d)) p;
SELECT is((SELECT array_agg(row(at_risk, events, censored)::text ORDER BY duration) FROM unnest((SELECT kaplan_meier(d % 365, d % 3 = 0) FROM generate_series(1, 100000) d)) p),
          (SELECT array_agg(row(at_risk, e, n - e)::text ORDER BY k) FROM (SELECT k, n, e, sum(n) OVER (ORDER BY k DESC) AS at_risk FROM (SELECT d % 365 AS k, count(*) AS n, count(*) FILTER (WHERE d % 3 = 0) AS e FROM generate_series(1, 100000) d GROUP BY 1) c) w),
          'many rows of few durations');
SELECT is((SELECT array_agg(duration::text) FROM unnest((SELECT kaplan_meier(d, true) FROM unnest(ARRAY[0, '-0', 1e-300, 1e300]::float8[]) d)) p), '{0,1e-300,1e+300}', 'zero has no sign; any size');

-- Medians, and survival at a time.
CREATE FUNCTION pg_temp.median(events float8[], censored float8[] DEFAULT '{}') RETURNS float8 LANGUAGE sql AS $$
	SELECT median_survival(kaplan_meier(d, o)) FROM (SELECT unnest(events), true UNION ALL SELECT unnest(censored), false) v(d, o) $$;
SELECT is(pg_temp.median('{1,2,3,4}'), 2.5::float8, 'median as R: 2.5');
SELECT is(pg_temp.median('{1,2,3}'), 2::float8, 'median of three');
SELECT is(pg_temp.median('{1,2}', '{3,4}'), 3::float8, 'at one half to the end: the middle to the last duration');
SELECT is(pg_temp.median('{1,2,9}', '{5}'), 5.5::float8, 'a censored duration does not end the flat part');
SELECT is(pg_temp.median('{1,2}', '{2,2}'), 2::float8, 'one half at the last duration');
SELECT is(pg_temp.median('{1}', '{2,3}'), NULL, 'never reached');
SELECT is(pg_temp.median('{}', '{2,3}'), NULL, 'no events');
SELECT is(pg_temp.median('{7}'), 7::float8, 'one customer');
SELECT is(pg_temp.median('{1,2,3,4,5,6}', '{}'), 3.5::float8, 'one half after rounding: (5/6)(4/5)(3/4)');
SELECT is((SELECT median_survival(kaplan_meier(duration, observed)) FROM survival_input WHERE name = 'remission'), 23::float8, 'remission: 23 weeks');
SELECT is(median_survival('{}'), NULL, 'no points');
SELECT is(median_survival(NULL), NULL, 'median_survival is strict');

CREATE TEMP TABLE curves AS SELECT kaplan_meier(d, d <> 4) AS falls, kaplan_meier(d, d < 5) AS stays FROM generate_series(1, 5) d;
SELECT is((SELECT array_agg(survival_at(falls, x) ORDER BY x) FROM curves, unnest(ARRAY[0, .5, 1, 1.5, 4, 4.9, 5, 6]) x), (SELECT ARRAY[1, 1, survival_at(falls, 1), survival_at(falls, 1), survival_at(falls, 3), survival_at(falls, 3), 0, 0] FROM curves), 'survival_at: steps, and 0 for ever');
SELECT is((SELECT array_agg(round(survival_at(stays, x)::numeric, 12) ORDER BY x) FROM curves, unnest(ARRAY[0, 1, 2.5, 5, 5.1]) x), ARRAY[1, .8, .6, .2, NULL]::numeric[] , 'survival_at: NULL past the last point');
SELECT is(survival_at('{}', 1), NULL, 'survival_at: no points');
SELECT is(survival_at(points => falls, duration => 0), 1::float8, 'survival_at: argument names') FROM curves;
SELECT is((SELECT sum(survival_at(CASE WHEN x % 2 = 0 THEN falls ELSE stays END, 2)) FROM curves, generate_series(1, 10) x), (SELECT sum(CASE WHEN x % 2 = 0 THEN survival_at(falls, 2) ELSE survival_at(stays, 2) END) FROM curves, generate_series(1, 10) x), 'survival_at: curves in turn');

SELECT throws_ok(format('SELECT kaplan_meier(%L::float8, true)', d), '22023', 'duration must be a finite number, 0 or more, not ' || d, 'duration ' || d)
FROM unnest(ARRAY['NaN', 'Infinity', '-Infinity', '-1']) d;
SELECT throws_ok(format('SELECT survival_at(falls, %L) FROM curves', d), '22023', 'duration must be a finite number, 0 or more, not ' || d, 'survival_at: duration ' || d)
FROM unnest(ARRAY['NaN', 'Infinity', '-1']) d;
SELECT throws_ok('SELECT survival_at(falls || falls, 1) FROM curves', '22023', 'survival points must be in order of duration, at "1"', 'points out of order');
SELECT throws_ok('SELECT survival_at(falls || NULL::survival_point, 1) FROM curves', '22004', 'survival points must not contain nulls', 'points with a NULL');
SELECT throws_ok('SELECT median_survival(ARRAY[(1, 1, 1, 0, NULL, NULL, NULL, NULL)::survival_point])', '22004', 'column "survival" of a survival point must not be null', 'a point without survival');
SELECT throws_ok('SELECT median_survival(ARRAY[(1, 1, 1, 0, 80, NULL, NULL, NULL)::survival_point])', '22023', 'survival must go down from 1 to 0, not to 80', 'survival in percent');

SELECT * FROM finish();
ROLLBACK;
