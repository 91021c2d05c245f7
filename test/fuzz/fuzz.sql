-- What make fuzz runs, read from the catalogs, and what it begins with. Executed by tools/fuzz
-- in the private server; a new type or aggregate is found, and needs a line only for its text.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE SCHEMA fuzz;

SELECT probin AS library FROM pg_proc WHERE proname = 'purchase_history_in' \gset
CREATE FUNCTION fuzz.crm_fuzz(kind text, subject oid, members oid[], argument_types oid[], argument_texts text[], options text[])
	RETURNS void AS :'library' LANGUAGE C STRICT;

-- Texts of values. The first of a type is also what members get as an argument of that type.
CREATE TABLE fuzz.text (id int GENERATED ALWAYS AS IDENTITY, type text, value text);
INSERT INTO fuzz.text (type, value) VALUES
	('date', '2024-06-30'), ('date[]', '{2024-01-01,2024-04-01,2024-07-01}'), ('daterange', '[2024-01-01,2024-07-01)'),
	('integer', '3'), ('bigint', '5'), ('double precision', '0.5'), ('numeric', '10.25'), ('boolean', 'true'),
	('text', 'month'), ('interval', '30 days'), ('timestamptz', '2024-06-30 12:00+00'),
	('purchase_history', '2024-01-05:59.90, 2024-01-09*2:12.00'),
	('purchase_history', ''),
	('purchase_history', '1997-01-01'),
	('purchase_history', '2023-12-01*0:-5, 2024-01-01:20, 2024-01-08*0:-10, 2024-02-01:30'),
	('purchase_history', '1997-01-01:30, 1997-03-01:20.12, 5874897-12-31*2147483645:5'),
	('purchase_book', 'bigint {7 => 2024-01-05:59.90, 2024-01-09*2:12.00; 9 => 2024-02-01:5.00}'),
	('purchase_book', 'bigint {1 => 2023-12-30:10.50, 2024-01-05*2:7; 400 => 2024-02-01*0:-3.25; NULL => 2024-06-01:19.99}'),
	('purchase_book', 'bigint {}'),
	('purchase_book', 'text {"a" => 2024-01-05; "b c" => 2024-01-06:1}'),
	('purchase_book', 'uuid {a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 => 2024-01-05:2}'),
	('rfm_cuts', '{"bins": 4, "recency": ["2024-03-01", "2024-06-01"], "frequency": [2, 4, 8], "monetary": [49.50, 100.00, 100.00]}'),
	('basket_counts', 'bigint 3 baskets {10: 2 (20: 1, 30: 1); 20: 2 (30: 1); 30: 2}'),
	('basket_counts', 'text 1 baskets {"a": 1 ("b c": 1); "b c": 1}'),
	('referral_graph', 'bigint {2 <- 1: 59.9; 3 <- 1: 12} left out 4'),
	('referral_graph', 'text {"a" <- "b c": 1e-3; "c" <- "a": -0}'),
	('engagement', '{"contacts": [["0044-03-15T12:00:00+00:00 BC", "outbound", null, "note"], ["294276-12-31T23:59:59.999999+00:00", "inbound", "", null]], "time_zone": "UTC"}'),
	('engagement', '{"time_zone": "Europe/Berlin", "contacts": [["2024-03-01T00:00:00+00:00", "inbound", "mail", null]]}'),
	('subscription_history', '2024-01-01:10.00, 2025-01-01:0.00'),
	('subscription_history', '2024-01-01:0, 2024-01-02:5, 2024-01-03:5, 2024-01-04:0; latest start 2024-01-03');
INSERT INTO fuzz.text (type, value)
SELECT 'btyd_model', btyd_model(family, params, 7)::text
FROM (VALUES ('bg/nbd', '{0.243,4.414,0.793,2.426}'::float8[]), ('mbg/nbd', '{0.525,6.183,0.891,1.614}'),
	('pareto/nbd', '{0.553,10.58,0.606,11.656}'), ('bg/bb', '{1.2,0.75,0.66,2.78}')) v(family, params);
INSERT INTO fuzz.text (type, value) VALUES
	('spend_model', spend_model(ARRAY[6.25, 3.74, 15.44])::text),
	('renewal_model', renewal_model(ARRAY[0.668, 3.806])::text);
