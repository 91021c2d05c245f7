/*
 * btyd.c - TAP tests of the customer-base models, linked with src/math alone.
 *
 * Values of functions: test/btyd_values.h (mpmath, by test/generate_btyd.py).
 * Published figures: the papers' and those of data/README.md; the populations
 * they are of are read from $CRM_DATA or ../shared/data, and their tests are
 * skipped by name without it.
 */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "math/average.h"
#include "math/btyd.h"
#include "math/fit.h"
#include "math/optimise.h"
#include "math/patterns.h"
#include "math/rising.h"
#include "math/score.h"
#include "math/special.h"
#include "math/spend.h"
#include "btyd_values.h"

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

static int tests;
static int failures;

static void
Ok(int good, const char *name)
{
	tests++;
	failures += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", tests, name);
}

static void
Skip(const char *name, const char *reason)
{
	tests++;
	printf("ok %d # SKIP %s: %s\n", tests, name, reason);
}

static void
OkNear(double got, double expected, double tolerance, const char *name)
{
	int good = fabs(got - expected) <= tolerance;

	Ok(good, name);
	if (!good)
		printf("# got %.15g, expected %.15g, tolerance %g\n", got, expected, tolerance);
}

/* ---- memory for the fits ---- */

static long	  interrupts;
static size_t allocated, most_allocated; /* bytes */

/* The size stands before the memory. */
static void *
Allocate(size_t size)
{
	max_align_t *memory = malloc(sizeof(max_align_t) + size);

	memcpy(memory, &size, sizeof(size));
	allocated += size;
	if (allocated > most_allocated)
		most_allocated = allocated;
	return memory + 1;
}

static void
Release(void *memory)
{
	size_t size;

	memcpy(&size, (max_align_t *) memory - 1, sizeof(size));
	allocated -= size;
	free((max_align_t *) memory - 1);
}

static void
Interrupt(void)
{
	interrupts++;
}

static const CrmHooks hooks = {Allocate, Release, Interrupt};

/* ---- tables of expected values ---- */

/* The largest relative error of one family in a table. */
typedef struct Worst
{
	double error;
	int	   row;
	int	   count;
} Worst;

static void
Note(Worst *worst, double got, double expected, int row)
{
	double error = fabs(got / expected - 1);

	worst->count++;
	if (!(error <= worst->error))
	{
		worst->error = isnan(error) ? INFINITY : error;
		worst->row = row;
	}
}

typedef double (*TableFunction)(const CrmRestart *restart, const double *arguments);

static double
AliveValue(const CrmRestart *restart, const double *arguments)
{
	(void) arguments;
	return CrmPAlive(restart);
}

static double
PurchasesValue(const CrmRestart *restart, const double *arguments)
{
	return CrmExpectedPurchases(restart, arguments[0]);
}

static double
ProbabilityValue(const CrmRestart *restart, const double *arguments)
{
	return CrmPurchaseProbability(restart, arguments[0], arguments[1]);
}

static double
DertValue(const CrmRestart *restart, const double *arguments)
{
	return CrmDert(restart, arguments[0]);
}

static double
DiscountedValue(const CrmRestart *restart, const double *arguments)
{
	return CrmDiscountedPurchases(restart, arguments[0], arguments[1], arguments[2], &hooks);
}

static void
CheckTable(const double *table, int rows, int columns, TableFunction function, double tolerance,
		   const char *what)
{
	for (CrmFamily family = CRM_BG_NBD; family <= CRM_BG_BB; family++)
	{
		Worst worst = {0, -1, 0};
		char  name[100];

		for (int i = 0; i < rows; i++)
		{
			const double *row = table + (size_t) i * columns;
			CrmCustomer	  customer = {row[5], row[6], row[7]};
			CrmRestart	  restart;

			if (row[0] != family)
				continue;
			CrmRestartAt(family, row + 1, &customer, &restart);
			Note(&worst, function(&restart, row + 8), row[columns - 1], i);
		}
		snprintf(name, sizeof(name), "%s of %s in %d cases", what, CrmFamilyName(family),
				 worst.count);
		Ok(worst.count > 0 && worst.error <= tolerance, name);
		printf("# worst relative error %.2g in row %d, tolerance %g\n", worst.error, worst.row,
			   tolerance);
	}
}

#define CHECK_TABLE(table, function, tolerance, what) \
	CheckTable(&(table)[0][0], LENGTH(table), LENGTH((table)[0]), function, tolerance, what)

static void
TestScores(void)
{
	CHECK_TABLE(alive_values, AliveValue, 1e-10, "p_alive");
	CHECK_TABLE(purchase_values, PurchasesValue, 1e-10, "expected purchases");
	CHECK_TABLE(probability_values, ProbabilityValue, 1e-10, "purchase probability");
	CHECK_TABLE(dert_values, DertValue, 1e-9, "dert");
	CHECK_TABLE(discounted_values, DiscountedValue, 1e-10, "discounted purchases");
}

