-- The demonstration's ground: a workspace over the orders, as of the last day with one.
SET client_min_messages = error;
SELECT max(purchased_at)::date AS last_day FROM orders \gset
SELECT crm_attach('orders', customer_id => 'customer_id', purchased_at => 'purchased_at', amount => 'amount',
	as_of => date :'last_day') \g /dev/null
SELECT format('ALTER DATABASE %I SET search_path = "$user", public, crm', current_database()) \gexec
