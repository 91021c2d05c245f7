/*
 * reactivation.sql - who has gone silent for longer than usual, and whether writing to
 * them helped.
 */

-- COST: decodes the days.
CREATE FUNCTION silence_probability(h purchase_history, as_of date, population_gap double precision = 60, weight double precision = 2) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION silence_probability(purchase_history, date, double precision, double precision) IS
	'probability (0 to 1) that a gap between purchase days of this customer is longer than the g days since the last: (weight x exp(-g / population_gap) + own gaps > g) / (weight + own gaps); population_gap: mean gap of all customers in days, weight: own gaps that it counts for; low: the silence is unusual; NULL when nothing was bought by as_of, or with weight 0 and no gap';

CREATE TYPE conversion_uplift AS (
	treated_customers bigint,
	treated_converted bigint,
	control_customers bigint,
	control_converted bigint,
	treated_rate double precision,
	control_rate double precision,
	difference double precision,
	lower95 double precision,
	upper95 double precision,
	lift double precision,
	z double precision,
	p_value double precision
);
COMMENT ON TYPE conversion_uplift IS
	'conversion of a treated and of a control group, compared';
COMMENT ON COLUMN conversion_uplift.treated_customers IS
	'customers treated';
COMMENT ON COLUMN conversion_uplift.treated_converted IS
	'those of them who converted';
COMMENT ON COLUMN conversion_uplift.control_customers IS
	'customers left alone';
COMMENT ON COLUMN conversion_uplift.control_converted IS
	'those of them who converted';
COMMENT ON COLUMN conversion_uplift.treated_rate IS
	'treated_converted / treated_customers, a fraction; NULL without treated customers';
COMMENT ON COLUMN conversion_uplift.control_rate IS
	'control_converted / control_customers, a fraction; NULL without a control group';
COMMENT ON COLUMN conversion_uplift.difference IS
	'treated_rate - control_rate; NULL where one of them is';
COMMENT ON COLUMN conversion_uplift.lower95 IS
	'lower 95 percent limit of the difference (Newcombe 1998, method 10)';
COMMENT ON COLUMN conversion_uplift.upper95 IS
	'upper 95 percent limit of the difference';
COMMENT ON COLUMN conversion_uplift.lift IS
	'difference / control_rate, a fraction; NULL where control_rate is 0 or NULL';
COMMENT ON COLUMN conversion_uplift.z IS
	'difference over its standard error with the variance pooled; NULL where nobody or everybody converted';
COMMENT ON COLUMN conversion_uplift.p_value IS
	'two-sided probability of such a z where both groups convert alike';

CREATE FUNCTION uplift_rates_finalfn(internal) RETURNS conversion_uplift
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION uplift_rates_finalfn(internal) IS 'final function of uplift(treated, converted)';

CREATE FUNCTION uplift_rates_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION uplift_rates_combinefn(internal, internal) IS 'combine function of uplift(treated, converted)';

CREATE FUNCTION uplift_rates_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION uplift_rates_serialfn(internal) IS 'serialization of uplift(treated, converted)';

CREATE FUNCTION uplift_rates_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION uplift_rates_deserialfn(bytea, internal) IS 'deserialization of uplift(treated, converted)';

CREATE FUNCTION uplift_rates_transfn(internal, boolean, boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION uplift_rates_transfn(internal, boolean, boolean) IS
	'transition function of uplift(treated, converted)';

CREATE AGGREGATE uplift(treated boolean, converted boolean) (
	SFUNC = uplift_rates_transfn,
	STYPE = internal,
	SSPACE = 64,
	FINALFUNC = uplift_rates_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = uplift_rates_combinefn,
	SERIALFUNC = uplift_rates_serialfn,
	DESERIALFUNC = uplift_rates_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE uplift(treated boolean, converted boolean) IS
	'conversion of treated against control customers: rates and lift as fractions, the difference with 95 percent limits (Newcombe 1998, method 10), pooled two-proportion z test; a NULL on either side: the row is ignored; NULL when no row is left';

CREATE TYPE value_uplift AS (
	treated_customers bigint,
	control_customers bigint,
	treated_mean double precision,
	control_mean double precision,
	difference double precision,
	std_error double precision,
	lower95 double precision,
	upper95 double precision,
	lift double precision,
	t double precision,
	df double precision,
	p_value double precision
);
COMMENT ON TYPE value_uplift IS
	'mean value of a treated and of a control group, compared';
COMMENT ON COLUMN value_uplift.treated_customers IS
	'customers treated';
COMMENT ON COLUMN value_uplift.control_customers IS
	'customers left alone';
COMMENT ON COLUMN value_uplift.treated_mean IS
	'mean value of the treated; NULL without any';
COMMENT ON COLUMN value_uplift.control_mean IS
	'mean value of the control group; NULL without one';
COMMENT ON COLUMN value_uplift.difference IS
	'treated_mean - control_mean, rounded once; NULL where one of them is';
COMMENT ON COLUMN value_uplift.std_error IS
	'standard error of the difference, variances not assumed equal; NULL where a group has fewer than two customers';
COMMENT ON COLUMN value_uplift.lower95 IS
	'lower 95 percent limit of the difference by Student''s distribution; NULL where std_error is NULL or 0';
COMMENT ON COLUMN value_uplift.upper95 IS
	'upper 95 percent limit of the difference';
COMMENT ON COLUMN value_uplift.lift IS
	'difference / control_mean, a fraction; NULL where control_mean is 0 or NULL';
COMMENT ON COLUMN value_uplift.t IS
	'difference / std_error; NULL where std_error is NULL or 0';
COMMENT ON COLUMN value_uplift.df IS
	'degrees of freedom after Welch and Satterthwaite';
COMMENT ON COLUMN value_uplift.p_value IS
	'two-sided probability of such a t where both means are equal';

CREATE FUNCTION uplift_means_finalfn(internal) RETURNS value_uplift
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION uplift_means_finalfn(internal) IS 'final function of uplift(treated, value)';

CREATE FUNCTION uplift_means_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION uplift_means_combinefn(internal, internal) IS 'combine function of uplift(treated, value)';

CREATE FUNCTION uplift_means_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION uplift_means_serialfn(internal) IS 'serialization of uplift(treated, value)';

CREATE FUNCTION uplift_means_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION uplift_means_deserialfn(bytea, internal) IS 'deserialization of uplift(treated, value)';

CREATE FUNCTION uplift_means_transfn(internal, boolean, double precision) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION uplift_means_transfn(internal, boolean, double precision) IS
	'transition function of uplift(treated, value)';

-- SSPACE: two exact sums of each group.
CREATE AGGREGATE uplift(treated boolean, value double precision) (
	SFUNC = uplift_means_transfn,
	STYPE = internal,
	SSPACE = 3264,
	FINALFUNC = uplift_means_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = uplift_means_combinefn,
	SERIALFUNC = uplift_means_serialfn,
	DESERIALFUNC = uplift_means_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE uplift(treated boolean, value double precision) IS
	'mean value of treated against control customers: difference with 95 percent limits, lift as a fraction, t test that does not assume equal variances (Welch 1947); sums are exact; a NULL on either side: the row is ignored; NaN or infinity is an error; NULL when no row is left';
