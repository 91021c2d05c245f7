-- Kaplan-Meier: what a psql session shows.
SET extra_float_digits = 0;
CREATE TEMP TABLE watched (weeks float8, happened boolean);
INSERT INTO watched VALUES (1, true), (2, true), (2, false), (3, true), (4, NULL), (NULL, true), (5, false), (6, true);
SELECT * FROM unnest((SELECT kaplan_meier(weeks, happened) FROM watched));
SELECT median_survival(kaplan_meier(weeks, happened)), survival_at(kaplan_meier(weeks, happened), 2.5) FROM watched;
SELECT kaplan_meier(-1, true);
SELECT survival_at(kaplan_meier(weeks, happened), 'NaN') FROM watched;
