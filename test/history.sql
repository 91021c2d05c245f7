-- purchase_history: contracts, properties against plain SQL, errors.
\ir include/cdnow.sql
\ir include/binary.sql
SELECT no_plan();

\ir include/errors.sql

-- Random purchases: several a day, refunds, unknown and zero amounts, gaps.
CREATE TABLE orders AS
SELECT (random() * 400)::int AS customer_id,
	   timestamptz '2023-03-20 00:00+00' + random() * interval '400 days' AS at,
	   CASE WHEN random() < .05 THEN NULL
			WHEN random() < .1 THEN -round((random() * 30)::numeric, 2)
			WHEN random() < .05 THEN 0
			ELSE round((random() * 90)::numeric, (random() * 4)::int) END AS amount
FROM (SELECT setseed(0.1)) seed, generate_series(1, 6000);
CREATE TABLE histories AS
SELECT customer_id, history_agg(at, amount, 'Europe/Berlin') AS h
FROM orders GROUP BY customer_id;
ANALYZE orders, histories;

-- Text -----------------------------------------------------------------------
SELECT is(h::text, shown, 'text form of ' || given) FROM (VALUES
	('', ''),
	('  ', ''),
	('2024-01-05', '2024-01-05'),
	('2024-01-05:5', '2024-01-05:5.00'),
	('2024-02-01*2:7,2024-01-05:.5', '2024-01-05:0.50, 2024-02-01*2:7.00'),
	('2024-01-05:1,2024-01-05:2', '2024-01-05*2:3.00'),
	('2024-01-05*0:-3.1234', '2024-01-05*0:-3.1234'),
	('2024-01-05:1.234, 2024-01-06:1', '2024-01-05:1.234, 2024-01-06:1.000'),
	('4713-12-31 BC:1', '4713-12-31 BC:1.00'),
	('294276-12-31:1, 0001-01-01:+2.', '0001-01-01:2.00, 294276-12-31:1.00'),
	('2024-01-05:922337203685477.5807', '2024-01-05:922337203685477.5807'),
	('2024-01-05*0:-922337203685477.5808', '2024-01-05*0:-922337203685477.5808')
) v(given, shown), LATERAL (SELECT given::purchase_history AS h) x;
SELECT is(pg_temp.state_of(format('SELECT %L::purchase_history', given)), state, 'bad text ' || given)
FROM (VALUES ('2024-02-30:1', '22P02'), ('2024-1-5', '22P02'), ('today', '22P02'),
	('2024-01-05:', '22P02'), ('2024-01-05:-', '22P02'), ('2024-01-05:NaN', '22P02'),
	('2024-01-05:1.00001', '22P02'), ('2024-01-05*:1', '22P02'), ('2024-01-05*-1:1', '22P02'),
	('2024-01-05,', '22P02'), ('2024-01-05;2024-01-06', '22P02'), ('infinity', '22P02'),
	('2024-01-05:922337203685477.5808', '22003'), ('999999999-01-01', '22P02'), ('4715-01-01 BC', '22P02'),
	('2024-01-05:922337203685477,2024-01-06:1', '22003'),
	('2024-01-05*999999999,2024-01-06*999999999,2024-01-07*999999999', '22003')) v(given, state);
SELECT is(count(*) FILTER (WHERE h::text::purchase_history IS DISTINCT FROM h), 0::bigint,
	'text round trip is exact') FROM histories;
SET DateStyle = 'SQL, DMY';
SELECT is('2024-01-05*2147483647'::purchase_history::text, '2024-01-05*2147483647', 'as many purchases a day as there can be');
SELECT throws_ok($$SELECT '2024-01-05*2147483647'::purchase_history || '2024-01-05'$$, '22003', 'too many purchases on one day: 2147483648', 'and one more');
SELECT throws_ok($$SELECT '2024-01-05*2147483648'::purchase_history$$, '22P02', NULL, 'and one more');
SELECT throws_ok($$SELECT '2024-01-05*12345678901'::purchase_history$$, '22P02', NULL, 'and more digits');
SELECT is('2024-01-05:1'::purchase_history::text, '2024-01-05:1.00', 'dates are ISO in any DateStyle');
RESET DateStyle;

