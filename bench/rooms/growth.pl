# Growth: referrals of a million customers against sorting them.
+{
	sql => {
		referral_values => 'SELECT count(*), sum(crv) FROM referral_values((SELECT referral_agg(referred_id, referrer_id, value, referred_at) FROM referrals), NULL::bigint, 0.3)',
		referrals_sort => 'SELECT count(*) FROM (SELECT * FROM referrals ORDER BY referred_id OFFSET 0) x',
	},
	lines => [
		['referral value of every customer, in sorting the referrals', 'at most', 3, 'referral_values', 'referrals_sort'],
	],
};
