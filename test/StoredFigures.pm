# Stored values of every type of the first release, a workspace, and all figures that come
# from them, as text: what must be the same before and after an upgrade of the extension or
# of PostgreSQL.
package StoredFigures;
use strict;
use warnings;
use Exporter qw(import);
our @EXPORT = qw(store_values figures_of refresh_differences);

# In the database postgres of the node, where the extension is.
sub store_values
{
	my ($node) = @_;
	$node->safe_psql('postgres', <<'END');
SET client_min_messages = warning;
CREATE TABLE orders AS SELECT customer_id AS buyer, purchased_at AS at, amount AS total FROM crm_sample_purchases(300);
CREATE INDEX ON orders (buyer);
CREATE TABLE stored_history AS
SELECT buyer, history_agg(at, total, 'Europe/Berlin') AS h FROM orders GROUP BY buyer;
CREATE INDEX history_btree ON stored_history (h);
CREATE INDEX history_hash ON stored_history USING hash (h);
CREATE TABLE stored_contract AS
SELECT buyer, subscription_agg(daterange(at::date, at::date + 90), round(total / 10, 2)) AS s
FROM (SELECT DISTINCT ON (buyer, at::date) * FROM orders ORDER BY buyer, at::date, total) AS o GROUP BY buyer;
CREATE TABLE stored AS
SELECT (SELECT book_agg(buyer, at, total, 'Europe/Berlin') FROM orders) AS book,
	(SELECT rfm_cuts_agg(h, '2025-12-31') FROM stored_history) AS cuts,
	(SELECT kaplan_meier(recency(h, '2025-12-31'), frequency(h, '2025-12-31') > 3) FROM stored_history) AS curve,
	(SELECT gamma_gamma_fit(h, '2025-12-31') FROM stored_history) AS spend_model,
	(SELECT sbg_fit(renewals, churned, customers) FROM (VALUES (0, true, 131), (1, true, 126), (2, true, 90), (3, true, 60),
		(4, true, 42), (5, true, 34), (6, true, 26), (7, false, 491)) v(renewals, churned, customers)) AS renewal_model;
CREATE TABLE stored_model AS
SELECT family, btyd_fit(family, h, '2025-12-31') AS model
FROM stored_history, unnest('{bg/nbd,mbg/nbd,pareto/nbd,bg/bb}'::text[]) AS family GROUP BY family;
CREATE VIEW alive AS
SELECT family, buyer, p_alive(model, h, '2025-12-31') AS p FROM stored_model, stored_history;
CREATE DOMAIN bought AS purchase_history CHECK (purchases(VALUE) > 0);
CREATE TABLE constrained (h bought DEFAULT '2024-01-01:5');
INSERT INTO constrained DEFAULT VALUES;
INSERT INTO rfm_rules VALUES (1, 'Everybody', 1, 5, 1, 5, 1, 5, 'Be kind.');
SELECT crm_attach('orders', 'buyer', 'at', 'total', workspace => 'shop', time_zone => 'Europe/Berlin', as_of => '2025-12-31');
END
}

my @queries = (
	'SELECT buyer, h FROM stored_history',
	"SELECT buyer, as_of(h, '2025-03-31'), encode(purchase_history_send(h), 'hex') FROM stored_history",
	"SELECT buyer, frequency(h, '2025-03-31'), recency(h, '2025-03-31'), monetary(h, '2025-03-31'), typical_gap(h), lifecycle_stage(h, '2025-12-31') FROM stored_history",
	'SELECT buyer, s FROM stored_contract',
	'SELECT book, cuts, curve, spend_model, renewal_model FROM stored',
	'SELECT * FROM stored_model',
	'SELECT * FROM alive',
	"SELECT buyer, rfm_score(cuts, h, '2025-12-31'), rfm_segment(rfm_score(cuts, h, '2025-12-31')), clv(model, spend_model, h, '2025-12-31') FROM stored, stored_model, stored_history WHERE family = 'pareto/nbd'",
	'SELECT * FROM histories((SELECT book FROM stored), NULL::bigint)',
	"SELECT unnest(retention_agg(h, periods('2024-01-01', '2025-12-31', '1 month'), NULL)) FROM stored_history",
	"SELECT unnest(cohort_agg(h, periods('2023-01-01', '2025-12-31', '3 months'))) FROM stored_history",
	"SELECT unnest(mrr_agg(s, periods('2023-01-01', '2025-12-31', '1 month'))) FROM stored_contract",
	'SELECT * FROM constrained',
	'SELECT * FROM rfm_rules');

# "query: rows, their hash", one a line; of the views of the workspace too.
sub figures_of
{
	my ($node) = @_;
	my @views = split /\n/, $node->safe_psql('postgres',
		"SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind = 'v' AND relname <> 'status' ORDER BY relname COLLATE \"C\"");
	return join "\n", map { my $query = $_; $node->safe_psql('postgres',
			"SELECT format('%s: %s, %s', \$q\$$query\$q\$, count(*), md5(string_agg(q::text, E'\\n' ORDER BY q::text COLLATE \"C\"))) FROM ($query) AS q") }
	  @queries, map { "SELECT * FROM shop.$_" } @views;
}

# After new purchases and a refresh: customers whose stored history is not what GROUP BY
# gives, and the kinds of two refreshes.
sub refresh_differences
{
	my ($node) = @_;
	my @kinds;
	for my $day ('2025-11-11', '2025-12-12')
	{
		$node->safe_psql('postgres', "SET client_min_messages = error;
			INSERT INTO orders VALUES (1, '$day', 10), (100001, '$day', 5); DELETE FROM orders WHERE buyer = 2; SELECT crm_refresh('shop')");
		push @kinds, $node->safe_psql('postgres', 'SELECT last_kind FROM shop.status');
	}
	return "@kinds " . $node->safe_psql('postgres', <<'END');
SELECT count(*) FROM shop.customer_history c
	FULL JOIN (SELECT buyer, history_agg(at, total, 'Europe/Berlin') AS h FROM orders WHERE at < '2026-01-01 00:00+01' GROUP BY buyer) AS g
		ON g.buyer = c.customer_id
WHERE (c.history = g.h) IS NOT TRUE
END
}

1;
