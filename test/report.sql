-- crm_report: the parts that charts are made of, escaping, what a page says where something is
-- missing, whose rights count. What a browser makes of it: test/report.pl.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT no_plan();

-- SQLSTATE, message and hint of what fails.
CREATE FUNCTION failure(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'nothing failed';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(hint, ''));
END
$$;
CREATE FUNCTION sections(page text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(m[1], ' ') FROM regexp_matches(page, '<section id="([^"]+)"', 'g') AS m
$$;
-- The text of the section without markup.
CREATE FUNCTION section(page text, id text) RETURNS text LANGUAGE sql AS $$
	SELECT btrim(regexp_replace(substring(page FROM '<section id="' || id || '".*?</section>'), '<[^>]*>', ' ', 'g'))
$$;

-- Text and numbers

SELECT is(report_escape('<a href="x">&''</a>'), '&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;', 'everything that could be markup is escaped');
SELECT is(report_escape('&lt;'), '&amp;lt;', 'and what looks escaped is escaped again');
SELECT is(ARRAY[report_number(1234567.891, 0), report_number(1234567.891, 2), report_number(-0.04, 1), report_number(0, 0), report_number(999.95, 1), report_number(1e20, 1), report_number(NULL, 1)],
	ARRAY['1,234,568', '1,234,567.89', '0.0', '0', '1,000.0', '100000000000000000000', NULL], 'numbers');
SELECT is(ARRAY[report_money(1234.5, 'EUR'), report_money(12.345, 'EUR'), report_money(12, 'EUR'), report_money(99.5, '$'), report_money(-5000, '$'), report_money(5, NULL), report_money(5, ''), report_money(NULL, 'EUR')],
	ARRAY['1,235 EUR', '12.35 EUR', '12 EUR', '$99.50', '$-5,000', '5', '5', NULL], 'money: a code behind, a symbol before, cents below 100');
SELECT is(report_row('lln', ARRAY['<b>', NULL, '1']), '<tr role="row"><th scope="row" role="rowheader">&lt;b&gt;</th><td role="cell" class="l">&ndash;</td><td role="cell">1</td></tr>', 'a row of a table');
SELECT is((regexp_match(report_table('v', 'lmn', '{A,B,C}', '', E'"\\\n<'), 'class="(\w+)" data-view="v" style="([^"]*)"')), ARRAY['few', '--h2:&quot;B (\&quot;\\ &lt;)&quot;;--h3:&quot;C&quot;'],
	'its headings as strings of the style, that of money with the currency, whatever that is');
SELECT alike(report_table('v', 'lm', '{A,B}', '', NULL), '%>B</th>%', 'none is none');
SELECT is(report_figure(NULL, NULL, 'kpis.x'), '<data value="" data-name="kpis.x">&ndash;</data>', 'no figure is a dash');

SELECT is(ARRAY[report_sample('{"status": [{"customers": 99999}]}', 50000), report_sample('{"status": [{"customers": 1000000}]}', 50000), report_sample('{"status": "denied", "kpis": [{"customers": 7000}]}', 3000), report_sample('{}', 3000)],
	ARRAY['', ' From a sample: one customer in 20, by hash of the id.', ' From a sample: one customer in 2, by hash of the id.', ''], 'a sample is named');

-- Parts of charts

SELECT is(chart_ticks(0, 93, 4), '{0,50,100}'::float8[], 'ticks: 1, 2 or 5 times a power of ten');
SELECT is(chart_ticks(0, 0.37, 4), '{0,0.1,0.2,0.3,0.4}'::float8[], 'below one, without noise');
SELECT is(chart_ticks(-130, 420, 5), '{-200,0,200,400,600}'::float8[], 'on both sides of zero');
SELECT is(chart_ticks(0, 0, 4), '{0,0.5}'::float8[], 'a span of nothing');
SELECT ok(bool_and(t[1] <= low + 1e-12 * abs(low) AND t[cardinality(t)] >= high - 1e-12 * abs(high) AND cardinality(t) BETWEEN 2 AND 12), 'ticks enclose the values and are few')
FROM (SELECT l.low, s.span, l.low + s.span AS high, chart_ticks(l.low, l.low + s.span, 4) AS t
	FROM generate_series(-7, 7) AS a, LATERAL (SELECT a * 3.7::float8 ^ abs(a) AS low) AS l, LATERAL (SELECT 2.3::float8 ^ b AS span FROM generate_series(-9, 9) AS b) AS s) AS c
WHERE span > abs(low) * 1e-6;
SELECT is(ARRAY[chart_y(0, 0, 10, 5, 100), chart_y(10, 0, 10, 5, 100), chart_y(2.5, 0, 10, 5, 100), chart_y(3, 3, 3, 5, 100)], '{105,5,80,5}'::float8[], 'the place of a value');
SELECT is(ARRAY[chart_coordinate(1.0), chart_coordinate(1.236), chart_coordinate(100), chart_coordinate(-0.5)], '{1,1.24,100,-0.5}', 'coordinates are short');

SELECT is((regexp_match(chart_line('{0,5,10,NULL,10}', '{t,t,f,t,t}', '{a,b,c,d,e}', 0, 10, 20, 100, 'a'), 'class="line a" d="([^"]*)"'))[1],
	'M10 100L30 50M50 0M90 0', 'a line: solid to what is complete, broken at a NULL');
SELECT is((regexp_match(chart_line('{0,5,10,NULL,10}', '{t,t,f,t,t}', '{a,b,c,d,e}', 0, 10, 20, 100, 'a'), 'class="line dashed a" d="([^"]*)"'))[1],
	'M30 50L50 0', 'dashed to what is not');
SELECT is(array_agg(m[1]), '{120,70,20,20}', 'its points stand below the top') FROM regexp_matches(chart_line('{0,5,10,NULL,10}', '{t,t,f,t,t}', '{a,b,c,d,e}', 0, 10, 20, 100, 'a'), ' cy="([^"]*)"', 'g') AS m;
SELECT unalike(chart_line('{1,2}', '{t,t}', '{a,b}', 0, 10, 20, 100, 'a'), '%dashed%', 'no dashes where all is complete');
SELECT is(chart_line('{NULL,NULL}', '{t,t}', '{a,b}', 0, 10, 20, 100, 'a'), '<svg x="0" y="20" width="100%" height="100" viewBox="0 0 100 100" preserveAspectRatio="none"></svg>', 'a line of nothing');
SELECT is((regexp_match(chart_curve('{0,50,100}', '{0,80,100}', 100, 100, 0, 200, 'a'), ' d="([^"]*)"'))[1], 'M0 200L50 40L100 0', 'a curve through points');
SELECT is(array_agg(m[1] || ' ' || m[2] || ' ' || m[3] || ' ' || m[4]), '{"6 50 19 50","56 100 19 25"}', 'columns: place, top, width and height; downward below zero')
	FROM regexp_matches(chart_columns('{10,-5}', NULL, '{a,b}', -10, 20, 0, 150, 'a', 1, 2), 'x="([^"]*)%" y="([^"]*)" width="([^"]*)%" height="([^"]*)"', 'g') AS m;
SELECT is(array_agg(m[1] || ' ' || m[2]), '{"25 50"}', 'columns stacked on others')
	FROM regexp_matches(chart_columns('{10}', '{5}', '{a}', 0, 20, 0, 100, 'a'), 'y="([^"]*)" width="[^"]*%" height="([^"]*)"', 'g') AS m;
SELECT is(array_agg(m[1]), '{100,100,100,25,100,0}', 'bars: the longest is as wide as the chart; NULL and negative are nothing')
	FROM regexp_matches(chart_bars('{a,b,c}', '{4,1,-1}', '{4,1,-1}', '{a,a,b}'), 'rect class="\w+" x="0" y="\d+" width="([^"]*)%"', 'g') AS m;
SELECT is(array_agg(m[1]), '{50}', 'or the width is given') FROM regexp_matches(chart_bars('{a}', '{x}', '{40}', '{a}', 80), 'rect class="a" x="0" y="\d+" width="([^"]*)%"', 'g') AS m;
SELECT is(array_agg(m[1] || ' ' || m[2] || ' ' || m[3]), '{"20 10 0.06","60 30 1"}', 'a heat map: place and darkness')
	FROM regexp_matches(chart_heat('{1,2}', '{1,2}', '{0,1}', '{x,y}', '{NULL,NULL}', '{t,u}', '{f,f}', 2, 20, 20, 10), '<rect x="([^"]*)%" y="([^"]*)" width="[^"]*" height="[^"]*" fill-opacity="([^"]*)"', 'g') AS m;
SELECT alike(chart_heat('{1}', '{1}', '{0}', '{x}', '{NULL}', '{t}', '{t}', 2, 20, 20, 10), '%<rect class="open"%', 'an open cell');
SELECT is((regexp_match(chart_bands('{x,NULL,y}', 50), '(<text.*)</g>'))[1], '<text x="16.67%" y="50">x</text><text x="83.33%" y="50">y</text>', 'labels of bands, and bands without');

-- Every part is well-formed XML, whatever its texts.
SELECT lives_ok($$SELECT xmlparse(document chart('i', t, t, 10, chart_grid('{0,1}', ARRAY[t, t], 0, 9) || chart_bands(ARRAY[t, t], 5)
		|| chart_line('{1,2}', '{t,f}', ARRAY[t, t], 0, 2, 0, 9, 'a') || chart_columns('{1,2}', NULL, ARRAY[t, t], 0, 2, 0, 9, 'a')
		|| chart_bars(ARRAY[t, t], ARRAY[t, t], '{1,2}', '{a,b}') || chart_heat('{1}', '{1}', '{0.5}', ARRAY[t], ARRAY[t || E'\n' || t], ARRAY[t], '{t}', 1, 20, 0, 0)
		|| chart_text(ARRAY[t], '{1}', '{1}', 'axis'))) FROM (VALUES ('<script>&"''</svg>%s]]>'), ('')) AS v(t)$$, 'charts of hostile texts are well-formed');

-- Pages

CREATE TABLE orders AS SELECT customer_id, purchased_at, amount FROM crm_sample_purchases(2000);
SELECT crm_attach('orders', 'customer_id', 'purchased_at', 'amount', as_of => '2025-12-20');
SELECT crm_report() AS page \gset
SELECT is(sections(:'page'), 'figures retention cohorts segments stages moves ladder forecast clv win-back', 'the sections of a workspace without attachments');
SELECT is(length(:'page'), octet_length(:'page'), 'all of it is ASCII, right in any encoding');
SELECT unalike(:'page'::text, '%class="missing"%', 'nothing is missing');
SELECT ok(:'page'::text !~ '(src|href)="(?!data:,"|#[a-z-]+">)', 'no request') ;
SELECT ok(:'page'::text !~* '<script|javascript:|url\(|@import| on[a-z]+=', 'no script, no style sheet of elsewhere');
SELECT alike(:'page'::text, '<!DOCTYPE html>%default-src ''none''%</html>', 'a document that forbids both');
SELECT cmp_ok(length(:'page'), '<', 200000, 'not large');
SELECT is(crm_report(), :'page'::text, 'the same again gives the same');
SELECT is(crm_report('crm', NULL), :'page'::text, 'no currency is the default');
SELECT alike(section(crm_report('crm', 'CHF'), 'figures'), '%' || (SELECT to_char(round(revenue_12m), 'FM999,999,990') FROM crm.kpis) || ' CHF%', 'a currency');
SELECT unalike(crm_report('crm', '<script>'), '%<script>%', 'which is escaped as well');
SELECT alike(section(:'page', 'retention'), '%Of 100 customers when a month began, ' || (SELECT round(100 - 100.0 * sum(churned) / sum(customers_at_start), 1)
	FROM (SELECT * FROM crm.retention_monthly WHERE complete ORDER BY period_start DESC LIMIT 12) m) || ' were still customers when it ended, on average over the last 12 complete months (Dec 2024 to Nov 2025); %', 'a sentence that says it');
SELECT alike(section(:'page', 'moves'), '%Stages on 20 Sep 2025 and on 20 Dec 2025,%', 'which days are compared');
SELECT alike(section(:'page', 'clv'), '%Expected in the 365 days after 20 Dec 2025,%', 'from which day on');
SELECT alike(section(:'page', 'win-back'), '%brought most in their last active year: ' || (SELECT to_char(round(sum(value_at_stake)), 'FM999,999') FROM (SELECT value_at_stake FROM crm.win_back LIMIT 15) w) || ' together.%', 'how much is at stake');
SELECT is((SELECT count(*) FROM regexp_matches(:'page', '<svg class="chart"', 'g')), (SELECT count(*) FROM regexp_matches(:'page', '<title id=', 'g')), 'every chart has a title');

-- The views of the report alone

SELECT is((SELECT sum(customers) FROM crm.stage_moves), (SELECT count(*) FROM crm.customers)::numeric, 'stage_moves holds every customer once');
SELECT results_eq($$SELECT stage_now, sum(customers)::bigint FROM crm.stage_moves GROUP BY 1 ORDER BY 1$$, $$SELECT stage, customers FROM crm.stages ORDER BY 1$$, 'their stages now are those of stages');
SELECT results_eq($$SELECT stage_before, sum(customers)::bigint FROM crm.stage_moves WHERE stage_before <> 'prospect' GROUP BY 1 ORDER BY 1$$,
	$$SELECT stage, count(*) FROM crm.customers_as_of('2025-09-20') GROUP BY 1 ORDER BY 1$$, 'their stages before those of three months before');
SELECT results_eq($$SELECT rfm_score, stage, sum(customers)::bigint, sum(revenue), sum(clv_12m) FROM crm.population GROUP BY 1, 2 ORDER BY 1, 2$$,
	$$SELECT rfm_score, stage, count(*), sum(spend), sum(round(clv_12m::numeric, 4)) FROM crm.customers GROUP BY 1, 2 ORDER BY 1, 2$$, 'population: customers by score and stage');
SELECT results_eq($$SELECT stage_before, stage, sum(customers)::bigint FROM crm.population GROUP BY 1, 2 ORDER BY 1, 2$$,
	$$SELECT * FROM crm.stage_moves ORDER BY 1, 2$$, 'and by stage before');
SELECT results_eq($$SELECT frequency, customers, round(actual::numeric, 9), known_until, observed_until FROM crm.forecast$$,
	$$SELECT CASE WHEN f > 6 THEN '7+' ELSE f::text END, count(*), round(avg(later), 9), date '2025-09-20', date '2025-12-20'
	FROM (SELECT least(count(DISTINCT day) FILTER (WHERE day <= '2025-09-20') - 1, 7) AS f, count(DISTINCT day) FILTER (WHERE day > '2025-09-20') AS later
		FROM (SELECT customer_id, (purchased_at AT TIME ZONE 'Europe/Berlin')::date AS day FROM orders) o WHERE day <= '2025-12-20' GROUP BY customer_id HAVING min(day) <= '2025-09-20') c
	GROUP BY f ORDER BY f$$, 'forecast: what came, by plain SQL');
SELECT results_eq($$SELECT frequency, expected FROM crm.forecast$$,
	$$SELECT v.frequency, v.expected FROM (SELECT btyd_validate((SELECT btyd_fit('mbg/nbd', history, '2025-09-20') FROM crm.customer_history), history, date '2025-09-20', date '2025-12-20') AS v
		FROM crm.customer_history) a, validation_rows(a.v) AS v$$, 'forecast: what a model expected that knew nothing later');
SELECT is((SELECT clv_12m_total FROM crm.clv_range), (SELECT clv_12m_total FROM crm.kpis), 'clv_range: the sum of kpis');
SELECT ok(low95 < clv_12m_total AND clv_12m_total < high95 AND abs(low95 * high95 / clv_12m_total::float8 ^ 2 - 1) < 1e-9, 'between its limits') FROM crm.clv_range;
-- Against draws from the distribution of the parameters (Cholesky factor, normal deviates by Box and
-- Muller), a tenth as far out as they are likely: the delta method is the limit of small errors.
SELECT setseed(0.5);
CREATE TEMP TABLE draw AS
WITH m AS (SELECT s.purchase_model::jsonb AS p, s.spend_model::jsonb AS s, s.purchase_model, s.spend_model FROM crm.workspace_state s),
z AS (SELECT i, array_agg(0.1 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) ORDER BY k) AS z FROM generate_series(1, 400) i, generate_series(1, 7) k GROUP BY i)
SELECT i, z FROM z;
CREATE FUNCTION cholesky(c jsonb) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
	n int := jsonb_array_length(c);
	l float8[] := array_fill(0::float8, ARRAY[n, n]);
	s float8;
