-- Lifetime value: contracts, reference figures, errors.
BEGIN;
SELECT no_plan();
\ir include/cdnow.sql
\ir include/binary.sql

\ir include/errors.sql

CREATE FUNCTION pg_temp.near(got float8, expected float8, tolerance float8) RETURNS boolean LANGUAGE sql
RETURN abs(got - expected) <= tolerance;

-- Under a contract ---------------------------------------------------------

-- Summed term by term in numeric at 60 places.
CREATE FUNCTION pg_temp.contract_oracle(retention numeric, discount numeric, periods int)
RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	ratio numeric := round(retention, 60) / (1 + discount);
	power numeric := 1;
	total numeric := 0;
BEGIN
	FOR t IN 1..periods LOOP
		power := round(power * ratio, 60);
		total := total + power;
	END LOOP;
	RETURN total;
END $$;

SELECT is(count(*) FILTER (WHERE abs(clv(1, r, d, n) / pg_temp.contract_oracle(r::numeric, d::numeric, n)::float8 - 1) < 1e-13),
          count(*), format('contract sums, retention %s', r))
FROM unnest(ARRAY[.125, .5, .75, .9375, .998046875, 1]) r,
     unnest(ARRAY[-.5, -.0625, -.001953125, 0, .0009765625, .125, 1]) d,
     unnest(ARRAY[1, 2, 3, 12, 60, 400]) n
GROUP BY r ORDER BY r;

-- A ratio next to 1 from either side costs no digits.
SELECT is(count(*) FILTER (WHERE abs(clv(1, 1, s * 2::float8 ^ -k, 100)
                                     / pg_temp.contract_oracle(1, s * 2::numeric ^ -k, 100)::float8 - 1) < 4e-15),
          count(*), 'contract sums next to ratio 1')
FROM generate_series(5, 50) k, unnest(ARRAY[-1, 1]) s;
SELECT is(clv(1, 1, 1e-300, 100), 100::float8, 'a gap below the smallest ratio');

SELECT ok(abs(clv(1, .8, .1) - .8 / .3) < 1e-15, 'for ever is retention / (1 + discount - retention)');
SELECT ok(abs(clv(1, .85, .1) / clv(1, .8, .1) - 1.275) < 1e-14, 'the 5/25 rule at 80 % and 10 %: 27.5 %');
SELECT is(clv(1, .8, .1, NULL), clv(1, .8, .1), 'periods NULL is for ever');
SELECT is(clv(1, .8, .1, 2147483647), clv(1, .8, .1), 'the sum settles');
SELECT is(clv(margin => 2, retention_rate => .5, discount_rate => 0, periods => 2), 1.5::float8, 'arguments by name');

SELECT throws_ok(format('SELECT clv(%s)', arguments), code, NULL, arguments)
FROM (VALUES ('1, 80, .1', '22023'), ('1, .8, 10', '22023'), ('1, -.1, .1', '22023'),
             ('1, .8, -1', '22023'), ('1, .8, .1, -1', '22023'), ($$'NaN', .8, .1$$, '22023'),
             ($$'-Infinity', .8, .1$$, '22023'), ($$1, 'NaN', .1$$, '22023'),
             ($$1, .8, 'NaN'$$, '22023'), ('1, 1, 0', '22003'), ('1, .9, -.2', '22003'),
             ('1, 1, -.9, 2000', '22003'), ('1e308, 1, 0, 100', '22003')) v(arguments, code);


-- Models as values -----------------------------------------------------------

CREATE TEMP TABLE made AS
SELECT btyd_model('bg/nbd', ARRAY[.243, 4.414, .793, 2.426]) AS bg,
       btyd_model('mbg/nbd', ARRAY[.525, 6.183, .891, 1.614]) AS mbg,
       btyd_model('pareto/nbd', ARRAY[.553, 10.580, .606, 11.656], 7) AS pareto,
       btyd_model('bg/bb', ARRAY[1.203522, .749716, .656718, 2.783443], 365.25) AS bgbb,
       spend_model(ARRAY[6.25, 3.74, 15.44]) AS spend,
       renewal_model(ARRAY[.66808835, 3.80609496]) AS sbg;

SELECT is(bg::jsonb - 'params' - 'family' - 'unit_days', jsonb_build_object(
		'standard_errors', NULL, 'covariance', NULL, 'log_likelihood', NULL, 'aic', NULL, 'bic', NULL,
		'customers', NULL, 'left_out', NULL, 'iterations', NULL, 'converged', NULL, 'reason', NULL),
	'a model from parameters has no figures of a fit') FROM made;
SELECT is(bg::jsonb -> 'params', '{"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}', 'parameters by name') FROM made;
SELECT is(pareto::jsonb -> 'params', '{"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.656}', 'pareto/nbd') FROM made;
SELECT is(bgbb::jsonb ->> 'unit_days', '365.25', 'unit of time') FROM made;
SELECT ok(bg::text::btyd_model = bg AND pareto::text::btyd_model = pareto AND spend::text::spend_model = spend
	AND sbg::text::renewal_model = sbg AND bg <> mbg, 'text round trip') FROM made;
SELECT is((SELECT count(*) FROM (SELECT bg FROM made UNION SELECT bg FROM made UNION SELECT mbg FROM made) x), 2::bigint, 'models can be grouped');
SELECT ok((bg < mbg) <> (bg > mbg) AND bg <= bg AND bg >= bg AND hashtext(bg::text) IS NOT NULL, 'models are ordered') FROM made;
CREATE TABLE by_model (m btyd_model) PARTITION BY HASH (m);
CREATE TABLE by_model_0 PARTITION OF by_model FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE by_model_1 PARTITION OF by_model FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO by_model SELECT btyd_model('bg/nbd', ARRAY[i, 2, 3, 4]) FROM generate_series(1, 50) i;
SELECT ok((SELECT count(*) FROM by_model_0) BETWEEN 10 AND 40 AND (SELECT count(*) FROM by_model JOIN (SELECT btyd_model('bg/nbd', ARRAY[i, 2, 3, 4]) AS m FROM generate_series(1, 50) i) x USING (m)) = 50, 'models are spread by their hash');
SELECT is((SELECT count(*) FROM made a JOIN made b ON a.bg = b.bg AND a.spend = b.spend AND a.sbg = b.sbg), 1::bigint, 'models join');

