-- Attached campaigns, and win_back, against plain SQL.
BEGIN;
SELECT no_plan();
\ir include/attachments.sql

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

SELECT * FROM finish();
ROLLBACK;
