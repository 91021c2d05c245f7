# Every released install script (release/) with the newest library: it works, keeps what is
# stored, and ALTER EXTENSION UPDATE leads from it to the very catalog of a fresh installation.
use strict;
use warnings;
use Digest::SHA;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use StoredFigures;
use Test::More;

my @released = map { m{/crm_ext--([^-]+)\.sql$} ? $1 : () } sort glob('release/crm_ext--*.sql');
cmp_ok(scalar @released, '>', 0, 'there is a released version');
is(join('', map { Digest::SHA->new(256)->addfile($_)->hexdigest . '  ' . s{^release/}{}r . "\n" }
		  glob('release/crm_ext--*.sql release/calls-*.sql')),
	slurp('release/SHA256SUMS'), 'what is released is as it was');

my $node = PostgreSQL::Test::Cluster->new('upgrade');
$node->init;
$node->append_conf('postgresql.conf', "client_min_messages = warning\njit = off");
$node->start;

sub slurp { open my $in, '<', $_[0] or die "cannot read $_[0]: $!"; local $/; return <$in> }

sub in_db { my ($db, $sql) = @_; return $node->safe_psql($db, $sql) }

# What the calls of a release answer in a database.
sub answers
{
	my ($db, $file) = @_;
	my ($rc, $out, $err) = $node->psql($db,
		"BEGIN;\n\\set crm public\n" . slurp($file) . "\n\\echo :answers\n", on_error_stop => 1);
	return $rc == 0 ? $out : "failed: $err";
}

sub catalog_of { my ($db) = @_; return split /\n/, in_db($db, slurp('test/include/members.sql')) }

# Lines that only one of two lists has, marked by its name; twenty will do.
sub difference
{
	my ($one, $one_name, $two, $two_name) = @_;
	my (%one, %two);
	@one{@$one} = ();
	@two{@$two} = ();
	my @lines = ((map { "$one_name: $_" } grep { !exists $two{$_} } @$one),
		(map { "$two_name: $_" } grep { !exists $one{$_} } @$two));
	splice @lines, 20, @lines, '... ' . (@lines - 20) . ' more lines' if @lines > 20;
	return join "\n", @lines;
}

in_db('postgres', "CREATE DATABASE fresh");
in_db('fresh', 'CREATE EXTENSION crm_ext');
my $newest = in_db('fresh', "SELECT extversion FROM pg_extension WHERE extname = 'crm_ext'");
my @fresh = catalog_of('fresh');
cmp_ok(scalar @fresh, '>', 1000, 'the catalog is read');

for my $version (@released)
{
	# StoredFigures works in the database postgres
	in_db('template1', 'DROP DATABASE postgres') if $version ne $released[0];
	in_db('template1', 'CREATE DATABASE postgres') if $version ne $released[0];
	in_db('postgres', "CREATE EXTENSION crm_ext VERSION '$version'");
	is(in_db('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'crm_ext'"), $version, "$version installs with the newest library");

	my $calls = "release/calls-$version.sql";
	my $answers = answers('postgres', $calls);
	like($answers, qr/^rules /m, "$version: every room answers");
	is($answers, answers('fresh', $calls), "$version: as the newest version does");

	store_values($node);
	my $figures = figures_of($node);
	like($figures, qr/^SELECT \* FROM shop\.kpis: 1, /m, "$version: a workspace");
	is(refresh_differences($node), 'incremental incremental 0', "$version: and its refresh");
	$figures = figures_of($node);

	in_db('postgres', 'ALTER EXTENSION crm_ext UPDATE');
	is(in_db('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'crm_ext'"), $newest, "$version is updated to $newest");
	is(difference([ catalog_of('postgres') ], 'updated', \@fresh, 'fresh'), '', "$version: the update gives the catalog of a fresh installation");
	is(figures_of($node), $figures, "$version: all that is stored gives the same figures");
	is(refresh_differences($node), 'incremental incremental 0', "$version: its workspace goes on");
	is(in_db('postgres', <<'END'), 't|t|t|t', "$version: and has what a workspace of the newest version has");
SET client_min_messages = warning;
CREATE SCHEMA fresh;
CREATE TABLE plans AS SELECT DISTINCT buyer, date '2025-01-01' AS started, NULL::date AS ended, 5 AS mrr FROM orders;
DO $$ BEGIN
	PERFORM crm_attach('orders', 'buyer', 'at', 'total', workspace => 'fresh', time_zone => 'Europe/Berlin', as_of => '2025-12-31');
	PERFORM crm_attach_subscriptions('plans', 'buyer', 'started', 'ended', 'mrr', w) FROM unnest('{shop,fresh}'::name[]) AS w;
END $$;
WITH col AS (
	SELECT n.nspname, format('%s %s %s %s', c.relname, a.attname, a.atttypid, col_description(c.oid, a.attnum)) AS what
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
	WHERE n.nspname IN ('shop', 'fresh') AND c.relkind IN ('r', 'v'))
SELECT NOT EXISTS (SELECT what FROM col WHERE nspname = 'shop' EXCEPT SELECT what FROM col WHERE nspname = 'fresh'),
	NOT EXISTS (SELECT what FROM col WHERE nspname = 'fresh' EXCEPT SELECT what FROM col WHERE nspname = 'shop'),
	(SELECT customers_subscribed FROM shop.kpis) = (SELECT count(*) FROM plans WHERE buyer IS NOT NULL),
	(SELECT count(DISTINCT (proname, pg_get_function_arguments(oid), pg_get_function_result(oid), obj_description(oid, 'pg_proc'))) = 3 AND count(*) = 6
		FROM pg_proc WHERE pronamespace IN ('shop'::regnamespace, 'fresh'::regnamespace));
DROP TABLE plans CASCADE;
SET client_min_messages = error;
DO $$ BEGIN PERFORM crm_detach('fresh'), crm_refresh('shop'); END $$;
END
	in_db('postgres', 'TRUNCATE rfm_rules');
	is(answers('postgres', $calls), $answers, "$version: every room answers the same");
}

$node->stop;
done_testing();
