-- Segments: the built-in rules, rules of one's own. Dump, restore and rights: test/segments.pl.
BEGIN;
SELECT no_plan();

CREATE TEMP VIEW cell AS
SELECT 100 * r + 10 * f + m AS score, r, f, m FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m;

-- The cube of built-in rules
SELECT is((SELECT count(*) FROM (SELECT score, count(*) AS rules, min(segment) AS segment
		FROM cell JOIN rfm_default_rules() ON r BETWEEN r_min AND r_max AND f BETWEEN f_min AND f_max AND m BETWEEN m_min AND m_max
		GROUP BY 1) s WHERE rules = 1 AND segment = rfm_segment(score)), 125::bigint, 'each of the 125 cells is in exactly one rule, which names its segment');
SELECT set_eq('SELECT DISTINCT rfm_segment(score) FROM cell', ARRAY['Champions', 'Loyal', 'Potential Loyalists', 'New', 'Promising', 'Need Attention',
	'About to Sleep', 'At Risk', 'Can''t Lose Them', 'Hibernating', 'Lost'], 'the eleven segments');
SELECT is((SELECT count(DISTINCT position) FROM rfm_default_rules() WHERE r_min <= r_max AND f_min <= f_max AND m_min <= m_max AND action LIKE '%.'), 15::bigint, 'positions and actions');
SELECT is((SELECT count(DISTINCT (segment, action)) FROM rfm_default_rules()), 11::bigint, 'one action for each segment');
SELECT is(rfm_segment(555) || ', ' || rfm_segment(111) || ', ' || rfm_segment(511) || ', ' || rfm_segment(155), 'Champions, Lost, New, Can''t Lose Them', 'the corners');
SELECT is(rfm_segment(n), 'Other', 'Other: ' || n)
FROM unnest(ARRAY[0, 1, 55, 110, 550, 505, 556, 565, 566, 655, 661, 999, 1111, 5555, -555, -2147483648, 2147483647]) n;
SELECT is(rfm_segment(NULL), NULL, 'NULL');
SELECT is((SELECT count(*) FROM generate_series(-1000, 6000) s WHERE (rfm_segment(s) = 'Other') = (s IN (SELECT score FROM cell))), 0::bigint, 'Other is everything else');

-- Own rules
SELECT is((SELECT count(*) FROM rfm_rules), 0::bigint, 'no own rules at first');
INSERT INTO rfm_rules SELECT * FROM rfm_default_rules();
SELECT is((SELECT count(*) FROM cell JOIN rfm_default_rules() ON r BETWEEN r_min AND r_max AND f BETWEEN f_min AND f_max AND m BETWEEN m_min AND m_max
	WHERE segment = rfm_segment(score)), 125::bigint, 'the built-in rules as own rules');
DELETE FROM rfm_rules;
INSERT INTO rfm_rules VALUES (20, 'everybody recent', 3, 5, 1, 5, 1, 5, NULL), (10, 'best', 5, 5, 5, 5, 1, 5, 'x'), (-5, 'top', 5, 5, 5, 5, 5, 5, 'y');
SELECT results_eq('SELECT rfm_segment(s) FROM (VALUES (555), (554), (454), (311), (211), (999)) v(s)',
	$$VALUES ('top'), ('best'), ('everybody recent'), ('everybody recent'), ('Other'), ('Other')$$, 'they replace all; the lowest position wins; without a rule Other');
UPDATE rfm_rules SET position = 5 WHERE segment = 'everybody recent';
SELECT is(rfm_segment(554), 'everybody recent', 'a change is seen by the next command');
SAVEPOINT s;
DELETE FROM rfm_rules;
SELECT is(rfm_segment(554), 'Champions', 'without a row the built-in rules are back');
ROLLBACK TO s;
SELECT is(rfm_segment(554), 'everybody recent', 'so it is after a rollback');

