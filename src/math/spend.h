/*
 * spend.h - the Gamma-Gamma model of spend and the shifted beta-geometric
 * model of renewals: likelihoods and fits.
 */
#ifndef CRM_MATH_SPEND_H
#define CRM_MATH_SPEND_H

#include "math/btyd.h"

/* Customers by (frequency, mean spend), ascending; parameters p, q, gamma. */
typedef struct CrmSpendSample
{
	int			  patterns;
	const double *frequency;
	const double *monetary;
	const double *weight;
	double		  customers;
} CrmSpendSample;

/* Customers by renewals made, ascending; parameters alpha, beta. */
typedef struct CrmRenewalSample
{
	int			  patterns;
	const double *renewals;
	const double *churned; /* customers who left then */
	const double *staying; /* customers still there */
	double		  customers;
} CrmRenewalSample;

/* Log-likelihoods with their gradients in the logarithms of the parameters. */
extern double CrmSpendLikelihood(const CrmSpendSample *sample, const double *params,
								 const CrmHooks *hooks, double *gradient);
extern double CrmRenewalLikelihood(const CrmRenewalSample *sample, const double *params,
								   const CrmHooks *hooks, double *gradient);

extern void CrmFitSpend(const CrmSpendSample *sample, const CrmHooks *hooks, CrmFit *fit);
extern void CrmFitRenewals(const CrmRenewalSample *sample, const CrmHooks *hooks, CrmFit *fit);

/* Correlation of frequency and mean spend; NaN where one of them is constant. */
extern double CrmSpendCorrelation(const CrmSpendSample *sample);

#endif
