/*
 * btyd_bg.c - likelihood of BG/NBD (Fader, Hardie and Lee 2005, eq. 6) and
 * MBG/NBD (Batislam, Denizel and Filiztekin 2007), without lgamma(x + 1).
 *
 * With m = 0 for BG and 1 for MBG, one history contributes
 *
 *   sum over i < x of log((r + i) / alpha)
 *   + log (b)_(x+m) / (a + b)_(x+m) - (r + x) log(1 + T / alpha) + log(1 + e^d),
 *   d = log(a / (b + x - 1 + m)) + (r + x) log((alpha + T) / (alpha + t_x)),
 *
 * d the log odds of having left (none at x = 0 in BG).  The first line depends
 * on x alone, the logarithms of the second on one time alone: both are tables,
 * and a history costs one exp and one log1p.
 */
#include "math/btyd_bg.h"

#include <math.h>
#include <string.h>

#include "math/lanes.h"
#include "math/rising.h"
#include "math/elementary.h"
#include "math/vector.h"

#define NEVER -1e30

typedef struct Tables
{
	double *shape;	  /* r + x */
	double *odds;	  /* log(a / (b + x - 1 + m)) */
	double *leaving;  /* b / (b + x - 1 + m) */
	double *log_time; /* log(1 + t / alpha); NULL: hardly a time occurs twice */
	double *fraction; /* t / (alpha + t) */
	double	alpha;
} Tables;

typedef struct Sums
{
	CrmLanes value;
	CrmLanes shape;	  /* derivative by r */
	CrmLanes scale;	  /* derivative by log alpha, without -x */
	CrmLanes left;	  /* probability of having left */
	CrmLanes leaving; /* the same x b / (b + x - 1 + m) */
} Sums;

/* Tables of more times than there are histories would only take memory. */
static bool
TabulatesTimes(const CrmSample *sample)
{
	return sample->time_count <= sample->patterns;
}

size_t
CrmBgWork(const CrmSample *sample)
{
	return (size_t) 3 * sample->frequency_count +
		   (TabulatesTimes(sample) ? (size_t) 2 * sample->time_count : 0);
}

static Tables
FillTables(const CrmSample *sample, bool modified, const double *params, double *work)
{
	double r = params[0], alpha = params[1], a = params[2], b = params[3];
	Tables tables;

	tables.shape = work;
	tables.odds = tables.shape + sample->frequency_count;
	tables.leaving = tables.odds + sample->frequency_count;
	tables.log_time = tables.leaving + sample->frequency_count;
	tables.fraction = tables.log_time + sample->time_count;
	tables.alpha = alpha;
	for (int i = 0; i < sample->frequency_count; i++)
	{
		double x = sample->frequencies[i];
		double chances = b + (modified ? x : x - 1);
		bool   never = !modified && x == 0;

		tables.shape[i] = r + x;
		tables.odds[i] = never ? NEVER : CrmLog(a / chances);
		tables.leaving[i] = never ? 0 : b / chances;
	}
	if (!TabulatesTimes(sample))
	{
		tables.log_time = tables.fraction = NULL;
		return tables;
	}
	for (int i = 0; i < sample->time_count; i++)
	{
		double time = sample->times[i];

		tables.log_time[i] = time / alpha;
		tables.fraction[i] = time / (alpha + time);
	}
	CrmLog1pArray(tables.log_time, tables.log_time, sample->time_count);
	return tables;
}

/* log(1 + t / alpha) and t / (alpha + t) of a block's times, from the tables or as they are made. */
static void
LookUpTimes(const CrmSample *sample, const Tables *tables, const uint32_t *index, int count,
			int padded, double *log_time, double *fraction)
{
	for (int i = 0; i < padded; i++)
	{
		uint32_t at = index[i < count ? i : 0];

		if (tables->log_time != NULL)
		{
			log_time[i] = tables->log_time[at];
			fraction[i] = tables->fraction[at];
		}
		else
		{
			log_time[i] = sample->times[at] / tables->alpha;
			fraction[i] = sample->times[at] / (tables->alpha + sample->times[at]);
		}
	}
	if (tables->log_time == NULL)
		CrmLog1pArray(log_time, log_time, padded);
}

