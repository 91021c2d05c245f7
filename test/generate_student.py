#!/usr/bin/python3
"""Writes test/student_values.h: what test/student.c holds src/math/student.c and
src/math/exact.c against. Every value comes from mpmath (Debian: python3-mpmath) with
60 digits, from the exact doubles that stand in the table:

    test/generate_student.py > test/student_values.h
"""
import random
from fractions import Fraction

from mpmath import betainc, erfc, findroot, mp, mpf, sqrt

random.seed(1908)
mp.dps = 60


def table(name, columns, rows):
    print("\n/* %s */" % ", ".join(columns))
    print("static const double %s[][%d] = {" % (name, len(columns)))
    for row in rows:
        print("\t{%s}," % ", ".join(repr(float(x)) for x in row))
    print("};")


def student(t, df):
    t, df = mpf(t), mpf(df)
    return betainc(df / 2, mpf(1) / 2, 0, df / (df + t * t), regularized=True)


def quantile(df):
    start = 1.96 + 2.37 / df + 2.8 / df ** 2 + (5.6 if df < 1.5 else 0)
    return findroot(lambda t: student(t, df) - mpf(5) / 100, mpf(start))


print("/* Written by test/generate_student.py; see there. Do not edit. */")
print("/* clang-format off */")
points = [0.0, 1e-300, 1e-10, 1.999999, 2.0, 2.000001, 26.0] + [random.uniform(0, 3) for _ in range(30)] + [random.uniform(3, 26) for _ in range(20)]
table("erfc_values", ("x", "erfc(x)"), [(x, erfc(mpf(x))) for x in points])
freedoms = [1.0, 1.25, 2.0, 3.7, 9.0, 19.5, 21.0, 30.0, 99.5, 1000.0, 54321.5, 1e6, 1e9]
tails = [(t, df, student(t, df)) for df in freedoms for t in (1e-8, 0.1, 0.7, 1.0, 1.96, 2.5, 4.0, 8.0, 30.0)]
tails += [(t, df, student(t, df)) for df in (1.0, 1.5, 2.0) for t in (1e6, 1e90)]
table("student_values", ("t", "df", "two-sided p"), [row for row in tails if row[2] > mpf(10) ** -300])
table("quantile_values", ("df", "t"), [(df, quantile(df)) for df in freedoms])

sets = []
for scale, shift, n in ((1, 0, 7), (1, 1e9, 50), (1e-150, 0, 5), (1e150, -3e150, 9), (1e-300, 1, 12), (5e-324, 0, 4), (100, 0, 300)):
    sets.append([float(random.uniform(-1, 1)) * scale + shift for _ in range(n)])
print("\n/* values of each set, one after the other */\nstatic const double exact_values[] = {")
for values in sets:
    print("\t" + " ".join(repr(v) + "," for v in values))
print("};")
rows = []
for values in sets:
    exact = [Fraction(v) for v in values]
    mean = sum(exact) / len(exact)
    error = sum((v - mean) ** 2 for v in exact) / (len(exact) * (len(exact) - 1))
    rows.append((len(values), mpf(mean.numerator) / mean.denominator, sqrt(mpf(error.numerator) / error.denominator)))
table("exact_sets", ("number of values", "mean", "standard error of the mean"), rows)
