# Every long loop answers a cancel and statement_timeout within a second: each kind of work is
# measured, then stopped at moments spread over its time, those of its last loops among them.
# The work of plain `make check` is short, so that the limit is a part of its time; with ROUNDS
# it takes many seconds each, and then a loop without a check would show as one. CRM_WORK, a pattern,
# chooses among the kinds.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Sessions;
use Test::More;
use Time::HiRes qw(time);

my $long = $ENV{ROUNDS} ? 1 : 0;
my $rows = $long ? 300_000 : 120_000;
my $scale = $long ? 12 : 1;    # how often the tables are read in one statement
my $node = PostgreSQL::Test::Cluster->new('faults_cancel');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
jit = off
autovacuum = off
client_min_messages = error
max_parallel_workers_per_gather = 0
work_mem = 64MB
END
$node->start;
$node->safe_psql('postgres', <<"END");
CREATE EXTENSION crm_ext;
CREATE TABLE t AS SELECT i, (i::bigint * 7919 % 100003)::int AS buyer, date '2020-01-01' + i * 31 % 1700 AS at, (i % 997 + 0.25)::numeric(10,2) AS total,
	(i::bigint * 104729 % 1000003)::double precision AS x FROM generate_series(1, $rows) i;
CREATE TABLE h AS SELECT customer_id, history FROM histories_of('SELECT buyer, at, total FROM t', NULL::int);
CREATE TABLE subscribed AS SELECT customer_id, subscription_agg(daterange(first_purchase(history), last_purchase(history) + 1), 5) AS s FROM h GROUP BY 1;
CREATE TABLE m AS SELECT btyd_model('bg/nbd', '{0.25, 4.5, 0.8, 2.5}') AS model;
CREATE UNIQUE INDEX ON t (i);
VACUUM ANALYZE;
END

my $n = "generate_series(0, $scale - 1) AS n";
my $months = "periods('2020-01-01', '2024-12-31', '1 month')";
my $days = "periods('2020-01-01', '2024-12-31', '1 day')";
my $orders = "SELECT buyer + 200000 * n, at, total FROM t, $n";
# What is measured, and what comes before it.
my @work = (
	[ 'crm_attach', "SELECT crm_attach('t', 'buyer', 'at', 'total', workspace => 'w_cancelled')" ],
	[ 'crm_refresh, rebuild', "SELECT crm_refresh('w', full => true)" ],
	[ 'crm_refresh, changes', "SELECT crm_refresh('w')", 'UPDATE t SET total = total + 1 WHERE buyer < 9000' ],
	[ 'histories_of in memory', "SELECT count(*) FROM histories_of('$orders', NULL::int)" ],
	[ 'histories_of through files', "SELECT count(*) FROM histories_of('$orders', NULL::int)", "SET LOCAL work_mem = '64kB'" ],
	[ 'histories_of, one customer', "SELECT count(*) FROM histories_of('SELECT 1, at, total FROM t, $n', NULL::int)", "SET LOCAL work_mem = '64kB'" ],
	[ 'book_agg', "SELECT book_agg(buyer + 200000 * n, at, total) IS NULL FROM t, $n" ],
	[ 'book_agg, packed', "SELECT book_agg(buyer + 200000 * n, at, total) IS NULL FROM t, $n", "SET LOCAL work_mem = '1MB'" ],
	[ 'history_agg, one customer', "SELECT history_agg(at, total) IS NULL FROM t, $n" ],
	[ 'retention_agg', "SELECT retention_agg(history, $months, 90) IS NULL FROM h, $n" ],
	[ 'retention_agg, days', "SELECT retention_agg(history, $days, NULL) IS NULL FROM h, $n" ],
	[ 'cohort_agg', "SELECT cohort_agg(history, $months) IS NULL FROM h, $n" ],
	[ 'cohort_agg, many cells', "SELECT cohort_agg(history, periods('2020-01-01', '2024-12-31', '3 days'), 'unbounded') IS NULL FROM h, $n WHERE n < 3" ],
	[ 'ladder_agg', "SELECT ladder_agg(history, '2025-01-01') IS NULL FROM h, $n" ],
	[ 'kaplan_meier', "SELECT kaplan_meier(x + n * 0.01::double precision, i % 3 = 0) IS NULL FROM t, $n" ],
	[ 'rfm_cuts_agg', "SELECT rfm_cuts_agg(at, i::bigint, total, 5) IS NULL FROM t, $n" ],
	[ 'rfm_cuts_agg, ties split', "SELECT rfm_cuts_agg(at, (i % 7)::bigint, total, 5, i::bigint) IS NULL FROM t, $n" ],
	[ 'rfm_cuts_agg, text ids', "SELECT rfm_cuts_agg(at, (i % 7)::bigint, total, 5, i::text) IS NULL FROM t, $n" ],
	[ 'rfm_score over', "SELECT max(r) FROM (SELECT rfm_score(at, i::bigint, total) OVER () AS r FROM t, $n) x" ],
	[ 'top_share', "SELECT top_share(x + n * 0.01::double precision, 0.2::double precision) FROM t, $n" ],
	(map { [ "btyd_fit, $_", "SELECT btyd_fit('$_', history, '2025-12-31') IS NULL FROM h, $n" ] } 'bg/nbd', 'mbg/nbd', 'pareto/nbd', 'bg/bb'),
	[ 'btyd_fit, fractional times', "SELECT btyd_fit('pareto/nbd', (1 + i % 5)::bigint, 10 + (x + n) / 4e5, 60 + x / 3e5) IS NULL FROM t, $n WHERE i < 1500" ],
	[ 'btyd_fit, many patterns', "SELECT btyd_fit('bg/nbd', (1 + i % 5)::bigint, 10 + (x + n) / 4e5, 60 + x / 3e5) IS NULL FROM t, $n WHERE i < 20000" ],
	[ 'gamma_gamma_fit', "SELECT gamma_gamma_fit((1 + i % 5)::bigint, x + n * 0.01::double precision) IS NULL FROM t, $n WHERE i < 30000" ],
	[ 'sbg_fit', "SELECT sbg_fit(i, i % 3 = 0) IS NULL FROM t, $n WHERE i < 30000" ],
	[ 'btyd_validate', "SELECT btyd_validate(model, history, '2023-01-01', '2023-12-31') IS NULL FROM h, m, $n" ],
	[ 'crm_sample_purchases', "SELECT count(*) FROM crm_sample_purchases(20000 * $scale)" ],
	[ 'subscription_agg', "SELECT subscription_agg(daterange(at, at + 30), total) IS NULL FROM t, $n" ],
	[ 'mrr_agg', "SELECT mrr_agg(s, $days) IS NULL FROM subscribed, $n" ],
	[ 'dert of everybody', "SELECT sum(dert(model, 0.001, history, '2025-12-31')) FROM h, m, $n WHERE customer_id < 3000" ],
);
@work = grep { $_->[0] =~ /$ENV{CRM_WORK}/ } @work if $ENV{CRM_WORK};
$node->safe_psql('postgres', "SELECT crm_attach('t', 'buyer', 'at', 'total', workspace => 'w')");

