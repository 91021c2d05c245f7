-- The demonstration's ground: one history per customer, whatever the type of the ids.
SELECT format_type(atttypid, atttypmod) AS id_type
FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'customer_id' \gset

CREATE TABLE customer_history (customer_id, history) AS
SELECT customer_id, history
FROM histories_of('SELECT customer_id, purchased_at, amount FROM orders', NULL:::id_type);
ANALYZE customer_history;
