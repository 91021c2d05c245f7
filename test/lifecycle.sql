-- Lifecycle: every rule at its boundary, both forms, rules of one's own.
BEGIN;
SELECT no_plan();

-- The definition in plain SQL, on the purchase days of a customer. First rule that holds.
CREATE FUNCTION pg_temp.stage(days date[], as_of date, dormant int = 180, lost int = 365, factor float8 = 2, typical float8 = 60,
	loyal int = 4, after int = 30, warning int = 30) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN n = 0 THEN 'prospect'
		WHEN g >= lost THEN 'lost'
		WHEN g >= dormant THEN 'dormant'
		WHEN g > greatest(factor * CASE WHEN n < 3 THEN typical ELSE own END, after) OR g >= dormant - warning THEN 'at_risk'
		WHEN latest_gap >= dormant THEN 'reactivated'
		WHEN n = 1 THEN 'new'
		WHEN n >= loyal THEN 'loyal'
		ELSE 'developing' END
	FROM (SELECT count(*) AS n, as_of - max(d) AS g, percentile_cont(.5) WITHIN GROUP (ORDER BY gap) AS own,
			(array_agg(gap ORDER BY d DESC))[1] AS latest_gap
		FROM (SELECT d, (d - lag(d) OVER (ORDER BY d))::float8 AS gap
			FROM (SELECT DISTINCT d FROM unnest(days) d WHERE d <= as_of) s) s) s
$$;

-- n purchase days, the last `gap` days after the one before, these 10 days apart; seen g days later.
CREATE FUNCTION pg_temp.at(n int, gap int, g int, rules lifecycle_rules = lifecycle_rules()) RETURNS text LANGUAGE sql AS $$
	SELECT lifecycle_stage(history_agg(d), date '2024-06-01' + g, rules)::text
	FROM (SELECT CASE WHEN i = 1 THEN date '2024-06-01' ELSE date '2024-06-01' - gap - 10 * (i - 2) END AS d FROM generate_series(1, n) i) s
$$;
SELECT is(pg_temp.at(n, gap, g), stage, format('%s purchase days, latest gap %s, %s days ago: %s', n, gap, g, stage))
FROM (VALUES
	(0, 0, 0, 'prospect'),
	(1, 0, 0, 'new'), (1, 0, 120, 'new'), (1, 0, 121, 'at_risk'),           -- 2 x 60
	(1, 0, 179, 'at_risk'), (1, 0, 180, 'dormant'), (1, 0, 364, 'dormant'), (1, 0, 365, 'lost'), (1, 0, 10000, 'lost'),
	(2, 10, 0, 'developing'), (2, 10, 120, 'developing'), (2, 10, 121, 'at_risk'),  -- two purchase days: still rules.typical_gap
	(3, 10, 30, 'developing'), (3, 10, 31, 'at_risk'),                       -- typical 10: at_risk_after decides
	(4, 10, 30, 'loyal'), (4, 10, 31, 'at_risk'), (5, 10, 0, 'loyal'),
	(3, 70, 80, 'developing'), (3, 70, 81, 'at_risk'),                       -- gaps 10 and 70: typical 40
	(3, 179, 149, 'developing'), (3, 179, 150, 'at_risk'),                   -- 180 - 30
	(3, 180, 0, 'reactivated'), (2, 180, 0, 'reactivated'), (9, 200, 0, 'reactivated'), (2, 179, 0, 'developing'),
	(2, 180, 120, 'reactivated'), (2, 180, 121, 'at_risk'), (4, 500, 30, 'at_risk'), (4, 500, 20, 'reactivated')
) v(n, gap, g, stage)
WHERE NOT (n = 4 AND gap = 500 AND g = 30);
SELECT is(pg_temp.at(4, 500, 30), 'reactivated', 'at 30 days, not beyond');
SELECT is(pg_temp.at(4, 500, 31), 'at_risk', 'at 31 days');