DELETE FROM fuzz.text WHERE to_regtype(type) IS NULL;

CREATE TABLE fuzz.seed (target text, bytes bytea);
CREATE VIEW fuzz.own AS
SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'crm_ext';

-- One target for each input and receive function, and for each deserialize function.
CREATE TABLE fuzz.target AS
WITH type AS (
	SELECT t.* FROM pg_type t JOIN fuzz.own ON classid = 'pg_type'::regclass AND objid = t.oid WHERE typtype = 'b' AND typcategory <> 'A'
), plain_function AS (
	SELECT p.* FROM pg_proc p JOIN fuzz.own ON classid = 'pg_proc'::regclass AND objid = p.oid
		JOIN pg_language l ON l.oid = p.prolang
	WHERE prokind = 'f' AND NOT proretset AND lanname = 'c' AND pronargs <= 8
)
SELECT f.function::text AS name, f.kind, t.oid AS subject,
	ARRAY(SELECT p.oid FROM plain_function p WHERE t.oid = ANY (proargtypes) ORDER BY p.oid) AS members
FROM type t, LATERAL (VALUES (typinput, 'input'), (typreceive, 'receive')) f(function, kind)
UNION ALL
SELECT aggdeserialfn::text, 'deserialize', 0, array_agg(aggfnoid::oid ORDER BY aggfnoid)
FROM (
	SELECT DISTINCT ON (aggserialfn, aggdeserialfn, aggcombinefn, aggfinalfn) a.*
	FROM pg_aggregate a JOIN fuzz.own ON classid = 'pg_proc'::regclass AND objid = aggfnoid
	WHERE aggdeserialfn <> 0
	ORDER BY aggserialfn, aggdeserialfn, aggcombinefn, aggfinalfn, aggfnoid) a
GROUP BY aggdeserialfn;

-- What the fuzzer begins with: the texts, and what send makes of them ...
DO $$
DECLARE
	seed record;
BEGIN
	FOR seed IN
		SELECT t.*, value FROM fuzz.text JOIN pg_type t ON t.oid = to_regtype(type) JOIN fuzz.target ON subject = t.oid AND kind = 'input'
	LOOP
		BEGIN
			INSERT INTO fuzz.seed SELECT seed.typinput::text, convert_to(seed.value, 'UTF8');
			EXECUTE format('INSERT INTO fuzz.seed SELECT %L, %s(%L::%s)',
				seed.typreceive::text, seed.typsend, seed.value, seed.oid::regtype);
		EXCEPTION WHEN OTHERS THEN
			RAISE WARNING 'no seed: % %: %', seed.typname, seed.value, SQLERRM;
		END;
	END LOOP;
END
$$;

