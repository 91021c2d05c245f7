/*
 * workspace/attach.sql - crm_attach and crm_detach.
 *
 * A workspace is a schema with these tables of its own:
 *   customer_history   one history per customer, the base of every view
 *   workspace_state    one row: what it stands over, and what the last refresh left
 *   change_queue       ids that triggers saw change since; a row of NULLs: anything may have
 *   changed_customers  those that the refresh under way recomputes; empty between refreshes
 *   refresh_log        what each refresh did
 *   workspace_attachment  what is attached beside purchases (attachment.sql)
 * Its owner is the owner of workspace_state.
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
	PERFORM timestamptz '2000-01-01 00:00+00' AT TIME ZONE time_zone;
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

CREATE FUNCTION workspace_create_attachments(workspace name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format('CREATE TABLE %1$I.workspace_attachment (
			kind text PRIMARY KEY,
			source regclass NOT NULL,
			columns jsonb NOT NULL,
			options jsonb NOT NULL,
			attached_at timestamptz NOT NULL,
			counted_at timestamptz,
			rows_seen bigint,
			rows_left_out bigint)', workspace);
END
$$;
COMMENT ON FUNCTION workspace_create_attachments(name) IS
	'internal: creates the table of what is attached to a workspace beside purchases';

CREATE FUNCTION workspace_create_tables(workspace name, source regclass, customer_id name, with_key boolean) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	declared text;
	key text;
BEGIN
	EXECUTE format('SELECT format_type(a.atttypid, -1) || collated, format_type(%s.workspace_base_type(a.atttypid), -1) || collated
		FROM pg_attribute a, LATERAL (SELECT coalesce((SELECT format('' COLLATE %%I.%%I'', n.nspname, c.collname)
			FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
			WHERE c.oid = a.attcollation AND c.collname <> ''default''), '''')) AS l(collated)
		WHERE a.attrelid = $1 AND a.attname = $2', crm)
		INTO declared, key USING source, customer_id;

	EXECUTE format('CREATE TABLE %1$I.customer_history (customer_id %2$s NOT NULL, history %3$s.purchase_history NOT NULL)
		WITH (fillfactor = 90)', workspace, key, crm);
	EXECUTE format('ALTER TABLE %1$I.customer_history ALTER history SET STATISTICS 0', workspace);
	IF with_key THEN
		EXECUTE format('SELECT %s.workspace_create_key($1)', crm) USING workspace;
	END IF;
	EXECUTE format('CREATE TABLE %1$I.change_queue (customer_id %2$s, rows bigint, without_time bigint)', workspace, declared);
	EXECUTE format('CREATE TABLE %1$I.changed_customers (customer_id %2$s)', workspace, key);
	EXECUTE format('CREATE TABLE %1$I.refresh_log (
			id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			started_at timestamptz NOT NULL,
			seconds numeric NOT NULL,
			kind text NOT NULL,
			reason text,
			customers_changed bigint NOT NULL,
			customers_removed bigint NOT NULL,
			customers bigint NOT NULL,
			rows_seen bigint NOT NULL,
			refitted boolean NOT NULL)', workspace);
	EXECUTE format('CREATE TABLE %1$I.workspace_state (
			only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
			schema_name name NOT NULL,
			schema_created boolean NOT NULL,
			source regclass NOT NULL,
			customer_id name NOT NULL,
			purchased_at name NOT NULL,
			amount name,
			time_zone text NOT NULL,
			active_days integer,
			as_of date,
			capture text NOT NULL,
			identity text,
			refreshed_at timestamptz,
			refreshed_on date,
			first_day date,
			customers bigint NOT NULL DEFAULT 0,
			rows_seen bigint NOT NULL DEFAULT 0,
			rows_without_customer bigint NOT NULL DEFAULT 0,
			rows_without_time bigint NOT NULL DEFAULT 0,
			cuts %2$s.rfm_cuts,
			purchase_model %2$s.btyd_model,
			spend_model %2$s.spend_model,
			fitted_at timestamptz,
			changed_since_fit bigint NOT NULL DEFAULT 0)', workspace, crm);
	EXECUTE format('SELECT %s.workspace_create_attachments($1)', crm) USING workspace;
END
$$;
COMMENT ON FUNCTION workspace_create_tables(name, regclass, name, boolean) IS
	'internal: creates a workspace''s tables; without its key customer_history is faster to fill';

-- A type that sorts gets a primary key; one that only hashes, the constraint that hashing has.
CREATE FUNCTION workspace_create_key(workspace name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	sorts boolean;
	equality text;
BEGIN
	EXECUTE format('SELECT %1$s.workspace_key_sorts(atttypid), %1$s.workspace_key_equality(atttypid)
		FROM pg_attribute WHERE attrelid = %2$L::regclass AND attname = ''customer_id''',
		crm, format('%I.customer_history', workspace)) INTO sorts, equality;
	EXECUTE format('ALTER TABLE %I.customer_history ADD %s', workspace, CASE
		WHEN sorts THEN 'PRIMARY KEY (customer_id)'
		ELSE format('EXCLUDE USING hash (customer_id WITH %s)', equality) END);
END
$$;
COMMENT ON FUNCTION workspace_create_key(name) IS
	'internal: makes the customer''s id the key of customer_history';

CREATE FUNCTION workspace_comments() RETURNS TABLE (object text, comment text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT v.object, v.comment FROM (VALUES
		('SCHEMA %1$s', 'workspace of crm_ext'),
		('TABLE %1$s.customer_history', 'one row per customer: all purchases as a value; history::text outlives the extension'),
		('COLUMN %1$s.customer_history.customer_id', 'the customer''s id, as in the source'),
		('COLUMN %1$s.customer_history.history', 'the customer''s purchases'),
		('TABLE %1$s.workspace_state', 'one row: what the workspace stands over and what its last refresh left'),
		('COLUMN %1$s.workspace_state.only_row', 'always true: there is one row'),
		('COLUMN %1$s.workspace_state.schema_name', 'name of the workspace when the trigger function was written'),
		('COLUMN %1$s.workspace_state.schema_created', 'whether crm_attach created the schema, and crm_detach drops it'),
		('COLUMN %1$s.workspace_state.source', 'the relation it stands over'),
		('COLUMN %1$s.workspace_state.customer_id', 'the source''s column with the customer''s id'),
		('COLUMN %1$s.workspace_state.purchased_at', 'the source''s column with the time of purchase'),
		('COLUMN %1$s.workspace_state.amount', 'the source''s column with the amount; NULL without'),
		('COLUMN %1$s.workspace_state.time_zone', 'the time zone whose days count'),
		('COLUMN %1$s.workspace_state.active_days', 'a customer is active for so many days after a purchase; NULL: calendar method'),
		('COLUMN %1$s.workspace_state.as_of', 'the date the workspace is pinned to; NULL: today'),
		('COLUMN %1$s.workspace_state.capture', 'how changes become known: statement, row or none'),
		('COLUMN %1$s.workspace_state.identity', 'files, partitions, columns and triggers of the source as the last refresh saw them'),
		('COLUMN %1$s.workspace_state.refreshed_at', 'when the last refresh was; NULL: not filled yet'),
		('COLUMN %1$s.workspace_state.refreshed_on', 'the day as of which the last refresh scored'),
		('COLUMN %1$s.workspace_state.first_day', 'first purchase day of all customers'),
		('COLUMN %1$s.workspace_state.customers', 'customers with a history'),
		('COLUMN %1$s.workspace_state.rows_seen', 'rows of the source, those left out included'),
		('COLUMN %1$s.workspace_state.rows_without_customer', 'rows left out because the customer''s id is NULL'),
		('COLUMN %1$s.workspace_state.rows_without_time', 'rows left out because the time is NULL'),
		('COLUMN %1$s.workspace_state.cuts', 'cut points of the RFM scores'),
		('COLUMN %1$s.workspace_state.purchase_model', 'when customers buy and leave, fitted'),
		('COLUMN %1$s.workspace_state.spend_model', 'what customers spend per purchase day, fitted'),
		('COLUMN %1$s.workspace_state.fitted_at', 'when the models were fitted'),
		('COLUMN %1$s.workspace_state.changed_since_fit', 'customers who changed since'),
		('TABLE %1$s.workspace_attachment', 'what is attached beside purchases, by the crm_attach_... functions'),
		('COLUMN %1$s.workspace_attachment.kind', 'what it is: subscriptions, costs, campaigns ...'),
		('COLUMN %1$s.workspace_attachment.source', 'the relation it stands over'),
		('COLUMN %1$s.workspace_attachment.columns', 'the source''s columns by what they are taken for'),
		('COLUMN %1$s.workspace_attachment.options', 'settings by name, as its views read them'),
		('COLUMN %1$s.workspace_attachment.attached_at', 'when it was attached'),
		('COLUMN %1$s.workspace_attachment.counted_at', 'when its rows were counted: when attached, and at each full refresh'),
		('COLUMN %1$s.workspace_attachment.rows_seen', 'rows of the source'),
		('COLUMN %1$s.workspace_attachment.rows_left_out', 'rows that lack what they need, or cannot be'),
		('TABLE %1$s.change_queue', 'ids whose rows changed since the last refresh, written by the source''s triggers'),
		('COLUMN %1$s.change_queue.customer_id', 'the customer''s id'),
		('COLUMN %1$s.change_queue.rows', 'rows more than before; NULL: anything may have changed'),
		('COLUMN %1$s.change_queue.without_time', 'rows without a time more than before'),
		('TABLE %1$s.changed_customers', 'customers that the refresh under way recomputes'),
		('COLUMN %1$s.changed_customers.customer_id', 'the customer''s id'),
		('TABLE %1$s.refresh_log', 'what each refresh did'),
		('COLUMN %1$s.refresh_log.id', 'number of the refresh'),
		('COLUMN %1$s.refresh_log.started_at', 'when it began'),
		('COLUMN %1$s.refresh_log.seconds', 'how long it took'),
		('COLUMN %1$s.refresh_log.kind', 'full: from all rows; incremental: of the changed customers'),
		('COLUMN %1$s.refresh_log.reason', 'why it was a full one'),
		('COLUMN %1$s.refresh_log.customers_changed', 'histories written'),
		('COLUMN %1$s.refresh_log.customers_removed', 'histories deleted'),
		('COLUMN %1$s.refresh_log.customers', 'customers afterwards'),
		('COLUMN %1$s.refresh_log.rows_seen', 'rows of the source, those left out included'),
		('COLUMN %1$s.refresh_log.refitted', 'whether the models were fitted anew'),
		('FUNCTION %1$s.capture_changes()', 'puts the ids of changed rows into change_queue; called by the source''s triggers'),
		('FUNCTION %1$s.retention(interval, date, date, integer)', 'retention in periods of that step from the first to the last date, for customers active so many days after a purchase (NULL: calendar method)'),
		('FUNCTION %1$s.customers_as_of(date)', 'the customers as they stood on that date: scores, segments and stages of that day')
	) AS v(object, comment);
	END;
COMMENT ON FUNCTION workspace_comments() IS
	'internal: the comments of a workspace''s tables and functions, as templates';

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

-- The owner of a workspace; 55000 where there is none.
CREATE FUNCTION workspace_find(workspace name) RETURNS oid
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	owner oid := (SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = workspace AND c.relname = 'workspace_state' AND c.relkind = 'r');
BEGIN
	IF owner IS NULL THEN
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
