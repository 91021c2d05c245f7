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
	SELECT 'clv', :crm.clv(100, 0.8, 0.1)::numeric(20, 6)::text
) AS asked(room, answer) \gset

SET LOCAL search_path = public;
