-- Attached referrals: a forest of 450 leads against a recursive query.
BEGIN;
SELECT no_plan();
\ir include/attachments.sql

CREATE TABLE shop.invitations (lead bigint, by int, at date);
INSERT INTO shop.invitations SELECT i, nullif(i / 3, 0), date '2024-01-01' + i % 50 FROM generate_series(1, 450) i WHERE i % 7 > 0;
INSERT INTO shop.invitations SELECT i, NULL, NULL FROM generate_series(501, 520) i;
INSERT INTO shop.invitations VALUES (NULL, 1, NULL), (9, 9, NULL), (9, 400, '2026-01-01'), (30, 2003, '2025-12-31'), (600, 2003, '2025-12-31');
SELECT is(failure($$SELECT crm_attach_referrals('shop.invitations', 'lead', 'by')$$),
	'42804 | column "lead" of relation "shop.invitations" has type bigint, where workspace "crm" has ids of type integer | Attach a view that casts it: CREATE VIEW ... AS SELECT lead::integer AS lead, ... FROM shop.invitations.', 'ids that might not fit');
ALTER TABLE shop.invitations ALTER lead TYPE integer;
SELECT lives_ok($$SELECT crm_attach_referrals('shop.invitations', referred => 'lead', referrer => 'by', referred_at => 'at', decay => 0.3, max_depth => 3,
	joined_anyway => 0.1, acquisition_saving => 2, reward_cost => 0.5, margin => 0.4)$$, 'referrals are attached');
SELECT is((SELECT rows_seen || ' ' || rows_left_out FROM crm.attachments WHERE kind = 'referrals'), (SELECT count(*) || ' 1' FROM shop.invitations), 'a row without a lead is left out');
SELECT results_eq('SELECT customer_id, round(value::numeric, 6) FROM crm.customer_values ORDER BY 1',
	$$SELECT customer_id, round((0.4 * (spend + clv_12m))::numeric, 6) FROM crm.customers WHERE purchases > 0 ORDER BY 1$$, 'customer_values: the margin of what was bought and is expected');
CREATE FUNCTION expected_referrals() RETURNS TABLE (customer_id int, direct bigint, everybody bigint, depth int, direct_value numeric, indirect_value numeric) LANGUAGE sql AS $$
	WITH RECURSIVE edge AS (
		SELECT DISTINCT ON (lead) lead, by FROM shop.invitations WHERE lead <> by AND (at < '2026-01-01') IS NOT FALSE ORDER BY lead, at NULLS LAST, by),
	down AS (
		SELECT by AS ancestor, lead, 1 AS generation FROM edge
		UNION ALL
		SELECT d.ancestor, e.lead, d.generation + 1 FROM down d JOIN edge e ON e.by = d.lead WHERE d.generation < 3)
	SELECT ancestor, count(*) FILTER (WHERE generation = 1), count(*), max(generation),
		round(coalesce(sum(0.9 * coalesce(v, 0) + 2 - 0.5) FILTER (WHERE generation = 1), 0)::numeric, 6),
		round(coalesce(sum(0.3 ^ (generation - 1) * 0.9 ^ generation * coalesce(v, 0)) FILTER (WHERE generation > 1), 0)::numeric, 6)
	FROM down LEFT JOIN LATERAL (SELECT 0.4 * (spend + clv_12m) AS v FROM crm.customers c WHERE c.customer_id = lead AND purchases > 0) c ON true
	GROUP BY ancestor
$$;
SELECT results_eq('SELECT customer_id, direct_referrals, all_referrals, depth, round(direct_value::numeric, 6), round(indirect_value::numeric, 6) FROM crm.referrals WHERE direct_referrals > 0 ORDER BY 1',
	'SELECT * FROM expected_referrals() ORDER BY 1', 'referrals: three generations, as a recursive query has them');
