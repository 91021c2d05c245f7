-- Attached subscriptions: a few worked out by hand, the movements of many against plain SQL.
BEGIN;
SELECT no_plan();
\ir include/attachments.sql

-- Subscriptions: a few rows -----------------------------------------------------------------

CREATE TABLE shop.plans (customer smallint, "from" timestamptz, until date, monthly float8);
INSERT INTO shop.plans VALUES
	(1, '2024-01-01 00:00+01', NULL, 10),            -- for two years
	(1, '2025-06-01 00:00+02', '2025-07-01', 5),     -- more for a month
	(2, '2024-01-31 23:30+00', '2025-01-01', 20),    -- from February in Berlin; ended a year ago
	(3, '2025-12-10', NULL, 7),                      -- new
	(4, '2025-01-01', '2026-01-15', 3),              -- ends in two weeks
	(5, '2024-01-01', '2024-06-01', 9), (5, '2025-06-01', 'infinity', 4),  -- back after a year
	(6, '2025-05-01', '2025-08-01', 6),              -- ended, not long ago
	(1001, '2025-01-01', NULL, 0),                   -- a free plan, no purchases
	(1002, '2024-03-01', '2024-05-01', 2), (1002, '2024-05-01', NULL, 2),  -- no gap, no purchases
	(1003, '2026-01-05', NULL, 100),                 -- later than the workspace's date
	(NULL, '2025-01-01', NULL, 1), (7, NULL, NULL, 1), (7, '2025-01-01', NULL, NULL), (7, '2025-01-01', NULL, -1),
	(7, '2025-01-01', '2024-12-31', 1), (7, '2025-01-01', NULL, 'NaN'), (7, '2025-01-01', NULL, 'Infinity');
SELECT lives_ok($$SELECT crm_attach_subscriptions('shop.plans', customer_id => 'customer', started => 'from', ended => 'until', mrr => 'monthly')$$,
	'subscriptions are attached');
SELECT results_eq($$SELECT kind, source = 'shop.plans', rows_seen, rows_left_out, columns FROM crm.attachments$$,
	$$VALUES ('subscriptions', true, 19::bigint, 7::bigint, '{"mrr": "monthly", "ended": "until", "started": "from", "customer_id": "customer"}'::jsonb)$$,
	'attachments says what, and how many rows were left out');
SELECT results_eq('SELECT customer_id, mrr, first_subscribed, subscribed_since, subscription_ends_on, subscription_stage FROM crm.subscribers ORDER BY 1',
	$$VALUES (1, 10::numeric, date '2024-01-01', date '2024-01-01', NULL::date, 'loyal'),
		(2, 0, '2024-02-01', NULL, '2025-01-01', 'dormant'),
		(3, 7, '2025-12-10', '2025-12-10', NULL, 'new'),
		(4, 3, '2025-01-01', '2025-01-01', '2026-01-15', 'at_risk'),
		(5, 4, '2024-01-01', '2025-06-01', NULL, 'reactivated'),
		(6, 0, '2025-05-01', NULL, '2025-08-01', 'dormant'),
		(1001, 0, NULL, NULL, NULL, 'prospect'),
		(1002, 2, '2024-03-01', '2024-03-01', NULL, 'loyal')$$, 'subscribers: as worked out by hand');
UPDATE shop.plans SET until = '2024-12-31' WHERE customer = 2;
SELECT is((SELECT subscription_stage FROM crm.subscribers WHERE customer_id = 2), 'lost', 'a view of the source as it is; 365 days after the end: lost');

SELECT results_eq('SELECT * FROM (TABLE bare_customers) b ORDER BY customer_id',
	$$SELECT customer_id, first_purchase, last_purchase, purchase_days, purchases, spend, average_purchase, days_since_last, typical_gap,
		r, f, m, rfm_score, rfm_segment, stage, p_alive, expected_purchases_12m, expected_spend, clv_12m
	FROM crm.customers WHERE purchases > 0 ORDER BY customer_id$$, 'customers with purchases are as they were');
