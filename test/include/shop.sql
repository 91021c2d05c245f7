-- A shop over generated purchases, for shop_attach.sql. Under a path without look-alikes.
CREATE SCHEMA shop;
CREATE TABLE shop.orders AS
SELECT s.order_id, s.customer_id::pg_catalog.int4 AS buyer, s.purchased_at AS at, s.amount AS total, s.product_id, s.channel
FROM crm_sample_purchases(300) AS s;
CREATE INDEX ON shop.orders (buyer);
CREATE TABLE shop.plans AS
SELECT i::pg_catalog.int4 AS customer, pg_catalog.make_date(2024, 1 + i % 12, 1) AS started,
	CASE WHEN i % 3 > 0 THEN pg_catalog.make_date(2025, 1 + i % 7, 1) END AS ended, (5 + i % 4)::pg_catalog.numeric AS mrr
FROM pg_catalog.generate_series(1, 100) AS i;
CREATE TABLE shop.marketing AS
SELECT pg_catalog.make_date(2023 + i / 12, 1 + i % 12, 1) AS month, c.channel, (100 + i)::pg_catalog.numeric AS spend
FROM pg_catalog.generate_series(0, 35) AS i, (SELECT DISTINCT channel FROM shop.orders) AS c;
CREATE TABLE shop.mailings AS
SELECT i::pg_catalog.int4 AS who, pg_catalog.make_date(2025, 6, 1 + i % 20) AS sent, CASE WHEN i % 2 = 0 THEN 'letter' ELSE 'control' END AS variant,
	CASE WHEN i % 5 = 0 THEN pg_catalog.make_date(2025, 7, 1) END AS converted
FROM pg_catalog.generate_series(1, 200) AS i;
CREATE TABLE shop.talks AS
SELECT (1 + i % 150)::pg_catalog.int4 AS who, pg_catalog.make_timestamptz(2025, 1 + i % 12, 1 + i % 28, i % 24, 0, 0, 'UTC') AS at,
	CASE WHEN i % 3 = 0 THEN 'inbound' ELSE 'outbound' END AS way, CASE WHEN i % 2 = 0 THEN 'email' ELSE 'phone' END AS channel
FROM pg_catalog.generate_series(1, 900) AS i;
CREATE TABLE shop.invitations AS
SELECT i::pg_catalog.int4 AS who, (i / 3)::pg_catalog.int4 AS friend_of FROM pg_catalog.generate_series(3, 250) AS i;
