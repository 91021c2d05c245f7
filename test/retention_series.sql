-- retention_agg and periods against plain SQL.
BEGIN;
SET LOCAL jit = off;  -- estimated costs of the oracles are wild
SELECT no_plan();
\ir include/cdnow.sql

-- Periods -----------------------------------------------------------------------

SELECT is(periods('2024-01-31', '2024-04-01', '1 month'),
          ARRAY['2024-01-31', '2024-02-29', '2024-03-31', '2024-04-30']::date[], 'month ends do not drift');
SELECT is(periods('2024-01-01', '2024-01-31', '1 month'), ARRAY['2024-01-01', '2024-02-01']::date[], 'the period that holds last is closed');
SELECT is(periods('2024-01-01', '2024-02-01', '1 month'), ARRAY['2024-01-01', '2024-02-01', '2024-03-01']::date[], 'a boundary opens the next period');
SELECT is(periods('2024-01-01', '2024-01-01', '1 day'), ARRAY['2024-01-01', '2024-01-02']::date[], 'one day');
SELECT is(cardinality(periods('2015-01-01', '2024-12-27', '1 day')), 3650, '3,650 boundaries');
SELECT is(periods(first => '2024-02-29', last => '2026-01-01', step => '1 year'), ARRAY['2024-02-29', '2025-02-28', '2026-02-28']::date[], 'leap years');
SELECT is(periods('2024-01-01', '2024-01-10', '1 week'), periods('2024-01-01', '2024-01-10', '168 hours'), 'a week in hours');
SELECT is(periods('0001-12-31 BC', '0001-02-01', '1 month'), ARRAY['0001-12-31 BC', '0001-01-31', '0001-02-28']::date[], 'across the years');
SELECT is((SELECT array_agg((date '2023-08-31' + i * s)::date ORDER BY i) FROM generate_series(0, 40) i),
          (SELECT (periods('2023-08-31', (date '2023-08-31' + 39 * s)::date, s))[1:41]), 'as date + i * interval: ' || s)
FROM unnest(ARRAY['1 day', '1 month', '1 year', '1 month 1 day', '2 weeks', '3 months', '1 month -2 days']::interval[]) s;
SELECT throws_ok('SELECT periods(''2024-01-01'', ''2024-02-01'', ''0 days'')', '22023', 'step must be a positive interval of whole days, not "00:00:00"', 'step 0');
SELECT throws_ok('SELECT periods(''2024-01-01'', ''2024-02-01'', ''-1 month'')', '22023', 'step must be a positive interval of whole days, not "-1 mons"', 'step backwards');
SELECT throws_ok('SELECT periods(''2024-01-01'', ''2024-02-01'', ''36 hours'')', '22023', 'step must be a positive interval of whole days, not "36:00:00"', 'step of half a day');
SELECT throws_ok('SELECT periods(''2024-01-01'', ''2024-03-31'', ''1 month -31 days'')', '22023', NULL, 'step that stands still');
SELECT throws_ok('SELECT periods(''2024-02-01'', ''2024-01-31'', ''1 month'')', '22023', 'last (2024-01-31) must not come before first (2024-02-01)', 'last before first');
SELECT throws_ok('SELECT periods(''-infinity'', ''2024-01-31'', ''1 month'')', '22008', NULL, 'first infinite');
SELECT throws_ok('SELECT periods(''2024-01-31'', ''infinity'', ''1 month'')', '22008', NULL, 'last infinite');
SELECT throws_ok('SELECT periods(''2024-01-31'', ''5874897-12-31'', ''1000000 years'')', '22008', NULL, 'past the last date');

-- The definitions in plain SQL ------------------------------------------------------

CREATE TABLE orders (customer_id int, bought date, amount numeric);
CREATE TABLE customers (customer_id int, h purchase_history);

