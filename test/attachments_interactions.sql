-- Attached interactions: two customers by hand, many against plain SQL.
BEGIN;
SELECT no_plan();
\ir include/attachments.sql

CREATE TABLE shop.talks (who int, at timestamptz, way text, place text, kind text);
INSERT INTO shop.talks VALUES
	(1, '2025-12-01 09:00+01', 'outbound', 'mail', 'offer'), (1, '2025-12-02 10:00+01', ' Inbound', 'chat', 'question'), (1, '2025-12-02 12:00+01', 'outbound', 'chat', 'answer'),
	(1, '2025-12-20 10:30+01', 'inbound', 'chat', NULL), (1, '2025-12-21 10:30+01', 'OUTBOUND', 'mail', NULL), (1, '2025-12-22 23:30+00', 'outbound', 'mail', NULL),
	(1, '2026-01-02 00:00+01', 'inbound', 'phone', NULL),
	(5001, '2025-11-01 08:00+01', 'inbound', 'phone', NULL),
	(2, '2025-12-02', 'sideways', 'mail', NULL), (NULL, '2025-12-02', 'inbound', 'mail', NULL), (2, NULL, 'inbound', 'mail', NULL);
SELECT lives_ok($$SELECT crm_attach_interactions('shop.talks', customer_id => 'who', at => 'at', direction => 'way', channel => 'place', kind => 'kind', pressure_limit => 3)$$,
	'interactions are attached');
SELECT is((SELECT rows_left_out FROM crm.attachments WHERE kind = 'interactions'), 3::bigint, 'rows that say nothing are left out');
-- Of the outbound contacts those of 12-01 and 12-02 are 14 days old on 12-31; only the first got one back in 14 days.
SELECT results_eq($$SELECT customer_id, contacts, inbound, outbound, last_inbound, last_outbound, response_rate, round(reciprocity::numeric, 6), median_reply_time,
		contact_pressure, is_contacted_too_often, preferred_channel, best_hour FROM crm.engagement WHERE customer_id IN (1, 2, 5001) ORDER BY 1$$,
	$$VALUES (1, 6::bigint, 2::bigint, 4::bigint, date '2025-12-20', date '2025-12-23', 0.5::float8, round(2 / 6.0, 6), interval '13 hours', 3, false, 'chat', 10),
		(2, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, 0, false, NULL, NULL),
		(5001, 1, 1, 0, '2025-11-01', NULL, NULL, 1, NULL, 0, false, 'phone', 8)$$, 'engagement: by hand');
SELECT is((SELECT round(engagement_score::numeric, 9) FROM crm.engagement WHERE customer_id = 1), round((0.5 ^ (11 / 30.0) + 0.5 ^ (29 / 30.0))::numeric, 9), 'engagement_score: by hand');
SELECT is((SELECT relationship_level FROM crm.engagement WHERE customer_id = 5001), 'basic', 'a level without purchases');
SELECT results_eq('SELECT channel, customers, inbound, outbound, preferred_by FROM crm.channels', $$VALUES ('chat', 1::bigint, 2::bigint, 1::bigint, 1::bigint), ('mail', 1, 0, 3, 0), ('phone', 1, 1, 0, 1)$$, 'channels: by hand');
TRUNCATE shop.talks;
INSERT INTO shop.talks SELECT i % 410 + 1, timestamptz '2025-01-01 00:30+01' + i * 7919 % 8700 * interval '1 hour', CASE WHEN i * 31 % 5 < 2 THEN 'inbound' ELSE 'outbound' END,
	(ARRAY['mail', 'chat', 'phone'])[1 + i * 17 % 3] FROM generate_series(1, 6000) i;
CREATE TEMPORARY TABLE talk AS SELECT *, (at AT TIME ZONE 'Europe/Berlin')::date AS day FROM shop.talks;
SELECT results_eq('SELECT customer_id, inbound, outbound, last_inbound, last_outbound, contact_pressure, is_contacted_too_often, preferred_channel FROM crm.engagement WHERE contacts > 0 ORDER BY 1',
	$$SELECT who, count(*) FILTER (WHERE way = 'inbound'), count(*) FILTER (WHERE way = 'outbound'), max(day) FILTER (WHERE way = 'inbound'), max(day) FILTER (WHERE way = 'outbound'),
		(count(*) FILTER (WHERE way = 'outbound' AND day > date '2025-12-31' - 30))::int, count(*) FILTER (WHERE way = 'outbound' AND day > date '2025-12-31' - 30) > 3,
		(SELECT place FROM talk c WHERE c.who = t.who AND way = 'inbound' GROUP BY place ORDER BY count(*) DESC, max(at) DESC LIMIT 1)
	FROM talk t GROUP BY who ORDER BY 1$$, 'engagement: of many, in plain SQL');
SELECT results_eq($$SELECT customer_id, response_rate, median_reply_time, engagement_score, best_hour, relationship_level FROM crm.engagement WHERE contacts > 0 ORDER BY 1$$,
	$$SELECT who, response_rate(e, '14 days', '2025-12-31'), median_reply_time(e), engagement_score(e, '30 days', '2025-12-31'), best_hour(e),
		relationship_level(e, as_of(h.history, '2025-12-31'), '2025-12-31')
	FROM (SELECT who, engagement_agg(at, way, place, kind, 'Europe/Berlin') AS e FROM shop.talks GROUP BY who) t LEFT JOIN crm.customer_history h ON h.customer_id = who ORDER BY 1$$,
	'with the figures of engagement_agg');
SELECT cmp_ok((SELECT count(DISTINCT relationship_level) || ' ' || count(DISTINCT is_contacted_too_often) FROM crm.engagement), '>=', '3 2', 'which differ');
SELECT is((SELECT count(*) FROM crm.engagement), (SELECT count(*) FROM (SELECT customer_id FROM crm.customers WHERE purchases > 0 UNION SELECT who FROM shop.talks) u), 'everybody is there');
SELECT results_eq('SELECT channel, preferred_by, mean_spend FROM crm.channels ORDER BY 1',
	$$SELECT preferred_channel, count(*), round(sum(spend) / count(*), 4) FROM crm.engagement LEFT JOIN bare_customers USING (customer_id) WHERE preferred_channel IS NOT NULL GROUP BY 1 ORDER BY 1$$, 'channels: by preference');
SELECT alike(failure($$SELECT crm_attach_interactions('shop.talks', 'who', 'at', 'way', pressure_days => 0)$$), '22023 | %0%', 'pressure_days 0');
SELECT alike(failure($$SELECT crm_attach_interactions('shop.talks', 'who', 'at', 'way', half_life => '0')$$), '22023 | %', 'a half-life of nothing');
SELECT alike(failure($$SELECT crm_attach_interactions('shop.talks', 'who', 'at', 'way', pressure_limit => -1)$$), '22023 | pressure_limit must not be negative, not -1%', 'a negative limit');

SELECT * FROM finish();
ROLLBACK;
