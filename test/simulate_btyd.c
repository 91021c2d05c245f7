/*
 * simulate_btyd.c - fits of simulated populations, none excluded.
 *
 *     build/test/simulate_btyd [populations per family = 50] [seed = 1]
 *
 * Each population has 50 to 50,000 customers and parameters drawn over two
 * decades.  Held against each fit: the likelihood at the parameters simulated
 * from, the best that an independent optimiser (Nelder and Mead 1965, several
 * starts) finds, the chi-squared distribution of the difference, and the
 * definition of "converged", recomputed here.  Then populations of 5,000 to
 * 50,000 from the CDNOW estimates: share converged, coverage, and the forecast
 * of 39 weeks.  Of 4,000 such mbg/nbd populations below 20,000 customers 97.65 %
 * were covered, so near the 97 % asked for that the line wants many.  Last, how
 * many evaluations large populations take.
 *
 * Times are real numbers here, not whole days: rounding them would bias the
 * comparison with the truth.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "math/btyd.h"
#include "math/patterns.h"
#include "math/score.h"
#include "math/spend.h"

#define MAX_POPULATION 50000
#define LARGE_POPULATION 1000000

static int tests;
static int failures;

static void
Ok(int good, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

static void *
Allocate(size_t size)
{
	return malloc(size > 0 ? size : 1);
}

static void
Interrupt(void)
{
}

static const CrmHooks hooks = {Allocate, free, Interrupt};

/* ---- random numbers: splitmix64, Marsaglia and Tsang 2000 ---- */

static uint64_t seed;

static double
Uniform(void)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return ((z >> 11) + 0.5) / 9007199254740992.0;
}

static double
UniformLog(double low, double high)
{
	return low * exp(Uniform() * log(high / low));
}

static double
Normal(void)
{
	return sqrt(-2 * log(Uniform())) * cos(6.283185307179586 * Uniform());
}

/* log of a gamma variate, so that small shapes do not underflow */
static double
LogGammaVariate(double shape)
{
	double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
	double c = 1 / sqrt(9 * d);

	for (;;)
	{
		double x = Normal();
		double v = 1 + c * x;

		if (v <= 0)
			continue;
		v = v * v * v;
		if (log(Uniform()) < 0.5 * x * x + d - d * v + d * log(v))
			return log(d * v) + (shape < 1 ? log(Uniform()) / shape : 0);
	}
}

static double
BetaVariate(double a, double b)
{
	double difference = LogGammaVariate(b) - LogGammaVariate(a);

	return 1 / (1 + exp(difference));
}

/* ---- one customer of each family ---- */

/* Purchases in (age, age + after] of the same customer, for forecasts. */
typedef struct Life
{
	double x;
	double recency;
	double later;
} Life;

static Life
LiveContinuous(CrmFamily family, const double *p, double age, double after)
{
	Life   life = {0, 0, 0};
	double rate = exp(LogGammaVariate(p[0])) / p[1];
	double leaving = family == CRM_PARETO_NBD ? 0 : BetaVariate(p[2], p[3]);
	double death = INFINITY;
	double t = 0;

	if (family == CRM_PARETO_NBD)
		death = -log(Uniform()) * p[3] / exp(LogGammaVariate(p[2]));
	if (family == CRM_MBG_NBD && Uniform() < leaving)
		return life;
	for (;;)
	{
		t -= log(Uniform()) / rate;
		if (!(t < age + after) || t > death)
			return life;
		if (t <= age)
		{
			life.x++;
			life.recency = t;
		}
		else
			life.later++;
		if (Uniform() < leaving)
			return life;
	}
}

static Life
LiveDiscrete(const double *p, double n)
{
	Life   life = {0, 0, 0};
	double buying = BetaVariate(p[0], p[1]);
	double leaving = BetaVariate(p[2], p[3]);

	for (double t = 1; t <= n; t++)
	{
		if (Uniform() < leaving)
			break;
		if (Uniform() < buying)
		{
			life.x++;
			life.recency = t;
		}
	}
	return life;
}

