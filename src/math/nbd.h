/*
 * nbd.h - the negative binomial counts under all continuous families.
 */
#ifndef CRM_MATH_NBD_H
#define CRM_MATH_NBD_H

/* log of gamma(r + k) / (gamma(r) k!) */
extern double CrmLogNbdCoefficient(double r, double k);

/* log P(k purchases within horizon) while alive, rate ~ gamma(r, alpha) */
extern double CrmLogNbd(double r, double alpha, double k, double horizon);

#endif
