/*
 * btyd_bgbb.c - likelihood of BG/BB (Fader, Hardie and Shang 2010, eq. 5).
 *
 * With g(t) the probability of x purchases at the right places up to t_x, none
 * from there to t, and leaving before opportunity t + 1, a history's
 * likelihood is the sum of g(t) over t = t_x .. n - 1 plus that of being alive
 * at n, which is g(n) (gamma + delta + n) / gamma.  g(t + 1) / g(t) is
 * rational, so one walk over t serves all histories of equal (x, t_x).
 */
#include "math/btyd_bgbb.h"

#include <math.h>

#include "math/elementary.h"
#include "math/rising.h"

typedef struct Walk
{
	double alpha;
	double beta;
	double gamma;
	double delta;
	double x;
	double t;
	double start;		/* log g(t_x) */
	double term;		/* g(t) / g(t_x) */
	double slope[4];	/* gradient of log g(t) by the parameters */
	double sum;			/* of term over the steps done */
	double weighted[4]; /* of term x slope */
} Walk;

static void
StartWalk(Walk *walk, const double *params, double x, double recency)
{
	double alpha = params[0], beta = params[1], gamma = params[2], delta = params[3];
	double shared = CrmSumInverse(alpha + beta, recency);
	double leaving = CrmSumInverse(gamma + delta, recency) + 1 / (gamma + delta + recency);

	walk->alpha = alpha;
	walk->beta = beta;
	walk->gamma = gamma;
	walk->delta = delta;
	walk->x = x;
	walk->t = recency;
	walk->start = CrmLogRising(alpha, x) + CrmLogRising(beta, recency - x) -
				  CrmLogRising(alpha + beta, recency) + CrmLogSurvival(gamma, delta, recency) +
				  CrmLog(gamma / (gamma + delta + recency));
	walk->term = 1;
	walk->slope[0] = CrmSumInverse(alpha, x) - shared;
	walk->slope[1] = CrmSumInverse(beta, recency - x) - shared;
	walk->slope[2] = 1 / gamma - leaving;
	walk->slope[3] = CrmSumInverse(delta, recency) - leaving;
	walk->sum = 0;
	for (int i = 0; i < 4; i++)
		walk->weighted[i] = 0;
}

/* Take up leaving before the next opportunity, and go on to it. */
static void
Advance(Walk *walk)
{
	double quiet = walk->beta + (walk->t - walk->x);
	double shared = walk->alpha + walk->beta + walk->t;
	double staying = walk->delta + walk->t;
	double leaving = walk->gamma + walk->delta + walk->t + 1;

	walk->sum += walk->term;
	for (int i = 0; i < 4; i++)
		walk->weighted[i] += walk->term * walk->slope[i];
	walk->term *= quiet * staying / (shared * leaving);
	walk->slope[0] -= 1 / shared;
	walk->slope[1] += 1 / quiet - 1 / shared;
	walk->slope[2] -= 1 / leaving;
	walk->slope[3] += 1 / staying - 1 / leaving;
	walk->t += 1;
}

/* Log-likelihood of the history that ends here, with its gradient. */
static double
EndHistory(const Walk *walk, double *gradient)
{
	double ending = walk->gamma + walk->delta + walk->t;
	double alive = walk->term * (ending / walk->gamma);
	double total = walk->sum + alive;

	for (int i = 0; i < 4; i++)
		gradient[i] = (walk->weighted[i] + alive * walk->slope[i]) / total;
	gradient[2] += alive * (1 / ending - 1 / walk->gamma) / total;
	gradient[3] += alive / ending / total;
	return walk->start + CrmLog(total);
}

double
CrmBgbbLikelihood(const CrmSample *sample, const double *params, const CrmHooks *hooks,
				  double *gradient)
{
	double value = 0;
	Walk   walk = {0};
	int	   steps = 0;

	for (int i = 0; i < 4; i++)
		gradient[i] = 0;
	for (int i = 0; i < sample->patterns; i++)
	{
		double n = sample->times[sample->age[i]];
		double history[4];

		if (i == 0 || sample->frequency[i] != sample->frequency[i - 1] ||
			sample->recency[i] != sample->recency[i - 1])
			StartWalk(&walk, params, sample->frequencies[sample->frequency[i]],
					  sample->times[sample->recency[i]]);
		for (; walk.t < n; steps++)
		{
			Advance(&walk);
			if (steps % 65536 == 0)
				hooks->interrupt();
		}
		value += sample->weight[i] * EndHistory(&walk, history);
		for (int k = 0; k < 4; k++)
			gradient[k] += sample->weight[i] * history[k];
	}
	for (int i = 0; i < 4; i++)
		gradient[i] *= params[i];
	return value;
}

double
CrmBgbbHistory(const double *params, double x, double recency, double n, double *alive,
			   double *odds)
{
	Walk   walk;
	double gradient[4];
	double here;

	StartWalk(&walk, params, x, recency);
	while (walk.t < n)
		Advance(&walk);
	here = walk.term * ((walk.gamma + walk.delta + n) / walk.gamma);
	*odds = walk.sum / here;
	*alive = here / (walk.sum + here);
	return EndHistory(&walk, gradient);
}
