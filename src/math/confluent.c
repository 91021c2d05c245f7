/*
 * confluent.c - Tricomi's confluent hypergeometric function U(a, b, z).
 */
#include "math/special.h"

#include <math.h>

#include "math/elementary.h"
#include "math/quadrature.h"

/* The positive root t of quadratic t^2 - linear t - constant = 0, both ends positive */
static double
PositiveRoot(double quadratic, double linear, double constant)
{
	double root = sqrt(linear * linear + 4.0 * quadratic * constant);

	return linear > 0.0 ? (linear + root) / (2.0 * quadratic)
						: 2.0 * constant / (root - linear);
}

/*
 * U(a, b, z) = 1 / gamma(a) x integral over t > 0 of
 * exp(-z t) t^(a - 1) (1 + t)^(b - a - 1) (Abramowitz and Stegun 1964, 13.2.5).
 */
static double
LogHyperUIntegral(double a, double b, double z)
{
	PeakIntegrand f = {.p = a, .q = b - a - 1.0, .z = z};

	f.mode = PositiveRoot(z, b - 1.0 - z, a);
	return CrmLogPeakIntegral(&f) - CrmLgamma(a);
}

double
CrmLogHyperU(double a, double b, double z)
{
	if (isnan(a) || isnan(b) || isnan(z) || !(z > 0.0) || isinf(a) || isinf(b) || isinf(z))
		return NAN;
	if (a == 0.0)
		return 0.0;
	if (a > 0.0)
		return LogHyperUIntegral(a, b, z);
	if (a - b + 1.0 > 0.0) /* Kummer's transformation, 13.1.29 */
		return (1.0 - b) * CrmLog(z) + LogHyperUIntegral(a - b + 1.0, 2.0 - b, z);
	return NAN;
}
