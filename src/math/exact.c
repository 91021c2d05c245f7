/*
 * exact.c - sums and sums of squares of doubles, without any rounding.
 *
 * What is asked of the sums is computed in whole numbers of any length too and
 * rounded at the end: n x (sum of squares) - (sum)^2 loses nothing where a
 * variance is small beside the mean.
 */
#include "math/exact.h"

#include <math.h>
#include <string.h>

typedef unsigned __int128 Wide;

#define CARRY_EVERY (INT64_C(1) << 28)
#define LIMB_MASK INT64_C(0xFFFFFFFF)

/* Large enough for n^2 x sum of squares and for sums times n. */
#define DIGITS (EXACT_SQUARES_LIMBS + 4)

/* A number of any sign: digits of 32 bits, least first. */
typedef struct Big
{
	bool	 negative;
	uint32_t digits[DIGITS];
} Big;

static inline void
AddBits(int64_t *limbs, Wide bits, int64_t sign)
{
	limbs[0] += sign * (int64_t) (bits & LIMB_MASK);
	limbs[1] += sign * (int64_t) ((bits >> 32) & LIMB_MASK);
	limbs[2] += sign * (int64_t) (bits >> 64);
}

void
CrmExactAdd(CrmExactMoments *moments, double value)
{
	uint64_t bits;
	uint64_t mantissa;
	int		 exponent;
	int		 place;
	Wide	 square;

	memcpy(&bits, &value, sizeof(bits));
	exponent = (int) (bits >> 52 & 0x7FF);
	mantissa = bits & ((UINT64_C(1) << 52) - 1);
	if (exponent > 0)
		mantissa |= UINT64_C(1) << 52;
	place = exponent > 0 ? exponent - 1 : 0; /* value = mantissa x 2^(place - 1074) */
	square = (Wide) mantissa * mantissa;
	AddBits(moments->sum + place / 32, (Wide) mantissa << place % 32, bits >> 63 ? -1 : 1);
	place *= 2;
	AddBits(moments->squares + place / 32, (Wide) (uint64_t) square << place % 32, 1);
	AddBits(moments->squares + place / 32 + 2, (square >> 64) << place % 32, 1);
	moments->n++;
	if (++moments->waiting >= CARRY_EVERY)
		CrmExactCarry(moments);
}

/* The last limb keeps the sign. */
static void
Carry(int64_t *limbs, int n)
{
	for (int i = 0; i + 1 < n; i++)
	{
		limbs[i + 1] += limbs[i] >> 32;
		limbs[i] &= LIMB_MASK;
	}
}

void
CrmExactCarry(CrmExactMoments *moments)
{
	Carry(moments->sum, EXACT_SUM_LIMBS);
	Carry(moments->squares, EXACT_SQUARES_LIMBS);
	moments->waiting = 0;
}

void
CrmExactMerge(CrmExactMoments *moments, CrmExactMoments *other)
{
	CrmExactCarry(moments);
	CrmExactCarry(other);
	moments->n += other->n;
	for (int i = 0; i < EXACT_SUM_LIMBS; i++)
		moments->sum[i] += other->sum[i];
	for (int i = 0; i < EXACT_SQUARES_LIMBS; i++)
		moments->squares[i] += other->squares[i];
	CrmExactCarry(moments);
}

bool
CrmExactIsCarried(const CrmExactMoments *moments)
{
	int64_t top = moments->sum[EXACT_SUM_LIMBS - 1];

	for (int i = 0; i + 1 < EXACT_SUM_LIMBS; i++)
		if (moments->sum[i] < 0 || moments->sum[i] > LIMB_MASK)
			return false;
	for (int i = 0; i < EXACT_SQUARES_LIMBS; i++)
		if (moments->squares[i] < 0 || moments->squares[i] > LIMB_MASK)
			return false;
	return top >= -LIMB_MASK && top <= LIMB_MASK;
}

/* --- whole numbers of any length --- */

static Big
BigFromLimbs(const int64_t *limbs, int n)
{
	Big		big = {.negative = limbs[n - 1] < 0};
	int64_t borrow = 0;

	for (int i = 0; i < n; i++)
	{
		int64_t limb = (big.negative ? -limbs[i] : limbs[i]) + borrow;

		big.digits[i] = (uint32_t) (limb & LIMB_MASK);
		borrow = limb >> 32;
	}
	return big;
}

