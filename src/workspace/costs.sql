/*
 * workspace/costs.sql - what marketing costs, and what the customers it brings are worth.
 *
 * Two attachments: channels (the purchases' own source, for the channel of each first purchase)
 * and costs. Money spent without a channel is shared: that of a month by the customers acquired
 * in it, each alike, whatever their channel.
 */

CREATE FUNCTION workspace_channel_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'customer_channels', $query$
WITH first_day AS MATERIALIZED (
	SELECT h.customer_id, r.at, r.channel
	FROM %2$s.attached_channels AS r JOIN %2$s.customer_history AS h ON h.customer_id %3$s r.customer_id
	WHERE (r.at AT TIME ZONE (SELECT s.time_zone FROM %2$s.workspace_state AS s))::date = %1$s.first_purchase(h.history))
SELECT h.customer_id, %1$s.first_purchase(h.history) AS acquired_on, c.channel
FROM %2$s.customer_history AS h
	LEFT JOIN (SELECT f.customer_id, min(f.channel) AS channel
		FROM first_day AS f
			JOIN (SELECT g.customer_id, min(g.at) AS at FROM first_day AS g GROUP BY g.customer_id) AS e
				ON e.customer_id %3$s f.customer_id AND e.at = f.at
		GROUP BY f.customer_id) AS c ON c.customer_id %3$s h.customer_id
WHERE %1$s.first_purchase(h.history) <= %6$s
$query$, 'the channel that each customer came through: that of the first purchase', $columns$
customer_id: the customer's id, as in the source
acquired_on: first purchase day
channel: channel of the earliest purchase of that day that names one; NULL when none does
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_channel_views() IS
	'internal: the views of purchases'' channels as templates, with their comments';

CREATE FUNCTION workspace_cost_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'channel_months', $query$
WITH spent AS (
	SELECT r.period, r.channel, sum(r.spend) AS spend
	FROM %2$s.attached_costs AS r WHERE r.purpose = 'acquisition' GROUP BY r.period, r.channel),
acquired AS (
	SELECT date_trunc('month', c.acquired_on::timestamp)::date AS period, c.channel, count(*) AS customers
	FROM %2$s.customer_channels AS c,
		(SELECT min(r.period) AS first, (max(r.period) + interval '1 month')::date AS last FROM %2$s.attached_costs AS r) AS covered
	WHERE c.acquired_on >= covered.first AND c.acquired_on < covered.last
	GROUP BY 1, 2),
month AS (
	SELECT a.period, sum(a.customers) AS customers FROM acquired AS a GROUP BY a.period),
line AS (
	SELECT a.period, a.channel, a.customers, 0 AS own, coalesce(s.spend * a.customers / m.customers, 0) AS shared
	FROM acquired AS a JOIN month AS m ON m.period = a.period
		LEFT JOIN spent AS s ON s.period = a.period AND s.channel IS NULL
	UNION ALL
	SELECT s.period, s.channel, 0, CASE WHEN s.channel IS NULL THEN 0 ELSE s.spend END, CASE WHEN s.channel IS NULL THEN s.spend ELSE 0 END
	FROM spent AS s
	WHERE s.channel IS NOT NULL OR s.period NOT IN (SELECT m.period FROM month AS m))
SELECT l.period, l.channel, sum(l.customers)::bigint AS customers, round(sum(l.own + l.shared), 4) AS cost, round(sum(l.shared), 4) AS shared_cost
FROM line AS l
GROUP BY l.period, l.channel
ORDER BY l.period, l.channel
$query$, 'customers acquired and what that cost, by month and channel, from the first to the last month of the attached costs', $columns$
period: first day of the month
channel: the channel; NULL: unknown
customers: customers with their first purchase in the month
cost: money spent on acquisition, rounded to 4 decimals
shared_cost: the part of it that named no channel: the month's, shared by its new customers alike
$columns$, NULL),

