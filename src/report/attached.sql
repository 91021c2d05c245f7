/*
 * report/attached.sql - sections of what was attached beside purchases. Where a view is not
 * there, so is no section; where it is empty, a line says so.
 */

-- The section of a view that may not be there: NULL without it, a line where it is empty or denied.
CREATE FUNCTION report_unattached(data jsonb, name text, id text, title text, hint text DEFAULT 'There are no rows.') RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN data ? name THEN coalesce(report_missing(data, name, id, title, hint), '') END;
COMMENT ON FUNCTION report_unattached(jsonb, text, text, text, text) IS
	'internal: NULL where a view is not there, a section that says why there is nothing, or the empty string where there is something';

CREATE FUNCTION report_mrr(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT CASE u.missing WHEN '' THEN (SELECT report_section('mrr', 'Recurring revenue and how it moves',
				coalesce((SELECT format('%s a month at the end of %s, from %s customers. Of every 100 of it, %s were still there a month later, on average over the last %s complete months, before what anybody paid more.%s',
						report_escape(report_money(l.mrr_end, currency)), report_month(l.period_start), report_count(l.customers_end),
						report_number((100 * (1 - m.lost / nullif(m.before, 0)))::numeric, 1), m.months, y.says)
					FROM (SELECT r.mrr_end, r.period_start, r.customers_end
						FROM jsonb_to_recordset(data -> 'mrr_monthly') AS r(period_start date, mrr_end numeric, customers_end bigint, complete boolean)
						WHERE r.complete ORDER BY r.period_start DESC LIMIT 1) AS l,
						(SELECT count(*) AS months, sum(q.contraction + q.churned) AS lost, sum(q.mrr_start) AS before
						FROM (SELECT r.* FROM jsonb_to_recordset(data -> 'mrr_monthly') AS r(period_start date, mrr_start numeric, contraction numeric, churned numeric, complete boolean)
							WHERE r.complete ORDER BY r.period_start DESC LIMIT 12) AS q) AS m,
						(SELECT (SELECT format(' Of the customers of a year ago, %s left; of their money, %s is left, %s with what those who stayed pay more.', report_percent(k.logo_churn_rate_12m),
								report_percent(k.gross_retention_12m), report_percent(k.net_retention_12m))
							FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'kpis') WHEN 'array' THEN data -> 'kpis' ELSE '[]' END)
								AS k(logo_churn_rate_12m double precision, gross_retention_12m double precision, net_retention_12m double precision)
							WHERE k.logo_churn_rate_12m IS NOT NULL AND k.net_retention_12m IS NOT NULL) AS says) AS y
					WHERE m.before > 0), 'No month is over yet.'),
				'<div class="two"><div><h3>Revenue a month</h3>'
				|| chart('mrr', 'Monthly recurring revenue', format('A line over %s months; %s at the end.', m.months, report_money(m.last, currency)),
					250, chart_grid(m.line_ticks, m.line_labels, 16, 200)
						|| chart_inset(chart_line(m.ends, m.complete, m.end_titles, m.line_ticks[1], m.line_ticks[cardinality(m.line_ticks)], 16, 200, 'a')
							|| chart_bands(m.labels, 234)))
				|| CASE WHEN m.all_complete THEN '' ELSE report_legend('{dashed}', '{month not over yet}') END
				|| '</div><div><h3>What came and what went</h3>'
				|| chart('mrr-moves', 'Movements of recurring revenue by month', 'Columns upward: new customers, those who pay more and those who came back. Downward: those who pay less or left.',
					250, chart_grid(m.move_ticks, m.move_labels, 16, 200)
						|| chart_inset((SELECT string_agg(chart_columns(c.heights, NULL, c.titles, m.move_ticks[1], m.move_ticks[cardinality(m.move_ticks)], 16, 200, c.class), '' ORDER BY c.class)
								FROM (VALUES (m.ups, m.up_titles, 'a'), (m.downs, m.down_titles, 'b'), (m.open_ups, m.up_titles, 'a open'), (m.open_downs, m.down_titles, 'b open')) AS c(heights, titles, class))
							|| chart_bands(m.labels, 234)))
				|| CASE WHEN m.all_complete THEN report_legend('{a,b}', '{"new, more, came back","less, left"}')
					ELSE report_legend('{a,b,pale}', '{"new, more, came back","less, left",month not over yet}') END || '</div></div>'
				|| report_folded('Table: recurring revenue', report_table('mrr_monthly', 'lmmmmmmmnn',
					'{Month,At start,New,More,Came back,Less,Left,At end,Customers,Net retention %}', m.rows, currency)),
				'Money a month of all contracts that hold on a month&rsquo;s last day; the last 36 months. Views mrr_monthly, kpis. docs/retention.md', true)
			FROM (SELECT count(*) AS months, (array_agg(r.mrr_end ORDER BY r.period_start DESC))[1] AS last,
					array_agg(r.mrr_end::double precision ORDER BY r.period_start) AS ends, array_agg(r.complete ORDER BY r.period_start) AS complete,
					array_agg(report_month(r.period_start) || ': ' || report_money(r.mrr_end, currency) ORDER BY r.period_start) AS end_titles,
					array_agg(CASE WHEN r.complete THEN (r.new + r.expansion + r.reactivation)::double precision END ORDER BY r.period_start) AS ups,
					array_agg(CASE WHEN r.complete THEN -(r.contraction + r.churned)::double precision END ORDER BY r.period_start) AS downs,
					array_agg(CASE WHEN NOT r.complete THEN (r.new + r.expansion + r.reactivation)::double precision END ORDER BY r.period_start) AS open_ups,
					array_agg(CASE WHEN NOT r.complete THEN -(r.contraction + r.churned)::double precision END ORDER BY r.period_start) AS open_downs,
					bool_and(r.complete) AS all_complete,
					array_agg(report_month(r.period_start) || ': +' || report_money(r.new + r.expansion + r.reactivation, currency) ORDER BY r.period_start) AS up_titles,
					array_agg(report_month(r.period_start) || ': -' || report_money(r.contraction + r.churned, currency) ORDER BY r.period_start) AS down_titles,
					array_agg(CASE WHEN (r.months - r.n) % ceil(r.months / 3.0) = 0 THEN to_char(r.period_start, 'Mon YY') END ORDER BY r.period_start) AS labels,
					chart_ticks(0, max(r.mrr_end)::double precision, 4) AS line_ticks,
					(SELECT array_agg(report_short(t::numeric) ORDER BY t) FROM unnest(chart_ticks(0, max(r.mrr_end)::double precision, 4)) AS t) AS line_labels,
					chart_ticks(-max(r.contraction + r.churned)::double precision, max(r.new + r.expansion + r.reactivation)::double precision, 4) AS move_ticks,
					(SELECT array_agg(report_short(t::numeric) ORDER BY t) FROM unnest(chart_ticks(-max(r.contraction + r.churned)::double precision,
						max(r.new + r.expansion + r.reactivation)::double precision, 4)) AS t) AS move_labels,
					string_agg(report_row('lmmmmmmmnn', ARRAY[report_month(r.period_start) || CASE WHEN r.complete THEN '' ELSE ' (not over yet)' END,
						report_money(r.mrr_start, NULL), report_money(r.new, NULL), report_money(r.expansion, NULL), report_money(r.reactivation, NULL),
						report_money(r.contraction, NULL), report_money(r.churned, NULL), report_money(r.mrr_end, NULL),
						report_count(r.customers_end), report_number(r.net_retention::numeric, 1)]), '' ORDER BY r.period_start DESC) AS rows
				FROM (SELECT q.*, row_number() OVER (ORDER BY q.period_start) AS n, count(*) OVER () AS months
					FROM jsonb_to_recordset(data -> 'mrr_monthly') AS q(period_start date, mrr_start numeric, new numeric, expansion numeric, contraction numeric,
						churned numeric, reactivation numeric, mrr_end numeric, customers_end bigint, net_retention double precision, complete boolean)) AS r) AS m)
		ELSE u.missing END
	FROM (SELECT report_unattached(data, 'mrr_monthly', 'mrr', 'Recurring revenue and how it moves') AS missing) AS u;
	END;
