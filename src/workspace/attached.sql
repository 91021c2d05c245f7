/*
 * workspace/attached.sql - the views of an attachment: its columns checked, attached_KIND that reads
 * them, and the kind's views with their templates filled in (kinds.sql).
 */

-- A column of the source under the name and type that its role has; without a column, a NULL.
CREATE FUNCTION workspace_attached_column(workspace name, source regclass, column_name name, role name, purpose text) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	zone text := format('(SELECT w.time_zone FROM %I.workspace_state AS w)', workspace);
	id_type text;
	collated text;
	base regtype;
BEGIN
	EXECUTE format('SELECT format_type(k.atttypid, -1), %1$s.workspace_base_type(s.atttypid),
			CASE WHEN s.attcollation <> c.oid THEN format('' COLLATE %%I.%%I'', n.nspname, c.collname) END
		FROM pg_attribute k LEFT JOIN pg_attribute s ON s.attrelid = $2 AND s.attname = $3
			LEFT JOIN pg_collation c ON c.oid = k.attcollation LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
		WHERE k.attrelid = $1::regclass AND k.attname = ''customer_id''', crm)
		INTO id_type, base, collated USING format('%I.customer_history', workspace), source, column_name;
	IF column_name IS NULL THEN
		RETURN format('NULL::%s AS %I', CASE purpose WHEN 'customer_id' THEN id_type WHEN 'day' THEN 'date'
			WHEN 'moment' THEN 'timestamptz' WHEN 'amount' THEN 'numeric' ELSE 'text' END, role);
	END IF;
	RETURN CASE
		WHEN purpose = 'customer_id' THEN format('s.%I::%s%s', column_name, id_type, collated)
		WHEN purpose = 'amount' THEN format('s.%I::numeric', column_name)
		WHEN purpose = 'day' AND base = 'timestamptz'::regtype THEN format('(s.%I AT TIME ZONE %s)::date', column_name, zone)
		WHEN purpose = 'day' THEN format('s.%I::date', column_name)
		WHEN purpose = 'moment' AND base = 'timestamptz'::regtype THEN format('s.%I::timestamptz', column_name)
		WHEN purpose = 'moment' THEN format('s.%I::timestamp AT TIME ZONE %s', column_name, zone)
		WHEN purpose IN ('bigint', 'uuid') THEN format('s.%I::%s', column_name, purpose)
		ELSE format('s.%I::text', column_name)
	END || format(' AS %I', role);
END
$$;
COMMENT ON FUNCTION workspace_attached_column(name, regclass, name, name, text) IS
	'internal: how the view of an attachment reads a column';

CREATE FUNCTION workspace_attached_columns(workspace name, attached text) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	columns text;
BEGIN
	EXECUTE format('SELECT string_agg(%1$s.workspace_attached_column($1, a.source, (a.columns ->> r.role)::name, r.role,
			CASE r.purpose WHEN ''key'' THEN a.options ->> ''key_type'' ELSE r.purpose END), '', '' ORDER BY r.position)
		FROM %2$I.workspace_attachment a JOIN %1$s.workspace_attachment_roles() r ON r.kind = a.kind
		WHERE a.kind = $2', crm, workspace) INTO columns USING workspace, attached;
	RETURN columns;
END
$$;
COMMENT ON FUNCTION workspace_attached_columns(name, text) IS
	'internal: how the view of an attachment reads its columns';

-- Ids are compared with the workspace's own: of its type, or of one that never fails to become it.
CREATE FUNCTION workspace_check_attached(workspace name, source regclass, column_name name, role name, purpose text, is_required boolean)
	RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	is_now regtype;
	id_type regtype := (SELECT atttypid FROM pg_attribute
		WHERE attrelid = format('%I.customer_history', workspace)::regclass AND attname = 'customer_id');
BEGIN
	IF column_name IS NULL THEN
		IF is_required THEN
			RAISE EXCEPTION '% must not be null', role USING ERRCODE = 'null_value_not_allowed';
		END IF;
		RETURN;
	END IF;
	EXECUTE format('SELECT %1$s.workspace_base_type(%1$s.workspace_column($1, $2, $3))', crm) INTO is_now
		USING source, column_name, CASE WHEN purpose IN ('day', 'moment') THEN 'time' WHEN purpose = 'key' THEN 'label' ELSE purpose END;
	IF purpose = 'customer_id' AND is_now <> id_type AND NOT EXISTS (SELECT FROM pg_cast
		WHERE castsource = is_now AND casttarget = id_type AND castcontext = 'i') THEN
		RAISE EXCEPTION 'column "%" of relation "%" has type %, where workspace "%" has ids of type %',
				column_name, source, is_now, workspace, id_type
			USING ERRCODE = 'datatype_mismatch', COLUMN = column_name,
				HINT = format('Attach a view that casts it: CREATE VIEW ... AS SELECT %1$I::%2$s AS %1$I, ... FROM %3$s.', column_name, id_type, source);
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_check_attached(name, regclass, name, name, text, boolean) IS
	'internal: refuses a column that cannot be what an attachment takes it for';

CREATE FUNCTION workspace_check_names(workspace name, kind text) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	taken text;
BEGIN
	EXECUTE format('SELECT string_agg(quote_ident(t.typname), '', '' ORDER BY t.typname)
		FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
		WHERE n.nspname = $1 AND t.typname IN (
			SELECT name FROM %1$s.workspace_attachment_views() WHERE kind = $2
			EXCEPT SELECT name FROM %1$s.workspace_views()
			UNION SELECT ''attached_'' || $2
			UNION SELECT ''stored_'' || $2 UNION SELECT ''stored_'' || $2 || ''_rows'' UNION SELECT ''stored_'' || $2 || ''_counts'')', crm) INTO taken USING workspace, kind;
	IF taken IS NOT NULL THEN
		RAISE EXCEPTION 'workspace "%" has relations or types of the names that attached % need: %', workspace, kind, taken
			USING ERRCODE = 'duplicate_table', HINT = 'Rename them, or move them to another schema.';
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_check_names(name, text) IS
	'internal: refuses to attach where the names of its views are taken';

CREATE FUNCTION workspace_create_rows_view(workspace name, attached text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	today text;
	zone text;
	ending text;
	item record;
BEGIN
	EXECUTE format('SELECT %s.workspace_today($1)', crm) INTO today USING workspace;
	zone := format('(SELECT w.time_zone FROM %I.workspace_state AS w)', workspace);
	ending := format('((%s + 1)::timestamp AT TIME ZONE %s)', today, zone);
	EXECUTE format('SELECT a.source, k.comment, k.filter, k.until, %1$s.workspace_attached_columns($1, $2) AS as_they_are,
			string_agg(format(r.expression, $3, $4, $5) || '' AS '' || r.role, '', '' ORDER BY r.position) AS as_read,
			string_agg(r.role || '': '' || r.comment, E''\n'' ORDER BY r.position) AS columns
		FROM %2$I.workspace_attachment a JOIN %1$s.workspace_attachment_kinds() k ON k.kind = a.kind
			JOIN %1$s.workspace_attachment_roles() r ON r.kind = k.kind
		WHERE k.kind = $2 GROUP BY a.source, k.comment, k.filter, k.until', crm, workspace)
		INTO item USING workspace, attached, today, ending, zone;
	EXECUTE format('SELECT %s.workspace_create_view($1, $2, $3, $4, $5, NULL)', crm)
		USING workspace, ('attached_' || attached)::name,
			format('SELECT %s FROM (SELECT %s FROM %s AS s) AS r WHERE %s AND %s',
				item.as_read, item.as_they_are, item.source, item.filter, format(item.until, today, ending)),
			item.comment, item.columns;
END
$$;
COMMENT ON FUNCTION workspace_create_rows_view(name, text) IS
	'internal: creates the view that reads the source of an attachment, or replaces it';

-- The workspace's day, for a statement: its pinned date, or today in its zone.
CREATE FUNCTION workspace_today(workspace name) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('(SELECT coalesce(w.as_of, (CURRENT_TIMESTAMP AT TIME ZONE w.time_zone)::date) FROM %I.workspace_state AS w)', workspace);
COMMENT ON FUNCTION workspace_today(name) IS
	'internal: the subquery that gives a workspace''s day';

-- What the templates are filled with: the extension's schema, the workspace, the equality of ids,
-- a place for the query of the view that is extended, the type of the ids, the workspace's day,
-- the type under which aggregates that take bigint, text and uuid get the ids, that of the kind's
-- own keys, and as a literal the query of products by customer.
CREATE FUNCTION workspace_template_arguments(workspace name, attached text) RETURNS text[]
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	arguments text[];
BEGIN
	EXECUTE format('SELECT ARRAY[$2, quote_ident($1), %1$s.workspace_key_equality(atttypid), NULL, format_type(atttypid, -1), %1$s.workspace_today($1),
			CASE WHEN atttypid IN (''smallint''::regtype, ''integer''::regtype, ''bigint''::regtype) THEN ''bigint''
				WHEN atttypid = ''uuid''::regtype THEN ''uuid'' ELSE ''text'' END,
			(SELECT a.options ->> ''key_type'' FROM %2$I.workspace_attachment a WHERE a.kind = $4),
			quote_literal(format(''SELECT r.customer_id, r.product_id FROM %%I.attached_products AS r WHERE r.customer_id IS NOT NULL'', $1))]
		FROM pg_attribute WHERE attrelid = $3::regclass AND attname = ''customer_id''', crm, workspace)
		INTO arguments USING workspace, crm, format('%I.customer_history', workspace), attached;
	RETURN arguments;
END
$$;
COMMENT ON FUNCTION workspace_template_arguments(name, text) IS
	'internal: what the templates of an attachment''s views are filled with';

CREATE FUNCTION workspace_create_attached_views(workspace name, attached text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	arguments text[];
	item record;
BEGIN
	EXECUTE format('SELECT %s.workspace_template_arguments($1, $2)', crm) INTO arguments USING workspace, attached;
	FOR item IN EXECUTE format('SELECT v.*, b.query AS base FROM %1$s.workspace_attachment_views() v
		LEFT JOIN %1$s.workspace_views() b ON b.name = v.name WHERE v.kind = $1 ORDER BY v.position', crm) USING attached
	LOOP
		arguments[4] := format(item.base, VARIADIC arguments);
		EXECUTE format('SELECT %s.workspace_create_view($1, $2, $3, $4, $5, $6)', crm)
			USING workspace, item.name, format(item.query, VARIADIC arguments), item.comment, item.columns, item.row_type;
	END LOOP;
END
$$;
COMMENT ON FUNCTION workspace_create_attached_views(name, text) IS
	'internal: creates the views of an attachment, or replaces them';
