/*
 * segments.sql - RFM scores to segments, by rules that can be edited.
 */

CREATE FUNCTION rfm_default_rules(OUT "position" integer, OUT segment text, OUT r_min integer,
	OUT r_max integer, OUT f_min integer, OUT f_max integer, OUT m_min integer, OUT m_max integer,
	OUT action text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 15;
COMMENT ON FUNCTION rfm_default_rules() IS
	'the rules of rfm_segment as they are built in: boxes of R, F and M scores that cover each of the 125 cells once, and what to do with such customers; rows in rfm_rules replace all of them';

CREATE TABLE rfm_rules (
	position integer PRIMARY KEY,
	segment text NOT NULL CHECK (segment <> ''),
	r_min integer NOT NULL CHECK (r_min BETWEEN 1 AND 5),
	r_max integer NOT NULL CHECK (r_max BETWEEN 1 AND 5),
	f_min integer NOT NULL CHECK (f_min BETWEEN 1 AND 5),
	f_max integer NOT NULL CHECK (f_max BETWEEN 1 AND 5),
	m_min integer NOT NULL CHECK (m_min BETWEEN 1 AND 5),
	m_max integer NOT NULL CHECK (m_max BETWEEN 1 AND 5),
	action text,
	CONSTRAINT rfm_rules_r_min_over_max CHECK (r_min <= r_max),
	CONSTRAINT rfm_rules_f_min_over_max CHECK (f_min <= f_max),
	CONSTRAINT rfm_rules_m_min_over_max CHECK (m_min <= m_max)
);
COMMENT ON TABLE rfm_rules IS
	'own rules of rfm_segment: empty, the built-in ones of rfm_default_rules() hold; with a row, only these; the lowest position that covers a cell wins, a cell without a rule is ''Other''';
COMMENT ON COLUMN rfm_rules.position IS 'order in which rules are tried, lowest first';
COMMENT ON COLUMN rfm_rules.segment IS 'name of the segment; several rules may give the same';
COMMENT ON COLUMN rfm_rules.r_min IS 'lowest recency score, 1 to 5';
COMMENT ON COLUMN rfm_rules.r_max IS 'highest recency score, 1 to 5';
COMMENT ON COLUMN rfm_rules.f_min IS 'lowest frequency score, 1 to 5';
COMMENT ON COLUMN rfm_rules.f_max IS 'highest frequency score, 1 to 5';
COMMENT ON COLUMN rfm_rules.m_min IS 'lowest monetary score, 1 to 5';
COMMENT ON COLUMN rfm_rules.m_max IS 'highest monetary score, 1 to 5';
COMMENT ON COLUMN rfm_rules.action IS 'what to do with such customers, one sentence';

-- Everybody's queries read the rules; who installed the extension changes them,
-- also where a trusted extension's objects belong to the bootstrap superuser.
GRANT SELECT ON rfm_rules TO PUBLIC;
GRANT INSERT, UPDATE, DELETE, TRUNCATE ON rfm_rules TO @extowner@;
SELECT pg_catalog.pg_extension_config_dump('rfm_rules', '');

-- STABLE: it reads rfm_rules. COST: that is once a query.
CREATE FUNCTION rfm_segment(score integer) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION rfm_segment(integer) IS
	'segment of an RFM score (digits R, F, M from 1 to 5) by rfm_rules or, where that is empty, rfm_default_rules(); ''Other'' for any other number';
