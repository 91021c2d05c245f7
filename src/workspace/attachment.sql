/*
 * workspace/attachment.sql - attaching a kind of source (kinds.sql), and dropping what was attached.
 */

CREATE FUNCTION workspace_attach(workspace name, kind text, source regclass, columns jsonb, options jsonb DEFAULT '{}') RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	is_new boolean;
	item record;
BEGIN
	IF workspace IS NULL OR source IS NULL THEN
		RAISE EXCEPTION '% must not be null', CASE WHEN workspace IS NULL THEN 'workspace' ELSE kind END
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	EXECUTE format('SELECT %1$s.workspace_open($1)', crm) USING workspace;
	EXECUTE format('SELECT 1 FROM %1$s.workspace_lock($1)', crm) USING workspace;
	EXECUTE format('SELECT %1$s.workspace_modernise($1)', crm) USING workspace;
	EXECUTE format('SELECT %1$s.workspace_check_relation($1)', crm) USING source;
	FOR item IN EXECUTE format('SELECT * FROM %s.workspace_attachment_roles() WHERE kind = $1 ORDER BY position', crm) USING kind
	LOOP
		EXECUTE format('SELECT %s.workspace_check_attached($1, $2, $3, $4, $5, $6)', crm)
			USING workspace, source, (columns ->> item.role)::name, item.role, item.purpose, item.is_required;
	END LOOP;
	EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I.workspace_attachment a WHERE a.kind = $1)', workspace) INTO is_new USING kind;
	IF is_new THEN
		EXECUTE format('SELECT %s.workspace_check_names($1, $2)', crm) USING workspace, kind;
	END IF;

	EXECUTE format('INSERT INTO %I.workspace_attachment AS a (kind, source, columns, options, attached_at)
		VALUES ($1, $2, $3, $4, clock_timestamp())
		ON CONFLICT (kind) DO UPDATE SET source = excluded.source, columns = excluded.columns, options = excluded.options,
			attached_at = excluded.attached_at', workspace) USING kind, source, jsonb_strip_nulls(columns), options;
	IF is_new THEN
		EXECUTE format('SELECT %s.workspace_create_stored($1, $2)', crm) USING workspace, kind;
	END IF;
	EXECUTE format('SELECT %s.workspace_create_rows_view($1, $2)', crm) USING workspace, kind;
	EXECUTE format('SELECT %s.workspace_create_attached_views($1, $2)', crm) USING workspace, kind;
	EXECUTE format('SELECT %s.workspace_fill_attachment($1, $2, true, true)', crm) USING workspace, kind;
END
$$;
COMMENT ON FUNCTION workspace_attach(name, text, regclass, jsonb, jsonb) IS
	'internal: attaches a source to a workspace, with columns and options by name; what was attached as that kind before is replaced';

-- The share of money that is left, as an option.
CREATE FUNCTION workspace_check_margin(margin double precision) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF margin IS NULL THEN
		RAISE EXCEPTION 'margin must not be null' USING ERRCODE = 'null_value_not_allowed';
	ELSIF NOT (margin > 0 AND margin <= 1) THEN
		RAISE EXCEPTION 'margin must be above 0 and at most 1, not %', margin USING ERRCODE = 'invalid_parameter_value',
			HINT = 'It is the share of the money that is left: .4 for 40 percent.';
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_check_margin(double precision) IS
	'internal: refuses a margin that is no share';

-- For an attachment whose views would change the types of their columns, and that extends none of
-- the workspace's own.
CREATE FUNCTION workspace_drop_attachment(workspace name, attached text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	views text;
	tables text;
BEGIN
	SELECT string_agg(c.oid::regclass::text, ', ') FILTER (WHERE c.relkind = 'v'), string_agg(c.oid::regclass::text, ', ') FILTER (WHERE c.relkind = 'r')
	INTO views, tables
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = workspace AND c.relname IN ('attached_' || attached, 'stored_' || attached, 'stored_' || attached || '_rows', 'stored_' || attached || '_counts');
	EXECUTE format('SELECT concat_ws('', '', $3, string_agg(c.oid::regclass::text, '', ''))
		FROM %s.workspace_attachment_views() v JOIN pg_class c ON c.relname = v.name AND c.relkind = ''v''
			JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1
		WHERE v.kind = $2', crm) INTO views USING workspace, attached, views;
	IF views <> '' THEN
		EXECUTE 'DROP VIEW ' || views;
	END IF;
	IF tables IS NOT NULL THEN
		EXECUTE 'DROP TABLE ' || tables;
	END IF;
	EXECUTE format('DELETE FROM %I.workspace_attachment a WHERE a.kind = $1', workspace) USING attached;
END
$$;
COMMENT ON FUNCTION workspace_drop_attachment(name, text) IS
	'internal: drops the views and tables of an attachment';
