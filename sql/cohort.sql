-- Cohorts and the repeat ladder: what a psql session shows.
CREATE TEMP TABLE customers (h purchase_history);
INSERT INTO customers VALUES
	('2024-01-05:10, 2024-02-10:20, 2024-03-10:3'),
	('2024-01-20:5'),
	('2024-02-27:4, 2024-03-02*0:-1, 2024-03-30:7'),
	(NULL);
SELECT * FROM unnest((SELECT cohort_agg(h, periods('2024-01-01', '2024-04-30', '1 month')) FROM customers));
SELECT cohort, period, active, retention, complete
FROM unnest((SELECT cohort_agg(h, periods('2024-01-01', '2024-04-30', '1 month'), 'unbounded', '2024-03-31') FROM customers));
SELECT * FROM unnest((SELECT ladder_agg(h, '2024-03-31', 4) FROM customers));
SELECT cohort_agg(h, '{2024-01-01,2024-02-01}', 'rolling') FROM customers;
SELECT cohort_agg(h, '{2024-02-01,2024-01-01}') FROM customers;
SELECT cohort_agg(h, '{2024-02-01}') FROM customers;
SELECT ladder_agg(h, '2024-03-31', 0) FROM customers;
