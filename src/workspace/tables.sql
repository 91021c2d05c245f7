/*
 * workspace/tables.sql - a workspace's own tables.
 *
 *   customer_history   one history per customer, the base of every view
 *   workspace_state    one row: what it stands over, and what the last refresh left
 *   change_queue       ids that triggers saw change since; a row of NULLs: anything may have
 *   changed_customers  those that the refresh under way recomputes; empty between refreshes
 *   refresh_log        what each refresh did
 *   workspace_attachment  what is attached beside purchases (kinds.sql)
 *
 * The owner of workspace_state is the workspace's.
 */

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
			id bigint PRIMARY KEY,
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
