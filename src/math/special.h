/*
 * special.h - the special functions of the models.
 *
 * Plain C on top of elementary.h: the same bits on every machine. Every loop is
 * bounded. NaN in, NaN out; so are arguments outside the domains stated here.
 */
#ifndef CRM_MATH_SPECIAL_H
#define CRM_MATH_SPECIAL_H

/* ---- gamma.c ---- */

/* log |gamma(x)|; inf at 0, -1, -2, ... and at both infinities */
extern double CrmLgamma(double x);

/* d/dx of log gamma(x), and its derivative; NaN at 0, -1, -2, ... and -inf */
extern double CrmDigamma(double x);
extern double CrmTrigamma(double x);

/* log (gamma(x + d) / gamma(x)) for x > 0 and x + d > 0, without cancellation */
extern double CrmLogGammaRatio(double x, double d);

/* log B(a, b) for a, b > 0, also when one is huge and the other small */
extern double CrmLogBeta(double a, double b);

/* lgamma(x) - ((x - .5) log x - x + log(2 pi) / 2) for x >= 10 */
extern double CrmStirlingRest(double x);

/* ---- beta.c: regularised incomplete beta function, a, b > 0, 0 <= x <= 1 ---- */

extern double CrmBetaInc(double a, double b, double x);			  /* I_x(a, b) */
extern double CrmBetaIncComplement(double a, double b, double x); /* 1 - I_x(a, b) */
extern double CrmLogBetaInc(double a, double b, double x);

/*
 * The same with y = 1 - x given as well, for an x so near 1 that the caller
 * knows y better than 1 - x tells: log I_x(a, b), and log of its complement.
 */
extern double CrmLogBetaIncPair(double a, double b, double x, double y, double *log_complement);

/* log (x^a y^b / B(a, b)), y = 1 - x */
extern double CrmLogBetaPower(double a, double b, double x, double y);

/* ---- hypergeometric.c ---- */

/*
 * log |2F1(a, b; c; z)| and in *sign (which may be NULL) its sign, -1, 0 or 1,
 * for z < 1, or z = 1 where c > a + b. Accurate to 1e-12 + 1e-14 |log| where
 * a, b, c > 0 and where the function has no zero near by.
 */
extern double CrmLogHyp2f1(double a, double b, double c, double z, int *sign);

/* The same with y = 1 - z given as well, for z near 1 */
extern double CrmLogHyp2f1Near(double a, double b, double c, double z, double y, int *sign);

/* ---- confluent.c ---- */

/* log U(a, b, z), Tricomi's function, for z > 0 and a > 0 or a - b + 1 > 0 */
extern double CrmLogHyperU(double a, double b, double z);

/* e^z E_s(z), the integral over t > 0 of e^(-z t) (1 + t)^-s, for s > 0 and z >= 0 */
extern double CrmExpIntegral(double s, double z);

#endif /* CRM_MATH_SPECIAL_H */
