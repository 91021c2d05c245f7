# Sixty months of retention, cohorts, statistics of the models and key figures as of a past
# date: from stored histories and from orders, against plain SQL and DuckDB on the orders.
# The orders fill the last three of the five years; empty months cost nobody anything.
my $months = q{periods('2021-01-01', '2025-12-31', '1 month')};

# PostgreSQL and DuckDB read the same questions, but for the day of an order and a month's number.
my $day = { pg => q{(ordered_at AT TIME ZONE 'Europe/Berlin')}, duck => q{((ordered_at AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Berlin')} };
my $active = sub { "SELECT DISTINCT customer_id, date_trunc('month', $day->{$_[0]})::date AS month FROM orders" };
my $series = sub {
	my ($engine) = @_;
	return "SELECT count(*), sum(active), sum(fresh), sum(retained) FROM (
		SELECT month, count(*) AS active, count(*) FILTER (WHERE month = first) AS fresh,
			count(*) FILTER (WHERE before = month - interval '1 month') AS retained
		FROM (SELECT month, lag(month) OVER w AS before, min(month) OVER w AS first
			FROM (@{[$active->($engine)]}) a WINDOW w AS (PARTITION BY customer_id ORDER BY month)) l
		GROUP BY month) s";
};
my $cohorts = sub {
	my ($engine) = @_;
	return "SELECT count(*), sum(active), sum(money) FROM (
		SELECT first, month, count(*) AS active, sum(money) AS money
		FROM (SELECT month, money, min(month) OVER (PARTITION BY customer_id) AS first
			FROM (SELECT customer_id, date_trunc('month', $day->{$engine})::date AS month, sum(amount) AS money
				FROM orders GROUP BY 1, 2) m) c
		GROUP BY first, month) s";
};
my $statistics = sub {
	my ($engine) = @_;
	return "SELECT sum(x), sum(t_x), sum(age), sum(m) FROM (
		SELECT count(*) - 1 AS x, max(day) - min(day) AS t_x, date '2025-12-31' - min(day) AS age,
			(sum(money) - min(money) FILTER (WHERE day = first)) / nullif(count(*) - 1, 0) AS m
		FROM (SELECT customer_id, day, money, min(day) OVER (PARTITION BY customer_id) AS first
			FROM (SELECT customer_id, $day->{$engine}::date AS day, sum(amount) AS money FROM orders GROUP BY 1, 2) d) f
		GROUP BY customer_id) s";
};
# The year before the date, active within 90 days: customers, those with two purchase
# days, active at the start and at the end, acquired, of these still active, churned, purchases
# and revenue of the period. Bounds are moments, so that only two moments a customer become days:
# the local midnights of the start and the end, and of 90 days before each.
my %year_2024 = (before => '2023-10-02 22:00', start => '2023-12-31 23:00', within => '2024-10-02 22:00', end => '2024-12-31 23:00');
my %august_2024 = (before => '2023-05-02 22:00', start => '2023-07-31 22:00', within => '2024-05-02 22:00', end => '2024-07-31 22:00');
my $figures = sub {
	my ($engine, $utc, %bound) = @_;
	my %moment = map { $_ => "timestamp '$bound{$_}'$utc" } keys %bound;
	return "SELECT count(*), count(*) FILTER (WHERE first_day < last_day), count(*) FILTER (WHERE was), count(*) FILTER (WHERE is_now),
			count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE fresh AND is_now), count(*) FILTER (WHERE was AND NOT is_now), sum(n), sum(spend)
		FROM (SELECT @{[$day->{$engine} =~ s/ordered_at/first_at/r]}::date AS first_day, @{[$day->{$engine} =~ s/ordered_at/last_at/r]}::date AS last_day,
				first_at >= $moment{start} AS fresh, last_at >= $moment{within} AS is_now, was, n, spend
			FROM (SELECT min(ordered_at) AS first_at, max(ordered_at) AS last_at,
					bool_or(ordered_at >= $moment{before} AND ordered_at < $moment{start}) AS was,
					count(*) FILTER (WHERE ordered_at >= $moment{start}) AS n,
					sum(amount) FILTER (WHERE ordered_at >= $moment{start}) AS spend
				FROM orders WHERE ordered_at < $moment{end} GROUP BY customer_id) c) d";
};
my $utc = q{ AT TIME ZONE 'UTC'};

