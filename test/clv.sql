-- Lifetime value: contracts, reference figures, errors.
BEGIN;
SELECT no_plan();

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

SELECT * FROM finish();
ROLLBACK;
