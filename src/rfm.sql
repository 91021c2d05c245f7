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
