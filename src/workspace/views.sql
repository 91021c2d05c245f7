/*
 * workspace/views.sql - the views of a workspace, as templates.
 *
 * %1$s stands for the extension's schema, %2$s for the workspace's, both quoted; crm_attach
 * fills them in once, and what it creates is bound to the objects, not to their names. The
 * comments of the columns stand beside the query, "name: comment" on a line each.
 *
 * as_of() returns a history that holds nothing later as it is, so asking each view's date of
 * each history costs nothing where no purchase lies in the future.
 *
 * What is of the workspace, not of a customer, is asked for by scalar subqueries: a join with its
 * one row would keep the planner from reading customers in parallel.
 *
 * A call that several columns share stands in each of them. A subquery that made it once would have
 * to be kept from being pulled up (OFFSET 0), and then an outer condition on the customer's id, and
 * the index, would not reach the customers. In population it keeps the condition outside: pushed
 * inside it would compute the cell of each customer once more.
 */

CREATE FUNCTION workspace_spend(h purchase_history) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION workspace_spend(purchase_history) IS
	'internal: spend as double precision';

CREATE FUNCTION workspace_spend(h purchase_history, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME', 'workspace_spend_as_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION workspace_spend(purchase_history, date) IS
	'internal: spend as of the date as double precision; NULL without amounts, or when nothing was bought by then';

CREATE FUNCTION workspace_ticks(h purchase_history, as_of date) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION workspace_ticks(purchase_history, date) IS
	'internal: net money as of the date, in ten-thousandths, as sums of millions add up fastest; NULL without amounts, and before the first day';

CREATE FUNCTION workspace_repeat_spend(h purchase_history, as_of date) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION workspace_repeat_spend(purchase_history, date) IS
	'internal: net money that came after the first purchase day, as of the date';

CREATE FUNCTION workspace_value_at_stake(h purchase_history, as_of date) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION workspace_value_at_stake(purchase_history, date) IS
	'internal: net money of the 365 days that end with the last purchase day, and of refunds after it, as of the date; NULL without amounts or purchases';

CREATE FUNCTION workspace_cell(cuts rfm_cuts, h purchase_history, refreshed_on date, today date, before date) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION workspace_cell(rfm_cuts, purchase_history, date, date, date) IS
	'internal: 64 x RFM score (0: none) + 8 x place of the stage of today in customer_stage + that of the stage before, from 0; NULL: nothing by today';

CREATE FUNCTION workspace_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'customers', $query$
SELECT c.customer_id,
	%1$s.first_purchase(c.history) AS first_purchase,
	%1$s.last_purchase(c.history) AS last_purchase,
	%1$s.purchase_days(c.history) AS purchase_days,
	%1$s.purchases(c.history) AS purchases,
	%1$s.spend(c.history) AS spend,
	round(%1$s.spend(c.history) / nullif(%1$s.purchases(c.history), 0), 4) AS average_purchase,
	c.today - %1$s.last_purchase(c.history) AS days_since_last,
	%1$s.typical_gap(c.history) AS typical_gap,
	%1$s.rfm_score(c.cuts, c.history, c.refreshed_on) / 100 AS r,
	%1$s.rfm_score(c.cuts, c.history, c.refreshed_on) / 10 %% 10 AS f,
	%1$s.rfm_score(c.cuts, c.history, c.refreshed_on) %% 10 AS m,
	%1$s.rfm_score(c.cuts, c.history, c.refreshed_on) AS rfm_score,
	%1$s.rfm_segment(%1$s.rfm_score(c.cuts, c.history, c.refreshed_on)) AS rfm_segment,
	%1$s.lifecycle_stage(c.history, c.today)::text AS stage,
	%1$s.p_alive(c.purchase_model, c.history, c.today) AS p_alive,
	%1$s.expected_purchases(c.purchase_model, 365 / 7.0::double precision, c.history, c.refreshed_on) AS expected_purchases_12m,
	%1$s.expected_spend(c.spend_model, %1$s.frequency(c.history, c.refreshed_on), %1$s.monetary(c.history, c.refreshed_on)) AS expected_spend,
	%1$s.clv(c.purchase_model, c.spend_model, c.history, c.refreshed_on) AS clv_12m
FROM (SELECT h.customer_id, %1$s.as_of(h.history, d.today) AS history, d.today,
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s) AS refreshed_on,
		(SELECT s.cuts FROM %2$s.workspace_state AS s) AS cuts,
		(SELECT s.purchase_model FROM %2$s.workspace_state AS s) AS purchase_model,
		(SELECT s.spend_model FROM %2$s.workspace_state AS s) AS spend_model
	FROM %2$s.customer_history AS h,
		LATERAL (SELECT (SELECT coalesce(s.as_of, (CURRENT_TIMESTAMP AT TIME ZONE s.time_zone)::date)
			FROM %2$s.workspace_state AS s) AS today) AS d
	WHERE %1$s.as_of(h.history, d.today) OPERATOR(%1$s.<>) ''::%1$s.purchase_history) AS c