SELECT throws_ok(format('SELECT %s', call), code, NULL, call)
FROM (VALUES ($$btyd_model('bg', ARRAY[1,2,3,4])$$, '22023'), ($$btyd_model('bg/nbd', ARRAY[1,2,3])$$, '22023'),
             ($$btyd_model('bg/nbd', ARRAY[1,2,3,NULL])$$, '22023'), ($$btyd_model('bg/nbd', ARRAY[1,2,3,-1])$$, '22023'),
             ($$btyd_model('bg/nbd', ARRAY[1,2,3,'NaN'::float8])$$, '22023'), ($$btyd_model('bg/nbd', ARRAY[1,2,3,'Infinity'::float8])$$, '22023'),
             ($$btyd_model('bg/nbd', ARRAY[[1,2],[3,4]])$$, '22023'), ($$btyd_model('bg/nbd', ARRAY[1,2,3,4], 0)$$, '22023'),
             ($$btyd_model('bg/nbd', '{}')$$, '22023'), ($$spend_model(ARRAY[1,2])$$, '22023'), ($$renewal_model(ARRAY[0,2])$$, '22023'),
             ($$'bg/nbd'::btyd_model$$, '22P02'), ($$'[]'::btyd_model$$, '22P02'), ($$'{}'::btyd_model$$, '22P02'),
             ($$'{"family": "bg/nbd", "unit_days": 7, "params": {"r": 1}}'::btyd_model$$, '22P02'),
             ($$'{"family": "bg/nbd", "unit_days": 7, "params": {"r": 1, "alpha": 1, "a": 1, "b": "x"}}'::btyd_model$$, '22P02'),
             ($$'{"family": "bg/nbd", "unit_days": 7, "params": {"r": 1, "alpha": 1, "a": 1, "b": 0}}'::btyd_model$$, '22P02'),
             ($$'{"family": "bg/nbd", "unit_days": 7, "parameters": {}}'::btyd_model$$, '22P02'),
             ($$'{"family": "gamma-gamma", "params": {"p": 1, "q": 1, "gamma": 1}, "aic": 3}'::spend_model$$, '22P02'),
             ($$'{"family": "sbg", "params": {"p": 1, "q": 1, "gamma": 1}}'::spend_model$$, '22P02')) v(call, code);
SELECT throws_ok($$SELECT btyd_model('bg/nbd', ARRAY[1, NULL, 3, 4])$$, '22023', 'parameters of bg/nbd must not contain nulls', 'a parameter that is NULL');
SELECT throws_ok($$SELECT btyd_validate(btyd_model('bg/nbd', ARRAY[1, 2, 3, 4]), '2024-01-01', '2024-06-01', '2024-05-31')$$,
	'22023', 'holdout_end must come after calibration_end: 2024-05-31 is not after 2024-06-01', 'a holdout that ends too early');
-- What a fitted model says twice must agree.
CREATE TEMP TABLE told AS
SELECT sbg_fit(k, churned, n)::jsonb AS m FROM (VALUES (0, true, 131), (1, true, 126), (2, true, 90), (3, false, 653)) v(k, churned, n);
SELECT is(m::text::renewal_model::jsonb, m, 'a fitted model is read as it was written') FROM told;
SELECT throws_ok(format('SELECT %L::renewal_model', jsonb_set(m, path::text[], value::jsonb)), '22P02', NULL, format('"%s" may not be %s', path, value))
FROM told, (VALUES ('{customers}', '"many"'), ('{customers}', '1.5'), ('{standard_errors}', '3'), ('{standard_errors}', '[1, 2]'),
                   ('{standard_errors,alpha}', '7'), ('{covariance}', '7'), ('{covariance}', '[[1]]'), ('{covariance,0,1}', '7'),
                   ('{converged}', '1'), ('{aic}', '0'), ('{bic}', '0'), ('{reason}', '5'), ('{log_likelihood}', 'null'),
                   ('{frequency_monetary_correlation}', '0.5')) v(path, value);
SELECT ok(pg_temp.hint_of(query) LIKE 'Models are built from parameters with an array%', 'hint: ' || query)
FROM unnest(ARRAY[$$SELECT 'r=1'::btyd_model$$, $$SELECT '{"a": 1}'::spend_model$$, $$SELECT '{'::renewal_model$$]) query;
SELECT is(pg_temp.receive('btyd_model', btyd_model_send(bg)), bg::text, 'binary round trip') FROM made;
SELECT is(pg_temp.receive('spend_model', spend_model_send(spend)), spend::text, 'binary round trip') FROM made;
SELECT is(pg_temp.receive('renewal_model', renewal_model_send(sbg)), sbg::text, 'binary round trip') FROM made;
SELECT is(pg_temp.receive('renewal_model', spend_model_send(spend)), 'error 22P03', 'the bytes of another type') FROM made;
SELECT ok(bool_and(outcome IN ('ok', 'error 22P03', 'error 08P01')), 'mutated bytes are refused or a model: ' || string_agg(outcome, ', '))
FROM made, pg_temp.mutate('btyd_model', btyd_model_send(bg), 300);

-- Figures of the papers ----------------------------------------------------------

