/*
 * btyd.h - customer-base models: likelihoods, fits and predictions.
 *
 * Families: BG/NBD (Fader, Hardie and Lee 2005), MBG/NBD (Batislam, Denizel
 * and Filiztekin 2007), Pareto/NBD (Schmittlein, Morrison and Colombo 1987),
 * BG/BB (Fader, Hardie and Shang 2010).  Their parameters, in this order:
 * r, alpha, a, b; r, alpha, a, b; r, alpha, s, beta; alpha, beta, gamma, delta.
 *
 * Plain C, no PostgreSQL: memory and interrupts come through CrmHooks.
 */
#ifndef CRM_MATH_BTYD_H
#define CRM_MATH_BTYD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/optimise.h"

typedef enum CrmFamily
{
	CRM_BG_NBD,
	CRM_MBG_NBD,
	CRM_PARETO_NBD,
	CRM_BG_BB
} CrmFamily;

typedef struct CrmHooks
{
	void *(*allocate)(size_t size);
	void (*release)(void *memory);
	void (*interrupt)(void); /* called often; may jump away */
} CrmHooks;

/*
 * A population as its distinct histories, sorted by (frequency, recency, age).
 * Histories hold indexes into the ascending lists of distinct frequencies and
 * times, so that each logarithm is taken once.
 */
typedef struct CrmSample
{
	int				patterns;
	const uint32_t *frequency; /* index into frequencies */
	const uint32_t *recency;   /* index into times */
	const uint32_t *age;	   /* index into times */
	const double   *weight;	   /* customers, whole numbers */
	int				frequency_count;
	const double   *frequencies;
	const double   *frequency_weight; /* customers of each */
	int				time_count;
	const double   *times;
	double			customers;
} CrmSample;

/* What a fit found; standard errors and covariance only where converged. */
typedef struct CrmFit
{
	int	   count; /* parameters */
	double params[CRM_MAX_PARAMETERS];
	double standard_errors[CRM_MAX_PARAMETERS];
	double covariance[CRM_MAX_PARAMETERS][CRM_MAX_PARAMETERS];
	double log_likelihood;
	double customers;
	int	   iterations;
	int	   evaluations; /* of the likelihood of all histories */
	bool   usable;		/* there are parameters */
	bool   converged;
	char   reason[96]; /* empty where converged */
} CrmFit;

extern const char *CrmFamilyName(CrmFamily family);
extern const char *CrmParameterName(CrmFamily family, int parameter);

extern void CrmFitBtyd(CrmFamily family, const CrmSample *sample, const CrmHooks *hooks,
					   CrmFit *fit);

/*
 * Log-likelihood and its gradient in the logarithms of the parameters; the
 * work memory is CrmLikelihoodWork doubles.
 */
extern size_t CrmLikelihoodWork(CrmFamily family, const CrmSample *sample);
extern double CrmLogLikelihood(CrmFamily family, const CrmSample *sample, const double *params,
							   double *work, const CrmHooks *hooks, double *gradient);

#endif
