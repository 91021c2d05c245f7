/*
 * workspace/stored.sql - what refreshes compute of an attachment: stored_KIND, stored_KIND_rows and
 * stored_KIND_counts.
 */

-- A table of rows that refreshes compute, its columns as in the view over it.
CREATE FUNCTION workspace_create_stored_rows(workspace name, stored name, columns text, comment text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	relation text := format('%I.%I', workspace, stored);
BEGIN
	EXECUTE format('CREATE TABLE %s (%s)', relation, columns);
	EXECUTE format('COMMENT ON TABLE %s IS %L', relation, comment);
	EXECUTE (SELECT string_agg(format('COMMENT ON COLUMN %s.%I IS %L', relation, a.attname, 'as in the view over it'), ';')
		FROM pg_attribute a WHERE a.attrelid = relation::regclass AND a.attnum > 0);
END
$$;
COMMENT ON FUNCTION workspace_create_stored_rows(name, name, text, text) IS
	'internal: creates one of the tables of workspace_create_stored';

CREATE FUNCTION workspace_create_stored(workspace name, attached text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	stored text := format('%I.%I', workspace, 'stored_' || attached);
	arguments text[];
	item record;
BEGIN
	EXECUTE format('SELECT %s.workspace_template_arguments($1, $2)', crm) INTO arguments USING workspace, attached;
	EXECUTE format('SELECT format(k.stored, VARIADIC $2) AS type, format(k.stored_rows, VARIADIC $2) AS columns, format(k.stored_counts, VARIADIC $2) AS counts
		FROM %s.workspace_attachment_kinds() k WHERE k.kind = $1', crm) INTO item USING attached, arguments;
	IF item.type IS NOT NULL THEN
		EXECUTE format('CREATE TABLE %s (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), computed_at timestamptz, result %s)',
			stored, item.type);
		EXECUTE format('INSERT INTO %s DEFAULT VALUES', stored);
		EXECUTE format('COMMENT ON TABLE %s IS %L', stored, 'one row: what refreshes compute of the attached ' || attached);
		EXECUTE format('COMMENT ON COLUMN %s.only_row IS %L', stored, 'always true: there is one row');
		EXECUTE format('COMMENT ON COLUMN %s.computed_at IS %L', stored, 'when it was computed');
		EXECUTE format('COMMENT ON COLUMN %s.result IS %L', stored, 'what was computed');
	END IF;
	IF item.columns IS NOT NULL THEN
		EXECUTE format('SELECT %s.workspace_create_stored_rows($1, $2, $3, $4)', crm) USING workspace, 'stored_' || attached || '_rows', item.columns,
			'what refreshes compute of the attached ' || attached || ' for each customer';
		EXECUTE format('CREATE INDEX ON %I.%I USING hash (customer_id)', workspace, 'stored_' || attached || '_rows');
	END IF;
	IF item.counts IS NOT NULL THEN
		EXECUTE format('SELECT %s.workspace_create_stored_rows($1, $2, $3, $4)', crm) USING workspace, 'stored_' || attached || '_counts', item.counts,
			'what refreshes count of what they compute of the attached ' || attached;
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_create_stored(name, text) IS
	'internal: creates the tables that keep what refreshes compute of an attachment, where its kind has any';

-- Computes what is stored of an attachment (is_due) and counts its rows (is_full).
CREATE FUNCTION workspace_fill_attachment(workspace name, attached text, is_due boolean, is_full boolean) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	stored name := 'stored_' || attached;
	arguments text[];
	item record;
BEGIN
	EXECUTE format('SELECT %s.workspace_template_arguments($1, $2)', crm) INTO arguments USING workspace, attached;
	EXECUTE format('SELECT a.source, k.filter, k.fill, k.fill_rows, k.fill_counts, %1$s.workspace_attached_columns($1, $2) AS columns
		FROM %2$I.workspace_attachment a JOIN %1$s.workspace_attachment_kinds() k ON k.kind = a.kind
		WHERE a.kind = $2', crm, workspace) INTO item USING workspace, attached;
	IF is_due AND item.fill IS NOT NULL THEN
		EXECUTE format('UPDATE %I.%I SET computed_at = clock_timestamp(), result = (%s)', workspace, stored, format(item.fill, VARIADIC arguments));
	END IF;
	IF is_due AND item.fill_rows IS NOT NULL THEN
		EXECUTE format('DELETE FROM %I.%I', workspace, stored || '_rows');
		EXECUTE format('INSERT INTO %I.%I %s', workspace, stored || '_rows', format(item.fill_rows, VARIADIC arguments));
	END IF;
	IF is_due AND item.fill_counts IS NOT NULL THEN
		EXECUTE format('DELETE FROM %I.%I', workspace, stored || '_counts');
		EXECUTE format('INSERT INTO %I.%I %s', workspace, stored || '_counts', format(item.fill_counts, VARIADIC arguments));
	END IF;
	IF is_full THEN
		EXECUTE format('UPDATE %1$I.workspace_attachment
			SET counted_at = clock_timestamp(), rows_seen = n.seen, rows_left_out = n.left_out
			FROM (SELECT count(*) AS seen, count(*) FILTER (WHERE (%2$s) IS NOT TRUE) AS left_out FROM (SELECT %3$s FROM %4$s AS s) AS r) AS n
			WHERE kind = $1', workspace, item.filter, item.columns, item.source) USING attached;
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_fill_attachment(name, text, boolean, boolean) IS
	'internal: computes what is stored of an attachment, and counts its rows';

-- After a refresh of the customers. An attachment whose source is gone, or cannot be read any
-- more, costs a warning and leaves what is stored of it as it was. DROP ... CASCADE of a source
-- takes the views over it along, those of the workspace that the attachment had extended too:
-- they come back as they are without it.
CREATE FUNCTION workspace_refresh_attachments(workspace name, is_full boolean, refitted boolean) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	item record;
	lost boolean := false;
BEGIN
	FOR item IN EXECUTE format('SELECT a.kind, k.fill IS NOT NULL AND ($2 OR NOT k.with_models) AS is_due,
			c.oid IS NULL OR NOT EXISTS (SELECT FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace
				WHERE n.nspname = $1 AND v.relname = ''attached_'' || a.kind) AS is_lost
		FROM %2$I.workspace_attachment a JOIN %1$s.workspace_attachment_kinds() k ON k.kind = a.kind
			LEFT JOIN pg_class c ON c.oid = a.source
		ORDER BY a.kind', crm, workspace) USING workspace, is_full OR refitted
	LOOP
		IF item.is_lost THEN
			lost := true;
			RAISE WARNING 'the source of the attached % of workspace "%" is gone', item.kind, workspace
				USING HINT = format('Attach another: crm_attach_%s.', CASE item.kind WHEN 'channels' THEN 'costs' ELSE item.kind END);
		ELSIF is_full OR item.is_due THEN
			BEGIN
				EXECUTE format('SELECT %s.workspace_fill_attachment($1, $2, $3, $4)', crm) USING workspace, item.kind, item.is_due, is_full;
			EXCEPTION WHEN OTHERS THEN
				RAISE WARNING 'the attached % of workspace "%" are not refreshed: %', item.kind, workspace, SQLERRM;
			END;
		END IF;
	END LOOP;
	IF lost THEN
		FOR item IN EXECUTE format('SELECT * FROM %s.workspace_views() v
			WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE n.nspname = $1 AND c.relname = v.name) ORDER BY v.position', crm) USING workspace
		LOOP
			EXECUTE format('SELECT %s.workspace_create_view($1, $2, $3, $4, $5, $6)', crm)
				USING workspace, item.name, format(item.query, crm, quote_ident(workspace)), item.comment, item.columns, item.row_type;
		END LOOP;
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_refresh_attachments(name, boolean, boolean) IS
	'internal: recomputes what is stored of attachments; is_full: counts their rows as well';
