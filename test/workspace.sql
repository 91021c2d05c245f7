-- Workspaces: what can be attached, what is refused, that every refresh is exact, whose rights
-- count. Exact means: customer_history is what GROUP BY over the source gives.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT no_plan();

-- Histories in the workspace that GROUP BY does not give, and the other way round.
CREATE FUNCTION difference(workspace text, query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM (SELECT customer_id::text, history::text FROM %I.customer_history) AS h
		FULL JOIN (%s) AS q(customer_id, history) ON q.customer_id::text = h.customer_id
		WHERE (h.history = q.history::text) IS NOT TRUE', workspace, query) INTO n;
	RETURN n;
END
$$;
\ir include/failure.sql

CREATE SCHEMA shop;
CREATE TABLE shop.orders (id int PRIMARY KEY, buyer int, created_at timestamptz, total numeric(10,2), note text);
INSERT INTO shop.orders
SELECT i, (i * 7919) % 200 + 1, timestamptz '2024-01-01 12:00+00' + (i * 104729 % 700) * interval '13 hours', (i * 31 % 5000) / 100.0
FROM generate_series(1, 2000) AS i;
INSERT INTO shop.orders VALUES (3001, NULL, '2024-05-01', 5), (3002, 1, NULL, 5), (3003, NULL, NULL, 5), (3004, 2, '2024-05-02', NULL),
	(3005, 900, '2024-05-02', -5);
CREATE FUNCTION orders_histories() RETURNS text LANGUAGE sql AS $$
	SELECT $q$SELECT buyer, history_agg(created_at, total, 'Europe/Berlin') FROM shop.orders
		WHERE buyer IS NOT NULL GROUP BY buyer HAVING history_agg(created_at, total, 'Europe/Berlin') IS NOT NULL$q$
$$;

-- Attach, as the documentation does it

SELECT lives_ok($$SELECT crm_attach('shop.orders', customer_id => 'buyer', purchased_at => 'created_at',
	amount => 'total', as_of => '2025-06-30')$$, 'a table is attached');
SELECT is(difference('crm', orders_histories()), 0::bigint, 'its histories are those of GROUP BY');
SELECT is((SELECT (rows_seen, rows_without_customer, rows_without_time, customers, capture, source)::text FROM crm.status),
	'(2005,2,1,201,statement,shop.orders)', 'status counts what was left out');

-- What is there: columns, comments, types

SELECT is(ARRAY(
	SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
		AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)),
	'{}'::text[], 'every view and table of a workspace has comments, and every column');
SELECT is(ARRAY(
	SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, NULL)
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
	WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v' AND a.attnum > 0
		AND (t.typnamespace <> 'pg_catalog'::regnamespace OR t.typname = 'name')),
	'{}'::text[], 'views have columns of built-in types only');
SELECT is((SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'crm.customer_history'::regclass AND attnum > 0),
	'customer_id history', 'customer_history has two columns');
