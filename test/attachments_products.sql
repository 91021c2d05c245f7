-- Attached products: affinity against the self-join, next_products against one customer at a time.
BEGIN;
SELECT no_plan();
\ir include/attachments.sql

CREATE TABLE shop.lines AS
SELECT order_id, product_id % 40 AS product, buyer FROM shop.orders WHERE product_id IS NOT NULL
UNION ALL SELECT order_id, (product_id * 7 + order_id)::int % 40, buyer FROM shop.orders WHERE product_id IS NOT NULL
UNION ALL SELECT order_id, 99, buyer FROM shop.orders WHERE order_id % 4 = 0 AND product_id IS NOT NULL;
INSERT INTO shop.lines VALUES (NULL, 1, 1), (1, NULL, 1);
SELECT lives_ok($$SELECT crm_attach_products('shop.lines', basket_id => 'order_id', product_id => 'product', customer_id => 'buyer', how_many => 3, min_count => 2)$$, 'products are attached');
SELECT is((SELECT rows_left_out FROM crm.attachments WHERE kind = 'products'), 2::bigint, 'rows that say nothing are left out');
CREATE TEMPORARY TABLE line AS SELECT DISTINCT order_id, product::bigint AS product FROM shop.lines WHERE order_id IS NOT NULL AND product IS NOT NULL;
SELECT results_eq('SELECT product_id, other_product_id, together, product_count, other_count, baskets, round(support::numeric, 9), round(confidence::numeric, 9), round(lift::numeric, 6) FROM crm.affinity ORDER BY 1, 2',
	$$WITH n AS (SELECT product, count(*) AS n FROM line GROUP BY 1), b AS (SELECT count(DISTINCT order_id) AS b FROM line)
	SELECT x.product, y.product, count(*), n.n, m.n, b, round(count(*)::numeric / b, 9), round(count(*)::numeric / n.n, 9), round(count(*)::numeric * b / n.n / m.n, 6)
	FROM line x JOIN line y USING (order_id) JOIN n ON n.product = x.product JOIN n m ON m.product = y.product, b
	WHERE x.product <> y.product GROUP BY 1, 2, n.n, m.n, b HAVING count(*) >= 2 ORDER BY 1, 2$$, 'affinity: the self-join');
SELECT results_eq('SELECT customer_id, position, product_id, score, because_of FROM crm.next_products ORDER BY 1, 2',
	$$SELECT buyer, (n).position, (n).product, (n).score, (n).because_of FROM (SELECT affinity_agg(order_id, product::bigint) AS c FROM shop.lines) a,
		(SELECT buyer, array_agg(DISTINCT product::bigint) AS bought FROM shop.lines WHERE order_id IS NOT NULL AND product IS NOT NULL GROUP BY buyer) b, next_products(c, bought, 3) n ORDER BY 1, 2$$, 'next_products: as for one customer');
SELECT is((SELECT count(*) FROM crm.next_products n JOIN shop.lines l ON l.buyer = n.customer_id AND l.product = n.product_id AND l.order_id IS NOT NULL), 0::bigint, 'never one already bought');
SELECT results_eq('SELECT * FROM crm.best_pairs', $$SELECT product_id, other_product_id, together, confidence, lift, log_likelihood_ratio FROM crm.affinity
	WHERE log_likelihood_ratio > 0 AND (product_count < other_count OR product_count = other_count AND product_id < other_product_id)
	ORDER BY log_likelihood_ratio DESC, least(product_id, other_product_id), greatest(product_id, other_product_id) LIMIT 100$$, 'best_pairs: the first of affinity, each once');
