-- Retention: rates of one period. Series of periods: test/retention_series.sql.
BEGIN;
SET LOCAL jit = off;  -- estimated costs of the oracles are wild
SELECT no_plan();
\ir include/cdnow.sql

-- Figures that are already counted ------------------------------------------

SELECT is(crr(1000, 1050, 200), 85::float8, 'crr: (1050 - 200) of 1000 is the 85 percent mark');
SELECT is(crr(100, 150, 30), 120::float8, 'crr passes 100 when the reactivated outnumber the lost');
SELECT is(crr(3, 2, 0), 100.0::float8 * 2 / 3, 'crr: as the formula computes it');
SELECT is(churn_rate(1000, 150), 15::float8, 'churn_rate: 150 of 1000');
SELECT is(crr(0, 5, 5), NULL::float8, 'crr: nobody at the start is NULL');
SELECT is(churn_rate(0, 0), NULL::float8, 'churn_rate: nobody at the start is NULL');
SELECT is(crr(NULL, 1, 1), NULL::float8, 'crr is strict');
SELECT is(churn_rate(1, NULL), NULL::float8, 'churn_rate is strict');
SELECT is(crr(customers_at_start => 10, customers_at_end => 9, new_customers => 1), 80::float8,
          'crr: argument names');
SELECT is(churn_rate(customers_at_start => 10, customers_lost => 1), 10::float8,
          'churn_rate: argument names');
SELECT is((SELECT crr(count(*), sum(n), 0) FROM (VALUES (1::bigint), (0)) v(n)), 50::float8,
          'crr takes counts and sums of counts');

SELECT throws_ok('SELECT crr(100, 10, 11)', '22023',
                 'new_customers (11) must not exceed customers_at_end (10)', 'crr: N > E');
SELECT throws_ok('SELECT churn_rate(100, 101)', '22023',
                 'customers_lost (101) must not exceed customers_at_start (100)', 'churn_rate: lost > S');
SELECT throws_ok('SELECT crr(-1, 10, 1)', '22023',
                 'customers_at_start must be a number of customers, not -1', 'crr: negative');
SELECT throws_ok('SELECT crr(1, ''NaN'', 1)', '22023',
                 'customers_at_end must be a number of customers, not NaN', 'crr: NaN');
SELECT throws_ok('SELECT crr(1, 1, ''Infinity'')', '22023',
                 'new_customers must be a number of customers, not Infinity', 'crr: infinity');
SELECT throws_ok('SELECT churn_rate(1, ''-Infinity'')', '22023',
                 'customers_lost must be a number of customers, not -Infinity', 'churn_rate: infinity');
SELECT throws_ok('SELECT churn_rate(''NaN'', 0)', '22023',
                 'customers_at_start must be a number of customers, not NaN', 'churn_rate: NaN');
SELECT throws_ok('SELECT crr(1e-300, 1e300, 0)', '22003', NULL, 'crr: no infinite result');

\ir include/errors.sql
SELECT alike(pg_temp.hint_of('SELECT crr(100, 10, 11)'), '%still customers at the end%', 'crr: the hint');
SELECT alike(pg_temp.hint_of('SELECT churn_rate(100, 101)'), '%still customers at the end%',
             'churn_rate: the hint');

-- Over histories --------------------------------------------------------------

CREATE TEMP TABLE histories AS
SELECT customer_id, history_agg(date, amount::numeric) AS h FROM cdnow GROUP BY 1;

-- The definitions in plain SQL, for random customers and for CDNOW.
SELECT setseed(0.5);
CREATE TEMP TABLE orders AS
SELECT c AS customer_id, date '2023-01-01' + (random() * 700)::int AS bought
FROM generate_series(1, 300) c, generate_series(1, 1 + (c % 7));
CREATE TEMP TABLE customers AS
SELECT customer_id, history_agg(bought) AS h FROM orders GROUP BY 1;

