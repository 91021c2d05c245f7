-- The table that bench/run measures on: generated orders in order of time, all pages cached
-- and vacuumed; orders_few has the first 5,000 customers. Commits are waited for: VACUUM takes no
-- page for visible to all whose transaction is not yet on disk.
SET synchronous_commit = on;
CREATE TABLE orders AS
SELECT order_id, customer_id, purchased_at AS ordered_at, amount::numeric(10,2) AS amount
FROM crm_sample_purchases(:customers) LIMIT :rows;
CREATE TABLE orders_few AS SELECT * FROM orders WHERE customer_id <= 5000;
VACUUM (FREEZE, ANALYZE) orders, orders_few;
CREATE TABLE stored AS
SELECT customer_id, history FROM histories_of('SELECT customer_id, ordered_at, amount FROM orders', NULL::bigint, 'Europe/Berlin');
CREATE TABLE customer_columns AS
SELECT customer_id, last_purchase(history) AS last_purchase, purchase_days(history)::bigint AS frequency, spend(history) AS monetary
FROM stored WHERE purchase_days(history) > 0;
VACUUM (FREEZE, ANALYZE) stored, customer_columns;
SELECT count(*), sum(amount) FROM orders;

-- What room workspace writes to: the same orders, with an index on the customer.
SET client_min_messages = warning;
CREATE TABLE orders_live AS SELECT * FROM orders;
CREATE INDEX ON orders_live (customer_id);
VACUUM (FREEZE, ANALYZE) orders_live;
SELECT crm_attach('orders_live', 'customer_id', 'ordered_at', 'amount', workspace => 'live', as_of => '2025-12-31');
VACUUM (ANALYZE) live.customer_history;

-- For room growth: who referred whom, in no order.
CREATE TABLE referrals AS
SELECT id AS referred_id, abs(hashint8extended(id, 1)) % :customers + 1 AS referrer_id, (abs(hashint8extended(id, 2)) % 10000 / 100.0)::float8 AS value,
	timestamptz '2024-01-01' + abs(hashint8extended(id, 3)) % 1000000 * interval '1 minute' AS referred_at
FROM generate_series(1, :customers) AS id ORDER BY hashint8extended(id, 4);
VACUUM (FREEZE, ANALYZE) referrals;

-- 20 lines a basket, of a thousand products, some sold more than others. Two customers share a
-- basket, so that there are as many as lines by ten.
CREATE TABLE order_lines AS
SELECT basket_id, 1 + (1000 * power(abs(hashint8extended(basket_id * 20 + line, 5)) % 1000000 / 1e6::float8, 1.5::float8))::bigint % 1000 AS product_id,
	2 * basket_id - line % 2 AS customer_id
FROM generate_series(1, (:rows / 20)::bigint) AS basket_id, generate_series(1, 20) AS line;
VACUUM (FREEZE, ANALYZE) order_lines;
CREATE TABLE product_counts AS SELECT affinity_agg(basket_id, product_id) AS counts FROM order_lines;
SELECT crm_attach_products('order_lines', 'basket_id', 'product_id', 'customer_id', workspace => 'live');
ANALYZE live.stored_products_rows;

-- What room growth counts: the orders as events of a funnel of four steps.
CREATE TABLE funnel_events AS SELECT customer_id, ordered_at AS at, 1 + (order_id % 4)::int AS step FROM orders;
VACUUM (FREEZE, ANALYZE) funnel_events;
