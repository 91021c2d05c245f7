/*
 * average.c - averages over beta distributions, and 2F1(1, b; c; z).
 *
 * In z = log(p / (1 - p)) the density and the functions averaged are analytic
 * in a strip of half-width pi / 2 or more around the real line, so the
 * trapezoidal rule converges as exp(-pi^2 / step) (Trefethen and Weideman
 * 2014).  All terms are positive: nothing cancels.
 */
#include "math/average.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "math/elementary.h"
#include "math/special.h"

#define STEP 0.25
#define WIDTHS 0.5			/* steps per standard deviation, for narrow densities */
#define MOST_POINTS 20000	/* to each side, twice what the range of a double needs */
#define NARROW 1e-15		/* steps: of such a density only the mode counts */
#define LONG_FRACTION 10000 /* terms; an average over a beta distribution takes less time */

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

/*
 * log((1 + e^z) / (1 + e^from)), of which share is e^from / (1 + e^from), rest one minus it:
 * small differences stay exact.
 */
static double
LogGrowth(double z, double from, double share, double rest)
{
	double growth = CrmExpm1(z - from);

	if (growth == INFINITY)
		return LogOnePlusExp(z) - LogOnePlusExp(from);
	return growth > -0.5 ? CrmLog1p(share * growth) : CrmLog(rest + share * (1 + growth));
}

/* Sums over the nodes; weights are the density of beta in z over that at mode, times unit. */
typedef struct Average
{
	double a;
	double b;
	double mode;
	double share; /* e^mode / (1 + e^mode) */
	double rest;  /* one minus it */
	double unit;
	double sum;
	double weights;
} Average;

/*
 * From start on by step until nothing counts any more, or to `flat`: beyond it f is flat and
 * the weights are geometric at that rate.
 */
static void
AddSide(Average *average, double start, double step, double flat, double rate,
		CrmAverageFunction f, const void *context)
{
	for (int i = 0; i < MOST_POINTS; i++)
	{
		double z = start + i * step;
		double fall =
			average->a * LogGrowth(-z, -average->mode, average->rest, average->share) +
			average->b * LogGrowth(z, average->mode, average->share, average->rest);
		double weight = average->unit * CrmExp(-fall);
		double value = f(context, Logistic(z), Logistic(-z));
		double term = weight * value;

		average->sum += term;
		average->weights += weight;
		if (step > 0 ? z > flat : z < flat)
		{
			double tail = weight / fmax(CrmExpm1(rate * fabs(step)), DBL_MIN);

			average->sum += tail * value;
			average->weights += tail;
			return;
		}
		if (weight <= 1e-19 * average->weights && term <= 1e-19 * average->sum)
			return;
	}
}

double
CrmBetaAverage(double a, double b, double steepness, CrmAverageFunction f, const void *context)
{
	double	step = fmin(STEP, WIDTHS * sqrt(1 / a + 1 / b));
	double	left = -40 - CrmLog(fmin(fmax(fmax(steepness, a + b), 1), DBL_MAX));
	double	right = 40 + CrmLog(fmin(fmax(a + b, 1), DBL_MAX));
	double	mode = fmax(left, fmin(right, CrmLog(a) - CrmLog(b)));
	double	unit = fmin(1, fmax(CrmExpm1(fmin(a, b) * step), DBL_MIN));
	Average average = {a, b, mode, Logistic(mode), Logistic(-mode), unit, 0, 0};

	if (step < NARROW)
		return f(context, 1 / (1 + b / a), 1 / (1 + a / b));
	AddSide(&average, mode, -step, left, a, f, context);
	AddSide(&average, mode + step, step, right, b, f, context);
	return average.sum / average.weights;
}

/*
 * Gauss's continued fraction (Wall 1948, chapter XVIII), written in its
 * g-sequence so that every operation adds or divides positive numbers: with
 * v = 1 - g_i z / (1 - (1 - g_i) g_(i+1) z / ...),
 * v_i = (gap g_i + (1 - g_i) v_(i+1)) / (g_i + (1 - g_i) v_(i+1)).
 */
static double
FractionOne(double a, double b, double gap, int terms)
{
	double c = a + b;
	double v = sqrt(gap);

	for (int j = terms / 2 + 1; j >= 0; j--)
	{
		double even = (j + 1) / (c + 2 * j + 1); /* g_(2j+2) */
		double odd = (b + j) / (c + 2 * j);		 /* g_(2j+1) */
		double rest = (a + j) / (c + 2 * j);	 /* 1 - g_(2j+1) */
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
CrmHyp2f1One(double a, double b, double gap)
{
	double root = sqrt(gap);
	double terms;

	if (gap <= 0)
		return (a + b - 1) / (a - 1);
	/* each term of the fraction gains a factor (1 - root) / (1 + root) */
	terms = 40 / (CrmLog1p(root) - CrmLog1p(-fmin(root, 1 - 1e-9)));
	if (terms > LONG_FRACTION)
		return CrmBetaAverage(a, b, 1 / gap, OneOverGap, &gap);
	return FractionOne(a, b, gap, 8 + (int) terms);
}
