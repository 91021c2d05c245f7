-- A workspace "crm" over a made-up shop, pinned to 2025-12-31, for the tests of attachments; what
-- fails, as text; the workspace as it is without attachments, and the purchases by day.
SET LOCAL client_min_messages = error;
SET LOCAL jit = off;

\ir failure.sql

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
CREATE TEMPORARY TABLE day AS  -- purchases by day, as of the workspace's date
SELECT buyer, (at AT TIME ZONE 'Europe/Berlin')::date AS day, at, channel, total FROM shop.orders WHERE at < '2026-01-01 00:00+01';