-- A function keeps what it knows for a transaction; still it sees each change, and each rollback of one.
CREATE FUNCTION pg_temp.follow() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE seen text[];
BEGIN
	FOR i IN 1..3 LOOP
		BEGIN
			IF i > 1 THEN
				DELETE FROM rfm_rules;
				INSERT INTO rfm_rules VALUES (1, 'round ' || i, 1, 5, 1, 5, 1, 5);
			END IF;
			FOR j IN 1..2 LOOP
				seen := seen || rfm_segment(555);
				IF j = 1 AND i = 2 THEN UPDATE rfm_rules SET segment = 'updated'; END IF;
			END LOOP;
			IF i = 2 THEN RAISE EXCEPTION 'undo'; END IF;
		EXCEPTION WHEN raise_exception THEN
			NULL;
		END;
		seen := seen || rfm_segment(555);
	END LOOP;
	RETURN seen;
END $$;
-- in the second round the block is undone, and with it what it had seen? No: variables stay.
SELECT is(pg_temp.follow(), '{top,top,top,"round 2",updated,top,"round 3","round 3","round 3"}'::text[], 'in a loop with a block undone');

-- One query, one set of rules: what a command changes itself it does not see.
DELETE FROM rfm_rules;
WITH added AS (INSERT INTO rfm_rules VALUES (1, 'mine', 1, 5, 1, 5, 1, 5) RETURNING 1)
SELECT is(rfm_segment(555), 'Champions', 'within the command that changes the rules') FROM added;
SELECT is(rfm_segment(555), 'mine', 'and after it');

-- Refused when written
SELECT throws_ok('INSERT INTO rfm_rules VALUES ' || v, state, NULL, 'refused: ' || v)
FROM (VALUES ('(2, ''x'', 3, 2, 1, 5, 1, 5)', '23514'), ('(2, ''x'', 1, 5, 3, 2, 1, 5)', '23514'), ('(2, ''x'', 1, 5, 1, 5, 5, 4)', '23514'),
	('(2, ''x'', 0, 5, 1, 5, 1, 5)', '23514'), ('(2, ''x'', 1, 6, 1, 5, 1, 5)', '23514'), ('(2, ''x'', 1, 5, 1, 5, 1, 9)', '23514'), ('(2, '''', 1, 5, 1, 5, 1, 5)', '23514'),
	('(2, ''x'', NULL, 5, 1, 5, 1, 5)', '23502'), ('(NULL, ''x'', 1, 5, 1, 5, 1, 5)', '23502'), ('(2, NULL, 1, 5, 1, 5, 1, 5)', '23502'), ('(1, ''x'', 1, 5, 1, 5, 1, 5)', '23505')) w(v, state);
SELECT throws_ok('UPDATE rfm_rules SET r_min = 5, r_max = 4', '23514', NULL, 'refused in an update');

-- Parallel workers read the rules as this transaction has left them.
CREATE TABLE segment_scores AS SELECT score FROM cell, generate_series(1, 100);
ALTER TABLE segment_scores SET (parallel_workers = 2);
UPDATE rfm_rules SET segment = 'not committed';
\ir include/parallel.sql
SELECT is((SELECT count(*) FROM segment_scores WHERE rfm_segment(score) = 'not committed'), 12500::bigint, 'parallel workers');
RESET ALL;

-- Many rules, and a table of them that is gone.
SAVEPOINT many_rules;
DELETE FROM rfm_rules;
INSERT INTO rfm_rules SELECT i, 'score ' || i, i / 100, i / 100, i / 10 % 10, i / 10 % 10, i % 10, i % 10 FROM generate_series(111, 555) i WHERE i::text !~ '[06789]';
SELECT is(count(*) FILTER (WHERE rfm_segment(i) = 'score ' || i), 125::bigint, 'a rule for each score') FROM generate_series(111, 555) i WHERE i::text !~ '[06789]';
ALTER EXTENSION crm_ext DROP TABLE rfm_rules;
ALTER TABLE rfm_rules RENAME TO rfm_rules_elsewhere;
SELECT throws_ok('SELECT rfm_segment(555)', '42P01', NULL, 'no table of rules');
ROLLBACK TO many_rules;
SELECT is(rfm_segment(555), segment, 'the rules are back') FROM rfm_rules;

SELECT * FROM finish();
ROLLBACK;
