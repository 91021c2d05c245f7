/*
 * reactivation/silence.c - silence_probability: how usual a silence is.
 *
 * The survival function of a customer's gaps between purchase days at the silence
 * so far, g: the share of own gaps longer than g, shrunk towards the exponential
 * distribution of the population, which counts as much as `weight` own gaps:
 * (weight x exp(-g / population_gap) + own gaps > g) / (weight + own gaps).
 */
#include "postgres.h"

#include <float.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/date.h"
#include "utils/float.h"

#include "compat.h"
#include "day.h"
#include "history.h"
#include "math/elementary.h"

PG_FUNCTION_INFO_V1(silence_probability);

/* How many of the gaps between purchase days by as_of are longer than so many days. */
static int32
GapsLonger(const PurchaseHistory *history, DateADT as_of, int64 silence)
{
	HistoryReader reader;
	int128		  skipped = 0;
	DateADT		  before = 0;
	int32		  days = 0;
	int32		  longer = 0;

	HistoryOpen(&reader, history);
	while (HistoryNextPurchase(&reader, &skipped) && reader.current.day <= as_of)
	{
		if ((days & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (days++ > 0 && (int64) reader.current.day - before > silence)
			longer++;
		before = reader.current.day;
	}
	return longer;
}

Datum
silence_probability(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	DateADT			 as_of = PG_GETARG_DATEADT(1);
	float8			 population_gap = PG_GETARG_FLOAT8(2);
	float8			 weight = PG_GETARG_FLOAT8(3);
	HistorySummary	 summary;
	int64			 silence;
	float8			 gaps;

	RequireFiniteDate(as_of, "as-of date");
	if (!(population_gap > 0 && population_gap <= DBL_MAX))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("population_gap must be a positive number of days, not %s",
					   float8out_internal(population_gap)));
	if (!(weight >= 0 && weight <= DBL_MAX))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("weight must be a finite number, 0 or more, not %s",
					   float8out_internal(weight)));
	HistorySummarize(&summary, history, as_of);
	gaps = summary.purchase_days - 1;
	if (summary.purchase_days == 0 || weight + gaps == 0)
		PG_RETURN_NULL();
	silence = (int64) as_of - summary.last;
	PG_RETURN_FLOAT8((weight * CrmExp(-(float8) silence / population_gap) +
					  GapsLonger(history, as_of, silence)) /
					 (weight + gaps));
}
