-- Acquisition: the funnel against plain SQL, ratios and payback against their definitions, errors.
BEGIN;
SELECT no_plan();

\ir include/errors.sql

-- The funnel ---------------------------------------------------------------

-- The definition: from each event of step 1 on, the earliest next step at or after the one before
-- that is not past the window; the best of all starts.
CREATE FUNCTION pg_temp.funnel(events jsonb, event_window interval) RETURNS int LANGUAGE sql AS $$
	WITH RECURSIVE event AS (
		SELECT (e->>'at')::timestamptz AS at, (e->>'step')::int AS step FROM jsonb_array_elements(events) e
	), chain(until, at, step) AS (
		SELECT (at AT TIME ZONE 'UTC' + event_window) AT TIME ZONE 'UTC', at, 1 FROM event WHERE step = 1
		UNION
		SELECT c.until, n.at, c.step + 1
		FROM chain c, LATERAL (SELECT min(e.at) AS at FROM event e WHERE e.step = c.step + 1 AND e.at BETWEEN c.at AND c.until) n
		WHERE n.at IS NOT NULL
	)
	SELECT coalesce(max(step), 0) FROM chain
$$;

-- Random customers, on few moments so that many are equal.
SELECT setseed(.8);
CREATE TABLE funnel_event AS
SELECT c AS customer_id, timestamptz '2024-01-28 00:00+00' + floor(random() * 12 * (1 + c % 5)) * interval '6 hours' AS at, 1 + floor(random() * (1 + c % 6))::int AS step
FROM generate_series(1, 1500) c, generate_series(1, c % 17) e;
CREATE TEMP TABLE asked AS
SELECT customer_id, w, pg_temp.funnel(jsonb_agg(jsonb_build_object('at', at, 'step', step)), w) AS expected, funnel_agg(w, at, step) AS got
FROM funnel_event, unnest(ARRAY['0', '6 hours', '1 day', '3 days', '1 month', '1 month 1 day 6 hours', '100 years']::interval[]) w GROUP BY customer_id, w;
SELECT is(count(*) FILTER (WHERE got = expected), count(*), format('as defined, window %s', w)) FROM asked GROUP BY w ORDER BY w;
SELECT cmp_ok(count(DISTINCT got), '>=', 6::bigint, 'every depth occurs') FROM asked;

CREATE FUNCTION pg_temp.events(VARIADIC texts text[]) RETURNS TABLE (at timestamptz, step int) LANGUAGE sql AS $$
	SELECT split_part(t, ',', 2)::timestamptz, split_part(t, ',', 1)::int FROM unnest(texts) t $$;
