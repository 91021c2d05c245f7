/*
 * btyd.c - the families of customer-base models: names, dispatch, fits.
 */
#include "math/btyd.h"

#include <math.h>
#include <string.h>

#include "math/btyd_bg.h"
#include "math/btyd_bgbb.h"
#include "math/btyd_pareto.h"
#include "math/fit.h"

static const char *const FamilyNames[] = {"bg/nbd", "mbg/nbd", "pareto/nbd", "bg/bb"};

static const char *const ParameterNames[][CRM_MAX_PARAMETERS] = {
	{"r", "alpha", "a", "b"},
	{"r", "alpha", "a", "b"},
	{"r", "alpha", "s", "beta"},
	{"alpha", "beta", "gamma", "delta"},
};

/*
 * Starts, in the data's own unit (mean age; mean age per purchase for alpha):
 * first what most customer bases look like, then unlike ones.
 */
#define STARTS 9

static const double Starts[][STARTS][CRM_MAX_PARAMETERS] = {
	{{0.5, 0.5, 0.7, 2},
	 {0.7, 0.7, 0.2, 0.07},
	 {0.3, 0.02, 5, 0.2},
	 {3, 3, 0.3, 3},
	 {0.1, 0.1, 2, 2},
	 {1, 1, 20, 20},
	 {20, 2, 1, 0.3},
	 {20, 0.3, 0.05, 0.001},
	 {10, 10, 0.05, 1}},
	{{0.6, 0.6, 0.7, 1.5},
	 {0.7, 0.7, 0.2, 0.07},
	 {0.3, 0.02, 5, 0.2},
	 {3, 3, 0.3, 3},
	 {0.1, 0.1, 2, 2},
	 {1, 1, 20, 20},
	 {20, 2, 1, 0.3},
	 {20, 0.3, 0.05, 0.001},
	 {10, 10, 0.05, 1}},
	{{0.6, 0.6, 0.6, 0.4},
	 {0.7, 0.7, 0.15, 0.02},
	 {0.3, 0.02, 5, 0.05},
	 {3, 3, 1, 3},
	 {0.1, 0.1, 2, 0.5},
	 {1, 1, 20, 20},
	 {20, 2, 0.7, 0.01},
	 {20, 0.3, 0.05, 0.001},
	 {10, 10, 0.1, 1}},
	{{1, 1, 0.6, 3},
	 {0.1, 0.2, 0.1, 0.1},
	 {1, 0.2, 5, 0.2},
	 {5, 5, 2, 20},
	 {0.3, 1, 0.2, 1},
	 {1, 3, 20, 100},
	 {20, 30, 0.3, 0.1},
	 {0.02, 0.001, 10, 3},
	 {20, 20, 0.1, 0.5}},
};

#define EXCERPT 16 /* one history in so many finds the start of a large population */

/*
 * Histories below which all starts are run: the likelihood of a small
 * population often has several maxima.
 */
#define FEW 10000
#define FEW_COSTLY 2000

typedef struct Context
{
	CrmFamily		 family;
	const CrmSample *sample;
	const CrmHooks	*hooks;
	double			*work;
} Context;

const char *
CrmFamilyName(CrmFamily family)
{
	return FamilyNames[family];
}

const char *
CrmParameterName(CrmFamily family, int parameter)
{
	return ParameterNames[family][parameter];
}

size_t
CrmLikelihoodWork(CrmFamily family, const CrmSample *sample)
{
	if (family == CRM_BG_BB || family == CRM_PARETO_NBD)
		return 1;
	return CrmBgWork(sample);
}

double
CrmLogLikelihood(CrmFamily family, const CrmSample *sample, const double *params, double *work,
				 const CrmHooks *hooks, double *gradient)
{
	hooks->interrupt();
	if (family == CRM_BG_BB)
		return CrmBgbbLikelihood(sample, params, hooks, gradient);
	if (family == CRM_PARETO_NBD)
		return CrmParetoLikelihood(sample, params, hooks, gradient);
	return CrmBgLikelihood(sample, family == CRM_MBG_NBD, params, work, hooks, gradient);
}

static double
Likelihood(void *context, const double *params, double *gradient)
{
	Context *c = context;

	return CrmLogLikelihood(c->family, c->sample, params, c->work, c->hooks, gradient);
}

/* Sums over customers of x and of T, in the order of the histories. */
static void
Totals(const CrmSample *sample, double *purchases, double *age)
{
	*purchases = 0;
	*age = 0;
	for (int i = 0; i < sample->patterns; i++)
	{
		*purchases += sample->weight[i] * sample->frequencies[sample->frequency[i]];
		*age += sample->weight[i] * sample->times[sample->age[i]];
	}
}