BEGIN
	FOR i IN 1..n LOOP
		FOR j IN 1..i LOOP
			s := (c -> (i - 1) ->> (j - 1))::float8;
			FOR k IN 1..j - 1 LOOP s := s - l[i][k] * l[j][k]; END LOOP;
			l[i][j] := CASE WHEN i = j THEN sqrt(s) ELSE s / l[j][j] END;
		END LOOP;
	END LOOP;
	RETURN l;
END
$$;
SELECT ok(abs(10 * drawn / relative_error - 1) < 0.12, 'the delta method says what small draws say: ' || round((10 * drawn / relative_error)::numeric, 2))
FROM crm.clv_range, (
	SELECT stddev(ln(total)) AS drawn FROM (
		SELECT d.i, sum(clv(btyd_model('mbg/nbd', ARRAY[p1, p2, p3, p4]), spend_model(ARRAY[s1, s2, s3]), h.history, date '2025-12-20')) AS total
		FROM (SELECT d.i,
				(p.v[1] + l[1][1] * z[1]) AS p1, (p.v[2] + l[2][1] * z[1] + l[2][2] * z[2]) AS p2,
				(p.v[3] + l[3][1] * z[1] + l[3][2] * z[2] + l[3][3] * z[3]) AS p3,
				(p.v[4] + l[4][1] * z[1] + l[4][2] * z[2] + l[4][3] * z[3] + l[4][4] * z[4]) AS p4,
				(s.v[1] + k[1][1] * z[5]) AS s1, (s.v[2] + k[2][1] * z[5] + k[2][2] * z[6]) AS s2,
				(s.v[3] + k[3][1] * z[5] + k[3][2] * z[6] + k[3][3] * z[7]) AS s3
			FROM draw d, (SELECT cholesky(purchase_model::jsonb -> 'covariance') AS l, cholesky(spend_model::jsonb -> 'covariance') AS k,
					purchase_model::text::json -> 'params' AS pp, spend_model::text::json -> 'params' AS sp FROM crm.workspace_state OFFSET 0) m,
				LATERAL (SELECT array_agg(value::float8 ORDER BY n) AS v FROM json_each_text(m.pp) WITH ORDINALITY AS e(name, value, n)) AS p,
				LATERAL (SELECT array_agg(value::float8 ORDER BY n) AS v FROM json_each_text(m.sp) WITH ORDINALITY AS e(name, value, n)) AS s) d,
			crm.customer_history h
		GROUP BY d.i) t) AS a;

