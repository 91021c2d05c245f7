-- Cohorts and the repeat ladder against plain SQL.
BEGIN;
SET LOCAL jit = off;  -- estimated costs of the oracles are wild
SELECT no_plan();
\ir include/cdnow.sql

CREATE TABLE orders (customer_id int, bought date, amount numeric);
CREATE TABLE customers (customer_id int, h purchase_history);

CREATE FUNCTION pg_temp.oracle(bounds date[], unbounded boolean, observed date) RETURNS SETOF cohort_cell
LANGUAGE sql AS $$
WITH upto AS (
	SELECT coalesce(observed, max(bought)) AS day FROM orders WHERE amount >= 0
), days AS (
	SELECT customer_id, bought, count(*) FILTER (WHERE amount >= 0) AS n, sum(amount) AS money
	FROM orders WHERE bought <= observed OR observed IS NULL GROUP BY 1, 2
), period AS (
	SELECT i, bounds[i] AS b, bounds[i + 1] AS e FROM generate_series(1, cardinality(bounds) - 1) i
), member AS (
	SELECT customer_id, i AS c, b AS cohort FROM (SELECT customer_id, min(bought) AS first FROM days WHERE n > 0 GROUP BY 1) f
	JOIN period ON first >= b AND first < e
), cohort AS (
	SELECT c, cohort, count(*) AS size FROM member GROUP BY 1, 2
), last AS (
	SELECT customer_id, max(bought) AS last FROM days WHERE n > 0 GROUP BY 1
), happened AS (
	SELECT c, i, count(DISTINCT customer_id) FILTER (WHERE n > 0) AS active, sum(money) AS revenue
	FROM member JOIN days USING (customer_id) JOIN period ON bought >= b AND bought < e GROUP BY 1, 2
), cell AS (
	SELECT cohort.c, cohort, i, e, size, coalesce(revenue, 0) AS revenue,
	       CASE WHEN unbounded THEN (SELECT count(*) FROM member m JOIN last USING (customer_id) WHERE m.c = cohort.c AND last >= b)
	            ELSE coalesce(happened.active, 0) END AS active
	FROM cohort JOIN period ON i >= c AND b <= (SELECT day FROM upto) LEFT JOIN happened USING (c, i)
)
SELECT cohort, i - c, size, active, 100.0::float8 * active / size, revenue, sum(revenue) OVER w,
       sum(revenue) OVER w / size, e <= (SELECT day FROM upto) + 1
FROM cell WINDOW w AS (PARTITION BY c ORDER BY i) ORDER BY c, i
$$;
CREATE FUNCTION pg_temp.cells(bounds date[], unbounded boolean, observed date) RETURNS SETOF cohort_cell LANGUAGE sql AS $$
	SELECT * FROM unnest((SELECT cohort_agg(h, bounds, CASE WHEN unbounded THEN 'unbounded' ELSE 'bounded' END, observed) FROM customers)) $$;

SELECT setseed(0.5);
INSERT INTO orders
SELECT c, date '2023-01-01' + (random() * 800 * random())::int + (c % 50), round((random() * 100 - 15)::numeric, 2)
FROM generate_series(1, 100) c, generate_series(1, 1 + (c * c % 13));
INSERT INTO orders SELECT 101, date '2023-03-01', -5;
INSERT INTO customers SELECT customer_id, history_agg(bought, amount) FROM orders GROUP BY 1;
INSERT INTO customers VALUES (0, NULL), (-1, '');

SELECT results_eq(format('SELECT * FROM pg_temp.cells(%L, %L, %L)', b, u, o), format('SELECT * FROM pg_temp.oracle(%L, %L, %L)', b, u, o),
                  format('random customers, %s periods from %s, unbounded %s, observed until %s', cardinality(b) - 1, b[1], u, coalesce(o::text, 'the end')))
FROM (VALUES (periods('2023-01-01', '2025-12-31', '1 month')), (periods('2023-02-15', '2023-12-31', '2 weeks')),
             (ARRAY['2023-01-02', '2023-01-03', '2023-04-01', '2024-11-11', '2024-11-12', '2030-01-01']::date[]),
             (ARRAY['2022-01-01', '2023-06-05']::date[]), (ARRAY['2030-01-01', '2031-01-01']::date[])) v(b),
     unnest(ARRAY[false, true]) u, unnest(ARRAY[NULL, '2023-12-31', '2023-05-15', '2020-01-01']::date[]) o;
