-- Attachments of a workspace: subscriptions, costs, campaigns, interactions, referrals, products.
-- The views against plain SQL, on a few rows and on a made-up shop; what is refused.
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL jit = off;
SELECT no_plan();

-- SQLSTATE, message and hint of what fails.
CREATE FUNCTION failure(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'nothing failed';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(hint, ''));
END
$$;

CREATE SCHEMA shop;
CREATE TABLE shop.orders AS
SELECT order_id, customer_id::int AS buyer, purchased_at AS at, amount AS total, product_id, channel FROM crm_sample_purchases(400);
-- Two purchases on one day, a refund first, a purchase without a channel, one after the workspace's date.
INSERT INTO shop.orders (order_id, buyer, at, total, channel) VALUES
	(-1, 2001, '2024-03-05 09:00+01', 5, NULL), (-2, 2001, '2024-03-05 10:00+01', 5, 'web'), (-3, 2001, '2024-03-05 11:00+01', 5, 'app'),
	(-4, 2001, '2024-03-01', -5, 'store'), (-5, 2002, '2024-04-30 23:30+00', 30, NULL), (-6, 2002, '2024-06-01', 10, 'web'), (-7, 2003, '2026-01-01', 9, 'web');
CREATE INDEX ON shop.orders (buyer);
SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', as_of => '2025-12-31');
CREATE TEMPORARY TABLE bare AS
SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'crm'::regnamespace AND a.attnum > 0;
CREATE TEMPORARY TABLE bare_customers AS SELECT * FROM crm.customers;
CREATE TEMPORARY TABLE bare_kpis AS SELECT * FROM crm.kpis;
SELECT is((SELECT count(*) FROM crm.attachments), 0::bigint, 'nothing is attached');

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

-- Costs: acquisition and payback against plain SQL on the orders ---------------------------------

CREATE TABLE shop.marketing (month date, channel text, spend numeric(9, 2), purpose text);
INSERT INTO shop.marketing
SELECT m::date + 4, c, 40 + 7 * length(c) + extract(month FROM m), 'acquisition' FROM generate_series(date '2024-01-01', '2025-06-01', '1 month') m, unnest('{web,store,radio}'::text[]) c;
INSERT INTO shop.marketing SELECT m, NULL, 33, NULL FROM generate_series(date '2024-01-01', '2025-06-01', '1 month') m;
INSERT INTO shop.marketing VALUES ('2024-05-01', NULL, 60, 'Retention '), ('2024-06-01', 'web', 25, 'retention'),
	('2024-05-01', 'web', 9, 'brand'), ('2024-05-01', 'web', -1, NULL), ('2024-05-01', 'web', NULL, NULL), (NULL, 'web', 1, NULL), ('2026-01-01', 'web', 1000, NULL);
SELECT lives_ok($$SELECT crm_attach_costs('shop.marketing', period => 'month', spend => 'spend', channel => 'channel', purpose => 'purpose',
	customer_channel => 'channel', margin => 0.4)$$, 'costs are attached');
SELECT results_eq($$SELECT rows_seen, rows_left_out FROM crm.attachments WHERE kind = 'costs'$$, 'VALUES (79::bigint, 4::bigint)', 'rows that say nothing are left out');

CREATE TEMPORARY TABLE day AS  -- purchases by day, as of the workspace's date
SELECT buyer, (at AT TIME ZONE 'Europe/Berlin')::date AS day, at, channel, total FROM shop.orders WHERE at < '2026-01-01 00:00+01';
CREATE TEMPORARY TABLE acquired AS
SELECT DISTINCT ON (buyer) buyer, first_value(day) OVER w AS acquired_on,
	first_value(CASE WHEN day = first THEN channel END) OVER w AS channel
FROM (SELECT *, min(day) OVER (PARTITION BY buyer) AS first FROM day WHERE total >= 0) d
WINDOW w AS (PARTITION BY buyer ORDER BY day, channel IS NULL, at);
SELECT results_eq('SELECT customer_id, acquired_on, channel FROM crm.customer_channels ORDER BY 1', 'SELECT buyer, acquired_on, channel FROM acquired ORDER BY 1',
	'customer_channels: channel of the first purchase, in plain SQL');
SELECT results_eq('SELECT customer_id, acquired_on, channel FROM crm.customer_channels WHERE customer_id > 2000 ORDER BY 1',
	$$VALUES (2001, date '2024-03-05', 'web'), (2002, '2024-05-01', NULL)$$, 'the earliest that names one, by days of the workspace''s zone');

CREATE TEMPORARY TABLE spent AS
SELECT date_trunc('month', month)::date AS period, channel, sum(spend) AS spend FROM shop.marketing
WHERE spend >= 0 AND coalesce(purpose, 'acquisition') = 'acquisition' AND month < '2026-01-01' GROUP BY 1, 2;
CREATE TEMPORARY TABLE expected_months AS
WITH new AS (SELECT date_trunc('month', acquired_on)::date AS period, channel, count(*) AS n FROM acquired WHERE acquired_on BETWEEN '2024-01-01' AND '2025-06-30' GROUP BY 1, 2)
SELECT period, channel, coalesce(n, 0) AS n, coalesce(s.spend, 0) AS own,
	coalesce(n * (SELECT spend FROM spent u WHERE u.period = x.period AND u.channel IS NULL) / (SELECT sum(n) FROM new o WHERE o.period = x.period), 0) AS shared
FROM (SELECT period, channel FROM new UNION SELECT period, channel FROM spent WHERE channel IS NOT NULL) x
	LEFT JOIN new USING (period, channel) LEFT JOIN spent s USING (period, channel);
UPDATE expected_months e SET n = (SELECT count(*) FROM acquired a WHERE a.channel IS NULL AND date_trunc('month', acquired_on) = e.period) WHERE channel IS NULL;
UPDATE expected_months e SET shared = n * 33.0 / (SELECT sum(n) FROM expected_months o WHERE o.period = e.period) WHERE channel IS NULL;
SELECT results_eq('SELECT period, channel, customers, cost, shared_cost FROM crm.channel_months ORDER BY 1, 2',
	'SELECT period, channel, n, round(own + shared, 4), round(shared, 4) FROM expected_months ORDER BY 1, 2', 'channel_months: customers and their cost by month and channel');
