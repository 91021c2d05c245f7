-- Conversation: engagements and what is asked of them against plain SQL, levels, scores, errors.
BEGIN;
SELECT no_plan();
\ir include/binary.sql

CREATE FUNCTION pg_temp.near(got float8, expected float8, tolerance float8 = 1e-12) RETURNS boolean LANGUAGE sql
RETURN got IS NULL AND expected IS NULL OR coalesce(abs(got - expected) <= tolerance, false);

-- Random contacts, on few moments so that some are equal; a zone with daylight saving.
SELECT setseed(.6);
CREATE TABLE contact AS
SELECT c AS customer_id, timestamptz '2024-01-10 00:00+00' + floor(random() * 500 * (1 + c % 4)) * interval '3 hours' AS at, CASE WHEN random() < .2 + c % 3 * .2 THEN 'inbound' ELSE 'outbound' END AS direction,
	(ARRAY['email', 'phone', 'store', NULL, 'e-mail', 'E"sc\ape', 'ÿ'])[1 + floor(random() * (1 + c % 7))::int] AS channel, (ARRAY['question', 'complaint', NULL, ''])[1 + floor(random() * 4)::int] AS kind
FROM generate_series(1, 400) c, generate_series(1, c % 23) i;
CREATE TABLE engaged AS SELECT customer_id, engagement_agg(at, direction, channel, kind, 'America/New_York') AS e FROM contact GROUP BY customer_id;
CREATE TEMP TABLE day_of AS SELECT d FROM unnest(ARRAY[date '2024-01-01', '2024-03-10', '2024-06-30', '2024-11-03', '2025-12-31']) d;
-- What happened by the end of a day.
CREATE TEMP TABLE by_day AS
SELECT d, c.*, (at AT TIME ZONE 'America/New_York')::date AS day, (d + 1)::timestamp AT TIME ZONE 'America/New_York' AS ends FROM contact c, day_of WHERE (at AT TIME ZONE 'America/New_York')::date <= d;
CREATE INDEX ON by_day (customer_id, d, direction, at);
CREATE INDEX ON contact (customer_id, direction, at);
ANALYZE by_day, contact;

-- The value ----------------------------------------------------------------

SELECT is(engagement_agg(at, direction, channel, kind, 'Europe/Berlin')::text,
	'{"time_zone": "Europe/Berlin", "contacts": [["2024-03-01T09:00:00+00:00", "outbound", "email", "offer"], ["2024-03-01T09:00:00.000001+00:00", "inbound", null, null], ["2024-03-02T23:30:00+00:00", "inbound", "phone", "say \"hi\""]]}', 'text')
FROM (VALUES (timestamptz '2024-03-03 00:30+01', 'inbound', 'phone', 'say "hi"'), ('2024-03-01 09:00Z', 'outbound', 'email', 'offer'), ('2024-03-01 09:00:00.000001Z', 'inbound', NULL, NULL)) v(at, direction, channel, kind);
SELECT is(count(*) FILTER (WHERE e::text::engagement = e), count(*), 'text there and back') FROM engaged;
SELECT is(count(*) FILTER (WHERE pg_temp.receive('engagement', engagement_send(e)) = e::text), count(*), 'binary there and back') FROM (SELECT e FROM engaged LIMIT 60) s;
SELECT is(engagement_as_of(e, '1900-01-01')::text, '{"time_zone": "America/New_York", "contacts": []}', 'nothing by then') FROM engaged LIMIT 1;
SELECT is('{"contacts": [["0044-03-15T12:00:00+00:00 BC", "outbound", null, "note"], ["294276-12-31T23:59:59.999999+00:00", "inbound", "", null]], "time_zone": "UTC"}'::engagement::text,
	'{"time_zone": "UTC", "contacts": [["0044-03-15T12:00:00+00:00 BC", "outbound", null, "note"], ["294276-12-31T23:59:59.999999+00:00", "inbound", "", null]]}', 'the ends of time');
