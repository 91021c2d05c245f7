--
-- purchase_book: what a user sees
--
CREATE TABLE purchases (customer text, at timestamptz, amount numeric(10,2));
INSERT INTO purchases VALUES
	('ada', '2024-01-05 10:00+01', 59.90), ('ada', '2024-01-05 18:00+01', 12),
	('ada', '2024-02-01 23:30+00', 25.10), ('ada', '2024-02-10 09:00+01', -25.10),
	('ben', '2024-03-01 12:00+01', 7), ('ben', NULL, 100), ('cyd', NULL, 5), (NULL, '2024-03-02 12:00+01', 1);

SELECT book_agg(length(customer), at, amount, 'Europe/Berlin') FROM purchases;
SELECT book_agg(length(customer), at, 'UTC') FROM purchases;
SELECT customer_id, history, spend(history)
FROM histories((SELECT book_agg(customer, at, amount, 'Europe/Berlin') FROM purchases), NULL::text) ORDER BY customer_id;
SELECT customer_id, history FROM histories_of('SELECT customer, at, amount FROM purchases', NULL::text) ORDER BY customer_id;
SELECT customer_id, history FROM histories_of('SELECT customer, at FROM purchases', NULL::text, time_zone => 'UTC') ORDER BY customer_id;

-- a book is a value
CREATE TABLE yearly AS
SELECT extract(year FROM at)::int AS year, book_agg(customer, at, amount, 'Europe/Berlin') AS book
FROM purchases WHERE at IS NOT NULL GROUP BY 1;
SELECT year, customer_id, purchase_days(history)
FROM yearly, histories(book, NULL::text) ORDER BY customer_id;
SELECT 'bigint {9 => 2024-02-01:5; 7 => 2024-01-05:59.90}'::purchase_book;

-- wrong calls
SELECT histories(book, NULL::bigint) FROM yearly;
SELECT 'bigint {9 => yesterday}'::purchase_book;
SELECT 'bigint {nine => 2024-02-01}'::purchase_book;
SELECT 'bigint {9: 2024-02-01}'::purchase_book;
SELECT book_agg(customer, at, amount) FROM purchases;
SELECT book_agg(customer, at, amount, 'Europe/Atlantis') FROM purchases;
SELECT histories_of('SELECT customer, at FROM purchases', NULL::bigint);
SELECT histories_of('SELECT customer, amount FROM purchases', NULL::text);
SELECT histories_of('SELECT customer, at, customer FROM purchases', NULL::text);
SELECT histories_of('SELECT customer FROM purchases', NULL::text);
SELECT histories_of('DELETE FROM purchases RETURNING customer, at', NULL::text);
SELECT histories_of('WITH d AS (DELETE FROM purchases RETURNING *) SELECT customer, at FROM d', NULL::text);
SELECT histories_of('SELECT customer, at FROM purchases; SELECT 1', NULL::text);
SELECT histories_of('SELECT customer, at FROM purchases', NULL::text, 'Europe/Atlantis');
SELECT histories_of('SELECT customer, at FROM purchases', NULL::text, NULL);
SELECT histories_of('SELECT customer, at FROM purchases', NULL);

DROP TABLE purchases, yearly;
