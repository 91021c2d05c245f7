-- Values and states of more than 65,536 parts: their loops look for interrupts on the way, and
-- what they find is what short ones add up to.
BEGIN;
SELECT no_plan();
SET LOCAL jit = off;
\set n 70000

\ir include/queries.sql

-- One customer who buys every third day, and the same in two halves.
CREATE TABLE days AS SELECT i, date '1500-01-01' + i * 3 AS day, i % 7 + 0.25 AS amount FROM generate_series(1, :n) i;
CREATE TABLE long AS SELECT 1 AS id, history_agg(day, amount) AS h FROM days;
CREATE TABLE halves AS SELECT i % 2 AS id, history_agg(day, amount) AS h FROM days GROUP BY 1;
ANALYZE days;
SELECT ok(purchase_days(h) = :n AND spend(h) = (SELECT sum(amount) FROM days), 'a long history') FROM long;
SELECT ok(history_agg(halves.h) = long.h AND (SELECT h FROM halves WHERE id = 0) || (SELECT h FROM halves WHERE id = 1) = long.h, 'is that of its halves') FROM halves, long GROUP BY long.h;
SELECT ok((SELECT h FROM histories(book_agg(1, day, amount), NULL::bigint) AS t(id, h)) = (SELECT h FROM long), 'as a book has it') FROM days;
SELECT is(workspace_value_at_stake(h, '2100-01-01'), spend(slice(h, daterange(last_purchase(h) - 364, '2100-01-02'))), 'its last active year') FROM long;
SELECT is(active_spans(h, 2), (SELECT range_agg(daterange(day, day + 2)) FROM days), 'its active spans') FROM long;
SELECT is((retention_agg(h, '{1500-01-01,2100-01-01}', 2))[1].purchases, :n::bigint, 'its series') FROM long;
SELECT is((retention_agg(active_spans(h, 2), '{1500-01-01,2100-01-01}'))[1].acquired, 1::bigint, 'the series of its spans') FROM long;
SELECT ok(abs(silence_probability(h, '2074-12-31', 60, 0) - 1) < 1e-12 OR silence_probability(h, last_purchase(h) + 3, 60, 2) BETWEEN 0 AND 1, 'its silence') FROM long;
SELECT is((SELECT k.purchases FROM (SELECT (key_figures_agg(h, '[1500-01-01,2100-01-01)', 30)).* ) k), :n::bigint, 'its key figures') FROM long;
SELECT is(funnel_agg('1000 years', day, 1 + (i = :n)::int ORDER BY day), 2, 'its funnel') FROM days;

-- Partial states of that size travel.
SET enable_partitionwise_aggregate = on;
SET max_parallel_workers_per_gather = 0;
SET cpu_operator_cost = 0;
CREATE TABLE parted (part int, i int, day date, amount numeric) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
INSERT INTO parted SELECT part, i, day, amount FROM days, generate_series(0, 1) part;
ANALYZE parted;
CREATE TABLE calls (call text);
INSERT INTO calls VALUES ('history_agg(day, amount)'), ('kaplan_meier(i, i % 3 > 0)'),
	('subscription_agg(daterange(day, day + 2), i % 5 + 1)'), ('ladder_agg((day || '','' || day + i)::purchase_history, ''3000-01-01'')'),
	('retention_agg(CASE WHEN i = 1 THEN ''2024-01-01:5''::purchase_history END, periods(''1900-01-01'', ''2090-01-01'', ''1 day''), NULL)'),
	('mrr_agg(CASE WHEN i = 1 THEN ''2024-01-01:5,2024-02-01:0''::subscription_history END, periods(''1900-01-01'', ''2090-01-01'', ''1 day''))'),
	('affinity_agg(i, i % 300)'), ('referral_agg(i, i / 2, i)'), ('top_share(i, .2)'), ('rfm_cuts_agg(day, i, amount)'), ('btyd_fit(''bg/nbd'', 0, 0, i)'),
	('engagement_agg(day, ''inbound'', ''a'', ''b'', ''UTC'')');
SELECT ok(pg_temp.is_partial(format('SELECT %s FROM parted', call)), 'one partial state a partition: ' || call) FROM calls;
SET client_min_messages = error;
SELECT is(md5(pg_temp.value(format('SELECT %s FROM parted', call))), md5(pg_temp.value(format('SELECT %s FROM (TABLE days UNION ALL TABLE days) d', call))), 'combined: ' || call) FROM calls;
RESET client_min_messages;
SELECT is(survival_at(kaplan_meier(i, true), i0), 1 - i0::float8 / :n, 'survival at ' || i0) FROM days, unnest(ARRAY[1, :n / 2]) i0 GROUP BY i0;

-- Text and binary forms.
\ir include/binary.sql
SELECT is(md5(pg_temp.receive('subscription_history', subscription_history_send(s))), md5(s::text), 'a long subscription') FROM (SELECT subscription_agg(daterange(day, day + 2), i % 5 + 1) AS s FROM days) s;
SELECT is(s::text::subscription_history, s, 'and its text') FROM (SELECT subscription_agg(daterange(day, day + 2), i % 5 + 1) AS s FROM days) s;
SELECT is(md5(pg_temp.receive('basket_counts', basket_counts_send(c))), md5(c::text), 'many pairs') FROM (SELECT affinity_agg(1, i) AS c FROM generate_series(1, 400) i) c;
SELECT is(md5(pg_temp.receive('referral_graph', referral_graph_send(g))), md5(g::text), 'many referrals') FROM (SELECT referral_agg(i, i / 2, i) AS g FROM days) g;

SELECT * FROM finish();
ROLLBACK;
