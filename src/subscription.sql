/*
 * subscription.sql - recurring revenue: one customer's as a value, and how all of it moves.
 */

CREATE TYPE subscription_history;

CREATE FUNCTION subscription_history_in(cstring) RETURNS subscription_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_in(cstring) IS
	'text input of subscription_history: the monthly amount from each day on, as 2024-01-01:10.00, 2025-01-01:0.00';

CREATE FUNCTION subscription_history_out(subscription_history) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_out(subscription_history) IS
	'text output of subscription_history';

CREATE FUNCTION subscription_history_recv(internal) RETURNS subscription_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_recv(internal) IS
	'binary input of subscription_history';

CREATE FUNCTION subscription_history_send(subscription_history) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_send(subscription_history) IS
	'binary output of subscription_history';

CREATE TYPE subscription_history (
	INPUT = subscription_history_in,
	OUTPUT = subscription_history_out,
	RECEIVE = subscription_history_recv,
	SEND = subscription_history_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = external
);
COMMENT ON TYPE subscription_history IS
	'one customer''s recurring revenue: the exact monthly amount (4 decimals) from each day on which it changes, and the latest start of a subscription';

-- Comparison: equal when every step and the latest start are; order step by step.

CREATE FUNCTION subscription_history_eq(subscription_history, subscription_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_eq(subscription_history, subscription_history) IS
	'implementation of =: equal';

CREATE FUNCTION subscription_history_ne(subscription_history, subscription_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_ne(subscription_history, subscription_history) IS
	'implementation of <>: not equal';

CREATE FUNCTION subscription_history_lt(subscription_history, subscription_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_lt(subscription_history, subscription_history) IS
	'implementation of <: less than';

CREATE FUNCTION subscription_history_le(subscription_history, subscription_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_le(subscription_history, subscription_history) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION subscription_history_gt(subscription_history, subscription_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_gt(subscription_history, subscription_history) IS
	'implementation of >: greater than';

CREATE FUNCTION subscription_history_ge(subscription_history, subscription_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_ge(subscription_history, subscription_history) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = subscription_history,
	RIGHTARG = subscription_history,
	FUNCTION = subscription_history_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (subscription_history, subscription_history) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = subscription_history,
	RIGHTARG = subscription_history,
	FUNCTION = subscription_history_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (subscription_history, subscription_history) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = subscription_history,
	RIGHTARG = subscription_history,
	FUNCTION = subscription_history_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (subscription_history, subscription_history) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = subscription_history,
	RIGHTARG = subscription_history,
	FUNCTION = subscription_history_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (subscription_history, subscription_history) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = subscription_history,
	RIGHTARG = subscription_history,
	FUNCTION = subscription_history_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (subscription_history, subscription_history) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = subscription_history,
	RIGHTARG = subscription_history,
	FUNCTION = subscription_history_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (subscription_history, subscription_history) IS 'greater than or equal';

CREATE FUNCTION subscription_history_cmp(subscription_history, subscription_history) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_cmp(subscription_history, subscription_history) IS
	'btree comparison: below, at or above 0';

CREATE FUNCTION subscription_history_hash(subscription_history) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_hash(subscription_history) IS 'hash';

CREATE FUNCTION subscription_history_hash_extended(subscription_history, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_history_hash_extended(subscription_history, bigint) IS
	'hash with a seed';

CREATE OPERATOR CLASS subscription_history_ops DEFAULT FOR TYPE subscription_history USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 subscription_history_cmp(subscription_history, subscription_history);
COMMENT ON OPERATOR CLASS subscription_history_ops USING btree IS
	'default btree operators of subscription_history';
COMMENT ON OPERATOR FAMILY subscription_history_ops USING btree IS
	'btree operators of subscription_history';

CREATE OPERATOR CLASS subscription_history_ops DEFAULT FOR TYPE subscription_history USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 subscription_history_hash(subscription_history),
	FUNCTION 2 subscription_history_hash_extended(subscription_history, bigint);
COMMENT ON OPERATOR CLASS subscription_history_ops USING hash IS
	'default hash operators of subscription_history';
COMMENT ON OPERATOR FAMILY subscription_history_ops USING hash IS
	'hash operators of subscription_history';

CREATE FUNCTION subscription_agg_finalfn(internal) RETURNS subscription_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION subscription_agg_finalfn(internal) IS
	'final function of subscription_agg';

CREATE FUNCTION subscription_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION subscription_agg_combinefn(internal, internal) IS
	'combine function of subscription_agg';

CREATE FUNCTION subscription_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_agg_serialfn(internal) IS
	'serialization of subscription_agg';

CREATE FUNCTION subscription_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscription_agg_deserialfn(bytea, internal) IS
	'deserialization of subscription_agg';

CREATE FUNCTION subscription_agg_transfn(internal, daterange, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION subscription_agg_transfn(internal, daterange, numeric) IS
	'transition function of subscription_agg';

CREATE AGGREGATE subscription_agg(valid daterange, mrr numeric) (
	SFUNC = subscription_agg_transfn,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = subscription_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = subscription_agg_combinefn,
	SERIALFUNC = subscription_agg_serialfn,
	DESERIALFUNC = subscription_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE subscription_agg(valid daterange, mrr numeric) IS
	'subscriptions of one customer to the monthly amount over time; overlapping spans add up, ends may be open; mrr 0 is a free plan, a negative or NULL one an error; rows with a NULL range are ignored; NULL when no row is left';

CREATE TYPE mrr_period AS (
	period_start date,
	period_end date,
	mrr_start numeric,
	new numeric,
	expansion numeric,
	contraction numeric,
	churned numeric,
	reactivation numeric,
	mrr_end numeric,
	customers_start bigint,
	customers_end bigint,
	new_customers bigint,
	expanded_customers bigint,
	contracted_customers bigint,
	churned_customers bigint,
	reactivated_customers bigint,
	retention_rate double precision,
	gross_retention double precision,
	net_retention double precision,
	quick_ratio double precision,
	complete boolean
);
COMMENT ON TYPE mrr_period IS
	'movements of monthly recurring revenue in one period, all positive; NULL where a divisor is 0';
COMMENT ON COLUMN mrr_period.period_start IS
	'first day of the period';
COMMENT ON COLUMN mrr_period.period_end IS
	'day after its last';
COMMENT ON COLUMN mrr_period.mrr_start IS
	'monthly recurring revenue on the day before the period';
COMMENT ON COLUMN mrr_period.new IS
	'monthly amount of customers who pay at the end, not at the start, and never before the period';
COMMENT ON COLUMN mrr_period.expansion IS
	'rise of customers who pay at both ends';
COMMENT ON COLUMN mrr_period.contraction IS
	'fall of customers who pay at both ends, a positive amount';
COMMENT ON COLUMN mrr_period.churned IS
	'monthly amount at the start of customers who pay nothing at the end, a positive amount';
COMMENT ON COLUMN mrr_period.reactivation IS
	'monthly amount of customers who pay at the end, not at the start, but some time before';
COMMENT ON COLUMN mrr_period.mrr_end IS
	'monthly recurring revenue on the last day: mrr_start + new + expansion + reactivation - contraction - churned';
COMMENT ON COLUMN mrr_period.customers_start IS
	'paying customers on the day before the period';
COMMENT ON COLUMN mrr_period.customers_end IS
	'paying customers on its last day';
COMMENT ON COLUMN mrr_period.new_customers IS
	'customers behind new';
COMMENT ON COLUMN mrr_period.expanded_customers IS
	'customers behind expansion';
COMMENT ON COLUMN mrr_period.contracted_customers IS
	'customers behind contraction';
COMMENT ON COLUMN mrr_period.churned_customers IS
	'customers behind churned';
COMMENT ON COLUMN mrr_period.reactivated_customers IS
	'customers behind reactivation';
COMMENT ON COLUMN mrr_period.retention_rate IS
	'percent of the customers at the start who still pay at the end';
COMMENT ON COLUMN mrr_period.gross_retention IS
	'percent: 100 x (mrr_start - contraction - churned) / mrr_start';
COMMENT ON COLUMN mrr_period.net_retention IS
	'percent: 100 x (mrr_start + expansion - contraction - churned) / mrr_start';
COMMENT ON COLUMN mrr_period.quick_ratio IS
	'(new + expansion + reactivation) / (contraction + churned)';
COMMENT ON COLUMN mrr_period.complete IS
	'whether the period was observed to its end; if not, the figures are what was seen so far';

CREATE FUNCTION mrr_agg_finalfn(internal) RETURNS mrr_period[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION mrr_agg_finalfn(internal) IS
	'final function of mrr_agg';

CREATE FUNCTION mrr_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION mrr_agg_combinefn(internal, internal) IS
	'combine function of mrr_agg';

CREATE FUNCTION mrr_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mrr_agg_serialfn(internal) IS
	'serialization of mrr_agg';

CREATE FUNCTION mrr_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mrr_agg_deserialfn(bytea, internal) IS
	'deserialization of mrr_agg';

CREATE FUNCTION mrr_agg_transfn(internal, subscription_history, date[]) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mrr_agg_transfn(internal, subscription_history, date[]) IS
	'transition function of mrr_agg';

CREATE AGGREGATE mrr_agg(subscriptions subscription_history, boundaries date[]) (
	SFUNC = mrr_agg_transfn,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = mrr_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = mrr_agg_combinefn,
	SERIALFUNC = mrr_agg_serialfn,
	DESERIALFUNC = mrr_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE mrr_agg(subscriptions subscription_history, boundaries date[]) IS
	'movements of monthly recurring revenue: one row for each period between the boundaries, comparing what each customer pays on the day before the period and on its last day; observed until the latest start of a subscription; rows with a NULL value are ignored; NULL when no row is left';

CREATE FUNCTION mrr_agg_transfn(internal, subscription_history, date[], date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mrr_agg_transfn(internal, subscription_history, date[], date) IS
	'transition function of mrr_agg';

CREATE AGGREGATE mrr_agg(subscriptions subscription_history, boundaries date[], observed_until date) (
	SFUNC = mrr_agg_transfn,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = mrr_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = mrr_agg_combinefn,
	SERIALFUNC = mrr_agg_serialfn,
	DESERIALFUNC = mrr_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE mrr_agg(subscriptions subscription_history, boundaries date[], observed_until date) IS
	'movements of monthly recurring revenue: one row for each period between the boundaries, comparing what each customer pays on the day before the period and on its last day; observed_until: last observed day, what begins later is ignored, ends already known are not; NULL: the latest start of a subscription; rows with a NULL value are ignored; NULL when no row is left';
