/*
 * score_bg.h - what a new customer of BG/NBD (and MBG/NBD restarted as BG/NBD) is expected to do.
 */
#ifndef CRM_MATH_SCORE_BG_H
#define CRM_MATH_SCORE_BG_H

extern double CrmBgPurchases(const double *params, double horizon);
extern double CrmBgProbability(const double *params, double purchases, double horizon);
extern double CrmBgDert(const double *params, double rate);

#endif
