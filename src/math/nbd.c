/*
 * nbd.c - the negative binomial distribution in logarithms.
 */
#include "math/nbd.h"

#include "math/elementary.h"
#include "math/rising.h"

double
CrmLogNbdCoefficient(double r, double k)
{
	return r >= 1 ? -CrmLogSurvival(r - 1, 1, k) : CrmLogSurvival(1 - r, r, k);
}

double
CrmLogNbd(double r, double alpha, double k, double horizon)
{
	double quiet = r * CrmLog1p(horizon / alpha);

	if (k == 0)
		return -quiet;
	return CrmLogNbdCoefficient(r, k) - k * CrmLog1p(alpha / horizon) - quiet;
}