/* ---- likelihoods of single histories ---- */

static void
OneHistory(CrmFamily family, const double *row, CrmSample *sample)
{
	CrmHistoryRow history = {row[6], row[7], (uint32_t) row[5], 1};

	(void) family;
	CrmBuildSample(&history, 1, 1.0, &hooks, sample);
}

static void
TestLikelihoods(void)
{
	for (CrmFamily family = CRM_BG_NBD; family <= CRM_BG_BB; family++)
	{
		double value_error = 0, slope_error = 0;
		char   name[100];

		for (int i = 0; i < LENGTH(likelihood_values); i++)
		{
			const double *row = likelihood_values[i];
			CrmSample	  sample;
			double		  gradient[4];
			double		 *work;

			if (row[0] != family)
				continue;
			OneHistory(family, row, &sample);
			work = malloc(CrmLikelihoodWork(family, &sample) * sizeof(double));
			value_error =
				fmax(value_error,
					 fabs(CrmLogLikelihood(family, &sample, row + 1, work, &hooks, gradient) -
						  row[8]) /
						 (1 + fabs(row[8])));
			for (int k = 0; k < 4; k++)
				slope_error =
					fmax(slope_error, fabs(gradient[k] - row[9 + k]) / (1 + fabs(row[9 + k])));
			free(work);
			CrmReleaseSample(&sample, &hooks);
		}
		snprintf(name, sizeof(name), "log-likelihood of %s", CrmFamilyName(family));
		Ok(value_error < 1e-11, name);
		snprintf(name, sizeof(name), "gradient of %s", CrmFamilyName(family));
		Ok(slope_error < 1e-10, name);
		printf("# errors %.2g, %.2g\n", value_error, slope_error);
	}
}

/* ---- renewals ---- */

static void
TestRenewals(void)
{
	Worst survival = {0, -1, 0}, lifetime = {0, -1, 0};

	for (int i = 0; i < LENGTH(renewal_values); i++)
	{
		const double *row = renewal_values[i];

		Note(&survival, CrmRenewalSurvival(row, row[2]), row[4], i);
		Note(&lifetime, CrmExpectedLifetime(row, row[3], row[2]), row[5], i);
	}
	Ok(survival.error < 1e-11, "survival of a contract");
	Ok(lifetime.error < 1e-11, "expected lifetime of a contract");
	printf("# errors %.2g, %.2g\n", survival.error, lifetime.error);
}

/* ---- published figures ---- */

#define CDNOW_CUSTOMERS 2357
#define CALIBRATION_END 272 /* 1997-09-30, in days after 1997-01-01 */

/* Days after 1997-01-01 of a date in 1997 or 1998, neither a leap year. */
static int
DayOf(int year, int month, int day)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

	return (year - 1997) * 365 + before[month - 1] + day - 1;
}

typedef struct Cdnow
{
	int	   seen;
	int	   first[CDNOW_CUSTOMERS + 1];
	int	   last[CDNOW_CUSTOMERS + 1];	 /* purchase day so far */
	int	   recency[CDNOW_CUSTOMERS + 1]; /* of the calibration period */
	int	   frequency[CDNOW_CUSTOMERS + 1];
	int	   later[CDNOW_CUSTOMERS + 1]; /* purchase days in the holdout */
	long   cents[CDNOW_CUSTOMERS + 1]; /* after the first day, calibration */
	double holdout[8];
} Cdnow;

static Cdnow cdnow;

static FILE *
OpenData(const char *name)
{
	const char *folder = getenv("CRM_DATA");
	char		path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : "../shared/data", name);
	return fopen(path, "r");
}

/* The file is sorted by customer and date. */
static int
ReadCdnow(void)
{
	FILE *file = OpenData("cdnow.csv");
	char  line[256];

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file))
	{
		int	   id, year, month, date, day;
		double amount;

		if (sscanf(line, "%d,%d-%d-%d,%lf", &id, &year, &month, &date, &amount) != 5)
			continue;
		day = DayOf(year, month, date);
		if (cdnow.seen < id)
		{
			cdnow.seen = id;
			cdnow.first[id] = cdnow.last[id] = day;
		}
		if (day > cdnow.first[id] && day <= CALIBRATION_END)
			cdnow.cents[id] += lround(amount * 100);
		if (day > cdnow.last[id] && day <= CALIBRATION_END)
		{
			cdnow.frequency[id]++;
			cdnow.recency[id] = day - cdnow.first[id];
		}
		else if (day > cdnow.last[id])
			cdnow.later[id]++;
		cdnow.last[id] = day;
	}
	fclose(file);
	return 1;
}

