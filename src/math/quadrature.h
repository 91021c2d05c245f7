/*
 * quadrature.h - integrals of exp(phi(s)) over the real line, where
 *
 *   phi(s) = p s + q log(1 + e^s) - a log(1 + y e^s) - z e^s
 *
 * rises to one maximum and falls on both sides: 2F1, U and the incomplete beta
 * function in terms that are all positive.
 */
#ifndef CRM_MATH_QUADRATURE_H
#define CRM_MATH_QUADRATURE_H

typedef struct PeakIntegrand
{
	double p;
	double q;
	double a;
	double y;
	double z;
	double mode; /* t = e^s where phi is largest, as nearly as the caller knows */
} PeakIntegrand;

/* log of the integral */
extern double CrmLogPeakIntegral(const PeakIntegrand *f);

/*
 * log of the part beyond s = log(start), where phi falls from start on, over
 * the integrand's value at start.
 */
extern double CrmLogTailIntegral(const PeakIntegrand *f, double start);

#endif /* CRM_MATH_QUADRATURE_H */
