-- Simulated purchases: what a user sees first.
SET TimeZone = 'UTC';
SELECT * FROM crm_sample_purchases() LIMIT 5;
SELECT count(*) AS orders, count(DISTINCT customer_id) AS customers,
	   min(purchased_at)::date AS first, max(purchased_at)::date AS last
FROM crm_sample_purchases();
SELECT * FROM crm_sample_purchases(customers => 2, seed => 7, first => '2024-02-01', last => '2024-04-30');

-- Nothing asked, nothing given.
SELECT count(*) FROM crm_sample_purchases(0);
SELECT count(*) FROM crm_sample_purchases(NULL);
SELECT count(*) FROM crm_sample_purchases(10, NULL);
SELECT count(*) FROM crm_sample_purchases(10, 1, NULL);

-- One per call gives the same rows.
SELECT (crm_sample_purchases(3, 5)).* LIMIT 4;

-- Bad input.
SELECT * FROM crm_sample_purchases(-1);
SELECT * FROM crm_sample_purchases(20000000);
SELECT * FROM crm_sample_purchases(10, 1, '2024-01-02', '2024-01-01');
SELECT * FROM crm_sample_purchases(10, 1, '-infinity');
SELECT * FROM crm_sample_purchases(10, 1, '2024-01-01', 'infinity');
SELECT * FROM crm_sample_purchases(10, 1, '1900-01-01', '2024-01-01');
SELECT * FROM crm_sample_purchases(10, 1, '300000-01-01', '300000-12-31');
