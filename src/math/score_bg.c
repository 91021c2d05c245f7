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

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "math/average.h"
#include "math/elementary.h"
#include "math/nbd.h"
#include "math/rising.h"
#include "math/special.h"
#include "math/vector.h"

#define LARGEST_START 600.0 /* -log P(N = 0): far from underflow */
#define LARGEST_SERIES 4000
#define TRUNCATION 1e-14
#define STRIDE 8   /* terms between two looks at whether a series has ended */
#define TOGETHER 4 /* horizons that share a vector */
#define MOST_HORIZONS 16
#define FLAT 1e300
#define SMALLEST 0x1p-1074

/* The series of several horizons at once, each in a lane: no lane heeds another. */
typedef struct Series
{
	int	   lanes; /* a multiple of TOGETHER */
	double share[MOST_HORIZONS];
	double chance[MOST_HORIZONS]; /* P(N = n); 0 once the series has ended */
	double sum[MOST_HORIZONS];
} Series;

/* What STRIDE terms from n on have, whatever the horizon. */
typedef struct Terms
{
	double there;		   /* q_(n+1) */
	double total;		   /* q_1 + ... + q_n */
	double growth[STRIDE]; /* P(N = n + 1) / P(N = n) / share */
	double made[STRIDE];   /* q_1 + ... + q_(n+1) */
} Terms;

static void
NextTerms(const double *params, int n, Terms *terms)
{
	double r = params[0], a = params[2], b = params[3];
	double stay[STRIDE];

	for (int i = 0; i < STRIDE; i++)
	{
		terms->growth[i] = (r + (n + i)) / (n + i + 1.0);
		stay[i] = (b + (n + i)) / (a + b + (n + i));
	}
	for (int i = 0; i < STRIDE; i++)
	{
		terms->total += terms->there;
		terms->made[i] = terms->total;
		terms->there *= stay[i];
	}
}

/* STRIDE terms more for the lanes from `from` on; whether one of them goes on. */
static bool
AddTerms(Series *series, int from, const Terms *terms)
{
	double share[TOGETHER], chance[TOGETHER], sum[TOGETHER];
	bool   more = false;

	memcpy(share, series->share + from, sizeof(share));
	memcpy(chance, series->chance + from, sizeof(chance));
	memcpy(sum, series->sum + from, sizeof(sum));
	for (int i = 0; i < STRIDE; i++)
		for (int lane = 0; lane < TOGETHER; lane++)
		{
			chance[lane] *= share[lane] * terms->growth[i];
			sum[lane] += chance[lane] * terms->made[i];
		}
	for (int lane = 0; lane < TOGETHER; lane++)
	{
		double rest = 1 - share[lane] * terms->growth[STRIDE - 1];

		/* what is left is bounded by a geometric series */
		if (rest > 0 &&
			chance[lane] * terms->made[STRIDE - 1] <= TRUNCATION * sum[lane] * rest * rest)
			chance[lane] = 0;
		more |= chance[lane] > 0;
	}
	memcpy(series->chance + from, chance, sizeof(chance));
	memcpy(series->sum + from, sum, sizeof(sum));
	return more;
}

/* Sum the series; those that are too long keep a chance that is not 0. */
static void
RunSeries(const double *params, Series *series)
{
	Terms terms = {.there = 1};
	bool  more[MOST_HORIZONS / TOGETHER];
	int	  running = series->lanes / TOGETHER;

	memset(more, true, sizeof(more));
	for (int n = 0; running > 0 && n < LARGEST_SERIES; n += STRIDE)
	{
		NextTerms(params, n, &terms);
		for (int group = 0; group < series->lanes / TOGETHER; group++)
			if (more[group] && !(more[group] = AddTerms(series, group * TOGETHER, &terms)))
				running--;
	}
}

typedef struct Expectation
{
	double r;
	double ratio; /* horizon / alpha */
} Expectation;

/* Given the chance p of leaving after a purchase: (1 - E[exp(-lambda p t)]) / p */
static double
PurchasesGivenLeaving(const void *context, double p, double stay)
{
	const Expectation *e = context;

	(void) stay;
	return fmin(p > 0 ? -CrmExpm1(-e->r * CrmLog1p(p * e->ratio)) / p : e->r * e->ratio,
				DBL_MAX);
}

/* At most MOST_HORIZONS of them: by series where they are short enough. */
static void
PurchasesTogether(const double *params, const double *horizons, int count, double *purchases)
{
	Series series = {.lanes = (count + TOGETHER - 1) / TOGETHER * TOGETHER};
	double quiet[MOST_HORIZONS] = {0}, start[MOST_HORIZONS] = {0};

	for (int i = 0; i < count; i++)
	{
		series.share[i] = horizons[i] / (params[1] + horizons[i]);
		quiet[i] = horizons[i] / params[1];
	}
	CrmLog1pArray(quiet, quiet, series.lanes);
	for (int i = 0; i < count; i++)
		start[i] = -params[0] * quiet[i];
	CrmExpArray(start, start, series.lanes);
	for (int i = 0; i < count; i++)
	{
		quiet[i] *= params[0];
		if (quiet[i] < LARGEST_START && quiet[i] < LARGEST_SERIES / 8.0)
			series.chance[i] = start[i];
	}
	RunSeries(params, &series);
	for (int i = 0; i < count; i++)
	{
		Expectation e = {params[0], horizons[i] / params[1]};

		purchases[i] = series.sum[i];
		if (horizons[i] > 0 && (series.chance[i] > 0 || !(series.sum[i] > 0)))
			purchases[i] = CrmBetaAverage(params[2], params[3], (e.r + 1) * e.ratio,
										  PurchasesGivenLeaving, &e);
	}
}

void
CrmBgPurchases(const double *params, const double *horizons, int count, double *purchases)
{
	for (int done = 0; done < count; done += MOST_HORIZONS)
		PurchasesTogether(params, horizons + done,
						  count - done < MOST_HORIZONS ? count - done : MOST_HORIZONS,
						  purchases + done);
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
	double r;
	double scaled; /* rate x alpha */
} Discount;

/*
 * Given the chance p of leaving after a purchase, and purchases at rate lambda / alpha, the
 * discounted ones are worth lambda / (lambda p + scaled); lambda ~ gamma(r, 1) makes that
 * r / p x e^c E_(r + 1)(c), c = scaled / p.
 */
static double
WorthGivenLeaving(const void *context, double p, double stay)
{
	const Discount *d = context;
	double			c = d->scaled / p;

	(void) stay;
	if (!(c < FLAT)) /* who buys hardly once has no time to leave */
		return fmin(d->r / d->scaled, DBL_MAX);
	return fmin(d->r * CrmExpIntegral(d->r + 1, c) / p, DBL_MAX);
}

double
CrmBgDert(const double *params, double rate)
{
	double	 a = params[2], b = params[3];
	Discount d = {params[0], fmax(rate * params[1], SMALLEST)};

	if (rate == 0)
		return (a + b - 1) / (a - 1);
	return CrmBetaAverage(a, b, (d.r + 1) / d.scaled, WorthGivenLeaving, &d);
}