SELECT is((SELECT round(sum(cost), 2) FROM crm.channel_months), (SELECT sum(spend) FROM spent), 'all that was spent is somebody''s cost');

SELECT results_eq('SELECT channel, customers, cost, round(cac::numeric, 4), round(repeat_rate::numeric, 6), mean_spend, retained_customers FROM crm.acquisition ORDER BY 1',
	$$SELECT e.channel, e.n::bigint, e.cost, round(e.cost / nullif(e.n, 0), 4), round(100.0 * c.repeaters / nullif(e.n, 0), 6), round(c.spend / nullif(e.n, 0), 4),
		(SELECT count(*) FROM acquired a WHERE a.channel IS NOT DISTINCT FROM e.channel AND EXISTS (SELECT FROM day d
			WHERE d.buyer = a.buyer AND d.total >= 0 AND d.day > a.acquired_on AND d.day BETWEEN '2024-01-01' AND '2025-06-30'))
	FROM (SELECT channel, sum(n) AS n, sum(round(own + shared, 4)) AS cost FROM expected_months GROUP BY 1) e
		LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE days >= 2) AS repeaters, sum(spend) AS spend
			FROM (SELECT count(DISTINCT day) FILTER (WHERE total >= 0) AS days, sum(total) AS spend FROM day JOIN acquired a USING (buyer)
				WHERE a.channel IS NOT DISTINCT FROM e.channel AND acquired_on BETWEEN '2024-01-01' AND '2025-06-30' GROUP BY buyer) b) c ON true
	ORDER BY 1$$, 'acquisition: cost, repeat rate and money of each channel');
SELECT results_eq('SELECT channel, round(mean_clv_12m, 2), round(ltv_to_cac::numeric, 4) FROM crm.acquisition WHERE customers > 0 ORDER BY 1',
	$$SELECT a.channel, round(avg(c.clv_12m)::numeric, 2), round((0.4 * avg(c.spend + c.clv_12m) / (SELECT cac FROM crm.acquisition x WHERE x.channel IS NOT DISTINCT FROM a.channel))::numeric, 4)
	FROM crm.customers c JOIN acquired a ON a.buyer = c.customer_id WHERE acquired_on BETWEEN '2024-01-01' AND '2025-06-30' GROUP BY 1 ORDER BY 1$$,
	'acquisition: lifetime value over cost');
SELECT results_eq($$SELECT retention_cost, round(acquisition_to_retention_cost::numeric, 6) FROM crm.acquisition WHERE channel = 'web'$$,
	$$SELECT c, round((cac / (c / retained_customers))::numeric, 6) FROM (SELECT cac, retained_customers,
		round(25 + 60.0 * retained_customers / (SELECT sum(retained_customers) FROM crm.acquisition), 4) AS c FROM crm.acquisition WHERE channel = 'web') x$$,
	'acquisition: winning against keeping');
SELECT results_eq('SELECT cohort, channel, customers, cost, payback_period, payback_month, round(margin_per_customer::numeric, 6) FROM crm.payback ORDER BY 1, 2',
	$$SELECT period, channel, n, round(own + shared, 4), k, (period + k * interval '1 month')::date, round(0.4 * (SELECT sum(total) FROM day JOIN acquired a USING (buyer)
			WHERE a.channel IS NOT DISTINCT FROM e.channel AND date_trunc('month', acquired_on) = e.period) / nullif(n, 0), 6)
	FROM expected_months e, LATERAL (SELECT min(k) AS k FROM generate_series(0, 30) k WHERE e.n > 0 AND period + k * interval '1 month' < '2026-01-01'
		AND 0.4 * (SELECT sum(total) FROM day JOIN acquired a USING (buyer) WHERE a.channel IS NOT DISTINCT FROM e.channel
			AND date_trunc('month', acquired_on) = e.period AND date_trunc('month', day) <= e.period + k * interval '1 month') >= round(own + shared, 4)) p
	ORDER BY 1, 2$$, 'payback: the first month in which the margin covers the cost');
SELECT cmp_ok((SELECT count(DISTINCT payback_period) FROM crm.payback), '>', 5::bigint, 'which differs');

SELECT crm_attach_costs('shop.marketing', 'month', 'spend');
SELECT results_eq('SELECT channel, customers, cost, shared_cost, round(cac::numeric, 4) FROM crm.acquisition',
	$$SELECT NULL, n, c, c, round(c / n, 4) FROM (SELECT count(*) AS n, (SELECT sum(spend) FROM shop.marketing WHERE spend >= 0 AND month < '2026-01-01') AS c
		FROM acquired WHERE acquired_on BETWEEN '2024-01-01' AND '2025-06-30') x$$, 'without channels: one row, and all of it is acquisition');
SELECT is(failure($$SELECT crm_attach_costs('shop.marketing', 'month', 'spend', 'channel')$$),
	'22023 | channel needs customer_channel | customer_channel is the column of the purchases that says which channel a purchase came through.', 'channels of costs alone');
SELECT is(failure($$SELECT crm_attach_costs('shop.marketing', 'month', 'spend', margin => 40)$$),
	'22023 | margin must be above 0 and at most 1, not 40 | It is the share of the money that is left: .4 for 40 percent.', 'a margin in percent');
SELECT alike(failure($$SELECT crm_attach_costs('shop.marketing', 'month', 'spend', 'channel', customer_channel => 'chanel')$$),
	'42703 | column "chanel" of relation "shop.orders" does not exist%', 'an unknown channel of the purchases');

-- Referrals: a forest of 450 leads against a recursive query --------------------------------------

