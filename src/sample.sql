-- sample: simulated purchases to try everything on

CREATE FUNCTION crm_sample_purchases_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION crm_sample_purchases_support(internal) IS
	'planner support of crm_sample_purchases: number of rows';

-- COST: half a microsecond for each of some 50,000 rows, in units of an operator call.
CREATE FUNCTION crm_sample_purchases(customers integer DEFAULT 5000, seed bigint DEFAULT 1,
		first date DEFAULT '2023-01-01'::date, last date DEFAULT '2025-12-31'::date,
		OUT order_id bigint, OUT customer_id bigint, OUT purchased_at timestamptz, OUT amount numeric,
		OUT product_id integer, OUT channel text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20000 ROWS 100000
	SUPPORT crm_sample_purchases_support;
COMMENT ON FUNCTION crm_sample_purchases(integer, bigint, date, date) IS
	'simulated purchases of that many customers from the first to the last day (UTC), in order of time: Pareto/NBD and Gamma-Gamma with the parameters of docs/sample.md, amounts with two decimals; the same seed gives the same rows everywhere; no rows for a NULL argument';
