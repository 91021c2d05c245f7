/*
 * confluent.c - Tricomi's confluent hypergeometric function U(a, b, z), and the exponential
 * integral.
 *
 * An integral of positive terms gives U for every a > 0. Discounted residual purchases need
 * it at a = b = s for every customer, U(s, s, z) = z^(1 - s) e^z E_s(z) (Abramowitz and Stegun
 * 1964, 13.6.28 and 6.5.9), and the exponential integral has ways a hundred times as fast.
 */
#include "math/special.h"

#include <math.h>

#include "math/elementary.h"
#include "math/quadrature.h"

#define EULER 0.5772156649015329
#define MAX_FRACTIONS 1000
#define STEPS 20

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

/*
 * 1 / (z + s - 1 s / (z + s + 2 - 2 (s + 1) / (z + s + 4 - ...))) (A and S 5.1.22, its even
 * part), by Lentz's method (Thompson and Barnett 1986); z >= 1 takes about 100 terms at most.
 */
static double
ExpIntegralFraction(double s, double z)
{
	double value = z + s;
	double ratio_c = value;
	double ratio_d = 0.0;
	double change = 0.0;

	for (int n = 1; n < MAX_FRACTIONS && fabs(change - 1.0) > 2e-16; n++)
	{
		double numerator = -n * (n + s - 1.0);
		double denominator = z + s + 2.0 * n;

		ratio_d = 1.0 / (denominator + numerator * ratio_d);
		ratio_c = denominator + numerator / ratio_c;
		change = ratio_c * ratio_d;
		value *= change;
	}
	return 1.0 / value;
}

/* Gamma(a, z) for -1/2 <= a <= 1, 0 < z <= 1 (Gautschi 1979, eqs. 4.1 to 4.4) */
static double
UpperGamma(double a, double z)
{
	double log_z = CrmLog(z);
	double power = CrmExp(a * log_z);
	double gamma = a == 0.0 ? -EULER : CrmExpm1(CrmLgamma(1.0 + a)) / a;
	double start = a == 0.0 ? log_z : CrmExpm1(a * log_z) / a;
	double term = 1.0;
	double sum = 0.0;

	for (int n = 1; n < 30; n++)
	{
		term *= -z / n;
		sum += term / (a + n);
	}
	return gamma - start - power * sum;
}

/*
 * For z < 1 upwards by e^z E_(s + 1)(z) = (1 - z e^z E_s(z)) / s (A and S 5.1.14), which hardly
 * passes errors on: from s about 1, or at large s from STEPS below on, where any start will do.
 */
static double
ExpIntegralSteps(double s, double z)
{
	int	   steps = s < 1.5 ? 0 : s < STEPS + 4 ? (int) (s - 0.5) : STEPS;
	double low = s - steps;
	double value = 1.0 / (z + low);

	if (steps < STEPS)
		value = CrmExp(z - (1.0 - low) * CrmLog(z)) * UpperGamma(1.0 - low, z);
	for (int i = 0; i < steps; i++)
		value = (1.0 - z * value) / (low + i);
	return value;
}

double
CrmExpIntegral(double s, double z)
{
	if (!(s > 0.0 && z >= 0.0) || isinf(s))
		return NAN;
	if (z == 0.0)
		return s > 1.0 ? 1.0 / (s - 1.0) : INFINITY;
	if (isinf(z))
		return 0.0;
	return z < 1.0 ? ExpIntegralSteps(s, z) : ExpIntegralFraction(s, z);
}

double
CrmLogHyperU(double a, double b, double z)
{
	if (isnan(a) || isnan(b) || isnan(z) || !(z > 0.0) || isinf(a) || isinf(b) || isinf(z))
		return NAN;
	if (a == 0.0)
		return 0.0;
	if (a > 0.0 && a == b) /* A and S 13.6.28 */
		return (1.0 - a) * CrmLog(z) + CrmLog(CrmExpIntegral(a, z));
	if (a > 0.0)
		return LogHyperUIntegral(a, b, z);
	if (a - b + 1.0 > 0.0) /* Kummer's transformation, 13.1.29 */
		return (1.0 - b) * CrmLog(z) + LogHyperUIntegral(a - b + 1.0, 2.0 - b, z);
	return NAN;
}
