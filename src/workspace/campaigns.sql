-- workspace/campaigns.sql - whether writing to customers helped, against those who were left alone.

CREATE FUNCTION workspace_campaign_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'campaign_contacts', $query$
SELECT r.customer_id,
	r.sent_at,
	r.variant,
	r.variant = d.control AS is_control,
	r.converted_at IS NOT NULL AS converted,
	r.sent_on - %1$s.last_purchase(%1$s.as_of(h.history, r.sent_on - 1)) AS days_of_silence,
	coalesce(%1$s.spend(%1$s.as_of(%1$s.slice(h.history, daterange(r.sent_on, r.sent_on + d.sales_days)), d.today)), 0) AS sales,
	r.cost
FROM (SELECT a.options ->> 'control' AS control, (a.options ->> 'sales_days')::integer AS sales_days, s.time_zone, %6$s AS today
		FROM %2$s.workspace_state AS s, %2$s.workspace_attachment AS a WHERE a.kind = 'campaigns' OFFSET 0) AS d,
	LATERAL (SELECT c.*, (c.sent_at AT TIME ZONE d.time_zone)::date AS sent_on FROM %2$s.attached_campaigns AS c) AS r
	LEFT JOIN %2$s.customer_history AS h ON h.customer_id %3$s r.customer_id
$query$, 'one row per contact: how long the customer had been silent, and what was bought after it', $columns$
customer_id: the customer's id
sent_at: when the customer was contacted, or would have been
variant: what was sent
is_control: whether it was nothing: the control group
converted: whether the customer did what was hoped for
days_of_silence: days from the last purchase day before to the day of the contact; NULL when there was none
sales: net money of the purchases from the day of the contact on, in the days that count (option sales_days)
cost: what the contact cost
$columns$, NULL),

(2, 'campaigns', $query$
WITH contact AS MATERIALIZED (SELECT c.* FROM %2$s.campaign_contacts AS c),
variant AS (
	SELECT c.variant, c.is_control, count(*) AS contacts, count(DISTINCT c.customer_id::text) AS customers,
		count(*) FILTER (WHERE c.converted) AS converted, sum(c.sales) AS sales, sum(c.cost) AS cost
	FROM contact AS c GROUP BY c.variant, c.is_control),
compared AS (
	SELECT v.*, g.rates, g.means
	FROM variant AS v
		LEFT JOIN (SELECT w.variant, %1$s.uplift(NOT c.is_control, c.converted) AS rates,
				%1$s.uplift(NOT c.is_control, c.sales::double precision) AS means
			FROM variant AS w JOIN contact AS c ON c.variant = w.variant OR c.is_control
			WHERE NOT w.is_control GROUP BY w.variant) AS g ON g.variant = v.variant)
SELECT c.variant,
	c.is_control,
	c.contacts,
	c.customers,
	c.converted,
	c.converted::double precision / c.contacts AS conversion_rate,
	(c.rates).difference,
	(c.rates).lower95,
	(c.rates).upper95,
	(c.rates).lift,
	(c.rates).p_value,
	c.sales,
	round(c.sales / c.contacts, 4) AS sales_per_contact,
	(c.means).difference AS extra_sales,
	(c.means).lower95 AS extra_sales_lower95,
	(c.means).upper95 AS extra_sales_upper95,
	o.margin * (c.means).difference * c.contacts AS extra_value,
	c.cost,
	%1$s.campaign_roi(o.margin * (c.means).difference * c.contacts, c.cost::double precision) AS campaign_roi
FROM compared AS c,
	(SELECT (a.options ->> 'margin')::double precision AS margin FROM %2$s.workspace_attachment AS a WHERE a.kind = 'campaigns') AS o
ORDER BY c.is_control, c.variant
$query$, 'what each variant of the attached campaigns brought, against the control group', $columns$
variant: what was sent
is_control: whether it was nothing: the control group
contacts: contacts
customers: different customers
converted: contacts after which the customer did what was hoped for
conversion_rate: converted / contacts, a fraction
difference: conversion_rate less that of the control group, a fraction
lower95: lower 95 percent limit of the difference (Newcombe 1998, method 10)
upper95: upper 95 percent limit of the difference
lift: difference / conversion rate of the control group, a fraction
p_value: two-sided probability of such a difference where the variant changes nothing
sales: net money from the day of the contact on, in the days that count
sales_per_contact: sales / contacts, rounded to 4 decimals
extra_sales: sales per contact less those of the control group
extra_sales_lower95: lower 95 percent limit of extra_sales (Welch)
extra_sales_upper95: upper 95 percent limit of extra_sales
extra_value: the margin's share of extra_sales, of all contacts
cost: what the contacts cost
campaign_roi: (extra_value - cost) / cost, a fraction
$columns$, NULL),

