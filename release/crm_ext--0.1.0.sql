\echo Use "CREATE EXTENSION crm_ext" to load this file. \quit
/*
 * history.sql - one customer's purchases as a value.
 */

CREATE TYPE purchase_history;

CREATE FUNCTION purchase_history_in(cstring) RETURNS purchase_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_in(cstring) IS
	'text input of purchase_history: days as 2024-01-05:59.90, 2024-01-09*2:12.00';

CREATE FUNCTION purchase_history_out(purchase_history) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_out(purchase_history) IS
	'text output of purchase_history';

CREATE FUNCTION purchase_history_recv(internal) RETURNS purchase_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_recv(internal) IS
	'binary input of purchase_history';

CREATE FUNCTION purchase_history_send(purchase_history) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_send(purchase_history) IS
	'binary output of purchase_history';

-- Days and amounts hardly compress: EXTERNAL keeps long histories out of line as they are.
CREATE TYPE purchase_history (
	INPUT = purchase_history_in,
	OUTPUT = purchase_history_out,
	RECEIVE = purchase_history_recv,
	SEND = purchase_history_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = external
);
COMMENT ON TYPE purchase_history IS
	'one customer''s purchases: the days with a purchase or refund, sorted, each with its number of purchases and exact net money (4 decimals)';

-- Comparison: equal when every day, count and amount is; order day by day.