SET LOCAL DateStyle = 'German'; SET LOCAL TimeZone = 'Asia/Tokyo';
SELECT is(count(*) FILTER (WHERE e::text::engagement = e AND e::text LIKE '%+00:00", %'), count(*), 'whatever DateStyle and TimeZone are') FROM engaged;
RESET DateStyle; RESET TimeZone;
SELECT is(count(*) FILTER (WHERE x.e = y.e AND engagement_hash(x.e) = engagement_hash(y.e)), count(*), 'the same contacts in any order are the same value')
FROM engaged x JOIN (SELECT customer_id, engagement_agg(at, direction, channel, kind, 'America/New_York' ORDER BY md5(at::text || direction || coalesce(kind, ''))) AS e FROM contact GROUP BY customer_id) y USING (customer_id);
SELECT is(count(DISTINCT e), 2::bigint, 'other contacts are another value, duplicates count') FROM (SELECT engagement_agg('2024-01-01Z', 'inbound', 'a', 'b', 'UTC') AS e FROM generate_series(1, 2) UNION ALL SELECT engagement_agg('2024-01-01Z', 'inbound', 'a', 'b', 'UTC')) s;
SELECT ok(e < f AND f > e AND e <> f AND e <= e AND e >= e AND engagement_cmp(e, f) = -1, 'an order') FROM (SELECT (array_agg(e ORDER BY e))[1], (array_agg(e ORDER BY e DESC))[1] FROM engaged) s(e, f);
SELECT results_eq('SELECT customer_id, d, engagement_as_of(e, d) FROM engaged, day_of WHERE engagement_as_of(e, d)::text NOT LIKE ''%[]}'' ORDER BY 1, 2',
	$$SELECT customer_id, d, engagement_agg(at, direction, channel, kind, 'America/New_York') FROM by_day GROUP BY 1, 2 ORDER BY 1, 2$$, 'as of a day: what happened by its end in the zone');
SELECT ok(avg(pg_column_size(e)) < 200, 'compact') FROM engaged;

SELECT throws_ok(format('SELECT %L::engagement', t), '22P02', NULL, t)
FROM unnest(ARRAY['', 'x', '[]', '{}', '{"time_zone": "UTC"}', '{"time_zone": "UTC", "contacts": {}}', '{"time_zone": "UTC", "contacts": [], "more": 1}', '{"time_zone": 1, "contacts": []}', '{"time_zone": "UTC", "contacts": [["2024-01-01T00:00:00Z", "inbound", null]]}',
	'{"time_zone": "UTC", "contacts": [["2024-01-01T00:00:00Z", "in", null, null]]}', '{"time_zone": "UTC", "contacts": [["2024-01-01T00:00:00", "inbound", null, null]]}', '{"time_zone": "UTC", "contacts": [["now+00:00", "inbound", null, null]]}',
	'{"time_zone": "UTC", "contacts": [["infinity", "inbound", null, null]]}', '{"time_zone": "UTC", "contacts": [["2024-01-01T00:00:00Z", "inbound", 5, null]]}', '{"time_zone": "UTC", "contacts": [["2024-01-01T00:00:00Z", null, null, null]]}', '{"time_zone": "UTC", "contacts": [5]}']) t;
SELECT throws_ok($$SELECT '{"time_zone": "Nowhere/Land", "contacts": []}'::engagement$$, '22023', NULL, 'a zone that is none');
SELECT is(array_agg(DISTINCT outcome) <@ ARRAY['ok', 'error 22P03', 'error 08P01', 'error 22021', 'error 22023', 'error XX000'], true, 'mutants are refused or read: ' || string_agg(outcome || ' ' || times, ', '))
FROM pg_temp.mutate('engagement', (SELECT engagement_send(e) FROM engaged WHERE customer_id = 22), 600);

-- The aggregate ------------------------------------------------------------