(2, 'acquisition', $query$
WITH option AS (
	SELECT (a.options ->> 'margin')::double precision AS margin FROM %2$s.workspace_attachment AS a WHERE a.kind = 'costs'),
covered AS (
	SELECT min(r.period) AS first, (max(r.period) + interval '1 month')::date AS last FROM %2$s.attached_costs AS r),
customer AS (
	SELECT c.channel,
		c.acquired_on >= k.first AND c.acquired_on < k.last AS is_new,
		%1$s.purchase_days(%1$s.as_of(h.history, d.today)) >= 2 AS is_repeater,
		%1$s.spend(%1$s.as_of(h.history, d.today)) AS spend,
		%1$s.clv(d.purchase_model, d.spend_model, h.history, d.refreshed_on) AS clv_12m,
		c.acquired_on < k.last AND %1$s.purchase_days(%1$s.slice(h.history,
			daterange(least(greatest(c.acquired_on + 1, k.first), k.last), k.last))) > 0 AS is_retained
	FROM (SELECT %6$s AS today, s.refreshed_on, s.purchase_model, s.spend_model FROM %2$s.workspace_state AS s OFFSET 0) AS d,
		covered AS k,
		%2$s.customer_channels AS c JOIN %2$s.customer_history AS h ON h.customer_id %3$s c.customer_id
	WHERE c.acquired_on < k.last),
worth AS (
	SELECT c.channel,
		count(*) FILTER (WHERE c.is_new) AS customers,
		count(*) FILTER (WHERE c.is_new AND c.is_repeater) AS repeaters,
		sum(c.spend) FILTER (WHERE c.is_new) AS spend,
		sum((c.clv_12m * 10000)::bigint) FILTER (WHERE c.is_new) / 10000.0 AS clv_12m,
		count(*) FILTER (WHERE c.is_retained) AS retained_customers
	FROM customer AS c GROUP BY c.channel),
kept AS (
	SELECT r.channel, sum(r.spend) AS spend FROM %2$s.attached_costs AS r WHERE r.purpose = 'retention' GROUP BY r.channel),
spent AS (
	SELECT m.channel, sum(m.cost) AS cost, sum(m.shared_cost) AS shared_cost FROM %2$s.channel_months AS m GROUP BY m.channel),
everything AS (
	SELECT w.channel, w.customers, w.repeaters, w.spend, w.clv_12m, w.retained_customers, 0 AS cost, 0 AS shared_cost,
		(SELECT k.spend FROM kept AS k WHERE k.channel IS NULL) * w.retained_customers / nullif(sum(w.retained_customers) OVER (), 0) AS retention_cost
	FROM worth AS w
	UNION ALL
	SELECT s.channel, 0, 0, NULL, NULL, 0, s.cost, s.shared_cost, NULL FROM spent AS s
	UNION ALL
	SELECT k.channel, 0, 0, NULL, NULL, 0, 0, 0, k.spend FROM kept AS k
	WHERE k.channel IS NOT NULL OR NOT EXISTS (SELECT FROM worth AS w WHERE w.retained_customers > 0)),
total AS (
	SELECT e.channel, sum(e.customers)::bigint AS customers, sum(e.repeaters) AS repeaters, sum(e.cost) AS cost, sum(e.shared_cost) AS shared_cost,
		sum(e.spend) AS spend, sum(e.clv_12m) AS clv_12m,
		sum(e.retained_customers)::bigint AS retained_customers, round(coalesce(sum(e.retention_cost), 0)::numeric, 4) AS retention_cost
	FROM everything AS e GROUP BY e.channel)
SELECT t.channel,
	t.customers,
	t.cost,
	t.shared_cost,
	%1$s.cac(t.cost::double precision, t.customers::double precision) AS cac,
	100.0::double precision * t.repeaters::double precision / nullif(t.customers, 0) AS repeat_rate,
	round(t.spend / nullif(t.customers, 0), 4) AS mean_spend,
	round(t.clv_12m / nullif(t.customers, 0), 4) AS mean_clv_12m,
	t.value / nullif(t.customers, 0) AS mean_value,
	%1$s.ltv_to_cac(t.value / nullif(t.customers, 0), %1$s.cac(t.cost::double precision, t.customers::double precision)) AS ltv_to_cac,
	t.retained_customers,
	t.retention_cost,
	%1$s.acquisition_to_retention_cost(t.cost::double precision, t.customers::double precision,
		t.retention_cost::double precision, t.retained_customers::double precision) AS acquisition_to_retention_cost
FROM (SELECT e.*, o.margin * (e.spend + coalesce(e.clv_12m, 0))::double precision AS value FROM total AS e, option AS o) AS t
ORDER BY t.customers DESC, t.channel
$query$, 'what customers of each channel cost and are worth, of those acquired from the first to the last month of the attached costs', $columns$
channel: channel of the first purchase; NULL: unknown
customers: customers with their first purchase in these months
cost: money spent on acquiring them
shared_cost: the part of it that named no channel: each month's, shared by its new customers alike
cac: customer acquisition cost: cost / customers
repeat_rate: percent of these customers with two or more purchase days until today
mean_spend: net money of all their purchases until today, per customer, rounded to 4 decimals
mean_clv_12m: money expected per customer in the 365 days after the last refresh, discounted at 10 percent a year
mean_value: the margin's share of mean_spend + mean_clv_12m
ltv_to_cac: mean_value / cac
retained_customers: customers of the channel, whenever acquired, who bought again in these months: on a day after their first
retention_cost: money spent on retaining them in these months, rounded to 4 decimals; that without a channel is shared by all retained customers alike
acquisition_to_retention_cost: cac / (retention_cost / retained_customers): how many times dearer winning is than keeping
$columns$, NULL),

