# Look-alikes of everything that a careless body would call, ahead on the path and in the
# extension's own schema, change nothing; nor do other schemas, renamed workspaces, no path.
use strict;
use warnings;
use Cwd qw(getcwd);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('hostile');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nclient_min_messages = error\n");
$node->start;

sub sql { return $node->safe_psql($_[1] // 'postgres', $_[0]) }

# ------------------------------------------------------------------ a hostile search_path

# Look-alikes of what a careless body would call: they answer wrongly, and say so in a table.
my $trap = <<'END';
CREATE TABLE %1$s.trapped (what text);
GRANT USAGE ON SCHEMA %1$s TO public;
GRANT INSERT ON %1$s.trapped TO public;
CREATE TYPE %1$s.stray AS (what text);
DO $do$
DECLARE
	made text;
	operator text;
	f record;
BEGIN
	-- functions of pg_catalog with the same name, arguments and result, for every name that a member's body mentions
	FOR f IN
		SELECT DISTINCT p.oid, p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result, p.provolatile
		FROM pg_proc p
		WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset AND p.provariadic = 0 AND p.proargmodes IS NULL
			AND p.proname IN ('now', 'format', 'concat', 'lower', 'upper', 'length', 'btrim', 'substr', 'position', 'replace', 'quote_ident', 'quote_literal', 'to_char',
				'to_regclass', 'to_regnamespace', 'has_table_privilege', 'has_column_privilege', 'has_schema_privilege', 'current_setting', 'set_config', 'pg_get_userbyid',
				'age', 'date_part', 'date_trunc', 'make_date', 'round', 'ln', 'exp', 'abs', 'sqrt', 'floor', 'ceil', 'power', 'random', 'md5', 'col_description',
				'obj_description', 'format_type', 'isempty', 'lower_inf', 'upper_inf', 'cardinality', 'array_length', 'timezone', 'pg_has_role', 'txid_current', 'greatest',
				'int4eq', 'jsonb_build_object', 'to_jsonb', 'jsonb_typeof', 'array_position', 'array_append', 'nextval', 'starts_with', 'current_date', 'clock_timestamp')
			AND p.prorettype NOT IN (SELECT oid FROM pg_type WHERE typtype = 'p') AND NOT EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) AS a JOIN pg_type t ON t.oid = a AND t.typtype = 'p' AND t.typname = 'internal')
	LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION %1$s.%%I(%%s) RETURNS %%s LANGUAGE plpgsql AS $x$ BEGIN INSERT INTO %1$s.trapped VALUES (%%L); RETURN NULL; END $x$',
				f.proname, f.arguments, f.result, f.proname);
		EXCEPTION WHEN OTHERS THEN NULL; -- what cannot be imitated cannot be abused
		END;
	END LOOP;
	-- operators of the types that the extension works with
	FOR f IN
		SELECT o.oid, o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, o.oprresult::regtype AS result
		FROM pg_operator o
		WHERE o.oprleft <> 0 AND o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '/', '%%', '||', '@>', '<@', '&&', '~', '!~', '->', '->>', '#>>')
			AND (o.oprnamespace = 'pg_catalog'::regnamespace OR o.oprleft IN (SELECT objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
				WHERE d.classid = 'pg_type'::regclass AND d.deptype = 'e' AND e.extname = 'crm_ext'))
			AND o.oprresult NOT IN (SELECT oid FROM pg_type WHERE typtype = 'p') AND o.oprleft NOT IN (SELECT oid FROM pg_type WHERE typtype = 'p' AND typname NOT LIKE 'any%%')
			AND o.oprright NOT IN (SELECT oid FROM pg_type WHERE typtype = 'p' AND typname NOT LIKE 'any%%')
	LOOP
		BEGIN
			made := 'trap_' || f.oid;
			EXECUTE format('CREATE FUNCTION %1$s.%%I(%%s, %%s) RETURNS %%s LANGUAGE plpgsql AS $x$ BEGIN INSERT INTO %1$s.trapped VALUES (%%L); RETURN NULL; END $x$',
				made, f.l, f.r, f.result, f.oprname || ' of ' || f.l);
			EXECUTE format('CREATE OPERATOR %1$s.%%s (LEFTARG = %%s, RIGHTARG = %%s, FUNCTION = %1$s.%%I)', f.oprname, f.l, f.r, made);
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
	END LOOP;
	-- casts that whoever owns one of the two types can create: from and to a type of theirs
	FOR f IN
		SELECT t.oid, pg_catalog.format_type(t.oid, NULL) AS name
		FROM pg_type t
		WHERE t.oid IN (SELECT objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = 'pg_type'::regclass AND d.deptype = 'e' AND e.extname = 'crm_ext')
			OR t.oid = ANY ('{bool,int2,int4,int8,float4,float8,numeric,text,varchar,name,date,timestamp,timestamptz,interval,daterange,jsonb,oid,regclass,uuid}'::regtype[]::oid[])
	LOOP
		BEGIN
			made := 'cast_' || f.oid;
			EXECUTE format('CREATE FUNCTION %1$s.%%I(%%s) RETURNS %1$s.stray LANGUAGE plpgsql AS $x$ BEGIN INSERT INTO %1$s.trapped VALUES (%%L); RETURN NULL; END $x$', made, f.name, 'cast from ' || f.name);
			EXECUTE format('CREATE FUNCTION %1$s.%%I(%1$s.stray) RETURNS %%s LANGUAGE plpgsql AS $x$ BEGIN INSERT INTO %1$s.trapped VALUES (%%L); RETURN NULL; END $x$', made, f.name, 'cast to ' || f.name);
			EXECUTE format('CREATE CAST (%%s AS %1$s.stray) WITH FUNCTION %1$s.%%I(%%1$s) AS IMPLICIT', f.name, made);
			EXECUTE format('CREATE CAST (%1$s.stray AS %%s) WITH FUNCTION %1$s.%%I(%1$s.stray) AS IMPLICIT', f.name, made);
			FOREACH operator IN ARRAY '{=,<>,<,>,+,-,*,/,||,@>,<@}'::text[] LOOP
				EXECUTE format('CREATE FUNCTION %1$s.%%I(%%s, %1$s.stray) RETURNS bool LANGUAGE plpgsql AS $x$ BEGIN INSERT INTO %1$s.trapped VALUES (%%L); RETURN NULL; END $x$',
					made || operator, f.name, operator || ' of ' || f.name || ' and stray');
				EXECUTE format('CREATE OPERATOR %1$s.%%s (LEFTARG = %%s, RIGHTARG = %1$s.stray, FUNCTION = %1$s.%%I)', operator, f.name, made || operator);
			END LOOP;
		END;
	END LOOP;
	-- relations and types
	FOR f IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relname IN ('pg_class', 'pg_proc', 'pg_type', 'pg_namespace', 'pg_attribute', 'pg_extension', 'pg_depend', 'pg_trigger', 'pg_index')
	LOOP
		EXECUTE format('CREATE TABLE %1$s.%%I AS SELECT NULL::pg_catalog.int4 AS oid', f.relname);
		EXECUTE format('GRANT SELECT ON %1$s.%%I TO public', f.relname);
	END LOOP;
	FOREACH made IN ARRAY ARRAY['date', 'text', 'numeric', 'int8', 'float8', 'bool', 'daterange', 'interval', 'timestamptz', 'name', 'regclass', 'oid'] LOOP
		EXECUTE format('CREATE DOMAIN %1$s.%%I AS pg_catalog.int4 CHECK (false)', made);
	END LOOP;