-- Where something is missing

CREATE TABLE sparse (id text, at date, total numeric);
SELECT crm_attach('sparse', 'id', 'at', 'total', workspace => 'empty', as_of => '2025-06-30');
SELECT crm_attach('sparse', 'id', 'at', 'total', workspace => 'unfilled', fill => false);
SELECT is(sections(crm_report(ws)), 'figures retention cohorts segments stages moves ladder forecast clv win-back', ws || ': still all sections')
FROM (VALUES ('empty'::name), ('unfilled')) AS v(ws);
SELECT alike(section(crm_report('empty'), 'retention'), '%No month to look at yet.%', 'which say what is missing');
INSERT INTO sparse VALUES ('<script>alert(1)</script>', '2025-01-01', NULL);
SELECT crm_refresh('empty');
SELECT crm_report('empty') AS page \gset
SELECT is(sections(:'page'), 'figures retention cohorts segments stages moves ladder forecast clv win-back', 'one customer, one purchase of unknown value');
SELECT alike(section(:'page', 'clv'), '%There is no model%', 'no model');
SELECT alike(section(:'page', 'win-back'), '%&lt;script&gt;alert(1)&lt;/script&gt;%', 'a customer whose id is a script');
SELECT unalike(:'page'::text, '%<script%', 'does no harm');
SELECT crm_attach('orders', 'customer_id', 'purchased_at', workspace => 'no_amounts', as_of => '2025-12-20', active_days => NULL);
SELECT crm_report('no_amounts') AS page \gset
SELECT alike(section(:'page', 'figures'), '%no amounts%', 'no amounts, the calendar method');
SELECT alike(:'page'::text, '%The workspace has no amounts: money is not shown.%', 'the foot says it');
SELECT alike(section(:'page', 'segments'), '%The largest segment is ' || (SELECT segment || ': ' || round(customer_share::numeric, 1) FROM no_amounts.segments ORDER BY customers DESC LIMIT 1) || ' \% of the customers.%', 'no sentence about money');
SELECT alike(section(:'page', 'win-back'), '%The 15 customers below are late or silent. %', 'nor here');
INSERT INTO sparse VALUES ('b', '2025-01-03', 10), ('b', '2025-03-03', 10), ('c', '2025-03-04', 10);
SELECT crm_refresh('empty', refit => true);
SELECT alike(section(crm_report('empty'), 'figures'), '%discounted at 10 \% a year; the model is not reliable yet, so there is no range%', 'a model of three customers');
SELECT alike(section(crm_report('empty'), 'cohorts'), '%Of 100 customers, 0 bought again in the month after their first.%', 'months that nobody has reached are not spoken of');
SELECT ok(:'page'::text !~ '>[^<]*\m(NaN|NULL|Infinity)\M', 'no trace of a figure that is none');