SELECT is(lifecycle_stage(NULL::purchase_history, '2024-01-01')::text, 'prospect', 'no history');
SELECT is(lifecycle_stage(''::purchase_history, '2024-01-01')::text, 'prospect', 'an empty history');
SELECT is(lifecycle_stage('2024-01-01*0:-5'::purchase_history, '2024-01-01')::text, 'prospect', 'refunds only');
SELECT is(lifecycle_stage('2024-01-02'::purchase_history, '2024-01-01')::text, 'prospect', 'nothing bought yet');
SELECT is(lifecycle_stage('2024-01-01, 2025-01-01'::purchase_history, '2024-01-01')::text, 'new', 'what comes later does not count');
SELECT is(lifecycle_stage('2024-01-01'::purchase_history, NULL), NULL, 'as_of NULL');
SELECT is(lifecycle_stage('2024-01-01'::purchase_history, '2024-01-01', NULL), NULL, 'rules NULL');
SELECT is(lifecycle_stage(h => '2024-01-01', as_of => '2024-01-01', rules => lifecycle_rules())::text, 'new', 'by name');
SELECT is(enum_range(NULL::customer_stage)::text, '{prospect,new,developing,loyal,reactivated,at_risk,dormant,lost}', 'the order of the stages');

-- Random histories: both forms and the definition.
SELECT setseed(.75);
CREATE TEMP TABLE life AS
SELECT c, array_agg(date '2022-01-01' + floor(random() ^ 2 * span)::int) AS days
FROM (SELECT c, 30 + (c % 40) * 50 AS span, 1 + c % 9 AS n FROM generate_series(1, 100000) c) s, generate_series(1, n)
GROUP BY c;
CREATE TEMP TABLE lives AS
SELECT c, days, h, date '2022-06-01' + (random() * 1500)::int AS d FROM life, LATERAL (SELECT history_agg(x) AS h FROM unnest(days) x) h;
SELECT is((SELECT count(*) FROM (SELECT lifecycle_stage(h, d) AS a,
		lifecycle_stage(first_purchase(p), last_purchase(p), previous_purchase(p), purchase_days(p), typical_gap(p), d) AS b
		FROM (SELECT *, as_of(h, d) AS p FROM lives) s) s WHERE a = b), 100000::bigint, 'both forms agree on 100,000 random histories');
SELECT is((SELECT count(*) FROM lives WHERE c <= 20000 AND lifecycle_stage(h, d)::text <> pg_temp.stage(days, d)), 0::bigint, '20,000 of them as defined');
SELECT is((SELECT count(DISTINCT lifecycle_stage(h, d)) FROM lives), 8::bigint, 'every stage occurs');
SELECT is((SELECT count(*) FROM lives WHERE c <= 20000 AND lifecycle_stage(h, d, lifecycle_rules(90, 200, 1.5, 45, 3, 10, 15))::text
	<> pg_temp.stage(days, d, 90, 200, 1.5, 45, 3, 10, 15)), 0::bigint, 'and by other rules');
SELECT is((SELECT count(*) FROM lives WHERE lifecycle_stage(h, d) <> lifecycle_stage(as_of(h, d), d)), 0::bigint, 'as_of first is the same');

-- Nobody turns dormant without having been at risk: the day before dormant is at_risk, always.
SELECT is((SELECT count(*) FROM (
		SELECT lifecycle_stage(h, x) AS today, lifecycle_stage(h, x - 1) AS before
		FROM lives, LATERAL generate_series(0, 700) i, LATERAL (SELECT date '2022-01-01' + i AS x) x WHERE c <= 300) s
	WHERE today = 'dormant' AND before NOT IN ('at_risk', 'dormant')), 0::bigint, 'dormant only after at_risk');

-- Plain columns -----------------------------------------------------------------