typedef struct Published
{
	CrmFamily family;
	double	  params[4];
	double	  standard_errors[4];
	double	  log_likelihood;
	double	  holdout; /* expected purchase days, 39 weeks */
	double	  means[8];
} Published;

/* Forty-digit optima of data/README.md; standard errors and means rounded there. */
static const Published published[] = {
	{CRM_BG_NBD,
	 {.24259452243, 4.41360201901, .792922017225, 2.42590677682},
	 {.01255738, .3782241, .1857338, .7054143},
	 -9582.4292066739,
	 1653.4,
	 {.2251, .5231, 1.0441, 1.5203, 2.1639, 2.6538, 3.5040, 6.1572}},
	{CRM_MBG_NBD,
	 {.524843159106, 6.18308527958, .891359390732, 1.61400224017},
	 {.0832682, .695621, .154790, .537495},
	 -9582.1357155538,
	 1576.7,
	 {.1852, .5514, 1.0490, 1.4929, 2.1043, 2.5636, 3.3608, 5.8485}},
	{CRM_PARETO_NBD,
	 {.553277046854, 10.5776834633, .606239989119, 11.6687352886},
	 {.04762779, .8427218, .1872813, 6.211097},
	 -9594.9761789395,
	 1665.5,
	 {.1384, .5995, 1.1958, 1.7138, 2.3983, 2.9072, 3.8186, 6.4031}},
	{CRM_BG_BB,
	 {1.203522, .749716, .656718, 2.783443},
	 {.0693912, .0294476, .0510097, .320818},
	 -33225.581274,
	 0,
	 {0}},
};

static void
CheckFit(const CrmFit *fit, const double *params, const double *errors, int count,
		 double log_likelihood, const char *name)
{
	double param = 0, error = 0;
	char   line[120];

	for (int i = 0; i < count; i++)
	{
		param = fmax(param, fabs(fit->params[i] / params[i] - 1));
		error = fmax(error, fabs(fit->standard_errors[i] / errors[i] - 1));
	}
	snprintf(line, sizeof(line), "%s converges", name);
	Ok(fit->converged, line);
	snprintf(line, sizeof(line), "%s: log-likelihood", name);
	OkNear(fit->log_likelihood, log_likelihood, 1e-6, line);
	snprintf(line, sizeof(line), "%s: parameters", name);
	OkNear(param, 0, 1e-5, line);
	snprintf(line, sizeof(line), "%s: standard errors", name);
	OkNear(error, 0, 1e-4, line);
	printf("# parameters off by %.2g, standard errors by %.2g, %d evaluations\n", param, error,
		   fit->evaluations);
}

/*
 * The covariance against the inverse of minus a Hessian by second differences
 * of the log-likelihood itself.
 */
static void
CheckCovariance(const CrmFit *fit, CrmFamily family, const CrmSample *sample)
{
	double *work = malloc(CrmLikelihoodWork(family, sample) * sizeof(double));
	double	information[4][4], inverse[4][4], worst = 0, gradient[4];
	char	line[120];

	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++)
		{
			double sum = 0;

			for (int corner = 0; corner < 4; corner++)
			{
				double params[4];
				int	   up = corner & 1 ? 1 : -1, right = corner & 2 ? 1 : -1;

				memcpy(params, fit->params, sizeof(params));
				params[i] *= exp(up * 2e-3);
				params[j] *= exp(right * 2e-3);
				sum += up * right *
					   CrmLogLikelihood(family, sample, params, work, &hooks, gradient);
			}
			information[i][j] = -sum / (4 * 4e-6);
		}
	CrmInvertPositive(4, information, inverse);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++)
		{
			double scale = sqrt(fit->covariance[i][i] * fit->covariance[j][j]);

			worst = fmax(worst, fabs(fit->covariance[i][j] -
									 fit->params[i] * fit->params[j] * inverse[i][j]) /
									scale);
			worst = fmax(worst, fit->covariance[i][j] == fit->covariance[j][i] ? 0 : INFINITY);
		}
	snprintf(line, sizeof(line), "%s: covariance", CrmFamilyName(family));
	OkNear(worst, 0, 1e-4, line);
	printf("# covariance off by %.2g\n", worst);
	free(work);
}

