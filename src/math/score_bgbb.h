/*
 * score_bgbb.h - what a new customer of BG/BB is expected to do.
 */
#ifndef CRM_MATH_SCORE_BGBB_H
#define CRM_MATH_SCORE_BGBB_H

extern double CrmBgbbPurchases(const double *params, double horizon);
extern double CrmBgbbProbability(const double *params, double purchases, double horizon);
extern double CrmBgbbDert(const double *params, double rate);

#endif
