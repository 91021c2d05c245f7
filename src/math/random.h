/*
 * random.h - random draws, the same bits on every machine.
 *
 * A generator is 64 bits of state (SplitMix64: Steele, Lea, Flood 2014, "Fast
 * splittable pseudorandom number generators"), cheap enough to keep one per
 * simulated customer, so that no customer's draws depend on another's. Not for
 * secrets.
 */
#ifndef CRM_MATH_RANDOM_H
#define CRM_MATH_RANDOM_H

#include <stdint.h>

typedef uint64_t CrmRandom;

/* The generator number `stream` of `seed` */
extern CrmRandom CrmRandomStart(int64_t seed, int64_t stream);

static inline uint64_t
CrmRandomMix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Inside (0, 1), never 0 or 1 */
static inline double
CrmRandomUniform(CrmRandom *random)
{
	*random += UINT64_C(0x9e3779b97f4a7c15);
	return ((double) (CrmRandomMix(*random) >> 12) + 0.5) * 0x1p-52;
}

/* Mean 1 */
extern double CrmRandomExponential(CrmRandom *random);

/* Mean 0, variance 1 */
extern double CrmRandomNormal(CrmRandom *random);

/* Gamma of that shape > 0 and scale 1 */
extern double CrmRandomGamma(CrmRandom *random, double shape);

/* The same for a small whole shape, 1 to 16, at the price of one logarithm */
extern double CrmRandomErlang(CrmRandom *random, int shape);

/* An index below n, each as likely as its weight; the weights add up to more than 0 */
extern int CrmRandomChoice(CrmRandom *random, const double *weights, int n);

#endif /* CRM_MATH_RANDOM_H */
