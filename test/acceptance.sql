-- The sentences of the specification, each beside plain SQL written without the extension
-- or a value worked out by hand. Written from the specification, not from the code.

BEGIN;
SET client_min_messages = warning;
SELECT no_plan();

-- A population of 250 customers whose every row follows from its number: refunds, zeros,
-- unknown values, several purchases a day, customers who only return.
CREATE TEMP TABLE orders AS
SELECT (n * 7919) % 250 AS id,
	DATE '2023-01-01' + ((n::bigint * n * 31 + n * 17) % 701)::int AS day,
	CASE WHEN n % 9 = 4 THEN -round((n * 37 % 5003) / 100.0, 2)
		WHEN n % 31 = 7 THEN 0
		WHEN n % 37 = 5 THEN NULL
		ELSE round((n * 53 % 90001) / 1000.0, 3) END AS amount
FROM generate_series(1, 2600) n;
INSERT INTO orders VALUES (900, '2023-05-05', -10), (901, '2023-05-05', NULL);
CREATE INDEX ON orders (id, day);
CREATE TEMP TABLE customers AS SELECT id, history_agg(day, amount) AS h FROM orders GROUP BY id;
CREATE TEMP TABLE asked AS SELECT d::date AS on_date FROM generate_series('2022-12-20', '2025-01-10', interval '53 days') d;
ANALYZE orders;

-- "Refund: a row with a negative amount: it is money, never a purchase." Listed days as of
-- each date asked, the purchase day each belongs to, and what follows from them.
CREATE TEMP TABLE listed AS
SELECT on_date, id, day, count(*) FILTER (WHERE coalesce(amount, 0) >= 0) AS purchases,
	sum(coalesce(amount, 0)) AS money
FROM asked JOIN orders ON day <= on_date GROUP BY 1, 2, 3;
CREATE TEMP TABLE owned AS
SELECT on_date, id, k, min(day) AS day, sum(money) AS money, sum(purchases) AS purchases
FROM (SELECT *, count(*) FILTER (WHERE purchases > 0) OVER (PARTITION BY on_date, id ORDER BY day) AS k FROM listed) l
GROUP BY 1, 2, 3;
CREATE TEMP TABLE expected AS
SELECT on_date, id, count(*) - 1 AS frequency, max(day) - min(day) AS recency, on_date - min(day) AS age,
	sum(money) FILTER (WHERE k > 1) / nullif(count(*) - 1, 0) AS monetary,
	min(day) AS first, max(day) AS last, max(gap_from) AS previous,
	percentile_cont(0.5) WITHIN GROUP (ORDER BY day - gap_from) AS gap
FROM (SELECT *, lag(day) OVER (PARTITION BY on_date, id ORDER BY day) AS gap_from FROM owned WHERE k > 0) p
GROUP BY 1, 2;

SELECT ok(count(*) > 2000, 'there is something to compare') FROM expected;
SELECT is(count(*), 0::bigint, 'frequency, recency and age as of any past date, in days, never rounded')
FROM expected e JOIN customers USING (id)
WHERE (frequency(h, on_date), recency(h, on_date, 1), customer_age(h, on_date, 1), recency(h, on_date))
	IS DISTINCT FROM (e.frequency, e.recency::float8, e.age::float8, e.recency::float8 / 7);
SELECT is(count(*), 0::bigint, 'monetary: net money of all days after the first, refunds with the purchase day before them')
FROM expected e JOIN customers USING (id)
WHERE monetary(h, on_date) IS NULL <> (e.monetary IS NULL) OR abs(monetary(h, on_date) - e.monetary) > 1e-9;
SELECT is(count(*), 0::bigint, 'frequency and the rest are NULL when nothing was bought by then')
FROM asked, customers
WHERE NOT EXISTS (SELECT FROM expected e WHERE e.id = customers.id AND e.on_date = asked.on_date)
	AND num_nonnulls(frequency(h, on_date), recency(h, on_date), customer_age(h, on_date), monetary(h, on_date)) > 0;
