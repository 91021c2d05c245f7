/*
 * workspace/spend.c - money of a history in the forms that the key figures add up.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/numeric.h"

#include "history.h"

PG_FUNCTION_INFO_V1(workspace_spend);
PG_FUNCTION_INFO_V1(workspace_repeat_spend);

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

Datum
workspace_repeat_spend(PG_FUNCTION_ARGS)
{
	HistorySummary summary;

	HistorySummarize(&summary, PG_GETARG_PURCHASE_HISTORY_P(0), PG_GETARG_DATEADT(1));
	if (!summary.has_amount)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(NumericFromMoney(summary.repeat_spend));
}
