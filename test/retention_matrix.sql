-- What must hold for every aggregate about retention, cohorts, survival and subscriptions,
-- whatever it computes: no row, NULLs, one row, FILTER, DISTINCT, order, windows, workers.
BEGIN;
SET LOCAL jit = off;  -- estimated costs of the oracles are wild
SELECT no_plan();

SELECT setseed(0.25);
CREATE TABLE people (id int, h purchase_history, spans datemultirange, s subscription_history,
                     waited float8, happened boolean, valid daterange, mrr numeric);
INSERT INTO people
SELECT id, h, active_spans(h, 40), subscription_agg, (id * 37 % 50)::float8 / 2, id % 3 > 0,
       daterange(date '2023-01-01' + id % 90, CASE WHEN id % 4 > 0 THEN date '2023-01-01' + id % 90 + 1 + id % 200 END),
       (id % 7)::numeric / 2
FROM (SELECT id, history_agg(d, round((random() * 100 - 10)::numeric, 2)) AS h, subscription_agg(daterange(d, d + 1 + (random() * 200)::int), n)
	FROM (SELECT id, date '2023-01-01' + (random() * 600)::int AS d, n
		FROM generate_series(1, 240) id, generate_series(0, id % 8) n) o GROUP BY id) c;
INSERT INTO people (id, mrr) SELECT -n, 1 FROM generate_series(1, 10) n;
INSERT INTO people VALUES (0, '', '{}', '', 0, false, 'empty', 0);

CREATE TABLE calls (call text, one text DEFAULT 'id = 7');
INSERT INTO calls VALUES
	('crr(h, ''[2023-06-01,2024-01-01)'', 90)'), ('crr(spans, ''[2023-06-01,2024-01-01)'')'), ('crr(happened, id % 2 = 0)'),
	('churn_rate(h, ''[2023-06-01,2024-01-01)'', 90)'), ('churn_rate(spans, ''[2023-06-01,2024-01-01)'')'), ('churn_rate(happened, id % 2 = 0)'),
	('key_figures_agg(h, ''[2023-06-01,2024-01-01)'', 90)'),
	('retention_agg(h, periods(''2023-01-01'', ''2024-06-30'', ''1 month''), 60)'),
	('retention_agg(h, periods(''2023-01-01'', ''2024-06-30'', ''1 month''), NULL)'),
	('retention_agg(h, periods(''2023-01-01'', ''2024-06-30'', ''1 week''), 60, ''2024-01-15'')'),
	('retention_agg(h, periods(''2023-01-01'', ''2024-06-30'', ''1 day''), NULL, NULL)'),
	('retention_agg(spans, periods(''2023-01-01'', ''2024-06-30'', ''1 month''))'),
	('retention_agg(spans, periods(''2023-01-01'', ''2024-06-30'', ''1 month''), ''2024-01-15'')'),
	('cohort_agg(h, periods(''2023-01-01'', ''2024-06-30'', ''1 month''))'),
	('cohort_agg(h, periods(''2023-01-01'', ''2024-06-30'', ''1 month''), ''unbounded'')'),
	('cohort_agg(h, periods(''2023-01-01'', ''2024-06-30'', ''1 month''), ''bounded'', ''2024-01-15'')'),
	('ladder_agg(h, ''2024-01-15'')'), ('ladder_agg(h, ''2024-06-30'', 4)'),
	('kaplan_meier(waited, happened)'),
	('subscription_agg(valid, mrr)'),
	('mrr_agg(s, periods(''2023-01-01'', ''2024-06-30'', ''1 month''))'),
	('mrr_agg(s, periods(''2023-01-01'', ''2024-06-30'', ''1 month''), ''2024-01-15'')');

\ir include/queries.sql
-- agg(DISTINCT args), agg(args ORDER BY ...)
CREATE FUNCTION pg_temp.inside(call text, before text, after text) RETURNS text LANGUAGE sql
RETURN regexp_replace(regexp_replace(call, '\(', '(' || before), '\)$', after || ')');

CREATE TABLE expected AS
SELECT call, one, pg_temp.value(format('SELECT %s FROM people', call)) AS answer FROM calls;
SELECT ok(answer <> '' AND answer NOT IN ('0', '100', '{}'), 'answers: ' || call) FROM expected;

SELECT is(pg_temp.value(format('SELECT %s FROM people WHERE false', call)), NULL, 'no row: ' || call) FROM calls;
SELECT is(pg_temp.value(format('SELECT %s FROM people WHERE id < 0', call)), NULL, 'NULLs only: ' || call) FROM calls;
SELECT isnt(pg_temp.value(format('SELECT %s FROM people WHERE %s', call, one)), NULL, 'one row: ' || call) FROM calls WHERE call !~ '^c.*_rate|^crr';
SELECT is(pg_temp.value(format('SELECT %s FROM people WHERE id <> 0', call)) IS NULL, false, 'without the empty value: ' || call) FROM calls;
SELECT is(pg_temp.value(format('SELECT %s FILTER (WHERE id %% 2 = 0) FROM people', call)),
          pg_temp.value(format('SELECT %s FROM people WHERE id %% 2 = 0', call)), 'FILTER: ' || call) FROM calls;
SELECT is(pg_temp.value(format('SELECT %s FROM (SELECT * FROM people UNION ALL SELECT * FROM people) twice', pg_temp.inside(call, 'DISTINCT ', ''))),
          pg_temp.value(format('SELECT %s FROM (SELECT DISTINCT ON (%s) * FROM people) once', call, substring(call, '\((\w+),'))),
          'DISTINCT: ' || call) FROM calls WHERE call ~ '\((h|spans|s),';