SELECT ok(pg_temp.near(expected_purchases(bg, 39, 2, 30.43, 38.86), 1.2260282, 5e-8), 'bg/nbd: expected purchases') FROM made;
SELECT ok(pg_temp.near(expected_purchases(bg, 78), 1.8605191, 5e-8), 'bg/nbd: of a new customer') FROM made;
SELECT ok(pg_temp.near(purchase_probability(bg, 0, 39), .57378635, 5e-9), 'bg/nbd: no purchase') FROM made;
SELECT ok(pg_temp.near(dert(bg, .0027, 2, 30.43, 38.86), 5.15637982615, 5e-10), 'bg/nbd: dert') FROM made;
SELECT ok(pg_temp.near(p_alive(pareto, 26, 30.857, 31), .99787139, 5e-9), 'pareto/nbd: p_alive') FROM made;
SELECT ok(pg_temp.near(expected_purchases(pareto, 52, 26, 30.857, 31), 25.4545135, 5e-8), 'pareto/nbd: expected purchases') FROM made;
SELECT ok(pg_temp.near(p_alive(bgbb, 2, 4, 6), .589657, 1e-6), 'bg/bb: p_alive') FROM made;
SELECT ok(pg_temp.near(dert(bgbb, ln(1.1::float8), 4, 5, 6), 3.197091349, 2e-6), 'bg/bb: dert') FROM made;
SELECT ok(pg_temp.near(renewal_survival(sbg, 12), .37800, 5e-6), 'sBG: survival') FROM made;
SELECT ok(pg_temp.near(expected_lifetime(sbg, .1), 5.922253496, 2e-7) AND pg_temp.near(expected_lifetime(sbg, .1, 7), 7.845116414, 2e-7), 'sBG: lifetimes') FROM made;
SELECT ok(expected_lifetime(sbg, 0) IS NULL AND pg_temp.near(expected_lifetime(renewal_model(ARRAY[2, 3]), 0, 1), 5, 1e-14), 'sBG: undiscounted') FROM made;
SELECT ok(pg_temp.near(renewal_retention(sbg, 3), renewal_survival(sbg, 3) / renewal_survival(sbg, 2), 1e-15), 'sBG: retention') FROM made;
SELECT ok(pg_temp.near(expected_spend(spend, 3, 20), 6.25 * (15.44 + 60) / (6.25 * 3 + 3.74 - 1), 1e-12)
	AND pg_temp.near(expected_spend(spend), 6.25 * 15.44 / 2.74, 1e-12)
	AND expected_spend(spend, 0, NULL) = expected_spend(spend) AND expected_spend(spend, 2, -5) = expected_spend(spend, 2, 0)
	AND expected_spend(spend, 2, NULL) IS NULL AND expected_spend(spend_model(ARRAY[1, .5, 1])) IS NULL, 'expected spend') FROM made;

-- Without discounting where that has a bound: purchases x lifetime, Schmittlein et al. 1987 (alpha beta / ...).
SELECT ok(pg_temp.near(dert(btyd_model('pareto/nbd', ARRAY[2, 4, 3, 5]), 0), 2 / 4.0::float8 * 5 / 2, 1e-14)
	AND pg_temp.near(dert(btyd_model('bg/bb', ARRAY[1, 3, 3, 5]), 0), .25 * 5 / 2, 1e-14), 'undiscounted: the purchase rate times the mean lifetime');
SELECT ok(purchase_probability(m, 0, 0, 3, 4, 6) = 1 AND purchase_probability(m, 1, 0, 3, 4, 6) = 0, 'nothing is bought in no time: ' || (m::jsonb ->> 'family'))
FROM made, unnest(ARRAY[bg, mbg, pareto, bgbb]) m;
-- More pairs of frequency and age than are remembered.
SELECT is((SELECT md5(string_agg(expected_purchases(bg, 52, x, x / 100.0, 400)::text, ' ')) FROM (SELECT i % 5000 AS x FROM generate_series(0, 9999) i OFFSET 0) x),
	(SELECT md5(string_agg(e, ' ')) FROM (SELECT (array_agg(e ORDER BY i))[1] AS e, i FROM (SELECT i, expected_purchases(bg, 52, i % 5000, i % 5000 / 100.0, 400)::text AS e
		FROM generate_series(9999, 0, -1) i OFFSET 0) d GROUP BY i ORDER BY i) o), 'what is forgotten is computed anew') FROM made;
SELECT ok(bytes BETWEEN 1e6 AND 6e6, format('what is remembered stays small: %s bytes', bytes))
FROM (SELECT sum(e) AS e FROM (SELECT expected_purchases(bg, 52, x, x / 100.0, 400) AS e FROM made, generate_series(1, 30000) x OFFSET 0) y OFFSET 0) z,
     LATERAL (SELECT sum(total_bytes) AS bytes FROM pg_backend_memory_contexts WHERE name = 'ExecutorState' AND z.e > 0) m;

-- Probabilities add up, and their mean is the expectation.
SELECT ok(pg_temp.near(sum(p), 1, 1e-12) AND pg_temp.near(sum(n * p), max(e), 1e-10), 'distribution of ' || f)
FROM made, (VALUES ('bg'), ('mbg'), ('pareto')) v(f),
     LATERAL (SELECT CASE f WHEN 'bg' THEN bg WHEN 'mbg' THEN mbg ELSE pareto END AS m) x,
     generate_series(0, 150) n,
     LATERAL (SELECT purchase_probability(m, n, 20, 3, 12, 15) AS p, expected_purchases(m, 20, 3, 12, 15) AS e) y
GROUP BY f;
SELECT ok(pg_temp.near(sum(p), 1, 1e-12) AND pg_temp.near(sum(n * p), max(e), 1e-10), 'distribution of bg/bb')
FROM made, generate_series(0, 9) n,
     LATERAL (SELECT purchase_probability(bgbb, n, 9, 3, 4, 6) AS p, expected_purchases(bgbb, 9, 3, 4, 6) AS e) y;

-- lifetimes' convention: 12 months of 4.345 weeks at 1 % a month.
SELECT ok(pg_temp.near(discounted_expected_purchases(pareto, 12, 4.345, .01, 2, 30.43, 38.86),
	(SELECT sum((expected_purchases(pareto, k * 4.345, 2, 30.43, 38.86) - expected_purchases(pareto, (k - 1) * 4.345, 2, 30.43, 38.86)) / 1.01 ^ k)
	 FROM generate_series(1, 12) k), 1e-13), 'discounted purchases as lifetimes has them') FROM made;
SELECT is(discounted_expected_purchases(bg, 0, 1, .1), 0::float8, 'no steps') FROM made;

-- Two thousand million steps end where what follows cannot change the sum.
-- Under valgrind (CRM_UNDER) all takes longer.
\getenv under CRM_UNDER
\set patience 20s
\if :{?under}
	\set patience 600s
\endif
SET LOCAL statement_timeout = :'patience';
SELECT ok(bool_and(abs(discounted_expected_purchases(m, 2000000000, 1, .1) / discounted_expected_purchases(m, 2000, 1, .1) - 1) < 1e-15),
	'steps discounted to nothing are not waited for')