(3, 'payback', $query$
SELECT m.period AS cohort,
	m.channel,
	m.customers,
	m.cost,
	%1$s.cac(m.cost::double precision, m.customers::double precision) AS cac,
	max(c.margin) FILTER (WHERE c.period = c.last_period) AS margin_per_customer,
	max(c.period) AS periods_seen,
	min(c.period) FILTER (WHERE c.margin >= %1$s.cac(m.cost::double precision, m.customers::double precision)) AS payback_period,
	(m.period + min(c.period) FILTER (WHERE c.margin >= %1$s.cac(m.cost::double precision, m.customers::double precision)) * interval '1 month')::date AS payback_month
FROM %2$s.channel_months AS m
	LEFT JOIN (SELECT g.channel, (cell).cohort, (cell).period, max((cell).period) OVER (PARTITION BY g.channel, (cell).cohort) AS last_period,
			(SELECT (a.options ->> 'margin')::double precision FROM %2$s.workspace_attachment AS a WHERE a.kind = 'costs')
				* (cell).cumulative_revenue::double precision / (cell).cohort_size AS margin
		FROM (SELECT c.channel, %1$s.cohort_agg(h.history,
				(SELECT %1$s.periods(date_trunc('month', s.first_day::timestamp)::date, %6$s, interval '1 month') FROM %2$s.workspace_state AS s),
				'bounded', %6$s) AS cells
			FROM %2$s.customer_channels AS c JOIN %2$s.customer_history AS h ON h.customer_id %3$s c.customer_id
			GROUP BY c.channel) AS g, unnest(g.cells) AS cell) AS c
	ON c.cohort = m.period AND coalesce(c.channel, '') = coalesce(m.channel, '') AND c.channel IS NOT DISTINCT FROM m.channel
GROUP BY m.period, m.channel, m.customers, m.cost
ORDER BY m.period, m.channel
$query$, 'when the customers of each month and channel have earned what acquiring them cost', $columns$
cohort: month of the first purchase, its first day
channel: channel of the first purchase; NULL: unknown
customers: customers of the cohort
cost: money spent on acquiring them
cac: cost / customers
margin_per_customer: the margin's share of all money they brought until today, per customer
periods_seen: months since the cohort's own that have begun
payback_period: first month in which margin_per_customer had reached cac, 0 = the cohort's own; NULL: not yet
payback_month: that month, its first day
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_cost_views() IS
	'internal: the views of attached costs as templates, with their comments';

CREATE FUNCTION crm_attach_costs(costs regclass, period name, spend name, channel name DEFAULT NULL, purpose name DEFAULT NULL,
	customer_channel name DEFAULT NULL, margin double precision DEFAULT 1, workspace name DEFAULT 'crm')
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	state record;
BEGIN
	EXECUTE format('SELECT %s.workspace_check_margin($1)', crm) USING margin;
	IF channel IS NOT NULL AND customer_channel IS NULL THEN
		RAISE EXCEPTION 'channel needs customer_channel' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'customer_channel is the column of the purchases that says which channel a purchase came through.';
	END IF;
	EXECUTE format('SELECT %s.workspace_open($1)', crm) USING workspace;
	EXECUTE format('SELECT * FROM %s.workspace_lock($1)', crm) INTO state USING workspace;
	EXECUTE format('SELECT %s.workspace_attach($1, ''channels'', $2, $3)', crm)
		USING workspace, state.source, jsonb_build_object('customer_id', state.customer_id, 'at', state.purchased_at,
			'amount', state.amount, 'channel', customer_channel);
	EXECUTE format('SELECT %s.workspace_attach($1, ''costs'', $2, $3, $4)', crm)
		USING workspace, costs, jsonb_build_object('period', period, 'spend', spend, 'channel', channel, 'purpose', purpose),
			jsonb_build_object('margin', margin);
END
$$;
COMMENT ON FUNCTION crm_attach_costs(regclass, name, name, name, name, name, double precision, name) IS
	'attaches marketing costs to a workspace: a row per month (any day of it), money spent and, if named, channel (NULL: all) and purpose (acquisition or retention; NULL: acquisition); customer_channel: column of the purchases with their channel; margin: share of money that is left; adds the views acquisition, payback, channel_months and customer_channels; again: replaces what was attached; only the workspace''s owner';
