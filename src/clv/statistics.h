/*
 * clv/statistics.h - a customer as the models see her: frequency, recency, age.
 */
#ifndef CRM_CLV_STATISTICS_H
#define CRM_CLV_STATISTICS_H

#include "history.h"
#include "math/btyd.h"

/* Largest number of opportunities of bg/bb, whose likelihood walks over them. */
#define MAX_OPPORTUNITIES 1000000

/*
 * 22023 unless the statistics are possible: nothing negative, recency at most
 * age, recency 0 where frequency is, and whole numbers for bg/bb.
 */
extern void RequireStatistics(CrmFamily family, int64 frequency, float8 recency, float8 age);

/*
 * Statistics of a history as of a date, times in days (bg/bb: opportunities,
 * the blocks of unit_days after the first purchase day that end by as_of);
 * false when nothing was bought by then.
 */
extern bool HistoryStatistics(CrmFamily family, const PurchaseHistory *history, DateADT as_of,
							  float8 unit_days, int64 *frequency, float8 *recency, float8 *age);

#endif /* CRM_CLV_STATISTICS_H */
