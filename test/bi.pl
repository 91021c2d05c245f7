# The table of measures in docs/bi.md: every view that a tool may be granted, and only columns that are there.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bi');
$node->init;
$node->start;
$node->safe_psql('postgres', "SET client_min_messages = warning; CREATE EXTENSION crm_ext;
	CREATE TABLE orders AS SELECT customer_id, purchased_at, amount FROM crm_sample_purchases(2000);
	SELECT crm_attach('orders', 'customer_id', 'purchased_at', 'amount', as_of => '2025-12-20')");
{
	local @ENV{qw(PGHOST PGPORT PGDATABASE PGOPTIONS)} = ($node->host, $node->port, 'postgres', '-c client_min_messages=warning');
	command_ok([ qw(psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f test/include/attached.sql) ], 'everything is attached');
}
my %columns;
push @{ $columns{ $_->[0] } }, $_->[1] for map { [ split /\|/ ] } split /\n/, $node->safe_psql('postgres', q{
	SELECT DISTINCT relname, attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid
	WHERE relnamespace IN ('crm'::regnamespace, 'shop'::regnamespace) AND relkind = 'v' AND attnum > 0 AND relname NOT LIKE 'attached\_%'});

my (%named, @wrong);
for my $row (slurp_file('docs/bi.md') =~ /^\| (`.*) \|$/mg)
{
	my ($first, undef, @cells) = split / \| ?/, $row, -1;
	my @views = map { my $like = s/\.\.\.$/.*/r; grep { /^$like$/ } keys %columns } $first =~ /`(\w+(?:\.\.\.)?)`/g;
	@named{@views} = (1) x @views;
	for my $column (map { /`(\w+(?:\.\.\.)?)`/g } @cells)
	{
		my $like = $column =~ s/\.\.\.$/.*/r;
		push @wrong, "$first: $column" unless $column eq 'decay' || grep { /^$like$/ } map { @{ $columns{$_} } } @views;
	}
}
is("@wrong", '', 'every column of the table is one of its view');
is(join(' ', grep { !$named{$_} } sort keys %columns), 'attachments models status', 'every view is in the table but those about the workspace itself');

$node->stop;
done_testing();
