/*
 * referral.sql - who referred whom, and what that is worth.
 */

CREATE TYPE referral_graph;

CREATE FUNCTION referral_graph_in(cstring) RETURNS referral_graph
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_in(cstring) IS
	'text input of referral_graph: bigint {2 <- 1: 59.9; 3 <- 1: 12} left out 4';

CREATE FUNCTION referral_graph_out(referral_graph) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_out(referral_graph) IS
	'text output of referral_graph';

CREATE FUNCTION referral_graph_recv(internal) RETURNS referral_graph
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_recv(internal) IS
	'binary input of referral_graph';

CREATE FUNCTION referral_graph_send(referral_graph) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_send(referral_graph) IS
	'binary output of referral_graph';

CREATE TYPE referral_graph (
	INPUT = referral_graph_in,
	OUTPUT = referral_graph_out,
	RECEIVE = referral_graph_recv,
	SEND = referral_graph_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE referral_graph IS
	'who referred whom and what each referred customer is worth, as a forest; ids of type bigint, text or uuid; at most 1 GB';

-- Comparison: equal values have equal bytes; the order is that of the bytes.

CREATE FUNCTION referral_graph_eq(referral_graph, referral_graph) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_eq(referral_graph, referral_graph) IS
	'implementation of =: equal';

CREATE FUNCTION referral_graph_ne(referral_graph, referral_graph) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_ne(referral_graph, referral_graph) IS
	'implementation of <>: not equal';

CREATE FUNCTION referral_graph_lt(referral_graph, referral_graph) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_lt(referral_graph, referral_graph) IS
	'implementation of <: less than';

CREATE FUNCTION referral_graph_le(referral_graph, referral_graph) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_le(referral_graph, referral_graph) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION referral_graph_gt(referral_graph, referral_graph) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_gt(referral_graph, referral_graph) IS
	'implementation of >: greater than';

CREATE FUNCTION referral_graph_ge(referral_graph, referral_graph) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_ge(referral_graph, referral_graph) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = referral_graph,
	RIGHTARG = referral_graph,
	FUNCTION = referral_graph_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (referral_graph, referral_graph) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = referral_graph,
	RIGHTARG = referral_graph,
	FUNCTION = referral_graph_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (referral_graph, referral_graph) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = referral_graph,
	RIGHTARG = referral_graph,
	FUNCTION = referral_graph_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (referral_graph, referral_graph) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = referral_graph,
	RIGHTARG = referral_graph,
	FUNCTION = referral_graph_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (referral_graph, referral_graph) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = referral_graph,
	RIGHTARG = referral_graph,
	FUNCTION = referral_graph_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (referral_graph, referral_graph) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = referral_graph,
	RIGHTARG = referral_graph,
	FUNCTION = referral_graph_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (referral_graph, referral_graph) IS 'greater than or equal';

CREATE FUNCTION referral_graph_cmp(referral_graph, referral_graph) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_cmp(referral_graph, referral_graph) IS
	'btree comparison: below, at or above 0';

CREATE FUNCTION referral_graph_hash(referral_graph) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_hash(referral_graph) IS
	'hash';

CREATE FUNCTION referral_graph_hash_extended(referral_graph, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'canonical_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_graph_hash_extended(referral_graph, bigint) IS
	'hash with a seed';

CREATE OPERATOR CLASS referral_graph_ops DEFAULT FOR TYPE referral_graph USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 referral_graph_cmp(referral_graph, referral_graph);
COMMENT ON OPERATOR CLASS referral_graph_ops USING btree IS
	'default btree operators of referral_graph';
COMMENT ON OPERATOR FAMILY referral_graph_ops USING btree IS
	'btree operators of referral_graph';

CREATE OPERATOR CLASS referral_graph_ops DEFAULT FOR TYPE referral_graph USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 referral_graph_hash(referral_graph),
	FUNCTION 2 referral_graph_hash_extended(referral_graph, bigint);
COMMENT ON OPERATOR CLASS referral_graph_ops USING hash IS
	'default hash operators of referral_graph';
COMMENT ON OPERATOR FAMILY referral_graph_ops USING hash IS
	'hash operators of referral_graph';

-- referral_agg. SSPACE: some tens of rows.

CREATE FUNCTION referral_agg_finalfn(internal) RETURNS referral_graph
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_finalfn(internal) IS 'final function of referral_agg';

CREATE FUNCTION referral_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_combinefn(internal, internal) IS 'combine function of referral_agg';

CREATE FUNCTION referral_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_serialfn(internal) IS 'serialization of referral_agg';

CREATE FUNCTION referral_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_deserialfn(bytea, internal) IS 'deserialization of referral_agg';

CREATE FUNCTION referral_agg_transfn_bigint(internal, bigint, bigint, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_transfn_bigint(internal, bigint, bigint, double precision) IS
	'transition function of referral_agg';

CREATE AGGREGATE referral_agg(referred_id bigint, referrer_id bigint, value double precision) (
	SFUNC = referral_agg_transfn_bigint,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = referral_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = referral_agg_combinefn,
	SERIALFUNC = referral_agg_serialfn,
	DESERIALFUNC = referral_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE referral_agg(referred_id bigint, referrer_id bigint, value double precision) IS
	'who referred whom as a graph: at most one referrer for each customer, no cycles; value is what the referred customer is worth, in money, NULL counts as 0; rows without both ids are ignored; of two referrers the one with the smaller id counts, of each cycle the row with the largest referred_id is left out; value not finite: 22023; NULL when no row is left';

CREATE FUNCTION referral_agg_transfn_bigint(internal, bigint, bigint, double precision, timestamptz) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_transfn_bigint(internal, bigint, bigint, double precision, timestamptz) IS
	'transition function of referral_agg';

CREATE AGGREGATE referral_agg(referred_id bigint, referrer_id bigint, value double precision, referred_at timestamptz) (
	SFUNC = referral_agg_transfn_bigint,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = referral_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = referral_agg_combinefn,
	SERIALFUNC = referral_agg_serialfn,
	DESERIALFUNC = referral_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE referral_agg(referred_id bigint, referrer_id bigint, value double precision, referred_at timestamptz) IS
	'who referred whom as a graph: at most one referrer for each customer, no cycles; value is what the referred customer is worth, in money, NULL counts as 0; rows without both ids are ignored; of two referrers the earlier counts (NULL last), then the smaller id, of each cycle the latest row (NULL last), then the one with the largest referred_id is left out; value not finite: 22023; NULL when no row is left';

CREATE FUNCTION referral_agg_transfn_text(internal, text, text, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_transfn_text(internal, text, text, double precision) IS
	'transition function of referral_agg';

CREATE AGGREGATE referral_agg(referred_id text, referrer_id text, value double precision) (
	SFUNC = referral_agg_transfn_text,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = referral_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = referral_agg_combinefn,
	SERIALFUNC = referral_agg_serialfn,
	DESERIALFUNC = referral_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE referral_agg(referred_id text, referrer_id text, value double precision) IS
	'who referred whom as a graph: at most one referrer for each customer, no cycles; value is what the referred customer is worth, in money, NULL counts as 0; rows without both ids are ignored; of two referrers the one with the smaller id counts, of each cycle the row with the largest referred_id is left out; value not finite: 22023; NULL when no row is left';

CREATE FUNCTION referral_agg_transfn_text(internal, text, text, double precision, timestamptz) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_transfn_text(internal, text, text, double precision, timestamptz) IS
	'transition function of referral_agg';

CREATE AGGREGATE referral_agg(referred_id text, referrer_id text, value double precision, referred_at timestamptz) (
	SFUNC = referral_agg_transfn_text,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = referral_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = referral_agg_combinefn,
	SERIALFUNC = referral_agg_serialfn,
	DESERIALFUNC = referral_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE referral_agg(referred_id text, referrer_id text, value double precision, referred_at timestamptz) IS
	'who referred whom as a graph: at most one referrer for each customer, no cycles; value is what the referred customer is worth, in money, NULL counts as 0; rows without both ids are ignored; of two referrers the earlier counts (NULL last), then the smaller id, of each cycle the latest row (NULL last), then the one with the largest referred_id is left out; value not finite: 22023; NULL when no row is left';

CREATE FUNCTION referral_agg_transfn_uuid(internal, uuid, uuid, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_transfn_uuid(internal, uuid, uuid, double precision) IS
	'transition function of referral_agg';

CREATE AGGREGATE referral_agg(referred_id uuid, referrer_id uuid, value double precision) (
	SFUNC = referral_agg_transfn_uuid,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = referral_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = referral_agg_combinefn,
	SERIALFUNC = referral_agg_serialfn,
	DESERIALFUNC = referral_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE referral_agg(referred_id uuid, referrer_id uuid, value double precision) IS
	'who referred whom as a graph: at most one referrer for each customer, no cycles; value is what the referred customer is worth, in money, NULL counts as 0; rows without both ids are ignored; of two referrers the one with the smaller id counts, of each cycle the row with the largest referred_id is left out; value not finite: 22023; NULL when no row is left';

CREATE FUNCTION referral_agg_transfn_uuid(internal, uuid, uuid, double precision, timestamptz) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION referral_agg_transfn_uuid(internal, uuid, uuid, double precision, timestamptz) IS
	'transition function of referral_agg';

CREATE AGGREGATE referral_agg(referred_id uuid, referrer_id uuid, value double precision, referred_at timestamptz) (
	SFUNC = referral_agg_transfn_uuid,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = referral_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = referral_agg_combinefn,
	SERIALFUNC = referral_agg_serialfn,
	DESERIALFUNC = referral_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE referral_agg(referred_id uuid, referrer_id uuid, value double precision, referred_at timestamptz) IS
	'who referred whom as a graph: at most one referrer for each customer, no cycles; value is what the referred customer is worth, in money, NULL counts as 0; rows without both ids are ignored; of two referrers the earlier counts (NULL last), then the smaller id, of each cycle the latest row (NULL last), then the one with the largest referred_id is left out; value not finite: 22023; NULL when no row is left';

-- COST: some passes over all customers before the first row.

CREATE FUNCTION referral_values(graph referral_graph, key_type bigint, decay double precision DEFAULT 0,
	max_depth integer DEFAULT 5, joined_anyway double precision DEFAULT 0,
	acquisition_saving double precision DEFAULT 0, reward_cost double precision DEFAULT 0)
	RETURNS TABLE (customer_id bigint, direct_referrals bigint, all_referrals bigint, depth integer,
		direct_value double precision, indirect_value double precision, crv double precision)
	AS 'MODULE_PATHNAME', 'referral_values_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100000;
COMMENT ON FUNCTION referral_values(referral_graph, bigint, double precision, integer, double precision, double precision, double precision) IS
	'customer referral value of everybody who referred somebody, after Kumar, Petersen and Leone (2007), in the unit of the values; call it as referral_values(graph, NULL::bigint); decay: what a generation passes on, 0 to 1; max_depth: generations that count; joined_anyway: share of the referred who would have come without it, 0 to 1; acquisition_saving and reward_cost: money for each direct referral; all_referrals and depth are within max_depth; another type than that of the ids: 42804; NULL: no rows';

CREATE FUNCTION referral_values(graph referral_graph, key_type text, decay double precision DEFAULT 0,
	max_depth integer DEFAULT 5, joined_anyway double precision DEFAULT 0,
	acquisition_saving double precision DEFAULT 0, reward_cost double precision DEFAULT 0)
	RETURNS TABLE (customer_id text, direct_referrals bigint, all_referrals bigint, depth integer,
		direct_value double precision, indirect_value double precision, crv double precision)
	AS 'MODULE_PATHNAME', 'referral_values_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100000;
COMMENT ON FUNCTION referral_values(referral_graph, text, double precision, integer, double precision, double precision, double precision) IS
	'customer referral value of everybody who referred somebody, after Kumar, Petersen and Leone (2007), in the unit of the values; call it as referral_values(graph, NULL::text); decay: what a generation passes on, 0 to 1; max_depth: generations that count; joined_anyway: share of the referred who would have come without it, 0 to 1; acquisition_saving and reward_cost: money for each direct referral; all_referrals and depth are within max_depth; another type than that of the ids: 42804; NULL: no rows';

CREATE FUNCTION referral_values(graph referral_graph, key_type uuid, decay double precision DEFAULT 0,
	max_depth integer DEFAULT 5, joined_anyway double precision DEFAULT 0,
	acquisition_saving double precision DEFAULT 0, reward_cost double precision DEFAULT 0)
	RETURNS TABLE (customer_id uuid, direct_referrals bigint, all_referrals bigint, depth integer,
		direct_value double precision, indirect_value double precision, crv double precision)
	AS 'MODULE_PATHNAME', 'referral_values_uuid' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100000;
COMMENT ON FUNCTION referral_values(referral_graph, uuid, double precision, integer, double precision, double precision, double precision) IS
	'customer referral value of everybody who referred somebody, after Kumar, Petersen and Leone (2007), in the unit of the values; call it as referral_values(graph, NULL::uuid); decay: what a generation passes on, 0 to 1; max_depth: generations that count; joined_anyway: share of the referred who would have come without it, 0 to 1; acquisition_saving and reward_cost: money for each direct referral; all_referrals and depth are within max_depth; another type than that of the ids: 42804; NULL: no rows';

CREATE FUNCTION referral_left_out(graph referral_graph) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION referral_left_out(referral_graph) IS
	'rows that referral_agg left out: second referrers, self-referrals, and one row of each cycle';

CREATE FUNCTION value_quadrant(clv double precision, crv double precision,
	clv_cut double precision, crv_cut double precision) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION value_quadrant(double precision, double precision, double precision, double precision) IS
	'champions (lifetime value and referral value high), affluents (lifetime value only), advocates (referral value only) or misers, after Kumar, Petersen and Leone (2007); high: at least the cut; not finite: 22023';