SELECT is(count(*), 0::bigint, 'as_of then an accessor is the accessor as of that date')
FROM expected e JOIN customers USING (id), LATERAL (SELECT as_of(h, on_date) AS past) p
WHERE (first_purchase(past), last_purchase(past), previous_purchase(past), typical_gap(past), purchase_days(past))
	IS DISTINCT FROM (e.first, e.last, e.previous, e.gap, e.frequency::int + 1);
SELECT is(count(*), 0::bigint, 'spend and purchases count every row')
FROM customers JOIN (SELECT id, sum(coalesce(amount, 0)) AS spend, count(*) FILTER (WHERE coalesce(amount, 0) >= 0) AS n
	FROM orders GROUP BY id) o USING (id)
WHERE (spend(h), purchases(h)) IS DISTINCT FROM (o.spend, o.n::int);
SELECT is(count(*), 0::bigint, 'slice keeps the days of the range')
FROM customers WHERE slice(h, '[2023-04-01,2024-02-29]') <> coalesce((SELECT history_agg(day, amount) FROM orders o
	WHERE o.id = customers.id AND day BETWEEN '2023-04-01' AND '2024-02-29'), '');
SELECT is(count(*), 0::bigint, 'active as of d: a purchase day in (d - w, d]')
FROM customers, asked, unnest(ARRAY[1, 30, 90]) w
WHERE active_spans(h, w) @> on_date <> EXISTS (SELECT FROM orders o WHERE o.id = customers.id
	AND coalesce(amount, 0) >= 0 AND day > on_date - w AND day <= on_date);
SELECT is(count(*), 0::bigint, 'text form is exact, unnest and history_agg agree')
FROM customers WHERE h::text::purchase_history <> h
	OR (SELECT sum(amount) FROM unnest(h)) <> spend(h) OR (SELECT sum(purchases) FROM unnest(h)) <> purchases(h);
SELECT is(count(*), 0::bigint, '|| and history_agg(purchase_history) merge partial histories in any order')
FROM customers WHERE as_of(h, '2023-09-01') || slice(h, '[2023-09-02,)') <> h
	OR slice(h, '[2023-09-02,)') || as_of(h, '2023-09-01') <> h;
SELECT is(NULL::purchase_history || NULL, '', '|| treats NULL as empty');
SELECT is(spend(history_agg(d, a)), 922337203685477.5807, 'sums are exact in any order')
FROM (VALUES (DATE '2024-01-01', 922337203685477.5807), ('2024-01-01', 0.0001), ('2024-01-01', -0.0001)) v(d, a);
SELECT throws_ok($$SELECT history_agg(d, a) FROM (VALUES (DATE '2024-01-01', 922337203685477.5807), ('2024-01-01', 0.0001)) v(d, a)$$,
	'22003', NULL, 'and what does not fit is an error');
SELECT is(history_agg(DATE '2024-01-01', a)::text, t, 'each purchase is rounded half away from zero: ' || a)
FROM (VALUES (0.00005, '2024-01-01:0.0001'), (-0.00005, '2024-01-01*0:-0.0001'), (0.00004999, '2024-01-01:0.00'),
	(-0.00001, '2024-01-01*0:0.00'), (0, '2024-01-01:0.00')) v(a, t) GROUP BY a, t ORDER BY a;

-- Dates at the ends of what there is.
SELECT is(active_spans('5874897-12-31', 1), '{[5874897-12-31,)}', 'the last date there is has an open span');
SELECT is(active_spans('5874897-12-30', 1), '{[5874897-12-30,5874897-12-31)}', 'the date before it does not');
SELECT is(h::text::purchase_history, h, 'the first and last date, and the years around the one that is not') FROM unnest('{"4713-01-01 BC, 0001-12-31 BC, 0001-01-01, 5874897-12-31"}'::purchase_history[]) h;
SELECT throws_ok(format('SELECT %L::purchase_history', t), '22P02', NULL, 'no such date: ' || t)
FROM unnest(ARRAY['0000-01-01', '0000-01-01 BC', '2023-02-29', '5874898-01-01', '2024-13-01']) t;
SELECT throws_ok($$SELECT recency('2024-01-01, 2025-01-01', '2025-01-01', 1e-310)$$, '22003', NULL, 'a unit too small is no infinity');
SELECT throws_ok($$SELECT customer_age('2024-01-01', '2025-01-01', 1e-310)$$, '22003', NULL, 'nor in the age');