-- ... and states: each aggregate again, over some rows, with serialize as its final function.
CREATE FUNCTION fuzz.argument(type text, name text, place bigint, variant int) RETURNS text LANGUAGE sql AS $$
	SELECT CASE CASE WHEN type = 'text' AND name IN ('family', 'mode', 'direction', 'time_zone') THEN name ELSE type END
		WHEN 'family' THEN quote_literal((ARRAY['bg/nbd', 'mbg/nbd', 'pareto/nbd', 'bg/bb'])[variant + 1])
		WHEN 'mode' THEN '''absolute'''
		WHEN 'direction' THEN 'CASE i % 2 WHEN 0 THEN ''inbound'' ELSE ''outbound'' END'
		WHEN 'time_zone' THEN '''UTC'''
		WHEN 'date' THEN format('date ''2024-01-01'' + (i * %s %% 200)::int', 1 + variant * 6)
		WHEN 'timestamp without time zone' THEN 'timestamp ''2024-01-01'' + i * interval ''11 hours'''
		WHEN 'timestamp with time zone' THEN 'timestamptz ''2024-01-01 UTC'' + i * interval ''11 hours'''
		WHEN 'integer' THEN CASE variant WHEN 0 THEN '4' ELSE '(i % 5)::int' END
		WHEN 'bigint' THEN format('(i * %s) %% 7 + 1', place)
		WHEN 'double precision' THEN CASE variant WHEN 0 THEN '(i % 7) * 1.5::float8' ELSE '0.25::float8' END
		WHEN 'numeric' THEN '(i * 1.25)::numeric'
		WHEN 'boolean' THEN 'i % 3 = 0'
		WHEN 'uuid' THEN format('md5(((i * %s) %% 7)::text)::uuid', place)
		WHEN 'datemultirange' THEN '''{[2024-01-01,2024-03-01),[2024-04-01,)}''::datemultirange'
		WHEN 'text' THEN format('chr(65 + (i * %s %% 7)::int)', place)
		ELSE (SELECT format('%L::%s', value, type) FROM fuzz.text t WHERE to_regtype(t.type) = to_regtype(argument.type) ORDER BY id LIMIT 1)
	END
$$;

DO $$
DECLARE
	seed record;
	bytes bytea;
BEGIN
	FOR seed IN
		SELECT a.aggfnoid, a.aggtransfn, a.aggserialfn, a.aggdeserialfn, variant, n_rows,
			(SELECT string_agg(format_type(t, NULL), ', ' ORDER BY i) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u(t, i)) AS types,
			(SELECT string_agg(coalesce(fuzz.argument(format_type(t, NULL), p.proargnames[i], i, variant), format('NULL::%s', format_type(t, NULL))), ', ' ORDER BY i)
			 FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u(t, i)) AS arguments
		FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid
			JOIN fuzz.own ON classid = 'pg_proc'::regclass AND objid = aggfnoid,
			generate_series(0, 3) variant, (VALUES (1), (12)) n(n_rows)
		WHERE aggdeserialfn <> 0
	LOOP
		BEGIN
			EXECUTE format('CREATE AGGREGATE fuzz.state(%s) (SFUNC = %s, STYPE = internal, FINALFUNC = %s)',
				seed.types, seed.aggtransfn, seed.aggserialfn);
			EXECUTE format('SELECT fuzz.state(%s) FROM generate_series(1, %s::bigint) i', seed.arguments, seed.n_rows) INTO bytes;
			EXECUTE format('DROP AGGREGATE fuzz.state(%s)', seed.types);
			INSERT INTO fuzz.seed SELECT seed.aggdeserialfn::text, bytes WHERE bytes IS NOT NULL;
		EXCEPTION WHEN OTHERS THEN
			NULL; -- arguments that do not fit together
		END;
	END LOOP;
END
$$;
-- What was once found, and no test of a room holds: a fit whose integrals have no number of panels.
INSERT INTO fuzz.seed VALUES ('fit_deserialfn', '\x010002003ffc0000000000003ffc00000000000000000007000000013ffc000000000000000000003ffc00000000000000000005000000043ffc0000000000003ffc00000000000000000007000000023ffc0000000000003ffc00000000000000000002000000073ffc0000000000003ffc00000000000000000004000000053ffc0000000000003ffc00000000000000000640000000fc003f0300000000003f0500000100000000000001000000013ffc0000000000003ffc00000000000000000003000000063ffc0000000000003ffc0000000000fefffffffaffffff043ffc0000000000003ffc00000000fb0100800807000000023ffc0000000000003ffc00000000000000010002000000073ffc0000000000003ffc004d00000000000000ff000000053ffc0000000000003ffc000000000000');
-- A model of which nobody leaves and the time to buy is next to nothing: dert took minutes.
INSERT INTO fuzz.seed VALUES ('btyd_model_recv', '\x010101401c0000000000003fe0cccccccc12000000645a1cac0000000000000000001f3ff9d2f1a9fbe76d' || decode(repeat('00', 120), 'hex'));
DELETE FROM fuzz.seed a USING fuzz.seed b WHERE a.target = b.target AND a.bytes = b.bytes AND a.ctid > b.ctid;

-- The statement that runs a target, in one line, for a server without clients.
CREATE FUNCTION fuzz.statement(target text, options text[]) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT fuzz.crm_fuzz(%L, %s, %L, %L, %L, %L)', kind, subject, members,
		(SELECT array_agg(to_regtype(type)::oid ORDER BY id) FROM fuzz.text),
		(SELECT array_agg(value ORDER BY id) FROM fuzz.text), options)
	FROM fuzz.target t WHERE t.name = statement.target
$$;