-- Binary -----------------------------------------------------------------------
SELECT is(pg_temp.receive('purchase_history', purchase_history_send(h)), h::text, 'binary round trip: ' || h::text)
FROM (VALUES (''::purchase_history), ('2024-01-05'), ('2024-01-05:5.5, 2024-03-01*0:-2')) v(h);
SELECT is(pg_temp.receive('purchase_history', bytes), 'error 22P03', 'bad binary: ' || why) FROM (VALUES
	('\x02000000000000'::bytea, 'unknown version'), ('\x0102000000000000', 'flag'),
	('\x01010000000100000001', 'cut short'), ('\x01007fffffff', 'count without days'),
	('\x0100000000017fffffff00000001', 'infinite date'), ('\x010000000001000000017fffffff00', 'trailing byte'),
	('\x01000000000100000001ffffffff', 'negative count'),
	('\x010000000002000000020000000100000002'::bytea || '\x00000001', 'same day twice'),
	('\x010000000002000000020000000100000001'::bytea || '\x00000001', 'days not in order')) v(bytes, why);
SELECT is(sum(times), 10000::numeric, '10,000 mutated binary values: no crash')
	   || E'\n' || ok(bool_and(outcome IN ('ok', 'error 22P03', 'error 22003', 'error 08P01')),
			'each is read or refused: ' || string_agg(outcome || ' ' || times, ', '))
FROM pg_temp.mutate('purchase_history',
	purchase_history_send('2023-12-30:10.50, 2024-01-05*2:7, 2024-02-01*0:-3.25, 2024-06-01:19.99'), 10000);

-- The aggregate against plain SQL ------------------------------------------------
CREATE TEMP TABLE days AS
SELECT customer_id, (at AT TIME ZONE 'Europe/Berlin')::date AS day,
	   count(*) FILTER (WHERE amount IS NULL OR amount >= 0) AS n,
	   coalesce(sum(round(amount, 4)), 0) AS money
FROM orders GROUP BY 1, 2;
SELECT is((SELECT count(*) FROM (
		SELECT customer_id, day, n, money FROM days EXCEPT
		SELECT customer_id, purchased_on, purchases, amount FROM histories, unnest(h)) x), 0::bigint,
	'every day, count and amount is in the history')
	|| E'\n' || is((SELECT count(*) FROM histories, unnest(h)), (SELECT count(*) FROM days), 'and no other');

CREATE TEMP TABLE facts AS
SELECT customer_id, count(*) FILTER (WHERE n > 0) AS purchase_days, sum(n) AS purchases,
	   sum(money) AS spend, min(day) FILTER (WHERE n > 0) AS first, max(day) FILTER (WHERE n > 0) AS last
FROM days GROUP BY 1;
SELECT is(count(*) FILTER (WHERE (purchase_days(h), purchases(h), spend(h), first_purchase(h), last_purchase(h))
	IS DISTINCT FROM (f.purchase_days::int, f.purchases::int, f.spend, f.first, f.last)), 0::bigint,
	'accessors = plain SQL')
FROM histories JOIN facts f USING (customer_id);

-- Gaps between purchase days, and the day before the last.
SELECT is(count(*) FILTER (WHERE typical_gap(h) IS DISTINCT FROM g.median
						   OR previous_purchase(h) IS DISTINCT FROM g.previous), 0::bigint,
	'typical_gap and previous_purchase = plain SQL')
FROM histories LEFT JOIN (
	SELECT customer_id, percentile_cont(.5) WITHIN GROUP (ORDER BY gap) AS median, max(before) AS previous
	FROM (SELECT customer_id, day - lag(day) OVER w AS gap, lag(day) OVER w AS before
		  FROM days WHERE n > 0 WINDOW w AS (PARTITION BY customer_id ORDER BY day)) x
	WHERE gap IS NOT NULL GROUP BY 1) g USING (customer_id);

-- Statistics as of a date: a refund goes with the last purchase day before it.
CREATE TEMP TABLE statistics AS
SELECT customer_id, as_of, count(*) FILTER (WHERE n > 0) - 1 AS x,
	   max(day) FILTER (WHERE n > 0) - min(day) FILTER (WHERE n > 0) AS t_x,
	   as_of - min(day) FILTER (WHERE n > 0) AS age,
	   sum(money) FILTER (WHERE rank > 1) AS repeat_money
