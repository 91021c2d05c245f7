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

SELECT * FROM finish();
ROLLBACK;
