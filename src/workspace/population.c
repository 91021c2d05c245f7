/*
 * workspace/population.c - where a customer stands, in one number.
 *
 * All customers are grouped by score and by two stages. One integer for the three costs one call
 * and one comparison a customer; the view population takes it apart for each group.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/date.h"

#include "compat.h"
#include "day.h"
#include "history.h"
#include "lifecycle.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(workspace_cell);

enum
{
	CUTS,
	HISTORY,
	REFRESHED_ON,
	TODAY,
	BEFORE
};

/* The stage as of a date in an argument; NULL there is nothing that a workspace has. */
static Stage
StageAsOf(FunctionCallInfo fcinfo, int argno, const PurchaseHistory *history)
{
	DateADT as_of = PG_GETARG_DATEADT(argno);
	int32	purchase_days;

	RequireFiniteDate(as_of, "as-of date");
	return LifecycleStageByDefault(history, as_of, &purchase_days);
}

/* NULL: nothing was bought or returned by today, and then the customer is in no view. */
Datum
workspace_cell(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history;
	HistoryTotals	 totals;
	int32			 score = 0;
	Stage			 stage;

	if (PG_ARGISNULL(HISTORY) || PG_ARGISNULL(REFRESHED_ON) || PG_ARGISNULL(TODAY) ||
		PG_ARGISNULL(BEFORE))
		PG_RETURN_NULL();
	history = PG_GETARG_PURCHASE_HISTORY_P(HISTORY);
	if (unlikely(!HistoryReadTotals(&totals, history)))
	{
		HistoryReader reader;

		HistoryOpen(&reader, history);
		if (reader.days == 0)
			PG_RETURN_NULL();
		totals.first = reader.first;
	}
	if (totals.first > PG_GETARG_DATEADT(TODAY))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(CUTS) &&
		!RfmScoreByArgument(fcinfo, history,
							Min(PG_GETARG_DATEADT(REFRESHED_ON), PG_GETARG_DATEADT(TODAY)),
							&score))
		score = 0;
	stage = StageAsOf(fcinfo, TODAY, history);
	PG_RETURN_INT32((score * STAGES + stage) * STAGES + StageAsOf(fcinfo, BEFORE, history));
}
