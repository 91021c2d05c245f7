# Orders to histories.
my $of = q{SELECT count(*) FROM histories_of('SELECT customer_id, ordered_at, amount FROM orders', NULL::bigint, 'Europe/Berlin')};
my $few = 'orders_few WHERE order_id > -g';    # few groups, read again for each g

+{
	sql => {
		histories_of => $of,
		histories_of_4mb => { set => "work_mem = '4MB'", sql => $of },
		book_histories => q{SELECT count(history) FROM (SELECT book_agg(customer_id, ordered_at, amount, 'Europe/Berlin') AS book FROM orders) b,
			histories(book, NULL::bigint)},
		history_agg => q{SELECT count(h) FROM (SELECT history_agg(ordered_at, amount, 'Europe/Berlin') AS h FROM orders GROUP BY customer_id) x},
		few_history_agg => { per => 20, sql => qq{SELECT sum(n) FROM generate_series(1, 20) g, LATERAL (SELECT count(h) AS n
			FROM (SELECT history_agg(ordered_at, amount, 'Europe/Berlin') AS h FROM $few GROUP BY customer_id) x) y} },
		few_group_by => { per => 20, sql => qq{SELECT sum(n) FROM generate_series(1, 20) g, LATERAL (SELECT sum(spend) + sum(n) + count(first) + count(last) AS n
			FROM (SELECT customer_id, count(*) AS n, min(ordered_at) AS first, max(ordered_at) AS last, sum(amount) AS spend FROM $few GROUP BY customer_id) x) y} },
	},
	lines => [
		['book_agg + histories, in S', 'at most', 2.1, 'book_histories', 'S'],
		['book_agg + histories, times faster than GROUP BY', 'faster', 5, 'book_histories', 'group_by'],
		['histories_of, in S', 'at most', 2.1, 'histories_of', 'S'],
		['histories_of, times faster than GROUP BY', 'faster', 5, 'histories_of', 'group_by'],
		['histories_of at work_mem 4 MB, in its time in memory', 'at most', 2, 'histories_of_4mb', 'histories_of'],
		['history_agg under GROUP BY, in count, min, max, sum', 'at most', 1.25, 'history_agg', 'group_by'],
		['the same of 5,000 groups', 'at most', 1.25, 'few_history_agg', 'few_group_by'],
		['history_agg: growth per row from 5,000 groups to all, in GROUP BY\'s', 'at most', 1.25,
			sub { $_[0]{history_agg} / $_[0]{few_history_agg} }, sub { $_[0]{group_by} / $_[0]{few_group_by} }],
		['DuckDB (2 threads, wall): the GROUP BY, in histories_of', 'faster', undef, 'histories_of', 'duckdb_group_by'],
	],
	facts => [
		['bytes per history, average', 'SELECT round(avg(pg_column_size(history)), 1) FROM stored'],
		['bytes per customer in a table', 'SELECT round(pg_relation_size(\'stored\')::numeric / count(*), 1) FROM stored'],
		['bytes per customer in a book', q{SELECT round((SELECT pg_column_size(book_agg(customer_id, ordered_at, amount, 'UTC')) FROM orders)::numeric / (SELECT count(*) FROM stored), 1)}],
	],
};