SELECT is((SELECT (a.attstattarget = 0 AND c.reloptions = '{fillfactor=90}')
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE c.oid = 'crm.customer_history'::regclass AND a.attname = 'history'), true, 'no statistics of histories, fillfactor 90');
SELECT col_is_pk('crm', 'customer_history', 'customer_id', 'the customer''s id is the primary key');
SELECT is((SELECT count(*) FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relacl IS NOT NULL), 0::bigint, 'no table or view is granted');
SELECT is(ARRAY(SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'crm'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')),
	'{}'::regprocedure[], 'no function is granted');

-- The views against plain SQL

SELECT results_eq($$SELECT customer_id, first_purchase, last_purchase, purchases, spend FROM crm.customers WHERE purchases > 0 ORDER BY customer_id$$,
	$$SELECT buyer, min(day), max(day), count(*)::int, s.spend FROM (SELECT buyer, (created_at AT TIME ZONE 'Europe/Berlin')::date AS day
		FROM shop.orders WHERE created_at < '2025-07-01 00:00+02' AND buyer <> 900) o
		JOIN LATERAL (SELECT coalesce(sum(total), 0) AS spend FROM shop.orders a WHERE a.buyer = o.buyer AND a.created_at < '2025-07-01 00:00+02') s ON true
	GROUP BY buyer, s.spend ORDER BY buyer$$, 'customers: plain figures');
SELECT results_eq($$SELECT customer_id, r * 100 + f * 10 + m, rfm_segment, stage, days_since_last FROM crm.customers ORDER BY 1$$,
	$$WITH h AS (SELECT buyer, history_agg(created_at, total, 'Europe/Berlin') AS h FROM shop.orders WHERE buyer IS NOT NULL GROUP BY buyer),
		c AS (SELECT rfm_cuts_agg(h, date '2025-06-30') AS cuts FROM h)
	SELECT buyer, rfm_score(cuts, h, date '2025-06-30'), rfm_segment(rfm_score(cuts, h, date '2025-06-30')),
		lifecycle_stage(h, date '2025-06-30')::text, date '2025-06-30' - last_purchase(as_of(h, date '2025-06-30'))
	FROM h, c WHERE as_of(h, '2025-06-30') <> '' ORDER BY 1$$, 'customers: scores, segments and stages');
SELECT results_eq($$SELECT as_of, customers, active_customers, acquired_30d, round(repeat_rate::numeric, 6), revenue_12m, average_purchase,
		round(repeat_revenue_share::numeric, 6), round(top_20_revenue_share::numeric, 6) FROM crm.kpis$$,
	$$WITH o AS (SELECT buyer, (created_at AT TIME ZONE 'Europe/Berlin')::date AS day, coalesce(total, 0) AS total FROM shop.orders
			WHERE buyer IS NOT NULL AND created_at < '2025-07-01 00:00+02'),
		c AS (SELECT buyer, min(day) AS first, max(day) AS last, count(DISTINCT day) AS days FROM o WHERE total >= 0 GROUP BY buyer)
	SELECT date '2025-06-30', count(*), count(*) FILTER (WHERE last > date '2025-06-30' - 90), count(*) FILTER (WHERE first > date '2025-06-30' - 30),
		round(100.0 * count(*) FILTER (WHERE days >= 2) / count(*), 6), (SELECT sum(total) FROM o WHERE day > '2024-06-30'),
		(SELECT round(sum(total) / count(*) FILTER (WHERE total >= 0), 4) FROM o),
		(SELECT round(100 * sum(total) FILTER (WHERE day > first) / (SELECT sum(total) FROM o), 6) FROM o JOIN c USING (buyer)),
		(SELECT round(100 * sum(spend) FILTER (WHERE n <= ceil(0.2 * m)) / sum(spend), 6) FROM (SELECT sum(total) AS spend,
			row_number() OVER (ORDER BY sum(total) DESC) AS n, count(*) OVER () AS m FROM o JOIN c USING (buyer) GROUP BY buyer) ranked)
	FROM c$$, 'kpis');
SELECT results_eq($$SELECT crr_12m, churn_rate_12m FROM crm.kpis$$,
	$$SELECT crr(history, daterange('2024-07-01', '2025-07-01'), 90), churn_rate(history, daterange('2024-07-01', '2025-07-01'), 90)
	FROM crm.customer_history$$, 'kpis: retention of the last 12 months');
SELECT results_eq($$SELECT p.* FROM crm.retention_monthly p$$,
	$$SELECT p.* FROM (SELECT retention_agg(history, periods('2024-01-01', '2025-06-30', interval '1 month'), 90, date '2025-06-30') AS r
		FROM crm.customer_history) a, unnest(r) p$$, 'retention_monthly is retention_agg by calendar months');
SELECT results_eq($$SELECT count(*), min(period_start), max(period_end), bool_and(extract(isodow FROM period_start) = 1) FROM crm.retention_weekly$$,
	$$VALUES (79::bigint, date '2024-01-01', date '2025-07-07', true)$$, 'retention_weekly: Mondays, until the pinned date');
SELECT results_eq($$SELECT period_start FROM crm.retention_quarterly$$,
	$$SELECT d::date FROM generate_series(timestamp '2024-01-01', '2025-04-01', '3 months') d$$, 'retention_quarterly');
SELECT results_eq($$SELECT period_start, complete FROM crm.retention_yearly$$,
	$$VALUES (date '2024-01-01', true), ('2025-01-01', false)$$, 'retention_yearly, the second year incomplete');
SELECT results_eq($$SELECT c.* FROM crm.cohorts_monthly c$$,
	$$SELECT c.* FROM (SELECT cohort_agg(history, periods('2024-01-01', '2025-06-30', interval '1 month'), 'bounded', date '2025-06-30') AS r
		FROM crm.customer_history) a, unnest(r) c$$, 'cohorts_monthly is cohort_agg by calendar months');
SELECT results_eq($$SELECT step, customers, next FROM crm.ladder WHERE step <= 3$$,
	$$SELECT n, count(*) FILTER (WHERE purchase_days >= n), count(*) FILTER (WHERE purchase_days > n)
	FROM crm.customers, generate_series(1, 3) n GROUP BY n ORDER BY n$$, 'ladder: customers step by step');
SELECT results_eq($$SELECT r.* FROM crm.retention('1 month', '2024-03-01', '2024-05-31', 60) r$$,
	$$SELECT p.* FROM (SELECT retention_agg(history, '{2024-03-01,2024-04-01,2024-05-01,2024-06-01}', 60, date '2025-06-30') AS r
		FROM crm.customer_history) a, unnest(r) p$$, 'retention(): own step, dates and active days');
SELECT results_eq($$SELECT segment, customers, revenue FROM crm.segments ORDER BY segment$$,
	$$SELECT rfm_segment, count(*), sum(spend) FROM crm.customers WHERE rfm_score IS NOT NULL GROUP BY 1 ORDER BY 1$$, 'segments add up customers');
SELECT results_eq($$SELECT stage, customers, revenue FROM crm.stages ORDER BY stage$$,
	$$SELECT stage, count(*), sum(spend) FROM crm.customers GROUP BY 1 ORDER BY 1$$, 'stages add up customers');
SELECT is((SELECT round(sum(customer_share)::numeric, 9) || ' ' || round(sum(revenue_share)::numeric, 9) || ' ' || count(action) FROM crm.segments),
	'100.000000000 100.000000000 ' || (SELECT count(*) FROM crm.segments), 'shares add up to 100, each segment has an action');
SELECT results_eq($$SELECT customer_id, stage, turns_dormant_on FROM crm.win_back ORDER BY 1$$,
	$$SELECT customer_id, stage, last_purchase + 180 FROM crm.customers WHERE stage IN ('at_risk', 'dormant') ORDER BY 1$$, 'win_back: who');
SELECT ok((SELECT bool_and(value_at_stake <= before) FROM (SELECT value_at_stake, lag(value_at_stake) OVER () AS before FROM crm.win_back) w WHERE before IS NOT NULL),
	'win_back: most value at stake first');
SELECT results_eq($$SELECT value_at_stake FROM crm.win_back ORDER BY customer_id$$,
	$$SELECT sum(o.total) FROM crm.win_back w JOIN shop.orders o ON o.buyer = w.customer_id
		AND (o.created_at AT TIME ZONE 'Europe/Berlin')::date BETWEEN w.last_purchase - 364 AND '2025-06-30'
	GROUP BY w.customer_id ORDER BY w.customer_id$$, 'win_back: net money of the last active year');

SELECT results_eq($$SELECT customer_id, p_alive, expected_purchases_12m, expected_spend, clv_12m FROM crm.customers ORDER BY 1$$,
	$$WITH h AS (SELECT buyer, history_agg(created_at, total, 'Europe/Berlin') AS h FROM shop.orders WHERE buyer IS NOT NULL GROUP BY buyer),
		m AS (SELECT btyd_fit('mbg/nbd', h, date '2025-06-30') AS b, gamma_gamma_fit(h, date '2025-06-30') AS s FROM h)
	SELECT buyer, p_alive(b, h, date '2025-06-30'), expected_purchases(b, 365 / 7.0::float8, h, date '2025-06-30'),
		expected_spend(s, frequency(h, date '2025-06-30'), monetary(h, date '2025-06-30')), clv(b, s, h, date '2025-06-30')
	FROM h, m WHERE as_of(h, '2025-06-30') <> '' ORDER BY 1$$, 'customers: what the fitted models expect');
SELECT results_eq($$SELECT clv_12m_total, clv_12m_mean FROM crm.kpis$$,
	$$SELECT sum(round(clv_12m::numeric, 4)), round(sum(round(clv_12m::numeric, 4)) / count(first_purchase), 4) FROM crm.customers$$, 'kpis: their value');
SELECT results_eq($$SELECT segment, mean_clv_12m FROM crm.segments ORDER BY 1$$,
	$$SELECT rfm_segment, round(sum(round(clv_12m::numeric, 4)) / count(*), 4) FROM crm.customers WHERE rfm_score IS NOT NULL GROUP BY 1 ORDER BY 1$$, 'segments: mean value');
SELECT results_eq($$SELECT stage, mean_clv_12m FROM crm.stages ORDER BY 1$$,
	$$SELECT stage, round(sum(round(clv_12m::numeric, 4)) / count(*), 4) FROM crm.customers GROUP BY 1 ORDER BY 1$$, 'stages: mean value');
SELECT results_eq($$SELECT model, family, customers FROM crm.models ORDER BY 1$$,
	$$VALUES ('purchases', 'mbg/nbd', 200::bigint), ('spend', 'gamma-gamma', (SELECT count(*) FROM crm.customers WHERE purchase_days > 1))$$, 'models');

-- Refresh is exact after anything

INSERT INTO shop.orders VALUES (4001, 1, '2025-06-29', 12.34), (4002, 5000, '2025-06-29', 1), (4003, NULL, '2025-06-29', 1);
INSERT INTO shop.orders VALUES (4004, 3, '2023-12-31 23:30+01', 7);
UPDATE shop.orders SET total = total + 1 WHERE id % 50 = 0;
UPDATE shop.orders SET buyer = buyer + 1 WHERE id % 70 = 0;
UPDATE shop.orders SET buyer = NULL WHERE id = 33;
UPDATE shop.orders SET created_at = NULL WHERE id = 34;
DELETE FROM shop.orders WHERE id % 90 = 0 OR buyer = 12;
SELECT crm_refresh();
SELECT is(difference('crm', orders_histories()), 0::bigint, 'inserts, back-dated rows, updates, changed ids, deletes: exact');
SELECT is((SELECT (last_kind, rows_seen, rows_without_customer, rows_without_time)::text FROM crm.status),
	(SELECT ('incremental', count(*), count(*) - count(buyer), count(buyer) FILTER (WHERE created_at IS NULL))::text FROM shop.orders),
	'it was incremental, and the counts of rows are still right');
SELECT is((SELECT first_day FROM crm.workspace_state), date '2023-12-31', 'the first day follows a back-dated row');
INSERT INTO shop.orders VALUES (3004, 1, '2025-06-29', 1) ON CONFLICT (id) DO UPDATE SET buyer = 77;
MERGE INTO shop.orders o USING (VALUES (3005, 78), (6000, 79)) AS v(id, buyer) ON o.id = v.id
	WHEN MATCHED THEN UPDATE SET buyer = v.buyer WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.buyer, '2025-01-01', 9);