SELECT is(engagement_agg(NULL, 'inbound', 'a', 'b', 'UTC')::text, NULL, 'no time: ignored');
SELECT is(engagement_agg(at, direction, channel, kind, 'UTC')::text, NULL, 'no rows') FROM contact WHERE false;
SELECT is(engagement_agg(at, direction, channel, kind, 'UTC') FILTER (WHERE direction = 'inbound'), (SELECT engagement_agg(at, direction, channel, kind, 'UTC') FROM contact WHERE direction = 'inbound'), 'FILTER') FROM contact;
SELECT is(engagement_agg(DISTINCT at, direction, channel, kind, 'UTC'), (SELECT engagement_agg(at, direction, channel, kind, 'UTC') FROM (SELECT DISTINCT at, direction, channel, kind FROM contact) s), 'DISTINCT') FROM contact;
SELECT results_eq($$SELECT reciprocity(engagement_agg(now(), d, 'a', 'b', 'UTC') OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)) FROM (VALUES (1, 'inbound'), (2, 'outbound'), (3, 'outbound')) v(i, d)$$, 'VALUES (1::float8), (.5), (0)', 'a moving frame');
SELECT throws_ok(format('SELECT engagement_agg(%s)', arguments), code, message, arguments)
FROM (VALUES ($$now(), 'in', 'a', 'b', 'UTC'$$, '22023', 'direction must be "inbound" or "outbound", not "in"'), ($$now(), 'Inbound', 'a', 'b', 'UTC'$$, '22023', NULL), ($$now(), NULL, 'a', 'b', 'UTC'$$, '22004', NULL),
	($$now(), 'inbound', 'a', 'b', NULL$$, '22004', NULL), ($$now(), 'inbound', 'a', 'b', 'Nowhere'$$, '22023', NULL), ($$'infinity', 'inbound', 'a', 'b', 'UTC'$$, '22008', 'contact time must be finite, not "infinity"')) v(arguments, code, message);
SELECT throws_ok($$SELECT engagement_agg(now(), 'inbound', 'a', 'b', z) FROM unnest(ARRAY['UTC', 'Europe/Berlin']) z$$, '22023', 'argument "time_zone" must not change within a group', 'the zone changes');
ALTER TABLE contact SET (parallel_workers = 2);
CREATE TEMP TABLE serial AS SELECT engagement_agg(at, direction, channel, kind, 'UTC') AS e FROM contact;
\ir include/parallel.sql
CREATE TEMP TABLE parallel AS SELECT engagement_agg(at, direction, channel, kind, 'UTC') AS e FROM contact;
CREATE TEMP TABLE parallel_each AS SELECT customer_id, engagement_agg(at, direction, channel, kind, 'America/New_York') AS e FROM contact GROUP BY customer_id;
SELECT throws_ok($$SELECT engagement_agg(at, direction, channel, kind, CASE WHEN customer_id < 200 THEN 'UTC' ELSE 'Europe/Berlin' END) FROM contact$$, '22023', NULL, 'the zone changes, also between workers');
RESET ALL;
SELECT results_eq('TABLE parallel', 'TABLE serial', 'parallel workers give the same');
SELECT results_eq('SELECT * FROM parallel_each ORDER BY 1', 'SELECT * FROM engaged ORDER BY 1', 'and for each customer');

-- What is asked ------------------------------------------------------------

-- The definitions, contact by contact.
SELECT is(count(*) FILTER (WHERE pg_temp.near(response_rate(e, w, d), expected)), count(*), format('response_rate within %s', w))
FROM engaged, day_of, unnest(ARRAY['14 days', '0', '3 hours', '1 month']::interval[]) w, LATERAL (SELECT avg((EXISTS (SELECT FROM by_day r WHERE r.customer_id = engaged.customer_id AND r.d = day_of.d AND r.direction = 'inbound' AND r.at >= o.at
		AND r.at AT TIME ZONE 'UTC' <= o.at AT TIME ZONE 'UTC' + w))::int)::float8 AS expected
	FROM by_day o WHERE o.customer_id = engaged.customer_id AND o.d = day_of.d AND o.direction = 'outbound' AND o.at AT TIME ZONE 'UTC' + w < o.ends AT TIME ZONE 'UTC') x GROUP BY w ORDER BY w;
