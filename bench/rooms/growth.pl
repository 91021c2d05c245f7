# Growth: funnels of events; referrals of a million customers against sorting them; products bought together
# against S and against the self-join; the next products of every customer.
my $funnel = "SELECT sum(depth) FROM (SELECT funnel_agg('30 days', at, step) AS depth FROM funnel_events GROUP BY customer_id) x";
my $lines = 'SELECT affinity_agg(basket_id, product_id) FROM order_lines';

+{
	sql => {
		funnel_agg => $funnel,
		count_max => 'SELECT sum(n), max(last) FROM (SELECT count(*) AS n, max(at) AS last FROM funnel_events GROUP BY customer_id) x',
		referral_values => 'SELECT count(*), sum(crv) FROM referral_values((SELECT referral_agg(referred_id, referrer_id, value, referred_at) FROM referrals), NULL::bigint, 0.3)',
		referrals_sort => 'SELECT count(*) FROM (SELECT * FROM referrals ORDER BY referred_id OFFSET 0) x',
		affinity => "SELECT count(*), sum(together) FROM affinity(($lines), NULL::bigint)",
		affinity_shuffled => "SELECT count(*), sum(together) FROM affinity((SELECT affinity_agg(basket_id * 7919 % 1000003, product_id) FROM order_lines), NULL::bigint)",
		# the peer on a twentieth of the baskets: its time grows with their number
		self_join_some => 'WITH b AS MATERIALIZED (SELECT DISTINCT basket_id, product_id FROM order_lines WHERE basket_id % 20 = 0)
			SELECT count(*), sum(together) FROM (SELECT x.product_id, y.product_id, count(*) AS together FROM b x JOIN b y USING (basket_id) WHERE x.product_id <> y.product_id GROUP BY 1, 2) x',
		next_products => "SELECT count(*), sum(score) FROM next_products((SELECT counts FROM product_counts), 'SELECT customer_id, product_id FROM order_lines', NULL::bigint, NULL::bigint)",
		next_products_view => 'SELECT count(*), sum(score), count(spend_trend) FROM live.next_products',
		spend_trend => "SELECT count(spend_trend(history, '2025-12-31')) FROM stored",
	},
	lines => [
		['funnel_agg of every customer, in count and max under GROUP BY', 'at most', 1.5, 'funnel_agg', 'count_max'],
		['referral value of every customer, in sorting the referrals', 'at most', 3, 'referral_values', 'referrals_sort'],
		['affinity of all order lines, in S', 'at most', 2, 'affinity', 'S'],
		['the same, baskets in no order', 'at most', undef, 'affinity_shuffled', 'S'],
		['affinity, times faster than the self-join (20 x a twentieth)', 'faster', 40, 'affinity', sub { $_[0]{self_join_some} && 20 * $_[0]{self_join_some} }],
		['next products of every customer, in S', 'at most', undef, 'next_products', 'S'],
		['the view next_products of every customer, in S', 'at most', undef, 'next_products_view', 'S'],
		['trend of spend of every customer, in R', 'at most', undef, 'spend_trend', 'R'],
	],
};
