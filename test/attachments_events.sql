-- Attached events: a funnel by hand.
BEGIN;
SELECT no_plan();
\ir include/attachments.sql

CREATE TABLE shop.visits (who int, at timestamptz, what text, source text);
INSERT INTO shop.visits VALUES
	(1, '2025-01-01', 'awareness', 'ad'), (1, '2025-01-05', 'consideration', 'mail'), (1, '2025-01-30', 'decision', NULL),
	(2, '2025-01-01', 'awareness', 'ad'), (2, '2025-02-15', 'consideration', NULL),           -- too late
	(3, '2025-01-01', 'decision', NULL), (3, '2025-01-02', 'awareness', 'mail'),              -- in another order
	(4, '2025-01-01', 'consideration', 'ad'),                                                 -- never at the first step
	(5, '2025-01-01', 'awareness', NULL), (5, '2025-01-02', 'looking around', 'mail'), (5, '2025-01-03', 'consideration', 'ad'),
	(6, '2026-01-01', 'awareness', 'ad'), (NULL, '2025-01-01', 'awareness', 'ad'), (7, '2025-01-01', NULL, 'ad');
SELECT lives_ok($$SELECT crm_attach_events('shop.visits', customer_id => 'who', at => 'at', step => 'what', channel => 'source')$$, 'events are attached');
SELECT results_eq('SELECT channel, step, step_name, leads, conversion_rate, step_rate FROM crm.funnel',
	$$VALUES ('ad', 1, 'awareness', 2::bigint, 1::float8, NULL::float8), ('ad', 2, 'consideration', 1, 0.5, 0.5), ('ad', 3, 'decision', 1, 0.5, 1),
		('mail', 1, 'awareness', 2, 1, NULL), ('mail', 2, 'consideration', 1, 0.5, 0.5), ('mail', 3, 'decision', 0, 0, 0)$$, 'funnel: by hand');
SELECT crm_attach_events('shop.visits', 'who', 'at', 'what', steps => '{awareness,decision}', event_window => '1 year');
SELECT results_eq('SELECT channel, step_name, leads FROM crm.funnel', $$VALUES (NULL, 'awareness', 4::bigint), (NULL, 'decision', 1)$$, 'own steps, without channels');
SELECT is(failure($$SELECT crm_attach_events('shop.visits', 'who', 'at', 'what', steps => '{a,a}')$$),
	'22023 | steps must be 1 to 32 different names, not {a,a} | They are the values of the step column, in order: {awareness,consideration,decision}.', 'steps that repeat');
SELECT alike(failure($$SELECT crm_attach_events('shop.visits', 'who', 'at', 'what', event_window => '-1 day')$$), '22023 | %', 'a negative window');

SELECT * FROM finish();
ROLLBACK;
