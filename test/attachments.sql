-- What all attachments of a workspace have in common: comments, rights, what is refused, a source that is gone.
BEGIN;
SELECT no_plan();
\ir include/attachments.sql

SELECT is((SELECT count(*) FROM crm.attachments), 0::bigint, 'nothing is attached');

CREATE TABLE shop.plans (customer smallint, "from" timestamptz, until date, monthly float8);
INSERT INTO shop.plans VALUES (1, '2024-01-01 00:00+01', NULL, 10), (2, '2024-02-01', '2025-01-01', 20), (3, '2025-12-10', NULL, 7),
	(4, '2025-01-01', '2026-01-15', 3), (5, '2025-06-01', 'infinity', 4), (1002, '2024-05-01', NULL, 2), (1003, '2026-01-05', NULL, 100);
CREATE TABLE shop.contracts AS SELECT i AS customer, date '2023-01-15' + i * 7 AS started, NULL::date AS ended, i % 11 * 2.5 AS mrr FROM generate_series(1, 50) i;
CREATE TABLE shop.marketing AS SELECT date '2024-01-01' AS month, 'web' AS channel, 100 AS spend;
CREATE TABLE shop.mailings AS SELECT i AS who, date '2025-06-01' AS sent, CASE WHEN i % 2 = 0 THEN 'control' ELSE 'letter' END AS variant, NULL::date AS converted FROM generate_series(1, 20) i;
CREATE TABLE shop.talks AS SELECT i AS who, timestamptz '2025-06-01' AS at, 'inbound' AS way FROM generate_series(1, 20) i;
CREATE TABLE shop.visits AS SELECT i AS who, timestamptz '2025-06-01' AS at, 'awareness' AS step FROM generate_series(1, 20) i;
CREATE TABLE shop.invitations AS SELECT i AS lead, i / 3 AS by FROM generate_series(3, 20) i;
SELECT crm_attach_subscriptions('shop.contracts', 'customer', 'started', 'ended', 'mrr');
SELECT crm_attach_costs('shop.marketing', 'month', 'spend', 'channel', customer_channel => 'channel');
SELECT crm_attach_campaigns('shop.mailings', 'who', 'sent', 'variant', 'converted');
SELECT crm_attach_interactions('shop.talks', 'who', 'at', 'way');
SELECT crm_attach_events('shop.visits', 'who', 'at', 'step');
SELECT crm_attach_referrals('shop.invitations', 'lead', 'by');
SELECT crm_attach_products('shop.orders', 'order_id', 'product_id', 'buyer');
SELECT is(ARRAY(SELECT kind FROM crm.attachments ORDER BY 1), '{campaigns,channels,costs,events,interactions,products,referrals,subscriptions}', 'everything is');

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