/* ---- what the checks of one model need ---- */

typedef double (*Likelihood)(const void *data, const double *params, double *gradient);

typedef struct Model
{
	const char *name;
	int			count;
	Likelihood	likelihood;
} Model;

typedef struct Tally
{
	int	   populations;
	int	   converged;
	int	   unusable;
	int	   below_truth;
	int	   below_best;
	int	   beyond_first; /* twice the difference over 9.49 (95 %) */
	int	   beyond_last;	 /* over 18.47 (99.9 %) */
	int	   misjudged;
	int	   evaluations;
	double worst_gap; /* to the best found, per customer */
} Tally;

static double	*likelihood_work;
static CrmFamily likelihood_family;

static double
BtydLikelihood(const void *data, const double *params, double *gradient)
{
	return CrmLogLikelihood(likelihood_family, data, params, likelihood_work, &hooks, gradient);
}

static double
SpendLikelihood(const void *data, const double *params, double *gradient)
{
	return CrmSpendLikelihood(data, params, &hooks, gradient);
}

static double
RenewalLikelihood(const void *data, const double *params, double *gradient)
{
	return CrmRenewalLikelihood(data, params, &hooks, gradient);
}

/* ---- Nelder and Mead in log parameters ---- */

static double
ValueAt(const Model *model, const void *data, const double *point)
{
	double params[4], gradient[4], value;

	for (int i = 0; i < model->count; i++)
	{
		if (fabs(point[i]) > 23)
			return -INFINITY;
		params[i] = exp(point[i]);
	}
	value = model->likelihood(data, params, gradient);
	return isnan(value) ? -INFINITY : value;
}

static double
NelderMead(const Model *model, const void *data, const double *start, int limit)
{
	int	   n = model->count;
	double corner[5][4], value[5];

	for (int i = 0; i <= n; i++)
	{
		memcpy(corner[i], start, n * sizeof(double));
		if (i > 0)
			corner[i][i - 1] += 0.4;
		value[i] = ValueAt(model, data, corner[i]);
	}
	for (int used = 0; used < limit;)
	{
		int	   best = 0, worst = 0;
		double center[4] = {0}, away[4], trial[4], gain;
		double factors[] = {1, 2, -0.5};
		int	   tried;

		for (int i = 1; i <= n; i++)
		{
			best = value[i] > value[best] ? i : best;
			worst = value[i] < value[worst] ? i : worst;
		}
		if (value[best] - value[worst] < 1e-7)
			return value[best];
		for (int i = 0; i <= n; i++)
			for (int k = 0; k < n && i != worst; k++)
				center[k] += corner[i][k] / n;
		for (int k = 0; k < n; k++)
			away[k] = center[k] - corner[worst][k];
		for (tried = 0; tried < 3; tried++)
		{
			for (int k = 0; k < n; k++)
				trial[k] = center[k] + factors[tried] * away[k];
			gain = ValueAt(model, data, trial);
			used++;
			if (tried == 1 && gain < value[worst])
				break;
			if (gain > value[worst])
			{
				value[worst] = gain;
				memcpy(corner[worst], trial, n * sizeof(double));
				if (tried == 0 && gain > value[best])
					continue;
				break;
			}
			if (tried == 0)
				tried = 1;
		}
		if (tried < 3)
			continue;
		for (int i = 0; i <= n; i++)
		{
			for (int k = 0; k < n && i != best; k++)
				corner[i][k] = 0.5 * (corner[i][k] + corner[best][k]);
			if (i != best)
				value[i] = ValueAt(model, data, corner[i]);
		}
		used += n;
	}
	return fmax(fmax(fmax(value[0], value[1]), value[2]), n > 2 ? value[3] : -INFINITY);
}

