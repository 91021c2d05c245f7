/*
 * student.h - tails of the normal and of Student's distribution.
 *
 * On top of special.h: the same bits on every machine. Relative errors, as held
 * by test/student.c against 60 digits: below 1e-12.
 */
#ifndef CRM_MATH_STUDENT_H
#define CRM_MATH_STUDENT_H

/* The 97.5 percent point of the normal distribution. */
#define CRM_NORMAL_975 1.959963984540054

/* 2 / sqrt(pi) x integral of exp(-u^2) from x on, for x >= 0 */
extern double CrmErfc(double x);

/* P(|Z| >= z) of a standard normal Z, z >= 0 */
extern double CrmNormalTwoSided(double z);

/* P(|T| >= t) of Student's T with df > 0 degrees of freedom, t >= 0 */
extern double CrmStudentTwoSided(double t, double df);

/* The t with P(|T| >= t) = .05, df >= 1 */
extern double CrmStudent975(double df);

#endif /* CRM_MATH_STUDENT_H */