$query$, 'one row per customer, as of today (in a pinned workspace: as of its date)', $columns$
customer_id: the customer's id, as in the source
first_purchase: first purchase day; NULL when there are refunds only
last_purchase: last purchase day
purchase_days: days with at least one purchase
purchases: number of purchases, several on one day counted each; refunds are none
spend: net money of all purchases and refunds
average_purchase: spend / purchases, rounded to 4 decimals
days_since_last: days from the last purchase day to today
typical_gap: median days between own purchase days; NULL with fewer than two
r: recency score 1-5 as of the last refresh, 5 = bought most recently
f: frequency score 1-5 as of the last refresh, by purchase days
m: monetary score 1-5 as of the last refresh, by spend
rfm_score: r, f and m as the digits of one number, 555 = best
rfm_segment: segment that the score belongs to
stage: lifecycle stage as of today: prospect, new, developing, loyal, reactivated, at_risk, dormant or lost
p_alive: probability that the customer still buys, as of today, by the model of the last fit
expected_purchases_12m: purchase days expected in the 365 days after the last refresh
expected_spend: money expected per purchase day
clv_12m: money expected in the 365 days after the last refresh, discounted at 10 percent a year
$columns$, NULL),

(2, 'kpis', $query$
SELECT s.refreshed_on AS as_of,
	f.customers,
	f.active_customers,
	f.acquired_30d,
	100.0::double precision * f.repeaters / nullif(f.customers, 0) AS repeat_rate,
	f.periods[3].crr AS crr_12m,
	f.periods[3].churn_rate AS churn_rate_12m,
	f.periods[3].revenue AS revenue_12m,
	(100 * f.repeat_revenue / nullif(t.revenue, 0))::double precision AS repeat_revenue_share,
	round(t.revenue / nullif(t.purchases, 0), 4) AS average_purchase,
	f.top_20_revenue_share,
	round(f.clv_12m / 10000.0, 4) AS clv_12m_total,
	round(f.clv_12m / 10000.0 / nullif(f.customers, 0), 4) AS clv_12m_mean
FROM %2$s.workspace_state AS s,
	(SELECT count(*) FILTER (WHERE %1$s.first_purchase(h.history) <= d.refreshed_on) AS customers,
		count(*) FILTER (WHERE %1$s.last_purchase(%1$s.as_of(h.history, d.refreshed_on)) > d.active_since) AS active_customers,
		count(*) FILTER (WHERE %1$s.customer_age(h.history, d.refreshed_on, 1) < 30) AS acquired_30d,
		count(*) FILTER (WHERE %1$s.frequency(h.history, d.refreshed_on) >= 1) AS repeaters,
		sum(%1$s.workspace_repeat_spend(h.history, d.refreshed_on)) AS repeat_revenue,
		%1$s.top_share(%1$s.workspace_spend(h.history, d.refreshed_on), 0.2::double precision) AS top_20_revenue_share,
		sum((%1$s.clv((SELECT w.purchase_model FROM %2$s.workspace_state AS w), (SELECT w.spend_model FROM %2$s.workspace_state AS w),
			h.history, d.refreshed_on) * 10000)::bigint) AS clv_12m,
		%1$s.retention_agg(h.history,
			(SELECT ARRAY[date '0001-01-01', (w.refreshed_on + 1 - interval '2 years')::date,
				(w.refreshed_on + 1 - interval '1 year')::date, w.refreshed_on + 1] FROM %2$s.workspace_state AS w),
			(SELECT w.active_days FROM %2$s.workspace_state AS w), d.refreshed_on) AS periods
	FROM %2$s.customer_history AS h,
		LATERAL (SELECT (SELECT w.refreshed_on FROM %2$s.workspace_state AS w) AS refreshed_on,
			(SELECT w.refreshed_on - coalesce(w.active_days, 365) FROM %2$s.workspace_state AS w) AS active_since) AS d) AS f,
	LATERAL (SELECT sum(p.revenue) AS revenue, sum(p.purchases) AS purchases FROM unnest(f.periods) AS p) AS t
$query$, 'the key figures in one row, as of the last refresh; percent where a share or rate is meant', $columns$
as_of: the day of these figures: that of the last refresh, or the workspace's pinned date
customers: customers with at least one purchase
active_customers: customers who bought within the workspace's active days (365 where it has none)
acquired_30d: customers whose first purchase is in the last 30 days
repeat_rate: percent of customers with two or more purchase days
crr_12m: customer retention rate of the last 12 months: 100 x (customers at the end - new) / customers at the start
churn_rate_12m: percent of the customers of 12 months ago who are none any more
revenue_12m: net money of the last 12 months
repeat_revenue_share: percent of all revenue that came after the customer's first purchase day
average_purchase: net money of all purchases / their number, rounded to 4 decimals
top_20_revenue_share: percent of all revenue that came from the fifth of customers who spent most
clv_12m_total: money expected of all customers in the next 365 days, discounted at 10 percent a year
clv_12m_mean: the same per customer
$columns$, NULL),

