-- Simulated purchases: determinism, the stated distributions, bounds, errors.
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.state_of(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN query_canceled OR OTHERS THEN
	RETURN SQLSTATE;
END $$;

-- A figure for all rows that no setting of the session has a part in.
CREATE FUNCTION pg_temp.digest(customers int, seed bigint, first date DEFAULT '2023-01-01', last date DEFAULT '2025-12-31')
RETURNS text LANGUAGE sql AS $$
	SELECT md5(string_agg(concat_ws(',', order_id, customer_id, extract(epoch FROM purchased_at)::bigint,
									amount, product_id, channel), ';' ORDER BY order_id))
	FROM crm_sample_purchases(customers, seed, first, last)
$$;

-- The same rows everywhere ---------------------------------------------------
SELECT is(pg_temp.digest(5000, 1), 'e83b2a5ba39c563ce2405a19d6f369ad', 'the default sample, row for row, on every machine');
SET LOCAL TimeZone = 'Pacific/Kiritimati';
SELECT is(pg_temp.digest(5000, 1), 'e83b2a5ba39c563ce2405a19d6f369ad', 'in every time zone');
SET LOCAL extra_float_digits = 0;
SET LOCAL DateStyle = 'German';
SELECT is(pg_temp.digest(5000, 1), 'e83b2a5ba39c563ce2405a19d6f369ad', 'with every setting');
RESET extra_float_digits;
RESET DateStyle;
SET LOCAL TimeZone = 'UTC';
SELECT isnt(pg_temp.digest(200, 1), pg_temp.digest(200, 2), 'another seed, other rows');
SELECT isnt(pg_temp.digest(200, 1), pg_temp.digest(200, -1), 'negative seeds are seeds');
SELECT is(count(DISTINCT pg_temp.digest(20, seed)), 100::bigint, 'a hundred seeds, a hundred samples')
FROM generate_series(1, 100) seed;
SELECT ok(pg_temp.digest(20, 9223372036854775807) IS NOT NULL AND pg_temp.digest(20, -9223372036854775808) IS NOT NULL,
		  'the largest seeds');

CREATE TABLE orders AS SELECT * FROM crm_sample_purchases(20000, 42);
CREATE TABLE buyers AS
SELECT customer_id, count(*) - 1 AS x, min(purchased_at) AS since,
	   extract(epoch FROM timestamptz '2026-01-01 00:00+00' - min(purchased_at)) / 604800 AS weeks,
	   (array_agg(amount ORDER BY order_id))[1] AS first_amount, avg(amount) AS mean_amount,
	   mode() WITHIN GROUP (ORDER BY channel) AS channel
FROM orders GROUP BY customer_id;

SELECT results_eq($$ SELECT customer_id, purchased_at, amount, product_id, channel
					 FROM crm_sample_purchases(100, 42) ORDER BY 1, 2, 3 $$,
				  $$ SELECT customer_id, purchased_at, amount, product_id, channel
					 FROM orders WHERE customer_id <= 100 ORDER BY 1, 2, 3 $$,
				  'fewer customers are the first ones of more');
SELECT results_eq($$ SELECT (crm_sample_purchases(300, 3)).* $$, $$ SELECT * FROM crm_sample_purchases(300, 3) $$,
				  'the same rows one per call and at once');

-- Form -------------------------------------------------------------------------
SELECT is(count(*) FILTER (WHERE order_id <> n OR purchased_at < before), 0::bigint, 'order_id counts the orders in time')
FROM (SELECT order_id, purchased_at, row_number() OVER w AS n, lag(purchased_at) OVER w AS before
	  FROM orders WINDOW w AS (ORDER BY order_id)) o;
SELECT is(count(*), 20000::bigint, 'every customer has a purchase') FROM buyers;
SELECT is(array[min(customer_id), max(customer_id)], array[1, 20000]::bigint[], 'customers count from 1') FROM buyers;
SELECT is(count(*) FILTER (WHERE scale(amount) <> 2 OR amount <= 0), 0::bigint, 'two decimals, above 0') FROM orders;
SELECT is(count(*) FILTER (WHERE (purchased_at AT TIME ZONE 'UTC')::time NOT BETWEEN '08:00' AND '20:59:59'
								 OR extract(microseconds FROM purchased_at)::int % 1000000 <> 0), 0::bigint,
		  'whole seconds from 8 to 21 h UTC') FROM orders;
SELECT ok(min(purchased_at) >= '2023-01-01 00:00+00' AND max(purchased_at) < '2026-01-01 00:00+00', 'within the days asked') FROM orders;
SELECT is(count(DISTINCT product_id), 200::bigint, '200 products') FROM orders WHERE product_id BETWEEN 1 AND 200;
SELECT is(array_agg(DISTINCT channel), '{app,marketplace,phone,store,web}', 'five channels') FROM orders;
SELECT is(count(*) FILTER (WHERE (purchased_at AT TIME ZONE 'UTC')::date <> '2024-02-29'), 0::bigint, 'a single day')
FROM crm_sample_purchases(200, 1, '2024-02-29', '2024-02-29');
SELECT is(count(DISTINCT customer_id), 200::bigint, 'a single day has all customers')
FROM crm_sample_purchases(200, 1, '2024-02-29', '2024-02-29');
SELECT ok(count(*) > 50, 'a hundred years, long ago') FROM crm_sample_purchases(50, 1, '1000-01-01 BC', '0901-01-01 BC');
SELECT is(max((purchased_at AT TIME ZONE 'UTC')::date) <= '294276-12-31', true, 'to the end of time')
FROM crm_sample_purchases(50, 1, '294276-01-01', '294276-12-31');

-- Distribution: z scores against the stated process ------------------------------
-- Repeat purchases: E[X(T)] = r beta / (alpha (s - 1)) (1 - (beta / (beta + T))^(s - 1)),
-- Schmittlein, Morrison, Colombo (1987); r .6, alpha 2.4, s .5, beta 12, weeks.
SELECT cmp_ok(abs(sum(x - expected) / (stddev(x - expected) * sqrt(count(*)))), '<', 3.9::float8, 'mean number of repeat purchases')
FROM (SELECT x, .6 * 12 / (2.4 * (.5 - 1)) * (1 - (12 / (12 + weeks::float8)) ^ (.5 - 1)) AS expected FROM buyers) b;
-- One-time buyers: P(X(T) = 0) is the integral over the time u of leaving of
-- s / (beta + u) (beta / (beta + u))^s (alpha / (alpha + u))^r, and who stays to T.
CREATE TABLE one_time AS
SELECT t AS weeks,
	   (SELECT sum(.05 * .5 / (12 + u) * (12 / (12 + u)) ^ .5 * (2.4 / (2.4 + u)) ^ .6)
		FROM (SELECT (i + .5) * .05 AS u FROM generate_series(0, t * 20 - 1) i) steps)
	   + (12 / (12.0 + t)) ^ .5 * (2.4 / (2.4 + t)) ^ .6 AS p
FROM generate_series(1, 157) t;
SELECT cmp_ok(abs(sum((x = 0)::int - p) / sqrt(sum(p * (1 - p)))), '<', 3.9::numeric, 'share of one-time buyers')
FROM buyers JOIN one_time ON one_time.weeks = ceil(buyers.weeks);
SELECT ok(avg((x = 0)::int) BETWEEN .30 AND .36 AND avg(x + 1) BETWEEN 9.3 AND 10.3, 'a third never returns, ten orders a customer') FROM buyers;
SELECT ok(sum(x + 1) FILTER (WHERE place <= .2) / sum(x + 1) BETWEEN .6 AND .9, 'a few buy a lot')
FROM (SELECT x, percent_rank() OVER (ORDER BY x DESC) AS place FROM buyers) b;
-- Amounts: mean p gamma / (q - 1) = 40, second moment p (p + 1) gamma^2 / ((q - 1) (q - 2)) = 2800.
SELECT cmp_ok(abs(avg(first_amount) - 40) / sqrt((2800 - 1600) / count(*)::numeric), '<', 3.9::numeric, 'mean amount') FROM buyers;
-- Given the customer, the coefficient of variation is 1 / sqrt(p).
SELECT cmp_ok(abs(avg(ratio) * 6 - 1), '<', .02::numeric, 'variation of a customer''s amounts')
FROM (SELECT var_samp(amount) / avg(amount) ^ 2 * (1 + 1 / (6.0 * count(*))) AS ratio FROM orders
	  GROUP BY customer_id HAVING count(*) >= 30) c;
SELECT cmp_ok(abs(corr(x, mean_amount) * sqrt(count(*))), '<', 3.9::float8, 'amounts do not depend on frequency') FROM buyers WHERE x > 0;
-- Arrivals double along a line: the first half of the days has 5/12 of them (the season shifts that a little).
SELECT ok(avg((since < '2024-07-02')::int) BETWEEN .37 AND .43, 'more new customers later') FROM buyers;
SELECT ok(count(*) FILTER (WHERE extract(month FROM since) = 12)
		  > 1.2 * count(*) FILTER (WHERE extract(month FROM since) = 9), 'more new customers in December than in September') FROM buyers;
SELECT is(count(*) FILTER (WHERE high < 1.12 * low), 190::bigint, 'a product has a price level, outside the lowest and the highest band')
FROM (SELECT min(amount) AS low, max(amount) AS high FROM orders GROUP BY product_id) p;
SELECT ok(max(n) > 20 * min(n), 'some products sell better') FROM (SELECT count(*) AS n FROM orders GROUP BY product_id) p;
SELECT ok(avg(x) FILTER (WHERE channel = 'app') > 1.5 * avg(x) FILTER (WHERE channel = 'store')
		  AND avg(x) FILTER (WHERE channel = 'marketplace') < avg(x) FILTER (WHERE channel = 'web'), 'channels differ in loyalty') FROM buyers;

-- The planner knows how many --------------------------------------------------
CREATE FUNCTION pg_temp.planned(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan->0->'Plan'->>'Plan Rows';
END $$;
SELECT cmp_ok(abs(pg_temp.planned('SELECT * FROM crm_sample_purchases(20000, 42)') / (SELECT count(*) FROM orders) - 1), '<', .05::float8,
			  'rows expected');
SELECT is(pg_temp.planned('SELECT * FROM crm_sample_purchases(0)'), 1::float8, 'no rows expected of no customers');
SELECT is(pg_temp.planned(format('SELECT * FROM crm_sample_purchases(10, 1, %L, %L)', a, b)), 100000::float8, 'bad days still plan')
FROM (VALUES ('-infinity', 'infinity'), ('2024-01-02', '2024-01-01')) v(a, b);

-- Errors -------------------------------------------------------------------------
SELECT is(pg_temp.state_of(format('SELECT count(*) FROM crm_sample_purchases(%s)', arguments)), state, arguments)
FROM (VALUES ('-1', '22023'), ('10000001', '22023'), ('-2147483648', '22023'), ('10, 1, ''2024-01-02'', ''2024-01-01''', '22023'),
	('10, 1, ''-infinity''', '22008'), ('10, 1, ''2024-01-01'', ''infinity''', '22008'), ('10, 1, ''1900-01-01'', ''2024-01-01''', '22023'),
	('10, 1, ''4713-01-01 BC'', ''5874897-12-31''', '22023'), ('10, 1, ''294277-01-01'', ''294277-12-31''', '22008'),
	('0', 'no error'), ('NULL', 'no error'), ('10, NULL', 'no error'), ('10, 1, NULL', 'no error'), ('10, 1, ''2024-01-01'', NULL', 'no error')
) v(arguments, state);
SELECT is(count(*), 0::bigint, 'no customers, no rows') FROM crm_sample_purchases(0);
SELECT is(count(*), 0::bigint, 'no number, no rows') FROM crm_sample_purchases(NULL);
SET LOCAL statement_timeout = '300ms';
SELECT is(pg_temp.state_of('SELECT count(*) FROM crm_sample_purchases(10000000)'), '57014', 'can be cancelled while it starts');
SET LOCAL statement_timeout = 0;

SELECT is(count(DISTINCT customer_id), 20000::bigint, 'everybody begins on one day') FROM crm_sample_purchases(20000, 1, '2024-01-01', '2024-01-01');

SELECT * FROM finish();
ROLLBACK;