FROM made, unnest(ARRAY[bg, mbg, pareto, bgbb]) m;
RESET statement_timeout;

-- Lifetime value against its definition.
CREATE FUNCTION pg_temp.value(m btyd_model, s spend_model, x bigint, t float8, age float8, money float8, days int, annual float8)
RETURNS float8 LANGUAGE sql AS $$
	SELECT expected_spend(s, x, money) * sum((expected_purchases(m, least(k * 365.25 / 12, days) / 7, x, t, age)
		- expected_purchases(m, least((k - 1) * 365.25 / 12, days) / 7, x, t, age)) * (1 + annual) ^ (-least(k * 365.25 / 12, days) / 365.25))
	FROM generate_series(1, ceil(days / (365.25 / 12))::int) k
$$;
SELECT ok(pg_temp.near(clv(bg, spend, 2, 30, 38, 25, d, r) / pg_temp.value(bg, spend, 2, 30, 38, 25, d, r), 1, 1e-12), format('clv over %s days at %s', d, r))
FROM made, (VALUES (365, .1), (10, .1), (31, 0), (3650, .25)) v(d, r);
-- bg/bb: purchases by whole opportunities.
SELECT ok(pg_temp.near(clv(m, spend, 2, 4, 6, 25, days, .1), expected_spend(spend, 2, 25)
	* (SELECT sum((expected_purchases(m, floor(least(k * 365.25 / 12, days) / 30), 2, 4, 6)
			- expected_purchases(m, floor(least((k - 1) * 365.25 / 12, days) / 30), 2, 4, 6)) * 1.1 ^ (-least(k * 365.25 / 12, days) / 365.25))
		FROM generate_series(1, ceil(days / (365.25 / 12))::int) k), 1e-12), format('bg/bb: clv over %s days', days))
FROM (SELECT btyd_model('bg/bb', ARRAY[1.203522, .749716, .656718, 2.783443], 30) AS m, spend FROM made) y, unnest(ARRAY[20, 100, 365, 1000]) days;
SELECT ok(pg_temp.near(clv(bg, spend, 2, 30, 38, 25, NULL, .1), expected_spend(spend, 2, 25) * dert(bg, ln(1.1::float8) * 7 / 365.25, 2, 30, 38), 1e-10), 'clv for ever') FROM made;
-- What is discounted to nothing is not summed: a horizon of millions of years takes no time.
SET statement_timeout = :'patience';
SELECT is(clv(bg, spend, 2, 30, 38, 25, 2147483647, .1), clv(bg, spend, 2, 30, 38, 25, 4000000, .1), 'clv until the discount leaves nothing') FROM made;
SELECT ok(pg_temp.near(clv(bg, spend, 2, 30, 38, 25, 2147483647, 0) / (expected_spend(spend, 2, 25) * expected_purchases(bg, 2147483647 / 7.0::float8, 2, 30, 38)), 1, 1e-12),
	'undiscounted clv is that of its end') FROM made;
SELECT is(discounted_expected_purchases(bg, 2147483647, 4.345, .01, 2, 30, 38), discounted_expected_purchases(bg, 100000, 4.345, .01, 2, 30, 38), 'so are discounted purchases') FROM made;
-- A received model may have any positive parameters: as good as nobody leaves, and all purchases come at once.
SELECT ok(pg_temp.near(dert(m, .5, 5, .5, .5), 5.525 * (1 / .5) * 2, 1e-9), 'dert where nobody leaves')
FROM (SELECT btyd_model('mbg/nbd', ARRAY[.525, 1e-181, 4e-320, 1.614]) AS m) x;
RESET statement_timeout;
SELECT ok(clv(bg, spend, 2, 30, 38, 25, 365, .1, .5) = .5 * clv(bg, spend, 2, 30, 38, 25) AND clv(bg, spend, 2, 30, 38, -9) >= 0
	AND clv(bg, spend, 2, 30, 38, 25, 0) = 0 AND clv(bg, spend, 0, 0, 38, NULL) > 0 AND clv(bg, spend, 1, 3, 38, NULL) IS NULL
	AND clv(bg, NULL, 2, 30, 38, 25) IS NULL AND clv(NULL, spend, 2, 30, 38, 25) IS NULL AND clv(bg, spend, 2, 30, 38, 25, 365, NULL) IS NULL, 'clv: margin, NULLs') FROM made;
SELECT ok(clv(bg, spend, '1997-01-01:10,1997-01-15:20,1997-03-01:30'::purchase_history, '1997-06-01')
	= clv(bg, spend, 2, 59 / 7.0::float8, 151 / 7.0::float8, 25), 'clv of a history') FROM made;
SELECT ok(clv(bg, spend, ''::purchase_history, '1997-06-01') IS NULL AND clv(bg, spend, '1997-01-01:10'::purchase_history, '1996-06-01') IS NULL
	AND p_alive(bg, ''::purchase_history, '1997-06-01') IS NULL, 'nothing bought') FROM made;

-- Bad input -----------------------------------------------------------------------

SELECT throws_ok('SELECT ' || call || ' FROM made', code, NULL, call)
FROM (VALUES ('p_alive(bg, -1, 0, 1)', '22023'), ('p_alive(bg, 1, 5, 3)', '22023'), ('p_alive(bg, 0, 2, 3)', '22023'),
             ($$p_alive(bg, 1, 'NaN', 3)$$, '22023'), ($$p_alive(bg, 1, 2, 'Infinity')$$, '22023'), ('p_alive(bg, 1, -1, 3)', '22023'),
             ('p_alive(bgbb, 1, 1.5, 3)', '22023'), ('p_alive(bgbb, 3, 2, 4)', '22023'), ('p_alive(bgbb, 0, 0, 2000000)', '22003'),
             ('expected_purchases(bg, -1)', '22023'), ($$expected_purchases(bg, 'NaN')$$, '22023'), ('expected_purchases(bgbb, 1.5)', '22023'),
             ('purchase_probability(bg, -1, 1)', '22023'), ('dert(bg, -.1)', '22023'), ('dert(bg, 10)', '22023'), ($$dert(bg, 'NaN')$$, '22023'),
             ('discounted_expected_purchases(bg, 12, 0, .1)', '22023'), ('discounted_expected_purchases(bg, -1, 1, .1)', '22023'),
             ('discounted_expected_purchases(bg, 12, 1, 10)', '22023'), ($$p_alive(bg, '1997-01-01'::purchase_history, 'infinity')$$, '22008'),
             ('renewal_survival(sbg, -1)', '22023'), ('renewal_retention(sbg, 0)', '22023'), ('expected_lifetime(sbg, 10)', '22023'),
             ('expected_spend(spend, -1, 3)', '22023'), ($$expected_spend(spend, 1, 'NaN')$$, '22023'),
             ('clv(bg, spend, 2, 30, 38, 25, -1)', '22023'), ('clv(bg, spend, 2, 30, 38, 25, 365, 10)', '22023'), ('clv(bg, spend, 2, 30, 38, 25, 365, .1, 40)', '22023')) v(call, code);