-- "A purchase at 23:30 UTC lands on the right day in any zone and across both clock changes."
SELECT is(count(*), 0::bigint, 'the day is that of AT TIME ZONE')
FROM generate_series(TIMESTAMPTZ '2023-12-30 23:30+00', '2024-12-31 23:30+00', interval '7 hours 30 minutes') t,
	unnest(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'Pacific/Apia', 'Australia/Lord_Howe']) z
WHERE first_purchase((SELECT history_agg(x, z) FROM (VALUES (t)) v(x))) <> (t AT TIME ZONE z)::date;

-- Retention: window method and calendar method against their definitions.
CREATE TEMP TABLE grid AS
SELECT i, b[i] AS b0, b[i + 1] AS b1, b[i - 1] AS before
FROM (SELECT periods('2023-02-28', '2024-11-30', '1 month') AS b) p, generate_subscripts(b, 1) i WHERE i < cardinality(b);
SELECT is(b0, ('2023-02-28'::date + (i - 1) * interval '1 month')::date, 'periods: first + i x step, ' || i) FROM grid WHERE i IN (1, 2, 12, 13);
CREATE TEMP TABLE seen AS SELECT id, day, coalesce(amount, 0) AS money, coalesce(amount, 0) >= 0 AS bought FROM orders WHERE day <= '2024-06-15';
CREATE TEMP TABLE standing AS
SELECT w, i, id, min(day) FILTER (WHERE bought) AS first,
	coalesce(bool_or(bought AND CASE WHEN w = 0 THEN day >= before AND day < b0 ELSE day >= b0 - w AND day < b0 END), false) AS s,
	bool_or(bought AND day < b1 AND day >= CASE WHEN w = 0 THEN b0 ELSE b1 - w END) AS e,
	count(*) FILTER (WHERE bought AND day >= b0 AND day < b1) AS n,
	coalesce(sum(money) FILTER (WHERE day >= b0 AND day < b1), 0) AS money
FROM grid, seen, unnest(ARRAY[0, 1, 30, 31, 90]) w GROUP BY 1, 2, 3;
CREATE TEMP TABLE wanted AS
SELECT w, i, b0, b1, count(*) FILTER (WHERE s) AS s, count(*) FILTER (WHERE e) AS e,
	count(*) FILTER (WHERE e AND first >= b0 AND first < b1) AS new, count(*) FILTER (WHERE first >= b0 AND first < b1) AS acquired,
	count(*) FILTER (WHERE s AND e) AS retained, count(*) FILTER (WHERE e AND NOT s AND first < b0) AS reactivated,
	count(*) FILTER (WHERE s AND NOT e) AS churned, count(*) FILTER (WHERE first < b0 AND NOT s) AS lapsed,
	sum(n) AS purchases, sum(money) AS revenue,
	coalesce(sum(money) FILTER (WHERE first >= b0 AND first < b1), 0) AS revenue_new,
	coalesce(sum(money) FILTER (WHERE s AND e), 0) AS revenue_retained, b1 <= '2024-06-16' AS complete
FROM standing JOIN grid USING (i) GROUP BY 1, 2, 3, 4;
CREATE TEMP TABLE got AS
SELECT w, p.* FROM unnest(ARRAY[0, 1, 30, 31, 90]) w,
	LATERAL unnest((SELECT retention_agg(h, (SELECT array_agg(b0 ORDER BY b0) || max(b1) FROM grid), nullif(w, 0), '2024-06-15') FROM customers)) p;
SELECT is(count(*), 0::bigint, 'retention_agg counts as defined, both methods')
FROM wanted JOIN got g ON g.w = wanted.w AND g.period_start = b0
WHERE (e, new, wanted.acquired, wanted.purchases, wanted.revenue, wanted.revenue_new, wanted.complete, b1)
	IS DISTINCT FROM (g.customers_at_end, g.new_customers, g.acquired, g.purchases, g.revenue, g.revenue_new, g.complete, g.period_end)
	OR (wanted.w > 0 OR i > 1) AND (s, wanted.retained, wanted.reactivated, wanted.churned, lapsed, wanted.revenue_retained)
		IS DISTINCT FROM (g.customers_at_start, g.retained, g.reactivated, g.churned, g.lapsed_at_start, g.revenue_retained);
