/*
 * random.c - see random.h.
 */
#include "math/random.h"

#include <math.h>

#include "math/elementary.h"

#define MAX_REJECTIONS 1000 /* none is ever needed; no loop without a bound */

CrmRandom
CrmRandomStart(int64_t seed, int64_t stream)
{
	uint64_t start = CrmRandomMix((uint64_t) seed + UINT64_C(0x9e3779b97f4a7c15));

	return CrmRandomMix(start ^ CrmRandomMix((uint64_t) stream + UINT64_C(0x632be59bd9b4e019)));
}

double
CrmRandomExponential(CrmRandom *random)
{
	return -CrmLog(CrmRandomUniform(random));
}

/* Polar method (Marsaglia and Bray 1964); the second normal is not kept */
double
CrmRandomNormal(CrmRandom *random)
{
	for (int i = 0; i < MAX_REJECTIONS; i++)
	{
		double u = 2.0 * CrmRandomUniform(random) - 1.0;
		double v = 2.0 * CrmRandomUniform(random) - 1.0;
		double square = u * u + v * v;

		if (square < 1.0 && square > 0.0)
			return u * sqrt(-2.0 * CrmLog(square) / square);
	}
	return 0.0;
}

/* Marsaglia and Tsang (2000), "A simple method for generating gamma variables" */
static double
GammaFromOne(CrmRandom *random, double shape)
{
	double d = shape - 1.0 / 3.0;
	double c = 1.0 / (3.0 * sqrt(d));

	for (int i = 0; i < MAX_REJECTIONS; i++)
	{
		double x = CrmRandomNormal(random);
		double root = 1.0 + c * x;
		double u = CrmRandomUniform(random);
		double v = root * root * root;

		if (root <= 0.0)
			continue;
		if (u < 1.0 - 0.0331 * (x * x) * (x * x) ||
			CrmLog(u) < 0.5 * x * x + d * (1.0 - v + CrmLog(v)))
			return d * v;
	}
	return d;
}

double
CrmRandomGamma(CrmRandom *random, double shape)
{
	double gamma;

	if (shape >= 1.0)
		return GammaFromOne(random, shape);
	gamma = GammaFromOne(random, shape + 1.0);
	return gamma * CrmPow(CrmRandomUniform(random), 1.0 / shape); /* their section 6 */
}

double
CrmRandomErlang(CrmRandom *random, int shape)
{
	double product = 1.0;

	for (int i = 0; i < shape; i++)
		product *= CrmRandomUniform(random);
	return -CrmLog(product);
}

int
CrmRandomChoice(CrmRandom *random, const double *weights, int n)
{
	double sum = 0.0;
	double rest;

	for (int i = 0; i < n; i++)
		sum += weights[i];
	rest = sum * CrmRandomUniform(random);
	for (int i = 0; i < n - 1; i++)
	{
		rest -= weights[i];
		if (rest < 0.0)
			return i;
	}
	return n - 1;
}
