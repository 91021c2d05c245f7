/*
 * elementary.c - exp, log and friends of one value; see elementary.h.
 */
#include "math/elementary.h"

#include "math/elementary_kernel.h"
#include "math/pairs.h"

double
CrmExp(double x)
{
	return ExpKernel(x, 0.0);
}

double
CrmLog(double x)
{
	return LogKernel(x);
}

double
CrmLog1p(double x)
{
	return Log1pKernel(x);
}

/* exp(r) - 1 - r as a pair: the leading r^2 / 2 is exact, the rest is small */
static inline Pair
ExpRestPair(double r)
{
	double square = r * r;
	double rest = 0.0;
	Pair   half = TwoProduct(r, 0.5 * r);

	for (int n = 13; n >= 3; n--)
		rest = (1.0 + rest) * r / n;
	return (Pair){half.high, half.low + 0.5 * square * rest};
}

/*
 * exp(x) - 1 = (2^k - 1) + 2^k r + 2^k (exp(r) - 1 - r): each sum is kept with
 * its rounding error, so nothing is lost where the terms cancel.
 */
double
CrmExpm1(double x)
{
	double k;
	double high;
	double low;
	double r;
	double scale;
	Pair   base;
	Pair   rest;
	Pair   sum;
	Pair   total;

	if (!(x < 40.0)) /* 1 is below a tenth of an ulp; inf, NaN */
		return CrmExp(x);
	if (x < -40.0)
		return -1.0;
	if (fabs(x) < 0x1p-54) /* keeps the sign of zero, and denormals */
		return x;
	k = (x * LOG2_E + ROUND_SHIFT) - ROUND_SHIFT;
	high = x - k * LN2_HIGH;
	low = k * LN2_LOW;
	r = high - low;
	scale = PowerOfTwo(k + ROUND_SHIFT);
	base = TwoSum(scale, -1.0);
	rest = ExpRestPair(r);
	sum = TwoSum(base.high, scale * r);
	total = TwoSum(sum.high, scale * rest.high);
	return total.high +
		   (total.low + sum.low + base.low + scale * (rest.low + ((high - r) - low)));
}

/* ---- pow: logarithm and product in pairs ---- */

static inline Pair
AddPairs(Pair a, Pair b)
{
	Pair sum = TwoSum(a.high, b.high);

	return TwoSum(sum.high, sum.low + (a.low + b.low));
}

static inline Pair
MultiplyPairs(Pair a, Pair b)
{
	Pair product = TwoProduct(a.high, b.high);

	return TwoSum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

/* 1 + f as 2 + f's quotient f / (2 + f), both in pairs */
static Pair
AtanhArgument(double f)
{
	Pair   divisor = TwoSum(2.0, f);
	double quotient = f / divisor.high;
	Pair   product = TwoProduct(quotient, divisor.high);
	double rest = ((f - product.high) - product.low) - quotient * divisor.low;

	return TwoSum(quotient, rest / divisor.high);
}

/*
 * log(x) to about 2^-66 relative: 2 atanh(s), s = f / (2 + f), |s| < .1716,
 * series in s^2, the first three coefficients in pairs. x positive, finite.
 */
static Pair
LogPair(double x)
{
	double	 denormal = x < 0x1p-1022 ? 54.0 : 0.0;
	uint64_t bits = BitsOf(x < 0x1p-1022 ? x * 0x1p54 : x) + LOG_OFFSET;
	double	 k = LogExponent(bits) - denormal;
	Pair	 s = AtanhArgument(LogMantissa(bits) - 1.0);
	Pair	 z = MultiplyPairs(s, s);
	double	 rest = 0.0;
	Pair	 sum;

	for (int odd = 25; odd >= 7; odd -= 2)
		rest = rest * z.high + 1.0 / odd;
	sum = AddPairs((Pair){0.2, -1.1102230246251565e-17}, TwoProduct(z.high, rest));
	sum = AddPairs((Pair){0.33333333333333331, 1.850371707708594e-17}, MultiplyPairs(z, sum));
	sum = AddPairs((Pair){1.0, 0.0}, MultiplyPairs(z, sum));
	sum = MultiplyPairs((Pair){2.0 * s.high, 2.0 * s.low}, sum);
	return AddPairs(TwoSum(k * LN2_HIGH, k * LN2_LOW), sum);
}

static int
IsOddInteger(double y)
{
	return floor(y) == y && fabs(y) < 0x1p53 && floor(y * 0.5) * 2.0 != y;
}

/* pow(x, y) for the arguments where no logarithm is needed or possible */
static double
PowEdges(double x, double y)
{
	double magnitude = fabs(x);
	double result;

	if (x == 1.0 || y == 0.0)
		return 1.0;
	if (isnan(x) || isnan(y))
		return NAN;
	if (isinf(y))
	{
		if (magnitude == 1.0)
			return 1.0;
		return (magnitude > 1.0) == (y > 0.0) ? INFINITY : 0.0;
	}
	if (magnitude == 0.0 || isinf(x))
	{
		result = (magnitude == 0.0) == (y > 0.0) ? 0.0 : INFINITY;
		return signbit(x) && IsOddInteger(y) ? -result : result;
	}
	if (floor(y) != y)
		return NAN; /* a negative number to a fractional power */
	result = CrmPow(magnitude, y);
	return IsOddInteger(y) ? -result : result;
}

double
CrmPow(double x, double y)
{
	Pair   logarithm;
	Pair   product;
	double limit;

	if (!(x > 0.0 && x < INFINITY) || x == 1.0 || !(fabs(y) < INFINITY) || y == 0.0)
		return PowEdges(x, y);
	logarithm = LogPair(x);
	limit = y * logarithm.high;
	if (!(limit < 710.0 && limit > -746.0))
		return limit > 0.0 ? INFINITY : 0.0;
	if (fabs(y) < 0x1p-100) /* the split could lose denormal parts */
		return 1.0 + limit;
	product = TwoProduct(y, logarithm.high);
	product = TwoSum(product.high, product.low + y * logarithm.low);
	return ExpKernel(product.high, product.low);
}
