# The bounds on memory that the documentation states, measured on the running backend: what it
# holds beyond what it held before, at its peak. Linux only: the numbers are those of /proc.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => "memory is not that of the server alone under $ENV{CRM_UNDER}" if $ENV{CRM_UNDER};
plan skip_all => 'no /proc here' unless -r "/proc/$$/status" && slurp_file("/proc/$$/status") =~ /RssAnon/;

my $node = PostgreSQL::Test::Cluster->new('faults_memory');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
jit = off
autovacuum = off
max_parallel_workers_per_gather = 0
hash_mem_multiplier = 2
shared_buffers = 16MB
client_min_messages = error
END
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION crm_ext;
CREATE TABLE t AS SELECT i, (i::bigint * 7919 % 100003)::int AS buyer, date '2020-01-01' + i * 31 % 1700 AS at, (i % 997 + 0.25)::numeric(10,2) AS total,
	(i::bigint * 104729 % 1000003)::double precision AS x FROM generate_series(1, 400000) i;
CREATE TABLE h AS SELECT customer_id, history FROM histories_of('SELECT buyer, at, total FROM t', NULL::int);
CREATE FUNCTION status_kb(field text) RETURNS bigint LANGUAGE sql VOLATILE AS
	$$ SELECT (regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'), field || ':\s+(\d+)'))[1]::bigint $$;
END

# kB of private memory that a statement takes at its peak, beyond a first one of its kind.
sub growth
{
	my ($work_mem, $first, $sql) = @_;
	my $answer = $node->safe_psql('postgres', "SET work_mem = '$work_mem'; $first; SELECT count(i), count(x) FROM t; SELECT count(history) FROM h;
		SELECT 'before ' || status_kb('RssAnon'); $sql; SELECT 'peak ' || status_kb('VmHWM') - status_kb('RssFile') - status_kb('RssShmem')");
	my ($before) = $answer =~ /^before (\d+)/m;
	my ($peak) = $answer =~ /^peak (\d+)/m;
	return $peak - $before;
}

my $slack = 3 * 1024;    # what any statement may take, kB
sub within
{
	my ($kb, $limit, $name) = @_;
	cmp_ok($kb, '<=', $limit, "$name: $kb kB, at most $limit");
}

# What does not grow with the data: 100,000 customers, work_mem 1 MB.
my $months = "periods('2020-01-01', '2024-12-31', '1 month')";
my $few = '(SELECT * FROM h LIMIT 100) AS h';
within(growth('1MB', "SELECT count(*) FROM histories_of('SELECT buyer, at, total FROM t LIMIT 1000', NULL::int)", "SELECT count(*) FROM histories_of('SELECT buyer, at, total FROM t', NULL::int)"),
	2 * 1024 + $slack, 'histories_of at work_mem 1 MB stays within work_mem x hash_mem_multiplier');
for my $agg ("retention_agg(history, $months, 90)", "retention_agg(history, $months, NULL)", "cohort_agg(history, $months)", "cohort_agg(history, $months, 'unbounded')")
{
	within(growth('1MB', "SELECT $agg FROM $few", "SELECT $agg FROM h"), 1024 + $slack, "$agg at work_mem 1 MB: only its result");
}
my $before = $node->safe_psql('postgres', "SELECT temp_bytes FROM pg_stat_database WHERE datname = 'postgres'");
$node->safe_psql('postgres', "SET work_mem = '1MB'; SELECT retention_agg(history, $months, 90), cohort_agg(history, $months) FROM h; SELECT pg_stat_force_next_flush()");
is($node->safe_psql('postgres', "SELECT temp_bytes FROM pg_stat_database WHERE datname = 'postgres'"), $before, 'and nothing in files');
my $book = $node->safe_psql('postgres', 'SELECT pg_column_size(book_agg(buyer, at, total)) / 1024 FROM t');
within(growth('1MB', 'SELECT book_agg(buyer, at, total) IS NULL FROM t WHERE i < 1000', 'SELECT book_agg(buyer, at, total) IS NULL FROM t'),
	2 * $book + 2 * 1024 + $slack, "book_agg: twice its result ($book kB) and its buffer");

# Bytes for each thing an aggregate must remember, 1 MB of constants apart: its state when the
# last row comes, or the peak.
sub state_growth
{
	my ($first, $agg, $from, $last) = @_;
	my $answer = $node->safe_psql('postgres', "SET work_mem = '1MB'; $first; SELECT count(i), count(x) FROM t; SELECT status_kb('RssAnon') AS before \\gset
		SELECT 'grown ' || max(CASE WHEN $last THEN status_kb('RssAnon') END) - :before || ' ' || ($agg IS NULL) FROM $from");
	return $answer =~ /^grown (\d+)/m ? $1 : die $answer;
}
my $n = 400_000;
sub bytes { my ($kb, $things) = @_; return ($kb - 1024) * 1024 / $things }
sub bytes_within
{
	my ($bytes, $limit, $name) = @_;
	cmp_ok($bytes, '<=', $limit, sprintf('%s: %.1f bytes, at most %d', $name, $bytes, $limit));
}
bytes_within(bytes(state_growth('SELECT kaplan_meier(x, true) IS NULL FROM t WHERE i < 100', 'kaplan_meier(x, i % 3 = 0)', 't', "i = $n"), $n), 32, 'kaplan_meier, a distinct duration');
bytes_within(bytes(state_growth('SELECT rfm_cuts_agg(at, 1::bigint, total) IS NULL FROM t WHERE i < 100', 'rfm_cuts_agg(at, i::bigint, total)', 't', "i = $n"), $n), 32, 'rfm_cuts_agg, a customer');
bytes_within(bytes(growth('1MB', 'SELECT rfm_cuts_agg(at, 1::bigint, total) IS NULL FROM t WHERE i < 100', 'SELECT rfm_cuts_agg(at, i::bigint, total) IS NULL FROM t'), $n), 32, 'rfm_cuts_agg, a customer, at its peak');
bytes_within(bytes(growth('1MB', 'SELECT rfm_cuts_agg(at, 1::bigint, total, 5, 1::bigint) IS NULL FROM t WHERE i < 100', 'SELECT rfm_cuts_agg(at, i::bigint, total, 5, i::bigint) IS NULL FROM t'), $n), 40, 'rfm_cuts_agg with ids, a customer, at its peak');

# Fits: patterns, at whole days and at any time. As many patterns as rows.
my $whole = 100_000;
for my $family ('bg/nbd', 'mbg/nbd')
{
	my $few = "SELECT btyd_fit('$family', 1::bigint, 1, 2 + i) IS NULL FROM t WHERE i < 100";
	bytes_within(bytes(growth('1MB', $few, "SELECT btyd_fit('$family', (1 + i % 3)::bigint, (10 + i % 500) / 7::double precision, (600 + i / 500) / 7::double precision) IS NULL FROM t WHERE i <= $whole"), $whole),
		100, "btyd_fit $family, a pattern in whole days, at its peak");
}
bytes_within(bytes(growth('1MB', "SELECT btyd_fit('bg/nbd', 1::bigint, 1, 2 + i) IS NULL FROM t WHERE i < 100",
	"SELECT btyd_fit('bg/nbd', (1 + i % 3)::bigint, 10 + x / 1e5, 60 + x / 1e4) IS NULL FROM t WHERE i <= $whole"), $whole), 100, 'btyd_fit bg/nbd, a pattern at any time, at its peak');
bytes_within(bytes(growth('1MB', 'SELECT gamma_gamma_fit(1::bigint, i::double precision) IS NULL FROM t WHERE i < 100',
	"SELECT gamma_gamma_fit((1 + i % 3)::bigint, 10 + x / 1e4) IS NULL FROM t WHERE i <= $whole"), $whole), 100, 'gamma_gamma_fit, a pattern, at its peak');

$node->stop;
done_testing();
