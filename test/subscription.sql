-- Subscriptions: the value, and the movements of recurring revenue against plain SQL.
BEGIN;
SET LOCAL jit = off;  -- estimated costs of the oracles are wild
SELECT no_plan();
\ir include/binary.sql

-- The value -----------------------------------------------------------------------------

CREATE FUNCTION pg_temp.agg(VARIADIC spans text[]) RETURNS text LANGUAGE sql AS $$
	SELECT subscription_agg(split_part(s, ' ', 1)::daterange, split_part(s, ' ', 2)::numeric)::text FROM unnest(spans) s $$;
SELECT is(pg_temp.agg('[2024-01-01,2025-01-01) 10'), '2024-01-01:10.00, 2025-01-01:0.00', 'one span');
SELECT is(pg_temp.agg('[2024-01-01,) 10'), '2024-01-01:10.00', 'open end');
SELECT is(pg_temp.agg('[2024-01-01,infinity) 10'), '2024-01-01:10.00', 'open end, said with infinity');
SELECT is(pg_temp.agg('(,2024-01-01) 10'), '-infinity:10.00, 2024-01-01:0.00', 'open start');
SELECT is(pg_temp.agg('(,) 10'), '-infinity:10.00', 'both open');
SELECT is(pg_temp.agg('[2024-01-01,2024-03-01) 10', '[2024-02-01,2024-04-01) 5.5'), '2024-01-01:10.00, 2024-02-01:15.50, 2024-03-01:5.50, 2024-04-01:0.00', 'overlapping spans add up');
SELECT is(pg_temp.agg('[2024-01-01,2024-03-01) 10', '[2024-03-01,2024-04-01) 10'), '2024-01-01:10.00, 2024-04-01:0.00; latest start 2024-03-01', 'a renewal at the same price is no step, but a start');
SELECT is(pg_temp.agg('[2024-01-01,2024-03-01) 10', '[2024-03-01,2024-04-01) 4'), '2024-01-01:10.00, 2024-03-01:4.00, 2024-04-01:0.00; latest start 2024-03-01', 'a switch on the same day');
SELECT is(pg_temp.agg('[2024-01-01,2024-02-01) 0'), ';latest start 2024-01-01', 'a free plan');
SELECT is(pg_temp.agg('empty 7'), '', 'an empty range');
SELECT is(pg_temp.agg('[2024-01-01,2024-02-01) 3.33335'), '2024-01-01:3.3334, 2024-02-01:0.0000', 'four decimals, rounded half away from zero');
SELECT is((SELECT subscription_agg(NULL, -1)), NULL, 'a NULL range is ignored');
SELECT throws_ok('SELECT subscription_agg(''[2024-01-01,2024-02-01)'', NULL)', '22004', 'argument "mrr" must not be null', 'mrr NULL');
SELECT throws_ok('SELECT subscription_agg(''[2024-01-01,2024-02-01)'', -5)', '22023', 'mrr must not be negative, not -5', 'mrr negative');
SELECT throws_ok('SELECT subscription_agg(''[2024-01-01,2024-02-01)'', -0.00001)', '22023', 'mrr must not be negative, not -0.00001', 'mrr a little negative');
SELECT throws_ok('SELECT subscription_agg(''[2024-01-01,2024-02-01)'', ''NaN'')', '22023', 'mrr must be a finite number, not NaN', 'mrr NaN');
SELECT throws_ok('SELECT subscription_agg(''[2024-01-01,2024-02-01)'', ''Infinity'')', '22023', 'mrr must be a finite number, not Infinity', 'mrr infinity');
SELECT throws_ok('SELECT subscription_agg(''[2024-01-01,2024-02-01)'', 1e15)', '22003', NULL, 'mrr too large');
SELECT throws_ok('SELECT subscription_agg(''[2024-01-01,2024-02-01)'', 9e14) FROM generate_series(1, 2)', '22003', NULL, 'a sum too large');