CREATE TABLE shop.invitations (lead bigint, by int, at date);
INSERT INTO shop.invitations SELECT i, nullif(i / 3, 0), date '2024-01-01' + i % 50 FROM generate_series(1, 450) i WHERE i % 7 > 0;
INSERT INTO shop.invitations SELECT i, NULL, NULL FROM generate_series(501, 520) i;
INSERT INTO shop.invitations VALUES (NULL, 1, NULL), (9, 9, NULL), (9, 400, '2026-01-01'), (30, 2003, '2025-12-31'), (600, 2003, '2025-12-31');
SELECT is(failure($$SELECT crm_attach_referrals('shop.invitations', 'lead', 'by')$$),
	'42804 | column "lead" of relation "shop.invitations" has type bigint, where workspace "crm" has ids of type integer | Attach a view that casts it: CREATE VIEW ... AS SELECT lead::integer AS lead, ... FROM shop.invitations.', 'ids that might not fit');
ALTER TABLE shop.invitations ALTER lead TYPE integer;
SELECT lives_ok($$SELECT crm_attach_referrals('shop.invitations', referred => 'lead', referrer => 'by', referred_at => 'at', decay => 0.3, max_depth => 3,
	joined_anyway => 0.1, acquisition_saving => 2, reward_cost => 0.5, margin => 0.4)$$, 'referrals are attached');
SELECT is((SELECT rows_seen || ' ' || rows_left_out FROM crm.attachments WHERE kind = 'referrals'), (SELECT count(*) || ' 1' FROM shop.invitations), 'a row without a lead is left out');
SELECT results_eq('SELECT customer_id, round(value::numeric, 6) FROM crm.customer_values ORDER BY 1',
	$$SELECT customer_id, round((0.4 * (spend + clv_12m))::numeric, 6) FROM crm.customers WHERE purchases > 0 ORDER BY 1$$, 'customer_values: the margin of what was bought and is expected');
CREATE FUNCTION expected_referrals() RETURNS TABLE (customer_id int, direct bigint, everybody bigint, depth int, direct_value numeric, indirect_value numeric) LANGUAGE sql AS $$
	WITH RECURSIVE edge AS (
		SELECT DISTINCT ON (lead) lead, by FROM shop.invitations WHERE lead <> by AND (at < '2026-01-01') IS NOT FALSE ORDER BY lead, at NULLS LAST, by),
	down AS (
		SELECT by AS ancestor, lead, 1 AS generation FROM edge
		UNION ALL
		SELECT d.ancestor, e.lead, d.generation + 1 FROM down d JOIN edge e ON e.by = d.lead WHERE d.generation < 3)
	SELECT ancestor, count(*) FILTER (WHERE generation = 1), count(*), max(generation),
		round(coalesce(sum(0.9 * coalesce(v, 0) + 2 - 0.5) FILTER (WHERE generation = 1), 0)::numeric, 6),
		round(coalesce(sum(0.3 ^ (generation - 1) * 0.9 ^ generation * coalesce(v, 0)) FILTER (WHERE generation > 1), 0)::numeric, 6)
	FROM down LEFT JOIN LATERAL (SELECT 0.4 * (spend + clv_12m) AS v FROM crm.customers c WHERE c.customer_id = lead AND purchases > 0) c ON true
	GROUP BY ancestor
$$;
SELECT results_eq('SELECT customer_id, direct_referrals, all_referrals, depth, round(direct_value::numeric, 6), round(indirect_value::numeric, 6) FROM crm.referrals WHERE direct_referrals > 0 ORDER BY 1',
	'SELECT * FROM expected_referrals() ORDER BY 1', 'referrals: three generations, as a recursive query has them');
SELECT results_eq('SELECT customer_id, is_customer FROM crm.referrals WHERE clv > 0 OR NOT is_customer ORDER BY 1',
	$$SELECT customer_id, purchases > 0 FROM crm.customers WHERE purchases > 0 AND spend + clv_12m > 0 UNION ALL VALUES (2003, false) ORDER BY 1$$, 'every customer is there, and a referrer who is none');
SELECT results_eq('SELECT quadrant, count(*) FROM crm.referrals GROUP BY 1 ORDER BY 1',
	$$WITH v AS (SELECT *, crv >= (SELECT percentile_cont(.5) WITHIN GROUP (ORDER BY crv) FROM crm.referrals WHERE crv > 0) AS refers,
			clv >= (SELECT percentile_cont(.5) WITHIN GROUP (ORDER BY clv) FROM crm.referrals WHERE is_customer) AS buys FROM crm.referrals)
	SELECT CASE WHEN buys AND refers THEN 'champions' WHEN buys THEN 'affluents' WHEN refers THEN 'advocates' ELSE 'misers' END, count(*) FROM v GROUP BY 1 ORDER BY 1$$,
	'quadrants by the medians');
SELECT results_eq('SELECT leads_are, leads, converted, round(conversion_rate::numeric, 9), mean_value FROM crm.lead_conversion',
	$$SELECT CASE WHEN referred THEN 'referred' ELSE 'other' END, count(*), count(c.value), round(count(c.value)::numeric / count(*), 9), round(avg(round(c.value::numeric, 4)), 4)
	FROM (SELECT lead, bool_or(by IS NOT NULL) AS referred FROM shop.invitations WHERE lead IS NOT NULL AND (at < '2026-01-01') IS NOT FALSE GROUP BY 1) l
		LEFT JOIN crm.customer_values c ON c.customer_id = lead GROUP BY referred ORDER BY referred DESC$$, 'lead_conversion: referred leads against others');