static double
BestFound(const Model *model, const void *data, const double *truth, double customers)
{
	double best = -INFINITY;
	int	   starts = customers < 1000 ? 4 : customers < 10000 ? 2 : 1;

	for (int start = 0; start < starts; start++)
	{
		double point[4];

		for (int i = 0; i < model->count; i++)
			point[i] = log(truth[i]) + (start == 0 ? 0 : 2 * Normal());
		best = fmax(best, NelderMead(model, data, point, customers < 2000 ? 500 : 80));
	}
	return best;
}

/* ---- the verdict, recomputed ---- */

/*
 * Whether minus the Hessian is positive definite, by differences of the
 * gradient: 1 or 0, and -1 where a pivot is within their rounding.
 */
static int
IsDefinite(const Model *model, const void *data, const double *params, double customers)
{
	double rounding = 1e-10 * customers;
	double minus[4][4], up[4], down[4], changed[4];

	for (int i = 0; i < model->count; i++)
	{
		memcpy(changed, params, sizeof(changed));
		changed[i] = params[i] * exp(1e-3);
		model->likelihood(data, changed, up);
		changed[i] = params[i] * exp(-1e-3);
		model->likelihood(data, changed, down);
		for (int k = 0; k < model->count; k++)
			minus[i][k] = (down[k] - up[k]) / 2e-3;
	}
	for (int i = 0; i < model->count; i++)
	{
		if (!(minus[i][i] > rounding))
			return minus[i][i] > -rounding ? -1 : 0;
		for (int j = i + 1; j < model->count; j++)
			for (int k = i + 1; k < model->count; k++)
				minus[j][k] -= minus[i][k] * minus[j][i] / minus[i][i];
	}
	return 1;
}

static void
Check(const Model *model, const void *data, const CrmFit *fit, const double *truth, double unit,
	  Tally *tally)
{
	double gradient[4], steepest = 0;
	double at_truth = model->likelihood(data, truth, gradient);
	double best, gap;
	int	   inside = 1, should;

	tally->populations++;
	tally->converged += fit->converged;
	tally->evaluations = fmax(tally->evaluations, fit->converged ? fit->evaluations : 0);
	if (!fit->usable)
	{
		tally->unusable++;
		return;
	}
	model->likelihood(data, fit->params, gradient);
	for (int i = 0; i < model->count; i++)
	{
		double value = fit->params[i] / (i == 2 ? unit : 1);

		steepest = fmax(steepest, fabs(gradient[i]));
		inside = inside && value >= 1e-5 && value <= 1e5;
	}
	should = inside && steepest < 1e-6 * fit->customers;
	if (should)
		should = IsDefinite(model, data, fit->params, fit->customers);
	if (should >= 0 && should != fit->converged)
	{
		tally->misjudged++;
		printf("# %s: %g customers, converged %d, should be %d: %s at %g %g %g %g\n",
			   model->name, fit->customers, fit->converged, should, fit->reason, fit->params[0],
			   fit->params[1], fit->params[2], fit->params[3]);
	}
	best = BestFound(model, data, truth, fit->customers);
	gap = (best - fit->log_likelihood) / fit->customers;
	if (gap > 1e-6)
		printf("# %s: %g customers, gap %g: %s at %g %g %g %g\n", model->name, fit->customers,
			   gap, fit->reason, fit->params[0], fit->params[1], fit->params[2],
			   fit->params[3]);
	tally->worst_gap = fmax(tally->worst_gap, gap);
	tally->below_best += gap > 1e-6;
	tally->below_truth += fit->log_likelihood < at_truth - 1e-9 * fabs(at_truth);
	tally->beyond_first += 2 * (fit->log_likelihood - at_truth) > (model->count == 4   ? 9.49
																   : model->count == 3 ? 7.81
																					   : 5.99);
	tally->beyond_last += 2 * (fit->log_likelihood - at_truth) > (model->count == 4	  ? 18.47
																  : model->count == 3 ? 16.27
																					  : 13.82);
}

