-- The ground of make check-random: a workspace with everything attached, and stored values of the
-- extension's types, whose columns sqlsmith takes as arguments.
SET client_min_messages = error;
CREATE EXTENSION crm_ext;
\o /dev/null
\ir ../test/include/shop.sql
\ir ../test/include/shop_attach.sql
\o
CREATE TABLE public.kept AS
SELECT h.customer_id, h.history, b.model, s.spend_model, c.cuts,
	(SELECT kaplan_meier(q::float8, q % 3 = 0) FROM generate_series(1, 10) AS q) AS points,
	(SELECT book_agg(o.buyer::bigint, o.at, o.total, 'UTC') FROM shop.orders AS o WHERE o.buyer < 20) AS book,
	(SELECT subscription_agg(daterange(p.started, p.ended), p.mrr) FROM shop.plans AS p WHERE p.customer = h.customer_id) AS subscription,
	(SELECT affinity_agg(o.order_id, o.product_id::bigint) FROM shop.orders AS o WHERE o.buyer < 20) AS baskets,
	(SELECT referral_agg(i.who::bigint, i.friend_of::bigint, 1.5::float8) FROM shop.invitations AS i) AS referrals,
	sbg.renewals, date '2025-12-31' AS as_of
FROM crm.customer_history AS h,
	(SELECT btyd_fit('bg/nbd', history, '2025-12-31') AS model FROM crm.customer_history) AS b,
	(SELECT gamma_gamma_fit(history, '2025-12-31') AS spend_model FROM crm.customer_history) AS s,
	(SELECT rfm_cuts_agg(history, '2025-12-31') AS cuts FROM crm.customer_history) AS c,
	(SELECT renewal_model(ARRAY[0.704, 1.182]) AS renewals) AS sbg
WHERE h.customer_id <= 50;

-- sqlsmith draws its functions from pg_proc, where ours would be lost among three thousand: ahead
-- on its path stands one with ours and a tenth of the others.
CREATE SCHEMA smith;
CREATE VIEW smith.pg_proc AS
SELECT p.* FROM pg_catalog.pg_proc AS p
WHERE EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
		WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' AND e.extname = 'crm_ext')
	OR p.pronamespace = 'crm'::regnamespace OR (p.oid < 16384 AND p.oid::bigint % 10 = 0 AND p.proname !~ '^pg_|^lo_|^lo|sleep|file|current_setting|set_config|xml');
