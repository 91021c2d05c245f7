# Orders spread over two servers by postgres_fdw, hash partitions on the customer's id:
# histories are computed on the shards, and every figure has the bits of a single server.
use strict;
use warnings;
use Figures;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $customers = 1500;
my $settings = "jit = off\nautovacuum = off\nclient_min_messages = warning\n";

sub node
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', $settings);
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION crm_ext');
	return $node;
}

my $main = node('coordinator');
my @shards = (node('shard_a'), node('shard_b'));
sub ask { return $main->safe_psql('postgres', join ";\n", @_) } # one session, one statement each

plan skip_all => 'postgres_fdw is not installed'
  unless ask("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'");

# postgres_fdw ships no function that has a constant of a collatable type among its arguments,
# a zone's name for one. A day computed where the order is stored, or a zone that is a column, goes.
my $on_day = "purchased_on date GENERATED ALWAYS AS ((purchased_at AT TIME ZONE 'Europe/Berlin')::date) STORED";
my %columns = (
	orders => "customer_id bigint, purchased_at timestamptz, amount numeric, $on_day, zone text DEFAULT 'Europe/Berlin'",
	subscriptions => 'customer_id bigint, valid daterange, mrr numeric',
	customer_history => 'customer_id bigint, history purchase_history');

# One server knows all of it: the figures to equal.
ask('CREATE SCHEMA whole', "CREATE TABLE whole.orders ($columns{orders})",
	'INSERT INTO whole.orders (customer_id, purchased_at, amount) ' . orders_sql($customers),
	'CREATE TABLE whole.subscriptions AS ' . subscriptions_sql($customers), 'VACUUM ANALYZE');
my @whole = figures(\&ask, 'whole.orders', 'whole.subscriptions');

# The coordinator's tables: four partitions, two on each shard.
ask('CREATE EXTENSION postgres_fdw');
for my $i (0, 1)
{
	my ($host, $port) = ($shards[$i]->host, $shards[$i]->port);
	ask("CREATE SERVER shard_$i FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'crm_ext')",
		"CREATE USER MAPPING FOR CURRENT_USER SERVER shard_$i");
}
sub distribute
{
	my ($table, $source) = @_;
	ask("CREATE TABLE $table ($columns{$table}) PARTITION BY HASH (customer_id)");
	for my $i (0 .. 3)
	{
		my $on = $i % 2;
		$shards[$on]->safe_psql('postgres', "CREATE TABLE ${table}_$i ($columns{$table})");
		ask("CREATE FOREIGN TABLE ${table}_$i PARTITION OF $table FOR VALUES WITH (MODULUS 4, REMAINDER $i) SERVER shard_$on");
	}
	ask("INSERT INTO $table $source");
	$_->safe_psql('postgres', 'ANALYZE') for @shards;
	ask("ANALYZE $table");
}
distribute('orders', '(customer_id, purchased_at, amount) SELECT customer_id, purchased_at, amount FROM whole.orders');
distribute('subscriptions', 'TABLE whole.subscriptions');
for my $shard (@shards)
{
	cmp_ok($shard->safe_psql('postgres', 'SELECT (SELECT count(*) FROM orders_' . ($shard == $shards[0] ? 0 : 1) . ')'), '>', 1000, $shard->name . ' holds orders');
}

