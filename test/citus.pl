# Orders distributed by Citus on the customer's id, over two workers: aggregates by customer are
# computed where the customer is, global ones as partial aggregates, and every figure has the
# bits of a single server. Citus connects its nodes by TCP: on the loopback interface only.
use strict;
use warnings;
use Figures;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

chomp(my $sharedir = `pg_config --sharedir`);
plan skip_all => 'Citus is not installed' unless -f "$sharedir/extension/citus.control";

my $customers = 1500;

sub node
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = 'citus'
listen_addresses = '127.0.0.1'
citus.node_conninfo = 'sslmode=prefer'
citus.shard_count = 8
wal_level = logical
jit = off
client_min_messages = warning
END
	$node->append_conf('pg_hba.conf', 'host all all 127.0.0.1/32 trust');
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION citus');
	return $node;
}

my $main = node('coordinator');
my @workers = (node('worker_a'), node('worker_b'));
sub ask { return $main->safe_psql('postgres', join ";\n", @_) }

ask("SELECT citus_set_coordinator_host('127.0.0.1', " . $main->port . ')',
	map { "SELECT citus_add_node('127.0.0.1', " . $_->port . ')' } @workers);
ask('CREATE EXTENSION crm_ext');
is($_->safe_psql('postgres', "SELECT count(*) FROM pg_extension WHERE extname = 'crm_ext'"), '1', $_->name . ' has the extension') for @workers;

ask('CREATE SCHEMA whole', 'CREATE TABLE whole.orders AS ' . orders_sql($customers),
	'CREATE TABLE whole.subscriptions AS ' . subscriptions_sql($customers),
	'CREATE TABLE orders (customer_id bigint, purchased_at timestamptz, amount numeric)',
	'CREATE TABLE subscriptions (customer_id bigint, valid daterange, mrr numeric)',
	'CREATE TABLE customer_history (customer_id bigint, history purchase_history)',
	"SELECT create_distributed_table('orders', 'customer_id')",
	"SELECT create_distributed_table('subscriptions', 'customer_id', colocate_with => 'orders')",
	"SELECT create_distributed_table('customer_history', 'customer_id', colocate_with => 'orders')",
	'INSERT INTO orders SELECT customer_id, purchased_at, amount FROM whole.orders',
	'INSERT INTO subscriptions SELECT * FROM whole.subscriptions',
	'INSERT INTO customer_history ' . (histories_from('orders') =~ s/^\((.*)\)$/$1/sr));
cmp_ok(ask("SELECT count(DISTINCT nodeport) FROM citus_shards WHERE table_name = 'orders'::regclass"), '==', 2, 'the shards are on two workers');

# What runs where.
sub plan_of { return ask("EXPLAIN (VERBOSE, COSTS OFF) $_[0]") }
my $plan = plan_of("SELECT customer_id, history_agg(purchased_at, amount, 'Europe/Berlin') FROM orders GROUP BY customer_id");
like($plan, qr/\ACustom Scan \(Citus Adaptive\)/, 'history_agg by customer: nothing is left to the coordinator') or diag($plan);
like($plan, qr/->\s+Task\n.*Aggregate.*history_agg/s, 'each shard aggregates its customers');
my $histories = histories_from('orders');
my %global = (
	'retention_agg' => "retention_agg(history, periods('2023-01-01', '2025-12-31', '1 month'), 90)",
	'cohort_agg' => "cohort_agg(history, periods('2023-01-01', '2025-12-31', '1 month'))",
	'btyd_fit' => "btyd_fit('bg/nbd', history, date '2025-12-31')",
	'rfm_cuts_agg' => "rfm_cuts_agg(history, date '2025-12-31')",
	'top_share' => 'top_share(spend(history)::double precision)',
);
for my $name (sort keys %global)
{
	for my $from ("$histories AS h", 'customer_history AS h')
	{
		$plan = plan_of("SELECT $global{$name} FROM $from");
		like($plan, qr/coord_combine_agg.*worker_partial_agg/s, "$name over " . substr($from, 0, 30) . ': partial states from the shards') or diag($plan);
	}
}

my @whole = figures(\&ask, 'whole.orders', 'whole.subscriptions');
is(join(', ', map { $_->[0] } grep { $_->[1] eq '' } @whole), '', 'every figure has a value');
for my $from ([ 'from orders', $histories ], [ 'from stored histories', 'customer_history' ])
{
	my @got = figures(\&ask, 'orders', 'subscriptions', $from->[1]);
	is($got[$_][1], $whole[$_][1], "$from->[0]: $whole[$_][0]") for 0 .. $#whole;
}

$_->stop for $main, @workers;
done_testing();
