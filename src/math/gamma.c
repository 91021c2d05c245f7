/*
 * gamma.c - log gamma, its derivatives, log beta.
 *
 * x >= 10: Stirling's series (Abramowitz and Stegun 1964, 6.1.40, 6.3.18,
 * 6.4.12). Below: the Taylor series of log gamma at 2 (6.1.33 after taking
 * log1p out), brought there by the recurrence (6.1.15, 6.3.5, 6.4.6).
 * Negative arguments: reflection (6.1.17, 6.3.7, 6.4.7).
 */
#include "math/special.h"

#include <math.h>

#include "math/elementary.h"

#define STIRLING_FROM 10.0
#define HALF_LOG_2PI 0.9189385332046728
#define PI 3.141592653589793

/* ---- sin(pi x) ---- */

/* sin(pi x) for |x| <= 1/2: Taylor series, the last term below 1e-18 */
static double
SinPiSmall(double x)
{
	double t = PI * x;
	double square = t * t;
	double sum = 1.0;

	for (int n = 22; n >= 2; n -= 2)
		sum = 1.0 - sum * square / (n * (n + 1));
	return t * sum;
}

/* sin(pi x) and cos(pi x) of a finite x */
static void
SinCosPi(double x, double *sine, double *cosine)
{
	double nearest = floor(x + 0.5);
	double rest = x - nearest;
	double sign = floor(nearest * 0.5) * 2.0 == nearest ? 1.0 : -1.0;

	*sine = sign * SinPiSmall(rest);
	*cosine = sign * SinPiSmall(0.5 - fabs(rest));
}

/* ---- log gamma ---- */

double
CrmStirlingRest(double x)
{
	double r = 1.0 / x;
	double z = r * r;

	return r *
		   (1.0 / 12 -
			z * (1.0 / 360 -
				 z * (1.0 / 1260 -
					  z * (1.0 / 1680 -
						   z * (1.0 / 1188 - z * (691.0 / 360360 -
												  z * (1.0 / 156 - z * (3617.0 / 122400))))))));
}

/* log gamma(2 + e), |e| <= 1/2: (-1)^k (zeta(k) - 1) / k from k = 2 */
static double
LgammaNearTwo(double e)
{
	static const double coefficients[] = {
		0.3224670334241132,		-0.0673523010531981,	 0.020580808427784546,
		-0.007385551028673986,	0.0028905103307415234,	 -0.001192753911703261,
		0.0005096695247430425,	-0.00022315475845357939, 9.945751278180853e-05,
		-4.492623673813314e-05, 2.050721277567069e-05,	 -9.439488275268397e-06,
		4.374866789907488e-06,	-2.039215753801366e-06,	 9.55141213040742e-07,
		-4.492469198764566e-07, 2.1207184805554665e-07,	 -1.0043224823968099e-07,
		4.7698101693639804e-08, -2.2711094608943164e-08, 1.0838659214896955e-08,
		-5.183475041970047e-09, 2.4836745438024785e-09,	 -1.1921401405860912e-09,
		5.731367241678862e-10,	-2.7595228851242334e-10,
	};
	double square = e * e;
	double even = 0.0;
	double odd = 0.0;

	for (int i = 24; i >= 0; i -= 2)
	{
		even = even * square + coefficients[i];
		odd = odd * square + coefficients[i + 1];
	}
	return e * (0.42278433509846713 + e * (even + e * odd)); /* 1 - Euler's constant */
}

static double
LgammaPositive(double x)
{
	double product = 1.0;

	if (x >= STIRLING_FROM)
		return (x - 0.5) * (CrmLog(x) - 1.0) + ((HALF_LOG_2PI - 0.5) + CrmStirlingRest(x));
	if (x < 0.5)
		return (LgammaNearTwo(x) - CrmLog1p(x)) - CrmLog(x);
	if (x < 1.5)
		return LgammaNearTwo(x - 1.0) - CrmLog1p(x - 1.0);
	while (x >= 2.5)
	{
		x -= 1.0;
		product *= x;
	}
	return product == 1.0 ? LgammaNearTwo(x - 2.0) : LgammaNearTwo(x - 2.0) + CrmLog(product);
}