SELECT results_eq($$SELECT customer_id, purchases, spend, stage, p_alive, mrr, subscribed_since, subscription_stage FROM crm.customers
	WHERE customer_id BETWEEN 1001 AND 1999 ORDER BY 1$$,
	$$VALUES (1001, 0, NULL::numeric, 'prospect', NULL::float8, 0::numeric, NULL::date, 'prospect'), (1002, 0, NULL, 'loyal', NULL, 2, '2024-03-01', 'loyal')$$,
	'who only subscribes is a customer, with a stage');
SELECT results_eq('SELECT customer_id, mrr, subscription_ends_on FROM crm.customers WHERE customer_id IN (4, 8) ORDER BY 1',
	$$VALUES (4, 3::numeric, date '2026-01-15'), (8, NULL, NULL)$$, 'who does both has both, others have NULL');
SELECT is(ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = 'crm.customers'::regclass AND attnum > 19 ORDER BY attnum),
	'{mrr,subscribed_since,subscription_ends_on,subscription_stage}', 'the new columns stand at the end');
SELECT is_empty($$SELECT b.* FROM bare b LEFT JOIN pg_attribute a ON a.attrelid = format('crm.%I', b.relname)::regclass
		AND a.attnum = b.attnum AND a.attname = b.attname AND format_type(a.atttypid, a.atttypmod) = b.type
	WHERE b.relname NOT LIKE '%_key' AND a.attnum IS NULL$$, 'the old ones where they were');

-- By hand: on 2024-12-31 customers 1 (10), 1002 (2) pay (2 until the 30th); on 2025-12-31 also 3 (7), 4 (3), 5 (4).
SELECT results_eq('SELECT mrr, customers_subscribed, logo_churn_rate_12m, gross_retention_12m, net_retention_12m FROM crm.kpis',
	'VALUES (26::numeric, 5::bigint, 0::float8, 100::float8, 100::float8)', 'kpis: money a month and churn, by hand');
UPDATE shop.plans SET until = '2025-01-01' WHERE customer = 2;
SELECT results_eq('SELECT customers_subscribed, round(logo_churn_rate_12m::numeric, 9), round(gross_retention_12m::numeric, 9) FROM crm.kpis',
	'SELECT 5::bigint, round(100 / 3.0, 9), round(100 * 12 / 32.0, 9)', 'kpis: one of three left');
SELECT results_eq('SELECT k.as_of, k.customers, k.revenue_12m, k.clv_12m_mean, k.crr_12m FROM crm.kpis k', 'SELECT as_of, customers, revenue_12m, clv_12m_mean, crr_12m FROM bare_kpis',
	'kpis of purchases are as they were');
SELECT results_eq($$SELECT period_start, mrr_start, new, churned, mrr_end, customers_end FROM crm.mrr_monthly WHERE period_start <= '2024-03-01' OR period_start = '2025-01-01'$$,
	$$VALUES (date '2024-01-01', 0::numeric, 19::numeric, 0::numeric, 19::numeric, 2::bigint), ('2024-02-01', 19, 20, 0, 39, 3), ('2024-03-01', 39, 2, 0, 41, 4),
		('2025-01-01', 32, 3, 20, 15, 3)$$, 'mrr_monthly: by hand');

-- Subscriptions: the movements of many against plain SQL ---------------------------------------

CREATE TABLE shop.contracts (customer int, started date, ended date, mrr numeric(8, 2));
INSERT INTO shop.contracts
SELECT i % 150 + 1, d, CASE WHEN i % 3 > 0 THEN d + i * 37 % 500 END, i % 11 * 2.5
FROM (SELECT i, date '2023-01-15' + i * 7919 % 1000 AS d FROM generate_series(1, 400) i) s;
GRANT SELECT ON crm.customers TO public;
ALTER VIEW crm.customers SET (security_invoker = true);
CREATE VIEW shop.on_customers AS SELECT count(mrr) AS n FROM crm.customers;
SELECT lives_ok($$SELECT crm_attach_subscriptions('shop.contracts', 'customer', 'started', 'ended', 'mrr')$$, 'attached again: replaced');
SELECT is((SELECT reloptions::text || has_table_privilege('public', oid, 'SELECT') FROM pg_class WHERE oid = 'crm.customers'::regclass), '{security_invoker=true}true',
	'grants and options of the views stay');