static void
SetScales(CrmFamily family, double purchases, double age, double customers, CrmFitTask *task)
{
	for (int i = 0; i < task->count; i++)
		task->scale[i] = task->judged[i] = 1;
	if (family == CRM_BG_BB)
	{
		/* beta by the share of opportunities that were used */
		task->scale[1] = fmin(fmax(0.6 * age / purchases - 1, 0.02), 1000);
		return;
	}
	task->scale[1] = age / purchases;
	if (family == CRM_PARETO_NBD)
		task->scale[3] = age / customers;
}

/* Every EXCERPT-th history of a large sample, with its own customers of each frequency. */
static void
TakeExcerpt(const CrmSample *sample, const CrmHooks *hooks, CrmSample *excerpt)
{
	int		  count = (sample->patterns + EXCERPT - 1) / EXCERPT;
	uint32_t *frequency = hooks->allocate(count * sizeof(uint32_t));
	uint32_t *recency = hooks->allocate(count * sizeof(uint32_t));
	uint32_t *age = hooks->allocate(count * sizeof(uint32_t));
	double	 *weight = hooks->allocate(count * sizeof(double));
	double	 *totals = hooks->allocate(sample->frequency_count * sizeof(double));

	*excerpt = *sample;
	excerpt->patterns = count;
	excerpt->customers = 0;
	memset(totals, 0, sample->frequency_count * sizeof(double));
	for (int i = 0; i < count; i++)
	{
		frequency[i] = sample->frequency[i * EXCERPT];
		recency[i] = sample->recency[i * EXCERPT];
		age[i] = sample->age[i * EXCERPT];
		weight[i] = sample->weight[i * EXCERPT];
		totals[frequency[i]] += weight[i];
		excerpt->customers += weight[i];
	}
	excerpt->frequency = frequency;
	excerpt->recency = recency;
	excerpt->age = age;
	excerpt->weight = weight;
	excerpt->frequency_weight = totals;
}

/*
 * The first start of a large sample: where an excerpt of it has its maximum.  What that took, in
 * evaluations of the whole.
 */
static int
StartFromExcerpt(CrmFitTask *whole, const Context *all)
{
	CrmSample  excerpt;
	CrmFit	   fit;
	Context	   context = *all;
	CrmFitTask task = *whole;

	TakeExcerpt(all->sample, all->hooks, &excerpt);
	context.sample = &excerpt;
	task.context = &context;
	task.customers = excerpt.customers;
	task.start_count = 1;
	CrmRunFit(&task, &fit);
	for (int i = 0; i < task.count && fit.converged; i++)
		whole->starts[0][i] = fit.params[i] / task.scale[i];
	all->hooks->release((void *) excerpt.frequency);
	all->hooks->release((void *) excerpt.recency);
	all->hooks->release((void *) excerpt.age);
	all->hooks->release((void *) excerpt.weight);
	all->hooks->release((void *) excerpt.frequency_weight);
	return (fit.evaluations + EXCERPT - 1) / EXCERPT;
}

void
CrmFitBtyd(CrmFamily family, const CrmSample *sample, const CrmHooks *hooks, CrmFit *fit)
{
	Context	   context = {family, sample, hooks, NULL};
	CrmFitTask task = {.likelihood = Likelihood,
					   .context = &context,
					   .count = 4,
					   .start_count = STARTS,
					   .customers = sample->customers};
	double	   purchases, age;
	int		   evaluations = 0;

	Totals(sample, &purchases, &age);
	if (!(purchases > 0) || !(age > 0))
	{
		CrmNoFit(task.count, sample->customers, "no customer bought again", fit);
		return;
	}
	task.thorough = sample->patterns < (family == CRM_PARETO_NBD ? FEW_COSTLY : FEW);
	task.costly = sample->patterns > CRM_MANY_HISTORIES;
	for (int i = 0; i < task.count; i++)
		task.names[i] = ParameterNames[family][i];
	SetScales(family, purchases, age, sample->customers, &task);
	for (int start = 0; start < task.start_count; start++)
		for (int i = 0; i < task.count; i++)
			task.starts[start][i] = Starts[family][start][i];
	context.work = hooks->allocate(CrmLikelihoodWork(family, sample) * sizeof(double));
	if (task.costly)
		evaluations = StartFromExcerpt(&task, &context);
	CrmRunFit(&task, fit);
	fit->evaluations += evaluations;
	hooks->release(context.work);
}
