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
DO $do$
DECLARE
	made text;
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

# Every view of the workspace without a time of day (models: of the fit; what they say is in customers), and the calls of test/include/relocated.sql.
sub tour
{
	my ($db, $path, $crm) = @_;
	my @views = split /\n/, sql("SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' AND relname NOT IN ('status', 'attachments', 'models') ORDER BY 1", $db);
	my $figures = join "\n", map { "SELECT '$_', pg_catalog.count(*), pg_catalog.md5(pg_catalog.string_agg(v::pg_catalog.text, ',' ORDER BY v::pg_catalog.text USING OPERATOR(pg_catalog.<))) FROM crm.$_ AS v;" } @views;
	my $include = getcwd() . '/test/include/relocated.sql';
	my $calls = -f $include ? "BEGIN;\n\\set crm $crm\n\\ir $include\n\\echo :answers\nROLLBACK;\n" : '';
	my ($rc, $out, $err) = $node->psql($db, "SET search_path = $path;\nSELECT crm_refresh('crm', full => true, refit => true);\n$figures\nSET search_path = pg_catalog;\n$calls");
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
sql('TRUNCATE hostile.trapped', 'hostile');
is_deeply([ split /\n/, tour('hostile', 'hostile, public, pg_catalog', 'public') ], [ split /\n/, $at_home ], 'the tour is the same with a hostile schema ahead on the path');
is(sql('SELECT DISTINCT what FROM hostile.trapped ORDER BY 1', 'hostile'), '', 'and nobody fell into a trap');

# ------------------------------------------------------------------ moved, renamed, no path at all

attach_shop('moved', 'public', 'public');
sql('CREATE SCHEMA "Other ""place"""; ALTER EXTENSION crm_ext SET SCHEMA "Other ""place""";', 'moved');
is_deeply([ split /\n/, tour('moved', '"Other ""place"""', '"Other ""place"""') ], [ split /\n/, $at_home ], 'the tour is the same after ALTER EXTENSION SET SCHEMA');
sql('ALTER SCHEMA crm RENAME TO "my crm"', 'moved');
is(sql(q{SET search_path = ''; SELECT "Other ""place""".crm_refresh('my crm', full => true); SELECT count(*) > 100 FROM "my crm".customers}, 'moved'), "\nt", 'a workspace that was renamed refreshes');
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
