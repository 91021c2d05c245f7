-- The report of make demo, in plain calls that work on any table of histories.
-- Variables: title, bar (one character).
\pset footer off
\pset null -
SET client_min_messages = warning;

SELECT max(last_purchase(history)) AS as_of, max(last_purchase(history)) + 1 AS "end",
	(max(last_purchase(history)) + 1 - interval '1 year')::date AS year_ago
FROM customer_history \gset

-- What several sections need, once per customer.
CREATE TEMPORARY TABLE scored AS
WITH cuts AS (SELECT rfm_cuts_agg(history, date :'as_of') AS cuts FROM customer_history)
SELECT customer_id, history, spend(history) AS spend, last_purchase(history) AS last_purchase,
	purchase_days(history) AS purchase_days,
	spend(slice(history, daterange(date :'year_ago', date :'end'))) AS spend_12m,
	purchases(slice(history, daterange(date :'year_ago', date :'end'))) AS purchases_12m,
	rfm_score(cuts, history, date :'as_of') AS score,
	rfm_segment(rfm_score(cuts, history, date :'as_of')) AS segment,
	lifecycle_stage(history, date :'as_of') AS stage
FROM customer_history, cuts;

-- The year as one period: who bought in the year before, and who of them in this one.
CREATE TEMPORARY TABLE year AS
SELECT crr(history, period, upper(period) - lower(period)) AS crr,
	churn_rate(history, period, upper(period) - lower(period)) AS churn_rate
FROM customer_history, (VALUES (daterange(date :'year_ago', date :'end'))) AS v(period);

\echo
\echo :title
\echo 'as of' :as_of 'the last day with an order'
\echo
\echo 'KEY FIGURES'
SELECT figure, value, meaning
FROM (
	SELECT count(*) AS customers,
		count(*) FILTER (WHERE last_purchase > date :'as_of' - 90) AS active,
		100.0 * count(*) FILTER (WHERE purchase_days >= 2) / nullif(count(*), 0) AS repeat_rate,
		coalesce(sum(spend_12m), 0) AS revenue_12m,
		sum(spend_12m) / nullif(sum(purchases_12m), 0) AS average_purchase,
		sum(spend_12m) / nullif(count(*) FILTER (WHERE purchases_12m > 0), 0) AS margin
	FROM scored) AS k
CROSS JOIN year AS y
CROSS JOIN LATERAL (SELECT
		100 * sum(spend) FILTER (WHERE place <= ceil(0.2 * n)) / nullif(sum(spend), 0) AS top_20
	FROM (SELECT spend, row_number() OVER (ORDER BY spend DESC) AS place, count(*) OVER () AS n
		FROM scored) AS ranked) AS t
CROSS JOIN LATERAL (VALUES
	('customers', to_char(customers, 'FM999,999,999'), 'with at least one order'),
	('active customers', to_char(active, 'FM999,999,999'), 'bought in the last 90 days'),
	('repeat rate', to_char(repeat_rate, 'FM990.0') || ' %', 'bought on two or more days'),
	('revenue, 12 months', to_char(revenue_12m, 'FM999,999,999,999'), 'net of refunds'),
	('average purchase', to_char(average_purchase, 'FM999,999,990.00'), 'last 12 months'),
	('CRR, 12 months', to_char(y.crr, 'FM9990.0') || ' %',
		'100 x (customers at the end - new) / customers at the start; customer = bought within a year'),
	('churn, 12 months', to_char(y.churn_rate, 'FM990.0') || ' %',
		'bought in the year before, not in this one'),
	('revenue of the top 20 %', to_char(top_20, 'FM990.0') || ' %', 'share of all revenue that the best fifth brings'),
	('contractual CLV', to_char(clv(margin::float8, 1 - y.churn_rate / 100, 0.10::float8), 'FM999,999,990.00'),
		format('%s a year, kept with %s %% a year, discounted at 10 %%; revenue taken as margin',
			to_char(margin, 'FM999,999,990.00'), to_char(100 - y.churn_rate, 'FM990.0')))
) AS line(figure, value, meaning);

\echo 'RETENTION, MONTH BY MONTH'
\echo 'Of those who were customers when the month began (bought in the 90 days before), how many'
\echo 'still are when it ends? CRR counts those who came back too.'
SELECT to_char(lower(period), 'YYYY-MM') AS month,
	count(*) FILTER (WHERE last_before > lower(period) - 91) AS at_start,
	round(crr(history, period, 90)::numeric, 1) AS crr,
	round(churn_rate(history, period, 90)::numeric, 1) AS churned,
	rpad(repeat(:'bar', (crr(history, period, 90) / 5)::int), 20) AS "kept, one mark = 5 %"
FROM generate_series(1, 12) AS back,
	LATERAL (SELECT date_trunc('month', date :'end')::date AS this_month) AS m,
	LATERAL (SELECT daterange((this_month - back * interval '1 month')::date,
		(this_month - (back - 1) * interval '1 month')::date) AS period) AS p,
	customer_history,
	LATERAL (SELECT last_purchase(as_of(history, lower(period) - 1)) AS last_before) AS l
GROUP BY period
HAVING bool_or(last_before IS NOT NULL)
ORDER BY period;

\echo 'RFM SEGMENTS'
\echo 'Customers scored 1 to 5 by recency, frequency and money, and what to do with each group.'
WITH rules AS (
	SELECT segment, min(position) AS position, min(action) AS action
	FROM rfm_default_rules() GROUP BY segment)
SELECT s.segment, count(*) AS customers,
	round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS "% of them",
	round(100 * sum(spend) / nullif(sum(sum(spend)) OVER (), 0), 1) AS "% of revenue",
	rpad(repeat(:'bar', greatest(0, round(50 * sum(spend) / nullif(sum(sum(spend)) OVER (), 0)))::int), 20) AS "revenue, one mark = 2 %",
	min(action) AS action
FROM scored AS s LEFT JOIN rules USING (segment)
GROUP BY s.segment
ORDER BY min(position);

\echo 'LIFECYCLE STAGES'
\echo 'Where each customer stands, by the days since the last purchase and the customer''s own rhythm.'
SELECT stage, count(*) AS customers,
	round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS "% of them",
	rpad(repeat(:'bar', round(50.0 * count(*) / sum(count(*)) OVER ())::int), 20) AS "one mark = 2 %",
	meaning
FROM scored LEFT JOIN (VALUES
	('new', 'one purchase so far'),
	('developing', 'two or three purchases, on time'),
	('loyal', 'four or more purchases, on time'),
	('reactivated', 'back after half a year or more'),
	('at_risk', 'late by the customer''s own rhythm'),
	('dormant', 'silent for half a year'),
	('lost', 'silent for a year')) AS m(name, meaning) ON name = stage::text
GROUP BY stage, meaning
ORDER BY stage;

\echo 'TOP CUSTOMERS BY VALUE'
\echo 'The ten who have spent most, and how they stand today.'
SELECT customer_id AS customer, round(spend, 2) AS spend, round(spend_12m, 2) AS "last 12 months",
	purchase_days AS days, last_purchase AS last, score AS rfm, segment, stage
FROM scored
ORDER BY spend DESC, customer_id
LIMIT 10;
