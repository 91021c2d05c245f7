/*
 * spend.c - the Gamma-Gamma model of spend (Fader and Hardie 2013, eq. 1a) and
 * the shifted beta-geometric model of renewals (Fader and Hardie 2007, eq. 5
 * and 6).
 */
#include "math/spend.h"

#include <math.h>

#include "math/elementary.h"
#include "math/fit.h"
#include "math/lanes.h"
#include "math/rising.h"
#include "math/special.h"
#include "math/vector.h"

typedef struct SpendContext
{
	const CrmSpendSample *sample;
	const CrmHooks		 *hooks;
} SpendContext;

typedef struct SpendSums
{
	double value;
	double gradient[3];
	double frequency; /* what follows is of */
	double constant;
	double by_p;
	double by_q;
} SpendSums;

/* What depends on the frequency alone. */
static void
SetFrequency(const double *params, double x, SpendSums *sums)
{
	double p = params[0], q = params[1];
	double shared = CrmDigamma(p * x + q);

	sums->constant = CrmLogBeta(p * x, q);
	sums->by_p = x * (shared - CrmDigamma(p * x));
	sums->by_q = shared - CrmDigamma(q);
	sums->frequency = x;
}

/* The customers from..from + count - 1, at most CRM_BLOCK, in their order. */
static void
AddSpendBlock(const CrmSpendSample *sample, const double *params, int from, int count,
			  SpendSums *sums)
{
	const double *frequency = sample->frequency + from;
	double		  p = params[0], q = params[1], gamma = params[2];
	double		  total[CRM_BLOCK], low[CRM_BLOCK] = {0}, high[CRM_BLOCK], log_mean[CRM_BLOCK];

	for (int i = 0; i < count; i++)
	{
		total[i] = sample->monetary[from + i] * frequency[i];
		low[i] = gamma / total[i];
		high[i] = total[i] / gamma;
	}
	CrmLog1pArray(low, low, count);
	CrmLog1pArray(high, high, count);
	CrmLogArray(sample->monetary + from, log_mean, count);
	for (int i = 0; i < count; i++)
	{
		double x = frequency[i];
		double weight = sample->weight[from + i];

		if (x != sums->frequency)
			SetFrequency(params, x, sums);
		sums->value -= weight * (sums->constant + p * x * low[i] + q * high[i] + log_mean[i]);
		sums->gradient[0] += weight * (sums->by_p - x * low[i]);
		sums->gradient[1] += weight * (sums->by_q - high[i]);
		sums->gradient[2] += weight * (q * total[i] - p * x * gamma) / (gamma + total[i]);
	}
}

/*
 * With u = m x and k = p x, one customer contributes
 * -log B(k, q) - k log(1 + gamma / u) - q log(1 + u / gamma) - log m.
 */
double
CrmSpendLikelihood(const CrmSpendSample *sample, const double *params, const CrmHooks *hooks,
				   double *gradient)
{
	SpendSums sums = {.frequency = -1};

	for (int from = 0; from < sample->patterns; from += CRM_BLOCK)
	{
		int left = sample->patterns - from;

		AddSpendBlock(sample, params, from, left < CRM_BLOCK ? left : CRM_BLOCK, &sums);
		if (from % (CRM_BLOCK * 128) == 0)
			hooks->interrupt();
	}
	gradient[0] = params[0] * sums.gradient[0];
	gradient[1] = params[1] * sums.gradient[1];
	gradient[2] = sums.gradient[2];
	return sums.value;
}

double
CrmRenewalLikelihood(const CrmRenewalSample *sample, const double *params,
					 const CrmHooks *hooks, double *gradient)
{
	double alpha = params[0], beta = params[1];
	double value = 0, done = 0, survival = 0, staying = 0, shared = 0;

	gradient[0] = gradient[1] = 0;
	for (int i = 0; i < sample->patterns; i++)
	{
		double n = sample->renewals[i];
		double left = sample->churned[i];
		double all = left + sample->staying[i];
		double end = alpha + beta + n;

		survival += CrmLogSurvival(alpha, beta + done, n - done);
		staying += CrmSumInverse(beta + done, n - done);
		shared += CrmSumInverse(alpha + beta + done, n - done);
		done = n;
		value += all * survival + left * CrmLog(alpha / end);
		gradient[0] += left * (1 / alpha - 1 / end) - all * shared;
		gradient[1] += all * (staying - shared) - left / end;
		if (i % 65536 == 0)
			hooks->interrupt();
	}
	gradient[0] *= alpha;
	gradient[1] *= beta;
	return value;
}

