/*
 * exact.h - sums and sums of squares of doubles, without any rounding.
 *
 * A sum is a fixed-point number as wide as all doubles together, in limbs of 32
 * bits kept in 64, so that carries can wait (Kulisch 1981; Neal 2015, "Fast
 * exact summation using small and large superaccumulators"). The same values
 * give the same sums in whatever order and portions they come.
 */
#ifndef CRM_MATH_EXACT_H
#define CRM_MATH_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#define EXACT_SUM_LIMBS 68		/* units of 2^-1074 */
#define EXACT_SQUARES_LIMBS 134 /* units of 2^-2148 */

typedef struct CrmExactMoments
{
	int64_t n;
	int64_t waiting; /* values added since the last carry */
	int64_t sum[EXACT_SUM_LIMBS];
	int64_t squares[EXACT_SQUARES_LIMBS];
} CrmExactMoments;

/* fraction x 2^exponent, 0.5 <= |fraction| < 1 or 0 */
typedef struct CrmScaled
{
	double fraction;
	int	   exponent;
} CrmScaled;

/* Adds a finite value. */
extern void CrmExactAdd(CrmExactMoments *moments, double value);

/* Adds other to moments; carries in both. */
extern void CrmExactMerge(CrmExactMoments *moments, CrmExactMoments *other);

/* Moves what waits, after which equal sums have equal limbs. */
extern void CrmExactCarry(CrmExactMoments *moments);

/* Whether the limbs are what carrying leaves. */
extern bool CrmExactIsCarried(const CrmExactMoments *moments);

/* Sum / n of carried moments, n > 0 */
extern double CrmExactMean(const CrmExactMoments *moments);

/* Mean of a less mean of b, rounded once or twice, however near they are */
extern double CrmExactMeanDifference(const CrmExactMoments *a, const CrmExactMoments *b);

/* Sum of squared deviations from the mean / (n (n - 1)), the square of the mean's standard error; n > 1 */
extern CrmScaled CrmExactErrorSquare(const CrmExactMoments *moments);

#endif /* CRM_MATH_EXACT_H */
