/*
 * sample.c - crm_sample_purchases(): purchases to try the extension on.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/numeric.h"

#include "day.h"
#include "money.h"
#include "setof.h"
#include "simulation.h"

PG_FUNCTION_INFO_V1(crm_sample_purchases);
PG_FUNCTION_INFO_V1(crm_sample_purchases_support);

typedef struct SampleRows
{
	Simulation *simulation; /* NULL: no rows */
	int64		order_id;
	Datum		channels[SIMULATED_CHANNELS];
} SampleRows;

static void
CheckCustomers(int32 customers)
{
	if (customers < 0 || customers > SIMULATED_CUSTOMERS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("customers must be between 0 and %d, got %d", SIMULATED_CUSTOMERS_MAX,
						customers),
				 customers > 0 ? errhint("Use several calls with different seeds.") : 0));
}

static void
CheckDays(DateADT first, DateADT last)
{
	RequireFiniteDate(first, "first");
	RequireFiniteDate(last, "last");
	if (last < first)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("last must not be before first, got %s and %s", DayText(first),
							   DayText(last)),
						errhint("The arguments are customers, seed, first day, last day.")));
	if ((int64) last - first >= SIMULATED_DAYS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("first and last must not span more than %d days, got " INT64_FORMAT,
						SIMULATED_DAYS_MAX, (int64) last - first + 1),
				 errhint("100 years are the most.")));
	if (last >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("last is out of range for a timestamp: %s", DayText(last)),
						errhint("The last day of a timestamp is 294276-12-31.")));
}

static void *
OpenSample(FunctionCallInfo fcinfo)
{
	SampleRows *rows = palloc0(sizeof(SampleRows));

	for (int i = 0; i < 4; i++)
		if (PG_ARGISNULL(i))
			return rows;
	CheckCustomers(PG_GETARG_INT32(0));
	CheckDays(PG_GETARG_DATEADT(2), PG_GETARG_DATEADT(3));
	for (int i = 0; i < SIMULATED_CHANNELS; i++)
		rows->channels[i] = CStringGetTextDatum(SimulatedChannels[i]);
	rows->simulation = SimulationStart(PG_GETARG_INT32(0), PG_GETARG_INT64(1),
									   PG_GETARG_DATEADT(2), PG_GETARG_DATEADT(3));
	return rows;
}

static bool
NextSampleRow(void *source, Datum *values, bool *nulls)
{
	SampleRows		 *rows = source;
	SimulatedPurchase purchase;

	if (rows->simulation == NULL || !SimulationNext(rows->simulation, &purchase))
		return false;
	values[0] = Int64GetDatum(++rows->order_id);
	values[1] = Int64GetDatum(purchase.customer);
	values[2] = TimestampTzGetDatum(purchase.moment);
	values[3] = NumericGetDatum(NumericFromMoney((int128) purchase.cents * (MONEY_UNIT / 100)));
	values[4] = Int32GetDatum(purchase.product);
	values[5] = rows->channels[purchase.channel];
	memset(nulls, false, 6 * sizeof(bool));
	return true;
}

Datum
crm_sample_purchases(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenSample, NextSampleRow);
}

/* Planner support: as many rows as the model expects, where the arguments are constants. */
Datum
crm_sample_purchases_support(PG_FUNCTION_ARGS)
{
	SupportRequestRows *request = (SupportRequestRows *) PG_GETARG_POINTER(0);
	Datum				arguments[4];
	ListCell		   *cell;

	if (!IsA(request, SupportRequestRows) || request->node == NULL ||
		!IsA(request->node, FuncExpr) ||
		list_length(castNode(FuncExpr, request->node)->args) != lengthof(arguments))
		PG_RETURN_POINTER(NULL);
	foreach (cell, castNode(FuncExpr, request->node)->args)
	{
		Const *argument = (Const *) lfirst(cell);

		if (!IsA(argument, Const) || argument->constisnull)
			PG_RETURN_POINTER(NULL);
		arguments[foreach_current_index(cell)] = argument->constvalue;
	}
	if (DatumGetInt32(arguments[0]) < 0 || DATE_NOT_FINITE(DatumGetDateADT(arguments[2])) ||
		DATE_NOT_FINITE(DatumGetDateADT(arguments[3])) ||
		DatumGetDateADT(arguments[3]) < DatumGetDateADT(arguments[2]))
		PG_RETURN_POINTER(NULL);
	request->rows = SimulationSize(DatumGetInt32(arguments[0]), DatumGetDateADT(arguments[2]),
								   DatumGetDateADT(arguments[3]));
	PG_RETURN_POINTER(request);
}