-- Whose rights count

CREATE ROLE report_reader;
SELECT is(failure('SELECT crm_report(''nowhere'')'), failure('SELECT crm_refresh(''nowhere'')'), 'no such workspace: as crm_refresh says it');
SELECT alike(failure('SELECT crm_report(''nowhere'')'), '55000 | there is no workspace "nowhere" | Workspaces: %', 'with a hint');
SELECT is(left(failure('SELECT crm_report(NULL)'), 5), '55000', 'NULL is none either');
SELECT is(failure('SELECT crm_report(currency => ''public.orders'')'), '22023 | currency "public.orders" is too long | A code of three letters, such as EUR, is put behind each sum, a symbol of up to ten characters before it.', 'no currency');
SET LOCAL ROLE report_reader;
SELECT is(failure('SELECT crm_report()'), '42501 | permission denied for workspace "crm" | Its owner can run: GRANT USAGE ON SCHEMA crm TO report_reader.', 'no right at all');
RESET ROLE;
GRANT USAGE ON SCHEMA crm TO report_reader;
GRANT SELECT ON crm.kpis, crm.segments, crm.stages, crm.retention_monthly TO report_reader;
SELECT (regexp_match(crm_report(), '<table[^>]*?data-view="segments".*?</table>'))[1] AS by_owner \gset
SET LOCAL ROLE report_reader;
SELECT crm_report() AS page \gset
RESET ROLE;
SELECT alike(section(:'page', 'ladder'), '%you have no right to read%', 'what may not be read says so');
SELECT alike(section(:'page', 'clv'), '%you have no right to read%', 'customers neither');
SELECT ok(position(:'by_owner' IN :'page') > 0, 'segments come from their view, the same');
SELECT alike(section(:'page', 'figures'), '%' || (SELECT to_char(round(clv_12m_total), 'FM999,999,990') FROM crm.kpis) || '%', 'the value of the base from kpis');
SELECT crm_report() AS with_population \gset
DROP VIEW crm.population;
SELECT is(crm_report(), :'with_population'::text, 'a workspace without the view of one pass, as of an older version: the same page');
DROP VIEW crm.ladder;
SELECT alike(section(crm_report(), 'ladder'), '%this workspace has no view for it%', 'a workspace without a view, as of an older version');

