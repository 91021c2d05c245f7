/*
 * workspace/refresh.sql - crm_refresh: histories, scores and models up to date.
 *
 * Refreshes of one workspace meet at its row of workspace_state. What changes is written by
 * DELETE and INSERT ... ON CONFLICT in the caller's transaction, so readers see all of it or
 * nothing, whatever snapshot they hold.
 *
 * The queue is emptied in a statement whose snapshot is not later than that of the statement
 * that reads the source: a change is either seen there already or still in the queue next
 * time, perhaps both, never neither. The counts of rows are kept by the queue's own figures,
 * so a full rebuild empties it in the very statement that counts.
 */

-- An index that finds a customer's rows; then those of the changed customers are asked for by an
-- array, whose bitmap scan visits each page once, in order. The planner takes the array for a
-- short one and the index for the way; without an index each row would search the array.
CREATE FUNCTION workspace_is_indexed(source regclass, customer_id name) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (
		SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
			JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
		WHERE i.indrelid = workspace_is_indexed.source AND a.attname = workspace_is_indexed.customer_id
			AND i.indisvalid AND i.indpred IS NULL AND m.amname IN ('btree', 'hash'));
COMMENT ON FUNCTION workspace_is_indexed(regclass, name) IS
	'internal: whether an index leads to the rows of one customer';

