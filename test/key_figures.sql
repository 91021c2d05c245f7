-- key_figures_agg: against plain SQL, against the aggregates that give its figures one by one.
BEGIN;
SELECT no_plan();

\ir include/errors.sql

-- Every third customer has a refund now and then, on a purchase day or not; every fifth buys twice a day.
CREATE TABLE purchase AS
SELECT id, date '2023-01-01' + (n * n * (7 + id % 13) + id * 3) % 900 AS day,
	round((5 + (id * 31 + n * 17) % 400)::numeric / 8, 2) * CASE WHEN id % 3 = 0 AND n % 4 = 2 THEN -1 ELSE 1 END AS amount
FROM generate_series(1, 600) id, generate_series(0, id % 12) n, generate_series(0, CASE WHEN id % 5 = 0 THEN 1 ELSE 0 END);
CREATE TABLE people AS SELECT id, history_agg(day, amount) AS h FROM purchase GROUP BY id;
CREATE TABLE asked (first date, until date, active_days int);
INSERT INTO asked VALUES ('2024-01-01', '2025-01-01', 90), ('2023-06-01', '2023-07-01', 90), ('2024-02-29', '2024-03-01', 1),
	('2023-01-01', '2026-01-01', 365), ('2020-01-01', '2021-01-01', 30), ('2030-01-01', '2031-01-01', 30), ('2023-05-05', '2024-04-01', 2000);

CREATE FUNCTION pg_temp.by_sql(first date, until date, active_days int) RETURNS text LANGUAGE sql AS $$
	SELECT row(customers, repeaters, 100.0::float8 * repeaters / nullif(customers, 0), at_start, at_end, acquired, fresh, churned,
		100.0::float8 * (at_end - fresh) / nullif(at_start, 0), 100.0::float8 * churned / nullif(at_start, 0), purchases, revenue)::text
	FROM (SELECT count(*) FILTER (WHERE days > 0) AS customers, count(*) FILTER (WHERE days > 1) AS repeaters,
			count(*) FILTER (WHERE was) AS at_start, count(*) FILTER (WHERE is_now) AS at_end,
			count(*) FILTER (WHERE first_day >= $1) AS acquired, count(*) FILTER (WHERE first_day >= $1 AND is_now) AS fresh,
			count(*) FILTER (WHERE was AND NOT is_now) AS churned, sum(n) AS purchases, round(sum(money), 2) AS revenue
		FROM (SELECT count(DISTINCT day) FILTER (WHERE amount >= 0) AS days, min(day) FILTER (WHERE amount >= 0) AS first_day,
				coalesce(bool_or(day >= $1 - $3 AND day < $1) FILTER (WHERE amount >= 0), false) AS was,
				coalesce(bool_or(day >= $2 - $3) FILTER (WHERE amount >= 0), false) AS is_now,
				count(*) FILTER (WHERE amount >= 0 AND day >= $1)::bigint AS n, coalesce(sum(amount) FILTER (WHERE day >= $1), 0) AS money
			FROM purchase WHERE day < $2 GROUP BY id) c) f
$$;
SELECT is(row((k).customers, (k).repeat_customers, (k).repeat_rate, (k).customers_at_start, (k).customers_at_end, (k).acquired, (k).new_customers,
		(k).churned, (k).crr, (k).churn_rate, (k).purchases, round((k).revenue, 2))::text,
	CASE WHEN first < '2023-01-01' THEN '(0,0,,0,0,0,0,0,,,0,0.00)' ELSE pg_temp.by_sql(first, until, active_days) END,
	format('as SQL on the purchases: %s to %s, active_days %s', first, until, active_days))
FROM asked, LATERAL (SELECT key_figures_agg(h, daterange(first, until), active_days) AS k FROM people) a;
SELECT ok((k).crr IS NOT DISTINCT FROM c AND (k).churn_rate IS NOT DISTINCT FROM l AND (k).acquired = (p).acquired AND (k).revenue = (p).revenue
	AND (k).purchases = (p).purchases AND (k).period_start = first AND (k).period_end = until,
	format('as crr, churn_rate and retention_agg: %s to %s, active_days %s', first, until, active_days))
FROM asked, LATERAL (SELECT key_figures_agg(h, daterange(first, until), active_days) AS k, crr(h, daterange(first, until), active_days) AS c,
		churn_rate(h, daterange(first, until), active_days) AS l,
		(retention_agg(h, ARRAY[first, until], active_days))[1] AS p FROM people) a;
SELECT is(key_figures_agg(as_of(h, until - 1), daterange(first, until), active_days)::text, key_figures_agg(h, daterange(first, until), active_days)::text,
	'what comes later is not looked at') FROM asked, people WHERE first > '2022-01-01' GROUP BY first, until, active_days;

SELECT is((key_figures_agg(h, '[2024-01-01,2025-01-01)', 90)).revenue_per_customer, 12.5, 'revenue over customers, active or not')
FROM unnest(ARRAY['2024-05-05:20', '2023-02-02:7, 2024-06-06:5']::purchase_history[]) h;
SELECT is(key_figures_agg(h, '[2024-01-01,2025-01-01)', 90)::text, '(2024-01-01,2025-01-01,1,1,100,0,0,0,0,0,,,1,,)', 'without amounts there is no revenue')
FROM unnest(ARRAY['2023-03-03, 2024-05-05']::purchase_history[]) h;
SELECT is(key_figures_agg(h, '[2024-01-01,2025-01-01)', 90)::text, '(2024-01-01,2025-01-01,0,0,,0,0,0,0,0,,,0,,)', 'empty histories')
FROM unnest(ARRAY['', NULL]::purchase_history[]) h;
SELECT is(key_figures_agg(NULL::purchase_history, '[2024-01-01,2025-01-01)', 90), NULL, 'no history');

-- The whole range of dates.
SELECT is((key_figures_agg(h, daterange('4713-01-01 BC', '5874897-12-31'), 2147483647)).customers, 1::bigint, 'the longest period')
FROM unnest(ARRAY['2024-05-05:20']::purchase_history[]) h;

SELECT is(pg_temp.state_of(format('SELECT key_figures_agg(h, %s) FROM people', arguments)), state, arguments) FROM (VALUES
	('NULL, 90', '22004'), ('''[2024-01-01,2025-01-01)'', NULL', '22004'), ('''[2024-01-01,2025-01-01)'', 0', '22023'),
	('''[2024-01-01,)'', 90', '22023'), ('''(,2024-01-01)'', 90', '22023'), ('''empty'', 90', '22023'),
	('''[2024-01-01,2025-01-01)'', id', '22023'), ('daterange(''2024-01-01'', ''2025-01-01'') , CASE WHEN id > 3 THEN 30 ELSE 30 END', 'no error'),
	('daterange(''2024-01-01'', date ''2025-01-01'' + id), 30', '22023')) v(arguments, state);

SELECT * FROM finish();
ROLLBACK;
