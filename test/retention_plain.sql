-- Histories without refunds have a way of their own through retention_agg, cohort_agg,
-- key_figures_agg and the statistics. Here the same customers go both ways: a day without a
-- purchase that nobody looks at, long after the last observed one, takes them off the quick way.
BEGIN;
SELECT no_plan();

CREATE TABLE people (kind text, h purchase_history, slow purchase_history);
INSERT INTO people
SELECT kind, h, h || CASE kind WHEN 'no amounts' THEN '2045-01-01*0' ELSE '2045-01-01*0:0' END::purchase_history
FROM (SELECT kind, id, CASE kind WHEN 'no amounts' THEN history_agg(day) ELSE history_agg(day, amount * scale) END AS h
	FROM (VALUES ('cents', 1::numeric, 1, 40), ('no amounts', 1, 1, 40), ('two a day', 1, 2, 40), ('far apart', 1, 1, 700),
			('large amounts', 1000000007, 1, 40), ('tenths of cents', 0.003, 1, 40)) kinds(kind, scale, a_day, apart),
		generate_series(1, 150) id, generate_series(0, id % 9 + CASE WHEN id % 50 = 0 THEN 100 ELSE 0 END) n, generate_series(1, a_day),
		LATERAL (SELECT date '2022-10-01' + (id * 13) % 500 + (n * (1 + (id * 7 + n * 3) % apart)) % 2500 AS day,
			round(((id * 7919 + n * 104729) % 30000)::numeric / 100, 2) AS amount) v
	GROUP BY kind, id) c;
-- So much in one month that counters of few bytes on the quick way have to be emptied again and again.
INSERT INTO people
SELECT kind, day::purchase_history, (day || later)::purchase_history
FROM (VALUES ('most purchases', '*2000000000', ', 2045-01-01*0'), ('most money', ':900000000000000', ', 2045-01-01*0:0')) k(kind, what, later),
	generate_series(1, 30) id, LATERAL (SELECT date '2023-05-01' + id % 9 || what) d(day);
SELECT ok(count(*) = 960 AND bool_and(h <> slow AND as_of(slow, '2040-01-01') = h), 'the same but for a day long after') FROM people;

\ir include/queries.sql
CREATE TABLE calls AS
SELECT format('retention_agg(%%1$I, %s, %s, %L)', bounds, coalesce(active_days::text, 'NULL'), observed) AS call
FROM (VALUES ('periods(''2023-01-01'', ''2024-12-31'', ''1 month'')'), ('periods(''2020-01-01'', ''2039-12-31'', ''1 month'')'),
		('periods(''2023-01-01'', ''2024-12-31'', ''1 week'')'), ('periods(''2023-01-05'', ''2023-12-31'', ''1 day'')'),
		('periods(''2022-01-01'', ''2030-12-31'', ''1 year'')'), ('periods(''2022-12-01'', ''2027-12-31'', ''3 months'')'),
		('''{2023-01-01,2023-01-02,2024-06-01,2024-06-02,2029-01-01}''::date[]'), ('''{2023-06-01,2023-09-01}''::date[]')) b(bounds),
	(VALUES (NULL), (1), (7), (31), (90), (400), (2147483647)) a(active_days), (VALUES (date '2024-05-20'), ('2039-12-31'), ('2022-12-31')) o(observed)
UNION ALL SELECT 'retention_agg(%1$I, periods(''1900-01-01'', ''2099-12-31'', ''1 month''), 90, ''2039-12-31'')'
UNION ALL SELECT format('cohort_agg(%%1$I, %s, %L, %L)', bounds, mode, observed)
FROM (VALUES ('periods(''2023-01-01'', ''2024-12-31'', ''1 month'')'), ('periods(''2022-01-01'', ''2039-12-31'', ''1 month'')'),
		('periods(''2023-01-01'', ''2024-12-31'', ''1 week'')'), ('periods(''2022-01-01'', ''2030-12-31'', ''1 year'')'),
		('''{2023-01-01,2023-01-02,2024-06-01,2024-06-02,2029-01-01}''::date[]')) b(bounds),
	(VALUES ('bounded'), ('unbounded')) m(mode), (VALUES (date '2024-05-20'), ('2039-12-31'), ('2022-12-31')) o(observed)
UNION ALL SELECT format('key_figures_agg(%%1$I, daterange(%L, %L), %s)', first, until, active_days)
FROM (VALUES (date '2023-03-01', date '2024-03-01'), ('2022-01-01', '2040-01-01'), ('2020-01-01', '2021-01-01'), ('2023-07-07', '2023-07-08')) p(first, until),
	(VALUES (1), (90), (2147483647)) a(active_days)
UNION ALL SELECT format('array_agg(row(frequency(%%1$I, %1$L), recency(%%1$I, %1$L), customer_age(%%1$I, %1$L, 30), monetary(%%1$I, %1$L), rfm_score(rfm_cuts(''{2024-01-01}'', ''{3}'', ''{100}''), %%1$I, %1$L)) ORDER BY h)', as_of)
FROM (VALUES (date '2039-12-31'), ('2024-05-20'), ('2023-01-01'), ('2022-10-10'), ('2020-01-01')) d(as_of);
SELECT is(count(*) FILTER (WHERE quick <> slow OR quick IS NULL), 0::bigint, format('%s, %s answers: %s', kind, count(*), name))
	   || COALESCE(E'\n' || diag((min(call) FILTER (WHERE quick IS DISTINCT FROM slow))), '')
FROM (SELECT kind, split_part(call, '(', 1) AS name, call,
		pg_temp.value(format(format('SELECT (%s)::text FROM people WHERE kind = %%2$L', call), 'h', kind)) AS quick,
		pg_temp.value(format(format('SELECT (%s)::text FROM people WHERE kind = %%2$L', call), 'slow', kind)) AS slow
	FROM (SELECT DISTINCT kind FROM people) k, calls) c
GROUP BY kind, name ORDER BY name, kind;

SELECT * FROM finish();
ROLLBACK;