SELECT is(count(*) FILTER (WHERE response_rate(e) IS DISTINCT FROM response_rate(e, '14 days', '2026-06-01')), 0::bigint, 'two weeks unless said, up to now') FROM engaged;
SELECT is(count(*) FILTER (WHERE response_rate(e, '106751992 days', '2024-12-31') IS DISTINCT FROM response_rate(e, '50000000 days', '2024-12-31')), 0::bigint, 'days whose microseconds take more than 64 bits are days still') FROM engaged;
SELECT is(response_rate(engagement_agg(at, 'outbound', 'a', 'b', 'UTC')), 0::float8, 'an outbound contact of today is not counted yet, one of last month is') FROM (VALUES (now()), (now() - interval '1 month')) v(at);
SELECT is(response_rate(engagement_agg(now() - age, 'outbound', 'a', 'b', 'UTC'), '10 days'), expected, format('sent %s ago', age)) FROM (VALUES (interval '10 days', 0::float8), (interval '9 days 23:59:59', NULL)) v(age, expected) GROUP BY age, expected ORDER BY age DESC;
SELECT is(count(*) FILTER (WHERE pg_temp.near(reciprocity(e), expected)), count(*), 'reciprocity') FROM engaged JOIN (SELECT customer_id, avg((direction = 'inbound')::int)::float8 AS expected FROM contact GROUP BY 1) x USING (customer_id);
SELECT is(count(*) FILTER (WHERE median_reply_time(e) IS NOT DISTINCT FROM expected), count(*), 'median_reply_time')
FROM engaged LEFT JOIN (SELECT customer_id, percentile_cont(.5) WITHIN GROUP (ORDER BY (SELECT min(o.at) FROM contact o WHERE o.customer_id = i.customer_id AND o.direction = 'outbound' AND o.at >= i.at) - i.at) AS expected
	FROM contact i WHERE direction = 'inbound' GROUP BY 1) x USING (customer_id);
SELECT is(median_reply_time(engagement_agg(at, d, 'a', 'b', 'UTC'))::text, '1 day 01:30:00', 'in days and hours') FROM (VALUES (timestamptz '2024-01-01Z', 'inbound'), ('2024-01-02 01:30Z', 'outbound'), ('2024-01-03Z', 'inbound')) v(at, d);
SELECT is(count(*) FILTER (WHERE contact_pressure(e, n, d) = expected), count(*), 'contact_pressure')
FROM engaged, day_of, unnest(ARRAY[1, 30, 100000000]) n, LATERAL (SELECT count(*) AS expected FROM by_day b WHERE b.customer_id = engaged.customer_id AND b.d = day_of.d AND direction = 'outbound' AND day_of.d - day < n) x;
SELECT is(count(*) FILTER (WHERE pg_temp.near(engagement_score(e, h::interval, d), expected)), count(*), 'engagement_score')
FROM engaged, day_of, (VALUES ('30 days', 30), ('1 month 12 hours', 30.5), ('36 hours', 1.5)) v(h, days), LATERAL (SELECT coalesce(sum(power(.5::float8, (d - day) / days::float8)), 0) AS expected FROM by_day b WHERE b.customer_id = engaged.customer_id AND b.d = day_of.d AND direction = 'inbound') x;
SELECT is(count(*) FILTER (WHERE preferred_channel(e) IS NOT DISTINCT FROM expected), count(*), 'preferred_channel')
FROM engaged, LATERAL (SELECT (SELECT channel FROM contact c WHERE c.customer_id = engaged.customer_id AND direction = 'inbound' AND channel IS NOT NULL GROUP BY channel ORDER BY count(*) DESC, max(at) DESC, channel COLLATE "C" LIMIT 1) AS expected) x;
SELECT is(count(*) FILTER (WHERE best_hour(e) IS NOT DISTINCT FROM expected), count(*), 'best_hour')
FROM engaged, LATERAL (SELECT (SELECT date_part('hour', at AT TIME ZONE 'America/New_York')::int AS hour FROM contact c WHERE c.customer_id = engaged.customer_id AND direction = 'inbound' GROUP BY hour ORDER BY count(*) DESC, hour LIMIT 1) AS expected) x;
SELECT cmp_ok(count(DISTINCT best_hour(e)), '>=', 10::bigint, 'hours differ') FROM engaged;
SELECT is(ARRAY[response_rate(e)::text, response_rate(e, '1 day', '2024-01-01')::text, reciprocity(e)::text, median_reply_time(e)::text, contact_pressure(e, 5, '2024-01-01')::text, engagement_score(e, '1 day', '2024-01-01')::text, preferred_channel(e), best_hour(e)::text],
	ARRAY[NULL, NULL, NULL, NULL, '0', '0', NULL, NULL], 'nobody said anything') FROM (VALUES ('{"time_zone": "UTC", "contacts": []}'::engagement)) v(e);