SELECT crm_refresh();
SELECT is(difference('crm', orders_histories()), 0::bigint, 'ON CONFLICT DO UPDATE and MERGE: exact');
SELECT is((SELECT (kind, customers_changed, customers_removed)::text FROM crm.refresh_log ORDER BY id DESC LIMIT 1), '(incremental,4,1)',
	'the log says what was written');
SELECT crm_refresh();
SELECT is((SELECT (kind, customers_changed, customers_removed)::text FROM crm.refresh_log ORDER BY id DESC LIMIT 1), '(incremental,0,0)',
	'nothing changed, nothing written');
CREATE TEMPORARY TABLE versions AS SELECT ctid AS place, customer_id FROM crm.customer_history;
SELECT crm_refresh(full => true);
SELECT is_empty($$SELECT v.place FROM versions v FULL JOIN crm.customer_history h ON h.ctid = v.place AND h.customer_id = v.customer_id
	WHERE v.place IS NULL OR h.ctid IS NULL$$, 'a rebuild writes no row that is right already');
SELECT is((SELECT reason FROM crm.refresh_log ORDER BY id DESC LIMIT 1), 'asked for', 'and says why it was one');
SELECT is((SELECT array_agg(refitted ORDER BY id) FROM crm.refresh_log), '{t,t,f,f,f}', 'models are fitted anew past 5 percent of changed customers');
CREATE TEMPORARY TABLE fitted AS SELECT fitted_at, purchase_model FROM crm.workspace_state;
UPDATE shop.orders SET total = total + 1 WHERE buyer = 40;
SELECT crm_refresh(refit => false);
SELECT is((SELECT w.fitted_at = f.fitted_at AND changed_since_fit > 0 FROM crm.workspace_state w, fitted f), true, 'refit => false: the models stay');
SELECT crm_refresh(refit => true);
SELECT is((SELECT w.fitted_at > f.fitted_at AND changed_since_fit = 0 FROM crm.workspace_state w, fitted f), true, 'refit => true: they do not');
UPDATE crm.workspace_state SET fitted_at = now() - interval '25 hours';
SELECT crm_refresh();
SELECT is((SELECT fitted_at > now() - interval '1 hour' FROM crm.workspace_state), true, 'after a day they are fitted anew');
UPDATE shop.orders SET note = 'x', total = total * 2;
SELECT crm_refresh();
SELECT is(difference('crm', orders_histories()), 0::bigint, 'everything changed: exact');

-- The source changes its shape

ALTER TABLE shop.orders ALTER total TYPE double precision;
SELECT crm_refresh();
SELECT is((SELECT reason FROM crm.refresh_log ORDER BY id DESC LIMIT 1), 'the source or its triggers changed', 'another type of amount: rebuilt');
SELECT is(difference('crm', orders_histories()), 0::bigint, 'and exact');
ALTER TABLE shop.orders ALTER created_at TYPE timestamp USING created_at AT TIME ZONE 'Europe/Berlin';
INSERT INTO shop.orders VALUES (7000, 1, '2025-06-30 23:59', 1);
SELECT crm_refresh();
SELECT is(difference('crm', replace(orders_histories(), ', ''Europe/Berlin''', '')), 0::bigint, 'another type of time: exact');
ALTER TABLE shop.orders ALTER created_at TYPE timestamptz USING created_at AT TIME ZONE 'Europe/Berlin';
ALTER TABLE shop.orders DISABLE TRIGGER USER;
DELETE FROM shop.orders WHERE buyer = 20;
SELECT crm_refresh();
SELECT is(difference('crm', orders_histories()), 0::bigint, 'triggers switched off: a rebuild, exact');
DELETE FROM shop.orders WHERE buyer = 21;
SELECT crm_refresh();
SELECT is(difference('crm', orders_histories()), 0::bigint, 'still off: again');
SELECT is((SELECT reason FROM crm.refresh_log ORDER BY id DESC LIMIT 1), 'a trigger is missing or disabled', 'for that reason');
ALTER TABLE shop.orders ENABLE TRIGGER USER;
SELECT crm_refresh();
SELECT crm_refresh();
SELECT is((SELECT kind FROM crm.refresh_log ORDER BY id DESC LIMIT 1), 'incremental', 'on again: incremental again');
SELECT tgname AS delete_trigger FROM pg_trigger WHERE tgrelid = 'shop.orders'::regclass AND tgname LIKE 'capture\_delete\_%' \gset
DROP TRIGGER :"delete_trigger" ON shop.orders;
DELETE FROM shop.orders WHERE buyer = 22;
SELECT crm_refresh();
SELECT is(difference('crm', orders_histories()), 0::bigint, 'a trigger dropped: exact');
ALTER TABLE shop.orders RENAME TO purchases;
ALTER SCHEMA shop RENAME TO store;
SELECT crm_refresh();
SELECT is((SELECT source FROM crm.status), 'store.purchases', 'a renamed source is followed');
ALTER SCHEMA store RENAME TO shop;
ALTER TABLE shop.purchases RENAME TO orders;
ALTER TABLE shop.orders RENAME buyer TO "The Buyer";
INSERT INTO shop.orders VALUES (7001, 1, '2025-06-30 23:59', 1);
SELECT is(failure('SELECT crm_refresh()'), '42703 | column "buyer" of relation "shop.orders" does not exist | Columns that could be meant: id, "The Buyer", created_at, total, note.',
	'a renamed column stops no writer, and refresh says what is missing');
ALTER TABLE shop.orders RENAME "The Buyer" TO buyer;
SELECT crm_refresh();
SELECT is(difference('crm', orders_histories()), 0::bigint, 'renamed back: exact, with what was written meanwhile');
CREATE TABLE shop.old_orders () INHERITS (shop.orders);
INSERT INTO shop.old_orders VALUES (7002, 23, '2025-06-30', 1);
SELECT crm_refresh();
SELECT is(difference('crm', orders_histories()), 0::bigint, 'a child table added later: exact');
DROP TABLE shop.old_orders;
TRUNCATE shop.orders;
INSERT INTO shop.orders VALUES (1, 1, '2025-06-30', 5);
SELECT crm_refresh();
SELECT is(difference('crm', orders_histories()), 0::bigint, 'TRUNCATE: exact');

