-- States of the aggregates about retention that travel between processes: any bytes are
-- read or refused, never a crash.
BEGIN;
SELECT no_plan();
\ir include/binary.sql

CREATE TABLE states (name text, transition regprocedure, arguments text, inputs text, source text);
INSERT INTO states VALUES
	('retention_agg', 'retention_agg_transfn_history(internal, purchase_history, date[], integer)', 'purchase_history, date[], integer',
		'h, periods(''2023-01-01'', ''2023-12-31'', ''3 months''), 60', 'people'),
	('retention_agg', 'retention_agg_transfn_history(internal, purchase_history, date[], integer, date)', 'purchase_history, date[], integer, date',
		'h, periods(''2023-01-01'', ''2023-12-31'', ''3 months''), NULL, ''2023-11-11''', 'people'),
	('retention_agg', 'retention_agg_transfn_spans(internal, datemultirange, date[])', 'datemultirange, date[]',
		'spans, periods(''2023-01-01'', ''2023-12-31'', ''3 months'')', 'people'),
	('cohort_agg', 'cohort_agg_transfn(internal, purchase_history, date[], text)', 'purchase_history, date[], text',
		'h, periods(''2023-01-01'', ''2023-12-31'', ''3 months''), ''unbounded''', 'people'),
	('ladder_agg', 'ladder_agg_transfn(internal, purchase_history, date, integer)', 'purchase_history, date, integer', 'h, ''2023-11-11'', 3', 'people'),
	('kaplan_meier', 'kaplan_meier_transfn(internal, double precision, boolean)', 'double precision, boolean', 'id::float8 / 2, id % 3 > 0', 'people'),
	('subscription_agg', 'subscription_agg_transfn(internal, daterange, numeric)', 'daterange, numeric', 'daterange(day, day + id), id', 'people'),
	('mrr_agg', 'mrr_agg_transfn(internal, subscription_history, date[])', 'subscription_history, date[]',
		's, periods(''2023-01-01'', ''2023-12-31'', ''3 months'')', 'people'),
	('key_figures_agg', 'key_figures_agg_transfn(internal, purchase_history, daterange, integer)', 'purchase_history, daterange, integer',
		'h, daterange(''2023-03-01'', ''2023-10-01''), 60', 'people'),
	('period_counts', 'period_counts_transfn_history(internal, purchase_history, daterange, integer)', 'purchase_history, daterange, integer',
		'h, daterange(''2023-03-01'', ''2023-10-01''), 60', 'people');

CREATE TABLE people AS
SELECT id, date '2023-01-01' + id * 11 AS day, history_agg(date '2023-01-01' + id * 11 + n * id * 5, (n - 1)::numeric) AS h,
	active_spans(history_agg(date '2023-01-01' + id * 11 + n * id * 5), 40) AS spans,
	subscription_agg(daterange(date '2023-01-01' + id * 11 + n * 20, date '2023-01-10' + id * 11 + n * 20), n) AS s
FROM generate_series(1, 12) id, generate_series(0, 5) n GROUP BY id;

-- serialized_N gives an aggregate's state as bytes; reads_N(bytes) gives them to its deserialize function.
CREATE FUNCTION pg_temp.second(bytea, bytea) RETURNS bytea LANGUAGE sql RETURN $2;
SELECT format('CREATE AGGREGATE pg_temp.serialized_%s(%s) (SFUNC = %s, STYPE = internal, FINALFUNC = %s_serialfn)',
		row_number() OVER w, arguments, split_part(transition::text, '(', 1), name),
	format($$CREATE FUNCTION pg_temp.deserialize_%s(bytea, bytea) RETURNS bigint AS %L, '%s_deserialfn' LANGUAGE C$$, row_number() OVER w,
		(SELECT probin FROM pg_proc WHERE proname = name || '_deserialfn'), name),
	format('CREATE AGGREGATE pg_temp.reads_%1$s(bytea) (SFUNC = pg_temp.second, STYPE = bytea, FINALFUNC = pg_temp.deserialize_%1$s, FINALFUNC_EXTRA)',
		row_number() OVER w)
FROM states WINDOW w AS (ORDER BY name, arguments) \gexec
CREATE FUNCTION pg_temp.read_bytes(n bigint, bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT pg_temp.reads_%s($1)', n) USING bytes;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN 'error ' || SQLSTATE;
END $$;
CREATE FUNCTION pg_temp.bytes_of(n bigint, inputs text, source text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE bytes bytea;
BEGIN
	EXECUTE format('SELECT pg_temp.serialized_%s(%s) FROM %I', n, inputs, source) INTO bytes;
	RETURN bytes;
END $$;
CREATE TABLE serialized AS
SELECT n, title, pg_temp.bytes_of(n, inputs, source) AS bytes
FROM (SELECT row_number() OVER (ORDER BY name, arguments) AS n, name || '(' || arguments || ')' AS title, inputs, source FROM states) s;

SELECT is(pg_temp.read_bytes(n, bytes), 'ok', 'what was serialized is read: ' || title) FROM serialized ORDER BY n;
SELECT ok(pg_temp.read_bytes(n, '') = 'error 22P03' AND pg_temp.read_bytes(n, '\x00') = 'error 22P03'
	AND pg_temp.read_bytes(n, set_byte(bytes, 0, 99)) = 'error 22P03', 'nothing, or another version: ' || title) FROM serialized ORDER BY n;
SELECT is(count(*) FILTER (WHERE pg_temp.read_bytes(n, substr(bytes, 1, length(bytes) - 1 - i)) = 'ok'), 0::bigint, 'cut within its last seven bytes: ' || title)
FROM serialized, generate_series(0, 6) i GROUP BY n, title ORDER BY n;
SELECT ok(bool_and(outcome IN ('ok', 'error 22P03', 'error 22003', 'error 08P01')) AND sum(times) = 1500 AND bool_or(outcome <> 'ok'),
	format('mutated bytes are read or refused: %s: %s', title, string_agg(outcome || ' ' || times, ', ' ORDER BY outcome)))
FROM (SELECT n, title, pg_temp.read_bytes(n, pg_temp.mutant(bytes, i)) AS outcome, count(*) AS times
	FROM (SELECT setseed(0.3)) seed, serialized, generate_series(1, 1500) i GROUP BY 1, 2, 3) m
GROUP BY n, title ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
