/*
 * clv/statistics.c - a customer as the models see her.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "clv/statistics.h"

static void
RequireTime(const char *name, float8 value)
{
	if (!(value >= 0 && isfinite(value)))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be finite and not negative, got %s", name,
					   float8out_internal(value)));
}

static void
RequireOpportunities(const char *name, float8 value)
{
	if (value != floor(value))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a whole number of opportunities, got %s", name,
					   float8out_internal(value)),
				errhint("The bg/bb family counts opportunities, not time."));
	if (value > MAX_OPPORTUNITIES)
		ereport(
			ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			errmsg("%s of %s opportunities is out of range", name, float8out_internal(value)));
}

void
RequireStatistics(CrmFamily family, int64 frequency, float8 recency, float8 age)
{
	if (frequency < 0)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("frequency must not be negative, got " INT64_FORMAT, frequency));
	RequireTime("recency", recency);
	RequireTime("age", age);
	if (recency > age)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("recency %s must not exceed age %s", float8out_internal(recency),
					   float8out_internal(age)),
				errhint("Recency is the last minus the first purchase day, age the as-of date "
						"minus the first purchase day."));
	if (frequency == 0 && recency > 0)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("recency must be 0 where frequency is 0, got %s",
					   float8out_internal(recency)),
				errhint("Frequency counts the purchase days after the first."));
	if (family != CRM_BG_BB)
		return;
	RequireOpportunities("recency", recency);
	RequireOpportunities("age", age);
	if (frequency > recency)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("frequency " INT64_FORMAT " must not exceed recency %s", frequency,
					   float8out_internal(recency)),
				errhint("In bg/bb there is at most one purchase per opportunity."));
}

/* Blocks of unit_days with a purchase day, and the last of them. */
static void
CountOpportunities(const PurchaseHistory *history, const HistorySummary *summary, DateADT as_of,
				   float8 unit_days, int64 *frequency, float8 *recency, float8 *age)
{
	HistoryReader reader;
	float8		  blocks = floor(((float8) as_of - summary->first) / unit_days);

	*frequency = 0;
	*recency = 0;
	*age = blocks;
	if (blocks > MAX_OPPORTUNITIES)
		RequireOpportunities("age", blocks);
	HistoryOpen(&reader, history);
	while (HistoryNext(&reader) && reader.current.day <= as_of)
	{
		float8 block = ceil(((float8) reader.current.day - summary->first) / unit_days);

		if (reader.current.purchases == 0 || reader.current.day <= summary->first)
			continue;
		if (block > blocks)
			break;
		if (block > *recency)
		{
			(*frequency)++;
			*recency = block;
		}
	}
}

bool
HistoryStatistics(CrmFamily family, const PurchaseHistory *history, DateADT as_of,
				  float8 unit_days, int64 *frequency, float8 *recency, float8 *age)
{
	HistorySummary summary;
	HistoryTotals  totals;

	if (family != CRM_BG_BB && HistoryReadTotals(&totals, history) && totals.last <= as_of)
	{
		/* all of the history, and all its days count: its header says it all */
		*frequency = (int64) totals.purchase_days - 1;
		*recency = (float8) totals.last - totals.first;
		*age = (float8) as_of - totals.first;
		return true;
	}
	HistorySummarize(&summary, history, as_of);
	if (summary.purchase_days == 0)
		return false;
	if (family == CRM_BG_BB)
	{
		CountOpportunities(history, &summary, as_of, unit_days, frequency, recency, age);
		return true;
	}
	*frequency = summary.purchase_days - 1;
	*recency = (float8) summary.last - summary.first;
	*age = (float8) as_of - summary.first;
	return true;
}