(3, 'retention_weekly', $query$
SELECT p.*
FROM (SELECT %1$s.retention_agg(h.history,
		(SELECT %1$s.periods(date_trunc('week', s.first_day)::date, s.refreshed_on, interval '7 days') FROM %2$s.workspace_state AS s),
		(SELECT s.active_days FROM %2$s.workspace_state AS s),
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.periods) AS p
$query$, 'retention week by week, Monday to Sunday, by the workspace''s active days', '', 'retention_period'),

(4, 'retention_monthly', $query$
SELECT p.*
FROM (SELECT %1$s.retention_agg(h.history,
		(SELECT %1$s.periods(date_trunc('month', s.first_day)::date, s.refreshed_on, interval '1 month') FROM %2$s.workspace_state AS s),
		(SELECT s.active_days FROM %2$s.workspace_state AS s),
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.periods) AS p
$query$, 'retention month by month, by the workspace''s active days', '', 'retention_period'),

(5, 'retention_quarterly', $query$
SELECT p.*
FROM (SELECT %1$s.retention_agg(h.history,
		(SELECT %1$s.periods(date_trunc('quarter', s.first_day)::date, s.refreshed_on, interval '3 months') FROM %2$s.workspace_state AS s),
		(SELECT s.active_days FROM %2$s.workspace_state AS s),
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.periods) AS p
$query$, 'retention quarter by quarter, by the workspace''s active days', '', 'retention_period'),

(6, 'retention_yearly', $query$
SELECT p.*
FROM (SELECT %1$s.retention_agg(h.history,
		(SELECT %1$s.periods(date_trunc('year', s.first_day)::date, s.refreshed_on, interval '1 year') FROM %2$s.workspace_state AS s),
		(SELECT s.active_days FROM %2$s.workspace_state AS s),
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.periods) AS p
$query$, 'retention year by year, by the workspace''s active days', '', 'retention_period'),

(7, 'cohorts_monthly', $query$
SELECT c.*
FROM (SELECT %1$s.cohort_agg(h.history,
		(SELECT %1$s.periods(date_trunc('month', s.first_day)::date, s.refreshed_on, interval '1 month') FROM %2$s.workspace_state AS s),
		'bounded',
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS cells
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.cells) AS c
$query$, 'customers by the month of their first purchase, and how many of them bought in each month after', '', 'cohort_cell'),

(8, 'ladder', $query$
SELECT l.*
FROM (SELECT %1$s.ladder_agg(h.history, (SELECT s.refreshed_on FROM %2$s.workspace_state AS s), 10) AS steps
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.steps) AS l
$query$, 'the way from new to repeat to loyal: of those with an n-th purchase day, how many had one more, and when', '', 'ladder_step'),

(9, 'segments', $query$
SELECT c.segment,
	c.customers,
	100.0::double precision * c.customers / sum(c.customers) OVER ()::double precision AS customer_share,
	c.revenue,
	100.0::double precision * c.revenue::double precision / nullif(sum(c.revenue) OVER (), 0)::double precision AS revenue_share,
	round(c.clv_12m / 10000.0 / c.customers, 4) AS mean_clv_12m,
	a.action
FROM (SELECT %1$s.rfm_segment(b.score) AS segment, sum(b.customers)::bigint AS customers, sum(b.revenue) AS revenue,
		sum(b.clv_12m) AS clv_12m
	FROM (SELECT %1$s.rfm_score(s.cuts, h.history, s.refreshed_on) AS score, count(*) AS customers,
			sum(%1$s.spend(%1$s.as_of(h.history, s.refreshed_on))) AS revenue,
			sum((%1$s.clv(s.purchase_model, s.spend_model, h.history, s.refreshed_on) * 10000)::bigint) AS clv_12m
		FROM (SELECT cuts, refreshed_on, purchase_model, spend_model FROM %2$s.workspace_state OFFSET 0) AS s, %2$s.customer_history AS h
		GROUP BY 1) AS b
	WHERE b.score IS NOT NULL
	GROUP BY 1) AS c
	LEFT JOIN (SELECT r.segment, min(r.position) AS position, (array_agg(r.action ORDER BY r.position))[1] AS action
		FROM (SELECT position, segment, action FROM %1$s.rfm_rules
			UNION ALL
			SELECT position, segment, action FROM %1$s.rfm_default_rules()
			WHERE NOT EXISTS (SELECT FROM %1$s.rfm_rules)) AS r
		GROUP BY r.segment) AS a ON a.segment = c.segment
ORDER BY a.position
$query$, 'customers by RFM segment as of the last refresh, and what to do with each', $columns$
segment: segment of recency, frequency and monetary scores
customers: customers in it
customer_share: percent of all customers
revenue: net money of all their purchases
revenue_share: percent of the revenue of all customers
mean_clv_12m: money expected per customer in the 365 days after the last refresh, discounted at 10 percent a year
action: what to do with such customers
$columns$, NULL),

(10, 'stages', $query$
SELECT c.stage::text AS stage,
	c.customers,
	100.0::double precision * c.customers / sum(c.customers) OVER ()::double precision AS customer_share,
	c.revenue,
	100.0::double precision * c.revenue::double precision / nullif(sum(c.revenue) OVER (), 0)::double precision AS revenue_share,
	round(c.clv_12m / 10000.0 / c.customers, 4) AS mean_clv_12m,
	a.action
FROM (SELECT %1$s.lifecycle_stage(b.history, b.today) AS stage, count(*) AS customers, sum(%1$s.spend(b.history)) AS revenue,
		sum((%1$s.clv(b.purchase_model, b.spend_model, b.history, b.refreshed_on) * 10000)::bigint) AS clv_12m
	FROM (SELECT %1$s.as_of(h.history, s.today) AS history, s.*
		FROM (SELECT coalesce(as_of, (CURRENT_TIMESTAMP AT TIME ZONE time_zone)::date) AS today,
				refreshed_on, purchase_model, spend_model
			FROM %2$s.workspace_state OFFSET 0) AS s,
			%2$s.customer_history AS h
		WHERE %1$s.as_of(h.history, s.today) OPERATOR(%1$s.<>) ''::%1$s.purchase_history) AS b
	GROUP BY 1) AS c
	JOIN (VALUES
		('prospect'::text, 'Invite to a first purchase.'::text),
		('new', 'Welcome, and give a reason for a second purchase soon.'),
		('developing', 'Recommend what fits the purchases so far.'),
		('loyal', 'Thank, reward, ask for a recommendation.'),
		('reactivated', 'Find out why they were away, and keep the contact.'),
		('at_risk', 'Ask what is wrong before they are gone.'),
		('dormant', 'Win back with a reason and a date.'),
		('lost', 'Write once more, then stop spending on them.')) AS a(stage, action) ON a.stage = c.stage::text
ORDER BY c.stage
$query$, 'customers by lifecycle stage as of today (in a pinned workspace: as of its date), and what to do with each', $columns$
stage: prospect, new, developing, loyal, reactivated, at_risk, dormant or lost
customers: customers in it
customer_share: percent of all customers
revenue: net money of all their purchases
revenue_share: percent of the revenue of all customers
mean_clv_12m: money expected per customer in the 365 days after the last refresh, discounted at 10 percent a year
action: what to do with such customers
$columns$, NULL),

(11, 'win_back', $query$
SELECT c.customer_id,
	c.stage::text AS stage,
	%1$s.last_purchase(c.history) AS last_purchase,
	c.today - %1$s.last_purchase(c.history) AS days_since_last,
	%1$s.last_purchase(c.history) + (%1$s.lifecycle_rules()).dormant_after AS turns_dormant_on,
	%1$s.workspace_value_at_stake(c.history, c.today) AS value_at_stake,
	%1$s.purchase_days(c.history) AS purchase_days,
	%1$s.spend(c.history) AS spend,
	%1$s.silence_probability(c.history, c.today, c.mean_gap) AS silence_probability,
	%1$s.last_purchase(c.history) - 1 + CASE c.stage WHEN 'at_risk' THEN (%1$s.lifecycle_rules()).dormant_after
		ELSE (%1$s.lifecycle_rules()).lost_after END AS act_by
FROM (SELECT b.customer_id, b.history, b.today, %1$s.lifecycle_stage(b.history, b.today) AS stage,
		coalesce((SELECT nullif(sum(%1$s.last_purchase(a.history) - %1$s.first_purchase(a.history)), 0)::double precision
				/ nullif(sum(%1$s.purchase_days(a.history) - 1), 0)
			FROM %2$s.customer_history AS a WHERE %1$s.purchase_days(a.history) > 1), 60) AS mean_gap
	FROM (SELECT h.customer_id, %1$s.as_of(h.history, s.today) AS history, s.today
		FROM %2$s.customer_history AS h,
			LATERAL (SELECT (SELECT coalesce(w.as_of, (CURRENT_TIMESTAMP AT TIME ZONE w.time_zone)::date)
				FROM %2$s.workspace_state AS w) AS today) AS s) AS b) AS c
WHERE c.stage IN ('at_risk', 'dormant')
ORDER BY value_at_stake DESC NULLS LAST, c.customer_id::text
$query$, 'customers who are at risk or dormant as of today, most value at stake first', $columns$
customer_id: the customer's id, as in the source
stage: at_risk or dormant
last_purchase: last purchase day
days_since_last: days from the last purchase day to today
turns_dormant_on: the day the customer turns dormant, or turned, if nothing is bought before
value_at_stake: net money of the customer's last active year: the 365 days that end with the last purchase day
purchase_days: days with at least one purchase
spend: net money of all purchases and refunds
silence_probability: probability that a gap between two purchase days of this customer is longer than days_since_last, by own gaps and the mean gap of all customers; low: the silence is unusual
act_by: last day before the customer turns dormant, or from dormant to lost
$columns$, NULL),

(12, 'models', $query$
SELECT m.model,
	m.fit ->> 'family' AS family,
	m.fit -> 'params' AS params,
	m.fit -> 'standard_errors' AS standard_errors,
	(m.fit ->> 'log_likelihood')::double precision AS log_likelihood,
	(m.fit ->> 'aic')::double precision AS aic,
	(m.fit ->> 'bic')::double precision AS bic,
	(m.fit ->> 'customers')::bigint AS customers,
	(m.fit ->> 'left_out')::bigint AS left_out,
	(m.fit ->> 'converged')::boolean AS converged,
	m.fit ->> 'reason' AS reason,
	s.fitted_at
FROM %2$s.workspace_state AS s,
	LATERAL (VALUES ('purchases'::text, s.purchase_model::jsonb), ('spend', s.spend_model::jsonb)) AS m(model, fit)
WHERE m.fit IS NOT NULL
$query$, 'the fitted customer-base models: when customers buy and leave, and what they spend', $columns$
model: purchases or spend
family: family of the model
params: its parameters by name
standard_errors: their standard errors by name
log_likelihood: maximised log-likelihood
aic: Akaike information criterion
bic: Bayesian information criterion
customers: customers it was fitted on
left_out: customers it could not use
converged: whether the fit found its maximum
reason: why it did not
fitted_at: when it was fitted
$columns$, NULL),

(15, 'stage_moves', $query$
SELECT m.stage_before::text AS stage_before, m.stage_now::text AS stage_now, m.customers
FROM (SELECT %1$s.lifecycle_stage(h.history, d.before) AS stage_before,
		%1$s.lifecycle_stage(h.history, d.today) AS stage_now, count(*) AS customers
	FROM %2$s.customer_history AS h,
		LATERAL (SELECT (SELECT coalesce(as_of, (CURRENT_TIMESTAMP AT TIME ZONE time_zone)::date) FROM %2$s.workspace_state) AS today,
			(SELECT (coalesce(as_of, (CURRENT_TIMESTAMP AT TIME ZONE time_zone)::date) + 1 - interval '3 months')::date - 1
			FROM %2$s.workspace_state) AS before) AS d
	WHERE %1$s.as_of(h.history, d.today) OPERATOR(%1$s.<>) ''::%1$s.purchase_history
	GROUP BY 1, 2) AS m
ORDER BY m.stage_before, m.stage_now
$query$, 'customers by lifecycle stage three months ago and today (in a pinned workspace: its date)', $columns$
stage_before: stage three months before; prospect: had not bought yet
stage_now: stage as of today
customers: customers who went from the one to the other
$columns$, NULL),

(18, 'population', $query$
SELECT nullif(g.cell / 64, 0) AS rfm_score, (enum_range(NULL::%1$s.customer_stage))[1 + g.cell / 8 %% 8]::text AS stage,
	(enum_range(NULL::%1$s.customer_stage))[1 + g.cell %% 8]::text AS stage_before, g.customers,
	round(g.revenue / 10000, CASE WHEN g.revenue %% 100 = 0 THEN 2 ELSE 4 END) AS revenue, round(g.clv_12m / 10000.0, 4) AS clv_12m
FROM (SELECT %1$s.workspace_cell((SELECT s.cuts FROM %2$s.workspace_state AS s), c.history, d.refreshed_on, d.today, d.before) AS cell,
		count(*) AS customers, sum(%1$s.workspace_ticks(c.history, d.today)) AS revenue,
		sum((%1$s.clv((SELECT s.purchase_model FROM %2$s.workspace_state AS s), (SELECT s.spend_model FROM %2$s.workspace_state AS s),
			c.history, d.refreshed_on) * 10000)::bigint) AS clv_12m
	FROM %2$s.customer_history AS c,
		LATERAL (SELECT (SELECT s.refreshed_on FROM %2$s.workspace_state AS s) AS refreshed_on,
			(SELECT coalesce(as_of, (CURRENT_TIMESTAMP AT TIME ZONE time_zone)::date) FROM %2$s.workspace_state) AS today,
			(SELECT (coalesce(as_of, (CURRENT_TIMESTAMP AT TIME ZONE time_zone)::date) + 1 - interval '3 months')::date - 1
			FROM %2$s.workspace_state) AS before) AS d
	GROUP BY 1 OFFSET 0) AS g
WHERE g.cell IS NOT NULL
$query$, 'all customers in one pass, by RFM score and by lifecycle stage today and three months ago', $columns$
rfm_score: score as of the last refresh; NULL without one
stage: stage as of today
stage_before: stage three months before; prospect: had not bought yet
customers: customers with that score and these stages
revenue: net money of all their purchases
clv_12m: money expected of all of them in the 365 days after the last refresh, discounted at 10 percent a year
$columns$, NULL),

(16, 'forecast', $query$
WITH state AS MATERIALIZED (
	SELECT (refreshed_on + 1 - interval '3 months')::date - 1 AS known_until, refreshed_on AS observed_until,
		greatest(customers / 50000, 1) AS every
	FROM %2$s.workspace_state),
sampled AS MATERIALIZED (
	SELECT h.history FROM %2$s.customer_history AS h
	WHERE %1$s.workspace_is_sampled(h.customer_id, (SELECT s.every FROM state AS s))),
fitted AS MATERIALIZED (
	SELECT %1$s.btyd_fit('mbg/nbd', h.history, s.known_until) AS model FROM state AS s, sampled AS h),
validated AS (
	SELECT %1$s.btyd_validate(f.model, h.history, s.known_until, s.observed_until) AS validation
	FROM state AS s, fitted AS f, sampled AS h)
SELECT v.frequency, v.customers, v.actual, v.expected, s.known_until, s.observed_until
FROM state AS s, validated AS k, LATERAL %1$s.validation_rows(k.validation) AS v
WHERE v.customers > 0
$query$, 'how well the last three months were forecast by a model that knew only what came before; of more than 50,000 customers a sample of about that many, by hash of the id', $columns$
frequency: purchase days after the first, by known_until: 0 to 6, 7+
customers: customers with that many
actual: mean purchase days per customer from then to observed_until
expected: the same as the model expected it
known_until: last day that the model knew
observed_until: last day of the three months: that of the last refresh
$columns$, NULL),

(17, 'clv_range', $query$
WITH state AS MATERIALIZED (
	SELECT refreshed_on, purchase_model, spend_model, greatest(customers / 3000, 1) AS every FROM %2$s.workspace_state),
sampled AS MATERIALIZED (
	SELECT %1$s.as_of(h.history, s.refreshed_on) AS history
	FROM state AS s, %2$s.customer_history AS h
	WHERE %1$s.workspace_is_sampled(h.customer_id, (SELECT e.every FROM state AS e))),
fit AS (
	SELECT 'purchases'::text AS part, s.purchase_model::text::json AS model FROM state AS s
	UNION ALL
	SELECT 'spend', s.spend_model::text::json FROM state AS s),
parameter AS (
	SELECT f.part, q.place::integer AS place, q.value::double precision AS value,
		0.1 * sqrt((f.model -> 'covariance' -> (q.place::integer - 1) ->> (q.place::integer - 1))::double precision) AS step
	FROM fit AS f, LATERAL json_each_text(CASE json_typeof(f.model -> 'params') WHEN 'object' THEN f.model -> 'params' END) WITH ORDINALITY AS q(name, value, place)),
shifted AS MATERIALIZED (
	SELECT v.part, v.place, v.sign, v.step,
		CASE WHEN v.part = 'purchases' THEN %1$s.btyd_model(s.purchase_model::jsonb ->> 'family', v.params,
			(s.purchase_model::jsonb ->> 'unit_days')::double precision) ELSE s.purchase_model END AS purchase_model,
		CASE WHEN v.part = 'spend' THEN %1$s.spend_model(v.params) ELSE s.spend_model END AS spend_model
	FROM state AS s,
		(SELECT p.part, p.place, p.step, sign.sign,
			(SELECT array_agg(o.value + CASE WHEN o.place = p.place THEN sign.sign * p.step ELSE 0 END ORDER BY o.place)
			FROM parameter AS o WHERE o.part = p.part) AS params
		FROM parameter AS p, (VALUES (1), (-1)) AS sign(sign)
		WHERE p.step > 0) AS v),
middle AS (
	SELECT nullif(sum((%1$s.clv(s.purchase_model, s.spend_model, h.history, s.refreshed_on) * 10000)::bigint), 0) AS total
	FROM state AS s, sampled AS h),
slope AS (
	SELECT t.part, t.place, (sum(t.total * t.sign) / m.total)::double precision / (2 * t.step) AS slope
	FROM (SELECT v.part, v.place, v.sign, v.step,
			sum((%1$s.clv(v.purchase_model, v.spend_model, h.history, s.refreshed_on) * 10000)::bigint) AS total
		FROM shifted AS v, sampled AS h, state AS s
		GROUP BY v.part, v.place, v.sign, v.step) AS t, middle AS m
	GROUP BY t.part, t.place, t.step, m.total)
SELECT k.clv_12m_total, e.relative_error,
	k.clv_12m_total::double precision * exp(-1.959963984540054 * e.relative_error) AS low95,
	k.clv_12m_total::double precision * exp(1.959963984540054 * e.relative_error) AS high95
FROM (SELECT sqrt(sum(a.slope * b.slope * (f.model -> 'covariance' -> (a.place - 1) ->> (b.place - 1))::double precision
		ORDER BY a.part, a.place, b.place)) AS relative_error
	FROM slope AS a JOIN slope AS b ON b.part = a.part JOIN fit AS f ON f.part = a.part) AS e,
	LATERAL (SELECT (SELECT q.clv_12m_total FROM %2$s.kpis AS q) AS clv_12m_total) AS k
$query$, 'what the customer base is expected to bring in 12 months, with the limits that the uncertainty of the fitted parameters leaves (delta method; of more than 3,000 customers a sample of about that many, by hash of the id)', $columns$
clv_12m_total: money expected of all customers in the 365 days after the last refresh, as in kpis
relative_error: standard error of the sum as a fraction of it
low95: lower limit of 95 percent
high95: upper limit of 95 percent
$columns$, NULL),

(13, 'status', $query$
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS source,
	s.customer_id::text AS customer_id,
	s.purchased_at::text AS purchased_at,
	s.amount::text AS amount,
	s.time_zone,
	s.active_days,
	s.as_of AS pinned_to,
	s.capture,
	s.refreshed_at AS last_refresh,
	s.refreshed_on AS last_refresh_day,
	l.kind AS last_kind,
	l.reason AS last_reason,
	l.seconds AS last_seconds,
	s.customers,
	s.rows_seen,
	s.rows_without_customer,
	s.rows_without_time,
	(SELECT count(*) FROM %2$s.change_queue) AS changes_waiting,
	s.fitted_at AS last_fit,
	s.changed_since_fit
FROM %2$s.workspace_state AS s
	LEFT JOIN pg_class AS c ON c.oid = s.source
	LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
	LEFT JOIN LATERAL (SELECT r.kind, r.reason, r.seconds FROM %2$s.refresh_log AS r ORDER BY r.id DESC LIMIT 1) AS l ON true
$query$, 'what the workspace stands over, and its last refresh', $columns$
source: the relation it stands over; NULL when it is gone
customer_id: the source's column with the customer's id
purchased_at: the source's column with the time of purchase
amount: the source's column with the amount; NULL without
time_zone: the time zone whose days count
active_days: a customer is active for so many days after a purchase; NULL: calendar method
pinned_to: the date the workspace is pinned to; NULL: today
capture: how changes become known: statement or row triggers, none = every refresh is a full rebuild
last_refresh: when the last refresh was
last_refresh_day: the day as of which it scored: its date in the time zone, or the pinned date
last_kind: full or incremental
last_reason: why it was a full rebuild
last_seconds: how long it took
customers: customers with a history
rows_seen: rows of the source, those left out included
rows_without_customer: rows left out because the customer's id is NULL
rows_without_time: rows left out because the time is NULL
changes_waiting: entries of the change queue that the next refresh will take
last_fit: when the models were fitted
changed_since_fit: customers who changed since
$columns$, NULL),

(14, 'attachments', $query$
SELECT a.kind,
	quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS source,
	a.columns,
	a.options,
	a.attached_at,
	a.counted_at,
	a.rows_seen,
	a.rows_left_out
FROM %2$s.workspace_attachment AS a
	LEFT JOIN pg_class AS c ON c.oid = a.source
	LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY a.kind
$query$, 'what is attached beside purchases: subscriptions, costs, campaigns ...', $columns$
kind: what it is
source: the relation it stands over; NULL when it is gone
columns: the source's columns by what they are taken for
options: settings by name
attached_at: when it was attached
counted_at: when its rows were counted: when attached, and at each full refresh
rows_seen: rows of the source
rows_left_out: rows that lack what they need, or cannot be
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_views() IS
	'internal: the views of a workspace as templates, with their comments';

CREATE FUNCTION workspace_functions() RETURNS TABLE (definition text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT f.definition FROM (VALUES
($definition$
CREATE FUNCTION %2$s.retention(step interval, first date, last date, active_days integer)
	RETURNS SETOF %1$s.retention_period
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT p.*
		FROM (SELECT %1$s.retention_agg(h.history, %1$s.periods(retention.first, retention.last, retention.step),
				retention.active_days, (SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
			FROM %2$s.customer_history AS h) AS a,
			unnest(a.periods) AS p;
	END
$definition$),
($definition$
CREATE FUNCTION %2$s.customers_as_of(on_date date)
	RETURNS TABLE (customer_id %3$s, first_purchase date, last_purchase date, purchase_days integer,
		purchases integer, spend numeric, average_purchase numeric, days_since_last integer,
		typical_gap double precision, r integer, f integer, m integer, rfm_score integer, rfm_segment text,
		stage text, p_alive double precision, expected_purchases_12m double precision,
		expected_spend double precision, clv_12m double precision)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT c.customer_id,
			%1$s.first_purchase(c.history),
			%1$s.last_purchase(c.history),
			%1$s.purchase_days(c.history),
			%1$s.purchases(c.history),
			%1$s.spend(c.history),
			round(%1$s.spend(c.history) / nullif(%1$s.purchases(c.history), 0), 4),
			customers_as_of.on_date - %1$s.last_purchase(c.history),
			%1$s.typical_gap(c.history),
			c.score / 100,
			c.score / 10 %% 10,
			c.score %% 10,
			c.score,
			%1$s.rfm_segment(c.score),
			%1$s.lifecycle_stage(c.history, customers_as_of.on_date)::text,
			%1$s.p_alive(s.purchase_model, c.history, customers_as_of.on_date),
			%1$s.expected_purchases(s.purchase_model, 365 / 7.0::double precision, c.history, customers_as_of.on_date),
			%1$s.expected_spend(s.spend_model, %1$s.frequency(c.history, customers_as_of.on_date),
				%1$s.monetary(c.history, customers_as_of.on_date)),
			%1$s.clv(s.purchase_model, s.spend_model, c.history, customers_as_of.on_date)
		FROM %2$s.workspace_state AS s,
			(SELECT b.customer_id, b.history, %1$s.rfm_score(b.cuts, b.history, customers_as_of.on_date) AS score
			FROM (SELECT h.customer_id, %1$s.as_of(h.history, customers_as_of.on_date) AS history, k.cuts
				FROM (SELECT %1$s.rfm_cuts_agg(a.history, customers_as_of.on_date) AS cuts
					FROM %2$s.customer_history AS a) AS k,
					%2$s.customer_history AS h) AS b
			WHERE b.history OPERATOR(%1$s.<>) ''::%1$s.purchase_history
			OFFSET 0) AS c;
	END
$definition$)
	) AS f(definition);
	END;
COMMENT ON FUNCTION workspace_functions() IS
	'internal: the functions of a workspace as templates; %3$s is the type of the ids';