COMMENT ON FUNCTION report_mrr(jsonb, text) IS
	'internal: section of subscriptions';

CREATE FUNCTION report_channels(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT CASE u.missing WHEN '' THEN (SELECT report_section('acquisition', 'What customers cost, by channel',
				format('Winning a customer cost %s on average%s.', coalesce(report_escape(report_money(round(m.cost / nullif(m.customers, 0), 2), currency)), 'nothing that is known'),
					coalesce((SELECT '; ' || report_escape(coalesce(b.channel, 'unknown')) || ' returns most: ' || report_number(b.ltv_to_cac::numeric, 1) || ' times what it costs'
						FROM jsonb_to_recordset(data -> 'acquisition') AS b(channel text, customers bigint, ltv_to_cac double precision)
						WHERE b.ltv_to_cac IS NOT NULL ORDER BY b.ltv_to_cac DESC LIMIT 1), '')),
				report_legend('{a,b}', '{worth per customer,cost per customer}')
				|| chart('acquisition', 'Cost and worth per customer, by channel', 'Bars: ' || m.described || '.', m.bars * 38, chart_bars(m.names, m.figures, m.sizes, m.classes))
				|| report_folded('Table: channels', report_table('acquisition', 'lnmmmnnnnn',
					'{Channel,Customers,Cost,CAC,Worth each,Worth / CAC,Repeat %,Months paid back,Median months,Dearer than keeping}', m.rows, currency)),
				'CAC: money spent on acquisition per new customer. Worth: the margin&rsquo;s share of what they brought so far and are expected to bring in 12 months. Months paid back: of the months with new customers, those whose customers have earned their cost; median: after how many months, 0 the first. Dearer: times what keeping a customer cost. Only customers won in the months of the attached costs. Views acquisition, payback. docs/acquisition.md', true)
			FROM (SELECT sum(v.cost) FILTER (WHERE v.slot = 1) AS cost, sum(v.customers) FILTER (WHERE v.slot = 1) AS customers, count(*) FILTER (WHERE v.size IS NOT NULL) AS bars,
					array_agg(CASE WHEN v.is_first THEN v.channel ELSE '' END ORDER BY v.n, v.slot) FILTER (WHERE v.size IS NOT NULL) AS names,
					array_agg(report_money(v.size::numeric, currency) || CASE v.slot WHEN 1 THEN ' worth' ELSE ' cost' END ORDER BY v.n, v.slot) FILTER (WHERE v.size IS NOT NULL) AS figures,
					array_agg(v.size ORDER BY v.n, v.slot) FILTER (WHERE v.size IS NOT NULL) AS sizes,
					array_agg(CASE v.slot WHEN 1 THEN 'a' ELSE 'b' END ORDER BY v.n, v.slot) FILTER (WHERE v.size IS NOT NULL) AS classes,
					coalesce(string_agg(v.channel || CASE v.slot WHEN 1 THEN ' worth ' ELSE ' cost ' END || report_money(v.size::numeric, currency), ', ' ORDER BY v.n, v.slot), 'none') AS described,
					string_agg(report_row('lnmmmnnnnn', ARRAY[v.channel, report_count(v.customers), report_money(v.cost, NULL), report_money(v.cac::numeric, NULL),
						report_money(v.mean_value::numeric, NULL), report_number(v.ltv_to_cac::numeric, 1), report_number(v.repeat_rate::numeric, 1),
						v.paid_back || ' of ' || v.cohorts, report_number(v.median_months::numeric, 0), report_number(nullif(v.dearer, 0)::numeric, 1)]), '' ORDER BY v.n) FILTER (WHERE v.slot = 1) AS rows
				FROM (SELECT s.slot, a.n, coalesce(a.channel, 'unknown') AS channel, a.customers, a.cost, a.cac, a.mean_value, a.ltv_to_cac, a.repeat_rate,
						CASE s.slot WHEN 1 THEN a.mean_value ELSE a.cac END AS size, s.slot = 1 OR a.mean_value IS NULL AS is_first, a.dearer, p.cohorts, p.paid_back, p.median_months
					FROM (SELECT q.*, row_number() OVER (ORDER BY q.customers DESC, q.channel) AS n
						FROM jsonb_to_recordset(data -> 'acquisition') AS q(channel text, customers bigint, cost numeric, cac double precision, mean_value double precision,
							ltv_to_cac double precision, repeat_rate double precision, dearer double precision)) AS a
						LEFT JOIN jsonb_to_recordset(CASE jsonb_typeof(data -> 'payback') WHEN 'array' THEN data -> 'payback' ELSE '[]' END)
							AS p(channel text, cohorts bigint, paid_back bigint, median_months double precision) ON p.channel IS NOT DISTINCT FROM a.channel,
						(VALUES (1), (2)) AS s(slot)) AS v) AS m)
		ELSE u.missing END
	FROM (SELECT report_unattached(data, 'acquisition', 'acquisition', 'What customers cost, by channel') AS missing) AS u;
	END;
COMMENT ON FUNCTION report_channels(jsonb, text) IS
	'internal: section of acquisition costs';

CREATE FUNCTION report_referrals(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT CASE u.missing WHEN '' THEN (SELECT report_section('referrals', 'Who brings others',
				format('%s people referred %s others%s.', report_count(m.referrers), report_count(m.referred), c.says),
				chart('referrals', 'Customers by what they buy and whom they bring', 'Bars: ' || m.described || '.', m.quadrants * 38, chart_bars(m.names, m.figures, m.sizes, m.classes))
				|| report_folded('Table: referrals', report_table('referrals', 'lnnnm', '{Who,Number,Who refer,Referred,Own worth each}', m.rows, currency))
				|| coalesce('<h3>Who brings most</h3>' || report_table('top_referrers', 'lnmml', '{Customer,Referred,Referral value,Own worth,Among the}', t.rows, currency), ''),
				'Champions buy much and bring much, affluents buy much, advocates bring much, misers neither; much: at least the median. Who refers without having bought counts too. Referral value: what those referred are worth, less what it cost. Views referrals, lead_conversion. docs/referral.md', false)
			FROM (SELECT sum(r.referrers)::bigint AS referrers, sum(r.referred)::bigint AS referred, count(*) AS quadrants,
					array_agg(r.quadrant ORDER BY r.place) AS names, array_agg(report_count(r.customers) ORDER BY r.place) AS figures,
					array_agg(r.customers::double precision ORDER BY r.place) AS sizes,
					array_agg(CASE r.quadrant WHEN 'misers' THEN 'c' ELSE 'a' END ORDER BY r.place) AS classes,
					string_agg(r.quadrant || ' ' || report_count(r.customers), ', ' ORDER BY r.place) AS described,
					string_agg(report_row('lnnnm', ARRAY[r.quadrant, report_count(r.customers), report_count(r.referrers), report_count(r.referred), report_money(r.worth, NULL)]), '' ORDER BY r.place) AS rows
				FROM (SELECT q.*, array_position('{champions,affluents,advocates,misers}', q.quadrant) AS place
					FROM jsonb_to_recordset(data -> 'referrals') AS q(quadrant text, customers bigint, referrers bigint, referred bigint, worth numeric)) AS r) AS m,
				(SELECT string_agg(report_row('lnmml', ARRAY[q.customer_id, report_count(q.direct_referrals), report_money(q.crv, NULL), report_money(q.clv, NULL), q.quadrant]), '' ORDER BY q.place) AS rows
				FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'top_referrers') WHEN 'array' THEN data -> 'top_referrers' ELSE '[]' END)
					AS q(place int, customer_id text, direct_referrals bigint, crv numeric, clv numeric, quadrant text)) AS t,
				(SELECT coalesce((SELECT format('; %s of those referred became customers', report_percent(100 * l.conversion_rate))
						|| coalesce((SELECT format(', %s of those who came on their own', report_percent(100 * o.conversion_rate))
							FROM jsonb_to_recordset(data -> 'lead_conversion') AS o(leads_are text, conversion_rate double precision) WHERE o.leads_are = 'other'), '')
					FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'lead_conversion') WHEN 'array' THEN data -> 'lead_conversion' ELSE '[]' END)
						AS l(leads_are text, conversion_rate double precision) WHERE l.leads_are = 'referred'), '') AS says) AS c)
		ELSE u.missing END
	FROM (SELECT report_unattached(data, 'referrals', 'referrals', 'Who brings others') AS missing) AS u;
	END;
