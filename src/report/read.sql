/*
 * report/read.sql - crm_report: reads each view once, with its caller's rights, and makes the page.
 *
 * %1$s stands for the workspace's schema, %2$s for the extension's, both quoted. $1 is what was
 * read so far. Of several queries of one name the first that the caller may run is run.
 */

CREATE FUNCTION report_queries(OUT "position" integer, OUT name text, OUT views name[], OUT query text)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
	BEGIN ATOMIC
	SELECT v.position, v.name, v.views::name[], v.query
	FROM (VALUES
(0, 'status', '{status}', $query$
SELECT source, amount, time_zone, active_days, last_refresh, last_refresh_day, customers, rows_seen, rows_without_customer,
	rows_without_time, changes_waiting
FROM %1$s.status $query$),
-- What kpis says of CLV comes with the pass over customers: what is not asked for is not computed.
(1, 'kpis', '{kpis,subscribers}', $query$
SELECT as_of, customers, active_customers, acquired_30d, repeat_rate, crr_12m, revenue_12m, average_purchase, top_20_revenue_share,
	logo_churn_rate_12m, gross_retention_12m, net_retention_12m
FROM %1$s.kpis WHERE as_of IS NOT NULL $query$),
(2, 'kpis', '{kpis}', $query$
SELECT as_of, customers, active_customers, acquired_30d, repeat_rate, crr_12m, revenue_12m, average_purchase, top_20_revenue_share
FROM %1$s.kpis WHERE as_of IS NOT NULL $query$),
(3, 'population', '{population}', $query$
SELECT rfm_score, stage, stage_before, customers, revenue AS spend, clv_12m * 10000 AS clv FROM %1$s.population $query$),
-- Without that view, or the right to read it. With subscriptions attached, customers has rows of who
-- never bought: those are in no stage of stages.
(4, 'population', '{customers,subscribers}', $query$
SELECT rfm_score, stage, count(*) AS customers, sum(spend) AS spend, sum((clv_12m * 10000)::bigint) AS clv
FROM %1$s.customers WHERE purchases > 0 OR spend IS NOT NULL GROUP BY rfm_score, stage $query$),
(5, 'population', '{customers}', $query$
SELECT rfm_score, stage, count(*) AS customers, sum(spend) AS spend, sum((clv_12m * 10000)::bigint) AS clv
FROM %1$s.customers GROUP BY rfm_score, stage $query$),
(6, 'value', '{kpis}', $query$
SELECT clv_12m_total FROM %1$s.kpis WHERE jsonb_typeof($1 -> 'population') IS DISTINCT FROM 'array' $query$),
(7, 'segments', '{segments}', $query$
SELECT segment, customers, revenue, mean_clv_12m FROM %1$s.segments WHERE jsonb_typeof($1 -> 'population') IS DISTINCT FROM 'array' $query$),
(8, 'stages', '{stages}', $query$
SELECT stage, customers, revenue, mean_clv_12m FROM %1$s.stages WHERE jsonb_typeof($1 -> 'population') IS DISTINCT FROM 'array' $query$),
(9, 'retention_monthly', '{retention_monthly}', $query$
SELECT period_start, customers_at_start, customers_at_end, new_customers, churned, retention_rate, churn_rate, crr, complete
FROM %1$s.retention_monthly ORDER BY period_start DESC LIMIT 36 $query$),
(10, 'cohorts_monthly', '{cohorts_monthly}', $query$
SELECT cohort, period, cohort_size, active, retention, complete
FROM (SELECT c.*, max(c.cohort) OVER () AS last_cohort FROM %1$s.cohorts_monthly AS c) AS c
WHERE cohort > last_cohort - interval '24 months' AND period <= 12 AND cohort_size > 0 $query$),
(11, 'stage_moves', '{population,stage_moves}', $query$
SELECT p.stage_before, p.stage AS stage_now, sum(p.customers) AS customers
FROM jsonb_to_recordset($1 -> 'population') AS p(stage_before text, stage text, customers bigint) GROUP BY 1, 2 $query$),
(12, 'stage_moves', '{stage_moves}', $query$
SELECT stage_before, stage_now, customers FROM %1$s.stage_moves $query$),
(13, 'ladder', '{ladder}', $query$
SELECT step, customers, next, share, median_days FROM %1$s.ladder WHERE customers > 0 $query$),
(14, 'clv_range', '{clv_range}', $query$
SELECT relative_error FROM %1$s.clv_range $query$),
(15, 'clv', '{customers,kpis}', $query$
WITH sampled AS MATERIALIZED (
	SELECT o.clv_12m AS v
	FROM (SELECT c.clv_12m FROM %1$s.customers AS c
		WHERE %2$s.workspace_is_sampled(c.customer_id, ($1 #>> '{kpis,0,customers}')::bigint / 20000) OFFSET 0) AS o
	WHERE o.clv_12m IS NOT NULL),
ranked AS (
	SELECT v, row_number() OVER w AS place, count(*) OVER () AS customers, sum(v) OVER w AS so_far, sum(v) OVER () AS total
	FROM sampled WINDOW w AS (ORDER BY v DESC ROWS UNBOUNDED PRECEDING))
SELECT (SELECT count(*) FROM sampled) AS customers, greatest(($1 #>> '{kpis,0,customers}')::bigint / 20000, 1) AS every,
	(SELECT jsonb_agg(jsonb_build_object('band', b.band, 'customers', b.customers))
	FROM (SELECT width_bucket(v, t.limits) - 12 AS band, count(*) AS customers
		FROM sampled, (SELECT array_agg(%2$s.report_band(i)::double precision ORDER BY i) AS limits FROM generate_series(-12, 40) AS i) AS t
		GROUP BY 1) AS b) AS bands,
	(SELECT jsonb_agg(jsonb_build_object('x', s.x, 'y', r.so_far / nullif(r.total, 0), 'least', r.v))
	FROM generate_series(5, 100, 5) AS s(x) JOIN ranked AS r ON r.place = (s.x * r.customers + 99) / 100) AS curve $query$),
(16, 'forecast', '{forecast}', $query$
SELECT frequency, customers, actual, expected, known_until, observed_until FROM %1$s.forecast $query$),
(17, 'win_back', '{win_back}', $query$
SELECT row_number() OVER () AS place, w.*
FROM (SELECT customer_id::text AS customer_id, stage, last_purchase, days_since_last, turns_dormant_on, value_at_stake FROM %1$s.win_back LIMIT 15) AS w $query$),
(18, 'models', '{models}', $query$
SELECT model, family, customers, left_out, converged, reason, fitted_at FROM %1$s.models $query$),
-- What crm_attach_* add; a workspace without has none of these views.
(19, 'mrr_monthly', '{mrr_monthly}', $query$
SELECT period_start, mrr_start, new, expansion, contraction, churned, reactivation, mrr_end, customers_end, net_retention, complete
FROM %1$s.mrr_monthly ORDER BY period_start DESC LIMIT 36 $query$),
(20, 'acquisition', '{acquisition}', $query$
SELECT channel, customers, cost, cac, repeat_rate, mean_value, ltv_to_cac, acquisition_to_retention_cost AS dearer FROM %1$s.acquisition ORDER BY customers DESC, channel LIMIT 20 $query$),
(21, 'payback', '{payback}', $query$
SELECT channel, count(*) AS cohorts, count(payback_period) AS paid_back, percentile_disc(0.5) WITHIN GROUP (ORDER BY payback_period) AS median_months
FROM %1$s.payback WHERE customers > 0 GROUP BY channel $query$),
(22, 'referrals', '{referrals}', $query$
SELECT quadrant, count(*) AS customers, count(*) FILTER (WHERE direct_referrals > 0) AS referrers, sum(direct_referrals) AS referred, avg(clv) AS worth
FROM %1$s.referrals WHERE quadrant IS NOT NULL GROUP BY quadrant $query$),
(23, 'lead_conversion', '{lead_conversion}', $query$
SELECT leads_are, conversion_rate FROM %1$s.lead_conversion $query$),
(24, 'top_referrers', '{referrals}', $query$
SELECT row_number() OVER () AS place, r.*
FROM (SELECT customer_id::text AS customer_id, direct_referrals, crv, clv, quadrant FROM %1$s.referrals
	WHERE direct_referrals > 0 ORDER BY crv DESC, direct_referrals DESC, customer_id::text LIMIT 10) AS r $query$),
(25, 'best_pairs', '{best_pairs}', $query$
SELECT row_number() OVER () AS place, p.*
FROM (SELECT a.product_id::text AS product, a.other_product_id::text AS other, a.together, a.confidence, a.lift
	FROM %1$s.best_pairs AS a ORDER BY a.log_likelihood_ratio DESC, a.product_id, a.other_product_id LIMIT 10) AS p $query$),
(26, 'best_offers', '{best_offers}', $query$
SELECT b.product_id::text AS product, b.customers FROM %1$s.best_offers AS b ORDER BY b.customers DESC, b.product_id::text LIMIT 10 $query$),
(27, 'campaigns', '{campaigns}', $query$
SELECT variant, is_control, contacts, conversion_rate, difference, lower95, upper95, p_value, sales_per_contact, extra_value, cost, campaign_roi
FROM %1$s.campaigns ORDER BY is_control, variant LIMIT 30 $query$),
(28, 'engagement', '{engagement}', $query$
SELECT relationship_level AS level, count(*) AS customers, count(*) FILTER (WHERE is_contacted_too_often) AS pressed, avg(response_rate) AS response_rate
FROM %1$s.engagement GROUP BY relationship_level $query$),
(29, 'pressure', '{attachments,engagement}', $query$
SELECT options -> 'pressure_limit' AS pressure_limit, options -> 'pressure_days' AS pressure_days
FROM %1$s.attachments WHERE kind = 'interactions' $query$),
(30, 'channels', '{channels}', $query$
SELECT channel, customers, inbound, outbound, preferred_by, mean_clv_12m FROM %1$s.channels ORDER BY customers DESC, channel LIMIT 20 $query$),
(31, 'funnel', '{funnel}', $query$
SELECT channel, step, step_name, leads, conversion_rate, step_rate FROM %1$s.funnel $query$)
	) AS v(position, name, views, query);
	END;
COMMENT ON FUNCTION report_queries() IS
	'internal: what crm_report reads of a workspace, as templates';

CREATE FUNCTION crm_report(workspace name DEFAULT 'crm', currency text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 SET DateStyle = ISO AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	data jsonb := '{}';
	item record;
	found_rows jsonb;
	page text;
	letter text;
BEGIN
	EXECUTE format('SELECT %s.workspace_find($1)', crm) USING workspace;
	IF NOT has_schema_privilege(workspace, 'USAGE') THEN
		RAISE EXCEPTION 'permission denied for workspace "%"', workspace USING ERRCODE = 'insufficient_privilege',
			HINT = format('Its owner can run: GRANT USAGE ON SCHEMA %I TO %I.', workspace, current_user);
	END IF;
	IF length(currency) > 10 THEN
		RAISE EXCEPTION 'currency "%" is too long', left(currency, 40) USING ERRCODE = 'invalid_parameter_value',
			HINT = 'A code of three letters, such as EUR, is put behind each sum, a symbol of up to ten characters before it.';
	END IF;
	FOR item IN EXECUTE format('SELECT q.name, q.query, count(c.oid) = cardinality(q.views) AS is_there,
			bool_and(has_table_privilege(c.oid, ''SELECT'')) AS may_read
		FROM %s.report_queries() q LEFT JOIN pg_class c ON c.relname = ANY (q.views) AND c.relkind = ''v''
			AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
		GROUP BY q.position, q.name, q.query, q.views ORDER BY q.position', crm) USING workspace
	LOOP
		CONTINUE WHEN NOT item.is_there OR jsonb_typeof(data -> item.name) = 'array';
		IF NOT item.may_read THEN
			data := data || jsonb_build_object(item.name, 'denied');
		ELSE
			EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(q)), ''[]'') FROM (' || item.query || ') AS q', quote_ident(workspace), crm)
				INTO found_rows USING data;
			data := data || jsonb_build_object(item.name, found_rows);
		END IF;
	END LOOP;
	EXECUTE format('SELECT %s.report_page($1, $2, $3)', crm) INTO page USING data, workspace, currency;
	-- What is not ASCII as references: then the file is right in whatever encoding it is written.
	IF getdatabaseencoding() IN ('UTF8', 'LATIN1') THEN
		FOR letter IN SELECT DISTINCT m[1] FROM regexp_matches(page, '[^\x01-\x7f]', 'g') AS m
		LOOP
			page := replace(page, letter, '&#' || ascii(letter) || ';');
		END LOOP;
	END IF;
	RETURN page;
END
$$;
COMMENT ON FUNCTION crm_report(name, text) IS
	'one self-contained HTML page of a workspace''s key figures, charts and tables, with the rights of its caller; what the caller may not read says so; currency: a code or a symbol, NULL: money without unit';