SELECT is(count(*), 0::bigint, 'the rates follow from the counts; NULL where the divisor is 0 or unknown')
FROM got WHERE (crr, retention_rate, churn_rate, reactivation_rate) IS DISTINCT FROM
	(100.0::float8 * (customers_at_end - new_customers) / nullif(customers_at_start, 0), 100.0::float8 * retained / nullif(customers_at_start, 0),
	 100.0::float8 * churned / nullif(customers_at_start, 0), 100.0::float8 * reactivated / nullif(lapsed_at_start, 0));
SELECT is(count(*), 0::bigint, 'the three revenues add up to revenue')
FROM got WHERE revenue_new + revenue_retained + revenue_reactivated IS DISTINCT FROM revenue;
SELECT is(num_nonnulls(customers_at_start, retained, reactivated, churned, lapsed_at_start, crr, retention_rate, churn_rate, reactivation_rate, net_revenue_retention),
	0, 'the first calendar period does not know its start') FROM got WHERE w = 0 AND period_start = '2023-02-28';
SELECT is((SELECT crr(h, daterange(b0, b1), 31) FROM customers), 100.0::float8 * (e - new) / nullif(s, 0), 'crr of one period: ' || b0)
FROM (SELECT b0, b1, count(*) FILTER (WHERE s) AS s, count(*) FILTER (WHERE e) AS e,
		count(*) FILTER (WHERE e AND first >= b0 AND first < b1) AS new
	FROM standing JOIN grid USING (i) WHERE w = 31 AND i IN (3, 10) GROUP BY 1, 2) x;
SELECT is(crr(w, i), churn_rate(w, i), 'booleans: crr is the retention rate, a NULL on either side is ignored')
FROM (VALUES (true, true), (true, false), (false, true), (NULL, true), (true, NULL)) v(w, i);
SELECT is(crr(100, 210, 5), 205.0::float8, 'reactivated customers raise crr, it can pass 100');
SELECT throws_ok('SELECT crr(100, 90, 91)', '22023', NULL, 'N > E');
SELECT throws_ok('SELECT churn_rate(100, 101)', '22023', NULL, 'lost > S');

-- Cohorts: bounded and unbounded, observed until a day in mid-period.
CREATE TEMP TABLE founded AS
SELECT s.id, i, b0, b1 FROM (SELECT id, min(day) FILTER (WHERE bought) AS first FROM seen GROUP BY id) s JOIN grid ON first >= b0 AND first < b1;
CREATE TEMP TABLE cells AS
SELECT f.b0 AS cohort, g.i - f.i AS period, count(*) AS size, count(*) FILTER (WHERE c.bounded) AS bounded, count(*) FILTER (WHERE c.unbounded) AS unbounded,
	sum(c.money) AS revenue, f.b1 <= '2024-06-16' AND g.b1 <= '2024-06-16' AS complete
FROM founded f JOIN grid g ON g.i >= f.i AND g.b0 <= '2024-06-15',
LATERAL (SELECT coalesce(bool_or(bought AND day >= g.b0 AND day < g.b1), false) AS bounded, coalesce(bool_or(bought AND day >= g.b0), false) AS unbounded,
	coalesce(sum(money) FILTER (WHERE day >= g.b0 AND day < g.b1), 0) AS money FROM seen WHERE seen.id = f.id) c
GROUP BY 1, 2, f.b1, g.b1;
CREATE TEMP TABLE cohorts AS
SELECT mode, c.* FROM unnest(ARRAY['bounded', 'unbounded']) mode,
	LATERAL unnest((SELECT cohort_agg(h, (SELECT array_agg(b0 ORDER BY b0) || max(b1) FROM grid), mode, '2024-06-15') FROM customers)) c;