SELECT is((SELECT cohort_agg(h, b) FROM customers), (SELECT cohort_agg(h, b, 'bounded', NULL) FROM customers), 'bounded is the default')
FROM (SELECT periods('2023-01-01', '2025-12-31', '1 month')) p(b);
SELECT is((SELECT revenue FROM unnest((SELECT cohort_agg('2024-01-05'::purchase_history, periods('2024-01-01', '2024-01-31', '1 month')))) c), NULL, 'without amounts revenue is NULL');
SELECT is((SELECT count(*) FROM unnest((SELECT cohort_agg('2024-01-05'::purchase_history, periods('2015-01-01', '2024-12-28', '1 day')))) c), 1::bigint,
          '3,650 days: one cell was observed');

SELECT throws_ok('SELECT cohort_agg(h, periods(''2024-01-01'', ''2024-01-31'', ''1 month''), ''rolling'') FROM customers', '22023', 'unknown mode "rolling"', 'unknown mode');
SELECT throws_ok('SELECT cohort_agg(h, periods(''2024-01-01'', ''2024-01-31'', ''1 month''), NULL) FROM customers', '22004', 'argument "mode" must not be null', 'mode NULL');
SELECT throws_ok('SELECT cohort_agg(h, periods(''2024-01-01'', ''2024-01-31'', ''1 month''), CASE WHEN customer_id > 7 THEN ''bounded'' ELSE ''unbounded'' END) FROM customers', '22023',
                 'argument "mode" must not change within a group', 'mode that changes');
SELECT throws_ok('SELECT cohort_agg(h, periods(''2024-01-01'', date ''2024-01-31'' + customer_id * 31, ''1 month'')) FROM customers WHERE customer_id > 0', '22023',
                 'argument "boundaries" must not change within a group', 'boundaries that change');
SELECT throws_ok('SELECT cohort_agg(h, periods(''2024-01-01'', date ''2024-01-31'', ''1 month''), ''bounded'', ''2024-01-01''::date + customer_id) FROM customers', '22023',
                 'argument "observed_until" must not change within a group', 'observed_until that changes');
SELECT throws_ok(format('SELECT %s(h, %s) FROM customers', f, b), state, message, f || ': ' || b)
FROM (VALUES ('cohort_agg', ''), ('retention_agg', ', 30')) v(f, more),
     (VALUES ('NULL', '22004', 'argument "boundaries" must not be null'), ('''{}''', '22023', 'boundaries must be two dates at least, not 0'),
             ('''{2024-01-01}''', '22023', 'boundaries must be two dates at least, not 1'),
             ('''{2024-01-01,NULL}''', '22004', 'boundaries must not contain nulls'),
             ('''{2024-01-01,2024-01-01}''', '22023', 'boundaries must increase: "2024-01-01" does not come after "2024-01-01"'),
             ('''{2024-02-01,2024-01-01}''', '22023', 'boundaries must increase: "2024-01-01" does not come after "2024-02-01"'),
             ('''{2024-01-01,infinity}''', '22008', 'boundary must be finite, not "infinity"'),
             ('''{-infinity,2024-01-01}''', '22008', 'boundary must be finite, not "-infinity"'),
             ('''{{2024-01-01,2024-02-01},{2024-03-01,2024-04-01}}''', '22023', 'boundaries must have one dimension, not 2')) e(boundaries, state, message),
     LATERAL (SELECT boundaries || more) x(b);
SELECT throws_ok('SELECT retention_agg(h, ''{2024-01-01,2024-02-01}'', 0) FROM customers', '22023', 'active_days must be at least 1, not 0', 'active_days 0');
SELECT throws_ok('SELECT retention_agg(h, ''{2024-01-01,2024-02-01}'', -5) FROM customers', '22023', 'active_days must be at least 1, not -5', 'active_days -5');
SELECT throws_ok('SELECT retention_agg(h, ''{2024-01-01,2024-02-01}'', nullif(customer_id, 5)) FROM customers WHERE customer_id > 4', '22023', 'argument "active_days" must not change within a group', 'active_days that changes from NULL');
SELECT throws_ok('SELECT retention_agg(h, ''{2024-01-01,2024-02-01}'', 5, ''infinity'') FROM customers', '22008', 'observed_until must be finite, not "infinity"', 'observed_until infinity');

-- The ladder ---------------------------------------------------------------------------

CREATE FUNCTION pg_temp.ladder_oracle(on_day date, steps int) RETURNS SETOF ladder_step LANGUAGE sql AS $$
WITH days AS (
	SELECT customer_id, bought, row_number() OVER w AS n, lead(bought) OVER w AS next
	FROM (SELECT DISTINCT customer_id, bought FROM orders WHERE amount >= 0 AND bought <= on_day) d
	WINDOW w AS (PARTITION BY customer_id ORDER BY bought)
)
SELECT s, count(n), count(next), 100.0::float8 * count(next) / nullif(count(n), 0),
       median_survival(kaplan_meier(coalesce(next, on_day) - bought, next IS NOT NULL) FILTER (WHERE n IS NOT NULL))
