-- States of the aggregates about retention that travel between processes: any bytes are
-- read or refused, never a crash.
BEGIN;
SELECT no_plan();

CREATE TABLE states (name text, transition regprocedure, arguments text, inputs text, source text);
INSERT INTO states VALUES
	('retention_agg', 'retention_agg_transfn_history(internal, purchase_history, date[], integer)', 'purchase_history, date[], integer',
		'h, periods(''2023-01-01'', ''2023-12-31'', ''3 months''), 60', 'people'),
	('retention_agg', 'retention_agg_transfn_history(internal, purchase_history, date[], integer, date)', 'purchase_history, date[], integer, date',
		'h, periods(''2023-01-01'', ''2023-12-31'', ''3 months''), NULL, ''2023-11-11''', 'people'),
	('retention_agg', 'retention_agg_transfn_spans(internal, datemultirange, date[])', 'datemultirange, date[]',
		'spans, periods(''2023-01-01'', ''2023-12-31'', ''3 months'')', 'people'),
	('cohort_agg', 'cohort_agg_transfn(internal, purchase_history, date[], text)', 'purchase_history, date[], text',
		'h, periods(''2023-01-01'', ''2023-12-31'', ''3 months''), ''unbounded''', 'people'),
	('ladder_agg', 'ladder_agg_transfn(internal, purchase_history, date, integer)', 'purchase_history, date, integer', 'h, ''2023-11-11'', 3', 'people'),
	('kaplan_meier', 'kaplan_meier_transfn(internal, double precision, boolean)', 'double precision, boolean', 'id::float8 / 2, id % 3 > 0', 'people'),
	('subscription_agg', 'subscription_agg_transfn(internal, daterange, numeric)', 'daterange, numeric', 'daterange(day, day + id), id', 'people'),
	('mrr_agg', 'mrr_agg_transfn(internal, subscription_history, date[])', 'subscription_history, date[]',
		's, periods(''2023-01-01'', ''2023-12-31'', ''3 months'')', 'people'),
	('key_figures_agg', 'key_figures_agg_transfn(internal, purchase_history, daterange, integer)', 'purchase_history, daterange, integer',
		'h, daterange(''2023-03-01'', ''2023-10-01''), 60', 'people'),
	('period_counts', 'period_counts_transfn_history(internal, purchase_history, daterange, integer)', 'purchase_history, daterange, integer',
		'h, daterange(''2023-03-01'', ''2023-10-01''), 60', 'people');

CREATE TABLE people AS
SELECT id, date '2023-01-01' + id * 11 AS day, history_agg(date '2023-01-01' + id * 11 + n * id * 5, (n - 1)::numeric) AS h,
	active_spans(history_agg(date '2023-01-01' + id * 11 + n * id * 5), 40) AS spans,
	subscription_agg(daterange(date '2023-01-01' + id * 11 + n * 20, date '2023-01-10' + id * 11 + n * 20), n) AS s
FROM generate_series(1, 12) id, generate_series(0, 5) n GROUP BY id;

\ir include/states.sql

SELECT * FROM finish();
ROLLBACK;
