-- Recurring revenue: what a psql session shows.
CREATE TEMP TABLE subscriptions (customer int, valid daterange, mrr numeric);
INSERT INTO subscriptions VALUES
	(1, '[2024-01-10,2024-04-10)', 30), (1, '[2024-02-20,)', 20),
	(2, '[2023-11-01,2024-02-15)', 50), (2, '[2024-04-03,)', 40), (3, '[2024-01-01,2024-06-01)', 0);
SELECT customer, subscription_agg(valid, mrr) FROM subscriptions GROUP BY customer ORDER BY customer;
\x on
SELECT * FROM unnest((SELECT mrr_agg(s, '{2024-02-01,2024-03-01,2024-05-01}')
	FROM (SELECT subscription_agg(valid, mrr) AS s FROM subscriptions GROUP BY customer) c));
\x off
SELECT subscription_agg('[2024-01-01,)', -5);
SELECT subscription_agg('[2024-01-01,)', NULL);
SELECT '2024-01-01:5, 2023-01-01:7'::subscription_history;
