/*
 * lifecycle.sql - the stage of a customer's life as of a date.
 */

CREATE TYPE customer_stage AS ENUM (
	'prospect', 'new', 'developing', 'loyal', 'reactivated', 'at_risk', 'dormant', 'lost'
);
COMMENT ON TYPE customer_stage IS
	'stage of a customer''s life: prospect (nothing bought yet), new (one purchase day), developing, loyal, reactivated (back after a long silence), at_risk (silent for longer than usual), dormant, lost';

CREATE TYPE lifecycle_rules AS (
	dormant_after integer,
	lost_after integer,
	at_risk_factor double precision,
	typical_gap double precision,
	loyal_purchases integer,
	at_risk_after integer,
	dormant_warning integer
);
COMMENT ON TYPE lifecycle_rules IS
	'the numbers by which lifecycle_stage tells stages apart; made by the function of the same name';
COMMENT ON COLUMN lifecycle_rules.dormant_after IS 'days without a purchase after which a customer is dormant';
COMMENT ON COLUMN lifecycle_rules.lost_after IS 'days without a purchase after which a customer is lost';
COMMENT ON COLUMN lifecycle_rules.at_risk_factor IS 'at risk after so many times the typical gap';
COMMENT ON COLUMN lifecycle_rules.typical_gap IS 'days between purchases assumed of a customer with fewer than three purchase days';
COMMENT ON COLUMN lifecycle_rules.loyal_purchases IS 'purchase days that make a customer loyal';
COMMENT ON COLUMN lifecycle_rules.at_risk_after IS 'days without a purchase within which nobody is at risk for being silent too long';
COMMENT ON COLUMN lifecycle_rules.dormant_warning IS 'days before turning dormant from which everybody is at risk';

CREATE FUNCTION lifecycle_rules(dormant_after integer DEFAULT 180, lost_after integer DEFAULT 365,
	at_risk_factor double precision DEFAULT 2, typical_gap double precision DEFAULT 60,
	loyal_purchases integer DEFAULT 4, at_risk_after integer DEFAULT 30,
	dormant_warning integer DEFAULT 30)
	RETURNS lifecycle_rules
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_rules(integer, integer, double precision, double precision, integer, integer, integer) IS
	'rules of lifecycle_stage; all but the factor and loyal_purchases are days; 0 < dormant_after < lost_after';

-- COST: the rules are taken apart once a query; the history form decodes the days.

CREATE FUNCTION lifecycle_stage(h purchase_history, as_of date,
	rules lifecycle_rules DEFAULT lifecycle_rules())
	RETURNS customer_stage
	AS 'MODULE_PATHNAME', 'lifecycle_stage_history' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION lifecycle_stage(purchase_history, date, lifecycle_rules) IS
	'stage of a customer as of a date; a NULL history is a prospect; NULL when as_of or rules are';

CREATE FUNCTION lifecycle_stage(first_purchase date, last_purchase date, previous_purchase date,
	purchase_days bigint, typical_gap double precision, as_of date,
	rules lifecycle_rules DEFAULT lifecycle_rules())
	RETURNS customer_stage
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION lifecycle_stage(date, date, date, bigint, double precision, date, lifecycle_rules) IS
	'stage of a customer as of a date from plain columns (typical_gap in days); NULL last_purchase and no purchase_days: prospect; NULL when as_of, rules or a figure that such a customer must have is';
