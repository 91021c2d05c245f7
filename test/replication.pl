# Beside other servers: a hot standby answers every view and function of a workspace; a table of
# histories is published and subscribed; a subscriber's own workspace captures what replication
# writes, and its refreshes are exact.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Sessions;
use Test::More;

my $settings = <<'END';
jit = off
client_min_messages = error
wal_level = logical
synchronous_commit = on    # else the position to wait for may lie before the commit
max_worker_processes = 20
max_logical_replication_workers = 10
END
my $main = PostgreSQL::Test::Cluster->new('primary');
$main->init(allows_streaming => 'logical');
$main->append_conf('postgresql.conf', $settings);
$main->start;
sub sql { return $main->safe_psql('postgres', $_[0]) }

sql(<<'END');
CREATE EXTENSION crm_ext;
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer int, at date, total numeric(10,2));
INSERT INTO orders (buyer, at, total) SELECT i * 7919 % 2000, date '2023-01-01' + i * 31 % 900, i % 97 FROM generate_series(1, 20000) i;
CREATE INDEX ON orders (buyer);
SELECT crm_attach('orders', 'buyer', 'at', 'total', as_of => '2025-12-31');
END

# ------------------------------------------------------------------ hot standby

$main->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($main, 'base', has_streaming => 1);
$standby->start;

my @views = split /\n/, sql("SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' ORDER BY 1");
cmp_ok(scalar @views, '>=', 12, 'there are views to read');
my $spilled = "SELECT count(*), md5(string_agg(customer_id || history::text, ',' ORDER BY customer_id)) FROM histories_of('SELECT buyer, at, total FROM orders', NULL::int)";
my %asked = (
	(map { $_ => "SELECT count(*), md5(string_agg(v::text, ',' ORDER BY v::text)) FROM crm.$_ v" } @views),
	'crm.retention()' => "SELECT count(*), md5(string_agg(v::text, ',')) FROM crm.retention('1 month', '2023-01-01', '2025-12-31', 90) v",
	'crm.customers_as_of()' => "SELECT count(*), md5(string_agg(v::text, ',' ORDER BY v::text)) FROM crm.customers_as_of('2024-06-30') v",
	'histories_of through files' => "SET work_mem = '64kB'; $spilled",
	'book_agg' => "SELECT md5(string_agg(h::text, ',' ORDER BY customer_id)) FROM histories((SELECT book_agg(buyer, at, total) FROM orders), NULL::bigint) h",
	'btyd_fit' => "SELECT btyd_fit('pareto/nbd', history, '2025-12-31')::text FROM crm.customer_history",
	'rfm_segment' => "SELECT rfm_segment(555), rfm_segment(111)",
	'crm_sample_purchases' => "SELECT count(*), sum(amount) FROM crm_sample_purchases(50)",
	'crm_discover' => "SELECT count(*) FROM crm_discover()",
);
sub same_on_standby
{
	my ($when) = @_;
	$main->wait_for_catchup($standby);
	is($standby->safe_psql('postgres', $asked{$_}), sql($asked{$_}), "standby, $when: $_") for sort keys %asked;
}
same_on_standby('as it started');
sql("INSERT INTO rfm_rules SELECT position, segment || '!', r_min, r_max, f_min, f_max, m_min, m_max, action FROM rfm_default_rules()");
sql("DELETE FROM orders WHERE buyer % 20 = 3; INSERT INTO orders (buyer, at, total) SELECT i, '2025-06-01', 5 FROM generate_series(1990, 2100) i; SELECT crm_refresh()");
same_on_standby('after a refresh on the primary and other rules');
like(sql($asked{rfm_segment}), qr/!/, 'the rules are others');
sub refused
{
	my ($query) = @_;
	my (undef, undef, $err) = $standby->psql('postgres', "\\set VERBOSITY verbose\n$query");
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : "no error: $err";
}
is(refused('SELECT crm_refresh()'), '25006', 'a standby refuses a refresh');
is(refused("SELECT crm_attach('orders', 'buyer', 'at', workspace => 'other')"), '25006', 'and an attach');
$standby->stop;

# ------------------------------------------------------------------ histories published

my $sub = PostgreSQL::Test::Cluster->new('subscriber');
$sub->init(allows_streaming => 'logical');
$sub->append_conf('postgresql.conf', $settings);
$sub->start;
sub sub_sql { return $sub->safe_psql('postgres', $_[0]) }
sub_sql('CREATE EXTENSION crm_ext');
my $from = $main->connstr . ' dbname=postgres';
sub caught_up { $main->wait_for_catchup($_[0]) }

