-- Everything that can be attached, for the report: subscriptions to workspace crm over 2,000 made-up
-- customers, which must be there; the rest to workspace shop. Names are markup, some are missing.
CREATE TABLE plans AS
SELECT i AS customer, date '2023-06-01' + i * 7 % 900 AS started, CASE WHEN i % 3 = 0 THEN date '2024-06-01' + i * 11 % 700 END AS ended, 5 + i % 4 * 5 AS mrr
FROM generate_series(1, 2080, 8) AS i;
SELECT crm_attach_subscriptions('plans', 'customer', 'started', 'ended', 'mrr');
CREATE TABLE shop AS SELECT order_id, customer_id, purchased_at, amount, product_id, CASE channel WHEN 'web' THEN '<b>web</b>' WHEN 'phone' THEN NULL ELSE channel END AS channel FROM crm_sample_purchases(2000);
SELECT crm_attach('shop', 'customer_id', 'purchased_at', 'amount', workspace => 'shop', as_of => '2025-12-20');
CREATE TABLE costs AS
SELECT m, c AS channel, CASE c WHEN 'app' THEN 2400 WHEN 'poster' THEN 50 ELSE 900 END AS spend, 'acquisition' AS purpose
FROM generate_series(date '2025-01-01', '2025-10-01', '1 month') AS m, unnest('{<b>web</b>,app,poster}'::text[]) AS c
UNION ALL SELECT '2025-03-01', NULL, 700, 'retention';
SELECT crm_attach_costs('costs', 'm', 'spend', 'channel', 'purpose', 'channel', margin => 0.4, workspace => 'shop');
CREATE TABLE visits AS
SELECT i AS lead, timestamptz '2025-01-01' + (i % 300 + 9 * n) * interval '1 day' AS at, step, (ARRAY['<b>web</b>', 'app', NULL])[1 + i % 3] AS channel
FROM generate_series(1, 900) AS i, unnest('{awareness,<i>visit</i>,decision}'::text[]) WITH ORDINALITY AS s(step, n) WHERE i * 7919 % 10 >= n * (1 + i % 3);
SELECT crm_attach_events('visits', 'lead', 'at', 'step', 'channel', steps => '{awareness,<i>visit</i>,decision}', workspace => 'shop');
CREATE TABLE mailings AS
SELECT i AS customer, date '2025-09-01' AS sent_at, (ARRAY['nobody', '<i>letter</i>', 'coupon'])[1 + i * 7919 % 3] AS variant,
	CASE WHEN i * 31 % 100 < 4 + 7 * (i * 7919 % 3) THEN date '2025-09-10' END AS converted_at, CASE WHEN i * 7919 % 3 > 0 THEN 0.8 END AS cost
FROM generate_series(1, 900) AS i;
SELECT crm_attach_campaigns('mailings', 'customer', 'sent_at', 'variant', 'converted_at', 'cost', control => 'nobody', margin => 0.4, workspace => 'shop');
CREATE TABLE talks AS
SELECT r % 2010 + 1 AS customer, timestamptz '2025-03-01 08:00' + r / 2010 % 7000 * interval '1 hour' AS at,
	CASE WHEN r / 7 % 5 < 2 THEN 'inbound' ELSE 'outbound' END AS direction, (ARRAY['<i>chat</i>', 'phone', NULL])[1 + r / 11 % 3] AS channel
FROM (SELECT i * 48271::bigint * 48271 % 2147483647 AS r FROM generate_series(1, 20000) AS i) AS x;
SELECT crm_attach_interactions('talks', 'customer', 'at', 'direction', 'channel', pressure_days => 60, pressure_limit => 1, workspace => 'shop');
CREATE TABLE invitations AS SELECT i AS lead, CASE WHEN i % 4 > 0 THEN 1 + i / 3 % 60 * 40 END AS invited_by FROM generate_series(70, 2200) AS i;
SELECT crm_attach_referrals('invitations', 'lead', 'invited_by', workspace => 'shop');
CREATE TABLE lines AS
SELECT order_id, '<jam> ' || product_id AS product, customer_id FROM shop
UNION SELECT order_id, '<jam> ' || product_id / 2 * 2 + 1, customer_id FROM shop WHERE order_id % 3 = 0;
SELECT crm_attach_products('lines', 'order_id', 'product', 'customer_id', workspace => 'shop');
