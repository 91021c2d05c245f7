-- States of the aggregates that travel between processes: any bytes are read or refused,
-- never a crash. Those about retention are in retention_states.sql, of books in book.sql.
BEGIN;
SELECT no_plan();
SET LOCAL jit = off;

CREATE TABLE states (name text, transition regprocedure, arguments text, inputs text, source text);
INSERT INTO states VALUES
	('history_agg', 'history_agg_transfn_date_numeric(internal, date, numeric)', 'date, numeric', 'day, id - 3.5', 'people'),
	('history_agg', 'history_agg_transfn_date_none(internal, date)', 'date', 'day', 'people'),
	('history_agg', 'history_agg_transfn_history(internal, purchase_history)', 'purchase_history', 'h', 'people'),
	('rfm_cuts_agg', 'rfm_cuts_agg_transfn(internal, date, bigint, numeric, integer)', 'date, bigint, numeric, integer', 'day, id % 4 + 1, id * 1.25, 4', 'people'),
	('rfm_cuts_agg', 'rfm_cuts_agg_transfn_bigint(internal, date, bigint, numeric, integer, bigint)', 'date, bigint, numeric, integer, bigint', 'day, 3, id / 2, 5, id', 'people'),
	('rfm_cuts_agg', 'rfm_cuts_agg_transfn_text(internal, date, bigint, numeric, integer, text)', 'date, bigint, numeric, integer, text', 'day, 3, id / 2, 5, ''c'' || id', 'people'),
	('rfm_cuts_agg', 'rfm_cuts_agg_transfn_uuid(internal, date, bigint, numeric, integer, uuid)', 'date, bigint, numeric, integer, uuid', 'day, 3, id / 2, 5, md5(id::text)::uuid', 'people'),
	('rfm_cuts_agg', 'rfm_cuts_agg_transfn_history(internal, purchase_history, date, integer)', 'purchase_history, date, integer', 'h, ''2024-01-01'', 3', 'people'),
	('top_share', 'top_share_transfn(internal, double precision, double precision)', 'double precision, double precision', 'id - 2.5, .3', 'people'),
	('fit', 'btyd_fit_transfn(internal, text, bigint, double precision, double precision, bigint, double precision)',
		'text, bigint, double precision, double precision, bigint, double precision', '''bg/nbd'', id % 3, CASE WHEN id % 3 = 0 THEN 0 ELSE id END, id + 2, id, 7', 'people'),
	('fit', 'btyd_fit_transfn_history(internal, text, purchase_history, date)', 'text, purchase_history, date', '''bg/bb'', h, ''2024-01-01''', 'people'),
	('fit', 'gamma_gamma_fit_transfn(internal, bigint, double precision)', 'bigint, double precision', 'id, id * 1.5', 'people'),
	('fit', 'sbg_fit_transfn(internal, integer, boolean, bigint)', 'integer, boolean, bigint', 'id % 4, id % 2 = 0, id', 'people'),
	('btyd_validate', 'btyd_validate_transfn(internal, btyd_model, purchase_history, date, date)', 'btyd_model, purchase_history, date, date',
		'btyd_model(''bg/nbd'', ''{0.24,4.41,0.79,2.43}''), h, ''2023-09-01'', ''2023-12-31''', 'people'),
	('referral_agg', 'referral_agg_transfn_bigint(internal, bigint, bigint, double precision, timestamp with time zone)',
		'bigint, bigint, double precision, timestamp with time zone', 'id, id / 2, id, day', 'people'),
	('referral_agg', 'referral_agg_transfn_text(internal, text, text, double precision)', 'text, text, double precision', 'id::text, (id / 2)::text, id', 'people'),
	('referral_agg', 'referral_agg_transfn_uuid(internal, uuid, uuid, double precision)', 'uuid, uuid, double precision', 'md5(id::text)::uuid, md5((id / 2)::text)::uuid, id', 'people'),
	('affinity_agg', 'affinity_agg_transfn_bigint(internal, bigint, bigint)', 'bigint, bigint', 'id / 3, id % 5', 'people'),
	('affinity_agg', 'affinity_agg_transfn_text(internal, text, text)', 'text, text', '(id / 3)::text, ''product '' || id % 5', 'people'),
	('affinity_agg', 'affinity_agg_transfn_uuid(internal, uuid, uuid)', 'uuid, uuid', 'md5((id / 3)::text)::uuid, md5((id % 5)::text)::uuid', 'people'),
	('funnel_agg', 'funnel_agg_transfn(internal, interval, timestamp with time zone, integer)', 'interval, timestamp with time zone, integer',
		'''1 month 2 days 3 hours'', day, 1 + id % 3', 'people'),
	('uplift_rates', 'uplift_rates_transfn(internal, boolean, boolean)', 'boolean, boolean', 'id % 2 = 0, id % 3 = 0', 'people'),
	('uplift_means', 'uplift_means_transfn(internal, boolean, double precision)', 'boolean, double precision', 'id % 2 = 0, id * 1.1 - 5', 'people'),
	('engagement_agg', 'engagement_agg_transfn(internal, timestamp with time zone, text, text, text, text)',
		'timestamp with time zone, text, text, text, text', 'day, CASE WHEN id % 2 = 0 THEN ''inbound'' ELSE ''outbound'' END, ''channel '' || id % 3, ''kind '' || id % 4, ''UTC''', 'people'),
	('nps', 'nps_transfn(internal, integer)', 'integer', 'id - 1', 'people');