-- What is attached: sections appear with the views.

SELECT (regexp_match(crm_report('crm', 'EUR'), '<table[^>]*?data-view="stages".*?</table>'))[1] AS bought \gset
\ir include/attached.sql

SELECT crm_report('crm', 'EUR') AS page \gset
SELECT alike(sections(:'page'), '% win-back mrr', 'subscriptions: a section');
SELECT cmp_ok((SELECT count(*) FROM crm.customers), '>', (SELECT sum(customers) FROM crm.stages)::bigint, 'customers has rows of who never bought,');
SELECT is((regexp_match(:'page', '<table[^>]*?data-view="stages".*?</table>'))[1], :'bought'::text, 'who is in no stage');
SELECT alike(section(:'page', 'mrr'), '%' || (SELECT format('%s EUR a month at the end of Nov 2025, from %s customers. ', to_char(mrr_end, 'FM9,999'), customers_end) FROM crm.mrr_monthly WHERE period_start = '2025-11-01')
	|| '%Of the customers of a year ago, ' || (SELECT format('%s %% left; of their money, %s %% is left, %s %% with', round(logo_churn_rate_12m::numeric, 1), round(gross_retention_12m::numeric, 1), round(net_retention_12m::numeric, 1)) FROM crm.kpis) || '%',
	'revenue at the end of the last month that is over, and what is left of a year ago');
