/*
 * report/outlook.sql - the sections that look ahead: the ladder, what customers are worth, how
 * far the model can be trusted, who should be won back.
 */

CREATE FUNCTION report_ladder(data jsonb) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		report_missing(data, 'ladder', 'ladder', 'From the first to the loyal purchase', 'Nobody has bought yet.'),
		(SELECT report_section('ladder', 'From the first to the loyal purchase',
				format('Of 100 who bought once, %s have bought a second time%s. The fourth purchase day makes a customer loyal: %s of 100 got there.',
					coalesce(report_number(m.second::numeric, 0), '0'),
					coalesce('; half of the 100 do so within ' || report_count(m.second_days::bigint) || ' days', ''), coalesce(report_number(m.fourth, 0), '0')),
				replace(chart('ladder', 'Steps from purchase to purchase', 'Bars, a step each: ' || m.described || '.', m.steps * 38,
					chart_bars(m.names, m.figures, m.shares, m.classes, 100)), '-&gt;', '&rarr;')
				|| report_folded('Table: the ladder', report_table('ladder', 'lnnnn', '{Purchase day,Customers,Bought again,Share %,Median days}', m.rows)),
				'Grey: loyal already. Days: until half of those on the step have bought again, those still waiting accounted for (Kaplan-Meier). View ladder. docs/retention.md', false)
		FROM (SELECT count(*) AS steps,
				array_agg(format('purchase %s -> %s', l.step, l.step + 1) ORDER BY l.step) AS names,
				array_agg(coalesce(report_percent(l.share), '-') || coalesce(', median ' || report_count(l.median_days::bigint) || ' days', '') ORDER BY l.step) AS figures,
				array_agg(coalesce(l.share, 0) ORDER BY l.step) AS shares,
				array_agg(CASE WHEN l.step < 4 THEN 'a' ELSE 'c' END ORDER BY l.step) AS classes,
				string_agg(format('step %s to %s, %s', l.step, l.step + 1, coalesce(report_percent(l.share), 'nobody')), '; ' ORDER BY l.step) AS described,
				max(l.share) FILTER (WHERE l.step = 1) AS second, max(l.median_days) FILTER (WHERE l.step = 1) AS second_days,
				100.0 * max(l.customers) FILTER (WHERE l.step = 4) / nullif(max(l.customers) FILTER (WHERE l.step = 1), 0) AS fourth,
				string_agg(report_row('lnnnn', ARRAY[l.step::text, report_count(l.customers), report_count(l.next), report_number(l.share::numeric, 1), report_number(l.median_days::numeric, 0)]), '' ORDER BY l.step) AS rows
			FROM jsonb_to_recordset(data -> 'ladder') AS l(step int, customers bigint, next bigint, share double precision, median_days double precision)) AS m));
	END;
COMMENT ON FUNCTION report_ladder(jsonb) IS
	'internal: section of the ladder from first to loyal purchase';

CREATE FUNCTION report_band(band integer) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (CASE (band + 600) % 3 WHEN 0 THEN 1 WHEN 1 THEN 2 ELSE 5 END * 10.0 ^ ((band + 600) / 3 - 200))::numeric;
COMMENT ON FUNCTION report_band(integer) IS
	'internal: 1, 2, 5, 10, 20, 50 ... for 0, 1, 2 and so on; 0.5 for -1';

