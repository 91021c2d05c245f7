-- workspace/interactions.sql - contacts in both directions: who is close, who is written to too often.

CREATE FUNCTION workspace_interaction_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'engagement', $query$
SELECT c.customer_id,
	coalesce(c.inbound, 0) + coalesce(c.outbound, 0) AS contacts,
	coalesce(c.inbound, 0) AS inbound,
	coalesce(c.outbound, 0) AS outbound,
	(c.last_inbound AT TIME ZONE o.time_zone)::date AS last_inbound,
	(c.last_outbound AT TIME ZONE o.time_zone)::date AS last_outbound,
	%1$s.response_rate(c.engagement, o.respond_within, o.today) AS response_rate,
	%1$s.reciprocity(c.engagement) AS reciprocity,
	%1$s.median_reply_time(c.engagement) AS median_reply_time,
	coalesce(%1$s.contact_pressure(c.engagement, o.pressure_days, o.today), 0) AS contact_pressure,
	coalesce(%1$s.contact_pressure(c.engagement, o.pressure_days, o.today), 0) > o.pressure_limit AS is_contacted_too_often,
	coalesce(%1$s.engagement_score(c.engagement, o.half_life, o.today), 0) AS engagement_score,
	%1$s.preferred_channel(c.engagement) AS preferred_channel,
	%1$s.best_hour(c.engagement) AS best_hour,
	%1$s.relationship_level(c.engagement, c.history, o.today) AS relationship_level
FROM (SELECT s.time_zone, %6$s AS today, (a.options ->> 'respond_within')::interval AS respond_within,
		(a.options ->> 'half_life')::interval AS half_life, (a.options ->> 'pressure_days')::integer AS pressure_days,
		(a.options ->> 'pressure_limit')::integer AS pressure_limit
	FROM %2$s.workspace_state AS s, %2$s.workspace_attachment AS a WHERE a.kind = 'interactions' OFFSET 0) AS o,
	(SELECT h.customer_id, h.history, e.engagement, e.inbound, e.outbound, e.last_inbound, e.last_outbound
		FROM (SELECT k.customer_id, %1$s.as_of(k.history, %6$s) AS history FROM %2$s.customer_history AS k) AS h
			LEFT JOIN (SELECT r.customer_id, count(*) FILTER (WHERE r.direction = 'inbound') AS inbound, count(*) FILTER (WHERE r.direction = 'outbound') AS outbound,
				max(r.at) FILTER (WHERE r.direction = 'inbound') AS last_inbound, max(r.at) FILTER (WHERE r.direction = 'outbound') AS last_outbound,
				%1$s.engagement_agg(r.at, r.direction, r.channel, r.kind, (SELECT s.time_zone FROM %2$s.workspace_state AS s)) AS engagement
			FROM %2$s.attached_interactions AS r GROUP BY r.customer_id) AS e ON e.customer_id %3$s h.customer_id
		WHERE e.inbound IS NOT NULL OR h.history OPERATOR(%1$s.<>) ''::%1$s.purchase_history
		UNION ALL
		SELECT e.customer_id, NULL::%1$s.purchase_history, e.engagement, e.inbound, e.outbound, e.last_inbound, e.last_outbound
		FROM (SELECT r.customer_id, count(*) FILTER (WHERE r.direction = 'inbound') AS inbound, count(*) FILTER (WHERE r.direction = 'outbound') AS outbound,
				max(r.at) FILTER (WHERE r.direction = 'inbound') AS last_inbound, max(r.at) FILTER (WHERE r.direction = 'outbound') AS last_outbound,
				%1$s.engagement_agg(r.at, r.direction, r.channel, r.kind, (SELECT s.time_zone FROM %2$s.workspace_state AS s)) AS engagement
			FROM %2$s.attached_interactions AS r GROUP BY r.customer_id) AS e
		WHERE NOT EXISTS (SELECT FROM %2$s.customer_history AS k WHERE k.customer_id %3$s e.customer_id)) AS c
$query$, 'how close each customer is, by contacts in both directions, as of today (in a pinned workspace: as of its date)', $columns$
customer_id: the customer's id
contacts: contacts in both directions
inbound: contacts from the customer
outbound: contacts to the customer
last_inbound: day of the last contact from the customer
last_outbound: day of the last contact to the customer
response_rate: fraction of the contacts to the customer that got one back in time (option respond_within), of those that long ago; NULL without any
reciprocity: inbound / contacts, a fraction
median_reply_time: median time until the customer's contacts got one back
contact_pressure: contacts to the customer in the last days (option pressure_days)
is_contacted_too_often: whether these are more than the option pressure_limit
engagement_score: contacts from the customer, each counting half after the option half_life
preferred_channel: channel of most contacts from the customer
best_hour: hour of the day (0-23, in the workspace's zone) of most contacts from the customer
relationship_level: interconnected, collaborative, basic or exploratory, by relationship_rules
$columns$, NULL),

