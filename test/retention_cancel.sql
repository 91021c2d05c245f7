-- Whatever an aggregate about retention is doing, it stops within a second of being asked.
BEGIN;
SELECT no_plan();

-- Seconds past the statement's timeout; NULL when it was done before.
CREATE FUNCTION pg_temp.overrun(query text, timeout int) RETURNS float8 LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN NULL;
EXCEPTION WHEN query_canceled THEN
	RETURN extract(epoch FROM clock_timestamp() - statement_timestamp()) - timeout / 1000.0;
END $$;

-- A history of a million days, the same with refunds, and 200,000 boundaries.
CREATE TABLE long AS
SELECT history_agg(day, 1::numeric) AS plain, history_agg(day, n % 3 - 1::numeric) AS refunds, active_spans(history_agg(date '2000-01-01' + n * 2), 1) AS spans
FROM generate_series(1, 1000000) n, LATERAL (SELECT date '2000-01-01' + n AS day) d;
CREATE TABLE bounds AS SELECT periods('2000-01-01', '2547-01-01', '1 day') AS daily, periods('2000-01-01', '2009-12-27', '1 day') AS ten_years;
CREATE TABLE subscribed AS SELECT subscription_agg(daterange(date '2000-01-01' + n * 2, date '2000-01-02' + n * 2), n % 5) AS s FROM generate_series(1, 100000) n;
SELECT is(cardinality(ten_years), 3650, 'days over ten years') FROM bounds;

CREATE TABLE busy (what text, query text);
INSERT INTO busy VALUES
	('series of a long history', 'SELECT retention_agg(plain, ten_years, NULL) FROM long, bounds, generate_series(1, 100000)'),
	('series of a long history, by active days', 'SELECT retention_agg(plain, ten_years, 90) FROM long, bounds, generate_series(1, 100000)'),
	('series of a long history with refunds', 'SELECT retention_agg(refunds, daily, 90) FROM long, bounds, generate_series(1, 100000)'),
	('series of many spans', 'SELECT retention_agg(spans, ten_years) FROM long, bounds, generate_series(1, 100000)'),
	('a series of many periods', 'SELECT retention_agg(plain, daily, NULL) FROM long, bounds'),
	('cohorts of a long history', 'SELECT cohort_agg(refunds, ten_years) FROM long, bounds, generate_series(1, 100000)'),
	('key figures of a long history', 'SELECT key_figures_agg(refunds, ''[2000-01-01,4000-01-01)'', 90) FROM long, generate_series(1, 100000)'),
	('crr of a long history', 'SELECT crr(refunds, ''[2000-01-01,4000-01-01)'', 90) FROM long, generate_series(1, 100000)'),
	('ladder of a long history', 'SELECT ladder_agg(plain, ''4000-01-01'', 1000) FROM long, generate_series(1, 100000)'),
	('survival of many durations', 'SELECT kaplan_meier(sqrt(n), n % 3 > 0) FROM generate_series(1, 3000000) n'),
	('movements of many periods', 'SELECT mrr_agg(s, daily) FROM subscribed, bounds, generate_series(1, 100000)'),
	('a subscription of many spans', 'SELECT subscription_agg(daterange(date ''2000-01-01'' + n, date ''2000-01-01'' + n + 1 + n % 1000), n % 5) FROM generate_series(1, 1000000) n');
CREATE TABLE ran (what text, timeout int, overrun float8);
SELECT format('SET LOCAL statement_timeout = %s', timeout), format('INSERT INTO ran SELECT %L, %s, pg_temp.overrun(%L, %2$s)', what, timeout, query),
	'SET LOCAL statement_timeout = 0'
FROM busy, unnest(ARRAY[100, 700]) timeout \gexec
SELECT ok(bool_and(overrun < 1 OR overrun IS NULL) AND count(*) = 2 AND count(overrun) > 0, 'is cancelled within a second: ' || what)
FROM ran GROUP BY what ORDER BY what;

SELECT * FROM finish();
ROLLBACK;