SELECT is(pg_temp.value(format('SELECT %s FROM people', pg_temp.inside(call, '', ' ORDER BY md5(id::text)'))),
          answer, 'another order of rows: ' || call) FROM expected;
SELECT is(pg_temp.value(format('SELECT md5(string_agg(md5(a::text), '''' ORDER BY id)) FROM (SELECT id, %s OVER (ORDER BY id) AS a FROM people WHERE id BETWEEN -2 AND 30) w', call)),
          pg_temp.value(format('SELECT md5(string_agg(md5((SELECT %s FROM people b WHERE b.id BETWEEN -2 AND a.id)::text), '''' ORDER BY id)) FROM people a WHERE id BETWEEN -2 AND 30', call)),
          'growing window frame: ' || call) FROM calls;
SELECT is(pg_temp.value(format('SELECT md5(string_agg(md5(a::text), '''' ORDER BY id)) FROM (SELECT id, %s OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING) AS a FROM people WHERE id BETWEEN -2 AND 30) w', call)),
          pg_temp.value(format('SELECT md5(string_agg(md5((SELECT %s FROM people b WHERE b.id BETWEEN greatest(-2, a.id - 3) AND least(30, a.id + 1))::text), '''' ORDER BY id)) FROM people a WHERE id BETWEEN -2 AND 30', call)),
          'moving window frame: ' || call) FROM calls;
SELECT is(pg_temp.value(format('SELECT md5(string_agg(a::text, '''' ORDER BY g)) FROM (SELECT id %% 20 AS g, %s AS a FROM people GROUP BY 1) x', call)),
          pg_temp.value(format('SELECT md5(string_agg((SELECT %s FROM people WHERE id %% 20 = g)::text, '''' ORDER BY g)) FROM (SELECT DISTINCT id %% 20 AS g FROM people) y', call)),
          'GROUP BY: ' || call) FROM calls;

\ir include/parallel.sql
SELECT ok(pg_temp.is_partial(format('SELECT %s FROM people', call)), 'can be partial: ' || call) FROM calls;
SELECT is(pg_temp.value(format('SELECT %s FROM people', call)), answer, 'parallel workers: ' || call) FROM expected;

-- Partial states that were made with different arguments do not add up.
CREATE TABLE parted (n int, t text, d date, b date[], h purchase_history, spans datemultirange, s subscription_history) PARTITION BY LIST (n);
CREATE TABLE parted_5 PARTITION OF parted FOR VALUES IN (5);
CREATE TABLE parted_6 PARTITION OF parted FOR VALUES IN (6);
INSERT INTO parted SELECT n, CASE n WHEN 5 THEN 'bounded' ELSE 'unbounded' END, date '2024-01-01' + n, ARRAY[date '2023-01-01', date '2023-03-01' + n], h, spans, s
FROM people, unnest(ARRAY[5, 6]) n WHERE id > 0;
SET enable_partitionwise_aggregate = on;
SELECT ok(pg_temp.is_partial(format('SELECT %s FROM parted', call)), 'one partial state a partition: ' || call)
       || E'\n' || throws_ok(format('SELECT %s FROM parted', call), '22023', format('argument "%s" must not change within a group', what), 'combined with different arguments: ' || call)
FROM (VALUES ('crr(h, ''[2023-06-01,2024-01-01)'', n)', 'active_days'), ('churn_rate(spans, daterange(''2023-06-01'', d))', 'period'),
             ('key_figures_agg(h, daterange(''2023-06-01'', d), 90)', 'period'), ('key_figures_agg(h, ''[2023-06-01,2024-01-01)'', n)', 'active_days'),
             ('retention_agg(h, b, NULL)', 'boundaries'), ('retention_agg(h, ''{2023-01-01,2023-02-01}'', n)', 'active_days'),
             ('retention_agg(h, ''{2023-01-01,2023-02-01}'', NULL, d)', 'observed_until'), ('retention_agg(spans, b)', 'boundaries'),
             ('cohort_agg(h, b)', 'boundaries'), ('cohort_agg(h, ''{2023-01-01,2023-02-01}'', t)', 'mode'),
             ('cohort_agg(h, ''{2023-01-01,2023-02-01}'', ''bounded'', d)', 'observed_until'), ('ladder_agg(h, d)', 'as_of'),
             ('ladder_agg(h, ''2024-01-01'', n)', 'steps'), ('mrr_agg(s, b)', 'boundaries'), ('mrr_agg(s, ''{2023-01-01,2023-02-01}'', d)', 'observed_until')) v(call, what);
RESET ALL;
SET LOCAL jit = off;

-- Many boundaries, and every day of ten years.
SELECT is(r.sums, c.sums, '3,650 days add up to one period: ' || coalesce(w::text, 'calendar'))
FROM unnest(ARRAY[NULL, 60]) w,
     LATERAL (SELECT row(sum(acquired), sum(purchases), sum(revenue), sum(revenue_new) + sum(revenue_retained) + sum(revenue_reactivated))::text FROM unnest((SELECT retention_agg(h, periods('2020-01-01', '2029-12-28', '1 day'), w) FROM people)) p) r(sums),
     LATERAL (SELECT row(sum(acquired), sum(purchases), sum(revenue), sum(revenue))::text FROM unnest((SELECT retention_agg(h, '{2020-01-01,2030-01-01}', w) FROM people)) p) c(sums);

SELECT * FROM finish();
ROLLBACK;
