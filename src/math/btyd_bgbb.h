/*
 * btyd_bgbb.h - likelihood of BG/BB.
 */
#ifndef CRM_MATH_BTYD_BGBB_H
#define CRM_MATH_BTYD_BGBB_H

#include "math/btyd.h"

extern double CrmBgbbLikelihood(const CrmSample *sample, const double *params,
								const CrmHooks *hooks, double *gradient);

/*
 * One history's log-likelihood; alive is the probability of being alive at n,
 * odds those of having left by n.
 */
extern double CrmBgbbHistory(const double *params, double x, double recency, double n,
							 double *alive, double *odds);

#endif
