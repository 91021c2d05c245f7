/*
 * retention.sql - who stays: rates of one period, and series of periods.
 */

-- crr and churn_rate from figures that are already counted.

CREATE FUNCTION crr(customers_at_start double precision, customers_at_end double precision, new_customers double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION crr(double precision, double precision, double precision) IS
	'customer retention rate in percent: 100 x (customers_at_end - new_customers) / customers_at_start; new_customers counts those still customers at the end; NULL when customers_at_start is 0';

CREATE FUNCTION churn_rate(customers_at_start double precision, customers_lost double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION churn_rate(double precision, double precision) IS
	'churn rate in percent: 100 x customers_lost / customers_at_start; NULL when customers_at_start is 0';

-- The same as aggregates over customers, one period at a time; one state serves both.

CREATE FUNCTION period_counts_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION period_counts_combinefn(internal, internal) IS
	'combine function of crr and churn_rate';

CREATE FUNCTION period_counts_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_counts_serialfn(internal) IS
	'serialization of crr and churn_rate';

CREATE FUNCTION period_counts_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_counts_deserialfn(bytea, internal) IS
	'deserialization of crr and churn_rate';

CREATE FUNCTION crr_finalfn(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION crr_finalfn(internal) IS
	'final function of crr';

CREATE FUNCTION churn_rate_finalfn(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION churn_rate_finalfn(internal) IS
	'final function of churn_rate';

CREATE FUNCTION period_counts_transfn_history(internal, purchase_history, daterange, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION period_counts_transfn_history(internal, purchase_history, daterange, integer) IS
	'transition function of crr and churn_rate';

CREATE AGGREGATE crr(h purchase_history, period daterange, active_days integer) (
	SFUNC = period_counts_transfn_history,
	STYPE = internal,
	SSPACE = 56,
	FINALFUNC = crr_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = period_counts_combinefn,
	SERIALFUNC = period_counts_serialfn,
	DESERIALFUNC = period_counts_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE crr(h purchase_history, period daterange, active_days integer) IS
	'customer retention rate, 100 x (at the end - new) / at the start of period, in percent; customers as histories, active at a boundary when a purchase day is among the active_days days before it; NULL when there is no customer at the start';

CREATE AGGREGATE churn_rate(h purchase_history, period daterange, active_days integer) (
	SFUNC = period_counts_transfn_history,
	STYPE = internal,
	SSPACE = 56,
	FINALFUNC = churn_rate_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = period_counts_combinefn,
	SERIALFUNC = period_counts_serialfn,
	DESERIALFUNC = period_counts_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(h purchase_history, period daterange, active_days integer) IS
	'churn rate, percent of the customers at the start who are none at the end; customers as histories, active at a boundary when a purchase day is among the active_days days before it; NULL when there is no customer at the start';

CREATE FUNCTION period_counts_transfn_spans(internal, datemultirange, daterange) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION period_counts_transfn_spans(internal, datemultirange, daterange) IS
	'transition function of crr and churn_rate';

CREATE AGGREGATE crr(spans datemultirange, period daterange) (
	SFUNC = period_counts_transfn_spans,
	STYPE = internal,
	SSPACE = 56,
	FINALFUNC = crr_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = period_counts_combinefn,
	SERIALFUNC = period_counts_serialfn,
	DESERIALFUNC = period_counts_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE crr(spans datemultirange, period daterange) IS
	'customer retention rate, 100 x (at the end - new) / at the start of period, in percent; customers as spans of a contract, active at a boundary when a span holds the day before it; NULL when there is no customer at the start';

CREATE AGGREGATE churn_rate(spans datemultirange, period daterange) (
	SFUNC = period_counts_transfn_spans,
	STYPE = internal,
	SSPACE = 56,
	FINALFUNC = churn_rate_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = period_counts_combinefn,
	SERIALFUNC = period_counts_serialfn,
	DESERIALFUNC = period_counts_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(spans datemultirange, period daterange) IS
	'churn rate, percent of the customers at the start who are none at the end; customers as spans of a contract, active at a boundary when a span holds the day before it; NULL when there is no customer at the start';

CREATE FUNCTION period_counts_transfn_booleans(internal, boolean, boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION period_counts_transfn_booleans(internal, boolean, boolean) IS
	'transition function of crr and churn_rate';

CREATE AGGREGATE crr(was_customer boolean, is_customer boolean) (
	SFUNC = period_counts_transfn_booleans,
	STYPE = internal,
	SSPACE = 56,
	FINALFUNC = crr_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = period_counts_combinefn,
	SERIALFUNC = period_counts_serialfn,
	DESERIALFUNC = period_counts_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE crr(was_customer boolean, is_customer boolean) IS
	'customer retention rate, percent of those who were customers and still are; new and reactivated cannot be told apart, so neither counts; customers as two flags; a NULL on either side: the row is ignored; NULL when there is no customer at the start';

CREATE AGGREGATE churn_rate(was_customer boolean, is_customer boolean) (
	SFUNC = period_counts_transfn_booleans,
	STYPE = internal,
	SSPACE = 56,
	FINALFUNC = churn_rate_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = period_counts_combinefn,
	SERIALFUNC = period_counts_serialfn,
	DESERIALFUNC = period_counts_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(was_customer boolean, is_customer boolean) IS
	'churn rate, percent of the customers at the start who are none at the end; customers as two flags; a NULL on either side: the row is ignored; NULL when there is no customer at the start';

-- Periods, and what happens in each.

CREATE FUNCTION periods("first" date, "last" date, step interval) RETURNS date[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION periods(date, date, interval) IS
	'boundaries first, first + step, first + 2 steps, ... until the period that holds last is closed; month ends do not drift (01-31, 02-29, 03-31)';

CREATE TYPE retention_period AS (
	period_start date,
	period_end date,
	customers_at_start bigint,
	customers_at_end bigint,
	new_customers bigint,
	acquired bigint,
	retained bigint,
	reactivated bigint,
	churned bigint,
	lapsed_at_start bigint,
	crr double precision,
	retention_rate double precision,
	churn_rate double precision,
	reactivation_rate double precision,
	purchases bigint,
	revenue numeric,
	revenue_new numeric,
	revenue_retained numeric,
	revenue_reactivated numeric,
	net_revenue_retention double precision,
	complete boolean
);
COMMENT ON TYPE retention_period IS
	'one period of a retention series; NULL where a divisor is 0 or unknown';
COMMENT ON COLUMN retention_period.period_start IS
	'first day of the period';
COMMENT ON COLUMN retention_period.period_end IS
	'day after its last';
COMMENT ON COLUMN retention_period.customers_at_start IS
	'customers active at the start (calendar method: in the period before); calendar method: NULL in the first period, as are the figures that need it';
COMMENT ON COLUMN retention_period.customers_at_end IS
	'customers active at the end (calendar method: in the period)';
COMMENT ON COLUMN retention_period.new_customers IS
	'of those at the end, customers first seen in the period';
COMMENT ON COLUMN retention_period.acquired IS
	'customers first seen in the period, still active at its end or not';
COMMENT ON COLUMN retention_period.retained IS
	'customers active at both the start and the end';
COMMENT ON COLUMN retention_period.reactivated IS
	'customers active at the end, not at the start, and not new';
COMMENT ON COLUMN retention_period.churned IS
	'customers active at the start and not at the end';
COMMENT ON COLUMN retention_period.lapsed_at_start IS
	'customers known before the start and not active at it';
COMMENT ON COLUMN retention_period.crr IS
	'customer retention rate, percent: 100 x (customers_at_end - new_customers) / customers_at_start; passes 100 when the reactivated outnumber the churned';
COMMENT ON COLUMN retention_period.retention_rate IS
	'percent: 100 x retained / customers_at_start';
COMMENT ON COLUMN retention_period.churn_rate IS
	'percent: 100 x churned / customers_at_start';
COMMENT ON COLUMN retention_period.reactivation_rate IS
	'percent: 100 x reactivated / lapsed_at_start';
COMMENT ON COLUMN retention_period.purchases IS
	'number of purchases in the period; NULL over spans';
COMMENT ON COLUMN retention_period.revenue IS
	'net money of the period, refunds on their own day; NULL over spans and without amounts';
COMMENT ON COLUMN retention_period.revenue_new IS
	'of this, money of customers whose first purchase is in the period';
COMMENT ON COLUMN retention_period.revenue_retained IS
	'of this, money of retained customers';
COMMENT ON COLUMN retention_period.revenue_reactivated IS
	'of this, money of all others';
COMMENT ON COLUMN retention_period.net_revenue_retention IS
	'percent: revenue of the customers active in the period before, of their revenue then; calendar method only';
COMMENT ON COLUMN retention_period.complete IS
	'whether the period was observed to its end; if not, the figures are what was seen so far';

CREATE FUNCTION retention_agg_finalfn(internal) RETURNS retention_period[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_agg_finalfn(internal) IS
	'final function of retention_agg';

CREATE FUNCTION retention_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_agg_combinefn(internal, internal) IS
	'combine function of retention_agg';

CREATE FUNCTION retention_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_agg_serialfn(internal) IS
	'serialization of retention_agg';

CREATE FUNCTION retention_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_agg_deserialfn(bytea, internal) IS
	'deserialization of retention_agg';

CREATE FUNCTION retention_agg_transfn_history(internal, purchase_history, date[], integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION retention_agg_transfn_history(internal, purchase_history, date[], integer) IS
	'transition function of retention_agg';

CREATE AGGREGATE retention_agg(h purchase_history, boundaries date[], active_days integer) (
	SFUNC = retention_agg_transfn_history,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = retention_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = retention_agg_combinefn,
	SERIALFUNC = retention_agg_serialfn,
	DESERIALFUNC = retention_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_agg(h purchase_history, boundaries date[], active_days integer) IS
	'retention series: one row for each period between the boundaries; active_days chooses the window method (active at a boundary when a purchase day is among the active_days days before it), NULL the calendar method (active in a period when there is a purchase in it); observed until the latest purchase day in the data; rows with a NULL history are ignored; NULL when no row is left';

CREATE FUNCTION retention_agg_transfn_history(internal, purchase_history, date[], integer, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION retention_agg_transfn_history(internal, purchase_history, date[], integer, date) IS
	'transition function of retention_agg';

CREATE AGGREGATE retention_agg(h purchase_history, boundaries date[], active_days integer, observed_until date) (
	SFUNC = retention_agg_transfn_history,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = retention_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = retention_agg_combinefn,
	SERIALFUNC = retention_agg_serialfn,
	DESERIALFUNC = retention_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_agg(h purchase_history, boundaries date[], active_days integer, observed_until date) IS
	'retention series: one row for each period between the boundaries; active_days chooses the window method (active at a boundary when a purchase day is among the active_days days before it), NULL the calendar method (active in a period when there is a purchase in it); observed_until: last observed day, later ones are ignored; NULL: the latest purchase day in the data; rows with a NULL history are ignored; NULL when no row is left';

CREATE FUNCTION retention_agg_transfn_spans(internal, datemultirange, date[]) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION retention_agg_transfn_spans(internal, datemultirange, date[]) IS
	'transition function of retention_agg';

CREATE AGGREGATE retention_agg(spans datemultirange, boundaries date[]) (
	SFUNC = retention_agg_transfn_spans,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = retention_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = retention_agg_combinefn,
	SERIALFUNC = retention_agg_serialfn,
	DESERIALFUNC = retention_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_agg(spans datemultirange, boundaries date[]) IS
	'retention series of contracts: active at a boundary when a span holds the day before it; observed until the latest start of a span; rows with NULL spans are ignored; NULL when no row is left';

CREATE FUNCTION retention_agg_transfn_spans(internal, datemultirange, date[], date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION retention_agg_transfn_spans(internal, datemultirange, date[], date) IS
	'transition function of retention_agg';

CREATE AGGREGATE retention_agg(spans datemultirange, boundaries date[], observed_until date) (
	SFUNC = retention_agg_transfn_spans,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = retention_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = retention_agg_combinefn,
	SERIALFUNC = retention_agg_serialfn,
	DESERIALFUNC = retention_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_agg(spans datemultirange, boundaries date[], observed_until date) IS
	'retention series of contracts: active at a boundary when a span holds the day before it; observed_until: last observed day, spans that start later are ignored; NULL: the latest start of a span; rows with NULL spans are ignored; NULL when no row is left';
