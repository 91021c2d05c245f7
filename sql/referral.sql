--
-- referral: what a user sees
--
CREATE TEMP TABLE referrals (referred_id bigint, referrer_id bigint, value float8, referred_at timestamptz);
INSERT INTO referrals VALUES (2, 1, 100, '2024-01-10'), (3, 1, 50, '2024-02-01'), (4, 2, 80, '2024-03-01'),
	(4, 3, 80, '2024-04-01'), (5, 4, 20, NULL), (6, 6, 10, '2024-05-01'), (1, NULL, 500, NULL);
SELECT referral_agg(referred_id, referrer_id, value, referred_at) FROM referrals;
SELECT * FROM referral_values((SELECT referral_agg(referred_id, referrer_id, value, referred_at) FROM referrals), NULL::bigint);
SELECT * FROM referral_values((SELECT referral_agg(referred_id, referrer_id, value, referred_at) FROM referrals), NULL::bigint,
	decay => 0.5, max_depth => 2, joined_anyway => 0.25, acquisition_saving => 10, reward_cost => 5);
SELECT referral_left_out(referral_agg(referred_id, referrer_id, value, referred_at)) FROM referrals;
SELECT value_quadrant(clv, crv, 100, 50) FROM (VALUES (120, 60), (120, 10), (20, 60), (20, 10)) v(clv, crv);
SELECT referral_agg(1, 2, 'NaN');
SELECT * FROM referral_values('bigint {2 <- 1: 5}', NULL::bigint, decay => 30);
SELECT * FROM referral_values('bigint {2 <- 1: 5}', NULL::bigint, max_depth => 0);
SELECT * FROM referral_values('bigint {2 <- 1: 5}', NULL::uuid);
SELECT 'bigint {2 <- 1: 5; 1 <- 2: 3}'::referral_graph;
SELECT 'bigint {2 of 1}'::referral_graph;
