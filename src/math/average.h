/*
 * average.h - averages of positive functions over beta distributions, by the
 * trapezoidal rule on the whole line.
 */
#ifndef CRM_MATH_AVERAGE_H
#define CRM_MATH_AVERAGE_H

/* f at a value and at one minus it, which is exact near 1 */
typedef double (*CrmAverageFunction)(const void *context, double value, double complement);

/*
 * Mean of f over p ~ beta(a, b).  f varies by less than p x steepness, relative,
 * and less than 1 - p.
 */
extern double CrmBetaAverage(double a, double b, double steepness, CrmAverageFunction f,
							 const void *context);

/* 2F1(1, b; a + b; 1 - gap), a, b > 0, 0 <= gap <= 1; gap 0 needs a > 1 */
extern double CrmHyp2f1One(double a, double b, double gap);

#endif
