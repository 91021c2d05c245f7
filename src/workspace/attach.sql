/*
 * workspace/attach.sql - crm_attach and crm_detach: a schema with tables (tables.sql), triggers on
 * the source (capture.sql), views (views.sql) and functions, made and dropped.
 */

-- One view with its comments, from the lines of "name: comment" or from the composite type whose
-- columns it has. A view that is there is replaced, and keeps its options, grants and dependents.
CREATE FUNCTION workspace_create_view(workspace name, name name, query text, comment text, columns text, row_type name)
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	view text := format('%I.%I', workspace, name);
	options text := (SELECT format(' WITH (%s)', array_to_string(c.reloptions, ', '))
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = workspace AND c.relname = workspace_create_view.name AND c.reloptions IS NOT NULL);
	col record;
BEGIN
	EXECUTE format('CREATE OR REPLACE VIEW %s%s AS %s', view, options, query);
	IF comment IS NOT NULL THEN
		EXECUTE format('COMMENT ON VIEW %s IS %L', view, comment);
	END IF;
	FOR col IN
		SELECT split_part(line, ': ', 1) AS name, substr(line, strpos(line, ': ') + 2) AS comment
		FROM regexp_split_to_table(columns, '\n') AS line WHERE line <> ''
		UNION ALL
		SELECT a.attname, col_description(t.typrelid, f.attnum)
		FROM pg_extension e JOIN pg_type t ON t.typnamespace = e.extnamespace AND t.typname = row_type
			JOIN pg_attribute f ON f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped
			JOIN pg_attribute a ON a.attname = f.attname AND a.attrelid = view::regclass
		WHERE e.extname = 'crm_ext'
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view, col.name, col.comment);
	END LOOP;
END
$$;
COMMENT ON FUNCTION workspace_create_view(name, name, text, text, text, name) IS
	'internal: creates or replaces a view of a workspace, with its comments; comment NULL: the view keeps its own';

