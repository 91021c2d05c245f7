/*
 * optimise.h - maximum of a smooth function of a few parameters, with its
 * gradient: a quasi-Newton method that ends on the true Hessian.
 */
#ifndef CRM_MATH_OPTIMISE_H
#define CRM_MATH_OPTIMISE_H

#include <stdbool.h>

#define CRM_MAX_PARAMETERS 4

/*
 * Value and gradient of the function at a point; false where it is not
 * finite.  An objective that wants to be interrupted jumps out of here.
 */
typedef bool (*CrmObjective)(void *context, const double *point, double *value,
							 double *gradient);

typedef struct CrmOptimum
{
	int	   count; /* number of parameters */
	double point[CRM_MAX_PARAMETERS];
	double value;
	double gradient[CRM_MAX_PARAMETERS];
	double hessian[CRM_MAX_PARAMETERS][CRM_MAX_PARAMETERS];
	bool   has_hessian;
	int	   iterations;
	int	   evaluations;
	bool   settled; /* the gain still to be had is below the tolerance */
} CrmOptimum;

/*
 * Maximise from a starting point inside |point_i| <= bound; stops once the
 * gain a Newton step promises is below tolerance, or with the best point so
 * far after `budget` evaluations.
 */
extern void CrmMaximise(CrmObjective objective, void *context, int count, const double *start,
						double bound, double tolerance, int budget, CrmOptimum *optimum);

/* Inverse of a symmetric positive definite matrix; false where it is not. */
extern bool CrmInvertPositive(int count, double matrix[][CRM_MAX_PARAMETERS],
							  double inverse[][CRM_MAX_PARAMETERS]);

#endif