CREATE FUNCTION pg_temp.rates(source regclass, day name, b date, e date, w int)
RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE answer float8[];
BEGIN
	EXECUTE format('
		SELECT ARRAY[100.0::float8 * (sum(at_end) - sum(is_new)) / nullif(sum(at_start), 0),
		             100.0::float8 * sum(lost) / nullif(sum(at_start), 0)]
		FROM (SELECT at_start, at_end, at_end * (first >= $1)::int AS is_new,
		             at_start * (1 - at_end) AS lost
			FROM (SELECT customer_id, min(%1$I) AS first,
			             bool_or(%1$I >= $1 - $3 AND %1$I < $1)::int AS at_start,
			             bool_or(%1$I >= $2 - $3 AND %1$I < $2)::int AS at_end
				FROM %2$s GROUP BY 1) c) s', day, source)
	INTO answer USING b, e, w;
	RETURN answer;
END $$;

SELECT is(ARRAY[crr(h, daterange(b, e), w), churn_rate(h, daterange(b, e), w)],
          pg_temp.rates('orders', 'bought', b, e, w), format('random customers, [%s, %s), %s days', b, e, w))
FROM customers,
     (VALUES (date '2023-06-01', date '2023-07-01'), ('2023-01-01', '2024-01-01'), ('2024-01-01', '2024-01-02'),
             ('2020-01-01', '2020-02-01'), ('2022-12-01', '2025-01-01')) p(b, e),
     unnest(ARRAY[1, 30, 365, 100000]) w
GROUP BY b, e, w ORDER BY b, e, w;

\if :have_cdnow
SELECT is(ARRAY[crr(h, daterange(b, (b + interval '1 month')::date), 90),
                churn_rate(h, daterange(b, (b + interval '1 month')::date), 90)],
          pg_temp.rates('cdnow', 'date', b, (b + interval '1 month')::date, 90), format('CDNOW, month of %s, 90 days', b))
FROM histories, (SELECT m::date AS b FROM generate_series(date '1997-02-01', '1998-06-01', interval '1 month') m) months
GROUP BY b ORDER BY b;
\else
SELECT skip('CDNOW: no data folder', 17);
\endif

-- Small cases, told by hand. Window of 30 days, period March 2024.
CREATE FUNCTION pg_temp.march(VARIADIC histories text[]) RETURNS float8[] LANGUAGE sql AS $$
	SELECT ARRAY[crr(t::purchase_history, daterange('2024-03-01', '2024-04-01'), 30),
	             churn_rate(t::purchase_history, daterange('2024-03-01', '2024-04-01'), 30)]
	FROM unnest(histories) t $$;
SELECT is(pg_temp.march('2024-02-10, 2024-03-10'), ARRAY[100, 0]::float8[], 'one retained');
SELECT is(pg_temp.march('2024-02-10'), ARRAY[0, 100]::float8[], 'one lost');
SELECT is(pg_temp.march('2024-01-30'), ARRAY[NULL, NULL]::float8[], 'January 31 opens the window: the 30th is out');
SELECT is(pg_temp.march('2024-01-31'), ARRAY[0, 100]::float8[], 'and the 31st is in');
SELECT is(pg_temp.march('2024-02-10, 2024-03-01'), ARRAY[0, 100]::float8[], 'March 1 is out of the window at the end');
SELECT is(pg_temp.march('2024-02-10, 2024-03-02'), ARRAY[100, 0]::float8[], 'and March 2 is in');
SELECT is(pg_temp.march('2024-02-10', '2024-03-10'), ARRAY[0, 100]::float8[], 'a new customer replaces nobody');
SELECT is(pg_temp.march('2024-02-10', '2023-01-01, 2024-03-10'), ARRAY[100, 100]::float8[],
          'a reactivated one does: churn 100 and crr 100');
SELECT is(pg_temp.march('2024-02-10, 2024-03-10', '2023-01-01, 2024-03-10'), ARRAY[200, 0]::float8[],
          'crr of 200 percent');
SELECT is(pg_temp.march('2024-02-10, 2024-03-10, 2024-04-01'), ARRAY[100, 0]::float8[], 'the end is not in the period');
SELECT is(pg_temp.march('2024-02-10*0:-5, 2024-03-10:5'), ARRAY[NULL, NULL]::float8[],
          'a refund makes nobody a customer: new in March');
SELECT is(pg_temp.march(''), ARRAY[NULL, NULL]::float8[], 'an empty history counts nowhere');
SELECT is((SELECT crr(h, daterange('2023-09-01', '2023-10-01'), 2147483647) FROM customers),
          (SELECT crr(h, daterange('2023-09-01', '2023-10-01'), 100000) FROM customers), 'the longest window there is');
SELECT is(pg_temp.march('4713-01-01 BC, 2024-02-10, 5874897-12-31'), ARRAY[0, 100]::float8[], 'dates at the ends of time');

-- Over spans ----------------------------------------------------------------------

CREATE FUNCTION pg_temp.march_spans(VARIADIC spans text[]) RETURNS float8[] LANGUAGE sql AS $$
	SELECT ARRAY[crr(t::datemultirange, daterange('2024-03-01', '2024-04-01')),
	             churn_rate(t::datemultirange, daterange('2024-03-01', '2024-04-01'))]
	FROM unnest(spans) t $$;
SELECT is(pg_temp.march_spans('{[2024-01-01,2024-04-01)}'), ARRAY[100, 0]::float8[], 'spans: to the last day');
SELECT is(pg_temp.march_spans('{[2024-01-01,2024-03-31)}'), ARRAY[0, 100]::float8[], 'spans: a day short');
SELECT is(pg_temp.march_spans('{[2024-03-01,)}', '{(,2024-03-01)}'), ARRAY[0, 100]::float8[], 'spans: new is not at the start');
SELECT is(pg_temp.march_spans('{(,)}', '{[2023-01-01,2023-02-01),[2024-03-31,2024-04-02)}'), ARRAY[200, 0]::float8[],
          'spans: no ends, and one who came back');
SELECT is(pg_temp.march_spans('{[2024-02-01,2024-03-02),[2024-03-20,infinity)}'), ARRAY[100, 0]::float8[],
          'spans: what happens in between is not seen');
SELECT is(pg_temp.march_spans('{}', '{[2024-04-01,2024-05-01)}'), ARRAY[NULL, NULL]::float8[], 'spans: empty and later');
SELECT is((SELECT ARRAY[crr(active_spans(h, 30), daterange('2023-09-01', '2023-10-01')),
                        churn_rate(active_spans(h, 30), daterange('2023-09-01', '2023-10-01'))] FROM customers),
          (SELECT ARRAY[crr(h, daterange('2023-09-01', '2023-10-01'), 30),
                        churn_rate(h, daterange('2023-09-01', '2023-10-01'), 30)] FROM customers),
          'spans of activity count as the histories they come from');

-- Over booleans ----------------------------------------------------------------------

CREATE TEMP TABLE flags AS
SELECT * FROM (VALUES (true, true), (true, true), (true, false), (false, true), (false, false),
                      (true, NULL), (NULL, true)) v(was, is_now);
SELECT is((SELECT crr(was, is_now) FROM flags), 100.0::float8 * 2 / 3, 'booleans: two of three stayed');
SELECT is((SELECT churn_rate(was, is_now) FROM flags), 100.0::float8 / 3, 'booleans: one of three left');
SELECT is((SELECT ARRAY[crr(false, is_now), churn_rate(false, is_now)] FROM flags), ARRAY[NULL, NULL]::float8[],
          'booleans: nobody at the start');

-- As aggregates ----------------------------------------------------------------------

CREATE TEMP TABLE forms (form text, call text);
INSERT INTO forms VALUES
	('histories', '(h, daterange(''2023-09-01'', ''2023-10-01''), 60)'),
	('spans', '(active_spans(h, 60), daterange(''2023-09-01'', ''2023-10-01''))'),
	('booleans', '(first_purchase(h) < ''2023-09-01'', last_purchase(h) >= ''2023-09-01'')');
INSERT INTO customers SELECT -n, NULL FROM generate_series(1, 5) n;

CREATE FUNCTION pg_temp.number(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE answer float8;
BEGIN
	EXECUTE query INTO answer;
	RETURN answer;
END $$;

SELECT is(pg_temp.number(format('SELECT %s%s FROM customers WHERE false', name, call)), NULL, format('%s over %s: no row', name, form))
FROM forms, unnest(ARRAY['crr', 'churn_rate']) name;
SELECT is(pg_temp.number(format('SELECT %s%s FROM customers WHERE h IS NULL', name, call)), NULL, format('%s over %s: NULLs only', name, form))
FROM forms, unnest(ARRAY['crr', 'churn_rate']) name;
SELECT ok(pg_temp.number(format('SELECT %s%s FROM customers WHERE customer_id = 6', name, call)) IN (0, 100)
          OR pg_temp.number(format('SELECT %s%s FROM customers WHERE customer_id = 6', name, call)) IS NULL, format('%s over %s: one row', name, form))
FROM forms, unnest(ARRAY['crr', 'churn_rate']) name;
SELECT is(pg_temp.number(format('SELECT %s%s FILTER (WHERE customer_id %% 2 = 0) FROM customers', name, call)),
          pg_temp.number(format('SELECT %s%s FROM customers WHERE customer_id %% 2 = 0', name, call)), format('%s over %s: FILTER', name, form))
FROM forms, unnest(ARRAY['crr', 'churn_rate']) name;
SELECT is(pg_temp.number(format('SELECT %s(DISTINCT %s FROM (SELECT * FROM customers UNION ALL SELECT * FROM customers) twice', name, substr(call, 2))),
          pg_temp.number(format('SELECT %s%s FROM (SELECT DISTINCT h FROM customers) once', name, call)), format('%s over %s: DISTINCT', name, form))
FROM forms, unnest(ARRAY['crr', 'churn_rate']) name WHERE form <> 'booleans';
SELECT is((SELECT crr(DISTINCT was, is_now) FROM flags), 50::float8, 'crr over booleans: DISTINCT');
SELECT is(pg_temp.number(format('SELECT sum(r::numeric) FROM (SELECT %s%s OVER (ORDER BY customer_id ROWS BETWEEN 20 PRECEDING AND CURRENT ROW) AS r FROM customers) w', name, call)),
          pg_temp.number(format('SELECT sum((SELECT %s%s FROM (SELECT * FROM customers b WHERE b.customer_id <= a.customer_id ORDER BY customer_id DESC LIMIT 21) w)::numeric) FROM customers a', name, call)),
          format('%s over %s: moving window', name, form))
FROM forms, unnest(ARRAY['crr', 'churn_rate']) name;

CREATE TEMP TABLE serial AS
SELECT form, name, pg_temp.number(format('SELECT %s%s FROM customers', name, call)) AS answer
FROM forms, unnest(ARRAY['crr', 'churn_rate']) name;
SELECT ok(answer > 0 AND answer < 100, format('%s over %s has something to say', name, form)) FROM serial;
-- Temporary tables keep queries out of parallel workers.
CREATE TABLE shared_customers AS SELECT customer_id, h FROM customers;
\ir include/parallel.sql
\ir include/queries.sql
SELECT ok(pg_temp.is_partial(format('SELECT %s%s FROM shared_customers', name, call)), format('%s over %s can be partial', name, form))
FROM forms JOIN serial USING (form);
SELECT is(pg_temp.number(format('SELECT %s%s FROM shared_customers', name, call)), answer, format('%s over %s: parallel workers', name, form))
FROM forms JOIN serial USING (form);

-- Partial states that met different arguments.
CREATE TABLE parted (days int, ends date, h purchase_history) PARTITION BY LIST (days);
CREATE TABLE parted_30 PARTITION OF parted FOR VALUES IN (30);
CREATE TABLE parted_60 PARTITION OF parted FOR VALUES IN (60);
INSERT INTO parted SELECT d, date '2023-10-01' + d, h FROM customers, unnest(ARRAY[30, 60]) d;
SET enable_partitionwise_aggregate = on;
SELECT ok(pg_temp.is_partial('SELECT crr(h, daterange(''2023-09-01'', ''2023-10-01''), days) FROM parted'), 'one partial state a partition');
SELECT throws_ok('SELECT crr(h, daterange(''2023-09-01'', ''2023-10-01''), days) FROM parted',
                 '22023', 'argument "active_days" must not change within a group', 'combined with different active_days');
SELECT throws_ok('SELECT crr(h, daterange(''2023-09-01'', ends), 30) FROM parted',
                 '22023', 'argument "period" must not change within a group', 'combined with different periods');
SELECT throws_ok('SELECT churn_rate(active_spans(h, 30), daterange(''2023-09-01'', ends)) FROM parted',
                 '22023', 'argument "period" must not change within a group', 'spans: combined with different periods');
RESET ALL;
SET LOCAL jit = off;

-- Bad input ----------------------------------------------------------------------------

SELECT throws_ok('SELECT crr(h, daterange(''2023-09-01'', ''2023-10-01'') , customer_id) FROM customers', '22023',
                 'argument "active_days" must not change within a group', 'changing active_days');
SELECT throws_ok('SELECT crr(h, daterange(''2023-09-01'', ''2023-10-01''::date + customer_id) , 5) FROM customers', '22023',
                 'argument "period" must not change within a group', 'changing period');
SELECT throws_ok('SELECT crr(h, daterange(''2023-09-01'', ''2023-10-01''), NULL) FROM customers', '22004',
                 'argument "active_days" must not be null', 'active_days NULL');
SELECT alike(pg_temp.hint_of('SELECT crr(h, daterange(''2023-09-01'', ''2023-10-01''), NULL) FROM customers'), '%retention_agg%',
             'active_days NULL: the hint');
SELECT throws_ok('SELECT churn_rate(h, daterange(''2023-09-01'', ''2023-10-01''), 0) FROM customers', '22023',
                 'active_days must be at least 1, not 0', 'active_days 0');
SELECT throws_ok('SELECT churn_rate(h, NULL, 1) FROM customers', '22004', 'argument "period" must not be null', 'period NULL');
SELECT throws_ok('SELECT crr(h, ''empty'', 1) FROM customers', '22023', 'period must not be empty', 'period empty');
SELECT throws_ok('SELECT crr(h, ''[2024-01-01,)'', 1) FROM customers', '22023',
                 'period must be bounded, not "[2024-01-01,)"', 'period open at its end');
SELECT throws_ok('SELECT crr(h, ''(,2024-01-01)'', 1) FROM customers', '22023',
                 'period must be bounded, not "(,2024-01-01)"', 'period open at its start');
SELECT throws_ok('SELECT crr(h, ''[2024-01-01,infinity)'', 1) FROM customers', '22023',
                 'period must be bounded, not "[2024-01-01,infinity)"', 'period up to infinity');
SELECT throws_ok('SELECT crr(''{}''::datemultirange, ''[-infinity,2024-01-01)'')', '22023',
                 'period must be bounded, not "[-infinity,2024-01-01)"', 'spans: period from -infinity');

-- Sums beyond 64 bits, and purchases after the last boundary of somebody who also had a refund.
SELECT is((SELECT (retention_agg(h, '{2024-01-01,2024-02-01}', NULL))[1].revenue FROM (VALUES ('2024-01-05:900000000000000.0001'::purchase_history), ('2024-01-06:900000000000000.0002'), ('2024-01-06:900000000000000')) v(h)),
	2700000000000000.0003, 'more money than 64 bits hold');
SELECT is((SELECT (retention_agg(h, '{2024-01-01,2024-02-01}', NULL))[1].revenue FROM (VALUES ('2024-01-05:1,2024-01-06*0:-900000000000000.0001'::purchase_history), ('2024-01-06:1,2024-01-07*0:-900000000000000')) v(h)),
	-1799999999999998.0001, 'and lost');
SELECT is(array_agg(complete ORDER BY w), '{true,true}', 'a later purchase completes a period, refunds or not')
FROM unnest(ARRAY[NULL, 30]) w, unnest((SELECT retention_agg(h, '{2024-01-01,2024-02-01}', w) FROM (VALUES ('2024-01-05:10,2024-01-20*0:-5,2024-03-01:7,2024-03-05*0:-1'::purchase_history)) v(h))) p;

SELECT * FROM finish();
ROLLBACK;