static void
CheckHoldout(const CrmFit *fit, const Published *expected)
{
	double total = 0, sums[8] = {0};
	int	   customers[8] = {0}, worst = 0;
	char   line[120];

	for (int id = 1; id <= CDNOW_CUSTOMERS; id++)
	{
		CrmCustomer customer = {cdnow.frequency[id], cdnow.recency[id] / 7.0,
								(CALIBRATION_END - cdnow.first[id]) / 7.0};
		CrmRestart	restart;
		int			row = cdnow.frequency[id] < 7 ? cdnow.frequency[id] : 7;
		double		purchases;

		CrmRestartAt(expected->family, fit->params, &customer, &restart);
		purchases = CrmExpectedPurchases(&restart, 39);
		total += purchases;
		sums[row] += purchases;
		customers[row]++;
	}
	for (int row = 0; row < 8; row++)
		worst += !(fabs(sums[row] / customers[row] - expected->means[row]) < 5.1e-5);
	snprintf(line, sizeof(line), "%s: holdout", CrmFamilyName(expected->family));
	OkNear(total, expected->holdout, .051, line);
	snprintf(line, sizeof(line), "%s: holdout by frequency", CrmFamilyName(expected->family));
	Ok(worst == 0, line);
}

/* The calibration period in the given unit, rows in the file's order or reversed. */
static void
FitCdnow(CrmFamily family, double unit, int reversed, CrmSample *sample, CrmFit *fit)
{
	static CrmHistoryRow rows[CDNOW_CUSTOMERS], scratch[CDNOW_CUSTOMERS];
	size_t				 count;

	for (int id = 1; id <= CDNOW_CUSTOMERS; id++)
	{
		CrmHistoryRow *row = &rows[reversed ? CDNOW_CUSTOMERS - id : id - 1];

		row->frequency = cdnow.frequency[id];
		row->recency = cdnow.recency[id];
		row->age = CALIBRATION_END - cdnow.first[id];
		row->weight = 1;
	}
	count = CrmMergeRows(rows, 0, CDNOW_CUSTOMERS, scratch, &hooks);
	CrmBuildSample(rows, count, unit, &hooks, sample);
	CrmFitBtyd(family, sample, &hooks, fit);
}

static void
TestCdnowFamily(const Published *expected)
{
	const char *name = CrmFamilyName(expected->family);
	CrmSample	sample;
	CrmFit		fit, other;
	char		line[120];

	FitCdnow(expected->family, 7, 0, &sample, &fit);
	CheckFit(&fit, expected->params, expected->standard_errors, 4, expected->log_likelihood,
			 name);
	CheckCovariance(&fit, expected->family, &sample);
	CheckHoldout(&fit, expected);
	CrmReleaseSample(&sample, &hooks);
	FitCdnow(expected->family, 7, 1, &sample, &other);
	snprintf(line, sizeof(line), "%s: the same bits in reversed order", name);
	Ok(memcmp(&fit, &other, sizeof(fit)) == 0, line);
	CrmReleaseSample(&sample, &hooks);
	for (int i = 0; i < 2; i++)
	{
		FitCdnow(expected->family, i ? 1 : 365.25, 0, &sample, &other);
		snprintf(line, sizeof(line), "%s in %s", name, i ? "days" : "years");
		Ok(other.converged && fabs(other.params[0] / fit.params[0] - 1) < 1e-5 &&
			   fabs(other.params[1] * (i ? 1 : 365.25) / (fit.params[1] * 7) - 1) < 1e-5,
		   line);
		CrmReleaseSample(&sample, &hooks);
	}
}

static int
CompareSpend(const void *left, const void *right)
{
	const double *l = left, *r = right;

	if (l[0] != r[0])
		return l[0] > r[0] ? 1 : -1;
	return (l[1] > r[1]) - (l[1] < r[1]);
}

static void
TestCdnowSpend(void)
{
	static const double params[] = {6.24957227132, 3.74422466713, 15.4435209626};
	static const double errors[] = {1.190055, .2901331, 4.159423};
	static double		pairs[CDNOW_CUSTOMERS][2];
	static double		x[CDNOW_CUSTOMERS], m[CDNOW_CUSTOMERS], w[CDNOW_CUSTOMERS];
	CrmSpendSample		sample = {0, x, m, w, 0};
	CrmFit				fit;

	for (int id = 1; id <= CDNOW_CUSTOMERS; id++)
		if (cdnow.frequency[id] > 0 && cdnow.cents[id] > 0)
		{
			pairs[sample.patterns][0] = cdnow.frequency[id];
			pairs[sample.patterns++][1] = cdnow.cents[id] / 100.0 / cdnow.frequency[id];
		}
	qsort(pairs, sample.patterns, sizeof(pairs[0]), CompareSpend);
	for (int i = 0; i < sample.patterns; i++)
	{
		x[i] = pairs[i][0];
		m[i] = pairs[i][1];
		w[i] = 1;
	}
	sample.customers = sample.patterns;
	CrmFitSpend(&sample, &hooks, &fit);
	Ok(sample.patterns == 946, "gamma-gamma: 946 customers");
	CheckFit(&fit, params, errors, 3, -4055.9176948019, "gamma-gamma");
}

