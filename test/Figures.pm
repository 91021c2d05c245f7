# Every figure of a population, as one line of text each, from wherever its orders and
# subscriptions are: one table, shards, partial aggregates. What two places say is compared as
# text, and the text of a double precision is exact: equal lines are equal bits.
package Figures;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(figures histories_from figures_sql orders_sql subscriptions_sql);

my $until = "date '2025-12-31'";
my $months = "periods('2023-01-01', '2025-12-31', '1 month')";
my $quarters = "periods('2023-01-01', '2025-12-31', '3 months')";

# Orders of some customers, and a subscription or two of every third of them.
sub orders_sql
{
	my ($customers) = @_;
	return "SELECT customer_id, purchased_at, amount FROM crm_sample_purchases($customers)";
}

sub subscriptions_sql
{
	my ($customers) = @_;
	return <<"END";
SELECT i::bigint AS customer_id, daterange(date '2023-01-10' + i % 700, date '2023-03-10' + i % 700 + i % 300) AS valid, (10 + i % 7)::numeric(10,2) AS mrr
FROM generate_series(1, $customers, 3) i
UNION ALL
SELECT i::bigint, daterange(date '2024-08-01' + i % 200, NULL), 12.34 + i % 5 FROM generate_series(1, $customers, 6) i
END
}

# The histories of a table of orders, computed by GROUP BY: what shards can do on their own.
sub histories_from
{
	my ($orders, $arguments) = @_;
	$arguments //= "purchased_at, amount, 'Europe/Berlin'";
	return "(SELECT customer_id, history_agg($arguments) AS history FROM $orders GROUP BY customer_id)";
}

my @of_histories = (
	[ 'history_agg', "count(*), md5(string_agg(customer_id || ' ' || history::text, ',' ORDER BY customer_id))" ],
	[ 'retention_agg, window', "retention_agg(history, $months, 90, $until)::text" ],
	[ 'retention_agg, calendar', "retention_agg(history, $quarters, NULL, $until)::text" ],
	[ 'retention_agg of spans', "retention_agg(active_spans(history, 60), $quarters)::text" ],
	[ 'cohort_agg, bounded', "cohort_agg(history, $quarters)::text" ],
	[ 'cohort_agg, unbounded', "cohort_agg(history, $months, 'unbounded', $until)::text" ],
	[ 'ladder_agg', "ladder_agg(history, $until, 8)::text" ],
	[ 'crr and churn_rate', "crr(history, daterange('2024-01-01', '2025-01-01'), 180), churn_rate(history, daterange('2024-01-01', '2025-01-01'), 180)" ],
	[ 'kaplan_meier', "kaplan_meier((last_purchase(history) - first_purchase(history))::double precision, last_purchase(history) < '2025-07-01')::text" ],
	[ 'rfm_cuts_agg', "rfm_cuts_agg(history, $until)::text" ],
	[ 'rfm_cuts_agg, ties split', "rfm_cuts_agg(last_purchase(history), purchase_days(history)::bigint, spend(history), 5, customer_id)::text" ],
	[ 'top_share', "top_share(spend(history)::double precision, 0.2::double precision)" ],
	(map { [ "btyd_fit, $_", "btyd_fit('$_', history, $until)::text" ] } 'bg/nbd', 'mbg/nbd', 'pareto/nbd', 'bg/bb'),
	[ 'gamma_gamma_fit', "gamma_gamma_fit(history, $until)::text" ],
	[ 'sbg_fit', "sbg_fit(least(purchase_days(history), 8), last_purchase(history) < '2025-01-01')::text" ],
	[ 'btyd_validate', "btyd_validate(btyd_model('bg/nbd', '{0.25, 4.5, 0.8, 2.5}'), history, '2024-12-31', $until)::text" ],
	[ 'history_agg of histories', "md5(history_agg(history)::text)" ],
);

# ([ name, query ], ...) over a relation of orders and one of subscriptions.
sub figures_sql
{
	my ($orders, $subscriptions, $histories) = @_;
	$histories //= histories_from($orders);
	my @figures = map { [ $_->[0], "SELECT $_->[1] FROM $histories AS h" ] } @of_histories;
	push @figures,
	  [ 'rfm_score of everybody', "SELECT rfm_score(k, history, $until) AS score, count(*) FROM $histories AS h, (SELECT rfm_cuts_agg(history, $until) AS k FROM $histories AS h) AS c GROUP BY 1 ORDER BY 1" ],
	  [ 'book_agg', "WITH b AS MATERIALIZED (SELECT book_agg(customer_id, purchased_at, amount, 'Europe/Berlin') AS book FROM $orders) SELECT count(*), md5(string_agg(customer_id || ' ' || history::text, ',' ORDER BY customer_id)) FROM b, histories(b.book, NULL::bigint)" ],
	  [ 'histories_of', "SELECT count(*), md5(string_agg(customer_id || ' ' || history::text, ',' ORDER BY customer_id)) FROM histories_of('SELECT customer_id, purchased_at, amount FROM $orders', NULL::bigint, 'Europe/Berlin')" ],
	  [ 'mrr_agg', "SELECT mrr_agg(s, $months, $until)::text FROM (SELECT customer_id, subscription_agg(valid, mrr) AS s FROM $subscriptions GROUP BY customer_id) AS s" ];
	return @figures;
}

# Asks for each of them, in one session: ([ name, answer ], ...). The first argument runs SQL.
sub figures
{
	my ($ask, @of) = @_;
	my @figures = figures_sql(@of);
	my @answers = split /^--next--\n?/m, $ask->(join "\n\\echo --next--\n", map { "$_->[1];" } @figures);
	return map { [ $figures[$_][0], ($answers[$_] // '') =~ s/\s+$//r ] } 0 .. $#figures;
}

1;
