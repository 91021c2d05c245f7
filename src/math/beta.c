/*
 * beta.c - the regularised incomplete beta function I_x(a, b), in both tails.
 *
 * The tail that does not contain the mean is computed, as a sum of positive
 * terms where that is short, by a continued fraction where a, b >= 1, else by
 * quadrature; the other one is the complement, except where that would lose
 * digits. Relative error about 1e-13 + 2e-16 |log I|.
 */
#include "math/special.h"

#include <math.h>

#include "math/elementary.h"
#include "math/pairs.h"
#include "math/quadrature.h"

#define LOG_2PI 1.8378770664093453
#define MAX_TERMS 1000
#define MAX_FRACTIONS 10000

/* Distance of x from the mean, a y - b x = a - (a + b) x, y = 1 - x */
static Pair
Lambda(double a, double b, double x, double y)
{
	Pair sum = TwoSum(a, b);
	Pair product = TwoProduct(sum.high, x <= y ? x : y);

	if (x <= y)
		return TwoSum(a - product.high, -product.low - sum.low * x);
	return TwoSum(product.high - b, product.low + sum.low * y);
}

/* e - log(1 + e) = e r - 2 (r^3 / 3 + r^5 / 5 + ...), r = e / (2 + e), for |e| <= .3 */
static double
LogExcess(double e)
{
	double r = e / (2.0 + e);
	double square = r * r;
	double sum = 0.0;

	for (int odd = 19; odd >= 3; odd -= 2)
		sum = sum * square + 1.0 / odd;
	return e * r - 2.0 * r * square * sum;
}

/*
 * a (e - log(1 + e)) for e = lambda / a; what e loses by rounding enters to
 * first order. ratio = 1 + e is for e near -1.
 */
static double
Deviance(double a, Pair lambda, double ratio)
{
	double e = lambda.high / a;
	Pair   product = TwoProduct(e, a);
	double lost = ((lambda.high - product.high) - product.low) + lambda.low;
	double excess;

	if (fabs(e) <= 0.3)
		excess = LogExcess(e);
	else if (e > -0.7)
		excess = e - CrmLog1p(e);
	else
		return a * (e - CrmLog(ratio));
	return a * excess + lost * (e / (1.0 + e));
}

/*
 * For a, b >= 10 through the distance from the mean (Didonato and Morris 1992,
 * section 2), so that nothing of the size of a log x cancels.
 */
double
CrmLogBetaPower(double a, double b, double x, double y)
{
	Pair   lambda;
	double rests;
	double sum = a + b;

	if (a < 10.0 || b < 10.0)
	{
		double log_x = x <= y ? CrmLog(x) : CrmLog1p(-y);
		double log_y = x <= y ? CrmLog1p(-x) : CrmLog(y);

		return (a * log_x + b * log_y) - CrmLogBeta(a, b);
	}
	lambda = Lambda(a, b, x, y);
	rests = (CrmStirlingRest(a) - CrmStirlingRest(sum)) + CrmStirlingRest(b);
	return 0.5 * (CrmLog(a * (b / sum)) - LOG_2PI) - rests -
		   (Deviance(a, (Pair){-lambda.high, -lambda.low}, x * (sum / a)) +
			Deviance(b, lambda, y * (sum / b)));
}

/* I_x(a, b) / (x^a y^b / (a B(a, b))) = 2F1(a + b, 1; a + 1; x) (A and S 1964, 26.5.4) */
static double
SeriesFactor(double a, double b, double x)
{
	double term = 1.0;
	double sum = 1.0;

	for (int n = 0; n < MAX_TERMS && term > 1e-17 * sum; n++)
	{
		term *= (a + b + n) / (a + 1.0 + n) * x;
		sum += term;
	}
	return sum;
}

/*
 * I_x(a, b) / (x^a y^b / B(a, b)): continued fraction of Didonato and Morris
 * (1992), eq. 9, by Steed's and Lentz's forward evaluation (Thompson and
 * Barnett 1986). NaN when it does not settle.
 */