CREATE TABLE people AS
SELECT id, date '2023-01-01' + id * 11 AS day, history_agg(date '2023-01-01' + id * 11 + n * id * 5, (n - 1)::numeric) AS h
FROM generate_series(1, 11) id, generate_series(0, 5) n GROUP BY id;

\set mutants 500
\ir include/states.sql

-- Parts that serialize never makes.
SELECT is(pg_temp.read_bytes(n, overlay(bytes PLACING '\x7ff8000000000000'::bytea FROM length(bytes) - 7 FOR 8)), 'error 22P03', 'NaN is no value: ' || title) FROM serialized WHERE title ~ '^top_share';
SELECT is(pg_temp.read_bytes(n, replaced), 'error 22P03', 'a contact at no moment: ' || title)
FROM serialized, LATERAL (SELECT timestamptz_send(day) AS day FROM people WHERE id = 3) d,
	LATERAL (SELECT overlay(bytes PLACING '\x7fffffffffffffff'::bytea FROM position(day IN bytes) FOR 8) AS replaced) r WHERE title ~ '^engagement';
SELECT is(pg_temp.read_bytes(n, substr(bytes, 1, 1) || decode(repeat('00', 24), 'hex')), 'error 22P03', 'nobody''s answers: ' || title) FROM serialized WHERE title ~ '^nps';

-- One partial state for each partition, combined: with those of other rows, with none, with
-- those that other arguments made.
CREATE TABLE parted (part int, id int, day date, h purchase_history) PARTITION BY LIST (part);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES IN (3);
INSERT INTO parted SELECT part, id, day, h FROM people, generate_series(1, 3) part;
ANALYZE parted;
SET enable_partitionwise_aggregate = on;
SET max_parallel_workers_per_gather = 0;
SET cpu_operator_cost = 0; -- what a final function costs hides what is saved
SET client_min_messages = error; -- so few do not make a fit converge

\ir include/queries.sql
CREATE TABLE calls (call text);
INSERT INTO calls VALUES
	('history_agg(day, id - 3.5)'), ('history_agg(day)'), ('history_agg(h)'),
	('rfm_cuts_agg(day, id % 4 + 1, id * 1.25, 4)'), ('rfm_cuts_agg(day, 3, id / 2, 5, id)'), ('rfm_cuts_agg(day, 3, id / 2, 5, ''c'' || id)'),
	('rfm_cuts_agg(day, 3, id / 2, 5, md5(id::text)::uuid)'), ('rfm_cuts_agg(h, ''2024-01-01'', 3)'), ('top_share(id, .3)'),
	('btyd_fit(''bg/nbd'', id % 3, CASE WHEN id % 3 = 0 THEN 0 ELSE id END, id + 2, id, 7)'), ('btyd_fit(''bg/bb'', h, ''2024-01-01'')'),
	('gamma_gamma_fit(id, id * 1.5)'), ('gamma_gamma_fit(h, ''2024-01-01'')'), ('sbg_fit(id % 4, id % 2 = 0, id)'),
	('btyd_validate(btyd_model(''bg/nbd'', ''{0.24,4.41,0.79,2.43}''), h, ''2023-09-01'', ''2023-12-31'')'),
	('referral_agg(id, id / 2, id, day)'), ('referral_agg(id::text, (id / 2)::text, id)'), ('referral_agg(md5(id::text)::uuid, md5((id / 2)::text)::uuid, id)'),
	('affinity_agg(id / 3, id % 5)'), ('affinity_agg((id / 3)::text, ''product '' || id % 5)'), ('affinity_agg(md5((id / 3)::text)::uuid, md5((id % 5)::text)::uuid)'),
	('funnel_agg(''1 month'', day, 1 + id % 3)'), ('uplift(id % 2 = 0, id % 3 = 0)'), ('uplift(id % 2 = 0, id * 1.1 - 5)'),
	('engagement_agg(day, CASE WHEN id % 2 = 0 THEN ''inbound'' ELSE ''outbound'' END, ''channel '' || id % 3, ''kind '' || id % 4, ''UTC'')'),
	('nps(id - 1)'), ('nps_margin(id - 1)'),
	('crr(h, ''[2023-06-01,2024-01-01)'', 90)'), ('churn_rate(active_spans(h, 40), ''[2023-06-01,2024-01-01)'')'), ('crr(id % 2 = 0, id % 3 = 0)'),
	('key_figures_agg(h, ''[2023-06-01,2024-01-01)'', 90)'), ('retention_agg(h, periods(''2023-01-01'', ''2024-06-30'', ''1 month''), 60)'),
	('retention_agg(active_spans(h, 40), periods(''2023-01-01'', ''2024-06-30'', ''1 month''))'), ('cohort_agg(h, periods(''2023-01-01'', ''2024-06-30'', ''1 month''))'),
	('ladder_agg(h, ''2024-06-30'', 4)'), ('kaplan_meier(id / 2, id % 3 > 0)'), ('subscription_agg(daterange(day, day + id), id)'),
	('mrr_agg((day || '':5,'' || day + 30 || '':0'')::subscription_history, periods(''2023-01-01'', ''2024-06-30'', ''1 month''))'),
	('book_agg(id, day, id - 3.5)'), ('book_agg(id::text, day)'), ('book_agg(md5(id::text)::uuid, day)'), ('book_agg(CASE WHEN id > 3 THEN id END, day)');