static void
TestCdnow(void)
{
	if (!ReadCdnow())
	{
		Skip("figures of CDNOW", "no data, set CRM_DATA");
		return;
	}
	for (int i = 0; i < 3; i++)
		TestCdnowFamily(&published[i]);
	TestCdnowSpend();
}

static void
TestDonations(void)
{
	FILE		 *file = OpenData("donations.csv");
	CrmHistoryRow rows[64], scratch[64];
	CrmSample	  sample;
	CrmFit		  fit;
	double		  total = 0;
	size_t		  count = 0;
	char		  line[256];

	if (file == NULL)
	{
		Skip("figures of the donors", "no data, set CRM_DATA");
		return;
	}
	while (count < 64 && fgets(line, sizeof(line), file))
	{
		CrmHistoryRow *row = &rows[count];

		if (sscanf(line, "%u,%lf,%lf,%u", &row->frequency, &row->recency, &row->age,
				   &row->weight) == 4)
			count++;
	}
	fclose(file);
	count = CrmMergeRows(rows, 0, count, scratch, &hooks);
	CrmBuildSample(rows, count, 1, &hooks, &sample);
	CrmFitBtyd(CRM_BG_BB, &sample, &hooks, &fit);
	CheckFit(&fit, published[3].params, published[3].standard_errors, 4,
			 published[3].log_likelihood, "bg/bb");
	CheckCovariance(&fit, CRM_BG_BB, &sample);
	for (size_t i = 0; i < count; i++)
	{
		CrmCustomer customer = {rows[i].frequency, rows[i].recency, rows[i].age};
		CrmRestart	restart;

		CrmRestartAt(CRM_BG_BB, fit.params, &customer, &restart);
		total += rows[i].weight * CrmExpectedPurchases(&restart, 5);
	}
	OkNear(total, 12884.2, .051, "bg/bb: expected purchases over the next 5");
	CrmReleaseSample(&sample, &hooks);
}

static void
TestDonors(void)
{
	static const double params[] = {1.203522, .749716, .656718, 2.783443};
	static const double cells[][5] = {
		{0, 0, 6, .108133, .116218}, {2, 4, 6, .589657, .633745}, {6, 6, 6, .930434, 1}};
	CrmCustomer customer = {4, 5, 6};
	CrmRestart	restart;

	for (int i = 0; i < LENGTH(cells); i++)
	{
		CrmCustomer donor = {cells[i][0], cells[i][1], cells[i][2]};

		CrmRestartAt(CRM_BG_BB, params, &donor, &restart);
		OkNear(CrmPAlive(&restart), cells[i][3], 1e-6, "bg/bb: alive at the seventh");
		OkNear(restart.alive, cells[i][4], 1e-6, "bg/bb: alive at the sixth");
	}
	CrmRestartAt(CRM_BG_BB, params, &customer, &restart);
	OkNear(CrmDert(&restart, log(1.1)), 3.197091349, 2e-6,
		   "bg/bb: discounted residual purchases");
}

static void
TestPublishedScores(void)
{
	static const double rounded[] = {.243, 4.414, .793, 2.426};
	static const double news[][2] = {{.1429, .0078283475}, {1, .053267891}, {3, .15086523},
									 {31.8571, 1.0419961}, {32, 1.0452433}, {78, 1.8605191}};
	static const double pareto[] = {.553, 10.580, .606, 11.656};
	static const double det[] = {.5629966, 12.5590370, .4081095, 10.5148048};
	CrmCustomer			customer = {2, 30.43, 38.86}, fresh = {0, 0, 0};
	CrmCustomer			busy = {26, 30.857, 31}, other = {7, 35, 77.86};
	CrmRestart			restart;

	CrmRestartAt(CRM_BG_NBD, rounded, &customer, &restart);
	OkNear(CrmExpectedPurchases(&restart, 39), 1.2260282, 5e-8, "bg/nbd: expected purchases");
	OkNear(CrmDert(&restart, .0027), 5.15637982615, 5e-10, "bg/nbd: dert");
	CrmRestartAt(CRM_BG_NBD, rounded, &fresh, &restart);
	for (int i = 0; i < LENGTH(news); i++)
		OkNear(CrmExpectedPurchases(&restart, news[i][0]) / news[i][1], 1, 1e-7,
			   "bg/nbd: expected purchases of a new customer");
	OkNear(CrmPurchaseProbability(&restart, 0, 39), .57378635, 5e-9,
		   "bg/nbd: none in 39 weeks");
	OkNear(CrmPurchaseProbability(&restart, 10, 2), 1.0786896e-07, 5e-15,
		   "bg/nbd: ten in two weeks");
	CrmRestartAt(CRM_PARETO_NBD, pareto, &busy, &restart);
	OkNear(CrmPAlive(&restart), .99787139, 5e-9, "pareto/nbd: alive");
	OkNear(CrmExpectedPurchases(&restart, 52), 25.4545135, 5e-8,
		   "pareto/nbd: expected purchases");
	CrmRestartAt(CRM_PARETO_NBD, det, &other, &restart);
	OkNear(CrmDert(&restart, .0027), 1.864183328, 5e-10, "pareto/nbd: dert");
}

