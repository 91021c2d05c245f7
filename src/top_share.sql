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
