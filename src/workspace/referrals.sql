-- workspace/referrals.sql - who came through whom, and what each customer is worth with that.

-- Wilson's limit p1 (1927) is where (p - p1)^2 = z^2 p1 (1 - p1) / n, p1 < p = x / n; written so that
-- nothing cancels: 2 x p / (2 x + z^2 + z sqrt(z^2 + 4 x (1 - p))). The upper one is 1 - that of the rest.
CREATE FUNCTION workspace_rate_lower95(converted bigint, everybody bigint) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN 2::double precision * converted * (converted::double precision / nullif(everybody, 0))
		/ (2 * converted + '3.8414588206941254'::double precision + '1.959963984540054'::double precision
			* sqrt('3.8414588206941254'::double precision + 4 * converted * (1 - converted::double precision / nullif(everybody, 0))));
COMMENT ON FUNCTION workspace_rate_lower95(bigint, bigint) IS
	'internal: lower 95 percent limit (Wilson 1927) of the rate converted / everybody, a fraction';

CREATE FUNCTION workspace_referral_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'customer_values', $query$
SELECT h.customer_id,
	o.margin * (coalesce(%1$s.workspace_spend(%1$s.as_of(h.history, s.refreshed_on)), 0)
		+ coalesce(%1$s.clv(s.purchase_model, s.spend_model, h.history, s.refreshed_on), 0)) AS value
FROM (SELECT refreshed_on, purchase_model, spend_model FROM %2$s.workspace_state OFFSET 0) AS s,
	(SELECT (a.options ->> 'margin')::double precision AS margin FROM %2$s.workspace_attachment AS a WHERE a.kind = 'referrals') AS o,
	%2$s.customer_history AS h
WHERE %1$s.first_purchase(h.history) <= s.refreshed_on
$query$, 'what each customer''s own purchases are worth, as of the last refresh', $columns$
customer_id: the customer's id, as in the source
value: the margin's share of all money so far and of clv_12m, the money expected in the next 365 days
$columns$, NULL),

(2, 'referrals', $query$
WITH worth AS (
	SELECT coalesce(v.customer_id, r.customer_id::%5$s) AS customer_id,
		v.customer_id IS NOT NULL AS is_customer,
		coalesce(v.value, 0) AS clv,
		coalesce(r.crv, 0) AS crv,
		coalesce(r.direct_referrals, 0) AS direct_referrals,
		coalesce(r.all_referrals, 0) AS all_referrals,
		coalesce(r.depth, 0) AS depth,
		coalesce(r.direct_value, 0) AS direct_value,
		coalesce(r.indirect_value, 0) AS indirect_value
	FROM %2$s.customer_values AS v
		FULL JOIN (SELECT p.*
			FROM %2$s.stored_referrals AS g,
				(SELECT (a.options ->> 'decay')::double precision AS decay, (a.options ->> 'max_depth')::integer AS max_depth,
					(a.options ->> 'joined_anyway')::double precision AS joined_anyway,
					(a.options ->> 'acquisition_saving')::double precision AS acquisition_saving,
					(a.options ->> 'reward_cost')::double precision AS reward_cost
				FROM %2$s.workspace_attachment AS a WHERE a.kind = 'referrals') AS o,
				LATERAL %1$s.referral_values(g.result, NULL::%7$s, o.decay, o.max_depth, o.joined_anyway, o.acquisition_saving, o.reward_cost) AS p) AS r
			ON r.customer_id = v.customer_id::%7$s)
SELECT w.customer_id,
	w.is_customer,
	w.clv,
	w.crv,
	%1$s.value_quadrant(w.clv, w.crv, c.clv_cut, coalesce(c.crv_cut, 1)) AS quadrant,
	w.direct_referrals,
	w.all_referrals,
	w.depth,
	w.direct_value,
	w.indirect_value
FROM worth AS w,
	(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x.clv) FILTER (WHERE x.is_customer) AS clv_cut,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY x.crv) FILTER (WHERE x.crv > 0) AS crv_cut
	FROM worth AS x) AS c
$query$, 'what each customer is worth by own purchases and by referring others (Kumar, Petersen and Leone 2007), as of the last refresh', $columns$
customer_id: the customer's id, or that of a referrer who is no customer
is_customer: whether there are own purchases
clv: worth of own purchases: the margin's share of all money so far and of clv_12m
crv: customer referral value: direct_value + indirect_value; with a decay above 0 not to be added up over customers
quadrant: champions (clv and crv high), affluents (clv only), advocates (crv only) or misers; high: at least the median of the customers' clv, and of the crv above 0
direct_referrals: customers and leads referred by this one
all_referrals: the same with those whom they referred, and so on, as deep as counts
depth: generations among them
direct_value: worth of the direct referrals, after the options joined_anyway, acquisition_saving and reward_cost
indirect_value: worth of the later generations, each weakened by decay
$columns$, NULL),

