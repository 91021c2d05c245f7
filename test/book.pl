# histories_of and book_agg under pressure: temporary files, cancel, cursors, memory.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $rows = 1_500_000;
my $node = PostgreSQL::Test::Cluster->new('book');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
jit = off
max_parallel_workers_per_gather = 0
autovacuum = off
log_temp_files = 0
END
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION crm_ext');
$node->safe_psql('postgres', <<END);
CREATE TABLE orders AS
SELECT 1 + floor(150000 * power(random(), 1.5))::bigint AS id,
	timestamptz '2020-01-01' + i * interval '40 seconds' AS at, (random() * 100)::numeric(10,2) AS amount
FROM generate_series(1, $rows) i;
CREATE TABLE one_customer AS
SELECT 1 AS id, date '0001-01-01' + (random() * 1000000)::int AS at FROM generate_series(1, 400000);
VACUUM ANALYZE orders, one_customer;
CREATE VIEW temporary_files AS SELECT count(*) AS n FROM pg_ls_tmpdir();
CREATE FUNCTION peak_kb() RETURNS bigint LANGUAGE sql AS
	\$\$ SELECT (regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'), 'VmHWM:\\s+(\\d+)'))[1]::bigint \$\$;
CREATE FUNCTION private_kb() RETURNS bigint LANGUAGE sql AS
	\$\$ SELECT (regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'), 'RssAnon:\\s+(\\d+)'))[1]::bigint \$\$;
END

sub ask { return $node->safe_psql('postgres', "SET work_mem = '$_[0]'; $_[1]"); }
sub files_left { return $node->safe_psql('postgres', 'SELECT n FROM temporary_files'); }
sub temp_bytes
{
	return $node->safe_psql('postgres',
		"SELECT pg_stat_force_next_flush(); SELECT temp_bytes FROM pg_stat_database WHERE datname = 'postgres'") =~ s/\s//gr;
}

my $query = "histories_of('SELECT id, at, amount FROM orders', NULL::bigint)";
my $digest = "SELECT count(*), md5(string_agg(customer_id || ' ' || md5(history::text), ',' ORDER BY customer_id)) FROM";

# In memory, spilled once, spilled again and again: the same rows.
my $in_memory = ask('256MB', "$digest $query");
like($in_memory, qr/^1\d{5}\|/, 'more than 100,000 customers');
is(ask('4MB', "$digest $query"), $in_memory, 'spilled: the same rows');
is(ask('64kB', "$digest $query"), $in_memory, 'spilled in several levels: the same rows');
is(ask('1MB', "$digest histories((SELECT book_agg(id, at, amount, 'Europe/Berlin') FROM orders), NULL::bigint)"),
	$in_memory, 'book_agg, packed many times: the same rows');
is(ask('256MB', "$digest (SELECT id AS customer_id, history_agg(at, amount, 'Europe/Berlin') AS history FROM orders GROUP BY id) x"),
	$in_memory, 'and those of GROUP BY');
like(slurp_file($node->logfile), qr/temporary file: path/, 'it did use temporary files');
is(files_left(), 0, 'none is left');

# A single customer larger than memory.
my $heavy = ask('256MB', "SELECT id, md5(history_agg(at)::text) FROM one_customer GROUP BY id");
is(ask('64kB', "SELECT customer_id, md5(history::text) FROM histories_of('SELECT id, at FROM one_customer', NULL::int)"),
	$heavy, 'one customer larger than memory');
is(ask('64kB', "SELECT coalesce(customer_id, 1), md5(history::text) FROM histories_of('SELECT NULL::int, at FROM one_customer', NULL::int)"),
	$heavy, 'one customer without an id, larger than memory');
is(ask('64kB', "SELECT customer_id, md5(history::text) FROM histories((SELECT book_agg(id, at) FROM one_customer), NULL::bigint)"),
	$heavy, 'the same as a book');
is(ask('64kB', "SELECT count(*), sum(purchases(history)) FROM histories_of('SELECT repeat(''x'', 100) || id % 3, at FROM orders', NULL::text)"),
	"3|$rows", 'a few customers with long ids');
is(files_left(), 0, 'no file is left');

# book_agg writes no file, whatever the memory.
my $before = temp_bytes();
ask('64kB', "SELECT book_agg(id, at, amount, 'UTC') IS NULL FROM orders WHERE id < 20000");
is(temp_bytes(), $before, 'book_agg writes no temporary file');

# Errors, cancel, cursors.
my ($rc, $out, $err) = $node->psql('postgres',
	"SET work_mem = '64kB'; SELECT count(*) FROM histories_of('SELECT id, at, 1 / ($rows - row_number() OVER ()) FROM orders', NULL::bigint)");
like($err, qr/division by zero/, 'an error in the last row of a spilled query');
is(files_left(), 0, 'leaves no file');
# The timeout falls into every phase: reading, spilling, sorting, writing the result.
for my $case (['4MB', $query], ['64kB', $query], ['256MB', $query],
	['256MB', "(SELECT book_agg(id, at, amount, 'UTC') FROM orders) x"], ['64kB', "(SELECT book_agg(id, at, amount, 'UTC') FROM orders) x"])
{
	my ($memory, $from) = @$case;
	my $worst = 0;
	for my $timeout (50, 150, 300, 450, 600)
	{
		my $start = time;
		($rc, $out, $err) = $node->psql('postgres',
			"SET work_mem = '$memory'; SET statement_timeout = $timeout; SELECT count(*) FROM $from");
		my $over = time - $start - $timeout / 1000;
		$worst = $over if $rc != 0 && $over > $worst;
	}
	cmp_ok($worst, '<', 1, "statement_timeout at work_mem $memory stops within a second: " . substr($from, 0, 30));
}
is(files_left(), 0, 'cancelled queries leave no file');
is(ask('64kB', "BEGIN; DECLARE c CURSOR FOR SELECT * FROM $query; FETCH 2 FROM c; CLOSE c; SELECT n FROM temporary_files") =~ s/.*\n//sr,
	0, 'a cursor closed early leaves no file');
is(ask('64kB', "BEGIN; DECLARE c CURSOR FOR SELECT $query; FETCH 2 FROM c; CLOSE c; SELECT n FROM temporary_files") =~ s/.*\n//sr,
	0, 'nor one over a call in the select list');
is(ask('64kB', "SELECT count(*) FROM (SELECT $query LIMIT 3) x; SELECT n FROM temporary_files") =~ s/.*\n//sr, 0, 'nor LIMIT');
unlike(slurp_file($node->logfile), qr/temporary file leak|WARNING/, 'no warning of a leak');

# Memory. What the backend has touched beyond what it had before, in kB.
sub growth
{
	my ($memory, $sql) = @_;
	my $answer = $node->safe_psql('postgres', "SET work_mem = '$memory'; SET hash_mem_multiplier = 2;
		SELECT count(*) FROM histories_of('SELECT id, at FROM orders LIMIT 1000', NULL::bigint);
		SELECT count(amount) FROM orders; SELECT private_kb(); $sql; SELECT peak_kb() - shared FROM
		(SELECT coalesce((regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'), 'RssShmem:\\s+(\\d+)'))[1]::bigint, 0)
			+ coalesce((regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'), 'RssFile:\\s+(\\d+)'))[1]::bigint, 0) AS shared) x");
	my @lines = split /\n/, $answer;
	return $lines[-1] - $lines[2];
}
SKIP:
{
	skip "memory: not that of the server alone under $ENV{CRM_UNDER}", 3 if $ENV{CRM_UNDER};
	skip 'memory: no /proc here', 3 unless -r "/proc/$$/status";
	my $slack = 4 * 1024;
	my $kb = growth('4MB', "SELECT count(*) FROM $query");
	cmp_ok($kb, '<', 8 * 1024 + $slack, "histories_of at work_mem 4MB stays within 8 MB: $kb kB");
	$kb = growth('16MB', "SELECT count(*) FROM $query");
	cmp_ok($kb, '<', 32 * 1024 + $slack, "histories_of at work_mem 16MB stays within 32 MB: $kb kB");
	my $book = ask('4MB', "SELECT pg_column_size(book_agg(id, at, amount, 'UTC')) / 1024 FROM orders");
	$kb = growth('4MB', "SELECT book_agg(id, at, amount, 'UTC') IS NULL FROM orders");
	cmp_ok($kb, '<', 2 * $book + 8 * 1024 + $slack, "book_agg stays within twice its result ($book kB) plus 8 MB: $kb kB");
}

$node->stop;
done_testing();
