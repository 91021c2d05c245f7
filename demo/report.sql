-- The report of make demo, in plain calls that work on any table of histories.
-- Variables: title, bar (the character that bars are made of).
\pset footer off
\pset null -
SET client_min_messages = warning;

SELECT max(last_purchase(history)) AS as_of, max(last_purchase(history)) + 1 AS "end",
	(max(last_purchase(history)) + 1 - interval '1 year')::date AS year_ago
FROM customer_history \gset

-- What several sections need, once per customer.
CREATE TEMPORARY TABLE scored AS
WITH cuts AS (SELECT rfm_cuts_agg(history, date :'as_of') AS cuts FROM customer_history)
SELECT customer_id, spend(history) AS spend, last_purchase(history) AS last_purchase,
	purchase_days(history) AS purchase_days, purchases(history) AS purchases,
	coalesce(spend(slice(history, year)), 0) AS spend_12m,
	purchases(slice(history, year)) > 0 AS bought_12m,
	rfm_score(cuts, history, date :'as_of') AS score,
	rfm_segment(rfm_score(cuts, history, date :'as_of')) AS segment,
	lifecycle_stage(history, date :'as_of') AS stage
FROM customer_history, cuts,
	(VALUES (daterange(date :'year_ago', date :'end'))) AS v(year);

CREATE FUNCTION pg_temp.bar(share float8, most float8) RETURNS text LANGUAGE sql
	RETURN repeat(current_setting('demo.bar'), round(20 * greatest(share, 0) / nullif(most, 0))::int);
SELECT set_config('demo.bar', :'bar', false) AS set \gset

\echo
\echo :title
\echo 'as of' :as_of '(the last day with an order)'
\echo
\echo 'KEY FIGURES'
-- The year is one period; a customer is who bought in the 90 days before, as on the page.
WITH year AS (
	SELECT crr(history, period, 90) AS crr, churn_rate(history, period, 90) AS churn_rate
	FROM customer_history, (VALUES (daterange(date :'year_ago', date :'end'))) AS v(period)),
total AS (
	SELECT count(*) AS customers, sum(purchases) AS purchases, top_share(spend::float8) AS top_share,
		count(*) FILTER (WHERE last_purchase > date :'as_of' - 90) AS active,
		100.0 * count(*) FILTER (WHERE purchase_days >= 2) / count(*) AS repeat_rate,
		sum(spend_12m) AS revenue_12m,
		sum(spend) / nullif(sum(purchases), 0) AS average_purchase,
		sum(spend_12m) / nullif(count(*) FILTER (WHERE bought_12m), 0) AS margin
	FROM scored)
SELECT figure, value, meaning
FROM total, year, LATERAL (VALUES
	('customers', to_char(customers, 'FM999,999,999'), format('purchases: %s', to_char(purchases, 'FM999,999,999'))),
	('active customers', to_char(active, 'FM999,999,999'), 'bought in the last 90 days'),
	('repeat rate', to_char(repeat_rate, 'FM990.0') || ' %', 'bought on two or more days'),
	('revenue', to_char(revenue_12m, 'FM999,999,999,999'), 'of the last 12 months, net of refunds'),
	('average purchase', to_char(average_purchase, 'FM999,999,990.00'), 'of all purchases so far'),
	('top 20 % of customers', to_char(top_share, 'FM990.0') || ' %', 'of all revenue comes from the best fifth'),
	('CRR, 12 months', to_char(crr, 'FM9990.0') || ' %',
		'(customers now - new ones) / customers a year ago; customers bought in the 90 days before'),
	('churn, 12 months', to_char(churn_rate, 'FM990.0') || ' %', 'of the customers of a year ago are none today'),
	('contractual CLV', to_char(clv(margin::float8, 1 - churn_rate / 100, 0.10::float8), 'FM999,999,990.00'),
		coalesce('future revenue of a customer: ' || to_char(margin, 'FM999,999,990.00') || ' a year, '
			|| to_char(100 - churn_rate, 'FM990.0') || ' % stay each year, discounted at 10 %',
			'needs customers of a year ago'))
) AS line(figure, value, meaning);