INSERT INTO shop.invitations VALUES (700, 3, '2024-05-05');
SELECT isnt((SELECT direct_referrals FROM crm.referrals WHERE customer_id = 3), (SELECT direct FROM expected_referrals() WHERE customer_id = 3), 'referrals are as of the last refresh');
SELECT crm_refresh();
SELECT is((SELECT direct_referrals FROM crm.referrals WHERE customer_id = 3), (SELECT direct FROM expected_referrals() WHERE customer_id = 3), 'and follow the next');
SELECT is(failure($$SELECT crm_attach_referrals('shop.invitations', 'lead', 'by', decay => 30)$$), '22023 | decay must be between 0 and 1, not 30 | It is a fraction: 30 percent is 0.3.', 'a decay in percent');
SELECT is(failure($$SELECT crm_attach_referrals('shop.invitations', 'lead', 'by', max_depth => NULL)$$), '22004 | decay, max_depth, joined_anyway, acquisition_saving and reward_cost must not be null', 'an option that is NULL');
-- A source that cannot be read stops no refresh
CREATE VIEW shop.fragile AS SELECT lead / denominator AS lead, by FROM shop.invitations, (SELECT count(*)::int AS denominator FROM shop.marketing WHERE spend = 25) d;
SELECT crm_attach_referrals('shop.fragile', 'lead', 'by');
CREATE TEMPORARY TABLE graph AS SELECT result, computed_at FROM crm.stored_referrals;
UPDATE shop.marketing SET spend = 26 WHERE spend = 25;
SELECT lives_ok('SELECT crm_refresh()', 'a source that cannot be read stops no refresh');
SELECT is((SELECT (s.result::text = g.result::text AND s.computed_at = g.computed_at) FROM crm.stored_referrals s, graph g), true, 'what was computed of it stays');
UPDATE shop.marketing SET spend = 25 WHERE spend = 26;
-- Ids of other types
CREATE TABLE shop.people (who text COLLATE "C", at date, total int);
INSERT INTO shop.people VALUES ('ann', '2024-01-01', 5), ('bob', '2024-02-01', 7), ('cid', '2024-03-01', 9);
CREATE TABLE shop.friends (who varchar(10), friend_of text);
INSERT INTO shop.friends VALUES ('bob', 'ann'), ('cid', 'bob');
SELECT crm_attach('shop.people', 'who', 'at', 'total', workspace => 'people', as_of => '2024-12-31');
SELECT lives_ok($$SELECT crm_attach_referrals('shop.friends', 'who', 'friend_of', decay => 1, workspace => 'people')$$, 'ids of type text');
SELECT results_eq('SELECT customer_id, direct_value, indirect_value FROM people.referrals ORDER BY 1',
	$$VALUES ('ann' COLLATE "C", 7::float8, 9::float8), ('bob', 9, 0), ('cid', 0, 0)$$, 'have their values');
SELECT crm_detach('people');

-- Campaigns against plain SQL -----------------------------------------------------------------

CREATE TABLE shop.mailings (who int, sent timestamp, variant varchar(10), converted date, price numeric);
INSERT INTO shop.mailings
SELECT i % 420 + 1, timestamp '2024-10-01 18:00' + i % 300 * interval '1 day', CASE WHEN i % 3 > 0 THEN 'mail ' || i % 3 ELSE 'nothing' END,
	CASE WHEN i * 7919 % 11 < 3 + i % 3 THEN date '2024-10-01' + i % 300 + i % 5 END, CASE WHEN i % 3 > 0 THEN 0.2 END
FROM generate_series(1, 1500) i;
INSERT INTO shop.mailings VALUES (1, '2026-01-02', 'mail 1', NULL, 1), (NULL, '2025-01-02', 'mail 1', NULL, 1), (1, NULL, 'mail 1', NULL, 1), (1, '2025-01-02', NULL, NULL, 1),
	(1, '2025-01-02', 'mail 1', NULL, -1), (1, '2025-12-30', 'mail 1', '2026-01-01', 0.2), (2, '2025-12-30', 'mail 1', '2025-12-29', 0.2);
SELECT lives_ok($$SELECT crm_attach_campaigns('shop.mailings', customer_id => 'who', sent_at => 'sent', variant => 'variant', converted_at => 'converted',
	cost => 'price', control => 'nothing', sales_days => 45, margin => 0.4)$$, 'campaigns are attached');
SELECT is((SELECT rows_left_out FROM crm.attachments WHERE kind = 'campaigns'), 4::bigint, 'rows that say nothing are left out');
CREATE TEMPORARY TABLE contact AS
SELECT m.who, m.variant::text AS variant, m.variant <> 'nothing' AS treated, coalesce(m.converted BETWEEN m.sent::date AND '2025-12-31', false) AS converted, m.price,
	m.sent::date - (SELECT max(d.day) FROM day d WHERE d.buyer = m.who AND d.day < m.sent::date AND d.total >= 0) AS silence,
	coalesce((SELECT sum(d.total) FROM day d WHERE d.buyer = m.who AND d.day >= m.sent::date AND d.day < m.sent::date + 45), 0) AS sales
FROM shop.mailings m WHERE m.sent < '2026-01-01' AND m.variant IS NOT NULL AND m.who IS NOT NULL AND coalesce(m.price, 0) >= 0;
SELECT results_eq('SELECT customer_id, variant, is_control, converted, days_of_silence, sales, cost FROM crm.campaign_contacts ORDER BY 1, 2, 3, 4, 5, 6',
	'SELECT who, variant, NOT treated, converted, silence, sales, price FROM contact ORDER BY 1, 2, 3, 4, 5, 6', 'campaign_contacts: silence before and sales after, in plain SQL');
SELECT results_eq('SELECT variant, contacts, customers, converted, sales, sales_per_contact, cost, round(conversion_rate::numeric, 9) FROM crm.campaigns ORDER BY 1',
	$$SELECT variant, count(*), count(DISTINCT who), count(*) FILTER (WHERE converted), sum(sales), round(avg(sales), 4), sum(price), round(avg(converted::int), 9)
	FROM contact GROUP BY 1 ORDER BY 1$$, 'campaigns: what each variant did');
SELECT results_eq('SELECT variant, round(difference::numeric, 9), round(lift::numeric, 9), round(extra_sales::numeric, 9), round(extra_value::numeric, 6), round(campaign_roi::numeric, 6) FROM crm.campaigns WHERE NOT is_control',
	$$WITH v AS (SELECT variant, avg(converted::int) AS rate, avg(sales) AS sales, count(*) AS n, sum(price) AS cost FROM contact GROUP BY 1)
	SELECT v.variant, round(v.rate - c.rate, 9), round((v.rate - c.rate) / c.rate, 9), round(v.sales - c.sales, 9), round(0.4 * (v.sales - c.sales) * v.n, 6),
		round((0.4 * (v.sales - c.sales) * v.n - v.cost) / v.cost, 6)
	FROM v, v c WHERE c.variant = 'nothing' AND v.variant <> 'nothing' ORDER BY 1$$, 'campaigns: against the control group');