SELECT is(t::subscription_history::text, t, 'text: ' || t)
FROM unnest(ARRAY['', '2024-01-01:10.00', '-infinity:0.1234, 0044-03-15 BC:0.0000', '2024-01-01:10.00; latest start 2024-05-01', ';latest start 2024-01-01']) t;
SELECT is(' 2024-01-01:0, 2024-01-02:5 ,2024-01-03:5,2024-01-04:0;latest start 2024-01-03 '::subscription_history::text, '2024-01-02:5.00, 2024-01-04:0.00; latest start 2024-01-03', 'steps that change nothing are left out');
SELECT throws_ok(format('SELECT %L::subscription_history', t), '22P02', format('invalid input syntax for type subscription_history: "%s"', t), 'no text of it: ' || t)
FROM unnest(ARRAY['x', '2024-01-01', '2024-01-01:', '2024-01-01:-5', '2024-01-01:5,', '2024-01-02:5, 2024-01-01:6', '2024-01-01:5, -infinity:3', '2024-02-30:5',
                  '2024-01-01:5; latest start 2023-01-01', '2024-01-01:5; latest', '2024-01-01:5 2024-02-01:6', '2024-01-01:1.23456']) t;
SELECT is(pg_temp.receive('subscription_history', subscription_history_send(t::subscription_history)), t, 'binary: ' || t)
FROM unnest(ARRAY['', '2024-01-01:10.00', '-infinity:0.1234, 0044-03-15 BC:0.0000', '2024-01-01:10.00; latest start 2024-05-01']) t;
SELECT is((SELECT array_agg(outcome ORDER BY outcome) <@ ARRAY['error 08P01', 'error 22P03', 'error 22P04', 'ok'] FROM pg_temp.mutate('subscription_history', subscription_history_send('2024-01-01:10.00, 2024-07-01:25.00, 2025-01-01:0.00'), 2000)), true, '2,000 mutated values: refused or read, no crash');

CREATE TABLE vals AS SELECT t::subscription_history AS v FROM unnest(ARRAY['', '2024-01-01:10', '2024-01-01:10.00', '2024-01-01:10; latest start 2024-05-01', '2024-01-01:11', '2023-01-01:11', '-infinity:3', '2024-01-01:10, 2024-02-01:0']) t;
SELECT is((SELECT string_agg(v::text, ' | ' ORDER BY v) FROM vals), ' | -infinity:3.00 | 2023-01-01:11.00 | 2024-01-01:10.00 | 2024-01-01:10.00 | 2024-01-01:10.00; latest start 2024-05-01 | 2024-01-01:10.00, 2024-02-01:0.00 | 2024-01-01:11.00', 'order');
SELECT is((SELECT count(DISTINCT v) FROM vals), 7::bigint, 'DISTINCT');
SELECT is((SELECT count(*) FROM (SELECT v FROM vals GROUP BY v) g), 7::bigint, 'GROUP BY');
SELECT is((SELECT bool_and((a.v = b.v) = (subscription_history_cmp(a.v, b.v) = 0) AND (a.v <> b.v) <> (a.v = b.v) AND (a.v < b.v) = (b.v > a.v) AND (a.v <= b.v) = (b.v >= a.v)
                  AND (a.v < b.v) = (subscription_history_cmp(a.v, b.v) < 0) AND (a.v <> b.v OR subscription_history_hash(a.v) = subscription_history_hash(b.v))
                  AND (a.v <> b.v OR subscription_history_hash_extended(a.v, 7) = subscription_history_hash_extended(b.v, 7))) FROM vals a, vals b), true, 'operators agree');

-- Movements --------------------------------------------------------------------------------

CREATE TABLE subscriptions (customer_id int, valid daterange, mrr numeric);
CREATE TABLE customers (customer_id int, s subscription_history);