static void
TestRenewalFits(void)
{
	static const double survivors[2][8] = {{1000, 869, 743, 653, 593, 551, 517, 491},
										   {1000, 631, 468, 382, 326, 289, 262, 241}};
	static const double params[2][2] = {{.66808835, 3.80609496}, {.70407730, 1.18204303}};
	static const double errors[2][2] = {{.103735, .785532}, {.0655990, .152476}};
	static const double likelihood[2] = {-1611.158147, -1680.265188};
	static const double lifetimes[2][2] = {{5.922253496, 7.845116414},
										   {3.694908428, 7.220286317}};
	static const double years[2][5] = {{.46044, .43578, .41417, .39506, .37800},
									   {.22009, .20441, .19119, .17987, .17004}};

	for (int group = 0; group < 2; group++)
	{
		double			 renewals[8], churned[8] = {0}, staying[8] = {0};
		CrmRenewalSample sample = {8, renewals, churned, staying, 1000};
		CrmFit			 fit;

		for (int i = 0; i < 8; i++)
		{
			renewals[i] = i;
			if (i < 7)
				churned[i] = survivors[group][i] - survivors[group][i + 1];
		}
		staying[7] = survivors[group][7];
		CrmFitRenewals(&sample, &hooks, &fit);
		CheckFit(&fit, params[group], errors[group], 2, likelihood[group], "sBG");
		OkNear(CrmExpectedLifetime(params[group], .1, 0), lifetimes[group][0], 2e-7,
			   "sBG: lifetime of a new customer");
		OkNear(CrmExpectedLifetime(params[group], .1, 7), lifetimes[group][1], 2e-7,
			   "sBG: lifetime after the 7th renewal");
		for (int i = 0; i < 5; i++)
			OkNear(CrmRenewalSurvival(params[group], 8 + i), years[group][i], 5.1e-6,
				   "sBG: survival");
	}
}

/* ---- edges ---- */

/* A fit of a few histories, {x, t_x, T, customers}. */
static void
FitRows(CrmFamily family, const double rows[][4], int count, CrmFit *fit)
{
	CrmHistoryRow histories[16], scratch[16];
	CrmSample	  sample;

	for (int i = 0; i < count; i++)
	{
		histories[i].frequency = (uint32_t) rows[i][0];
		histories[i].recency = rows[i][1];
		histories[i].age = rows[i][2];
		histories[i].weight = (uint32_t) rows[i][3];
	}
	CrmBuildSample(histories, CrmMergeRows(histories, 0, count, scratch, &hooks), 1, &hooks,
				   &sample);
	CrmFitBtyd(family, &sample, &hooks, fit);
	CrmReleaseSample(&sample, &hooks);
}

static void
TestDegenerate(void)
{
	static const double none[][4] = {{0, 0, 30, 10}, {0, 0, 20, 10}};
	static const double alike[][4] = {{2, 20, 30, 100}};
	static const double one[][4] = {{1, 3, 10, 1}};

	for (CrmFamily family = CRM_BG_NBD; family <= CRM_BG_BB; family++)
	{
		const double(*cases[])[4] = {alike, one};
		CrmFit fit;

		FitRows(family, none, 2, &fit);
		Ok(!fit.usable && !fit.converged && strlen(fit.reason) > 0, "nobody bought again");
		for (int i = 0; i < 2; i++)
		{
			CrmCustomer customer = {2, 20, 30};
			CrmRestart	restart;
			int			good;

			FitRows(family, cases[i], 1, &fit);
			CrmRestartAt(family, fit.params, &customer, &restart);
			good = fit.usable && !fit.converged && isfinite(fit.log_likelihood);
			for (int k = 0; k < 4; k++)
				good = good && isfinite(fit.params[k]) && fit.params[k] > 0;
			good = good && isfinite(CrmPAlive(&restart)) &&
				   isfinite(CrmExpectedPurchases(&restart, 52)) &&
				   isfinite(CrmPurchaseProbability(&restart, 3, 52));
			Ok(good, i == 0 ? "everyone alike" : "one customer");
			printf("# %s: %s; %g %g %g %g, %g\n", CrmFamilyName(family), fit.reason,
				   fit.params[0], fit.params[1], fit.params[2], fit.params[3],
				   CrmExpectedPurchases(&restart, 52));
		}
	}
}

