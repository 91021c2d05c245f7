#!/usr/bin/python3
"""Writes test/btyd_values.h: what test/btyd.c holds the models against.

Every value is computed by mpmath (Debian: python3-mpmath) from the published
formulas, defining sums or integrals, in enough digits that their cancellation
does no harm; nothing of src/math is used, and where src/math sums a series the
closed form stands here, and the other way round. Run it by hand (some
minutes); its output is committed:

    test/generate_btyd.py > test/btyd_values.h
"""
import random
import sys

from mpmath import (beta as beta_function, binomial, diff, exp, hyp2f1, hyperu,
                    log, loggamma, mp, mpf, quad, workdps)

random.seed(20050102)
mp.dps = 50
SMALLEST = mpf(10) ** -290


def uniform_log(low, high):
    return float(exp(random.uniform(float(log(low)), float(log(high)))))


# ---- histories and parameters -------------------------------------------------

def history(largest=10000):
    """(x, t_x, T) in weeks."""
    x = random.choice([0, 0, 1, 1, 2, 3, 7, 30, 100, 1000, 10000])
    x = min(x, largest)
    age = round(random.choice([uniform_log(1, 300), random.uniform(20, 110)]) * 7) / 7
    if x == 0:
        return 0, 0.0, random.choice([0.0, age, age])
    quiet = random.choice([0.0, 1 / 7, age / 30, age / 2 if x < 100 else age / 200])
    return x, age - min(quiet, age / 2), age


def bg_params():
    return (uniform_log(.05, 20), uniform_log(.1, 100),
            random.choice([1.0, 1.000001, uniform_log(.05, .6), uniform_log(.05, 10)]),
            random.choice([uniform_log(.05, .35), uniform_log(.1, 20)]))


def pareto_params():
    alpha = uniform_log(.1, 100)
    return (uniform_log(.05, 20), alpha,
            random.choice([1.0, 2.0, 3.0, 1.000001, uniform_log(.05, 10)]),
            random.choice([alpha, uniform_log(.1, 100), uniform_log(.1, 100)]))


def bgbb_params():
    return (uniform_log(.1, 10), uniform_log(.1, 10),
            random.choice([1.0, 1.000001, uniform_log(.05, 10)]), uniform_log(.1, 20))


def bgbb_history():
    n = random.choice([0, 1, 6, 6, 40, 300])
    last = random.choice([n, random.randint(0, n)])
    x = random.randint(1, last) if last else 0
    return x, last if x else 0, n


def horizon():
    return random.choice([1 / 7, 1.0, 4.0, 26.0, 52.0, 520.0])


# ---- BG/NBD and MBG/NBD --------------------------------------------------------

def bg_alive(p, x, tx, age, modified):
    r, alpha, a, b = map(mpf, p)
    if x == 0 and not modified:
        return mpf(1)
    chances = b + x if modified else b + x - 1
    return 1 / (1 + a / chances * ((alpha + age) / (alpha + tx)) ** (r + x))


def bg_restart(p, x, age, modified):
    r, alpha, a, b = map(mpf, p)
    return r + x, alpha + age, a, b + x + (1 if modified else 0)


def bg_new_purchases(p, t):
    """Fader, Hardie and Lee 2005, eq. 9; a = 1 as the limit, 30 digits further on."""
    r, alpha, a, b = p
    with workdps(140):
        if a == 1:
            a += mpf(10) ** -60
        w = t / (alpha + t)
        try:
            return (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r *
                                            hyp2f1(r, b, a + b - 1, w, maxterms=20000))
        except mp.NoConvergence:
            pass
    with workdps(30):
        return bg_purchases_integral(p, t)


def bg_purchases_integral(p, t):
    """The mean of (1 - E[exp(-lambda p t)]) / p over the chance p of leaving."""
    r, alpha, a, b = p
    top = log(a / b)

    def density(z):
        return exp(-a * log(1 + exp(-z)) - b * log(1 + exp(z)))

    def made(z):
        return (1 - (1 + t / (1 + exp(-z)) / alpha) ** -r) * (1 + exp(-z)) * density(z)
    width = 1 / min(a, b) + 1
    cuts = ([top - 80 * width, top - 40 * width, top - 20 * width, top - 10 * width] +
            [top + mpf(i) / 2 for i in range(-12, 13)] +
            [top + 10 * width, top + 20 * width, top + 80 * width])
    cuts = sorted(set(cuts))
    return quad(made, cuts) / beta_function(a, b)