CREATE FUNCTION pg_temp.oracle(bounds date[]) RETURNS SETOF mrr_period LANGUAGE sql AS $$
WITH period AS (
	SELECT i, bounds[i] AS b, bounds[i + 1] AS e FROM generate_series(1, cardinality(bounds) - 1) i
), ends AS (
	SELECT i, b, e, customer_id, coalesce(sum(mrr) FILTER (WHERE valid @> b - 1), 0) AS m0, coalesce(sum(mrr) FILTER (WHERE valid @> e - 1), 0) AS m1,
	       coalesce(bool_or(mrr > 0 AND NOT isempty(valid) AND (lower(valid) IS NULL OR lower(valid) < b)), false) AS paid
	FROM period CROSS JOIN subscriptions GROUP BY 1, 2, 3, 4
), moved AS (
	SELECT *, CASE WHEN m0 = 0 AND m1 > 0 THEN CASE WHEN paid THEN 'reactivation' ELSE 'new' END WHEN m1 = 0 AND m0 > 0 THEN 'churned'
	               WHEN m1 > m0 THEN 'expansion' WHEN m1 < m0 THEN 'contraction' END AS kind FROM ends
), summed AS (
	SELECT i, b, e, sum(m0) AS mrr_start, sum(m1) AS mrr_end, count(*) FILTER (WHERE m0 > 0) AS c0, count(*) FILTER (WHERE m1 > 0) AS c1,
	       coalesce(sum(m1) FILTER (WHERE kind = 'new'), 0) AS n, coalesce(sum(m1 - m0) FILTER (WHERE kind = 'expansion'), 0) AS ex,
	       coalesce(sum(m0 - m1) FILTER (WHERE kind = 'contraction'), 0) AS co, coalesce(sum(m0) FILTER (WHERE kind = 'churned'), 0) AS ch,
	       coalesce(sum(m1) FILTER (WHERE kind = 'reactivation'), 0) AS re, count(*) FILTER (WHERE kind = 'new') AS nc, count(*) FILTER (WHERE kind = 'expansion') AS exc,
	       count(*) FILTER (WHERE kind = 'contraction') AS coc, count(*) FILTER (WHERE kind = 'churned') AS chc, count(*) FILTER (WHERE kind = 'reactivation') AS rec
	FROM moved GROUP BY 1, 2, 3
)
SELECT b, e, mrr_start, n, ex, co, ch, re, mrr_end, c0, c1, nc, exc, coc, chc, rec, 100.0::float8 * (c0 - chc) / nullif(c0, 0),
       100.0::float8 * (mrr_start - co - ch)::float8 / nullif(mrr_start, 0)::float8, 100.0::float8 * (mrr_start - co - ch + ex)::float8 / nullif(mrr_start, 0)::float8,
       (n + ex + re)::float8 / nullif(co + ch, 0)::float8, e <= (SELECT max(lower(valid)) FROM subscriptions) + 1
FROM summed ORDER BY i
$$;

-- 1,000 random customers: overlaps, gaps, open ends, switches on the same day, price changes, free plans.
SELECT setseed(0.125);
INSERT INTO subscriptions
SELECT c, CASE WHEN random() < .1 THEN daterange(d, NULL) WHEN random() < .02 THEN daterange(NULL, d) WHEN random() < .02 THEN 'empty'
          ELSE daterange(d, d + 1 + (random() * random() * 400)::int) END, CASE WHEN random() < .1 THEN 0 ELSE round((random() * 50 + .01)::numeric, (random() * 4)::int) END
FROM (SELECT c, date '2022-06-01' + (random() * 900)::int AS d FROM generate_series(1, 1000) c, generate_series(0, c % 6)) r;
INSERT INTO subscriptions  -- the next price begins the day the last one ends
SELECT customer_id, daterange(upper(valid), upper(valid) + 60), mrr + CASE WHEN customer_id % 2 = 0 THEN 1 ELSE 0 END FROM subscriptions WHERE upper(valid) IS NOT NULL AND customer_id % 3 = 0;
INSERT INTO customers SELECT customer_id, subscription_agg(valid, mrr) FROM subscriptions GROUP BY 1;
INSERT INTO customers VALUES (0, NULL), (-1, '');

CREATE FUNCTION pg_temp.movements(bounds date[], observed date DEFAULT NULL) RETURNS SETOF mrr_period LANGUAGE sql AS $$
	SELECT * FROM unnest((SELECT mrr_agg(s, bounds, observed) FROM customers)) $$;
