# RFM scores: from stored histories and from plain columns, against three ntile windows.
my $day = "date '2026-01-01'";
my $stored = "FROM stored, (SELECT rfm_cuts_agg(history, $day) AS cuts FROM stored) c";
my $windows = sub {
	my ($then) = @_;
	return "SELECT sum(100 * r + 10 * f + m) FROM (SELECT ntile(5) OVER (ORDER BY last_purchase$then) AS r,
		ntile(5) OVER (ORDER BY frequency$then) AS f, ntile(5) OVER (ORDER BY monetary$then) AS m FROM customer_columns) x";
};

+{
	sql => {
		rfm_score => "SELECT sum(rfm_score(cuts, history, $day)) $stored",
		rfm_segment => "SELECT count(rfm_segment(rfm_score(cuts, history, $day))) $stored",
		rfm_score_over => 'SELECT sum(score) FROM (SELECT rfm_score(last_purchase, frequency, monetary) OVER () AS score FROM customer_columns) x',
		rfm_score_ids => 'SELECT sum(rfm_score(cuts, last_purchase, frequency, monetary, customer_id)) FROM customer_columns,
			(SELECT rfm_cuts_agg(last_purchase, frequency, monetary, 5, customer_id) AS cuts FROM customer_columns) c',
		lifecycle_stage => "SELECT count(lifecycle_stage(history, $day)) FROM stored",
		ntile => $windows->(''),
		ntile_ids => $windows->(', customer_id'),
	},
	lines => [
		['RFM score of every customer, in R', 'at most', 6, 'rfm_score', 'R'],
		['RFM score, times faster than three ntile windows', 'faster', 8, 'rfm_score', 'ntile'],
		['RFM score and segment, in the score alone', 'at most', 1.5, 'rfm_segment', 'rfm_score'],
		['rfm_score OVER, times faster than three ntile windows', 'faster', 3, 'rfm_score_over', 'ntile'],
		['RFM score, ties split, times faster than ntile by (value, id)', 'faster', undef, 'rfm_score_ids', 'ntile_ids'],
		['lifecycle stage of every customer, in R', 'at most', undef, 'lifecycle_stage', 'R'],
	],
};
