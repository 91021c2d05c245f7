/*
 * fit.h - what the fits of all models share: starts, convergence, covariance.
 */
#ifndef CRM_MATH_FIT_H
#define CRM_MATH_FIT_H

#include "math/btyd.h"

#define CRM_MAX_STARTS 9
#define CRM_MANY_HISTORIES 20000

/* Log-likelihood at parameters, with its gradient in their logarithms. */
typedef double (*CrmLikelihood)(void *context, const double *params, double *gradient);

typedef struct CrmFitTask
{
	CrmLikelihood likelihood;
	void		 *context;
	int			  count;
	const char	 *names[CRM_MAX_PARAMETERS];
	double		  scale[CRM_MAX_PARAMETERS];  /* size of the data's unit: starts and bounds */
	double		  judged[CRM_MAX_PARAMETERS]; /* unit in which 1e-5 .. 1e5 is meant */
	int			  start_count;
	double		  starts[CRM_MAX_STARTS][CRM_MAX_PARAMETERS]; /* in units of scale */
	double		  customers;
	bool		  thorough; /* run all starts even where the first converges */
	bool		  costly;	/* so many histories that evaluations have to be counted */
} CrmFitTask;

extern void CrmRunFit(const CrmFitTask *task, CrmFit *fit);

/* A fit without parameters, and why. */
extern void CrmNoFit(int count, double customers, const char *reason, CrmFit *fit);

#endif