COMMENT ON FUNCTION report_referrals(jsonb, text) IS
	'internal: section of referrals';

CREATE FUNCTION report_campaigns(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT CASE u.missing WHEN '' THEN (SELECT report_section('campaigns', 'What campaigns brought',
				coalesce((SELECT format('%s did best: %s of 100 contacts converted, %s points %s than in the control group (95 %%: %s to %s)%s.', report_escape(b.variant), report_number(100 * b.conversion_rate::numeric, 1),
						report_number(abs(100 * b.difference)::numeric, 1), CASE WHEN b.difference < 0 THEN 'less' ELSE 'more' END,
						report_number(100 * b.lower95::numeric, 1), report_number(100 * b.upper95::numeric, 1),
						CASE WHEN b.lower95 > 0 THEN '' ELSE ': that may be chance' END)
					FROM jsonb_to_recordset(data -> 'campaigns') AS b(variant text, is_control boolean, conversion_rate double precision, difference double precision,
						lower95 double precision, upper95 double precision)
					WHERE b.difference IS NOT NULL ORDER BY b.difference DESC LIMIT 1), 'There is no control group to compare with.'),
				chart('campaigns', 'Share of contacts that converted', 'Bars: ' || m.described || '.', m.variants * 38, chart_bars(m.names, m.figures, m.sizes, m.classes))
				|| report_folded('Table: campaigns', report_table('campaigns', 'lnnnnmmmn', '{Variant,Contacts,Converted %,Points more,p,Sales per contact,Extra value,Cost,Return on cost}', m.rows, currency)),
				'Points more: against the control group, which was left alone (grey). p: how often chance alone makes such a difference. Extra value: the margin&rsquo;s share of what all contacts bought beyond the control group. Return: (extra value &minus; cost) / cost. View campaigns. docs/reactivation.md', true)
			FROM (SELECT count(*) AS variants, array_agg(c.name ORDER BY c.n) AS names, array_agg(report_percent(100 * c.conversion_rate) ORDER BY c.n) AS figures,
					array_agg(c.conversion_rate ORDER BY c.n) AS sizes, array_agg(CASE WHEN c.is_control THEN 'c' ELSE 'a' END ORDER BY c.n) AS classes,
					string_agg(c.name || ' ' || report_percent(100 * c.conversion_rate), ', ' ORDER BY c.n) AS described,
					string_agg(report_row('lnnnnmmmn', ARRAY[c.name, report_count(c.contacts), report_number(100 * c.conversion_rate::numeric, 1), report_number(100 * c.difference::numeric, 1),
						report_number(c.p_value::numeric, 3), report_money(c.sales_per_contact, NULL), report_money(c.extra_value::numeric, NULL), report_money(c.cost, NULL), report_number(c.campaign_roi::numeric, 2)]), '' ORDER BY c.n) AS rows
				FROM (SELECT q.*, coalesce(q.variant, 'unknown') || CASE WHEN q.is_control AND q.variant <> 'control' THEN ' (control)' ELSE '' END AS name, row_number() OVER (ORDER BY q.is_control, q.variant) AS n
					FROM jsonb_to_recordset(data -> 'campaigns') AS q(variant text, is_control boolean, contacts bigint, conversion_rate double precision, difference double precision,
						p_value double precision, sales_per_contact numeric, extra_value double precision, cost numeric, campaign_roi double precision)) AS c) AS m)
		ELSE u.missing END
	FROM (SELECT report_unattached(data, 'campaigns', 'campaigns', 'What campaigns brought') AS missing) AS u;
	END;
COMMENT ON FUNCTION report_campaigns(jsonb, text) IS
	'internal: section of campaigns';

CREATE FUNCTION report_products(data jsonb) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT CASE u.missing WHEN '' THEN (SELECT report_section('products', 'What goes together, what to offer next',
				(SELECT format('Of 100 purchases with %s, %s have %s too: %s times as many as chance would have it.', report_escape(a.product),
					report_number((100 * a.confidence)::numeric, 0), report_escape(a.other), report_number(a.lift::numeric, 1))
				FROM jsonb_to_recordset(data -> 'best_pairs') AS a(place int, product text, other text, confidence double precision, lift double precision) WHERE a.place = 1),
				replace(chart('products', 'Products bought together', 'Bars, share of purchases with the first product that have the second: ' || m.described || '.', m.pairs * 38,
					chart_bars(m.names, m.figures, m.sizes, m.classes, 1)), '-&gt;', '&rarr;')
				|| report_folded('Table: bought together', report_table('best_pairs', 'llnnn', '{With,Bought too,Purchases with both,Of 100,Times chance}', m.rows))
				|| coalesce('<h3>Offer next</h3>' || report_table('best_offers', 'ln', '{Product,Best offer for so many customers}', n.rows), ''),
				'The ten pairs that are surest not to be chance (log-likelihood ratio), above chance only. Views best_pairs, best_offers. docs/expansion.md', false)
			FROM (SELECT count(*) AS pairs, array_agg(a.product || ' -> ' || a.other ORDER BY a.place) AS names,
					array_agg(report_percent(100 * a.confidence) || ', ' || report_number(a.lift::numeric, 1) || ' x' ORDER BY a.place) AS figures,
					array_agg(a.confidence ORDER BY a.place) AS sizes, array_agg('a'::text ORDER BY a.place) AS classes,
					string_agg(a.product || ' and ' || a.other || ' ' || report_percent(100 * a.confidence), ', ' ORDER BY a.place) AS described,
					string_agg(report_row('llnnn', ARRAY[a.product, a.other, report_count(a.together), report_number((100 * a.confidence)::numeric, 1), report_number(a.lift::numeric, 1)]), '' ORDER BY a.place) AS rows
				FROM jsonb_to_recordset(data -> 'best_pairs') AS a(place int, product text, other text, together bigint, confidence double precision, lift double precision)) AS m,
				(SELECT string_agg(report_row('ln', ARRAY[q.product, report_count(q.customers)]), '' ORDER BY q.customers DESC, q.product) AS rows
				FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'best_offers') WHEN 'array' THEN data -> 'best_offers' ELSE '[]' END) AS q(product text, customers bigint)) AS n)
		ELSE u.missing END
	FROM (SELECT report_unattached(data, 'best_pairs', 'products', 'What goes together, what to offer next',
			'No two products are bought together more often than chance would have it.') AS missing) AS u;
	END;