CREATE FUNCTION pg_temp.oracle(bounds date[], w int, observed date) RETURNS SETOF retention_period
LANGUAGE sql AS $$
WITH days AS (
	SELECT customer_id, bought, count(*) FILTER (WHERE amount >= 0) AS n, sum(amount) AS money
	FROM orders WHERE bought <= observed OR observed IS NULL GROUP BY 1, 2
), upto AS (
	SELECT coalesce(observed, (SELECT max(bought) FROM days WHERE n > 0)) AS day
), period AS (
	SELECT i, bounds[i] AS b, bounds[i + 1] AS e, bounds[i - 1] AS p FROM generate_series(1, cardinality(bounds) - 1) i
), first AS (
	SELECT customer_id, min(bought) AS first FROM days WHERE n > 0 GROUP BY 1
), everybody AS (
	SELECT DISTINCT customer_id, first FROM orders LEFT JOIN first USING (customer_id)
), standing AS (
	SELECT i, b, e, p, customer_id, first >= b AND first < e AS acquired, coalesce(first < b, false) AS known,
	       CASE WHEN w IS NULL THEN bool_or(bought >= p AND bought < b AND n > 0) ELSE bool_or(bought >= b - w AND bought < b AND n > 0) END AS s,
	       CASE WHEN w IS NULL THEN bool_or(bought >= b AND bought < e AND n > 0) ELSE bool_or(bought >= e - w AND bought < e AND n > 0) END AS t,
	       coalesce(sum(n) FILTER (WHERE bought >= b AND bought < e), 0) AS purchases,
	       coalesce(sum(money) FILTER (WHERE bought >= b AND bought < e), 0) AS money,
	       coalesce(sum(money) FILTER (WHERE bought >= p AND bought < b), 0) AS money_before
	FROM period CROSS JOIN everybody LEFT JOIN days USING (customer_id) GROUP BY i, b, e, p, customer_id, first
), flagged AS (
	SELECT i, b, e, coalesce(acquired, false) AS a, known AS k, coalesce(s, false) AS s, coalesce(t, false) AS t,
	       purchases, money, money_before, w IS NOT NULL OR i > 1 AS sure FROM standing
), counted AS (
	SELECT i, b, e, sure, count(*) FILTER (WHERE s) AS at_start, count(*) FILTER (WHERE t) AS at_end, count(*) FILTER (WHERE t AND a) AS new,
	       count(*) FILTER (WHERE a) AS acquired, count(*) FILTER (WHERE s AND t) AS retained,
	       count(*) FILTER (WHERE t AND NOT s AND NOT a) AS reactivated, count(*) FILTER (WHERE s AND NOT t) AS churned,
	       count(*) FILTER (WHERE k AND NOT s) AS lapsed, sum(purchases)::bigint AS purchases, sum(money) AS revenue,
	       coalesce(sum(money) FILTER (WHERE a), 0) AS revenue_new,
	       coalesce(sum(money) FILTER (WHERE s AND t AND NOT a AND sure), 0) AS revenue_retained,
	       coalesce(sum(money) FILTER (WHERE NOT a AND NOT (s AND t AND sure)), 0) AS revenue_rest,
	       sum(money) FILTER (WHERE s) AS money_now, sum(money_before) FILTER (WHERE s) AS money_then
	FROM flagged GROUP BY i, b, e, sure
)
SELECT b, e, CASE WHEN sure THEN at_start END, at_end, new, acquired, CASE WHEN sure THEN retained END,
       CASE WHEN sure THEN reactivated END, CASE WHEN sure THEN churned END, CASE WHEN sure THEN lapsed END,
       CASE WHEN sure THEN 100.0::float8 * (at_end - new) / nullif(at_start, 0) END,
       CASE WHEN sure THEN 100.0::float8 * retained / nullif(at_start, 0) END,
       CASE WHEN sure THEN 100.0::float8 * churned / nullif(at_start, 0) END,
       CASE WHEN sure THEN 100.0::float8 * reactivated / nullif(lapsed, 0) END,
       purchases, revenue, revenue_new, revenue_retained, revenue_rest,
       CASE WHEN w IS NULL AND sure THEN 100.0::float8 * money_now::float8 / nullif(money_then::float8, 0) END,
       coalesce(e <= day + 1, false)
FROM counted, upto ORDER BY i
$$;

CREATE FUNCTION pg_temp.series(bounds date[], w int, observed date) RETURNS SETOF retention_period
LANGUAGE sql AS $$ SELECT * FROM unnest((SELECT retention_agg(h, bounds, w, observed) FROM customers)) $$;

-- The latest purchase day may lie past the last boundary, before a refund, in another chunk of days.
SELECT is((SELECT complete FROM unnest((SELECT retention_agg(x, '{2024-01-01,2024-02-01}', w) FROM (SELECT h) s(x))) p), observed, format('%s: observed past %s, window %s', left(h::text, 40), '2024-01-31', w))
FROM (VALUES ('2024-01-01, 2024-06-01, 2024-07-01*0'::purchase_history, true), ('2024-01-01, 2024-07-01*0', false), ('2024-06-01', true), ('2024-07-01*0', false),
             ((SELECT history_agg(date '2023-01-01' + d, CASE WHEN d > 500 THEN -1 ELSE 1 END) FROM generate_series(0, 600, 3) d), true)) v(h, observed), unnest(ARRAY[NULL, 30]) w;

