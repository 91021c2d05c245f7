/*
 * gauss.h - Gauss-Legendre rules on [0, 1] with 8, 16 and 32 nodes.
 */
#ifndef CRM_MATH_GAUSS_H
#define CRM_MATH_GAUSS_H

#define CRM_RULE_NODES 32 /* of the largest rule */

typedef struct CrmRule
{
	int			  count;
	const double *nodes; /* ascending */
	const double *weights;
} CrmRule;

extern const CrmRule CrmRules[3];

#endif
