/*
 * workspace/attachment.sql - what a workspace can know beside purchases.
 *
 * Each kind (subscriptions, costs, campaigns ...) is a row of workspace_attachment and two layers
 * of views. attached_KIND reads the user's relation: the columns named at attaching, under fixed
 * names and types, without the rows that lack what they need or lie after the workspace's day.
 * Over it stand the kind's views, templates beside the kind's crm_attach_... function. Attaching
 * a kind again replaces attached_KIND in place: views over it, grants and dependents stay.
 *
 * What a view cannot compute each time it is read stands in a table of one row, stored_KIND, and
 * where it is rows, in stored_KIND_rows. Refreshes recompute it; with_models: only those that
 * rebuild or fit the models anew.
 *
 * In filters and expressions r is the row with the columns as they are, %1$s the workspace's day,
 * %2$s the moment at which it ends, %3$s the workspace's time zone.
 */

CREATE FUNCTION workspace_attachment_kinds()
	RETURNS TABLE (kind text, comment text, filter text, until text, stored text, fill text, stored_rows text, fill_rows text, with_models boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
	BEGIN ATOMIC
	SELECT v.kind, v.comment, v.filter, v.until, v.stored, v.fill, v.stored_rows, v.fill_rows, v.with_models
	FROM (VALUES
		('subscriptions'::text, 'the attached subscriptions, in columns of fixed names'::text,
			'r.customer_id IS NOT NULL AND r.started IS NOT NULL AND r.mrr >= 0 AND r.mrr < ''Infinity'' AND (r.ended < r.started) IS NOT TRUE'::text,
			'r.started <= %1$s'::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::boolean),
		('channels', 'purchases with the channel they came through, in columns of fixed names',
			'r.customer_id IS NOT NULL AND r.at IS NOT NULL AND r.channel IS NOT NULL AND (r.amount < 0) IS NOT TRUE',
			'r.at < %2$s', NULL, NULL, NULL, NULL, NULL),
		('costs', 'what was spent on marketing, month by month',
			'r.period IS NOT NULL AND r.spend >= 0 AND r.spend < ''Infinity'' AND coalesce(lower(btrim(r.purpose)), ''acquisition'') IN (''acquisition'', ''retention'')',
			'r.period <= %1$s', NULL, NULL, NULL, NULL, NULL),
		('campaigns', 'who was contacted, and what came of it, in columns of fixed names',
			'r.customer_id IS NOT NULL AND r.sent_at IS NOT NULL AND r.variant IS NOT NULL AND (r.cost >= 0 AND r.cost < ''Infinity'') IS NOT FALSE',
			'r.sent_at < %2$s', NULL, NULL, NULL, NULL, NULL),
		('events', 'steps of leads on the way to a purchase, in columns of fixed names',
			'r.customer_id IS NOT NULL AND r.at IS NOT NULL AND r.step IS NOT NULL', 'r.at < %2$s', NULL, NULL, NULL, NULL, NULL),
		('interactions', 'contacts with customers, in columns of fixed names',
			'r.customer_id IS NOT NULL AND r.at IS NOT NULL AND lower(btrim(r.direction)) IN (''inbound'', ''outbound'')',
			'r.at < %2$s', NULL, NULL, NULL, NULL, NULL),
		('products', 'which product is in which basket, in columns of fixed names',
			'r.basket_id IS NOT NULL AND r.product_id IS NOT NULL', 'true', '%1$s.basket_counts',
			'SELECT %1$s.affinity_agg(r.basket_id, r.product_id) FROM %2$s.attached_products AS r',
			'customer_id %5$s, position integer, product %8$s, score double precision, because_of %8$s',
			'SELECT n.* FROM (SELECT s.result, (a.options ->> ''how_many'')::integer AS how_many
				FROM %2$s.stored_products AS s, %2$s.workspace_attachment AS a WHERE a.kind = ''products'') AS o,
			LATERAL %1$s.next_products(o.result, %9$s, NULL::%5$s, NULL::%8$s, o.how_many) AS n', true),
		('referrals', 'who came, and through whom, in columns of fixed names',
			'r.referred IS NOT NULL', '(r.referred_at < %2$s) IS NOT FALSE', '%1$s.referral_graph',
			'SELECT %1$s.referral_agg(r.referred::%7$s, r.referrer::%7$s, v.value, r.referred_at)
			FROM %2$s.attached_referrals AS r LEFT JOIN %2$s.customer_values AS v ON v.customer_id %3$s r.referred', NULL, NULL, false)
	) AS v(kind, comment, filter, until, stored, fill, stored_rows, fill_rows, with_models);
	END;
COMMENT ON FUNCTION workspace_attachment_kinds() IS
	'internal: the kinds of attachments, which of their rows count, and what is stored of them';

CREATE FUNCTION workspace_attachment_roles()
	RETURNS TABLE (kind text, "position" integer, role name, purpose text, is_required boolean, expression text, comment text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 50
	BEGIN ATOMIC
	SELECT v.kind, v.position, v.role::name, v.purpose, v.is_required, coalesce(v.expression, 'r.' || v.role), v.comment
	FROM (VALUES
		('subscriptions'::text, 1, 'customer_id'::text, 'customer_id'::text, true, NULL::text, 'the customer''s id'::text),
		('subscriptions', 2, 'started', 'day', true, NULL, 'first day of the subscription'),
		('subscriptions', 3, 'ended', 'day', true, 'nullif(r.ended, ''infinity'')', 'day after the last; NULL: open'),
		('subscriptions', 4, 'mrr', 'amount', true, NULL, 'money a month; 0: a free plan'),
		('channels', 1, 'customer_id', 'customer_id', true, NULL, 'the customer''s id'),
		('channels', 2, 'at', 'moment', true, NULL, 'time of the purchase'),
		('channels', 3, 'amount', 'amount', false, NULL, 'its amount'),
		('channels', 4, 'channel', 'label', false, NULL, 'its channel'),
		('costs', 1, 'period', 'day', true, 'date_trunc(''month'', r.period::timestamp)::date', 'first day of the month'),
		('costs', 2, 'spend', 'amount', true, NULL, 'money spent'),
		('costs', 3, 'channel', 'label', false, NULL, 'channel it was spent on; NULL: all'),
		('costs', 4, 'purpose', 'label', false, 'coalesce(lower(btrim(r.purpose)), ''acquisition'')', 'acquisition or retention'),
		('campaigns', 1, 'customer_id', 'customer_id', true, NULL, 'the customer''s id'),
		('campaigns', 2, 'sent_at', 'moment', true, NULL, 'when the customer was contacted; in the control group: would have been'),
		('campaigns', 3, 'variant', 'label', true, NULL, 'what was sent'),
		('campaigns', 4, 'converted_at', 'moment', true, 'CASE WHEN (r.converted_at AT TIME ZONE %3$s)::date >= (r.sent_at AT TIME ZONE %3$s)::date AND r.converted_at < %2$s THEN r.converted_at END',
			'when the customer did what was hoped for, on the day of the contact or later; NULL: not'),
		('campaigns', 5, 'cost', 'amount', false, NULL, 'what the contact cost'),
		('events', 1, 'customer_id', 'customer_id', true, NULL, 'id of the lead or customer'),
		('events', 2, 'at', 'moment', true, NULL, 'when'),
		('events', 3, 'step', 'label', true, NULL, 'which step it is'),
		('events', 4, 'channel', 'label', false, NULL, 'the channel'),
		('interactions', 1, 'customer_id', 'customer_id', true, NULL, 'the customer''s id'),
		('interactions', 2, 'at', 'moment', true, NULL, 'when'),
		('interactions', 3, 'direction', 'label', true, 'lower(btrim(r.direction))', 'inbound (from the customer) or outbound'),
		('interactions', 4, 'channel', 'label', false, NULL, 'the channel'),
		('interactions', 5, 'kind', 'label', false, NULL, 'what it was'),
		('products', 1, 'basket_id', 'key', true, NULL, 'the basket: an order, a visit'),
		('products', 2, 'product_id', 'key', true, NULL, 'a product in it'),
		('products', 3, 'customer_id', 'customer_id', false, NULL, 'whose basket it is'),
		('referrals', 1, 'referred', 'customer_id', true, NULL, 'id of the lead or customer who came'),
		('referrals', 2, 'referrer', 'customer_id', true, NULL, 'id of the customer through whom; NULL: not referred'),
		('referrals', 3, 'referred_at', 'moment', false, NULL, 'when')
	) AS v(kind, position, role, purpose, is_required, expression, comment);
	END;
COMMENT ON FUNCTION workspace_attachment_roles() IS
	'internal: the columns of each kind of attachment: what they are taken for, and how they are read';

CREATE FUNCTION workspace_attachment_views()
	RETURNS TABLE (kind text, "position" integer, name name, query text, comment text, columns text, row_type name)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 30
	BEGIN ATOMIC
	SELECT 'subscriptions'::text, v.position, v.name, v.query, v.comment, v.columns, v.row_type FROM workspace_subscription_views() AS v
	UNION ALL
	SELECT 'channels', v.position, v.name, v.query, v.comment, v.columns, v.row_type FROM workspace_channel_views() AS v
	UNION ALL
	SELECT 'costs', v.position, v.name, v.query, v.comment, v.columns, v.row_type FROM workspace_cost_views() AS v
	UNION ALL
	SELECT 'referrals', v.position, v.name, v.query, v.comment, v.columns, v.row_type FROM workspace_referral_views() AS v
	UNION ALL
	SELECT 'campaigns', v.position, v.name, v.query, v.comment, v.columns, v.row_type FROM workspace_campaign_views() AS v
	UNION ALL
	SELECT 'interactions', v.position, v.name, v.query, v.comment, v.columns, v.row_type FROM workspace_interaction_views() AS v
	UNION ALL
	SELECT 'events', v.position, v.name, v.query, v.comment, v.columns, v.row_type FROM workspace_event_views() AS v
	UNION ALL
	SELECT 'products', v.position, v.name, v.query, v.comment, v.columns, v.row_type FROM workspace_product_views() AS v;
	END;
COMMENT ON FUNCTION workspace_attachment_views() IS
	'internal: the views of each kind of attachment, as templates';

-- The relations that attachments have put into a workspace: views that no workspace has without, or tables.
CREATE FUNCTION workspace_attached_names(workspace name, relkind text) RETURNS TABLE (name name)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
BEGIN
	RETURN QUERY EXECUTE format(CASE relkind
		WHEN 'v' THEN 'SELECT (''attached_'' || a.kind)::name FROM %2$I.workspace_attachment a
			UNION ALL
			SELECT v.name FROM %2$I.workspace_attachment a JOIN %1$s.workspace_attachment_views() v ON v.kind = a.kind
			WHERE v.name NOT IN (SELECT name FROM %1$s.workspace_views())'
		ELSE 'SELECT t.name::name
			FROM %2$I.workspace_attachment a JOIN %1$s.workspace_attachment_kinds() k ON k.kind = a.kind,
				LATERAL (VALUES (''stored_'' || a.kind, k.stored), (''stored_'' || a.kind || ''_rows'', k.stored_rows)) AS t(name, definition)
			WHERE t.definition IS NOT NULL' END, crm, workspace);
END
$$;
COMMENT ON FUNCTION workspace_attached_names(name, text) IS
	'internal: the views (v) or tables (r) that attachments have put into a workspace';

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
			UNION SELECT ''attached_'' || $2 UNION SELECT ''stored_'' || $2 UNION SELECT ''stored_'' || $2 || ''_rows'')', crm) INTO taken USING workspace, kind;
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
	EXECUTE format('SELECT a.source, k.filter, k.fill, k.fill_rows, %1$s.workspace_attached_columns($1, $2) AS columns
		FROM %2$I.workspace_attachment a JOIN %1$s.workspace_attachment_kinds() k ON k.kind = a.kind
		WHERE a.kind = $2', crm, workspace) INTO item USING workspace, attached;
	IF is_due AND item.fill IS NOT NULL THEN
		EXECUTE format('UPDATE %I.%I SET computed_at = clock_timestamp(), result = (%s)', workspace, stored, format(item.fill, VARIADIC arguments));
	END IF;
	IF is_due AND item.fill_rows IS NOT NULL THEN
		EXECUTE format('DELETE FROM %I.%I', workspace, stored || '_rows');
		EXECUTE format('INSERT INTO %I.%I %s', workspace, stored || '_rows', format(item.fill_rows, VARIADIC arguments));
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

CREATE FUNCTION workspace_create_stored(workspace name, attached text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	stored text := format('%I.%I', workspace, 'stored_' || attached);
	stored_rows text := format('%I.%I', workspace, 'stored_' || attached || '_rows');
	arguments text[];
	item record;
BEGIN
	EXECUTE format('SELECT %s.workspace_template_arguments($1, $2)', crm) INTO arguments USING workspace, attached;
	EXECUTE format('SELECT format(k.stored, VARIADIC $2) AS type, format(k.stored_rows, VARIADIC $2) AS columns
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
		EXECUTE format('CREATE TABLE %s (%s)', stored_rows, item.columns);
		EXECUTE format('CREATE INDEX ON %s USING hash (customer_id)', stored_rows);
		EXECUTE format('COMMENT ON TABLE %s IS %L', stored_rows, 'what refreshes compute of the attached ' || attached || ' for each customer');
		EXECUTE (SELECT string_agg(format('COMMENT ON COLUMN %s.%I IS %L', stored_rows, a.attname, 'as in the view over it'), ';')
			FROM pg_attribute a WHERE a.attrelid = stored_rows::regclass AND a.attnum > 0);
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_create_stored(name, text) IS
	'internal: creates the tables that keep what refreshes compute of an attachment, where its kind has any';

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
	WHERE n.nspname = workspace AND c.relname IN ('attached_' || attached, 'stored_' || attached, 'stored_' || attached || '_rows');
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
