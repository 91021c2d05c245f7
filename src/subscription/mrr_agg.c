/*
 * subscription/mrr_agg.c - mrr_agg for SQL.
 *
 * The amounts at each boundary are the first one plus all movements since, so
 * the identity mrr_end = mrr_start + new + expansion + reactivation -
 * contraction - churned holds by construction; that mrr_end is also what the
 * customers pay then is for the tests to show.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "money.h"
#include "rowarray.h"
#include "state.h"
#include "subscription/movements.h"

PG_FUNCTION_INFO_V1(mrr_agg_transfn);
PG_FUNCTION_INFO_V1(mrr_agg_finalfn);
PG_FUNCTION_INFO_V1(mrr_agg_combinefn);
PG_FUNCTION_INFO_V1(mrr_agg_serialfn);
PG_FUNCTION_INFO_V1(mrr_agg_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "mrr_agg state"
#define FIXED_BYTES (1 + 16 + 8)
#define TALLY_BYTES (MRR_MOVEMENTS * (16 + 8))

static MrrState *
NewState(MemoryContext context, int nbounds)
{
	Size	  bytes = MrrBytes(nbounds);
	MrrState *state = MemoryContextAllocHuge(context, bytes);

	memset(state, 0, bytes);
	return state;
}

static MrrState *
TransitionState(FunctionCallInfo fcinfo)
{
	MemoryContext context = AggregateContext(fcinfo);
	MrrState	 *state;

	if (!PG_ARGISNULL(0))
	{
		state = (MrrState *) PG_GETARG_POINTER(0);
		if (!state->grid.constant)
			GridRequireSameArguments(&state->grid, fcinfo, 2, 3);
		return state;
	}
	state = NewState(context, GridArgumentCount(fcinfo, 2));
	GridRead(&state->grid, fcinfo, 2, 3);
	state->grid.constant = AggregateArgumentIsConstant(fcinfo, 1) &&
						   (PG_NARGS() <= 3 || AggregateArgumentIsConstant(fcinfo, 2));
	return state;
}

Datum
mrr_agg_transfn(PG_FUNCTION_ARGS)
{
	MrrState *state;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	state = TransitionState(fcinfo);
	MrrAddHistory(state, PG_GETARG_SUBSCRIPTION_HISTORY_P(1));
	PG_RETURN_POINTER(state);
}

/* The columns of mrr_period, in order. */
enum
{
	PERIOD_START,
	PERIOD_END,
	MRR_START,
	NEW_MRR,
	EXPANSION,
	CONTRACTION,
	CHURNED,
	REACTIVATION,
	MRR_END,
	CUSTOMERS_START,
	CUSTOMERS_END,
	NEW_CUSTOMERS,
	EXPANDED_CUSTOMERS,
	CONTRACTED_CUSTOMERS,
	CHURNED_CUSTOMERS,
	REACTIVATED_CUSTOMERS,
	RETENTION_RATE,
	GROSS_RETENTION,
	NET_RETENTION,
	QUICK_RATIO,
	COMPLETE
};

/* Running totals while the periods are read in order. */
typedef struct
{
	int128 mrr;
	int64  customers;
} Totals;

static void
SetMoney(RowArray *rows, const MrrTally *tally, int128 mrr_start, int128 mrr_end)
{
	RowArraySetMoney(rows, MRR_START, mrr_start, true);
	RowArraySetMoney(rows, NEW_MRR, tally->money[MRR_NEW], true);
	RowArraySetMoney(rows, EXPANSION, tally->money[MRR_EXPANSION], true);
	RowArraySetMoney(rows, CONTRACTION, tally->money[MRR_CONTRACTION], true);
	RowArraySetMoney(rows, CHURNED, tally->money[MRR_CHURNED], true);
	RowArraySetMoney(rows, REACTIVATION, tally->money[MRR_REACTIVATION], true);
	RowArraySetMoney(rows, MRR_END, mrr_end, true);
}

static void
SetCustomers(RowArray *rows, const MrrTally *tally, int64 start, int64 end)
{
	rows->values[CUSTOMERS_START] = Int64GetDatum(start);
	rows->values[CUSTOMERS_END] = Int64GetDatum(end);
	rows->values[NEW_CUSTOMERS] = Int64GetDatum(tally->customers[MRR_NEW]);
	rows->values[EXPANDED_CUSTOMERS] = Int64GetDatum(tally->customers[MRR_EXPANSION]);
	rows->values[CONTRACTED_CUSTOMERS] = Int64GetDatum(tally->customers[MRR_CONTRACTION]);
	rows->values[CHURNED_CUSTOMERS] = Int64GetDatum(tally->customers[MRR_CHURNED]);
	rows->values[REACTIVATED_CUSTOMERS] = Int64GetDatum(tally->customers[MRR_REACTIVATION]);
	RowArraySetPercent(rows, RETENTION_RATE, (float8) (start - tally->customers[MRR_CHURNED]),
					   (float8) start);
}