SELECT is((SELECT count(*) FROM regexp_matches(section(:'page', 'mrr'), '\(not over yet\)', 'g')), 1::bigint, 'the month that is not over is named');

SELECT crm_report('shop', 'EUR') AS page \gset
SELECT alike(sections(:'page'), '% win-back acquisition referrals products funnel conversation campaigns', 'a section for each');
SELECT ok(:'page'::text !~ '<(b|i|jam)>', 'names of channels and products are escaped');
SELECT alike(section(:'page', 'acquisition'), '%Winning a customer cost ' || (SELECT round(sum(cost) / sum(customers), 2) FROM shop.acquisition) || ' EUR on average; '
	|| (SELECT report_escape(channel) || ' returns most: ' || round(ltv_to_cac::numeric, 1) FROM shop.acquisition WHERE ltv_to_cac IS NOT NULL ORDER BY ltv_to_cac DESC LIMIT 1) || ' times what it costs.%', 'cost per customer over all channels');
SELECT ok(:'page'::text LIKE '%<th scope="row" role="rowheader">unknown</th><td%<th scope="row" role="rowheader">poster</th><td role="cell">0</td><td role="cell">500</td><td role="cell">&ndash;</td>%', 'customers of an unknown channel, a channel without customers');
SELECT alike(section(:'page', 'referrals'), '%' || (SELECT count(*) FILTER (WHERE direct_referrals > 0) || ' people referred ' || to_char(sum(direct_referrals), 'FM9,999') || ' others; ' FROM shop.referrals)
	|| (SELECT round(100 * conversion_rate::numeric, 1) || ' %% of those referred became customers, ' FROM shop.lead_conversion WHERE leads_are = 'referred')
	|| (SELECT round(100 * conversion_rate::numeric, 1) || ' %% of those who came on their own' FROM shop.lead_conversion WHERE leads_are = 'other') || '%', 'referrals');
