/*
 * expansion.sql - what else a customer may buy: products bought together, the next ones, the trend of spend.
 */

CREATE TYPE basket_counts;

CREATE FUNCTION basket_counts_in(cstring) RETURNS basket_counts
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_in(cstring) IS
	'text input of basket_counts: bigint 3 baskets {10: 2 (20: 1, 30: 1); 20: 2 (30: 1); 30: 2}';

CREATE FUNCTION basket_counts_out(basket_counts) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_out(basket_counts) IS
	'text output of basket_counts';

CREATE FUNCTION basket_counts_recv(internal) RETURNS basket_counts
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_recv(internal) IS
	'binary input of basket_counts';

CREATE FUNCTION basket_counts_send(basket_counts) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_send(basket_counts) IS
	'binary output of basket_counts';

CREATE TYPE basket_counts (
	INPUT = basket_counts_in,
	OUTPUT = basket_counts_out,
	RECEIVE = basket_counts_recv,
	SEND = basket_counts_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE basket_counts IS
	'in how many baskets each product is, and each two products together; ids of type bigint, text or uuid; at most 1 GB';

-- Comparison: equal values have equal bytes; the order is that of the bytes.

CREATE FUNCTION basket_counts_eq(basket_counts, basket_counts) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_eq(basket_counts, basket_counts) IS
	'implementation of =: equal';

CREATE FUNCTION basket_counts_ne(basket_counts, basket_counts) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_ne(basket_counts, basket_counts) IS
	'implementation of <>: not equal';

CREATE FUNCTION basket_counts_lt(basket_counts, basket_counts) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_lt(basket_counts, basket_counts) IS
	'implementation of <: less than';

CREATE FUNCTION basket_counts_le(basket_counts, basket_counts) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_le(basket_counts, basket_counts) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION basket_counts_gt(basket_counts, basket_counts) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_gt(basket_counts, basket_counts) IS
	'implementation of >: greater than';

CREATE FUNCTION basket_counts_ge(basket_counts, basket_counts) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_ge(basket_counts, basket_counts) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = basket_counts,
	RIGHTARG = basket_counts,
	FUNCTION = basket_counts_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (basket_counts, basket_counts) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = basket_counts,
	RIGHTARG = basket_counts,
	FUNCTION = basket_counts_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (basket_counts, basket_counts) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = basket_counts,
	RIGHTARG = basket_counts,
	FUNCTION = basket_counts_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (basket_counts, basket_counts) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = basket_counts,
	RIGHTARG = basket_counts,
	FUNCTION = basket_counts_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (basket_counts, basket_counts) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = basket_counts,
	RIGHTARG = basket_counts,
	FUNCTION = basket_counts_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (basket_counts, basket_counts) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = basket_counts,
	RIGHTARG = basket_counts,
	FUNCTION = basket_counts_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (basket_counts, basket_counts) IS 'greater than or equal';

CREATE FUNCTION basket_counts_cmp(basket_counts, basket_counts) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_cmp(basket_counts, basket_counts) IS
	'btree comparison: below, at or above 0';

CREATE FUNCTION basket_counts_hash(basket_counts) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_hash(basket_counts) IS
	'hash';

CREATE FUNCTION basket_counts_hash_extended(basket_counts, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'canonical_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION basket_counts_hash_extended(basket_counts, bigint) IS
	'hash with a seed';

CREATE OPERATOR CLASS basket_counts_ops DEFAULT FOR TYPE basket_counts USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 basket_counts_cmp(basket_counts, basket_counts);
COMMENT ON OPERATOR CLASS basket_counts_ops USING btree IS
	'default btree operators of basket_counts';
COMMENT ON OPERATOR FAMILY basket_counts_ops USING btree IS
	'btree operators of basket_counts';

CREATE OPERATOR CLASS basket_counts_ops DEFAULT FOR TYPE basket_counts USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 basket_counts_hash(basket_counts),
	FUNCTION 2 basket_counts_hash_extended(basket_counts, bigint);
COMMENT ON OPERATOR CLASS basket_counts_ops USING hash IS
	'default hash operators of basket_counts';
COMMENT ON OPERATOR FAMILY basket_counts_ops USING hash IS
	'hash operators of basket_counts';

-- affinity_agg. SSPACE: some tens of lines.

CREATE FUNCTION affinity_agg_finalfn(internal) RETURNS basket_counts
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity_agg_finalfn(internal) IS 'final function of affinity_agg';

CREATE FUNCTION affinity_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity_agg_combinefn(internal, internal) IS 'combine function of affinity_agg';

CREATE FUNCTION affinity_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity_agg_serialfn(internal) IS 'serialization of affinity_agg';

CREATE FUNCTION affinity_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity_agg_deserialfn(bytea, internal) IS 'deserialization of affinity_agg';

CREATE FUNCTION affinity_agg_transfn_bigint(internal, bigint, bigint) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity_agg_transfn_bigint(internal, bigint, bigint) IS
	'transition function of affinity_agg';

CREATE AGGREGATE affinity_agg(basket_id bigint, product_id bigint) (
	SFUNC = affinity_agg_transfn_bigint,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = affinity_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = affinity_agg_combinefn,
	SERIALFUNC = affinity_agg_serialfn,
	DESERIALFUNC = affinity_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity_agg(basket_id bigint, product_id bigint) IS
	'in how many baskets each product is, and each two products together, from order lines in any order; a product counts once per basket; rows with a NULL are ignored; keeps 12 bytes a line and takes up to 20 more at the end; NULL when no row is left; at most 1 GB';

CREATE FUNCTION affinity_agg_transfn_text(internal, text, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity_agg_transfn_text(internal, text, text) IS
	'transition function of affinity_agg';

CREATE AGGREGATE affinity_agg(basket_id text, product_id text) (
	SFUNC = affinity_agg_transfn_text,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = affinity_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = affinity_agg_combinefn,
	SERIALFUNC = affinity_agg_serialfn,
	DESERIALFUNC = affinity_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity_agg(basket_id text, product_id text) IS
	'in how many baskets each product is, and each two products together, from order lines in any order; a product counts once per basket; rows with a NULL are ignored; keeps 12 bytes a line and takes up to 20 more at the end; NULL when no row is left; at most 1 GB';

CREATE FUNCTION affinity_agg_transfn_uuid(internal, uuid, uuid) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity_agg_transfn_uuid(internal, uuid, uuid) IS
	'transition function of affinity_agg';

CREATE AGGREGATE affinity_agg(basket_id uuid, product_id uuid) (
	SFUNC = affinity_agg_transfn_uuid,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = affinity_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = affinity_agg_combinefn,
	SERIALFUNC = affinity_agg_serialfn,
	DESERIALFUNC = affinity_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity_agg(basket_id uuid, product_id uuid) IS
	'in how many baskets each product is, and each two products together, from order lines in any order; a product counts once per basket; rows with a NULL are ignored; keeps 12 bytes a line and takes up to 20 more at the end; NULL when no row is left; at most 1 GB';

-- COST: two rows a pair, one likelihood ratio.

CREATE FUNCTION affinity(counts basket_counts, key_type bigint, min_count integer DEFAULT 1)
	RETURNS TABLE (product bigint, other bigint, together bigint, product_count bigint, other_count bigint,
		baskets bigint, support double precision, confidence double precision, lift double precision,
		log_likelihood_ratio double precision)
	AS 'MODULE_PATHNAME', 'affinity_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 ROWS 100000;
COMMENT ON FUNCTION affinity(basket_counts, bigint, integer) IS
	'two rows for each two products that at least min_count baskets hold together; call it as affinity(counts, NULL::bigint); support: share of all baskets with both, confidence: share of the baskets with product that hold other too (fractions, 0 to 1), lift: confidence over the share of baskets with other; log_likelihood_ratio: G2 of Dunning (1993), negative where lift is below 1; another type than that of the ids: 42804; NULL: no rows';

CREATE FUNCTION affinity(counts basket_counts, key_type text, min_count integer DEFAULT 1)
	RETURNS TABLE (product text, other text, together bigint, product_count bigint, other_count bigint,
		baskets bigint, support double precision, confidence double precision, lift double precision,
		log_likelihood_ratio double precision)
	AS 'MODULE_PATHNAME', 'affinity_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 ROWS 100000;
COMMENT ON FUNCTION affinity(basket_counts, text, integer) IS
	'two rows for each two products that at least min_count baskets hold together; call it as affinity(counts, NULL::text); support: share of all baskets with both, confidence: share of the baskets with product that hold other too (fractions, 0 to 1), lift: confidence over the share of baskets with other; log_likelihood_ratio: G2 of Dunning (1993), negative where lift is below 1; another type than that of the ids: 42804; NULL: no rows';

CREATE FUNCTION affinity(counts basket_counts, key_type uuid, min_count integer DEFAULT 1)
	RETURNS TABLE (product uuid, other uuid, together bigint, product_count bigint, other_count bigint,
		baskets bigint, support double precision, confidence double precision, lift double precision,
		log_likelihood_ratio double precision)
	AS 'MODULE_PATHNAME', 'affinity_uuid' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 ROWS 100000;
COMMENT ON FUNCTION affinity(basket_counts, uuid, integer) IS
	'two rows for each two products that at least min_count baskets hold together; call it as affinity(counts, NULL::uuid); support: share of all baskets with both, confidence: share of the baskets with product that hold other too (fractions, 0 to 1), lift: confidence over the share of baskets with other; log_likelihood_ratio: G2 of Dunning (1993), negative where lift is below 1; another type than that of the ids: 42804; NULL: no rows';

-- next_products: COST: reads all pairs once a call.

CREATE FUNCTION next_products(counts basket_counts, bought bigint[], how_many integer DEFAULT 5,
	neighbours integer DEFAULT 20)
	RETURNS TABLE ("position" integer, product bigint, score double precision, because_of bigint)
	AS 'MODULE_PATHNAME', 'next_products_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS 5;
COMMENT ON FUNCTION next_products(basket_counts, bigint[], integer, integer) IS
	'the products that one customer has not bought and that go best with those bought, best first; score: sum over the products bought of their cosine similarity together / sqrt(product_count x other_count) after Deshpande and Karypis (2004), each product counting its most similar neighbours only, and only where lift is above 1; because_of: the product bought that adds most; NULL: no rows';

CREATE FUNCTION next_products(counts basket_counts, bought text[], how_many integer DEFAULT 5,
	neighbours integer DEFAULT 20)
	RETURNS TABLE ("position" integer, product text, score double precision, because_of text)
	AS 'MODULE_PATHNAME', 'next_products_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS 5;
COMMENT ON FUNCTION next_products(basket_counts, text[], integer, integer) IS
	'the products that one customer has not bought and that go best with those bought, best first; score: sum over the products bought of their cosine similarity together / sqrt(product_count x other_count) after Deshpande and Karypis (2004), each product counting its most similar neighbours only, and only where lift is above 1; because_of: the product bought that adds most; NULL: no rows';

CREATE FUNCTION next_products(counts basket_counts, bought uuid[], how_many integer DEFAULT 5,
	neighbours integer DEFAULT 20)
	RETURNS TABLE ("position" integer, product uuid, score double precision, because_of uuid)
	AS 'MODULE_PATHNAME', 'next_products_uuid' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS 5;
COMMENT ON FUNCTION next_products(basket_counts, uuid[], integer, integer) IS
	'the products that one customer has not bought and that go best with those bought, best first; score: sum over the products bought of their cosine similarity together / sqrt(product_count x other_count) after Deshpande and Karypis (2004), each product counting its most similar neighbours only, and only where lift is above 1; because_of: the product bought that adds most; NULL: no rows';

CREATE FUNCTION next_products(counts basket_counts, query text, customer_type anyelement,
	product_type bigint, how_many integer DEFAULT 5, neighbours integer DEFAULT 20)
	RETURNS TABLE (customer_id anyelement, "position" integer, product bigint, score double precision, because_of bigint)
	AS 'MODULE_PATHNAME', 'next_products_of_bigint' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 ROWS 100000;
COMMENT ON FUNCTION next_products(basket_counts, text, anyelement, bigint, integer, integer) IS
	'the same for every customer at once: runs a SELECT of (customer id, product id), one row for each purchase, read-only, with the caller''s rights and snapshot; call it as next_products(counts, query, NULL::<id type>, NULL::bigint); rows with a NULL are ignored; past work_mem x hash_mem_multiplier it uses temporary files; NULL: no rows';

CREATE FUNCTION next_products(counts basket_counts, query text, customer_type anyelement,
	product_type text, how_many integer DEFAULT 5, neighbours integer DEFAULT 20)
	RETURNS TABLE (customer_id anyelement, "position" integer, product text, score double precision, because_of text)
	AS 'MODULE_PATHNAME', 'next_products_of_text' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 ROWS 100000;
COMMENT ON FUNCTION next_products(basket_counts, text, anyelement, text, integer, integer) IS
	'the same for every customer at once: runs a SELECT of (customer id, product id), one row for each purchase, read-only, with the caller''s rights and snapshot; call it as next_products(counts, query, NULL::<id type>, NULL::text); rows with a NULL are ignored; past work_mem x hash_mem_multiplier it uses temporary files; NULL: no rows';

CREATE FUNCTION next_products(counts basket_counts, query text, customer_type anyelement,
	product_type uuid, how_many integer DEFAULT 5, neighbours integer DEFAULT 20)
	RETURNS TABLE (customer_id anyelement, "position" integer, product uuid, score double precision, because_of uuid)
	AS 'MODULE_PATHNAME', 'next_products_of_uuid' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 ROWS 100000;
COMMENT ON FUNCTION next_products(basket_counts, text, anyelement, uuid, integer, integer) IS
	'the same for every customer at once: runs a SELECT of (customer id, product id), one row for each purchase, read-only, with the caller''s rights and snapshot; call it as next_products(counts, query, NULL::<id type>, NULL::uuid); rows with a NULL are ignored; past work_mem x hash_mem_multiplier it uses temporary files; NULL: no rows';

-- Spend trend. COST: decodes the days of the history.

CREATE FUNCTION spend_slope(h purchase_history, as_of date, period_days integer DEFAULT 90,
	periods integer DEFAULT 4)
	RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION spend_slope(purchase_history, date, integer, integer) IS
	'by how much a customer''s spend changes from period to period, in money: least-squares slope of the net money of each of the last periods of period_days days that end as of the date; periods that begin before the first purchase day do not count; NULL with fewer than 3 that do, or without amounts';

CREATE FUNCTION spend_trend(h purchase_history, as_of date, period_days integer DEFAULT 90,
	periods integer DEFAULT 4, tolerance double precision DEFAULT 0.1)
	RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION spend_trend(purchase_history, date, integer, integer, double precision) IS
	'growing, shrinking or steady: whether spend_slope is above tolerance (a fraction) times the mean absolute spend of a period, below minus that, or between; NULL where the slope is NULL or no period has any money';
