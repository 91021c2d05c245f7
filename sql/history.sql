--
-- purchase_history: what a user sees
--
CREATE TABLE purchases (customer text, at timestamptz, amount numeric(10,2));
INSERT INTO purchases VALUES
	('ada', '2024-01-05 10:00+01', 59.90), ('ada', '2024-01-05 18:00+01', 12),
	('ada', '2024-02-01 23:30+00', 25.10), ('ada', '2024-02-10 09:00+01', -25.10),
	('ben', '2024-03-01 12:00+01', 7), ('ben', NULL, 100), ('cyd', NULL, 5);

SELECT customer, history_agg(at, amount, 'Europe/Berlin') FROM purchases GROUP BY customer ORDER BY customer;
SELECT customer, history_agg(at, 'UTC') FROM purchases GROUP BY customer ORDER BY customer;

CREATE TABLE histories AS
SELECT customer, history_agg(at, amount, 'Europe/Berlin') AS h FROM purchases GROUP BY customer;

SELECT customer, purchase_days(h), purchases(h), spend(h), first_purchase(h), last_purchase(h),
	   previous_purchase(h), typical_gap(h)
FROM histories ORDER BY customer;
SELECT customer, frequency(h, '2024-03-31') AS x, recency(h, '2024-03-31')::numeric(6,3) AS t_x,
	   customer_age(h, as_of => '2024-03-31')::numeric(6,3) AS t,
	   customer_age(h, '2024-03-31', unit_days => 1) AS days, monetary(h, '2024-03-31') AS m
FROM histories ORDER BY customer;
SELECT customer, u.* FROM histories, unnest(h) u ORDER BY customer, purchased_on;
SELECT customer, as_of(h, '2024-01-31'), slice(h, '[2024-02-01,2024-02-29]'), active_spans(h, 30)
FROM histories ORDER BY customer;
SELECT '2024-01-05:1.50'::purchase_history || '2024-01-05:2, 2024-03-01*0:-1';

-- a day moves with its zone, and the date form needs none
SELECT history_agg(at, 'America/New_York'), history_agg(at, 'Asia/Tokyo')
FROM (VALUES (timestamptz '2024-02-01 03:30+00')) v(at);

-- wrong calls
SELECT history_agg(at, amount) FROM purchases;
SELECT history_agg(at, amount, 'Europe/Atlantis') FROM purchases;
SELECT history_agg(at, amount, NULL) FROM purchases;
SELECT history_agg('infinity'::date);
SELECT history_agg('2024-01-01'::date, 'NaN'::numeric);
SELECT history_agg('2024-01-01'::date, 1e15);
SELECT '2024-01-05=5'::purchase_history;
SELECT '2024-02-30'::purchase_history;
SELECT recency('2024-01-05', '2024-12-31', 0);
SELECT active_spans('2024-01-05', 0);
SELECT frequency('2024-01-05', 'infinity');

DROP TABLE purchases, histories;