-- The rows of the source, as histories_of wants them: all, or those of the changed customers.
CREATE FUNCTION workspace_query(source regclass, customer_id name, purchased_at name, amount name,
	changed text, equality text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (
		SELECT format('SELECT s.%1$I::%2$s, s.%3$I::%4$s%5$s FROM %6$s AS s WHERE s.%1$I IS NOT NULL AND s.%3$I IS NOT NULL',
				k.attname, format_type(workspace_base_type(k.atttypid), -1),
				t.attname, format_type(workspace_base_type(t.atttypid), -1),
				format(CASE WHEN a.attname IS NULL THEN '' ELSE ', s.%1$I::%2$s' END, a.attname,
					CASE workspace_base_type(a.atttypid) WHEN 'money'::regtype THEN 'numeric'
						ELSE format_type(workspace_base_type(a.atttypid), -1) END),
				workspace_query.source)
			|| CASE WHEN workspace_query.changed IS NULL THEN ''
				ELSE format(CASE WHEN workspace_is_indexed(workspace_query.source, workspace_query.customer_id)
							AND format_type(workspace_base_type(k.atttypid), -1) NOT LIKE '%[]'
						THEN ' AND s.%I %s ANY (ARRAY(SELECT c.customer_id FROM %s AS c))'
						ELSE ' AND s.%I %s ANY (SELECT c.customer_id FROM %s AS c)' END,
					k.attname, workspace_query.equality, workspace_query.changed) END
		FROM pg_attribute k
			JOIN pg_attribute t ON t.attrelid = k.attrelid AND t.attname = workspace_query.purchased_at
			LEFT JOIN pg_attribute a ON a.attrelid = k.attrelid AND a.attname = workspace_query.amount
		WHERE k.attrelid = workspace_query.source AND k.attname = workspace_query.customer_id);
COMMENT ON FUNCTION workspace_query(regclass, name, name, name, text, text) IS
	'internal: the SELECT of a source''s rows for histories_of';

-- Takes the row lock and gives the row. A refresh under way is waited for.
CREATE FUNCTION workspace_lock(workspace name, OUT source regclass, OUT customer_id name, OUT purchased_at name,
	OUT amount name, OUT time_zone text, OUT as_of date, OUT capture text, OUT identity text,
	OUT schema_name name, OUT refreshed_at timestamptz, OUT customers bigint, OUT capture_function oid)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	query text := format('SELECT s.source, s.customer_id, s.purchased_at, s.amount, s.time_zone, s.as_of, s.capture,
		s.identity, s.schema_name, s.refreshed_at, s.customers, %L::regprocedure
		FROM %I.workspace_state s FOR UPDATE', format('%I.capture_changes()', workspace), workspace);
BEGIN
	EXECUTE query || ' SKIP LOCKED' INTO source, customer_id, purchased_at, amount, time_zone, as_of, capture,
		identity, schema_name, refreshed_at, customers, capture_function;
	IF source IS NULL THEN
		RAISE NOTICE 'another refresh of workspace "%" is under way; waiting for it', workspace;
		EXECUTE query INTO source, customer_id, purchased_at, amount, time_zone, as_of, capture,
			identity, schema_name, refreshed_at, customers, capture_function;
	END IF;
	IF source IS NULL THEN
		RAISE EXCEPTION 'workspace "%" has lost its state', workspace
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Drop its schema and attach again.';
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_lock(name) IS
	'internal: locks a workspace against other refreshes and gives its settings';

-- The source as the workspace needs it, held against ALTER, DROP and TRUNCATE until the refresh commits.
CREATE FUNCTION workspace_check_source(workspace name, source regclass, customer_id name, purchased_at name, amount name)
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	is_now text;
	was text;
BEGIN
	EXECUTE format('SELECT %s.workspace_check($1, $2, $3, $4, ''none'')', crm)
		USING source, customer_id, purchased_at, amount;
	EXECUTE format('SELECT FROM %s LIMIT 0', source);
	EXECUTE format('SELECT format_type(%1$s.workspace_base_type(s.atttypid), NULL), format_type(h.atttypid, NULL)
		FROM pg_attribute s, pg_attribute h
		WHERE s.attrelid = $1 AND s.attname = $2 AND h.attrelid = $3::regclass AND h.attname = ''customer_id''', crm)
		INTO is_now, was USING source, customer_id, format('%I.customer_history', workspace);
	IF is_now <> was THEN
		RAISE EXCEPTION 'column "%" of relation "%" has type %, where workspace "%" has ids of type %',
				customer_id, source, is_now, workspace, was
			USING ERRCODE = 'datatype_mismatch',
				HINT = format('Views are bound to the type: SELECT crm_detach(%L), then attach again.', workspace);
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_check_source(name, regclass, name, name, name) IS
	'internal: refuses a source that is no longer what was attached, and holds it as it is';

-- Recomputes the customers in the queue. NULL: the queue says that this is not enough.
CREATE FUNCTION workspace_recompute(workspace name, query text, equality text, id_type text, time_zone text,
	pinned date, customers bigint, OUT changed bigint, OUT removed bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	ws text := quote_ident(workspace);
	on_conflict text := 'ON CONFLICT (customer_id) DO UPDATE SET history = excluded.history
		WHERE h.history OPERATOR(%1$s.<>) excluded.history';
	sorts boolean;
	taken record;
BEGIN
	EXECUTE format('SELECT %s.workspace_key_sorts($1::regtype)', crm) INTO sorts USING id_type;
	EXECUTE format('WITH taken AS (DELETE FROM %1$s.change_queue RETURNING *),
		put AS (INSERT INTO %1$s.changed_customers
			SELECT customer_id FROM taken WHERE customer_id IS NOT NULL GROUP BY customer_id RETURNING 1)
		SELECT (SELECT count(*) FROM put) AS ids,
			coalesce(bool_or(rows IS NULL), false) AS anything,
			coalesce(sum(rows), 0) AS rows,
			coalesce(sum(rows) FILTER (WHERE customer_id IS NULL), 0) AS without_customer,
			coalesce(sum(without_time) FILTER (WHERE customer_id IS NOT NULL), 0) AS without_time
		FROM taken', ws) INTO taken;
	-- Merging costs a multiple of rebuilding per customer: past a fifth of them, rebuild.
	IF taken.anything OR taken.ids > 1000 AND taken.ids > customers / 5 THEN
		EXECUTE format('DELETE FROM %s.changed_customers', ws);
		RETURN;
	END IF;
	IF taken.ids > 0 THEN
		EXECUTE format('ANALYZE %s.changed_customers', ws);
		IF NOT sorts THEN    -- ON CONFLICT needs the key that hashing has not
			EXECUTE format('DELETE FROM %1$s.customer_history h USING %1$s.changed_customers c
				WHERE h.customer_id %2$s c.customer_id', ws, equality);
		END IF;
		EXECUTE format('WITH fresh AS MATERIALIZED (
				SELECT f.customer_id, f.history
				FROM (SELECT customer_id, CASE WHEN $3 IS NULL THEN history ELSE %2$s.as_of(history, $3) END AS history
					FROM %2$s.histories_of($1, NULL::%3$s, $2)) AS f
				WHERE f.history OPERATOR(%2$s.<>) ''''::%2$s.purchase_history),
			gone AS (DELETE FROM %1$s.customer_history h
				WHERE h.customer_id %4$s ANY (%6$s(SELECT c.customer_id FROM %1$s.changed_customers c
					WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.customer_id %4$s c.customer_id)))
				RETURNING 1),
			written AS (INSERT INTO %1$s.customer_history AS h SELECT customer_id, history FROM fresh %5$s RETURNING 1)
			SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM gone)',
			ws, crm, id_type, equality, CASE WHEN sorts THEN format(on_conflict, crm) END,
			CASE WHEN id_type LIKE '%[]' THEN '' ELSE 'ARRAY' END)    -- arrays have no array of their own
			INTO changed, removed USING query, time_zone, pinned;
		EXECUTE format('DELETE FROM %s.changed_customers', ws);
	ELSE
		changed := 0;
		removed := 0;
	END IF;
	EXECUTE format('UPDATE %s.workspace_state SET rows_seen = rows_seen + $1,
			rows_without_customer = rows_without_customer + $2, rows_without_time = rows_without_time + $3', ws)
		USING taken.rows, taken.without_customer, taken.without_time;
END
$$;
COMMENT ON FUNCTION workspace_recompute(name, text, text, text, text, date, bigint) IS
	'internal: recomputes the customers in the change queue';

CREATE FUNCTION workspace_rebuild(workspace name, source regclass, customer_id name, purchased_at name, query text,
	equality text, id_type text, time_zone text, pinned date, OUT changed bigint, OUT removed bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	ws text := quote_ident(workspace);
	started timestamptz := clock_timestamp();
	is_empty boolean;
	fresh text := format('SELECT f.customer_id, f.history
		FROM (SELECT customer_id, CASE WHEN $3 IS NULL THEN history ELSE %1$s.as_of(history, $3) END AS history
			FROM %1$s.histories_of($1, NULL::%2$s, $2)) AS f
		WHERE f.history OPERATOR(%1$s.<>) ''''::%1$s.purchase_history', crm, id_type);
	on_conflict text := 'ON CONFLICT (customer_id) DO UPDATE SET history = excluded.history
		WHERE h.history OPERATOR(%1$s.<>) excluded.history';
	sorts boolean;
	counted text;
	seen record;
BEGIN
	EXECUTE format('SELECT %s.workspace_key_sorts($1::regtype)', crm) INTO sorts USING id_type;
	IF NOT sorts THEN    -- ON CONFLICT needs the key that hashing has not
		EXECUTE format('DELETE FROM %s.customer_history', ws);
	END IF;
	-- Counted in the statement that empties the queue and reads the rows: in one snapshot.
	counted := format('taken AS (DELETE FROM %1$s.change_queue),
		counted AS (UPDATE %1$s.workspace_state
			SET rows_seen = n.rows, rows_without_customer = n.without_customer, rows_without_time = n.without_time
			FROM (SELECT count(*) AS rows, count(*) - count(%2$I) AS without_customer,
				count(*) FILTER (WHERE %2$I IS NOT NULL AND %3$I IS NULL) AS without_time FROM %4$s) AS n)',
		ws, customer_id, purchased_at, source);
	EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s.customer_history)', ws) INTO is_empty;
	IF is_empty THEN
		EXECUTE format('WITH %s INSERT INTO %s.customer_history %s', counted, ws, fresh) USING query, time_zone, pinned;
		GET DIAGNOSTICS changed = ROW_COUNT;
		removed := 0;
	ELSE
		EXECUTE format('WITH %5$s,
			fresh AS MATERIALIZED (%3$s),
			gone AS (DELETE FROM %1$s.customer_history h
				WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.customer_id %4$s h.customer_id) RETURNING 1),
			written AS (INSERT INTO %1$s.customer_history AS h
				SELECT f.customer_id, f.history
				FROM fresh f LEFT JOIN %1$s.customer_history o ON o.customer_id %4$s f.customer_id
				WHERE (o.history OPERATOR(%2$s.=) f.history) IS NOT TRUE
				%6$s RETURNING 1)
			SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM gone)',
			ws, crm, fresh, equality, counted, CASE WHEN sorts THEN format(on_conflict, crm) END)
			INTO changed, removed USING query, time_zone, pinned;
	END IF;
	EXECUTE format('SELECT rows_seen AS rows, rows_without_customer AS without_customer, rows_without_time AS without_time
		FROM %s.workspace_state', ws) INTO seen;
	RAISE NOTICE 'histories: % rows, % s', seen.rows, round(extract(epoch FROM clock_timestamp() - started), 2);
	IF seen.without_customer + seen.without_time > 0 THEN
		RAISE NOTICE 'left out: % rows without a customer, % without a time', seen.without_customer, seen.without_time;
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_rebuild(name, regclass, name, name, text, text, text, text, date) IS
	'internal: recomputes all customers';

-- What is of the population as a whole: scores' cut points, first day.
CREATE FUNCTION workspace_score(workspace name, identity text, on_date date, noisy boolean) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	started timestamptz := clock_timestamp();
	customers bigint;
BEGIN
	EXECUTE format('UPDATE %1$I.workspace_state SET identity = $1, schema_name = $3, refreshed_at = clock_timestamp(),
			refreshed_on = $2, first_day = p.first_day, customers = p.customers, cuts = p.cuts
		FROM (SELECT count(*) AS customers, min(%2$s.first_purchase(history)) AS first_day,
				%2$s.rfm_cuts_agg(history, $2) AS cuts
			FROM %1$I.customer_history) AS p
		RETURNING p.customers', workspace, crm)
		INTO customers USING identity, on_date, workspace;
	IF noisy THEN
		RAISE NOTICE 'scores: % customers, % s', customers, round(extract(epoch FROM clock_timestamp() - started), 2);
	END IF;
	RETURN customers;
END
$$;
COMMENT ON FUNCTION workspace_score(name, text, date, boolean) IS
	'internal: computes what scores rest on, and notes the refresh in workspace_state';

-- MBG/NBD rather than BG/NBD: in BG/NBD whoever bought once is alive for ever.
CREATE FUNCTION workspace_fit(workspace name, changed bigint, refit boolean, noisy boolean) RETURNS boolean
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	started timestamptz := clock_timestamp();
	is_due boolean;
BEGIN
	EXECUTE format('UPDATE %I.workspace_state SET changed_since_fit = changed_since_fit + $1
		RETURNING fitted_at IS NULL OR fitted_at < now() - interval ''1 day'' OR changed_since_fit > 0.05 * customers', workspace)
		INTO is_due USING changed;
	IF NOT coalesce(refit, is_due) THEN
		RETURN false;
	END IF;
	EXECUTE format('UPDATE %1$I.workspace_state SET fitted_at = clock_timestamp(), changed_since_fit = 0,
			purchase_model = f.purchase_model, spend_model = f.spend_model
		FROM (SELECT %2$s.btyd_fit(''mbg/nbd'', h.history, s.refreshed_on) AS purchase_model,
				%2$s.gamma_gamma_fit(h.history, s.refreshed_on) AS spend_model
			FROM (SELECT refreshed_on FROM %1$I.workspace_state OFFSET 0) AS s, %1$I.customer_history AS h) AS f', workspace, crm);
	IF noisy THEN
		RAISE NOTICE 'models: % s', round(extract(epoch FROM clock_timestamp() - started), 2);
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION workspace_fit(name, bigint, boolean, boolean) IS
	'internal: fits the models where that is due or asked for';

CREATE FUNCTION crm_refresh(workspace name DEFAULT 'crm', "full" boolean DEFAULT false, refit boolean DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	started timestamptz := clock_timestamp();
	state record;
	columns name[];
	equality text;
	id_type text;
	identity text;
	distrust text;
	reason text;
	done record;
	customers bigint;
	refitted boolean;
BEGIN
	IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
		RAISE EXCEPTION 'crm_refresh cannot run at isolation level %', upper(current_setting('transaction_isolation'))
			USING ERRCODE = 'active_sql_transaction',
				HINT = 'Its snapshot may be older than the changes it is to take in. Use READ COMMITTED.';
	END IF;
	EXECUTE format('SELECT %s.workspace_open($1)', crm) USING workspace;
	EXECUTE format('SELECT * FROM %s.workspace_lock($1)', crm) INTO state USING workspace;
	EXECUTE format('SELECT %s.workspace_modernise($1)', crm) USING workspace;
	EXECUTE format('SELECT %s.workspace_check_source($1, $2, $3, $4, $5)', crm)
		USING workspace, state.source, state.customer_id, state.purchased_at, state.amount;
	columns := ARRAY[state.customer_id, state.purchased_at, state.amount];
	IF state.schema_name <> workspace THEN
		EXECUTE format('SELECT %s.workspace_create_capture($1, $2, $3)', crm)
			USING workspace, state.customer_id, state.purchased_at;
	END IF;
	EXECUTE format('SELECT %1$s.workspace_key_equality(atttypid), format_type(atttypid, -1),
			%1$s.workspace_distrust($2, $3, $4, $5), %1$s.workspace_identity($2, $3, $5)
		FROM pg_attribute WHERE attrelid = $1::regclass AND attname = ''customer_id''', crm)
		INTO equality, id_type, distrust, identity
		USING format('%I.customer_history', workspace), state.source, columns, state.capture, state.capture_function;

	reason := CASE
		WHEN state.refreshed_at IS NULL THEN 'first filling'
		WHEN "full" THEN 'asked for'
		WHEN distrust IS NOT NULL THEN distrust
		WHEN state.identity IS DISTINCT FROM identity THEN 'the source or its triggers changed' END;
	IF reason IS NULL THEN
		EXECUTE format('SELECT * FROM %1$s.workspace_recompute($1, %1$s.workspace_query($2, $3, $4, $5, $6, $7), $7, $8, $9, $10, $11)', crm)
			INTO done USING workspace, state.source, state.customer_id, state.purchased_at, state.amount,
				format('%I.changed_customers', workspace), equality, id_type, state.time_zone, state.as_of, state.customers;
		IF done.changed IS NULL THEN
			reason := 'emptied, renamed, or much changed';
		END IF;
	END IF;
	IF reason IS NOT NULL THEN
		EXECUTE format('SELECT * FROM %1$s.workspace_rebuild($1, $2, $3, $4, %1$s.workspace_query($2, $3, $4, $5, NULL, NULL), $6, $7, $8, $9)', crm)
			INTO done USING workspace, state.source, state.customer_id, state.purchased_at, state.amount,
				equality, id_type, state.time_zone, state.as_of;
	END IF;
	EXECUTE format('SELECT %s.workspace_score($1, $2, $3, $4)', crm) INTO customers
		USING workspace, CASE WHEN distrust IS NULL THEN identity END, coalesce(state.as_of, (now() AT TIME ZONE state.time_zone)::date), reason IS NOT NULL;
	EXECUTE format('SELECT %s.workspace_fit($1, $2, $3, $4)', crm) INTO refitted
		USING workspace, done.changed + done.removed, refit, reason IS NOT NULL;
	EXECUTE format('SELECT %s.workspace_refresh_attachments($1, $2, $3)', crm) USING workspace, reason IS NOT NULL, refitted;
	-- Refreshes come one at a time. Not from a sequence: under wal_level = minimal one that was made and used in the
	-- same transaction (crm_attach) starts anew after a crash. 0.1.0 had one.
	EXECUTE format('INSERT INTO %1$I.refresh_log (id, started_at, seconds, kind, reason, customers_changed, customers_removed, customers, rows_seen, refitted)
		OVERRIDING SYSTEM VALUE
		SELECT (SELECT coalesce(max(id), 0) + 1 FROM %1$I.refresh_log), $1, round(extract(epoch FROM clock_timestamp() - $1), 3), $2, $3, $4, $5, $6, rows_seen, $7
		FROM %1$I.workspace_state', workspace)
		USING started, CASE WHEN reason IS NULL THEN 'incremental' ELSE 'full' END, reason, done.changed, done.removed, customers, refitted;
END
$$;
COMMENT ON FUNCTION crm_refresh(name, boolean, boolean) IS
	'brings a workspace up to date: recomputes the customers whose purchases changed, or all where changes are not captured or full is true; refit NULL: models anew when a day has passed or over 5 percent of customers changed; only the workspace''s owner';
