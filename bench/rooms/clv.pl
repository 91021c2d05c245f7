# Fitting a model to stored histories, and scoring every customer with it.
my $day = "date '2026-01-01'";

+{
	sql => {
		bg_nbd_fit => "SELECT (btyd_fit('bg/nbd', history, $day)::jsonb)->>'iterations' FROM stored",
		pareto_nbd_fit => "SELECT (btyd_fit('pareto/nbd', history, $day)::jsonb)->>'iterations' FROM stored",
		pareto_nbd_fit_few => "SELECT (btyd_fit('pareto/nbd', history, $day)::jsonb)->>'iterations'
			FROM (SELECT history FROM stored WHERE purchase_days(history) > 0 LIMIT 20000) few",
		expected_purchases => "SELECT sum(expected_purchases(btyd_model('bg/nbd', '{0.36,1.43,0.42,3.64}'), 26, history, $day))
			FROM stored WHERE purchase_days(history) <= 100",
	},
	lifetimes => {
		bg_nbd_fit_lifetimes => 'bg_nbd_fit',
		pareto_nbd_fit_few_lifetimes => 'pareto_nbd_fit_few',
		expected_purchases_lifetimes => 'expected_purchases',
	},
	lines => [
		['bg/nbd fit, in R', 'at most', 14, 'bg_nbd_fit', 'R'],
		['the same, times faster than lifetimes', 'faster', 20, 'bg_nbd_fit', 'bg_nbd_fit_lifetimes'],
		['pareto/nbd fit, in R', 'at most', undef, 'pareto_nbd_fit', 'R'],
		['the same of 20,000 customers, times faster than lifetimes', 'faster', 5, 'pareto_nbd_fit_few', 'pareto_nbd_fit_few_lifetimes'],
		['expected_purchases of every customer (x < 100), in R', 'at most', 8, 'expected_purchases', 'R'],
		['the same, times faster than lifetimes', 'faster', 1, 'expected_purchases', 'expected_purchases_lifetimes'],
	],
};
