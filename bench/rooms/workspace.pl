# Workspaces: attach, refresh and the time of each view. In order of name: ws_a, ws_b ... Autovacuum,
# which is off, would clear away what a rebuild leaves: half a gigabyte of rows of products.
my $quiet = 'client_min_messages = warning';
my $refresh = "SELECT crm_refresh('live', refit => false";

+{
	sql => {
		ws_a_attach => { set => $quiet,
			sql => "SELECT crm_attach('orders_live', 'customer_id', 'ordered_at', 'amount', workspace => 'other', as_of => '2025-12-31')" },
		ws_b_detach => { set => $quiet, sql => "SELECT crm_detach('other')" },
		ws_c_change => 'INSERT INTO orders_live SELECT id, id, \'2025-12-31\', 5 FROM (SELECT 1 + 100 * i + floor(random() * 100)::int AS id
			FROM generate_series(0, (SELECT max(customer_id) / 100 - 1 FROM stored)) i) x',
		ws_d_refresh => { set => $quiet, sql => "$refresh)" },
		ws_e_rebuild => { once => 1, set => $quiet, sql => "$refresh, \"full\" => true)" },
		ws_f_vacuum => 'VACUUM live.stored_products_rows',
		ws_R => 'SELECT count(*) FROM live.customer_history',
		ws_kpis => 'SELECT * FROM live.kpis',
		ws_retention_monthly => 'SELECT count(crr), count(revenue) FROM live.retention_monthly',
		ws_segments => 'SELECT sum(customers), sum(mean_clv_12m) FROM live.segments',
		ws_stages => 'SELECT sum(customers), sum(mean_clv_12m) FROM live.stages',
		ws_report => { set => $quiet, sql => "SELECT length(crm_report('live'))" },
		ws_customers => 'SELECT count(c) FROM live.customers c',
		ws_customer => { per => 100,
			sql => 'SELECT sum((SELECT clv_12m + rfm_score FROM live.customers c WHERE c.customer_id = i * 7)) FROM generate_series(1, 100) i' },
	},
	lines => [
		['orders to a full workspace, models fitted, in S', 'at most', 6, 'ws_a_attach', 'S'],
		# a rebuild of the workspace `live` counts order lines as well, so the other one is what it is held against
		['refresh after 1 % of customers changed, in filling a workspace', 'at most', 0.12, 'ws_d_refresh', 'ws_a_attach'],
		['kpis, in R (1 s)', 'at most', 21.7, 'ws_kpis', 'ws_R'],
		['retention_monthly, in R (0.5 s)', 'at most', 10.9, 'ws_retention_monthly', 'ws_R'],
		['segments, in R (1 s)', 'at most', 21.7, 'ws_segments', 'ws_R'],
		['stages, in R (1 s)', 'at most', 21.7, 'ws_stages', 'ws_R'],
		['the report, in R (3 s)', 'at most', 65, 'ws_report', 'ws_R'],
		['customers, all of it, in R (5 s)', 'at most', 108, 'ws_customers', 'ws_R'],
		['customers, one of them, in R (5 ms)', 'at most', 0.11, 'ws_customer', 'ws_R'],
	],
};
