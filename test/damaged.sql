-- Stored values whose bytes are not what was stored: cut short, or of another version. They
-- are errors of the right kind where they are read.
BEGIN;
SELECT no_plan();
SET LOCAL jit = off;

-- Any bytes as a value: bytea by another name, with the alignment that the type has.
SELECT format('CREATE TYPE %1$s; CREATE FUNCTION %1$s_in(cstring) RETURNS %1$s LANGUAGE internal STRICT IMMUTABLE AS ''byteain'';
	CREATE FUNCTION %1$s_out(%1$s) RETURNS cstring LANGUAGE internal STRICT IMMUTABLE AS ''byteaout'';
	CREATE TYPE %1$s (INPUT = %1$s_in, OUTPUT = %1$s_out, ALIGNMENT = %2$s)', raw, align)
FROM (VALUES ('raw_int', 'int4'), ('raw_double', 'double')) v(raw, align) \gexec
CREATE TABLE types AS SELECT typname AS type, CASE typalign WHEN 'd' THEN 'raw_double' ELSE 'raw_int' END AS raw FROM pg_type
WHERE typname IN ('purchase_history', 'purchase_book', 'engagement', 'referral_graph', 'basket_counts', 'rfm_cuts', 'subscription_history', 'btyd_model') AND typlen = -1;
SELECT format('CREATE CAST (%2$I AS %1$I) WITHOUT FUNCTION; CREATE CAST (%1$I AS %2$I) WITHOUT FUNCTION', type, raw) FROM types \gexec
CREATE FUNCTION pg_temp.bytes_of(type name, query text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE bytes bytea;
BEGIN
	EXECUTE format('SELECT (%s)::%s::text', query, (SELECT raw FROM types WHERE types.type = bytes_of.type)) INTO bytes;
	RETURN bytes;
END $$;
CREATE FUNCTION pg_temp.outcome(type name, bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT %L::%s::%I::text', bytes, (SELECT raw FROM types WHERE types.type = outcome.type), type);
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;

CREATE TABLE stored AS
SELECT type, pg_temp.bytes_of(type, query) AS bytes
FROM (VALUES
	('purchase_history'::name, 'SELECT history_agg(date ''2024-01-01'' + i * i, i - 2) FROM generate_series(1, 20) i'),
	('purchase_history', 'SELECT history_agg(date ''2024-01-01'' + i % 9) FROM generate_series(1, 20) i'),
	('purchase_book', 'SELECT book_agg(i % 4, date ''2024-01-01'' + i * i, i) FROM generate_series(1, 20) i'),
	('purchase_book', 'SELECT book_agg(''number '' || i % 4, date ''2024-01-01'' + i * i, i) FROM generate_series(1, 20) i'),
	('engagement', 'SELECT engagement_agg(timestamptz ''2024-01-01 12:00Z'' + i * interval ''9 hours'', (ARRAY[''inbound'', ''outbound''])[1 + i % 2], ''channel '' || i % 3, ''kind '' || i % 4, ''UTC'') FROM generate_series(1, 20) i'),
	('engagement', 'SELECT engagement_agg(''2024-01-01 12:00Z'', ''inbound'', ''a'', ''b'', ''UTC'') FROM generate_series(1, 3)'),
	('referral_graph', 'SELECT referral_agg(i, i / 2, i) FROM generate_series(1, 20) i'),
	('referral_graph', 'SELECT referral_agg(i::text, (i / 2)::text, i) FROM generate_series(1, 20) i'),
	('basket_counts', 'SELECT affinity_agg(i / 4, i % 7) FROM generate_series(1, 60) i'),
	('basket_counts', 'SELECT affinity_agg((i / 4)::text, ''product '' || i % 7) FROM generate_series(1, 60) i'),
	('rfm_cuts', 'SELECT rfm_cuts_agg(date ''2024-01-01'' + i, i, i) FROM generate_series(1, 20) i'),
	('rfm_cuts', 'SELECT rfm_cuts_agg(date ''2024-01-01'' + i, i, i, 5, i::text) FROM generate_series(1, 20) i'),
	('subscription_history', 'SELECT subscription_agg(daterange(date ''2024-01-01'' + i * 30, date ''2024-02-15'' + i * 30), i) FROM generate_series(1, 20) i')) v(type, query);

SELECT is(pg_temp.outcome(type, bytes), 'ok', format('as stored: %s of %s bytes', type, length(bytes))) FROM stored;
SELECT isnt(pg_temp.outcome(type, '\xff' || substr(bytes, 2)), 'ok', format('another version: %s of %s bytes', type, length(bytes))) FROM stored;
SELECT is(string_agg(DISTINCT outcome, ' ' ORDER BY outcome), '22P03', format('cut short: %s of %s bytes', type, length(bytes)))
FROM stored, generate_series(0, length(bytes) - 1) n, LATERAL (SELECT pg_temp.outcome(type, substr(bytes, 1, n)) AS outcome) o
WHERE NOT (type = 'purchase_history' AND n = 2) GROUP BY type, bytes; -- two bytes are a history without days

-- What reads the first bytes of a history only, as far as it can.
CREATE FUNCTION pg_temp.money_of(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE ticks bigint; spend float8;
BEGIN
	EXECUTE format('SELECT workspace_ticks(h, ''2030-01-01''), workspace_spend(h, ''2030-01-01'') FROM (SELECT %L::%s::purchase_history AS h) b',
		bytes, (SELECT raw FROM types WHERE type = 'purchase_history')) INTO ticks, spend;
	RETURN ticks || ' ' || spend;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT is(array_agg(DISTINCT pg_temp.money_of(substr(bytes, 1, n))), '{22P03}', 'money as of a date of a history cut short')
FROM (SELECT bytes FROM stored WHERE type = 'purchase_history' ORDER BY length(bytes) DESC LIMIT 1) s, generate_series(0, length(bytes) - 1) n WHERE n <> 2;
SELECT is(pg_temp.money_of(bytes), '1700000 170', 'and of a whole one')
FROM (SELECT bytes FROM stored WHERE type = 'purchase_history' ORDER BY length(bytes) DESC LIMIT 1) s;

-- One byte that is another: something is read, or it is refused.
SELECT ok(bool_and(outcome IN ('ok', '22P03')) AND bool_or(outcome = '22P03'), format('a byte is 127: %s of %s bytes: %s', type, length(bytes), string_agg(DISTINCT outcome, ' ')))
FROM stored, generate_series(0, length(bytes) - 1) n, LATERAL (SELECT pg_temp.outcome(type, set_byte(bytes, n, 127)) AS outcome) o
WHERE type IN ('engagement', 'basket_counts', 'rfm_cuts') AND bytes::text !~ '70726f64756374' GROUP BY type, bytes;

-- The order of values that have none of their own: by bytes, a beginning before what begins with it.
SELECT ok(a::raw_double::btyd_model < b::raw_double::btyd_model AND b::raw_double::btyd_model > a::raw_double::btyd_model
	AND a::raw_int::rfm_cuts < b::raw_int::rfm_cuts AND b::raw_int::rfm_cuts > a::raw_int::rfm_cuts, 'a beginning comes first')
FROM (VALUES ('\x0102', '\x010203')) v(a, b);

SELECT * FROM finish();
ROLLBACK;