-- Renaming the workspace or the extension's schema

ALTER SCHEMA crm RENAME TO "my CRM";
INSERT INTO shop.orders VALUES (2, 2, '2025-06-30', 5);
SELECT crm_refresh('my CRM');
INSERT INTO shop.orders VALUES (3, 3, '2025-06-30', 5);
SELECT crm_refresh('my CRM');
SELECT is(difference('my CRM', orders_histories()), 0::bigint, 'a renamed workspace is refreshed');
SELECT is((SELECT count(*) FROM "my CRM".customers), 3::bigint, 'its views answer');
CREATE SCHEMA elsewhere;
ALTER EXTENSION crm_ext SET SCHEMA elsewhere;
INSERT INTO shop.orders VALUES (4, 4, '2025-06-30', 5);
SELECT elsewhere.crm_refresh('my CRM');
SELECT is((SELECT count(*) FROM "my CRM".customers), 4::bigint, 'after ALTER EXTENSION SET SCHEMA too');
ALTER EXTENSION crm_ext SET SCHEMA public;
SELECT is((SELECT count(*) FROM "my CRM".win_back), 0::bigint, 'and back');

-- Detach leaves nothing

CREATE VIEW public.of_mine AS SELECT customer_id FROM "my CRM".customers;
SELECT alike(failure($$SELECT crm_detach('my CRM')$$), '2BP01%', 'detach refuses while a view of somebody''s depends on it');
DROP VIEW of_mine;
SELECT crm_detach('my CRM');
SELECT is((SELECT count(*) FROM pg_namespace WHERE nspname IN ('crm', 'my CRM')), 0::bigint, 'no schema is left');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'shop.orders'::regclass AND NOT tgisinternal), 0::bigint, 'no trigger is left');
INSERT INTO shop.orders VALUES (5, 5, '2025-06-30', 5);
SELECT is(failure($$SELECT crm_refresh('my CRM')$$), '55000 | there is no workspace "my CRM" | crm_attach creates one; crm_discover() proposes how.', 'refresh says so');

-- Every kind of source

INSERT INTO shop.orders SELECT i, i % 20, '2025-01-01'::timestamptz + i * interval '1 day', i FROM generate_series(10, 400) i;
CREATE VIEW shop.orders_view AS SELECT * FROM shop.orders;
CREATE MATERIALIZED VIEW shop.orders_matview AS SELECT * FROM shop.orders;
SELECT crm_attach('shop.orders_view', 'buyer', 'created_at', 'total', workspace => 'w_view');
SELECT crm_attach('shop.orders_matview', 'buyer', 'created_at', 'total', workspace => 'w_matview');
SELECT is((SELECT v.capture || ' ' || m.capture FROM w_view.status v, w_matview.status m), 'none none', 'views capture nothing');
DELETE FROM shop.orders WHERE buyer = 3;
SELECT crm_refresh('w_view');
SELECT crm_refresh('w_matview');
SELECT is(difference('w_view', orders_histories()), 0::bigint, 'a view: exact');
SELECT is(difference('w_matview', replace(orders_histories(), 'shop.orders', 'shop.orders_matview')), 0::bigint, 'a materialized view: what it holds');
REFRESH MATERIALIZED VIEW shop.orders_matview;
SELECT crm_refresh('w_matview');
SELECT is(difference('w_matview', orders_histories()), 0::bigint, 'a refreshed materialized view: exact');

CREATE TABLE shop.parent (buyer int, created_at date, total int);
CREATE TABLE shop.child () INHERITS (shop.parent);
SELECT crm_attach('shop.parent', 'buyer', 'created_at', 'total', workspace => 'w_parent');
INSERT INTO shop.child SELECT i % 7, date '2025-01-01' + i, i FROM generate_series(1, 50) i;
SELECT crm_refresh('w_parent');
SELECT is((SELECT capture FROM w_parent.status), 'none', 'an inheritance parent captures nothing');
SELECT is(difference('w_parent', 'SELECT buyer, history_agg(created_at, total) FROM shop.parent GROUP BY buyer'), 0::bigint, 'and is exact with its children');
SELECT crm_attach('shop.child', 'buyer', 'created_at', 'total', workspace => 'w_child');
UPDATE shop.parent SET total = 0 WHERE buyer = 3;
DELETE FROM shop.parent WHERE buyer = 4;
SELECT crm_refresh('w_child');
SELECT is((SELECT capture || ' ' || last_kind FROM w_child.status), 'row incremental', 'a child has row triggers, which see what is done to the parent');
SELECT is(difference('w_child', 'SELECT buyer, history_agg(created_at, total) FROM ONLY shop.child GROUP BY buyer'), 0::bigint, 'so it is exact');

CREATE TABLE shop.parted (id int, buyer int, created_at date, total numeric) PARTITION BY RANGE (created_at);
CREATE TABLE shop.parted_24 PARTITION OF shop.parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.parted_25 PARTITION OF shop.parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (buyer);
CREATE TABLE shop.parted_25_0 PARTITION OF shop.parted_25 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shop.parted_25_1 PARTITION OF shop.parted_25 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE FUNCTION parted() RETURNS text LANGUAGE sql RETURN
	'SELECT buyer, history_agg(created_at, total) FROM shop.parted WHERE buyer IS NOT NULL GROUP BY buyer HAVING history_agg(created_at, total) IS NOT NULL';
INSERT INTO shop.parted SELECT i, i % 30, date '2024-01-01' + i, i FROM generate_series(1, 600) i;
SELECT crm_attach('shop.parted', 'buyer', 'created_at', 'total', workspace => 'w_parted');
SELECT is((SELECT capture FROM w_parted.status), 'row', 'a partitioned table has row triggers');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgenabled = 'A' AND tgtype & 1 = 1 AND tgrelid IN (SELECT relid FROM pg_partition_tree('shop.parted'))), 5::bigint, 'on each partition, enabled always');
INSERT INTO shop.parted_24 VALUES (1001, 1, '2024-07-01', 3);
UPDATE shop.parted_24 SET total = total + 1 WHERE id = 5;
DELETE FROM shop.parted_25_1 WHERE id % 4 = 0;
UPDATE shop.parted SET created_at = created_at + 300 WHERE id = 7;
UPDATE shop.parted SET buyer = NULL WHERE id = 8;
SELECT crm_refresh('w_parted');
SELECT is(difference('w_parted', parted()), 0::bigint, 'DML on partitions, rows that move between them: exact');
SELECT is((SELECT (last_kind, rows_seen, rows_without_customer)::text FROM w_parted.status),
	(SELECT ('incremental', count(*), 1)::text FROM shop.parted), 'incremental');
