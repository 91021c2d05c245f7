/*
 * hypergeometric.c - log |2F1(a, b; c; z)| for real arguments, z <= 1.
 *
 * Every way used sums terms of one sign whenever a, b, c > 0 and z >= 0:
 *   series      Gauss's series (Abramowitz and Stegun 1964, 15.1.1), of the
 *               function or of its Euler transform (15.3.3), whichever has
 *               c - a - b >= 0 and so the smaller terms;
 *   integral    Euler's integral (15.3.1) where the series is long and c > a or
 *               c > b, by quadrature.c;
 *   continuation  Taylor steps of the hypergeometric equation (15.5.1) towards
 *               z, whose coefficients are all positive where c is small.
 * z < 0 is brought to 0 <= z < 1 by Pfaff's transformation (15.3.4).
 */
#include "math/special.h"

#include <math.h>

#include "math/elementary.h"
#include "math/quadrature.h"

#define LN2 0.6931471805599453
#define MAX_TERMS 1000000
#define MAX_STEP_TERMS 20000
#define MAX_STEPS 2000
#define SHORT_SERIES 2000.0 /* terms; beyond, the other ways are cheaper */
#define RESCALE 512			/* binary exponent at which sums are scaled down */

typedef struct Hypergeometric
{
	double a;
	double b;
	double c;
	double z;
	double y; /* 1 - z */
} Hypergeometric;

/* value x 2^exponent and derivative x 2^exponent */
typedef struct Scaled
{
	double value;
	double derivative;
	double exponent;
} Scaled;

static double
LogScaled(Scaled f, int *sign)
{
	*sign = (f.value > 0.0) - (f.value < 0.0);
	return CrmLog(fabs(f.value)) + f.exponent * LN2;
}

/* ---- series ---- */

static double
TermRatio(const Hypergeometric *f, double n)
{
	return (f->a + n) * (f->b + n) * f->z / ((f->c + n) * (n + 1.0));
}

/* No parameter changes sign any more, so the terms do not either from n on */
static int
SignsSettled(const Hypergeometric *f, double n)
{
	return f->a + n > 0.0 && f->b + n > 0.0 && f->c + n > 0.0;
}

/* The sum of the terms, and of n x term / z; value NaN when it does not end */
static Scaled
Series(const Hypergeometric *f)
{
	double term = 1.0;
	double sum = 1.0;
	double moment = 0.0;
	double exponent = 0.0;

	for (int n = 0; n < MAX_TERMS; n++)
	{
		double ratio = TermRatio(f, n);
		double enough = 1e-17 * (1.0 - ratio); /* below it the rest is negligible */

		term *= ratio;
		sum += term;
		moment += (n + 1) * term;
		if (term == 0.0)
			return (Scaled){sum, f->z > 0.0 ? moment / f->z : 0.0, exponent};
		if (fabs(term) <= enough * fabs(sum) &&
			fabs(term * ratio) * (n + 2) <= enough * fabs(moment) && SignsSettled(f, n))
			return (Scaled){sum, moment / f->z, exponent};
		if (isnan(term))
			break;
		if (fabs(term) > 0x1p512)
		{
			term *= 0x1p-512;
			sum *= 0x1p-512;
			moment *= 0x1p-512;
			exponent += RESCALE;
		}
	}
	return (Scaled){NAN, NAN, 0.0};
}

/*
 * About how many terms the series of positive terms needs: the logarithms of
 * the ratios are summed over stretches that double in length.
 */
static double
SeriesLength(const Hypergeometric *f)
{
	double height = 0.0;
	double highest = 0.0;
	double from = 0.0;
	double stretch = 8.0;

	if (f->z <= 0.5 && f->a + f->b < f->c + 20.0)
		return 60.0;
	while (from < MAX_TERMS)
	{
		double ratio = TermRatio(f, from + 0.5 * stretch);
		double change = CrmLog(ratio) * stretch;

		if (ratio < 1.0 && height + change < highest - 42.0)
			return from + stretch * (highest - 42.0 - height) / change;
		height += change;
		highest = height > highest ? height : highest;
		from += stretch;
		stretch = 0.25 * from > 8.0 ? 0.25 * from : 8.0;
	}
	return from;
}

/* ---- Taylor steps ---- */

/*
 * Value and derivative at f->z + step from those at f->z. The coefficients obey
 *   z y (n+1) (n+2) t(n+2) = (n+1) ((2z - 1) n + (a+b+1) z - c) t(n+1)
 *                            + (n+a) (n+b) t(n).
 */
static Scaled
TaylorStep(const Hypergeometric *f, Scaled from, double step)
{
	double start = (f->a + f->b + 1.0) * f->z - f->c;
	double slope = 2.0 * f->z - 1.0;
	double factor = step / (f->z * f->y);
	double previous = from.value;
	double current = from.derivative * step;
	double sum = previous + current;
	double moment = current;

	for (int n = 0; n < MAX_STEP_TERMS; n++)
	{
		double next = factor / (n + 2) *
					  ((slope * n + start) * current +
					   step * ((n + f->a) * (n + f->b) / (n + 1.0)) * previous);

		previous = current;
		current = next;
		sum += next;
		moment += (n + 2) * next;
		if ((n + 2) * fabs(next) <= 1e-18 * fabs(moment) && fabs(next) <= fabs(previous) &&
			fabs(next) <= 1e-18 * fabs(sum))
			return (Scaled){sum, moment / step, from.exponent};
	}
	return (Scaled){NAN, NAN, 0.0};
}

/*
 * The series up to 1/2, from there on steps to z: each halves the distance to 1 at most, and
 * is short enough for the function not to grow beyond the range of a double.
 */
