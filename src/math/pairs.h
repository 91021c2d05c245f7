/*
 * pairs.h - sums and products with their rounding errors (Knuth 1969; Veltkamp
 * 1968 and Dekker 1971), exact as long as nothing overflows or is contracted.
 */
#ifndef CRM_MATH_PAIRS_H
#define CRM_MATH_PAIRS_H

typedef struct Pair
{
	double high;
	double low;
} Pair;

/* a + b exactly */
static inline Pair
TwoSum(double a, double b)
{
	double sum = a + b;
	double back = sum - a;

	return (Pair){sum, (a - (sum - back)) + (b - back)};
}

/* a * b exactly */
static inline Pair
TwoProduct(double a, double b)
{
	double product = a * b;
	double split_a = 134217729.0 * a;
	double split_b = 134217729.0 * b;
	double a1 = split_a - (split_a - a);
	double b1 = split_b - (split_b - b);
	double a2 = a - a1;
	double b2 = b - b1;

	return (Pair){product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2};
}

#endif /* CRM_MATH_PAIRS_H */