static Big
BigTimes(const Big *a, uint64_t factor)
{
	Big	 product = {.negative = a->negative};
	Wide carry = 0;

	for (int i = 0; i < DIGITS; i++)
	{
		carry += (Wide) a->digits[i] * factor;
		product.digits[i] = (uint32_t) carry;
		carry >>= 32;
	}
	return product;
}

/* The square of a number of at most half the digits. */
static Big
BigSquare(const Big *a)
{
	Big square = {0};

	for (int i = 0; i < EXACT_SUM_LIMBS; i++)
	{
		uint64_t carry = 0;

		for (int k = 0; i + k < DIGITS; k++)
		{
			carry += square.digits[i + k];
			if (k < EXACT_SUM_LIMBS)
				carry += (uint64_t) a->digits[i] * a->digits[k];
			square.digits[i + k] = (uint32_t) carry;
			carry >>= 32;
		}
	}
	return square;
}

static int
CompareDigits(const Big *a, const Big *b)
{
	for (int i = DIGITS - 1; i >= 0; i--)
	{
		if (a->digits[i] != b->digits[i])
			return a->digits[i] < b->digits[i] ? -1 : 1;
	}
	return 0;
}

static Big
BigMinus(const Big *a, const Big *b)
{
	bool	   add = a->negative != b->negative;
	bool	   swap = !add && CompareDigits(a, b) < 0;
	const Big *larger = swap ? b : a;
	const Big *smaller = swap ? a : b;
	Big		   difference = {.negative = swap ? !a->negative : a->negative};
	int64_t	   carry = 0;

	for (int i = 0; i < DIGITS; i++)
	{
		carry += (int64_t) larger->digits[i];
		carry += add ? (int64_t) smaller->digits[i] : -(int64_t) smaller->digits[i];
		difference.digits[i] = (uint32_t) (carry & LIMB_MASK);
		carry >>= 32;
	}
	return difference;
}

/* big x 2^unit: the leading 64 bits, rounded to a double. */
static CrmScaled
BigScaled(const Big *big, int unit)
{
	CrmScaled scaled = {0, 0};
	uint64_t  leading;
	int		  top = DIGITS - 1;
	int		  shift = 0;

	while (top >= 0 && big->digits[top] == 0)
		top--;
	if (top < 0)
		return scaled;
	while (!(big->digits[top] << shift & UINT32_C(0x80000000)))
		shift++;
	leading = (uint64_t) big->digits[top] << 32 | (top > 0 ? big->digits[top - 1] : 0);
	if (shift > 0)
		leading = leading << shift | (top > 1 ? big->digits[top - 2] >> (32 - shift) : 0);
	scaled.fraction = frexp((double) leading, &scaled.exponent);
	scaled.exponent += unit + 32 * (top - 1) - shift;
	if (big->negative)
		scaled.fraction = -scaled.fraction;
	return scaled;
}

/* --- what the sums say --- */

double
CrmExactMean(const CrmExactMoments *moments)
{
	Big		  sum = BigFromLimbs(moments->sum, EXACT_SUM_LIMBS);
	CrmScaled scaled = BigScaled(&sum, -1074);

	return ldexp(scaled.fraction / (double) moments->n, scaled.exponent);
}

double
CrmExactMeanDifference(const CrmExactMoments *a, const CrmExactMoments *b)
{
	Big		  sum_a = BigFromLimbs(a->sum, EXACT_SUM_LIMBS);
	Big		  sum_b = BigFromLimbs(b->sum, EXACT_SUM_LIMBS);
	Big		  left = BigTimes(&sum_a, (uint64_t) b->n);
	Big		  right = BigTimes(&sum_b, (uint64_t) a->n);
	Big		  difference = BigMinus(&left, &right);
	CrmScaled scaled = BigScaled(&difference, -1074);

	return ldexp(scaled.fraction / (double) a->n / (double) b->n, scaled.exponent);
}

CrmScaled
CrmExactErrorSquare(const CrmExactMoments *moments)
{
	double	  n = (double) moments->n;
	Big		  sum = BigFromLimbs(moments->sum, EXACT_SUM_LIMBS);
	Big		  squares = BigFromLimbs(moments->squares, EXACT_SQUARES_LIMBS);
	Big		  left = BigTimes(&squares, (uint64_t) moments->n);
	Big		  right = BigSquare(&sum);
	Big		  excess = BigMinus(&left, &right);
	CrmScaled scaled = BigScaled(&excess, -2148);
	int		  more;

	if (excess.negative) /* no values have such sums */
		return (CrmScaled){0, 0};
	scaled.fraction = frexp(scaled.fraction / n / n / (n - 1), &more);
	scaled.exponent += more;
	return scaled;
}
