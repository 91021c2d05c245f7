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
