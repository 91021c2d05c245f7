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
