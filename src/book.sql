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