static double
FractionFactor(double a, double b, double x, double y, double lambda)
{
	double value = a * (lambda + 1.0) / (a + 1.0);
	double ratio_c = value;
	double ratio_d = 0.0;

	for (int m = 1; m < MAX_FRACTIONS; m++)
	{
		double odd = a + 2.0 * m - 1.0;
		double half = m * (b - m) * x / odd;
		double numerator = (a + m - 1.0) / odd * (a + b + m - 1.0) * x * half;
		double denominator = m + half + (a + m) / (odd + 2.0) * (lambda + 1.0 + m * (1.0 + y));
		double change;

		ratio_d = 1.0 / (denominator + numerator * ratio_d);
		ratio_c = denominator + numerator / ratio_c;
		change = ratio_c * ratio_d;
		value *= change;
		if (fabs(change - 1.0) <= 2e-16)
			return 1.0 / value;
	}
	return NAN;
}

/*
 * By quadrature: with e^s = (1 - t) / t, I_x(a, b) B(a, b) is the integral of
 * e^(b s) (1 + e^s)^(-a - b) beyond s = log(y / x).
 */
static double
LogTail(double a, double b, double x, double y)
{
	PeakIntegrand f = {.p = b, .q = -(a + b)};

	return CrmLogTailIntegral(&f, y / x) + CrmLogBetaPower(a, b, x, y);
}

/* log I_x(a, b) where x lies below the mean a / (a + b) by lambda / (a + b) */
static double
LogLower(double a, double b, double x, double y, double lambda)
{
	double first = (a + b) / (a + 1.0) * x;
	double factor;

	if (first <= 0.8 && x <= 0.8)
		return CrmLogBetaPower(a, b, x, y) + CrmLog(SeriesFactor(a, b, x) / a);
	if (a >= 1.0 && b >= 1.0)
	{
		factor = FractionFactor(a, b, x, y, lambda);
		if (!isnan(factor))
			return CrmLogBetaPower(a, b, x, y) + CrmLog(factor);
	}
	return LogTail(a, b, x, y);
}

/*
 * The tail away from the mean: log I_x(a, b), *upper false, or the log of its
 * complement, *upper true. NaN outside the domain.
 */
static double
LogNearTail(double a, double b, double x, double y, int *upper)
{
	double lambda;

	*upper = 0;
	if (!(a > 0.0 && b > 0.0 && x >= 0.0 && y >= 0.0) || isinf(a) || isinf(b) || x > 1.0 ||
		y > 1.0)
		return NAN;
	if (x == 0.0)
		return -INFINITY;
	if (y == 0.0)
		return 0.0;
	lambda = Lambda(a, b, x, y).high;
	*upper = lambda < 0.0;
	return *upper ? LogLower(b, a, y, x, -lambda) : LogLower(a, b, x, y, lambda);
}

/* log(1 - exp(near)), recomputed where the difference would lose digits */
static double
LogFarTail(double a, double b, double x, double y, double near, int upper)
{
	double value = CrmExp(near);

	if (value <= 0.9 || isnan(near) || x == 0.0 || y == 0.0)
		return CrmLog1p(-value);
	return upper ? LogTail(a, b, x, y) : LogTail(b, a, y, x);
}

static double
FarTail(double a, double b, double x, double y, double near, int upper)
{
	double value = CrmExp(near);

	if (value <= 0.9 || isnan(near) || x == 0.0 || y == 0.0)
		return 1.0 - value;
	return CrmExp(upper ? LogTail(a, b, x, y) : LogTail(b, a, y, x));
}

double
CrmLogBetaIncPair(double a, double b, double x, double y, double *log_complement)
{
	int	   upper;
	double near = LogNearTail(a, b, x, y, &upper);
	double far = LogFarTail(a, b, x, y, near, upper);

	if (log_complement)
		*log_complement = upper ? near : far;
	return upper ? far : near;
}

double
CrmBetaInc(double a, double b, double x)
{
	int	   upper;
	double near = LogNearTail(a, b, x, 1.0 - x, &upper);

	return upper ? FarTail(a, b, x, 1.0 - x, near, upper) : CrmExp(near);
}

double
CrmBetaIncComplement(double a, double b, double x)
{
	int	   upper;
	double near = LogNearTail(a, b, x, 1.0 - x, &upper);

	return upper ? CrmExp(near) : FarTail(a, b, x, 1.0 - x, near, upper);
}

double
CrmLogBetaInc(double a, double b, double x)
{
	int	   upper;
	double near = LogNearTail(a, b, x, 1.0 - x, &upper);

	return upper ? LogFarTail(a, b, x, 1.0 - x, near, upper) : near;
}