SELECT is(lifecycle_stage(NULL, NULL, NULL, NULL, NULL, '2024-01-01')::text, 'prospect', 'all NULL');
SELECT is(lifecycle_stage(NULL, NULL, NULL, 0, NULL, '2024-01-01')::text, 'prospect', 'no purchase days');
SELECT is(lifecycle_stage('2024-01-01', '2024-01-01', NULL, 1, NULL, NULL), NULL, 'plain: as_of NULL');
SELECT is(lifecycle_stage('2024-01-01', '2024-01-01', NULL, 1, NULL, '2024-01-01', NULL), NULL, 'plain: rules NULL');
SELECT is(lifecycle_stage('2024-01-01', '2024-01-01', NULL, NULL, NULL, '2024-01-01'), NULL, 'purchase_days unknown');
SELECT is(lifecycle_stage('2023-01-01', '2024-01-01', NULL, 2, NULL, '2024-01-01'), NULL, 'previous_purchase unknown');
SELECT is(lifecycle_stage('2023-01-01', '2024-01-01', '2023-12-01', 3, NULL, '2024-01-01'), NULL, 'typical_gap unknown');
SELECT is(lifecycle_stage('2023-01-01', NULL, NULL, 3, NULL, '2024-01-01'), NULL, 'last_purchase unknown');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '2024-01-02', NULL, 1, NULL, '2024-01-01')$$, '22023',
	'last_purchase must not be after as_of: it is 1 days later', 'last_purchase after as_of');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-03', '2024-01-02', NULL, 1, NULL, '2024-01-04')$$, '22023', NULL, 'first after last');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '2024-01-02', '2024-01-03', 2, 1, '2024-01-04')$$, '22023', NULL, 'previous after last');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '2024-01-02', NULL, -1, NULL, '2024-01-04')$$, '22023', NULL, 'purchase_days negative');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '2024-01-02', '2024-01-01', 3, 'NaN', '2024-01-04')$$, '22023', NULL, 'typical_gap NaN');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '2024-01-02', '2024-01-01', 3, -1, '2024-01-04')$$, '22023', NULL, 'typical_gap negative');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '2024-01-02', '2024-01-01', 3, 'infinity', '2024-01-04')$$, '22023', NULL, 'typical_gap infinite');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '-infinity', NULL, 1, NULL, '2024-01-04')$$, '22008', NULL, 'last_purchase infinite');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '2024-01-01', NULL, 1, NULL, 'infinity')$$, '22008', NULL, 'plain: as_of infinite');
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01'::purchase_history, '-infinity')$$, '22008', NULL, 'as_of infinite');
SELECT is(lifecycle_stage('4713-01-01 BC'::purchase_history, '5874897-12-31')::text, 'lost', 'the ends of the calendar');

-- Rules -------------------------------------------------------------------------

SELECT is(lifecycle_rules()::text, '(180,365,2,60,4,30,30)', 'the rules unless said');
SELECT is((lifecycle_rules(lost_after => 400)).lost_after, 400, 'rules by name');
SELECT is(lifecycle_rules(NULL), NULL, 'lifecycle_rules is strict');
SELECT throws_ok('SELECT lifecycle_rules(' || r || ')', '22023', NULL, 'no rules: ' || r)
FROM unnest(ARRAY['0', '-1', '365', '366', '180, 180', '180, 100', '180, 365, 0', '180, 365, -1', '180, 365, ''NaN''', '180, 365, ''infinity''',
	'180, 365, 2, 0', '180, 365, 2, ''NaN''', '180, 365, 2, 60, 0', '180, 365, 2, 60, 4, -1', '180, 365, 2, 60, 4, 30, -1']) r;
SELECT throws_ok('SELECT lifecycle_stage(NULL::purchase_history, ''2024-01-01'', ' || r || ')', '22023', NULL, 'made up rules are checked when used: ' || r)
FROM unnest(ARRAY['(0,365,2,60,4,30,30)', '(180,180,2,60,4,30,30)', '(180,365,''NaN'',60,4,30,30)', '(180,365,2,60,NULL,30,30)']) r;
SELECT throws_ok('SELECT lifecycle_stage(NULL, NULL, NULL, 0, NULL, ''2024-01-01'', (0,365,2,60,4,30,30))', '22023', NULL, 'plain: made up rules are checked too');
CREATE TEMP TABLE own_rules AS SELECT i, lifecycle_rules(100 + i, 365) AS r FROM generate_series(0, 2) i;
SELECT results_eq($$SELECT lifecycle_stage('2024-01-01'::purchase_history, date '2024-01-01' + 101, r)::text FROM own_rules ORDER BY i$$,
	$$VALUES ('dormant'), ('dormant'), ('at_risk')$$, 'rules from a table, changing from row to row');

SAVEPOINT renamed;
ALTER TYPE customer_stage RENAME VALUE 'lost' TO 'gone';
SELECT throws_ok($$SELECT lifecycle_stage('2024-01-01', '2026-01-01')$$, '42704', NULL, 'a stage that somebody renamed');
ROLLBACK TO renamed;
SELECT is(lifecycle_stage('2024-01-01', '2026-01-01'), 'lost', 'and back');

SELECT * FROM finish();
ROLLBACK;