(3, 'lead_conversion', $query$
WITH lead AS MATERIALIZED (
	SELECT l.is_referred, v.customer_id IS NOT NULL AS has_bought, v.value
	FROM (SELECT r.referred, bool_or(r.referrer IS NOT NULL) AS is_referred FROM %2$s.attached_referrals AS r GROUP BY r.referred) AS l
		LEFT JOIN %2$s.customer_values AS v ON v.customer_id %3$s l.referred)
SELECT CASE WHEN g.is_referred THEN 'referred' ELSE 'other' END AS leads_are,
	g.leads,
	g.converted,
	g.converted::double precision / g.leads AS conversion_rate,
	round(g.value / 10000.0 / nullif(g.converted, 0), 4) AS mean_value,
	%1$s.workspace_rate_lower95(g.converted, g.leads) AS lower95,
	1 - %1$s.workspace_rate_lower95(g.leads - g.converted, g.leads) AS upper95,
	CASE WHEN g.is_referred THEN (c.rates).difference END AS difference,
	CASE WHEN g.is_referred THEN (c.rates).lower95 END AS difference_lower95,
	CASE WHEN g.is_referred THEN (c.rates).upper95 END AS difference_upper95,
	CASE WHEN g.is_referred THEN (c.rates).p_value END AS p_value
FROM (SELECT l.is_referred, count(*) AS leads, count(*) FILTER (WHERE l.has_bought) AS converted, sum((l.value * 10000)::bigint) AS value
		FROM lead AS l GROUP BY l.is_referred) AS g,
	(SELECT %1$s.uplift(l.is_referred, l.has_bought) AS rates FROM lead AS l) AS c
ORDER BY g.is_referred DESC
$query$, 'how many of the leads in the attached referrals became customers: referred ones and others (rows without a referrer)', $columns$
leads_are: referred or other
leads: leads: different ids
converted: those of them who bought until the last refresh
conversion_rate: converted / leads, a fraction
mean_value: worth of a converted lead's own purchases, rounded to 4 decimals
lower95: lower 95 percent limit of the conversion_rate (Wilson 1927), a fraction
upper95: upper 95 percent limit of the conversion_rate
difference: of the referred: conversion_rate less that of the others, a fraction; NULL of the others, and without any
difference_lower95: lower 95 percent limit of the difference (Newcombe 1998, method 10)
difference_upper95: upper 95 percent limit of the difference
p_value: two-sided probability of such a difference where both convert alike
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_referral_views() IS
	'internal: the views of attached referrals as templates, with their comments';

CREATE FUNCTION crm_attach_referrals(referrals regclass, referred name, referrer name, referred_at name DEFAULT NULL,
	decay double precision DEFAULT 0, max_depth integer DEFAULT 5, joined_anyway double precision DEFAULT 0,
	acquisition_saving double precision DEFAULT 0, reward_cost double precision DEFAULT 0,
	margin double precision DEFAULT 1, workspace name DEFAULT 'crm')
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
BEGIN
	EXECUTE format('SELECT %s.workspace_check_margin($1)', crm) USING margin;
	IF decay IS NULL OR max_depth IS NULL OR joined_anyway IS NULL OR acquisition_saving IS NULL OR reward_cost IS NULL THEN
		RAISE EXCEPTION 'decay, max_depth, joined_anyway, acquisition_saving and reward_cost must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	-- refuses what it cannot take
	EXECUTE format('SELECT count(*) FROM %1$s.referral_values((SELECT %1$s.referral_agg(2, 1, 0)), NULL::bigint, $1, $2, $3, $4, $5)', crm)
		USING decay, max_depth, joined_anyway, acquisition_saving, reward_cost;
	EXECUTE format('SELECT %s.workspace_attach($1, ''referrals'', $2, $3, $4)', crm)
		USING workspace, referrals, jsonb_build_object('referred', referred, 'referrer', referrer, 'referred_at', referred_at),
			jsonb_build_object('decay', decay, 'max_depth', max_depth, 'joined_anyway', joined_anyway,
				'acquisition_saving', acquisition_saving, 'reward_cost', reward_cost, 'margin', margin);
END
$$;
COMMENT ON FUNCTION crm_attach_referrals(regclass, name, name, name, double precision, integer, double precision, double precision, double precision, double precision, name) IS
	'attaches referrals to a workspace: a row per lead or customer, referred, and who referred them (NULL: nobody); decay to reward_cost as in referral_values; margin: share of money that is left; adds the views referrals, lead_conversion and customer_values; again: replaces what was attached; only the workspace''s owner';
