/*
 * score_pareto.c - what a new Pareto/NBD customer is expected to do.
 */
#include "math/score_pareto.h"

#include <math.h>

#include "math/elementary.h"
#include "math/nbd.h"
#include "math/special.h"

#define STEP 0.25
#define WIDTHS 0.5
#define NEGLIGIBLE 42.0
#define MOST_POINTS 20000 /* to each side; more only where steps no longer move a double */

/*
 * Schmittlein, Morrison and Colombo 1987, eq. 17, in a form that is smooth at
 * s = 1: r beta / alpha x (1 - (1 + t / beta)^(1 - s)) / (s - 1).
 */
double
CrmParetoPurchases(const double *params, double horizon)
{
	double s = params[2], beta = params[3];
	double length = CrmLog1p(horizon / beta);
	double power = (s - 1) * length;
	double mean = power == 0 ? length : length * (-CrmExpm1(-power) / power);

	return params[0] / params[1] * beta * mean;
}

/* log of s / beta (1 + u / beta)^(-s - 1) P(n purchases by u) du / dz, u = t / (1 + e^-z) */
static double
LogLeaving(const double *params, double n, double coefficient, double horizon, double z)
{
	double early = CrmExp(-fabs(z));
	double share = (z < 0 ? early : 1) / (1 + early);
	double rest = (z < 0 ? 1 : early) / (1 + early);
	double u = horizon * share;
	double value = CrmLog(params[2] * u / (params[3] + u)) -
				   params[2] * CrmLog1p(u / params[3]) - params[0] * CrmLog1p(u / params[1]) +
				   CrmLog(rest) + coefficient;

	return n > 0 ? value - n * CrmLog1p(params[1] / u) : value;
}

/* Where LogLeaving is largest: it rises, then falls. */
static double
LeavingMode(const double *params, double n, double coefficient, double horizon)
{
	double low = -50, high = 50;

	for (int i = 0; i < 60 && high - low > 1e-4; i++)
	{
		double left = low + 0.382 * (high - low);
		double right = high - 0.382 * (high - low);

		if (LogLeaving(params, n, coefficient, horizon, left) <
			LogLeaving(params, n, coefficient, horizon, right))
			low = left;
		else
			high = right;
	}
	return 0.5 * (low + high);
}

/* Purchases n and leaving within the horizon, by the trapezoidal rule. */
static double
LeavingProbability(const double *params, double n, double horizon)
{
	double coefficient = CrmLogNbdCoefficient(params[0], n);
	double mode = LeavingMode(params, n, coefficient, horizon);
	double top = LogLeaving(params, n, coefficient, horizon, mode);
	double narrow = fmin(n, params[0]) + fmin(params[0] + n + params[2], params[2] * n);
	double step = fmin(STEP, WIDTHS / sqrt(1 + narrow));
	double sum = 0;

	/* a horizon so short that nobody can leave in it */
	if (!(top > -INFINITY))
		return 0;
	for (int side = -1; side <= 1; side += 2)
	{
		for (int i = side < 0 ? 1 : 0; i < MOST_POINTS; i++)
		{
			double fall =
				top - LogLeaving(params, n, coefficient, horizon, mode + side * i * step);

			if (isnan(fall))
				break;
			sum += CrmExp(-fall);
			if (fall > NEGLIGIBLE)
				break;
		}
	}
	return CrmExp(top + CrmLog(sum * step));
}

double
CrmParetoProbability(const double *params, double purchases, double horizon)
{
	double quiet = params[2] * CrmLog1p(horizon / params[3]);

	return CrmExp(CrmLogNbd(params[0], params[1], purchases, horizon) - quiet) +
		   LeavingProbability(params, purchases, horizon);
}

/*
 * Fader, Hardie and Lee 2005 ("RFM and CLV", eq. 2):
 * r beta / alpha x (rate beta)^(s - 1) U(s, s, rate beta).
 */
double
CrmParetoDert(const double *params, double rate)
{
	return params[0] / params[1] * params[3] * CrmExpIntegral(params[2], rate * params[3]);
}
