/*
 * elementary_kernel.h - the branch-free bodies of exp, log and log1p.
 *
 * Included by elementary.c (one value) and vector.c (arrays) only, so that
 * both run the very same operations. No branch and no table: a compiler can
 * turn a loop over any of them into vector code of any width, and as each lane
 * sees the same IEEE operations in the same order, no bit depends on it.
 *
 * Method of log and log1p: reduction to [sqrt(1/2), sqrt(2)) and the rational
 * form in s = f / (2 + f) with minimax coefficients of K. C. Ng, FreeBSD msun
 * e_log.c (1993, public domain notice of Sun Microsystems: "Permission to use,
 * copy, modify, and distribute this software is freely granted, provided that
 * this notice is preserved"); exp: Cody and Waite (1980), Software Manual for
 * the Elementary Functions, ch. 6: r = x - k ln 2 in two parts, then the
 * Taylor polynomial of degree 13, 4e-18 relative on |r| <= ln(2) / 2.
 */
#ifndef CRM_MATH_ELEMENTARY_KERNEL_H
#define CRM_MATH_ELEMENTARY_KERNEL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define CRM_ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define CRM_ALWAYS_INLINE static inline
#endif

/* ln 2 in two parts: the first has 32 significant bits, so k times it is exact */
#define LN2_HIGH 6.93147180369123816490e-01
#define LN2_LOW 1.90821492927058770002e-10
#define LOG2_E 1.44269504088896338700e+00

/* Adding it rounds to the nearest integer, which then sits in the low bits. */
#define ROUND_SHIFT 0x1.8p52

CRM_ALWAYS_INLINE uint64_t
BitsOf(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

CRM_ALWAYS_INLINE double
OfBits(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* (exp(r) - 1 - r) for |r| <= ln(2) / 2 */
CRM_ALWAYS_INLINE double
ExpRest(double r)
{
	double r2 = r * r;
	double r4 = r2 * r2;
	double low = (1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120));
	double middle = (1.0 / 720 + r * (1.0 / 5040)) + r2 * (1.0 / 40320 + r * (1.0 / 362880));
	double high = (1.0 / 3628800 + r * (1.0 / 39916800)) +
				  r2 * (1.0 / 479001600 + r * (1.0 / 6227020800.0));

	return r2 * (low + r4 * (middle + r4 * high));
}

/* 2^k from k + ROUND_SHIFT, -1022 <= k <= 1023 */
CRM_ALWAYS_INLINE double
PowerOfTwo(double shifted)
{
	return OfBits((BitsOf(shifted) + 1023) << 52);
}

/*
 * exp(x + tail) with |tail| below an ulp of x. Arguments past the range are
 * moved to where the result overflows or underflows by itself; NaN passes.
 * 2^k is applied in two halves, so denormal results are rounded only once.
 */
CRM_ALWAYS_INLINE double
ExpKernel(double x, double tail)
{
	double bounded = x > 710.0 ? 710.0 : x;
	double inside = bounded < -746.0 ? -746.0 : bounded;
	double k = (inside * LOG2_E + ROUND_SHIFT) - ROUND_SHIFT;
	double half = k * 0.5 + ROUND_SHIFT;
	double other = (k - (half - ROUND_SHIFT)) + ROUND_SHIFT;
	double high = inside - k * LN2_HIGH;
	double low = k * LN2_LOW - tail;
	double r = high - low;
	double lost = (high - r) - low;
	double y = 1.0 + (r + (ExpRest(r) + lost));

	return (y * PowerOfTwo(half)) * PowerOfTwo(other);
}

/* log(1 + f) = f - (f^2 / 2 - LogRest(f)) for sqrt(1/2) - 1 <= f < sqrt(2) - 1 */
CRM_ALWAYS_INLINE double
LogRest(double f)
{
	double s = f / (2.0 + f);
	double z = s * s;
	double w = z * z;
	double even = w * (3.999999999940941908e-01 +
					   w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
	double odd = z * (6.666666666666735130e-01 +
					  w * (2.857142874366239149e-01 +
						   w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));

	return s * (0.5 * f * f + (even + odd));
}

/* The bits of a mantissa in [sqrt(1/2), sqrt(2)), and what to add to get there */
#define LOG_LOWEST UINT64_C(0x3fe6a09e00000000)
#define LOG_OFFSET (UINT64_C(0x3ff0000000000000) - LOG_LOWEST)

/* k of x = 2^k m, m in [sqrt(1/2), sqrt(2)), from bits + LOG_OFFSET, as a double */
CRM_ALWAYS_INLINE double
LogExponent(uint64_t offset_bits)
{
	return OfBits((offset_bits >> 52) | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023.0);
}

CRM_ALWAYS_INLINE double
LogMantissa(uint64_t offset_bits)
{
	return OfBits((offset_bits & UINT64_C(0x000fffffffffffff)) + LOG_LOWEST);
}

/* k ln 2 + log(1 + f) + tail */
CRM_ALWAYS_INLINE double
LogSum(double k, double f, double tail)
{
	double half_square = 0.5 * f * f;
	double low = LogRest(f) + (k * LN2_LOW + tail);

	return k * LN2_HIGH - ((half_square - low) - f);
}

/* The result for arguments outside (0, inf), where value is log(x) inside */
CRM_ALWAYS_INLINE double
LogEdges(double x, double value)
{
	double above = x < INFINITY ? value : x; /* inf and NaN stay */
	double at_zero = x == 0.0 ? -INFINITY : above;

	return x < 0.0 ? NAN : at_zero;
}

CRM_ALWAYS_INLINE double
LogKernel(double x)
{
	double	 denormal = x < 0x1p-1022 ? 54.0 : 0.0;
	double	 scale = x < 0x1p-1022 ? 0x1p54 : 1.0;
	uint64_t bits = BitsOf(x * scale) + LOG_OFFSET;
	double	 k = LogExponent(bits) - denormal;

	return LogEdges(x, LogSum(k, LogMantissa(bits) - 1.0, 0.0));
}

/*
 * log(1 + x): the rounding error of u = 1 + x is recovered exactly (Knuth's
 * two-sum), scaled like the mantissa and added to f; what that addition loses
 * enters to first order. For k = 0 f is x itself, so small x keep every digit.
 */
CRM_ALWAYS_INLINE double
Log1pKernel(double x)
{
	double	 u = 1.0 + x;
	double	 back = u - 1.0;
	double	 lost = (1.0 - (u - back)) + (x - back);
	uint64_t bits = BitsOf(u) + LOG_OFFSET;
	double	 k = LogExponent(bits);
	double	 scale = 0.5 * OfBits((UINT64_C(2047) - (bits >> 52)) << 52);
	double	 exact = LogMantissa(bits) - 1.0;
	double	 moved = lost * scale;
	double	 f = exact + moved;
	double	 tail = ((exact - f) + moved) * (1.0 - f);
	double	 value = LogEdges(u, LogSum(k, f, tail));

	return x == 0.0 ? x : value; /* keeps the sign of zero */
}

#endif /* CRM_MATH_ELEMENTARY_KERNEL_H */