CREATE TABLE shop.parted_26 PARTITION OF shop.parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
SELECT crm_refresh('w_parted');
INSERT INTO shop.parted VALUES (1002, 9, '2026-07-01', 3);
SELECT crm_refresh('w_parted');
SELECT is((SELECT last_kind FROM w_parted.status), 'incremental', 'a partition created later has its trigger');
SELECT is(difference('w_parted', parted()), 0::bigint, 'and is exact');
ALTER TABLE shop.parted DETACH PARTITION shop.parted_24;
SELECT crm_refresh('w_parted');
SELECT is(difference('w_parted', parted()), 0::bigint, 'a partition detached: exact');
INSERT INTO shop.parted_24 VALUES (1003, 1, '2024-08-01', 3);
ALTER TABLE shop.parted ATTACH PARTITION shop.parted_24 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
SELECT crm_refresh('w_parted');
SELECT is(difference('w_parted', parted()), 0::bigint, 'attached again: exact');
TRUNCATE shop.parted_25;
SELECT crm_refresh('w_parted');
SELECT is(difference('w_parted', parted()), 0::bigint, 'TRUNCATE of one partition: exact');
ALTER TABLE shop.parted_24 DISABLE TRIGGER USER;
DELETE FROM shop.parted_24 WHERE buyer = 3;
SELECT crm_refresh('w_parted');
SELECT is((SELECT last_reason FROM w_parted.status), 'a trigger is missing or disabled', 'triggers of one partition switched off are noticed');
SELECT is(difference('w_parted', parted()), 0::bigint, 'and it is exact');
SELECT crm_attach('shop.parted_25_0', 'buyer', 'created_at', 'total', workspace => 'w_partition');
INSERT INTO shop.parted SELECT 2000 + i, i, '2025-03-01', i FROM generate_series(1, 9) i;
SELECT crm_refresh('w_partition');
SELECT is((SELECT capture || ' ' || last_kind FROM w_partition.status), 'row incremental', 'one partition can be attached');
SELECT is(difference('w_partition', 'SELECT buyer, history_agg(created_at, total) FROM shop.parted_25_0 GROUP BY 1'), 0::bigint, 'and is exact when its parent is written to');

-- Two workspaces over one table, a schema of one's own

CREATE SCHEMA of_my_own;
CREATE TABLE of_my_own.other_things (x int);
CREATE FUNCTION of_my_own.retention(x int) RETURNS int LANGUAGE sql RETURN 7;
SELECT crm_attach('shop.orders', 'buyer', 'created_at', workspace => 'of_my_own', active_days => NULL);
SELECT crm_attach('shop.orders', 'buyer', 'created_at', 'total', workspace => 'w_row', capture => 'row');
SELECT crm_attach('shop.orders', 'buyer', 'created_at', 'total', workspace => 'w_none', capture => 'none');
INSERT INTO shop.orders VALUES (5001, 5001, '2025-01-01', 1);
SELECT crm_refresh(w) FROM unnest('{of_my_own,w_row,w_none}'::name[]) w;
SELECT is((SELECT string_agg(p::regprocedure::text || ' ' || has_function_privilege('pg_monitor', p, 'EXECUTE'), ', ' ORDER BY p::regprocedure::text) FROM pg_proc, LATERAL (SELECT pg_proc.oid AS p) o WHERE pronamespace = 'of_my_own'::regnamespace),
	'of_my_own.capture_changes() false, of_my_own.customers_as_of(date) false, of_my_own.retention(integer) true, of_my_own.retention(interval,date,date,integer) false',
	'functions of a workspace are granted to nobody, others of its schema stay as they were');
SELECT is((SELECT a.last_kind || ' ' || b.last_kind || ' ' || c.last_kind FROM of_my_own.status a, w_row.status b, w_none.status c),
	'incremental incremental full', 'three workspaces over one table, each with its own capture');
SELECT is(difference('w_row', orders_histories()) + difference('w_none', orders_histories()), 0::bigint, 'exact');
SELECT is((SELECT (count(*), count(spend), bool_and(r IS NOT NULL))::text FROM of_my_own.customers), (SELECT (count(*), 0, true)::text FROM w_row.customers), 'without amounts there is no spend');
SELECT is((SELECT count(net_revenue_retention) > 0 AND count(crr) > 0 FROM of_my_own.retention_monthly WHERE customers_at_start > 0), false, 'without amounts no revenue');
SELECT crm_detach('of_my_own');
SELECT is((SELECT string_agg(relname, ',') FROM pg_class WHERE relnamespace = 'of_my_own'::regnamespace), 'other_things', 'detach leaves a schema that was there, and what is in it');
SELECT is((SELECT string_agg(oid::regprocedure::text, ',') FROM pg_proc WHERE pronamespace = 'of_my_own'::regnamespace), 'of_my_own.retention(integer)', 'its functions too');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'shop.orders'::regclass AND NOT tgisinternal), 2::bigint, 'and the triggers of the other workspaces');
TRUNCATE shop.orders;
SELECT crm_refresh('w_row');
SELECT is((SELECT (customers, last_kind)::text FROM w_row.status), '(0,full)', 'TRUNCATE with row triggers');
SELECT is((SELECT (count(*), max(customers), max(revenue_12m))::text FROM w_row.kpis), '(1,0,)', 'an empty workspace has one row of key figures');
SELECT is((SELECT (SELECT count(*) FROM w_row.customers) + (SELECT count(*) FROM w_row.segments) + (SELECT count(*) FROM w_row.stages)
	+ (SELECT count(*) FROM w_row.retention_monthly) + (SELECT count(*) FROM w_row.win_back)), 0::bigint, 'and no other rows');

-- Types of ids, times and amounts; odd names

CREATE DOMAIN shop.money_domain AS numeric CHECK (VALUE > -1000);
CREATE DOMAIN shop.id_domain AS bigint;
CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE shop."Odd ""Table"" %s" (
	i2 smallint, i4 int, i8 bigint, num numeric(12,0), t text, vc varchar(20), c char(10), u uuid, d shop.id_domain, e shop.mood,
	days date, x xid, arr int[], cn text COLLATE "C", "Odd ""Id"" %I" text, "select" date, ts timestamp, tstz timestamptz,
	a2 smallint, a4 int, a8 bigint, an numeric, af4 real, af8 float8, am money, ad shop.money_domain);
INSERT INTO shop."Odd ""Table"" %s"
SELECT k, k, k, k, 'x' || k, 'x' || k, 'x' || k, ('00000000-0000-0000-0000-' || lpad(k::text, 12, '0'))::uuid, k,
	'sad', date '2020-01-01' + k, k::text::xid, ARRAY[k], 'c' || k, 'o' || k, date '2024-01-01' + i, date '2024-01-01' + i,
	date '2024-01-01' + i, i, i, i, i / 100.0, i, i, i::int::money, i
FROM (SELECT i, i % 10 AS k FROM generate_series(1, 100) i) g;
UPDATE shop."Odd ""Table"" %s" SET e = (enum_range(NULL::shop.mood))[1 + i4 % 3];