COMMENT ON FUNCTION report_products(jsonb) IS
	'internal: section of products bought together and of what to offer next';

CREATE FUNCTION report_conversation(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT CASE u.missing WHEN '' THEN (SELECT report_section('conversation', 'How close customers are',
				format('%s customers buy again and get in touch; %s were contacted too often%s.', report_count(m.close), report_count(m.pressed), o.often),
				chart('conversation', 'Customers by closeness', 'Bars: ' || m.described || '.', m.levels * 38, chart_bars(m.names, m.figures, m.sizes, m.classes))
				|| report_folded('Table: closeness', report_table('engagement', 'lnnn', '{Level,Customers,Contacted too often,Answers to 100 contacts (mean)}', m.rows))
				|| coalesce(report_folded('Table: channels of contact', report_table('channels', 'lnnnnm', '{Channel,Customers,From them,To them,Preferred by,Mean CLV}', c.rows, currency)), ''),
				'Interconnected: loyal and in contact on two channels. Collaborative: buys again and gets in touch. Basic: bought or got in touch. Exploratory: the rest. Views engagement, channels. docs/conversation.md', false)
			FROM (SELECT coalesce(sum(e.customers) FILTER (WHERE e.level IN ('interconnected', 'collaborative')), 0)::bigint AS close, sum(e.pressed)::bigint AS pressed, count(*) AS levels,
					array_agg(e.level ORDER BY e.place) AS names, array_agg(report_count(e.customers) ORDER BY e.place) AS figures,
					array_agg(e.customers::double precision ORDER BY e.place) AS sizes, array_agg(CASE WHEN e.place <= 2 THEN 'a' ELSE 'c' END ORDER BY e.place) AS classes,
					string_agg(e.level || ' ' || report_count(e.customers), ', ' ORDER BY e.place) AS described,
					string_agg(report_row('lnnn', ARRAY[e.level, report_count(e.customers), report_count(e.pressed), report_number(100 * e.response_rate::numeric, 1)]), '' ORDER BY e.place) AS rows
				FROM (SELECT q.*, coalesce(array_position('{interconnected,collaborative,basic,exploratory}', q.level), 5) AS place
					FROM jsonb_to_recordset(data -> 'engagement') AS q(level text, customers bigint, pressed bigint, response_rate double precision)) AS e) AS m,
				(SELECT string_agg(report_row('lnnnnm', ARRAY[coalesce(q.channel, 'unknown'), report_count(q.customers), report_count(q.inbound), report_count(q.outbound),
						report_count(q.preferred_by), report_money(q.mean_clv_12m, NULL)]), '' ORDER BY q.customers DESC, q.channel) AS rows
				FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'channels') WHEN 'array' THEN data -> 'channels' ELSE '[]' END)
					AS q(channel text, customers bigint, inbound bigint, outbound bigint, preferred_by bigint, mean_clv_12m numeric)) AS c,
				(SELECT coalesce((SELECT format(': more than %s in %s days', report_count(a.pressure_limit), report_count(a.pressure_days))
					FROM jsonb_to_recordset(CASE jsonb_typeof(data -> 'pressure') WHEN 'array' THEN data -> 'pressure' ELSE '[]' END)
						AS a(pressure_limit bigint, pressure_days bigint)), '') AS often) AS o)
		ELSE u.missing END
	FROM (SELECT report_unattached(data, 'engagement', 'conversation', 'How close customers are') AS missing) AS u;
	END;