def nbd(r, alpha, n, t):
    return (exp(loggamma(r + n) - loggamma(r) - loggamma(n + 1)) *
            (alpha / (alpha + t)) ** r * (t / (alpha + t)) ** n)


def bg_new_probability(p, n, t):
    """Fader, Hardie and Lee 2005, eq. 8."""
    r, alpha, a, b = p
    with workdps(400):
        value = beta_function(a, b + n) / beta_function(a, b) * nbd(r, alpha, n, t)
        if n > 0:
            value += (beta_function(a + 1, b + n - 1) / beta_function(a, b) *
                      (1 - sum(nbd(r, alpha, j, t) for j in range(n))))
        return value


def bg_new_dert(p, rate):
    """The integral of SPEC: rates of purchase, discounted."""
    r, alpha, a, b = p
    with workdps(25):
        def integrand(y):
            u = exp(y)
            return u * exp(-rate * u) * hyp2f1(r + 1, a, a + b, -u / alpha)
        top = log(60 / rate)
        low = min(log(alpha / r), log(1 / rate)) - 60
        cuts = [low + (top - low) * mpf(i) / 80 for i in range(81)]
        return r / alpha * quad(integrand, cuts)


# ---- Pareto/NBD -----------------------------------------------------------------

def pareto_a0(p, x, tx, age):
    """Fader and Hardie 2005, eq. 16 and 17."""
    r, alpha, s, beta = map(mpf, p)

    def part(u):
        if alpha >= beta:
            return (hyp2f1(r + s + x, s + 1, r + s + x + 1, (alpha - beta) / (alpha + u)) /
                    (alpha + u) ** (r + s + x))
        return (hyp2f1(r + s + x, r + x, r + s + x + 1, (beta - alpha) / (beta + u)) /
                (beta + u) ** (r + s + x))
    with workdps(max(60, mp.dps) + 10 + int(x / 3)):
        return part(mpf(tx)) - part(mpf(age))


def pareto_alive(p, x, tx, age):
    r, alpha, s, beta = map(mpf, p)
    return 1 / (1 + s / (r + s + x) * (alpha + age) ** (r + x) * (beta + age) ** s *
                pareto_a0(p, x, tx, age))


def pareto_new_purchases(p, t):
    r, alpha, s, beta = p
    with workdps(120):
        if s == 1:
            s += mpf(10) ** -50
        return r * beta / alpha / (s - 1) * (1 - (beta / (beta + t)) ** (s - 1))


def pareto_new_probability(p, n, t):
    r, alpha, s, beta = p
    with workdps(30):
        def integrand(y):
            u = exp(y)
            return u * s / beta * (beta / (beta + u)) ** (s + 1) * nbd(r, alpha, n, u)
        low = log(t) - 70
        cuts = ([low + i for i in range(0, 68, 2)] +
                [log(t) - mpf(i) / 8 for i in range(16, -1, -1)])
        return nbd(r, alpha, n, t) * (beta / (beta + t)) ** s + quad(integrand, cuts)


def pareto_new_dert(p, rate):
    r, alpha, s, beta = p
    return r / alpha * rate ** (s - 1) * beta ** s * hyperu(s, s, rate * beta)


# ---- BG/BB ------------------------------------------------------------------------

def bgbb_terms(p, x, tx, n):
    al, be, ga, de = map(mpf, p)
    alive = (beta_function(al + x, be + n - x) / beta_function(al, be) *
             beta_function(ga, de + n) / beta_function(ga, de))
    left = sum(beta_function(al + x, be + tx - x + i) / beta_function(al, be) *
               beta_function(ga + 1, de + tx + i) / beta_function(ga, de)
               for i in range(n - tx))
    return alive, left


def bgbb_alive(p, x, tx, n):
    alive, left = bgbb_terms(p, x, tx, n)
    return alive / (alive + left)


def bgbb_restart(p, x, n):
    al, be, ga, de = map(mpf, p)
    return al + x, be + n - x, ga, de + n