(3, 'campaign_silence', $query$
SELECT c.variant,
	c.silence,
	count(*) AS contacts,
	count(*) FILTER (WHERE c.converted) AS converted,
	count(*) FILTER (WHERE c.converted)::double precision / count(*) AS conversion_rate,
	round(sum(c.sales) / count(*), 4) AS sales_per_contact
FROM (SELECT k.variant, k.is_control, k.converted, k.sales, k.days_of_silence,
		CASE WHEN k.days_of_silence <= 30 THEN '1-30 days' WHEN k.days_of_silence <= 90 THEN '31-90 days'
			WHEN k.days_of_silence <= 180 THEN '91-180 days' WHEN k.days_of_silence <= 365 THEN '181-365 days'
			WHEN k.days_of_silence > 365 THEN 'more than 365 days' ELSE 'no purchase before' END AS silence
	FROM %2$s.campaign_contacts AS k) AS c
GROUP BY c.variant, c.is_control, c.silence
ORDER BY c.is_control, c.variant, min(c.days_of_silence)
$query$, 'response to each variant of the attached campaigns by how long the customers had been silent', $columns$
variant: what was sent
silence: days from the last purchase day before to the day of the contact: 1-30 days, 31-90 days, 91-180 days, 181-365 days, more than 365 days, no purchase before
contacts: contacts
converted: contacts after which the customer did what was hoped for
conversion_rate: converted / contacts, a fraction
sales_per_contact: net money from the day of the contact on, in the days that count, per contact, rounded to 4 decimals
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_campaign_views() IS
	'internal: the views of attached campaigns as templates, with their comments';

CREATE FUNCTION crm_attach_campaigns(campaigns regclass, customer_id name, sent_at name, variant name, converted_at name,
	cost name DEFAULT NULL, control text DEFAULT 'control', sales_days integer DEFAULT 30,
	margin double precision DEFAULT 1, workspace name DEFAULT 'crm')
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
BEGIN
	EXECUTE format('SELECT %s.workspace_check_margin($1)', crm) USING margin;
	IF control IS NULL OR sales_days IS NULL THEN
		RAISE EXCEPTION 'control and sales_days must not be null' USING ERRCODE = 'null_value_not_allowed';
	ELSIF sales_days NOT BETWEEN 1 AND 3650 THEN
		RAISE EXCEPTION 'sales_days must be between 1 and 3650, not %', sales_days USING ERRCODE = 'invalid_parameter_value',
			HINT = 'So many days count, from the day of the contact on.';
	END IF;
	EXECUTE format('SELECT %s.workspace_attach($1, ''campaigns'', $2, $3, $4)', crm)
		USING workspace, campaigns, jsonb_build_object('customer_id', customer_id, 'sent_at', sent_at, 'variant', variant,
			'converted_at', converted_at, 'cost', cost),
			jsonb_build_object('control', control, 'sales_days', sales_days, 'margin', margin);
END
$$;
COMMENT ON FUNCTION crm_attach_campaigns(regclass, name, name, name, name, name, text, integer, double precision, name) IS
	'attaches campaigns to a workspace: a row per contact with its variant, when the customer converted (NULL: not) and, if named, its cost; control: the variant of those who were left alone; sales_days: days whose purchases count as sales after the contact; margin: share of money that is left; adds the views campaigns, campaign_silence and campaign_contacts; again: replaces what was attached; only the workspace''s owner';