SELECT is(count(*), 0::bigint, 'cohort_agg: every cell that was observed and no other')
FROM (SELECT mode, cohort, period, size, CASE mode WHEN 'bounded' THEN bounded ELSE unbounded END AS active, revenue,
		sum(revenue) OVER (PARTITION BY mode, cohort ORDER BY period) AS cumulative, complete
	FROM cells, unnest(ARRAY['bounded', 'unbounded']) mode) w
FULL JOIN cohorts g USING (mode, cohort, period)
WHERE (w.size, w.active, w.revenue, w.cumulative, w.complete)
	IS DISTINCT FROM (g.cohort_size, g.active, g.revenue, g.cumulative_revenue, g.complete);
SELECT is(count(*), 0::bigint, 'retention and revenue_per_customer follow')
FROM cohorts WHERE retention <> 100.0::float8 * active / cohort_size OR abs(revenue_per_customer - cumulative_revenue / cohort_size) > 1e-4;

-- RFM: ties together by the definition, ties split by ntile, for every number of bins.
CREATE TEMP TABLE people AS
SELECT id, last_purchase(h) AS last, purchase_days(h)::bigint AS days, spend(h) AS spend, h FROM customers WHERE purchase_days(h) > 0;
CREATE FUNCTION pg_temp.digit(bins int, below bigint, of bigint, best boolean) RETURNS int LANGUAGE sql
	RETURN CASE WHEN best THEN bins ELSE 1 + (bins * below / of)::int END;
CREATE TEMP TABLE scores AS
SELECT bins, id, pg_temp.digit(bins, rank() OVER (r) - 1, count(*) OVER b, last = max(last) OVER b) * 100
	+ pg_temp.digit(bins, rank() OVER (f) - 1, count(*) OVER b, days = max(days) OVER b) * 10
	+ pg_temp.digit(bins, rank() OVER (m) - 1, count(*) OVER b, spend = max(spend) OVER b) AS together,
	ntile(bins) OVER (PARTITION BY bins ORDER BY last, id) * 100 + ntile(bins) OVER (PARTITION BY bins ORDER BY days, id) * 10
	+ ntile(bins) OVER (PARTITION BY bins ORDER BY spend, id) AS split,
	rfm_score(last, days, spend, bins) OVER b AS in_window
FROM people, generate_series(2, 9) bins
WINDOW b AS (PARTITION BY bins), r AS (PARTITION BY bins ORDER BY last), f AS (PARTITION BY bins ORDER BY days), m AS (PARTITION BY bins ORDER BY spend);
CREATE TEMP TABLE cuts AS
SELECT bins, rfm_cuts_agg(last, days, spend, bins) AS together, rfm_cuts_agg(h, '2030-01-01', bins) AS by_history,
	rfm_cuts_agg(last, days, spend, bins, id::bigint) AS split
FROM people, generate_series(2, 9) bins GROUP BY bins;
SELECT is(count(*), 0::bigint, 'rfm_score: 1 + floor(B x strictly below / customers), the highest value B')
FROM scores JOIN cuts USING (bins) JOIN people USING (id)
WHERE (rfm_score(cuts.together, last, days, spend), rfm_score(cuts.together, h, '2030-01-01'), in_window)
	IS DISTINCT FROM (scores.together, scores.together, scores.together);
SELECT is(count(*), 0::bigint, 'not one score differs from three ntile windows ordered by (value, id)')
FROM scores JOIN cuts USING (bins) JOIN people USING (id) WHERE rfm_score(cuts.split, last, days, spend, id::bigint) <> scores.split;
SELECT is(count(*), 0::bigint, 'cuts of histories are cuts of their columns; the text form is exact')
FROM cuts WHERE by_history <> together OR together::text::rfm_cuts <> together OR split::text::rfm_cuts <> split;
SELECT is(rfm_score(rfm_cuts_agg(DATE '2024-01-01', 3, 5.5, bins), '2024-01-01', 3, 5.5), 111 * ((bins + 1) / 2), 'all values equal: (B + 1) / 2 rounded down, ' || bins)
FROM generate_series(2, 9) bins GROUP BY bins ORDER BY bins;
SELECT is(count(*), 125::bigint, 'each of the 125 cells has exactly one segment')
FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m, rfm_default_rules() d
WHERE r BETWEEN r_min AND r_max AND f BETWEEN f_min AND f_max AND m BETWEEN m_min AND m_max AND rfm_segment(r * 100 + f * 10 + m) = segment;
SELECT is(rfm_segment(s), 'Other', 'a digit outside 1-5: ' || s) FROM unnest(ARRAY[0, -555, 556, 655, 105, 1555]) s;

