/*
 * vector.h - exp, log and log1p of whole arrays, for the sums of the models.
 *
 * y[i] = f(x[i]) for 0 <= i < n, with exactly the bits of the scalar function
 * of elementary.h, whatever the vector width of the machine. x and y are the
 * same array or do not overlap.
 */
#ifndef CRM_MATH_VECTOR_H
#define CRM_MATH_VECTOR_H

extern void CrmExpArray(const double *x, double *y, int n);
extern void CrmLogArray(const double *x, double *y, int n);
extern void CrmLog1pArray(const double *x, double *y, int n);

/* One implementation, for the test that holds all of them against each other */
typedef struct CrmVectorPath
{
	const char *name;
	int			usable; /* on this processor */
	void (*exp)(const double *x, double *y, int n);
	void (*log)(const double *x, double *y, int n);
	void (*log1p)(const double *x, double *y, int n);
} CrmVectorPath;

extern int CrmVectorPaths(CrmVectorPath paths[4]);

#endif /* CRM_MATH_VECTOR_H */