/* Shares are judged with four standard errors of their own where few are simulated. */
static void
Report(const char *name, const Tally *t)
{
	char   line[120];
	double n = t->populations;
	double inside = 1 - t->beyond_first / n;
	double slack = n < 500 ? 3 * sqrt(0.05 * 0.95 / n) : 0;

	printf("# %s: %d populations, %d converged, %d without parameters, worst gap %.2g per "
		   "customer, inside 95 %%: %.3f, beyond 99.9 %%: %d, evaluations at most %d\n",
		   name, t->populations, t->converged, t->unusable, t->worst_gap, inside,
		   t->beyond_last, t->evaluations);
	snprintf(line, sizeof(line), "%s: never below the truth", name);
	Ok(t->below_truth == 0, line);
	snprintf(line, sizeof(line), "%s: never below the best found", name);
	Ok(t->below_best == 0, line);
	snprintf(line, sizeof(line), "%s: converged exactly when it should be", name);
	Ok(t->misjudged == 0, line);
	snprintf(line, sizeof(line), "%s: distance to the truth as chi-squared", name);
	Ok(inside >= 0.90 - slack && inside <= 0.98 + slack &&
		   t->beyond_last <= fmax(0.01 * n, n < 500 ? 2 : 0),
	   line);
}

/* ---- populations ---- */

static CrmHistoryRow rows[LARGE_POPULATION], scratch[LARGE_POPULATION];
static double		 later[LARGE_POPULATION];

static void
Simulate(CrmFamily family, const double *params, int customers, double longest, double after)
{
	for (int i = 0; i < customers; i++)
	{
		double age = longest * (0.5 + 0.5 * Uniform());
		Life   life;

		if (family == CRM_BG_BB)
			age = longest;
		life = family == CRM_BG_BB ? LiveDiscrete(params, age)
								   : LiveContinuous(family, params, age, after);
		rows[i].frequency = (uint32_t) life.x;
		rows[i].recency = life.recency;
		rows[i].age = age;
		rows[i].weight = 1;
		later[i] = life.later;
	}
}

static void
FitPopulation(CrmFamily family, int customers, CrmSample *sample, CrmFit *fit)
{
	int count = (int) CrmMergeRows(rows, 0, customers, scratch, &hooks);

	CrmBuildSample(rows, count, 1.0, &hooks, sample);
	CrmFitBtyd(family, sample, &hooks, fit);
}

static void
DrawParameters(CrmFamily family, double *params)
{
	for (int i = 0; i < 4; i++)
		params[i] = UniformLog(0.1, 10);
	if (family != CRM_BG_BB)
		params[1] *= 10;
	if (family == CRM_PARETO_NBD)
		params[3] *= 10;
}

static void
TestFamily(CrmFamily family, int populations)
{
	Model model = {CrmFamilyName(family), 4, BtydLikelihood};
	Tally tally = {0};

	likelihood_family = family;
	for (int i = 0; i < populations; i++)
	{
		double	  params[4];
		int		  customers = (int) UniformLog(50, MAX_POPULATION);
		CrmSample sample;
		CrmFit	  fit;

		DrawParameters(family, params);
		Simulate(family, params, customers,
				 family == CRM_BG_BB ? floor(5 + 30 * Uniform()) : 52 + 52 * Uniform(), 0);
		FitPopulation(family, customers, &sample, &fit);
		likelihood_work = malloc(CrmLikelihoodWork(family, &sample) * sizeof(double));
		Check(&model, &sample, &fit, params, 1, &tally);
		free(likelihood_work);
		CrmReleaseSample(&sample, &hooks);
	}
	Report(model.name, &tally);
}

static int
CompareDoubles(const void *left, const void *right)
{
	const double *l = left, *r = right;

	return (*l > *r) - (*l < *r);
}

