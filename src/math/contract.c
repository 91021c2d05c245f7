/*
 * contract.c - lifetime value under a contract.
 *
 * The sum over t = 1..n of q^t, q = retention_rate / (1 + discount_rate)
 * (Gupta and Lehmann 2003; Berger and Nasr 1998, case 1, without the margin
 * received at acquisition).  Everything is written in the gap
 * g = 1 + discount_rate - retention_rate, which two exact additions give
 * without cancellation, so that a ratio near 1 costs no digits:
 * sum = retention_rate / g x (1 - q^n), log q = log1p(-g / (1 + discount_rate)).
 */
#include "math/contract.h"

#include <math.h>

#include "math/elementary.h"

/* 1 + discount_rate - retention_rate, rounded once */
static double
GapOf(double retention_rate, double discount_rate)
{
	double left = 1.0 - retention_rate;
	double left_error = (1.0 - left) - retention_rate;
	double sum = left + discount_rate;
	double part = sum - left;
	double sum_error = (left - (sum - part)) + (discount_rate - part);

	return sum + (sum_error + left_error);
}

/*
 * The sum over the given number of periods, a whole number that is not
 * negative; infinity where it overflows.
 */
double
CrmRetentionSum(double retention_rate, double discount_rate, double periods)
{
	double gap = GapOf(retention_rate, discount_rate);
	double shortfall = gap / (1.0 + discount_rate);

	if (retention_rate == 0 || periods == 0)
		return 0;
	/* a ratio so near 1 that no power of it can be told from 1 */
	if (fabs(shortfall) * periods < 1e-17)
		return periods;
	return retention_rate / gap * -CrmExpm1(periods * CrmLog1p(-shortfall));
}

/* The sum over all periods; infinity where it diverges. */
double
CrmRetentionSumForever(double retention_rate, double discount_rate)
{
	double gap = GapOf(retention_rate, discount_rate);

	if (gap <= 0)
		return INFINITY;
	return retention_rate / gap;
}