COMMENT ON FUNCTION report_conversation(jsonb, text) IS
	'internal: section of interactions';

CREATE FUNCTION report_funnel(data jsonb) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT CASE u.missing WHEN '' THEN (SELECT report_section('funnel', 'How far leads get',
				CASE WHEN m.leads > 0 THEN format('Of %s leads with the step %s, %s got as far as %s%s.', report_count(m.leads), report_escape(m.names[1]),
						report_percent(100.0 * m.arrived / m.leads), report_escape(m.names[m.steps]),
						coalesce((SELECT format('; by %s most: %s', report_escape(b.channel), report_percent(100 * b.conversion_rate))
							FROM jsonb_to_recordset(data -> 'funnel') AS b(channel text, step int, conversion_rate double precision)
							WHERE b.step = m.steps AND b.channel IS NOT NULL AND b.conversion_rate IS NOT NULL ORDER BY b.conversion_rate DESC, b.channel LIMIT 1), ''))
					ELSE 'Nobody is at the first step yet.' END,
				chart('funnel', 'Leads by step', 'Bars: ' || m.described || '.', m.steps * 38, chart_bars(m.names, m.figures, m.sizes, m.classes))
				|| report_folded('Table: steps by channel', report_table('funnel', 'llnnn', '{Channel,Step,Leads,Of first %,Of before %}', m.rows)),
				'Steps in their order and within the time that counts; a lead belongs to the channel of the first event that names one. Of first: of the leads with the first step. View funnel. docs/acquisition.md', false)
			FROM (SELECT count(*)::integer AS steps, (array_agg(s.leads ORDER BY s.step))[1] AS leads, (array_agg(s.leads ORDER BY s.step DESC))[1] AS arrived,
					array_agg(s.step_name ORDER BY s.step) AS names, array_agg(s.figure ORDER BY s.step) AS figures,
					array_agg(s.leads::double precision ORDER BY s.step) AS sizes, array_agg('a'::text ORDER BY s.step) AS classes,
					string_agg(s.step_name || ' ' || s.figure, ', ' ORDER BY s.step) AS described,
					(SELECT string_agg(report_row('llnnn', ARRAY[coalesce(f.channel, 'unknown'), f.step_name, report_count(f.leads), report_number(100 * f.conversion_rate::numeric, 1),
							report_number(100 * f.step_rate::numeric, 1)]), '' ORDER BY f.channel, f.step)
						FROM jsonb_to_recordset(data -> 'funnel') AS f(channel text, step int, step_name text, leads bigint, conversion_rate double precision, step_rate double precision)) AS rows
				FROM (SELECT g.step, g.step_name, g.leads,
						report_count(g.leads) || coalesce(' (' || report_percent((100.0 * g.leads / nullif(first_value(g.leads) OVER (ORDER BY g.step), 0))::double precision) || ')', '') AS figure
					FROM (SELECT f.step, f.step_name, sum(f.leads)::bigint AS leads
						FROM jsonb_to_recordset(data -> 'funnel') AS f(step int, step_name text, leads bigint) GROUP BY f.step, f.step_name) AS g) AS s) AS m)
		ELSE u.missing END
	FROM (SELECT report_unattached(data, 'funnel', 'funnel', 'How far leads get') AS missing) AS u;
	END;
COMMENT ON FUNCTION report_funnel(jsonb) IS
	'internal: section of leads on the way to a purchase';
