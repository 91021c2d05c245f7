/*
 * score_bg.c - what a new BG/NBD customer is expected to do.
 *
 * Fader, Hardie and Lee 2005 give closed forms with 2F1 (eq. 9 and 10), which
 * are 0 / 0 at a = 1 and cancel at short horizons.  With q_k the chance of
 * still being there after k - 1 purchases and N the negative binomial count,
 * expected purchases are sum over k >= 1 of q_k P(N >= k), all positive; here
 * as sum over n of P(N = n) (q_1 + ... + q_n), where both factors have
 * rational steps.
 */
#include "math/score_bg.h"

#include <math.h>
#include <stddef.h>

#include "math/average.h"
#include "math/elementary.h"
#include "math/nbd.h"
#include "math/rising.h"
#include "math/special.h"

#define LARGEST_START 600.0 /* -log P(N = 0): far from underflow */
#define LARGEST_SERIES 4000
#define TRUNCATION 1e-14

typedef struct Expectation
{
	double r;
	double ratio; /* horizon / alpha */
} Expectation;

/* 1 / (n + 1), for the series that are short */
#define INVERSE4(n) 1.0 / (n), 1.0 / ((n) + 1), 1.0 / ((n) + 2), 1.0 / ((n) + 3)
#define INVERSE16(n) INVERSE4(n), INVERSE4((n) + 4), INVERSE4((n) + 8), INVERSE4((n) + 12)
#define INVERSES 64
static const double inverses[INVERSES] = {INVERSE16(1), INVERSE16(17), INVERSE16(33),
										  INVERSE16(49)};

/*
 * The series, where it is short enough; NaN where it is not.  It ends when
 * what is left, bounded by a geometric series, does not matter.
 */
static double
PurchaseSeries(const double *params, double quiet, double horizon)
{
	double r = params[0], a = params[2], b = params[3];
	double share = horizon / (params[1] + horizon);
	double chance = CrmExp(-quiet); /* P(N = n) */
	double there = 1;				/* q_(n+1) */
	double made = 0;				/* q_1 + ... + q_n */
	double sum = 0;

	for (int n = 0; n < LARGEST_SERIES; n++)
	{
		double inverse = n < INVERSES ? inverses[n] : 1.0 / (n + 1);
		double growth = share * (r + n) * inverse;
		double term;

		chance *= growth;
		made += there;
		there *= (b + n) / (a + b + n);
		term = chance * made;
		sum += term;
		if (growth < 1 && term < TRUNCATION * sum * (1 - growth) * (1 - growth))
			return sum;
	}
	return NAN;
}

/* Given the chance p of leaving after a purchase: (1 - E[exp(-lambda p t)]) / p */
static double
PurchasesGivenLeaving(const void *context, double p, double stay)
{
	const Expectation *e = context;

	(void) stay;
	return p > 0 ? -CrmExpm1(-e->r * CrmLog1p(p * e->ratio)) / p : e->r * e->ratio;
}

double
CrmBgPurchases(const double *params, double horizon)
{
	Expectation e = {params[0], horizon / params[1]};
	double		quiet = params[0] * CrmLog1p(e.ratio);
	double		sum = NAN;

	if (quiet < LARGEST_START && quiet < LARGEST_SERIES / 8.0)
		sum = PurchaseSeries(params, quiet, horizon);
	if (isnan(sum))
		sum = CrmBetaAverage(params[2], params[3], (e.r + 1) * e.ratio, PurchasesGivenLeaving,
							 &e);
	return sum;
}

/*
 * Exactly that many, and alive or not (Fader, Hardie and Lee 2005, eq. 8):
 * (b)_n / (a + b)_n P(N = n) + a (b)_(n-1) / (a + b)_n P(N >= n).
 */
double
CrmBgProbability(const double *params, double purchases, double horizon)
{
	double r = params[0], alpha = params[1], a = params[2], b = params[3];
	double n = purchases;
	double exactly = CrmLogNbd(r, alpha, n, horizon);
	double before, at_least;

	if (n == 0)
		return CrmExp(exactly);
	before = CrmLogSurvival(a, b, n - 1);
	at_least =
		CrmLogBetaIncPair(n, r, horizon / (alpha + horizon), alpha / (alpha + horizon), NULL);
	return CrmExp(before - CrmLog1p(a / (b + (n - 1))) + exactly) +
		   CrmExp(before + CrmLog(a / (a + b + (n - 1))) + at_least);
}

typedef struct Discount
{
	double scaled; /* rate x alpha */
	double a;
	double b;
} Discount;

/*
 * Given rate lambda / alpha of purchases, the k-th one is worth
 * z^k, z = lambda / (lambda + alpha rate): z 2F1(1, b; a + b; z).
 */
static double
WorthGivenRate(const void *context, double lambda, double unused)
{
	const Discount *d = context;
	double			all = lambda + d->scaled;

	(void) unused;
	return lambda / all * CrmHyp2f1One(d->b, d->a + d->b, d->scaled / all);
}

double
CrmBgDert(const double *params, double rate)
{
	Discount d = {rate * params[1], params[2], params[3]};

	if (rate == 0)
		return (d.a + d.b - 1) / (d.a - 1);
	return CrmGammaAverage(params[0], WorthGivenRate, &d);
}