static void
TestSpend(int populations)
{
	static double column[MAX_POPULATION][3];
	static double x[MAX_POPULATION], m[MAX_POPULATION], w[MAX_POPULATION];
	Model		  model = {"gamma-gamma", 3, SpendLikelihood};
	Tally		  tally = {0};

	for (int i = 0; i < populations; i++)
	{
		double params[3] = {UniformLog(0.3, 30), UniformLog(0.5, 50), UniformLog(1, 100)};
		int	   customers = (int) UniformLog(50, MAX_POPULATION);
		CrmSpendSample sample = {customers, x, m, w, customers};
		double		   mean = 0;
		CrmFit		   fit;

		for (int k = 0; k < customers; k++)
		{
			double rate = exp(LogGammaVariate(params[1])) / params[2];

			column[k][0] = 1 + floor(-log(Uniform()) * 2);
			column[k][1] = exp(LogGammaVariate(params[0] * column[k][0])) / rate / column[k][0];
		}
		qsort(column, customers, sizeof(column[0]), CompareDoubles);
		for (int k = 0; k < customers; k++)
		{
			x[k] = column[k][0];
			m[k] = column[k][1];
			w[k] = 1;
			mean += m[k] / customers;
		}
		CrmFitSpend(&sample, &hooks, &fit);
		Check(&model, &sample, &fit, params, mean, &tally);
	}
	Report(model.name, &tally);
}

static void
TestRenewals(int populations)
{
	Model model = {"sBG", 2, RenewalLikelihood};
	Tally tally = {0};

	for (int i = 0; i < populations; i++)
	{
		double			 params[2] = {UniformLog(0.1, 10), UniformLog(0.1, 10)};
		int				 customers = (int) UniformLog(50, MAX_POPULATION);
		int				 periods = 2 + (int) (10 * Uniform());
		double			 renewals[16], churned[16] = {0}, staying[16] = {0};
		CrmRenewalSample sample = {periods + 1, renewals, churned, staying, customers};
		CrmFit			 fit;

		for (int k = 0; k <= periods; k++)
			renewals[k] = k;
		for (int k = 0; k < customers; k++)
		{
			double leaving = BetaVariate(params[0], params[1]);
			int	   made = 0;

			while (made < periods && Uniform() >= leaving)
				made++;
			if (made < periods)
				churned[made]++;
			else
				staying[made]++;
		}
		CrmFitRenewals(&sample, &hooks, &fit);
		Check(&model, &sample, &fit, params, 1, &tally);
	}
	Report(model.name, &tally);
}

/* ---- populations like CDNOW ---- */

typedef struct Likeness
{
	int populations;
	int converged;
	int covered;
	int forecast;
} Likeness;

static double
Forecast(CrmFamily family, const double *params, const CrmHistoryRow *customer, int customers)
{
	double expected = 0;

	for (int i = 0; i < customers; i++)
	{
		CrmCustomer c = {customer[i].frequency, customer[i].recency, customer[i].age};
		CrmRestart	restart;

		CrmRestartAt(family, params, &c, &restart);
		expected += CrmExpectedPurchases(&restart, 39);
	}
	return expected;
}

/*
 * Expected purchases of all in the next 39 weeks against those that came: the
 * variance is that of the customers and, by the delta method, of the estimates.
 */
static int
ForecastHolds(CrmFamily family, const CrmFit *fit, const CrmHistoryRow *customer, int customers)
{
	double expected = Forecast(family, fit->params, customer, customers);
	double actual = 0, variance = 0, slope[4];

	for (int i = 0; i < customers; i++)
	{
		actual += later[i];
		variance += later[i] * later[i];
	}
	variance -= actual * actual / customers;
	for (int k = 0; k < 4 && fit->converged; k++)
	{
		double params[4];

		memcpy(params, fit->params, sizeof(params));
		params[k] *= 1.001;
		slope[k] = (Forecast(family, params, customer, customers) - expected) /
				   (0.001 * fit->params[k]);
	}
	for (int k = 0; k < 4 && fit->converged; k++)
		for (int j = 0; j < 4; j++)
			variance += slope[k] * slope[j] * fit->covariance[k][j];
	return fabs(actual - expected) < 4 * sqrt(variance);
}

