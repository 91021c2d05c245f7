# Growth: funnels of events, referrals of a million customers against sorting them.
my $funnel = "SELECT sum(depth) FROM (SELECT funnel_agg('30 days', at, step) AS depth FROM funnel_events GROUP BY customer_id) x";

{
	sql => {
		# acquisition
		funnel_agg => $funnel,
		count_max => 'SELECT sum(n), max(last) FROM (SELECT count(*) AS n, max(at) AS last FROM funnel_events GROUP BY customer_id) x',
		# referral
		referral_values => 'SELECT count(*), sum(crv) FROM referral_values((SELECT referral_agg(referred_id, referrer_id, value, referred_at) FROM referrals), NULL::bigint, 0.3)',
		referrals_sort => 'SELECT count(*) FROM (SELECT * FROM referrals ORDER BY referred_id OFFSET 0) x',
	},
	lines => [
		# acquisition
		['funnel_agg of every customer, in count and max under GROUP BY', 'at most', 1.5, 'funnel_agg', 'count_max'],
		# referral
		['referral value of every customer, in sorting the referrals', 'at most', 3, 'referral_values', 'referrals_sort'],
	],
};
