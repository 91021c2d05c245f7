/*
 * conversation.sql - contacts in both directions: one customer's as a value, what they
 * say of the relationship, and what customers say when asked.
 */

CREATE TYPE engagement;

CREATE FUNCTION engagement_in(cstring) RETURNS engagement
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_in(cstring) IS
	'text input of engagement: a JSON object with time_zone and contacts, each [moment in UTC, direction, channel, kind]';

CREATE FUNCTION engagement_out(engagement) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_out(engagement) IS
	'text output of engagement';

CREATE FUNCTION engagement_recv(internal) RETURNS engagement
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_recv(internal) IS
	'binary input of engagement';

CREATE FUNCTION engagement_send(engagement) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_send(engagement) IS
	'binary output of engagement';

CREATE TYPE engagement (
	INPUT = engagement_in,
	OUTPUT = engagement_out,
	RECEIVE = engagement_recv,
	SEND = engagement_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE engagement IS
	'the contacts with one customer in order of time, each inbound or outbound, with channel and kind, and the time zone in which days and hours are meant';

-- Comparison: equal when every contact and the zone are; the order is total and has no meaning.

CREATE FUNCTION engagement_eq(engagement, engagement) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_eq(engagement, engagement) IS
	'implementation of =: equal';

CREATE FUNCTION engagement_ne(engagement, engagement) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_ne(engagement, engagement) IS
	'implementation of <>: not equal';

CREATE FUNCTION engagement_lt(engagement, engagement) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_lt(engagement, engagement) IS
	'implementation of <: less than';

CREATE FUNCTION engagement_le(engagement, engagement) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_le(engagement, engagement) IS
	'implementation of <=: less than or equal';

CREATE FUNCTION engagement_gt(engagement, engagement) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_gt(engagement, engagement) IS
	'implementation of >: greater than';

CREATE FUNCTION engagement_ge(engagement, engagement) RETURNS boolean
	AS 'MODULE_PATHNAME', 'canonical_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_ge(engagement, engagement) IS
	'implementation of >=: greater than or equal';

CREATE OPERATOR = (
	LEFTARG = engagement,
	RIGHTARG = engagement,
	FUNCTION = engagement_eq,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (engagement, engagement) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = engagement,
	RIGHTARG = engagement,
	FUNCTION = engagement_ne,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (engagement, engagement) IS 'not equal';

CREATE OPERATOR < (
	LEFTARG = engagement,
	RIGHTARG = engagement,
	FUNCTION = engagement_lt,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (engagement, engagement) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = engagement,
	RIGHTARG = engagement,
	FUNCTION = engagement_le,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (engagement, engagement) IS 'less than or equal';

CREATE OPERATOR > (
	LEFTARG = engagement,
	RIGHTARG = engagement,
	FUNCTION = engagement_gt,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (engagement, engagement) IS 'greater than';

CREATE OPERATOR >= (
	LEFTARG = engagement,
	RIGHTARG = engagement,
	FUNCTION = engagement_ge,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (engagement, engagement) IS 'greater than or equal';

CREATE FUNCTION engagement_cmp(engagement, engagement) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_cmp(engagement, engagement) IS
	'btree comparison of engagement';

CREATE FUNCTION engagement_hash(engagement) RETURNS integer
	AS 'MODULE_PATHNAME', 'canonical_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_hash(engagement) IS
	'hash of a engagement';

CREATE FUNCTION engagement_hash_extended(engagement, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'canonical_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_hash_extended(engagement, bigint) IS
	'seeded hash of a engagement';

CREATE OPERATOR CLASS engagement_ops DEFAULT FOR TYPE engagement USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 engagement_cmp(engagement, engagement);
COMMENT ON OPERATOR CLASS engagement_ops USING btree IS 'btree order of engagement, without a meaning';
COMMENT ON OPERATOR FAMILY engagement_ops USING btree IS 'btree order of engagement, without a meaning';

CREATE OPERATOR CLASS engagement_ops DEFAULT FOR TYPE engagement USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 engagement_hash(engagement),
	FUNCTION 2 engagement_hash_extended(engagement, bigint);
COMMENT ON OPERATOR CLASS engagement_ops USING hash IS 'hashing of engagement';
COMMENT ON OPERATOR FAMILY engagement_ops USING hash IS 'hashing of engagement';

CREATE FUNCTION engagement_agg_finalfn(internal) RETURNS engagement
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION engagement_agg_finalfn(internal) IS
	'final function of engagement_agg';

CREATE FUNCTION engagement_agg_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION engagement_agg_combinefn(internal, internal) IS
	'combine function of engagement_agg';

CREATE FUNCTION engagement_agg_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_agg_serialfn(internal) IS
	'serialization of engagement_agg';

CREATE FUNCTION engagement_agg_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_agg_deserialfn(bytea, internal) IS
	'deserialization of engagement_agg';

CREATE FUNCTION engagement_agg_transfn(internal, timestamptz, text, text, text, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION engagement_agg_transfn(internal, timestamptz, text, text, text, text) IS
	'transition function of engagement_agg';

CREATE AGGREGATE engagement_agg(at timestamptz, direction text, channel text, kind text, time_zone text) (
	SFUNC = engagement_agg_transfn,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = engagement_agg_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = engagement_agg_combinefn,
	SERIALFUNC = engagement_agg_serialfn,
	DESERIALFUNC = engagement_agg_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE engagement_agg(at timestamptz, direction text, channel text, kind text, time_zone text) IS
	'contacts with one customer to an engagement; direction is inbound (from the customer) or outbound, channel and kind are words of your own and may be NULL; as-of dates end and hours are counted in time_zone; rows with a NULL at are ignored; NULL when no row is left';

-- COST: each takes the contacts apart.

CREATE FUNCTION engagement_as_of(e engagement, on_date date) RETURNS engagement
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION engagement_as_of(engagement, date) IS
	'the engagement as it was at the end of a day';

-- STABLE: what is old enough to have been answered depends on now().
CREATE FUNCTION response_rate(e engagement, within interval = '14 days') RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION response_rate(engagement, interval) IS
	'fraction (0-1) of outbound contacts that got an inbound one at most so much later, among those longer ago than that when the transaction began; days of within are 24 hours, months those of UTC; NULL when there are none';

CREATE FUNCTION response_rate(e engagement, within interval, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME', 'response_rate_as_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION response_rate(engagement, interval, date) IS
	'fraction (0-1) of outbound contacts that got an inbound one at most so much later, among those longer before the end of as_of than that; NULL when there are none';

CREATE FUNCTION reciprocity(e engagement) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION reciprocity(engagement) IS
	'inbound contacts as a fraction (0-1) of all; NULL without contacts';

CREATE FUNCTION median_reply_time(e engagement) RETURNS interval
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION median_reply_time(engagement) IS
	'median time from an inbound contact to our next outbound one, over those that got one, in days of 24 hours; NULL when none did';

CREATE FUNCTION contact_pressure(e engagement, days integer, as_of date) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contact_pressure(engagement, integer, date) IS
	'outbound contacts in so many days up to as_of, that day included';

CREATE FUNCTION engagement_score(e engagement, half_life interval, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION engagement_score(engagement, interval, date) IS
	'inbound contacts by as_of, each counted 0.5^(age / half_life): one of that day is 1, one a half-life old 0.5; age in days, months of half_life are 30 days';

CREATE FUNCTION preferred_channel(e engagement) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION preferred_channel(engagement) IS
	'channel of most inbound contacts, of several the one used last; NULL without inbound contacts on a channel';

CREATE FUNCTION best_hour(e engagement) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION best_hour(engagement) IS
	'hour of the day (0 to 23, in the time zone of the engagement) with most inbound contacts, of several the earliest; NULL without inbound contacts';

-- Levels of the relationship.

CREATE FUNCTION relationship_default_rules(OUT "position" integer, OUT level text,
	OUT stages text[], OUT purchase_days integer, OUT inbound_days integer,
	OUT inbound_contacts integer, OUT inbound_channels integer)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION relationship_default_rules() IS
	'the rules of relationship_level as they are built in; rows in relationship_rules replace all of them';

CREATE TABLE relationship_rules (
	position integer PRIMARY KEY,
	level text NOT NULL CHECK (level <> ''),
	stages text[] CHECK (stages <@ '{prospect,new,developing,loyal,reactivated,at_risk,dormant,lost}'::text[]),
	purchase_days integer NOT NULL DEFAULT 0 CHECK (purchase_days >= 0),
	inbound_days integer CHECK (inbound_days > 0),
	inbound_contacts integer NOT NULL DEFAULT 0 CHECK (inbound_contacts >= 0),
	inbound_channels integer NOT NULL DEFAULT 0 CHECK (inbound_channels >= 0)
);
COMMENT ON TABLE relationship_rules IS
	'own rules of relationship_level: empty, the built-in ones of relationship_default_rules() hold; with a row, only these; the lowest position whose conditions all hold wins, a customer whom no rule covers is ''Other''';
COMMENT ON COLUMN relationship_rules.position IS 'order in which rules are tried, lowest first';
COMMENT ON COLUMN relationship_rules.level IS 'name of the level; several rules may give the same';
COMMENT ON COLUMN relationship_rules.stages IS 'lifecycle stages that will do; NULL: every one';
COMMENT ON COLUMN relationship_rules.purchase_days IS 'least number of purchase days';
COMMENT ON COLUMN relationship_rules.inbound_days IS 'days up to the as-of date whose inbound contacts count; NULL: all';
COMMENT ON COLUMN relationship_rules.inbound_contacts IS 'least number of inbound contacts in these days';
COMMENT ON COLUMN relationship_rules.inbound_channels IS 'least number of different channels of inbound contacts in these days';

-- Everybody's queries read the rules; who installed the extension changes them,
-- also where a trusted extension's objects belong to the bootstrap superuser.
GRANT SELECT ON relationship_rules TO PUBLIC;
GRANT INSERT, UPDATE, DELETE, TRUNCATE ON relationship_rules TO @extowner@;
SELECT pg_catalog.pg_extension_config_dump('relationship_rules', '');

-- STABLE: it reads relationship_rules.
CREATE FUNCTION relationship_level(e engagement, h purchase_history, as_of date) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 15;
COMMENT ON FUNCTION relationship_level(engagement, purchase_history, date) IS
	'how close a customer is as of a date: interconnected, collaborative, basic or exploratory by relationship_rules or, where that is empty, relationship_default_rules(); stages are those of lifecycle_stage; a NULL engagement is no contact, a NULL history no purchase; NULL when as_of is';

-- What customers say when asked.

CREATE FUNCTION nps_finalfn(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_finalfn(internal) IS
	'final function of nps';

CREATE FUNCTION nps_combinefn(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_combinefn(internal, internal) IS
	'combine function of nps';

CREATE FUNCTION nps_serialfn(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_serialfn(internal) IS
	'serialization of nps';

CREATE FUNCTION nps_deserialfn(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_deserialfn(bytea, internal) IS
	'deserialization of nps';

CREATE FUNCTION nps_transfn(internal, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_transfn(internal, integer) IS
	'transition function of nps';

CREATE FUNCTION nps_margin_finalfn(internal) RETURNS double precision
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_margin_finalfn(internal) IS 'final function of nps_margin';

CREATE AGGREGATE nps(score integer) (
	SFUNC = nps_transfn,
	STYPE = internal,
	SSPACE = 64,
	FINALFUNC = nps_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_combinefn,
	SERIALFUNC = nps_serialfn,
	DESERIALFUNC = nps_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(score integer) IS
	'net promoter score, -100 to 100: percent of answers 9 and 10 less percent of answers 0 to 6 (Reichheld 2003); any other answer than a whole number from 0 to 10 is an error; NULLs are ignored; NULL when no answer is left';

CREATE AGGREGATE nps_margin(score integer) (
	SFUNC = nps_transfn,
	STYPE = internal,
	SSPACE = 64,
	FINALFUNC = nps_margin_finalfn,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_combinefn,
	SERIALFUNC = nps_serialfn,
	DESERIALFUNC = nps_deserialfn,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_margin(score integer) IS
	'margin of error of nps at 95 percent, in its points: 100 x 1.959963984540054 x sqrt((p + d - (p - d)^2) / n), p and d the fractions of promoters and detractors (Rocks 2016, Wald); NULLs are ignored; NULL when no answer is left';
