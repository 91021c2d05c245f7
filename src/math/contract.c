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
#include "math/pairs.h"

/* Whole numbers below this have neighbours one apart. */
#define MOST_PERIODS 4503599627370496.0

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

/*
 * When the sums over 1, 2, ... periods come up to a target: a number of periods,
 * counted linearly within the last; infinity where they never do.  The sums rise
 * with the periods, so the last one is found by doubling and halving.
 */
double
CrmRetentionPeriods(double retention_rate, double discount_rate, double target)
{
	double below = 0; /* a number of periods whose sum is too small */
	double enough = 1;
	double sum;

	if (target <= 0)
		return 0;
	/* what all periods together bring, no number of them does */
	if (!(CrmRetentionSumForever(retention_rate, discount_rate) > target * (1 + 1e-15)))
		return INFINITY;
	while (CrmRetentionSum(retention_rate, discount_rate, enough) < target)
	{
		below = enough;
		enough *= 2;
		if (enough > MOST_PERIODS)
			return INFINITY;
	}
	while (enough - below > 1)
	{
		double middle = floor((below + enough) / 2);

		if (CrmRetentionSum(retention_rate, discount_rate, middle) < target)
			below = middle;
		else
			enough = middle;
	}
	sum = CrmRetentionSum(retention_rate, discount_rate, below);
	return below +
		   (target - sum) / (CrmRetentionSum(retention_rate, discount_rate, enough) - sum);
}

/*
 * By how much more, as a fraction, a customer is worth at a retention rate
 * higher by `improvement`: (r + i) / (1 + d - r - i) over r / (1 + d - r), less
 * 1, is i (1 + d) / (r (1 + d - r - i)), in which nothing cancels.  Infinity
 * where the higher rate's sum diverges.
 */
double
CrmRetentionGain(double retention_rate, double discount_rate, double improvement)
{
	Pair   rate = TwoSum(discount_rate, -improvement);
	double gap = GapOf(retention_rate, rate.high) + rate.low;

	/* .95 + .05 is 1, though their doubles are not */
	if (gap <= 2.3e-16)
		return INFINITY;
	return improvement * (1.0 + discount_rate) / (retention_rate * gap);
}
