/*
 * key_figures.sql - the first row of a dashboard, of any period and as of its end.
 */

CREATE TYPE key_figures AS (
	period_start date,
	period_end date,
	customers bigint,
	repeat_customers bigint,
	repeat_rate double precision,
	customers_at_start bigint,
	customers_at_end bigint,
	acquired bigint,
	new_customers bigint,
	churned bigint,
	crr double precision,
	churn_rate double precision,
	purchases bigint,
	revenue numeric,
	revenue_per_customer numeric
);
COMMENT ON TYPE key_figures IS
	'the key figures of a period, and of the population as of its last day';
COMMENT ON COLUMN key_figures.period_start IS
	'first day of the period';
COMMENT ON COLUMN key_figures.period_end IS
	'the day after its last; the figures are as of the day before';
COMMENT ON COLUMN key_figures.customers IS
	'customers with a purchase by the end of the period, active or not';
COMMENT ON COLUMN key_figures.repeat_customers IS
	'of these, customers with two or more purchase days by then';
COMMENT ON COLUMN key_figures.repeat_rate IS
	'percent: 100 x repeat_customers / customers; NULL without customers';
COMMENT ON COLUMN key_figures.customers_at_start IS
	'customers active at the start: a purchase day among the active_days days before it';
COMMENT ON COLUMN key_figures.customers_at_end IS
	'customers active at the end: a purchase day among the active_days days before it';
COMMENT ON COLUMN key_figures.acquired IS
	'customers whose first purchase is in the period';
COMMENT ON COLUMN key_figures.new_customers IS
	'of these, customers still active at the end';
COMMENT ON COLUMN key_figures.churned IS
	'customers active at the start and not at the end';
COMMENT ON COLUMN key_figures.crr IS
	'percent: 100 x (customers_at_end - new_customers) / customers_at_start; NULL when there was nobody at the start';
COMMENT ON COLUMN key_figures.churn_rate IS
	'percent: 100 x churned / customers_at_start; NULL when there was nobody at the start';
COMMENT ON COLUMN key_figures.purchases IS
	'purchases in the period';
COMMENT ON COLUMN key_figures.revenue IS
	'net money of the period, refunds on their own day; NULL without amounts';
COMMENT ON COLUMN key_figures.revenue_per_customer IS
	'revenue / customers; NULL without amounts or customers';

CREATE FUNCTION key_figures_agg_finalfn(internal) RETURNS key_figures
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION key_figures_agg_finalfn(internal) IS
	'final function of key_figures_agg';

CREATE FUNCTION key_figures_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION key_figures_agg_combinefn(internal, internal) IS
	'combine function of key_figures_agg';

CREATE FUNCTION key_figures_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION key_figures_agg_serialfn(internal) IS
	'serialization of key_figures_agg';

CREATE FUNCTION key_figures_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION key_figures_agg_deserialfn(bytea, internal) IS
	'deserialization of key_figures_agg';

CREATE FUNCTION key_figures_agg_transfn(internal, purchase_history, daterange, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION key_figures_agg_transfn(internal, purchase_history, daterange, integer) IS
	'transition function of key_figures_agg';

CREATE AGGREGATE key_figures_agg(h purchase_history, period daterange, active_days integer) (
	SFUNC = key_figures_agg_transfn,
	STYPE = internal,
	SSPACE = 112,
	FINALFUNC = key_figures_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = key_figures_agg_combinefn,
	SERIALFUNC = key_figures_agg_serialfn,
	DESERIALFUNC = key_figures_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE key_figures_agg(h purchase_history, period daterange, active_days integer) IS
	'the key figures of a period and as of its last day, in one pass; later days are not looked at; customers are active at a boundary when a purchase day is among the active_days days before it, as for crr; NULL histories are ignored, NULL when there is no history';