SELECT is(array_remove(ARRAY[response_rate(NULL)::text, reciprocity(NULL)::text, median_reply_time(NULL)::text, contact_pressure(NULL, 5, '2024-01-01')::text, engagement_score(NULL, '1 day', '2024-01-01')::text, preferred_channel(NULL), best_hour(NULL)::text], NULL), '{}', 'NULL');
SELECT throws_ok(format('SELECT %s FROM engaged', call), code, NULL, call)
FROM (VALUES ($$response_rate(e, '-1 day')$$, '22023'), ($$response_rate(e, '1 day', 'infinity')$$, '22008'), ($$contact_pressure(e, 0, '2024-01-01')$$, '22023'), ($$contact_pressure(e, -5, '2024-01-01')$$, '22023'), ($$contact_pressure(e, 5, '-infinity')$$, '22008'),
	($$engagement_score(e, '0', '2024-01-01')$$, '22023'), ($$engagement_score(e, '-1 day', '2024-01-01')$$, '22023'), ($$engagement_score(e, '1 day', 'infinity')$$, '22008'), ($$engagement_as_of(e, 'infinity')$$, '22008')) v(call, code);
SELECT throws_ok($$SELECT engagement_score(e, '0', '2024-01-01') FROM engaged$$, '22023', 'half_life must be longer than no time, not "00:00:00"', 'a half-life of nothing is named');
SELECT is(contact_pressure(e, 5, '5874897-12-31') + contact_pressure(e, 5, '4713-01-01 BC'), 0, 'days beyond all moments') FROM engaged WHERE customer_id = 22;

-- Levels -------------------------------------------------------------------

CREATE TABLE known AS
SELECT c AS customer_id, (SELECT history_agg(d) FROM (SELECT date '2024-01-01' + floor(random() * 350 * (1 + c % 3))::int AS d FROM generate_series(1, c % 9)) x) AS h FROM generate_series(1, 450) c;
-- SPEC in words: interconnected: loyal and inbound contact within 180 days on 2 channels; collaborative: n >= 2, not dormant or lost, inbound within 180 days; basic: n >= 1 or any inbound; exploratory: the rest.
CREATE TEMP TABLE level AS
SELECT customer_id, d, relationship_level(e, h, d) AS got, CASE
	WHEN stage = 'loyal' AND channels >= 2 THEN 'interconnected'
	WHEN n >= 2 AND stage NOT IN ('dormant', 'lost') AND recent > 0 THEN 'collaborative'
	WHEN n >= 1 OR ever > 0 THEN 'basic'
	ELSE 'exploratory' END AS expected