/*
 * Parameters that no fit has, but a received model may: hardly anybody leaves, so that all
 * r / alpha purchases come; and a delta beside which gamma - 1 is nothing.
 */
static void
TestFarParameters(void)
{
	static const double staying[] = {.525, 1e-181, 4e-320, 1.614};
	static const double patient[] = {1, 3, 1.25, 1e200};
	CrmCustomer			unknown = {0, 0, 0};
	CrmRestart			restart;

	for (CrmFamily family = CRM_BG_NBD; family <= CRM_MBG_NBD; family++)
	{
		CrmRestartAt(family, staying, &unknown, &restart);
		OkNear(CrmDert(&restart, .5) / 1.05e181, 1, 1e-9, "dert where nobody leaves");
	}
	CrmRestartAt(CRM_BG_BB, patient, &unknown, &restart);
	OkNear(CrmDert(&restart, 0) / 1e200, 1, 1e-9, "dert of the most patient");
}

/*
 * At most 100 bytes a history, where all differ and no time is whole: the state of the
 * aggregate has up to 36 of them, the merged rows 24 while the sample is made of them.
 */
static void
TestMemory(void)
{
	enum
	{
		COUNT = 24000 /* enough for the fit to begin with an excerpt */
	};
	CrmHistoryRow *rows = malloc(COUNT * sizeof(CrmHistoryRow));
	CrmHistoryRow *scratch = malloc(COUNT * sizeof(CrmHistoryRow));
	size_t		   count;

	for (int i = 0; i < COUNT; i++)
	{
		double u = fmod(i * 0.6180339887, 1), v = fmod(i * 0.7548776662, 1);
		double x = floor(-3 * log(1 - u) * fmod(i * 0.5698402910, 1));

		rows[i].age = 100 + 900 * v;
		rows[i].recency = x > 0 ? (rows[i].age - 1) * sqrt(fmod(i * 0.3819660113, 1)) : 0;
		rows[i].frequency = (uint32_t) x;
		rows[i].weight = 1;
	}
	count = CrmMergeRows(rows, 0, COUNT, scratch, &hooks);
	for (CrmFamily family = CRM_BG_NBD; family <= CRM_PARETO_NBD; family++)
	{
		CrmSample sample;
		CrmFit	  fit;
		size_t	  before = allocated;

		most_allocated = allocated;
		CrmBuildSample(rows, count, 7, &hooks, &sample);
		Ok(36 + 24 + (double) (most_allocated - before) / count <= 100,
		   "at most 100 bytes a history make the sample");
		most_allocated = allocated;
		CrmFitBtyd(family, &sample, &hooks, &fit);
		Ok(36 + (double) (most_allocated - before) / count <= 100,
		   "at most 100 bytes a history fit the model");
		CrmReleaseSample(&sample, &hooks);
		Ok(allocated == before, "all memory is given back");
	}
	free(rows);
	free(scratch);
}

/* Amounts so alike that the likelihood rises along a ridge for ever. */
static void
TestSpendRidge(void)
{
	enum
	{
		COUNT = 30000
	};
	double		  *columns = malloc(3 * COUNT * sizeof(double));
	CrmSpendSample sample = {COUNT, columns, columns + COUNT, columns + 2 * COUNT, COUNT};
	CrmFit		   fit;

	for (int i = 0; i < COUNT; i++)
	{
		columns[i] = 1 + i / 1500;
		columns[COUNT + i] = 50 + 1e-7 * i;
		columns[2 * COUNT + i] = 1;
	}
	CrmFitSpend(&sample, &hooks, &fit);
	Ok(fit.usable && !fit.converged && strstr(fit.reason, "runs to infinity") != NULL,
	   "amounts that hardly differ: a parameter runs to infinity");
	Ok(fit.evaluations <= 480, "and the fit gives up in time");
	printf("# %d evaluations: %s\n", fit.evaluations, fit.reason);
	free(columns);
}

/* Rising sums by Stirling's series against the terms one by one. */
static void
TestRising(void)
{
	static const double starts[] = {1e-5, .3, 1, 7.7, 40, 1e4, 1e9};
	static const double shifts[] = {1e-9, 1e-3, 1, 50, 1e6};
	double				worst = 0;

	for (int i = 0; i < LENGTH(starts); i++)
		for (int n = 65; n < 3000; n *= 3)
		{
			double rising = 0, inverse = 0;

			for (int k = 0; k < n; k++)
			{
				rising += log(starts[i] + k);
				inverse += 1 / (starts[i] + k);
			}
			worst = fmax(worst, fabs(CrmLogRising(starts[i], n) / rising - 1));
			worst = fmax(worst, fabs(CrmSumInverse(starts[i], n) / inverse - 1));
			for (int j = 0; j < LENGTH(shifts); j++)
			{
				double survival = 0;

				for (int k = 0; k < n; k++)
					survival -= log1p(shifts[j] / (starts[i] + k));
				worst = fmax(worst, fabs(CrmLogSurvival(shifts[j], starts[i], n) - survival) /
										(1e-3 + fabs(survival)));
			}
		}
	OkNear(worst, 0, 1e-12, "rising sums");
}

