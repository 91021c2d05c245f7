/*
 * quadrature.c - see quadrature.h.
 *
 * The trapezoidal rule after a substitution that lets the integrand decay
 * doubly exponentially (Takahasi and Mori 1974): its error falls like
 * exp(-const / h), so halving h doubles the correct digits, and agreement of
 * two steps to 1e-13 means full accuracy of the second. For whole lines
 * s = log(mode) + w sinh(u), w the width of the peak; for tails
 * s = log(start) + w exp(u - exp(-u)).
 *
 * phi is evaluated as a difference to its value at the origin, so that large
 * parameters do not cost digits.
 */
#include "math/quadrature.h"

#include <math.h>

#include "math/elementary.h"

#define MAX_HALVINGS 9
#define MAX_POINTS 16000 /* per side and step */
#define NEGLIGIBLE 1e-19

/* log(1 + scale e^(s + d)) - log(1 + scale e^s), scaled = scale e^s */
static double
LogDifference(double scaled, double d, double exp_minus_1)
{
	if (d < -1.0)
		return CrmLog1p(scaled * CrmExp(d)) - CrmLog1p(scaled);
	if (d < 500.0)
		return CrmLog1p(scaled / (1.0 + scaled) * exp_minus_1);
	d += CrmLog(scaled);
	return (d > 40.0 ? d : CrmLog1p(CrmExp(d))) - CrmLog1p(scaled);
}

/* phi(log(origin) + d) - phi(log(origin)) */
static double
PhiDifference(const PeakIntegrand *f, double origin, double d)
{
	double exp_minus_1 = CrmExpm1(d);
	double sum = f->p * d;

	if (exp_minus_1 == INFINITY && f->z != 0.0)
		return -INFINITY;
	if (f->q != 0.0)
		sum += f->q * LogDifference(origin, d, exp_minus_1);
	if (f->a != 0.0)
		sum -= f->a * LogDifference(f->y * origin, d, exp_minus_1);
	if (f->z != 0.0)
		sum -= f->z * origin * exp_minus_1;
	return sum;
}

/* For t > 1 with log(1 + t) = log t + log(1 + 1 / t), as p + q may be small */
static double
PhiAt(const PeakIntegrand *f, double t)
{
	double sum;

	if (t > 1.0)
		sum = (f->p + f->q) * CrmLog(t) + f->q * CrmLog1p(1.0 / t);
	else
		sum = f->p * CrmLog(t) + f->q * CrmLog1p(t);
	if (f->a != 0.0)
		sum -= f->a * CrmLog1p(f->y * t);
	return sum - f->z * t;
}

/* minus the second derivative of phi with respect to s */
static double
Curvature(const PeakIntegrand *f, double t)
{
	double one = t / (1.0 + t);
	double two = f->y * t / (1.0 + f->y * t);

	return f->z * t + f->a * two * (1.0 - two) - f->q * one * (1.0 - one);
}

/* One node of either substitution: the integrand times du */
static double
Node(const PeakIntegrand *f, double origin, double width, double u, int tail)
{
	double grow = CrmExp(u);
	double shrink = 1.0 / grow;
	double d;
	double weight;
	double value;

	if (tail)
	{
		d = CrmExp(u - shrink);
		weight = d * (1.0 + shrink);
	}
	else
	{
		d = 0.5 * (grow - shrink);
		weight = 0.5 * (grow + shrink);
	}
	value = CrmExp(PhiDifference(f, origin, width * d)) * weight;
	return isnan(value) ? 0.0 : value;
}

/*
 * Sum of the nodes first, first + step, ... in one direction, until three in a
 * row no longer count beside it and what is known already.
 */
static double
Side(const PeakIntegrand *f, double origin, double width, double first, double step, int tail,
	 double known)
{
	double sum = 0.0;
	int	   small = 0;

	for (int i = 0; i < MAX_POINTS && small < 3; i++)
	{
		double value = Node(f, origin, width, first + i * step, tail);

		sum += value;
		small = value <= NEGLIGIBLE * (sum + known) ? small + 1 : 0;
	}
	return sum;
}

/* log of the integral of exp(phi(s) - phi(log(origin))) */
static double
LogTrapezoid(const PeakIntegrand *f, double origin, double width, int tail)
{
	double step = 0.25;
	double sum = Node(f, origin, width, 0.0, tail);

	sum += Side(f, origin, width, step, step, tail, sum);
	sum += Side(f, origin, width, -step, -step, tail, sum);
	for (int halving = 0; halving < MAX_HALVINGS; halving++)
	{
		double middle = Side(f, origin, width, 0.5 * step, step, tail, sum);

		middle += Side(f, origin, width, -0.5 * step, -step, tail, sum + middle);
		step *= 0.5;
		if (fabs(middle - sum) <= 1e-13 * sum)
			return CrmLog((sum + middle) * step * width);
		sum += middle;
	}
	return CrmLog(sum * step * width);
}

double
CrmLogPeakIntegral(const PeakIntegrand *f)
{
	double curvature = Curvature(f, f->mode);
	double width = curvature > 1.0 ? 1.0 / sqrt(curvature) : 1.0;

	return LogTrapezoid(f, f->mode, width, 0) + PhiAt(f, f->mode);
}

double
CrmLogTailIntegral(const PeakIntegrand *f, double start)
{
	double one = start / (1.0 + start);
	double two = f->y * start / (1.0 + f->y * start);
	double slope = f->a * two + f->z * start - f->q * one - f->p;
	double curvature = Curvature(f, start);
	double rate = (slope > 0.0 ? slope : 0.0) + (curvature > 1.0 ? sqrt(curvature) : 1.0);

	return LogTrapezoid(f, start, 1.0 / rate, 1);
}