SELECT results_eq('SELECT customer_id, is_customer FROM crm.referrals WHERE clv > 0 OR NOT is_customer ORDER BY 1',
	$$SELECT customer_id, purchases > 0 FROM crm.customers WHERE purchases > 0 AND spend + clv_12m > 0 UNION ALL VALUES (2003, false) ORDER BY 1$$, 'every customer is there, and a referrer who is none');
SELECT results_eq('SELECT quadrant, count(*) FROM crm.referrals GROUP BY 1 ORDER BY 1',
	$$WITH v AS (SELECT *, crv >= (SELECT percentile_cont(.5) WITHIN GROUP (ORDER BY crv) FROM crm.referrals WHERE crv > 0) AS refers,
			clv >= (SELECT percentile_cont(.5) WITHIN GROUP (ORDER BY clv) FROM crm.referrals WHERE is_customer) AS buys FROM crm.referrals)
	SELECT CASE WHEN buys AND refers THEN 'champions' WHEN buys THEN 'affluents' WHEN refers THEN 'advocates' ELSE 'misers' END, count(*) FROM v GROUP BY 1 ORDER BY 1$$,
	'quadrants by the medians');
SELECT results_eq('SELECT leads_are, leads, converted, round(conversion_rate::numeric, 9), mean_value FROM crm.lead_conversion',
	$$SELECT CASE WHEN referred THEN 'referred' ELSE 'other' END, count(*), count(c.value), round(count(c.value)::numeric / count(*), 9), round(avg(round(c.value::numeric, 4)), 4)
	FROM (SELECT lead, bool_or(by IS NOT NULL) AS referred FROM shop.invitations WHERE lead IS NOT NULL AND (at < '2026-01-01') IS NOT FALSE GROUP BY 1) l
		LEFT JOIN crm.customer_values c ON c.customer_id = lead GROUP BY referred ORDER BY referred DESC$$, 'lead_conversion: referred leads against others');
SELECT results_eq('SELECT difference, difference_lower95, difference_upper95, p_value FROM crm.lead_conversion',
	$$SELECT (u).difference, (u).lower95, (u).upper95, (u).p_value
	FROM (SELECT uplift(referred, EXISTS (SELECT FROM crm.customer_values c WHERE c.customer_id = lead)) AS u
		FROM (SELECT lead, bool_or(by IS NOT NULL) AS referred FROM shop.invitations WHERE lead IS NOT NULL AND (at < '2026-01-01') IS NOT FALSE GROUP BY 1) l) x
	UNION ALL SELECT NULL, NULL, NULL, NULL$$, 'compared by uplift, in the row of the referred');
SELECT results_eq('SELECT round(conversion_rate::numeric, 9), round((l.rate ^ 2)::numeric, 9), round((u.rate ^ 2)::numeric, 9) FROM crm.lead_conversion,
		LATERAL (SELECT (conversion_rate - lower95) / sqrt(lower95 * (1 - lower95) / leads)) l(rate), LATERAL (SELECT (upper95 - conversion_rate) / sqrt(upper95 * (1 - upper95) / leads)) u(rate)',
	'SELECT round(converted::numeric / leads, 9), round(1.959963984540054 ^ 2, 9), round(1.959963984540054 ^ 2, 9) FROM crm.lead_conversion', 'limits of each rate: 1.96 standard errors, at the limit, from it (Wilson)');
INSERT INTO shop.invitations VALUES (700, 3, '2024-05-05');
SELECT isnt((SELECT direct_referrals FROM crm.referrals WHERE customer_id = 3), (SELECT direct FROM expected_referrals() WHERE customer_id = 3), 'referrals are as of the last refresh');
SELECT crm_refresh();
SELECT is((SELECT direct_referrals FROM crm.referrals WHERE customer_id = 3), (SELECT direct FROM expected_referrals() WHERE customer_id = 3), 'and follow the next');
SELECT is(failure($$SELECT crm_attach_referrals('shop.invitations', 'lead', 'by', decay => 30)$$), '22023 | decay must be between 0 and 1, not 30 | It is a fraction: 30 percent is 0.3.', 'a decay in percent');
SELECT is(failure($$SELECT crm_attach_referrals('shop.invitations', 'lead', 'by', max_depth => NULL)$$), '22004 | decay, max_depth, joined_anyway, acquisition_saving and reward_cost must not be null', 'an option that is NULL');

