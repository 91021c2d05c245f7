/*
 * patterns.h - from rows of (x, t_x, T, customers) in any order to the sorted
 * sample of distinct histories that the likelihoods take.
 */
#ifndef CRM_MATH_PATTERNS_H
#define CRM_MATH_PATTERNS_H

#include "math/btyd.h"

/*
 * Equal histories of up to 2^32 - 1 customers.  Times are in days (bg/bb:
 * opportunities), finite and not negative; days / unit gives model units.
 */
typedef struct CrmHistoryRow
{
	double	 recency;
	double	 age;
	uint32_t frequency;
	uint32_t weight;
} CrmHistoryRow;

/*
 * Sort rows by (frequency, recency, age) and merge equal ones; returns how many
 * are left.  The first `merged` rows come from an earlier call; scratch holds
 * the others, count - merged.
 */
extern size_t CrmMergeRows(CrmHistoryRow *rows, size_t merged, size_t count,
						   CrmHistoryRow *scratch, const CrmHooks *hooks);

/* The sample of merged rows; released as a whole. */
extern void CrmBuildSample(const CrmHistoryRow *rows, size_t count, double unit,
						   const CrmHooks *hooks, CrmSample *sample);
extern void CrmReleaseSample(CrmSample *sample, const CrmHooks *hooks);

#endif
