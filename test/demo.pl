# The report of make demo: it comes out whole for any ids and times, for one order and for
# orders without amounts, and its figures are those of plain SQL.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my @sections = ('KEY FIGURES', 'RETENTION, MONTH BY MONTH', 'RFM SEGMENTS', 'LIFECYCLE STAGES', 'TOP CUSTOMERS BY VALUE');

# The report on a table orders that $create makes, in a database of its own.
sub report
{
	my ($name, $create) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, "CREATE EXTENSION crm_ext; $create");
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	my $said = '';
	for my $part ('demo/histories.sql', 'demo/report.sql')
	{
		my ($stdout, $stderr) = run_command(
			[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', "title=$name", '-v', 'bar=#', '-d', $name, '-f', $part ]);
		is($stderr, '', "$name: $part runs");
		$said .= $stdout;
	}
	my @missing = grep { index($said, $_) < 0 } @sections;
	is("@missing", '', "$name: all sections are there");
	return $said;
}

# The value of a key figure, without thousands separators.
sub figure
{
	my ($said, $name) = @_;
	return $said =~ /^ \Q$name\E\s*\| (\S+)/m ? $1 =~ tr/,//dr : 'missing';
}

my $said = report('sample', 'CREATE TABLE orders AS SELECT customer_id, purchased_at, amount FROM crm_sample_purchases(500)');
is(figure($said, 'customers'), $node->safe_psql('sample', 'SELECT count(DISTINCT customer_id) FROM orders'), 'customers');
my $last_year = q{FROM (SELECT customer_id, amount, (purchased_at AT TIME ZONE current_setting('TimeZone'))::date AS day FROM orders) AS o,
	(SELECT max((purchased_at AT TIME ZONE current_setting('TimeZone'))::date) AS as_of FROM orders) AS last};
is(figure($said, 'revenue'),
	$node->safe_psql('sample', "SELECT round(sum(amount)) $last_year WHERE day > as_of - interval '1 year'"), 'revenue of 12 months');
is(figure($said, 'churn, 12 months'),
	$node->safe_psql('sample', "SELECT round(100.0 * count(*) FILTER (WHERE NOT now) / count(*), 1)
		FROM (SELECT bool_or(day > as_of - 90) AS now,
				bool_or(day <= as_of - interval '1 year' AND day >= (as_of + 1 - interval '1 year')::date - 90) AS before
			$last_year GROUP BY customer_id) AS c WHERE before"), 'churn of the year');
my %page = ('customers' => 'customers', 'active customers' => 'active_customers', 'repeat rate' => 'round(repeat_rate::numeric, 1)', 'revenue' => 'round(revenue_12m)',
	'average purchase' => 'round(average_purchase, 2)', 'top 20 % of customers' => 'round(top_20_revenue_share::numeric, 1)', 'CRR, 12 months' => 'round(crr_12m::numeric, 1)');
is(figure($said, $_), $node->safe_psql('sample', "SELECT $page{$_} FROM crm.kpis"), "$_: as on the page") for sort keys %page;
is(figure($said, 'top 20 % of customers'),
	$node->safe_psql('sample', 'SELECT round(100 * sum(spend) FILTER (WHERE place <= 100) / sum(spend), 1)
		FROM (SELECT sum(amount) AS spend, row_number() OVER (ORDER BY sum(amount) DESC) AS place
			FROM orders GROUP BY customer_id) AS c'), 'revenue of the best 100 of 500');
my @months = $said =~ /^ (\d{4}-\d\d) \|/mg;
is(scalar @months, 12, 'twelve months');

$said = report('texts', q{CREATE TABLE orders (customer_id text, purchased_at timestamptz, amount numeric);
	INSERT INTO orders VALUES ('Ann', '2024-12-31 23:30Z', 10), ('ann', '2025-01-05 12:00+01', 20.50), ('ann', '2025-02-05', -20.50)});
is(figure($said, 'customers'), 2, 'ids that differ in case are two customers');
like($said, qr/as of 2025-01-05 /, 'the last purchase is the day of the report, not the refund');
like($said, qr/^ Ann .* 2025-01-01 /m, '23:30 in London is the next day in Berlin');

$said = report('uuids', q{CREATE TABLE orders (customer_id uuid, purchased_at date, amount numeric);
	INSERT INTO orders SELECT md5((i % 20)::text)::uuid, date '2024-01-01' + i, i FROM generate_series(1, 500) AS i});
is(figure($said, 'customers'), 20, 'uuids');

$said = report('single', q{CREATE TABLE orders (customer_id bigint, purchased_at timestamp, amount numeric);
	INSERT INTO orders VALUES (1, '2024-02-29 12:00', NULL)});
is(figure($said, 'customers'), 1, 'one order without an amount');
like($said, qr/contractual CLV\s*\| -/, 'no CLV without customers of a year ago');

$node->stop;
done_testing();