SELECT results_eq('SELECT variant, lower95, upper95, p_value, extra_sales_lower95, extra_sales_upper95 FROM crm.campaigns WHERE NOT is_control',
	$$SELECT v, (r).lower95, (r).upper95, (r).p_value, (m).lower95, (m).upper95 FROM unnest('{mail 1,mail 2}'::text[]) v, LATERAL
	(SELECT uplift(treated, converted) AS r, uplift(treated, sales::float8) AS m FROM contact WHERE variant IN (v, 'nothing')) u$$, 'with the limits of uplift');
SELECT is((SELECT (is_control, difference, campaign_roi)::text FROM crm.campaigns WHERE variant = 'nothing'), '(t,,)', 'the control group is compared with nothing');
SELECT results_eq('SELECT variant, silence, contacts, converted FROM crm.campaign_silence ORDER BY 1, 2',
	$$SELECT variant, coalesce((ARRAY['1-30 days', '31-90 days', '91-180 days', '181-365 days', 'more than 365 days'])[width_bucket(silence, '{1,31,91,181,366}')], 'no purchase before'),
		count(*), count(*) FILTER (WHERE converted) FROM contact GROUP BY 1, 2 ORDER BY 1, 2$$, 'campaign_silence: response by days of silence');
SELECT is((SELECT count(DISTINCT silence) FROM crm.campaign_silence), 6::bigint, 'all of them');
SELECT crm_attach_campaigns('shop.mailings', 'who', 'sent', 'variant', 'converted', control => 'nobody');
SELECT is((SELECT count(*) || ' ' || count(difference) || ' ' || count(cost) || ' ' || count(campaign_roi) FROM crm.campaigns), '3 0 0 0', 'without a control group there is no uplift, without costs no return');
SELECT alike(failure($$SELECT crm_attach_campaigns('shop.mailings', 'who', 'sent', 'variant', 'converted', sales_days => 0)$$), '22023 | sales_days must be between 1 and 3650, not 0%', 'sales_days 0');

-- win_back: whether the silence is unusual, and until when to act
SELECT results_eq('SELECT customer_id, round(silence_probability::numeric, 9), act_by FROM crm.win_back ORDER BY 1',
	$$WITH d AS (SELECT DISTINCT buyer, day FROM day WHERE total >= 0), gap AS (SELECT buyer, day, day - lag(day) OVER (PARTITION BY buyer ORDER BY day) AS gap FROM d),
		every AS (SELECT avg(gap) AS gap FROM gap), own AS (SELECT buyer, date '2025-12-31' - max(day) AS g, array_agg(gap) FILTER (WHERE gap > 0) AS gaps FROM gap GROUP BY buyer)
	SELECT buyer, round((2 * exp(-g / every.gap) + (SELECT count(*) FROM unnest(gaps) x WHERE x > g)) / (2 + coalesce(cardinality(gaps), 0)), 9),
		c.last_purchase + CASE stage WHEN 'at_risk' THEN 179 ELSE 364 END
	FROM own, every, crm.customers c WHERE c.customer_id = buyer AND stage IN ('at_risk', 'dormant') AND purchases > 0 ORDER BY 1$$,
	'win_back: silence_probability and act_by in plain SQL');

-- Interactions: two customers by hand, many against plain SQL ------------------------------------

CREATE TABLE shop.talks (who int, at timestamptz, way text, place text, kind text);
INSERT INTO shop.talks VALUES
	(1, '2025-12-01 09:00+01', 'outbound', 'mail', 'offer'), (1, '2025-12-02 10:00+01', ' Inbound', 'chat', 'question'), (1, '2025-12-02 12:00+01', 'outbound', 'chat', 'answer'),
	(1, '2025-12-20 10:30+01', 'inbound', 'chat', NULL), (1, '2025-12-21 10:30+01', 'OUTBOUND', 'mail', NULL), (1, '2025-12-22 23:30+00', 'outbound', 'mail', NULL),
	(1, '2026-01-02 00:00+01', 'inbound', 'phone', NULL),
	(5001, '2025-11-01 08:00+01', 'inbound', 'phone', NULL),
	(2, '2025-12-02', 'sideways', 'mail', NULL), (NULL, '2025-12-02', 'inbound', 'mail', NULL), (2, NULL, 'inbound', 'mail', NULL);
SELECT lives_ok($$SELECT crm_attach_interactions('shop.talks', customer_id => 'who', at => 'at', direction => 'way', channel => 'place', kind => 'kind', pressure_limit => 3)$$,
	'interactions are attached');
SELECT is((SELECT rows_left_out FROM crm.attachments WHERE kind = 'interactions'), 3::bigint, 'rows that say nothing are left out');
-- Of the outbound contacts those of 12-01 and 12-02 are 14 days old on 12-31; only the first got one back in 14 days.
SELECT results_eq($$SELECT customer_id, contacts, inbound, outbound, last_inbound, last_outbound, response_rate, round(reciprocity::numeric, 6), median_reply_time,
		contact_pressure, is_contacted_too_often, preferred_channel, best_hour FROM crm.engagement WHERE customer_id IN (1, 2, 5001) ORDER BY 1$$,
	$$VALUES (1, 6::bigint, 2::bigint, 4::bigint, date '2025-12-20', date '2025-12-23', 0.5::float8, round(2 / 6.0, 6), interval '13 hours', 3, false, 'chat', 10),
		(2, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, 0, false, NULL, NULL),
		(5001, 1, 1, 0, '2025-11-01', NULL, NULL, 1, NULL, 0, false, 'phone', 8)$$, 'engagement: by hand');
