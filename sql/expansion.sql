--
-- expansion: what a user sees
--
CREATE TEMP TABLE order_lines (order_id bigint, customer_id bigint, product_id bigint);
INSERT INTO order_lines VALUES (1, 7, 10), (1, 7, 20), (2, 8, 10), (2, 8, 20), (2, 8, 20), (3, 9, 10), (4, 9, 30), (5, 9, 40), (5, 9, 30), (6, NULL, NULL);
SELECT affinity_agg(order_id, product_id) FROM order_lines;
SELECT product, other, together, product_count, other_count, baskets, support, confidence, round(lift::numeric, 4) AS lift, round(log_likelihood_ratio::numeric, 4) AS g2
FROM affinity((SELECT affinity_agg(order_id, product_id) FROM order_lines), NULL::bigint) ORDER BY 1, 2;
SELECT "position", product, round(score::numeric, 4) AS score, because_of
FROM next_products((SELECT affinity_agg(order_id, product_id) FROM order_lines), '{10,30}'::bigint[]);
SELECT customer_id, "position", product, round(score::numeric, 4) AS score, because_of
FROM next_products((SELECT affinity_agg(order_id, product_id) FROM order_lines), 'SELECT customer_id, product_id FROM order_lines', NULL::bigint, NULL::bigint)
ORDER BY 1, 2;
SELECT spend_slope(h, '2024-12-31', 90, 4), spend_trend(h, '2024-12-31', 90, 4)
FROM (VALUES ('2023-12-01:50, 2024-02-01:10, 2024-05-01:20, 2024-08-01:30, 2024-11-01:40'::purchase_history)) v(h);
SELECT * FROM affinity('bigint 1 baskets {1: 1}', NULL::text);
SELECT * FROM affinity('bigint 1 baskets {1: 1}', NULL::bigint, min_count => 0);
SELECT * FROM next_products('bigint 1 baskets {1: 1}', 'SELECT 1', NULL::bigint, NULL::bigint);
SELECT * FROM next_products('bigint 1 baskets {1: 1}', 'SELECT 1::bigint, now()', NULL::bigint, NULL::bigint);
SELECT spend_trend('2024-01-01:5', '2024-12-31', tolerance => 10);
SELECT 'bigint 1 baskets {1: 2}'::basket_counts;
SELECT 'bigint 1 baskets {1 2}'::basket_counts;