for my $binary ('false', 'true')
{
	my $name = "histories_$binary";
	sql("CREATE TABLE $name AS SELECT customer_id, history FROM crm.customer_history; ALTER TABLE $name ADD PRIMARY KEY (customer_id); CREATE PUBLICATION $name FOR TABLE $name");
	sub_sql("CREATE TABLE $name (customer_id int PRIMARY KEY, history purchase_history)");
	sub_sql("CREATE SUBSCRIPTION $name CONNECTION '$from' PUBLICATION $name WITH (binary = $binary)");
	$sub->wait_for_subscription_sync($main, $name);
	my $digest = "SELECT count(*), md5(string_agg(customer_id || history::text, ',' ORDER BY customer_id)) FROM $name";
	is(sub_sql($digest), sql($digest), "histories subscribed, binary = $binary: copied");
	sql("UPDATE $name SET history = history || '2025-12-30:12.34' WHERE customer_id % 7 = 0; DELETE FROM $name WHERE customer_id % 11 = 5; INSERT INTO $name VALUES (90001, '2025-01-01:1, 2025-01-05*0:-1')");
	caught_up($name);
	is(sub_sql($digest), sql($digest), 'and kept up');
	my $figures = "SELECT retention_agg(history, periods('2023-01-01', '2025-12-31', '1 month'), 90)::text, btyd_fit('bg/nbd', history, '2025-12-31')::text FROM $name";
	is(sub_sql($figures), sql($figures), 'the figures have the same bits');
	sub_sql("DROP SUBSCRIPTION $name");
}

# ------------------------------------------------------------------ a workspace over a subscribed table

sub exact { is(sub_sql(difference_sql($_[0], $_[1])), '0 0 0', $_[2]) }
sub kind { return sub_sql("SELECT last_kind FROM $_[0].status") }

sql('CREATE PUBLICATION orders FOR TABLE orders');
my $columns = 'id bigint PRIMARY KEY, buyer int, at date, total numeric(10,2)';
sub_sql("CREATE TABLE orders ($columns); CREATE INDEX ON orders (buyer)");
sub_sql("CREATE SUBSCRIPTION orders CONNECTION '$from' PUBLICATION orders");
$sub->wait_for_subscription_sync($main, 'orders');
sub_sql("SELECT crm_attach('orders', 'buyer', 'at', 'total', as_of => '2025-12-31')");
is(sub_sql('SELECT capture FROM crm.status'), 'row', 'a subscribed table is captured row by row');
is(sub_sql("SELECT string_agg(DISTINCT tgenabled::text, '') FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal"), 'A', 'by triggers that are ENABLE ALWAYS');
exact('crm', 'orders', 'filled: exact');
is(refused_there("SELECT crm_attach('orders', 'buyer', 'at', workspace => 'x', capture => 'statement')"), '0A000', 'statement triggers would not see it');

sub refused_there
{
	my ($query) = @_;
	my (undef, undef, $err) = $sub->psql('postgres', "\\set VERBOSITY verbose\n$query");
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : "no error: $err";
}

# Each of these arrives by replication; then the subscriber refreshes.
sub replicated
{
	my ($what, $change, $expected_kind) = @_;
	sql($change);
	caught_up('orders');
	cmp_ok(sub_sql('SELECT changes_waiting FROM crm.status'), '>', 0, "$what: captured");
	sub_sql('SELECT crm_refresh(refit => false)');
	is(kind('crm'), $expected_kind, "$what: $expected_kind");
	exact('crm', 'orders', "$what: exact");
}
replicated('inserts', "INSERT INTO orders (buyer, at, total) SELECT i, '2025-07-01', 3 FROM generate_series(100, 140) i", 'incremental');
replicated('updates', 'UPDATE orders SET total = total + 1 WHERE buyer BETWEEN 200 AND 220', 'incremental');
replicated('a changed customer', 'UPDATE orders SET buyer = 3000 WHERE buyer = 300', 'incremental');
replicated('deletes', 'DELETE FROM orders WHERE buyer BETWEEN 400 AND 410', 'incremental');
replicated('rows without a customer or a time', "INSERT INTO orders (buyer, at, total) VALUES (NULL, '2025-01-01', 1), (7, NULL, 1)", 'incremental');
replicated('a large transaction', 'UPDATE orders SET at = at + 1 WHERE buyer < 1500', 'full');
sub_sql("INSERT INTO orders VALUES (1000000, 55, '2025-08-01', 9)");
sub_sql('SELECT crm_refresh(refit => false)');
is(kind('crm'), 'incremental', 'a row written on the subscriber: incremental');
exact('crm', 'orders', 'a row written on the subscriber: exact');
sub_sql('DELETE FROM orders WHERE id = 1000000');
sub_sql('SELECT crm_refresh(refit => false)');
replicated('TRUNCATE', "TRUNCATE orders; INSERT INTO orders (buyer, at, total) SELECT i % 50, date '2025-01-01' + i, 1 FROM generate_series(1, 300) i", 'full');
replicated('what comes after it', "INSERT INTO orders (buyer, at, total) VALUES (3, '2025-07-07', 7)", 'incremental');

