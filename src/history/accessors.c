/*
 * history/accessors.c - what SQL asks a purchase_history.
 *
 * What the header holds is read from there; the rest is one pass over the days.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/float.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

#include "compat.h"
#include "day.h"
#include "history.h"
#include "history_plain.h"
#include "money.h"
#include "span.h"

PG_FUNCTION_INFO_V1(purchase_days);
PG_FUNCTION_INFO_V1(purchases);
PG_FUNCTION_INFO_V1(spend);
PG_FUNCTION_INFO_V1(first_purchase);
PG_FUNCTION_INFO_V1(last_purchase);
PG_FUNCTION_INFO_V1(previous_purchase);
PG_FUNCTION_INFO_V1(typical_gap);
PG_FUNCTION_INFO_V1(purchase_history_as_of);
PG_FUNCTION_INFO_V1(purchase_history_slice);
PG_FUNCTION_INFO_V1(frequency);
PG_FUNCTION_INFO_V1(recency);
PG_FUNCTION_INFO_V1(customer_age);
PG_FUNCTION_INFO_V1(monetary);
PG_FUNCTION_INFO_V1(active_spans);

/* Later than any date, for accessors that ask about all of a history. */
#define END_OF_TIME PG_INT32_MAX

Datum
purchase_days(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	HistoryReader	 reader;
	HistoryTotals	 totals;

	if (HistoryReadTotals(&totals, history))
		PG_RETURN_INT32((int32) totals.purchase_days);
	HistoryOpen(&reader, history);
	PG_RETURN_INT32((int32) (reader.days - reader.refund_days));
}

Datum
purchases(PG_FUNCTION_ARGS)
{
	HistoryReader reader;

	HistoryOpen(&reader, PG_GETARG_PURCHASE_HISTORY_P(0));
	PG_RETURN_INT32((int32) reader.purchases);
}

Datum
spend(PG_FUNCTION_ARGS)
{
	HistoryReader reader;

	HistoryOpen(&reader, PG_GETARG_PURCHASE_HISTORY_P(0));
	if (!reader.has_amount)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(NumericFromMoney(reader.spend));
}

Datum
first_purchase(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	HistoryReader	 reader;
	HistoryTotals	 totals;
	int128			 skipped = 0;

	if (HistoryReadTotals(&totals, history))
		PG_RETURN_DATEADT(totals.first);
	HistoryOpen(&reader, history);
	if (!HistoryNextPurchase(&reader, &skipped))
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(reader.current.day);
}

Datum
last_purchase(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	HistoryReader	 reader;
	HistorySummary	 summary;
	HistoryTotals	 totals;

	if (HistoryReadTotals(&totals, history))
		PG_RETURN_DATEADT(totals.last);
	HistoryOpen(&reader, history);
	if (reader.days == reader.refund_days)
		PG_RETURN_NULL();
	HistorySummarize(&summary, history, END_OF_TIME);
	PG_RETURN_DATEADT(summary.last);
}

Datum
previous_purchase(PG_FUNCTION_ARGS)
{
	HistorySummary summary;

	HistorySummarize(&summary, PG_GETARG_PURCHASE_HISTORY_P(0), END_OF_TIME);
	if (summary.purchase_days < 2)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(summary.previous);
}

Datum
typical_gap(PG_FUNCTION_ARGS)
{
	float8 gap;

	if (!HistoryTypicalGap(PG_GETARG_PURCHASE_HISTORY_P(0), END_OF_TIME, &gap))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(gap);
}

/* The days from `from` to before `until` as a history of their own; int64 so that no date is out of reach. */
static PurchaseHistory *
CutHistory(const PurchaseHistory *history, int64 from, int64 until)
{
	Size		ndays;
	Size		kept = 0;
	bool		has_amount;
	HistoryDay *days = HistoryDays(history, &ndays, &has_amount);

	for (Size i = 0; i < ndays; i++)
	{
		if (days[i].day >= from && days[i].day < until)
			days[kept++] = days[i];
	}
	return HistoryFromDays(days, kept, has_amount);
}

Datum
purchase_history_as_of(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	DateADT			 as_of = PG_GETARG_DATEADT(1);
	HistoryReader	 reader;
	HistoryTotals	 totals;

	RequireFiniteDate(as_of, "as-of date");
	if (HistoryReadTotals(&totals, history) && totals.last <= as_of)
		PG_RETURN_PURCHASE_HISTORY_P(history);
	HistoryOpen(&reader, history);
	if (reader.days == 0 || reader.last <= as_of)
		PG_RETURN_PURCHASE_HISTORY_P(history);
	PG_RETURN_PURCHASE_HISTORY_P(CutHistory(history, PG_INT64_MIN, (int64) as_of + 1));
}

Datum
purchase_history_slice(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	DaySpan			 within = SpanFromRange(PG_GETARG_RANGE_P(1));

	PG_RETURN_PURCHASE_HISTORY_P(CutHistory(history, within.from, within.until));
}

/*
 * The statistics as of argument 1; false when nothing was bought by then. Inline, and
 * with a summary of its own for the slow way: so a function computes what it returns.
 */
