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