SELECT is((SELECT round(engagement_score::numeric, 9) FROM crm.engagement WHERE customer_id = 1), round((0.5 ^ (11 / 30.0) + 0.5 ^ (29 / 30.0))::numeric, 9), 'engagement_score: by hand');
SELECT is((SELECT relationship_level FROM crm.engagement WHERE customer_id = 5001), 'basic', 'a level without purchases');
SELECT results_eq('SELECT channel, customers, inbound, outbound, preferred_by FROM crm.channels', $$VALUES ('chat', 1::bigint, 2::bigint, 1::bigint, 1::bigint), ('mail', 1, 0, 3, 0), ('phone', 1, 1, 0, 1)$$, 'channels: by hand');
TRUNCATE shop.talks;
INSERT INTO shop.talks SELECT i % 410 + 1, timestamptz '2025-01-01 00:30+01' + i * 7919 % 8700 * interval '1 hour', CASE WHEN i * 31 % 5 < 2 THEN 'inbound' ELSE 'outbound' END,
	(ARRAY['mail', 'chat', 'phone'])[1 + i * 17 % 3] FROM generate_series(1, 6000) i;
CREATE TEMPORARY TABLE talk AS SELECT *, (at AT TIME ZONE 'Europe/Berlin')::date AS day FROM shop.talks;
SELECT results_eq('SELECT customer_id, inbound, outbound, last_inbound, last_outbound, contact_pressure, is_contacted_too_often, preferred_channel FROM crm.engagement WHERE contacts > 0 ORDER BY 1',
	$$SELECT who, count(*) FILTER (WHERE way = 'inbound'), count(*) FILTER (WHERE way = 'outbound'), max(day) FILTER (WHERE way = 'inbound'), max(day) FILTER (WHERE way = 'outbound'),
		(count(*) FILTER (WHERE way = 'outbound' AND day > date '2025-12-31' - 30))::int, count(*) FILTER (WHERE way = 'outbound' AND day > date '2025-12-31' - 30) > 3,
		(SELECT place FROM talk c WHERE c.who = t.who AND way = 'inbound' GROUP BY place ORDER BY count(*) DESC, max(at) DESC LIMIT 1)
	FROM talk t GROUP BY who ORDER BY 1$$, 'engagement: of many, in plain SQL');
SELECT results_eq($$SELECT customer_id, response_rate, median_reply_time, engagement_score, best_hour, relationship_level FROM crm.engagement WHERE contacts > 0 ORDER BY 1$$,
	$$SELECT who, response_rate(e, '14 days', '2025-12-31'), median_reply_time(e), engagement_score(e, '30 days', '2025-12-31'), best_hour(e),
		relationship_level(e, as_of(h.history, '2025-12-31'), '2025-12-31')
	FROM (SELECT who, engagement_agg(at, way, place, kind, 'Europe/Berlin') AS e FROM shop.talks GROUP BY who) t LEFT JOIN crm.customer_history h ON h.customer_id = who ORDER BY 1$$,
	'with the figures of engagement_agg');
SELECT cmp_ok((SELECT count(DISTINCT relationship_level) || ' ' || count(DISTINCT is_contacted_too_often) FROM crm.engagement), '>=', '3 2', 'which differ');
SELECT is((SELECT count(*) FROM crm.engagement), (SELECT count(*) FROM (SELECT customer_id FROM crm.customers WHERE purchases > 0 UNION SELECT who FROM shop.talks) u), 'everybody is there');
SELECT results_eq('SELECT channel, preferred_by, mean_spend FROM crm.channels ORDER BY 1',
	$$SELECT preferred_channel, count(*), round(sum(spend) / count(*), 4) FROM crm.engagement LEFT JOIN bare_customers USING (customer_id) WHERE preferred_channel IS NOT NULL GROUP BY 1 ORDER BY 1$$, 'channels: by preference');
SELECT alike(failure($$SELECT crm_attach_interactions('shop.talks', 'who', 'at', 'way', pressure_days => 0)$$), '22023 | %0%', 'pressure_days 0');
SELECT alike(failure($$SELECT crm_attach_interactions('shop.talks', 'who', 'at', 'way', half_life => '0')$$), '22023 | %', 'a half-life of nothing');
SELECT alike(failure($$SELECT crm_attach_interactions('shop.talks', 'who', 'at', 'way', pressure_limit => -1)$$), '22023 | pressure_limit must not be negative, not -1%', 'a negative limit');

-- Events: a funnel by hand ------------------------------------------------------------------------

CREATE TABLE shop.visits (who int, at timestamptz, what text, source text);
INSERT INTO shop.visits VALUES
	(1, '2025-01-01', 'awareness', 'ad'), (1, '2025-01-05', 'consideration', 'mail'), (1, '2025-01-30', 'decision', NULL),
	(2, '2025-01-01', 'awareness', 'ad'), (2, '2025-02-15', 'consideration', NULL),           -- too late
	(3, '2025-01-01', 'decision', NULL), (3, '2025-01-02', 'awareness', 'mail'),              -- in another order
	(4, '2025-01-01', 'consideration', 'ad'),                                                 -- never at the first step
	(5, '2025-01-01', 'awareness', NULL), (5, '2025-01-02', 'looking around', 'mail'), (5, '2025-01-03', 'consideration', 'ad'),
	(6, '2026-01-01', 'awareness', 'ad'), (NULL, '2025-01-01', 'awareness', 'ad'), (7, '2025-01-01', NULL, 'ad');
SELECT lives_ok($$SELECT crm_attach_events('shop.visits', customer_id => 'who', at => 'at', step => 'what', channel => 'source')$$, 'events are attached');
SELECT results_eq('SELECT channel, step, step_name, leads, conversion_rate, step_rate FROM crm.funnel',
	$$VALUES ('ad', 1, 'awareness', 2::bigint, 1::float8, NULL::float8), ('ad', 2, 'consideration', 1, 0.5, 0.5), ('ad', 3, 'decision', 1, 0.5, 1),
		('mail', 1, 'awareness', 2, 1, NULL), ('mail', 2, 'consideration', 1, 0.5, 0.5), ('mail', 3, 'decision', 0, 0, 0)$$, 'funnel: by hand');