SELECT ok(pg_temp.is_partial(format('SELECT %s FROM parted', call)), 'one partial state a partition: ' || call) FROM calls;
SELECT is(pg_temp.value(format('SELECT %s FILTER (WHERE part = 2) FROM parted', call)), pg_temp.value(format('SELECT %s FROM people', call)),
	'combined with the states of nobody: ' || call) FROM calls;
SELECT is(pg_temp.value(format('SELECT %s FILTER (WHERE part = 4) FROM parted', call)), NULL, 'nobody at all: ' || call) FROM calls;
-- Citus also combines with NULL what it had from a shard that saw nobody.
CREATE TABLE combines AS SELECT DISTINCT c.proname AS combine, c.probin, s.proname AS serialize
FROM pg_aggregate a JOIN pg_proc c ON c.oid = a.aggcombinefn JOIN pg_proc s ON s.oid = a.aggserialfn WHERE c.probin = (SELECT probin FROM pg_proc WHERE proname = 'nps_combinefn');
SELECT format('CREATE FUNCTION pg_temp.null_%1$s(internal, bytea) RETURNS internal AS %2$L, %1$L LANGUAGE C;
	CREATE AGGREGATE pg_temp.nothing_%1$s(bytea) (SFUNC = pg_temp.null_%1$s, STYPE = internal, FINALFUNC = %3$s)', combine, probin, serialize) FROM combines \gexec
SELECT is(pg_temp.value(format('SELECT pg_temp.nothing_%s(NULL)', combine)), NULL, 'nothing and nothing: ' || combine) FROM combines;
SELECT is(pg_temp.value(format('SELECT %s FROM parted', call)), pg_temp.value(format('SELECT %s FROM (TABLE people UNION ALL TABLE people UNION ALL TABLE people) p', call)),
	'three times the same: ' || call) FROM calls;
SELECT throws_ok(format('SELECT %s FROM parted', call), '22023', format('argument "%s" must not change within a group', what), 'combined with another argument: ' || call)
FROM (VALUES ('rfm_cuts_agg(day, id, id, part + 1)', 'bins'), ('rfm_cuts_agg(h, date ''2024-01-01'' + part)', 'as_of'), ('top_share(id, part / 4.0)', 'share'),
	('btyd_fit((''{bg/nbd,mbg/nbd,bg/bb}''::text[])[part], 1, 1, 2)', 'family'), ('btyd_fit(''bg/nbd'', 1, 1, 2, 1, part)', 'unit_days'),
	('btyd_fit(''bg/nbd'', h, date ''2024-01-01'' + part)', 'as_of'), ('gamma_gamma_fit(h, date ''2024-01-01'' + part)', 'as_of'),
	('btyd_validate(btyd_model(''bg/nbd'', ARRAY[part, 4.41, 0.79, 2.43]), h, ''2023-09-01'', ''2023-12-31'')', 'model'),
	('btyd_validate(btyd_model(''bg/nbd'', ''{0.24,4.41,0.79,2.43}''), h, date ''2023-09-01'' + part, ''2023-12-31'')', 'calibration_end'),
	('btyd_validate(btyd_model(''bg/nbd'', ''{0.24,4.41,0.79,2.43}''), h, ''2023-09-01'', date ''2023-12-31'' + part)', 'holdout_end'),
	('funnel_agg(part * interval ''1 day'', day, 1)', 'event_window'),
	('engagement_agg(day, ''inbound'', ''a'', ''b'', (''{UTC,Europe/Berlin,Asia/Tokyo}''::text[])[part])', 'time_zone')) v(call, what);
RESET ALL;

SELECT * FROM finish();
ROLLBACK;
