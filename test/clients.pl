# Every view of a workspace read by the clients that BI tools are built on: psycopg2, JDBC, ODBC.
# Those that are not installed are skipped by name.
use strict;
use warnings;
use File::Temp qw(tempdir);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('clients');
$node->init;
$node->start;
$node->safe_psql('postgres', <<'END');
SET client_min_messages = warning;
CREATE EXTENSION crm_ext;
CREATE TABLE orders AS SELECT customer_id, purchased_at, amount FROM crm_sample_purchases(300);
SELECT crm_attach('orders', 'customer_id', 'purchased_at', 'amount', workspace => 'BI tools', as_of => '2025-12-31');
CREATE TABLE plans AS SELECT i::bigint AS customer_id, date '2024-01-01' + i AS started, NULL::date AS ended, 5 AS mrr FROM generate_series(1, 310) i;
SELECT crm_attach_subscriptions('plans', 'customer_id', 'started', 'ended', 'mrr', 'BI tools');
CREATE TABLE costs AS SELECT m::date AS month, 100 AS spend FROM generate_series(date '2024-01-01', '2025-12-01', '1 month') m;
SELECT crm_attach_costs('costs', 'month', 'spend', workspace => 'BI tools');
CREATE TABLE talks AS SELECT i % 300::bigint AS customer_id, timestamptz '2025-01-01' + i * interval '5 hours' AS at, (ARRAY['inbound', 'outbound'])[1 + i * 7 % 11 % 2] AS direction
FROM generate_series(1, 1500) i;
SELECT crm_attach_interactions('talks', 'customer_id', 'at', 'direction', workspace => 'BI tools');
END

# What each client must find: view, columns, columns with comments, rows, values that are not NULL.
my @views = split /\n/, $node->safe_psql('postgres',
	"SELECT relname FROM pg_class WHERE relnamespace = '\"BI tools\"'::regnamespace AND relkind = 'v' ORDER BY relname COLLATE \"C\"");
my $expected = '';
for my $view (@views)
{
	my ($n, $counts) = split /\|/, $node->safe_psql('postgres',
		"SELECT count(*), string_agg(format('count(%I)', attname), ' + ') FROM pg_attribute WHERE attrelid = '\"BI tools\".$view'::regclass AND attnum > 0");
	$expected .= "$view|$n|$n|" . $node->safe_psql('postgres', "SELECT count(*), $counts FROM \"BI tools\".$view") . "\n";
}
cmp_ok(scalar @views, '>=', 12, 'there are views to read');

my $folder = tempdir(CLEANUP => 1);
chomp(my $user = $node->safe_psql('postgres', 'SELECT current_user'));
my $socket = $node->host . '/.s.PGSQL.' . $node->port;

sub found { my ($program) = @_; return grep { -x "$_/$program" } split /:/, $ENV{PATH} }

# Runs a command; what it printed, and an error as its text.
sub answer
{
	my ($out, $err) = ('', '');
	IPC::Run::run([@_], '<', \'', '>', \$out, '2>', \$err) or return "failed: $out$err";
	return $out;
}

SKIP:
{
	skip 'psycopg2 (python3-psycopg2) is not installed', 1 unless found('python3') && answer('python3', '-c', 'import psycopg2') eq '';
	is(answer('python3', 'test/clients/views.py', $node->connstr('postgres'), 'BI tools'), $expected, 'psycopg2 reads every view');
}

SKIP:
{
	my ($jar) = grep { -f } map { "$_/postgresql.jar" } '/usr/share/java', '/usr/share/java/postgresql-jdbc';
	skip 'JDBC (libpostgresql-jdbc-java) is not installed', 1 unless $jar;
	skip 'a Java compiler (default-jdk-headless) is not installed', 1 unless found('javac') && found('java');
	my $compiled = answer('javac', '-d', $folder, 'test/clients/Views.java');
	skip "Java is older than 16, which has Unix sockets: $compiled", 1 if $compiled =~ /UnixDomainSocketAddress/;
	is($compiled, '', 'the JDBC client compiles') if $compiled ne '';
	is(answer('java', '-cp', "$folder:$jar", 'Views', $socket, $user, 'postgres', 'BI tools'), $expected, 'JDBC reads every view');
}

SKIP:
{
	my ($driver) = grep { -f } map { glob "$_/psqlodbcw.so" } '/usr/lib/*/odbc', '/usr/lib64', '/usr/lib/psqlodbc', '/usr/local/lib';
	skip 'ODBC (unixodbc) is not installed', 2 unless found('isql');
	skip 'the ODBC driver (odbc-postgresql) is not installed', 2 unless $driver;
	my $connection = join ';', "Driver=$driver", 'Servername=' . $node->host, 'Port=' . $node->port, 'Database=postgres', "Username=$user";
	my $isql = sub {
		my ($query) = @_;
		my ($out, $err) = ('', '');
		IPC::Run::run([ 'isql', '-k', $connection, '-b', '-d|', '-v' ], '<', \"$query\n", '>', \$out, '2>', \$err) or return "failed: $out$err";
		return $out;
	};
	# The driver leaves a small log per process behind, wherever TMPDIR points.
	my %old = map { $_ => 1 } glob '/tmp/psqlodbc_isql*.log';
	my $listed = $isql->('help');
	is(join("\n", grep { $listed =~ /\|BI tools\|$_\|VIEW\|/ } @views), join("\n", @views), 'ODBC lists every view');
	my $got = '';
	for my $view (@views)
	{
		my @columns = split /\n/, $node->safe_psql('postgres', "SELECT attname FROM pg_attribute WHERE attrelid = '\"BI tools\".$view'::regclass AND attnum > 0");
		my @rows = grep { /\|/ || @columns == 1 } split /\n/, $isql->("SELECT * FROM \"BI tools\".$view");
		my $values = () = map { my @v = split /\|/, $_, -1; grep { $_ ne '' } @v[0 .. $#columns] } @rows;
		$got .= "$view|" . @columns . '|' . @columns . '|' . @rows . "|$values\n";
	}
	unlink grep { !$old{$_} && -O } glob '/tmp/psqlodbc_isql*.log';
	is($got, $expected, 'ODBC reads every view');
}

$node->stop;
done_testing();
