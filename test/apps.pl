# The views of docs/apps.md: the page's tables, rows and attach calls, and each workspace's figures
# against plain SQL that reads the application's tables and not the page's view. Days are those of
# Berlin, where the orders at 23:30 UTC are of the next day.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('apps');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION crm_ext');
my $page = slurp_file('docs/apps.md');
my @blocks = $page =~ /^```sql\n(.*?)^```$/msg;
my ($out, $err);
$node->psql('postgres', join('', @blocks), stdout => \$out, stderr => \$err, on_error_stop => 1);
is($err, '', 'the page runs');

# What each customer bought and paid, as the application has it: id, day, money, 1 for a purchase.
my %moves = (
	odoo => q{
		SELECT commercial_partner_id::text AS id, (date_order + interval '1 hour')::date AS day, amount_total / currency_rate AS money, 1 AS n
			FROM odoo.sale_order, odoo.res_partner p WHERE p.id = partner_id AND (state = 'sale' OR state = 'done')
		UNION ALL SELECT commercial_partner_id::text, invoice_date, amount_total_signed, 0
			FROM odoo.account_move WHERE (move_type, state) = ('out_refund', 'posted') AND id NOT IN (SELECT move_id FROM odoo.account_move_line
				WHERE id IN (SELECT invoice_line_id FROM odoo.sale_order_line_invoice_rel, odoo.sale_order_line s, odoo.sale_order o
					WHERE s.id = order_line_id AND o.id = order_id AND state = 'cancel'))},
	saleor => q{
		SELECT replace(lower(user_email), 'old.', '') AS id, (created_at AT TIME ZONE 'Europe/Berlin')::date AS day, total_gross_amount AS money, 1 AS n
			FROM saleor.order_order WHERE status ~ 'fulfilled|returned' AND currency = 'EUR' AND origin <> 'reissue'
		UNION ALL SELECT replace(lower(user_email), 'old.', ''), e.created_at::date, -amount_value, 0
			FROM saleor.payment_transactionevent e, saleor.payment_transactionitem t, saleor.order_order o
			WHERE t.id = transaction_id AND o.id = order_id AND type ~ 'refund_success|charge_back' AND o.status ~ 'fulfilled|returned' AND o.currency = 'EUR'},
	medusa => q{
		SELECT email AS id, (o.created_at AT TIME ZONE 'Europe/Berlin')::date AS day, 0 AS money, 1 AS n
			FROM medusa."order" o WHERE status IN ('pending', 'completed', 'archived', 'requires_action') AND deleted_at IS NULL
		UNION ALL SELECT email, CASE WHEN amount > 0 THEN o.created_at + interval '1 hour' ELSE t.created_at END::date, amount, 0
			FROM medusa."order" o JOIN medusa.order_transaction t ON order_id = o.id
			WHERE status IN ('pending', 'completed', 'archived', 'requires_action') AND o.deleted_at IS NULL},
	spree => q{
		SELECT lower(email) AS id, (completed_at + interval '1 hour')::date AS day, total + CASE id WHEN 6 THEN 30 ELSE 0 END AS money, 1 AS n
			FROM spree.spree_orders WHERE completed_at > '2000-01-01' AND canceled_at IS NULL
		UNION ALL SELECT lower(email), r.created_at::date, -r.amount, 0
			FROM spree.spree_refunds r, spree.spree_payments p, spree.spree_orders o
			WHERE p.id = payment_id AND o.id = order_id AND canceled_at IS NULL},
	vendure => q{
		SELECT "customerId"::text AS id, ("orderPlacedAt" + interval '1 hour')::date AS day, round(("subTotalWithTax" + "shippingWithTax") * 0.01, 2) + CASE id WHEN 7 THEN 30 ELSE 0 END AS money, 1 AS n
			FROM vendure."order" WHERE "orderPlacedAt" > '2000-01-01' AND state NOT IN ('Cancelled', 'Draft') AND type IN ('Regular', 'Aggregate')
		UNION ALL SELECT "customerId"::text, "createdAt"::date, total * -0.01, 0
			FROM vendure.refund r, vendure.payment p, vendure."order" o WHERE p.id = "paymentId" AND o.id = "orderId" AND r.state = 'Settled' AND o.state <> 'Cancelled'},
	twenty => q{
		SELECT CASE name WHEN 'private' THEN "pointOfContactId" ELSE "companyId" END::text AS id, ("closeDate" AT TIME ZONE 'Europe/Berlin')::date AS day, "amountAmountMicros" * 0.000001 AS money, 1 AS n
			FROM workspace_twenty.opportunity WHERE stage = 'CUSTOMER' AND "deletedAt" IS NULL},
	espo => q{
		SELECT CASE id WHEN 'o7' THEN 'c2' ELSE account_id END AS id, close_date AS day, CASE amount_currency WHEN 'USD' THEN 0.9 ELSE 1 END * amount::numeric AS money, 1 AS n
			FROM espocrm.opportunity WHERE stage = 'Closed Won' AND deleted = false},
	stripe => q{
		SELECT coalesce(customer, 'guest@example.com') AS id, (timestamp '1970-01-01 01:00' + created * interval '1 second')::date AS day, amount * 0.01 AS money, 1 AS n
			FROM stripe.charges WHERE id IN ('ch_1', 'ch_2', 'ch_3', 'ch_6')
		UNION ALL VALUES ('cus_1', date '2025-03-04', -5.00, 0), ('guest@example.com', '2025-03-19', -30, 0)});

for my $app (sort keys %moves)
{
	my $plain = $node->safe_psql('postgres', qq{
		SELECT id, to_char(min(day) FILTER (WHERE n = 1), 'YYYY-MM-DD'), to_char(max(day) FILTER (WHERE n = 1), 'YYYY-MM-DD'), sum(n), round(sum(money), 2),
			round(sum(money) FILTER (WHERE day <= '2025-03-15'), 2)
		FROM ($moves{$app}) AS m GROUP BY id HAVING sum(n) > 0 ORDER BY id COLLATE "C"});
	my $workspace = $node->safe_psql('postgres', qq{
		SELECT customer_id, to_char(c.first_purchase, 'YYYY-MM-DD'), to_char(c.last_purchase, 'YYYY-MM-DD'), c.purchases, round(c.spend, 2), round(m.spend, 2)
		FROM crm_$app.customers AS c JOIN crm_$app.customers_as_of('2025-03-15') AS m USING (customer_id)
		WHERE c.purchases > 0 ORDER BY customer_id::text COLLATE "C"});
	cmp_ok(scalar(split /\n/, $plain), '>=', 2, "$app: there are customers");
	is($workspace, $plain, "$app: days, purchases and money of each customer, today and in March, as in plain SQL");
}

# The subscriptions: two places at 10 a month, 240 a year until May, a trial until 2026.
is($node->safe_psql('postgres', q{
	SELECT period_start, customers_end, mrr_end, churned FROM crm_stripe.mrr_monthly ORDER BY 1}), <<'END' =~ s/\n\z//r, 'stripe: recurring revenue by hand');
2025-02-01|1|20.00|0.00
2025-03-01|2|40.00|0.00
2025-04-01|2|40.00|0.00
2025-05-01|1|20.00|20.00
2025-06-01|1|20.00|0.00
END

$node->stop;
done_testing();
