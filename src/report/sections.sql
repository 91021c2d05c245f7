/*
 * report/sections.sql - the sections of the page, each from the rows that report_queries() read.
 *
 * data has a key per query: an array of rows, or the text "denied" where the caller may not
 * read the view; no key where there is no such view. Nothing here reads a table.
 */

-- Why there is nothing to show, as a section; NULL when there is something.
CREATE FUNCTION report_missing(data jsonb, name text, id text, title text, hint text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE
		WHEN jsonb_typeof(data -> name) = 'array' AND jsonb_array_length(data -> name) > 0 THEN NULL
		ELSE report_section(id, title, NULL, '<p class="missing">' || CASE
				WHEN NOT data ? name THEN 'Not shown: this workspace has no view for it. One that an older version attached gets it by crm_detach and crm_attach.'
				WHEN data ->> name = 'denied' THEN 'Not shown: you have no right to read what this section is made of. The owner of the workspace can grant SELECT on it.'
				ELSE report_escape(hint) END || '</p>', NULL, false)
	END;
COMMENT ON FUNCTION report_missing(jsonb, text, text, text, text) IS
	'internal: a section that says why it is empty; NULL when it is not';

CREATE FUNCTION report_tile(label text, figure text, note text, broad boolean DEFAULT false) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN format('<li%s><h3>%s</h3><p class="big">%s</p><p class="small">%s</p></li>', CASE WHEN broad THEN ' class="span"' ELSE '' END, report_escape(label), figure, coalesce(note, ''));
COMMENT ON FUNCTION report_tile(text, text, text, boolean) IS
	'internal: one key figure with what it means; figure and note are markup';

-- What the whole base is worth: summed as kpis sums it, from the pass over customers where there was one.
CREATE FUNCTION report_value(data jsonb) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN coalesce(
		(SELECT round(sum(c.clv) / 10000.0, 4) FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'population') WHEN 'array' THEN data -> 'population' ELSE '[]' END) AS c(clv numeric)),
		(data #>> '{value,0,clv_12m_total}')::numeric);
COMMENT ON FUNCTION report_value(jsonb) IS
	'internal: clv_12m_total of kpis';

-- The views forecast and clv_range read a sample where there are more than twice so many customers.
CREATE FUNCTION report_sample(data jsonb, size integer) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (SELECT CASE WHEN c.customers / size > 1 THEN format(' From a sample: one customer in %s, by hash of the id.', report_count(c.customers / size)) ELSE '' END
		FROM (SELECT coalesce((data #>> '{status,0,customers}')::bigint, (data #>> '{kpis,0,customers}')::bigint, 0) AS customers) AS c);
COMMENT ON FUNCTION report_sample(jsonb, integer) IS
	'internal: says that a figure is of a sample; the empty string where it is of all customers';

CREATE FUNCTION report_tiles(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		report_missing(data, 'kpis', 'figures', 'Key figures', 'There are no key figures.'),
		(SELECT '<section id="figures" class="wide" aria-labelledby="figures-h"><h2 id="figures-h">Key figures</h2><ul class="tiles">'
			|| report_tile('Customers', report_figure(k.customers, report_count(k.customers), 'kpis.customers'),
				coalesce(report_figure(k.acquired_30d, report_count(k.acquired_30d), 'kpis.acquired_30d') || ' of them new in the last 30 days', ''))
			|| report_tile('Active customers', report_figure(k.active_customers, report_count(k.active_customers), 'kpis.active_customers'),
				coalesce(report_percent(100.0 * k.active_customers / nullif(k.customers, 0)) || ' of all bought in the last '
					|| report_count((data #>> '{status,0,active_days}')::bigint) || ' days', 'bought lately'))
			|| report_tile('Retention rate (CRR), 12 months', report_figure(k.crr_12m::numeric, report_percent(k.crr_12m), 'kpis.crr_12m'),
				CASE WHEN k.crr_12m IS NULL THEN 'needs customers of a year ago'
					ELSE format('<svg class="meter" aria-hidden="true" width="100%%" height="10"><rect class="back" width="100%%" height="10"/><rect class="a" width="%s%%" height="10"/><line x1="85%%" x2="85%%" y1="0" y2="10"/></svg>%s points %s the mark of 85 %%',
						chart_coordinate(least(k.crr_12m, 100)), report_number(abs(k.crr_12m - 85)::numeric, 1), CASE WHEN k.crr_12m < 85 THEN 'below' ELSE 'above' END) END)
			|| report_tile('Repeat rate', report_figure(k.repeat_rate::numeric, report_percent(k.repeat_rate), 'kpis.repeat_rate'),
				'of all customers bought on two or more days')
			|| report_tile('Revenue, 12 months', report_figure(k.revenue_12m, report_money(k.revenue_12m, currency), 'kpis.revenue_12m'),
				CASE WHEN k.average_purchase IS NULL THEN 'no amounts' ELSE 'average purchase so far ' || report_figure(k.average_purchase, report_money(k.average_purchase, currency), 'kpis.average_purchase') END)
			|| report_tile('Value of the customer base', report_figure(report_value(data), report_money(report_value(data), currency), 'kpis.clv_12m_total'),
				CASE WHEN report_value(data) IS NULL THEN 'needs a fitted model: purchases with amounts, and customers who came back'
					ELSE coalesce((SELECT 'in the next 12 months; range ' || report_figure(l.low95, report_money(l.low95, currency), 'clv_range.low95')
							|| ' to ' || report_figure(l.high95, report_money(l.high95, currency), 'clv_range.high95')
						FROM (SELECT (report_value(data)::double precision * exp(-1.959963984540054 * r.e))::numeric AS low95,
								(report_value(data)::double precision * exp(1.959963984540054 * r.e))::numeric AS high95
							FROM (SELECT (data #>> '{clv_range,0,relative_error}')::double precision AS e) AS r WHERE r.e IS NOT NULL) AS l),
						'in the next 12 months, discounted at 10 % a year' || CASE jsonb_typeof(data -> 'clv_range') WHEN 'array' THEN '; the model is not reliable yet, so there is no range' ELSE '' END) END, true)
			|| report_tile('Share of the best fifth', report_figure(k.top_20_revenue_share::numeric, report_percent(k.top_20_revenue_share), 'kpis.top_20_revenue_share'),
				'of all revenue comes from 20 % of the customers')
			|| '</ul><p class="small">' || CASE WHEN k.crr_12m IS NULL THEN '' ELSE
				'Retention rate = (customers now &minus; new ones) / customers a year ago; those who came back count, so it can pass 100 %. ' END
			|| CASE WHEN data #>> '{clv_range,0,relative_error}' IS NULL THEN '' ELSE
				'The range is what the uncertainty of the model&rsquo;s parameters leaves (95 %).' || report_sample(data, 3000) || ' ' END
			|| 'Views kpis, clv_range; docs/retention.md, docs/clv.md.</p></section>'
		FROM jsonb_to_recordset(data -> 'kpis') AS k(customers bigint, active_customers bigint, acquired_30d bigint, repeat_rate double precision,
			crr_12m double precision, revenue_12m numeric, average_purchase numeric, top_20_revenue_share double precision)));
	END;
COMMENT ON FUNCTION report_tiles(jsonb, text) IS
	'internal: section of the key figures';

CREATE FUNCTION report_retention(data jsonb) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		report_missing(data, 'retention_monthly', 'retention', 'Who stays, month by month', 'No month to look at yet.'),
		(SELECT report_section('retention', 'Who stays, month by month',
				coalesce((SELECT format('Of 100 customers when a month began, %s were still customers when it ended, on average over the last %s complete months (%s); %s left.',
						report_number((100 - 100.0 * sum(l.churned) / sum(l.customers_at_start)), 1), count(*),
						report_months(min(l.period_start), max(l.period_start)), report_number(100.0 * sum(l.churned) / sum(l.customers_at_start), 1))
					FROM (SELECT r.period_start, r.churned, r.customers_at_start
						FROM jsonb_to_recordset(data -> 'retention_monthly') AS r(period_start date, customers_at_start bigint, churned bigint, complete boolean)
						WHERE r.complete AND r.customers_at_start > 0 ORDER BY r.period_start DESC LIMIT 12) AS l
					HAVING sum(l.customers_at_start) > 0),
					'It takes two months until anybody can have stayed or left.'),
				CASE WHEN m.all_complete THEN report_legend('{a,b}', '{still customers at the end (%),left in the month (%)}')
					ELSE report_legend('{a,b,dashed}', '{still customers at the end (%),left in the month (%),month not over yet}') END
				|| chart('retention', 'Retention and churn by month',
					format('Two lines over %s months, %s to %s, in percent of the customers at the start of each month. Last complete month: %s stayed, %s left.',
						m.months, report_month(m.first), report_month(m.last), coalesce(report_percent(m.last_retention), 'nobody'), coalesce(report_percent(m.last_churn), 'nobody')),
					230, chart_grid('{0,25,50,75,100}', '{0,25,50,75,100 %}', 16, 190)
						|| chart_inset(chart_line(m.retention, m.complete, m.retention_titles, 0, 100, 16, 190, 'a')
							|| chart_line(m.churn, m.complete, m.churn_titles, 0, 100, 16, 190, 'b')
							|| chart_bands(m.labels, 224) || '<g class="wide-only">' || chart_bands(m.labels_between, 224) || '</g>'))
				|| report_folded('Table: retention by month', report_table('retention_monthly', 'lnnnnnnnn',
					'{Month,Customers at start,At end,New,Churned,Retained %,Churn %,CRR %,Complete}', m.rows)),
				format('Customer: bought in the %s. Retained and churn add up to 100 %%; CRR also counts those who came back. The last %s months; view retention_monthly has all. docs/retention.md',
					coalesce('last ' || (data #>> '{status,0,active_days}') || ' days', 'period'), m.months), true)
		FROM (SELECT count(*) AS months, min(r.period_start) AS first, max(r.period_start) AS last,
				array_agg(r.retention_rate ORDER BY r.period_start) AS retention,
				array_agg(r.churn_rate ORDER BY r.period_start) AS churn,
				array_agg(r.complete ORDER BY r.period_start) AS complete,
				array_agg(report_month(r.period_start) || ': ' || report_percent(r.retention_rate) || ' stayed' ORDER BY r.period_start) AS retention_titles,
				array_agg(report_month(r.period_start) || ': ' || report_percent(r.churn_rate) || ' left' ORDER BY r.period_start) AS churn_titles,
				array_agg(CASE WHEN (r.months - r.n) % (2 * r.apart) = 0 AND (r.n > 2 OR r.months < 4) THEN to_char(r.period_start, 'Mon YY') END ORDER BY r.period_start) AS labels,
				array_agg(CASE WHEN (r.months - r.n) % (2 * r.apart) = r.apart AND (r.n > 2 OR r.months < 4) THEN to_char(r.period_start, 'Mon YY') END ORDER BY r.period_start) AS labels_between,
				bool_and(r.complete) AS all_complete,
				(array_agg(r.retention_rate ORDER BY r.period_start DESC) FILTER (WHERE r.complete))[1] AS last_retention,
				(array_agg(r.churn_rate ORDER BY r.period_start DESC) FILTER (WHERE r.complete))[1] AS last_churn,
				string_agg(report_row('lnnnnnnnn', ARRAY[report_month(r.period_start), report_count(r.customers_at_start), report_count(r.customers_at_end),
					report_count(r.new_customers), report_count(r.churned), report_number(r.retention_rate::numeric, 1), report_number(r.churn_rate::numeric, 1),
					report_number(r.crr::numeric, 1), CASE WHEN r.complete THEN 'yes' ELSE 'not yet' END]), '' ORDER BY r.period_start DESC) AS rows
			FROM (SELECT q.*, row_number() OVER (ORDER BY q.period_start) AS n, count(*) OVER () AS months, ceil(count(*) OVER () / 6.0) AS apart
				FROM jsonb_to_recordset(data -> 'retention_monthly') AS q(period_start date, customers_at_start bigint, customers_at_end bigint,
					new_customers bigint, churned bigint, retention_rate double precision, churn_rate double precision, crr double precision, complete boolean)) AS r) AS m));
	END;
COMMENT ON FUNCTION report_retention(jsonb) IS
	'internal: section of retention and churn by month';

CREATE FUNCTION report_cohorts(data jsonb) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		report_missing(data, 'cohorts_monthly', 'cohorts', 'Who comes back, by month of the first purchase', 'No cohort yet.'),
		(SELECT report_section('cohorts', 'Who comes back, by month of the first purchase',
				coalesce((SELECT 'Of 100 customers, ' || string_agg(report_number(s.share, 0) || CASE s.period WHEN 1 THEN ' bought again in the month after their first'
							WHEN 6 THEN ' in the sixth' ELSE ' in the twelfth' END, ', ' ORDER BY s.period) || '.'
					FROM (SELECT f.period, 100.0 * sum(f.active) / nullif(sum(f.cohort_size), 0) AS share
						FROM jsonb_to_recordset(data -> 'cohorts_monthly') AS f(period int, cohort_size bigint, active bigint, complete boolean)
						WHERE f.complete AND f.period IN (1, 6, 12) GROUP BY f.period) AS s), 'It takes a second month to see who comes back.'),
				chart('cohorts', 'Share of each cohort that bought again, by months after the first purchase',
					format('A grid of %s cohorts by month of first purchase; each cell is the percent of the cohort that bought in that month after it, darker is more, from %s to %s.',
						m.cohorts, coalesce(report_percent(m.least), '0 %'), coalesce(report_percent(m.most), '0 %')),
					m.cohorts * 22 + 24,
					chart_text('{first purchase}', '{0}', '{12}', 'axis left wide-only') || chart_text('{customers}', '{24}', '{12}', 'axis right wide-only')
						|| chart_text((SELECT array_agg('+' || g) FROM generate_series(1, 12) AS g),
							(SELECT array_agg(25 + (g - 0.5) * 75 / 12.0) FROM generate_series(1, 12) AS g)::double precision[], array_fill(12::double precision, ARRAY[12]), 'axis')
						|| chart_text(m.names, array_fill(0::double precision, ARRAY[m.cohorts]), m.name_y, 'axis left')
						|| chart_text(m.sizes, array_fill(24::double precision, ARRAY[m.cohorts]), m.name_y, 'axis right')
						|| coalesce(m.heat, ''))
				|| report_folded('Table: cohorts', report_table('cohorts_monthly', 'lnnnnnnnnnnnnn',
					'{First purchase,Customers,+1 %,+2 %,+3 %,+4 %,+5 %,+6 %,+7 %,+8 %,+9 %,+10 %,+11 %,+12 %}', m.rows)),
				'Percent of those who first bought in a month that bought in the first to twelfth month after it. Outlined, in the table with *: month not over yet. The last 24 cohorts; view cohorts_monthly has all. docs/retention.md', true)
		FROM (SELECT count(*)::int AS cohorts, min(c.least) AS least, max(c.most) AS most,
				array_agg(to_char(c.cohort, 'Mon YY') ORDER BY c.cohort) AS names,
				array_agg(report_count(c.cohort_size) ORDER BY c.cohort) AS sizes,
				array_agg((c.n - 1) * 22 + 24 + 15.0::double precision ORDER BY c.cohort) AS name_y,
				string_agg(report_row('lnnnnnnnnnnnnn', ARRAY[report_month(c.cohort), report_count(c.cohort_size)]
					|| (SELECT array_agg(report_number((c.cells #>> ARRAY[g::text, 'retention'])::numeric, 1) || CASE WHEN (c.cells #>> ARRAY[g::text, 'complete'])::boolean THEN '' ELSE '*' END ORDER BY g)
						FROM generate_series(1, 12) AS g)), '' ORDER BY c.cohort DESC) AS rows,
				(SELECT chart_heat(array_agg(h.n::int), array_agg(h.period), array_agg(h.retention / nullif(h.most, 0)),
						array_agg(report_number(h.retention::numeric, 0)), array_agg(NULL::text),
						array_agg(format('%s, month +%s: %s (%s of %s)%s', report_month(h.cohort), h.period, report_percent(h.retention), report_count(h.active), report_count(h.cohort_size),
							CASE WHEN h.complete THEN '' ELSE ', not over yet' END)), array_agg(NOT h.complete),
						12, 22, 25, 24)
					FROM (SELECT q.*, dense_rank() OVER (ORDER BY q.cohort) AS n, max(q.retention) FILTER (WHERE q.period > 0) OVER () AS most
						FROM jsonb_to_recordset(data -> 'cohorts_monthly') AS q(cohort date, period int, cohort_size bigint, active bigint, retention double precision, complete boolean)) AS h
					WHERE h.period > 0) AS heat
			FROM (SELECT q.cohort, q.cohort_size, row_number() OVER (ORDER BY q.cohort) AS n,
					min(q.retention) FILTER (WHERE q.period > 0) AS least, max(q.retention) FILTER (WHERE q.period > 0) AS most,
					jsonb_object_agg(q.period, jsonb_build_object('retention', q.retention, 'complete', q.complete)) AS cells
				FROM jsonb_to_recordset(data -> 'cohorts_monthly') AS q(cohort date, period int, cohort_size bigint, retention double precision, complete boolean)
				GROUP BY q.cohort, q.cohort_size) AS c) AS m));
	END;
COMMENT ON FUNCTION report_cohorts(jsonb) IS
	'internal: section of the cohorts';

-- Segments with their sizes: from the pass over customers, or as the view has them.
CREATE FUNCTION report_segment_rows(data jsonb)
	RETURNS TABLE (place integer, segment text, customers bigint, customer_share double precision, revenue numeric, revenue_share double precision,
		mean_clv_12m numeric, action text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 11
	BEGIN ATOMIC
	SELECT row_number() OVER (ORDER BY coalesce(a.position, 1000), s.segment)::integer, s.segment, s.customers,
		100.0 * s.customers / sum(s.customers) OVER (), s.revenue,
		(100 * s.revenue / nullif(sum(s.revenue) OVER (), 0))::double precision, s.mean_clv_12m, a.action
	FROM (SELECT rfm_segment(p.rfm_score) AS segment, sum(p.customers)::bigint AS customers, sum(p.spend) AS revenue,
				round(sum(p.clv) / 10000.0 / sum(p.customers), 4) AS mean_clv_12m
			FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'population') WHEN 'array' THEN data -> 'population' ELSE '[]' END)
				AS p(rfm_score int, customers bigint, spend numeric, clv numeric)
			WHERE p.rfm_score IS NOT NULL
			GROUP BY 1
			UNION ALL
			SELECT v.segment, v.customers, v.revenue, v.mean_clv_12m
			FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'segments') WHEN 'array' THEN data -> 'segments' ELSE '[]' END)
				AS v(segment text, customers bigint, revenue numeric, mean_clv_12m numeric)
			WHERE jsonb_typeof(data -> 'population') IS DISTINCT FROM 'array') AS s
		LEFT JOIN (SELECT r.segment, min(r.position) AS position, (array_agg(r.action ORDER BY r.position))[1] AS action
			FROM (SELECT position, segment, action FROM rfm_rules
				UNION ALL
				SELECT position, segment, action FROM rfm_default_rules() WHERE NOT EXISTS (SELECT FROM rfm_rules)) AS r
			GROUP BY r.segment) AS a ON a.segment = s.segment;
	END;
COMMENT ON FUNCTION report_segment_rows(jsonb) IS
	'internal: rows of the view segments';

-- Recency to the right, frequency upward; a cell is named by the segment most of it is in.
CREATE FUNCTION report_segments(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		CASE WHEN NOT EXISTS (SELECT FROM report_segment_rows(data)) THEN
			report_missing(data, 'segments', 'segments', 'Which customers deserve what', 'No customer has a score yet.') END,
		(SELECT report_section('segments', 'Which customers deserve what',
				(SELECT CASE WHEN b.revenue_share IS NULL THEN format('The largest segment is %s: %s of the customers.', report_escape(b.segment), report_percent(b.customer_share))
						ELSE format('%s brought %s of all revenue so far and are %s of the customers.', report_escape(b.segment), report_percent(b.revenue_share), report_percent(b.customer_share)) END
				FROM report_segment_rows(data) AS b ORDER BY b.revenue DESC NULLS LAST, b.customers DESC, b.place LIMIT 1),
				'<div class="two">' || coalesce('<div>' || chart('segments', 'Map of the customers by recency and frequency',
					'A grid of five by five: to the right who bought more recently, upward who buys more often; each cell has its number of customers and its segment, darker is more.',
					5 * 90 + 22, m.heat || chart_text('{"long ago, seldom","recently, seldom"}', '{0,100}', '{468,468}', 'axis map'))
					|| '<p class="small">To the right: bought more recently. Upward: buys more often. Each cell: its customers, and by number the segment of most of them.</p>'
					|| coalesce('<h3>What each has brought so far</h3>' || chart('segments-revenue', 'Share of all revenue by segment', 'Bars: ' || l.described || '.', l.segments * 38,
						chart_bars(l.names, l.figures, l.shares, l.classes)), '') || '</div>', '')
				|| '<ol class="segments">' || l.items || '</ol></div>'
				|| report_folded('Table: segments', report_table('segments', 'lnnmnm', '{Segment,Customers,Customers %,Revenue,Revenue %,Mean CLV}', l.rows, currency)),
				'Scores from 1 to 5 for recency, frequency and money, ties together; revenue: of all time; CLV: money expected per customer in 12 months. Views segments, customers. docs/segments.md', true)
		FROM (SELECT string_agg(format('<li><h3>%s</h3><p>%s customers &middot; %s%s%s</p><p class="action">%s</p></li>', report_escape(s.segment),
					report_count(s.customers), report_percent(s.customer_share),
					coalesce(' &middot; ' || report_percent(s.revenue_share) || ' of revenue', ''),
					coalesce(' &middot; CLV ' || report_escape(report_money(s.mean_clv_12m, currency)), ''), report_escape(coalesce(s.action, ''))), '' ORDER BY s.place) AS items,
				string_agg(report_row('lnnmnm', ARRAY[s.segment, report_count(s.customers), report_number(s.customer_share::numeric, 1), report_money(s.revenue, NULL),
					report_number(s.revenue_share::numeric, 1), report_money(s.mean_clv_12m, NULL)]), '' ORDER BY s.place) AS rows,
				count(*) AS segments, array_agg(s.place || '. ' || s.segment ORDER BY s.place) AS names,
				array_agg(report_percent(s.revenue_share) || ' of revenue' ORDER BY s.place) AS figures,
				array_agg(s.revenue_share ORDER BY s.place) AS shares, array_agg('a'::text ORDER BY s.place) AS classes,
				string_agg(s.segment || ' ' || report_percent(s.revenue_share), ', ' ORDER BY s.place) AS described
			FROM report_segment_rows(data) AS s) AS l,
			(SELECT chart_heat(array_agg(6 - g.f), array_agg(g.r), array_agg(g.customers / nullif(g.most, 0)), array_agg(report_count(g.customers::bigint)),
					array_agg(g.place || E'\n' || CASE WHEN length(g.segment) > 9 THEN regexp_replace(g.segment, ' (\S+)$', E'\n\\1') ELSE g.segment END), array_agg(format('recency %s, frequency %s: %s customers, most of them %s', g.r, g.f, report_count(g.customers::bigint), g.segment)), array_agg(false), 5, 90, 0, 0) AS heat
			FROM (SELECT c.r, c.f, sum(c.customers)::double precision AS customers, max(sum(c.customers)) OVER () AS most,
					(array_agg(c.segment ORDER BY c.customers DESC, c.segment))[1] AS segment,
					(array_agg(s.place ORDER BY c.customers DESC, c.segment))[1] AS place
				FROM (SELECT p.rfm_score / 100 AS r, p.rfm_score / 10 % 10 AS f, rfm_segment(p.rfm_score) AS segment, sum(p.customers) AS customers
					FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'population') WHEN 'array' THEN data -> 'population' ELSE '[]' END) AS p(rfm_score int, customers bigint)
					WHERE p.rfm_score IS NOT NULL
					GROUP BY 1, 2, 3) AS c JOIN report_segment_rows(data) AS s ON s.segment = c.segment
				GROUP BY c.r, c.f) AS g) AS m));
	END;
COMMENT ON FUNCTION report_segments(jsonb, text) IS
	'internal: section of the segments, with the map of the scores';

CREATE FUNCTION report_stage_rows(data jsonb)
	RETURNS TABLE (stage text, customers bigint, customer_share double precision, revenue numeric, revenue_share double precision, mean_clv_12m numeric)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 8
	BEGIN ATOMIC
	SELECT s.stage, s.customers, 100.0 * s.customers / sum(s.customers) OVER (), s.revenue,
		(100 * s.revenue / nullif(sum(s.revenue) OVER (), 0))::double precision, s.mean_clv_12m
	FROM (SELECT p.stage, sum(p.customers)::bigint AS customers, sum(p.spend) AS revenue,
				round(sum(p.clv) / 10000.0 / sum(p.customers), 4) AS mean_clv_12m
			FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'population') WHEN 'array' THEN data -> 'population' ELSE '[]' END)
				AS p(stage text, customers bigint, spend numeric, clv numeric)
			GROUP BY 1
			UNION ALL
			SELECT v.stage, v.customers, v.revenue, v.mean_clv_12m
			FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'stages') WHEN 'array' THEN data -> 'stages' ELSE '[]' END)
				AS v(stage text, customers bigint, revenue numeric, mean_clv_12m numeric)
			WHERE jsonb_typeof(data -> 'population') IS DISTINCT FROM 'array') AS s;
	END;
COMMENT ON FUNCTION report_stage_rows(jsonb) IS
	'internal: rows of the view stages';

CREATE FUNCTION report_stages(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		CASE WHEN NOT EXISTS (SELECT FROM report_stage_rows(data)) THEN
			report_missing(data, 'stages', 'stages', 'Where customers stand', 'Nobody has bought yet.') END,
		(SELECT report_section('stages', 'Where customers stand',
				format('%s customers buy on time; %s are late or silent for less than a year, and can still be won back.',
					report_count(m.on_time), report_count(m.late)),
				chart('stages', 'Customers by lifecycle stage', 'Bars: ' || m.described || '.', m.stages * 38,
					chart_bars(m.names, m.figures, m.sizes, m.classes))
				|| report_folded('Table: stages', report_table('stages', 'lnnmnm', '{Stage,Customers,Customers %,Revenue,Revenue %,Mean CLV}', m.rows, currency)),
				'New: one purchase. Developing: two or three. Loyal: four or more, on time. Reactivated: back after half a year of silence. At risk: late by their own rhythm. Dormant: silent for half a year. Lost: for a year. View stages. docs/segments.md', false)
		FROM (SELECT count(*) AS stages, array_agg(replace(s.stage, '_', ' ') ORDER BY s.stage::customer_stage) AS names,
				array_agg(report_count(s.customers) || ' (' || report_percent(s.customer_share) || ')' ORDER BY s.stage::customer_stage) AS figures,
				array_agg(s.customers::double precision ORDER BY s.stage::customer_stage) AS sizes,
				array_agg(CASE WHEN s.stage IN ('at_risk', 'dormant') THEN 'b' WHEN s.stage = 'lost' THEN 'c' ELSE 'a' END ORDER BY s.stage::customer_stage) AS classes,
				string_agg(replace(s.stage, '_', ' ') || ' ' || report_count(s.customers), ', ' ORDER BY s.stage::customer_stage) AS described,
				coalesce(sum(s.customers) FILTER (WHERE s.stage IN ('new', 'developing', 'loyal', 'reactivated')), 0)::bigint AS on_time,
				coalesce(sum(s.customers) FILTER (WHERE s.stage IN ('at_risk', 'dormant')), 0)::bigint AS late,
				string_agg(report_row('lnnmnm', ARRAY[replace(s.stage, '_', ' '), report_count(s.customers), report_number(s.customer_share::numeric, 1), report_money(s.revenue, NULL),
					report_number(s.revenue_share::numeric, 1), report_money(s.mean_clv_12m, NULL)]), '' ORDER BY s.stage::customer_stage) AS rows
			FROM report_stage_rows(data) AS s) AS m));
	END;
COMMENT ON FUNCTION report_stages(jsonb, text) IS
	'internal: section of the lifecycle stages';

-- kind: a came, came back or went up; b fell behind; c stayed.
CREATE FUNCTION report_move_rows(data jsonb)
	RETURNS TABLE (stage_before text, stage_now text, customers bigint, kind text, name text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 30
	BEGIN ATOMIC
	SELECT m.stage_before, m.stage_now, m.customers,
		CASE WHEN m.stage_before = m.stage_now THEN 'c'
			WHEN m.stage_now NOT IN ('at_risk', 'dormant', 'lost') THEN 'a'
			WHEN array_position('{lost,dormant,at_risk}', m.stage_now) < coalesce(array_position('{lost,dormant,at_risk}', m.stage_before), 4) THEN 'b'
			ELSE 'a' END,
		replace(m.stage_before || ' -> ' || m.stage_now, '_', ' ')
	FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'stage_moves') WHEN 'array' THEN data -> 'stage_moves' ELSE '[]' END)
		AS m(stage_before text, stage_now text, customers bigint);
	END;
COMMENT ON FUNCTION report_move_rows(jsonb) IS
	'internal: rows of the view stage_moves, and what kind of move each is';

CREATE FUNCTION report_moves(data jsonb) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		report_missing(data, 'stage_moves', 'moves', 'Who moved in the last three months', 'Nobody has bought yet.'),
		(SELECT report_section('moves', 'Who moved in the last three months',
				format('%s customers came, %s fell behind (at risk, dormant or lost now), %s came back or went up.',
					report_count(t.came), report_count(t.fell), report_count(t.rose)),
				CASE WHEN m.moves IS NULL THEN '<p class="missing">Nobody changed stage.</p>' ELSE
					report_legend('{a,b}', '{"came, came back or went up",fell behind}')
					|| chart('moves', 'The largest moves between stages', 'Bars: ' || m.described || '.', cardinality(m.names) * 38,
						replace(chart_bars(m.names, m.figures, m.sizes, m.classes), '-&gt;', '&rarr;')) END
				|| report_folded('Table: moves between stages', report_table('stage_moves', 'lln', '{Three months ago,Now,Customers}', m.rows)),
				coalesce('Stages on ' || report_day((d.today + 1 - interval '3 months')::date - 1) || ' and on ' || report_day(d.today), 'Stage three months before and stage now')
					|| ', each by what was known on that day. Prospect: had not bought yet. View stage_moves. docs/segments.md', false)
		FROM (SELECT coalesce(sum(v.customers) FILTER (WHERE v.stage_before = 'prospect'), 0)::bigint AS came,
				coalesce(sum(v.customers) FILTER (WHERE v.kind = 'b' AND v.stage_before <> 'prospect'), 0)::bigint AS fell,
				coalesce(sum(v.customers) FILTER (WHERE v.kind = 'a' AND v.stage_before <> 'prospect' AND v.stage_before <> v.stage_now), 0)::bigint AS rose
			FROM report_move_rows(data) AS v) AS t,
			(SELECT array_agg(v.name ORDER BY v.customers DESC, v.name) FILTER (WHERE v.n <= 8 AND v.kind <> 'c') AS names,
				array_agg(report_count(v.customers) ORDER BY v.customers DESC, v.name) FILTER (WHERE v.n <= 8 AND v.kind <> 'c') AS figures,
				array_agg(v.customers::double precision ORDER BY v.customers DESC, v.name) FILTER (WHERE v.n <= 8 AND v.kind <> 'c') AS sizes,
				array_agg(v.kind ORDER BY v.customers DESC, v.name) FILTER (WHERE v.n <= 8 AND v.kind <> 'c') AS classes,
				string_agg(v.name || ' ' || report_count(v.customers), ', ' ORDER BY v.customers DESC, v.name) FILTER (WHERE v.n <= 8 AND v.kind <> 'c') AS described,
				sum(v.customers) FILTER (WHERE v.kind <> 'c') AS moves,
				string_agg(report_row('lln', ARRAY[replace(v.stage_before, '_', ' '), replace(v.stage_now, '_', ' '), report_count(v.customers)]), ''
					ORDER BY v.stage_before::customer_stage, v.stage_now::customer_stage) AS rows
			FROM (SELECT r.*, row_number() OVER (PARTITION BY r.kind = 'c' ORDER BY r.customers DESC, r.name) AS n FROM report_move_rows(data) AS r) AS v) AS m,
			(SELECT (data #>> '{kpis,0,as_of}')::date AS today) AS d));
	END;
COMMENT ON FUNCTION report_moves(jsonb) IS
	'internal: section of who changed stage';