SELECT crm_attach_events('shop.visits', 'who', 'at', 'what', steps => '{awareness,decision}', event_window => '1 year');
SELECT results_eq('SELECT channel, step_name, leads FROM crm.funnel', $$VALUES (NULL, 'awareness', 4::bigint), (NULL, 'decision', 1)$$, 'own steps, without channels');
SELECT is(failure($$SELECT crm_attach_events('shop.visits', 'who', 'at', 'what', steps => '{a,a}')$$),
	'22023 | steps must be 1 to 32 different names, not {a,a} | They are the values of the step column, in order: {awareness,consideration,decision}.', 'steps that repeat');
SELECT alike(failure($$SELECT crm_attach_events('shop.visits', 'who', 'at', 'what', event_window => '-1 day')$$), '22023 | %', 'a negative window');

-- Products against plain SQL --------------------------------------------------------------------

CREATE TABLE shop.lines AS
SELECT order_id, product_id % 40 AS product, buyer FROM shop.orders WHERE product_id IS NOT NULL
UNION ALL SELECT order_id, (product_id * 7 + order_id)::int % 40, buyer FROM shop.orders WHERE product_id IS NOT NULL
UNION ALL SELECT order_id, 99, buyer FROM shop.orders WHERE order_id % 4 = 0 AND product_id IS NOT NULL;
INSERT INTO shop.lines VALUES (NULL, 1, 1), (1, NULL, 1);
SELECT lives_ok($$SELECT crm_attach_products('shop.lines', basket_id => 'order_id', product_id => 'product', customer_id => 'buyer', how_many => 3, min_count => 2)$$, 'products are attached');
SELECT is((SELECT rows_left_out FROM crm.attachments WHERE kind = 'products'), 2::bigint, 'rows that say nothing are left out');
CREATE TEMPORARY TABLE line AS SELECT DISTINCT order_id, product::bigint AS product FROM shop.lines WHERE order_id IS NOT NULL AND product IS NOT NULL;
SELECT results_eq('SELECT product_id, other_product_id, together, product_count, other_count, baskets, round(support::numeric, 9), round(confidence::numeric, 9), round(lift::numeric, 6) FROM crm.affinity ORDER BY 1, 2',
	$$WITH n AS (SELECT product, count(*) AS n FROM line GROUP BY 1), b AS (SELECT count(DISTINCT order_id) AS b FROM line)
	SELECT x.product, y.product, count(*), n.n, m.n, b, round(count(*)::numeric / b, 9), round(count(*)::numeric / n.n, 9), round(count(*)::numeric * b / n.n / m.n, 6)
	FROM line x JOIN line y USING (order_id) JOIN n ON n.product = x.product JOIN n m ON m.product = y.product, b
	WHERE x.product <> y.product GROUP BY 1, 2, n.n, m.n, b HAVING count(*) >= 2 ORDER BY 1, 2$$, 'affinity: the self-join');
SELECT results_eq('SELECT customer_id, position, product_id, score, because_of FROM crm.next_products ORDER BY 1, 2',
	$$SELECT buyer, (n).position, (n).product, (n).score, (n).because_of FROM (SELECT affinity_agg(order_id, product::bigint) AS c FROM shop.lines) a,
		(SELECT buyer, array_agg(DISTINCT product::bigint) AS bought FROM shop.lines WHERE order_id IS NOT NULL AND product IS NOT NULL GROUP BY buyer) b, next_products(c, bought, 3) n ORDER BY 1, 2$$, 'next_products: as for one customer');
SELECT is((SELECT count(*) FROM crm.next_products n JOIN shop.lines l ON l.buyer = n.customer_id AND l.product = n.product_id AND l.order_id IS NOT NULL), 0::bigint, 'never one already bought');
SELECT cmp_ok((SELECT count(DISTINCT customer_id) FROM crm.next_products), '>', 350::bigint, 'of nearly everybody');
SELECT results_eq('SELECT DISTINCT customer_id, spend_trend FROM crm.next_products ORDER BY 1', $$SELECT customer_id, spend_trend(history, '2025-12-31') FROM crm.customer_history
	WHERE customer_id IN (SELECT customer_id FROM crm.next_products) ORDER BY 1$$, 'with the trend of what each spends');
INSERT INTO shop.lines SELECT 900000 + customer_id, product_id, customer_id FROM crm.next_products WHERE position = 1 AND customer_id = 7;
SELECT is((SELECT array_agg(position ORDER BY position) FROM crm.next_products WHERE customer_id = 7), '{2,3}', 'bought since: not proposed any more');
CREATE TEMPORARY TABLE counted AS SELECT computed_at FROM crm.stored_products;
SELECT crm_refresh(refit => false);
SELECT is((SELECT s.computed_at = c.computed_at FROM crm.stored_products s, counted c), true, 'a refresh that fits no models leaves them');
SELECT crm_refresh(refit => true);
SELECT is((SELECT array_agg(position ORDER BY position) FROM crm.next_products WHERE customer_id = 7), '{1,2,3}', 'one that does computes them anew');
SELECT crm_attach_products('shop.lines', 'order_id', 'product');
SELECT is((SELECT count(*) || ' ' || (SELECT count(*) > 0 FROM crm.affinity) FROM crm.next_products), '0 true', 'without customers: affinity alone');
CREATE VIEW shop.named AS SELECT 'basket ' || order_id AS basket, 'product ' || product AS product, buyer FROM shop.lines;
SELECT lives_ok($$SELECT crm_attach_products('shop.named', 'basket', 'product', 'buyer')$$, 'products of another type');
SELECT is((SELECT pg_typeof(product_id)::text || (product_id ~ '^product \d+$') FROM crm.affinity LIMIT 1), 'texttrue', 'have their type in the views');
SELECT alike(failure($$SELECT crm_attach_products('shop.lines', 'order_id', 'product', how_many => 0)$$), '22023 | how_many must be between 1 and 1000, not 0%', 'how_many 0');
SELECT alike(failure($$SELECT crm_attach_products('shop.lines', 'order', 'product')$$), '42703 | column "order" of relation "shop.lines" does not exist%', 'an unknown basket');