-- Lifecycle stage: the first rule that holds, written once more in SQL.
SELECT is(count(*), 0::bigint, 'lifecycle_stage is the first rule that holds, from histories and from columns')
FROM (SELECT h, on_date, first, last, previous, e.frequency + 1 AS n, gap, on_date - last AS g, last - previous AS last_gap
	FROM asked CROSS JOIN customers LEFT JOIN expected e USING (on_date, id)) c,
LATERAL (SELECT CASE WHEN n IS NULL THEN 'prospect' WHEN g >= 365 THEN 'lost' WHEN g >= 180 THEN 'dormant'
	WHEN g > greatest(2 * CASE WHEN n < 3 THEN 60 ELSE gap END, 30) OR g >= 150 THEN 'at_risk'
	WHEN last_gap >= 180 THEN 'reactivated' WHEN n = 1 THEN 'new' WHEN n >= 4 THEN 'loyal' ELSE 'developing' END AS stage) s
WHERE stage IS DISTINCT FROM lifecycle_stage(h, on_date)::text
	OR stage IS DISTINCT FROM lifecycle_stage(first, last, previous, n, gap, on_date)::text;
SELECT is(lifecycle_stage(NULL, '2024-01-01')::text, 'prospect', 'lifecycle_stage(NULL, ...) is prospect');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '2024-02-01', '2024-01-01', 2, 31, '2024-01-05')$$, '22023', NULL, 'last_purchase after as_of');
SELECT throws_ok('SELECT lifecycle_rules(180, 180)', '22023', NULL, '0 < dormant_after < lost_after');

-- Books equal GROUP BY, by every way and key.
SELECT is(count(*), 0::bigint, 'histories: the same, row for row, as history_agg under GROUP BY')
FROM (SELECT * FROM histories((SELECT book_agg(id, day, amount) FROM orders), NULL::bigint) EXCEPT SELECT id, h FROM customers) d;
SELECT is(count(*), 0::bigint, 'histories_of too, NULL ids one customer')
FROM (SELECT * FROM histories_of('SELECT nullif(id, 3), day, amount FROM orders', NULL::int)
	EXCEPT SELECT nullif(id, 3), h FROM customers) d;
SELECT is(count(*), 252::bigint, 'and none is missing') FROM histories_of('SELECT id::text, day, amount FROM orders', NULL::text);
SELECT throws_ok('SELECT * FROM histories((SELECT book_agg(1, DATE ''2024-01-01'')), NULL::text)', '42804', NULL, 'another key type');

-- Contractual CLV: sum over t = 1..periods of margin x r^t / (1 + d)^t.
SELECT is(round(clv(100, r, d, n)::numeric, 9), round((SELECT sum(100 * r ^ t / (1 + d) ^ t) FROM generate_series(1, n) t), 9), format('clv(100, %s, %s, %s)', r, d, n))
FROM (VALUES (0.8, 0.1, 1), (0.8, 0.1, 40), (1.0, 0.0, 12), (0.95, 0.0, 60), (0.5, -0.2, 10)) v(r, d, n);
SELECT is(round(clv(100, 0.8, 0.1)::numeric, 10), round(800 / 3.0, 10), 'for ever: margin x r / (1 + d - r)');
SELECT throws_ok('SELECT clv(100, 1, 0)', '22003', NULL, 'a sum that diverges');
SELECT throws_ok('SELECT clv(100, 80, 0.1)', '22023', NULL, 'a percent where a fraction is meant');

-- Configuring arguments may not change within a group.
SELECT throws_ok(q, '22023', NULL, q) FROM unnest(ARRAY[
	'SELECT crr(h, daterange(''2024-01-01'', ''2024-02-01''), id) FROM customers WHERE id > 0',
	'SELECT retention_agg(h, ARRAY[''2023-01-01''::date, DATE ''2024-01-01'' + id], 30) FROM customers',
	'SELECT rfm_cuts_agg(h, ''2024-01-01'', 2 + id % 2) FROM customers',
	'SELECT rfm_cuts_agg(h, DATE ''2024-01-01'' + id) FROM customers']) q;

