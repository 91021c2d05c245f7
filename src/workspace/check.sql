/*
 * workspace/check.sql - what crm_attach, crm_refresh and crm_detach refuse, before anything is done.
 */

-- Everything that can be wrong is found here, before anything is created. Gives the capture mode.
CREATE FUNCTION workspace_check(source regclass, customer_id name, purchased_at name, amount name, capture text)
	RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	relowner oid;
	natural_mode text;
	replicated boolean;
BEGIN
	EXECUTE format('SELECT %s.workspace_check_relation($1)', crm) USING source;
	SELECT c.relowner INTO relowner FROM pg_class c WHERE c.oid = source;
	EXECUTE format('SELECT %1$s.workspace_column($1, $2, ''customer_id''), %1$s.workspace_column($1, $3, ''purchased_at''),
		CASE WHEN $4 IS NOT NULL THEN %1$s.workspace_column($1, $4, ''amount'') END', crm)
		USING source, customer_id, purchased_at, amount;
	EXECUTE format('SELECT %1$s.workspace_capture($1, ARRAY[$2, $3, $4]), %1$s.workspace_is_replicated($1)', crm)
		INTO natural_mode, replicated USING source, customer_id, purchased_at, amount;
	IF capture = 'auto' THEN
		RETURN CASE
			WHEN NOT has_table_privilege(source, 'TRIGGER') THEN 'none'
			WHEN replicated AND NOT pg_has_role(relowner, 'USAGE') THEN 'none'
			ELSE natural_mode END;
	ELSIF capture = 'none' THEN
		RETURN capture;
	ELSIF capture IS NULL OR capture NOT IN ('statement', 'row') THEN
		RAISE EXCEPTION 'unknown capture mode "%"', capture USING ERRCODE = 'invalid_parameter_value',
			HINT = 'It is auto, statement, row or none.';
	ELSIF natural_mode NOT IN (capture, 'statement') THEN
		RAISE EXCEPTION 'capture mode "%" does not see every change of "%"', capture, source
			USING ERRCODE = 'feature_not_supported',
				HINT = format('The mode that does is %s.', natural_mode);
	ELSIF NOT has_table_privilege(source, 'TRIGGER') THEN
		RAISE EXCEPTION 'permission denied to create triggers on "%"', source
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('Its owner can run: GRANT TRIGGER ON %s TO %I. Without it: capture => ''none''.', source, current_user);
	ELSIF replicated AND NOT pg_has_role(relowner, 'USAGE') THEN
		RAISE EXCEPTION 'only the owner of "%" can have triggers fire for replicated rows', source
			USING ERRCODE = 'insufficient_privilege', HINT = 'Without them: capture => ''none''.';
	END IF;
	RETURN capture;
END
$$;
COMMENT ON FUNCTION workspace_check(regclass, name, name, name, text) IS
	'internal: refuses a source that cannot be attached; else the capture mode';

CREATE FUNCTION workspace_check_settings(workspace name, time_zone text, active_days integer, as_of date) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	taken text;
BEGIN
	IF workspace IS NULL OR time_zone IS NULL THEN
		RAISE EXCEPTION '% must not be null', CASE WHEN workspace IS NULL THEN 'workspace' ELSE 'time_zone' END
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	BEGIN
		PERFORM timestamptz '2000-01-01 00:00+00' AT TIME ZONE time_zone;
	EXCEPTION WHEN invalid_parameter_value THEN
		RAISE EXCEPTION 'time zone "%" not recognized', time_zone USING ERRCODE = 'invalid_parameter_value',
			HINT = 'See pg_timezone_names; the session''s zone is current_setting(''TimeZone'').';
	END;
	IF active_days < 1 THEN
		RAISE EXCEPTION 'active_days must be at least 1, not %', active_days USING ERRCODE = 'invalid_parameter_value',
			HINT = 'NULL stands for the calendar method.';
	END IF;
	IF NOT isfinite(as_of) THEN
		RAISE EXCEPTION 'as_of must be a finite date, not %', as_of USING ERRCODE = 'datetime_field_overflow';
	END IF;
	IF EXISTS (SELECT FROM pg_namespace WHERE nspname = workspace) THEN
		IF NOT (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = workspace) THEN
			RAISE EXCEPTION 'schema "%" exists and belongs to another role', workspace
				USING ERRCODE = 'insufficient_privilege', HINT = 'Choose another name: workspace => ''...''.';
		END IF;
		IF EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = workspace AND c.relname = 'workspace_state') THEN
			RAISE EXCEPTION 'workspace "%" exists already', workspace USING ERRCODE = 'duplicate_schema',
				HINT = format('Choose another name, workspace => ''...'', or: SELECT crm_detach(%L).', workspace);
		END IF;
		EXECUTE format('SELECT string_agg(quote_ident(c.relname), '', '' ORDER BY c.relname)
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = $1 AND (c.relname IN (SELECT name FROM %s.workspace_views())
				OR c.relname IN (''customer_history'', ''change_queue'', ''changed_customers'', ''refresh_log'', ''workspace_attachment''))', crm)
			INTO taken USING workspace;
		IF taken IS NOT NULL THEN
			RAISE EXCEPTION 'schema "%" has relations of the names that a workspace needs: %', workspace, taken
				USING ERRCODE = 'duplicate_table', HINT = 'Choose another name: workspace => ''...''.';
		END IF;
	ELSIF NOT has_database_privilege(current_database(), 'CREATE') THEN
		RAISE EXCEPTION 'permission denied to create schema "%" in database "%"', workspace, current_database()
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('Its owner can run: GRANT CREATE ON DATABASE %I TO %I. Or name a schema of your own.',
					current_database(), current_user);
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_check_settings(name, text, integer, date) IS
	'internal: refuses settings that no workspace can have';

-- The owner of a workspace; 55000 where there is none.
CREATE FUNCTION workspace_find(workspace name) RETURNS oid
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	owner oid := (SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = workspace AND c.relname = 'workspace_state' AND c.relkind = 'r');
BEGIN
	IF workspace IS NULL THEN
		RAISE EXCEPTION 'workspace must not be null' USING ERRCODE = 'null_value_not_allowed';
	ELSIF owner IS NULL THEN
		RAISE EXCEPTION 'there is no workspace "%"', workspace USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = (SELECT coalesce('Workspaces: ' || string_agg(quote_ident(n.nspname), ', ' ORDER BY n.nspname) || '.',
					'crm_attach creates one; crm_discover() proposes how.')
				FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE c.relname = 'workspace_state' AND c.relkind = 'r');
	END IF;
	RETURN owner;
END
$$;
COMMENT ON FUNCTION workspace_find(name) IS
	'internal: the owner of a workspace; an error where there is none';

CREATE FUNCTION workspace_open(workspace name) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	owner oid;
	foreign_table text;
BEGIN
	EXECUTE format('SELECT %s.workspace_find($1)', crm) INTO owner USING workspace;
	IF owner <> current_user::regrole THEN
		RAISE EXCEPTION 'must be owner of workspace "%"', workspace USING ERRCODE = 'insufficient_privilege',
			HINT = format('It stores what its owner sees: SET ROLE %s.', owner::regrole);
	END IF;
	-- Whoever owns the schema could have put a table of theirs in the place of one of ours.
	SELECT quote_ident(c.relname) INTO foreign_table
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = workspace AND c.relowner <> owner
		AND (c.relname IN ('customer_history', 'change_queue', 'changed_customers', 'refresh_log', 'workspace_attachment')
			OR c.relname LIKE 'stored\_%' AND c.relkind = 'r');
	IF found THEN
		RAISE EXCEPTION 'table % of workspace "%" belongs to another role', foreign_table, workspace
			USING ERRCODE = 'insufficient_privilege';
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_open(name) IS
	'internal: refuses a workspace that is none, or not the caller''s';