(2, 'channels', $query$
SELECT c.channel,
	c.customers,
	c.inbound,
	c.outbound,
	coalesce(p.preferred_by, 0) AS preferred_by,
	round(p.spend / nullif(p.preferred_by, 0), 4) AS mean_spend,
	round(p.clv_12m / 10000.0 / nullif(p.preferred_by, 0), 4) AS mean_clv_12m
FROM (SELECT r.channel, count(DISTINCT r.customer_id::text) AS customers, count(*) FILTER (WHERE r.direction = 'inbound') AS inbound,
		count(*) FILTER (WHERE r.direction = 'outbound') AS outbound
	FROM %2$s.attached_interactions AS r GROUP BY r.channel) AS c
	LEFT JOIN (SELECT e.preferred_channel AS channel, count(*) AS preferred_by, sum(%1$s.spend(%1$s.as_of(h.history, d.today))) AS spend,
			sum((%1$s.clv(d.purchase_model, d.spend_model, h.history, d.refreshed_on) * 10000)::bigint) AS clv_12m
		FROM (SELECT r.customer_id, %1$s.preferred_channel(%1$s.engagement_agg(r.at, r.direction, r.channel, r.kind,
					(SELECT s.time_zone FROM %2$s.workspace_state AS s))) AS preferred_channel
				FROM %2$s.attached_interactions AS r GROUP BY r.customer_id) AS e
			CROSS JOIN (SELECT %6$s AS today, s.refreshed_on, s.purchase_model, s.spend_model FROM %2$s.workspace_state AS s OFFSET 0) AS d
			LEFT JOIN %2$s.customer_history AS h ON h.customer_id %3$s e.customer_id
		GROUP BY e.preferred_channel) AS p ON p.channel = c.channel
ORDER BY c.customers DESC, c.channel
$query$, 'the channels of the attached interactions, and what the customers who prefer each are worth', $columns$
channel: the channel; NULL: none named
customers: customers with a contact on it, in either direction
inbound: contacts from customers
outbound: contacts to customers
preferred_by: customers of whose contacts most came on it
mean_spend: net money of these customers' purchases until today, per customer, rounded to 4 decimals
mean_clv_12m: money expected per such customer in the 365 days after the last refresh, discounted at 10 percent a year
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_interaction_views() IS
	'internal: the views of attached interactions as templates, with their comments';

CREATE FUNCTION crm_attach_interactions(interactions regclass, customer_id name, at name, direction name,
	channel name DEFAULT NULL, kind name DEFAULT NULL, pressure_days integer DEFAULT 30, pressure_limit integer DEFAULT 4,
	respond_within interval DEFAULT '14 days', half_life interval DEFAULT '30 days', workspace name DEFAULT 'crm')
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
BEGIN
	IF pressure_days IS NULL OR pressure_limit IS NULL OR respond_within IS NULL OR half_life IS NULL THEN
		RAISE EXCEPTION 'pressure_days, pressure_limit, respond_within and half_life must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	ELSIF pressure_limit < 0 THEN
		RAISE EXCEPTION 'pressure_limit must not be negative, not %', pressure_limit USING ERRCODE = 'invalid_parameter_value',
			HINT = 'A customer with more contacts than that in pressure_days is contacted too often.';
	END IF;
	-- refuses what it cannot take
	EXECUTE format('SELECT %1$s.contact_pressure(e, $1, d), %1$s.response_rate(e, $2, d), %1$s.engagement_score(e, $3, d)
		FROM (SELECT %1$s.engagement_agg(timestamptz ''2000-01-01 00:00+00'', ''outbound'', NULL, NULL, ''UTC''), date ''2000-01-01'') AS v(e, d)', crm)
		USING pressure_days, respond_within, half_life;
	EXECUTE format('SELECT %s.workspace_attach($1, ''interactions'', $2, $3, $4)', crm)
		USING workspace, interactions, jsonb_build_object('customer_id', customer_id, 'at', at, 'direction', direction, 'channel', channel, 'kind', kind),
			jsonb_build_object('pressure_days', pressure_days, 'pressure_limit', pressure_limit, 'respond_within', respond_within, 'half_life', half_life);
END
$$;
COMMENT ON FUNCTION crm_attach_interactions(regclass, name, name, name, name, name, integer, integer, interval, interval, name) IS
	'attaches contacts with customers to a workspace: a row per contact, inbound (from the customer) or outbound; more than pressure_limit outbound ones in pressure_days are too many; adds the views engagement and channels; again: replaces what was attached; only the workspace''s owner';