FROM (SELECT *, count(*) FILTER (WHERE n > 0) OVER (PARTITION BY customer_id, as_of ORDER BY day) AS rank
	  FROM days, (VALUES (date '2023-07-01'), (date '2023-12-24'), (date '2030-01-01')) d(as_of)
	  WHERE day <= as_of) x
GROUP BY 1, 2;
SELECT is(count(*) FILTER (WHERE frequency(h, as_of) IS DISTINCT FROM nullif(x, -1)
	OR recency(h, as_of, 1) IS DISTINCT FROM t_x::float8
	OR customer_age(h, as_of, 1) IS DISTINCT FROM age::float8
	OR recency(h, as_of) IS DISTINCT FROM t_x / 7.0::float8
	OR customer_age(h, as_of) IS DISTINCT FROM age / 7.0::float8
	OR abs(monetary(h, as_of) - repeat_money / nullif(x, 0)) > 1e-9
	OR (monetary(h, as_of) IS NULL) <> (coalesce(x, 0) <= 0)), 0::bigint,
	'frequency, recency, customer_age, monetary = plain SQL as of three dates')
FROM histories JOIN statistics USING (customer_id);

-- Time and zones -----------------------------------------------------------------
SELECT is(history_agg(at::timestamptz, zone)::text, day, format('%s in %s', at, zone)) FROM (VALUES
	('2024-01-31 23:30+00', 'Europe/Berlin', '2024-02-01'), ('2024-01-31 23:30+00', 'UTC', '2024-01-31'),
	('2024-01-31 23:30+00', 'America/New_York', '2024-01-31'), ('2024-01-31 23:30+00', 'Pacific/Kiritimati', '2024-02-01'),
	('2024-03-31 22:59:59.999999+00', 'Europe/Berlin', '2024-04-01'), ('2024-03-31 21:59:59+00', 'Europe/Berlin', '2024-03-31'),
	('2024-03-30 22:59:59+00', 'Europe/Berlin', '2024-03-30'), ('2024-03-30 23:00+00', 'Europe/Berlin', '2024-03-31'),
	('2024-10-26 22:00+00', 'Europe/Berlin', '2024-10-27'), ('2024-10-27 22:59+00', 'Europe/Berlin', '2024-10-27'),
	('2024-10-27 23:00+00', 'Europe/Berlin', '2024-10-28'), ('1999-12-31 23:59:59.5-12', '<-12>12', '1999-12-31'),
	('4714-11-24 00:00+00 BC', 'UTC', '4714-11-24 BC'), ('4713-01-01 BC', 'UTC', '4714-12-31 BC'), ('294276-12-31 12:00+00', 'Asia/Tokyo', '294276-12-31'),
	('1970-01-01 00:00+00', 'UTC', '1970-01-01'), ('1969-12-31 23:59:59+00', 'UTC', '1969-12-31')) v(at, zone, day)
GROUP BY at, zone, day;
CREATE TABLE hours AS SELECT row_number() OVER (ORDER BY md5(at::text)) AS id, at
FROM generate_series(timestamptz '2015-01-01', '2030-01-01', '97 minutes') at;
SELECT is(count(*) FILTER (WHERE first_purchase(h) IS DISTINCT FROM day), 0::bigint, 'the day AT TIME ZONE says: ' || zone)
FROM (SELECT zone, id, history_agg(at, zone) AS h, min((at AT TIME ZONE zone)::date) AS day
	  FROM hours, (VALUES ('Europe/Berlin'), ('America/Sao_Paulo'), ('Australia/Lord_Howe'),
		('Asia/Kathmandu'), ('Africa/Casablanca'), ('Antarctica/Troll')) z(zone)
	  GROUP BY zone, id) x GROUP BY zone;
SELECT is(history_agg(at)::text, '2024-02-29', 'timestamp without zone') FROM (VALUES (timestamp '2024-02-29 23:59:59.999999')) v(at);
SELECT is(history_agg(at, 'Asia/Tokyo')::text, '2024-02-29', 'the zone of a timestamp is not applied') FROM (VALUES (timestamp '2024-02-29 23:59')) v(at);
SELECT is(history_agg(d, 2.5, 'Asia/Tokyo')::text, '2024-02-29:2.50', 'nor that of a date') FROM (VALUES (date '2024-02-29')) v(d);

