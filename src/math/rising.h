/*
 * rising.h - sums over z, z + 1, ..., z + n - 1: the rising factorial in logs
 * and its derivative, without the cancellation of lgamma(z + n) - lgamma(z).
 */
#ifndef CRM_MATH_RISING_H
#define CRM_MATH_RISING_H

/* sum of log(z + i), i = 0 .. n - 1; z > 0, n a whole number >= 0 */
extern double CrmLogRising(double z, double n);

/* sum of 1 / (z + i), i = 0 .. n - 1 */
extern double CrmSumInverse(double z, double n);

/* sum of log((z + i) / (z + a + i)), i = 0 .. n - 1; z > 0, a >= 0 */
extern double CrmLogSurvival(double a, double z, double n);

#endif
