\echo Use "CREATE EXTENSION crm_ext_moved" to load this file. \quit
-- Moves crm_ext, and puts a crm_attach of its own before it on the path of make check-moved: a
-- workspace is created under another name and then renamed to the one that was asked for.
CREATE SCHEMA moved_here;
GRANT USAGE ON SCHEMA moved_here, crm_renaming TO PUBLIC;
ALTER EXTENSION crm_ext SET SCHEMA moved_here;

CREATE FUNCTION crm_renaming.crm_attach(purchases regclass, customer_id name, purchased_at name, amount name DEFAULT NULL,
	workspace name DEFAULT 'crm', time_zone text DEFAULT current_setting('TimeZone'), active_days integer DEFAULT 90,
	as_of date DEFAULT NULL, fill boolean DEFAULT true, capture text DEFAULT 'auto')
	RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	-- what is refused must be refused by its own name
	renamed boolean := workspace !~ '^pg_' AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = workspace)
		AND has_database_privilege(current_database(), 'CREATE');
	attached name := CASE WHEN renamed THEN 'before "renaming" ' || left(workspace, 40) ELSE workspace END;
BEGIN
	EXECUTE format('SELECT %s.crm_attach($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', crm)
		USING purchases, customer_id, purchased_at, amount, attached, time_zone, active_days, as_of, fill, capture;
	IF renamed THEN
		EXECUTE format('ALTER SCHEMA %I RENAME TO %I', attached, workspace);
		IF fill THEN
			-- a refresh takes the new name in; only the tests' own ones are counted
			EXECUTE format('SELECT %s.crm_refresh($1)', crm) USING workspace;
			EXECUTE format('DELETE FROM %1$I.refresh_log WHERE started_at > (SELECT min(started_at) FROM %1$I.refresh_log)', workspace);
		END IF;
	END IF;
END
$$;
COMMENT ON FUNCTION crm_renaming.crm_attach(regclass, name, name, name, name, text, integer, date, boolean, text) IS
	'crm_attach, but the workspace had another name before';

-- What is proposed names the schema, and must; without it, it is the text that the tests know, and
-- whoever pastes it comes to the function above.
CREATE FUNCTION crm_renaming.crm_discover(OUT relation regclass, OUT score integer, OUT call text) RETURNS SETOF record
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
BEGIN
	FOR relation, score, call IN EXECUTE format('SELECT * FROM %s.crm_discover()', crm) LOOP
		IF crm <> 'public' AND position('SELECT ' || crm || '.crm_attach(' IN call) = 0 THEN
			RAISE EXCEPTION 'not the schema of the extension: %', call;
		END IF;
		call := replace(call, 'SELECT ' || crm || '.crm_attach(', 'SELECT crm_attach(');
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION crm_renaming.crm_discover() IS 'crm_discover, without the schema in what it proposes';

ALTER EXTENSION crm_ext_moved DROP SCHEMA moved_here;
ALTER EXTENSION crm_ext_moved DROP FUNCTION crm_renaming.crm_discover();
ALTER EXTENSION crm_ext_moved DROP FUNCTION crm_renaming.crm_attach(regclass, name, name, name, name, text, integer, date, boolean, text);
