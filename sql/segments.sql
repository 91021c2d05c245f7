--
-- rfm_segment and its rules: what a user sees
--
SELECT position, segment, r_min, r_max, f_min, f_max, m_min, m_max FROM rfm_default_rules();
SELECT segment, action FROM rfm_default_rules() WHERE position IN (1, 10, 15);
SELECT s, rfm_segment(s) FROM unnest(ARRAY[555, 511, 311, 155, 111, 556, 5, NULL]) s;

INSERT INTO rfm_rules (position, segment, r_min, r_max, f_min, f_max, m_min, m_max) VALUES
	(1, 'regulars', 4, 5, 4, 5, 1, 5), (2, 'recent', 4, 5, 1, 5, 1, 5);
SELECT s, rfm_segment(s) FROM unnest(ARRAY[555, 511, 311]) s;
INSERT INTO rfm_rules VALUES (3, 'turned round', 1, 5, 4, 2, 1, 5, NULL);
INSERT INTO rfm_rules VALUES (3, 'six', 1, 6, 1, 2, 1, 5, NULL);
DELETE FROM rfm_rules;
SELECT rfm_segment(555);