SELECT throws_ok(call, code, NULL, call)
FROM (VALUES ('SELECT purchase_probability(bgbb, 3, 2000000) FROM made', '22003'), ('SELECT p_alive(bgbb, ''4000-01-01 BC'', ''4000000-01-01'') FROM (SELECT btyd_model(''bg/bb'', ''{1,1,1,1}'', 1) AS bgbb) y', '22003'),
             ('SELECT btyd_fit(''bg/nbd'', 1, 1e307, 1e308, 1, 100)', '22003'),
             ('SELECT btyd_validate(bg, ''2024-01-01'', NULL, ''2024-03-01'') FROM made', '22004'), ('SELECT btyd_validate(bg, ''2024-01-01'', ''2024-02-01'', NULL) FROM made', '22004'),
             ('SELECT btyd_validate(bg, ''2024-01-01'', date ''2024-02-01'' + i, ''2024-03-01'') FROM made, generate_series(1, 2) i', '22023'),
             ('SELECT btyd_validate(bg, ''2024-01-01'', ''2024-02-01'', date ''2024-03-01'' + i) FROM made, generate_series(1, 2) i', '22023'),
             ('SELECT btyd_validate(btyd_model(''pareto/nbd'', ARRAY[1e100, 1, 2, 1]), ''2024-01-01,2024-02-01'', ''2024-02-01'', ''2024-03-01'')', '22003')) v(call, code);
SELECT is(btyd_validate(NULL, '2024-01-01', '2024-02-01', '2024-03-01'), NULL, 'no model, no validation');
SELECT is(dert(bg, 0), NULL, 'without discounting and with a <= 1 there is no bound') FROM made;
SELECT ok(pg_temp.near(dert(btyd_model('bg/nbd', ARRAY[1, 1, 3, 2]), 0), 2, 1e-14), 'with a > 1 there is') FROM made;

-- Fitting -------------------------------------------------------------------------

SELECT is(btyd_fit('bg/nbd', x, x, x::float8), NULL, 'no row') FROM generate_series(1, 0) x;
SELECT is(btyd_fit('bg/nbd', NULL::bigint, 1, 2), NULL, 'only NULLs') FROM generate_series(1, 3);
SELECT is(btyd_fit('bg/nbd', h, '2024-01-01'), NULL, 'nothing bought by then') FROM (VALUES ('2025-01-01'::purchase_history), ('')) v(h);
SELECT is(gamma_gamma_fit(0, 10), NULL, 'no repeat buyer');
SELECT is(sbg_fit(NULL, true), NULL, 'no renewal');
SET client_min_messages = error;
SELECT ok(m::jsonb -> 'params' = 'null' AND m::jsonb ->> 'converged' = 'false' AND m::jsonb ->> 'reason' = 'no customer bought again'
	AND expected_purchases(m, 10) IS NULL AND p_alive(m, 0, 0, 10) IS NULL AND m::text::btyd_model = m, 'nobody bought again')
FROM (SELECT btyd_fit('bg/nbd', 0, 0, 10) AS m FROM generate_series(1, 20)) x;
SELECT ok(m::jsonb ->> 'converged' = 'false' AND m::jsonb ->> 'reason' LIKE '%runs to infinity%' AND m::jsonb -> 'standard_errors' = 'null'
	AND m::text NOT LIKE '%NaN%' AND expected_purchases(m, 10, 2, 5, 10) BETWEEN 0 AND 100 AND m::text::btyd_model = m, f || ': everyone alike')
FROM (SELECT f, btyd_fit(f, 2, 5, 10) AS m FROM generate_series(1, 20), unnest(ARRAY['bg/nbd', 'mbg/nbd', 'pareto/nbd', 'bg/bb']) f GROUP BY f) x;
RESET client_min_messages;
SELECT throws_ok(format('SELECT %s FROM generate_series(1, 2) i', call), code, NULL, call)
FROM (VALUES ($$btyd_fit('bgnbd', 1, 2, 3)$$, '22023'), ($$btyd_fit(NULL, 1, 2, 3)$$, '22004'), ($$btyd_fit('bg/nbd', 1, 4, 3)$$, '22023'),
             ($$btyd_fit('bg/nbd', 0, 1, 3)$$, '22023'), ($$btyd_fit('bg/nbd', -1, 0, 3)$$, '22023'), ($$btyd_fit('bg/nbd', 1, 'NaN', 3)$$, '22023'),
             ($$btyd_fit('bg/bb', 1, 1.5, 3)$$, '22023'), ($$btyd_fit('bg/nbd', 1, 2, 3, -1)$$, '22023'), ($$btyd_fit('bg/nbd', 1, 2, 3, 1, 0)$$, '22023'),
             ($$btyd_fit('bg/nbd', 1, 2, 3, 1, NULL)$$, '22004'), ($$btyd_fit(CASE i WHEN 1 THEN 'bg/nbd' ELSE 'mbg/nbd' END, 1, 2, 3)$$, '22023'),
             ($$btyd_fit('bg/nbd', 1, 2, 3, 1, i)$$, '22023'), ($$btyd_fit('bg/nbd', '2024-01-01'::purchase_history, date '2024-02-01' + i)$$, '22023'),
             ($$btyd_fit('bg/nbd', '2024-01-01'::purchase_history, NULL)$$, '22004'), ($$btyd_fit('bg/nbd', '2024-01-01'::purchase_history, 'infinity')$$, '22008'),
             ($$btyd_fit('bg/nbd', 5000000000, 2, 3)$$, '22003'), ($$gamma_gamma_fit(-1, 3)$$, '22023'), ($$gamma_gamma_fit(1, 'NaN')$$, '22023'),
             ($$sbg_fit(-1, true)$$, '22023'), ($$sbg_fit(1, true, -1)$$, '22023')) v(call, code);