static double
SpendTask(void *context, const double *params, double *gradient)
{
	SpendContext *c = context;

	c->hooks->interrupt();
	return CrmSpendLikelihood(c->sample, params, c->hooks, gradient);
}

/* Weighted means of x and m, and their central second moments. */
static void
SpendMoments(const CrmSpendSample *sample, double mean[2], double moment[3])
{
	mean[0] = mean[1] = 0;
	moment[0] = moment[1] = moment[2] = 0;
	for (int i = 0; i < sample->patterns; i++)
	{
		mean[0] += sample->weight[i] * sample->frequency[i] / sample->customers;
		mean[1] += sample->weight[i] * sample->monetary[i] / sample->customers;
	}
	for (int i = 0; i < sample->patterns; i++)
	{
		double x = sample->frequency[i] - mean[0];
		double m = sample->monetary[i] - mean[1];

		moment[0] += sample->weight[i] * x * x;
		moment[1] += sample->weight[i] * m * m;
		moment[2] += sample->weight[i] * x * m;
	}
}

double
CrmSpendCorrelation(const CrmSpendSample *sample)
{
	double mean[2], moment[3];

	SpendMoments(sample, mean, moment);
	if (!(moment[0] > 0) || !(moment[1] > 0))
		return NAN;
	return moment[2] / sqrt(moment[0]) / sqrt(moment[1]);
}

void
CrmFitSpend(const CrmSpendSample *sample, const CrmHooks *hooks, CrmFit *fit)
{
	static const double starts[][3] = {
		{5, 4, 0.6}, {1, 2, 1}, {20, 20, 1}, {2, 50, 25}, {200, 3, 0.01}};
	SpendContext context = {sample, hooks};
	CrmFitTask	 task = {.likelihood = SpendTask,
						 .context = &context,
						 .count = 3,
						 .names = {"p", "q", "gamma"},
						 .scale = {1, 1, 1},
						 .judged = {1, 1, 1},
						 .start_count = 5,
						 .customers = sample->customers};
	double		 mean[2], moment[3];

	if (sample->patterns == 0)
	{
		CrmNoFit(3, sample->customers, "no customer with a repeat purchase of positive value",
				 fit);
		return;
	}
	SpendMoments(sample, mean, moment);
	task.scale[2] = task.judged[2] = mean[1];
	task.costly = sample->patterns > CRM_MANY_HISTORIES;
	for (int start = 0; start < task.start_count; start++)
		for (int i = 0; i < 3; i++)
			task.starts[start][i] = starts[start][i];
	CrmRunFit(&task, fit);
}

typedef struct RenewalContext
{
	const CrmRenewalSample *sample;
	const CrmHooks		   *hooks;
} RenewalContext;

static double
RenewalTask(void *context, const double *params, double *gradient)
{
	RenewalContext *c = context;

	c->hooks->interrupt();
	return CrmRenewalLikelihood(c->sample, params, c->hooks, gradient);
}

/* Whether anybody left, and whether anybody renewed: both are needed. */
static const char *
RenewalGap(const CrmRenewalSample *sample)
{
	double left = 0, renewed = 0;

	for (int i = 0; i < sample->patterns; i++)
	{
		left += sample->churned[i];
		renewed += sample->renewals[i] * (sample->churned[i] + sample->staying[i]);
	}
	if (!(left > 0))
		return "no customer left";
	return renewed > 0 ? NULL : "no customer renewed";
}

void
CrmFitRenewals(const CrmRenewalSample *sample, const CrmHooks *hooks, CrmFit *fit)
{
	static const double starts[][2] = {{1, 2}, {0.2, 0.4}, {10, 30}, {100, 20}, {1, 50}};
	RenewalContext		context = {sample, hooks};
	CrmFitTask			task = {.likelihood = RenewalTask,
								.context = &context,
								.count = 2,
								.names = {"alpha", "beta"},
								.scale = {1, 1},
								.judged = {1, 1},
								.start_count = 5,
								.customers = sample->customers};
	const char		   *gap = RenewalGap(sample);

	if (gap != NULL)
	{
		CrmNoFit(2, sample->customers, gap, fit);
		return;
	}
	for (int start = 0; start < task.start_count; start++)
		for (int i = 0; i < 2; i++)
			task.starts[start][i] = starts[start][i];
	CrmRunFit(&task, fit);
}
