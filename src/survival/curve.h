/*
 * survival/curve.h - the Kaplan-Meier estimate, step by step.
 *
 * Kaplan and Meier (1958); variance after Greenwood (1926); limits on the
 * log(-log) scale, Kalbfleisch and Prentice (1980), as R's survfit with
 * conf.type = "log-log". The product runs in twice double precision, so that a
 * million factors leave the last digits right.
 */
#ifndef CRM_SURVIVAL_CURVE_H
#define CRM_SURVIVAL_CURVE_H

/* All customers with one duration. */
typedef struct SurvivalCount
{
	float8 duration;
	int64  events;
	int64  censored;
} SurvivalCount;

/* The curve after a duration. */
typedef struct SurvivalStep
{
	int64  at_risk; /* just before it; those censored at it included */
	float8 survival;
	float8 std_error; /* only where survival > 0 */
	float8 lower95;	  /* only where 0 < survival < 1 */
	float8 upper95;
} SurvivalStep;

typedef struct SurvivalCursor
{
	int64  at_risk;
	float8 survival; /* high and low part */
	float8 survival_low;
	float8 variance; /* Greenwood's sum, high and low part */
	float8 variance_low;
} SurvivalCursor;

/* Sorts by duration and adds up equal ones; returns the number of distinct durations. */
extern Size SurvivalNormalize(SurvivalCount *counts, Size n);

/* Begins before the first of n counts. */
extern void SurvivalBegin(SurvivalCursor *cursor, const SurvivalCount *counts, Size n);

/* Moves past one duration; limits are only worked out when asked for. */
extern void SurvivalAdvance(SurvivalCursor *cursor, const SurvivalCount *count,
							SurvivalStep *step, bool limits);

/* The median of normalized counts; false when survival stays above one half. */
extern bool SurvivalMedianOfCounts(const SurvivalCount *counts, Size n, float8 *median);

/* The same of a curve that is already there. */
extern bool SurvivalMedian(const float8 *durations, const float8 *survival, Size n,
						   float8 *median);

#endif /* CRM_SURVIVAL_CURVE_H */
