--
-- rfm_cuts and rfm_score: what a user sees
--
CREATE TABLE customers (id bigint, name text, last_purchase date, days bigint, spend numeric);
INSERT INTO customers VALUES
	(1, 'ada', '2024-01-05', 1, 10), (2, 'ben', '2024-02-05', 1, 20.5), (3, 'cyd', '2024-03-05', 1, 20.5),
	(4, 'dan', '2024-04-05', 2, 40), (5, 'eve', '2024-05-05', 7, 300), (6, 'fay', NULL, NULL, NULL);

SELECT rfm_cuts_agg(last_purchase, days, spend) AS cuts FROM customers;
SELECT name, rfm_score(cuts, last_purchase, days, spend), rfm_score(last_purchase, days, spend) OVER () AS the_same
FROM customers, (SELECT rfm_cuts_agg(last_purchase, days, spend) AS cuts FROM customers) c ORDER BY id;

-- ties split by the id, which the cuts then hold
SELECT rfm_cuts_agg(last_purchase, days, spend, 3, id) FROM customers;
SELECT rfm_cuts_agg(last_purchase, days, spend, 3, name COLLATE "C") FROM customers;
SELECT name, rfm_score(cuts, last_purchase, days, spend, name)
FROM customers, (SELECT rfm_cuts_agg(last_purchase, days, spend, 3, name COLLATE "C") AS cuts FROM customers) c ORDER BY id;

-- from histories, as of a date
CREATE TABLE histories (h purchase_history);
INSERT INTO histories VALUES ('2024-01-05:10'), ('2024-02-05:20, 2024-06-01:5'), ('2024-03-05*0:-3'), ('2024-04-01:1'), (NULL);
SELECT rfm_cuts_agg(h, '2024-05-31', 2), rfm_cuts_agg(h, '2023-12-31') FROM histories;
SELECT h, rfm_score(cuts, h, '2024-05-31') FROM histories, (SELECT rfm_cuts_agg(h, '2024-05-31', 2) AS cuts FROM histories) c;

-- own cut points
SELECT rfm_cuts('{2024-03-01, 2024-06-01}', '{2, 4, 8}', '{49.5, 100, 100}') AS cuts;
SELECT rfm_score(cuts, d, f, m)
FROM (SELECT '{"bins": 4, "recency": ["2024-03-01", "2024-06-01"], "frequency": [2, 4, 8], "monetary": [49.50, 100.00, 100.00]}'::rfm_cuts AS cuts) c,
	(VALUES (date '2024-02-29', 1, 49.4999), ('2024-03-01', 2, 49.5), ('2024-06-01', 8, 100)) v(d, f, m);

-- wrong calls
SELECT rfm_cuts_agg(last_purchase, days, spend, 10) FROM customers;
SELECT rfm_cuts_agg(last_purchase, days, spend, 1 + days::int) FROM customers;
SELECT rfm_cuts_agg(last_purchase, -days, spend) FROM customers;
SELECT rfm_cuts_agg(last_purchase, days, 'NaN') FROM customers;
SELECT rfm_cuts('{2024-03-01}', '{4, 2}', '{1}');
SELECT rfm_cuts('{}', '{4}', '{1}');
SELECT '{"bins": 3}'::rfm_cuts;
SELECT rfm_score(rfm_cuts('{2024-03-01}', '{4}', '{1}'), '2024-03-01', 1, 1, 7);
SELECT rfm_score(cuts, '2024-03-01', 1, 1, 'ada'::text), rfm_score(cuts, '2024-03-01', 1, 1) FROM (SELECT rfm_cuts_agg('2024-03-01', 1, 1, 5, 7) AS cuts) c;
SELECT rfm_score(cuts, '2024-03-01', 1, 1) FROM (SELECT rfm_cuts_agg('2024-03-01', 1, 1, 5, 7) AS cuts) c;