SELECT is(funnel_agg('1 day', at, step), 2, 'the window is inclusive') FROM pg_temp.events('1,2024-01-01Z', '2,2024-01-02Z');
SELECT is(funnel_agg('1 day', at, step), 1, 'a microsecond past it') FROM pg_temp.events('1,2024-01-01Z', '2,2024-01-02 00:00:00.000001Z');
SELECT is(funnel_agg('1 day', at, step), 3, 'equal times count in order of steps') FROM pg_temp.events('3,2024-01-01Z', '2,2024-01-01Z', '1,2024-01-01Z');
SELECT is(funnel_agg('1 day', at, step), 1, 'a step missing ends it') FROM pg_temp.events('1,2024-01-01Z', '3,2024-01-01Z', '4,2024-01-01Z');
SELECT is(funnel_agg('1 day', at, step), 0, 'no first step') FROM pg_temp.events('2,2024-01-01Z', '3,2024-01-01Z');
SELECT is(funnel_agg('1 day', at, step), 3, 'the best start, not the first') FROM pg_temp.events('1,2024-01-01Z', '2,2024-01-01Z', '1,2024-01-05Z', '2,2024-01-05Z', '3,2024-01-06Z');
SELECT is(funnel_agg('1 day', at, step), 2, 'a chain may not borrow the deadline of another start') FROM pg_temp.events('1,2024-01-01 00:00Z', '2,2024-01-01 12:00Z', '1,2024-01-01 18:00Z', '3,2024-01-02 12:00Z');
-- 30 January 23:00 + 1 month is 29 February 23:00; 31 January 01:00 + 1 month is 29 February 01:00.
SELECT is(funnel_agg('1 month', at, step), 2, 'a later start may have the earlier deadline') FROM pg_temp.events('1,2024-01-30 23:00Z', '1,2024-01-31 01:00Z', '2,2024-02-29 20:00Z');
SELECT is(funnel_agg('1 month', at, step), 2, 'a month clamps') FROM pg_temp.events('1,2023-01-31Z', '2,2023-02-28Z');
SELECT is(funnel_agg('1 month', at, step), 1, 'a month is not 31 days') FROM pg_temp.events('1,2023-01-31Z', '2,2023-03-01Z');
SELECT is(funnel_agg('1 day', at, step), 1, 'a day is 24 hours in every session') FROM pg_temp.events('1,2024-03-30 23:00Z', '2,2024-03-31 23:30Z');
SELECT is(funnel_agg('0', at, step), 32, 'thirty-two steps at once') FROM (SELECT now() AS at, generate_series(1, 32) AS step) s;
SELECT is(funnel_agg('178000000 years', at, step), 2, 'a window past all moments') FROM pg_temp.events('1,2024-01-01Z', '2,9999-01-01Z');
SELECT is(funnel_agg('2147483647 days', at, step), 2, 'another') FROM pg_temp.events('1,2024-01-01Z', '2,9999-01-01Z');
SELECT is(funnel_agg('106751992 days', at, step), 2, 'the first number of days whose microseconds take more than 64 bits') FROM pg_temp.events('1,2024-01-01Z', '2,9999-01-01Z');
SELECT is(funnel_agg('1 day', at, step), 2, 'long ago') FROM pg_temp.events('1,4000-01-01Z BC', '2,4000-01-02Z BC');
SELECT is(funnel_agg('1 day', at, step), NULL, 'no rows') FROM funnel_event WHERE false;
SELECT is(funnel_agg('1 day', NULL, step), NULL, 'no times') FROM funnel_event;
SELECT is(funnel_agg(NULL, NULL::timestamptz, 1), NULL, 'an ignored row is not looked at');
SELECT is(funnel_agg('1 day', at, nullif(step, 2)), 1, 'a NULL step is ignored') FROM pg_temp.events('1,2024-01-01Z', '2,2024-01-01Z');
SELECT is(funnel_agg('1 day', at, step) FILTER (WHERE step <> 3), 2, 'FILTER') FROM pg_temp.events('1,2024-01-01Z', '2,2024-01-01Z', '3,2024-01-01Z');
SELECT is(funnel_agg(DISTINCT '1 day', at, step), 2, 'DISTINCT') FROM pg_temp.events('1,2024-01-01Z', '2,2024-01-01Z', '2,2024-01-01Z');
SELECT results_eq($$SELECT funnel_agg('1 day', at, step) OVER (ORDER BY at) FROM pg_temp.events('2,2024-01-01Z', '1,2024-01-02Z', '2,2024-01-03Z', '3,2024-01-04Z')$$, 'VALUES (0), (1), (2), (2)', 'a growing frame');
SELECT results_eq($$SELECT funnel_agg('1 day', at, step) OVER (ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM pg_temp.events('2,2024-01-01Z', '1,2024-01-02Z', '2,2024-01-03Z', '3,2024-01-04Z')$$, 'VALUES (0), (1), (2), (0)', 'a moving frame');
SELECT is(funnel_agg('1 day', at, step ORDER BY md5(at::text || step)), (SELECT funnel_agg('1 day', at, step) FROM funnel_event), 'shuffled') FROM funnel_event;

-- Steps 1, 2, 3 ... a minute apart, then again: every number of events, in order and backwards.
SELECT is(ARRAY(SELECT funnel_agg('1 day', timestamptz '2024-01-01Z' + i * interval '1 minute', 1 + (i - 1) % 32 ORDER BY i * way) FROM generate_series(1, 150) n, generate_series(1, n) i GROUP BY n ORDER BY n),
	ARRAY(SELECT least(n, 32) FROM generate_series(1, 150) n), 'one to 150 events ' || CASE way WHEN 1 THEN 'in order' ELSE 'backwards' END) FROM unnest('{1,-1}'::int[]) way;

-- One group and many, in parallel workers.
ALTER TABLE funnel_event SET (parallel_workers = 2);
CREATE TEMP TABLE serial AS SELECT customer_id, funnel_agg('2 days', at, step) AS depth FROM funnel_event GROUP BY customer_id;
CREATE TEMP TABLE serial_all AS SELECT funnel_agg('2 days', at, step) AS depth FROM funnel_event;
\ir include/parallel.sql
CREATE TEMP TABLE parallel AS SELECT customer_id, funnel_agg('2 days', at, step) AS depth FROM funnel_event GROUP BY customer_id;
SELECT is(funnel_agg('2 days', at, step), (SELECT depth FROM serial_all), 'parallel workers, one group') FROM funnel_event;
SELECT throws_ok($$SELECT funnel_agg(CASE WHEN step = 1 THEN interval '1 day' ELSE '2 days' END, at, step) FROM funnel_event$$, '22023', 'argument "event_window" must not change within a group', 'the window changes, also between workers');
RESET ALL;
SELECT results_eq('SELECT customer_id, depth FROM parallel ORDER BY 1', 'SELECT customer_id, depth FROM serial ORDER BY 1', 'parallel workers, many groups');

SELECT throws_ok(format('SELECT funnel_agg(%L, now(), %s)', w, step), code, message, format('window %s, step %s', w, step))
FROM (VALUES ('1 day', 0, '22023', 'step must be between 1 and 32, not 0'), ('1 day', 33, '22023', 'step must be between 1 and 32, not 33'),
	('-1 day', 1, '22023', 'event_window must be finite and not negative, not "-1 days"'), ('1 month -1 day', 1, '22023', NULL)) v(w, step, code, message);
SELECT throws_ok('SELECT funnel_agg(NULL, now(), 1)', '22004', NULL, 'window NULL');
SELECT throws_ok(format('SELECT funnel_agg(''1 day'', %L, 1)', at), '22008', message, at)
FROM (VALUES ('infinity', 'event time must be finite, not "infinity"'), ('-infinity', NULL), ('200000-01-01', NULL)) v(at, message);

-- Ratios -------------------------------------------------------------------

SELECT is(cac(50000, 250), 200::float8, 'cac');
SELECT is(ltv_to_cac(600, 200), 3::float8, 'ltv_to_cac');
SELECT is(ltv_to_cac(-50, 100), -.5::float8, 'a lifetime value may be negative');
SELECT is(acquisition_to_retention_cost(50000, 100, 10000, 100), 5::float8, 'five to one');
SELECT is(acquisition_to_retention_cost(0, 100, 10000, 100), 0::float8, 'free customers');
SELECT is(campaign_roi(150, 100), .5::float8, 'campaign_roi');
SELECT is(campaign_roi(-50, 100), -1.5::float8, 'a campaign may do harm');
SELECT is(campaign_roi(extra_value => 0, cost => 100), -1::float8, 'nothing came back');
SELECT is(array_remove(ARRAY[cac(5, 0), cac(0, 0), ltv_to_cac(5, 0), campaign_roi(5, 0), acquisition_to_retention_cost(1, 0, 1, 1), acquisition_to_retention_cost(1, 1, 0, 1), acquisition_to_retention_cost(1, 1, 1, 0)], NULL), '{}', 'divided by 0: NULL');
SELECT is(array_remove(ARRAY[cac(NULL, 1), ltv_to_cac(1, NULL), campaign_roi(NULL, 1), acquisition_to_retention_cost(1, 1, 1, NULL), payback_periods(1, NULL, .5, .1), profit_gain(.5, NULL)], NULL), '{}', 'NULL: NULL');
SELECT throws_ok(format('SELECT %s', call), '22023', NULL, call)
FROM unnest(ARRAY['cac(-1, 1)', 'cac(1, -1)', $$cac('NaN', 1)$$, $$cac(1, 'Infinity')$$, 'ltv_to_cac(1, -1)', $$ltv_to_cac('NaN', 1)$$, $$ltv_to_cac('Infinity', 1)$$, 'campaign_roi(1, -1)', $$campaign_roi('-Infinity', 1)$$,
	'acquisition_to_retention_cost(-1, 1, 1, 1)', 'acquisition_to_retention_cost(1, -1, 1, 1)', 'acquisition_to_retention_cost(1, 1, -1, 1)', $$acquisition_to_retention_cost(1, 1, 1, 'NaN')$$]) call;
SELECT throws_ok(format('SELECT %s', call), '22003', NULL, call) FROM unnest(ARRAY['cac(1e308, 1e-308)', 'ltv_to_cac(-1e308, 1e-308)', 'campaign_roi(1e308, 1e-308)', 'acquisition_to_retention_cost(1e308, 1, 1e-308, 1)']) call;

-- Payback: the first n whose sum covers the cost, summed term by term in numeric.
CREATE FUNCTION pg_temp.payback(cac numeric, margin numeric, retention numeric, discount numeric) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	paid numeric := 0;
	term numeric := round(margin, 40);
BEGIN
	IF retention < 1 + discount AND cac >= margin * retention / (1 + discount - retention) THEN
		RETURN NULL;
	END IF;
	FOR n IN 1..3000 LOOP
		term := round(term * retention / (1 + discount), 40);
		IF paid + term >= cac THEN
			RETURN n - 1 + (cac - paid) / term;
		END IF;
		paid := paid + term;
	END LOOP;
	RETURN NULL;
END $$;
CREATE TEMP TABLE payback AS
SELECT c, m, r, d, payback_periods(c, m, r, d) AS got, pg_temp.payback(c::numeric, m::numeric, r::numeric, d::numeric) AS expected
FROM unnest(ARRAY[1, 37.5, 100, 250, 1999]::float8[]) c, unnest(ARRAY[.75, 20, 64, 1000]::float8[]) m, unnest(ARRAY[0, .125, .5, .75, .9375, 1]::float8[]) r, unnest(ARRAY[-.25, 0, .0078125, .125, 1]::float8[]) d;
SELECT is(count(*) FILTER (WHERE got IS NULL AND expected IS NULL OR abs(got / expected - 1) < 1e-12), count(*), 'payback as summed') FROM payback;
SELECT ok(count(*) FILTER (WHERE got IS NULL) > 50 AND count(*) FILTER (WHERE got > 1.5) > 50, 'both outcomes occur') FROM payback;
SELECT is(payback_periods(100, 25, 1, 0), 4::float8, 'nobody leaves, money costs nothing');
SELECT is(payback_periods(10, 20, .5, 0), 1::float8, 'the first period is margin x retention_rate, as in clv');
SELECT is(payback_periods(0, 20, .5, 0), 0::float8, 'nothing to pay back');
SELECT is(payback_periods(80, 30, .8, .1), NULL, 'what all periods together bring, no number of them does');
SELECT ok(abs(clv(30, .8, .1, floor(payback_periods(75, 30, .8, .1))::int) - 75) < 30 AND clv(30, .8, .1, ceil(payback_periods(75, 30, .8, .1))::int) >= 75, 'clv over as many periods covers it');
SELECT is(payback_periods(10, 0, .5, 0), NULL, 'no margin');
SELECT is(payback_periods(10, -5, .5, 0), NULL, 'a negative margin');
SELECT is(payback_periods(10, 20, 0, .1), NULL, 'nobody comes back');
SELECT is(payback_periods(1e15, 1, 1, 0), 1e15::float8, 'a long time');
SELECT is(payback_periods(1e300, 1e-300, 1, 0), NULL, 'longer than can be counted');
SELECT throws_ok(format('SELECT payback_periods(%s)', arguments), '22023', NULL, 'payback_periods(' || arguments || ')')
FROM unnest(ARRAY['-1, 1, .5, .1', $$'NaN', 1, .5, .1$$, $$1, 'Infinity', .5, .1$$, '1, 1, 80, .1', '1, 1, -.1, .1', '1, 1, .8, 10', '1, 1, .8, -1', $$1, 1, 'NaN', .1$$]) arguments;
SELECT is(pg_temp.hint_of('SELECT payback_periods(100, 20, 80, .1)'), 'Write a rate as a fraction: 80 % is 0.80.', 'a percent');

-- The 5/25 rule.
SELECT ok(abs(profit_gain(.80, .10, .05) - 27.5) < 1e-13, 'profit_gain(.80, .10, .05) is 27.5');
SELECT is(profit_gain(.8, .1), profit_gain(.8, .1, .05), 'five points unless said');
SELECT is(count(*) FILTER (WHERE abs(profit_gain(r, d, i) - 100 * ((r::numeric + i::numeric) / (1 + d::numeric - r::numeric - i::numeric) / (r::numeric / (1 + d::numeric - r::numeric)) - 1)::float8) < 1e-10), count(*), 'as defined')
FROM unnest(ARRAY[.125, .5, .75, .875]) r, unnest(ARRAY[.0625, .125, 1]) d, unnest(ARRAY[0, .03125, .125]) i;
SELECT ok(abs(profit_gain(.7, .12, .1) / (100 * (clv(1, .8, .12) / clv(1, .7, .12) - 1)) - 1) < 1e-13, 'the ratio of two clv');
SELECT is(profit_gain(0, .1), NULL, 'from nothing');
SELECT lives_ok('SELECT profit_gain(.95, .1, .05)', 'up to all customers');
SELECT throws_ok('SELECT profit_gain(.95, 0, .05)', '22003', NULL, 'a value without end');
SELECT throws_ok(format('SELECT profit_gain(%s)', arguments), '22023', NULL, 'profit_gain(' || arguments || ')')
FROM unnest(ARRAY['80, .1, .05', '.8, 10, .05', '.8, .1, 5', '.8, .1, -.05', '.8, .1, .25', $$'NaN', .1, .05$$, $$.8, 'NaN', .05$$, $$.8, .1, 'NaN'$$]) arguments;
SELECT is(pg_temp.hint_of('SELECT profit_gain(.8, .1, 5)'), 'Write it as a fraction: 5 percentage points are 0.05.', 'percentage points');

-- Windows to the end of time, and one that PostgreSQL 17 calls infinite.
SELECT is(funnel_agg(event_window, at, step), 2, 'a window of ' || event_window)
FROM (VALUES (timestamptz '2024-01-01Z', 1), ('2024-02-01Z', 2)) v(at, step), unnest(ARRAY['100000000 days', '110000000 days', '2147483647 days', '400000 years', '2500000000 hours']::interval[]) event_window GROUP BY event_window;
SELECT throws_ok(format('SELECT funnel_agg(%L, now(), 1)', CASE WHEN current_setting('server_version_num')::int >= 170000 THEN 'infinity'
	ELSE '178956970 years 7 months 2147483647 days 2562047788:00:54.775807' END), '22023', NULL, 'an infinite window');

SELECT * FROM finish();
ROLLBACK;
