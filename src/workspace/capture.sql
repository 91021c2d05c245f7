/*
 * workspace/capture.sql - the triggers by which a workspace knows who has changed.
 */

-- The triggers' function. It runs for whoever writes to the source, with the rights of the
-- attacher, so it does one thing: put the ids of its own transition rows into the queue of the
-- schema it stands in. Names are those of the day of attaching; where they no longer hold (the
-- schema was renamed, a column is gone or another), it says that anything may have changed and
-- leaves the rest to the next refresh. Writers are never stopped.
CREATE FUNCTION workspace_capture_body(workspace name, customer_id name, purchased_at name) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format($template$
#variable_conflict use_column
DECLARE
	here name;
	as_attached boolean;
BEGIN
	SELECT n.nspname, n.nspname = %1$L AND k.atttypid = q.atttypid AND t.attname IS NOT NULL
	INTO here, as_attached
	FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
		LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'change_queue'
		LEFT JOIN pg_attribute q ON q.attrelid = c.oid AND q.attname = 'customer_id'
		LEFT JOIN pg_attribute k ON k.attrelid = TG_RELID AND k.attname = %2$L AND NOT k.attisdropped
		LEFT JOIN pg_attribute t ON t.attrelid = TG_RELID AND t.attname = %3$L AND NOT t.attisdropped
	WHERE g.tgrelid = TG_RELID AND g.tgname = TG_NAME;

	IF TG_OP = 'TRUNCATE' OR as_attached IS NOT TRUE THEN
		EXECUTE format('INSERT INTO %%I.change_queue (customer_id) VALUES (NULL)', here);
	ELSIF TG_LEVEL = 'ROW' AND TG_OP = 'INSERT' THEN
		INSERT INTO %4$I.change_queue VALUES (NEW.%5$I, 1, (NEW.%6$I IS NULL)::integer);
	ELSIF TG_LEVEL = 'ROW' AND TG_OP = 'DELETE' THEN
		INSERT INTO %4$I.change_queue VALUES (OLD.%5$I, -1, -(OLD.%6$I IS NULL)::integer);
	ELSIF TG_LEVEL = 'ROW' THEN
		INSERT INTO %4$I.change_queue VALUES
			(OLD.%5$I, -1, -(OLD.%6$I IS NULL)::integer), (NEW.%5$I, 1, (NEW.%6$I IS NULL)::integer);
	ELSIF TG_OP = 'INSERT' THEN
		INSERT INTO %4$I.change_queue
		SELECT n.%5$I, count(*), count(*) - count(n.%6$I) FROM new_rows n GROUP BY 1;
	ELSIF TG_OP = 'DELETE' THEN
		INSERT INTO %4$I.change_queue
		SELECT o.%5$I, -count(*), count(o.%6$I) - count(*) FROM old_rows o GROUP BY 1;
	ELSE
		INSERT INTO %4$I.change_queue
		SELECT o.%5$I, -count(*), count(o.%6$I) - count(*) FROM old_rows o GROUP BY 1
		UNION ALL
		SELECT n.%5$I, count(*), count(*) - count(n.%6$I) FROM new_rows n GROUP BY 1;
	END IF;
	RETURN NULL;
END
$template$, workspace, customer_id, purchased_at, workspace, customer_id, purchased_at);
COMMENT ON FUNCTION workspace_capture_body(name, name, name) IS
	'internal: the body of a workspace''s trigger function';

CREATE FUNCTION workspace_create_capture(workspace name, customer_id name, purchased_at name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	body text;
BEGIN
	EXECUTE format('SELECT %s.workspace_capture_body($1, $2, $3)', crm)
		INTO body USING workspace, customer_id, purchased_at;
	EXECUTE format('CREATE OR REPLACE FUNCTION %I.capture_changes() RETURNS trigger
		LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS %L', workspace, body);
END
$$;
COMMENT ON FUNCTION workspace_create_capture(name, name, name) IS
	'internal: creates a workspace''s trigger function, or writes it anew';

CREATE FUNCTION workspace_create_triggers(source regclass, workspace name, capture text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	suffix text := workspace;
	always boolean := pg_has_role((SELECT relowner FROM pg_class WHERE oid = source), 'USAGE');
	which record;
BEGIN
	-- A name of 63 bytes holds any workspace's name or its hash; a namesake's triggers may be there.
	IF octet_length(suffix) > 46 OR EXISTS (SELECT FROM pg_trigger
		WHERE tgrelid = source AND tgname LIKE 'capture\_%' AND right(tgname, -8 - 7) = '_' || suffix) THEN
		suffix := md5(suffix || clock_timestamp());
	END IF;
	FOR which IN
		SELECT * FROM (VALUES
			('statement', 'insert', 'INSERT', 'REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT'),
			('statement', 'update', 'UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT'),
			('statement', 'delete', 'DELETE', 'REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT'),
			('row', 'change', 'INSERT OR UPDATE OR DELETE', 'FOR EACH ROW'),
			('any', 'empty', 'TRUNCATE', 'FOR EACH STATEMENT')) AS v(mode, name, event, form)
		WHERE mode IN (capture, 'any')
	LOOP
		EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s %s EXECUTE FUNCTION %I.capture_changes()',
			format('capture_%s_%s', which.name, suffix), which.event, source, which.form, workspace);
		IF capture = 'row' AND always THEN
			EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I',
				source, format('capture_%s_%s', which.name, suffix));
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION workspace_create_triggers(regclass, name, text) IS
	'internal: puts the capture triggers on a source';