# What is computed where, as EXPLAIN VERBOSE says.
my $push = 'SET enable_partitionwise_aggregate = on';
sub plan_of { return ask($push, "EXPLAIN (VERBOSE, COSTS OFF) $_[0]") }
sub computed_on_shards
{
	my ($name, $query, $remote) = @_;
	my $plan = plan_of($query);
	my @asked = $plan =~ /Remote SQL: ([^\n]*)/g;
	is(scalar(grep { /$remote/ && /GROUP BY/ } @asked), 4, "$name: each of the four partitions is grouped on its shard")
	  or diag($plan);
	is(scalar(@asked), 4, "$name: and nothing else is asked of them");
	return $plan;
}
my $histories = histories_from('orders', 'purchased_on, amount');
my $plan = computed_on_shards('history_agg', "SELECT customer_id, history_agg(purchased_on, amount) FROM orders GROUP BY customer_id", 'history_agg\(');
unlike($plan, qr/(?:Hash|Group|Sort)Aggregate|^Aggregate/m, 'history_agg: nothing is aggregated on the coordinator');
computed_on_shards('history_agg, zone in a column', "SELECT customer_id, history_agg(purchased_at, amount, zone) FROM orders GROUP BY customer_id", 'history_agg\(');
$plan = computed_on_shards('retention_agg', "SELECT retention_agg(history, periods('2023-01-01', '2025-12-31', '1 month'), 90) FROM $histories AS h", 'history_agg\(');
is(() = $plan =~ /Aggregate\n/g, 1, 'retention_agg: one aggregate on the coordinator, over histories') or diag($plan);
computed_on_shards('subscription_agg', 'SELECT customer_id, subscription_agg(valid, mrr) FROM subscriptions GROUP BY customer_id', 'subscription_agg\(');
computed_on_shards('figures of a history', "SELECT customer_id, purchase_days(history_agg(purchased_on, amount)) FROM orders GROUP BY customer_id", 'purchase_days\(');
$plan = plan_of("SELECT history_agg(purchased_on, amount) FROM orders WHERE customer_id = 17");
is(join('; ', $plan =~ /Remote SQL: ([^\n]*)/g) =~ s/.* WHERE/WHERE/r, 'WHERE ((customer_id = 17))', 'one customer is asked of one shard');
like(plan_of("SELECT customer_id FROM orders GROUP BY customer_id HAVING spend(history_agg(purchased_on, amount)) > 500"),
	qr/Remote SQL:[^\n]*HAVING[^\n]*spend\(/, 'HAVING goes there too');
unlike(plan_of("SELECT customer_id, history_agg(purchased_at, amount, 'Europe/Berlin') FROM orders GROUP BY customer_id"), qr/Remote SQL:[^\n]*history_agg/,
	'a zone that is a constant stays here: a limit of postgres_fdw, as docs/scaling.md says');

# A call without a zone is not there to be shipped by mistake.
my (undef, undef, $err) = $main->psql('postgres', 'SELECT customer_id, history_agg(purchased_at, amount) FROM orders GROUP BY 1');
like($err, qr/function history_agg\(timestamp with time zone, numeric\) does not exist/, 'a timestamptz needs its zone named');

sub same_figures
{
	my ($name, @sharded) = @_;
	is($sharded[$_][1], $whole[$_][1], "$name: $whole[$_][0]") for 0 .. $#whole;
}
is(join(', ', map { $_->[0] } grep { $_->[1] eq '' } @whole), '', 'every figure has a value');
my $ask_shards = sub { ask($push, @_) };
same_figures('computed on the shards', figures($ask_shards, 'orders', 'subscriptions', $histories));
same_figures('rows fetched', figures($ask_shards, 'orders', 'subscriptions'));
is(ask($push, "SELECT md5(string_agg(customer_id || ' ' || history::text, ',' ORDER BY customer_id)) FROM " . histories_from('orders', 'purchased_at, amount, zone') . ' h') =~ s/^/$customers|/r,
	$whole[0][1], 'zone in a column: history_agg');

# Histories stored on the shards: the coordinator reads 60 bytes a customer.
ask('CREATE TABLE whole.customer_history AS SELECT * FROM ' . histories_from('whole.orders') . ' AS h');
distribute('customer_history', 'TABLE whole.customer_history');
same_figures('histories stored on the shards', figures($ask_shards, 'orders', 'subscriptions', 'customer_history'));
like(plan_of("SELECT customer_id FROM customer_history WHERE purchase_days(history) > 3"), qr/Remote SQL:[^\n]*purchase_days/,
	'conditions on stored histories are checked on the shards');
$plan = plan_of("SELECT customer_id, spend(history), frequency(history, '2025-12-31') FROM customer_history ORDER BY 2 DESC LIMIT 10");
is(ask("SELECT md5(string_agg(x::text, ',')) FROM (SELECT customer_id, spend(history), frequency(history, '2025-12-31') FROM customer_history ORDER BY 2 DESC, 1 LIMIT 10) x"),
	ask("SELECT md5(string_agg(x::text, ',')) FROM (SELECT customer_id, spend(history), frequency(history, '2025-12-31') FROM whole.customer_history ORDER BY 2 DESC, 1 LIMIT 10) x"),
	'the ten best customers');

# A workspace over the sharded table: rebuilt by every refresh, its views equal.
for my $source ('orders', 'whole.orders')
{
	ask("SELECT crm_attach('$source', 'customer_id', 'purchased_at', 'amount', workspace => '" . ($source =~ /\./ ? 'w_whole' : 'w_sharded') . "', time_zone => 'Europe/Berlin', as_of => '2025-12-31')");
}
is(ask("SELECT capture FROM w_sharded.status"), 'none', 'over foreign partitions nothing is captured');
for my $view (split /\n/, ask("SELECT relname FROM pg_class WHERE relnamespace = 'w_sharded'::regnamespace AND relkind = 'v' AND relname NOT IN ('status', 'models') ORDER BY 1"))
{
	my ($sharded, $whole) = map { ask("SELECT count(*), md5(string_agg(v::text, ',' ORDER BY v::text)) FROM $_.$view v") } 'w_sharded', 'w_whole';
	is($sharded, $whole, "workspace over shards: $view");
}
ask('DELETE FROM orders WHERE customer_id % 10 = 3', "INSERT INTO orders (customer_id, purchased_at, amount) VALUES (17, '2025-06-01 12:00+02', 5)", "SELECT crm_refresh('w_sharded')");
is(ask("SELECT count(*) FROM w_sharded.customer_history h FULL JOIN $histories g USING (customer_id) WHERE (h.history = g.history) IS NOT TRUE"), '0', 'refreshed, it is exact');

$_->stop for $main, @shards;
done_testing();