FROM known LEFT JOIN engaged USING (customer_id), day_of,
	LATERAL (SELECT lifecycle_stage(h, d) AS stage, coalesce(purchase_days(as_of(h, d)), 0) AS n) s,
	LATERAL (SELECT count(*) AS ever, count(*) FILTER (WHERE d - day < 180) AS recent, count(DISTINCT channel) FILTER (WHERE d - day < 180) AS channels FROM by_day b WHERE b.customer_id = known.customer_id AND b.d = day_of.d AND direction = 'inbound') c;
SELECT is(count(*) FILTER (WHERE got = expected), count(*), 'as defined: ' || expected || ', ' || count(*)) FROM level GROUP BY expected ORDER BY expected;
SELECT is(count(DISTINCT got), 4::bigint, 'every level occurs') FROM level;
SELECT is(relationship_level(NULL, NULL, '2024-01-01'), 'exploratory', 'a stranger');
SELECT is(relationship_level(NULL, '2024-01-01', '2024-01-01'), 'basic', 'one purchase, no contact');
SELECT is(relationship_level(NULL, NULL, NULL), NULL, 'no date');
SELECT throws_ok('SELECT relationship_level(NULL, NULL, ''infinity'')', '22008', NULL, 'no such date');

-- Rules of one's own: the built-in ones written out give the same, and changes show at once.
SAVEPOINT rules;
INSERT INTO relationship_rules SELECT * FROM relationship_default_rules();
SELECT is(count(*) FILTER (WHERE relationship_level(e, h, d) IS DISTINCT FROM got), 0::bigint, 'the built-in rules as rows') FROM level JOIN known USING (customer_id) LEFT JOIN engaged USING (customer_id);
UPDATE relationship_rules SET purchase_days = 9 WHERE position = 3;
SELECT is(relationship_level(NULL, '2024-01-01', '2024-01-01'), 'exploratory', 'a changed number');
DELETE FROM relationship_rules WHERE position = 5;
SELECT is(relationship_level(NULL, '2024-01-01', '2024-01-01'), 'Other', 'no rule');
INSERT INTO relationship_rules (position, level, stages) VALUES (0, 'friend', '{new}');
CREATE FUNCTION pg_temp.level_while_changed() RETURNS text LANGUAGE plpgsql AS $$
DECLARE before text := relationship_level(NULL, '2024-01-01', '2024-01-01');
BEGIN
	DELETE FROM relationship_rules WHERE position = 0;
	RETURN before || ' ' || relationship_level(NULL, '2024-01-01', '2024-01-01');
END $$;
SELECT is(pg_temp.level_while_changed(), 'friend Other', 'a change within a function shows');
SELECT throws_ok(format('INSERT INTO relationship_rules (position, level, %s) VALUES (7, ''x'', %s)', c, v), code, NULL, c || ' ' || v)
FROM (VALUES ('stages', $$'{happy}'$$, '23514'), ('purchase_days', '-1', '23514'), ('inbound_days', '0', '23514'), ('inbound_contacts', 'NULL', '23502'), ('inbound_channels', '-1', '23514')) x(c, v, code);
ROLLBACK TO rules;
SELECT is(relationship_level(NULL, '2024-01-01', '2024-01-01'), 'basic', 'and back');
SELECT ok(extconfig @> ARRAY['relationship_rules'::regclass::oid], 'pg_dump keeps the rules') FROM pg_extension WHERE extname = 'crm_ext';

-- Scores -------------------------------------------------------------------

