/*
 * lanes.h - sums of long columns in a fixed number of lanes, so that their
 * bits depend on the order of the terms alone, never on vector width.
 */
#ifndef CRM_MATH_LANES_H
#define CRM_MATH_LANES_H

#define CRM_LANES 8
#define CRM_BLOCK 512 /* a multiple of CRM_LANES */

typedef struct CrmLanes
{
	double lane[CRM_LANES];
} CrmLanes;

/* Add weight x term for a whole number of lanes; pad with weight 0. */
static inline void
CrmAddLanes(CrmLanes *sum, const double *weight, const double *term, int padded)
{
	for (int i = 0; i < padded; i += CRM_LANES)
		for (int lane = 0; lane < CRM_LANES; lane++)
			sum->lane[lane] += weight[i + lane] * term[i + lane];
}

static inline double
CrmTotalLanes(const CrmLanes *sum)
{
	return ((sum->lane[0] + sum->lane[1]) + (sum->lane[2] + sum->lane[3])) +
		   ((sum->lane[4] + sum->lane[5]) + (sum->lane[6] + sum->lane[7]));
}

static inline int
CrmPadLanes(int count)
{
	return (count + CRM_LANES - 1) / CRM_LANES * CRM_LANES;
}

#endif