def bgbb_new_purchases(p, n):
    """Fader, Hardie and Shang 2010, eq. 8, in closed form."""
    al, be, ga, de = p
    with workdps(140):
        if ga == 1:
            ga += mpf(10) ** -60
        return (al / (al + be) * de / (ga - 1) *
                (1 - exp(loggamma(ga + de) - loggamma(ga + de + n) + loggamma(1 + de + n) -
                         loggamma(1 + de))))


def bgbb_new_probability(p, x, n):
    """Fader, Hardie and Shang 2010, eq. 7."""
    al, be, ga, de = p
    if x > n:
        return mpf(0)
    value = (binomial(n, x) * beta_function(al + x, be + n - x) / beta_function(al, be) *
             beta_function(ga, de + n) / beta_function(ga, de))
    return value + sum(binomial(i, x) * beta_function(al + x, be + i - x) /
                       beta_function(al, be) * beta_function(ga + 1, de + i) /
                       beta_function(ga, de) for i in range(x, n))


def bgbb_new_dert(p, rate):
    al, be, ga, de = p
    z = exp(-mpf(rate))
    return al / (al + be) * z * de / (ga + de) * hyp2f1(1, de + 1, ga + de + 1, z)


# ---- all families ---------------------------------------------------------------------

FAMILIES = ["CRM_BG_NBD", "CRM_MBG_NBD", "CRM_PARETO_NBD", "CRM_BG_BB"]
PARAMS = [bg_params, bg_params, pareto_params, bgbb_params]
PURCHASES = [bg_new_purchases, bg_new_purchases, pareto_new_purchases, bgbb_new_purchases]
PROBABILITY = [bg_new_probability, bg_new_probability, pareto_new_probability,
               bgbb_new_probability]
DERT = [bg_new_dert, bg_new_dert, pareto_new_dert, bgbb_new_dert]


def alive_at(family, p, h):
    if family == 3:
        return bgbb_alive(p, *h)
    if family == 2:
        return pareto_alive(p, *h)
    return bg_alive(p, *h, modified=family == 1)


def restart(family, p, h):
    if family == 3:
        return bgbb_restart(p, h[0], h[2])
    if family == 2:
        return tuple(mpf(v) + u for v, u in zip(p, (h[0], h[2], 0, h[2])))
    return bg_restart(p, h[0], h[2], family == 1)


def draw(family, largest=10000):
    return PARAMS[family](), (bgbb_history() if family == 3 else history(largest))


def table(name, columns, rows):
    print("\n/* %s */" % ", ".join(columns))
    print("static const double %s[][%d] = {" % (name, len(columns)))
    for row in rows:
        print("\t{%s}," % ", ".join(v if isinstance(v, str) else repr(float(v)) for v in row))
    print("};")
    print(name, len(rows), file=sys.stderr)


def rows_of(count, make):
    rows = []
    while len(rows) < count:
        row = make()
        if row is not None and SMALLEST < row[-1]:
            rows.append(row)
    return rows


HEAD = ["family", "parameters", "", "", "", "x", "t_x", "T"]


def alive_rows(family):
    def make():
        p, h = draw(family)
        value = alive_at(family, p, h)
        if family == 3:
            value *= (mpf(p[3]) + h[2]) / (mpf(p[2]) + mpf(p[3]) + h[2])
        return (FAMILIES[family], *p, *h, value)
    return rows_of(40, make)


def purchase_rows(family):
    def make():
        p, h = draw(family)
        t = random.choice([1, 5, 52, 520, 5000]) if family == 3 else horizon()
        value = alive_at(family, p, h) * PURCHASES[family](restart(family, p, h), mpf(t))
        return (FAMILIES[family], *p, *h, t, value)
    return rows_of(60, make)


def probability_rows(family):
    def make():
        p, h = draw(family, 100)
        t = random.choice([1, 5, 40]) if family == 3 else horizon()
        n = random.choice([0, 1, 2, 5, 20])
        if family == 3:
            n = min(n, t)
        alive = alive_at(family, p, h)
        value = alive * PROBABILITY[family](restart(family, p, h), n, mpf(t) if family < 3 else t)
        if n == 0:
            value += 1 - alive
        return (FAMILIES[family], *p, *h, n, t, value)
    return rows_of(40, make)


