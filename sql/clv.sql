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