END $do$;
CREATE FUNCTION %1$s.crm_refresh(name) RETURNS void LANGUAGE plpgsql AS $x$ BEGIN INSERT INTO %1$s.trapped VALUES ('crm_refresh'); END $x$;
CREATE AGGREGATE %1$s.sum(pg_catalog.numeric) (SFUNC = pg_catalog.numeric_mul, STYPE = pg_catalog.numeric);
CREATE AGGREGATE %1$s.count(*) (SFUNC = pg_catalog.int8inc, STYPE = pg_catalog.int8, INITCOND = '1000');
CREATE AGGREGATE %1$s.max(pg_catalog.date) (SFUNC = pg_catalog.date_smaller, STYPE = pg_catalog.date);
CREATE AGGREGATE %1$s.min(pg_catalog.date) (SFUNC = pg_catalog.date_larger, STYPE = pg_catalog.date);
END

# Every view of the workspace, without the columns that say when or how long, and the calls of test/include/relocated.sql.
sub tour
{
	my ($db, $path, $crm, $workspace) = @_;
	my $schema = $workspace ? qq("$workspace") : 'crm';
	my @views = split /\n/, sql("SELECT relname FROM pg_class WHERE relnamespace = '$schema'::regnamespace AND relkind = 'v' ORDER BY 1", $db);
	my $lasting = q(pg_catalog.to_jsonb(v) OPERATOR(pg_catalog.-) '{fitted_at,last_refresh,last_seconds,last_fit,attached_at,counted_at}'::pg_catalog._text);
	my $figures = join "\n", map {
		my $row = /^(?:status|attachments|models)$/ ? "($lasting)::pg_catalog.text" : 'v::pg_catalog.text';
		"SELECT '$_', pg_catalog.count(*), pg_catalog.md5(pg_catalog.string_agg($row, ',' ORDER BY $row USING OPERATOR(pg_catalog.<))) FROM $schema.$_ AS v;"
	} @views;
	my $include = getcwd() . '/test/include/relocated.sql';
	my $calls = $crm ? "BEGIN;\n\\set crm $crm\n\\ir $include\n\\echo :answers\nROLLBACK;\n" : '';
	my ($rc, $out, $err) = $node->psql($db, "SET search_path = $path;\nSELECT crm_refresh('" . ($workspace // 'crm') . "', full => true, refit => true);\n$figures\nSET search_path = pg_catalog;\n$calls");
	return $err =~ /ERROR/ ? $err : $out;
}

my $shop = getcwd() . '/test/include/shop';
sub attach_shop
{
	my ($db, $schema, $path) = @_;
	sql('CREATE DATABASE ' . $db);
	sql("CREATE SCHEMA IF NOT EXISTS hostile; CREATE SCHEMA IF NOT EXISTS $schema; CREATE EXTENSION crm_ext SCHEMA $schema;", $db);
	$node->psql($db, sprintf($trap, 'hostile')) if $path =~ /^hostile/;
	my ($rc, $out, $err) = $node->psql($db, "SET client_min_messages = error;\n\\o /dev/null\nSET search_path = $schema;\n\\i $shop.sql\nSET search_path = $path;\n\\i ${shop}_attach.sql\n\\o\n");
	is($err, '', "$db: a workspace with everything attached");
}

attach_shop('clean', 'public', 'public');
my $at_home = tour('clean', 'public', 'public');
unlike($at_home, qr/ERROR/, 'a tour of everything');
cmp_ok(scalar(split /\n/, $at_home), '>', 40, 'is a long one');

attach_shop('hostile', 'public', 'hostile, public, pg_catalog');
cmp_ok(sql("SELECT count(*) FROM pg_operator WHERE oprnamespace = 'hostile'::regnamespace", 'hostile'), '>', 200, 'operators that lie stand ahead on the path');
cmp_ok(sql("SELECT count(*) FROM pg_proc WHERE pronamespace = 'hostile'::regnamespace", 'hostile'), '>', 300, 'and functions');
is(sql("SET search_path = hostile, public, pg_catalog; SELECT pg_catalog.count(*) FROM (SELECT 1 WHERE 1 = 1) AS x", 'hostile'), '0', 'and are what a careless body would call');
my $casts = q{SELECT count(*) FROM pg_cast c WHERE %s IN (SELECT objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = 'pg_type'::regclass AND d.deptype = 'e' AND e.extname = 'crm_ext')
	AND c.oid NOT IN (SELECT objid FROM pg_depend WHERE classid = 'pg_cast'::regclass AND deptype = 'e')};
my $members = sql("SELECT count(*) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_type t ON t.oid = d.objid WHERE d.classid = 'pg_type'::regclass AND d.deptype = 'e' AND e.extname = 'crm_ext' AND t.typelem = 0", 'hostile');
cmp_ok($members, '>', 10, 'the extension has types');
cmp_ok(sql(sprintf($casts, "c.$_"), 'hostile'), '>=', $members, "implicit casts too, with each of them as $_") for 'castsource', 'casttarget';
sql('TRUNCATE hostile.trapped', 'hostile');
is_deeply([ split /\n/, tour('hostile', 'hostile, public, pg_catalog', 'public') ], [ split /\n/, $at_home ], 'the tour is the same with a hostile schema ahead on the path');
is(sql('SELECT DISTINCT what FROM hostile.trapped ORDER BY 1', 'hostile'), '', 'and nobody fell into a trap');

# Casts from a member type to the types that everything is made of, which only the owner of the extension could
# create: a workspace's views were bound before them, its refreshes parse again. Calls of members by hand are left
# out: a cast in them is what whoever calls asks for.
sql(<<'END', 'hostile');
DO $do$
DECLARE
	made int := 0;
	f record;
BEGIN
	FOR f IN
		SELECT format_type(t.oid, NULL) AS source, format_type(b.oid, NULL) AS target
		FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'crm_ext' JOIN pg_type t ON t.oid = d.objid AND t.typelem = 0 AND t.typtype IN ('b', 'c', 'e'),
			pg_type b
		WHERE d.classid = 'pg_type'::regclass AND d.deptype = 'e' AND b.oid = ANY ('{bool,int4,int8,float8,numeric,text,varchar,name,date,timestamptz,daterange,jsonb}'::regtype[]::oid[])
			AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.castsource = t.oid AND c.casttarget = b.oid)
			AND NOT EXISTS (SELECT FROM pg_class r WHERE r.oid = t.typrelid AND r.relkind <> 'c')
	LOOP
		made := made + 1;
		EXECUTE format('CREATE FUNCTION hostile.owned_cast_%s(%s) RETURNS %s LANGUAGE plpgsql AS $x$ BEGIN INSERT INTO hostile.trapped VALUES (%L); RETURN NULL; END $x$', made, f.source, f.target, 'cast from ' || f.source || ' to ' || f.target);
		EXECUTE format('CREATE CAST (%s AS %s) WITH FUNCTION hostile.owned_cast_%s(%s) AS IMPLICIT', f.source, f.target, made, f.source);
	END LOOP;
END $do$;
END
cmp_ok(sql(sprintf($casts, 'c.castsource'), 'hostile'), '>', 6 * $members, 'casts from each type of the extension to most others');
my @views_at_home = grep { /^\w+\|\d+\|(?:[0-9a-f]{32})?$/ } split /\n/, $at_home;
is_deeply([ grep { /\|/ || /ERROR/ } split /\n/, tour('hostile', 'hostile, public, pg_catalog') ], \@views_at_home, 'every view is the same with them');
is(sql('SELECT DISTINCT what FROM hostile.trapped ORDER BY 1', 'hostile'), '', 'and none was called');
sql('SELECT history::pg_catalog.int8 FROM crm.customer_history LIMIT 1', 'hostile');
is(sql('SELECT DISTINCT what FROM hostile.trapped ORDER BY 1', 'hostile'), 'cast from purchase_history to bigint', 'as it is by who asks for it');

# ------------------------------------------------------------------ moved, renamed, no path at all

attach_shop('moved', 'public', 'public');
sql('CREATE SCHEMA "Other ""place"""; ALTER EXTENSION crm_ext SET SCHEMA "Other ""place""";', 'moved');
is_deeply([ split /\n/, tour('moved', '"Other ""place"""', '"Other ""place"""') ], [ split /\n/, $at_home ], 'the tour is the same after ALTER EXTENSION SET SCHEMA');
sql('ALTER SCHEMA crm RENAME TO "my crm"', 'moved');
is(sql(q{SET search_path = ''; SELECT "Other ""place""".crm_refresh('my crm', full => true); SELECT count(*) > 100 FROM "my crm".customers}, 'moved'), "\nt", 'a workspace that was renamed refreshes');
my @renamed = split /\n/, tour('moved', '"Other ""place"""', '"Other ""place"""', 'my crm');
is_deeply(\@renamed, [ split /\n/, $at_home ], 'and gives the same tour');
sql('ALTER SCHEMA "my crm" RENAME TO crm', 'moved');
is_deeply([ split /\n/, tour('moved', '"Other ""place"""', '"Other ""place"""') ], [ split /\n/, $at_home ], 'and, back at its name, gives the same tour');

# ------------------------------------------------------------------ installed by who owns a database

sql('CREATE ROLE landlord LOGIN');
sql('CREATE DATABASE owned OWNER landlord');
$node->psql('owned', sprintf($trap, 'public'));    # what was in the target schema before
my ($rc, $out, $err) = $node->psql('owned', "SET SESSION AUTHORIZATION landlord; CREATE SCHEMA own; SET search_path = public, pg_catalog; CREATE EXTENSION crm_ext SCHEMA own; SET search_path = pg_catalog, own; \\i $shop.sql\nSET search_path = public, pg_catalog, own;\n\\i ${shop}_attach.sql");
unlike($err, qr/ERROR/, 'a database owner who is no superuser installs it among look-alikes');
is(sql("SELECT rolname, rolsuper FROM pg_extension e JOIN pg_roles r ON r.oid = e.extowner WHERE extname = 'crm_ext'", 'owned'), 'landlord|f', 'and owns it');
$node->stop;
done_testing();
