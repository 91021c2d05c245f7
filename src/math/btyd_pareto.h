/*
 * btyd_pareto.h - likelihood of Pareto/NBD.
 */
#ifndef CRM_MATH_BTYD_PARETO_H
#define CRM_MATH_BTYD_PARETO_H

#include "math/btyd.h"

/*
 * The odds of having left by T, and averages over the time of leaving u given
 * that: all a gradient needs.
 */
typedef struct CrmDeparture
{
	double log_odds;	  /* -1e30 where there was no time to leave */
	double log_scale;	  /* mean of log((alpha + T) / (alpha + u)) */
	double inverse_scale; /* mean of 1 / (alpha + u) */
	double log_beta;	  /* mean of log((beta + T) / (beta + u)) */
	double inverse_beta;  /* mean of 1 / (beta + u) */
} CrmDeparture;

extern void CrmParetoDeparture(const double *params, double frequency, double recency,
							   double age, CrmDeparture *departure);

extern double CrmParetoLikelihood(const CrmSample *sample, const double *params,
								  const CrmHooks *hooks, double *gradient);

#endif