-- With a refund, and many days after the last boundary.
SELECT is((SELECT array_agg(complete) FROM unnest(retention_agg(h, '{2024-01-01,2024-02-01}', w)) p), '{t}', format('observed long after, window %s', w))
FROM (SELECT history_agg(date '2024-01-10' + i, 1) || '2024-01-01*0:-1'::purchase_history AS h FROM generate_series(1, 200) i) x, (VALUES (NULL), (30)) v(w) GROUP BY w;

-- Random customers with refunds, also before the first purchase and on days of their own.
INSERT INTO orders
SELECT c, date '2023-01-01' + (random() * 800 * random())::int + (c % 50), round((random() * 100 - 15)::numeric, 2)
FROM generate_series(1, 100) c, generate_series(1, 1 + (c * c % 13));
INSERT INTO orders SELECT 101, date '2023-03-01', -5;
INSERT INTO customers SELECT customer_id, history_agg(bought, amount) FROM orders GROUP BY 1;
INSERT INTO customers VALUES (0, NULL), (-1, '');

SELECT results_eq(format('SELECT * FROM pg_temp.series(%L, %L, %L)', b, w, o), format('SELECT * FROM pg_temp.oracle(%L, %L, %L)', b, w, o),
                  format('random customers, %s periods from %s, window %s, observed until %s', cardinality(b) - 1, b[1], coalesce(w::text, 'none'), coalesce(o::text, 'the end')))
FROM (VALUES (periods('2023-01-01', '2025-12-31', '1 month')), (periods('2023-02-15', '2024-12-31', '1 week')),
             (periods('2023-05-01', '2023-06-05', '1 day')), (ARRAY['2022-01-01', '2023-06-05']::date[]),
             (ARRAY['2023-01-02', '2023-01-03', '2023-04-01', '2024-11-11', '2024-11-12', '2030-01-01']::date[]),
             (ARRAY['1900-01-01', '1900-01-02', '2023-04-01', '2023-04-02', '2023-04-03']::date[]),
             (ARRAY['2026-01-01', '2027-01-01']::date[])) v(b),
     unnest(ARRAY[NULL, 1, 7, 45, 400]) w, unnest(ARRAY[NULL, '2023-12-31', '2023-05-15', '2020-01-01']::date[]) o;

\if :have_cdnow
DELETE FROM orders;
DELETE FROM customers;
INSERT INTO orders SELECT customer_id, date, amount FROM cdnow;
INSERT INTO customers SELECT customer_id, history_agg(bought, amount) FROM orders GROUP BY 1;
SELECT results_eq(format('SELECT * FROM pg_temp.series(%L, %L, %L)', periods('1997-01-01', '1998-06-30', s), w, o),
                  format('SELECT * FROM pg_temp.oracle(%L, %L, %L)', periods('1997-01-01', '1998-06-30', s), w, o), format('CDNOW, %s, window %s, observed until %s', s, w, o))
FROM unnest(ARRAY['1 month', '3 months']::interval[]) s, unnest(ARRAY[NULL, 90]) w, unnest(ARRAY[NULL, '1998-03-15']::date[]) o;
SELECT is(sum(acquired), 2357::numeric, 'CDNOW: 2,357 customers acquired') FROM pg_temp.series(periods('1997-01-01', '1998-06-30', '1 month'), 90, NULL);
SELECT is(sum(purchases), 6919::numeric, 'CDNOW: 6,919 purchases') FROM pg_temp.series(periods('1997-01-01', '1998-06-30', '1 month'), NULL, NULL);
SELECT is(ARRAY[s.crr, s.churn_rate], ARRAY[crr(h, daterange(s.period_start, s.period_end), 90), churn_rate(h, daterange(s.period_start, s.period_end), 90)],
          'CDNOW: the aggregates of one period agree, ' || s.period_start)
FROM pg_temp.series(periods('1997-01-01', '1998-06-30', '1 month'), 90, NULL) s, customers GROUP BY s.period_start, s.period_end, s.crr, s.churn_rate ORDER BY 1;
\else
SELECT skip('CDNOW: no data folder', 28);
\endif

SELECT * FROM finish();
ROLLBACK;
