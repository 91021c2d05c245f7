/*
 * workspace/kinds.sql - what a workspace can know beside purchases.
 *
 * Each kind (subscriptions, costs, campaigns ...) is a row of workspace_attachment and two layers
 * of views. attached_KIND reads the user's relation: the columns named at attaching, under fixed
 * names and types, without the rows that lack what they need or lie after the workspace's day.
 * Over it stand the kind's views, templates beside the kind's crm_attach_... function. Attaching
 * a kind again replaces attached_KIND in place: views over it, grants and dependents stay.
 *
 * What a view cannot compute each time it is read stands in a table of one row, stored_KIND, and
 * where it is rows, in stored_KIND_rows, and what is counted of these in stored_KIND_counts.
 * Refreshes recompute it; with_models: only those that rebuild or fit the models anew.
 *
 * In filters and expressions r is the row with the columns as they are, %1$s the workspace's day,
 * %2$s the moment at which it ends, %3$s the workspace's time zone.
 */

CREATE FUNCTION workspace_attachment_kinds()
	RETURNS TABLE (kind text, comment text, filter text, until text, stored text, fill text, stored_rows text, fill_rows text,
		stored_counts text, fill_counts text, with_models boolean)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
	BEGIN ATOMIC
	SELECT v.kind, v.comment, v.filter, v.until, v.stored, v.fill, v.stored_rows, v.fill_rows, v.stored_counts, v.fill_counts, v.with_models
	FROM (VALUES
		('subscriptions'::text, 'the attached subscriptions, in columns of fixed names'::text,
			'r.customer_id IS NOT NULL AND r.started IS NOT NULL AND r.mrr >= 0 AND r.mrr < ''Infinity'' AND (r.ended < r.started) IS NOT TRUE'::text,
			'r.started <= %1$s'::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::boolean),
		('channels', 'purchases with the channel they came through, in columns of fixed names',
			'r.customer_id IS NOT NULL AND r.at IS NOT NULL AND r.channel IS NOT NULL AND (r.amount < 0) IS NOT TRUE',
			'r.at < %2$s', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		('costs', 'what was spent on marketing, month by month',
			'r.period IS NOT NULL AND r.spend >= 0 AND r.spend < ''Infinity'' AND coalesce(lower(btrim(r.purpose)), ''acquisition'') IN (''acquisition'', ''retention'')',
			'r.period <= %1$s', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		('campaigns', 'who was contacted, and what came of it, in columns of fixed names',
			'r.customer_id IS NOT NULL AND r.sent_at IS NOT NULL AND r.variant IS NOT NULL AND (r.cost >= 0 AND r.cost < ''Infinity'') IS NOT FALSE',
			'r.sent_at < %2$s', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		('events', 'steps of leads on the way to a purchase, in columns of fixed names',
			'r.customer_id IS NOT NULL AND r.at IS NOT NULL AND r.step IS NOT NULL', 'r.at < %2$s', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		('interactions', 'contacts with customers, in columns of fixed names',
			'r.customer_id IS NOT NULL AND r.at IS NOT NULL AND lower(btrim(r.direction)) IN (''inbound'', ''outbound'')',
			'r.at < %2$s', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		('products', 'which product is in which basket, in columns of fixed names',
			'r.basket_id IS NOT NULL AND r.product_id IS NOT NULL', 'true', '%1$s.basket_counts',
			'SELECT %1$s.affinity_agg(r.basket_id, r.product_id) FROM %2$s.attached_products AS r',
			'customer_id %5$s, position integer, product %8$s, score double precision, because_of %8$s',
			'SELECT n.* FROM (SELECT s.result, (a.options ->> ''how_many'')::integer AS how_many
				FROM %2$s.stored_products AS s, %2$s.workspace_attachment AS a WHERE a.kind = ''products'') AS o,
			LATERAL %1$s.next_products(o.result, %9$s, NULL::%5$s, NULL::%8$s, o.how_many) AS n',
			'product_id %8$s, customers bigint',
			'SELECT n.product, count(*) FROM %2$s.stored_products_rows AS n WHERE n.position = 1 GROUP BY n.product', true),
		('referrals', 'who came, and through whom, in columns of fixed names',
			'r.referred IS NOT NULL', '(r.referred_at < %2$s) IS NOT FALSE', '%1$s.referral_graph',
			'SELECT %1$s.referral_agg(r.referred::%7$s, r.referrer::%7$s, v.value, r.referred_at)
			FROM %2$s.attached_referrals AS r LEFT JOIN %2$s.customer_values AS v ON v.customer_id %3$s r.referred', NULL, NULL, NULL, NULL, false)
	) AS v(kind, comment, filter, until, stored, fill, stored_rows, fill_rows, stored_counts, fill_counts, with_models);
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
				LATERAL (VALUES (''stored_'' || a.kind, k.stored), (''stored_'' || a.kind || ''_rows'', k.stored_rows),
					(''stored_'' || a.kind || ''_counts'', k.stored_counts)) AS t(name, definition)
			WHERE t.definition IS NOT NULL' END, crm, workspace);
END
$$;
COMMENT ON FUNCTION workspace_attached_names(name, text) IS
	'internal: the views (v) or tables (r) that attachments have put into a workspace';