# Attached before the first copy: that is captured too. Subscribed after attaching: noticed.
sql("CREATE TABLE early (LIKE orders INCLUDING ALL); INSERT INTO early (buyer, at, total) SELECT i % 70, date '2024-01-01' + i, i FROM generate_series(1, 700) i; CREATE PUBLICATION early FOR TABLE early");
sub_sql("CREATE TABLE early ($columns); SELECT crm_attach('early', 'buyer', 'at', 'total', workspace => 'w_early', capture => 'row', as_of => '2025-12-31')");
sub_sql("CREATE TABLE late_capture ($columns); SELECT crm_attach('late_capture', 'buyer', 'at', 'total', workspace => 'w_late', as_of => '2025-12-31')");
is(sub_sql('SELECT capture FROM w_late.status'), 'statement', 'an ordinary table: statement triggers');
sub_sql("CREATE SUBSCRIPTION early CONNECTION '$from' PUBLICATION early");
$sub->wait_for_subscription_sync($main, 'early');
sub_sql("SELECT crm_refresh('w_early')");
exact('w_early', 'early', 'the first copy of a subscription is captured');
sql('CREATE TABLE late_capture (LIKE orders INCLUDING ALL); INSERT INTO late_capture (buyer, at, total) SELECT buyer, at, total FROM early; CREATE PUBLICATION late_capture FOR TABLE late_capture');
sub_sql("CREATE SUBSCRIPTION late_capture CONNECTION '$from' PUBLICATION late_capture");
$sub->wait_for_subscription_sync($main, 'late_capture');
sub_sql("SELECT crm_refresh('w_late')");
like(sub_sql('SELECT last_reason FROM w_late.status'), qr/does not see every change/, 'a table that became a subscriber\'s is no longer trusted to statement triggers');
exact('w_late', 'late_capture', 'and rebuilt: exact');

# A partitioned table on the subscriber, one partition added later.
sql("CREATE TABLE parted (LIKE orders INCLUDING ALL); CREATE PUBLICATION parted FOR TABLE parted");
sub_sql("CREATE TABLE parted (id bigint, buyer int, at date, total numeric(10,2), PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE parted_24 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); CREATE INDEX ON parted (buyer)");
sql('ALTER TABLE parted REPLICA IDENTITY FULL');
sub_sql("CREATE SUBSCRIPTION parted CONNECTION '$from' PUBLICATION parted");
$sub->wait_for_subscription_sync($main, 'parted');
sub_sql("SELECT crm_attach('parted', 'buyer', 'at', 'total', workspace => 'w_parted', as_of => '2025-12-31')");
is(sub_sql('SELECT capture FROM w_parted.status'), 'row', 'a partitioned table on a subscriber');
sub_sql("CREATE TABLE parted_25 PARTITION OF parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')");
sql("INSERT INTO parted (buyer, at, total) SELECT i % 40, date '2024-06-01' + i, i FROM generate_series(1, 400) i");
caught_up('parted');
sub_sql("SELECT crm_refresh('w_parted')");
exact('w_parted', 'parted', 'a new partition: exact');
sql("UPDATE parted SET at = at + 200 WHERE at < '2024-12-01' AND buyer = 5; DELETE FROM parted WHERE buyer = 6");
caught_up('parted');
sub_sql("SELECT crm_refresh('w_parted')");
is(kind('w_parted'), 'incremental', 'rows that move between partitions: incremental');
exact('w_parted', 'parted', 'rows that move between partitions: exact');

$_->stop for $sub, $main;
done_testing();
