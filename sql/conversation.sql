--
-- conversation: what a user sees
--
CREATE TEMP TABLE contacts (at timestamptz, direction text, channel text, kind text);
INSERT INTO contacts VALUES
	('2024-03-01 09:00+00', 'outbound', 'email', 'offer'), ('2024-03-03 18:30+00', 'inbound', 'email', 'question'),
	('2024-03-04 08:00+00', 'outbound', 'email', 'answer'), ('2024-04-02 18:10+00', 'inbound', 'phone', NULL), ('2024-05-01 09:00+00', 'outbound', 'email', 'offer');
SELECT engagement_agg(at, direction, channel, kind, 'Europe/Berlin') AS e FROM contacts \gset
SELECT :'e' AS engagement;
SELECT response_rate(:'e', '14 days', '2024-05-31'), reciprocity(:'e'), median_reply_time(:'e'), contact_pressure(:'e', 30, '2024-05-01'),
	round(engagement_score(:'e', '30 days', '2024-05-02')::numeric, 4) AS engagement_score, preferred_channel(:'e'), best_hour(:'e');
SELECT engagement_as_of(:'e', '2024-03-03');
SELECT relationship_level(:'e', NULL, '2024-05-01'), relationship_level(:'e', '2024-01-01, 2024-04-20', '2024-05-01'), relationship_level(:'e', NULL, '2024-02-01');
SELECT engagement_agg(now(), 'in', 'email', NULL, 'UTC');
SELECT engagement_agg(now(), 'inbound', 'email', NULL, 'Europe/Atlantis');
SELECT '{"time_zone": "UTC", "contacts": [["2024-03-01", "inbound", null, null]]}'::engagement;
SELECT contact_pressure(:'e', 0, '2024-05-01');
SELECT nps(score), round(nps_margin(score)::numeric, 3) AS nps_margin FROM (VALUES (10), (9), (9), (8), (7), (6), (0), (NULL)) v(score);
SELECT nps(11);