CREATE FUNCTION purchase_history_eq(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_eq(purchase_history, purchase_history) IS
	'implementation of =: equal';

CREATE FUNCTION purchase_history_ne(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_ne(purchase_history, purchase_history) IS
	'implementation of <>: not equal';

CREATE FUNCTION purchase_history_lt(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_lt(purchase_history, purchase_history) IS
	'implementation of <: less than';

CREATE FUNCTION purchase_history_le(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_le(purchase_history, purchase_history) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION purchase_history_gt(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_gt(purchase_history, purchase_history) IS
	'implementation of >: greater than';

CREATE FUNCTION purchase_history_ge(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_ge(purchase_history, purchase_history) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = purchase_history,
	RIGHTARG = purchase_history,
	FUNCTION = purchase_history_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (purchase_history, purchase_history) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = purchase_history,
	RIGHTARG = purchase_history,
	FUNCTION = purchase_history_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (purchase_history, purchase_history) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = purchase_history,
	RIGHTARG = purchase_history,
	FUNCTION = purchase_history_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (purchase_history, purchase_history) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = purchase_history,
	RIGHTARG = purchase_history,
	FUNCTION = purchase_history_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (purchase_history, purchase_history) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = purchase_history,
	RIGHTARG = purchase_history,
	FUNCTION = purchase_history_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (purchase_history, purchase_history) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = purchase_history,
	RIGHTARG = purchase_history,
	FUNCTION = purchase_history_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (purchase_history, purchase_history) IS 'greater than or equal';

CREATE FUNCTION purchase_history_cmp(purchase_history, purchase_history) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_cmp(purchase_history, purchase_history) IS
	'btree comparison: below, at or above 0';

CREATE FUNCTION purchase_history_hash(purchase_history) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_hash(purchase_history) IS 'hash';

CREATE FUNCTION purchase_history_hash_extended(purchase_history, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_hash_extended(purchase_history, bigint) IS
	'hash with a seed';

CREATE OPERATOR CLASS purchase_history_ops DEFAULT FOR TYPE purchase_history USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 purchase_history_cmp(purchase_history, purchase_history);
COMMENT ON OPERATOR CLASS purchase_history_ops USING btree IS
	'default btree operators of purchase_history';
COMMENT ON OPERATOR FAMILY purchase_history_ops USING btree IS
	'btree operators of purchase_history';

CREATE OPERATOR CLASS purchase_history_ops DEFAULT FOR TYPE purchase_history USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 purchase_history_hash(purchase_history),
	FUNCTION 2 purchase_history_hash_extended(purchase_history, bigint);
COMMENT ON OPERATOR CLASS purchase_history_ops USING hash IS
	'default hash operators of purchase_history';
COMMENT ON OPERATOR FAMILY purchase_history_ops USING hash IS
	'hash operators of purchase_history';

CREATE FUNCTION purchase_history_concat(purchase_history, purchase_history) RETURNS purchase_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_history_concat(purchase_history, purchase_history) IS
	'implementation of ||: both histories as one; NULL counts as empty';

CREATE OPERATOR || (
	LEFTARG = purchase_history,
	RIGHTARG = purchase_history,
	FUNCTION = purchase_history_concat,
	COMMUTATOR = ||
);
COMMENT ON OPERATOR || (purchase_history, purchase_history) IS
	'merge two histories; NULL counts as empty';

-- history_agg. Each pair of time and amount types has its transition function,
-- and each aggregate names its arguments. SSPACE: a customer of seven purchases.

CREATE FUNCTION history_agg_finalfn(internal) RETURNS purchase_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_finalfn(internal) IS 'final function of history_agg';

CREATE FUNCTION history_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_combinefn(internal, internal) IS 'combine function of history_agg';

CREATE FUNCTION history_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_serialfn(internal) IS 'serialization of history_agg';

CREATE FUNCTION history_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_deserialfn(bytea, internal) IS 'deserialization of history_agg';

CREATE FUNCTION history_agg_transfn_date_none(internal, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_date_none(internal, date) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at date) (
	SFUNC = history_agg_transfn_date_none,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at date) IS
	'purchases of one customer to a history; without amounts spend and monetary are NULL; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_date_none(internal, date, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_date_none(internal, date, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at date, time_zone text) (
	SFUNC = history_agg_transfn_date_none,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at date, time_zone text) IS
	'purchases of one customer to a history; without amounts spend and monetary are NULL; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamp_none(internal, timestamp) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamp_none(internal, timestamp) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamp) (
	SFUNC = history_agg_transfn_timestamp_none,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamp) IS
	'purchases of one customer to a history; without amounts spend and monetary are NULL; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamp_none(internal, timestamp, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamp_none(internal, timestamp, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamp, time_zone text) (
	SFUNC = history_agg_transfn_timestamp_none,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamp, time_zone text) IS
	'purchases of one customer to a history; without amounts spend and monetary are NULL; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamptz_none(internal, timestamptz, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamptz_none(internal, timestamptz, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamptz, time_zone text) (
	SFUNC = history_agg_transfn_timestamptz_none,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamptz, time_zone text) IS
	'purchases of one customer to a history; without amounts spend and monetary are NULL; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_date_numeric(internal, date, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_date_numeric(internal, date, numeric) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at date, amount numeric) (
	SFUNC = history_agg_transfn_date_numeric,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at date, amount numeric) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_date_numeric(internal, date, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_date_numeric(internal, date, numeric, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at date, amount numeric, time_zone text) (
	SFUNC = history_agg_transfn_date_numeric,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at date, amount numeric, time_zone text) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamp_numeric(internal, timestamp, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamp_numeric(internal, timestamp, numeric) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamp, amount numeric) (
	SFUNC = history_agg_transfn_timestamp_numeric,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamp, amount numeric) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamp_numeric(internal, timestamp, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamp_numeric(internal, timestamp, numeric, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamp, amount numeric, time_zone text) (
	SFUNC = history_agg_transfn_timestamp_numeric,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamp, amount numeric, time_zone text) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamptz_numeric(internal, timestamptz, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamptz_numeric(internal, timestamptz, numeric, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamptz, amount numeric, time_zone text) (
	SFUNC = history_agg_transfn_timestamptz_numeric,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamptz, amount numeric, time_zone text) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_date_bigint(internal, date, bigint) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_date_bigint(internal, date, bigint) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at date, amount bigint) (
	SFUNC = history_agg_transfn_date_bigint,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at date, amount bigint) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_date_bigint(internal, date, bigint, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_date_bigint(internal, date, bigint, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at date, amount bigint, time_zone text) (
	SFUNC = history_agg_transfn_date_bigint,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at date, amount bigint, time_zone text) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamp_bigint(internal, timestamp, bigint) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamp_bigint(internal, timestamp, bigint) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamp, amount bigint) (
	SFUNC = history_agg_transfn_timestamp_bigint,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamp, amount bigint) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamp_bigint(internal, timestamp, bigint, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamp_bigint(internal, timestamp, bigint, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamp, amount bigint, time_zone text) (
	SFUNC = history_agg_transfn_timestamp_bigint,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamp, amount bigint, time_zone text) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamptz_bigint(internal, timestamptz, bigint, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamptz_bigint(internal, timestamptz, bigint, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamptz, amount bigint, time_zone text) (
	SFUNC = history_agg_transfn_timestamptz_bigint,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamptz, amount bigint, time_zone text) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_date_float8(internal, date, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_date_float8(internal, date, double precision) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at date, amount double precision) (
	SFUNC = history_agg_transfn_date_float8,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at date, amount double precision) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_date_float8(internal, date, double precision, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_date_float8(internal, date, double precision, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at date, amount double precision, time_zone text) (
	SFUNC = history_agg_transfn_date_float8,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at date, amount double precision, time_zone text) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamp_float8(internal, timestamp, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamp_float8(internal, timestamp, double precision) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamp, amount double precision) (
	SFUNC = history_agg_transfn_timestamp_float8,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamp, amount double precision) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamp_float8(internal, timestamp, double precision, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamp_float8(internal, timestamp, double precision, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamp, amount double precision, time_zone text) (
	SFUNC = history_agg_transfn_timestamp_float8,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamp, amount double precision, time_zone text) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_timestamptz_float8(internal, timestamptz, double precision, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_timestamptz_float8(internal, timestamptz, double precision, text) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(purchased_at timestamptz, amount double precision, time_zone text) (
	SFUNC = history_agg_transfn_timestamptz_float8,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(purchased_at timestamptz, amount double precision, time_zone text) IS
	'purchases of one customer to a history; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left';

CREATE FUNCTION history_agg_transfn_history(internal, purchase_history) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION history_agg_transfn_history(internal, purchase_history) IS
	'transition function of history_agg';
CREATE AGGREGATE history_agg(h purchase_history) (
	SFUNC = history_agg_transfn_history,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = history_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = history_agg_combinefn,
	SERIALFUNC = history_agg_serialfn,
	DESERIALFUNC = history_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE history_agg(h purchase_history) IS
	'partial histories of one customer merged to one; NULLs are ignored; NULL when no row is left';

-- Accessors. COST: 1 reads the header, 5 decodes the days.

CREATE FUNCTION purchase_days(h purchase_history) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION purchase_days(purchase_history) IS
	'days with at least one purchase';

CREATE FUNCTION purchases(h purchase_history) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION purchases(purchase_history) IS
	'number of purchases, several on one day counted each; refunds are none';

CREATE FUNCTION spend(h purchase_history) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION spend(purchase_history) IS
	'net money of all purchases and refunds; NULL without amounts';

CREATE FUNCTION first_purchase(h purchase_history) RETURNS date
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION first_purchase(purchase_history) IS
	'first purchase day; NULL when nothing was bought';

CREATE FUNCTION last_purchase(h purchase_history) RETURNS date
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION last_purchase(purchase_history) IS
	'last purchase day; NULL when nothing was bought';

CREATE FUNCTION previous_purchase(h purchase_history) RETURNS date
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION previous_purchase(purchase_history) IS
	'last purchase day but one; NULL with fewer than two';

CREATE FUNCTION typical_gap(h purchase_history) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION typical_gap(purchase_history) IS
	'median days between own purchase days; NULL with fewer than two';

CREATE FUNCTION as_of(h purchase_history, on_date date) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_as_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION as_of(purchase_history, date) IS
	'what had happened on or before that date';

CREATE FUNCTION slice(h purchase_history, "within" daterange) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_slice' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION slice(purchase_history, daterange) IS
	'what happened within the range of days';

CREATE FUNCTION frequency(h purchase_history, as_of date) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION frequency(purchase_history, date) IS
	'repeat purchase days (purchase days after the first) as of the date; NULL when nothing was bought by then';

CREATE FUNCTION recency(h purchase_history, as_of date, unit_days double precision DEFAULT 7) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION recency(purchase_history, date, double precision) IS
	'last minus first purchase day as of the date, in units of unit_days days (7: weeks); NULL when nothing was bought by then';

CREATE FUNCTION customer_age(h purchase_history, as_of date, unit_days double precision DEFAULT 7) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION customer_age(purchase_history, date, double precision) IS
	'as-of date minus first purchase day, in units of unit_days days (7: weeks); NULL when nothing was bought by then';

CREATE FUNCTION monetary(h purchase_history, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION monetary(purchase_history, date) IS
	'mean net money of the purchase days after the first, as of the date; NULL with fewer than two purchase days or without amounts';

CREATE FUNCTION active_spans(h purchase_history, active_days integer) RETURNS datemultirange
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION active_spans(purchase_history, integer) IS
	'the days as of which the customer is active: those with a purchase day among them or the active_days - 1 days before';

CREATE FUNCTION purchase_history_unnest_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_unnest_support(internal) IS
	'planner support of unnest(purchase_history): number of rows';

CREATE FUNCTION unnest(h purchase_history, OUT purchased_on date, OUT purchases integer, OUT amount numeric)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'purchase_history_unnest'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5 ROWS 10
	SUPPORT purchase_history_unnest_support;
COMMENT ON FUNCTION unnest(purchase_history) IS
	'the days in order: date, number of purchases (0: refunds only), net money (NULL without amounts)';
/*
 * book.sql - the histories of a whole population in one pass.
 */

CREATE TYPE purchase_book;

CREATE FUNCTION purchase_book_in(cstring) RETURNS purchase_book
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_in(cstring) IS
	'text input of purchase_book: bigint {7 => 2024-01-05:59.90, 2024-01-09*2:12.00; 9 => 2024-02-01:5.00}';

CREATE FUNCTION purchase_book_out(purchase_book) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_out(purchase_book) IS
	'text output of purchase_book';

CREATE FUNCTION purchase_book_recv(internal) RETURNS purchase_book
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_recv(internal) IS
	'binary input of purchase_book';

CREATE FUNCTION purchase_book_send(purchase_book) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_send(purchase_book) IS
	'binary output of purchase_book';

-- Days and amounts hardly compress: EXTERNAL keeps large books out of line as they are.
CREATE TYPE purchase_book (
	INPUT = purchase_book_in,
	OUTPUT = purchase_book_out,
	RECEIVE = purchase_book_recv,
	SEND = purchase_book_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = external
);
COMMENT ON TYPE purchase_book IS
	'the purchase histories of a whole population, by customer id of type bigint, text or uuid; at most 1 GB';

-- Comparison: equal when every customer and history is; the order is that of the bytes.

CREATE FUNCTION purchase_book_eq(purchase_book, purchase_book) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_eq(purchase_book, purchase_book) IS
	'implementation of =: equal';

CREATE FUNCTION purchase_book_ne(purchase_book, purchase_book) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_ne(purchase_book, purchase_book) IS
	'implementation of <>: not equal';

CREATE FUNCTION purchase_book_lt(purchase_book, purchase_book) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_lt(purchase_book, purchase_book) IS
	'implementation of <: less than';

CREATE FUNCTION purchase_book_le(purchase_book, purchase_book) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_le(purchase_book, purchase_book) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION purchase_book_gt(purchase_book, purchase_book) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_gt(purchase_book, purchase_book) IS
	'implementation of >: greater than';

CREATE FUNCTION purchase_book_ge(purchase_book, purchase_book) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_ge(purchase_book, purchase_book) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = purchase_book,
	RIGHTARG = purchase_book,
	FUNCTION = purchase_book_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (purchase_book, purchase_book) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = purchase_book,
	RIGHTARG = purchase_book,
	FUNCTION = purchase_book_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (purchase_book, purchase_book) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = purchase_book,
	RIGHTARG = purchase_book,
	FUNCTION = purchase_book_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (purchase_book, purchase_book) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = purchase_book,
	RIGHTARG = purchase_book,
	FUNCTION = purchase_book_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (purchase_book, purchase_book) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = purchase_book,
	RIGHTARG = purchase_book,
	FUNCTION = purchase_book_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (purchase_book, purchase_book) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = purchase_book,
	RIGHTARG = purchase_book,
	FUNCTION = purchase_book_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (purchase_book, purchase_book) IS 'greater than or equal';

CREATE FUNCTION purchase_book_cmp(purchase_book, purchase_book) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_cmp(purchase_book, purchase_book) IS
	'btree comparison: below, at or above 0';

CREATE FUNCTION purchase_book_hash(purchase_book) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_hash(purchase_book) IS
	'hash';

CREATE FUNCTION purchase_book_hash_extended(purchase_book, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_book_hash_extended(purchase_book, bigint) IS
	'hash with a seed';

CREATE OPERATOR CLASS purchase_book_ops DEFAULT FOR TYPE purchase_book USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 purchase_book_cmp(purchase_book, purchase_book);
COMMENT ON OPERATOR CLASS purchase_book_ops USING btree IS
	'default btree operators of purchase_book';
COMMENT ON OPERATOR FAMILY purchase_book_ops USING btree IS
	'btree operators of purchase_book';

CREATE OPERATOR CLASS purchase_book_ops DEFAULT FOR TYPE purchase_book USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 purchase_book_hash(purchase_book),
	FUNCTION 2 purchase_book_hash_extended(purchase_book, bigint);
COMMENT ON OPERATOR CLASS purchase_book_ops USING hash IS
	'default hash operators of purchase_book';
COMMENT ON OPERATOR FAMILY purchase_book_ops USING hash IS
	'hash operators of purchase_book';

-- book_agg. Each triple of key, time and amount types has its transition function,
-- and each aggregate names its arguments. SSPACE: some tens of rows.

CREATE FUNCTION book_agg_finalfn(internal) RETURNS purchase_book
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_finalfn(internal) IS
	'final function of book_agg';

CREATE FUNCTION book_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_combinefn(internal, internal) IS
	'combine function of book_agg';

CREATE FUNCTION book_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_serialfn(internal) IS
	'serialization of book_agg';

CREATE FUNCTION book_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_deserialfn(bytea, internal) IS
	'deserialization of book_agg';

CREATE FUNCTION book_agg_transfn_bigint_date_none(internal, bigint, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_date_none(internal, bigint, date) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at date) (
	SFUNC = book_agg_transfn_bigint_date_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at date) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_bigint_date_none(internal, bigint, date, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_date_none(internal, bigint, date, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at date, time_zone text) (
	SFUNC = book_agg_transfn_bigint_date_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at date, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_bigint_timestamp_none(internal, bigint, timestamp) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_timestamp_none(internal, bigint, timestamp) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at timestamp) (
	SFUNC = book_agg_transfn_bigint_timestamp_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at timestamp) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_bigint_timestamp_none(internal, bigint, timestamp, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_timestamp_none(internal, bigint, timestamp, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at timestamp, time_zone text) (
	SFUNC = book_agg_transfn_bigint_timestamp_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at timestamp, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_bigint_timestamptz_none(internal, bigint, timestamptz, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_timestamptz_none(internal, bigint, timestamptz, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at timestamptz, time_zone text) (
	SFUNC = book_agg_transfn_bigint_timestamptz_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at timestamptz, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_bigint_date_numeric(internal, bigint, date, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_date_numeric(internal, bigint, date, numeric) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at date, amount numeric) (
	SFUNC = book_agg_transfn_bigint_date_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at date, amount numeric) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_bigint_date_numeric(internal, bigint, date, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_date_numeric(internal, bigint, date, numeric, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at date, amount numeric, time_zone text) (
	SFUNC = book_agg_transfn_bigint_date_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at date, amount numeric, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_bigint_timestamp_numeric(internal, bigint, timestamp, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_timestamp_numeric(internal, bigint, timestamp, numeric) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at timestamp, amount numeric) (
	SFUNC = book_agg_transfn_bigint_timestamp_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at timestamp, amount numeric) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_bigint_timestamp_numeric(internal, bigint, timestamp, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_timestamp_numeric(internal, bigint, timestamp, numeric, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at timestamp, amount numeric, time_zone text) (
	SFUNC = book_agg_transfn_bigint_timestamp_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at timestamp, amount numeric, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_bigint_timestamptz_numeric(internal, bigint, timestamptz, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_bigint_timestamptz_numeric(internal, bigint, timestamptz, numeric, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id bigint, purchased_at timestamptz, amount numeric, time_zone text) (
	SFUNC = book_agg_transfn_bigint_timestamptz_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id bigint, purchased_at timestamptz, amount numeric, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_date_none(internal, text, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_date_none(internal, text, date) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at date) (
	SFUNC = book_agg_transfn_text_date_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at date) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; without amounts spend and monetary are NULL; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_date_none(internal, text, date, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_date_none(internal, text, date, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at date, time_zone text) (
	SFUNC = book_agg_transfn_text_date_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at date, time_zone text) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; without amounts spend and monetary are NULL; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_timestamp_none(internal, text, timestamp) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_timestamp_none(internal, text, timestamp) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at timestamp) (
	SFUNC = book_agg_transfn_text_timestamp_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at timestamp) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; without amounts spend and monetary are NULL; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_timestamp_none(internal, text, timestamp, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_timestamp_none(internal, text, timestamp, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at timestamp, time_zone text) (
	SFUNC = book_agg_transfn_text_timestamp_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at timestamp, time_zone text) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; without amounts spend and monetary are NULL; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_timestamptz_none(internal, text, timestamptz, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_timestamptz_none(internal, text, timestamptz, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at timestamptz, time_zone text) (
	SFUNC = book_agg_transfn_text_timestamptz_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at timestamptz, time_zone text) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; without amounts spend and monetary are NULL; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_date_numeric(internal, text, date, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_date_numeric(internal, text, date, numeric) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at date, amount numeric) (
	SFUNC = book_agg_transfn_text_date_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at date, amount numeric) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_date_numeric(internal, text, date, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_date_numeric(internal, text, date, numeric, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at date, amount numeric, time_zone text) (
	SFUNC = book_agg_transfn_text_date_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at date, amount numeric, time_zone text) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_timestamp_numeric(internal, text, timestamp, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_timestamp_numeric(internal, text, timestamp, numeric) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at timestamp, amount numeric) (
	SFUNC = book_agg_transfn_text_timestamp_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at timestamp, amount numeric) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_timestamp_numeric(internal, text, timestamp, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_timestamp_numeric(internal, text, timestamp, numeric, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at timestamp, amount numeric, time_zone text) (
	SFUNC = book_agg_transfn_text_timestamp_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at timestamp, amount numeric, time_zone text) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_text_timestamptz_numeric(internal, text, timestamptz, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_text_timestamptz_numeric(internal, text, timestamptz, numeric, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id text, purchased_at timestamptz, amount numeric, time_zone text) (
	SFUNC = book_agg_transfn_text_timestamptz_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id text, purchased_at timestamptz, amount numeric, time_zone text) IS
	'purchases of a whole population to a book, by customer; ids compare bytewise, a nondeterministic collation is an error; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_date_none(internal, uuid, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_date_none(internal, uuid, date) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at date) (
	SFUNC = book_agg_transfn_uuid_date_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at date) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_date_none(internal, uuid, date, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_date_none(internal, uuid, date, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at date, time_zone text) (
	SFUNC = book_agg_transfn_uuid_date_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at date, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_timestamp_none(internal, uuid, timestamp) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_timestamp_none(internal, uuid, timestamp) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at timestamp) (
	SFUNC = book_agg_transfn_uuid_timestamp_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at timestamp) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_timestamp_none(internal, uuid, timestamp, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_timestamp_none(internal, uuid, timestamp, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at timestamp, time_zone text) (
	SFUNC = book_agg_transfn_uuid_timestamp_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at timestamp, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_timestamptz_none(internal, uuid, timestamptz, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_timestamptz_none(internal, uuid, timestamptz, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at timestamptz, time_zone text) (
	SFUNC = book_agg_transfn_uuid_timestamptz_none,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at timestamptz, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; without amounts spend and monetary are NULL; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_date_numeric(internal, uuid, date, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_date_numeric(internal, uuid, date, numeric) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at date, amount numeric) (
	SFUNC = book_agg_transfn_uuid_date_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at date, amount numeric) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_date_numeric(internal, uuid, date, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_date_numeric(internal, uuid, date, numeric, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at date, amount numeric, time_zone text) (
	SFUNC = book_agg_transfn_uuid_date_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at date, amount numeric, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_timestamp_numeric(internal, uuid, timestamp, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_timestamp_numeric(internal, uuid, timestamp, numeric) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at timestamp, amount numeric) (
	SFUNC = book_agg_transfn_uuid_timestamp_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at timestamp, amount numeric) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_timestamp_numeric(internal, uuid, timestamp, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_timestamp_numeric(internal, uuid, timestamp, numeric, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at timestamp, amount numeric, time_zone text) (
	SFUNC = book_agg_transfn_uuid_timestamp_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at timestamp, amount numeric, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; time_zone is not needed and not applied; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

CREATE FUNCTION book_agg_transfn_uuid_timestamptz_numeric(internal, uuid, timestamptz, numeric, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION book_agg_transfn_uuid_timestamptz_numeric(internal, uuid, timestamptz, numeric, text) IS
	'transition function of book_agg';

CREATE AGGREGATE book_agg(customer_id uuid, purchased_at timestamptz, amount numeric, time_zone text) (
	SFUNC = book_agg_transfn_uuid_timestamptz_numeric,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = book_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = book_agg_combinefn,
	SERIALFUNC = book_agg_serialfn,
	DESERIALFUNC = book_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE book_agg(customer_id uuid, purchased_at timestamptz, amount numeric, time_zone text) IS
	'purchases of a whole population to a book, by customer; NULL ids are one customer; negative amounts are refunds, a NULL amount is a purchase of unknown value, worth 0; days are those of time_zone; rows with a NULL time are ignored; NULL when no row is left; at most 1 GB';

-- A book as rows. COST: reading a customer is copying some 60 bytes.

CREATE FUNCTION histories_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION histories_support(internal) IS
	'planner support of histories: the number of customers of a constant book';

CREATE FUNCTION histories(book purchase_book, key_type bigint)
	RETURNS TABLE (customer_id bigint, history purchase_history)
	AS 'MODULE_PATHNAME', 'histories_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1 ROWS 100000
	SUPPORT histories_support;
COMMENT ON FUNCTION histories(book purchase_book, key_type bigint) IS
	'a book''s customers as rows, the same as history_agg under GROUP BY; call it as histories(book, NULL::bigint); another type than that of the book''s ids is an error; NULL: no rows';

CREATE FUNCTION histories(book purchase_book, key_type text)
	RETURNS TABLE (customer_id text, history purchase_history)
	AS 'MODULE_PATHNAME', 'histories_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1 ROWS 100000
	SUPPORT histories_support;
COMMENT ON FUNCTION histories(book purchase_book, key_type text) IS
	'a book''s customers as rows, the same as history_agg under GROUP BY; call it as histories(book, NULL::text); another type than that of the book''s ids is an error; NULL: no rows';

CREATE FUNCTION histories(book purchase_book, key_type uuid)
	RETURNS TABLE (customer_id uuid, history purchase_history)
	AS 'MODULE_PATHNAME', 'histories_uuid' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1 ROWS 100000
	SUPPORT histories_support;
COMMENT ON FUNCTION histories(book purchase_book, key_type uuid) IS
	'a book''s customers as rows, the same as history_agg under GROUP BY; call it as histories(book, NULL::uuid); another type than that of the book''s ids is an error; NULL: no rows';

-- The same for any query: no size limit. VOLATILE, UNSAFE: so may the query be.

CREATE FUNCTION histories_of(query text, key_type anyelement, time_zone text DEFAULT current_setting('TimeZone'))
	RETURNS TABLE (customer_id anyelement, history purchase_history)
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 ROWS 100000;
COMMENT ON FUNCTION histories_of(text, anyelement, text) IS
	'runs a SELECT of (customer id, time [, amount]) and returns each customer''s history, the same as history_agg under GROUP BY; call it as histories_of(query, NULL::<id type>); read-only, with the caller''s rights and snapshot; days of a timestamptz are those of time_zone; past work_mem x hash_mem_multiplier it uses temporary files; NULL query: no rows';
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
/*
 * survival.sql - how long until something happens, with customers it has not happened to yet.
 */

CREATE TYPE survival_point AS (
	duration double precision,
	at_risk bigint,
	events bigint,
	censored bigint,
	survival double precision,
	std_error double precision,
	lower95 double precision,
	upper95 double precision
);
COMMENT ON TYPE survival_point IS
	'one distinct duration of a Kaplan-Meier curve';
COMMENT ON COLUMN survival_point.duration IS
	'time since the start, in the unit of the input';
COMMENT ON COLUMN survival_point.at_risk IS
	'customers still watched just before it, those censored at it included';
COMMENT ON COLUMN survival_point.events IS
	'customers with the event at it';
COMMENT ON COLUMN survival_point.censored IS
	'customers whose watching ended at it without the event';
COMMENT ON COLUMN survival_point.survival IS
	'Kaplan-Meier estimate: fraction without the event after it';
COMMENT ON COLUMN survival_point.std_error IS
	'standard error of survival after Greenwood; NULL where survival is 0';
COMMENT ON COLUMN survival_point.lower95 IS
	'lower 95 percent limit of survival on the log(-log) scale; NULL where survival is 0 or 1';
COMMENT ON COLUMN survival_point.upper95 IS
	'upper 95 percent limit of survival on the log(-log) scale; NULL where survival is 0 or 1';

CREATE FUNCTION kaplan_meier_finalfn(internal) RETURNS survival_point[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION kaplan_meier_finalfn(internal) IS
	'final function of kaplan_meier';

CREATE FUNCTION kaplan_meier_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION kaplan_meier_combinefn(internal, internal) IS
	'combine function of kaplan_meier';

CREATE FUNCTION kaplan_meier_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION kaplan_meier_serialfn(internal) IS
	'serialization of kaplan_meier';

CREATE FUNCTION kaplan_meier_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION kaplan_meier_deserialfn(bytea, internal) IS
	'deserialization of kaplan_meier';

CREATE FUNCTION kaplan_meier_transfn(internal, double precision, boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION kaplan_meier_transfn(internal, double precision, boolean) IS
	'transition function of kaplan_meier';

CREATE AGGREGATE kaplan_meier(duration double precision, observed boolean) (
	SFUNC = kaplan_meier_transfn,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = kaplan_meier_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = kaplan_meier_combinefn,
	SERIALFUNC = kaplan_meier_serialfn,
	DESERIALFUNC = kaplan_meier_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE kaplan_meier(duration double precision, observed boolean) IS
	'Kaplan-Meier curve, one point for each distinct duration; observed: the event happened at the duration, else the customer was watched that long without it; a NULL on either side: the row is ignored; NULL when no row is left';

CREATE FUNCTION survival_at(points survival_point[], duration double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION survival_at(survival_point[], double precision) IS
	'survival at a duration, as a fraction: 1 before the first point; NULL past the last one unless survival is 0 there';

CREATE FUNCTION median_survival(points survival_point[]) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION median_survival(survival_point[]) IS
	'median duration: the smallest with survival below one half; where it is one half, the middle to the next duration with an event, or to the last; NULL when survival stays above';
/*
 * cohort.sql - customers by when they came, and how far they get.
 */

CREATE TYPE cohort_cell AS (
	cohort date,
	period integer,
	cohort_size bigint,
	active bigint,
	retention double precision,
	revenue numeric,
	cumulative_revenue numeric,
	revenue_per_customer numeric,
	complete boolean
);
COMMENT ON TYPE cohort_cell IS
	'one cohort in one period; cells that begin after the last observed day do not exist';
COMMENT ON COLUMN cohort_cell.cohort IS
	'first day of the period of the first purchase';
COMMENT ON COLUMN cohort_cell.period IS
	'periods since then, 0 = the period of the first purchase';
COMMENT ON COLUMN cohort_cell.cohort_size IS
	'customers of the cohort';
COMMENT ON COLUMN cohort_cell.active IS
	'of these, customers who bought in the period (mode unbounded: in it or later)';
COMMENT ON COLUMN cohort_cell.retention IS
	'percent: 100 x active / cohort_size';
COMMENT ON COLUMN cohort_cell.revenue IS
	'net money of the cohort in the period, refunds on their own day; NULL without amounts';
COMMENT ON COLUMN cohort_cell.cumulative_revenue IS
	'net money of the cohort from its own period to this one; NULL without amounts';
COMMENT ON COLUMN cohort_cell.revenue_per_customer IS
	'cumulative_revenue / cohort_size; NULL without amounts';
COMMENT ON COLUMN cohort_cell.complete IS
	'whether the period was observed to its end; if not, the figures are what was seen so far';

CREATE FUNCTION cohort_agg_finalfn(internal) RETURNS cohort_cell[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cohort_agg_finalfn(internal) IS
	'final function of cohort_agg';

CREATE FUNCTION cohort_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cohort_agg_combinefn(internal, internal) IS
	'combine function of cohort_agg';

CREATE FUNCTION cohort_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_agg_serialfn(internal) IS
	'serialization of cohort_agg';

CREATE FUNCTION cohort_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_agg_deserialfn(bytea, internal) IS
	'deserialization of cohort_agg';

CREATE FUNCTION cohort_agg_transfn(internal, purchase_history, date[]) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_agg_transfn(internal, purchase_history, date[]) IS
	'transition function of cohort_agg';

CREATE AGGREGATE cohort_agg(h purchase_history, boundaries date[]) (
	SFUNC = cohort_agg_transfn,
	STYPE = internal,
	SSPACE = 16384,
	FINALFUNC = cohort_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = cohort_agg_combinefn,
	SERIALFUNC = cohort_agg_serialfn,
	DESERIALFUNC = cohort_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_agg(h purchase_history, boundaries date[]) IS
	'purchase cohorts: customers by the period of their first purchase (outside the boundaries: none), cohorts without customers left out; active: bought in the period; observed until the latest purchase day in the data; rows with a NULL history are ignored; NULL when no row is left';

CREATE FUNCTION cohort_agg_transfn(internal, purchase_history, date[], text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_agg_transfn(internal, purchase_history, date[], text) IS
	'transition function of cohort_agg';

CREATE AGGREGATE cohort_agg(h purchase_history, boundaries date[], mode text) (
	SFUNC = cohort_agg_transfn,
	STYPE = internal,
	SSPACE = 16384,
	FINALFUNC = cohort_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = cohort_agg_combinefn,
	SERIALFUNC = cohort_agg_serialfn,
	DESERIALFUNC = cohort_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_agg(h purchase_history, boundaries date[], mode text) IS
	'purchase cohorts: customers by the period of their first purchase (outside the boundaries: none), cohorts without customers left out; mode: bounded (bought in the period) or unbounded (in it or any later one); observed until the latest purchase day in the data; rows with a NULL history are ignored; NULL when no row is left';

CREATE FUNCTION cohort_agg_transfn(internal, purchase_history, date[], text, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_agg_transfn(internal, purchase_history, date[], text, date) IS
	'transition function of cohort_agg';

CREATE AGGREGATE cohort_agg(h purchase_history, boundaries date[], mode text, observed_until date) (
	SFUNC = cohort_agg_transfn,
	STYPE = internal,
	SSPACE = 16384,
	FINALFUNC = cohort_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = cohort_agg_combinefn,
	SERIALFUNC = cohort_agg_serialfn,
	DESERIALFUNC = cohort_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_agg(h purchase_history, boundaries date[], mode text, observed_until date) IS
	'purchase cohorts: customers by the period of their first purchase (outside the boundaries: none), cohorts without customers left out; mode: bounded (bought in the period) or unbounded (in it or any later one); observed_until: last observed day, later ones are ignored; NULL: the latest purchase day in the data; rows with a NULL history are ignored; NULL when no row is left';

CREATE TYPE ladder_step AS (
	step integer,
	customers bigint,
	next bigint,
	share double precision,
	median_days double precision
);
COMMENT ON TYPE ladder_step IS
	'one step on the way from new to loyal customer';
COMMENT ON COLUMN ladder_step.step IS
	'n, the number of purchase days';
COMMENT ON COLUMN ladder_step.customers IS
	'customers who reached their n-th purchase day';
COMMENT ON COLUMN ladder_step.next IS
	'of these, customers with one more';
COMMENT ON COLUMN ladder_step.share IS
	'percent: 100 x next / customers; NULL without customers';
COMMENT ON COLUMN ladder_step.median_days IS
	'median days from the n-th purchase day to the next after Kaplan and Meier, those without one watched until as_of; NULL when fewer than half get there';

CREATE FUNCTION ladder_agg_finalfn(internal) RETURNS ladder_step[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION ladder_agg_finalfn(internal) IS
	'final function of ladder_agg';

CREATE FUNCTION ladder_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION ladder_agg_combinefn(internal, internal) IS
	'combine function of ladder_agg';

CREATE FUNCTION ladder_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ladder_agg_serialfn(internal) IS
	'serialization of ladder_agg';

CREATE FUNCTION ladder_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ladder_agg_deserialfn(bytea, internal) IS
	'deserialization of ladder_agg';

CREATE FUNCTION ladder_agg_transfn(internal, purchase_history, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ladder_agg_transfn(internal, purchase_history, date) IS
	'transition function of ladder_agg';

CREATE AGGREGATE ladder_agg(h purchase_history, as_of date) (
	SFUNC = ladder_agg_transfn,
	STYPE = internal,
	SSPACE = 16384,
	FINALFUNC = ladder_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ladder_agg_combinefn,
	SERIALFUNC = ladder_agg_serialfn,
	DESERIALFUNC = ladder_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ladder_agg(h purchase_history, as_of date) IS
	'repeat ladder as of a date: how many customers get from their n-th purchase day to the next, and how soon; 10 steps; rows with a NULL history are ignored; NULL when no row is left';

CREATE FUNCTION ladder_agg_transfn(internal, purchase_history, date, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ladder_agg_transfn(internal, purchase_history, date, integer) IS
	'transition function of ladder_agg';

CREATE AGGREGATE ladder_agg(h purchase_history, as_of date, steps integer) (
	SFUNC = ladder_agg_transfn,
	STYPE = internal,
	SSPACE = 16384,
	FINALFUNC = ladder_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ladder_agg_combinefn,
	SERIALFUNC = ladder_agg_serialfn,
	DESERIALFUNC = ladder_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE ladder_agg(h purchase_history, as_of date, steps integer) IS
	'repeat ladder as of a date: how many customers get from their n-th purchase day to the next, and how soon; steps: how many, 1 to 1000; rows with a NULL history are ignored; NULL when no row is left';
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
/*
 * rfm.sql - cut points of recency, frequency and monetary value, and scores by them.
 */

CREATE TYPE rfm_cuts;

CREATE FUNCTION rfm_cuts_in(cstring) RETURNS rfm_cuts
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_in(cstring) IS
	'text input of rfm_cuts: a JSON object with bins, recency, frequency, monetary';

CREATE FUNCTION rfm_cuts_out(rfm_cuts) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_out(rfm_cuts) IS
	'text output of rfm_cuts';

CREATE FUNCTION rfm_cuts_recv(internal) RETURNS rfm_cuts
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_recv(internal) IS
	'binary input of rfm_cuts';

CREATE FUNCTION rfm_cuts_send(rfm_cuts) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_send(rfm_cuts) IS
	'binary output of rfm_cuts';

CREATE TYPE rfm_cuts (
	INPUT = rfm_cuts_in,
	OUTPUT = rfm_cuts_out,
	RECEIVE = rfm_cuts_recv,
	SEND = rfm_cuts_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE rfm_cuts IS
	'cut points of last purchase day, purchase days and spend: score = 1 + number of cut points <= value; with ids where ties are split';

-- Comparison: equal when every cut point is; the order is total and has no meaning.

CREATE FUNCTION rfm_cuts_eq(rfm_cuts, rfm_cuts) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_eq(rfm_cuts, rfm_cuts) IS
	'implementation of =: equal';

CREATE FUNCTION rfm_cuts_ne(rfm_cuts, rfm_cuts) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_ne(rfm_cuts, rfm_cuts) IS
	'implementation of <>: not equal';

CREATE FUNCTION rfm_cuts_lt(rfm_cuts, rfm_cuts) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_lt(rfm_cuts, rfm_cuts) IS
	'implementation of <: less than';

CREATE FUNCTION rfm_cuts_le(rfm_cuts, rfm_cuts) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_le(rfm_cuts, rfm_cuts) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION rfm_cuts_gt(rfm_cuts, rfm_cuts) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_gt(rfm_cuts, rfm_cuts) IS
	'implementation of >: greater than';

CREATE FUNCTION rfm_cuts_ge(rfm_cuts, rfm_cuts) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_ge(rfm_cuts, rfm_cuts) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = rfm_cuts,
	RIGHTARG = rfm_cuts,
	FUNCTION = rfm_cuts_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (rfm_cuts, rfm_cuts) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = rfm_cuts,
	RIGHTARG = rfm_cuts,
	FUNCTION = rfm_cuts_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (rfm_cuts, rfm_cuts) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = rfm_cuts,
	RIGHTARG = rfm_cuts,
	FUNCTION = rfm_cuts_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (rfm_cuts, rfm_cuts) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = rfm_cuts,
	RIGHTARG = rfm_cuts,
	FUNCTION = rfm_cuts_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (rfm_cuts, rfm_cuts) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = rfm_cuts,
	RIGHTARG = rfm_cuts,
	FUNCTION = rfm_cuts_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (rfm_cuts, rfm_cuts) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = rfm_cuts,
	RIGHTARG = rfm_cuts,
	FUNCTION = rfm_cuts_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (rfm_cuts, rfm_cuts) IS 'greater than or equal';

CREATE FUNCTION rfm_cuts_cmp(rfm_cuts, rfm_cuts) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_cmp(rfm_cuts, rfm_cuts) IS
	'btree comparison: below, at or above 0';

CREATE FUNCTION rfm_cuts_hash(rfm_cuts) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_hash(rfm_cuts) IS 'hash';

CREATE FUNCTION rfm_cuts_hash_extended(rfm_cuts, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_hash_extended(rfm_cuts, bigint) IS 'hash with a seed';

CREATE OPERATOR CLASS rfm_cuts_ops DEFAULT FOR TYPE rfm_cuts USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 rfm_cuts_cmp(rfm_cuts, rfm_cuts);
COMMENT ON OPERATOR CLASS rfm_cuts_ops USING btree IS 'default btree operators of rfm_cuts';
COMMENT ON OPERATOR FAMILY rfm_cuts_ops USING btree IS 'btree operators of rfm_cuts';

CREATE OPERATOR CLASS rfm_cuts_ops DEFAULT FOR TYPE rfm_cuts USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 rfm_cuts_hash(rfm_cuts),
	FUNCTION 2 rfm_cuts_hash_extended(rfm_cuts, bigint);
COMMENT ON OPERATOR CLASS rfm_cuts_ops USING hash IS 'default hash operators of rfm_cuts';
COMMENT ON OPERATOR FAMILY rfm_cuts_ops USING hash IS 'hash operators of rfm_cuts';

CREATE FUNCTION rfm_cuts(recency date[], frequency bigint[], monetary numeric[]) RETURNS rfm_cuts
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts(date[], bigint[], numeric[]) IS
	'own cut points, 1 to 8 for each dimension, not decreasing: score = 1 + number of cut points <= value (last purchase day, purchase days, spend)';

-- rfm_cuts_agg. SSPACE: a population is one group; 32 bytes a customer come on top.

CREATE FUNCTION rfm_cuts_agg_finalfn(internal) RETURNS rfm_cuts
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_finalfn(internal) IS 'final function of rfm_cuts_agg';

CREATE FUNCTION rfm_cuts_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_combinefn(internal, internal) IS
	'combine function of rfm_cuts_agg';

CREATE FUNCTION rfm_cuts_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_serialfn(internal) IS 'serialization of rfm_cuts_agg';

CREATE FUNCTION rfm_cuts_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_deserialfn(bytea, internal) IS 'deserialization of rfm_cuts_agg';

CREATE FUNCTION rfm_cuts_agg_transfn(internal, date, bigint, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_transfn(internal, date, bigint, numeric) IS
	'transition function of rfm_cuts_agg';
CREATE AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric) (
	SFUNC = rfm_cuts_agg_transfn,
	STYPE = internal,
	SSPACE = 4096,
	FINALFUNC = rfm_cuts_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rfm_cuts_agg_combinefn,
	SERIALFUNC = rfm_cuts_agg_serialfn,
	DESERIALFUNC = rfm_cuts_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric) IS
	'cut points of a population for scores 1 to 5, ties together (5: latest purchase, most purchase days, highest spend); rows with a NULL customer value are ignored; NULL when no row is left';

CREATE FUNCTION rfm_cuts_agg_transfn(internal, date, bigint, numeric, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_transfn(internal, date, bigint, numeric, integer) IS
	'transition function of rfm_cuts_agg';
CREATE AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric, bins integer) (
	SFUNC = rfm_cuts_agg_transfn,
	STYPE = internal,
	SSPACE = 4096,
	FINALFUNC = rfm_cuts_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rfm_cuts_agg_combinefn,
	SERIALFUNC = rfm_cuts_agg_serialfn,
	DESERIALFUNC = rfm_cuts_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric, bins integer) IS
	'cut points of a population for scores 1 to bins (2 to 9), ties together; rows with a NULL customer value are ignored; NULL when no row is left';

CREATE FUNCTION rfm_cuts_agg_transfn_bigint(internal, date, bigint, numeric, integer, bigint) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_transfn_bigint(internal, date, bigint, numeric, integer, bigint) IS
	'transition function of rfm_cuts_agg';
CREATE AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric, bins integer, customer_id bigint) (
	SFUNC = rfm_cuts_agg_transfn_bigint,
	STYPE = internal,
	SSPACE = 4096,
	FINALFUNC = rfm_cuts_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rfm_cuts_agg_combinefn,
	SERIALFUNC = rfm_cuts_agg_serialfn,
	DESERIALFUNC = rfm_cuts_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric, bins integer, customer_id bigint) IS
	'cut points of a population for scores 1 to bins (2 to 9), ties split by customer_id: the scores are those of ntile(bins) ordered by (value, customer_id); rows with a NULL customer value are ignored; NULL when no row is left';

CREATE FUNCTION rfm_cuts_agg_transfn_text(internal, date, bigint, numeric, integer, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_transfn_text(internal, date, bigint, numeric, integer, text) IS
	'transition function of rfm_cuts_agg';
CREATE AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric, bins integer, customer_id text) (
	SFUNC = rfm_cuts_agg_transfn_text,
	STYPE = internal,
	SSPACE = 4096,
	FINALFUNC = rfm_cuts_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rfm_cuts_agg_combinefn,
	SERIALFUNC = rfm_cuts_agg_serialfn,
	DESERIALFUNC = rfm_cuts_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric, bins integer, customer_id text) IS
	'cut points of a population for scores 1 to bins (2 to 9), ties split by customer_id: the scores are those of ntile(bins) ordered by (value, customer_id), in the order of its collation; rows with a NULL customer value are ignored; NULL when no row is left';

CREATE FUNCTION rfm_cuts_agg_transfn_uuid(internal, date, bigint, numeric, integer, uuid) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_transfn_uuid(internal, date, bigint, numeric, integer, uuid) IS
	'transition function of rfm_cuts_agg';
CREATE AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric, bins integer, customer_id uuid) (
	SFUNC = rfm_cuts_agg_transfn_uuid,
	STYPE = internal,
	SSPACE = 4096,
	FINALFUNC = rfm_cuts_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rfm_cuts_agg_combinefn,
	SERIALFUNC = rfm_cuts_agg_serialfn,
	DESERIALFUNC = rfm_cuts_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_cuts_agg(last_purchase date, frequency bigint, monetary numeric, bins integer, customer_id uuid) IS
	'cut points of a population for scores 1 to bins (2 to 9), ties split by customer_id: the scores are those of ntile(bins) ordered by (value, customer_id); rows with a NULL customer value are ignored; NULL when no row is left';

CREATE FUNCTION rfm_cuts_agg_transfn_history(internal, purchase_history, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_transfn_history(internal, purchase_history, date) IS
	'transition function of rfm_cuts_agg';
CREATE AGGREGATE rfm_cuts_agg(h purchase_history, as_of date) (
	SFUNC = rfm_cuts_agg_transfn_history,
	STYPE = internal,
	SSPACE = 4096,
	FINALFUNC = rfm_cuts_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rfm_cuts_agg_combinefn,
	SERIALFUNC = rfm_cuts_agg_serialfn,
	DESERIALFUNC = rfm_cuts_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_cuts_agg(h purchase_history, as_of date) IS
	'cut points of a population as of a date for scores 1 to 5, ties together; customers without a purchase by then are ignored; without amounts spend counts as 0; NULL when no customer is left';

CREATE FUNCTION rfm_cuts_agg_transfn_history(internal, purchase_history, date, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_cuts_agg_transfn_history(internal, purchase_history, date, integer) IS
	'transition function of rfm_cuts_agg';
CREATE AGGREGATE rfm_cuts_agg(h purchase_history, as_of date, bins integer) (
	SFUNC = rfm_cuts_agg_transfn_history,
	STYPE = internal,
	SSPACE = 4096,
	FINALFUNC = rfm_cuts_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rfm_cuts_agg_combinefn,
	SERIALFUNC = rfm_cuts_agg_serialfn,
	DESERIALFUNC = rfm_cuts_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_cuts_agg(h purchase_history, as_of date, bins integer) IS
	'cut points of a population as of a date for scores 1 to bins (2 to 9), ties together; customers without a purchase by then are ignored; without amounts spend counts as 0; NULL when no customer is left';

-- rfm_score. COST: the cuts are taken apart once a query.

CREATE FUNCTION rfm_score(cuts rfm_cuts, last_purchase date, frequency bigint, monetary numeric)
	RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION rfm_score(rfm_cuts, date, bigint, numeric) IS
	'digits R, F and M by the cuts, the highest number best (555 with 5 bins); NULL when an argument is';

CREATE FUNCTION rfm_score(cuts rfm_cuts, h purchase_history, as_of date) RETURNS integer
	AS 'MODULE_PATHNAME', 'rfm_score_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION rfm_score(rfm_cuts, purchase_history, date) IS
	'digits R, F and M as of a date by the cuts; without amounts spend counts as 0; NULL when nothing was bought by then';

CREATE FUNCTION rfm_score(cuts rfm_cuts, last_purchase date, frequency bigint, monetary numeric, customer_id bigint)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'rfm_score_bigint' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION rfm_score(rfm_cuts, date, bigint, numeric, bigint) IS
	'digits R, F and M by cuts that split ties by customer_id; NULL when an argument is';

CREATE FUNCTION rfm_score(cuts rfm_cuts, last_purchase date, frequency bigint, monetary numeric, customer_id text)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'rfm_score_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION rfm_score(rfm_cuts, date, bigint, numeric, text) IS
	'digits R, F and M by cuts that split ties by customer_id; NULL when an argument is';

CREATE FUNCTION rfm_score(cuts rfm_cuts, last_purchase date, frequency bigint, monetary numeric, customer_id uuid)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'rfm_score_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION rfm_score(rfm_cuts, date, bigint, numeric, uuid) IS
	'digits R, F and M by cuts that split ties by customer_id; NULL when an argument is';

CREATE FUNCTION rfm_score(last_purchase date, frequency bigint, monetary numeric) RETURNS integer
	AS 'MODULE_PATHNAME', 'rfm_score_window' LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE COST 5;
COMMENT ON FUNCTION rfm_score(date, bigint, numeric) IS
	'window function: digits R, F and M, 1 to 5, of each row among those of its partition, ties together; a row with a NULL gets NULL and is not counted';

CREATE FUNCTION rfm_score(last_purchase date, frequency bigint, monetary numeric, bins integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'rfm_score_window' LANGUAGE C IMMUTABLE WINDOW PARALLEL SAFE COST 5;
COMMENT ON FUNCTION rfm_score(date, bigint, numeric, integer) IS
	'window function: digits R, F and M, 1 to bins (2 to 9), of each row among those of its partition, ties together; a row with a NULL gets NULL and is not counted';
/*
 * segments.sql - RFM scores to segments, by rules that can be edited.
 */

CREATE FUNCTION rfm_default_rules(OUT "position" integer, OUT segment text, OUT r_min integer,
	OUT r_max integer, OUT f_min integer, OUT f_max integer, OUT m_min integer, OUT m_max integer,
	OUT action text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 15;
COMMENT ON FUNCTION rfm_default_rules() IS
	'the rules of rfm_segment as they are built in: boxes of R, F and M scores that cover each of the 125 cells once, and what to do with such customers; rows in rfm_rules replace all of them';

CREATE TABLE rfm_rules (
	position integer PRIMARY KEY,
	segment text NOT NULL CHECK (segment <> ''),
	r_min integer NOT NULL CHECK (r_min BETWEEN 1 AND 5),
	r_max integer NOT NULL CHECK (r_max BETWEEN 1 AND 5),
	f_min integer NOT NULL CHECK (f_min BETWEEN 1 AND 5),
	f_max integer NOT NULL CHECK (f_max BETWEEN 1 AND 5),
	m_min integer NOT NULL CHECK (m_min BETWEEN 1 AND 5),
	m_max integer NOT NULL CHECK (m_max BETWEEN 1 AND 5),
	action text,
	CONSTRAINT rfm_rules_r_min_over_max CHECK (r_min <= r_max),
	CONSTRAINT rfm_rules_f_min_over_max CHECK (f_min <= f_max),
	CONSTRAINT rfm_rules_m_min_over_max CHECK (m_min <= m_max)
);
COMMENT ON TABLE rfm_rules IS
	'own rules of rfm_segment: empty, the built-in ones of rfm_default_rules() hold; with a row, only these; the lowest position that covers a cell wins, a cell without a rule is ''Other''';
COMMENT ON COLUMN rfm_rules.position IS 'order in which rules are tried, lowest first';
COMMENT ON COLUMN rfm_rules.segment IS 'name of the segment; several rules may give the same';
COMMENT ON COLUMN rfm_rules.r_min IS 'lowest recency score, 1 to 5';
COMMENT ON COLUMN rfm_rules.r_max IS 'highest recency score, 1 to 5';
COMMENT ON COLUMN rfm_rules.f_min IS 'lowest frequency score, 1 to 5';
COMMENT ON COLUMN rfm_rules.f_max IS 'highest frequency score, 1 to 5';
COMMENT ON COLUMN rfm_rules.m_min IS 'lowest monetary score, 1 to 5';
COMMENT ON COLUMN rfm_rules.m_max IS 'highest monetary score, 1 to 5';
COMMENT ON COLUMN rfm_rules.action IS 'what to do with such customers, one sentence';

-- Everybody's queries read the rules; who installed the extension changes them,
-- also where a trusted extension's objects belong to the bootstrap superuser.
GRANT SELECT ON rfm_rules TO PUBLIC;
GRANT INSERT, UPDATE, DELETE, TRUNCATE ON rfm_rules TO @extowner@;
SELECT pg_catalog.pg_extension_config_dump('rfm_rules', '');

-- STABLE: it reads rfm_rules. COST: that is once a query.
CREATE FUNCTION rfm_segment(score integer) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION rfm_segment(integer) IS
	'segment of an RFM score (digits R, F, M from 1 to 5) by rfm_rules or, where that is empty, rfm_default_rules(); ''Other'' for any other number';
/*
 * lifecycle.sql - the stage of a customer's life as of a date.
 */

CREATE TYPE customer_stage AS ENUM (
	'prospect', 'new', 'developing', 'loyal', 'reactivated', 'at_risk', 'dormant', 'lost'
);
COMMENT ON TYPE customer_stage IS
	'stage of a customer''s life: prospect (nothing bought yet), new (one purchase day), developing, loyal, reactivated (back after a long silence), at_risk (silent for longer than usual), dormant, lost';

CREATE TYPE lifecycle_rules AS (
	dormant_after integer,
	lost_after integer,
	at_risk_factor double precision,
	typical_gap double precision,
	loyal_purchases integer,
	at_risk_after integer,
	dormant_warning integer
);
COMMENT ON TYPE lifecycle_rules IS
	'the numbers by which lifecycle_stage tells stages apart; made by the function of the same name';
COMMENT ON COLUMN lifecycle_rules.dormant_after IS 'days without a purchase after which a customer is dormant';
COMMENT ON COLUMN lifecycle_rules.lost_after IS 'days without a purchase after which a customer is lost';
COMMENT ON COLUMN lifecycle_rules.at_risk_factor IS 'at risk after so many times the typical gap';
COMMENT ON COLUMN lifecycle_rules.typical_gap IS 'days between purchases assumed of a customer with fewer than three purchase days';
COMMENT ON COLUMN lifecycle_rules.loyal_purchases IS 'purchase days that make a customer loyal';
COMMENT ON COLUMN lifecycle_rules.at_risk_after IS 'days without a purchase within which nobody is at risk for being silent too long';
COMMENT ON COLUMN lifecycle_rules.dormant_warning IS 'days before turning dormant from which everybody is at risk';

CREATE FUNCTION lifecycle_rules(dormant_after integer DEFAULT 180, lost_after integer DEFAULT 365,
	at_risk_factor double precision DEFAULT 2, typical_gap double precision DEFAULT 60,
	loyal_purchases integer DEFAULT 4, at_risk_after integer DEFAULT 30,
	dormant_warning integer DEFAULT 30)
	RETURNS lifecycle_rules
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_rules(integer, integer, double precision, double precision, integer, integer, integer) IS
	'rules of lifecycle_stage; all but the factor and loyal_purchases are days; 0 < dormant_after < lost_after';

-- COST: the rules are taken apart once a query; the history form decodes the days.

CREATE FUNCTION lifecycle_stage(h purchase_history, as_of date,
	rules lifecycle_rules DEFAULT lifecycle_rules())
	RETURNS customer_stage
	AS 'MODULE_PATHNAME', 'lifecycle_stage_history' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION lifecycle_stage(purchase_history, date, lifecycle_rules) IS
	'stage of a customer as of a date; a NULL history is a prospect; NULL when as_of or rules are';

CREATE FUNCTION lifecycle_stage(first_purchase date, last_purchase date, previous_purchase date,
	purchase_days bigint, typical_gap double precision, as_of date,
	rules lifecycle_rules DEFAULT lifecycle_rules())
	RETURNS customer_stage
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION lifecycle_stage(date, date, date, bigint, double precision, date, lifecycle_rules) IS
	'stage of a customer as of a date from plain columns (typical_gap in days); NULL last_purchase and no purchase_days: prospect; NULL when as_of, rules or a figure that such a customer must have is';
/*
 * top_share.sql - how much of a total its largest parts hold.
 */

CREATE FUNCTION top_share_finalfn(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION top_share_finalfn(internal) IS 'final function of top_share';

CREATE FUNCTION top_share_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION top_share_combinefn(internal, internal) IS 'combine function of top_share';

CREATE FUNCTION top_share_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION top_share_serialfn(internal) IS 'serialization of top_share';

CREATE FUNCTION top_share_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION top_share_deserialfn(bytea, internal) IS 'deserialization of top_share';

CREATE FUNCTION top_share_transfn(internal, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION top_share_transfn(internal, double precision) IS
	'transition function of top_share';
CREATE AGGREGATE top_share(value double precision) (
	SFUNC = top_share_transfn,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = top_share_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = top_share_combinefn,
	SERIALFUNC = top_share_serialfn,
	DESERIALFUNC = top_share_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE top_share(value double precision) IS
	'percent (0-100) of the total held by the largest values, 20 percent of their number, rounded up; NULLs are ignored; NULL when the total is not positive';

CREATE FUNCTION top_share_transfn(internal, double precision, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION top_share_transfn(internal, double precision, double precision) IS
	'transition function of top_share';
CREATE AGGREGATE top_share(value double precision, share double precision) (
	SFUNC = top_share_transfn,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = top_share_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = top_share_combinefn,
	SERIALFUNC = top_share_serialfn,
	DESERIALFUNC = top_share_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE top_share(value double precision, share double precision) IS
	'percent (0-100) of the total held by the largest values, share (a fraction, 0 to 1) of their number, rounded up; NULLs are ignored; NULL when the total is not positive';
/*
 * clv.sql - lifetime value: under a contract, and from fitted customer-base models.
 */

-- Under a contract.

CREATE FUNCTION clv(margin double precision, retention_rate double precision, discount_rate double precision, periods integer = NULL) RETURNS double precision
	AS 'MODULE_PATHNAME', 'clv_contractual' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION clv(double precision, double precision, double precision, integer) IS
	'lifetime value under a contract: margin x sum over t = 1..periods of (retention_rate / (1 + discount_rate))^t, in the unit of margin; rates are fractions per period; periods NULL: for ever; the margin received at acquisition is not in it; NULL where another argument is NULL';

-- btyd_model

CREATE TYPE btyd_model;

CREATE FUNCTION btyd_model_in(cstring) RETURNS btyd_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_in(cstring) IS
	'text input of btyd_model: a JSON object';

CREATE FUNCTION btyd_model_out(btyd_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'fitted_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_out(btyd_model) IS
	'text output of btyd_model';

CREATE FUNCTION btyd_model_recv(internal) RETURNS btyd_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_recv(internal) IS
	'binary input of btyd_model';

CREATE FUNCTION btyd_model_send(btyd_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'fitted_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_send(btyd_model) IS
	'binary output of btyd_model';

CREATE TYPE btyd_model (
	INPUT = btyd_model_in,
	OUTPUT = btyd_model_out,
	RECEIVE = btyd_model_recv,
	SEND = btyd_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE btyd_model IS
	'a fitted buy-till-you-die model: family, unit of time, parameters, standard errors, covariance, figures of the fit; printed and read as JSON';

CREATE FUNCTION btyd_model_to_jsonb(btyd_model) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'fitted_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_to_jsonb(btyd_model) IS
	'a btyd_model as jsonb, keys as in its text';

CREATE CAST (btyd_model AS jsonb) WITH FUNCTION btyd_model_to_jsonb(btyd_model);
COMMENT ON CAST (btyd_model AS jsonb) IS 'the model as a JSON object';

CREATE FUNCTION btyd_model_eq(btyd_model, btyd_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_eq(btyd_model, btyd_model) IS
	'implementation of =: equal';

CREATE FUNCTION btyd_model_ne(btyd_model, btyd_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_ne(btyd_model, btyd_model) IS
	'implementation of <>: not equal';

CREATE FUNCTION btyd_model_lt(btyd_model, btyd_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_lt(btyd_model, btyd_model) IS
	'implementation of <: less than';

CREATE FUNCTION btyd_model_le(btyd_model, btyd_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_le(btyd_model, btyd_model) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION btyd_model_gt(btyd_model, btyd_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_gt(btyd_model, btyd_model) IS
	'implementation of >: greater than';

CREATE FUNCTION btyd_model_ge(btyd_model, btyd_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_ge(btyd_model, btyd_model) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = btyd_model,
	RIGHTARG = btyd_model,
	FUNCTION = btyd_model_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (btyd_model, btyd_model) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = btyd_model,
	RIGHTARG = btyd_model,
	FUNCTION = btyd_model_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (btyd_model, btyd_model) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = btyd_model,
	RIGHTARG = btyd_model,
	FUNCTION = btyd_model_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (btyd_model, btyd_model) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = btyd_model,
	RIGHTARG = btyd_model,
	FUNCTION = btyd_model_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (btyd_model, btyd_model) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = btyd_model,
	RIGHTARG = btyd_model,
	FUNCTION = btyd_model_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (btyd_model, btyd_model) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = btyd_model,
	RIGHTARG = btyd_model,
	FUNCTION = btyd_model_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (btyd_model, btyd_model) IS 'greater than or equal';

CREATE FUNCTION btyd_model_cmp(btyd_model, btyd_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_cmp(btyd_model, btyd_model) IS
	'btree comparison of btyd_model';

CREATE FUNCTION btyd_model_hash(btyd_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_hash(btyd_model) IS
	'hash of a btyd_model';

CREATE FUNCTION btyd_model_hash_extended(btyd_model, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'canonical_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model_hash_extended(btyd_model, bigint) IS
	'seeded hash of a btyd_model';

CREATE OPERATOR CLASS btyd_model_ops DEFAULT FOR TYPE btyd_model USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 btyd_model_cmp(btyd_model, btyd_model);
COMMENT ON OPERATOR CLASS btyd_model_ops USING btree IS 'btree order of btyd_model, without a meaning';
COMMENT ON OPERATOR FAMILY btyd_model_ops USING btree IS 'btree order of btyd_model, without a meaning';

CREATE OPERATOR CLASS btyd_model_ops DEFAULT FOR TYPE btyd_model USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 btyd_model_hash(btyd_model),
	FUNCTION 2 btyd_model_hash_extended(btyd_model, bigint);
COMMENT ON OPERATOR CLASS btyd_model_ops USING hash IS 'hashing of btyd_model';
COMMENT ON OPERATOR FAMILY btyd_model_ops USING hash IS 'hashing of btyd_model';

-- spend_model

CREATE TYPE spend_model;

CREATE FUNCTION spend_model_in(cstring) RETURNS spend_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_in(cstring) IS
	'text input of spend_model: a JSON object';

CREATE FUNCTION spend_model_out(spend_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'fitted_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_out(spend_model) IS
	'text output of spend_model';

CREATE FUNCTION spend_model_recv(internal) RETURNS spend_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_recv(internal) IS
	'binary input of spend_model';

CREATE FUNCTION spend_model_send(spend_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'fitted_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_send(spend_model) IS
	'binary output of spend_model';

CREATE TYPE spend_model (
	INPUT = spend_model_in,
	OUTPUT = spend_model_out,
	RECEIVE = spend_model_recv,
	SEND = spend_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE spend_model IS
	'a fitted gamma-gamma model of spend per purchase; printed and read as JSON';

CREATE FUNCTION spend_model_to_jsonb(spend_model) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'fitted_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_to_jsonb(spend_model) IS
	'a spend_model as jsonb, keys as in its text';

CREATE CAST (spend_model AS jsonb) WITH FUNCTION spend_model_to_jsonb(spend_model);
COMMENT ON CAST (spend_model AS jsonb) IS 'the model as a JSON object';

CREATE FUNCTION spend_model_eq(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_eq(spend_model, spend_model) IS
	'implementation of =: equal';

CREATE FUNCTION spend_model_ne(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_ne(spend_model, spend_model) IS
	'implementation of <>: not equal';

CREATE FUNCTION spend_model_lt(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_lt(spend_model, spend_model) IS
	'implementation of <: less than';

CREATE FUNCTION spend_model_le(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_le(spend_model, spend_model) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION spend_model_gt(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_gt(spend_model, spend_model) IS
	'implementation of >: greater than';

CREATE FUNCTION spend_model_ge(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_ge(spend_model, spend_model) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	FUNCTION = spend_model_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (spend_model, spend_model) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	FUNCTION = spend_model_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (spend_model, spend_model) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	FUNCTION = spend_model_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (spend_model, spend_model) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	FUNCTION = spend_model_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (spend_model, spend_model) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	FUNCTION = spend_model_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (spend_model, spend_model) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	FUNCTION = spend_model_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (spend_model, spend_model) IS 'greater than or equal';

CREATE FUNCTION spend_model_cmp(spend_model, spend_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_cmp(spend_model, spend_model) IS
	'btree comparison of spend_model';

CREATE FUNCTION spend_model_hash(spend_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_hash(spend_model) IS
	'hash of a spend_model';

CREATE FUNCTION spend_model_hash_extended(spend_model, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'canonical_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_hash_extended(spend_model, bigint) IS
	'seeded hash of a spend_model';

CREATE OPERATOR CLASS spend_model_ops DEFAULT FOR TYPE spend_model USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 spend_model_cmp(spend_model, spend_model);
COMMENT ON OPERATOR CLASS spend_model_ops USING btree IS 'btree order of spend_model, without a meaning';
COMMENT ON OPERATOR FAMILY spend_model_ops USING btree IS 'btree order of spend_model, without a meaning';

CREATE OPERATOR CLASS spend_model_ops DEFAULT FOR TYPE spend_model USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 spend_model_hash(spend_model),
	FUNCTION 2 spend_model_hash_extended(spend_model, bigint);
COMMENT ON OPERATOR CLASS spend_model_ops USING hash IS 'hashing of spend_model';
COMMENT ON OPERATOR FAMILY spend_model_ops USING hash IS 'hashing of spend_model';

-- renewal_model

CREATE TYPE renewal_model;

CREATE FUNCTION renewal_model_in(cstring) RETURNS renewal_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_in(cstring) IS
	'text input of renewal_model: a JSON object';

CREATE FUNCTION renewal_model_out(renewal_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'fitted_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_out(renewal_model) IS
	'text output of renewal_model';

CREATE FUNCTION renewal_model_recv(internal) RETURNS renewal_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_recv(internal) IS
	'binary input of renewal_model';

CREATE FUNCTION renewal_model_send(renewal_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'fitted_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_send(renewal_model) IS
	'binary output of renewal_model';

CREATE TYPE renewal_model (
	INPUT = renewal_model_in,
	OUTPUT = renewal_model_out,
	RECEIVE = renewal_model_recv,
	SEND = renewal_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE renewal_model IS
	'a fitted shifted beta-geometric model of renewals; printed and read as JSON';

CREATE FUNCTION renewal_model_to_jsonb(renewal_model) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'fitted_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_to_jsonb(renewal_model) IS
	'a renewal_model as jsonb, keys as in its text';

CREATE CAST (renewal_model AS jsonb) WITH FUNCTION renewal_model_to_jsonb(renewal_model);
COMMENT ON CAST (renewal_model AS jsonb) IS 'the model as a JSON object';

CREATE FUNCTION renewal_model_eq(renewal_model, renewal_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_eq(renewal_model, renewal_model) IS
	'implementation of =: equal';

CREATE FUNCTION renewal_model_ne(renewal_model, renewal_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_ne(renewal_model, renewal_model) IS
	'implementation of <>: not equal';

CREATE FUNCTION renewal_model_lt(renewal_model, renewal_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_lt(renewal_model, renewal_model) IS
	'implementation of <: less than';

CREATE FUNCTION renewal_model_le(renewal_model, renewal_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_le(renewal_model, renewal_model) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION renewal_model_gt(renewal_model, renewal_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_gt(renewal_model, renewal_model) IS
	'implementation of >: greater than';

CREATE FUNCTION renewal_model_ge(renewal_model, renewal_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_ge(renewal_model, renewal_model) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = renewal_model,
	RIGHTARG = renewal_model,
	FUNCTION = renewal_model_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (renewal_model, renewal_model) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = renewal_model,
	RIGHTARG = renewal_model,
	FUNCTION = renewal_model_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (renewal_model, renewal_model) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = renewal_model,
	RIGHTARG = renewal_model,
	FUNCTION = renewal_model_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (renewal_model, renewal_model) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = renewal_model,
	RIGHTARG = renewal_model,
	FUNCTION = renewal_model_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (renewal_model, renewal_model) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = renewal_model,
	RIGHTARG = renewal_model,
	FUNCTION = renewal_model_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (renewal_model, renewal_model) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = renewal_model,
	RIGHTARG = renewal_model,
	FUNCTION = renewal_model_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (renewal_model, renewal_model) IS 'greater than or equal';

CREATE FUNCTION renewal_model_cmp(renewal_model, renewal_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_cmp(renewal_model, renewal_model) IS
	'btree comparison of renewal_model';

CREATE FUNCTION renewal_model_hash(renewal_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_hash(renewal_model) IS
	'hash of a renewal_model';

CREATE FUNCTION renewal_model_hash_extended(renewal_model, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'canonical_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model_hash_extended(renewal_model, bigint) IS
	'seeded hash of a renewal_model';

CREATE OPERATOR CLASS renewal_model_ops DEFAULT FOR TYPE renewal_model USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 renewal_model_cmp(renewal_model, renewal_model);
COMMENT ON OPERATOR CLASS renewal_model_ops USING btree IS 'btree order of renewal_model, without a meaning';
COMMENT ON OPERATOR FAMILY renewal_model_ops USING btree IS 'btree order of renewal_model, without a meaning';

CREATE OPERATOR CLASS renewal_model_ops DEFAULT FOR TYPE renewal_model USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 renewal_model_hash(renewal_model),
	FUNCTION 2 renewal_model_hash_extended(renewal_model, bigint);
COMMENT ON OPERATOR CLASS renewal_model_ops USING hash IS 'hashing of renewal_model';
COMMENT ON OPERATOR FAMILY renewal_model_ops USING hash IS 'hashing of renewal_model';

-- Models from published parameters.

CREATE FUNCTION btyd_model(family text, params double precision[], unit_days double precision = 7) RETURNS btyd_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model(text, double precision[], double precision) IS
	'model of a family (bg/nbd, mbg/nbd: r, alpha, a, b; pareto/nbd: r, alpha, s, beta; bg/bb: alpha, beta, gamma, delta) with these parameters; times are in units of unit_days days';

CREATE FUNCTION spend_model(params double precision[]) RETURNS spend_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model(double precision[]) IS
	'gamma-gamma model with parameters p, q, gamma';

CREATE FUNCTION renewal_model(params double precision[]) RETURNS renewal_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model(double precision[]) IS
	'shifted beta-geometric model with parameters alpha, beta';

-- Fitting; one state serves all three.

CREATE FUNCTION fit_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_combinefn(internal, internal) IS
	'combine function of btyd_fit, gamma_gamma_fit and sbg_fit';

CREATE FUNCTION fit_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fit_serialfn(internal) IS
	'serialization of btyd_fit, gamma_gamma_fit and sbg_fit';

CREATE FUNCTION fit_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fit_deserialfn(bytea, internal) IS
	'deserialization of btyd_fit, gamma_gamma_fit and sbg_fit';

CREATE FUNCTION btyd_fit_finalfn(internal) RETURNS btyd_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION btyd_fit_finalfn(internal) IS
	'final function of btyd_fit';

CREATE FUNCTION btyd_fit_transfn(internal, text, bigint, double precision, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION btyd_fit_transfn(internal, text, bigint, double precision, double precision) IS
	'transition function of btyd_fit';

CREATE AGGREGATE btyd_fit(family text, frequency bigint, recency double precision, age double precision) (
	SFUNC = btyd_fit_transfn,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = btyd_fit_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = fit_combinefn,
	SERIALFUNC = fit_serialfn,
	DESERIALFUNC = fit_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE btyd_fit(family text, frequency bigint, recency double precision, age double precision) IS
	'buy-till-you-die model by maximum likelihood: family is bg/nbd, mbg/nbd, pareto/nbd or bg/bb; times in units of unit_days days (7 unless given; bg/bb: counts of opportunities); weight: customers alike; rows with a NULL are ignored; a WARNING where it does not converge; NULL without a usable row';

CREATE FUNCTION btyd_fit_transfn(internal, text, bigint, double precision, double precision, bigint) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION btyd_fit_transfn(internal, text, bigint, double precision, double precision, bigint) IS
	'transition function of btyd_fit';

CREATE AGGREGATE btyd_fit(family text, frequency bigint, recency double precision, age double precision, weight bigint) (
	SFUNC = btyd_fit_transfn,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = btyd_fit_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = fit_combinefn,
	SERIALFUNC = fit_serialfn,
	DESERIALFUNC = fit_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE btyd_fit(family text, frequency bigint, recency double precision, age double precision, weight bigint) IS
	'buy-till-you-die model by maximum likelihood: family is bg/nbd, mbg/nbd, pareto/nbd or bg/bb; times in units of unit_days days (7 unless given; bg/bb: counts of opportunities); weight: customers alike; rows with a NULL are ignored; a WARNING where it does not converge; NULL without a usable row';

CREATE FUNCTION btyd_fit_transfn(internal, text, bigint, double precision, double precision, bigint, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION btyd_fit_transfn(internal, text, bigint, double precision, double precision, bigint, double precision) IS
	'transition function of btyd_fit';

CREATE AGGREGATE btyd_fit(family text, frequency bigint, recency double precision, age double precision, weight bigint, unit_days double precision) (
	SFUNC = btyd_fit_transfn,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = btyd_fit_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = fit_combinefn,
	SERIALFUNC = fit_serialfn,
	DESERIALFUNC = fit_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE btyd_fit(family text, frequency bigint, recency double precision, age double precision, weight bigint, unit_days double precision) IS
	'buy-till-you-die model by maximum likelihood: family is bg/nbd, mbg/nbd, pareto/nbd or bg/bb; times in units of unit_days days (7 unless given; bg/bb: counts of opportunities); weight: customers alike; rows with a NULL are ignored; a WARNING where it does not converge; NULL without a usable row';

CREATE FUNCTION btyd_fit_transfn_history(internal, text, purchase_history, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION btyd_fit_transfn_history(internal, text, purchase_history, date) IS
	'transition function of btyd_fit';

CREATE AGGREGATE btyd_fit(family text, h purchase_history, as_of date) (
	SFUNC = btyd_fit_transfn_history,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = btyd_fit_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = fit_combinefn,
	SERIALFUNC = fit_serialfn,
	DESERIALFUNC = fit_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE btyd_fit(family text, h purchase_history, as_of date) IS
	'buy-till-you-die model by maximum likelihood: family is bg/nbd, mbg/nbd, pareto/nbd or bg/bb; times in units of unit_days days (7 unless given; bg/bb: counts of opportunities); weight: customers alike; rows with a NULL are ignored; a WARNING where it does not converge; NULL without a usable row';

CREATE FUNCTION btyd_fit_transfn_history(internal, text, purchase_history, date, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION btyd_fit_transfn_history(internal, text, purchase_history, date, double precision) IS
	'transition function of btyd_fit';

CREATE AGGREGATE btyd_fit(family text, h purchase_history, as_of date, unit_days double precision) (
	SFUNC = btyd_fit_transfn_history,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = btyd_fit_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = fit_combinefn,
	SERIALFUNC = fit_serialfn,
	DESERIALFUNC = fit_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE btyd_fit(family text, h purchase_history, as_of date, unit_days double precision) IS
	'buy-till-you-die model by maximum likelihood: family is bg/nbd, mbg/nbd, pareto/nbd or bg/bb; times in units of unit_days days (7 unless given; bg/bb: counts of opportunities); weight: customers alike; rows with a NULL are ignored; a WARNING where it does not converge; NULL without a usable row';

CREATE FUNCTION gamma_gamma_fit_finalfn(internal) RETURNS spend_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION gamma_gamma_fit_finalfn(internal) IS
	'final function of gamma_gamma_fit';

CREATE FUNCTION gamma_gamma_fit_transfn(internal, bigint, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION gamma_gamma_fit_transfn(internal, bigint, double precision) IS
	'transition function of gamma_gamma_fit';

CREATE AGGREGATE gamma_gamma_fit(frequency bigint, monetary double precision) (
	SFUNC = gamma_gamma_fit_transfn,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = gamma_gamma_fit_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = fit_combinefn,
	SERIALFUNC = fit_serialfn,
	DESERIALFUNC = fit_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE gamma_gamma_fit(frequency bigint, monetary double precision) IS
	'gamma-gamma model of mean spend per repeat purchase by maximum likelihood; customers with a mean that is not positive are left out and counted; one-time buyers are not used; NULL without a usable row';

CREATE FUNCTION gamma_gamma_fit_transfn_history(internal, purchase_history, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION gamma_gamma_fit_transfn_history(internal, purchase_history, date) IS
	'transition function of gamma_gamma_fit';

CREATE AGGREGATE gamma_gamma_fit(h purchase_history, as_of date) (
	SFUNC = gamma_gamma_fit_transfn_history,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = gamma_gamma_fit_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = fit_combinefn,
	SERIALFUNC = fit_serialfn,
	DESERIALFUNC = fit_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE gamma_gamma_fit(h purchase_history, as_of date) IS
	'gamma-gamma model of mean spend per repeat purchase by maximum likelihood; customers with a mean that is not positive are left out and counted; one-time buyers are not used; NULL without a usable row';

CREATE FUNCTION sbg_fit_finalfn(internal) RETURNS renewal_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION sbg_fit_finalfn(internal) IS
	'final function of sbg_fit';

CREATE FUNCTION sbg_fit_transfn(internal, integer, boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION sbg_fit_transfn(internal, integer, boolean) IS
	'transition function of sbg_fit';

CREATE AGGREGATE sbg_fit(renewals integer, churned boolean) (
	SFUNC = sbg_fit_transfn,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = sbg_fit_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = fit_combinefn,
	SERIALFUNC = fit_serialfn,
	DESERIALFUNC = fit_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sbg_fit(renewals integer, churned boolean) IS
	'shifted beta-geometric model of renewals by maximum likelihood: renewals made before leaving (churned) or so far; weight: customers alike; NULL without a usable row';

CREATE FUNCTION sbg_fit_transfn(internal, integer, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION sbg_fit_transfn(internal, integer, boolean, bigint) IS
	'transition function of sbg_fit';

CREATE AGGREGATE sbg_fit(renewals integer, churned boolean, weight bigint) (
	SFUNC = sbg_fit_transfn,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = sbg_fit_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = fit_combinefn,
	SERIALFUNC = fit_serialfn,
	DESERIALFUNC = fit_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sbg_fit(renewals integer, churned boolean, weight bigint) IS
	'shifted beta-geometric model of renewals by maximum likelihood: renewals made before leaving (churned) or so far; weight: customers alike; NULL without a usable row';

-- Predictions for a customer given by statistics, by a history, or new.

CREATE FUNCTION p_alive(model btyd_model, frequency bigint, recency double precision, age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION p_alive(btyd_model, bigint, double precision, double precision) IS
	'probability that a customer is still one (bg/bb: at the next opportunity); bg/nbd gives 1 for one-time buyers; a customer with these statistics';

CREATE FUNCTION p_alive(model btyd_model, h purchase_history, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION p_alive(btyd_model, purchase_history, date) IS
	'probability that a customer is still one (bg/bb: at the next opportunity); bg/nbd gives 1 for one-time buyers; the customer of a history as of a date, NULL when nothing was bought by then';

CREATE FUNCTION expected_purchases(model btyd_model, horizon double precision, frequency bigint, recency double precision, age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION expected_purchases(btyd_model, double precision, bigint, double precision, double precision) IS
	'expected repeat purchases within horizon, in model units (bg/bb: opportunities); a customer with these statistics';

CREATE FUNCTION expected_purchases(model btyd_model, horizon double precision, h purchase_history, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION expected_purchases(btyd_model, double precision, purchase_history, date) IS
	'expected repeat purchases within horizon, in model units (bg/bb: opportunities); the customer of a history as of a date, NULL when nothing was bought by then';

CREATE FUNCTION expected_purchases(model btyd_model, horizon double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION expected_purchases(btyd_model, double precision) IS
	'expected repeat purchases within horizon, in model units (bg/bb: opportunities); a new customer';

CREATE FUNCTION purchase_probability(model btyd_model, purchases integer, horizon double precision, frequency bigint, recency double precision, age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION purchase_probability(btyd_model, integer, double precision, bigint, double precision, double precision) IS
	'probability of exactly that many purchases within horizon, in model units (bg/bb: opportunities); a customer with these statistics';

CREATE FUNCTION purchase_probability(model btyd_model, purchases integer, horizon double precision, h purchase_history, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION purchase_probability(btyd_model, integer, double precision, purchase_history, date) IS
	'probability of exactly that many purchases within horizon, in model units (bg/bb: opportunities); the customer of a history as of a date, NULL when nothing was bought by then';

CREATE FUNCTION purchase_probability(model btyd_model, purchases integer, horizon double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION purchase_probability(btyd_model, integer, double precision) IS
	'probability of exactly that many purchases within horizon, in model units (bg/bb: opportunities); a new customer';

CREATE FUNCTION dert(model btyd_model, discount_rate double precision, frequency bigint, recency double precision, age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION dert(btyd_model, double precision, bigint, double precision, double precision) IS
	'discounted expected purchases for ever at a continuous rate per model unit, a fraction (10 % a year in weeks: ln(1.1) x 7 / 365.25); NULL at rate 0 where they are without bound; a customer with these statistics';

CREATE FUNCTION dert(model btyd_model, discount_rate double precision, h purchase_history, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION dert(btyd_model, double precision, purchase_history, date) IS
	'discounted expected purchases for ever at a continuous rate per model unit, a fraction (10 % a year in weeks: ln(1.1) x 7 / 365.25); NULL at rate 0 where they are without bound; the customer of a history as of a date, NULL when nothing was bought by then';

CREATE FUNCTION dert(model btyd_model, discount_rate double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION dert(btyd_model, double precision) IS
	'discounted expected purchases for ever at a continuous rate per model unit, a fraction (10 % a year in weeks: ln(1.1) x 7 / 365.25); NULL at rate 0 where they are without bound; a new customer';

CREATE FUNCTION discounted_expected_purchases(model btyd_model, steps integer, step double precision, rate double precision, frequency bigint, recency double precision, age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION discounted_expected_purchases(btyd_model, integer, double precision, double precision, bigint, double precision, double precision) IS
	'sum over k = 1..steps of the purchases expected in the k-th step / (1 + rate)^k, rate a fraction per step, step in model units; a customer with these statistics';

CREATE FUNCTION discounted_expected_purchases(model btyd_model, steps integer, step double precision, rate double precision, h purchase_history, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION discounted_expected_purchases(btyd_model, integer, double precision, double precision, purchase_history, date) IS
	'sum over k = 1..steps of the purchases expected in the k-th step / (1 + rate)^k, rate a fraction per step, step in model units; the customer of a history as of a date, NULL when nothing was bought by then';

CREATE FUNCTION discounted_expected_purchases(model btyd_model, steps integer, step double precision, rate double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION discounted_expected_purchases(btyd_model, integer, double precision, double precision) IS
	'sum over k = 1..steps of the purchases expected in the k-th step / (1 + rate)^k, rate a fraction per step, step in model units; a new customer';

-- Spend and lifetime value.

CREATE FUNCTION expected_spend(model spend_model) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION expected_spend(spend_model) IS
	'expected spend per purchase of the population; NULL where q <= 1';

CREATE FUNCTION expected_spend(model spend_model, frequency bigint, monetary double precision) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION expected_spend(spend_model, bigint, double precision) IS
	'expected spend per purchase of a customer with frequency repeat purchases of mean monetary (NULL allowed where frequency is 0; a negative mean counts as 0); NULL where p x frequency + q <= 1';

CREATE FUNCTION clv(btyd_model btyd_model, spend_model spend_model, h purchase_history, as_of date, horizon_days integer = 365, annual_discount_rate double precision = 0.10, margin double precision = 1) RETURNS double precision
	AS 'MODULE_PATHNAME', 'clv_model_history' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION clv(btyd_model, spend_model, purchase_history, date, integer, double precision, double precision) IS
	'lifetime value from now on: margin x expected spend x expected purchases by months of 365.25 / 12 days until horizon_days, each discounted from its end at annual_discount_rate (a fraction); horizon_days NULL: for ever; margin is a fraction of spend; NULL without purchases by as_of';

CREATE FUNCTION clv(btyd_model btyd_model, spend_model spend_model, frequency bigint, recency double precision, age double precision, monetary double precision, horizon_days integer = 365, annual_discount_rate double precision = 0.10, margin double precision = 1) RETURNS double precision
	AS 'MODULE_PATHNAME', 'clv_model' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION clv(btyd_model, spend_model, bigint, double precision, double precision, double precision, integer, double precision, double precision) IS
	'lifetime value from now on: margin x expected spend x expected purchases by months of 365.25 / 12 days until horizon_days, each discounted from its end at annual_discount_rate (a fraction); horizon_days NULL: for ever; margin is a fraction of spend; monetary may be NULL where frequency is 0';

-- Renewals.

CREATE FUNCTION renewal_survival(model renewal_model, period integer) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION renewal_survival(renewal_model, integer) IS
	'share of customers still there after that many renewals';

CREATE FUNCTION renewal_retention(model renewal_model, period integer) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION renewal_retention(renewal_model, integer) IS
	'share of those still there who make the period-th renewal (a fraction)';

CREATE FUNCTION expected_lifetime(model renewal_model, discount_rate double precision, renewals integer = 0) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION expected_lifetime(renewal_model, double precision, integer) IS
	'expected payments of a customer who has just made that many renewals, discounted at a rate per period (a fraction), the payment just made included; NULL at rate 0 where alpha <= 1';

-- Predictions against what came.

CREATE TYPE btyd_validation AS (
	customers bigint[],
	actual double precision[],
	expected double precision[],
	mae double precision,
	rmse double precision,
	bias double precision
);
COMMENT ON TYPE btyd_validation IS
	'forecasts of a holdout period against what came: customers, mean actual and mean expected purchase days by frequency 0 to 6 and 7 or more, and errors over all customers';

CREATE FUNCTION btyd_validate_transfn(internal, btyd_model, purchase_history, date, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 120;
COMMENT ON FUNCTION btyd_validate_transfn(internal, btyd_model, purchase_history, date, date) IS
	'transition function of btyd_validate';

CREATE FUNCTION btyd_validate_finalfn(internal) RETURNS btyd_validation
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION btyd_validate_finalfn(internal) IS
	'final function of btyd_validate';

CREATE FUNCTION btyd_validate_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION btyd_validate_combinefn(internal, internal) IS
	'combine function of btyd_validate';

CREATE FUNCTION btyd_validate_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_validate_serialfn(internal) IS
	'serialization of btyd_validate';

CREATE FUNCTION btyd_validate_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_validate_deserialfn(bytea, internal) IS
	'deserialization of btyd_validate';

CREATE AGGREGATE btyd_validate(model btyd_model, h purchase_history, calibration_end date, holdout_end date) (
	SFUNC = btyd_validate_transfn,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = btyd_validate_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = btyd_validate_combinefn,
	SERIALFUNC = btyd_validate_serialfn,
	DESERIALFUNC = btyd_validate_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE btyd_validate(model btyd_model, h purchase_history, calibration_end date, holdout_end date) IS
	'purchase days after calibration_end up to holdout_end against those the model expects from histories up to calibration_end; customers first seen later are not in it; NULL without a customer';

CREATE FUNCTION validation_rows(v btyd_validation)
	RETURNS TABLE (frequency text, customers bigint, actual double precision, expected double precision)
	LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE ROWS 8
BEGIN ATOMIC
	SELECT CASE WHEN r.position < 8 THEN (r.position - 1)::text ELSE '7+' END, r.customers, r.actual, r.expected
	FROM unnest((v).customers, (v).actual, (v).expected) WITH ORDINALITY AS r(customers, actual, expected, position);
END;
COMMENT ON FUNCTION validation_rows(btyd_validation) IS
	'mean purchase days per customer in the holdout, actual and expected, by frequency in the calibration period';

CREATE FUNCTION mae(v btyd_validation) RETURNS double precision
	LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
	RETURN (v).mae;
COMMENT ON FUNCTION mae(btyd_validation) IS
	'mean absolute error in purchase days per customer';

CREATE FUNCTION rmse(v btyd_validation) RETURNS double precision
	LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
	RETURN (v).rmse;
COMMENT ON FUNCTION rmse(btyd_validation) IS
	'root of the mean squared error in purchase days per customer';

CREATE FUNCTION bias(v btyd_validation) RETURNS double precision
	LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
	RETURN (v).bias;
COMMENT ON FUNCTION bias(btyd_validation) IS
	'mean error, expected less actual, in purchase days per customer';
-- sample: simulated purchases to try everything on

CREATE FUNCTION crm_sample_purchases_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION crm_sample_purchases_support(internal) IS
	'planner support of crm_sample_purchases: number of rows';

-- COST: half a microsecond for each of some 50,000 rows, in units of an operator call.
CREATE FUNCTION crm_sample_purchases(customers integer DEFAULT 5000, seed bigint DEFAULT 1,
		first date DEFAULT '2023-01-01'::date, last date DEFAULT '2025-12-31'::date,
		OUT order_id bigint, OUT customer_id bigint, OUT purchased_at timestamptz, OUT amount numeric,
		OUT product_id integer, OUT channel text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20000 ROWS 100000
	SUPPORT crm_sample_purchases_support;
COMMENT ON FUNCTION crm_sample_purchases(integer, bigint, date, date) IS
	'simulated purchases of that many customers from the first to the last day (UTC), in order of time: Pareto/NBD and Gamma-Gamma with the parameters of docs/sample.md, amounts with two decimals; the same seed gives the same rows everywhere; no rows for a NULL argument';
/*
 * workspace/source.sql - what a workspace must know of the relation it stands over.
 *
 * These are internal to crm_attach, crm_refresh and crm_discover. They run with their
 * caller's rights; nothing in a string names the extension's schema, which is looked up.
 */

CREATE FUNCTION workspace_base_type(type oid) RETURNS oid
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workspace_base_type(oid) IS
	'internal: the type under a domain, or the type itself';

CREATE FUNCTION workspace_key_hashes(type oid) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workspace_key_hashes(oid) IS
	'internal: whether the type has a default hash operator class';

CREATE FUNCTION workspace_key_sorts(type oid) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workspace_key_sorts(oid) IS
	'internal: whether the type has a default btree operator class';

CREATE FUNCTION workspace_key_equality(type oid) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION workspace_key_equality(oid) IS
	'internal: the equality of a type''s default operator class, ready for a statement';

CREATE FUNCTION workspace_suits(type oid, purpose text) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE workspace_suits.purpose
			WHEN 'customer_id' THEN workspace_key_hashes(base.type)
			WHEN 'purchased_at' THEN base.type IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
			ELSE base.type IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype,
				'numeric'::regtype, 'real'::regtype, 'double precision'::regtype, 'money'::regtype)
		END
		FROM (SELECT workspace_base_type(workspace_suits.type)) AS base(type);
	END;
COMMENT ON FUNCTION workspace_suits(oid, text) IS
	'internal: whether a column of that type can be the customer_id, purchased_at or amount of a workspace';

-- The column's type, if it is there and can be what it is meant for; else 42703, 42804.
CREATE FUNCTION workspace_column(source regclass, column_name name, purpose text) RETURNS oid
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	likely text;
	found oid;
	fits boolean;
BEGIN
	EXECUTE format('SELECT string_agg(quote_ident(attname), '', '' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND %s.workspace_suits(atttypid, $2)', crm)
		INTO likely USING source, purpose;
	likely := coalesce(format('Columns that could be meant: %s.', likely),
		'No column of it has a type that could.');
	SELECT atttypid INTO found FROM pg_attribute
	WHERE attrelid = source AND attname = workspace_column.column_name AND attnum > 0 AND NOT attisdropped;
	IF found IS NULL THEN
		RAISE EXCEPTION 'column "%" of relation "%" does not exist', column_name, source
			USING ERRCODE = 'undefined_column', HINT = likely, COLUMN = column_name;
	END IF;
	EXECUTE format('SELECT %s.workspace_suits($1, $2)', crm) INTO fits USING found, purpose;
	IF NOT fits THEN
		RAISE EXCEPTION 'column "%" of relation "%" has type %, which cannot be %', column_name, source,
				format_type(found, NULL), CASE purpose
					WHEN 'customer_id' THEN 'a customer''s id: it has no hash operator class'
					WHEN 'purchased_at' THEN 'the time of a purchase'
					ELSE 'an amount of money' END
			USING ERRCODE = 'datatype_mismatch', HINT = likely, COLUMN = column_name;
	END IF;
	IF NOT has_column_privilege(source, column_name, 'SELECT') THEN
		RAISE EXCEPTION 'permission denied for column "%" of relation "%"', column_name, source
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('Its owner can run: GRANT SELECT ON %s TO %I.', source, current_user);
	END IF;
	RETURN found;
END
$$;
COMMENT ON FUNCTION workspace_column(regclass, name, text) IS
	'internal: the type of a source''s column, checked for its purpose: customer_id, purchased_at or amount';

-- A source is trusted to be described by its change queue only while this is NULL.
CREATE FUNCTION workspace_tree(source regclass) RETURNS SETOF oid
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		SELECT workspace_tree.source::oid
		UNION
		SELECT t.relid::oid FROM pg_partition_tree(workspace_tree.source) AS t;
	END;
COMMENT ON FUNCTION workspace_tree(regclass) IS
	'internal: a table with all its partitions';

CREATE FUNCTION workspace_capture(source regclass, columns name[]) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE
			WHEN c.relkind NOT IN ('r', 'p') THEN 'none'
			WHEN c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) THEN 'none'
			WHEN EXISTS (SELECT FROM workspace_tree(c.oid) AS t(oid) JOIN pg_class p ON p.oid = t.oid
				WHERE p.relkind NOT IN ('r', 'p')) THEN 'none'
			WHEN EXISTS (SELECT FROM pg_attribute a
				WHERE a.attrelid = c.oid AND a.attname = ANY (workspace_capture.columns) AND a.attgenerated = 'v')
				THEN 'none'
			WHEN row_security_active(c.oid) THEN 'none'
			WHEN c.relkind = 'p' OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
				OR EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid) THEN 'row'
			ELSE 'statement'
		END
		FROM pg_class c WHERE c.oid = workspace_capture.source;
	END;
COMMENT ON FUNCTION workspace_capture(regclass, name[]) IS
	'internal: the capture mode that sees every change of the relation, by what the relation is';

-- ENABLE ALWAYS is the table owner's to say; what replication writes fires no other trigger.
CREATE FUNCTION workspace_is_replicated(source regclass) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (SELECT FROM pg_subscription_rel s
		WHERE s.srrelid IN (SELECT workspace_tree(workspace_is_replicated.source)));
COMMENT ON FUNCTION workspace_is_replicated(regclass) IS
	'internal: whether a subscription of logical replication writes to the table or a partition of it';

CREATE FUNCTION workspace_distrust(source regclass, columns name[], capture text, capture_function oid) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE
			WHEN workspace_distrust.capture = 'none' THEN 'no change capture'
			WHEN row_security_active(workspace_distrust.source) THEN 'row-level security decides what is seen'
			WHEN workspace_capture(workspace_distrust.source, workspace_distrust.columns)
				NOT IN (workspace_distrust.capture, 'statement') THEN
				format('capture %s does not see every change of the source as it is now', workspace_distrust.capture)
			WHEN EXISTS (
				SELECT FROM workspace_tree(workspace_distrust.source) AS member(oid)
					CROSS JOIN unnest(CASE workspace_distrust.capture
						WHEN 'row' THEN ARRAY[4, 8, 16] ELSE ARRAY[4, 8, 16, 32] END) AS event(bit)
				WHERE NOT EXISTS (
					SELECT FROM pg_trigger t
					WHERE t.tgrelid = member.oid AND t.tgfoid = workspace_distrust.capture_function
						AND t.tgtype & event.bit <> 0
						AND (t.tgtype & 1 <> 0) = (workspace_distrust.capture = 'row')
						AND t.tgqual IS NULL AND t.tgattr = ''::int2vector
						AND (t.tgenabled = 'A' OR t.tgenabled = 'O'
							AND NOT workspace_is_replicated(workspace_distrust.source))))
				THEN 'a trigger is missing or disabled'
		END;
	END;
COMMENT ON FUNCTION workspace_distrust(regclass, name[], text, oid) IS
	'internal: why the change queue cannot be trusted; NULL when it can';

-- What a refresh compares with what the last one saw. xmin: a trigger that was switched off
-- and on again has been written.
CREATE FUNCTION workspace_identity(source regclass, columns name[], capture_function oid) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT concat_ws('; ',
			(SELECT 'database ' || d.oid FROM pg_database d WHERE d.datname = current_database()),
			(SELECT string_agg(format('%s %s/%s', c.relkind, c.oid, pg_relation_filenode(c.oid)), ', ' ORDER BY c.oid)
				FROM pg_class c WHERE c.oid IN (SELECT workspace_tree(workspace_identity.source))),
			(SELECT string_agg(format('%s %s %s %s', a.attnum, a.atttypid, a.atttypmod, a.attcollation), ', ' ORDER BY a.attnum)
				FROM pg_attribute a
				WHERE a.attrelid = workspace_identity.source AND a.attname = ANY (workspace_identity.columns)),
			(SELECT string_agg(format('%s %s %s', t.oid, t.tgenabled, t.xmin), ', ' ORDER BY t.oid)
				FROM pg_trigger t WHERE t.tgfoid = workspace_identity.capture_function));
	END;
COMMENT ON FUNCTION workspace_identity(regclass, name[], oid) IS
	'internal: the files, partitions, columns and triggers of a source, as a text to compare';
/*
 * workspace/views.sql - the views of a workspace, as templates.
 *
 * %1$s stands for the extension's schema, %2$s for the workspace's, both quoted; crm_attach
 * fills them in once, and what it creates is bound to the objects, not to their names. The
 * comments of the columns stand beside the query, "name: comment" on a line each.
 *
 * as_of() returns a history that holds nothing later as it is, so asking each view's date of
 * each history costs nothing where no purchase lies in the future.
 */

CREATE FUNCTION workspace_spend(h purchase_history) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION workspace_spend(purchase_history) IS
	'internal: spend as double precision';

CREATE FUNCTION workspace_repeat_spend(h purchase_history, as_of date) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION workspace_repeat_spend(purchase_history, date) IS
	'internal: net money that came after the first purchase day, as of the date';

CREATE FUNCTION workspace_views(OUT "position" integer, OUT name name, OUT query text, OUT comment text, OUT columns text, OUT row_type name)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
	BEGIN ATOMIC
	SELECT v.position, v.name::name, v.query, v.comment, v.columns, v.row_type::name
	FROM (VALUES
(1, 'customers', $query$
SELECT c.customer_id,
	%1$s.first_purchase(c.history) AS first_purchase,
	%1$s.last_purchase(c.history) AS last_purchase,
	%1$s.purchase_days(c.history) AS purchase_days,
	%1$s.purchases(c.history) AS purchases,
	%1$s.spend(c.history) AS spend,
	round(%1$s.spend(c.history) / nullif(%1$s.purchases(c.history), 0), 4) AS average_purchase,
	c.today - %1$s.last_purchase(c.history) AS days_since_last,
	%1$s.typical_gap(c.history) AS typical_gap,
	%1$s.rfm_score(c.cuts, c.history, c.refreshed_on) / 100 AS r,
	%1$s.rfm_score(c.cuts, c.history, c.refreshed_on) / 10 %% 10 AS f,
	%1$s.rfm_score(c.cuts, c.history, c.refreshed_on) %% 10 AS m,
	%1$s.rfm_score(c.cuts, c.history, c.refreshed_on) AS rfm_score,
	%1$s.rfm_segment(%1$s.rfm_score(c.cuts, c.history, c.refreshed_on)) AS rfm_segment,
	%1$s.lifecycle_stage(c.history, c.today)::text AS stage,
	%1$s.p_alive(c.purchase_model, c.history, c.today) AS p_alive,
	%1$s.expected_purchases(c.purchase_model, 365 / 7.0::double precision, c.history, c.refreshed_on) AS expected_purchases_12m,
	%1$s.expected_spend(c.spend_model, %1$s.frequency(c.history, c.refreshed_on), %1$s.monetary(c.history, c.refreshed_on)) AS expected_spend,
	%1$s.clv(c.purchase_model, c.spend_model, c.history, c.refreshed_on) AS clv_12m
FROM (SELECT h.customer_id, %1$s.as_of(h.history, s.today) AS history, s.today, s.refreshed_on, s.cuts, s.purchase_model, s.spend_model
	FROM (SELECT coalesce(as_of, (CURRENT_TIMESTAMP AT TIME ZONE time_zone)::date) AS today,
			refreshed_on, cuts, purchase_model, spend_model
		FROM %2$s.workspace_state OFFSET 0) AS s,
		%2$s.customer_history AS h
	WHERE %1$s.as_of(h.history, s.today) OPERATOR(%1$s.<>) ''::%1$s.purchase_history) AS c
$query$, 'one row per customer, as of today (in a pinned workspace: as of its date)', $columns$
customer_id: the customer's id, as in the source
first_purchase: first purchase day; NULL when there are refunds only
last_purchase: last purchase day
purchase_days: days with at least one purchase
purchases: number of purchases, several on one day counted each; refunds are none
spend: net money of all purchases and refunds
average_purchase: spend / purchases, rounded to 4 decimals
days_since_last: days from the last purchase day to today
typical_gap: median days between own purchase days; NULL with fewer than two
r: recency score 1-5 as of the last refresh, 5 = bought most recently
f: frequency score 1-5 as of the last refresh, by purchase days
m: monetary score 1-5 as of the last refresh, by spend
rfm_score: r, f and m as the digits of one number, 555 = best
rfm_segment: segment that the score belongs to
stage: lifecycle stage as of today: prospect, new, developing, loyal, reactivated, at_risk, dormant or lost
p_alive: probability that the customer still buys, as of today, by the model of the last fit
expected_purchases_12m: purchase days expected in the 365 days after the last refresh
expected_spend: money expected per purchase day
clv_12m: money expected in the 365 days after the last refresh, discounted at 10 percent a year
$columns$, NULL),

(2, 'kpis', $query$
SELECT s.refreshed_on AS as_of,
	f.customers,
	f.active_customers,
	f.acquired_30d,
	100.0::double precision * f.repeaters / nullif(f.customers, 0) AS repeat_rate,
	f.periods[3].crr AS crr_12m,
	f.periods[3].churn_rate AS churn_rate_12m,
	f.periods[3].revenue AS revenue_12m,
	(100 * f.repeat_revenue / nullif(t.revenue, 0))::double precision AS repeat_revenue_share,
	round(t.revenue / nullif(t.purchases, 0), 4) AS average_purchase,
	f.top_20_revenue_share,
	round(f.clv_12m / 10000.0, 4) AS clv_12m_total,
	round(f.clv_12m / 10000.0 / nullif(f.customers, 0), 4) AS clv_12m_mean
FROM %2$s.workspace_state AS s,
	(SELECT count(%1$s.first_purchase(h.history)) AS customers,
		count(*) FILTER (WHERE %1$s.last_purchase(h.history) > h.active_since) AS active_customers,
		count(*) FILTER (WHERE %1$s.first_purchase(h.history) > h.refreshed_on - 30) AS acquired_30d,
		count(*) FILTER (WHERE %1$s.purchase_days(h.history) >= 2) AS repeaters,
		sum(%1$s.workspace_repeat_spend(h.history, h.refreshed_on)) AS repeat_revenue,
		%1$s.top_share(%1$s.workspace_spend(h.history), 0.2::double precision)
			FILTER (WHERE %1$s.first_purchase(h.history) IS NOT NULL) AS top_20_revenue_share,
		sum((%1$s.clv(h.purchase_model, h.spend_model, h.history, h.refreshed_on) * 10000)::bigint) AS clv_12m,
		%1$s.retention_agg(h.history, h.boundaries, h.active_days, h.refreshed_on) AS periods
	FROM (SELECT %1$s.as_of(c.history, d.refreshed_on) AS history, d.*
		FROM (SELECT refreshed_on, active_days, purchase_model, spend_model,
				refreshed_on - coalesce(active_days, 365) AS active_since,
				ARRAY[date '0001-01-01', (refreshed_on + 1 - interval '2 years')::date,
					(refreshed_on + 1 - interval '1 year')::date, refreshed_on + 1] AS boundaries
			FROM %2$s.workspace_state OFFSET 0) AS d,
			%2$s.customer_history AS c OFFSET 0) AS h) AS f,
	LATERAL (SELECT sum(p.revenue) AS revenue, sum(p.purchases) AS purchases FROM unnest(f.periods) AS p) AS t
$query$, 'the key figures in one row, as of the last refresh; percent where a share or rate is meant', $columns$
as_of: the day of these figures: that of the last refresh, or the workspace's pinned date
customers: customers with at least one purchase
active_customers: customers who bought within the workspace's active days (365 where it has none)
acquired_30d: customers whose first purchase is in the last 30 days
repeat_rate: percent of customers with two or more purchase days
crr_12m: customer retention rate of the last 12 months: 100 x (customers at the end - new) / customers at the start
churn_rate_12m: percent of the customers of 12 months ago who are none any more
revenue_12m: net money of the last 12 months
repeat_revenue_share: percent of all revenue that came after the customer's first purchase day
average_purchase: net money of all purchases / their number, rounded to 4 decimals
top_20_revenue_share: percent of all revenue that came from the fifth of customers who spent most
clv_12m_total: money expected of all customers in the next 365 days, discounted at 10 percent a year
clv_12m_mean: the same per customer
$columns$, NULL),

(3, 'retention_weekly', $query$
SELECT p.*
FROM (SELECT %1$s.retention_agg(h.history,
		(SELECT %1$s.periods(date_trunc('week', s.first_day)::date, s.refreshed_on, interval '7 days') FROM %2$s.workspace_state AS s),
		(SELECT s.active_days FROM %2$s.workspace_state AS s),
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.periods) AS p
$query$, 'retention week by week, Monday to Sunday, by the workspace''s active days', '', 'retention_period'),

(4, 'retention_monthly', $query$
SELECT p.*
FROM (SELECT %1$s.retention_agg(h.history,
		(SELECT %1$s.periods(date_trunc('month', s.first_day)::date, s.refreshed_on, interval '1 month') FROM %2$s.workspace_state AS s),
		(SELECT s.active_days FROM %2$s.workspace_state AS s),
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.periods) AS p
$query$, 'retention month by month, by the workspace''s active days', '', 'retention_period'),

(5, 'retention_quarterly', $query$
SELECT p.*
FROM (SELECT %1$s.retention_agg(h.history,
		(SELECT %1$s.periods(date_trunc('quarter', s.first_day)::date, s.refreshed_on, interval '3 months') FROM %2$s.workspace_state AS s),
		(SELECT s.active_days FROM %2$s.workspace_state AS s),
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.periods) AS p
$query$, 'retention quarter by quarter, by the workspace''s active days', '', 'retention_period'),

(6, 'retention_yearly', $query$
SELECT p.*
FROM (SELECT %1$s.retention_agg(h.history,
		(SELECT %1$s.periods(date_trunc('year', s.first_day)::date, s.refreshed_on, interval '1 year') FROM %2$s.workspace_state AS s),
		(SELECT s.active_days FROM %2$s.workspace_state AS s),
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.periods) AS p
$query$, 'retention year by year, by the workspace''s active days', '', 'retention_period'),

(7, 'cohorts_monthly', $query$
SELECT c.*
FROM (SELECT %1$s.cohort_agg(h.history,
		(SELECT %1$s.periods(date_trunc('month', s.first_day)::date, s.refreshed_on, interval '1 month') FROM %2$s.workspace_state AS s),
		'bounded',
		(SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS cells
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.cells) AS c
$query$, 'customers by the month of their first purchase, and how many of them bought in each month after', '', 'cohort_cell'),

(8, 'ladder', $query$
SELECT l.*
FROM (SELECT %1$s.ladder_agg(h.history, (SELECT s.refreshed_on FROM %2$s.workspace_state AS s), 10) AS steps
	FROM %2$s.customer_history AS h) AS a,
	unnest(a.steps) AS l
$query$, 'the way from new to repeat to loyal: of those with an n-th purchase day, how many had one more, and when', '', 'ladder_step'),

(9, 'segments', $query$
SELECT c.segment,
	c.customers,
	100.0::double precision * c.customers / sum(c.customers) OVER ()::double precision AS customer_share,
	c.revenue,
	100.0::double precision * c.revenue::double precision / nullif(sum(c.revenue) OVER (), 0)::double precision AS revenue_share,
	round(c.clv_12m / 10000.0 / c.customers, 4) AS mean_clv_12m,
	a.action
FROM (SELECT %1$s.rfm_segment(b.score) AS segment, sum(b.customers)::bigint AS customers, sum(b.revenue) AS revenue,
		sum(b.clv_12m) AS clv_12m
	FROM (SELECT %1$s.rfm_score(s.cuts, h.history, s.refreshed_on) AS score, count(*) AS customers,
			sum(%1$s.spend(%1$s.as_of(h.history, s.refreshed_on))) AS revenue,
			sum((%1$s.clv(s.purchase_model, s.spend_model, h.history, s.refreshed_on) * 10000)::bigint) AS clv_12m
		FROM (SELECT cuts, refreshed_on, purchase_model, spend_model FROM %2$s.workspace_state OFFSET 0) AS s, %2$s.customer_history AS h
		GROUP BY 1) AS b
	WHERE b.score IS NOT NULL
	GROUP BY 1) AS c
	LEFT JOIN (SELECT r.segment, min(r.position) AS position, (array_agg(r.action ORDER BY r.position))[1] AS action
		FROM (SELECT position, segment, action FROM %1$s.rfm_rules
			UNION ALL
			SELECT position, segment, action FROM %1$s.rfm_default_rules()
			WHERE NOT EXISTS (SELECT FROM %1$s.rfm_rules)) AS r
		GROUP BY r.segment) AS a ON a.segment = c.segment
ORDER BY a.position
$query$, 'customers by RFM segment as of the last refresh, and what to do with each', $columns$
segment: segment of recency, frequency and monetary scores
customers: customers in it
customer_share: percent of all customers
revenue: net money of all their purchases
revenue_share: percent of the revenue of all customers
mean_clv_12m: money expected per customer in the 365 days after the last refresh, discounted at 10 percent a year
action: what to do with such customers
$columns$, NULL),

(10, 'stages', $query$
SELECT c.stage::text AS stage,
	c.customers,
	100.0::double precision * c.customers / sum(c.customers) OVER ()::double precision AS customer_share,
	c.revenue,
	100.0::double precision * c.revenue::double precision / nullif(sum(c.revenue) OVER (), 0)::double precision AS revenue_share,
	round(c.clv_12m / 10000.0 / c.customers, 4) AS mean_clv_12m,
	a.action
FROM (SELECT %1$s.lifecycle_stage(b.history, b.today) AS stage, count(*) AS customers, sum(%1$s.spend(b.history)) AS revenue,
		sum((%1$s.clv(b.purchase_model, b.spend_model, b.history, b.refreshed_on) * 10000)::bigint) AS clv_12m
	FROM (SELECT %1$s.as_of(h.history, s.today) AS history, s.*
		FROM (SELECT coalesce(as_of, (CURRENT_TIMESTAMP AT TIME ZONE time_zone)::date) AS today,
				refreshed_on, purchase_model, spend_model
			FROM %2$s.workspace_state OFFSET 0) AS s,
			%2$s.customer_history AS h
		WHERE %1$s.as_of(h.history, s.today) OPERATOR(%1$s.<>) ''::%1$s.purchase_history) AS b
	GROUP BY 1) AS c
	JOIN (VALUES
		('prospect'::text, 'Invite to a first purchase.'::text),
		('new', 'Welcome, and give a reason for a second purchase soon.'),
		('developing', 'Recommend what fits the purchases so far.'),
		('loyal', 'Thank, reward, ask for a recommendation.'),
		('reactivated', 'Find out why they were away, and keep the contact.'),
		('at_risk', 'Ask what is wrong before they are gone.'),
		('dormant', 'Win back with a reason and a date.'),
		('lost', 'Write once more, then stop spending on them.')) AS a(stage, action) ON a.stage = c.stage::text
ORDER BY c.stage
$query$, 'customers by lifecycle stage as of today (in a pinned workspace: as of its date), and what to do with each', $columns$
stage: prospect, new, developing, loyal, reactivated, at_risk, dormant or lost
customers: customers in it
customer_share: percent of all customers
revenue: net money of all their purchases
revenue_share: percent of the revenue of all customers
mean_clv_12m: money expected per customer in the 365 days after the last refresh, discounted at 10 percent a year
action: what to do with such customers
$columns$, NULL),

(11, 'win_back', $query$
SELECT c.customer_id,
	c.stage::text AS stage,
	%1$s.last_purchase(c.history) AS last_purchase,
	c.today - %1$s.last_purchase(c.history) AS days_since_last,
	%1$s.last_purchase(c.history) + (%1$s.lifecycle_rules()).dormant_after AS turns_dormant_on,
	%1$s.spend(%1$s.slice(c.history, daterange(%1$s.last_purchase(c.history) - 364, c.today + 1))) AS value_at_stake,
	%1$s.purchase_days(c.history) AS purchase_days,
	%1$s.spend(c.history) AS spend
FROM (SELECT b.customer_id, b.history, b.today, %1$s.lifecycle_stage(b.history, b.today) AS stage
	FROM (SELECT h.customer_id, %1$s.as_of(h.history, s.today) AS history, s.today
		FROM (SELECT coalesce(as_of, (CURRENT_TIMESTAMP AT TIME ZONE time_zone)::date) AS today
			FROM %2$s.workspace_state OFFSET 0) AS s,
			%2$s.customer_history AS h) AS b) AS c
WHERE c.stage IN ('at_risk', 'dormant')
ORDER BY value_at_stake DESC NULLS LAST, c.customer_id::text
$query$, 'customers who are at risk or dormant as of today, most value at stake first', $columns$
customer_id: the customer's id, as in the source
stage: at_risk or dormant
last_purchase: last purchase day
days_since_last: days from the last purchase day to today
turns_dormant_on: the day the customer turns dormant, or turned, if nothing is bought before
value_at_stake: net money of the customer's last active year: the 365 days that end with the last purchase day
purchase_days: days with at least one purchase
spend: net money of all purchases and refunds
$columns$, NULL),

(12, 'models', $query$
SELECT m.model,
	m.fit ->> 'family' AS family,
	m.fit -> 'params' AS params,
	m.fit -> 'standard_errors' AS standard_errors,
	(m.fit ->> 'log_likelihood')::double precision AS log_likelihood,
	(m.fit ->> 'aic')::double precision AS aic,
	(m.fit ->> 'bic')::double precision AS bic,
	(m.fit ->> 'customers')::bigint AS customers,
	(m.fit ->> 'left_out')::bigint AS left_out,
	(m.fit ->> 'converged')::boolean AS converged,
	m.fit ->> 'reason' AS reason,
	s.fitted_at
FROM %2$s.workspace_state AS s,
	LATERAL (VALUES ('purchases'::text, s.purchase_model::jsonb), ('spend', s.spend_model::jsonb)) AS m(model, fit)
WHERE m.fit IS NOT NULL
$query$, 'the fitted customer-base models: when customers buy and leave, and what they spend', $columns$
model: purchases or spend
family: family of the model
params: its parameters by name
standard_errors: their standard errors by name
log_likelihood: maximised log-likelihood
aic: Akaike information criterion
bic: Bayesian information criterion
customers: customers it was fitted on
left_out: customers it could not use
converged: whether the fit found its maximum
reason: why it did not
fitted_at: when it was fitted
$columns$, NULL),

(13, 'status', $query$
SELECT format('%%I.%%I', n.nspname, c.relname) AS source,
	s.customer_id::text AS customer_id,
	s.purchased_at::text AS purchased_at,
	s.amount::text AS amount,
	s.time_zone,
	s.active_days,
	s.as_of AS pinned_to,
	s.capture,
	s.refreshed_at AS last_refresh,
	s.refreshed_on AS last_refresh_day,
	l.kind AS last_kind,
	l.reason AS last_reason,
	l.seconds AS last_seconds,
	s.customers,
	s.rows_seen,
	s.rows_without_customer,
	s.rows_without_time,
	(SELECT count(*) FROM %2$s.change_queue) AS changes_waiting,
	s.fitted_at AS last_fit,
	s.changed_since_fit
FROM %2$s.workspace_state AS s
	LEFT JOIN pg_class AS c ON c.oid = s.source
	LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
	LEFT JOIN LATERAL (SELECT r.kind, r.reason, r.seconds FROM %2$s.refresh_log AS r ORDER BY r.id DESC LIMIT 1) AS l ON true
$query$, 'what the workspace stands over, and its last refresh', $columns$
source: the relation it stands over; NULL when it is gone
customer_id: the source's column with the customer's id
purchased_at: the source's column with the time of purchase
amount: the source's column with the amount; NULL without
time_zone: the time zone whose days count
active_days: a customer is active for so many days after a purchase; NULL: calendar method
pinned_to: the date the workspace is pinned to; NULL: today
capture: how changes become known: statement or row triggers, none = every refresh is a full rebuild
last_refresh: when the last refresh was
last_refresh_day: the day as of which it scored: its date in the time zone, or the pinned date
last_kind: full or incremental
last_reason: why it was a full rebuild
last_seconds: how long it took
customers: customers with a history
rows_seen: rows of the source, those left out included
rows_without_customer: rows left out because the customer's id is NULL
rows_without_time: rows left out because the time is NULL
changes_waiting: entries of the change queue that the next refresh will take
last_fit: when the models were fitted
changed_since_fit: customers who changed since
$columns$, NULL)
	) AS v(position, name, query, comment, columns, row_type);
	END;
COMMENT ON FUNCTION workspace_views() IS
	'internal: the views of a workspace as templates, with their comments';

CREATE FUNCTION workspace_functions() RETURNS TABLE (definition text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT f.definition FROM (VALUES
($definition$
CREATE FUNCTION %2$s.retention(step interval, first date, last date, active_days integer)
	RETURNS SETOF %1$s.retention_period
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT p.*
		FROM (SELECT %1$s.retention_agg(h.history, %1$s.periods(retention.first, retention.last, retention.step),
				retention.active_days, (SELECT s.refreshed_on FROM %2$s.workspace_state AS s)) AS periods
			FROM %2$s.customer_history AS h) AS a,
			unnest(a.periods) AS p;
	END
$definition$),
($definition$
CREATE FUNCTION %2$s.customers_as_of(on_date date)
	RETURNS TABLE (customer_id %3$s, first_purchase date, last_purchase date, purchase_days integer,
		purchases integer, spend numeric, average_purchase numeric, days_since_last integer,
		typical_gap double precision, r integer, f integer, m integer, rfm_score integer, rfm_segment text,
		stage text, p_alive double precision, expected_purchases_12m double precision,
		expected_spend double precision, clv_12m double precision)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT c.customer_id,
			%1$s.first_purchase(c.history),
			%1$s.last_purchase(c.history),
			%1$s.purchase_days(c.history),
			%1$s.purchases(c.history),
			%1$s.spend(c.history),
			round(%1$s.spend(c.history) / nullif(%1$s.purchases(c.history), 0), 4),
			customers_as_of.on_date - %1$s.last_purchase(c.history),
			%1$s.typical_gap(c.history),
			c.score / 100,
			c.score / 10 %% 10,
			c.score %% 10,
			c.score,
			%1$s.rfm_segment(c.score),
			%1$s.lifecycle_stage(c.history, customers_as_of.on_date)::text,
			%1$s.p_alive(s.purchase_model, c.history, customers_as_of.on_date),
			%1$s.expected_purchases(s.purchase_model, 365 / 7.0::double precision, c.history, customers_as_of.on_date),
			%1$s.expected_spend(s.spend_model, %1$s.frequency(c.history, customers_as_of.on_date),
				%1$s.monetary(c.history, customers_as_of.on_date)),
			%1$s.clv(s.purchase_model, s.spend_model, c.history, customers_as_of.on_date)
		FROM %2$s.workspace_state AS s,
			(SELECT b.customer_id, b.history, %1$s.rfm_score(b.cuts, b.history, customers_as_of.on_date) AS score
			FROM (SELECT h.customer_id, %1$s.as_of(h.history, customers_as_of.on_date) AS history, k.cuts
				FROM (SELECT %1$s.rfm_cuts_agg(a.history, customers_as_of.on_date) AS cuts
					FROM %2$s.customer_history AS a) AS k,
					%2$s.customer_history AS h) AS b
			WHERE b.history OPERATOR(%1$s.<>) ''::%1$s.purchase_history
			OFFSET 0) AS c;
	END
$definition$)
	) AS f(definition);
	END;
COMMENT ON FUNCTION workspace_functions() IS
	'internal: the functions of a workspace as templates; %3$s is the type of the ids';
/*
 * workspace/attach.sql - crm_attach and crm_detach.
 *
 * A workspace is a schema with these tables of its own:
 *   customer_history   one history per customer, the base of every view
 *   workspace_state    one row: what it stands over, and what the last refresh left
 *   change_queue       ids that triggers saw change since; a row of NULLs: anything may have
 *   changed_customers  those that the refresh under way recomputes; empty between refreshes
 *   refresh_log        what each refresh did
 * Its owner is the owner of workspace_state.
 */

-- The triggers' function. It runs for whoever writes to the source, with the rights of the
-- attacher, so it does one thing: put the ids of its own transition rows into the queue of the
-- schema it stands in. Names are those of the day of attaching; where they no longer hold (the
-- schema was renamed, a column is gone or another), it says that anything may have changed and
-- leaves the rest to the next refresh. Writers are never stopped.
CREATE FUNCTION workspace_capture_body(workspace name, customer_id name, purchased_at name) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format($template$
#variable_conflict use_column
DECLARE
	here name;
	as_attached boolean;
BEGIN
	SELECT n.nspname, n.nspname = %1$L AND k.atttypid = q.atttypid AND t.attname IS NOT NULL
	INTO here, as_attached
	FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
		LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'change_queue'
		LEFT JOIN pg_attribute q ON q.attrelid = c.oid AND q.attname = 'customer_id'
		LEFT JOIN pg_attribute k ON k.attrelid = TG_RELID AND k.attname = %2$L AND NOT k.attisdropped
		LEFT JOIN pg_attribute t ON t.attrelid = TG_RELID AND t.attname = %3$L AND NOT t.attisdropped
	WHERE g.tgrelid = TG_RELID AND g.tgname = TG_NAME;

	IF TG_OP = 'TRUNCATE' OR as_attached IS NOT TRUE THEN
		EXECUTE format('INSERT INTO %%I.change_queue (customer_id) VALUES (NULL)', here);
	ELSIF TG_LEVEL = 'ROW' AND TG_OP = 'INSERT' THEN
		INSERT INTO %4$I.change_queue VALUES (NEW.%5$I, 1, (NEW.%6$I IS NULL)::integer);
	ELSIF TG_LEVEL = 'ROW' AND TG_OP = 'DELETE' THEN
		INSERT INTO %4$I.change_queue VALUES (OLD.%5$I, -1, -(OLD.%6$I IS NULL)::integer);
	ELSIF TG_LEVEL = 'ROW' THEN
		INSERT INTO %4$I.change_queue VALUES
			(OLD.%5$I, -1, -(OLD.%6$I IS NULL)::integer), (NEW.%5$I, 1, (NEW.%6$I IS NULL)::integer);
	ELSIF TG_OP = 'INSERT' THEN
		INSERT INTO %4$I.change_queue
		SELECT n.%5$I, count(*), count(*) - count(n.%6$I) FROM new_rows n GROUP BY 1;
	ELSIF TG_OP = 'DELETE' THEN
		INSERT INTO %4$I.change_queue
		SELECT o.%5$I, -count(*), count(o.%6$I) - count(*) FROM old_rows o GROUP BY 1;
	ELSE
		INSERT INTO %4$I.change_queue
		SELECT o.%5$I, -count(*), count(o.%6$I) - count(*) FROM old_rows o GROUP BY 1
		UNION ALL
		SELECT n.%5$I, count(*), count(*) - count(n.%6$I) FROM new_rows n GROUP BY 1;
	END IF;
	RETURN NULL;
END
$template$, workspace, customer_id, purchased_at, workspace, customer_id, purchased_at);
COMMENT ON FUNCTION workspace_capture_body(name, name, name) IS
	'internal: the body of a workspace''s trigger function';

CREATE FUNCTION workspace_create_capture(workspace name, customer_id name, purchased_at name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	body text;
BEGIN
	EXECUTE format('SELECT %s.workspace_capture_body($1, $2, $3)', crm)
		INTO body USING workspace, customer_id, purchased_at;
	EXECUTE format('CREATE OR REPLACE FUNCTION %I.capture_changes() RETURNS trigger
		LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS %L', workspace, body);
END
$$;
COMMENT ON FUNCTION workspace_create_capture(name, name, name) IS
	'internal: creates a workspace''s trigger function, or writes it anew';

CREATE FUNCTION workspace_create_triggers(source regclass, workspace name, capture text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	suffix text := workspace;
	always boolean := pg_has_role((SELECT relowner FROM pg_class WHERE oid = source), 'USAGE');
	which record;
BEGIN
	-- A name of 63 bytes holds any workspace's name or its hash; a namesake's triggers may be there.
	IF octet_length(suffix) > 46 OR EXISTS (SELECT FROM pg_trigger
		WHERE tgrelid = source AND tgname LIKE 'capture\_%' AND right(tgname, -8 - 7) = '_' || suffix) THEN
		suffix := md5(suffix || clock_timestamp());
	END IF;
	FOR which IN
		SELECT * FROM (VALUES
			('statement', 'insert', 'INSERT', 'REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT'),
			('statement', 'update', 'UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT'),
			('statement', 'delete', 'DELETE', 'REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT'),
			('row', 'change', 'INSERT OR UPDATE OR DELETE', 'FOR EACH ROW'),
			('any', 'empty', 'TRUNCATE', 'FOR EACH STATEMENT')) AS v(mode, name, event, form)
		WHERE mode IN (capture, 'any')
	LOOP
		EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s %s EXECUTE FUNCTION %I.capture_changes()',
			format('capture_%s_%s', which.name, suffix), which.event, source, which.form, workspace);
		IF capture = 'row' AND always THEN
			EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I',
				source, format('capture_%s_%s', which.name, suffix));
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION workspace_create_triggers(regclass, name, text) IS
	'internal: puts the capture triggers on a source';

-- Everything that can be wrong is found here, before anything is created. Gives the capture mode.
CREATE FUNCTION workspace_check(source regclass, customer_id name, purchased_at name, amount name, capture text)
	RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	rel record;
	natural_mode text;
	replicated boolean;
BEGIN
	SELECT c.oid, c.relkind, c.relowner, c.relnamespace INTO rel FROM pg_class c WHERE c.oid = source;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'relation with OID % does not exist', source::oid USING ERRCODE = 'undefined_table';
	END IF;
	IF rel.relkind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
		RAISE EXCEPTION '"%" is not a table, view, materialized view or foreign table', source
			USING ERRCODE = 'wrong_object_type';
	END IF;
	IF NOT has_schema_privilege(rel.relnamespace, 'USAGE') THEN
		RAISE EXCEPTION 'permission denied for schema %', rel.relnamespace::regnamespace
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('Its owner can run: GRANT USAGE ON SCHEMA %s TO %I.', rel.relnamespace::regnamespace, current_user);
	END IF;
	EXECUTE format('SELECT %1$s.workspace_column($1, $2, ''customer_id''), %1$s.workspace_column($1, $3, ''purchased_at''),
		CASE WHEN $4 IS NOT NULL THEN %1$s.workspace_column($1, $4, ''amount'') END', crm)
		USING source, customer_id, purchased_at, amount;
	EXECUTE format('SELECT %1$s.workspace_capture($1, ARRAY[$2, $3, $4]), %1$s.workspace_is_replicated($1)', crm)
		INTO natural_mode, replicated USING source, customer_id, purchased_at, amount;
	IF capture = 'auto' THEN
		RETURN CASE
			WHEN NOT has_table_privilege(source, 'TRIGGER') THEN 'none'
			WHEN replicated AND NOT pg_has_role(rel.relowner, 'USAGE') THEN 'none'
			ELSE natural_mode END;
	ELSIF capture = 'none' THEN
		RETURN capture;
	ELSIF capture IS NULL OR capture NOT IN ('statement', 'row') THEN
		RAISE EXCEPTION 'unknown capture mode "%"', capture USING ERRCODE = 'invalid_parameter_value',
			HINT = 'It is auto, statement, row or none.';
	ELSIF natural_mode NOT IN (capture, 'statement') THEN
		RAISE EXCEPTION 'capture mode "%" does not see every change of "%"', capture, source
			USING ERRCODE = 'feature_not_supported',
				HINT = format('The mode that does is %s.', natural_mode);
	ELSIF NOT has_table_privilege(source, 'TRIGGER') THEN
		RAISE EXCEPTION 'permission denied to create triggers on "%"', source
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('Its owner can run: GRANT TRIGGER ON %s TO %I. Without it: capture => ''none''.', source, current_user);
	ELSIF replicated AND NOT pg_has_role(rel.relowner, 'USAGE') THEN
		RAISE EXCEPTION 'only the owner of "%" can have triggers fire for replicated rows', source
			USING ERRCODE = 'insufficient_privilege', HINT = 'Without them: capture => ''none''.';
	END IF;
	RETURN capture;
END
$$;
COMMENT ON FUNCTION workspace_check(regclass, name, name, name, text) IS
	'internal: refuses a source that cannot be attached; else the capture mode';

CREATE FUNCTION workspace_check_settings(workspace name, time_zone text, active_days integer, as_of date) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	taken text;
BEGIN
	IF workspace IS NULL OR time_zone IS NULL THEN
		RAISE EXCEPTION '% must not be null', CASE WHEN workspace IS NULL THEN 'workspace' ELSE 'time_zone' END
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM timestamptz '2000-01-01 00:00+00' AT TIME ZONE time_zone;
	IF active_days < 1 THEN
		RAISE EXCEPTION 'active_days must be at least 1, not %', active_days USING ERRCODE = 'invalid_parameter_value',
			HINT = 'NULL stands for the calendar method.';
	END IF;
	IF NOT isfinite(as_of) THEN
		RAISE EXCEPTION 'as_of must be a finite date, not %', as_of USING ERRCODE = 'datetime_field_overflow';
	END IF;
	IF EXISTS (SELECT FROM pg_namespace WHERE nspname = workspace) THEN
		IF NOT (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = workspace) THEN
			RAISE EXCEPTION 'schema "%" exists and belongs to another role', workspace
				USING ERRCODE = 'insufficient_privilege', HINT = 'Choose another name: workspace => ''...''.';
		END IF;
		IF EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = workspace AND c.relname = 'workspace_state') THEN
			RAISE EXCEPTION 'workspace "%" exists already', workspace USING ERRCODE = 'duplicate_schema',
				HINT = format('Choose another name, workspace => ''...'', or: SELECT crm_detach(%L).', workspace);
		END IF;
		EXECUTE format('SELECT string_agg(quote_ident(c.relname), '', '' ORDER BY c.relname)
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = $1 AND (c.relname IN (SELECT name FROM %s.workspace_views())
				OR c.relname IN (''customer_history'', ''change_queue'', ''changed_customers'', ''refresh_log''))', crm)
			INTO taken USING workspace;
		IF taken IS NOT NULL THEN
			RAISE EXCEPTION 'schema "%" has relations of the names that a workspace needs: %', workspace, taken
				USING ERRCODE = 'duplicate_table', HINT = 'Choose another name: workspace => ''...''.';
		END IF;
	ELSIF NOT has_database_privilege(current_database(), 'CREATE') THEN
		RAISE EXCEPTION 'permission denied to create schema "%" in database "%"', workspace, current_database()
			USING ERRCODE = 'insufficient_privilege',
				HINT = format('Its owner can run: GRANT CREATE ON DATABASE %I TO %I. Or name a schema of your own.',
					current_database(), current_user);
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_check_settings(name, text, integer, date) IS
	'internal: refuses settings that no workspace can have';

CREATE FUNCTION workspace_create_tables(workspace name, source regclass, customer_id name, with_key boolean) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	declared text;
	key text;
BEGIN
	EXECUTE format('SELECT format_type(a.atttypid, -1) || collated, format_type(%s.workspace_base_type(a.atttypid), -1) || collated
		FROM pg_attribute a, LATERAL (SELECT coalesce((SELECT format('' COLLATE %%I.%%I'', n.nspname, c.collname)
			FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
			WHERE c.oid = a.attcollation AND c.collname <> ''default''), '''')) AS l(collated)
		WHERE a.attrelid = $1 AND a.attname = $2', crm)
		INTO declared, key USING source, customer_id;

	EXECUTE format('CREATE TABLE %1$I.customer_history (customer_id %2$s NOT NULL, history %3$s.purchase_history NOT NULL)
		WITH (fillfactor = 90)', workspace, key, crm);
	EXECUTE format('ALTER TABLE %1$I.customer_history ALTER history SET STATISTICS 0', workspace);
	IF with_key THEN
		EXECUTE format('SELECT %s.workspace_create_key($1)', crm) USING workspace;
	END IF;
	EXECUTE format('CREATE TABLE %1$I.change_queue (customer_id %2$s, rows bigint, without_time bigint)', workspace, declared);
	EXECUTE format('CREATE TABLE %1$I.changed_customers (customer_id %2$s)', workspace, key);
	EXECUTE format('CREATE TABLE %1$I.refresh_log (
			id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			started_at timestamptz NOT NULL,
			seconds numeric NOT NULL,
			kind text NOT NULL,
			reason text,
			customers_changed bigint NOT NULL,
			customers_removed bigint NOT NULL,
			customers bigint NOT NULL,
			rows_seen bigint NOT NULL,
			refitted boolean NOT NULL)', workspace);
	EXECUTE format('CREATE TABLE %1$I.workspace_state (
			only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
			schema_name name NOT NULL,
			schema_created boolean NOT NULL,
			source regclass NOT NULL,
			customer_id name NOT NULL,
			purchased_at name NOT NULL,
			amount name,
			time_zone text NOT NULL,
			active_days integer,
			as_of date,
			capture text NOT NULL,
			identity text,
			refreshed_at timestamptz,
			refreshed_on date,
			first_day date,
			customers bigint NOT NULL DEFAULT 0,
			rows_seen bigint NOT NULL DEFAULT 0,
			rows_without_customer bigint NOT NULL DEFAULT 0,
			rows_without_time bigint NOT NULL DEFAULT 0,
			cuts %2$s.rfm_cuts,
			purchase_model %2$s.btyd_model,
			spend_model %2$s.spend_model,
			fitted_at timestamptz,
			changed_since_fit bigint NOT NULL DEFAULT 0)', workspace, crm);
END
$$;
COMMENT ON FUNCTION workspace_create_tables(name, regclass, name, boolean) IS
	'internal: creates a workspace''s tables; without its key customer_history is faster to fill';

-- A type that sorts gets a primary key; one that only hashes, the constraint that hashing has.
CREATE FUNCTION workspace_create_key(workspace name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	sorts boolean;
	equality text;
BEGIN
	EXECUTE format('SELECT %1$s.workspace_key_sorts(atttypid), %1$s.workspace_key_equality(atttypid)
		FROM pg_attribute WHERE attrelid = %2$L::regclass AND attname = ''customer_id''',
		crm, format('%I.customer_history', workspace)) INTO sorts, equality;
	EXECUTE format('ALTER TABLE %I.customer_history ADD %s', workspace, CASE
		WHEN sorts THEN 'PRIMARY KEY (customer_id)'
		ELSE format('EXCLUDE USING hash (customer_id WITH %s)', equality) END);
END
$$;
COMMENT ON FUNCTION workspace_create_key(name) IS
	'internal: makes the customer''s id the key of customer_history';

CREATE FUNCTION workspace_comments() RETURNS TABLE (object text, comment text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
	SELECT v.object, v.comment FROM (VALUES
		('SCHEMA %1$s', 'workspace of crm_ext'),
		('TABLE %1$s.customer_history', 'one row per customer: all purchases as a value; history::text outlives the extension'),
		('COLUMN %1$s.customer_history.customer_id', 'the customer''s id, as in the source'),
		('COLUMN %1$s.customer_history.history', 'the customer''s purchases'),
		('TABLE %1$s.workspace_state', 'one row: what the workspace stands over and what its last refresh left'),
		('COLUMN %1$s.workspace_state.only_row', 'always true: there is one row'),
		('COLUMN %1$s.workspace_state.schema_name', 'name of the workspace when the trigger function was written'),
		('COLUMN %1$s.workspace_state.schema_created', 'whether crm_attach created the schema, and crm_detach drops it'),
		('COLUMN %1$s.workspace_state.source', 'the relation it stands over'),
		('COLUMN %1$s.workspace_state.customer_id', 'the source''s column with the customer''s id'),
		('COLUMN %1$s.workspace_state.purchased_at', 'the source''s column with the time of purchase'),
		('COLUMN %1$s.workspace_state.amount', 'the source''s column with the amount; NULL without'),
		('COLUMN %1$s.workspace_state.time_zone', 'the time zone whose days count'),
		('COLUMN %1$s.workspace_state.active_days', 'a customer is active for so many days after a purchase; NULL: calendar method'),
		('COLUMN %1$s.workspace_state.as_of', 'the date the workspace is pinned to; NULL: today'),
		('COLUMN %1$s.workspace_state.capture', 'how changes become known: statement, row or none'),
		('COLUMN %1$s.workspace_state.identity', 'files, partitions, columns and triggers of the source as the last refresh saw them'),
		('COLUMN %1$s.workspace_state.refreshed_at', 'when the last refresh was; NULL: not filled yet'),
		('COLUMN %1$s.workspace_state.refreshed_on', 'the day as of which the last refresh scored'),
		('COLUMN %1$s.workspace_state.first_day', 'first purchase day of all customers'),
		('COLUMN %1$s.workspace_state.customers', 'customers with a history'),
		('COLUMN %1$s.workspace_state.rows_seen', 'rows of the source, those left out included'),
		('COLUMN %1$s.workspace_state.rows_without_customer', 'rows left out because the customer''s id is NULL'),
		('COLUMN %1$s.workspace_state.rows_without_time', 'rows left out because the time is NULL'),
		('COLUMN %1$s.workspace_state.cuts', 'cut points of the RFM scores'),
		('COLUMN %1$s.workspace_state.purchase_model', 'when customers buy and leave, fitted'),
		('COLUMN %1$s.workspace_state.spend_model', 'what customers spend per purchase day, fitted'),
		('COLUMN %1$s.workspace_state.fitted_at', 'when the models were fitted'),
		('COLUMN %1$s.workspace_state.changed_since_fit', 'customers who changed since'),
		('TABLE %1$s.change_queue', 'ids whose rows changed since the last refresh, written by the source''s triggers'),
		('COLUMN %1$s.change_queue.customer_id', 'the customer''s id'),
		('COLUMN %1$s.change_queue.rows', 'rows more than before; NULL: anything may have changed'),
		('COLUMN %1$s.change_queue.without_time', 'rows without a time more than before'),
		('TABLE %1$s.changed_customers', 'customers that the refresh under way recomputes'),
		('COLUMN %1$s.changed_customers.customer_id', 'the customer''s id'),
		('TABLE %1$s.refresh_log', 'what each refresh did'),
		('COLUMN %1$s.refresh_log.id', 'number of the refresh'),
		('COLUMN %1$s.refresh_log.started_at', 'when it began'),
		('COLUMN %1$s.refresh_log.seconds', 'how long it took'),
		('COLUMN %1$s.refresh_log.kind', 'full: from all rows; incremental: of the changed customers'),
		('COLUMN %1$s.refresh_log.reason', 'why it was a full one'),
		('COLUMN %1$s.refresh_log.customers_changed', 'histories written'),
		('COLUMN %1$s.refresh_log.customers_removed', 'histories deleted'),
		('COLUMN %1$s.refresh_log.customers', 'customers afterwards'),
		('COLUMN %1$s.refresh_log.rows_seen', 'rows of the source, those left out included'),
		('COLUMN %1$s.refresh_log.refitted', 'whether the models were fitted anew'),
		('FUNCTION %1$s.capture_changes()', 'puts the ids of changed rows into change_queue; called by the source''s triggers'),
		('FUNCTION %1$s.retention(interval, date, date, integer)', 'retention in periods of that step from the first to the last date, for customers active so many days after a purchase (NULL: calendar method)'),
		('FUNCTION %1$s.customers_as_of(date)', 'the customers as they stood on that date: scores, segments and stages of that day')
	) AS v(object, comment);
	END;
COMMENT ON FUNCTION workspace_comments() IS
	'internal: the comments of a workspace''s tables and functions, as templates';

CREATE FUNCTION workspace_create_views(workspace name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	ws text := quote_ident(workspace);
	item record;
	col record;
BEGIN
	FOR item IN EXECUTE format('SELECT v.name, v.query, v.comment, v.columns, t.oid AS row_type
		FROM %s.workspace_views() v
			LEFT JOIN pg_extension e ON e.extname = ''crm_ext''
			LEFT JOIN pg_type t ON t.typnamespace = e.extnamespace AND t.typname = v.row_type
		ORDER BY v.position', crm)
	LOOP
		EXECUTE format('CREATE VIEW %s.%I AS %s', ws, item.name, format(item.query, crm, ws));
		EXECUTE format('COMMENT ON VIEW %s.%I IS %L', ws, item.name, item.comment);
		FOR col IN
			SELECT split_part(line, ': ', 1) AS name, substr(line, strpos(line, ': ') + 2) AS comment
			FROM regexp_split_to_table(item.columns, '\n') AS line WHERE line <> ''
		LOOP
			EXECUTE format('COMMENT ON COLUMN %s.%I.%I IS %L', ws, item.name, col.name, col.comment);
		END LOOP;
		-- Where the columns are those of a composite type, so are their comments.
		FOR col IN
			SELECT a.attname AS name, col_description(t.typrelid, f.attnum) AS comment
			FROM pg_type t JOIN pg_attribute f ON f.attrelid = t.typrelid
				JOIN pg_attribute a ON a.attname = f.attname
			WHERE t.oid = item.row_type AND f.attnum > 0 AND NOT f.attisdropped AND a.attrelid = format('%s.%I', ws, item.name)::regclass
		LOOP
			EXECUTE format('COMMENT ON COLUMN %s.%I.%I IS %L', ws, item.name, col.name, col.comment);
		END LOOP;
	END LOOP;
	FOR item IN EXECUTE format('SELECT * FROM %s.workspace_functions()', crm)
	LOOP
		EXECUTE format(item.definition, crm, ws, (SELECT format_type(atttypid, -1) FROM pg_attribute
			WHERE attrelid = format('%s.customer_history', ws)::regclass AND attname = 'customer_id'));
	END LOOP;
	FOR item IN EXECUTE format('SELECT * FROM %s.workspace_comments()', crm)
	LOOP
		CONTINUE WHEN item.object = 'SCHEMA %1$s';
		EXECUTE format('COMMENT ON %s IS %L', format(item.object, ws), item.comment);
	END LOOP;
	-- Nothing is granted by default: PostgreSQL would let everybody call functions.
	FOR item IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = ws::regnamespace
	LOOP
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', item.name);
	END LOOP;
END
$$;
COMMENT ON FUNCTION workspace_create_views(name) IS
	'internal: creates a workspace''s views and functions, with their comments';

CREATE FUNCTION crm_attach(purchases regclass, customer_id name, purchased_at name, amount name DEFAULT NULL,
	workspace name DEFAULT 'crm', time_zone text DEFAULT current_setting('TimeZone'), active_days integer DEFAULT 90,
	as_of date DEFAULT NULL, fill boolean DEFAULT true, capture text DEFAULT 'auto')
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	mode text;
	is_new boolean;
	started timestamptz := clock_timestamp();
BEGIN
	IF purchases IS NULL OR customer_id IS NULL OR purchased_at IS NULL OR fill IS NULL THEN
		RAISE EXCEPTION 'purchases, customer_id, purchased_at and fill must not be null'
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
		RAISE EXCEPTION 'crm_attach cannot run at isolation level %', upper(current_setting('transaction_isolation'))
			USING ERRCODE = 'active_sql_transaction',
				HINT = 'Its snapshot may be older than the triggers that record changes. Use READ COMMITTED.';
	END IF;
	EXECUTE format('SELECT %s.workspace_check_settings($1, $2, $3, $4)', crm)
		USING workspace, time_zone, active_days, as_of;
	EXECUTE format('SELECT %s.workspace_check($1, $2, $3, $4, $5)', crm)
		INTO mode USING purchases, customer_id, purchased_at, amount, capture;

	is_new := NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = workspace);
	IF is_new THEN
		EXECUTE format('CREATE SCHEMA %I', workspace);
		EXECUTE format('COMMENT ON SCHEMA %I IS %L', workspace, 'workspace of crm_ext over ' || purchases);
	END IF;
	EXECUTE format('SELECT %s.workspace_create_tables($1, $2, $3, $4)', crm)
		USING workspace, purchases, customer_id, NOT fill;
	EXECUTE format('INSERT INTO %I.workspace_state (schema_name, schema_created, source, customer_id, purchased_at,
			amount, time_zone, active_days, as_of, capture)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', workspace)
		USING workspace, is_new, purchases, customer_id, purchased_at, amount, time_zone, active_days, as_of, mode;
	EXECUTE format('ANALYZE %I.workspace_state', workspace);    -- one row: plans rest on it
	EXECUTE format('SELECT %s.workspace_create_capture($1, $2, $3)', crm) USING workspace, customer_id, purchased_at;
	IF mode <> 'none' THEN
		EXECUTE format('SELECT %s.workspace_create_triggers($1, $2, $3)', crm) USING purchases, workspace, mode;
	END IF;
	EXECUTE format('SELECT %s.workspace_create_views($1)', crm) USING workspace;
	IF fill THEN
		EXECUTE format('SELECT %s.crm_refresh($1)', crm) USING workspace;
		started := clock_timestamp();
		EXECUTE format('SELECT %s.workspace_create_key($1)', crm) USING workspace;
		EXECUTE format('ANALYZE %I.customer_history', workspace);
		RAISE NOTICE 'key and statistics of %.customer_history: % s', quote_ident(workspace),
			round(extract(epoch FROM clock_timestamp() - started), 2);
	ELSE
		RAISE NOTICE 'workspace % is attached and empty', quote_ident(workspace)
			USING HINT = format('Fill it: SELECT crm_refresh(%L).', workspace);
	END IF;
END
$$;
COMMENT ON FUNCTION crm_attach(regclass, name, name, name, name, text, integer, date, boolean, text) IS
	'creates a workspace, a schema with the views of BI tools, over a table, view or foreign table of purchases, and fills it; the source is neither copied nor altered but for the triggers that record changes';

CREATE FUNCTION workspace_open(workspace name) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	owner oid := (SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = workspace AND c.relname = 'workspace_state' AND c.relkind = 'r');
	foreign_table text;
BEGIN
	IF owner IS NULL THEN
		RAISE EXCEPTION 'there is no workspace "%"', workspace USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = (SELECT coalesce('Workspaces: ' || string_agg(quote_ident(n.nspname), ', ' ORDER BY n.nspname) || '.',
					'crm_attach creates one; crm_discover() proposes how.')
				FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE c.relname = 'workspace_state' AND c.relkind = 'r');
	END IF;
	IF owner <> current_user::regrole THEN
		RAISE EXCEPTION 'must be owner of workspace "%"', workspace USING ERRCODE = 'insufficient_privilege',
			HINT = format('It stores what its owner sees: SET ROLE %s.', owner::regrole);
	END IF;
	-- Whoever owns the schema could have put a table of theirs in the place of one of ours.
	SELECT quote_ident(c.relname) INTO foreign_table
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = workspace AND c.relowner <> owner
		AND c.relname IN ('customer_history', 'change_queue', 'changed_customers', 'refresh_log');
	IF found THEN
		RAISE EXCEPTION 'table % of workspace "%" belongs to another role', foreign_table, workspace
			USING ERRCODE = 'insufficient_privilege';
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_open(name) IS
	'internal: refuses a workspace that is none, or not the caller''s';

CREATE FUNCTION crm_detach(workspace name DEFAULT 'crm') RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	created boolean;
	names text;
BEGIN
	EXECUTE format('SELECT %s.workspace_open($1)', crm) USING workspace;
	EXECUTE format('SELECT schema_created FROM %I.workspace_state', workspace) INTO created;
	EXECUTE format('DROP FUNCTION %I.capture_changes() CASCADE', workspace);    -- and the triggers
	SELECT string_agg(p.oid::regprocedure::text, ', ') INTO names
	FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname = workspace AND p.proname IN ('retention', 'customers_as_of');
	EXECUTE 'DROP FUNCTION ' || names;
	EXECUTE format('SELECT string_agg(format(''%%I.%%I'', n.nspname, c.relname), '', '')
		FROM %s.workspace_views() v JOIN pg_class c ON c.relname = v.name AND c.relkind = ''v''
			JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1', crm) INTO names USING workspace;
	EXECUTE 'DROP VIEW ' || names;
	EXECUTE format('DROP TABLE %1$I.customer_history, %1$I.change_queue, %1$I.changed_customers, %1$I.refresh_log,
		%1$I.workspace_state', workspace);
	IF created THEN
		EXECUTE format('DROP SCHEMA %I', workspace);
	END IF;
END
$$;
COMMENT ON FUNCTION crm_detach(name) IS
	'drops a workspace and its triggers; refuses while other objects depend on it or stand in its schema';
/*
 * workspace/refresh.sql - crm_refresh: histories, scores and models up to date.
 *
 * Refreshes of one workspace meet at its row of workspace_state. What changes is written by
 * DELETE and INSERT ... ON CONFLICT in the caller's transaction, so readers see all of it or
 * nothing, whatever snapshot they hold.
 *
 * The queue is emptied in a statement whose snapshot is not later than that of the statement
 * that reads the source: a change is either seen there already or still in the queue next
 * time, perhaps both, never neither. The counts of rows are kept by the queue's own figures,
 * so a full rebuild empties it in the very statement that counts.
 */

-- An index that finds a customer's rows; then those of the changed customers are asked for by an
-- array, whose bitmap scan visits each page once, in order. The planner takes the array for a
-- short one and the index for the way; without an index each row would search the array.
CREATE FUNCTION workspace_is_indexed(source regclass, customer_id name) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (
		SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
			JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
		WHERE i.indrelid = workspace_is_indexed.source AND a.attname = workspace_is_indexed.customer_id
			AND i.indisvalid AND i.indpred IS NULL AND m.amname IN ('btree', 'hash'));
COMMENT ON FUNCTION workspace_is_indexed(regclass, name) IS
	'internal: whether an index leads to the rows of one customer';

-- The rows of the source, as histories_of wants them: all, or those of the changed customers.
CREATE FUNCTION workspace_query(source regclass, customer_id name, purchased_at name, amount name,
	changed text, equality text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (
		SELECT format('SELECT s.%1$I::%2$s, s.%3$I::%4$s%5$s FROM %6$s AS s WHERE s.%1$I IS NOT NULL AND s.%3$I IS NOT NULL',
				k.attname, format_type(workspace_base_type(k.atttypid), -1),
				t.attname, format_type(workspace_base_type(t.atttypid), -1),
				format(CASE WHEN a.attname IS NULL THEN '' ELSE ', s.%1$I::%2$s' END, a.attname,
					CASE workspace_base_type(a.atttypid) WHEN 'money'::regtype THEN 'numeric'
						ELSE format_type(workspace_base_type(a.atttypid), -1) END),
				workspace_query.source)
			|| CASE WHEN workspace_query.changed IS NULL THEN ''
				ELSE format(CASE WHEN workspace_is_indexed(workspace_query.source, workspace_query.customer_id)
							AND format_type(workspace_base_type(k.atttypid), -1) NOT LIKE '%[]'
						THEN ' AND s.%I %s ANY (ARRAY(SELECT c.customer_id FROM %s AS c))'
						ELSE ' AND s.%I %s ANY (SELECT c.customer_id FROM %s AS c)' END,
					k.attname, workspace_query.equality, workspace_query.changed) END
		FROM pg_attribute k
			JOIN pg_attribute t ON t.attrelid = k.attrelid AND t.attname = workspace_query.purchased_at
			LEFT JOIN pg_attribute a ON a.attrelid = k.attrelid AND a.attname = workspace_query.amount
		WHERE k.attrelid = workspace_query.source AND k.attname = workspace_query.customer_id);
COMMENT ON FUNCTION workspace_query(regclass, name, name, name, text, text) IS
	'internal: the SELECT of a source''s rows for histories_of';

-- Takes the row lock and gives the row. A refresh under way is waited for.
CREATE FUNCTION workspace_lock(workspace name, OUT source regclass, OUT customer_id name, OUT purchased_at name,
	OUT amount name, OUT time_zone text, OUT as_of date, OUT capture text, OUT identity text,
	OUT schema_name name, OUT refreshed_at timestamptz, OUT customers bigint, OUT capture_function oid)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	query text := format('SELECT s.source, s.customer_id, s.purchased_at, s.amount, s.time_zone, s.as_of, s.capture,
		s.identity, s.schema_name, s.refreshed_at, s.customers, %L::regprocedure
		FROM %I.workspace_state s FOR UPDATE', format('%I.capture_changes()', workspace), workspace);
BEGIN
	EXECUTE query || ' SKIP LOCKED' INTO source, customer_id, purchased_at, amount, time_zone, as_of, capture,
		identity, schema_name, refreshed_at, customers, capture_function;
	IF source IS NULL THEN
		RAISE NOTICE 'another refresh of workspace "%" is under way; waiting for it', workspace;
		EXECUTE query INTO source, customer_id, purchased_at, amount, time_zone, as_of, capture,
			identity, schema_name, refreshed_at, customers, capture_function;
	END IF;
	IF source IS NULL THEN
		RAISE EXCEPTION 'workspace "%" has lost its state', workspace
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Drop its schema and attach again.';
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_lock(name) IS
	'internal: locks a workspace against other refreshes and gives its settings';

-- The source as the workspace needs it, held against ALTER, DROP and TRUNCATE until the refresh commits.
CREATE FUNCTION workspace_check_source(workspace name, source regclass, customer_id name, purchased_at name, amount name)
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	is_now text;
	was text;
BEGIN
	EXECUTE format('SELECT %s.workspace_check($1, $2, $3, $4, ''none'')', crm)
		USING source, customer_id, purchased_at, amount;
	EXECUTE format('SELECT FROM %s LIMIT 0', source);
	EXECUTE format('SELECT format_type(%1$s.workspace_base_type(s.atttypid), NULL), format_type(h.atttypid, NULL)
		FROM pg_attribute s, pg_attribute h
		WHERE s.attrelid = $1 AND s.attname = $2 AND h.attrelid = $3::regclass AND h.attname = ''customer_id''', crm)
		INTO is_now, was USING source, customer_id, format('%I.customer_history', workspace);
	IF is_now <> was THEN
		RAISE EXCEPTION 'column "%" of relation "%" has type %, where workspace "%" has ids of type %',
				customer_id, source, is_now, workspace, was
			USING ERRCODE = 'datatype_mismatch',
				HINT = format('Views are bound to the type: SELECT crm_detach(%L), then attach again.', workspace);
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_check_source(name, regclass, name, name, name) IS
	'internal: refuses a source that is no longer what was attached, and holds it as it is';

-- Recomputes the customers in the queue. NULL: the queue says that this is not enough.
CREATE FUNCTION workspace_recompute(workspace name, query text, equality text, id_type text, time_zone text,
	pinned date, customers bigint, OUT changed bigint, OUT removed bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	ws text := quote_ident(workspace);
	on_conflict text := 'ON CONFLICT (customer_id) DO UPDATE SET history = excluded.history
		WHERE h.history OPERATOR(%1$s.<>) excluded.history';
	sorts boolean;
	taken record;
BEGIN
	EXECUTE format('SELECT %s.workspace_key_sorts($1::regtype)', crm) INTO sorts USING id_type;
	EXECUTE format('WITH taken AS (DELETE FROM %1$s.change_queue RETURNING *),
		put AS (INSERT INTO %1$s.changed_customers
			SELECT customer_id FROM taken WHERE customer_id IS NOT NULL GROUP BY customer_id RETURNING 1)
		SELECT (SELECT count(*) FROM put) AS ids,
			coalesce(bool_or(rows IS NULL), false) AS anything,
			coalesce(sum(rows), 0) AS rows,
			coalesce(sum(rows) FILTER (WHERE customer_id IS NULL), 0) AS without_customer,
			coalesce(sum(without_time) FILTER (WHERE customer_id IS NOT NULL), 0) AS without_time
		FROM taken', ws) INTO taken;
	-- Merging costs a multiple of rebuilding per customer: past a fifth of them, rebuild.
	IF taken.anything OR taken.ids > 1000 AND taken.ids > customers / 5 THEN
		EXECUTE format('DELETE FROM %s.changed_customers', ws);
		RETURN;
	END IF;
	IF taken.ids > 0 THEN
		EXECUTE format('ANALYZE %s.changed_customers', ws);
		IF NOT sorts THEN    -- ON CONFLICT needs the key that hashing has not
			EXECUTE format('DELETE FROM %1$s.customer_history h USING %1$s.changed_customers c
				WHERE h.customer_id %2$s c.customer_id', ws, equality);
		END IF;
		EXECUTE format('WITH fresh AS MATERIALIZED (
				SELECT f.customer_id, f.history
				FROM (SELECT customer_id, CASE WHEN $3 IS NULL THEN history ELSE %2$s.as_of(history, $3) END AS history
					FROM %2$s.histories_of($1, NULL::%3$s, $2)) AS f
				WHERE f.history OPERATOR(%2$s.<>) ''''::%2$s.purchase_history),
			gone AS (DELETE FROM %1$s.customer_history h
				WHERE h.customer_id %4$s ANY (%6$s(SELECT c.customer_id FROM %1$s.changed_customers c
					WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.customer_id %4$s c.customer_id)))
				RETURNING 1),
			written AS (INSERT INTO %1$s.customer_history AS h SELECT customer_id, history FROM fresh %5$s RETURNING 1)
			SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM gone)',
			ws, crm, id_type, equality, CASE WHEN sorts THEN format(on_conflict, crm) END,
			CASE WHEN id_type LIKE '%[]' THEN '' ELSE 'ARRAY' END)    -- arrays have no array of their own
			INTO changed, removed USING query, time_zone, pinned;
		EXECUTE format('DELETE FROM %s.changed_customers', ws);
	ELSE
		changed := 0;
		removed := 0;
	END IF;
	EXECUTE format('UPDATE %s.workspace_state SET rows_seen = rows_seen + $1,
			rows_without_customer = rows_without_customer + $2, rows_without_time = rows_without_time + $3', ws)
		USING taken.rows, taken.without_customer, taken.without_time;
END
$$;
COMMENT ON FUNCTION workspace_recompute(name, text, text, text, text, date, bigint) IS
	'internal: recomputes the customers in the change queue';

CREATE FUNCTION workspace_rebuild(workspace name, source regclass, customer_id name, purchased_at name, query text,
	equality text, id_type text, time_zone text, pinned date, OUT changed bigint, OUT removed bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	ws text := quote_ident(workspace);
	started timestamptz := clock_timestamp();
	is_empty boolean;
	fresh text := format('SELECT f.customer_id, f.history
		FROM (SELECT customer_id, CASE WHEN $3 IS NULL THEN history ELSE %1$s.as_of(history, $3) END AS history
			FROM %1$s.histories_of($1, NULL::%2$s, $2)) AS f
		WHERE f.history OPERATOR(%1$s.<>) ''''::%1$s.purchase_history', crm, id_type);
	on_conflict text := 'ON CONFLICT (customer_id) DO UPDATE SET history = excluded.history
		WHERE h.history OPERATOR(%1$s.<>) excluded.history';
	sorts boolean;
	counted text;
	seen record;
BEGIN
	EXECUTE format('SELECT %s.workspace_key_sorts($1::regtype)', crm) INTO sorts USING id_type;
	IF NOT sorts THEN    -- ON CONFLICT needs the key that hashing has not
		EXECUTE format('DELETE FROM %s.customer_history', ws);
	END IF;
	-- Counted in the statement that empties the queue and reads the rows: in one snapshot.
	counted := format('taken AS (DELETE FROM %1$s.change_queue),
		counted AS (UPDATE %1$s.workspace_state
			SET rows_seen = n.rows, rows_without_customer = n.without_customer, rows_without_time = n.without_time
			FROM (SELECT count(*) AS rows, count(*) - count(%2$I) AS without_customer,
				count(*) FILTER (WHERE %2$I IS NOT NULL AND %3$I IS NULL) AS without_time FROM %4$s) AS n)',
		ws, customer_id, purchased_at, source);
	EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s.customer_history)', ws) INTO is_empty;
	IF is_empty THEN
		EXECUTE format('WITH %s INSERT INTO %s.customer_history %s', counted, ws, fresh) USING query, time_zone, pinned;
		GET DIAGNOSTICS changed = ROW_COUNT;
		removed := 0;
	ELSE
		EXECUTE format('WITH %5$s,
			fresh AS MATERIALIZED (%3$s),
			gone AS (DELETE FROM %1$s.customer_history h
				WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.customer_id %4$s h.customer_id) RETURNING 1),
			written AS (INSERT INTO %1$s.customer_history AS h
				SELECT f.customer_id, f.history
				FROM fresh f LEFT JOIN %1$s.customer_history o ON o.customer_id %4$s f.customer_id
				WHERE (o.history OPERATOR(%2$s.=) f.history) IS NOT TRUE
				%6$s RETURNING 1)
			SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM gone)',
			ws, crm, fresh, equality, counted, CASE WHEN sorts THEN format(on_conflict, crm) END)
			INTO changed, removed USING query, time_zone, pinned;
	END IF;
	EXECUTE format('SELECT rows_seen AS rows, rows_without_customer AS without_customer, rows_without_time AS without_time
		FROM %s.workspace_state', ws) INTO seen;
	RAISE NOTICE 'histories: % rows, % s', seen.rows, round(extract(epoch FROM clock_timestamp() - started), 2);
	IF seen.without_customer + seen.without_time > 0 THEN
		RAISE NOTICE 'left out: % rows without a customer, % without a time', seen.without_customer, seen.without_time;
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_rebuild(name, regclass, name, name, text, text, text, text, date) IS
	'internal: recomputes all customers';

-- What is of the population as a whole: scores' cut points, first day.
CREATE FUNCTION workspace_score(workspace name, identity text, on_date date, noisy boolean) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	started timestamptz := clock_timestamp();
	customers bigint;
BEGIN
	EXECUTE format('UPDATE %1$I.workspace_state SET identity = $1, schema_name = $3, refreshed_at = clock_timestamp(),
			refreshed_on = $2, first_day = p.first_day, customers = p.customers, cuts = p.cuts
		FROM (SELECT count(*) AS customers, min(%2$s.first_purchase(history)) AS first_day,
				%2$s.rfm_cuts_agg(history, $2) AS cuts
			FROM %1$I.customer_history) AS p
		RETURNING p.customers', workspace, crm)
		INTO customers USING identity, on_date, workspace;
	IF noisy THEN
		RAISE NOTICE 'scores: % customers, % s', customers, round(extract(epoch FROM clock_timestamp() - started), 2);
	END IF;
	RETURN customers;
END
$$;
COMMENT ON FUNCTION workspace_score(name, text, date, boolean) IS
	'internal: computes what scores rest on, and notes the refresh in workspace_state';

-- MBG/NBD rather than BG/NBD: in BG/NBD whoever bought once is alive for ever.
CREATE FUNCTION workspace_fit(workspace name, changed bigint, refit boolean, noisy boolean) RETURNS boolean
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	started timestamptz := clock_timestamp();
	is_due boolean;
BEGIN
	EXECUTE format('UPDATE %I.workspace_state SET changed_since_fit = changed_since_fit + $1
		RETURNING fitted_at IS NULL OR fitted_at < now() - interval ''1 day'' OR changed_since_fit > 0.05 * customers', workspace)
		INTO is_due USING changed;
	IF NOT coalesce(refit, is_due) THEN
		RETURN false;
	END IF;
	EXECUTE format('UPDATE %1$I.workspace_state SET fitted_at = clock_timestamp(), changed_since_fit = 0,
			purchase_model = f.purchase_model, spend_model = f.spend_model
		FROM (SELECT %2$s.btyd_fit(''mbg/nbd'', h.history, s.refreshed_on) AS purchase_model,
				%2$s.gamma_gamma_fit(h.history, s.refreshed_on) AS spend_model
			FROM (SELECT refreshed_on FROM %1$I.workspace_state OFFSET 0) AS s, %1$I.customer_history AS h) AS f', workspace, crm);
	IF noisy THEN
		RAISE NOTICE 'models: % s', round(extract(epoch FROM clock_timestamp() - started), 2);
	END IF;
	RETURN true;
END
$$;
COMMENT ON FUNCTION workspace_fit(name, bigint, boolean, boolean) IS
	'internal: fits the models where that is due or asked for';

CREATE FUNCTION crm_refresh(workspace name DEFAULT 'crm', "full" boolean DEFAULT false, refit boolean DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	started timestamptz := clock_timestamp();
	state record;
	columns name[];
	equality text;
	id_type text;
	identity text;
	distrust text;
	reason text;
	done record;
	customers bigint;
	refitted boolean;
BEGIN
	IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
		RAISE EXCEPTION 'crm_refresh cannot run at isolation level %', upper(current_setting('transaction_isolation'))
			USING ERRCODE = 'active_sql_transaction',
				HINT = 'Its snapshot may be older than the changes it is to take in. Use READ COMMITTED.';
	END IF;
	EXECUTE format('SELECT %s.workspace_open($1)', crm) USING workspace;
	EXECUTE format('SELECT * FROM %s.workspace_lock($1)', crm) INTO state USING workspace;
	EXECUTE format('SELECT %s.workspace_check_source($1, $2, $3, $4, $5)', crm)
		USING workspace, state.source, state.customer_id, state.purchased_at, state.amount;
	columns := ARRAY[state.customer_id, state.purchased_at, state.amount];
	IF state.schema_name <> workspace THEN
		EXECUTE format('SELECT %s.workspace_create_capture($1, $2, $3)', crm)
			USING workspace, state.customer_id, state.purchased_at;
	END IF;
	EXECUTE format('SELECT %1$s.workspace_key_equality(atttypid), format_type(atttypid, -1),
			%1$s.workspace_distrust($2, $3, $4, $5), %1$s.workspace_identity($2, $3, $5)
		FROM pg_attribute WHERE attrelid = $1::regclass AND attname = ''customer_id''', crm)
		INTO equality, id_type, distrust, identity
		USING format('%I.customer_history', workspace), state.source, columns, state.capture, state.capture_function;

	reason := CASE
		WHEN state.refreshed_at IS NULL THEN 'first filling'
		WHEN "full" THEN 'asked for'
		WHEN distrust IS NOT NULL THEN distrust
		WHEN state.identity IS DISTINCT FROM identity THEN 'the source or its triggers changed' END;
	IF reason IS NULL THEN
		EXECUTE format('SELECT * FROM %1$s.workspace_recompute($1, %1$s.workspace_query($2, $3, $4, $5, $6, $7), $7, $8, $9, $10, $11)', crm)
			INTO done USING workspace, state.source, state.customer_id, state.purchased_at, state.amount,
				format('%I.changed_customers', workspace), equality, id_type, state.time_zone, state.as_of, state.customers;
		IF done.changed IS NULL THEN
			reason := 'emptied, renamed, or much changed';
		END IF;
	END IF;
	IF reason IS NOT NULL THEN
		EXECUTE format('SELECT * FROM %1$s.workspace_rebuild($1, $2, $3, $4, %1$s.workspace_query($2, $3, $4, $5, NULL, NULL), $6, $7, $8, $9)', crm)
			INTO done USING workspace, state.source, state.customer_id, state.purchased_at, state.amount,
				equality, id_type, state.time_zone, state.as_of;
	END IF;
	EXECUTE format('SELECT %s.workspace_score($1, $2, $3, $4)', crm) INTO customers
		USING workspace, CASE WHEN distrust IS NULL THEN identity END, coalesce(state.as_of, (now() AT TIME ZONE state.time_zone)::date), reason IS NOT NULL;
	EXECUTE format('SELECT %s.workspace_fit($1, $2, $3, $4)', crm) INTO refitted
		USING workspace, done.changed + done.removed, refit, reason IS NOT NULL;
	EXECUTE format('INSERT INTO %1$I.refresh_log (started_at, seconds, kind, reason, customers_changed, customers_removed, customers, rows_seen, refitted)
		SELECT $1, round(extract(epoch FROM clock_timestamp() - $1), 3), $2, $3, $4, $5, $6, rows_seen, $7
		FROM %1$I.workspace_state', workspace)
		USING started, CASE WHEN reason IS NULL THEN 'incremental' ELSE 'full' END, reason, done.changed, done.removed, customers, refitted;
END
$$;
COMMENT ON FUNCTION crm_refresh(name, boolean, boolean) IS
	'brings a workspace up to date: recomputes the customers whose purchases changed, or all where changes are not captured or full is true; refit NULL: models anew when a day has passed or over 5 percent of customers changed; only the workspace''s owner';
/*
 * workspace/discover.sql - crm_discover: which tables look like purchases, and the call to attach each.
 *
 * Names are read as words: CustomerID, customer_id and customerid are one. A column's points say
 * how surely its name means a role, 0 that it does not.
 */

CREATE FUNCTION workspace_words(name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN lower(regexp_replace(regexp_replace(name, '([a-z0-9])([A-Z])', '\1_\2', 'g'), '[^A-Za-z0-9]+', '_', 'g'));
COMMENT ON FUNCTION workspace_words(text) IS
	'internal: a name in lower case, its words parted by underscores';

CREATE FUNCTION workspace_points(words text, purpose text) RETURNS integer
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE workspace_points.purpose
		WHEN 'customer_id' THEN CASE
			WHEN words ~ '^(customer|client|buyer|cust|shopper|purchaser|donor)(_?(id|no|nr|number|key|code|uuid|sk))?$' THEN 100
			WHEN words ~ '^(user|member|account|contact|subscriber|guest|person|party|partner)_?(id|no|nr|number|key|code|uuid)$' THEN 80
			WHEN words ~ '(customer|client|buyer|shopper)_?(id|no|key|email|uuid)?$' THEN 75
			WHEN words ~ '(^|_)(user|member|account|contact|email)(_?(id|address))?$' THEN 55
			ELSE 0 END
		WHEN 'purchased_at' THEN CASE
			WHEN words ~ '(birth|expir|delet|cancel|refund|return|last_|prev|next|start|end|from$|until)' THEN 0
			WHEN words ~ '(updat|modif|chang|ship|due|require|deliver|fulfil|gmt$|utc$)' THEN 20
			WHEN words ~ '^(order|ordered|purchase|purchased|invoice|payment|paid|transaction|sale|sales|sold|donation|booking|bought)_?(date|at|on|time|timestamp|datetime|day|dt|ts)?$' THEN 100
			WHEN words ~ '(order|purchase|invoice|payment|transaction|sale|donation)' THEN 90
			WHEN words ~ '(creat|placed|complet|insert|added)' THEN 80
			WHEN words ~ '^(date|datetime|timestamp|time|day|ts|occurred_at|happened_at|event_time)$' THEN 70
			ELSE 30 END
		WHEN 'amount' THEN CASE
			WHEN words ~ '(tax|vat|freight|ship|discount|coupon|fee|tip|weight|qty|quantity|count|items|rate|percent|refund|balance|cost|margin|credit|points|cancel|invoiced|(^|_)(due|id|no|number|year|month|status|state)$)'
				AND words !~ '^total_?due$' THEN 0
			WHEN words ~ '^(grand_?total|total_?due|order_?total|total_?(amount|price|sales|value|sum|paid|gross)|total)$' THEN 100
			WHEN words ~ '^((net|gross|sales?|invoice|purchase|amount|price)_?total|amount|(order|payment|sale|sales|purchase|transaction|donation|invoice|paid|net|gross)_?amount|amount_?paid)$' THEN 95
			WHEN words ~ '^(revenue|sales|base_grand_total|sub_?total|amount_cents|total_cents)$' THEN 85
			WHEN words ~ '(total|amount|revenue)' THEN 65
			WHEN words ~ '^(price|value|sum|spend|paid|payment)$' THEN 60
			ELSE 0 END
		WHEN 'line total' THEN CASE
			WHEN words ~ '^(line|row|item|extended|ext)_?(total|amount|price|value)$' THEN 100
			WHEN words ~ '^(total|sub_?total|amount|total_price|price_total)$' THEN 80
			ELSE 0 END
		WHEN 'quantity' THEN CASE WHEN words ~ '^((order|ordered|line|item)_?)?(quantity|qty|count|units|order_qty)(_ordered)?$' THEN 100 ELSE 0 END
		WHEN 'price' THEN CASE
			WHEN words ~ '^(unit|item|sale|sales|selling|net)_?price(_each)?$|^price_?each$' THEN 100
			WHEN words ~ '^(price|list_price)$' THEN 80
			ELSE 0 END
		WHEN 'discount' THEN CASE WHEN words ~ '^(unit_?(price_?)?)?discount(_(rate|fraction|percent|pct))?$' THEN 100 ELSE 0 END
		WHEN 'relation' THEN CASE
			WHEN words ~ '(detail|line|item|history|archive|audit|(^|_)log|refund|quote|cart|status|address|shipment|draft|tmp|temp|backup|tax|product_lookup)' THEN 20
			WHEN words ~ '(order|sale|invoice|purchase|payment|transaction|donation|checkout|receipt)' THEN 100
			ELSE 50 END
	END;
COMMENT ON FUNCTION workspace_points(text, text) IS
	'internal: how surely a name means a role, 0 to 100';

-- The order's total from its lines: the child relation and its expression, or NULL. The child
-- refers to the order's primary key by a foreign key or by a column of the same name.
CREATE FUNCTION workspace_lines(orders regclass, OUT lines regclass, OUT on_order text, OUT order_key text, OUT total text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	line record;
	discount text;
	is_fraction boolean;
BEGIN
	EXECUTE format($query$
		SELECT c.oid::regclass AS lines, a.attname AS reference, k.attname AS key, line_total.attname AS line_total,
			quantity.attname AS quantity, price.attname AS price, discount.attname AS discount
		FROM pg_index i
			JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[0]
			JOIN pg_class c ON c.oid <> i.indrelid AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
				AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = i.indrelid) AND has_table_privilege(c.oid, 'SELECT')
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
				AND (%1$s.workspace_words(a.attname) = %1$s.workspace_words(k.attname) AND a.atttypid = k.atttypid
					OR EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = c.oid AND f.confrelid = i.indrelid
						AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum]))
			LEFT JOIN LATERAL (SELECT l.attname, %1$s.workspace_points(%1$s.workspace_words(l.attname), 'line total') AS points FROM pg_attribute l
				WHERE l.attrelid = c.oid AND l.attnum > 0 AND NOT l.attisdropped AND %1$s.workspace_suits(l.atttypid, 'amount')
					AND %1$s.workspace_points(%1$s.workspace_words(l.attname), 'line total') > 0 ORDER BY 2 DESC, l.attnum LIMIT 1) AS line_total ON true
			LEFT JOIN LATERAL (SELECT l.attname FROM pg_attribute l
				WHERE l.attrelid = c.oid AND l.attnum > 0 AND NOT l.attisdropped AND %1$s.workspace_suits(l.atttypid, 'amount')
					AND %1$s.workspace_points(%1$s.workspace_words(l.attname), 'quantity') > 0 ORDER BY l.attnum LIMIT 1) AS quantity ON true
			LEFT JOIN LATERAL (SELECT l.attname, %1$s.workspace_points(%1$s.workspace_words(l.attname), 'price') AS points FROM pg_attribute l
				WHERE l.attrelid = c.oid AND l.attnum > 0 AND NOT l.attisdropped AND %1$s.workspace_suits(l.atttypid, 'amount')
					AND %1$s.workspace_points(%1$s.workspace_words(l.attname), 'price') > 0 ORDER BY 2 DESC, l.attnum LIMIT 1) AS price ON true
			LEFT JOIN LATERAL (SELECT l.attname FROM pg_attribute l
				WHERE l.attrelid = c.oid AND l.attnum > 0 AND NOT l.attisdropped AND %1$s.workspace_suits(l.atttypid, 'amount')
					AND %1$s.workspace_points(%1$s.workspace_words(l.attname), 'discount') > 0 ORDER BY l.attnum LIMIT 1) AS discount ON true
		WHERE i.indrelid = $1 AND i.indisprimary AND i.indnkeyatts = 1
			AND (line_total.attname IS NOT NULL OR price.attname IS NOT NULL)
		ORDER BY coalesce(line_total.points, 0) = 100 DESC, quantity.attname IS NOT NULL AND price.attname IS NOT NULL DESC,
			%1$s.workspace_words(c.relname) ~ '(detail|line|item)' DESC, c.oid, a.attnum
		LIMIT 1 $query$, crm) INTO line USING orders;
	IF line.lines IS NULL THEN
		RETURN;
	END IF;
	lines := line.lines;
	on_order := quote_ident(line.reference);
	order_key := quote_ident(line.key);
	IF line.line_total IS NOT NULL THEN
		total := format('l.%I', line.line_total);
		RETURN;
	END IF;
	total := format('l.%I::numeric', line.price)
		|| coalesce(format(' * l.%I', line.quantity), '');
	IF line.discount IS NOT NULL THEN
		EXECUTE format('SELECT coalesce(max(%I) <= 1 AND min(%1$I) >= 0, true) FROM %s', line.discount, line.lines) INTO is_fraction;
		total := total || CASE WHEN is_fraction THEN format(' * (1 - l.%I::numeric)', line.discount)
			ELSE format(' /* l.%I is not a fraction and not applied */', line.discount) END;
	END IF;
END
$$;
COMMENT ON FUNCTION workspace_lines(regclass) IS
	'internal: the relation that holds the lines of an order, and the expression of a line''s money';

CREATE FUNCTION crm_discover(OUT relation regclass, OUT score integer, OUT call text) RETURNS SETOF record
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	crm text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
		WHERE e.extname = 'crm_ext');
	prefix text := CASE crm WHEN 'public' THEN '' ELSE crm || '.' END;
	found record;
	line record;
	source text;
BEGIN
	FOR found IN EXECUTE format($query$
		WITH col AS (
			SELECT c.oid, c.relname, c.relkind, n.nspname, a.attname, a.attnum, a.atttypid,
				%1$s.workspace_words(a.attname) AS words, t.typcategory,
				EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum) AS is_key,
				(SELECT %1$s.workspace_words(r.relname) FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid
					WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum] LIMIT 1) AS refers_to
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
				JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
				JOIN pg_type t ON t.oid = %1$s.workspace_base_type(a.atttypid)
			WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
				AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
				AND NOT EXISTS (SELECT FROM pg_class w WHERE w.relnamespace = n.oid AND w.relname = 'workspace_state')
				AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
				AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')),
		role AS (
			SELECT col.*,
				CASE WHEN is_key OR typcategory NOT IN ('N', 'S', 'U') OR NOT %1$s.workspace_suits(atttypid, 'customer_id') THEN 0
					ELSE greatest(%1$s.workspace_points(words, 'customer_id'),
						CASE WHEN refers_to ~ '(customer|client|buyer|shopper|donor)' AND words !~ '(previous|parent|referr)' THEN 95
							WHEN refers_to ~ '(^|_)(user|member|account|contact|person|people|partner)s?$' AND words !~ '(seller|sales|staff|employee|created|updated)' THEN 70
							ELSE 0 END) END AS as_customer,
				CASE WHEN %1$s.workspace_suits(atttypid, 'purchased_at') THEN %1$s.workspace_points(words, 'purchased_at') ELSE 0 END AS as_time,
				CASE WHEN is_key OR refers_to IS NOT NULL OR NOT %1$s.workspace_suits(atttypid, 'amount') THEN 0
					ELSE %1$s.workspace_points(words, 'amount') END AS as_amount
			FROM col),
		best AS (
			SELECT oid, relname, relkind, nspname,
				(array_agg(attname ORDER BY as_customer DESC, attnum) FILTER (WHERE as_customer > 0))[1] AS customer_id,
				max(as_customer) AS customer_points,
				(array_agg(attname ORDER BY as_time DESC, attnum) FILTER (WHERE as_time > 0))[1] AS purchased_at,
				max(as_time) AS time_points,
				(array_agg(attname ORDER BY as_amount DESC, attnum) FILTER (WHERE as_amount > 0))[1] AS amount,
				max(as_amount) AS amount_points
			FROM role GROUP BY oid, relname, relkind, nspname)
		SELECT best.*, %1$s.workspace_points(%1$s.workspace_words(relname), 'relation') AS relation_points,
			relkind IN ('v', 'm') AS is_view
		FROM best
		WHERE customer_points >= 50 AND time_points >= 20
			AND %1$s.workspace_words(relname) !~ '(^|_)(customer|client|user|member|account|contact|person|people|staff|employee)s?(_entity|_lookup)?$'
		$query$, crm)
	LOOP
		relation := found.oid;
		source := format('%I.%I', found.nspname, found.relname);
		call := '';
		IF found.amount IS NULL THEN
			EXECUTE format('SELECT * FROM %s.workspace_lines($1)', crm) INTO line USING found.oid;
			IF line.lines IS NOT NULL THEN
				call := format(E'CREATE VIEW %I.%I AS\nSELECT o.%I, o.%I, sum(%s) AS total\nFROM %s AS o LEFT JOIN %s AS l ON l.%s = o.%s\nGROUP BY o.%s, o.%I, o.%I;\n',
					found.nspname, found.relname || '_with_total', found.customer_id, found.purchased_at, line.total,
					source, (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = line.lines),
					line.on_order, line.order_key, line.order_key, found.customer_id, found.purchased_at);
				source := format('%I.%I', found.nspname, found.relname || '_with_total');
				found.amount := 'total';
				found.amount_points := 90;
			END IF;
		END IF;
		score := round(0.35 * found.customer_points + 0.25 * found.time_points + 0.25 * found.amount_points
			+ 0.15 * found.relation_points - CASE WHEN found.is_view THEN 5 ELSE 0 END);
		call := call || format('SELECT %scrm_attach(%L, customer_id => %L, purchased_at => %L%s%s);', prefix, source,
			found.customer_id, found.purchased_at, format(CASE WHEN found.amount IS NULL THEN '' ELSE ', amount => %L' END, found.amount),
			CASE WHEN EXISTS (SELECT FROM pg_namespace WHERE nspname = 'crm')
				THEN format(', workspace => %L', left('crm_' || found.relname, 63)) ELSE '' END);
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION crm_discover() IS
	'tables and views that look like purchases, with a score from 0 to 100 and the call that attaches each, ready to paste; ORDER BY score DESC';