SELECT is((SELECT n FROM shop.on_customers), 150::bigint, 'and what stands on them');
ALTER VIEW crm.customers RESET (security_invoker);
REVOKE SELECT ON crm.customers FROM public;
SELECT results_eq($$SELECT source = 'shop.contracts', rows_seen, rows_left_out FROM crm.attachments$$, $$VALUES (true, 400::bigint, 0::bigint)$$, 'attachments has the new source');
SELECT results_eq('SELECT period_start, mrr_start, new + reactivation, expansion, contraction, churned, mrr_end, customers_end FROM crm.mrr_monthly ORDER BY 1',
	$$WITH month AS (SELECT d::date AS b, (d + interval '1 month')::date AS e FROM generate_series(timestamp '2023-01-01', '2025-12-01', '1 month') d),
		ends AS (SELECT b, e, customer,
			coalesce(sum(mrr) FILTER (WHERE started < b AND (ended >= b) IS NOT FALSE), 0) AS m0,
			coalesce(sum(mrr) FILTER (WHERE started < e AND (ended >= e) IS NOT FALSE), 0) AS m1
			FROM month, shop.contracts WHERE started <= '2025-12-31' AND (ended > started) IS NOT FALSE GROUP BY 1, 2, 3)
	SELECT b, sum(m0), coalesce(sum(m1) FILTER (WHERE m0 = 0), 0), coalesce(sum(m1 - m0) FILTER (WHERE m0 > 0 AND m1 > m0), 0),
		coalesce(sum(m0 - m1) FILTER (WHERE m1 > 0 AND m1 < m0), 0), coalesce(sum(m0) FILTER (WHERE m1 = 0), 0), sum(m1), count(*) FILTER (WHERE m1 > 0)
	FROM ends GROUP BY b ORDER BY b$$, 'mrr_monthly: every month as plain SQL has it');
SELECT results_eq('SELECT customer_id, mrr, subscribed_since FROM crm.subscribers ORDER BY 1',
	$$WITH day AS (SELECT customer, d::date AS d, sum(mrr) AS mrr FROM shop.contracts, generate_series(started, coalesce(ended - 1, '2025-12-31'), '1 day') d GROUP BY 1, 2)
	SELECT customer, coalesce((SELECT sum(mrr) FROM day WHERE day.customer = c.customer AND d = '2025-12-31'), 0),
		(SELECT min(d) FROM day WHERE day.customer = c.customer AND day.mrr > 0 AND d > coalesce(
			(SELECT max(q) FROM generate_series(date '2023-01-01', '2025-12-31', '1 day') q
			WHERE NOT EXISTS (SELECT FROM day y WHERE y.customer = c.customer AND y.d = q AND y.mrr > 0)), '-infinity'))
	FROM (SELECT DISTINCT customer FROM shop.contracts WHERE started <= '2025-12-31') c ORDER BY 1$$, 'subscribers: money and unbroken time, day by day');
SELECT results_eq('SELECT mrr, customers_subscribed, 100 - logo_churn_rate_12m, gross_retention_12m, net_retention_12m FROM crm.kpis',
	$$SELECT (p).mrr_end, (p).customers_end, (p).retention_rate, (p).gross_retention, (p).net_retention
	FROM (SELECT unnest(mrr_agg(s, '{2025-01-01,2026-01-01}', '2025-12-31')) AS p
		FROM (SELECT subscription_agg(daterange(started, ended), mrr) AS s FROM shop.contracts GROUP BY customer) c) a$$, 'kpis: the year as one period');
SELECT results_eq('SELECT customers_subscribed, mrr FROM crm.kpis', 'SELECT count(*) FILTER (WHERE mrr > 0), sum(mrr) FROM crm.subscribers', 'kpis and subscribers agree');
SELECT results_eq('SELECT stage, customers FROM crm.stages ORDER BY 1', 'SELECT stage, count(*) FROM crm.customers WHERE purchases > 0 GROUP BY 1 ORDER BY 1', 'stages counts buyers, as before');

SELECT * FROM finish();
ROLLBACK;
