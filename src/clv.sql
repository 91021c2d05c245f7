-- clv: lifetime value, under a contract and from fitted customer-base models

CREATE FUNCTION clv(margin float8, retention_rate float8, discount_rate float8,
					periods int = NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'clv_contractual'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION clv(float8, float8, float8, int) IS
'lifetime value under a contract: margin x sum over t = 1..periods of (retention_rate / (1 + discount_rate))^t, in the unit of margin; rates are fractions per period; periods NULL: for ever; the margin received at acquisition is not in it; NULL where another argument is NULL';