FROM generate_series(1, steps) s LEFT JOIN days ON n = s GROUP BY s ORDER BY s
$$;
SELECT results_eq(format('SELECT * FROM unnest((SELECT ladder_agg(h, %L, %s) FROM customers))', d, s), format('SELECT * FROM pg_temp.ladder_oracle(%L, %s)', d, s),
                  format('ladder as of %s, %s steps', d, s))
FROM unnest(ARRAY['2022-01-01', '2023-06-30', '2024-01-01', '2030-01-01']::date[]) d, unnest(ARRAY[1, 3, 20]) s;
SELECT is((SELECT ladder_agg(h, '2024-01-01') FROM customers), (SELECT ladder_agg(h, '2024-01-01', 10) FROM customers), 'ten steps are the default');
SELECT is((SELECT count(*) FROM unnest((SELECT ladder_agg(h, '2024-01-01', 1000) FROM customers))), 1000::bigint, 'as many steps as asked for');
SELECT is((SELECT row(customers, next, median_days)::text FROM unnest((SELECT ladder_agg(history_agg, '5874897-12-31', 1)
	FROM (SELECT history_agg(d) FROM unnest(ARRAY['4713-01-01 BC', '5874897-12-31']::date[]) d) x))), format('(1,1,%s)', date '5874897-12-31' - date '4713-01-01 BC'), 'the longest wait there is');
SELECT throws_ok('SELECT ladder_agg(h, NULL) FROM customers', '22004', 'argument "as_of" must not be null', 'as_of NULL');
SELECT throws_ok('SELECT ladder_agg(h, ''infinity'') FROM customers', '22008', NULL, 'as_of infinity');
SELECT throws_ok('SELECT ladder_agg(h, ''2024-01-01'', 0) FROM customers', '22023', 'steps must be between 1 and 1000, not 0', 'steps 0');
SELECT throws_ok('SELECT ladder_agg(h, ''2024-01-01'', NULL) FROM customers', '22004', 'argument "steps" must not be null', 'steps NULL');
SELECT throws_ok('SELECT ladder_agg(h, date ''2024-01-01'' + customer_id) FROM customers', '22023', 'argument "as_of" must not change within a group', 'as_of that changes');
SELECT throws_ok('SELECT ladder_agg(h, ''2024-01-01'', 5 + customer_id) FROM customers WHERE customer_id > 0', '22023', 'argument "steps" must not change within a group', 'steps that change');

-- The state grows, and moves, with each cohort that appears.
SELECT is((SELECT row(count(*), sum(active))::text FROM unnest((
	SELECT cohort_agg(h, periods('2020-01-01', '2022-12-31', '1 day') ORDER BY i)
	FROM (SELECT i, history_agg(date '2020-01-01' + d) AS h FROM generate_series(0, 999) i, unnest(ARRAY[i, i + 7, i + 30]) d GROUP BY i) x))
	WHERE active > 0), '(3000,3000)', 'a thousand cohorts of a day: three days each');

\if :have_cdnow
DELETE FROM orders;
DELETE FROM customers;
INSERT INTO orders SELECT customer_id, date, amount FROM cdnow;
INSERT INTO customers SELECT customer_id, history_agg(bought, amount) FROM orders GROUP BY 1;
SELECT results_eq(format('SELECT * FROM pg_temp.cells(%L, %L, %L)', periods('1997-01-01', '1998-06-30', '1 month'), u, o),
                  format('SELECT * FROM pg_temp.oracle(%L, %L, %L)', periods('1997-01-01', '1998-06-30', '1 month'), u, o), format('CDNOW, unbounded %s, observed until %s', u, o))
FROM unnest(ARRAY[false, true]) u, unnest(ARRAY[NULL, '1997-09-30']::date[]) o;
SELECT results_eq('SELECT * FROM unnest((SELECT ladder_agg(h, ''1997-09-30'') FROM customers))', 'SELECT * FROM pg_temp.ladder_oracle(''1997-09-30'', 10)', 'CDNOW: ladder');
SELECT is((SELECT row(customers, next)::text FROM unnest((SELECT ladder_agg(h, '1997-09-30') FROM customers)) WHERE step = 1), '(2357,946)', 'CDNOW: 946 of 2,357 repeat by 1997-09-30');
\else
SELECT skip('CDNOW: no data folder', 6);
\endif

SELECT * FROM finish();
ROLLBACK;
