# kill -9 in the middle: of a backend, and of the server with all its processes, while it
# attaches, refreshes, fits, and groups a table through temporary files. After each the server
# comes up, no temporary file is left, and the next refresh is exact.
#
#   make check TESTS=faults ROUNDS=100     so many kills; a few without ROUNDS
use strict;
use warnings;
use File::Find;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Sessions;
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = $ENV{ROUNDS} || 8;
my $seed = $ENV{SEED} || time ^ $$;
srand($seed);
note("SEED=$seed");

my $node = PostgreSQL::Test::Cluster->new('faults');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
jit = off
restart_after_crash = on
client_min_messages = error
work_mem = 256kB
max_parallel_workers_per_gather = 0
END
$node->start;
sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(<<'END');
CREATE EXTENSION crm_ext;
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer int, at date, total numeric(10,2));
INSERT INTO shop.orders (buyer, at, total)
SELECT i * 7919 % 8000, date '2023-01-01' + i * 31 % 900, i % 97 FROM generate_series(1, 60000) i;
CREATE INDEX ON shop.orders (buyer);
CREATE TABLE big AS SELECT (i::bigint * 7919 % 50021)::int AS buyer, date '2020-01-01' + i * 31 % 1700 AS at, i % 89 + 0.25 AS total FROM generate_series(1, 300000) i;
CREATE TABLE histories AS SELECT customer_id, history FROM histories_of('SELECT buyer, at, total FROM big', NULL::int);
SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', as_of => '2025-12-31');
END
my $big = sql("SELECT count(*), md5(string_agg(customer_id || history::text, ',' ORDER BY customer_id)) FROM histories");
my $fitted = sql("SELECT btyd_fit('pareto/nbd', history, '2025-12-31')::text FROM histories WHERE customer_id < 5000");

# What is under way when the kill comes: statements that go round and round until then.
my %work = (
	attach => "SELECT crm_attach('shop.orders', 'buyer', 'at', 'total', workspace => 'w_crash', as_of => '2025-12-31'); SELECT crm_detach('w_crash')",
	refresh => "UPDATE shop.orders SET total = total + 1, at = at - 1 WHERE buyer % 10 = 3; SELECT crm_refresh(refit => true)",
	rebuild => "DELETE FROM shop.orders WHERE id % 101 = 1; INSERT INTO shop.orders (buyer, at, total) SELECT i % 9000, '2025-03-01', 1 FROM generate_series(1, 500) i; SELECT crm_refresh(full => true)",
	fit => "SELECT btyd_fit('pareto/nbd', history, '2025-12-31'), gamma_gamma_fit(history, '2025-12-31') FROM histories",
	histories_of => "SET work_mem = '64kB'; SELECT count(*) FROM histories_of('SELECT buyer, at, total FROM big', NULL::int)",
);
my @names = sort keys %work;

# All files in folders for temporary files, of every tablespace.
sub temporary_files
{
	my @found;
	find({ wanted => sub { push @found, $File::Find::name if -f && $File::Find::name =~ m{/pgsql_tmp} }, follow_skip => 2 },
		$node->data_dir . '/base');
	return @found;
}

sub processes_of_server
{
	my ($postmaster) = @_;
	return map { /^\s*(\d+)\s+$postmaster\s*$/ ? $1 : () } `ps -A -o pid= -o ppid=`;
}

# As if the machine had lost power: the postmaster and every other process at once.
sub kill_server
{
	chomp(my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0]);
	my @children = processes_of_server($postmaster);
	$node->kill9;
	kill KILL => @children;
	for (1 .. 1200)
	{
		last unless kill 0, $postmaster, @children;    # a moment until they are gone
		sleep 0.05;
	}
	$node->start;
}

sub is_up { return ($node->psql('postgres', 'SELECT 1'))[0] == 0 }

my ($in_the_middle, $spilling) = (0, 0);
for my $round (1 .. $rounds)
{
	my $name = $names[ ($round - 1) % @names ];
	my $victim = ($round % 2) ? 'backend' : 'server';
	my ($worker, $writer) = (session($node), session($node));
	my $pid = run_in($worker, 'SELECT pg_backend_pid()');
	send_sql($worker, join ';', ($work{$name}) x 200);
	send_sql($writer, join ';', map { "INSERT INTO shop.orders (buyer, at, total) VALUES ($_ * 13, '2025-04-01', 2); DELETE FROM shop.orders WHERE buyer = $_ * 17" } 1 .. 400)
	  if $name =~ /attach|re/;
	my $until = time + 0.1 + rand(0.9);
	while (time < $until) { is_done($_, 0.03) for $worker, $writer }
	while ($name eq 'histories_of' && !temporary_files() && time < $until + 60) { is_done($worker, 0.01) }
	$spilling++ if temporary_files();
	$in_the_middle++ unless $worker->{out} =~ /^done/m;
	is($worker->{err} =~ /ERROR|FATAL/ ? $worker->{err} : '', '', "round $round, $name: nothing went wrong so far");
	if ($victim eq 'backend') { kill KILL => $pid }
	else { kill_server() }
	is_done($worker, 20);
	end_session($_) for $worker, $writer;
	my $up = 0;
	for (1 .. 600) { $up = is_up() and last; sleep 0.1 }
	ok($up, "round $round, $name, $victim killed: the server is up again") or last;
	is(join(' ', temporary_files()), '', "round $round: no temporary file is left");
	sql('SELECT crm_refresh()');
	is(sql(difference_sql('crm', 'shop.orders')), '0 0 0', "round $round: the next refresh is exact");
	my $half = sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'w_crash'");
	if ($half)
	{
		sql("SELECT crm_refresh('w_crash')");
		is(sql(difference_sql('w_crash', 'shop.orders')), '0 0 0', "round $round: an attach that was committed is whole");
		sql("SELECT crm_detach('w_crash')");
	}
	is(sql("SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%w_crash') + (SELECT count(*) FROM crm.changed_customers)"),
		'0', "round $round: nothing half done is left");
}
cmp_ok($in_the_middle, '>=', $rounds * 0.9, "kills came in the middle of the work: $in_the_middle of $rounds");
cmp_ok($spilling, '>', 0, "and while temporary files were there: $spilling");
is(sql("SET work_mem = '64kB'; SELECT count(*), md5(string_agg(customer_id || history::text, ',' ORDER BY customer_id)) FROM histories_of('SELECT buyer, at, total FROM big', NULL::int)"),
	$big, 'histories_of gives what it gave before');
is(sql("SELECT btyd_fit('pareto/nbd', history, '2025-12-31')::text FROM histories WHERE customer_id < 5000"), $fitted, 'and the fit its bits');
note("$rounds kills, $in_the_middle in the middle of the work, $spilling while temporary files were there");

$node->stop;
done_testing();
