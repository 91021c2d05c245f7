/*
 * score_bgbb.c - what a new BG/BB customer is expected to do.
 */
#include "math/score_bgbb.h"

#include <math.h>

#include "math/average.h"
#include "math/elementary.h"
#include "math/rising.h"

#define LARGEST_SUM 4096
#define RESCALE 1e200

/* Given the chance of leaving before each: (1 - p) (1 - (1 - p)^n) / p */
static double
PurchasesGivenLeaving(const void *context, double p, double stay)
{
	double n = *(const double *) context;

	return stay * (p > 0 ? -CrmExpm1(n * CrmLog1p(-p)) / p : n);
}

/* Fader, Hardie and Shang 2010, eq. 8: alpha / (alpha + beta) x sum of P(alive at k) */
double
CrmBgbbPurchases(const double *params, double horizon)
{
	double gamma = params[2], delta = params[3];
	double share = params[0] / (params[0] + params[1]);
	double there = 1, sum = 0;

	if (horizon > LARGEST_SUM)
		return share * CrmBetaAverage(gamma, delta, horizon, PurchasesGivenLeaving, &horizon);
	for (int k = 0; k < (int) horizon; k++)
	{
		there *= (delta + k) / (gamma + delta + k);
		sum += there;
	}
	return share * sum;
}

/*
 * Fader, Hardie and Shang 2010, eq. 7: leaving before opportunity i + 1, with
 * the purchases made anywhere among the first i; the last term is of those
 * still there.  Terms have rational steps.
 */
double
CrmBgbbProbability(const double *params, double purchases, double horizon)
{
	double alpha = params[0], beta = params[1], gamma = params[2], delta = params[3];
	double n = purchases;
	double term = 1, sum = 0, scale;

	if (n > horizon)
		return 0;
	scale = CrmLogRising(alpha, n) - CrmLogRising(alpha + beta, n) +
			CrmLogSurvival(gamma, delta, n) + CrmLog(gamma / (gamma + delta + n));
	for (double i = n; i < horizon; i++)
	{
		sum += term;
		term *= (i + 1) / (i + 1 - n) * (beta + (i - n)) / (alpha + beta + i) * (delta + i) /
				(gamma + delta + i + 1);
		if (term > RESCALE)
		{
			term /= RESCALE;
			sum /= RESCALE;
			scale += CrmLog(RESCALE);
		}
	}
	sum += term * ((gamma + delta + horizon) / gamma);
	return CrmExp(scale + CrmLog(sum));
}

/* Fader, Hardie and Shang 2010, eq. 14, continuous rate: z = exp(-rate) */
double
CrmBgbbDert(const double *params, double rate)
{
	double gamma = params[2], delta = params[3];
	double share = params[0] / (params[0] + params[1]);

	return share * CrmExp(-rate) * delta / (gamma + delta) *
		   CrmHyp2f1One(gamma, delta + 1, -CrmExpm1(-rate));
}
