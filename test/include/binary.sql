-- Feeds bytes to a type's binary input, which SQL cannot call: through COPY of a
-- binary file in the server's data directory.
--     pg_temp.receive('purchase_history', bytes)   the value as text, or 'error SQLSTATE'
--     pg_temp.mutate('purchase_history', bytes, n) n mutants, counted by outcome
CREATE FUNCTION pg_temp.copy_file(bytes bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE
RETURN '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea || '\x0001'::bytea
	|| int4send(length(bytes)) || bytes || '\xffff'::bytea;

CREATE FUNCTION pg_temp.receive(type_name text, bytes bytea) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/crm_ext_receive_' || pg_backend_pid();
	target text := 'received_' || md5(type_name);
	object oid := lo_from_bytea(0, pg_temp.copy_file(bytes));
	received text;
BEGIN
	PERFORM lo_export(object, file);
	PERFORM lo_unlink(object);
	IF to_regclass('pg_temp.' || target) IS NULL THEN
		EXECUTE format('CREATE TEMP TABLE %I (value %s)', target, type_name);
	END IF;
	EXECUTE format('COPY pg_temp.%I FROM %L WITH (FORMAT binary)', target, file);
	EXECUTE format('DELETE FROM pg_temp.%I RETURNING value::text', target) INTO received;
	RETURN received;
EXCEPTION WHEN OTHERS THEN
	RETURN 'error ' || SQLSTATE;
END $$;

-- Bytes flipped, cut short, lengthened.
CREATE FUNCTION pg_temp.mutant(bytes bytea, i int) RETURNS bytea
LANGUAGE plpgsql AS $$
BEGIN
	FOR j IN 0..(i % 4) LOOP
		bytes := set_byte(bytes, floor(random() * length(bytes))::int, floor(random() * 256)::int);
	END LOOP;
	RETURN CASE WHEN i % 5 = 0 THEN substr(bytes, 1, floor(random() * length(bytes))::int)
				WHEN i % 11 = 0 THEN bytes || substr(bytes, 1, floor(random() * length(bytes))::int)
				ELSE bytes END;
END $$;

CREATE FUNCTION pg_temp.mutate(type_name text, bytes bytea, n int)
RETURNS TABLE (outcome text, times bigint)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM setseed(0.42);
	RETURN QUERY
	SELECT CASE WHEN r LIKE 'error %' THEN r ELSE 'ok' END AS o, count(*)
	FROM (SELECT pg_temp.receive(type_name, pg_temp.mutant(bytes, i)) AS r
		  FROM generate_series(1, n) i OFFSET 0) x
	GROUP BY o ORDER BY o;
END $$;
