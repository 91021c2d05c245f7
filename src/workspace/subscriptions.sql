-- workspace/subscriptions.sql - contracts beside purchases: who pays every month, and how that moves.

CREATE FUNCTION workspace_subscription_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'mrr_monthly', $query$
SELECT p.*
FROM (SELECT %1$s.mrr_agg(c.subscriptions,
		(SELECT %1$s.periods(date_trunc('month', min(r.started)::timestamp)::date, %6$s, interval '1 month') FROM %2$s.attached_subscriptions AS r),
		%6$s) AS periods
	FROM (SELECT %1$s.subscription_agg(daterange(r.started, r.ended), r.mrr) AS subscriptions
		FROM %2$s.attached_subscriptions AS r GROUP BY r.customer_id) AS c) AS a,
	unnest(a.periods) AS p
$query$, 'monthly recurring revenue and its movements, month by month', '', 'mrr_period'),

(2, 'subscribers', $query$
SELECT c.customer_id,
	c.mrr,
	lower(c.spans) AS first_subscribed,
	c.subscribed_since,
	coalesce(c.ends_on, CASE WHEN c.subscribed_since IS NULL THEN upper(c.spans) END) AS subscription_ends_on,
	CASE
		WHEN coalesce(isempty(c.spans), true) THEN 'prospect'
		WHEN c.subscribed_since IS NULL THEN CASE WHEN c.today - upper(c.spans) >= c.lost_after THEN 'lost' ELSE 'dormant' END
		WHEN c.ends_on - c.today <= c.dormant_warning THEN 'at_risk'
		WHEN c.today - c.subscribed_since >= c.lost_after THEN 'loyal'
		WHEN c.subscribed_since - (SELECT max(upper(s)) FROM unnest(c.spans) AS s WHERE upper(s) < c.subscribed_since) >= c.dormant_after THEN 'reactivated'
		WHEN c.today - lower(c.spans) < c.at_risk_after THEN 'new'
		ELSE 'developing'
	END AS subscription_stage
FROM (SELECT g.*, lower(now.span) AS subscribed_since, upper(now.span) AS ends_on,
		(%1$s.lifecycle_rules()).lost_after, (%1$s.lifecycle_rules()).dormant_after,
		(%1$s.lifecycle_rules()).at_risk_after, (%1$s.lifecycle_rules()).dormant_warning
	FROM (SELECT r.customer_id, d.today,
			coalesce(sum(r.mrr) FILTER (WHERE (r.ended <= d.today) IS NOT TRUE), 0) AS mrr,
			range_agg(daterange(r.started, r.ended)) FILTER (WHERE r.mrr > 0) AS spans
		FROM (SELECT %6$s AS today) AS d, %2$s.attached_subscriptions AS r
		GROUP BY r.customer_id, d.today) AS g
		LEFT JOIN LATERAL (SELECT s AS span FROM unnest(g.spans) AS s WHERE s @> g.today) AS now ON true) AS c
$query$, 'one row per customer with a subscription, paid or free, as of today (in a pinned workspace: as of its date)', $columns$
customer_id: the customer's id
mrr: money a month, as of today
first_subscribed: first day that was ever paid for
subscribed_since: first day of the time paid for without a gap until today; NULL when today is not
subscription_ends_on: day after the last that is paid for, known or past; NULL when open
subscription_stage: stage by the contract: prospect (nothing paid yet), new, developing, loyal (paid for 365 days without a gap), reactivated (back after 180 days or more), at_risk (ends within 30 days), dormant (ended), lost (ended 365 days ago or more)
$columns$, NULL),

(3, 'customers', $query$
SELECT c.*, s.mrr, s.subscribed_since, s.subscription_ends_on, s.subscription_stage
FROM (%4$s) AS c LEFT JOIN %2$s.subscribers AS s ON s.customer_id %3$s c.customer_id
UNION ALL
SELECT s.customer_id, NULL::date, NULL::date, 0, 0, NULL::numeric, NULL::numeric, NULL::integer, NULL::double precision,
	NULL::integer, NULL::integer, NULL::integer, NULL::integer, NULL::text, s.subscription_stage,
	NULL::double precision, NULL::double precision, NULL::double precision, NULL::double precision,
	s.mrr, s.subscribed_since, s.subscription_ends_on, s.subscription_stage
FROM %2$s.subscribers AS s
WHERE NOT EXISTS (SELECT FROM %2$s.customer_history AS h
	WHERE h.customer_id %3$s s.customer_id AND %1$s.as_of(h.history, %6$s) OPERATOR(%1$s.<>) ''::%1$s.purchase_history)
$query$, 'one row per customer with purchases or a subscription, as of today (in a pinned workspace: as of its date)', $columns$
stage: lifecycle stage as of today: prospect, new, developing, loyal, reactivated, at_risk, dormant or lost; by purchases, of customers without any by their subscription
mrr: subscriptions: money a month, as of today; NULL without one
subscribed_since: subscriptions: first day of the time paid for without a gap until today; NULL when today is not
subscription_ends_on: subscriptions: day after the last that is paid for, known or past; NULL when open
subscription_stage: stage by the subscription: prospect, new, developing, loyal, reactivated, at_risk, dormant or lost; NULL without one
$columns$, NULL),

(4, 'kpis', $query$
SELECT k.*,
	p.mrr_end AS mrr,
	p.customers_end AS customers_subscribed,
	100 - p.retention_rate AS logo_churn_rate_12m,
	p.gross_retention AS gross_retention_12m,
	p.net_retention AS net_retention_12m
FROM (%4$s) AS k
	LEFT JOIN (SELECT %1$s.mrr_agg(c.subscriptions,
			(SELECT ARRAY[(coalesce(s.refreshed_on, %6$s) + 1 - interval '1 year')::date, coalesce(s.refreshed_on, %6$s) + 1]
				FROM %2$s.workspace_state AS s),
			(SELECT coalesce(s.refreshed_on, %6$s) FROM %2$s.workspace_state AS s)) AS periods
		FROM (SELECT %1$s.subscription_agg(daterange(r.started, r.ended), r.mrr) AS subscriptions
			FROM %2$s.attached_subscriptions AS r GROUP BY r.customer_id) AS c) AS a ON true
	LEFT JOIN LATERAL unnest(a.periods) AS p ON true
$query$, NULL, $columns$
mrr: subscriptions: money a month, on that day; NULL when nobody ever subscribed
customers_subscribed: subscriptions: customers who pay
logo_churn_rate_12m: subscriptions: percent of the customers who paid a year before who do not pay any more
gross_retention_12m: subscriptions: percent of the money a month of a year before that is left, without what customers paid more
net_retention_12m: subscriptions: percent of the money a month of a year before that these customers pay now
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_subscription_views() IS
	'internal: the views of attached subscriptions as templates, with their comments';

CREATE FUNCTION crm_attach_subscriptions(subscriptions regclass, customer_id name, started name, ended name, mrr name,
	workspace name DEFAULT 'crm')
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
BEGIN
	EXECUTE format('SELECT %s.workspace_attach($1, ''subscriptions'', $2, $3)', crm)
		USING workspace, subscriptions, jsonb_build_object('customer_id', customer_id, 'started', started, 'ended', ended, 'mrr', mrr);
END
$$;
COMMENT ON FUNCTION crm_attach_subscriptions(regclass, name, name, name, name, name) IS
	'attaches subscriptions to a workspace: one row per customer and time of a monthly amount, from started to the day before ended (NULL: open); adds the views mrr_monthly and subscribers and columns to customers and kpis; again: replaces what was attached; only the workspace''s owner';
