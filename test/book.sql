-- purchase_book, book_agg, histories, histories_of: all equal history_agg under GROUP BY.
\ir include/binary.sql
SELECT no_plan();
CREATE EXTENSION citext;
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

\ir include/errors.sql
-- Whether two queries return the same rows, counting each, with that work_mem.
CREATE FUNCTION pg_temp.same(a text, b text, memory text DEFAULT '64MB') RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE answer boolean;
BEGIN
	PERFORM set_config('work_mem', memory, false);
	EXECUTE format('WITH a AS MATERIALIZED (%s), b AS MATERIALIZED (%s)
		SELECT EXISTS (TABLE a) AND NOT EXISTS (TABLE a EXCEPT ALL TABLE b)
			AND NOT EXISTS (TABLE b EXCEPT ALL TABLE a)', a, b) INTO answer;
	PERFORM set_config('work_mem', '4MB', false);
	RETURN answer;
END $$;

-- Random purchases of skewed customers: several a day, refunds, unknown amounts, NULL ids.
CREATE TABLE orders AS
SELECT CASE WHEN random() < .02 THEN NULL ELSE floor(3000 * power(random(), 3))::bigint - 5 END AS id,
	   timestamptz '2021-03-20 00:00+00' + random() * interval '1200 days' AS at,
	   CASE WHEN random() < .05 THEN NULL
			WHEN random() < .1 THEN -round((random() * 30)::numeric, 2)
			ELSE round((random() * 90)::numeric, (random() * 4)::int) END AS amount
FROM (SELECT setseed(0.2)) seed, generate_series(1, 40000);
INSERT INTO orders SELECT 7, NULL, 100 FROM generate_series(1, 50);
INSERT INTO orders SELECT 30000, NULL, 100;
ALTER TABLE orders ADD word text, ADD long_word text, ADD code uuid, ADD folded text COLLATE any_case,
	ADD mail citext, ADD number numeric, ADD small smallint, ADD whole int, ADD day date, ADD local timestamp;
UPDATE orders SET word = 'c' || id, long_word = repeat('customer ', 3) || id, code = md5(id::text)::uuid,
	folded = CASE WHEN random() < .5 THEN 'c' ELSE 'C' END || id,
	mail = CASE WHEN random() < .5 THEN 'c' ELSE 'C' END || id,
	number = round(id, (random() * 3)::int), small = id, whole = id, day = at::date, local = at::timestamp;
ANALYZE orders;

-- Every key type, in memory, packed or spilled, any order of rows ------------------
CREATE FUNCTION pg_temp.by_group(key text, shown text DEFAULT 'k') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT %2$s, h FROM (SELECT %1$s AS k, history_agg(at, amount, ''Europe/Berlin'') AS h
		FROM orders GROUP BY 1) x WHERE h IS NOT NULL', key, shown) $$;
CREATE FUNCTION pg_temp.by_book(key text, source text) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT customer_id, history FROM histories((SELECT book_agg(%1$s, at, amount, ''Europe/Berlin'')
		FROM %2$s), (SELECT %1$s FROM orders LIMIT 0))', key, source) $$;
CREATE FUNCTION pg_temp.by_query(key text, source text, shown text DEFAULT 'k') RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT %3$s, history FROM histories_of(''SELECT %1$s, at, amount FROM %2$s'',
		(SELECT %1$s FROM orders LIMIT 0), ''Europe/Berlin'') AS q(k, history)', key, source, shown) $$;
CREATE TABLE backwards AS SELECT * FROM orders ORDER BY at DESC;
CREATE TABLE clustered AS SELECT * FROM orders ORDER BY id, at;

SELECT ok(pg_temp.same(pg_temp.by_group(key), pg_temp.by_book(key, source), memory),
	format('book_agg by %s, %s, work_mem %s = GROUP BY', key, source, memory))
FROM (VALUES ('id'), ('word'), ('long_word'), ('code')) k(key),
	(VALUES ('orders'), ('backwards'), ('clustered')) s(source), (VALUES ('64MB'), ('64kB')) m(memory);
SELECT ok(pg_temp.same(pg_temp.by_group(key, shown), pg_temp.by_query(key, source, shown), memory),
	format('histories_of by %s, %s, work_mem %s = GROUP BY', key, source, memory))
FROM (VALUES ('id', 'k'), ('word', 'k'), ('long_word', 'k'), ('code', 'k'),
		('folded', 'lower(k) COLLATE "C"'), ('mail', 'lower(k::text)'), ('number', 'k'), ('small', 'k'),
		('whole', 'k'), ('day', 'k'), ('word::varchar', 'k'), ('word::name', 'k'), ('id::float8', 'k'),
		('word::char(12)', 'k'), ('ARRAY[id, 1]', 'k'), ('(id < 10)', 'k'), ('NULL::bigint', 'k')) k(key, shown),
	(VALUES ('orders'), ('backwards'), ('clustered')) s(source), (VALUES ('64MB'), ('64kB')) m(memory);
-- Days and amounts that do not fit a row's word: from 565 to 3435, up to 54975581.3887.
CREATE TABLE outlying AS SELECT id, word, long_word,
	at + CASE i % 5 WHEN 0 THEN interval '0' WHEN 1 THEN interval '-2500 years' WHEN 2 THEN interval '3000 years'
		ELSE make_interval(days => 513000 + i % 30) END AS at,
	CASE i % 3 WHEN 0 THEN amount WHEN 1 THEN amount * 1e9 ELSE (i % 40 - 20) / 10000.0 + 54975581.3887 * sign(i % 2 - 0.5) END AS amount
FROM (SELECT *, (row_number() OVER ())::int AS i FROM orders) o WHERE i % 4 > 0;
SELECT ok(pg_temp.same(replace(pg_temp.by_group(key), 'orders', 'outlying'), pg_temp.by_book(key, 'outlying'), memory),
	format('book_agg of outlying days by %s, work_mem %s = GROUP BY', key, memory))
	|| E'\n' || ok(pg_temp.same(replace(pg_temp.by_group(key), 'orders', 'outlying'), pg_temp.by_query(key, 'outlying'), memory),
	format('histories_of outlying days by %s, work_mem %s = GROUP BY', key, memory))
FROM (VALUES ('id'), ('word'), ('long_word')) k(key), (VALUES ('64MB'), ('64kB')) m(memory);
SELECT ok(count(*) BETWEEN 1000 AND 3000 AND count(*) FILTER (WHERE id IS NULL) = 1,
	'those are some thousand customers, one of them NULL: ' || count(*)) FROM (SELECT DISTINCT id FROM orders) x;
SELECT is(count(*), count(DISTINCT lower(customer_id)) + 1, 'a nondeterministic collation joins c1 and C1')
	|| E'\n' || ok(bool_or(customer_id COLLATE "C" ~ '^c') AND bool_or(customer_id COLLATE "C" ~ '^C'), 'under one of the spellings')
	|| E'\n' || ok(bool_and(customer_id COLLATE "C" = smallest OR smallest IS NULL), 'the one with the smaller bytes')
FROM histories_of('SELECT folded, at FROM orders', NULL::text)
	LEFT JOIN (SELECT id, min(folded COLLATE "C") AS smallest FROM orders WHERE at IS NOT NULL GROUP BY 1) s
	ON 'c' || s.id = lower(customer_id);

-- The bytes of a book are the same whatever the order of rows, the memory, the workers.
CREATE TABLE books (key text, how text, book purchase_book);
DO $$
DECLARE key text; source text; memory text;
BEGIN
	FOREACH key IN ARRAY ARRAY['id', 'word', 'long_word', 'code'] LOOP
		FOREACH source IN ARRAY ARRAY['orders', 'backwards', 'clustered'] LOOP
			FOREACH memory IN ARRAY ARRAY['64kB', '1MB', '64MB'] LOOP
				PERFORM set_config('work_mem', memory, true);
				EXECUTE format('INSERT INTO books SELECT %L, %L, book_agg(%s, at, amount, ''Europe/Berlin'') FROM %s',
					key, source || ' ' || memory, key, source);
			END LOOP;
		END LOOP;
	END LOOP;
END $$;
\ir include/parallel.sql
CREATE FUNCTION pg_temp.workers(query text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE line text; n int := 0;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ' || query LOOP
		n := greatest(n, coalesce((regexp_match(line, 'Workers Launched: (\d+)'))[1]::int, 0));
	END LOOP;
	RETURN n;
END $$;
SELECT cmp_ok(pg_temp.workers('SELECT book_agg(id, at, amount, ''Europe/Berlin'') FROM orders'), '>', 0, 'parallel workers run');
INSERT INTO books SELECT 'id', 'workers', (SELECT book_agg(id, at, amount, 'Europe/Berlin') FROM orders);
INSERT INTO books SELECT 'word', 'workers', (SELECT book_agg(word, at, amount, 'Europe/Berlin') FROM orders);
INSERT INTO books SELECT 'long_word', 'workers', (SELECT book_agg(long_word, at, amount, 'Europe/Berlin') FROM orders);
INSERT INTO books SELECT 'code', 'workers', (SELECT book_agg(code, at, amount, 'Europe/Berlin') FROM backwards);
SET work_mem = '64kB';
INSERT INTO books SELECT 'id', 'workers 64kB', (SELECT book_agg(id, at, amount, 'Europe/Berlin') FROM orders);
INSERT INTO books SELECT 'word', 'workers 64kB', (SELECT book_agg(word, at, amount, 'Europe/Berlin') FROM orders);
SELECT ok(pg_temp.same(pg_temp.by_group('id'), pg_temp.by_query('id', 'orders')), 'histories_of of a parallel query');
RESET ALL;
SELECT is(count(DISTINCT book), 1::bigint, format('%s books by %s have the same bytes', count(*), key))
	|| E'\n' || is(count(DISTINCT md5(book::text)), 1::bigint, 'and the same text')
FROM books GROUP BY key ORDER BY key;

-- Sums that do not fit before the end: such rows stay rows however often the others are packed,
-- and whatever memory they take.
CREATE TEMP TABLE far AS
SELECT i, 1 AS id, date '2000-01-01' + i / 4 AS day, CASE WHEN i % 2 = 0 THEN 500000000000000 ELSE -500000000000000 END::numeric AS amount
FROM generate_series(0, 40000) i
UNION ALL SELECT i, CASE WHEN i % 30000 = 0 THEN 2 ELSE 10 + i END, date '2000-01-01' + i % 1000,
	CASE WHEN i = 60000 THEN -600000000000000 WHEN i % 30000 = 0 THEN 600000000000000 ELSE 1 END FROM generate_series(0, 60000) i;
SET work_mem = '64kB';
CREATE TEMP TABLE far_books AS
SELECT id = 1 AS alone, book_agg(id, day, amount) AS book FROM (SELECT * FROM far ORDER BY id = 1, i OFFSET 0) f GROUP BY 1;
RESET work_mem;
SELECT is((SELECT spend(h) FROM histories(book, NULL::bigint) AS t(id, h) WHERE id IN (1, 2)), CASE WHEN alone THEN 500000000000000 ELSE 600000000000000 END::numeric, 'the net fits')
	|| E'\n' || ok(book = (SELECT book_agg(id, day, amount) FROM far WHERE (id = 1) = alone), 'and the rest is there') FROM far_books;
-- Keys that are equal and written in two ways, many rows of each.
SELECT is(array_agg(trim_scale(customer_id) || ' ' || purchase_days(history) || ' ' || purchases(history)), '{1 100 200000}', 'two ways to write one key')
FROM histories_of('SELECT CASE WHEN i % 2 = 0 THEN 1.0 ELSE 1.00 END, date ''2024-01-01'' + i % 100 FROM generate_series(1, 200000) i', NULL::numeric);

-- Times, amounts, zones --------------------------------------------------------------
SELECT ok(pg_temp.same(format('SELECT id, history_agg(%s) AS h FROM (SELECT * FROM orders WHERE at IS NOT NULL) o GROUP BY id', arguments),
	format('SELECT customer_id, history FROM histories((SELECT book_agg(id, %s) FROM orders), NULL::bigint)', arguments)),
	'book_agg(id, ' || arguments || ')')
FROM (VALUES ('day'), ('day, amount'), ('day, ''UTC'''), ('day, amount, ''UTC'''), ('local'), ('local, amount'),
	('local, ''Asia/Tokyo'''), ('local, amount, ''Asia/Tokyo'''), ('at, ''Asia/Tokyo'''), ('at, amount, ''America/New_York''')) v(arguments);
SELECT ok(pg_temp.same(format('SELECT id, history_agg(%s, %s%s) AS h FROM (SELECT * FROM orders WHERE at IS NOT NULL) o GROUP BY id',
		moment, amount, CASE WHEN moment = 'at' THEN ', ''Pacific/Apia''' ELSE '' END),
	format('SELECT customer_id, history FROM histories_of(''SELECT id, %s, %s FROM orders'', NULL::bigint, ''Pacific/Apia'')', moment, amount)),
	format('histories_of(id, %s, %s)', moment, amount))
FROM (VALUES ('day'), ('local'), ('at')) t(moment),
	(VALUES ('amount'), ('amount::float8'), ('amount::real'), ('amount::int'), ('amount::bigint'), ('amount::smallint')) a(amount);
SELECT ok(pg_temp.same('SELECT id, history_agg(at, ''Pacific/Apia'') AS h FROM (SELECT * FROM orders WHERE at IS NOT NULL) o GROUP BY id',
	'SELECT customer_id, history FROM histories_of(''SELECT id, at FROM orders'', NULL::bigint, ''Pacific/Apia'')'), 'histories_of without amounts');
SELECT is(history::text, day, 'the zone decides the day: ' || zone)
FROM (VALUES ('Europe/Berlin', '2024-02-01'), ('UTC', '2024-01-31')) z(zone, day),
	histories_of('SELECT 1, timestamptz ''2024-01-31 23:30+00''', NULL::int, zone);
SET TimeZone = 'Asia/Tokyo';
SELECT is(history::text, '2024-02-01', 'by default the session''s zone')
FROM histories_of('SELECT 1, timestamptz ''2024-01-31 16:30+00''', NULL::int);
RESET TimeZone;

-- NULLs and nothing --------------------------------------------------------------------
SELECT is(book_agg(id, day), NULL, 'no rows: NULL') FROM orders WHERE false;
SELECT is(book_agg(id, day), NULL, 'only NULL times: NULL') FROM orders WHERE day IS NULL;
SELECT is((SELECT count(*) FROM histories(NULL, NULL::bigint)), 0::bigint, 'NULL book: no rows')
	|| E'\n' || is((SELECT count(*) FROM histories('text {}', NULL::text)), 0::bigint, 'empty book: no rows')
	|| E'\n' || is((SELECT count(*) FROM histories_of(NULL, NULL::bigint)), 0::bigint, 'NULL query: no rows')
	|| E'\n' || is((SELECT count(*) FROM histories_of('SELECT id, at FROM orders WHERE false', NULL::bigint)), 0::bigint, 'empty query: no rows')
	|| E'\n' || is((SELECT count(*) FROM histories_of('SELECT id, at FROM orders WHERE at IS NULL', NULL::bigint)), 0::bigint, 'only NULL times: no rows');
SELECT is((SELECT book_agg(NULL::bigint, day, amount)::text FROM (VALUES (date '2024-01-05', 5), ('2024-01-06', NULL)) v(day, amount)),
	'bigint {NULL => 2024-01-05:5.00, 2024-01-06:0.00}', 'NULL ids are one customer');
SELECT is((SELECT book_agg(0, day)::text FROM (VALUES (date '2024-01-05'), (NULL)) v(day)), 'bigint {0 => 2024-01-05}', 'a NULL time is ignored');
SELECT is((SELECT string_agg(id || ' ' || h::text, ',' ORDER BY id)
	FROM (SELECT (histories('bigint {1 => 2024-01-05; -1 => 2024-01-06}', NULL::bigint)).*) r(id, h)),
	'-1 2024-01-06,1 2024-01-05', 'histories in a select list');
SELECT is((SELECT count(*) FROM (SELECT histories_of('SELECT id, at FROM orders', NULL::bigint)) x),
	(SELECT count(DISTINCT id) + 1 FROM orders WHERE at IS NOT NULL), 'histories_of in a select list');
SELECT is((SELECT array_agg(customer_id) FROM histories((SELECT book_agg(v, date '2024-01-01')
	FROM unnest('{9223372036854775807,0,-1,-9223372036854775808,1}'::bigint[]) v), NULL::bigint)),
	'{-9223372036854775808,-1,0,1,9223372036854775807}', 'bigint ids come in order, to the ends of their range');

-- FILTER, DISTINCT, ORDER BY, windows, small groups -------------------------------------
SELECT ok((SELECT book_agg(id, at, amount, 'UTC') FILTER (WHERE amount > 10) FROM orders)
	= (SELECT book_agg(id, at, amount, 'UTC') FROM orders WHERE amount > 10), 'FILTER');
SELECT ok((SELECT book_agg(DISTINCT id, day, amount) FROM (SELECT * FROM orders UNION ALL SELECT * FROM orders) o)
	= (SELECT book_agg(id, day, amount) FROM (SELECT DISTINCT id, day, amount FROM orders) o), 'DISTINCT');
SELECT ok((SELECT book_agg(id, day, amount ORDER BY amount, id DESC) FROM orders)
	= (SELECT book_agg(id, day, amount) FROM orders), 'ORDER BY inside');
SELECT is(count(*) FILTER (WHERE book IS DISTINCT FROM (SELECT book_agg(id, day, amount) FROM orders o WHERE o.day < x.day + 1)), 0::bigint,
	'a growing window frame = all rows up to there')
FROM (SELECT DISTINCT ON (day) day, book_agg(id, day, amount) OVER (ORDER BY day) AS book
	  FROM orders WHERE day < '2021-04-20') x;
SET work_mem = '64kB';
SELECT is(count(*) FILTER (WHERE book IS DISTINCT FROM (SELECT book_agg(id, day, amount) FROM orders o WHERE o.day < x.day + 1)), 0::bigint,
	'the same with a packed state')
FROM (SELECT DISTINCT ON (day) day, book_agg(id, day, amount) OVER (ORDER BY day) AS book
	  FROM orders WHERE day < '2021-09-01') x WHERE extract(day FROM day) = 1;
RESET work_mem;
SELECT is(count(*) FILTER (WHERE moving IS DISTINCT FROM again), 0::bigint, 'a moving window frame')
FROM (SELECT book_agg(id, at, 'UTC') OVER w AS moving,
		(SELECT book_agg(v, a, 'UTC') FROM unnest(ids, ats) u(v, a)) AS again
	  FROM (SELECT *, array_agg(id) OVER w AS ids, array_agg(at) OVER w AS ats FROM orders WHERE id < 5 AND day < '2021-08-01'
			WINDOW w AS (ORDER BY at ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)) o
	  WINDOW w AS (ORDER BY at ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)) x;
SELECT is(count(*) FILTER (WHERE b IS DISTINCT FROM (SELECT book_agg(id, day, amount) FROM orders o WHERE o.id % 500 = g)), 0::bigint, 'many groups')
FROM (SELECT id % 500 AS g, book_agg(id, day, amount) AS b FROM orders GROUP BY 1) x WHERE g % 50 = 0;

-- Text and binary form, comparison --------------------------------------------------------
SELECT is(count(*) FILTER (WHERE book::text::purchase_book IS DISTINCT FROM book), 0::bigint, 'text round trip is exact') FROM books;
SELECT is(given::purchase_book::text, shown, 'text form of ' || given) FROM (VALUES
	('bigint {}', 'bigint {}'), (' uuid{ } ', 'uuid {}'),
	('bigint {2=>2024-01-05;-1 => 2024-01-06:5}', 'bigint {-1 => 2024-01-06:5.00; 2 => 2024-01-05:0.00}'),
	('bigint {2 => 2024-01-05; 2 => 2024-01-05, 2024-02-01*3}', 'bigint {2 => 2024-01-05*2, 2024-02-01*3}'),
	('bigint {NULL => 2024-01-05; 3 => 2024-01-05}', 'bigint {3 => 2024-01-05; NULL => 2024-01-05}'),
	('text {"NULL" => 2024-01-05}', 'text {"NULL" => 2024-01-05}'),
	('text {"a\"\\;}b" => 2024-01-05}', 'text {"a\"\\;}b" => 2024-01-05}'),
	('uuid {A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11 => 2024-01-05:1.5}',
		'uuid {a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 => 2024-01-05:1.50}')) v(given, shown);
SELECT is(pg_temp.state_of(format('SELECT %L::purchase_book', given)), '22P02', 'bad text ' || given) FROM (VALUES
	(''), ('int {}'), ('bigint'), ('bigint {'), ('bigint {1}'), ('bigint {1 => }'), ('bigint {1 => 2024-01-05'),
	('bigint {1 => 2024-01-05} x'), ('bigint {1 => 2024-01-05,}'), ('bigint {1 => 2024-01-05;}'), ('bigint {x => 2024-01-05}'),
	('bigint {=> 2024-01-05}'), ('text {a => 2024-01-05}'), ('text {"a => 2024-01-05}'), ('uuid {12 => 2024-01-05}'),
	('bigint {1 => 2024-13-05}'), ('bigint {1 =>  ; 2 => 2024-01-05}')) v(given);
SELECT is(pg_temp.state_of($$SELECT 'bigint {9223372036854775808 => 2024-01-05}'::purchase_book$$), '22003', 'id out of range');
SELECT is(pg_temp.receive('purchase_book', purchase_book_send(book)), book::text, 'binary round trip: ' || left(book::text, 60))
FROM (SELECT 'bigint {}'::purchase_book
	UNION ALL SELECT 'text {"a\"b" => 2024-01-05:5.5, 2024-03-01*0:-2; "" => 2024-01-05:1; NULL => 2024-01-05:1}'
	UNION ALL (SELECT DISTINCT ON (key) book FROM books)) v(book);
SELECT is(pg_temp.receive('purchase_book', bytes), state, 'bad binary: ' || why) FROM (VALUES
	('\x02010000000000'::bytea, 'error 22P03', 'unknown version'), ('\x01040000000000', 'error 22P03', 'unknown kind'),
	('\x01010200000000', 'error 22P03', 'flag'), ('\x010100000000', 'error 08P01', 'cut short'),
	('\x0101007fffffff', 'error 08P01', 'count without customers'),
	('\x0101000000000100000004000000010000000e0100000000010000000100000001', 'error 22P03', 'id of the wrong length'),
	('\x01010000000001fffffffe', 'error 22P03', 'negative length'),
	('\x0101000000000100000008000000000000000100000006010000000000', 'error 22P03', 'empty history'),
	('\x01010000000002000000080000000000000001000000', 'error 08P01', 'cut in a customer'),
	('\x01010000000002'::bytea || '\x0000000800000000000000010000000e0100000000010000000100000001'::bytea
		|| '\x0000000800000000000000010000000e0100000000010000000200000001', 'error 22P03', 'customer twice'),
	('\x01010100000001'::bytea || '\x0000000800000000000000010000000e0100000000010000000100000001',
		'error 22P03', 'history without amounts'),
	('\x01010000000001'::bytea || '\x0000000800000000000000010000000e010000000001000000010000000100', 'error 22P03', 'trailing byte')) v(bytes, state, why);
SELECT is(sum(times), 10000::numeric, '10,000 mutated binary values: no crash')
	   || E'\n' || ok(bool_and(outcome IN ('ok', 'error 22P03', 'error 22003', 'error 08P01', 'error 22021')),
			'each is read or refused: ' || string_agg(outcome || ' ' || times, ', '))
FROM pg_temp.mutate('purchase_book', purchase_book_send(
	'text {"ada" => 2023-12-30:10.50, 2024-01-05*2:7; "a much longer name" => 2024-02-01*0:-3.25; NULL => 2024-06-01:19.99}'), 10000);
SELECT ok(a = a AND a <> b AND (a < b) <> (a > b) AND (a <= b) = (a < b) AND (a >= b) = (a > b) AND a <= a AND a >= a
	AND purchase_book_cmp(a, b) = -purchase_book_cmp(b, a) AND purchase_book_hash(a) = purchase_book_hash(a)
	AND purchase_book_hash_extended(a, 1) <> purchase_book_hash_extended(b, 1), 'comparison')
FROM (VALUES ('bigint {1 => 2024-01-05}'::purchase_book, 'bigint {1 => 2024-01-06}'::purchase_book)) v(a, b);
SELECT is((SELECT count(*) FROM (SELECT DISTINCT book FROM books) x),
	(SELECT count(*) FROM (SELECT book FROM books GROUP BY book ORDER BY book) x), 'DISTINCT and GROUP BY');

-- States that travel: any bytes are read or refused -----------------------------------------
CREATE CAST (purchase_book AS bytea) WITHOUT FUNCTION;
CREATE CAST (bytea AS purchase_book) WITHOUT FUNCTION;
SELECT format($$CREATE FUNCTION pg_temp.deserialize(bytea, bytea) RETURNS bigint AS %L, 'book_agg_deserialfn' LANGUAGE C$$, probin)
FROM pg_proc WHERE proname = 'book_agg_deserialfn' \gexec
CREATE FUNCTION pg_temp.second(bytea, bytea) RETURNS bytea LANGUAGE sql RETURN $2;
CREATE AGGREGATE pg_temp.state_from(bytea)
	(SFUNC = pg_temp.second, STYPE = bytea, FINALFUNC = pg_temp.deserialize, FINALFUNC_EXTRA);
CREATE FUNCTION pg_temp.read_bytes(query text, bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query USING bytes;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN 'error ' || SQLSTATE;
END $$;
SELECT is(pg_temp.read_bytes('SELECT pg_temp.state_from($1)', book::bytea), 'ok', 'a serialized state is a book: ' || key)
FROM (SELECT DISTINCT ON (key) key, book FROM books) b;
CREATE TABLE mutants AS
SELECT kind, pg_temp.mutant(book::bytea, i) AS bytes
FROM (SELECT setseed(0.3)) seed, (VALUES
		('bigint', 'bigint {1 => 2023-12-30:10.50, 2024-01-05*2:7; 400 => 2024-02-01*0:-3.25; NULL => 2024-06-01:19.99}'::purchase_book),
		('text', 'text {"ada" => 2023-12-30:10.50, 2024-01-05*2:7; "a much longer name" => 2024-02-01*0:-3.25; NULL => 2024-06-01:19.99}')) v(kind, book),
	generate_series(1, 4000) i;
SELECT is(pg_temp.receive($$purchase_book CHECK (value = 'bigint {}')$$, '\x01010100000000'), 'bigint {}', 'the empty book is one, with amounts or without');
SELECT ok(bool_and(outcome IN ('ok', 'error 22P03', 'error 22003')) AND sum(times) = 4000,
	format('mutated states by %s are read or refused: %s', kind, string_agg(outcome || ' ' || times, ', ' ORDER BY outcome)))
FROM (SELECT kind, pg_temp.read_bytes('SELECT pg_temp.state_from($1)', bytes) AS outcome, count(*) AS times
	  FROM mutants GROUP BY 1, 2) m
GROUP BY kind;
SELECT ok(bool_and(outcome IN ('ok', 'error 22P03', 'error 22003', 'error 42804', 'error 22021')) AND sum(times) = 4000,
	format('books of mutated bytes by %s do not crash histories: %s', kind, string_agg(outcome || ' ' || times, ', ' ORDER BY outcome)))
FROM (SELECT kind, pg_temp.read_bytes(format('SELECT count(*), count(history::text) FROM histories($1::purchase_book, NULL::%s)', kind), bytes) AS outcome,
		count(*) AS times FROM mutants GROUP BY 1, 2) m
GROUP BY kind;
SELECT is(pg_temp.read_bytes('SELECT pg_temp.state_from($1)', '\x0101020000'), 'error 22P03', 'a customer without an id among none');
SELECT is(pg_temp.read_bytes('SELECT pg_temp.state_from($1)', '\x0101020000000000'), 'error 22P03', 'a NULL customer among none');
SELECT is(count(*) FILTER (WHERE pg_temp.read_bytes('SELECT pg_temp.state_from($1)', substr(book::bytea, 1, i)) <> 'error 22P03'), 0::bigint,
	'cut short anywhere: refused')
FROM (SELECT 'uuid {a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 => 2024-01-05:1.5; NULL => 2024-01-05:1}'::purchase_book AS book) b,
	generate_series(0, length(book::bytea) - 1) i;
DROP CAST (purchase_book AS bytea);
DROP CAST (bytea AS purchase_book);

-- Errors ----------------------------------------------------------------------------------
SELECT is(pg_temp.state_of(query), state, state || ': ' || query) FROM (VALUES
	($$SELECT histories('bigint {}', NULL::text)$$, '42804'),
	($$SELECT histories('text {}', NULL::uuid)$$, '42804'),
	($$SELECT histories('uuid {}', NULL::bigint)$$, '42804'),
	($$SELECT book_agg(folded, day) FROM orders$$, '0A000'),
	($$SELECT book_agg(id, at, amount, NULL) FROM orders$$, '22004'),
	($$SELECT book_agg(id, at, amount, 'Europe/Atlantis') FROM orders$$, '22023'),
	($$SELECT book_agg(id, day, 'Europe/Atlantis') FROM orders$$, '22023'),
	($$SELECT book_agg(1, date 'infinity')$$, '22008'),
	($$SELECT book_agg(1, timestamp '-infinity')$$, '22008'),
	($$SELECT book_agg(1, date '2024-01-01', 'NaN'::numeric)$$, '22023'),
	($$SELECT book_agg(1, date '2024-01-01', 'Infinity'::numeric)$$, '22023'),
	($$SELECT book_agg(1, date '2024-01-01', 1e15)$$, '22003'),
	($$SELECT book_agg(1, day, 9e14) FROM (VALUES (date '2024-01-01'), ('2024-01-01')) v(day)$$, '22003'),
	($$SELECT book_agg(1, day, 9e14) FROM (VALUES (date '2024-01-01'), ('2024-01-02')) v(day)$$, '22003'),
	($$SELECT book_agg(1, day, money) FROM (VALUES (date '2024-01-01', 9e14), ('2024-01-01', 9e14), ('2024-01-01', -9e14)) v(day, money)$$, 'no error'),
	($$SELECT histories_of('SELECT 1, day, 9e14 FROM orders', NULL::int)$$, '22003'),
	($$SELECT histories_of('SELECT 1, 2', NULL::int)$$, '42804'),
	($$SELECT histories_of('SELECT 1, day, word FROM orders', NULL::int)$$, '42804'),
	($$SELECT histories_of('SELECT 1', NULL::int)$$, '42804'),
	($$SELECT histories_of('SELECT', NULL::int)$$, '42804'),
	($$SELECT histories_of('SELECT 1, day, 1, 1 FROM orders', NULL::int)$$, '42804'),
	($$SELECT histories_of('SELECT id, day FROM orders', NULL::int)$$, '42804'),
	($$SELECT histories_of('SELECT id, day FROM orders', NULL::text)$$, '42804'),
	($$SELECT histories_of('SELECT point(1, 2), day FROM orders', NULL::point)$$, '42883'),
	($$SELECT histories_of('SELECT ARRAY[point(1, 2)], day FROM orders', NULL::point[])$$, '42883'),
	($$SELECT histories_of('SELECT id, day FROM orders', NULL::bigint, 'Europe/Atlantis')$$, '22023'),
	($$SELECT histories_of('', NULL::bigint)$$, '22023'),
	($$SELECT histories_of('SELECT id, day FROM orders; SELECT id, day FROM orders', NULL::bigint)$$, '22023'),
	($$SELECT histories_of('INSERT INTO orders DEFAULT VALUES RETURNING id, day', NULL::bigint)$$, '22023'),
	($$SELECT histories_of('WITH gone AS (DELETE FROM orders RETURNING id, day) SELECT * FROM gone', NULL::bigint)$$, '22023'),
	($$SELECT histories_of('SELECT id, day FROM orders FOR UPDATE', NULL::bigint)$$, '22023'),
	($$SELECT histories_of('SELECT id, day INTO taken FROM orders', NULL::bigint)$$, '22023'),
	($$SELECT histories_of('EXPLAIN SELECT id, day FROM orders', NULL::bigint)$$, '22023'),
	($$SELECT histories_of('VACUUM', NULL::bigint)$$, '22023'),
	($$SELECT histories_of('SELECT id, day FROM nowhere', NULL::bigint)$$, '42P01'),
	($$SELECT histories_of('SELECT id, $1 FROM orders', NULL::bigint)$$, '42P02'),
	($$SELECT histories_of('SELECT nothing', NULL::bigint)$$, '42703'),
	($$SELECT histories_of('SELECT id, day, 1 / (id - id) FROM orders', NULL::bigint)$$, '22012'),
	($$SELECT histories_of('VALUES (1, date ''2024-01-01'')', NULL::int)$$, 'no error'),
	($$SELECT histories_of('WITH a AS (SELECT id, day FROM orders) TABLE a', NULL::bigint)$$, 'no error')) v(query, state);
SELECT is((SELECT count(*) FROM orders), 40051::bigint, 'none of these has changed a row');
SELECT throws_ok($$SELECT histories_of('SELECT id, word FROM orders', NULL::bigint)$$, '42804',
	'column 2 of the query ("word") is of type text, not date, timestamp or timestamp with time zone', 'names what was found');
SELECT throws_ok($$SELECT histories_of('SELECT id FROM orders', NULL::bigint)$$, '42804',
	'query returns 1 column (bigint), not 2 or 3', 'counts what was found');
SELECT throws_ok($$SELECT histories('bigint {}', NULL::text)$$, '42804',
	'customer ids of this book are of type bigint, not text', 'names both types');
SELECT throws_ok($$SELECT book_agg(folded, day) FROM orders$$, '0A000',
	'nondeterministic collation "any_case" is not supported for customer ids', 'names the collation');

-- The caller's rights and snapshot -----------------------------------------------------------
CREATE ROLE crm_book_reader;
CREATE FUNCTION state_of_orders() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM histories_of('SELECT id, day FROM orders', NULL::bigint);
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SET ROLE crm_book_reader;
SELECT state_of_orders() AS state \gset
RESET ROLE;
SELECT is(:'state'::text, '42501', 'with the caller''s rights');
DROP FUNCTION state_of_orders;
DROP ROLE crm_book_reader;
CREATE TABLE copied (id bigint, history purchase_history);
INSERT INTO copied SELECT customer_id, history
FROM histories_of('SELECT id, day FROM orders UNION ALL SELECT id, date ''2024-01-01'' FROM copied', NULL::bigint);
SELECT is((SELECT count(*) FROM copied), (SELECT count(DISTINCT id) + 1 FROM orders WHERE day IS NOT NULL), 'in the caller''s snapshot');
CREATE FUNCTION pg_temp.nested() RETURNS bigint LANGUAGE sql AS
	$$ SELECT count(*) FROM histories_of('SELECT id, day FROM orders', NULL::bigint) $$;
SELECT is((SELECT customer_id FROM histories_of('SELECT pg_temp.nested(), date ''2024-01-01''', NULL::bigint)),
	(SELECT count(*) FROM copied), 'calls within calls');
BEGIN READ ONLY;
SELECT count(*) AS n FROM histories_of('SELECT id, day FROM orders', NULL::bigint) \gset
COMMIT;
SELECT is(:n::bigint, (SELECT count(*) FROM copied), 'in a read-only transaction');

-- Planner ---------------------------------------------------------------------------------------
CREATE FUNCTION pg_temp.rows_of(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
SELECT is(pg_temp.rows_of($$SELECT * FROM histories('bigint {1 => 2024-01-01; 2 => 2024-01-01; 3 => 2024-01-01}', NULL::bigint)$$), 3::bigint,
	'a constant book: as many rows as customers')
	|| E'\n' || is(pg_temp.rows_of($$SELECT * FROM histories_of('SELECT id, day FROM orders', NULL::bigint)$$), 100000::bigint, 'else 100,000');

-- What a query may return, and what it may not.
CREATE TABLE two_collations AS SELECT 'a'::text COLLATE "C" AS x, 'b'::text COLLATE "POSIX" AS y;
SELECT throws_ok($$SELECT * FROM histories_of('SELECT x || y, current_date FROM two_collations', NULL::text)$$, '42P22', NULL, 'no collation can be told');
SELECT throws_ok($$SELECT * FROM histories_of('DELETE FROM two_collations RETURNING x, current_date', NULL::text)$$, '22023', NULL, 'a query that deletes');
SELECT results_eq($$SELECT * FROM histories_of('SELECT 1::smallint, date ''2024-01-01'', 3::smallint', NULL::smallint)$$, $$VALUES (1::smallint, '2024-01-01:3'::purchase_history)$$, 'small amounts');
SELECT format('CREATE FUNCTION pg_temp.no_set(text, bigint, text) RETURNS record AS %L, ''histories_of'' LANGUAGE C', probin) FROM pg_proc WHERE proname = 'histories_of' LIMIT 1 \gexec
SELECT throws_ok($$SELECT pg_temp.no_set('SELECT 1, current_date', NULL, 'UTC')$$, '0A000', NULL, 'called for one row');
SELECT format('CREATE FUNCTION pg_temp.no_table(purchase_book, bigint) RETURNS SETOF record AS %L, ''histories_bigint'' LANGUAGE C', probin) FROM pg_proc WHERE proname = 'histories' LIMIT 1 \gexec
SELECT throws_ok($$SELECT pg_temp.no_table(book_agg(1, current_date), NULL)$$, '0A000', NULL, 'called for rows of no type');
-- A type that hashes to 32 bits only.
CREATE FUNCTION pg_temp.hash_box(box) RETURNS int LANGUAGE sql IMMUTABLE RETURN hashtext($1::text) % 3;
CREATE OPERATOR CLASS box_hash DEFAULT FOR TYPE box USING hash AS OPERATOR 1 ~= (box, box), FUNCTION 1 pg_temp.hash_box(box);
SELECT results_eq($$SELECT id::text, history FROM histories_of('SELECT box(point(i % 10, 0), point(0, 0)), date ''2024-01-01'' + i FROM generate_series(0, 99) i', NULL::box) AS t(id, history) ORDER BY 1$$,
	$$SELECT box(point(i % 10, 0), point(0, 0))::text, history_agg(date '2024-01-01' + i) FROM generate_series(0, 99) i GROUP BY 1 ORDER BY 1$$, 'boxes are customers');
-- Sums that do not fit on the way, but at the end.
CREATE TABLE towers (part int, id int, amount numeric) PARTITION BY LIST (part);
CREATE TABLE towers_1 PARTITION OF towers FOR VALUES IN (1);
CREATE TABLE towers_2 PARTITION OF towers FOR VALUES IN (2);
CREATE TABLE towers_3 PARTITION OF towers FOR VALUES IN (3);
INSERT INTO towers SELECT part, id, CASE part WHEN 3 THEN -8e14 ELSE 8e14 + id END FROM generate_series(1, 3) part, generate_series(1, 5) id;
ANALYZE towers;
SET enable_partitionwise_aggregate = on;
SET max_parallel_workers_per_gather = 0;
SELECT results_eq($$SELECT * FROM histories((SELECT book_agg(id, date '2024-01-01', amount) FROM towers), NULL::bigint) ORDER BY 1$$,
	$$SELECT id::bigint, history_agg(date '2024-01-01', amount) FROM towers GROUP BY 1 ORDER BY 1$$, 'sums that fit at the end');
SELECT throws_ok($$SELECT book_agg(id, date '2024-01-01', amount) FROM towers WHERE part < 3$$, '22003', NULL, 'and that do not');
SELECT results_eq($$SELECT * FROM histories((SELECT book_agg(id, date '2024-01-01', CASE WHEN part = 1 THEN NULL ELSE amount END) FROM towers WHERE part < 3), NULL::bigint) ORDER BY 1$$,
	$$SELECT id::bigint, history_agg(date '2024-01-01', CASE WHEN part = 1 THEN NULL ELSE amount END) FROM towers WHERE part < 3 GROUP BY 1 ORDER BY 1$$, 'one part knows no amount');
RESET enable_partitionwise_aggregate;
RESET max_parallel_workers_per_gather;

-- The same where the rows do not fit into memory before they do fit into a history.
CREATE TABLE heavy AS SELECT n, CASE WHEN n % 20000 = 7 THEN 1 ELSE 2 + n % 5000 END AS id,
	CASE WHEN n % 20000 <> 7 THEN n % 100 WHEN n / 20000 IN (0, 1, 4, 5, 8) THEN 8e14 ELSE -8e14 END AS amount
FROM generate_series(1, 200000) n;
SET work_mem = '64kB';
SELECT is((SELECT count(*) FROM histories((SELECT book_agg(id, date '2024-01-01', amount ORDER BY n) FROM heavy), NULL::bigint) AS b(id, history)
		JOIN (SELECT id::bigint, history_agg(date '2024-01-01', amount) AS history FROM heavy GROUP BY 1) g USING (id, history)), 5001::bigint, 'sums that fit at the end, in little memory');
RESET work_mem;

SELECT * FROM finish();
