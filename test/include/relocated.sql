-- For test/catalog.sql: calls into each room with everything qualified by :crm, a quoted schema
-- name, and the search_path empty. Leaves their answers in :answers, one a line.
SET LOCAL search_path = '';

SELECT string_agg(room || ' ' || coalesce(answer, 'NULL'), E'\n' ORDER BY room) AS answers
FROM (
	SELECT 'history', :crm.purchase_days(h) || ' ' || :crm.purchases(h) || ' ' || :crm.spend(h)
		|| ' ' || (h OPERATOR(:crm.||) h)::text
		|| ' ' || (h OPERATOR(:crm.=) h::text:::crm.purchase_history)::text
		|| ' ' || :crm.frequency(h, date '2024-12-31')
	FROM (SELECT :crm.history_agg(d, a) AS h
		FROM (VALUES (date '2024-01-01', numeric '10.50'), (date '2024-01-01', numeric '2'),
			(date '2024-03-01', numeric '7')) AS v(d, a)) AS one
	UNION ALL
	SELECT 'retention', :crm.crr(100, 90, 20) || ' ' || :crm.churn_rate(h, daterange('2024-02-01', '2024-03-02'), 90)
		|| ' ' || :crm.crr(h, daterange('2024-02-01', '2024-03-02'), 90)
		|| ' ' || :crm.crr(true, true)
	FROM (VALUES ('2024-01-15:3'::text:::crm.purchase_history)) AS v(h)
	UNION ALL
	SELECT 'series', :crm.retention_agg(h, b, NULL)::text || E'\n' || :crm.cohort_agg(h, b)::text || E'\n' || :crm.ladder_agg(h, '2024-03-31')::text
	FROM (VALUES ('2024-01-15:3'::text:::crm.purchase_history), ('2024-01-20:5, 2024-02-02:7')) AS v(h),
		LATERAL :crm.periods('2024-01-01', '2024-03-31', '1 month') AS b
	UNION ALL
	SELECT 'survival', points::text || ' ' || :crm.survival_at(points, 2.5) || ' ' || :crm.median_survival(points)
	FROM (SELECT :crm.kaplan_meier(d::float8, true) AS points FROM pg_catalog.generate_series(1, 4) AS d) AS k
	UNION ALL
	SELECT 'subscription', s::text || ' ' || (s OPERATOR(:crm.=) s)::text || ' ' || :crm.mrr_agg(s, '{2024-01-01,2024-02-01}')::text
	FROM (SELECT :crm.subscription_agg(daterange('2024-01-05', '2024-03-01'), 9.5) AS s) AS one GROUP BY s
	UNION ALL
	SELECT 'top share', :crm.top_share(v::float8)::text FROM pg_catalog.generate_series(1, 10) AS v
	UNION ALL
	SELECT 'book', string_agg(found, ' ' ORDER BY found)
	FROM (
		SELECT customer_id || '=' || history
		FROM :crm.histories((SELECT :crm.book_agg(id, d, a) FROM (VALUES
			(7::bigint, date '2024-01-01', numeric '10.50'), (8, '2024-03-01', '7')) AS v(id, d, a)), NULL::bigint)
		UNION ALL
		SELECT customer_id || '=' || history
		FROM :crm.histories_of('VALUES (''x'', timestamptz ''2024-01-01 12:00Z'', 3.5)', NULL::text, 'UTC')) AS b(found)
	UNION ALL
	SELECT 'rfm', cuts || ' ' || :crm.rfm_score(cuts, date '2024-03-01', 2, 10)
		|| ' ' || (SELECT string_agg(score::text, ' ' ORDER BY score) FROM (SELECT :crm.rfm_score(d, n, m) OVER () AS score
			FROM (VALUES (date '2024-01-01', 1::bigint, 5::numeric), ('2024-03-01', 2, 10)) AS v(d, n, m)) AS s)
	FROM (SELECT :crm.rfm_cuts_agg(d, n, m) AS cuts
		FROM (VALUES (date '2024-01-01', 1::bigint, 5::numeric), ('2024-03-01', 2, 10)) AS v(d, n, m)) AS c
	UNION ALL
	SELECT 'segments', :crm.rfm_segment(555) || ' ' || count(*) FROM :crm.rfm_default_rules()
	UNION ALL
	SELECT 'lifecycle', :crm.lifecycle_stage(h, '2024-12-31') || ' '
		|| :crm.lifecycle_stage(h, '2024-12-31', :crm.lifecycle_rules(lost_after => 200))
	FROM (VALUES ('2024-04-15:3'::text:::crm.purchase_history)) AS v(h)
	UNION ALL
	SELECT 'sample', count(*) || ' ' || sum(amount) FROM :crm.crm_sample_purchases(customers => 10)
	UNION ALL
	SELECT 'rfm ids', (:crm.rfm_cuts_agg(date '2024-01-01', 1, 2.5, 5, 'a'::text))::text
	UNION ALL
	SELECT 'report', :crm.report_page('{"kpis": [{"customers": 5}], "stage_moves": [{"stage_before": "new", "stage_now": "lost", "customers": 3}]}', 'w', 'EUR')
		|| :crm.chart_bars('{x}', '{1}', '{1}', '{a}')
	UNION ALL
	SELECT 'rfm rules', count(*)::text FROM :crm.rfm_rules
	UNION ALL
	SELECT 'top_share', :crm.top_share(v::float8)::text || ' ' || :crm.top_share(v, 0.5) FROM generate_series(1, 4) v
	UNION ALL
	SELECT 'referral', g::text || ' ' || (g OPERATOR(:crm.=) g)::text || ' ' || :crm.referral_left_out(g) || ' '
		|| (SELECT sum(crv) FROM :crm.referral_values(g, NULL::bigint)) || ' ' || :crm.value_quadrant(1, 2, 3, 1)
	FROM (SELECT :crm.referral_agg(2, 1, 5) AS g) AS one GROUP BY g
	UNION ALL
	SELECT 'expansion', c::text || ' ' || (SELECT sum(together) FROM :crm.affinity(c, NULL::bigint)) || ' '
		|| (SELECT string_agg(product::text, ' ') FROM :crm.next_products(c, '{1}'::bigint[])) || ' '
		|| (SELECT string_agg(customer_id || '=' || product, ' ') FROM :crm.next_products(c, 'VALUES (''x'', 2)', NULL::text, NULL::bigint)) || ' '
		|| :crm.spend_trend('2024-01-01:1, 2024-06-01:2, 2024-11-01:9', '2024-12-31')
	FROM (SELECT :crm.affinity_agg(i, p) AS c FROM (VALUES (1, 1), (1, 2), (2, 3)) AS v(i, p)) AS one
	UNION ALL
	SELECT 'clv', :crm.clv(100, 0.8, 0.1)::numeric(20, 6)::text
	UNION ALL
	SELECT 'acquisition', :crm.funnel_agg('1 day', at, 1) || ' ' || :crm.payback_periods(:crm.cac(100, 2), 40, 1, 0) || ' ' || :crm.profit_gain(0.5, 0.25, 0.25)
	FROM (VALUES (timestamptz '2024-01-01Z')) AS v(at)
	UNION ALL
	SELECT 'reactivation', :crm.silence_probability('2024-04-15', '2024-04-15') || ' ' || :crm.uplift(t, t)::text || ' ' || :crm.uplift(t, v)::text
	FROM (VALUES (true, 1::float8), (true, 2), (false, 1), (false, 1.5)) AS v(t, v)
	UNION ALL
	SELECT 'conversation', e::text || ' ' || (e OPERATOR(:crm.=) e::text:::crm.engagement)::text || ' ' || :crm.response_rate(e, '1 day', '2024-12-31') || ' ' || :crm.relationship_level(e, '2024-01-01', '2024-12-31')
		|| ' ' || (SELECT count(*) FROM :crm.relationship_rules) || ' ' || (SELECT count(*) FROM :crm.relationship_default_rules()) || ' ' || (SELECT :crm.nps(s) || ' ' || :crm.nps_margin(s) FROM (VALUES (9), (1)) AS v(s))
	FROM (SELECT :crm.engagement_agg(timestamptz '2024-01-01Z', 'outbound', 'email', 'offer', 'UTC') AS e) AS one
) AS asked(room, answer) \gset

-- rfm_segment and relationship_level read the tables beside them, wherever they are.
SAVEPOINT before_rules;
INSERT INTO :crm.rfm_rules VALUES (1, 'Everybody', 1, 5, 1, 5, 1, 5, 'Be kind.');
INSERT INTO :crm.relationship_rules (position, level) VALUES (1, 'friend');
SELECT :'answers' || E'\nlevel ' || :crm.relationship_level(NULL, NULL, '2024-12-31') || E'\nrules ' || :crm.rfm_segment(111) AS answers \gset
ROLLBACK TO before_rules;

SET LOCAL search_path = public;
