/*
 * score_bg.h - what a new customer of BG/NBD (and MBG/NBD restarted as BG/NBD) is expected to do.
 */
#ifndef CRM_MATH_SCORE_BG_H
#define CRM_MATH_SCORE_BG_H

/* Of several horizons; each the same as alone. */
extern void	  CrmBgPurchases(const double *params, const double *horizons, int count,
							 double *purchases);
extern double CrmBgProbability(const double *params, double purchases, double horizon);
extern double CrmBgDert(const double *params, double rate);

#endif
