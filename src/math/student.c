/*
 * student.c - tails of the normal and of Student's distribution.
 *
 * erfc by its Taylor series times exp(-x^2) (Abramowitz and Stegun 7.1.6, all
 * terms positive) and by Laplace's continued fraction (7.1.14). Student's tail
 * is an incomplete beta function (26.5.27), its quantile a root by Newton's
 * method in log t, in which log p is nearly a straight line.
 */
#include "math/student.h"

#include <math.h>
#include <stddef.h>

#include "math/elementary.h"
#include "math/pairs.h"
#include "math/special.h"

#define SQRT_PI 1.7724538509055160273
#define SQRT_HALF 0.70710678118654752440
#define LOG_TAIL -2.9957322735539909934 /* log .05 */
#define SERIES_TERMS 100
#define FRACTION_TERMS 100
#define MAX_STEPS 50
#define FAR 1e100

/* exp(-x^2), with the rounding error of the square */
static double
ExpMinusSquare(double x)
{
	Pair square = TwoProduct(x, x);

	return CrmExp(-square.high) * (1.0 - square.low);
}

double
CrmErfc(double x)
{
	double sum = 0.0;

	if (isnan(x) || x < 0)
		return NAN;
	if (x > 30.0)
		return 0.0;
	if (x < 2.0)
	{
		double term = x;

		for (int n = 1; n < SERIES_TERMS && term > 1e-18 * sum; n++)
		{
			sum += term;
			term *= 2.0 * x * x / (2 * n + 1);
		}
		return 1.0 - 2.0 / SQRT_PI * ExpMinusSquare(x) * sum;
	}
	for (int n = FRACTION_TERMS; n > 0; n--)
		sum = 0.5 * n / (x + sum);
	return ExpMinusSquare(x) / (SQRT_PI * (x + sum));
}

double
CrmNormalTwoSided(double z)
{
	return CrmErfc(z * SQRT_HALF);
}

/* x = df / (df + t^2) and y = 1 - x, from r = t / sqrt(df), without overflow */
static void
BetaArguments(double r, double *x, double *y)
{
	double square = r <= 1 ? r * r : 1 / r / r;
	double small = square / (1 + square);
	double large = 1 / (1 + square);

	*x = r <= 1 ? large : small;
	*y = r <= 1 ? small : large;
}

double
CrmStudentTwoSided(double t, double df)
{
	double r = t / sqrt(df);
	double x;
	double y;

	if (!(t >= 0) || !(df > 0))
		return NAN;
	if (t == 0)
		return 1.0;
	if (r > FAR) /* only the first term of the series in x is left */
		return CrmExp(-df * CrmLog(r) - CrmLog(0.5 * df) - CrmLogBeta(0.5 * df, 0.5));
	BetaArguments(r, &x, &y);
	return CrmExp(CrmLogBetaIncPair(0.5 * df, 0.5, x, y, NULL));
}

double
CrmStudent975(double df)
{
	double z = CRM_NORMAL_975;
	double cube = z * z * z;
	/* Cornish and Fisher's expansion (Abramowitz and Stegun 26.7.5) to begin with */
	double t =
		z + (cube + z) / (4 * df) + (5 * cube * z * z + 16 * cube + 3 * z) / (96 * df * df);

	for (int i = 0; i < MAX_STEPS; i++)
	{
		double x;
		double y;
		double log_p;
		double slope; /* of log p in log t, downwards */
		double step;

		BetaArguments(t / sqrt(df), &x, &y);
		log_p = CrmLogBetaIncPair(0.5 * df, 0.5, x, y, NULL);
		slope = 2 * CrmExp(CrmLogBetaPower(0.5 * df, 0.5, x, y) - log_p);
		step = (log_p - LOG_TAIL) / slope;
		t *= CrmExp(step);
		if (fabs(step) < 1e-15)
			break;
	}
	return t;
}
