/*
 * average.c - averages over gamma and beta distributions, and 2F1(1, b; c; z).
 *
 * In y = log lambda, or z = log(p / (1 - p)), the densities and the functions
 * averaged are analytic in a strip of half-width pi / 2 or more around the
 * real line, so the trapezoidal rule converges as exp(-pi^2 / step) (Trefethen
 * and Weideman 2014).  All terms are positive: nothing cancels.
 */
#include "math/average.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "math/elementary.h"
#include "math/special.h"

#define STEP 0.2
#define WIDTHS 0.5			/* steps per standard deviation, for narrow densities */
#define NEGLIGIBLE 42.0		/* e^-42 */
#define MOST_POINTS 20000	/* to each side, 4 times what the range of a double needs */
#define NARROW 1e-15		/* steps: of such a density only the mode counts */
#define LONG_FRACTION 10000 /* terms; an average over a beta distribution takes less time */

double
CrmGammaAverage(double shape, CrmAverageFunction f, const void *context)
{
	double mode = CrmLog(shape);
	double step = fmin(STEP, WIDTHS / sqrt(shape));
	double above = 0, weights = 0;

	if (step < NARROW)
		return f(context, shape, 0);
	/* to the right weights fall twice exponentially, f does not matter */
	for (int i = 0; i < MOST_POINTS; i++)
	{
		double y = mode + i * step;
		double fall = shape * (CrmExpm1(y - mode) - (y - mode));
		double weight = CrmExp(-fall);

		above += weight * f(context, CrmExp(y), 0);
		weights += weight;
		if (fall > NEGLIGIBLE)
			break;
	}
	/* to the left f falls at least like lambda */
	for (int i = 1; i < MOST_POINTS; i++)
	{
		double y = -i * step;
		double weight = CrmExp(-shape * (CrmExpm1(y) - y));
		double term = weight * f(context, shape * CrmExp(y), 0);

		above += term;
		weights += weight;
		if (term < 1e-18 * above && (shape < 50 || weight < 1e-18))
			break;
	}
	/* the density's own sum: step x the gamma function, whose tail is long at small shapes */
	if (shape < 50)
		weights = CrmExp(CrmLgamma(shape) - shape * mode + shape) / step;
	return above / weights;
}

/* log(1 + e^z), and 1 / (1 + e^-z), also where e^|z| is no double */
static double
LogOnePlusExp(double z)
{
	double power = CrmExp(z);

	return power == INFINITY ? z : CrmLog1p(power);
}

static double
Logistic(double z)
{
	double power = CrmExp(-z);

	return power == INFINITY ? CrmExp(z) : 1 / (1 + power);
}

/* log density of beta in z, without its constant */
static double
BetaWeight(double a, double b, double z)
{
	return -a * LogOnePlusExp(-z) - b * LogOnePlusExp(z);
}

double
CrmBetaAverage(double a, double b, double steepness, CrmAverageFunction f, const void *context)
{
	double mode = CrmLog(a / b);
	double step = fmin(STEP, WIDTHS * sqrt((a + b) / a / b));
	double peak = BetaWeight(a, b, mode);
	double flat[2];
	double sum = 0, weights = 0;

	if (step < NARROW)
		return f(context, Logistic(mode), Logistic(-mode));
	/* beyond these, f is flat and the weights are geometric */
	flat[0] = fmin(mode, 0) - 40 - CrmLog(fmin(fmax(fmax(steepness, a + b), 1), DBL_MAX));
	flat[1] = fmax(mode, 0) + 40 + CrmLog(fmax(a + b, 1));
	for (int side = 0; side < 2; side++)
	{
		for (int i = side; i < MOST_POINTS; i++)
		{
			double z = side == 0 ? mode - i * step : mode + i * step;
			double weight = CrmExp(BetaWeight(a, b, z) - peak);
			double term = weight * f(context, Logistic(z), Logistic(-z));
			double tail = 1 / CrmExpm1((side == 0 ? a : b) * step);
			bool   ends = side == 0 ? z < flat[0] : z > flat[1];

			sum += term;
			weights += weight;
			if (ends)
			{
				sum += term * tail;
				weights += weight * tail;
			}
			if (ends || (weight < 1e-19 * weights && term < 1e-19 * sum))
				break;
		}
	}
	return sum / weights;
}

/*
 * Gauss's continued fraction (Wall 1948, chapter XVIII), written in its
 * g-sequence so that every operation adds or divides positive numbers: with
 * v = 1 - g_i z / (1 - (1 - g_i) g_(i+1) z / ...),
 * v_i = (gap g_i + (1 - g_i) v_(i+1)) / (g_i + (1 - g_i) v_(i+1)).
 */
static double
FractionOne(double b, double c, double gap, int terms)
{
	double v = sqrt(gap);

	for (int j = terms / 2 + 1; j >= 0; j--)
	{
		double even = (j + 1) / (c + 2 * j + 1); /* g_(2j+2) */
		double odd = (b + j) / (c + 2 * j);		 /* g_(2j+1) */
		double rest = (c - b + j) / (c + 2 * j); /* 1 - g_(2j+1) */
		double kept = (c + j) / (c + 2 * j + 1); /* 1 - g_(2j+2) */

		v = (gap * even + kept * v) / (even + kept * v);
		v = (gap * odd + rest * v) / (odd + rest * v);
	}
	return 1 / v;
}

/* Euler's integral (A and S 15.3.1) has 1 / (1 - z t), t = complement */
static double
OneOverGap(const void *context, double value, double complement)
{
	const double *gap = context;

	return fmin(1 / (value + *gap * complement), DBL_MAX);
}

double
CrmHyp2f1One(double b, double c, double gap)
{
	double root = sqrt(gap);
	double terms;

	if (gap <= 0)
		return (c - 1) / (c - b - 1);
	/* each term of the fraction gains a factor (1 - root) / (1 + root) */
	terms = 40 / (CrmLog1p(root) - CrmLog1p(-fmin(root, 1 - 1e-9)));
	if (terms > LONG_FRACTION)
		return CrmBetaAverage(c - b, b, 1 / gap, OneOverGap, &gap);
	return FractionOne(b, c, gap, 8 + (int) terms);
}