SELECT cmp_ok((SELECT count(*) FROM crm.best_pairs), '>', 20::bigint, 'many of them');
SELECT is((SELECT array_agg(p::text) FROM workspace_best_pairs('text 9 baskets {"a": 3 ("b": 2, "c": 2, "d": 1); "b": 2; "c": 2; "d": 4}', NULL::text, n, m) p), rows, format('at least %s baskets, %s pairs', n, m))
FROM (VALUES (1, 5, '{"(b,a,2,1,3,5.715626573268904)","(c,a,2,1,3,5.715626573268904)"}'::text[]), (2, 1, '{"(b,a,2,1,3,5.715626573268904)"}'), (2, 0, '{"(b,a,2,1,3,5.715626573268904)"}'), (3, 5, NULL), (NULL, 5, NULL), (1, NULL, NULL)) v(n, m, rows);
SELECT throws_ok($$SELECT * FROM workspace_best_pairs('text 9 baskets {"a": 1}', 1::bigint, 1, 1)$$, '42804', 'ids of this basket_counts are of type text, not bigint', 'ids of another type');
SELECT is((SELECT count(*) FROM workspace_best_pairs(NULL, 1::bigint, 1, 1)), 0::bigint, 'of nothing: nothing');
SELECT results_eq('SELECT product_id, customers FROM crm.best_offers ORDER BY 1', 'SELECT product_id, count(*) FROM crm.next_products WHERE position = 1 GROUP BY 1 ORDER BY 1', 'best_offers: of how many each is the first');
CREATE TEMPORARY TABLE offers AS SELECT * FROM crm.best_offers;
SELECT cmp_ok((SELECT count(DISTINCT customer_id) FROM crm.next_products), '>', 350::bigint, 'of nearly everybody');
SELECT results_eq('SELECT DISTINCT customer_id, spend_trend FROM crm.next_products ORDER BY 1', $$SELECT customer_id, spend_trend(history, '2025-12-31') FROM crm.customer_history
	WHERE customer_id IN (SELECT customer_id FROM crm.next_products) ORDER BY 1$$, 'with the trend of what each spends');
INSERT INTO shop.lines SELECT 900000 + customer_id, product_id, customer_id FROM crm.next_products WHERE position = 1 AND customer_id = 7;
SELECT is((SELECT array_agg(position ORDER BY position) FROM crm.next_products WHERE customer_id = 7), '{2,3}', 'bought since: not proposed any more');
SELECT set_eq('SELECT * FROM crm.best_offers', 'SELECT * FROM offers', 'best_offers: as of the last refresh that computed them');
CREATE TEMPORARY TABLE counted AS SELECT computed_at FROM crm.stored_products;
SELECT crm_refresh(refit => false);
SELECT is((SELECT s.computed_at = c.computed_at FROM crm.stored_products s, counted c), true, 'a refresh that fits no models leaves them');
SELECT crm_refresh(refit => true);
SELECT is((SELECT array_agg(position ORDER BY position) FROM crm.next_products WHERE customer_id = 7), '{1,2,3}', 'one that does computes them anew');
SELECT crm_attach_products('shop.lines', 'order_id', 'product');
SELECT is((SELECT count(*) || ' ' || (SELECT count(*) > 0 FROM crm.affinity) FROM crm.next_products), '0 true', 'without customers: affinity alone');
SELECT is((SELECT count(*) FROM crm.best_offers), 0::bigint, 'and nothing to offer');
CREATE VIEW shop.named AS SELECT 'basket ' || order_id AS basket, 'product ' || product AS product, buyer FROM shop.lines;
SELECT lives_ok($$SELECT crm_attach_products('shop.named', 'basket', 'product', 'buyer')$$, 'products of another type');
SELECT is((SELECT pg_typeof(product_id)::text || (product_id ~ '^product \d+$') FROM crm.affinity LIMIT 1), 'texttrue', 'have their type in the views');
SELECT alike(failure($$SELECT crm_attach_products('shop.lines', 'order_id', 'product', how_many => 0)$$), '22023 | how_many must be between 1 and 1000, not 0%', 'how_many 0');
SELECT alike(failure($$SELECT crm_attach_products('shop.lines', 'order', 'product')$$), '42703 | column "order" of relation "shop.lines" does not exist%', 'an unknown basket');

SELECT * FROM finish();
ROLLBACK;
