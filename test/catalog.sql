-- What holds for every member of the extension, read from the catalogs. Offenders are named:
-- an assertion that fails shows them under "have".
BEGIN;
SELECT plan(26);

-- Every member, with the catalog it is in; parts are what a member brings along (the array
-- type of a type, the row type of a table, the rule behind a view), which some versions of
-- PostgreSQL call members as well.
CREATE TEMPORARY VIEW member AS
SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS name
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'crm_ext'
	AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = d.classid AND i.objid = d.objid AND i.deptype = 'i');

CREATE TEMPORARY VIEW member_function AS
SELECT p.*, m.name FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;

CREATE TEMPORARY VIEW part AS
WITH RECURSIVE part(classid, objid) AS (
	SELECT classid, objid FROM member
	UNION
	SELECT d.classid, d.objid
	FROM part p JOIN pg_depend d ON d.refclassid = p.classid AND d.refobjid = p.objid
	WHERE d.deptype IN ('i', 'a'))
SELECT * FROM part;

CREATE TEMPORARY VIEW member_aggregate AS
SELECT a.*, f.name, f.proparallel FROM pg_aggregate a JOIN member_function f ON f.oid = a.aggfnoid;

CREATE TEMPORARY VIEW support_function AS
SELECT DISTINCT a.name AS aggregate, p.oid, p.oid::regprocedure::text AS name, p.proparallel, p.provolatile
FROM member_aggregate a,
	unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
		a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::oid[]) AS used(oid)
	JOIN pg_proc p ON p.oid = used.oid;

-- Functions that an operator, an operator class, a type or a cast rests on.
CREATE TEMPORARY VIEW bearing_function AS
SELECT DISTINCT f.*
FROM member_function f
WHERE f.oid IN (
	SELECT unnest(ARRAY[t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout]::oid[])
	FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
	UNION SELECT o.oprcode::oid FROM pg_operator o JOIN member m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	UNION SELECT ap.amproc::oid FROM pg_amproc ap
	UNION SELECT c.castfunc FROM pg_cast c JOIN member m ON m.classid = 'pg_cast'::regclass AND m.objid = c.oid);

SELECT cmp_ok(count(*), '>', 20::bigint, 'the members are found') FROM member;

-- Comments

SELECT is(ARRAY(
	SELECT m.name FROM member m
	WHERE NOT EXISTS (
		SELECT FROM pg_description d
		WHERE d.classoid = m.classid AND d.objoid = m.objid AND d.objsubid = 0
			AND btrim(d.description) <> '')
	ORDER BY 1), '{}'::text[], 'every member has a comment');

SELECT is(ARRAY(
	SELECT m.name || ', column ' || a.attname
	FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relkind IN ('r', 'v', 'm') AND col_description(c.oid, a.attnum) IS NULL
	ORDER BY 1), '{}'::text[], 'every column of a member table or view has a comment');

SELECT is(ARRAY(
	SELECT m.name || ', attribute ' || a.attname
	FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
		JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE col_description(c.oid, a.attnum) IS NULL
	ORDER BY 1), '{}'::text[], 'every attribute of a member type has a comment');

-- Rights and paths

SELECT is(ARRAY(SELECT name FROM member_function WHERE prosecdef ORDER BY 1),
	'{}'::text[], 'no member is SECURITY DEFINER');

SELECT is(ARRAY(
	SELECT f.name FROM member_function f JOIN pg_language l ON l.oid = f.prolang
	WHERE l.lanname = 'sql' AND f.prosqlbody IS NULL ORDER BY 1),
	'{}'::text[], 'SQL functions have bodies bound at creation');

SELECT is(ARRAY(
	SELECT f.name FROM member_function f JOIN pg_language l ON l.oid = f.prolang
	WHERE l.lanname NOT IN ('c', 'sql', 'internal')
		AND NOT coalesce(f.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false) ORDER BY 1),
	'{}'::text[], 'functions in other languages have their search_path pinned');

SELECT is(ARRAY(
	SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) || ' uses '
		|| pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
	FROM part p JOIN pg_depend d ON d.classid = p.classid AND d.objid = p.objid
	WHERE d.deptype = 'n'
		AND NOT EXISTS (SELECT FROM part r WHERE r.classid = d.refclassid AND r.objid = d.refobjid)
		AND NOT (d.refclassid = 'pg_namespace'::regclass
			AND d.refobjid = (SELECT extnamespace FROM pg_extension WHERE extname = 'crm_ext'))
		AND NOT (d.refclassid = 'pg_language'::regclass
			AND d.refobjid = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql'))
		AND coalesce((pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid)).schema, '') <> 'pg_catalog'
	ORDER BY 1), '{}'::text[], 'members use nothing outside pg_catalog and the extension');

-- Arguments can be named

SELECT is(ARRAY(
	SELECT f.name FROM member_function f
	WHERE f.prokind IN ('f', 'p') AND f.pronargdefaults > 0
		AND (f.proargnames IS NULL OR array_position(f.proargnames[1:f.pronargs], '') IS NOT NULL)
	ORDER BY 1), '{}'::text[], 'functions with defaults have named arguments');

