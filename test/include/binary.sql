-- Feeds bytes to a type's binary input, which SQL cannot call: through COPY of a
-- binary file in the server's data directory. Returns 'ok' or the SQLSTATE.
-- What was read stays in received_value (text form).
CREATE TEMP TABLE received_value (value text);

CREATE FUNCTION pg_temp.copy_file(bytes bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE
RETURN '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea || '\x0001'::bytea
	|| int4send(length(bytes)) || bytes || '\xffff'::bytea;

CREATE FUNCTION pg_temp.receive(type_name text, bytes bytea) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/crm_ext_receive_' || pg_backend_pid();
	object oid := lo_from_bytea(0, pg_temp.copy_file(bytes));
BEGIN
	PERFORM lo_export(object, file);
	PERFORM lo_unlink(object);
	EXECUTE format('CREATE TEMP TABLE IF NOT EXISTS received_%s (value %s)',
				   md5(type_name), type_name);
	EXECUTE format('TRUNCATE pg_temp.received_%s', md5(type_name));
	EXECUTE format('COPY pg_temp.received_%s FROM %L WITH (FORMAT binary)', md5(type_name), file);
	TRUNCATE received_value;
	EXECUTE format('INSERT INTO received_value SELECT value::text FROM pg_temp.received_%s',
				   md5(type_name));
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;

-- n random mutations of bytes (flipped, cut, lengthened), counted by outcome.
CREATE FUNCTION pg_temp.mutate(type_name text, bytes bytea, n int)
RETURNS TABLE (outcome text, times bigint)
LANGUAGE plpgsql AS $$
DECLARE
	mutant bytea;
	outcomes text[] := '{}';
BEGIN
	PERFORM setseed(0.42);
	FOR i IN 1..n LOOP
		mutant := bytes;
		FOR j IN 0..(i % 4) LOOP
			mutant := set_byte(mutant, floor(random() * length(mutant))::int,
							   floor(random() * 256)::int);
		END LOOP;
		IF i % 5 = 0 THEN
			mutant := substr(mutant, 1, floor(random() * length(mutant))::int);
		ELSIF i % 11 = 0 THEN
			mutant := mutant || substr(bytes, 1, floor(random() * length(bytes))::int);
		END IF;
		outcomes := outcomes || pg_temp.receive(type_name, mutant);
	END LOOP;
	RETURN QUERY SELECT o, count(*) FROM unnest(outcomes) o GROUP BY o ORDER BY o;
END $$;