-- Amounts ------------------------------------------------------------------------
SELECT is(history_agg(date '2024-01-01', amount::numeric)::text, shown, 'numeric ' || amount) FROM (VALUES
	('0.00005', '2024-01-01:0.0001'), ('0.00004999', '2024-01-01:0.00'), ('-0.00005', '2024-01-01*0:-0.0001'),
	('-0.00001', '2024-01-01*0:0.00'), ('1e14', '2024-01-01:100000000000000.00'), ('12345678.87655', '2024-01-01:12345678.8766'),
	('922337203685477.58074', '2024-01-01:922337203685477.5807'), ('-922337203685477.5808', '2024-01-01*0:-922337203685477.5808'),
	('1e-300', '2024-01-01:0.00'), ('0', '2024-01-01:0.00'), (NULL, '2024-01-01:0.00')) v(amount, shown) GROUP BY amount, shown;
SELECT is(history_agg(date '2024-01-01', amount::float8)::text, shown, 'float8 ' || amount) FROM (VALUES
	('59.9', '2024-01-01:59.90'), ('0.00005', '2024-01-01:0.0001'), ('2.67545', '2024-01-01:2.6755'), ('-1.5', '2024-01-01*0:-1.50'),
	('1e14', '2024-01-01:100000000000000.00'), ('-0.0', '2024-01-01:0.00')) v(amount, shown) GROUP BY amount, shown;
SELECT is(history_agg(date '2024-01-01', 7::bigint)::text, '2024-01-01:7.00', 'bigint')
	|| E'\n' || is(history_agg(date '2024-01-01', 7)::text, '2024-01-01:7.00', 'int')
	|| E'\n' || is(history_agg(date '2024-01-01', 7::real)::text, '2024-01-01:7.00', 'real');