static Scaled
Continuation(const Hypergeometric *f)
{
	Hypergeometric at = *f;
	Scaled		   result;

	if (f->z <= 0.5)
		return Series(f);
	at.z = at.y = 0.5;
	result = Series(&at);
	for (int i = 0; i < MAX_STEPS && at.y > f->y; i++)
	{
		double step = 0.5 * at.y;
		double limit = fabs(200.0 * result.value / result.derivative);
		double y;

		step = limit < step ? limit : step;
		y = at.y - step > f->y ? at.y - step : f->y;
		result = TaylorStep(&at, result, at.y - y);
		at.y = y;
		at.z = y == f->y ? f->z : 1.0 - y;
		if (fabs(result.value) > 0x1p512)
		{
			result.value *= 0x1p-512;
			result.derivative *= 0x1p-512;
			result.exponent += RESCALE;
		}
	}
	if (at.y > f->y)
		/* not reached: no arguments are known that take so many steps */
		result.value = NAN;
	return result;
}

/* ---- Euler's integral ---- */

/*
 * B(b, c - b) F = integral over s of e^(b s) (1 + e^s)^(a - c) (1 + y e^s)^(-a),
 * from 15.3.1 with t = e^s / (1 + e^s); c > b > 0.
 */
static double
LogIntegral(const Hypergeometric *f, double a, double b)
{
	PeakIntegrand integrand = {.p = b, .q = a - f->c, .a = a, .y = f->y};
	double		  quadratic = (f->c - b) * f->y;
	double		  linear = (b - f->c) + a + (b - a) * f->y;
	double		  root = sqrt(linear * linear + 4.0 * quadratic * b);

	integrand.mode =
		linear > 0.0 ? (linear + root) / (2.0 * quadratic) : 2.0 * b / (root - linear);
	return CrmLogPeakIntegral(&integrand) - CrmLogBeta(b, f->c - b);
}

/* ---- choice ---- */

/* Gauss's theorem (15.1.20): z = 1, c > a + b */
static double
LogAtOne(const Hypergeometric *f, int *sign)
{
	double delta = f->c - f->a - f->b;

	if (!(delta > 0.0))
		return f->a == 0.0 || f->b == 0.0 ? 0.0 : INFINITY;
	if (f->c - f->a <= 0.0 || f->c - f->b <= 0.0 || f->c <= 0.0)
		return NAN;
	*sign = 1;
	return CrmLogGammaRatio(f->c - f->a, f->a) - CrmLogGammaRatio(delta, f->a);
}

/* Euler's integral with the role of b for whichever of a, b it allows, the smaller if both */
static double
LogEitherIntegral(const Hypergeometric *f, int *sign)
{
	int b_allowed = f->b > 0.0 && f->c > f->b;
	int a_allowed = f->a > 0.0 && f->c > f->a;

	*sign = 1;
	if (b_allowed && (f->b < f->a || !a_allowed))
		return LogIntegral(f, f->a, f->b);
	return LogIntegral(f, f->b, f->a);
}

/* a, b, c > 0, 0 < z < 1 */
static double
LogPositive(const Hypergeometric *f, int *sign)
{
	double		   delta = f->c - f->a - f->b;
	int			   transformable = f->c > f->a && f->c > f->b;
	Hypergeometric shorter = *f;
	double		   outside = 0.0;

	if (delta < 0.0 && transformable)
	{
		shorter.a = f->c - f->a;
		shorter.b = f->c - f->b;
		outside = delta * CrmLog(f->y);
	}
	if (SeriesLength(&shorter) <= SHORT_SERIES)
		return outside + LogScaled(Series(&shorter), sign);
	if (f->c <= f->a && f->c <= f->b)
		return LogScaled(Continuation(f), sign);
	return LogEitherIntegral(f, sign);
}

static double
LogHyp2f1(const Hypergeometric *f, int *sign)
{
	*sign = 1;
	if (f->a == 0.0 || f->b == 0.0 || f->z == 0.0)
		return 0.0;
	if (f->c == f->a) /* 15.1.8 */
		return -f->b * CrmLog(f->y);
	if (f->c == f->b)
		return -f->a * CrmLog(f->y);
	if (f->z == 1.0)
		return LogAtOne(f, sign);
	if (f->a > 0.0 && f->b > 0.0 && f->c > 0.0)
		return LogPositive(f, sign);
	if (f->c <= 0.0 && floor(f->c) == f->c)
		return NAN;
	if ((f->b > 0.0 && f->c > f->b) || (f->a > 0.0 && f->c > f->a))
		return LogEitherIntegral(f, sign);
	return LogScaled(Continuation(f), sign);
}

double
CrmLogHyp2f1Near(double a, double b, double c, double z, double y, int *sign)
{
	Hypergeometric f = {a, b, c, z, y};
	double		   outside = 0.0;
	double		   result = NAN;
	int			   own_sign = 0;

	if (isfinite(a) && isfinite(b) && isfinite(c) && isfinite(z) && z <= 1.0 && y >= 0.0)
	{
		if (z < 0.0) /* 15.3.4: (1 - z)^-b F(c - a, b; c; z / (z - 1)) */
		{
			outside = -b * CrmLog(y);
			f = (Hypergeometric){c - a, b, c, -z / y, 1.0 / y};
		}
		result = outside + LogHyp2f1(&f, &own_sign);
	}
	if (sign)
		*sign = isnan(result) ? 0 : own_sign;
	return result;
}

double
CrmLogHyp2f1(double a, double b, double c, double z, int *sign)
{
	return CrmLogHyp2f1Near(a, b, c, z, 1.0 - z, sign);
}
