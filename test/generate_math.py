#!/usr/bin/python3
"""Writes test/math_values.h: what test/math.c holds src/math against.

Every value is computed by mpmath (Debian: python3-mpmath) with 60 digits or
more from the exact doubles that stand in the table; nothing of src/math is
used. Run it by hand; its output is committed:

    test/generate_math.py > test/math_values.h
"""
import random

from mpmath import (exp, expm1, hyp2f1, hyperu, log, loggamma, mp, mpf, power,
                    psi, workdps)

random.seed(20050101)
mp.dps = 60


def log_uniform(low, high):
    return float(exp(random.uniform(float(log(low)), float(log(high)))))


def c_double(x):
    return repr(float(x))


def table(name, columns, rows):
    print("\n/* %s */" % ", ".join(columns))
    print("static const double %s[][%d] = {" % (name, len(columns)))
    for row in rows:
        print("\t{%s}," % ", ".join(c_double(x) for x in row))
    print("};")


def with_rest(value):
    """The nearest double and what it leaves, so that an ulp can be split."""
    nearest = float(value)
    return (nearest, float(value - mpf(nearest)))


def elementary(name, function, arguments):
    table(name, ("x", "value", "value beyond the double"),
          [(x,) + with_rest(function(mpf(x))) for x in arguments])


def elementary_tables():
    small = [random.choice((-1, 1)) * log_uniform(1e-20, 1) for _ in range(30)]
    elementary("exp_values", exp, small + [random.uniform(-708, 709) for _ in range(50)])
    elementary("expm1_values", expm1, small + [random.uniform(-45, 60) for _ in range(50)])
    elementary("log_values", log, [1 + x / 4 for x in small] + [5e-324, 1.7976931348623157e308, 1e-310] +
               [log_uniform(1e-300, 1e300) for _ in range(50)])
    elementary("log1p_values", lambda x: log(1 + x),
               [x * 0.999 for x in small] + [log_uniform(1e-10, 1e300) for _ in range(30)] +
               [-1 + log_uniform(1e-15, 1) for _ in range(20)])
    rows = []
    while len(rows) < 80:
        x = random.choice((log_uniform(1e-300, 1e300), random.uniform(0.1, 3)))
        y = random.choice((-1, 1)) * log_uniform(1e-3, 1e4)
        if abs(mpf(y) * log(mpf(x))) < 700:
            rows.append((x, y) + with_rest(power(mpf(x), mpf(y))))
    table("pow_values", ("x", "y", "value", "value beyond the double"), rows)


def gamma_tables():
    arguments = [log_uniform(1e-300, 1e-5) for _ in range(10)] + [log_uniform(1e-3, 1e6) for _ in range(50)]
    arguments += [1 + random.uniform(-0.01, 0.01) for _ in range(5)]
    arguments += [2 + random.uniform(-0.01, 0.01) for _ in range(5)] + [10.0, 9.999999999999998, 2.5, 1.5, 0.5]
    table("gamma_values", ("x", "log gamma", "digamma", "trigamma"),
          [(x, loggamma(mpf(x)), psi(0, mpf(x)), psi(1, mpf(x))) for x in arguments if x > 1e-150])
    rows = []
    for _ in range(100):
        a, b = log_uniform(1e-6, 1e8), log_uniform(1e-6, 1e8)
        with workdps(80):
            a_, b_ = mpf(a), mpf(b)
            rows.append((a, b, loggamma(a_) + loggamma(b_) - loggamma(a_ + b_), loggamma(a_ + b_) - loggamma(a_)))
    table("log_beta_values", ("a", "b", "log B(a, b)", "log gamma(a + b) / gamma(a)"), rows)


def lower_series(a, b, x):
    """I_x(a, b) by x^a y^b / (a B) sum (a+b)_n / (a+1)_n x^n: all terms positive."""
    term = total = mpf(1)
    n = 0
    while term > total * mpf(10) ** (-mp.dps):
        term *= (a + b + n) / (a + 1 + n) * x
        total += term
        n += 1
    front = a * log(x) + b * log(1 - x) - log(a) - (loggamma(a) + loggamma(b) - loggamma(a + b))
    return exp(front) * total