\echo 'RETENTION, MONTH BY MONTH'
\echo 'A customer is who bought in the 90 days before. Of the customers when the month began, kept % are'
\echo 'still customers when it ends; CRR counts those who came back as well, so it can pass 100.'
SELECT to_char(lower(period), 'YYYY-MM') AS month, at_start AS customers,
	100 - round(churn_rate::numeric, 1) AS "kept %", round(churn_rate::numeric, 1) AS "churn %",
	round(crr::numeric, 1) AS "CRR %", pg_temp.bar(100 - churn_rate, 100) AS kept
FROM (SELECT period, crr(history, period, 90) AS crr, churn_rate(history, period, 90) AS churn_rate,
		count(*) FILTER (WHERE purchase_days(slice(history, daterange(lower(period) - 90, lower(period)))) > 0) AS at_start
	FROM customer_history, generate_series(1, 12) AS back,
		LATERAL (SELECT date_trunc('month', date :'end') AS now) AS m,
		LATERAL (SELECT daterange((now - back * interval '1 month')::date,
			(now - (back - 1) * interval '1 month')::date) AS period) AS p
	GROUP BY period) AS months
WHERE at_start > 0
ORDER BY period;

\echo 'RFM SEGMENTS'
\echo 'Customers scored 1 to 5 by recency, frequency and money; what each group brings and needs.'
SELECT segment, customers, round(of_customers, 1) AS "%", round(of_revenue, 1) AS "revenue %",
	pg_temp.bar(of_revenue::float8, (max(of_revenue) OVER ())::float8) AS revenue
FROM (SELECT segment, count(*) AS customers, 100.0 * count(*) / sum(count(*)) OVER () AS of_customers,
		100 * sum(spend) / nullif(sum(sum(spend)) OVER (), 0) AS of_revenue
	FROM scored GROUP BY segment) AS share
LEFT JOIN (SELECT segment, min(position) AS position FROM rfm_default_rules() GROUP BY segment) AS rules
	USING (segment)
ORDER BY position;
\pset tuples_only
\pset format unaligned
SELECT format('  %-20s %s', segment, action)
FROM (SELECT segment, min(position) AS position, min(action) AS action
	FROM rfm_default_rules() WHERE segment IN (SELECT segment FROM scored) GROUP BY segment) AS rules
ORDER BY position;
\pset tuples_only
\pset format aligned
\echo

\echo 'LIFECYCLE STAGES'
\echo 'Where each customer stands, by the days since the last purchase and the customer''s own rhythm.'
SELECT stage, customers, round(of_customers, 1) AS "%",
	pg_temp.bar(of_customers::float8, (max(of_customers) OVER ())::float8) AS share, meaning
FROM (SELECT stage, count(*) AS customers, 100.0 * count(*) / sum(count(*)) OVER () AS of_customers
	FROM scored GROUP BY stage) AS counted
LEFT JOIN (VALUES
	('prospect', 'no purchase yet'),
	('new', 'one purchase so far'),
	('developing', 'two or three purchases, on time'),
	('loyal', 'four or more purchases, on time'),
	('reactivated', 'back after half a year or more'),
	('at_risk', 'late, by the customer''s own rhythm'),
	('dormant', 'silent for half a year'),
	('lost', 'silent for a year')) AS m(name, meaning) ON name = stage::text
ORDER BY stage;

\echo 'TOP CUSTOMERS BY VALUE'
\echo 'The ten who have spent most, and how they stand today.'
SELECT customer_id AS customer, round(spend, 2) AS spend, round(spend_12m, 2) AS "last 12 months",
	purchase_days AS days, last_purchase AS last, score AS rfm, segment, stage
FROM scored
ORDER BY spend DESC NULLS LAST, customer_id
LIMIT 10;