SELECT is(nps(s), 30::float8, 'nps: 50 promoters, 30 passives, 20 detractors') FROM (SELECT CASE WHEN i <= 50 THEN 9 + i % 2 WHEN i <= 80 THEN 7 + i % 2 ELSE i % 7 END AS s FROM generate_series(1, 100) i) x;
-- By hand: variance .5 + .2 - .3^2 = .61, so 196 x sqrt(.61) / 10 with 1.959963984540054.
SELECT ok(abs(nps_margin(s) - 100 * 1.959963984540054 * sqrt(.61 / 100)) < 1e-12, 'its margin') FROM (SELECT CASE WHEN i <= 50 THEN 9 + i % 2 WHEN i <= 80 THEN 7 + i % 2 ELSE i % 7 END AS s FROM generate_series(1, 100) i) x;
SELECT is(array_agg(nps), ARRAY[-100, -100, 0, 0, 100, 100]::float8[], 'the borders') FROM (SELECT nps(s) FROM unnest(ARRAY[0, 6, 7, 8, 9, 10]) s GROUP BY s ORDER BY s) x;
SELECT ok(abs(nps_margin(s) - 195.9963984540054 * sqrt(var_pop(v) / count(*))) < 1e-9, 'the margin is that of a mean of +1, 0, -1') FROM (SELECT s, CASE WHEN s >= 9 THEN 1 WHEN s <= 6 THEN -1 ELSE 0 END::float8 AS v FROM (SELECT (i * 7) % 11 AS s FROM generate_series(1, 137) i) y) x;
SELECT is(nps(s), NULL, 'no answers') FROM (VALUES (NULL::int), (NULL)) v(s);
SELECT is(nps_margin(s), NULL, 'no margin') FROM (VALUES (NULL::int)) v(s);
SELECT is(nps(s), 0::float8, 'who did not answer does not count') FROM (VALUES (9), (NULL), (0)) v(s);
SELECT is(nps_margin(10), 0::float8, 'one opinion only');
SELECT is(nps(s) FILTER (WHERE s > 5), 50::float8, 'FILTER') FROM unnest(ARRAY[9, 8, 1]) s;
SELECT is(nps(DISTINCT s), 0::float8, 'DISTINCT') FROM unnest(ARRAY[9, 9, 1]) s;
SELECT results_eq('SELECT nps(s) OVER (ORDER BY s ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM unnest(ARRAY[1, 8, 9]) s', 'VALUES (-100::float8), (-50), (50)', 'a moving frame');
SELECT throws_ok(format('SELECT %s(%s)', f, s), '22023', format('score must be between 0 and 10, not %s', s), f || ' of ' || s) FROM unnest(ARRAY['nps', 'nps_margin']) f, unnest(ARRAY[-1, 11, 2147483647]) s;
CREATE TABLE answer AS SELECT (i * i) % 11 AS s FROM generate_series(1, 5000) i;
ALTER TABLE answer SET (parallel_workers = 2);
CREATE TEMP TABLE nps_serial AS SELECT nps(s), nps_margin(s) FROM answer;
\ir include/parallel.sql
CREATE TEMP TABLE nps_parallel AS SELECT nps(s), nps_margin(s) FROM answer;
RESET ALL;
SELECT results_eq('TABLE nps_parallel', 'TABLE nps_serial', 'parallel workers give the same');

-- More rules than there are by default.
SAVEPOINT many_rules;
DELETE FROM relationship_rules;
INSERT INTO relationship_rules (position, level, purchase_days) SELECT i, 'at least ' || 41 - i, 41 - i FROM generate_series(1, 40) i;
SELECT is(relationship_level(NULL::engagement, h, '2024-12-31'), 'at least ' || purchase_days(h), 'a rule for each number of purchase days')
FROM (SELECT n, history_agg(date '2024-01-01' + i) AS h FROM generate_series(1, 40, 13) n, generate_series(1, n) i GROUP BY n) c;
ROLLBACK TO many_rules;
SELECT is(pg_temp.receive('engagement', overlay(engagement_send(e) PLACING '\xffffffff'::bytea FROM 2 FOR 4)), 'error 22P03', 'no zone') FROM engaged LIMIT 1;

SELECT * FROM finish();
ROLLBACK;