-- What all have in common -------------------------------------------------------------------

\set all_objects 'SELECT c.oid, c.relname, c.relkind FROM pg_class c WHERE c.relnamespace = ''crm''::regnamespace AND c.relkind IN (''r'', ''v'')'
SELECT is(ARRAY(SELECT c.relname || '.' || a.attname FROM (:all_objects) c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE a.attnum > 0 AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)),
	'{}'::text[], 'every view and table has comments, and every column');
SELECT is(ARRAY(SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, NULL) FROM (:all_objects) c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
	WHERE c.relkind = 'v' AND a.attnum > 0 AND (t.typnamespace <> 'pg_catalog'::regnamespace OR t.typname = 'name')),
	'{}'::text[], 'views have columns of built-in types only');
SELECT is((SELECT count(*) FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee <> relowner)),
	0::bigint, 'nothing is granted');

-- What is refused

SELECT is(failure($$SELECT crm_attach_subscriptions('shop.plans', 'custmer', 'from', 'until', 'monthly')$$),
	'42703 | column "custmer" of relation "shop.plans" does not exist | Columns that could be meant: customer, "from", until, monthly.', 'an unknown column');
SELECT is(failure($$SELECT crm_attach_subscriptions('shop.plans', 'customer', 'monthly', 'until', 'monthly')$$),
	'42804 | column "monthly" of relation "shop.plans" has type double precision, which cannot be a time | Columns that could be meant: "from", until.', 'a time that is none');
SELECT is(failure($$SELECT crm_attach_subscriptions('shop.plans', 'customer', 'from', 'until', 'until')$$),
	'42804 | column "until" of relation "shop.plans" has type date, which cannot be an amount of money | Columns that could be meant: customer, monthly.', 'an amount that is none');
SELECT is(failure($$SELECT crm_attach_subscriptions('shop.plans', 'monthly', 'from', 'until', 'monthly')$$),
	'42804 | column "monthly" of relation "shop.plans" has type double precision, where workspace "crm" has ids of type integer | Attach a view that casts it: CREATE VIEW ... AS SELECT monthly::integer AS monthly, ... FROM shop.plans.',
	'ids of another type');
SELECT is(failure($$SELECT crm_attach_subscriptions('shop.plans', 'customer', NULL, 'until', 'monthly')$$), '22004 | started must not be null', 'a column that must be there');
SELECT is(failure($$SELECT crm_attach_subscriptions(NULL, 'customer', 'from', 'until', 'monthly')$$), '22004 | subscriptions must not be null', 'no source');
SELECT alike(failure($$SELECT crm_attach_subscriptions('shop.plans', 'customer', 'from', 'until', 'monthly', 'nowhere')$$), '55000 | there is no workspace "nowhere" | Workspaces: crm.', 'no such workspace');
SELECT alike(failure($$SELECT crm_attach_subscriptions('shop.orders_buyer_idx', 'customer', 'from', 'until', 'monthly')$$), '42809%', 'an index');
CREATE SCHEMA own;
SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', workspace => 'own', fill => false);
CREATE TABLE own.subscribers ();
SELECT is(failure($$SELECT crm_attach_subscriptions('shop.plans', 'customer', 'from', 'until', 'monthly', 'own')$$),
	'42P07 | workspace "own" has relations or types of the names that attached subscriptions need: subscribers | Rename them, or move them to another schema.', 'a namesake of a view');
SELECT is((SELECT count(*) FROM own.attachments), 0::bigint, 'and nothing was attached');
DROP TABLE own.subscribers;
SELECT lives_ok($$SELECT crm_attach_subscriptions('shop.plans', 'customer', 'from', 'until', 'monthly', 'own')$$, 'without it, it is');
SELECT is((SELECT customers || ' ' || customers_subscribed FROM own.kpis), '0 5', 'a workspace not filled yet has subscribers as of today');

-- A source that is gone

DROP VIEW shop.on_customers;
ALTER TABLE shop.contracts RENAME TO agreements;
SELECT lives_ok('SELECT crm_refresh()', 'a source renamed');
SELECT is((SELECT source FROM crm.attachments WHERE kind = 'subscriptions'), 'shop.agreements', 'is followed');
SELECT throws_ok('DROP TABLE shop.agreements', '2BP01', NULL, 'a source cannot be dropped under its views');
DROP TABLE shop.agreements CASCADE;
SELECT hasnt_view('crm'::name, 'customers'::name, 'unless they are dropped with it');
SELECT lives_ok('SELECT crm_refresh()', 'a refresh without the source');
SELECT results_eq('SELECT * FROM crm.customers ORDER BY 1', 'SELECT * FROM bare_customers ORDER BY 1', 'brings back the views that it had extended');
SELECT results_eq('SELECT * FROM crm.kpis', 'TABLE bare_kpis', 'both');
SELECT is((SELECT source FROM crm.attachments WHERE kind = 'subscriptions'), NULL, 'attachments shows what is missing');
SELECT lives_ok($$SELECT crm_attach_subscriptions('shop.plans', 'customer', 'from', 'until', 'monthly')$$, 'another can be attached');
SELECT is((SELECT customers_subscribed FROM crm.kpis), 5::bigint, 'with all views');

SELECT lives_ok($$SELECT crm_detach('own')$$, 'detach');
SELECT lives_ok($$SELECT crm_detach()$$, 'both');
SELECT is((SELECT count(*) FROM pg_namespace WHERE nspname = 'crm') || ' ' || (SELECT count(*) FROM pg_class WHERE relnamespace = 'own'::regnamespace), '0 0', 'leaves nothing');
SELECT is((SELECT count(*) FROM pg_depend d WHERE refobjid = 'shop.plans'::regclass AND deptype = 'n'), 0::bigint, 'and the source as it was');

SELECT * FROM finish();
ROLLBACK;