double
CrmLgamma(double x)
{
	double sine;
	double cosine;

	if (isnan(x) || isinf(x))
		return fabs(x);
	if (x > 0.0)
		return LgammaPositive(x);
	if (floor(x) == x)
		return INFINITY;
	SinCosPi(x, &sine, &cosine);
	return CrmLog(PI / fabs(x * sine)) - LgammaPositive(-x);
}

/* ---- digamma, trigamma ---- */

static double
DigammaPositive(double x)
{
	double sum = 0.0;
	double z;

	while (x < STIRLING_FROM)
	{
		sum += 1.0 / x;
		x += 1.0;
	}
	z = 1.0 / (x * x);
	z *= 1.0 / 12 -
		 z * (1.0 / 120 -
			  z * (1.0 / 252 -
				   z * (1.0 / 240 -
						z * (1.0 / 132 -
							 z * (691.0 / 32760 - z * (1.0 / 12 - z * (3617.0 / 8160)))))));
	return (CrmLog(x) - 0.5 / x - z) - sum;
}

double
CrmDigamma(double x)
{
	double sine;
	double cosine;

	if (isnan(x) || x == INFINITY)
		return x;
	if (x > 0.0)
		return DigammaPositive(x);
	if (floor(x) == x) /* poles, -inf */
		return NAN;
	SinCosPi(x, &sine, &cosine);
	return DigammaPositive(1.0 - x) - PI * cosine / sine;
}

static double
TrigammaPositive(double x)
{
	double sum = 0.0;
	double r;
	double z;

	while (x < STIRLING_FROM)
	{
		sum += 1.0 / (x * x);
		x += 1.0;
	}
	r = 1.0 / x;
	z = r * r;
	z *= 1.0 / 6 -
		 z * (1.0 / 30 -
			  z * (1.0 / 42 -
				   z * (1.0 / 30 - z * (5.0 / 66 - z * (691.0 / 2730 -
														z * (7.0 / 6 - z * (3617.0 / 510)))))));
	return sum + r * (1.0 + 0.5 * r + z);
}

double
CrmTrigamma(double x)
{
	double sine;
	double cosine;

	if (isnan(x))
		return x;
	if (x == INFINITY)
		return 0.0;
	if (x > 0.0)
		return TrigammaPositive(x);
	if (floor(x) == x)
		return NAN;
	SinCosPi(x, &sine, &cosine);
	return (PI / sine) * (PI / sine) - TrigammaPositive(1.0 - x);
}

/* ---- ratios ---- */

/*
 * Difference of two Stirling series: (x - .5) log(1 + d / x) + d (log(x + d) - 1)
 * + rests, so that nothing of the size of log gamma itself cancels.
 */
double
CrmLogGammaRatio(double x, double d)
{
	double end = x + d;

	if (!(x > 0.0 && end > 0.0))
		return NAN;
	if (d == 0.0)
		return 0.0;
	if (end == INFINITY)
		return x == INFINITY ? NAN : INFINITY;
	if (x < STIRLING_FROM || end < STIRLING_FROM)
		return LgammaPositive(end) - LgammaPositive(x);
	return ((x - 0.5) * CrmLog1p(d / x) - d) + d * CrmLog(end) +
		   (CrmStirlingRest(end) - CrmStirlingRest(x));
}

/* Both at least 10 (Didonato and Morris 1992, section 2; here in logarithms) */
static double
LogBetaLarge(double small, double large)
{
	double ratio = small / large;
	double rests =
		(CrmStirlingRest(small) - CrmStirlingRest(small + large)) + CrmStirlingRest(large);

	return ((HALF_LOG_2PI - 0.5 * CrmLog(large)) + rests) +
		   (small - 0.5) * CrmLog(ratio / (1.0 + ratio)) - large * CrmLog1p(ratio);
}

double
CrmLogBeta(double a, double b)
{
	double small = a < b ? a : b;
	double large = a < b ? b : a;

	if (!(small > 0.0 && large > 0.0))
		return NAN;
	if (large == INFINITY)
		return -INFINITY;
	if (small >= STIRLING_FROM)
		return LogBetaLarge(small, large);
	return LgammaPositive(small) - CrmLogGammaRatio(large, small);
}
