-- Retention: what a psql session shows.
SELECT crr(1000, 1050, 200), churn_rate(1000, 230);
SELECT crr(0, 1, 1);
SELECT crr(100, 10, 11);
SELECT churn_rate(100, 101);
SELECT crr(100, 'NaN', 11);

CREATE TEMP TABLE customers (name text, h purchase_history);
INSERT INTO customers VALUES
	('stays', '2024-02-10, 2024-03-10'),
	('leaves', '2024-02-10'),
	('comes', '2024-03-20'),
	('returns', '2023-06-01, 2024-03-05'),
	('unknown', NULL);
SELECT crr(h, '[2024-03-01,2024-04-01)', 30), churn_rate(h, '[2024-03-01,2024-04-01)', 30)
FROM customers;
SELECT crr(active_spans(h, 30), '[2024-03-01,2024-04-01)') FROM customers;
SELECT crr(was, is_now), churn_rate(was, is_now)
FROM (VALUES (true, true), (true, false), (false, true), (NULL, true)) v(was, is_now);

SELECT crr(h, '[2024-03-01,2024-04-01)', NULL) FROM customers;
SELECT crr(h, 'empty', 30) FROM customers;
SELECT crr(h, '[2024-03-01,)', 30) FROM customers;
SELECT crr(h, '[2024-03-01,2024-04-01)', length(name)) FROM customers;
