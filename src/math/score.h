/*
 * score.h - predictions of the customer-base models.
 *
 * One restart rule serves all families: given that a customer is alive, the
 * family starts anew with updated parameters, so every conditional answer is
 * the chance of being alive times the answer for a new customer there.
 */
#ifndef CRM_MATH_SCORE_H
#define CRM_MATH_SCORE_H

#include "math/btyd.h"

/* Of a sum: what is smaller changes no bit of it. */
#define CRM_NOTHING 1e-17

/* A customer as a model sees her: a new one is x = t_x = T = 0. */
typedef struct CrmCustomer
{
	double frequency;
	double recency;
	double age;
} CrmCustomer;

/* Where a family starts anew. */
typedef struct CrmRestart
{
	CrmFamily family;
	double	  params[CRM_MAX_PARAMETERS]; /* updated; mbg/nbd as bg/nbd */
	double	  alive;					  /* at T; bg/bb at n */
	double	  left;						  /* 1 - alive */
} CrmRestart;

extern void CrmRestartAt(CrmFamily family, const double *params, const CrmCustomer *customer,
						 CrmRestart *restart);

/* Alive at T; bg/bb at opportunity n + 1. */
extern double CrmPAlive(const CrmRestart *restart);

/* Repeat purchases within horizon; bg/bb: a whole number of opportunities. */
extern double CrmExpectedPurchases(const CrmRestart *restart, double horizon);

/*
 * The same given that the customer is alive, of several horizons at once: each
 * has the same bits as alone, and together they take far less time.
 */
extern void CrmLivingPurchases(const CrmRestart *restart, const double *horizons, int count,
							   double *purchases);

/* Probability of exactly that many purchases within horizon. */
extern double CrmPurchaseProbability(const CrmRestart *restart, double purchases,
									 double horizon);

/*
 * Discounted expected purchases for ever at a continuous rate per unit;
 * infinity where they are without bound, which only rate 0 can bring about.
 */
extern double CrmDert(const CrmRestart *restart, double rate);

/* sum over k = 1 .. steps of (E[k step] - E[(k - 1) step]) / (1 + rate)^k */
extern double CrmDiscountedPurchases(const CrmRestart *restart, double steps, double step,
									 double rate, const CrmHooks *hooks);

/* Spend per purchase (Fader and Hardie 2013, eq. 5); NaN where it has no mean. */
extern double CrmExpectedSpend(const double *params, double frequency, double monetary);

/* Shifted beta-geometric renewals (Fader and Hardie 2007, eq. 6 and 7; 2010). */
extern double CrmRenewalSurvival(const double *params, double period);
extern double CrmRenewalRetention(const double *params, double period);
extern double CrmExpectedLifetime(const double *params, double discount_rate, double renewals);

#endif