-- A model without parameters knows nothing.
SELECT ok(purchase_probability(m, 1, 10) IS NULL AND dert(m, .1) IS NULL AND discounted_expected_purchases(m, 3, 1, .1) IS NULL
	AND clv(m, spend, 0, 0, 10, NULL) IS NULL AND (SELECT mae(btyd_validate(m, g, '2024-02-01', '2024-03-01')) FROM (VALUES ('2024-01-01'::purchase_history)) w(g)) IS NULL,
	'no customer bought again: NULL')
FROM made, (SELECT btyd_fit('bg/nbd', 0, 0, 10) AS m) y;
SELECT ok(m::jsonb ->> 'reason' = why AND renewal_survival(m, 1) IS NULL AND renewal_retention(m, 1) IS NULL AND expected_lifetime(m, .1) IS NULL AND m::text::renewal_model = m, why)
FROM (SELECT sbg_fit(0, true) AS m, 'no customer renewed' AS why UNION ALL SELECT sbg_fit(3, false), 'no customer left') y;
SELECT ok(btyd_fit(f, h, '2024-06-01') = (SELECT btyd_fit(f, g, '2024-06-01') FROM (VALUES ('2024-01-01,2024-02-01'::purchase_history)) w(g)) AND expected_spend(NULL::spend_model) IS NULL, 'NULL histories are no customers: ' || f)
FROM unnest(ARRAY['bg/nbd', 'bg/bb']) f, (VALUES ('2024-01-01,2024-02-01'::purchase_history), (NULL)) v(h) GROUP BY f;
SELECT ok(gamma_gamma_fit(h, '2024-06-01') = (SELECT gamma_gamma_fit(g, '2024-06-01') FROM (VALUES ('2024-01-01:5,2024-02-01:7'::purchase_history)) w(g)), 'and spend nothing')
FROM (VALUES ('2024-01-01:5,2024-02-01:7'::purchase_history), (NULL)) v(h);