-- Bands of expected value from 1, 2 and 5 times powers of ten, the lowest ones joined.
CREATE FUNCTION report_clv(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		CASE WHEN coalesce((data #>> '{clv,0,customers}')::bigint, 0) = 0 AND jsonb_typeof(data -> 'clv') = 'array' THEN
			report_missing('{"clv": []}', 'clv', 'clv', 'What customers are expected to bring', 'There is no model: it needs purchases with amounts, and customers who came back.')
		ELSE report_missing(data, 'clv', 'clv', 'What customers are expected to bring', 'There is no view of customers.') END,
		(SELECT report_section('clv', 'What customers are expected to bring',
				format('The best 20 of 100 customers carry %s of what all are expected to bring in the next 12 months.', report_percent(100 * m.best_fifth)),
				'<div class="two"><div><h3>How many customers are worth how much</h3>'
				|| chart('clv', 'Customers by expected value', 'Bars: ' || b.described || '.', b.bands * 38, chart_bars(b.names, b.figures, b.sizes, b.classes))
				|| '</div><div><h3>How much the best ones carry</h3>'
				|| chart('carry', 'Concentration of the expected value',
					format('A curve: the best 10 percent of customers carry %s of the expected value, the best 20 percent %s, the best 50 percent %s.',
						report_percent(100 * m.best_tenth), report_percent(100 * m.best_fifth), report_percent(100 * m.best_half)),
					300, chart_grid('{0,25,50,75,100}', '{0,25,50,75,100 %}', 16, 260)
						|| chart_inset(chart_curve('{0,100}', '{0,100}', 100, 100, 16, 260, 'c')
							|| chart_curve(ARRAY[0::double precision] || m.xs, ARRAY[0::double precision] || m.ys, 100, 100, 16, 260, 'a')
							|| chart_text('{0,"customers, best first",100 %}', '{0,50,100}', '{294,294,294}', 'axis map')))
				|| '<p class="small">Blue: the customers, best first. Grey: if all were worth the same.</p></div></div>'
				|| report_folded('Table: customers by expected value', report_table('clv_bands', 'lnn', '{Expected in 12 months,Customers,Customers %}', b.rows))
				|| report_folded('Table: concentration', report_table('clv_curve', 'lnm', '{Best customers %,Share of the expected value %,Each at least}', m.rows, currency)),
				format('Expected in the 365 days after %s, discounted at 10 %% a year. %s View customers, column clv_12m. docs/clv.md',
					coalesce(report_day((data #>> '{status,0,last_refresh_day}')::date), 'the last refresh'),
					CASE WHEN m.every > 1 THEN format('From a sample of %s customers, every %s-th by hash of the id.', report_count(m.customers), m.every) ELSE 'All customers.' END), true)
		FROM (SELECT v.customers, v.every,
				(SELECT array_agg(c.x ORDER BY c.x) FROM jsonb_to_recordset(v.curve) AS c(x double precision)) AS xs,
				(SELECT array_agg(100 * c.y ORDER BY c.x) FROM jsonb_to_recordset(v.curve) AS c(x double precision, y double precision)) AS ys,
				(SELECT c.y FROM jsonb_to_recordset(v.curve) AS c(x double precision, y double precision) WHERE c.x = 10) AS best_tenth,
				(SELECT c.y FROM jsonb_to_recordset(v.curve) AS c(x double precision, y double precision) WHERE c.x = 20) AS best_fifth,
				(SELECT c.y FROM jsonb_to_recordset(v.curve) AS c(x double precision, y double precision) WHERE c.x = 50) AS best_half,
				(SELECT string_agg(report_row('lnm', ARRAY[report_number(c.x::numeric, 0), report_number((100 * c.y)::numeric, 1), report_money(c.least::numeric, NULL)]), '' ORDER BY c.x)
					FROM jsonb_to_recordset(v.curve) AS c(x double precision, y double precision, least double precision)) AS rows
			FROM jsonb_to_recordset(data -> 'clv') AS v(customers bigint, every bigint, curve jsonb)) AS m,
			(SELECT count(*) AS bands, array_agg(q.name ORDER BY q.band DESC) AS names,
				array_agg(report_percent(100.0 * q.customers / q.everybody) ORDER BY q.band DESC) AS figures,
				array_agg(q.customers::double precision ORDER BY q.band DESC) AS sizes, array_agg('a'::text ORDER BY q.band DESC) AS classes,
				string_agg(q.name || ' ' || report_percent(100.0 * q.customers / q.everybody), ', ' ORDER BY q.band DESC) AS described,
				string_agg(report_row('lnn', ARRAY[q.name, report_count(q.customers), report_number(100.0 * q.customers / q.everybody, 1)]), '' ORDER BY q.band DESC) AS rows
			FROM (SELECT w.band, sum(w.customers)::bigint AS customers, w.everybody,
					CASE WHEN w.band = w.least_band THEN 'below ' || report_money(max(w.upper), currency)
						ELSE report_money(max(w.lower), currency) || ' to ' || report_money(max(w.upper), currency) END AS name
				FROM (SELECT greatest(r.band, r.most_band - 8) AS band, r.customers, sum(r.customers) OVER () AS everybody,
						greatest(min(r.band) OVER (), r.most_band - 8) AS least_band,
						report_band(greatest(r.band, r.most_band - 8) - 1) AS lower, report_band(greatest(r.band, r.most_band - 8)) AS upper
					FROM (SELECT x.band, x.customers, max(x.band) OVER () AS most_band
						FROM jsonb_to_recordset(data #> '{clv,0,bands}') AS x(band int, customers bigint)) AS r) AS w
				GROUP BY w.band, w.least_band, w.everybody) AS q) AS b));
	END;
COMMENT ON FUNCTION report_clv(jsonb, text) IS
	'internal: section of the distribution of CLV and its concentration';

CREATE FUNCTION report_forecast(data jsonb) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		report_missing(data, 'forecast', 'forecast', 'How well the last three months were forecast', 'There is nothing to compare yet: it needs customers from before the last three months.'),
		(SELECT report_section('forecast', 'How well the last three months were forecast',
				CASE WHEN m.expected IS NULL THEN 'What came before the last three months is too little for a model.'
					ELSE format('Knowing nothing after %s, the model expected %s purchase days of these customers until %s; there were %s (%s).',
						report_day(m.known_until), report_count(m.expected::bigint), report_day(m.observed_until), report_count(m.actual::bigint),
						CASE WHEN m.actual > 0 THEN 'expected ' || report_percent(abs(100 * (m.expected / m.actual - 1))) || CASE WHEN m.expected < m.actual THEN ' too few' ELSE ' too many' END ELSE 'none at all' END) END,
				report_legend('{a,b}', '{actual purchase days per customer,expected}')
				|| chart('forecast', 'Purchase days per customer in three months, actual and expected',
					'Pairs of columns by repeat purchases until then: ' || m.described || '.',
					250, chart_grid(m.ticks, (SELECT array_agg(trim_scale(round(t::numeric, 4))::text ORDER BY t) FROM unnest(m.ticks) AS t), 16, 200)
						|| chart_inset(chart_columns(m.actuals, NULL, m.actual_titles, 0, m.ticks[cardinality(m.ticks)], 16, 200, 'a', 1, 2)
							|| chart_columns(m.expecteds, NULL, m.expected_titles, 0, m.ticks[cardinality(m.ticks)], 16, 200, 'b', 2, 2)
							|| chart_bands(m.names, 234)))
				|| report_folded('Table: forecast', report_table('forecast', 'lnnn', '{Repeat purchases until then,Customers,Actual per customer,Expected per customer}', m.rows)),
				'Below the columns: on how many days a customer had come back before the three months. Model: MBG/NBD fitted on what was known before the three months.'
					|| report_sample(data, 50000) || ' View forecast. docs/clv.md', false)
		FROM (SELECT min(f.known_until) AS known_until, min(f.observed_until) AS observed_until,
				sum(f.customers * f.expected) AS expected, sum(f.customers * f.actual) AS actual,
				array_agg(f.frequency ORDER BY f.frequency) AS names,
				array_agg(f.actual ORDER BY f.frequency) AS actuals, array_agg(f.expected ORDER BY f.frequency) AS expecteds,
				array_agg(format('%s: actual %s', f.frequency, report_number(f.actual::numeric, 2)) ORDER BY f.frequency) AS actual_titles,
				array_agg(format('%s: expected %s', f.frequency, report_number(f.expected::numeric, 2)) ORDER BY f.frequency) AS expected_titles,
				chart_ticks(0, greatest(max(f.actual), max(f.expected), 0), 4) AS ticks,
				string_agg(format('%s, actual %s, expected %s', f.frequency, coalesce(report_number(f.actual::numeric, 2), 'none'), coalesce(report_number(f.expected::numeric, 2), 'none')), '; ' ORDER BY f.frequency) AS described,
				string_agg(report_row('lnnn', ARRAY[f.frequency, report_count(f.customers), report_number(f.actual::numeric, 2), report_number(f.expected::numeric, 2)]), '' ORDER BY f.frequency) AS rows
			FROM jsonb_to_recordset(data -> 'forecast') AS f(frequency text, customers bigint, actual double precision, expected double precision, known_until date, observed_until date)) AS m));
	END;
COMMENT ON FUNCTION report_forecast(jsonb) IS
	'internal: section of expected against actual';

CREATE FUNCTION report_win_back(data jsonb, currency text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT coalesce(
		report_missing(data, 'win_back', 'win-back', 'Who to win back first', 'Nobody is at risk or dormant.'),
		(SELECT report_section('win-back', 'Who to win back first',
				format('The %s customers below are late or silent%s.', report_count(count(*)),
					coalesce(' and brought most in their last active year: ' || report_escape(report_money(sum(w.value_at_stake), currency)) || ' together', '')),
				report_table('win_back', 'llmnnn', '{Customer,Stage,Value at stake,Last purchase,Days silent,Dormant from}',
					string_agg(report_row('llmnnn', ARRAY[w.customer_id, replace(w.stage, '_', ' '), report_money(w.value_at_stake, NULL), report_day(w.last_purchase),
						report_count(w.days_since_last), report_day(w.turns_dormant_on)]), '' ORDER BY w.place), currency),
				'Value at stake: net money of the customer&rsquo;s last active year. Dormant from: the day from which the stage is, or will be, dormant if nothing is bought. The first 15; view win_back has all, most value first. docs/workspace.md', true)
		FROM jsonb_to_recordset(data -> 'win_back') AS w(place int, customer_id text, stage text, last_purchase date, days_since_last bigint, turns_dormant_on date, value_at_stake numeric)));
	END;
COMMENT ON FUNCTION report_win_back(jsonb, text) IS
	'internal: section of the win-back list';