/* More equal histories than a row counts are full rows and a rest. */
static void
TestManyEqual(void)
{
	CrmHistoryRow rows[4] = {
		{5, 9, 1, UINT32_MAX}, {5, 9, 1, 7}, {5, 9, 2, 3}, {5, 9, 1, UINT32_MAX}};
	CrmHistoryRow scratch[4];
	size_t		  count = CrmMergeRows(rows, 0, 4, scratch, &hooks);

	Ok(count == 4 && rows[0].weight == UINT32_MAX && rows[1].weight == UINT32_MAX &&
		   rows[2].weight == 7 && rows[2].frequency == 1 && rows[3].weight == 3,
	   "eight thousand million customers alike");
}

/* bg/bb over thousands of opportunities, whose terms pass the range of a double. */
static void
TestManyOpportunities(void)
{
	static const double params[] = {50, 50, .01, 5000};
	CrmCustomer			fresh = {0, 0, 0};
	CrmRestart			restart;
	double				sum = 0, mean = 0;

	CrmRestartAt(CRM_BG_BB, params, &fresh, &restart);
	for (int n = 0; n <= 4000; n++)
	{
		double chance = CrmPurchaseProbability(&restart, n, 4000);

		sum += chance;
		mean += n * chance;
	}
	OkNear(sum, 1, 1e-9, "bg/bb: the chances of 4,000 opportunities add up");
	OkNear(mean / CrmExpectedPurchases(&restart, 4000), 1, 1e-9, "bg/bb: to the expectation");
}

/* ---- likelihoods that no model has ---- */

static double
Kink(void *context, const double *params, double *gradient)
{
	double distance = log(params[0]) - .3;

	(void) context;
	gradient[0] = distance > 0 ? -1000 : 1000;
	return -1000 * fabs(distance);
}

static double
Nowhere(void *context, const double *params, double *gradient)
{
	(void) context;
	gradient[0] = params[0];
	return NAN;
}

static bool
Straight(void *context, const double *point, double *value, double *gradient)
{
	(void) context;
	*value = point[0];
	gradient[0] = 1;
	return true;
}

static bool
Cliff(void *context, const double *point, double *value, double *gradient)
{
	(void) context;
	*value = -fabs(point[0]);
	gradient[0] = point[0] > 0 ? -1e308 : 1e308;
	return true;
}

static void
TestOddLikelihoods(void)
{
	CrmFitTask task = {.likelihood = Kink,
					   .count = 1,
					   .names = {"alpha"},
					   .scale = {1},
					   .judged = {1},
					   .start_count = 1,
					   .starts = {{1}},
					   .customers = 1000};
	CrmFit	   fit;
	CrmOptimum optimum;
	double	   start = -1e-4;

	CrmRunFit(&task, &fit);
	Ok(fit.usable && !fit.converged && strstr(fit.reason, "gradient") != NULL,
	   "a kink is no maximum");
	task.likelihood = Nowhere;
	CrmRunFit(&task, &fit);
	Ok(!fit.usable && !fit.converged && strstr(fit.reason, "not finite") != NULL,
	   "a likelihood that is a number nowhere");
	CrmMaximise(Straight, NULL, 1, &start, 5, 1e-9, 1000, &optimum);
	Ok(optimum.point[0] == 5, "a line rises to its bound");
	CrmMaximise(Cliff, NULL, 1, &start, 5, 1e-9, 1000, &optimum);
	Ok(isfinite(optimum.value) && optimum.evaluations <= 1000, "a cliff ends the search");
}

static void
TestNoSpend(void)
{
	CrmSpendSample sample = {0, NULL, NULL, NULL, 12};
	CrmFit		   fit;

	CrmFitSpend(&sample, &hooks, &fit);
	Ok(!fit.usable && fit.customers == 12 && strstr(fit.reason, "no customer") != NULL,
	   "nobody spent anything again");
}

int
main(void)
{
	TestManyEqual();
	TestManyOpportunities();
	TestOddLikelihoods();
	TestNoSpend();
	TestRising();
	TestLikelihoods();
	TestScores();
	TestRenewals();
	TestPublishedScores();
	TestDonors();
	TestRenewalFits();
	TestDegenerate();
	TestFarParameters();
	TestSpendRidge();
	TestMemory();
	TestCdnow();
	TestDonations();
	Ok(interrupts > 0, "fits let themselves be interrupted");
	printf("1..%d\n", tests);
	return failures > 0;
}