CREATE FUNCTION attach_and_compare(id text, moment text, amount text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	comparison text := format('SELECT %1$I, history_agg(%2$I%3$s%4$s) FROM shop."Odd ""Table"" %%s" GROUP BY 1', id, moment,
		CASE WHEN amount = 'am' THEN ', am::numeric' ELSE format(', %I', amount) END, CASE moment WHEN 'tstz' THEN ', ''Asia/Tokyo''' ELSE '' END);
	differing bigint[];
BEGIN
	PERFORM crm_attach('shop."Odd ""Table"" %s"', id, moment, amount, workspace => 'w "types" %s', time_zone => 'Asia/Tokyo');
	differing := ARRAY[difference('w "types" %s', comparison)];
	EXECUTE format('UPDATE shop."Odd ""Table"" %%s" SET %I = %I WHERE i4 = 3', moment, moment);
	EXECUTE format('UPDATE shop."Odd ""Table"" %%s" SET %I = (SELECT %I FROM shop."Odd ""Table"" %%s" WHERE i4 = 2 LIMIT 1) WHERE i4 = 4', id, id);
	PERFORM crm_refresh('w "types" %s');
	differing := differing || difference('w "types" %s', comparison);
	differing := differing || (SELECT count(*) - count(stage) FROM "w ""types"" %s".customers);
	PERFORM crm_detach('w "types" %s');
	RETURN differing::text;
END
$$;
SELECT is(attach_and_compare(id, 'tstz', 'an'), '{0,0,0}', 'ids: ' || id)
FROM unnest('{i2,i4,i8,num,t,vc,c,u,d,e,days,x,arr,cn,"Odd \"Id\" %I"}'::text[]) AS id;
SELECT is(attach_and_compare('i4', moment, 'an'), '{0,0,0}', 'times: ' || moment) FROM unnest('{select,ts,tstz}'::text[]) AS moment;
SELECT is(attach_and_compare('i4', 'tstz', amount), '{0,0,0}', 'amounts: ' || amount) FROM unnest('{a2,a4,a8,an,af4,af8,am,ad}'::text[]) AS amount;

-- A type whose equality is not in pg_catalog

CREATE EXTENSION citext SCHEMA elsewhere;
SET LOCAL search_path = public, elsewhere;
CREATE TABLE shop.mails (mail citext, at date, total int);
INSERT INTO shop.mails VALUES ('Ann@x.org', '2024-01-01', 1), ('ann@X.org', '2024-01-02', 2), ('bob@x.org', '2024-01-01', 5);
CREATE INDEX ON shop.mails (mail);
SELECT crm_attach('shop.mails', 'mail', 'at', 'total', workspace => 'w_mails');
SELECT is((SELECT string_agg(spend::text, ',' ORDER BY spend) FROM w_mails.customers), '3.00,5.00', 'citext ids are one customer in any case');
INSERT INTO shop.mails VALUES ('ANN@X.ORG', '2024-02-01', 4), ('carl@x.org', '2024-02-01', 9), ('BOB@x.org', '2024-02-01', 10);
DELETE FROM shop.mails WHERE total = 5;
SELECT crm_refresh('w_mails');
SELECT is((SELECT string_agg(spend::text, ',' ORDER BY spend) FROM w_mails.customers), '7.00,9.00,10.00', 'and after an incremental refresh');
SELECT is((SELECT last_kind FROM w_mails.status), 'incremental', 'which it was');
DELETE FROM shop.mails WHERE mail = 'BOB@X.ORG';
DROP INDEX shop.mails_mail_idx;
SELECT crm_refresh('w_mails');
SELECT is((SELECT string_agg(spend::text, ',' ORDER BY spend) FROM w_mails.customers), '7.00,9.00', 'without an index too');
SET LOCAL search_path = public;

-- Pinned: nothing after the date, and the same figures whatever comes later

CREATE TABLE shop.pinned (buyer int, at date, total int);
INSERT INTO shop.pinned VALUES (1, '2024-01-01', 10), (1, '2024-03-01', 20), (2, '2024-02-01', 5), (3, '2024-07-01', 7);
SELECT crm_attach('shop.pinned', 'buyer', 'at', 'total', workspace => 'w_pinned', as_of => '2024-06-30');
SELECT results_eq($$SELECT customer_id, spend, days_since_last FROM w_pinned.customers ORDER BY 1$$, $$VALUES (1, 30::numeric, 121), (2, 5, 150)$$, 'as of its date');
CREATE TEMPORARY TABLE before AS SELECT (SELECT json_agg(k) FROM w_pinned.kpis k)::text || (SELECT json_agg(r) FROM w_pinned.retention_monthly r)::text
	|| (SELECT json_agg(s) FROM w_pinned.segments s)::text || (SELECT json_agg(c) FROM w_pinned.customers c)::text AS figures;
INSERT INTO shop.pinned VALUES (1, '2024-08-01', 10), (4, '2024-08-01', 10);
SELECT crm_refresh('w_pinned');
SELECT is((SELECT (SELECT json_agg(k) FROM w_pinned.kpis k)::text || (SELECT json_agg(r) FROM w_pinned.retention_monthly r)::text
	|| (SELECT json_agg(s) FROM w_pinned.segments s)::text || (SELECT json_agg(c) FROM w_pinned.customers c)::text), (SELECT figures FROM before), 'the same after later purchases');
SELECT results_eq($$SELECT customer_id, spend, stage FROM w_pinned.customers_as_of('2024-02-15') ORDER BY 1$$,
	$$VALUES (1, 10::numeric, 'new'), (2, 5, 'new')$$, 'customers_as_of a date before');
-- In one that is not pinned, purchases of the future wait for their day
INSERT INTO shop.pinned VALUES (5, current_date + 400, 1), (1, current_date + 400, 1000);
SELECT crm_attach('shop.pinned', 'buyer', 'at', 'total', workspace => 'w_today', time_zone => 'UTC');
SELECT results_eq($$SELECT customer_id, spend FROM w_today.customers ORDER BY 1$$, $$VALUES (1, 40::numeric), (2, 5), (3, 7), (4, 10)$$, 'purchases of the future do not count yet');
SELECT is((SELECT as_of::text || ' ' || customers FROM w_today.kpis), (now() AT TIME ZONE 'UTC')::date || ' 4', 'nor in the key figures');

-- fill => false

SELECT crm_attach('shop.pinned', 'buyer', 'at', 'total', workspace => 'w_later', fill => false);
SELECT is((SELECT (count(*), max(customers))::text FROM w_later.kpis), '(1,0)', 'not filled: empty');
SELECT is((SELECT last_refresh IS NULL AND rows_seen = 0 FROM w_later.status), true, 'and status says so');
SELECT crm_refresh('w_later');
SELECT is(difference('w_later', 'SELECT buyer, history_agg(at, total) FROM shop.pinned GROUP BY buyer'), 0::bigint, 'the first refresh fills it');

-- What is refused, before anything is created

SELECT alike(failure($$SELECT crm_attach('shop.orders', 'byer', 'created_at')$$), '42703 | column "byer" of relation "shop.orders" does not exist | Columns that could be meant: id, buyer, created_at, total, note.', 'an unknown customer_id');
SELECT is(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created')$$), '42703 | column "created" of relation "shop.orders" does not exist | Columns that could be meant: created_at.', 'an unknown purchased_at');
SELECT is(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', 'sum')$$), '42703 | column "sum" of relation "shop.orders" does not exist | Columns that could be meant: id, buyer, total.', 'an unknown amount');
SELECT is(failure($$SELECT crm_attach('shop.orders', 'buyer', 'note')$$), '42804 | column "note" of relation "shop.orders" has type text, which cannot be the time of a purchase | Columns that could be meant: created_at.', 'a time that is none');
SELECT is(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', 'note')$$), '42804 | column "note" of relation "shop.orders" has type text, which cannot be an amount of money | Columns that could be meant: id, buyer, total.', 'an amount that is none');
ALTER TABLE shop.mails ADD place point;
SELECT is(failure($$SELECT crm_attach('shop.mails', 'place', 'at')$$), '42804 | column "place" of relation "shop.mails" has type point, which cannot be a customer''s id: it has no hash operator class | Columns that could be meant: mail, at, total.', 'an id that does not hash');
SELECT alike(failure($$SELECT crm_attach('shop.nowhere', 'buyer', 'created_at')$$), '42P01 | relation "shop.nowhere" does not exist%', 'an unknown relation');
SELECT alike(failure($$SELECT crm_attach('shop.orders_pkey', 'buyer', 'created_at')$$), '42809%', 'an index');
SELECT alike(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', time_zone => 'Mars/Crater')$$), '22023 | time zone "Mars/Crater" not recognized | See pg_timezone_names%', 'an unknown time zone');
SELECT alike(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', active_days => 0)$$), '22023 | active_days must be at least 1, not 0%', 'active_days 0');
SELECT alike(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', as_of => 'infinity')$$), '22008%', 'an infinite date');
SELECT alike(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', capture => 'magic')$$), '22023 | unknown capture mode "magic"%', 'an unknown capture mode');
SELECT is(failure($$SELECT crm_attach('shop.parted', 'buyer', 'created_at', capture => 'statement')$$), '0A000 | capture mode "statement" does not see every change of "shop.parted" | The mode that does is row.', 'statement triggers on a partitioned table');
SELECT alike(failure($$SELECT crm_attach('shop.orders_view', 'buyer', 'created_at', capture => 'row')$$), '0A000%none.', 'triggers on a view');
SELECT alike(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', workspace => 'w_row')$$), '42P06 | workspace "w_row" exists already%', 'a workspace that exists');
CREATE TABLE of_my_own.kpis ();
SELECT is(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', workspace => 'of_my_own')$$),
	'42P07 | schema "of_my_own" has relations of the names that a workspace needs: kpis | Choose another name: workspace => ''...''.', 'a schema with a namesake of a view');
SELECT alike(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', workspace => 'pg_crm')$$), '42939%', 'a reserved name');
SELECT is(failure(format('SELECT %s', call)), '22004 | workspace must not be null', call)
FROM unnest(ARRAY['crm_report(NULL)', 'crm_refresh(NULL)', 'crm_detach(NULL)', $$crm_attach_products('shop.orders', 'id', 'note', workspace => NULL)$$, $$crm_attach_costs('shop.orders', 'created_at', 'total', workspace => NULL)$$]) call;
SELECT is(failure($$SELECT crm_attach(NULL, 'buyer', 'created_at')$$), '22004 | purchases must not be null', 'NULL');
SELECT is(failure($$SELECT crm_attach('shop.orders', 'buyer', NULL)$$), '22004 | purchased_at must not be null', 'a NULL column');
SELECT alike(failure($$SELECT crm_attach('shop.orders', 'buyer', 'created_at', time_zone => NULL)$$), '22004%', 'NULL time zone');
SELECT alike(failure($$SELECT crm_refresh('nowhere')$$), '55000%w_child, w_later%', 'a workspace that does not exist: the hint names those that do');
SELECT is((SELECT count(*) FROM pg_namespace WHERE nspname IN ('crm', 'nowhere', 'pg_crm')), 0::bigint, 'nothing was created');
ALTER TABLE shop.pinned ALTER buyer TYPE bigint;
INSERT INTO shop.pinned VALUES (100000000000, '2024-01-01', 1);
SELECT is(failure($$SELECT crm_refresh('w_today')$$), '42804 | column "buyer" of relation "shop.pinned" has type bigint, where workspace "w_today" has ids of type integer | Views are bound to the type: SELECT crm_detach(''w_today''), then attach again.',
	'another type of id stops no writer, and refresh says what to do');
DROP TABLE shop.pinned;
SELECT alike(failure($$SELECT crm_refresh('w_today')$$), '42P01%', 'a source that is gone');
SELECT is((SELECT source FROM w_today.status), NULL, 'status says so');
SELECT lives_ok($$SELECT crm_detach('w_today')$$, 'its workspace can be detached');

-- What the workspace asks of types and histories, with anything.
SELECT throws_ok(format('SELECT %s(0)', f), '42704', NULL, f || ' of no type') FROM unnest(ARRAY['workspace_base_type', 'workspace_key_hashes', 'workspace_key_sorts']) f;
SELECT is(workspace_key_equality('json'::regtype), NULL, 'json has no equality');
SELECT ok(workspace_repeat_spend('2024-01-01,2024-02-01', '2024-06-01') IS NULL AND workspace_repeat_spend('2024-01-01:1,2024-02-01:2', '2024-06-01') = 2
	AND workspace_spend('2024-01-01') IS NULL, 'spend that is not known');

-- What the views compute in one call: as the public functions do in several, with refunds and days to come.
SELECT setseed(.5);
CREATE TEMP TABLE many AS
SELECT c, history_agg(date '2022-01-01' + floor(random() * (50 + c % 30 * 45))::int, CASE WHEN c % 7 = 0 THEN (random() * 50)::numeric(10,2) - 12 WHEN c % 11 > 0 THEN (random() * 50)::numeric(10,3) END) AS h
FROM generate_series(1, 6000) c, generate_series(1, 1 + c % 9) GROUP BY c
UNION ALL SELECT 0, '' UNION ALL SELECT -1, '2022-01-01*0:-3' UNION ALL SELECT -2, NULL;
CREATE TEMP TABLE cuts AS SELECT rfm_cuts_agg(h, '2024-06-30') AS cuts FROM many;
SELECT is(workspace_cell(k.cuts, m.h, d.refreshed_on, d.today, d.today - 91), CASE WHEN as_of(m.h, d.today) <> '' THEN
	coalesce(rfm_score(k.cuts, as_of(m.h, d.today), d.refreshed_on), 0) * 64 + 8 * array_position(s, lifecycle_stage(as_of(m.h, d.today), d.today)) - 8
	+ array_position(s, lifecycle_stage(m.h, d.today - 91)) - 1 END, format('customer %s as of %s: score and stages in one number', m.c, d.today))
FROM many m, (TABLE cuts UNION ALL SELECT NULL) k, (VALUES (date '2024-06-30', date '2024-06-30'), ('2023-03-01', '2023-03-31'), ('2024-06-30', '2022-02-01')) d(refreshed_on, today),
	enum_range(NULL::customer_stage) s
WHERE workspace_cell(k.cuts, m.h, d.refreshed_on, d.today, d.today - 91) IS DISTINCT FROM CASE WHEN as_of(m.h, d.today) <> '' THEN
	coalesce(rfm_score(k.cuts, as_of(m.h, d.today), d.refreshed_on), 0) * 64 + 8 * array_position(s, lifecycle_stage(as_of(m.h, d.today), d.today)) - 8
	+ array_position(s, lifecycle_stage(m.h, d.today - 91)) - 1 END OR m.c IN (-2, -1, 0, 1, 7) LIMIT 60;
SELECT cmp_ok(count(DISTINCT workspace_cell(k.cuts, m.h, '2024-06-30', '2024-06-30', '2024-03-31')), '>', 300::bigint, 'many of them') FROM many m, cuts k;
SELECT ok(workspace_cell(NULL, '2024-01-01', NULL, '2024-01-01', '2024-01-01') IS NULL AND workspace_cell(NULL, '2024-01-01', '2024-01-01', NULL, '2024-01-01') IS NULL
	AND workspace_cell(NULL, '2024-01-01', '2024-01-01', '2024-01-01', NULL) IS NULL, 'no number without its dates');
SELECT throws_ok($$SELECT workspace_cell(NULL, '2024-01-01', '2024-01-01', 'infinity', '2024-01-01')$$, '22008', NULL, 'nor with an infinite one');
SELECT is(count(*) FILTER (WHERE workspace_value_at_stake(h, d) IS DISTINCT FROM CASE WHEN last_purchase(as_of(h, d)) IS NOT NULL
	THEN spend(slice(h, daterange(last_purchase(as_of(h, d)) - 364, d + 1))) END) || ' of ' || count(*), '0 of 12000', 'value at stake: the spend of the slice')
FROM many, (VALUES (date '2024-06-30'), ('2022-12-31')) v(d) WHERE c > 0;
SELECT is(count(*) FILTER (WHERE workspace_spend(h, d) IS DISTINCT FROM CASE WHEN first_purchase(h) <= d THEN spend(as_of(h, d))::float8 END) || ' of ' || count(*), '0 of 18000', 'spend as of a date, of who has bought')
FROM many, (VALUES (date '2024-06-30'), ('2022-12-31'), ('2022-01-02')) v(d) WHERE c > 0;
SELECT is(count(*) FILTER (WHERE workspace_ticks(h, d) IS DISTINCT FROM (10000 * spend(as_of(h, d)))::bigint) || ' of ' || count(*), '0 of 18006', 'the same in ticks, of everybody')
FROM many, (VALUES (date '2024-06-30'), ('2022-12-31'), ('2022-01-02')) v(d) WHERE c <> 0;
SELECT is(workspace_ticks('', '2024-06-30'), NULL, 'in ticks: nothing');
SELECT throws_ok($$SELECT workspace_ticks('2024-01-01:1', 'infinity')$$, '22008', NULL, 'nor with an infinite date');
SELECT ok(workspace_spend('2024-01-01*0:-3', '2024-06-30') IS NULL AND workspace_spend('', '2024-06-30') IS NULL AND workspace_spend('2024-01-01', '2024-06-30') IS NULL, 'of nobody, and of what is not known: NULL');
SELECT throws_ok($$SELECT workspace_spend('2024-01-01:1', 'infinity')$$, '22008', NULL, 'an infinite date');
SELECT is(workspace_value_at_stake('2024-01-01*0:-3', '2024-06-30'), NULL, 'nothing bought, nothing at stake');
SELECT throws_ok($$SELECT workspace_value_at_stake('2024-01-01:1', 'infinity')$$, '22008', NULL, 'an infinite date');

-- Samples: about one in so many, the same ones each time, ids of any type.
SELECT ok(bool_and(n BETWEEN 700 AND 1300), 'one in ten: ' || string_agg(n::text, ', '))
FROM (SELECT unnest(ARRAY[count(*) FILTER (WHERE workspace_is_sampled(i, 10)), count(*) FILTER (WHERE workspace_is_sampled(i::bigint, 10)), count(*) FILTER (WHERE workspace_is_sampled(i::text, 10)),
	count(*) FILTER (WHERE workspace_is_sampled(i::numeric, 10)), count(*) FILTER (WHERE workspace_is_sampled(md5(i::text)::uuid, 10))]) AS n FROM generate_series(1, 10000) i) s;
SELECT is(array_agg(i) FILTER (WHERE workspace_is_sampled(i, 10)), array_agg(i) FILTER (WHERE hashint4extended(i, 0)::numeric + CASE WHEN hashint4extended(i, 0) < 0 THEN 2 ^ 64::numeric ELSE 0 END IN
	(SELECT n FROM (SELECT hashint4extended(i, 0)::numeric + CASE WHEN hashint4extended(i, 0) < 0 THEN 2 ^ 64::numeric ELSE 0 END AS n) x WHERE n % 10 = 0)), 'by the hash of their type') FROM generate_series(1, 2000) i;
SELECT is(count(*) FILTER (WHERE workspace_is_sampled(i, 1) AND workspace_is_sampled(i, 0) AND workspace_is_sampled(i, -5)), 100::bigint, 'one in one: all') FROM generate_series(1, 100) i;
SELECT ok(workspace_is_sampled(NULL::int, 10) IS NULL AND workspace_is_sampled(1, NULL) IS NULL, 'of NULL: NULL');
SELECT throws_ok($$SELECT workspace_is_sampled(point '(1,1)', 10)$$, '42883', 'type point has no hash function', 'a type that cannot be hashed');
-- A type whose hash function takes no seed.
CREATE TYPE plain_id;
CREATE FUNCTION plain_in(cstring) RETURNS plain_id LANGUAGE internal STRICT IMMUTABLE AS 'int4in';
CREATE FUNCTION plain_out(plain_id) RETURNS cstring LANGUAGE internal STRICT IMMUTABLE AS 'int4out';
CREATE TYPE plain_id (INPUT = plain_in, OUTPUT = plain_out, LIKE = integer);
CREATE FUNCTION plain_eq(plain_id, plain_id) RETURNS boolean LANGUAGE internal STRICT IMMUTABLE AS 'int4eq';
CREATE FUNCTION plain_hash(plain_id) RETURNS integer LANGUAGE internal STRICT IMMUTABLE AS 'hashint4';
CREATE OPERATOR = (LEFTARG = plain_id, RIGHTARG = plain_id, FUNCTION = plain_eq, HASHES);
CREATE OPERATOR CLASS plain_ops DEFAULT FOR TYPE plain_id USING hash AS OPERATOR 1 =, FUNCTION 1 plain_hash(plain_id);
SELECT is(array_agg(i) FILTER (WHERE workspace_is_sampled(i::text::plain_id, 10)), array_agg(i) FILTER (WHERE (hashint4(i)::bigint & 4294967295) % 10 = 0), 'by a hash of 32 bits')
FROM generate_series(1, 1000) i;
CREATE DOMAIN pg_temp.id AS text;
SELECT is(count(*) FILTER (WHERE workspace_is_sampled(i::text::pg_temp.id, 10)), count(*) FILTER (WHERE workspace_is_sampled(i::text, 10)), 'a domain: as its base type') FROM generate_series(1, 1000) i;

SELECT * FROM finish();
ROLLBACK;
