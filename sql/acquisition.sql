--
-- acquisition: what a user sees
--
SELECT customer, funnel_agg('7 days', at, step)
FROM (VALUES ('Ann', timestamptz '2024-05-01 10:00+00', 1), ('Ann', '2024-05-03 10:00+00', 2), ('Ann', '2024-05-08 10:00+00', 3),
	('Bob', '2024-05-01 10:00+00', 1), ('Bob', '2024-05-09 10:00+00', 2), ('Cem', '2024-05-01 10:00+00', 2)) v(customer, at, step)
GROUP BY customer ORDER BY customer;
SELECT funnel_agg('-7 days', now(), 1);
SELECT funnel_agg('7 days', now(), 0);
SELECT cac(spend => 50000, new_customers => 250), ltv_to_cac(clv => 600, cac => 200), campaign_roi(extra_value => 150, cost => 100);
SELECT acquisition_to_retention_cost(50000, 100, 10000, 100), round(profit_gain(.80, .10)::numeric, 6), payback_periods(100, 40, .5, 0);
SELECT cac(-1, 10);
SELECT profit_gain(80, .1);
SELECT profit_gain(.80, .1, 5);
SELECT profit_gain(.80, .1, .25);
SELECT profit_gain(.80, -.19, .05);
