# What the other rooms compare with. S: the reference scan of all orders.
+{
	sql => {
		S => 'SELECT count(*), sum(amount) FROM orders',
		R => 'SELECT count(*) FROM stored',
		group_by => 'SELECT sum(n), min(first), max(last), sum(spend) FROM (SELECT customer_id, count(*) AS n,
			min(ordered_at) AS first, max(ordered_at) AS last, sum(amount) AS spend FROM orders GROUP BY customer_id) x',
	},
	duckdb => {
		duckdb_group_by => 'SELECT sum(n), min(first), max(last), sum(spend) FROM (SELECT customer_id, count(*) AS n,
			min(ordered_at) AS first, max(ordered_at) AS last, sum(amount) AS spend FROM orders GROUP BY customer_id) x',
	},
};