-- Newcombe (1998), Two-sided confidence intervals for the single proportion, Statistics in Medicine 17, table I, score method.
CREATE TABLE shop.leads (lead int, by int);
INSERT INTO shop.leads SELECT i, 1 FROM generate_series(2, 82) i UNION ALL SELECT i, 1 FROM generate_series(10001, 10182) i;
INSERT INTO shop.leads SELECT i, NULL::int FROM generate_series(83, 97) i UNION ALL SELECT i, NULL FROM generate_series(11001, 11133) i;
SELECT crm_attach_referrals('shop.leads', 'lead', 'by');
SELECT results_eq('SELECT converted, leads, round(lower95::numeric, 4), round(upper95::numeric, 4) FROM crm.lead_conversion',
	'VALUES (81::bigint, 263::bigint, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)', 'limits as Newcombe has them');
DELETE FROM shop.leads WHERE lead IN (SELECT customer_id FROM crm.customer_values WHERE customer_id > 2) OR lead > 11020 OR lead BETWEEN 10029 AND 11000;
SELECT results_eq('SELECT converted, leads, round(lower95::numeric, 4), round(upper95::numeric, 4) FROM crm.lead_conversion',
	'VALUES (1::bigint, 29::bigint, 0.0061, 0.1718), (0, 20, 0, 0.1611)', 'of few, and of none');
DELETE FROM shop.leads WHERE by IS NULL;
SELECT results_eq('SELECT leads_are, leads, difference, p_value FROM crm.lead_conversion', $$VALUES ('referred', 29::bigint, NULL::float8, NULL::float8)$$, 'with nothing to compare');

-- A source that cannot be read stops no refresh
CREATE TABLE shop.divisor AS SELECT 1 AS divisor;
CREATE VIEW shop.fragile AS SELECT lead / divisor AS lead, by FROM shop.invitations, shop.divisor;
SELECT crm_attach_referrals('shop.fragile', 'lead', 'by');
CREATE TEMPORARY TABLE graph AS SELECT result, computed_at FROM crm.stored_referrals;
UPDATE shop.divisor SET divisor = 0;
SELECT lives_ok('SELECT crm_refresh()', 'a source that cannot be read stops no refresh');
SELECT is((SELECT (s.result::text = g.result::text AND s.computed_at = g.computed_at) FROM crm.stored_referrals s, graph g), true, 'what was computed of it stays');
UPDATE shop.divisor SET divisor = 1;

-- Ids of other types
CREATE TABLE shop.people (who text COLLATE "C", at date, total int);
INSERT INTO shop.people VALUES ('ann', '2024-01-01', 5), ('bob', '2024-02-01', 7), ('cid', '2024-03-01', 9);
CREATE TABLE shop.friends (who varchar(10), friend_of text);
INSERT INTO shop.friends VALUES ('bob', 'ann'), ('cid', 'bob');
SELECT crm_attach('shop.people', 'who', 'at', 'total', workspace => 'people', as_of => '2024-12-31');
SELECT lives_ok($$SELECT crm_attach_referrals('shop.friends', 'who', 'friend_of', decay => 1, workspace => 'people')$$, 'ids of type text');
SELECT results_eq('SELECT customer_id, direct_value, indirect_value FROM people.referrals ORDER BY 1',
	$$VALUES ('ann' COLLATE "C", 7::float8, 9::float8), ('bob', 9, 0), ('cid', 0, 0)$$, 'have their values');
SELECT crm_detach('people');

SELECT * FROM finish();
ROLLBACK;
