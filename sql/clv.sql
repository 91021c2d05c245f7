-- Lifetime value under a contract.
SET extra_float_digits = 0;
SELECT clv(1, .80, .10) AS forever, clv(1, .80, .10, 1) AS one, clv(1, .80, .10, 0) AS none,
       clv(100, .80, .10, 12) AS twelve;
SELECT clv(1, 1, 0, 7) AS sure, clv(-2, 1, 0, 3) AS loss, clv(1, 0, 0) AS nobody_stays;
SELECT clv(NULL, .8, .1) AS no_margin, clv(1, NULL, .1) AS no_rate, clv(1, .8, NULL) AS no_discount;
SELECT clv(1, 80, .1);
SELECT clv(1, .8, 10);
SELECT clv(1, -.1, .1);
SELECT clv(1, .8, -1);
SELECT clv(1, .8, .1, -1);
SELECT clv('NaN', .8, .1);
SELECT clv(1, 'NaN', .1);
SELECT clv(1, .8, 'Infinity');
SELECT clv(1, 1, 0);
SELECT clv(1, .9, -.2);
SELECT clv(1, 1, -.9, 2000);

-- Models: from parameters, as JSON.
SELECT btyd_model('bg/nbd', ARRAY[.243, 4.414, .793, 2.426]);
SELECT spend_model(ARRAY[6.25, 3.74, 15.44]), renewal_model(ARRAY[.668, 3.806]);
SELECT btyd_model('pareto/nbd', ARRAY[.553, 10.580, .606, 11.656])::jsonb -> 'params' ->> 'beta' AS beta;
SELECT btyd_model('bgnbd', ARRAY[1, 1, 1, 1]);
SELECT btyd_model('bg/nbd', ARRAY[1, 1, 1]);
SELECT '{"family": "bg/nbd"}'::btyd_model;

-- Predictions of a customer: by statistics, by history, new.
SELECT round(p_alive(m, 2, 30.43, 38.86)::numeric, 6) AS p_alive,
       round(expected_purchases(m, 39, 2, 30.43, 38.86)::numeric, 6) AS in_39_weeks,
       round(expected_purchases(m, 39)::numeric, 6) AS of_a_new_one,
       round(purchase_probability(m, 0, 39, 2, 30.43, 38.86)::numeric, 6) AS none,
       round(dert(m, .0027, 2, 30.43, 38.86)::numeric, 6) AS dert,
       round(discounted_expected_purchases(m, 12, 4.345, .01, 2, 30.43, 38.86)::numeric, 6) AS discounted
FROM btyd_model('bg/nbd', ARRAY[.243, 4.414, .793, 2.426]) m;
SELECT round(p_alive(m, h, '1997-09-30')::numeric, 6) AS p_alive, round(clv(m, s, h, '1997-09-30')::numeric, 4) AS clv
FROM btyd_model('bg/nbd', ARRAY[.243, 4.414, .793, 2.426]) m, spend_model(ARRAY[6.25, 3.74, 15.44]) s,
     (VALUES ('1997-01-01:30, 1997-03-01:20, 1997-08-02:25'::purchase_history), ('1997-01-01:30'), ('1998-01-01:30')) v(h);
SELECT p_alive(btyd_model('bg/nbd', ARRAY[1, 1, 1, 1]), 1, 5, 3);
SELECT p_alive(btyd_model('bg/bb', ARRAY[1, 1, 1, 1]), 1, 1.5, 3);

-- Fits: shifted beta-geometric renewals, high end customers of Fader and Hardie (2007).
SELECT round((m #>> '{params,alpha}')::numeric, 5) AS alpha, round((m #>> '{params,beta}')::numeric, 5) AS beta,
       round((m ->> 'log_likelihood')::numeric, 4) AS log_likelihood, m -> 'customers' AS customers, m -> 'converged' AS converged
FROM (SELECT sbg_fit(k, churned, n)::jsonb AS m
      FROM (VALUES (0, true, 131), (1, true, 126), (2, true, 90), (3, true, 60), (4, true, 42), (5, true, 34), (6, true, 26), (7, false, 491)) v(k, churned, n)) f;
SELECT btyd_fit('bg/nbd', 0, 0, 30) FROM generate_series(1, 10);
SELECT btyd_fit('bg/nbd', 2, 40, 30);
SELECT btyd_fit('bgnbd', 2, 20, 30);
