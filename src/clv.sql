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
COMMENT ON COLUMN btyd_validation.customers IS
	'customers by frequency in the calibration period: 0 to 6, then 7 or more';
COMMENT ON COLUMN btyd_validation.actual IS
	'mean purchase days in the holdout period of each of these; NULL where there is no customer';
COMMENT ON COLUMN btyd_validation.expected IS
	'mean purchase days that the model expects of each of these; NULL where there is no customer';
COMMENT ON COLUMN btyd_validation.mae IS
	'mean absolute error in purchase days per customer';
COMMENT ON COLUMN btyd_validation.rmse IS
	'root of the mean squared error in purchase days per customer';
COMMENT ON COLUMN btyd_validation.bias IS
	'mean error, expected less actual, in purchase days per customer';

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