def dert_rows(family, count):
    def make():
        p, h = draw(family, 1000 if family < 2 else 10000)
        rate = random.choice([.0027, .0018, .05, 1e-4])
        value = alive_at(family, p, h) * DERT[family](restart(family, p, h), mpf(rate))
        return (FAMILIES[family], *p, *h, rate, value)
    return rows_of(count, make)


def discounted_rows(family):
    def make():
        p, h = draw(family, 100)
        steps, rate = random.choice([(1, .1), (12, .01), (12, 0.0), (40, .002)])
        step = random.choice([1.0, 4.0]) if family == 3 else random.choice([1.0, 4.345])
        new = restart(family, p, h)
        made = [mpf(0)] + [PURCHASES[family](new, k * mpf(step)) for k in range(1, steps + 1)]
        value = alive_at(family, p, h) * sum((made[k] - made[k - 1]) / (1 + mpf(rate)) ** k
                                             for k in range(1, steps + 1))
        return (FAMILIES[family], *p, *h, steps, step, rate, value)
    return rows_of(12, make)


# ---- likelihoods ----------------------------------------------------------------------

def log_likelihood(family, p, h):
    x, tx, age = h
    if family == 3:
        alive, left = bgbb_terms(p, x, tx, age)
        return log(alive + left)
    if family == 2:
        r, alpha, s, beta = p
        alive = ((alpha + age) ** -(r + x)) * (beta + age) ** -s
        left = s / (r + s + x) * pareto_a0(p, x, tx, age)
        return (loggamma(r + x) - loggamma(r) + r * log(alpha) + s * log(beta) +
                log(alive + left))
    r, alpha, a, b = p
    first = loggamma(r + x) - loggamma(r) + r * log(alpha)
    if family == 1:
        alive = beta_function(a, b + x + 1) / beta_function(a, b) * (alpha + age) ** -(r + x)
        left = beta_function(a + 1, b + x) / beta_function(a, b) * (alpha + tx) ** -(r + x)
        return first + log(alive + left)
    alive = beta_function(a, b + x) / beta_function(a, b) * (alpha + age) ** -(r + x)
    left = mpf(0)
    if x > 0:
        left = beta_function(a + 1, b + x - 1) / beta_function(a, b) * (alpha + tx) ** -(r + x)
    return first + log(alive + left)


def likelihood_rows(family):
    rows = []
    for _ in range(12):
        p, h = draw(family, 100)
        p = tuple(map(mpf, p))
        with workdps(60):
            value = log_likelihood(family, p, h)
            slopes = [p[i] * diff(lambda v: log_likelihood(family, p[:i] + (v,) + p[i + 1:], h),
                                  p[i]) for i in range(4)]
        rows.append((FAMILIES[family], *p, *h, value, *slopes))
    return rows


def renewal_rows():
    rows = []
    for _ in range(40):
        alpha, beta = uniform_log(.05, 20), uniform_log(.05, 50)
        alpha = random.choice([alpha, alpha, 1.0])
        n = random.choice([0, 1, 7, 100, 1000])
        rate = random.choice([.1, .01, .001])
        survival = beta_function(mpf(alpha), mpf(beta) + n) / beta_function(mpf(alpha), mpf(beta))
        value = hyp2f1(1, mpf(beta) + n, mpf(alpha) + beta + n, 1 / (1 + mpf(rate)))
        rows.append((alpha, beta, n, rate, survival, value))
    return rows


def main():
    print("/* Written by test/generate_btyd.py; see there. Do not edit. */")
    print("/* clang-format off */")
    each = range(4)
    table("alive_values", HEAD + ["p_alive"], sum((alive_rows(f) for f in each), []))
    table("purchase_values", HEAD + ["horizon", "purchases"],
          sum((purchase_rows(f) for f in each), []))
    table("probability_values", HEAD + ["purchases", "horizon", "probability"],
          sum((probability_rows(f) for f in each), []))
    table("dert_values", HEAD + ["rate", "dert"],
          sum((dert_rows(f, 15 if f < 2 else 40) for f in each), []))
    table("discounted_values", HEAD + ["steps", "step", "rate", "purchases"],
          sum((discounted_rows(f) for f in each), []))
    table("likelihood_values", HEAD + ["log-likelihood", "by log parameters", "", "", ""],
          sum((likelihood_rows(f) for f in each), []))
    table("renewal_values", ["alpha", "beta", "renewals", "rate", "survival", "lifetime"],
          renewal_rows())


main()
