/*
 * score_pareto.h - what a new customer of Pareto/NBD is expected to do.
 */
#ifndef CRM_MATH_SCORE_PARETO_H
#define CRM_MATH_SCORE_PARETO_H

extern double CrmParetoPurchases(const double *params, double horizon);
extern double CrmParetoProbability(const double *params, double purchases, double horizon);
extern double CrmParetoDert(const double *params, double rate);

#endif