static void
SetRatios(RowArray *rows, const MrrTally *tally, int128 mrr_start)
{
	int128 lost = tally->money[MRR_CONTRACTION] + tally->money[MRR_CHURNED];
	int128 expansion = tally->money[MRR_EXPANSION];
	int128 gained = tally->money[MRR_NEW] + expansion + tally->money[MRR_REACTIVATION];
	float8 start = Float8FromMoney(mrr_start);

	RowArraySetPercent(rows, GROSS_RETENTION, Float8FromMoney(mrr_start - lost), start);
	RowArraySetPercent(rows, NET_RETENTION, Float8FromMoney(mrr_start - lost + expansion),
					   start);
	rows->nulls[QUICK_RATIO] = lost == 0;
	if (lost != 0)
		rows->values[QUICK_RATIO] =
			Float8GetDatum(Float8FromMoney(gained) / Float8FromMoney(lost));
}

static void
AddPeriod(RowArray *rows, const MrrState *state, int period, Totals *totals)
{
	const MrrTally *tally = &MrrTallies(state)[period];
	const int128   *money = tally->money;
	const int64	   *customers = tally->customers;
	Totals			end = *totals;

	end.mrr += money[MRR_NEW] + money[MRR_EXPANSION] + money[MRR_REACTIVATION] -
			   money[MRR_CONTRACTION] - money[MRR_CHURNED];
	end.customers += customers[MRR_NEW] + customers[MRR_REACTIVATION] - customers[MRR_CHURNED];
	rows->values[PERIOD_START] = DateADTGetDatum(state->grid.bounds[period]);
	rows->values[PERIOD_END] = DateADTGetDatum(state->grid.bounds[period + 1]);
	SetMoney(rows, tally, totals->mrr, end.mrr);
	SetCustomers(rows, tally, totals->customers, end.customers);
	SetRatios(rows, tally, totals->mrr);
	rows->values[COMPLETE] = BoolGetDatum(GridComplete(&state->grid, period));
	RowArrayAdd(rows);
	*totals = end;
}

Datum
mrr_agg_finalfn(PG_FUNCTION_ARGS)
{
	MrrState *state;
	RowArray *rows;
	Totals	  totals;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (MrrState *) PG_GETARG_POINTER(0);
	totals.mrr = state->mrr_start;
	totals.customers = state->customers_start;
	rows = RowArrayOpen(fcinfo, state->grid.nbounds - 1);
	for (int i = 0; i < state->grid.nbounds - 1; i++)
		AddPeriod(rows, state, i, &totals);
	PG_RETURN_DATUM(RowArrayClose(rows));
}

Datum
mrr_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	MrrState	 *state;
	MrrState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (MrrState *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
	{
		state = NewState(context, other->grid.nbounds);
		memcpy(state, other, MrrBytes(other->grid.nbounds));
		PG_RETURN_POINTER(state);
	}
	state = (MrrState *) PG_GETARG_POINTER(0);
	GridRequireSame(&state->grid, &other->grid);
	MrrMerge(state, other);
	PG_RETURN_POINTER(state);
}

Datum
mrr_agg_serialfn(PG_FUNCTION_ARGS)
{
	MrrState	  *state = (MrrState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	GridSend(&state->grid, &message);
	SendInt128(&message, state->mrr_start);
	pq_sendint64(&message, state->customers_start);
	for (int i = 0; i < state->grid.nbounds - 1; i++)
	{
		const MrrTally *tally = &MrrTallies(state)[i];

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < MRR_MOVEMENTS; k++)
		{
			SendInt128(&message, tally->money[k]);
			pq_sendint64(&message, tally->customers[k]);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static void
ReceiveTally(StringInfo message, MrrTally *tally)
{
	for (int k = 0; k < MRR_MOVEMENTS; k++)
	{
		tally->money[k] = ReceiveInt128(message);
		tally->customers[k] = pq_getmsgint64(message);
		if (tally->money[k] < 0 || tally->customers[k] < 0)
			ReportBadBytes(STATE_NAME);
	}
}

Datum
mrr_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	MrrState	  *state;
	int			   nbounds;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len < FIXED_BYTES || pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	nbounds = GridPeekCount(&message, STATE_NAME);
	if (message.len !=
		FIXED_BYTES + GridMessageBytes(nbounds) + (Size) (nbounds - 1) * TALLY_BYTES)
		ReportBadBytes(STATE_NAME);
	state = NewState(CurrentMemoryContext, nbounds);
	GridReceive(&state->grid, &message, STATE_NAME);
	state->mrr_start = ReceiveInt128(&message);
	state->customers_start = pq_getmsgint64(&message);
	if (state->mrr_start < 0 || state->customers_start < 0)
		ReportBadBytes(STATE_NAME);
	for (int i = 0; i < nbounds - 1; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		ReceiveTally(&message, &MrrTallies(state)[i]);
	}
	PG_RETURN_POINTER(state);
}
