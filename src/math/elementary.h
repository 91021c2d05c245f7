/*
 * elementary.h - exp, log and friends, the same bits on every machine.
 *
 * Plain C: no PostgreSQL, no libm transcendentals. Each function uses nothing
 * but IEEE 754 add, subtract, multiply, divide and integer operations, so that
 * equal arguments give equal results whatever the compiler, CPU or C library,
 * provided that the compiler does not contract a * b + c (-ffp-contract=off).
 *
 * Error bounds, in units in the last place of the exact result, as measured by
 * test/math.c over 1 M arguments each (which fails when they are passed):
 * CrmExp, CrmLog, CrmLog1p, CrmExpm1, CrmPow 1.0. Special cases follow C99
 * Annex F, without floating-point exceptions or errno being promised.
 */
#ifndef CRM_MATH_ELEMENTARY_H
#define CRM_MATH_ELEMENTARY_H

extern double CrmExp(double x);
extern double CrmExpm1(double x);
extern double CrmLog(double x);
extern double CrmLog1p(double x);
extern double CrmPow(double x, double y);

#endif /* CRM_MATH_ELEMENTARY_H */