SELECT results_eq(format('SELECT * FROM pg_temp.movements(%L)', b), format('SELECT * FROM pg_temp.oracle(%L)', b), format('1,000 random customers, %s periods from %s', cardinality(b) - 1, b[1]))
FROM (VALUES (periods('2022-01-01', '2025-12-31', '1 month')), (periods('2023-03-01', '2023-04-30', '1 week')), (ARRAY['2023-01-01', '2023-01-02', '2024-05-05', '2030-01-01']::date[])) v(b);
SELECT is(count(*) FILTER (WHERE mrr_end = mrr_start + new + expansion + reactivation - contraction - churned AND mrr_end = next), count(*), 'the identity, and each end is the next start')
FROM (SELECT *, coalesce(lead(mrr_start) OVER (ORDER BY period_start), mrr_end) AS next FROM pg_temp.movements(periods('2022-01-01', '2025-12-31', '1 month'))) m;
SELECT ok(bool_and(sums > 0), 'every movement happens')
FROM (SELECT unnest(ARRAY[sum(new), sum(expansion), sum(contraction), sum(churned), sum(reactivation)]) AS sums FROM pg_temp.movements(periods('2022-01-01', '2025-12-31', '1 month'))) s;
SELECT is((SELECT mrr_agg(s, periods('2022-01-01', '2025-12-31', '1 month')) FROM customers), (SELECT mrr_agg(s, periods('2022-01-01', '2025-12-31', '1 month'), NULL) FROM customers), 'observed_until NULL is the default');
SELECT results_eq('SELECT * FROM pg_temp.movements(periods(''2022-01-01'', ''2025-12-31'', ''1 month''), ''2023-12-31'') WHERE complete',
                  'SELECT * FROM pg_temp.movements(periods(''2022-01-01'', ''2025-12-31'', ''1 month'')) WHERE period_end <= ''2024-01-01''', 'complete periods do not change with what came later');
SELECT is((SELECT count(*) FROM pg_temp.movements(periods('2022-01-01', '2025-12-31', '1 month'), '2023-12-31') WHERE complete), 24::bigint, '24 months were observed');
SELECT is((SELECT sum(new + expansion + reactivation) FROM pg_temp.movements(periods('2024-01-01', '2025-12-31', '1 month'), '2023-12-31')), 0::numeric, 'after the last observed day nothing begins; ends already known remain');

-- By hand.
CREATE FUNCTION pg_temp.march(VARIADIC histories text[]) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s+%s+%s-%s-%s+%s=%s', mrr_start, new, expansion, contraction, churned, reactivation, mrr_end)
	FROM unnest((SELECT mrr_agg(h::subscription_history, '{2024-03-01,2024-04-01}') FROM unnest(histories) h)) $$;
SELECT is(pg_temp.march('2024-03-01:10'), '0.00+10.00+0.00-0.00-0.00+0.00=10.00', 'new on the first day');
SELECT is(pg_temp.march('2024-04-01:10'), '0.00+0.00+0.00-0.00-0.00+0.00=0.00', 'the end is not in the period');
SELECT is(pg_temp.march('2024-02-01:10, 2024-03-31:0'), '10.00+0.00+0.00-0.00-10.00+0.00=0.00', 'gone on the last day');
SELECT is(pg_temp.march('2024-02-01:10, 2024-04-01:0'), '10.00+0.00+0.00-0.00-0.00+0.00=10.00', 'paid to the last day');
SELECT is(pg_temp.march('2023-01-01:10, 2023-02-01:0, 2024-03-05:4'), '0.00+0.00+0.00-0.00-0.00+4.00=4.00', 'back after a gap: reactivation, not new');
SELECT is(pg_temp.march('2024-03-02:10, 2024-03-05:0, 2024-03-20:4'), '0.00+4.00+0.00-0.00-0.00+0.00=4.00', 'a gap within the period is not seen');
SELECT is(pg_temp.march('2024-02-02:10, 2024-03-05:0, 2024-03-20:10'), '10.00+0.00+0.00-0.00-0.00+0.00=10.00', 'nor is one that closes');
SELECT is(pg_temp.march('2024-02-02:10, 2024-03-05:4'), '10.00+0.00+0.00-6.00-0.00+0.00=4.00', 'one of two subscriptions ends: contraction, no churn');
SELECT is(pg_temp.march('-infinity:10, 2024-03-05:11'), '10.00+0.00+1.00-0.00-0.00+0.00=11.00', 'expansion');
SELECT throws_ok('SELECT mrr_agg(s, ''{2024-01-01,2024-01-01}'') FROM customers', '22023', NULL, 'boundaries that stand still');
SELECT throws_ok('SELECT mrr_agg(s, periods(''2024-01-01'', ''2024-01-31'', ''1 month''), date ''2024-01-01'' + customer_id) FROM customers', '22023', 'argument "observed_until" must not change within a group', 'observed_until that changes');

SELECT * FROM finish();
ROLLBACK;
