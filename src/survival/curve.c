/*
 * survival/curve.c - the Kaplan-Meier estimate, step by step.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "compat.h"
#include "math/elementary.h"
#include "survival/curve.h"

/* Two-sided 95 percent of the normal distribution. */
#define NORMAL_95 1.959963984540054

/* R's square root of the machine epsilon: how near one half counts as one half. */
#define HALF_TOLERANCE 1.490116119384766e-08

#define ST_SORT SortCounts
#define ST_ELEMENT_TYPE SurvivalCount
#define ST_COMPARE(a, b) ((a)->duration < (b)->duration ? -1 : (a)->duration > (b)->duration)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

Size
SurvivalNormalize(SurvivalCount *counts, Size n)
{
	Size distinct = 0;

	SortCounts(counts, n);
	for (Size i = 0; i < n; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (distinct > 0 && counts[distinct - 1].duration == counts[i].duration)
		{
			counts[distinct - 1].events += counts[i].events;
			counts[distinct - 1].censored += counts[i].censored;
		}
		else
			counts[distinct++] = counts[i];
	}
	return distinct;
}

/* a + b as the rounded sum and what rounding took off (Knuth). */
static inline float8
TwoSum(float8 a, float8 b, float8 *low)
{
	float8 sum = a + b;
	float8 part = sum - a;

	*low = (a - (sum - part)) + (b - part);
	return sum;
}

/* a x b likewise (Dekker 1971), for factors well inside the range of doubles. */
static inline float8
TwoProduct(float8 a, float8 b, float8 *low)
{
	const float8 splitter = 134217729.0; /* 2^27 + 1 */
	float8		 product = a * b;
	float8		 a_high = a * splitter;
	float8		 b_high = b * splitter;
	float8		 a_low;
	float8		 b_low;

	a_high = a_high - (a_high - a);
	b_high = b_high - (b_high - b);
	a_low = a - a_high;
	b_low = b - b_high;
	*low = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
	return product;
}

void
SurvivalBegin(SurvivalCursor *cursor, const SurvivalCount *counts, Size n)
{
	memset(cursor, 0, sizeof(*cursor));
	cursor->survival = 1;
	for (Size i = 0; i < n; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		cursor->at_risk += counts[i].events + counts[i].censored;
	}
}

/* survival x (n - d) / n, the quotient as a sum of two doubles. */
static void
MultiplySurvival(SurvivalCursor *cursor, float8 at_risk, float8 events)
{
	float8 left = at_risk - events;
	float8 factor = left / at_risk;
	float8 product_low;
	float8 product = TwoProduct(factor, at_risk, &product_low);
	float8 factor_low = ((left - product) - product_low) / at_risk;
	float8 survival_low;
	float8 survival = TwoProduct(cursor->survival, factor, &survival_low);

	survival_low += cursor->survival * factor_low + cursor->survival_low * factor;
	cursor->survival = TwoSum(survival, survival_low, &cursor->survival_low);
}

static void
AddVariance(SurvivalCursor *cursor, float8 at_risk, float8 events)
{
	float8 low;

	cursor->variance = TwoSum(cursor->variance, events / (at_risk * (at_risk - events)), &low);
	cursor->variance_low += low;
}

static void
SetLimits(const SurvivalCursor *cursor, float8 spread, SurvivalStep *step)
{
	float8 log_survival = CrmLog(cursor->survival) + cursor->survival_low / cursor->survival;
	float8 factor = CrmExp(NORMAL_95 * spread / fabs(log_survival));

	step->lower95 = CrmExp(log_survival * factor);
	step->upper95 = CrmExp(log_survival / factor);
}

void
SurvivalAdvance(SurvivalCursor *cursor, const SurvivalCount *count, SurvivalStep *step,
				bool limits)
{
	float8 at_risk = (float8) cursor->at_risk;
	float8 events = (float8) count->events;
	float8 spread;

	step->at_risk = cursor->at_risk;
	if (count->events == cursor->at_risk)
		cursor->survival = cursor->survival_low = 0;
	else if (count->events > 0)
	{
		MultiplySurvival(cursor, at_risk, events);
		AddVariance(cursor, at_risk, events);
	}
	cursor->at_risk -= count->events + count->censored;
	step->survival = cursor->survival;
	spread = sqrt(cursor->variance + cursor->variance_low);
	step->std_error = cursor->survival * spread;
	step->lower95 = step->upper95 = cursor->survival;
	if (limits && cursor->survival > 0 && cursor->survival < 1)
		SetLimits(cursor, spread, step);
}

/*
 * As R's survfit: the first duration with survival below one half; where it is
 * one half, the middle between that duration and the next one with an event,
 * or the last one there is.
 */
bool
SurvivalMedian(const float8 *durations, const float8 *survival, Size n, float8 *median)
{
	Size i = 0;
	Size next;

	while (i < n && !(survival[i] < 0.5 + HALF_TOLERANCE))
		i++;
	if (i == n)
		return false;
	*median = durations[i];
	if (!(fabs(survival[i] - 0.5) < HALF_TOLERANCE))
		return true;
	for (next = i; next < n - 1 && !(survival[next] < survival[i]); next++)
		;
	*median = durations[i] / 2 + durations[next] / 2;
	return true;
}

bool
SurvivalMedianOfCounts(const SurvivalCount *counts, Size n, float8 *median)
{
	SurvivalCursor cursor;
	SurvivalStep   step;
	float8		  *durations = palloc_extended(Max(n, 1) * sizeof(float8), MCXT_ALLOC_HUGE);
	float8		  *survival = palloc_extended(Max(n, 1) * sizeof(float8), MCXT_ALLOC_HUGE);
	bool		   found;

	SurvivalBegin(&cursor, counts, n);
	for (Size i = 0; i < n; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		SurvivalAdvance(&cursor, &counts[i], &step, false);
		durations[i] = counts[i].duration;
		survival[i] = step.survival;
	}
	found = SurvivalMedian(durations, survival, n, median);
	pfree(durations);
	pfree(survival);
	return found;
}