-- Nothing usable: NULL.
SELECT is(num_nonnulls(history_agg(day), history_agg(day, amount), history_agg(h), book_agg(id, day), crr(h, '[2024-01-01,2024-02-01)', 30),
	churn_rate(h, '[2024-01-01,2024-02-01)', 30), retention_agg(h, '{2024-01-01,2024-02-01}', 30), rfm_cuts_agg(h, '2024-01-01')), 0, 'no usable row: NULL, ' || n)
FROM generate_series(0, 2) n LEFT JOIN (VALUES (NULL::date, NULL::numeric, NULL::purchase_history, NULL::int)) v(day, amount, h, id) ON n > 0
GROUP BY n;

-- "A NULL where none is meant gives NULL": no rows of a set.
SELECT is(count(*), 0::bigint, 'histories_of without a time zone gives no rows')
FROM histories_of('SELECT 1, current_date', NULL::int, NULL);

-- "observed_until: NULL: for spans the latest start; given: what came later is ignored."
SELECT is(mrr_agg(h, '{2024-01-01,2024-06-01,2024-07-01,2024-09-01}', '2024-05-01'), mrr_agg(h, '{2024-01-01,2024-06-01,2024-07-01,2024-09-01}'),
	'the latest start, given, is what NULL stands for')
FROM (SELECT n, subscription_agg(v, m) AS h FROM (VALUES (1, daterange('2024-05-01', '2024-06-10'), 5),
	(2, '[2024-02-01,2024-08-01)', 7), (2, '[2024-05-01,)', 3)) x(n, v, m) GROUP BY n) s
GROUP BY h;
SELECT is((mrr_agg(h, '{2024-06-01,2024-08-01,2024-10-01}', '2024-06-15'))[1:2]::text,
	(mrr_agg('2024-01-01:5.00', '{2024-06-01,2024-08-01,2024-10-01}', '2024-06-15'))[1:2]::text,
	'a span that begins after observed_until is ignored, its end too')
FROM (SELECT subscription_agg(v, m) AS h FROM (VALUES (daterange('2024-01-01', NULL), 5), ('[2024-07-01,2024-09-01)', 3)) x(v, m)) s;

-- Infinite dates where a day is meant.
SELECT throws_ok(call, '22008') FROM (VALUES ('SELECT subscription_agg(''[infinity,infinity]'', 1)'),
	('SELECT retention_agg(''{[infinity,infinity]}''::datemultirange, ''{2024-01-01,2024-02-01}'')'),
	('SELECT slice(''2024-01-01'', ''[-infinity,-infinity]'')')) v(call);

-- The same bits from forced parallel workers.
CREATE TABLE acceptance_orders AS SELECT * FROM orders;
CREATE TABLE acceptance_customers AS SELECT * FROM customers;
CREATE FUNCTION pg_temp.answers() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws('|', (SELECT md5(book_agg(id, day, amount)::text) FROM acceptance_orders), (SELECT history_agg(day, amount) FROM acceptance_orders),
		(SELECT retention_agg(h, '{2023-01-01,2023-06-01,2024-01-01,2024-06-01}', NULL) FROM acceptance_customers),
		(SELECT retention_agg(h, '{2023-01-01,2023-06-01,2024-01-01,2024-06-01}', 60) FROM acceptance_customers),
		(SELECT rfm_cuts_agg(h, '2024-06-30') FROM acceptance_customers),
		(SELECT crr(h, '[2024-01-01,2024-02-01)', 90) FROM acceptance_customers))
$$;
CREATE TEMP TABLE serial AS SELECT pg_temp.answers() AS answers;
\ir include/parallel.sql
SELECT is(pg_temp.answers(), answers, 'forced parallel equals serial') FROM serial;
RESET ALL;
SET client_min_messages = warning;

SELECT * FROM finish();
ROLLBACK;
