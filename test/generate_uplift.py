#!/usr/bin/env python3
"""Uplifts at 50 digits (mpmath), by their definitions: Newcombe's method 10 from Wilson's limits,
the pooled z test, Welch's t test. Run: python3 test/generate_uplift.py > test/include/uplift_values.sql"""
import random
from fractions import Fraction

from mpmath import betainc, erfc, findroot, mp, mpf, sqrt

mp.dps = 50
Z = mpf("1.959963984540054")
random.seed(1998)


def number(value):
    return "NULL" if value is None else mp.nstr(value, 25, min_fixed=-9, max_fixed=9)


def wilson(x, n):
    p = mpf(x) / n
    root = Z * sqrt(Z ** 2 + 4 * n * p * (1 - p))
    return p, (2 * n * p + Z ** 2 - root) / (2 * (n + Z ** 2)), (2 * n * p + Z ** 2 + root) / (2 * (n + Z ** 2))


def rates(a, m, b, n):
    p1, l1, u1 = wilson(a, m)
    p2, l2, u2 = wilson(b, n)
    pooled = mpf(a + b) / (m + n)
    error = sqrt(pooled * (1 - pooled) * (mpf(1) / m + mpf(1) / n))
    z = (p1 - p2) / error if error > 0 else None
    return (p1 - p2, p1 - p2 - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2), p1 - p2 + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2),
            (p1 - p2) / p2 if b else None, z, None if z is None else erfc(abs(z) / sqrt(mpf(2))))


def exactly(fraction):
    return mpf(fraction.numerator) / fraction.denominator


def student(t, df):
    return betainc(df / 2, mpf(1) / 2, 0, df / (df + t * t), regularized=True)


def means(treated, control):
    samples = [[Fraction(v) for v in treated], [Fraction(v) for v in control]]
    mean = [sum(s) / len(s) for s in samples]
    part = [sum((v - m) ** 2 for v in s) / (len(s) - 1) / len(s) for s, m in zip(samples, mean)]
    both = part[0] + part[1]
    error = sqrt(exactly(both))
    df = exactly(both ** 2 / (part[0] ** 2 / (len(treated) - 1) + part[1] ** 2 / (len(control) - 1)))
    difference = exactly(mean[0] - mean[1])
    start = 1.96 + 2.37 / float(df) + 2.8 / float(df) ** 2 + (5.6 if df < 1.5 else 0)
    limit = findroot(lambda t: student(t, df) - mpf(5) / 100, mpf(start))
    t = difference / error
    return (exactly(mean[0]), exactly(mean[1]), difference, error, difference - limit * error, difference + limit * error,
            difference / exactly(mean[1]), t, df, student(abs(t), df))


COUNTS = [(1, 1, 0, 1), (3, 1000, 1, 1000), (120, 5000, 90, 5000), (499, 500, 20, 30), (70000, 1000000, 69000, 1000000), (12, 12, 7, 9)]
COUNTS += [(random.randint(0, m), m, random.randint(1, n), n) for m, n in [(random.randint(1, 400), random.randint(2, 400)) for _ in range(30)]]

# Two groups of a sleep study: Student (1908), hours gained.
SETS = [([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4], [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]),
        ([1.0, 2.0], [1.0, 3.0]), ([5.0, 5.0, 5.0], [1.0, 2.0, 4.0]), ([1e9 + i / 8 for i in range(9)], [1e9 - i / 4 for i in range(7)])]
SETS += [([round(random.lognormvariate(3, s), 2) for _ in range(m)], [round(random.lognormvariate(2.9, 1), 2) for _ in range(n)])
         for s, m, n in [(1, 2, 2), (0.2, 3, 40), (2, 60, 5), (1, 200, 150)]]
SETS += [([random.uniform(-1, 1) * 1e-170 for _ in range(6)], [random.uniform(-1, 1) * 1e-170 for _ in range(8)])]

print("-- Written by test/generate_uplift.py; 50 digits, rounded to 25.")
print("CREATE TEMP TABLE rates_expected (treated_converted bigint, treated bigint, control_converted bigint, control bigint, difference numeric, lower95 numeric, upper95 numeric, lift numeric, z numeric, p_value numeric);")
print("INSERT INTO rates_expected VALUES")
print(",\n".join("(" + ",".join([str(c) for c in counts] + [number(v) for v in rates(*counts)]) + ")" for counts in COUNTS) + ";")
print("CREATE TEMP TABLE means_input (set int, treated boolean, value float8);")
print("INSERT INTO means_input VALUES")
print(",\n".join(f"({i},{str(g).lower()},{v!r})" for i, s in enumerate(SETS) for g, sample in ((True, s[0]), (False, s[1])) for v in sample) + ";")
print("CREATE TEMP TABLE means_expected (set int, treated_mean numeric, control_mean numeric, difference numeric, std_error numeric, lower95 numeric, upper95 numeric, lift numeric, t numeric, df numeric, p_value numeric);")
print("INSERT INTO means_expected VALUES")
print(",\n".join(f"({i}," + ",".join(number(v) for v in means(*s)) + ")" for i, s in enumerate(SETS)) + ";")