-- Aggregates

SELECT is(ARRAY(SELECT name FROM member_aggregate WHERE proparallel <> 's' ORDER BY 1),
	'{}'::text[], 'every aggregate is parallel safe');

SELECT is(ARRAY(SELECT DISTINCT name FROM support_function WHERE proparallel <> 's' ORDER BY 1),
	'{}'::text[], 'so is every support function of one');

SELECT is(ARRAY(SELECT DISTINCT name FROM support_function WHERE provolatile <> 'i' ORDER BY 1),
	'{}'::text[], 'and immutable, as PostgreSQL takes an aggregate to be');

SELECT is(ARRAY(SELECT name FROM member_aggregate WHERE aggcombinefn = 0 ORDER BY 1),
	'{}'::text[], 'every aggregate can combine');

SELECT is(ARRAY(
	SELECT name FROM member_aggregate
	WHERE aggtranstype = 'internal'::regtype AND (aggserialfn = 0 OR aggdeserialfn = 0) ORDER BY 1),
	'{}'::text[], 'every internal state can be sent to another process');

SELECT is(ARRAY(
	SELECT name FROM member_aggregate WHERE aggtranstype = 'internal'::regtype AND aggtransspace = 0 ORDER BY 1),
	'{}'::text[], 'every internal state has its size declared');

SELECT is(ARRAY(SELECT name FROM member_aggregate WHERE aggfinalmodify <> 'r' ORDER BY 1),
	'{}'::text[], 'final functions leave the state as it is');

SELECT is(ARRAY(
	SELECT name FROM member_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
	WHERE p.prorettype IN (SELECT oid FROM pg_type WHERE typtype = 'p')
		OR EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) AS arg(oid) JOIN pg_type t ON t.oid = arg.oid
			WHERE t.typtype = 'p' AND t.typname NOT IN ('anyelement', 'anynonarray', 'anycompatible', 'anycompatiblenonarray'))
	ORDER BY 1), '{}'::text[], 'aggregates have concrete result types');

-- Volatility and parallel safety

SELECT is(ARRAY(
	SELECT name FROM bearing_function
	WHERE provolatile <> 'i' OR proparallel <> 's' ORDER BY 1),
	'{}'::text[], 'functions of types, operators, operator classes and casts are immutable and parallel safe');

SELECT is(ARRAY(SELECT name FROM member_function WHERE provolatile = 'i' AND proparallel <> 's' ORDER BY 1),
	'{}'::text[], 'what is immutable is parallel safe');

SELECT is(ARRAY(
	SELECT DISTINCT f.name || ' calls ' || used.oid::regprocedure
	FROM member_function f
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'n'
		JOIN pg_proc used ON used.oid = CASE d.refclassid
			WHEN 'pg_proc'::regclass THEN d.refobjid
			WHEN 'pg_operator'::regclass THEN (SELECT oprcode::oid FROM pg_operator o WHERE o.oid = d.refobjid)
		END
	WHERE f.prokind <> 'a' AND f.prosqlbody IS NOT NULL
		AND position(used.provolatile::text IN 'isv') > position(f.provolatile::text IN 'isv')
	ORDER BY 1), '{}'::text[], 'no SQL function calls a more volatile member than it says it is');

SELECT is(ARRAY(
	SELECT f.name FROM member_function f JOIN pg_language l ON l.oid = f.prolang
	WHERE f.prokind = 'f' AND f.provolatile = 'i' AND l.lanname = 'c'
		AND (f.proargtypes::oid[] && ARRAY['regclass', 'regtype', 'regproc', 'regprocedure', 'name']::regtype[]::oid[]
			OR f.prosrc IN ('histories_of', 'rfm_segment', 'relationship_level', 'crm_attach', 'crm_refresh', 'crm_detach', 'crm_discover', 'crm_report'))
	ORDER BY 1), '{}'::text[], 'what reads relations is not immutable');

-- Relocation: the same calls answer the same in any schema, under an empty search_path.

SELECT ok(extrelocatable, 'the extension is relocatable') FROM pg_extension WHERE extname = 'crm_ext';

\set crm public
\ir include/relocated.sql
SELECT :'answers' AS at_home \gset
SELECT alike(:'at_home'::text, '%rules Everybody', 'rfm_segment reads the table beside it');
SELECT unalike(:'at_home'::text, '%NULL%', 'the calls answer where the extension was created');

CREATE SCHEMA "Odd ""quoted"" schema";
\set crm '"Odd ""quoted"" schema"'

ALTER EXTENSION crm_ext SET SCHEMA "Odd ""quoted"" schema";
\ir include/relocated.sql
SELECT is(:'answers'::text, :'at_home'::text, 'the same after ALTER EXTENSION SET SCHEMA');

DROP EXTENSION crm_ext;
SET LOCAL search_path = '';
CREATE EXTENSION crm_ext SCHEMA "Odd ""quoted"" schema";
\ir include/relocated.sql
SELECT is(:'answers'::text, :'at_home'::text, 'the same created in that schema under an empty search_path');

SELECT * FROM finish();
ROLLBACK;
