--
-- reactivation: what a user sees
--
SELECT round(silence_probability('2024-01-01, 2024-01-11, 2024-01-21, 2024-03-01', as_of)::numeric, 4) AS silence_probability
FROM (VALUES (date '2023-12-31'), ('2024-03-02'), ('2024-03-21'), ('2024-06-01')) v(as_of);
SELECT silence_probability('2024-01-01', '2024-03-02', population_gap => 0);
SELECT silence_probability('2024-01-01', '2024-03-02', weight => -1);
SELECT treated_customers, treated_converted, control_customers, control_converted, treated_rate, control_rate,
	round(lower95::numeric, 4) AS lower95, round(upper95::numeric, 4) AS upper95, round(z::numeric, 3) AS z, round(p_value::numeric, 4) AS p_value
FROM (SELECT (uplift(i <= 70, i <= 56 OR i BETWEEN 71 AND 118)).* FROM generate_series(1, 150) i) u;
SELECT treated_mean, control_mean, difference, lift, round(t::numeric, 4) AS t, round(df::numeric, 3) AS df, round(p_value::numeric, 4) AS p_value
FROM (SELECT (uplift(treated, value)).* FROM (VALUES (true, 12.5), (true, 9), (true, 14.5), (false, 8), (false, 10.5), (false, 9.5)) v(treated, value)) u;
SELECT uplift(true, 'NaN'::float8);