/* The histories from..from + count - 1, at most CRM_BLOCK. */
static void
AddBlock(const CrmSample *sample, const Tables *tables, int from, int count, Sums *sums)
{
	double weight[CRM_BLOCK], shape[CRM_BLOCK], start[CRM_BLOCK], ratio[CRM_BLOCK];
	double odds[CRM_BLOCK], small[CRM_BLOCK] = {0}, extra[CRM_BLOCK], leaving[CRM_BLOCK];
	double fraction[CRM_BLOCK], fraction_gap[CRM_BLOCK];
	int	   padded = CrmPadLanes(count);

	memset(weight + padded - CRM_LANES, 0, CRM_LANES * sizeof(double));
	memcpy(weight, sample->weight + from, count * sizeof(double));
	LookUpTimes(sample, tables, sample->age + from, count, padded, start, fraction);
	LookUpTimes(sample, tables, sample->recency + from, count, padded, ratio, fraction_gap);
	for (int i = 0; i < padded; i++)
	{
		uint32_t x = sample->frequency[from + (i < count ? i : 0)];

		shape[i] = tables->shape[x];
		leaving[i] = tables->leaving[x];
		ratio[i] = start[i] - ratio[i];
		fraction_gap[i] = fraction[i] - fraction_gap[i];
		odds[i] = tables->odds[x] + shape[i] * ratio[i];
		small[i] = -fabs(odds[i]);
	}
	CrmExpArray(small, small, padded);
	CrmLog1pArray(small, extra, padded);
	for (int i = 0; i < padded; i++)
	{
		double left = (odds[i] >= 0 ? 1 : small[i]) / (1 + small[i]);

		extra[i] += (odds[i] > 0 ? odds[i] : 0) - shape[i] * start[i];
		ratio[i] = left * ratio[i] - start[i];
		fraction[i] = shape[i] * (fraction[i] - left * fraction_gap[i]);
		leaving[i] *= left;
		small[i] = left;
	}
	CrmAddLanes(&sums->value, weight, extra, padded);
	CrmAddLanes(&sums->shape, weight, ratio, padded);
	CrmAddLanes(&sums->scale, weight, fraction, padded);
	CrmAddLanes(&sums->left, weight, small, padded);
	CrmAddLanes(&sums->leaving, weight, leaving, padded);
}

/* What depends on the frequency alone, for all histories of one frequency. */
typedef struct Prefix
{
	double done; /* frequency reached */
	double value;
	double shape;
	double shared;	/* sum of 1 / (a + b + i) */
	double staying; /* sum of 1 / (b + i) */
} Prefix;

static void
AdvancePrefix(Prefix *prefix, double x, bool modified, const double *params)
{
	double r = params[0], a = params[2], b = params[3];
	double first = prefix->done, steps = x - first;
	double offset = modified ? 1 : 0;

	prefix->value += CrmLogRising(r + first, steps) - steps * CrmLog(params[1]);
	prefix->shape += CrmSumInverse(r + first, steps);
	prefix->value += CrmLogSurvival(a, b + first + offset, steps);
	prefix->shared += CrmSumInverse(a + b + first + offset, steps);
	prefix->staying += CrmSumInverse(b + first + offset, steps);
	prefix->done = x;
}

double
CrmBgLikelihood(const CrmSample *sample, bool modified, const double *params, double *work,
				const CrmHooks *hooks, double *gradient)
{
	Tables tables = FillTables(sample, modified, params, work);
	double r = params[0], a = params[2], b = params[3];
	double value = 0, by_r = 0, by_alpha = 0, by_a = 0, by_b = 0;
	Prefix prefix = {0};
	Sums   sums;
	int	   from = 0;

	memset(&sums, 0, sizeof(sums));
	for (; from < sample->patterns; from += CRM_BLOCK)
	{
		int left = sample->patterns - from;

		AddBlock(sample, &tables, from, left < CRM_BLOCK ? left : CRM_BLOCK, &sums);
		if (from % (CRM_BLOCK * 128) == 0)
			hooks->interrupt();
	}
	if (modified)
	{
		prefix.value = CrmLogSurvival(a, b, 1);
		prefix.shared = 1 / (a + b);
		prefix.staying = 1 / b;
	}
	for (int i = 0; i < sample->frequency_count; i++)
	{
		double customers = sample->frequency_weight[i];

		AdvancePrefix(&prefix, sample->frequencies[i], modified, params);
		value += customers * prefix.value;
		by_r += customers * prefix.shape;
		by_alpha -= customers * sample->frequencies[i];
		by_a -= customers * prefix.shared;
		by_b += customers * (prefix.staying - prefix.shared);
	}
	gradient[0] = r * (by_r + CrmTotalLanes(&sums.shape));
	gradient[1] = by_alpha + CrmTotalLanes(&sums.scale);
	gradient[2] = a * by_a + CrmTotalLanes(&sums.left);
	gradient[3] = b * by_b - CrmTotalLanes(&sums.leaving);
	return value + CrmTotalLanes(&sums.value);
}