-- Weights are customers; a unit of time is a unit.
SET client_min_messages = error; -- not all of these converge
CREATE TEMP TABLE stat AS
SELECT x::bigint, CASE WHEN x = 0 THEN 0 ELSE (7 + (i * 13) % 150) / 7.0::float8 END AS t, (160 + i % 100) / 7.0::float8 AS age, 1 + i % 3 AS weight
FROM generate_series(1, 3000) i, LATERAL (SELECT (ARRAY[0, 0, 0, 1, 1, 2, 3, 5, 9])[1 + (i * 7919) % 9] AS x) y;
SELECT is(btyd_fit('bg/nbd', x, t, age, weight::bigint)::text, (SELECT btyd_fit('bg/nbd', x, t, age)::text FROM stat, generate_series(1, weight)), 'weights') FROM stat;
SELECT ok(pg_temp.near((d::jsonb #>> '{params,alpha}')::float8 / 7, (w::jsonb #>> '{params,alpha}')::float8, 1e-6 * (w::jsonb #>> '{params,alpha}')::float8)
	AND d::jsonb ->> 'unit_days' = '1', 'days and weeks')
FROM (SELECT btyd_fit('bg/nbd', x, t, age) AS w, btyd_fit('bg/nbd', x, t * 7, age * 7, 1, 1) AS d FROM stat) y;
SELECT ok(m = (SELECT btyd_fit('bg/nbd', x, t, age ORDER BY random()) FROM stat), 'the same bits in any order') FROM (SELECT btyd_fit('bg/nbd', x, t, age) AS m FROM stat) y;
SELECT ok(m = (SELECT btyd_fit('pareto/nbd', x, t, age ORDER BY x DESC, age, t) FROM stat), 'pareto/nbd: the same bits in any order') FROM (SELECT btyd_fit('pareto/nbd', x, t, age) AS m FROM stat) y;
SELECT ok(btyd_fit('bg/nbd', x, t, age) FILTER (WHERE weight = 2) = (SELECT btyd_fit('bg/nbd', x, t, age) FROM stat WHERE weight = 2), 'FILTER') FROM stat;
SELECT ok(btyd_fit(DISTINCT 'bg/nbd', x, t, age) = (SELECT btyd_fit('bg/nbd', x, t, age) FROM (SELECT DISTINCT x, t, age FROM stat) d), 'DISTINCT') FROM stat;
SELECT ok(bool_and(m = (SELECT btyd_fit('bg/nbd', x, t, age) FROM stat s WHERE s.weight = w.weight)), 'window')
FROM (SELECT DISTINCT weight, btyd_fit('bg/nbd', x, t, age) OVER (PARTITION BY weight) AS m FROM stat) w;

-- Forced parallel workers: real combine, serialize and deserialize. What a fit costs at its
-- end must not hide from the planner what workers save.
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP plan := plan || line; END LOOP;
	RETURN plan;
END $$;
CREATE TABLE parallel_stat AS SELECT * FROM stat;
CREATE TEMP TABLE serial AS SELECT btyd_fit('bg/nbd', x, t, age, weight::bigint) AS bg, gamma_gamma_fit(x, t + 1) AS gg, sbg_fit(x::int, weight > 1, weight::bigint) AS sbg FROM parallel_stat;
SAVEPOINT parallel;
\ir include/parallel.sql
SET cpu_operator_cost = 0;
SET parallel_tuple_cost = 0.001;
SELECT matches(pg_temp.plan_of('SELECT btyd_fit(''bg/nbd'', x, t, age, weight::bigint), gamma_gamma_fit(x, t + 1), sbg_fit(x::int, weight > 1, weight::bigint) FROM parallel_stat'),
	'Finalize Aggregate.*Gather.*Partial Aggregate', 'the plan is parallel');
SELECT ok(bg = (SELECT bg FROM serial) AND gg = (SELECT gg FROM serial) AND sbg = (SELECT sbg FROM serial), 'forced parallel = serial')
FROM (SELECT btyd_fit('bg/nbd', x, t, age, weight::bigint) AS bg, gamma_gamma_fit(x, t + 1) AS gg, sbg_fit(x::int, weight > 1, weight::bigint) AS sbg FROM parallel_stat) p;
ROLLBACK TO parallel;

-- Spend: who is used, who is left out.
SELECT ok(m::jsonb ->> 'customers' = '3' AND m::jsonb ->> 'left_out' = '2', 'customers without a positive mean are left out and counted')
FROM (SELECT gamma_gamma_fit(x, m) AS m FROM (VALUES (1, 10.0), (2, 12), (4, 30), (1, 0), (2, -5), (0, NULL), (0, 7)) v(x, m)) y;

-- bg/bb on histories: blocks of unit_days after the first purchase day.
CREATE TEMP TABLE walk AS
SELECT c, history_agg(d) AS h FROM generate_series(1, 400) c, LATERAL (
	SELECT date '2024-01-01' + (c % 20) AS d UNION
	SELECT date '2024-01-01' + (c % 20) + ((i * i * 31 + c * 17) % 170) FROM generate_series(1, c % 7) i) y GROUP BY c;
CREATE TEMP TABLE blocks AS
SELECT c, count(DISTINCT b) FILTER (WHERE b BETWEEN 1 AND n) AS x, coalesce(max(b) FILTER (WHERE b BETWEEN 1 AND n), 0) AS t, n
FROM (SELECT c, ceil((u.purchased_on - first_purchase(h)) / 30.5) AS b, floor((date '2024-06-10' - first_purchase(h)) / 30.5) AS n FROM walk, unnest(h) u) y GROUP BY c, n;
SELECT ok(btyd_fit('bg/bb', h, '2024-06-10', 30.5) = (SELECT btyd_fit('bg/bb', x, t::float8, n::float8, 1, 30.5) FROM blocks), 'bg/bb on histories') FROM walk;
SELECT is(count(*) FILTER (WHERE p_alive(bgbb, h, '2024-06-10') = p_alive(bgbb, x, t::float8, n::float8)), count(*), 'bg/bb: a customer as a history')
FROM walk JOIN blocks USING (c), (SELECT btyd_model('bg/bb', ARRAY[1, 2, .5, 3], 30.5) AS bgbb) m;

RESET client_min_messages;

-- Renewals of the paper.
CREATE TEMP TABLE contract AS
SELECT k, churned, n FROM (VALUES (0, true, 131), (1, true, 126), (2, true, 90), (3, true, 60), (4, true, 42), (5, true, 34), (6, true, 26), (7, false, 491)) v(k, churned, n);
SELECT ok(pg_temp.near((m #>> '{params,alpha}')::float8, .66808835, 1e-6) AND pg_temp.near((m #>> '{params,beta}')::float8, 3.80609496, 4e-6)
	AND pg_temp.near((m #>> '{standard_errors,alpha}')::float8, .103735, 1e-5) AND pg_temp.near((m ->> 'log_likelihood')::float8, -1611.158147, 1e-6)
	AND m ->> 'customers' = '1000' AND m ->> 'converged' = 'true', 'sBG, high end')
FROM (SELECT sbg_fit(k, churned, n)::jsonb AS m FROM contract) y;

-- CDNOW ---------------------------------------------------------------------------

-- Parameters and arguments at the ends of the range, where loops once had none; what is
-- constant there is known: a chance to leave of 1 / 11 makes 11 purchases in the long run.
SELECT ok(pg_temp.near(answer / expected, 1, tolerance), what) FROM (VALUES
	(expected_purchases(btyd_model('bg/nbd', '{1,1,1e40,1e41}'), 1e300), 11, 1e-13, 'bg/nbd, everybody leaves at the same rate'),
	(expected_purchases(btyd_model('bg/bb', '{1,1,1e40,1e41}'), 100000), 5, 1e-13, 'bg/bb, everybody leaves at the same rate'),
	(expected_purchases(btyd_model('bg/nbd', '{2246397691.467551,1123198845.608776,0.7,2}'), 1e300), 6.33910449822176e90, 1e-12, 'bg/nbd, a horizon of 1e300'),
	(dert(btyd_model('bg/nbd', '{1e300,1e300,1e300,1e300}'), 1e-300), 2, 1e-12, 'bg/nbd, everybody alike, next to no discount'),
	(dert(btyd_model('bg/nbd', '{1e40,1e40,1.5,2}'), 0.1), 2.45102295828992937, 1e-12, 'bg/nbd, everybody buys at the same rate'),
	-- mpmath: quad of the gamma density x 2F1
	(dert(btyd_model('bg/nbd', '{0.243,4.414,0.793,2.426}'), 1e-5), 26.4318606410294, 1e-13, 'bg/nbd, a small discount'),
	(dert(btyd_model('bg/nbd', '{0.243,4.414,0.793,2.426}'), 1e-9), 233.941540584127, 1e-13, 'bg/nbd, a tiny discount'),
	-- mpmath: 2F1(1, b; a + b; 1 / (1 + d))
	(expected_lifetime(renewal_model(ARRAY[0.704,1.182]), 1e-5), 91.999995611821575, 1e-12, 'a lifetime at a small discount'),
	(expected_lifetime(renewal_model(ARRAY[0.704,1.182]), 1e-12), 11209.125458422206, 1e-12, 'a lifetime at a tiny discount')
) AS v(answer, expected, tolerance, what);
SELECT is(purchase_probability(btyd_model('pareto/nbd', '{794339422.1394066,279184547501445.84,0.17298725718710084,2.5307387101069768e+16}'), 1, 5e-324::float8),
	0::float8, 'no purchase in no time');

\if :have_cdnow
CREATE TEMP TABLE buyer AS SELECT customer_id, history_agg(date, amount) AS h FROM cdnow GROUP BY customer_id;
CREATE TEMP TABLE fitted AS
SELECT f, btyd_fit(f, h, '1997-09-30') AS m FROM buyer, unnest(ARRAY['bg/nbd', 'mbg/nbd', 'pareto/nbd']) f GROUP BY f;
SELECT ok(m::jsonb ->> 'converged' = 'true' AND m::jsonb ->> 'customers' = '2357' AND pg_temp.near((m::jsonb ->> 'log_likelihood')::float8, ll, 1e-6)
	AND (SELECT bool_and(pg_temp.near((m::jsonb -> 'params' ->> (names[i]))::float8 / params[i], 1, 1e-5)
		AND pg_temp.near((m::jsonb -> 'standard_errors' ->> (names[i]))::float8 / errors[i], 1, 1e-4)) FROM generate_series(1, 4) i), f || ' on CDNOW')
FROM fitted JOIN (VALUES
	('bg/nbd', ARRAY['r', 'alpha', 'a', 'b'], ARRAY[.24259452243, 4.41360201901, .792922017225, 2.42590677682], ARRAY[.01255738, .3782241, .1857338, .7054143], -9582.4292066739),
	('mbg/nbd', ARRAY['r', 'alpha', 'a', 'b'], ARRAY[.524843159106, 6.18308527958, .891359390732, 1.61400224017], ARRAY[.0832682, .695621, .154790, .537495], -9582.1357155538),
	('pareto/nbd', ARRAY['r', 'alpha', 's', 'beta'], ARRAY[.553277046854, 10.5776834633, .606239989119, 11.6687352886], ARRAY[.04762779, .8427218, .1872813, 6.211097], -9594.9761789395)) p(f, names, params, errors, ll) USING (f);
SELECT ok(pg_temp.near((m -> 'covariance' -> i ->> i)::float8, ((m -> 'standard_errors' ->> (ARRAY['r', 'alpha', 'a', 'b'])[i + 1])::float8) ^ 2, 1e-12)
	AND m -> 'covariance' -> i -> 2 = m -> 'covariance' -> 2 -> i, 'covariance ' || i)
FROM (SELECT m::jsonb AS m FROM fitted WHERE f = 'bg/nbd') y, generate_series(0, 3) i;
SELECT ok(pg_temp.near((m::jsonb ->> 'aic')::float8, 8 - 2 * (m::jsonb ->> 'log_likelihood')::float8, 1e-9)
	AND pg_temp.near((m::jsonb ->> 'bic')::float8, 4 * ln(2357::float8) - 2 * (m::jsonb ->> 'log_likelihood')::float8, 1e-9) AND m::text::btyd_model = m
	AND pg_temp.receive('btyd_model', btyd_model_send(m)) = m::text, f || ': aic, bic, round trips') FROM fitted;
SELECT is(pg_temp.receive('btyd_model', overlay(btyd_model_send(m) PLACING '\x0000000000000000'::bytea FROM 52 FOR 8)), 'error 22P03', f || ': fitted to no customer') FROM fitted;
SELECT ok(m::jsonb ->> 'customers' = '946' AND pg_temp.near((m::jsonb ->> 'log_likelihood')::float8, -4055.9176948019, 1e-6)
	AND pg_temp.near((m::jsonb #>> '{params,p}')::float8 / 6.24957227132, 1, 1e-5) AND pg_temp.near((m::jsonb #>> '{params,q}')::float8 / 3.74422466713, 1, 1e-5)
	AND pg_temp.near((m::jsonb #>> '{params,gamma}')::float8 / 15.4435209626, 1, 1e-5)
	AND pg_temp.near((m::jsonb ->> 'frequency_monetary_correlation')::float8, (SELECT corr(frequency(h, '1997-09-30'), monetary(h, '1997-09-30')) FROM buyer WHERE frequency(h, '1997-09-30') > 0), 1e-12), 'gamma-gamma on CDNOW')
FROM (SELECT gamma_gamma_fit(h, '1997-09-30') AS m FROM buyer) y;
SELECT ok(btyd_fit('bg/nbd', frequency(h, '1997-09-30'), recency(h, '1997-09-30'), customer_age(h, '1997-09-30')) = (SELECT m FROM fitted WHERE f = 'bg/nbd'), 'columns = histories') FROM buyer;
SELECT ok(pg_temp.near(sum(expected_purchases(m, 39, h, '1997-09-30')), (ARRAY[1653.4, 1576.7, 1665.5])[array_position(ARRAY['bg/nbd', 'mbg/nbd', 'pareto/nbd'], f)], .051), f || ': holdout') FROM buyer, fitted GROUP BY f;

CREATE TEMP TABLE validated AS
SELECT f, btyd_validate(m, h, '1997-09-30', '1998-06-30') AS v FROM buyer, fitted GROUP BY f;
SELECT ok(pg_temp.near(mae(v), e[1], 5.1e-7) AND pg_temp.near(rmse(v), e[2], 5.1e-7) AND pg_temp.near(bias(v), e[3], 5.1e-7), f || ': errors in the holdout')
FROM validated JOIN (VALUES ('bg/nbd', ARRAY[.785454, 1.607982, -.096984]), ('mbg/nbd', ARRAY[.764779, 1.607183, -.129517]), ('pareto/nbd', ARRAY[.754523, 1.602848, -.091848])) p(f, e) USING (f);
SELECT results_eq($$SELECT frequency, customers, round(actual::numeric, 4), round(expected::numeric, 4) FROM validated, validation_rows(v) WHERE f = 'mbg/nbd'$$,
	$$VALUES ('0', 1411::bigint, .2367, .1852), ('1', 439, .6970, .5514), ('2', 214, 1.3925, 1.0490), ('3', 100, 1.5600, 1.4929),
	         ('4', 62, 2.5323, 2.1043), ('5', 38, 2.9474, 2.5636), ('6', 29, 3.8621, 3.3608), ('7+', 64, 6.3594, 5.8485)$$, 'rows by frequency');
SELECT throws_ok($$SELECT btyd_validate(m, h, '1997-09-30', '1997-09-30') FROM buyer, fitted GROUP BY f$$, '22023', NULL, 'no holdout');
SELECT throws_ok($$SELECT btyd_validate(m, h, '1997-09-30', '1998-09-30') FROM buyer, fitted$$, '22023', NULL, 'two models');
SELECT is(btyd_validate(m, h, '1996-09-30', '1998-06-30'), NULL, 'nobody yet') FROM buyer, fitted WHERE f = 'bg/nbd';
\else
SELECT skip('needs CDNOW: fits, holdout', 1);
\endif

SELECT * FROM finish();
ROLLBACK;
