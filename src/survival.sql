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