# One session for the work, one that cancels.
my ($worker, $other) = (session($node), session($node));
my $pid = run_in($worker, 'SELECT pg_backend_pid()');

# Runs it in a transaction that is rolled back, and stops it after so many seconds (undef: not).
# Gives the seconds from then to the answer, and the SQLSTATE of an error or ''.
sub attempt
{
	my ($sql, $before, $how, $after) = @_;
	run_in($worker, 'BEGIN' . ($before ? "; $before" : ''));
	run_in($worker, 'SET LOCAL statement_timeout = ' . (int($after * 1000) || 1)) if $how eq 'timeout';
	my $start = time + ($how eq 'timeout' ? $after : 0);
	send_sql($worker, $sql);
	my $done = $how eq 'cancel' && is_done($worker, $after);
	if ($how eq 'cancel' && !$done)
	{
		run_in($other, "SELECT pg_cancel_backend($pid)");
		$start = time;
	}
	$done or is_done($worker, 300) or die "no answer to: $sql";
	my $seconds = $done ? 0 : time - $start;    # it may have been over before the cancel
	my ($state) = $worker->{err} =~ /ERROR:\s+(\w{5})/;
	1 while run_in($worker, 'ROLLBACK') =~ /^\w{5}$/;    # a late cancel may hit that
	return ($seconds, $state // '');
}

my @moments = $long ? (0.1, 0.3, 0.5, 0.7, 0.85, 0.93, 0.98) : (0.4, 0.9);
my ($stopped, $worst_of_all) = (0, 0);
for (@work)
{
	my ($name, $sql, $before) = @$_;
	my ($whole, $error) = attempt($sql, $before, 'whole');
	is($error, '', "$name runs") or diag($worker->{err});
	my $most = $long ? 1 : $whole < 2 ? 0.25 + $whole / 3 : 1;
	my ($worst, @states) = (0);
	for my $i (0 .. $#moments)
	{
		my $over;
		for my $try (1 .. 3)    # the machine may be busy elsewhere
		{
			($over, my $state) = attempt($sql, $before, $i % 2 ? 'cancel' : 'timeout', $moments[$i] * $whole);
			push @states, $state if $state ne '';
			last if $over < $most || $state eq '';
		}
		$worst = $over if $over > $worst;
	}
	cmp_ok($worst, '<', $most, sprintf('%s, of %.2f s: stopped within %.2f s, at most %.2f', $name, $whole, $worst, $most));
	is(join(' ', grep { $_ ne '57014' } @states), '', "$name: as cancelled, not as something else");
	$stopped += @states;
	$worst_of_all = $worst if $worst > $worst_of_all;
}
cmp_ok($stopped, '>', @work, "it was stopped in the middle: $stopped times");
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'), '0', 'no temporary file is left');
is(run_in($other, "SELECT count(*) FROM pg_backend_memory_contexts WHERE false"), '0', 'the sessions live');
unlike(slurp_file($node->logfile), qr/leak|PANIC|terminated by signal/, 'the log knows of no leak and no crash');
note(sprintf 'the slowest answer took %.2f s', $worst_of_all);

end_session($_) for $worker, $other;
$node->stop;
done_testing();