SELECT is((regexp_match(:'page', 'data-view="best_offers".*?<tbody[^>]*><tr[^>]*><th[^>]*>(.*?)</th><td[^>]*>(\d+)</td>')), (SELECT ARRAY[report_escape(product_id), count(*)::text]
	FROM shop.next_products n WHERE position = (SELECT min(position) FROM shop.next_products o WHERE o.customer_id = n.customer_id) GROUP BY product_id ORDER BY count(*) DESC, product_id LIMIT 1), 'what to offer next');
SELECT alike(section(:'page', 'funnel'), 'How far leads get%Of ' || (SELECT sum(leads) FROM shop.funnel WHERE step = 1) || ' leads with the step awareness, '
	|| (SELECT round(100 * sum(leads) FILTER (WHERE step = 3) / sum(leads) FILTER (WHERE step = 1), 1) FROM shop.funnel) || ' %%; by ' || (SELECT report_escape(channel) || ' most: ' || round(100 * conversion_rate::numeric, 1)
	FROM shop.funnel WHERE step = 3 AND channel IS NOT NULL ORDER BY conversion_rate DESC LIMIT 1) || ' %%', 'the funnel');
SELECT alike(section(:'page', 'campaigns'), '%' || (SELECT format('%s did best: %s of 100 contacts converted, %s points more than in the control group (95 %%: %s to %s).', report_escape(variant), round(100 * conversion_rate::numeric, 1), round(100 * difference::numeric, 1),
	round(100 * lower95::numeric, 1), round(100 * upper95::numeric, 1)) FROM shop.campaigns ORDER BY difference DESC NULLS LAST LIMIT 1) || '%nobody (control)%', 'a campaign against its control group');