+{
	sql => {
		retention_stored => "SELECT cardinality(retention_agg(history, $months, NULL)) FROM stored",
		retention_window => "SELECT cardinality(retention_agg(history, $months, 90)) FROM stored",
		cohorts_stored => "SELECT cardinality(cohort_agg(history, $months)) FROM stored",
		statistics_stored => q{SELECT sum(frequency(history, '2025-12-31')), sum(recency(history, '2025-12-31', 1)),
			sum(customer_age(history, '2025-12-31', 1)), sum(monetary(history, '2025-12-31')) FROM stored},
		figures_stored => q{SELECT key_figures_agg(history, daterange('2024-01-01', '2025-01-01'), 90) FROM stored},
		figures_early => q{SELECT key_figures_agg(history, daterange('2023-08-01', '2024-08-01'), 90) FROM stored},
		retention_orders => qq{SELECT cardinality(retention_agg(history, $months, NULL)) FROM (
			SELECT book_agg(customer_id, ordered_at, amount, 'Europe/Berlin') AS book FROM orders) b, histories(book, NULL::bigint)},
		series_sql => $series->('pg'),
		cohorts_sql => $cohorts->('pg'),
		statistics_sql => $statistics->('pg'),
		figures_sql => $figures->('pg', $utc, %year_2024),
		figures_early_sql => $figures->('pg', $utc, %august_2024),
	},
	duckdb => {
		series_duckdb => $series->('duck'),
		cohorts_duckdb => $cohorts->('duck'),
		statistics_duckdb => $statistics->('duck'),
		figures_duckdb => $figures->('duck', '', %year_2024),
	},
	lines => [
		['60 months of retention from histories, in R', 'at most', 3.5, 'retention_stored', 'R'],
		['the same by the window method, in R', 'at most', 3.5, 'retention_window', 'R'],
		['the same, times faster than SQL on the orders', 'faster', 40, 'retention_stored', 'series_sql'],
		['the same, times faster than DuckDB on the orders', 'faster', 10, 'retention_stored', 'series_duckdb'],
		['60 months of retention from orders in one statement, in S', 'at most', 1.8, 'retention_orders', 'S'],
		['the same, times faster than SQL', 'faster', 8, 'retention_orders', 'series_sql'],
		['the same, times faster than DuckDB', 'faster', 1, 'retention_orders', 'series_duckdb'],
		['cohorts from histories, in R', 'at most', 3.5, 'cohorts_stored', 'R'],
		['the same, times faster than SQL on the orders', 'faster', 40, 'cohorts_stored', 'cohorts_sql'],
		['the same, times faster than DuckDB on the orders', 'faster', 10, 'cohorts_stored', 'cohorts_duckdb'],
		['statistics of the models from histories, in R', 'at most', 3.5, 'statistics_stored', 'R'],
		['the same, times faster than SQL on the orders', 'faster', 40, 'statistics_stored', 'statistics_sql'],
		['the same, times faster than DuckDB on the orders', 'faster', 10, 'statistics_stored', 'statistics_duckdb'],
		['key figures as of a past date, in R', 'at most', 3.5, 'figures_stored', 'R'],
		['the same, times faster than SQL on the orders', 'faster', 40, 'figures_stored', 'figures_sql'],
		['the same, times faster than DuckDB on the orders', 'faster', 2.5, 'figures_stored', 'figures_duckdb'],
		['the same as of July 2024 (after 30 % of the orders), faster than SQL', 'faster', undef, 'figures_early', 'figures_early_sql'],
	],
};
