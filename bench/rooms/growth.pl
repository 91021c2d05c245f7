# Growth: funnels of events. What the other growth rooms add stands in sections of its own.
my $funnel = "SELECT sum(depth) FROM (SELECT funnel_agg('30 days', at, step) AS depth FROM funnel_events GROUP BY customer_id) x";

+{
	sql => {
		# acquisition
		funnel_agg => $funnel,
		count_max => 'SELECT sum(n), max(last) FROM (SELECT count(*) AS n, max(at) AS last FROM funnel_events GROUP BY customer_id) x',
	},
	lines => [
		# acquisition
		['funnel_agg of every customer, in count and max under GROUP BY', 'at most', 1.5, 'funnel_agg', 'count_max'],
	],
};
