/*
 * rising.c - the rising factorial in logs, term by term where n is small and
 * by differences of Stirling's series (Abramowitz and Stegun 6.1.40, 6.3.18)
 * where it is not.  Differences are taken inside the series, so that nothing
 * is lost when n is small against z.
 */
#include "math/rising.h"

#include <math.h>

#include "math/elementary.h"

#define DIRECT 64
#define STIRLING_FROM 16.0

/* log gamma(z) - ((z - 1/2) log z - z + log(2 pi) / 2), z >= 16 */
static double
StirlingRest(double z)
{
	double inverse = 1 / z;
	double square = inverse * inverse;

	return inverse *
		   (1.0 / 12 -
			square * (1.0 / 360 -
					  square * (1.0 / 1260 -
								square * (1.0 / 1680 -
										  square * (1.0 / 1188 - square * (691.0 / 360360 -
																		   square / 156))))));
}

/* digamma(z) - log z, z >= 16 */
static double
DigammaRest(double z)
{
	double inverse = 1 / z;
	double square = inverse * inverse;

	return -0.5 * inverse -
		   square *
			   (1.0 / 12 -
				square * (1.0 / 120 -
						  square * (1.0 / 252 -
									square * (1.0 / 240 -
											  square * (1.0 / 132 - square * (691.0 / 32760 -
																			  square / 12))))));
}

double
CrmLogRising(double z, double n)
{
	double sum = 0;
	double end = z + n;

	while (n > 0 && (n <= DIRECT || z < STIRLING_FROM))
	{
		sum += CrmLog(z);
		z += 1;
		n -= 1;
	}
	if (n <= 0)
		return sum;
	return sum + (z - 0.5) * CrmLog1p(n / z) + n * (CrmLog(end) - 1) + StirlingRest(end) -
		   StirlingRest(z);
}

double
CrmSumInverse(double z, double n)
{
	double sum = 0;
	double end = z + n;

	while (n > 0 && (n <= DIRECT || z < STIRLING_FROM))
	{
		sum += 1 / z;
		z += 1;
		n -= 1;
	}
	if (n <= 0)
		return sum;
	return sum + CrmLog1p(n / z) + DigammaRest(end) - DigammaRest(z);
}

double
CrmLogSurvival(double a, double z, double n)
{
	double sum = 0;
	double end = z + n;

	while (n > 0 && (n <= DIRECT || z < STIRLING_FROM))
	{
		sum -= CrmLog1p(a / z);
		z += 1;
		n -= 1;
	}
	if (n <= 0)
		return sum;

	/*
	 * The two rising factorials' Stirling series, paired so that each pair is
	 * small when a is: with u = z + a, v = end + a,
	 * (z - 1/2) log((1 + n/z) / (1 + n/u)) - a log1p(n/u) - n log1p(a/end) + rests.
	 */
	return sum + (z - 0.5) * CrmLog1p(n * a / (z * (end + a))) - a * CrmLog1p(n / (z + a)) -
		   n * CrmLog1p(a / end) + (StirlingRest(end) - StirlingRest(end + a)) -
		   (StirlingRest(z) - StirlingRest(z + a));
}