static pg_attribute_always_inline bool
SummarizeArguments(FunctionCallInfo fcinfo, HistorySummary *summary)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	DateADT			 as_of = PG_GETARG_DATEADT(1);
	PlainHistory	 plain;

	if (unlikely(DATE_NOT_FINITE(as_of)))
		RequireFiniteDate(as_of, "as-of date");
	if (likely(PlainOpen(&plain, history)))
		PlainSummarize(summary, &plain, as_of);
	else
	{
		HistorySummary whole;

		HistorySummarize(&whole, history, as_of);
		*summary = whole;
	}
	return summary->purchase_days > 0;
}

/*
 * First and last purchase day and their number, as of argument 1; false as above. As of a
 * history's end, which is the usual question, its fixed fields say them.
 */
static pg_attribute_always_inline bool
SpanArguments(FunctionCallInfo fcinfo, HistorySummary *summary)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	DateADT			 as_of = PG_GETARG_DATEADT(1);
	HistoryTotals	 totals;

	if (unlikely(DATE_NOT_FINITE(as_of)))
		RequireFiniteDate(as_of, "as-of date");
	if (unlikely(!HistoryReadTotals(&totals, history) || totals.last > as_of))
	{
		HistorySummarize(summary, history, as_of);
		return summary->purchase_days > 0;
	}
	summary->first = totals.first;
	summary->last = totals.last;
	summary->purchase_days = (int32) totals.purchase_days;
	return true;
}

/* A number of days in units of argument 2; 22003 where the unit is too small for that. */
static float8
DaysInUnits(float8 days, float8 unit_days)
{
	float8 units = days / unit_days;

	if (unlikely(isinf(units)))
		float_overflow_error();
	return units;
}

/* Argument 2, days in one unit of time. */
static float8
UnitDaysArgument(FunctionCallInfo fcinfo)
{
	float8 unit_days = PG_GETARG_FLOAT8(2);

	if (!(unit_days > 0 && unit_days <= DBL_MAX))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unit_days must be a positive number, not %g", unit_days),
				errhint("Use 1 for days, 7 for weeks, 365.25 for years."));
	return unit_days;
}

Datum
frequency(PG_FUNCTION_ARGS)
{
	HistorySummary summary;

	if (!SpanArguments(fcinfo, &summary))
		PG_RETURN_NULL();
	PG_RETURN_INT64((int64) summary.purchase_days - 1);
}

Datum
recency(PG_FUNCTION_ARGS)
{
	HistorySummary summary;
	float8		   unit_days = UnitDaysArgument(fcinfo);

	if (!SpanArguments(fcinfo, &summary))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(DaysInUnits((float8) summary.last - summary.first, unit_days));
}

Datum
customer_age(PG_FUNCTION_ARGS)
{
	HistorySummary summary;
	float8		   unit_days = UnitDaysArgument(fcinfo);

	if (!SpanArguments(fcinfo, &summary))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(DaysInUnits((float8) PG_GETARG_DATEADT(1) - summary.first, unit_days));
}

Datum
monetary(PG_FUNCTION_ARGS)
{
	HistorySummary summary;
	int64		   narrow; /* is converted by one instruction, to the same number */

	if (!SummarizeArguments(fcinfo, &summary) || summary.purchase_days < 2 ||
		!summary.has_amount)
		PG_RETURN_NULL();
	narrow = (int64) summary.repeat_spend;
	PG_RETURN_FLOAT8(
		(narrow == summary.repeat_spend ? (float8) narrow : (float8) summary.repeat_spend) /
		((float8) MONEY_UNIT * (summary.purchase_days - 1)));
}

/*
 * Adds [from, until) to the spans, or makes the last one longer. until may be
 * past the last date there is; the span is then open.
 */
static int
AddSpan(TypeCacheEntry *typcache, RangeType **spans, int n, DateADT from, int64 until)
{
	RangeBound lower = {.val = DateADTGetDatum(from), .inclusive = true, .lower = true};
	RangeBound upper = {.lower = false};

	if (until >= (int64) DATE_END_JULIAN - POSTGRES_EPOCH_JDATE)
		upper.infinite = true;
	else
		upper.val = DateADTGetDatum((DateADT) until);
	spans[n] = MakeRange(typcache, &lower, &upper);
	return n + 1;
}

Datum
active_spans(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	int32			 active_days = PG_GETARG_INT32(1);
	TypeCacheEntry	*typcache;
	HistoryReader	 reader;
	RangeType	   **spans;
	int				 n = 0;
	int64			 from = 0;
	int64			 until = PG_INT64_MIN;
	int128			 skipped = 0;

	if (active_days < 1)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("active_days must be at least 1, not %d", active_days));
	typcache = lookup_type_cache(DATEMULTIRANGEOID, TYPECACHE_MULTIRANGE_INFO);
	HistoryOpen(&reader, history);
	spans = palloc_extended(Max(reader.days, 1) * sizeof(RangeType *), MCXT_ALLOC_HUGE);
	while (HistoryNextPurchase(&reader, &skipped))
	{
		CHECK_FOR_INTERRUPTS();
		if (reader.current.day > until)
		{
			if (until != PG_INT64_MIN)
				n = AddSpan(typcache->rngtype, spans, n, (DateADT) from, until);
			from = reader.current.day;
		}
		until = (int64) reader.current.day + active_days;
	}
	if (until != PG_INT64_MIN)
		n = AddSpan(typcache->rngtype, spans, n, (DateADT) from, until);
	PG_RETURN_MULTIRANGE_P(make_multirange(DATEMULTIRANGEOID, typcache->rngtype, n, spans));
}