-- Of views and comments that are there, replaces what they say.
CREATE FUNCTION workspace_write_views(workspace name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	item record;
BEGIN
	FOR item IN EXECUTE format('SELECT * FROM %s.workspace_views() ORDER BY position', crm)
	LOOP
		EXECUTE format('SELECT %s.workspace_create_view($1, $2, $3, $4, $5, $6)', crm)
			USING workspace, item.name, format(item.query, crm, quote_ident(workspace)), item.comment, item.columns, item.row_type;
	END LOOP;
	FOR item IN EXECUTE format('SELECT * FROM %s.workspace_comments()', crm)
	LOOP
		CONTINUE WHEN item.object = 'SCHEMA %1$s';
		EXECUTE format('COMMENT ON %s IS %L', format(item.object, quote_ident(workspace)), item.comment);
	END LOOP;
END
$$;
COMMENT ON FUNCTION workspace_write_views(name) IS
	'internal: creates or replaces a workspace''s views, and comments on everything in it';

-- A workspace of version 0.1.0 knows no attachments, and its views lack columns.
CREATE FUNCTION workspace_modernise(workspace name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
BEGIN
	IF to_regclass(format('%I.workspace_attachment', workspace)) IS NULL THEN
		EXECUTE format('SELECT %s.workspace_create_attachments($1)', crm) USING workspace;
		EXECUTE format('SELECT %s.workspace_write_views($1)', crm) USING workspace;
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_modernise(name) IS
	'internal: gives a workspace that an older version created what this one''s have';

-- By their arguments: in a schema of one's own there may be others of these names.
CREATE FUNCTION workspace_made_functions(workspace name) RETURNS SETOF regprocedure
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 2
	BEGIN ATOMIC
	SELECT f FROM unnest(ARRAY[
		to_regprocedure(format('%I.retention(pg_catalog.interval, pg_catalog.date, pg_catalog.date, pg_catalog.int4)', workspace)),
		to_regprocedure(format('%I.customers_as_of(pg_catalog.date)', workspace))]) AS f
	WHERE f IS NOT NULL;
	END;
COMMENT ON FUNCTION workspace_made_functions(name) IS
	'internal: the functions of a workspace that are called, not that of its triggers';

CREATE FUNCTION workspace_create_views(workspace name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	ws text := quote_ident(workspace);
	item record;
BEGIN
	FOR item IN EXECUTE format('SELECT * FROM %s.workspace_functions()', crm)
	LOOP
		EXECUTE format(item.definition, crm, ws, (SELECT format_type(atttypid, -1) FROM pg_attribute
			WHERE attrelid = format('%s.customer_history', ws)::regclass AND attname = 'customer_id'));
	END LOOP;
	EXECUTE format('SELECT %s.workspace_write_views($1)', crm) USING workspace;
	-- Nothing is granted by default: PostgreSQL would let everybody call functions.
	EXECUTE format('REVOKE ALL ON FUNCTION %s.capture_changes() FROM PUBLIC', ws);
	FOR item IN EXECUTE format('SELECT f AS name FROM %s.workspace_made_functions($1) AS f', crm) USING workspace
	LOOP
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', item.name);
	END LOOP;
END
$$;
COMMENT ON FUNCTION workspace_create_views(name) IS
	'internal: creates a workspace''s views and functions, with their comments';

CREATE FUNCTION crm_attach(purchases regclass, customer_id name, purchased_at name, amount name DEFAULT NULL,
	workspace name DEFAULT 'crm', time_zone text DEFAULT current_setting('TimeZone'), active_days integer DEFAULT 90,
	as_of date DEFAULT NULL, fill boolean DEFAULT true, capture text DEFAULT 'auto')
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	mode text;
	is_new boolean;
	started timestamptz := clock_timestamp();
BEGIN
	IF purchases IS NULL OR customer_id IS NULL OR purchased_at IS NULL OR fill IS NULL THEN
		RAISE EXCEPTION '% must not be null', CASE WHEN purchases IS NULL THEN 'purchases' WHEN customer_id IS NULL THEN 'customer_id'
				WHEN purchased_at IS NULL THEN 'purchased_at' ELSE 'fill' END
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
		RAISE EXCEPTION 'crm_attach cannot run at isolation level %', upper(current_setting('transaction_isolation'))
			USING ERRCODE = 'active_sql_transaction',
				HINT = 'Its snapshot may be older than the triggers that record changes. Use READ COMMITTED.';
	END IF;
	EXECUTE format('SELECT %s.workspace_check_settings($1, $2, $3, $4)', crm)
		USING workspace, time_zone, active_days, as_of;
	EXECUTE format('SELECT %s.workspace_check($1, $2, $3, $4, $5)', crm)
		INTO mode USING purchases, customer_id, purchased_at, amount, capture;

	is_new := NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = workspace);
	IF is_new THEN
		EXECUTE format('CREATE SCHEMA %I', workspace);
		EXECUTE format('COMMENT ON SCHEMA %I IS %L', workspace, 'workspace of crm_ext over ' || purchases);
	END IF;
	EXECUTE format('SELECT %s.workspace_create_tables($1, $2, $3, $4)', crm)
		USING workspace, purchases, customer_id, NOT fill;
	EXECUTE format('INSERT INTO %I.workspace_state (schema_name, schema_created, source, customer_id, purchased_at,
			amount, time_zone, active_days, as_of, capture)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', workspace)
		USING workspace, is_new, purchases, customer_id, purchased_at, amount, time_zone, active_days, as_of, mode;
	EXECUTE format('ANALYZE %I.workspace_state', workspace);    -- one row: plans rest on it
	EXECUTE format('SELECT %s.workspace_create_capture($1, $2, $3)', crm) USING workspace, customer_id, purchased_at;
	IF mode <> 'none' THEN
		EXECUTE format('SELECT %s.workspace_create_triggers($1, $2, $3)', crm) USING purchases, workspace, mode;
	END IF;
	EXECUTE format('SELECT %s.workspace_create_views($1)', crm) USING workspace;
	IF fill THEN
		EXECUTE format('SELECT %s.crm_refresh($1)', crm) USING workspace;
		started := clock_timestamp();
		EXECUTE format('SELECT %s.workspace_create_key($1)', crm) USING workspace;
		EXECUTE format('ANALYZE %I.customer_history', workspace);
		RAISE NOTICE 'key and statistics of %.customer_history: % s', quote_ident(workspace),
			round(extract(epoch FROM clock_timestamp() - started), 2);
	ELSE
		RAISE NOTICE 'workspace % is attached and empty', quote_ident(workspace)
			USING HINT = format('Fill it: SELECT crm_refresh(%L).', workspace);
	END IF;
END
$$;
COMMENT ON FUNCTION crm_attach(regclass, name, name, name, name, text, integer, date, boolean, text) IS
	'creates a workspace, a schema with the views of BI tools, over a table, view or foreign table of purchases, and fills it; customer_id, purchased_at, amount: its columns (amount NULL: without); time_zone: whose days count; active_days: so many days after a purchase a customer is active, NULL: calendar method; as_of: pins it to a date, NULL: today; fill: false leaves filling to crm_refresh; capture: auto, statement, row or none; the source is neither copied nor altered but for the triggers that record changes';

CREATE FUNCTION crm_detach(workspace name DEFAULT 'crm') RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	created boolean;
	names text;
BEGIN
	EXECUTE format('SELECT %1$s.workspace_open($1), %1$s.workspace_modernise($1)', crm) USING workspace;
	EXECUTE format('SELECT schema_created FROM %I.workspace_state', workspace) INTO created;
	EXECUTE format('DROP FUNCTION %I.capture_changes() CASCADE', workspace);    -- and the triggers
	EXECUTE format('SELECT string_agg(f::text, '', '') FROM %s.workspace_made_functions($1) AS f', crm) INTO names USING workspace;
	EXECUTE 'DROP FUNCTION ' || names;
	EXECUTE format('SELECT string_agg(format(''%%I.%%I'', n.nspname, c.relname), '', '' ORDER BY c.relname)
		FROM (SELECT name FROM %1$s.workspace_views() UNION SELECT name FROM %1$s.workspace_attached_names($1, ''v'')) AS v
			JOIN pg_class c ON c.relname = v.name AND c.relkind = ''v''
			JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1', crm) INTO names USING workspace;
	EXECUTE 'DROP VIEW ' || names;
	EXECUTE format('SELECT string_agg(format('', %%I.%%I'', $1, name), '''') FROM %s.workspace_attached_names($1, ''r'')', crm)
		INTO names USING workspace;
	EXECUTE format('DROP TABLE %1$I.customer_history, %1$I.change_queue, %1$I.changed_customers, %1$I.refresh_log,
		%1$I.workspace_attachment, %1$I.workspace_state', workspace) || coalesce(names, '');
	IF created THEN
		EXECUTE format('DROP SCHEMA %I', workspace);
	END IF;
END
$$;
COMMENT ON FUNCTION crm_detach(name) IS
	'drops a workspace and its triggers; refuses while other objects depend on it or stand in its schema';
