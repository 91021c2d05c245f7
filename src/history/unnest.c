/*
 * history/unnest.c - a history's days as rows.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/numeric.h"

#include "compat.h"
#include "history.h"
#include "money.h"
#include "setof.h"

PG_FUNCTION_INFO_V1(purchase_history_unnest);
PG_FUNCTION_INFO_V1(purchase_history_unnest_support);

/* Fills values and nulls of one row (purchased_on, purchases, amount); false at the end. */
static bool
NextDayRow(void *source, Datum *values, bool *nulls)
{
	HistoryReader *reader = source;

	if (!HistoryNext(reader))
		return false;
	values[0] = DateADTGetDatum(reader->current.day);
	values[1] = Int32GetDatum(reader->current.purchases);
	values[2] = (Datum) 0;
	nulls[0] = nulls[1] = false;
	nulls[2] = !reader->has_amount;
	if (reader->has_amount)
		values[2] = NumericGetDatum(NumericFromMoney(reader->current.amount));
	return true;
}

static void *
OpenArgument(FunctionCallInfo fcinfo)
{
	HistoryReader	*reader = palloc(sizeof(HistoryReader));
	PurchaseHistory *history = (PurchaseHistory *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));

	HistoryOpen(reader, history);
	return reader;
}

Datum
purchase_history_unnest(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenArgument, NextDayRow);
}

/* Planner support: as many rows as a constant history has days, else the declared ROWS. */
Datum
purchase_history_unnest_support(PG_FUNCTION_ARGS)
{
	SupportRequestRows *request = (SupportRequestRows *) PG_GETARG_POINTER(0);
	FuncExpr		   *call;
	HistoryReader		reader;

	if (!IsA(request, SupportRequestRows) || request->node == NULL ||
		!IsA(request->node, FuncExpr))
		PG_RETURN_POINTER(NULL);
	call = castNode(FuncExpr, request->node);
	if (!IsA(linitial(call->args), Const) || castNode(Const, linitial(call->args))->constisnull)
		PG_RETURN_POINTER(NULL);
	HistoryOpen(&reader,
				DatumGetPurchaseHistoryP(castNode(Const, linitial(call->args))->constvalue));
	request->rows = reader.days;
	PG_RETURN_POINTER(request);
}
