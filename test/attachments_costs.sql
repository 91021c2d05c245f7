-- Attached costs: acquisition and payback against plain SQL on the orders.
BEGIN;
SELECT no_plan();
\ir include/attachments.sql

CREATE TABLE shop.marketing (month date, channel text, spend numeric(9, 2), purpose text);
INSERT INTO shop.marketing
SELECT m::date + 4, c, 40 + 7 * length(c) + extract(month FROM m), 'acquisition' FROM generate_series(date '2024-01-01', '2025-06-01', '1 month') m, unnest('{web,store,radio}'::text[]) c;
INSERT INTO shop.marketing SELECT m, NULL, 33, NULL FROM generate_series(date '2024-01-01', '2025-06-01', '1 month') m;
INSERT INTO shop.marketing VALUES ('2024-05-01', NULL, 60, 'Retention '), ('2024-06-01', 'web', 25, 'retention'),
	('2024-05-01', 'web', 9, 'brand'), ('2024-05-01', 'web', -1, NULL), ('2024-05-01', 'web', NULL, NULL), (NULL, 'web', 1, NULL), ('2026-01-01', 'web', 1000, NULL);
SELECT lives_ok($$SELECT crm_attach_costs('shop.marketing', period => 'month', spend => 'spend', channel => 'channel', purpose => 'purpose',
	customer_channel => 'channel', margin => 0.4)$$, 'costs are attached');
SELECT results_eq($$SELECT rows_seen, rows_left_out FROM crm.attachments WHERE kind = 'costs'$$, 'VALUES (79::bigint, 4::bigint)', 'rows that say nothing are left out');

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

SELECT * FROM finish();
ROLLBACK;