def beta_row(a, b, x):
    with workdps(360):
        a_, b_, x_ = mpf(a), mpf(b), mpf(x)
        if x < 0.5:
            lower = lower_series(a_, b_, x_)
            upper = 1 - lower
        else:
            upper = lower_series(b_, a_, 1 - x_)
            lower = 1 - upper
        if min(lower, upper) < mpf(10) ** -300:
            return None
        return (a, b, x, lower, upper, log(lower), log(upper))


def beta_table():
    rows = []
    while len(rows) < 300:
        a, b = log_uniform(1e-3, 1e5), log_uniform(1e-3, 1e5)
        kind = random.randrange(4)
        mean = a / (a + b)
        spread = (a * b / (a + b + 1)) ** 0.5 / (a + b)
        if kind == 0:
            x = log_uniform(1e-300, 0.5)
        elif kind == 1:
            x = 1 - log_uniform(1e-15, 0.5)
        elif kind == 2:
            x = mean + spread * random.uniform(-30, 30)
        else:
            x = random.random()
        if not 0 < x < 1 or 1 - x < 1e-16:
            continue
        row = beta_row(a, b, x)
        if row:
            rows.append(row)
    table("beta_inc_values", ("a", "b", "x", "I", "1 - I", "log I", "log(1 - I)"), rows)


def hypergeometric_row(a, b, c, z):
    value = hyp2f1(mpf(a), mpf(b), mpf(c), mpf(z))
    return (a, b, c, z, log(abs(value)), 1 if value > 0 else -1)


def hypergeometric_table():
    rows = []
    for _ in range(30):     # Pareto/NBD, BG/NBD, sBG
        x, r, s = random.choice((0, 1, 2, 5, 30, 300)), log_uniform(0.05, 20), log_uniform(0.05, 20)
        a, b, z = log_uniform(0.02, 10), log_uniform(0.1, 10), random.random() ** 0.3
        rows.append(hypergeometric_row(r + s + x, s + 1, r + s + x + 1, z))
        rows.append(hypergeometric_row(r + x, b + x, a + b + x - 1, z * 0.99))
        rows.append(hypergeometric_row(1.0, b + x, a + b + x, 1 / (1 + log_uniform(1e-4, 1))))
        # dert of BG/NBD: z from -infinity to 0
        rows.append(hypergeometric_row(r + x + 1, a, a + b + x, -log_uniform(1e-4, 1e6)))
    # long series below z = 1/2; a tail of the integral that reaches e^700
    rows.append(hypergeometric_row(3000.8371829121875, 3000.2405188729167, 2999.668597251897, 0.4038183226193286))
    rows.append(hypergeometric_row(1.0, 0.20616776174366233, 0.24182766588201712, 0.9994908132515684))
    table("hyp2f1_values", ("a", "b", "c", "z", "log |2F1|", "sign"), rows)


def confluent_table():
    rows = []
    for _ in range(40):
        a, z = log_uniform(0.01, 100), log_uniform(1e-6, 1e4)
        b = random.choice((a, random.uniform(-5, 20)))
        rows.append((a, b, z, log(hyperu(mpf(a), mpf(b), mpf(z)))))
    for _ in range(10):     # a < 0 < a - b + 1
        a = -random.random()
        b = a - random.random()
        z = log_uniform(1e-3, 1e3)
        rows.append((a, b, z, log(hyperu(mpf(a), mpf(b), mpf(z)))))
    for a in (0.5, 1.0, 1.000001, 1.4999999, 1.5, 2.0, 3.5, 4.4999, 5.0):   # a = b, every way there is
        for z in (1e-200, 1e-6, 0.0200001, 0.5, 1.0, 1.0000001, 30.0):
            rows.append((a, a, z, log(hyperu(mpf(a), mpf(a), mpf(z)))))
    table("hyperu_values", ("a", "b", "z", "log U"), rows)


print("/* Written by test/generate_math.py; see there. Do not edit. */")
print("/* clang-format off */")
elementary_tables()
gamma_tables()
beta_table()
hypergeometric_table()
confluent_table()
