/*
 * workspace/spend.c - money of a history in the forms that the key figures add up.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/numeric.h"

#include "day.h"
#include "history.h"

PG_FUNCTION_INFO_V1(workspace_spend);
PG_FUNCTION_INFO_V1(workspace_spend_as_of);
PG_FUNCTION_INFO_V1(workspace_ticks);
PG_FUNCTION_INFO_V1(workspace_repeat_spend);
PG_FUNCTION_INFO_V1(workspace_value_at_stake);

#define ACTIVE_YEAR 365

/* spend() as double precision, without the way through numeric. */
Datum
workspace_spend(PG_FUNCTION_ARGS)
{
	HistoryReader reader;

	HistoryOpen(&reader, PG_GETARG_PURCHASE_HISTORY_P(0));
	if (!reader.has_amount)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Float8FromMoney(reader.spend));
}

/*
 * Net money in ticks and purchase days as of argument 1; false without amounts, and before the
 * first day.
 */
static pg_attribute_always_inline bool
SpendAsOf(FunctionCallInfo fcinfo, int64 *ticks, uint32 *purchase_days)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	DateADT			 as_of = PG_GETARG_DATEADT(1);
	HistorySummary	 summary;
	HistoryTotals	 totals;
	DateADT			 first;
	bool			 has_amount;

	RequireFiniteDate(as_of, "as-of date");
	if (unlikely(!HistoryReadFirst(&first, &has_amount, history)))
	{
		/* Empty, or bytes of no history, which are an error. */
		HistorySummarize(&summary, history, as_of);
		return false;
	}
	if (first > as_of || !has_amount)
		return false;
	if (likely(HistoryReadTotals(&totals, history) && totals.last <= as_of))
	{
		*ticks = totals.spend;
		*purchase_days = totals.purchase_days;
		return true;
	}
	HistorySummarize(&summary, history, as_of);
	*ticks = MoneyNarrow(summary.spend);
	*purchase_days = (uint32) summary.purchase_days;
	return true;
}

/* As double precision, of who has bought by then: a customer's part of the revenue. */
Datum
workspace_spend_as_of(PG_FUNCTION_ARGS)
{
	int64  ticks;
	uint32 purchase_days;

	if (!SpendAsOf(fcinfo, &ticks, &purchase_days) || purchase_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Float8FromMoney(ticks));
}

/* In ticks, of everybody. */
Datum
workspace_ticks(PG_FUNCTION_ARGS)
{
	int64  ticks;
	uint32 purchase_days;

	if (!SpendAsOf(fcinfo, &ticks, &purchase_days))
		PG_RETURN_NULL();
	PG_RETURN_INT64(ticks);
}

Datum
workspace_repeat_spend(PG_FUNCTION_ARGS)
{
	HistorySummary summary;

	HistorySummarize(&summary, PG_GETARG_PURCHASE_HISTORY_P(0), PG_GETARG_DATEADT(1));
	if (!summary.has_amount)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(NumericFromMoney(summary.repeat_spend));
}

/*
 * Net money from 364 days before the last purchase day until the end of as_of: spend() of that
 * slice, without a slice.
 */
Datum
workspace_value_at_stake(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	DateADT			 as_of = PG_GETARG_DATEADT(1);
	HistorySummary	 summary;
	HistoryReader	 reader;
	int64			 from;
	int128			 spend = 0;

	RequireFiniteDate(as_of, "as-of date");
	HistorySummarize(&summary, history, as_of);
	if (!summary.has_amount || summary.purchase_days == 0)
		PG_RETURN_NULL();
	from = (int64) summary.last - (ACTIVE_YEAR - 1);
	HistoryOpen(&reader, history);
	while (HistoryNext(&reader) && reader.current.day <= as_of)
	{
		if (unlikely(reader.left % 0x10000 == 0xFFFF))
			CHECK_FOR_INTERRUPTS();
		if (reader.current.day >= from)
			spend += reader.current.amount;
	}
	PG_RETURN_NUMERIC(NumericFromMoney(spend));
}