static void
TestLikeCdnow(CrmFamily family, const double *params, int populations)
{
	static CrmHistoryRow kept[MAX_POPULATION];
	Likeness			 l = {populations, 0, 0, 0};
	char				 line[120];

	for (int i = 0; i < populations; i++)
	{
		int		  customers = (int) UniformLog(5000, MAX_POPULATION);
		CrmSample sample;
		CrmFit	  fit;
		int		  covered = 1;

		Simulate(family, params, customers, 39, 39);
		memcpy(kept, rows, customers * sizeof(rows[0]));
		FitPopulation(family, customers, &sample, &fit);
		l.forecast += ForecastHolds(family, &fit, kept, customers);
		for (int k = 0; k < 4; k++)
			covered = covered && fabs(log(fit.params[k] / params[k])) <
									 3 * fit.standard_errors[k] / fit.params[k];
		l.converged += fit.converged;
		l.covered += fit.converged && covered;
		CrmReleaseSample(&sample, &hooks);
	}
	printf("# %s like CDNOW: %d populations, %d converged, %d cover the truth, %d forecasts\n",
		   CrmFamilyName(family), l.populations, l.converged, l.covered, l.forecast);
	snprintf(line, sizeof(line), "%s like CDNOW: 96 %% converge", CrmFamilyName(family));
	Ok(l.converged >= 0.96 * l.populations - (populations < 100), line);
	snprintf(line, sizeof(line), "%s like CDNOW: 97 %% within three standard errors",
			 CrmFamilyName(family));
	Ok(l.covered >= 0.97 * l.converged - (populations < 100), line);
	snprintf(line, sizeof(line), "%s like CDNOW: 99 %% of the forecasts hold",
			 CrmFamilyName(family));
	Ok(l.forecast >= 0.99 * l.populations - (populations < 100), line);
}

/* ---- large populations ---- */

/* A fit of bg/nbd, times in whole days or not: its evaluations are what it costs. */
static void
TestEvaluations(const double *params, int customers, int whole_days)
{
	CrmSample sample;
	CrmFit	  fit;
	char	  line[120];

	Simulate(CRM_BG_NBD, params, customers, 78, 0);
	for (int i = 0; i < customers && whole_days; i++)
	{
		rows[i].recency = floor(rows[i].recency * 7) / 7;
		rows[i].age = floor(rows[i].age * 7) / 7;
	}
	FitPopulation(CRM_BG_NBD, customers, &sample, &fit);
	printf("# bg/nbd: %d customers, %d histories, %d evaluations, %g %g %g %g\n", customers,
		   sample.patterns, fit.evaluations, fit.params[0], fit.params[1], fit.params[2],
		   fit.params[3]);
	snprintf(line, sizeof(line), "bg/nbd: %d customers in at most 40 evaluations", customers);
	Ok(fit.converged && fit.evaluations <= 40, line);
	CrmReleaseSample(&sample, &hooks);
}

int
main(int argc, char **argv)
{
	static const double large[3][4] = {
		{.2425945, 4.413601, .792922, 2.425906}, {1.2, 30, .3, 6}, {.6, 8, 2, 1}};
	static const double cdnow[3][4] = {{.2425945, 4.413601, .792922, 2.425906},
									   {.524843, 6.183085, .891359, 1.614002},
									   {.553277, 10.577683, .606241, 11.668753}};
	int					populations = argc > 1 ? atoi(argv[1]) : 50;

	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	for (CrmFamily family = CRM_BG_NBD; family <= CRM_BG_BB; family++)
		TestFamily(family, populations);
	TestSpend(populations);
	TestRenewals(populations);
	for (CrmFamily family = CRM_BG_NBD; family <= CRM_PARETO_NBD; family++)
		TestLikeCdnow(family, cdnow[family],
					  family == CRM_PARETO_NBD ? populations / 5 : 2 * populations);
	for (int i = 0; i < 3; i++)
	{
		TestEvaluations(large[i], MAX_POPULATION, 0);
		TestEvaluations(large[i], LARGE_POPULATION, 1);
	}
	printf("1..%d\n", tests);
	return failures > 0;
}
