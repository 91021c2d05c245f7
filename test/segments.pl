# Own rules of rfm_segment: who may change them, who sees a change and when, what survives
# pg_dump; also cuts, with the collation of their ids.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '-E', 'UTF8' ]);    # which ICU needs
$node->start;
$node->safe_psql('postgres', q{
	CREATE ROLE shopkeeper LOGIN;
	CREATE ROLE analyst LOGIN;
	CREATE DATABASE shop OWNER shopkeeper;
});

sub as
{
	my ($role, $sql, $db) = @_;
	return $node->safe_psql($db // 'shop', $sql, extra_params => [ '-U', $role ]);
}

sub refused
{
	my ($role, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('shop', $sql, extra_params => [ '-U', $role ], on_error_stop => 1);
	return $rc == 0 ? 'done' : $err;
}

# Who owns the database installs the extension, in a schema of choice, and edits the rules.
as('shopkeeper', 'CREATE SCHEMA "Shop tools"; CREATE EXTENSION crm_ext SCHEMA "Shop tools"; GRANT USAGE ON SCHEMA "Shop tools" TO PUBLIC');
my $rules = '"Shop tools".rfm_rules';
is(as('shopkeeper', qq{SELECT "Shop tools".rfm_segment(555)}), 'Champions', 'the built-in rules');
as('shopkeeper', qq{INSERT INTO $rules VALUES (1, 'Mine', 4, 5, 1, 5, 1, 5, 'Call.'), (2, 'To delete', 1, 5, 1, 5, 1, 5, NULL)});
as('shopkeeper', qq{UPDATE $rules SET action = 'Call them.' WHERE position = 1; DELETE FROM $rules WHERE position = 2});
is(as('shopkeeper', q{SELECT "Shop tools".rfm_segment(555), "Shop tools".rfm_segment(355)}), 'Mine|Other', 'an ordinary owner of the database edits them');
like(refused('shopkeeper', qq{INSERT INTO $rules VALUES (3, 'x', 5, 4, 1, 5, 1, 5)}), qr/rfm_rules_r_min_over_max/, 'a rule with min over max is refused when written');
is(as('analyst', qq{SELECT segment, "Shop tools".rfm_segment(455) FROM $rules}), 'Mine|Mine', 'everybody reads them');
like(refused('analyst', $_), qr/permission denied for table rfm_rules/, "others may not: $_")
  for qq{INSERT INTO $rules VALUES (3, 'x', 1, 5, 1, 5, 1, 5)}, qq{UPDATE $rules SET segment = 'x'}, qq{DELETE FROM $rules}, qq{TRUNCATE $rules};

# Without privileges on the table a score still has its segment.
as('postgres', qq{REVOKE SELECT ON $rules FROM PUBLIC});
is(as('analyst', q{SELECT "Shop tools".rfm_segment(455)}), 'Mine', 'reading through the function needs no privilege');
as('postgres', qq{GRANT SELECT ON $rules TO PUBLIC});

# Other sessions see a change with their next query; a transaction with one snapshot does not.
my $other = sub { my ($sql) = @_; return "\\! psql -X -q -d shop -U shopkeeper -c \"$sql\"" };
my $change = sub { $other->("UPDATE \\\"Shop tools\\\".rfm_rules SET segment = '$_[0]'") };
is(as('analyst', join "\n", q{SELECT "Shop tools".rfm_segment(555);}, $change->('Ours'), q{SELECT "Shop tools".rfm_segment(555);},
		'BEGIN;', q{SELECT "Shop tools".rfm_segment(555);}, $change->('Theirs'), q{SELECT "Shop tools".rfm_segment(555);}, 'COMMIT;',
		'BEGIN ISOLATION LEVEL REPEATABLE READ;', q{SELECT "Shop tools".rfm_segment(555);}, $change->('Mine'), q{SELECT "Shop tools".rfm_segment(555);}, 'COMMIT;',
		q{SELECT "Shop tools".rfm_segment(555);}),
	"Mine\nOurs\nOurs\nTheirs\nTheirs\nTheirs\nMine", 'another session sees changes as its snapshots do');
as('shopkeeper', q{
	CREATE FUNCTION watch() RETURNS text[] LANGUAGE plpgsql AS $$
	DECLARE seen text[];
	BEGIN
		FOR i IN 1..2 LOOP
			seen := seen || "Shop tools".rfm_segment(555);
			EXECUTE 'COPY (SELECT) TO PROGRAM ''psql -X -q -d shop -U shopkeeper -c "UPDATE \"Shop tools\".rfm_rules SET segment = segment || 1"''';
		END LOOP;
		RETURN seen || "Shop tools".rfm_segment(555);
	END $$});
is(as('postgres', 'SELECT watch()'), '{Mine,Mine1,Mine11}', 'so does a function that runs on');
as('shopkeeper', qq{UPDATE $rules SET segment = 'Mine'});

# Under one snapshot for all of a transaction only the subtransaction tells these moments apart.
is(as('shopkeeper', q{
	CREATE FUNCTION segment_now() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN "Shop tools".rfm_segment(555); END $$;
	CREATE FUNCTION undone() RETURNS text[] LANGUAGE plpgsql AS $$
	DECLARE seen text[];
	BEGIN
		BEGIN
			UPDATE "Shop tools".rfm_rules SET segment = 'undone';
			seen := ARRAY[segment_now()];
			RAISE EXCEPTION 'undo';
		EXCEPTION WHEN raise_exception THEN
			RETURN seen || segment_now();
		END;
	END $$;
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	SELECT undone();
	COMMIT}), '{undone,Mine}', 'what a block has changed and undone');

# Moved, renamed
as('shopkeeper', 'CREATE SCHEMA crm; GRANT USAGE ON SCHEMA crm TO PUBLIC');
as('postgres', 'ALTER EXTENSION crm_ext SET SCHEMA crm'); # members belong to the bootstrap superuser
as('shopkeeper', 'ALTER SCHEMA crm RENAME TO tools');
is(as('analyst', q{SELECT tools.rfm_segment(555), tools.rfm_segment(111)}), 'Mine|Other', 'the rules move with the extension');

# Dump and restore
as('shopkeeper', q{
	CREATE COLLATION tools.backwards (provider = icu, locale = 'de-u-co-phonebk');
	CREATE TABLE cuts AS
		SELECT tools.rfm_cuts_agg(date '2024-01-01' + i, i % 3, i * 1.5, 5, ('ä' || i) COLLATE tools.backwards) AS k FROM generate_series(1, 50) i
		UNION ALL SELECT tools.rfm_cuts_agg(date '2024-01-01' + i, i % 3, i / 7.0) FROM generate_series(1, 50) i;
	CREATE TABLE scores AS SELECT i, tools.rfm_score(k, date '2024-01-01' + i, i % 3, i * 1.5, ('ä' || i)::text) AS s
		FROM generate_series(1, 50) i, cuts WHERE k::text ~ 'ids'});
my $state = q{SELECT string_agg(k::text, E'\n' ORDER BY k::text) FROM cuts UNION ALL
	SELECT string_agg(r::text, E'\n') FROM tools.rfm_rules r UNION ALL
	SELECT count(*)::text FROM scores, cuts WHERE k::text ~ 'ids' AND tools.rfm_score(k, date '2024-01-01' + i, i % 3, i * 1.5, ('ä' || i)::text) = s};
my $before = as('shopkeeper', $state);
like($before, qr/tools\.backwards.*\n.*Mine.*\n50$/s, 'what is to be kept');
my $dump = $node->basedir . '/shop.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('shop') ], 'pg_dump');
for my $by ('postgres', 'shopkeeper')
{
	$node->safe_psql('postgres', "DROP DATABASE IF EXISTS again; CREATE DATABASE again OWNER shopkeeper");
	$node->command_ok([ 'pg_restore', '-e', '-U', $by, '--no-comments', '-d', 'again', $dump ], "pg_restore by $by") ;
	is(as('shopkeeper', $state, 'again'), $before, "cuts, scores and rules restored by $by");
	is(as('analyst', 'SELECT tools.rfm_segment(555), tools.rfm_segment(111)', 'again'), 'Mine|Other', "segments by the restored rules ($by)");
}
as('shopkeeper', q{UPDATE tools.rfm_rules SET segment = 'Still mine'}, 'again');
is(as('shopkeeper', 'SELECT tools.rfm_segment(555)', 'again'), 'Still mine', 'and can be edited there');

# ALTER EXTENSION UPDATE leaves the rules alone: to a version of which only the name is new.
SKIP:
{
	my $destdir = $node->safe_psql('postgres', q{SELECT current_setting('extension_destdir', true)});
	my $path = $node->safe_psql('postgres', q{SELECT current_setting('extension_control_path', true)});
	chomp(my $sharedir = `pg_config --sharedir`);
	my $folder = $destdir ? "$destdir$sharedir/extension" : $path ? (split /:/, $path)[0] . '/extension' : '';
	my $version = as('shopkeeper', q{SELECT extversion FROM pg_extension WHERE extname = 'crm_ext'}, 'again');
	my $script = "$folder/crm_ext--$version--${version}renamed.sql";
	skip 'no folder of this extension to write to', 1 unless -w $folder && open my $out, '>', $script;
	print $out "SELECT 1;\n";
	close $out;
	as('shopkeeper', "ALTER EXTENSION crm_ext UPDATE TO '${version}renamed'", 'again');
	unlink $script;
	is(as('shopkeeper', q{SELECT extversion, tools.rfm_segment(555), tools.rfm_segment(111) FROM pg_extension WHERE extname = 'crm_ext'}, 'again'),
		"${version}renamed|Still mine|Other", 'ALTER EXTENSION UPDATE keeps them');
}

$node->stop;
done_testing();