SELECT is(pg_temp.state_of('SELECT history_agg(date ''2024-01-01'', ' || amount || ')'), state, 'amount ' || amount) FROM (VALUES
	('''NaN''::numeric', '22023'), ('''Infinity''::numeric', '22023'), ('''-Infinity''::numeric', '22023'),
	('''NaN''::float8', '22023'), ('''Infinity''::float8', '22023'), ('1e15::float8', '22003'), ('1e300::float8', '22003'),
	('922337203685477.5808', '22003'), ('1e100', '22003'), ('922337203685478::bigint', '22003'), ('-922337203685478::bigint', '22003')) v(amount, state);
SELECT is(pg_temp.state_of('SELECT history_agg(date ''2024-01-01'', a) FROM (VALUES (900000000000000::bigint), (900000000000000)) v(a)'),
	'22003', 'a sum that does not fit is no wrap');
SELECT is(pg_temp.state_of('SELECT history_agg(' || call || ')'), state, 'history_agg(' || call || ')') FROM (VALUES
	('date ''infinity''', '22008'), ('date ''-infinity'', 1.0', '22008'), ('timestamp ''infinity''', '22008'),
	('timestamptz ''-infinity'', ''UTC''', '22008'), ('timestamptz ''4714-11-24 00:00+00 BC'', ''America/New_York''', '22008'), ('now(), ''Mars/Olympus''', '22023'), ('now(), 1.0, NULL::text', '22004'),
	('now(), repeat(''x'', 1000)', '22023'), ('current_date, 1.0, ''Mars/Olympus''', '22023')) v(call, state);

-- Bought 50, returned 50 a week later: a customer with one purchase, worth nothing.
SELECT is(ROW(purchase_days(h), purchases(h), spend(h), frequency(h, '2024-02-01'), monetary(h, '2024-02-01'), last_purchase(h)),
	ROW(1, 1, 0.00, 0::bigint, NULL::float8, date '2024-01-01'), 'bought 50, returned 50')
FROM (SELECT history_agg(d, a) AS h FROM (VALUES (date '2024-01-01', 50.0), ('2024-01-08', -50)) v(d, a)) x;
SELECT is(ROW(monetary(h, '2024-12-31'), spend(h), frequency(h, '2024-12-31')), ROW(30::float8, 35.00, 1::bigint),
	'a refund of the first purchase lowers the first day, one before any purchase only spend')
FROM (SELECT '2023-12-01*0:-5, 2024-01-01:20, 2024-01-08*0:-10, 2024-02-01:30'::purchase_history AS h) x;
SELECT is(ROW(spend(h), monetary(h, '2025-01-01'), purchases(h)), ROW(NULL::numeric, NULL::float8, 3), 'without amounts money is NULL')
FROM (SELECT '2024-01-01, 2024-02-01*2'::purchase_history AS h) x;

-- NULL and empty -------------------------------------------------------------------
SELECT is(history_agg(d, a), NULL, 'no usable row gives NULL') FROM (VALUES (NULL::date, 1.0)) v(d, a);
SELECT is(history_agg(d), NULL, 'no row gives NULL') FROM (SELECT current_date WHERE false) v(d);
SELECT is(ROW(purchase_days(''), purchases(''), spend(''), first_purchase(''), last_purchase(''), previous_purchase(''), typical_gap('')),
	ROW(0, 0, NULL::numeric, NULL::date, NULL::date, NULL::date, NULL::float8), 'the empty history');
SELECT is(ROW(frequency('', d), recency('', d), customer_age('', d), monetary('', d), active_spans('', 30)),
	ROW(NULL::bigint, NULL::float8, NULL::float8, NULL::float8, '{}'::datemultirange), 'the empty history as of a date') FROM (SELECT current_date) v(d);
SELECT is(NULL || '2024-01-01'::purchase_history, '2024-01-01', 'NULL || h')
	|| E'\n' || is('2024-01-01' || NULL::purchase_history, '2024-01-01', 'h || NULL')
	|| E'\n' || is(NULL::purchase_history || NULL, '', 'NULL || NULL is empty')
	|| E'\n' || is(''::purchase_history || '2024-01-01:3', '2024-01-01:3', 'empty || h');
SELECT is((SELECT count(*) FROM unnest(''::purchase_history)), 0::bigint, 'the empty history has no days');
SELECT is(frequency(NULL, current_date), NULL, 'accessors are strict') || E'\n' || is(as_of('2024-01-01', NULL), NULL, 'as_of(h, NULL)');

-- Properties -------------------------------------------------------------------------
SELECT is(count(*) FILTER (WHERE as_of(h, d) IS DISTINCT FROM coalesce(cut, '')), 0::bigint, 'as_of, then the rows = filter, then aggregate')
FROM histories CROSS JOIN (VALUES (date '2023-05-05'), ('2023-11-11')) v(d)
LEFT JOIN LATERAL (SELECT history_agg(at, amount, 'Europe/Berlin') FROM orders o
	WHERE o.customer_id = histories.customer_id AND (at AT TIME ZONE 'Europe/Berlin')::date <= d) x(cut) ON true;
SELECT is(count(*) FILTER (WHERE as_of(h, d) || slice(h, daterange(d + 1, NULL)) <> h
	OR slice(h, daterange(NULL, d, '[]')) <> as_of(h, d) OR slice(h, '(,)') <> h OR slice(h, 'empty') <> ''
	OR slice(h, daterange('-infinity', 'infinity')) <> h
	OR frequency(h, d) IS DISTINCT FROM frequency(as_of(h, d), '2100-01-01')), 0::bigint, 'as_of and slice cut without loss')
FROM histories, (VALUES (date '2023-05-05'), ('2023-11-11')) v(d);
SELECT is(count(*) FILTER (WHERE (a.h || b.h) || c.h <> a.h || (b.h || c.h) OR a.h || b.h <> b.h || a.h OR a.h || '' <> a.h), 0::bigint,
	'|| is associative, commutative, with the empty history neutral')
FROM histories a JOIN histories b ON b.customer_id = a.customer_id + 1 JOIN histories c ON c.customer_id = a.customer_id + 2;
SELECT is(count(*) FILTER (WHERE p.h <> histories.h), 0::bigint, 'partial histories merge to the whole')
FROM histories JOIN (SELECT customer_id, history_agg(part) AS h
	FROM (SELECT customer_id, history_agg(at, amount, 'Europe/Berlin') AS part FROM orders
		  GROUP BY customer_id, extract(hour FROM at)) x GROUP BY 1) p USING (customer_id);
SELECT is(count(*) FILTER (WHERE x.h <> histories.h), 0::bigint, 'any order of rows gives the same')
FROM histories JOIN (SELECT customer_id, history_agg(at, amount, 'Europe/Berlin' ORDER BY md5(at::text)) AS h FROM orders GROUP BY 1) x USING (customer_id);
SELECT is(count(*), 0::bigint, 'FILTER and DISTINCT') FROM (
	SELECT customer_id, history_agg(at, amount, 'UTC') FILTER (WHERE amount > 5), history_agg(DISTINCT (at AT TIME ZONE 'UTC')::date) FROM orders GROUP BY 1
	EXCEPT SELECT customer_id, (SELECT history_agg(at, amount, 'UTC') FROM orders o WHERE o.customer_id = c.customer_id AND amount > 5),
		(SELECT history_agg(d) FROM (SELECT DISTINCT (at AT TIME ZONE 'UTC')::date FROM orders o WHERE o.customer_id = c.customer_id) y(d))
	FROM (SELECT DISTINCT customer_id FROM orders) c) x;
SELECT is(count(*) FILTER (WHERE running IS DISTINCT FROM again), 0::bigint, 'as a window function, frame by frame')
FROM (SELECT history_agg(at, amount, 'UTC') OVER (PARTITION BY customer_id ORDER BY at) AS running,
	(SELECT history_agg(p.at, p.amount, 'UTC') FROM orders p WHERE p.customer_id = o.customer_id AND p.at <= o.at) AS again
	FROM orders o WHERE customer_id < 40) x;
SELECT is(count(*) FILTER (WHERE moving IS DISTINCT FROM (SELECT history_agg(v, 'UTC') FROM unnest(frame) v)), 0::bigint, 'over a moving frame')
FROM (SELECT history_agg(at, 'UTC') OVER w AS moving,
	array_agg(at) OVER w AS frame
	FROM orders WHERE customer_id < 20 WINDOW w AS (PARTITION BY customer_id ORDER BY at ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)) x;
SELECT is(ROW(purchase_days(h), purchases(h), spend(h)), ROW(500, 300000, 7350000.00), 'many rows of few days stay few days')
FROM (SELECT history_agg(date '2000-01-01' + i % 500, (i % 50)::bigint) AS h FROM generate_series(1, 300000) i) x;

-- active_spans: the days as of which a purchase day lies in (d - w, d].
SELECT is(count(*) FILTER (WHERE active_spans(h, w) @> d <> (purchase_days(slice(h, daterange(d - w, d, '(]'))) > 0)), 0::bigint,
	'active_spans = a purchase day in (d - w, d]')
FROM histories, (VALUES (1), (30), (90)) v(w), generate_series(date '2023-03-01', '2024-08-01', '13 days') s(t), LATERAL (SELECT t::date) y(d)
WHERE customer_id < 100;
SELECT is(active_spans('2024-01-01, 2024-01-31, 2024-03-02', 30), '{[2024-01-01,2024-03-01),[2024-03-02,2024-04-01)}', 'adjacent spans are one, a day apart are two');
SELECT is(active_spans('5874897-12-01', 2147483647), '{[5874897-12-01,)}', 'a span past the last date is open');
SELECT is(pg_temp.state_of(call), state, call) FROM (VALUES
	('SELECT active_spans(''2024-01-01'', 0)', '22023'), ('SELECT active_spans(''2024-01-01'', -5)', '22023'),
	('SELECT recency(''2024-01-01'', current_date, 0)', '22023'), ('SELECT customer_age(''2024-01-01'', current_date, ''NaN'')', '22023'),
	('SELECT recency(''2024-01-01'', current_date, ''Infinity'')', '22023'), ('SELECT frequency(''2024-01-01'', ''infinity'')', '22008'),
	('SELECT as_of(''2024-01-01'', ''-infinity'')', '22008'), ('SELECT monetary(''2024-01-01'', ''infinity'')', '22008')) v(call, state);

-- Operators ------------------------------------------------------------------------------
SELECT ok(a < b AND a <= b AND b > a AND b >= a AND a <> b AND NOT a = b, format('%s < %s', a, b)) FROM (VALUES
	(''::purchase_history, '2024-01-01'::purchase_history), ('2024-01-01', '2024-01-01:0'), ('2024-01-01', '2024-01-02'),
	('2024-01-01', '2024-01-01*2'), ('2024-01-01:1', '2024-01-01:2'), ('2024-01-01:-1', '2024-01-01:1'), ('2024-01-01', '2024-01-01, 2024-01-02')) v(a, b);
SELECT is((SELECT count(DISTINCT h) FROM histories), (SELECT count(*) FROM (SELECT h FROM histories GROUP BY h) x), 'sort and hash agree on equality');
SELECT ok(purchase_history_hash_extended(a, 0)::bit(32) = purchase_history_hash(a)::bit(32), 'extended hash with seed 0') FROM (VALUES ('2024-01-01:5'::purchase_history)) v(a);
SELECT is((SELECT count(*) FROM histories a JOIN histories b USING (h)), (SELECT sum(n * n)::bigint FROM (SELECT count(*) AS n FROM histories GROUP BY h::text) x), 'joins');

-- Parallel workers -----------------------------------------------------------------------
\ir include/parallel.sql
SELECT is(count(*) FILTER (WHERE p.h <> histories.h), 0::bigint, 'forced parallel workers give the same bits')
FROM histories JOIN (SELECT customer_id, history_agg(at, amount, 'Europe/Berlin') AS h FROM orders GROUP BY 1) p USING (customer_id);
SELECT is((SELECT history_agg(at, amount, 'Europe/Berlin') FROM orders), (SELECT history_agg(h) FROM histories), 'all customers as one, in parallel');
RESET ALL;

-- CDNOW ------------------------------------------------------------------------------------
\if :have_cdnow
CREATE TEMP TABLE cdnow_histories AS SELECT customer_id, history_agg(date, amount) AS h FROM cdnow GROUP BY 1;
SELECT is(ROW(count(*), count(*) FILTER (WHERE frequency(h, '1997-09-30') > 0), sum(frequency(h, '1997-09-30')),
	sum(purchase_days(slice(h, '[1997-10-01,1998-06-30]')))), ROW(2357::bigint, 946::bigint, 2457::numeric, 1882::bigint),
	'CDNOW: customers, repeaters, sum of x, purchase days in the 39 weeks after (published)') FROM cdnow_histories;
SELECT is(ROW(sum(spend(h)), sum(purchases(h))), ROW((SELECT sum(amount) FROM cdnow), (SELECT count(*) FROM cdnow)), 'CDNOW: money and purchases') FROM cdnow_histories;
SELECT is(count(*) FILTER (WHERE NOT ((frequency(h, '1997-09-30'), recency(h, '1997-09-30'), customer_age(h, '1997-09-30')) = (x, t_x / 7.0::float8, t / 7.0::float8)
	AND coalesce(abs(monetary(h, '1997-09-30') - m) < 1e-9, x = 0))), 0::bigint, 'CDNOW: x, t_x, T and m = plain SQL')
FROM cdnow_histories JOIN (
	SELECT customer_id, count(*) - 1 AS x, max(date) - min(date) AS t_x, date '1997-09-30' - min(date) AS t,
		   sum(amount) FILTER (WHERE rank > 1) / nullif(count(*) - 1, 0) AS m
	FROM (SELECT customer_id, date, sum(amount) AS amount, row_number() OVER (PARTITION BY customer_id ORDER BY date) AS rank
		  FROM cdnow WHERE date <= '1997-09-30' GROUP BY 1, 2) d GROUP BY 1) s USING (customer_id);
\else
SELECT skip('needs the data folder: CDNOW', 3);
\endif
SELECT throws_ok(format('SELECT %L::purchase_history', text), '22P02', NULL, 'text: ' || text) FROM unnest(ARRAY['2024x01-01', '2024-01x01']) text;

SELECT is(history_agg(h ORDER BY n), '2024-01-01,2024-01-02', 'NULL histories are ignored') FROM (VALUES (1, '2024-01-01'::purchase_history), (2, NULL), (3, '2024-01-02')) v(n, h);

SELECT * FROM finish();
