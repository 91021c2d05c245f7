#!/usr/bin/env python3
"""Kaplan-Meier curves at 50 digits, as R's survfit(conf.type = "log-log"): the table of
test/survival_values.sql. Run: python3 test/generate_survival.py > test/include/survival_values.sql"""
import random
from mpmath import mp, mpf, log, exp, sqrt

mp.dps = 50
Z = mpf("1.959963984540054")


def curve(name, rows):
    """rows: (duration, observed) pairs."""
    at_risk, survival, total = len(rows), mpf(1), mpf(0)
    for duration in sorted({d for d, _ in rows}):
        events = sum(1 for d, o in rows if d == duration and o)
        censored = sum(1 for d, o in rows if d == duration and not o)
        survival *= 1 - mpf(events) / at_risk
        if survival > 0:
            total += mpf(events) / (mpf(at_risk) * (at_risk - events))
        error = survival * sqrt(total) if survival > 0 else None
        lower = upper = None
        if 0 < survival < 1:
            power = Z * error / (survival * log(survival))
            lower, upper = sorted((survival ** exp(power), survival ** exp(-power)))
        yield name, duration, at_risk, events, censored, survival, error, lower, upper
        at_risk -= events + censored


def text(value):
    return "NULL" if value is None else mp.nstr(value, 25, min_fixed=-9, max_fixed=9) if isinstance(value, mpf) else str(value)


random.seed(7)
SETS = {
    # Freireich et al. (1963), weeks in remission under 6-MP: a standard example, with ties.
    "remission": [(d, True) for d in (6, 6, 6, 7, 10, 13, 16, 22, 23)]
    + [(d, False) for d in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)],
    "one event": [(5, True)],
    "one censored": [(5, False)],
    "all events": [(d, True) for d in (1, 2, 3, 4)],
    "all censored": [(d, False) for d in (1, 2, 2, 3)],
    "tied at the end": [(1, True), (2, False), (3, True), (3, True), (3, False)],
    "no time at all": [(0, True), (0, False), (1, True), (2, False)],
    "ties": [(random.randrange(20) / 4, random.random() < 0.6) for _ in range(300)],
    "long": [(random.randrange(1, 4000), random.random() < 0.4) for _ in range(400)],
}

print("-- Written by test/generate_survival.py; 50 digits, rounded to 25.")
print("CREATE TEMP TABLE survival_input (name text, duration float8, observed boolean);")
print("INSERT INTO survival_input VALUES")
print(",\n".join(f"('{n}',{d},{str(o).lower()})" for n, rows in SETS.items() for d, o in rows) + ";")
print("CREATE TEMP TABLE survival_output (name text, duration float8, at_risk bigint, events bigint, censored bigint, survival numeric, std_error numeric, lower95 numeric, upper95 numeric);")
print("INSERT INTO survival_output VALUES")
print(",\n".join("(" + ",".join([f"'{row[0]}'"] + [text(v) for v in row[1:]]) + ")" for n, rows in SETS.items() for row in curve(n, rows)) + ";")
