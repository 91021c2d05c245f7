-- What reads an aggregate's state, from a table states (name of the support functions,
-- transition function, its arguments' types, arguments over a table, that table): what was
-- serialized is read, any other bytes are read or refused.
\ir binary.sql

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

\if :{?mutants}
\else
\set mutants 1500
\endif
SELECT is(pg_temp.read_bytes(n, bytes), 'ok', 'what was serialized is read: ' || title) FROM serialized ORDER BY n;
SELECT ok(pg_temp.read_bytes(n, '') IN ('error 22P03', 'error 08P01') AND pg_temp.read_bytes(n, '\x00') IN ('error 22P03', 'error 08P01')
	AND pg_temp.read_bytes(n, set_byte(bytes, 0, 99)) = 'error 22P03', 'nothing, or another version: ' || title) FROM serialized ORDER BY n;
SELECT is(count(*) FILTER (WHERE pg_temp.read_bytes(n, substr(bytes, 1, length(bytes) - 1 - i)) = 'ok'), 0::bigint, 'cut within its last seven bytes: ' || title)
FROM serialized, generate_series(0, 6) i GROUP BY n, title ORDER BY n;
-- Names of zones and collations may be unknown.
SELECT ok(bool_and(outcome IN ('ok', 'error 22P03', 'error 22003', 'error 08P01')
		OR title ~ '^(engagement|rfm_cuts)' AND outcome IN ('error 22023', 'error 3F000', 'error 42602', 'error 42704')) AND sum(times) = :mutants AND bool_or(outcome <> 'ok'),
	format('mutated bytes are read or refused: %s: %s', title, string_agg(outcome || ' ' || times, ', ' ORDER BY outcome)))
FROM (SELECT n, title, pg_temp.read_bytes(n, pg_temp.mutant(bytes, i)) AS outcome, count(*) AS times
	FROM (SELECT setseed(0.3)) seed, serialized, generate_series(1, :mutants) i GROUP BY 1, 2, 3) m
GROUP BY n, title ORDER BY n;