SELECT alike(section(:'page', 'conversation'), '%' || (SELECT count(*) FILTER (WHERE relationship_level IN ('collaborative', 'interconnected')) || ' customers buy again and get in touch; ' || count(*) FILTER (WHERE is_contacted_too_often)
	FROM shop.engagement) || ' were contacted too often: more than 1 in 60 days.%', 'interactions');
TRUNCATE mailings, lines;
SELECT crm_refresh('shop', refit => true);
SELECT alike(section(crm_report('shop'), 'campaigns'), '%There are no rows.%', 'attached and empty');
SELECT alike(section(crm_report('shop'), 'products'), '%No two products are bought together%', 'nothing that goes together');
GRANT USAGE ON SCHEMA shop TO report_reader;
GRANT SELECT ON shop.kpis, shop.engagement TO report_reader;
SET LOCAL ROLE report_reader;
SELECT crm_report('shop') AS page \gset
RESET ROLE;
SELECT ok(section(:'page', 'conversation') ~ 'were contacted too often\.' AND section(:'page', 'funnel') ~ 'you have no right', 'an attachment that may be read, one that may not');

-- Relocation

SELECT crm_report() AS page \gset
CREATE SCHEMA "the ""extension""";
ALTER SCHEMA crm RENAME TO "my ""crm""";
ALTER EXTENSION crm_ext SET SCHEMA "the ""extension""";
SET LOCAL search_path = '';
SELECT "the ""extension""".crm_report('my "crm"') AS moved \gset
SET LOCAL search_path = public;
SELECT is(replace(:'moved', 'workspace my &quot;crm&quot;', 'workspace crm'), :'page'::text, 'the same from another schema, of a renamed workspace, under an empty search_path');

SELECT * FROM finish();
ROLLBACK;
