# The disk is full while histories_of spills: 53100, nothing left, and it works again. The
# small disk is a tmpfs in a mount namespace of this test's own, in which its server runs; or
# $CRM_SMALL_DISK, a folder on a file system of some MB that the server's user may write to.
use strict;
use warnings;
use Test::More;

# Before the modules that redirect the output.
BEGIN
{
	my @own_mounts = qw(unshare --user --map-current-user --keep-caps --mount);
	if (!$ENV{CRM_SMALL_DISK})
	{
		plan skip_all => 'no small disk: neither user namespaces (unshare) nor CRM_SMALL_DISK'
		  if system("@own_mounts mount -t tmpfs -o size=6m tmpfs /tmp >/dev/null 2>&1") != 0;
		exec 'env', 'CRM_SMALL_DISK=mount', @own_mounts, $^X, (map { "-I$_" } @INC), $0 or die;
	}
}

use File::Temp qw(tempdir);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Sessions;

my $disk = $ENV{CRM_SMALL_DISK};
if ($disk eq 'mount')
{
	$disk = tempdir();
	system('mount', '-t', 'tmpfs', '-o', 'size=6m,mode=0700', 'tmpfs', $disk) == 0 or die 'mount';
}

sub free_kb { return (split ' ', (split /\n/, `df -Pk $disk`)[1])[3] }
cmp_ok(free_kb(), '<', 32 * 1024, 'a small disk');

my $node = PostgreSQL::Test::Cluster->new('faults_disk');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
jit = off
client_min_messages = error
max_parallel_workers_per_gather = 0
temp_tablespaces = small
END
$node->start;
sub sql { return $node->safe_psql('postgres', "SET temp_tablespaces = ''; $_[0]") }    # on the large disk
mkdir "$disk/tablespace" or die;
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk/tablespace'");
sql(<<'END');
CREATE EXTENSION crm_ext;
CREATE TABLE orders (buyer int, at date, total numeric(10,2));
INSERT INTO orders SELECT (i::bigint * 7919 % 50021)::int, date '2020-01-01' + i * 31 % 1700, i % 97 FROM generate_series(1, 600000) i;
CREATE INDEX ON orders (buyer);
SELECT crm_attach('orders', 'buyer', 'at', 'total', workspace => 'w', fill => false, as_of => '2025-12-31');
END

sub digest { return "SELECT count(*), md5(string_agg(customer_id || history::text, ',' ORDER BY customer_id)) FROM histories_of('$_[0]', NULL::int)" }
my $all = 'SELECT buyer, at, total FROM orders';
my $some = "$all WHERE buyer < 5000";
sub ask { return $node->safe_psql('postgres', "SET work_mem = '64kB'; $_[0]") }
# The SQLSTATE of what fails, or the answer.
sub state_of
{
	my ($sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET work_mem = '64kB'; $sql");
	return $err =~ /ERROR:\s+(\w{5}): ([^\n]*)/ ? "$1: $2" : $out;
}
sub files_left { return sql("SELECT (SELECT count(*) FROM pg_ls_tmpdir((SELECT oid FROM pg_tablespace WHERE spcname = 'small'))) + (SELECT count(*) FROM pg_ls_tmpdir())") }

my $expected_all = ask("SET temp_tablespaces = ''; " . digest($all));
my $expected_some = ask(digest($some));
my $free = free_kb();
for my $round (1 .. 3)
{
	like(state_of(digest($all)), qr/^53100: could not (?:write|extend)/, "round $round: a full disk is error 53100");
	is(files_left(), '0', 'no file is left');
	cmp_ok(free_kb(), '>=', $free - 64, 'the disk is as free as before');
	is(ask(digest($some)), $expected_some, 'what fits works');
}

# In one session, over and over, with the error caught.
is(ask("DO \$\$ BEGIN FOR i IN 1..3 LOOP BEGIN
	PERFORM count(*) FROM histories_of('$all', NULL::int);
	RAISE EXCEPTION 'not full';
	EXCEPTION WHEN disk_full THEN NULL; END; END LOOP; END \$\$; " . digest($some)), $expected_some, 'caught, the session goes on');
is(files_left(), '0', 'no file is left');
cmp_ok(free_kb(), '>=', $free - 64, 'and no space taken');

# A workspace's filling and its refresh.
like(state_of("SELECT crm_refresh('w')"), qr/^53100/, 'crm_refresh on a full disk');
is(sql('SELECT refreshed_at IS NULL FROM w.workspace_state'), 't', 'has done nothing');
is(files_left(), '0', 'and left nothing');
ask("SET temp_tablespaces = ''; SELECT crm_refresh('w')");
is(sql(difference_sql('w', 'orders')), '0 0 0', 'with room again it is exact');
sql("DELETE FROM orders WHERE buyer % 3 = 0");
like(state_of("SELECT crm_refresh('w')"), qr/^53100/, 'a later one on a full disk');
ask("SET temp_tablespaces = ''; SELECT crm_refresh('w')");
is(sql(difference_sql('w', 'orders')), '0 0 0', 'loses nothing');

$node->stop;
done_testing();
