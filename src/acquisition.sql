/*
 * acquisition.sql - how customers are won, and what that costs and brings.
 */

CREATE FUNCTION funnel_agg_finalfn(internal) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_agg_finalfn(internal) IS 'final function of funnel_agg';

CREATE FUNCTION funnel_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_agg_combinefn(internal, internal) IS 'combine function of funnel_agg';

CREATE FUNCTION funnel_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION funnel_agg_serialfn(internal) IS 'serialization of funnel_agg';

CREATE FUNCTION funnel_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION funnel_agg_deserialfn(bytea, internal) IS 'deserialization of funnel_agg';

CREATE FUNCTION funnel_agg_transfn(internal, interval, timestamptz, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_agg_transfn(internal, interval, timestamptz, integer) IS
	'transition function of funnel_agg';

-- SSPACE: of a customer with five to 20 events.
CREATE AGGREGATE funnel_agg(event_window interval, at timestamptz, step integer) (
	SFUNC = funnel_agg_transfn,
	STYPE = internal,
	SSPACE = 192,
	FINALFUNC = funnel_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = funnel_agg_combinefn,
	SERIALFUNC = funnel_agg_serialfn,
	DESERIALFUNC = funnel_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE funnel_agg(event_window interval, at timestamptz, step integer) IS
	'deepest step of a funnel (1 to 32) that one customer reached: steps 1, 2, 3 ... in order of time, each at or after the one before and within event_window (inclusive) of the first; the best over all events of step 1; 0: none of them; days are 24 hours and months those of UTC; rows with a NULL at or step are ignored; NULL when no row is left';

CREATE FUNCTION cac(spend double precision, new_customers double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cac(double precision, double precision) IS
	'customer acquisition cost: spend / new_customers, in the unit of spend; NULL when there are no new customers; negative numbers are errors';

CREATE FUNCTION ltv_to_cac(clv double precision, cac double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ltv_to_cac(double precision, double precision) IS
	'lifetime value of a customer over the cost of winning one: clv / cac, both in one currency; NULL when cac is 0; a negative cac is an error';

CREATE FUNCTION payback_periods(cac double precision, margin_per_period double precision, retention_rate double precision, discount_rate double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION payback_periods(double precision, double precision, double precision, double precision) IS
	'periods until the expected discounted margin, margin_per_period x sum over t = 1..n of (retention_rate / (1 + discount_rate))^t as in clv, covers cac, linear within the last period; rates are fractions per period; NULL when it never does';

CREATE FUNCTION acquisition_to_retention_cost(acquisition_spend double precision, new_customers double precision, retention_spend double precision, retained_customers double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION acquisition_to_retention_cost(double precision, double precision, double precision, double precision) IS
	'how many times as much a new customer costs as a retained one: (acquisition_spend / new_customers) / (retention_spend / retained_customers); NULL where a divisor is 0; negative numbers are errors';

CREATE FUNCTION profit_gain(retention_rate double precision, discount_rate double precision, improvement double precision = 0.05) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION profit_gain(double precision, double precision, double precision) IS
	'percent by which lifetime value rises with retention: 100 x (clv at retention_rate + improvement / clv at retention_rate - 1), per customer and for ever; arguments are fractions per period (Reichheld and Sasser 1990); NULL when retention_rate is 0';

CREATE FUNCTION campaign_roi(extra_value double precision, cost double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION campaign_roi(double precision, double precision) IS
	'return on a campaign as a fraction of its cost: (extra_value - cost) / cost, extra_value being what it brought beyond what would have come without it; NULL when cost is 0; a negative cost is an error';
