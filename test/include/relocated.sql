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
	SELECT 'rfm', :crm.rfm_score(k, date '2024-01-02', 3, 4) || ' ' || :crm.rfm_score(k, h, date '2024-12-31')
		|| ' ' || (k OPERATOR(:crm.=) k::text:::crm.rfm_cuts)::text
		|| ' ' || (SELECT :crm.rfm_cuts_agg(date '2024-01-01', 1, 2.5, 5, 'a'::text))::text
		|| ' ' || (SELECT :crm.rfm_score(date '2024-01-01', 1, 2.5) OVER ())
	FROM (VALUES (:crm.rfm_cuts('{2024-01-01}', '{2}', '{1.5}'), '2024-01-15:3'::text:::crm.purchase_history)) AS v(k, h)
	UNION ALL
	SELECT 'segments', :crm.rfm_segment(555) || ' ' || (SELECT count(*) FROM :crm.rfm_default_rules())
		|| ' ' || (SELECT count(*) FROM :crm.rfm_rules)
	UNION ALL
	SELECT 'lifecycle', :crm.lifecycle_stage('2024-01-15:3'::text:::crm.purchase_history, date '2024-02-01')
		|| ' ' || :crm.lifecycle_stage(NULL, NULL, NULL, 0, NULL, date '2024-02-01', :crm.lifecycle_rules(10, 20))
	UNION ALL
	SELECT 'top_share', :crm.top_share(v)::text || ' ' || :crm.top_share(v, 0.5) FROM generate_series(1, 4) v
	UNION ALL
	SELECT 'clv', :crm.clv(100, 0.8, 0.1)::numeric(20, 6)::text
) AS asked(room, answer) \gset

SET LOCAL search_path = public;
