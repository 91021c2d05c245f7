/*
 * retention/series_agg.c - retention_agg for SQL.
 *
 * The state is one chunk that never grows: the arguments (grid.h) and a tally
 * for each boundary (retention/series.h).
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "money.h"
#include "retention.h"
#include "retention/series.h"
#include "rowarray.h"
#include "state.h"

PG_FUNCTION_INFO_V1(retention_agg_transfn_history);
PG_FUNCTION_INFO_V1(retention_agg_transfn_spans);
PG_FUNCTION_INFO_V1(retention_agg_finalfn);
PG_FUNCTION_INFO_V1(retention_agg_combinefn);
PG_FUNCTION_INFO_V1(retention_agg_serialfn);
PG_FUNCTION_INFO_V1(retention_agg_deserialfn);

#define STATE_VERSION 2
#define STATE_NAME "retention_agg state"

/* Serialized: what comes before the grid and after it, and a tally. */
#define FIXED_BYTES (1 + 6)
#define TALLY_BYTES (3 * (2 * 8 + 16) + 4 * 8 + 2 * 16)

static SeriesState *
NewState(MemoryContext context, int nbounds)
{
	Size		 bytes = SeriesBytes(nbounds);
	SeriesState *state = MemoryContextAllocHuge(context, bytes);

	memset(state, 0, bytes);
	return state;
}

/* Argument argno, active_days: NULL chooses the calendar method, 0 days are none. */
static SeriesMethod
ReadMethod(FunctionCallInfo fcinfo, int argno, int32 *active_days)
{
	*active_days = 0;
	if (PG_ARGISNULL(argno))
		return SERIES_CALENDAR;
	*active_days = PG_GETARG_INT32(argno);
	if (*active_days < 1)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("active_days must be at least 1, not %d", *active_days),
				errhint("NULL chooses the calendar method: active in a period when there is a "
						"purchase in it."));
	return SERIES_WINDOW;
}

static SeriesState *
FirstState(FunctionCallInfo fcinfo, MemoryContext context, SeriesMethod method,
		   int32 active_days, int observed_argno)
{
	SeriesState *state = NewState(context, GridArgumentCount(fcinfo, 2));

	state->method = method;
	state->active_days = active_days;
	GridRead(&state->grid, fcinfo, 2, observed_argno);
	SeriesPrepare(state);
	state->grid.constant = true;
	for (int argno = 2; argno < PG_NARGS(); argno++)
		state->grid.constant &= AggregateArgumentIsConstant(fcinfo, argno - 1);
	return state;
}

/*
 * The state, made from the arguments with the first row and checked against them
 * later. Only an aggregate can pass a state, so only the first row asks who calls.
 */
static SeriesState *
TransitionState(FunctionCallInfo fcinfo, bool spans)
{
	SeriesState *state = PG_ARGISNULL(0) ? NULL : (SeriesState *) PG_GETARG_POINTER(0);
	int			 observed_argno = spans ? 3 : 4;
	SeriesMethod method = SERIES_SPANS;
	int32		 active_days = 0;

	if (likely(state != NULL && state->grid.constant))
		return state;
	if (!spans)
		method = ReadMethod(fcinfo, 3, &active_days);
	if (state == NULL)
		return FirstState(fcinfo, AggregateContext(fcinfo), method, active_days,
						  observed_argno);
	GridRequireSameArguments(&state->grid, fcinfo, 2, observed_argno);
	if (method != state->method || active_days != state->active_days)
		ReportChangedArgument("active_days");
	return state;
}

Datum
retention_agg_transfn_history(PG_FUNCTION_ARGS)
{
	SeriesState *state;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	state = TransitionState(fcinfo, false);
	SeriesAddHistory(state, PG_GETARG_PURCHASE_HISTORY_P(1));
	PG_RETURN_POINTER(state);
}

Datum
retention_agg_transfn_spans(PG_FUNCTION_ARGS)
{
	SeriesState *state;
	DaySpan		*spans;
	int			 nspans;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	state = TransitionState(fcinfo, true);
	spans = SpansFromMultirange(PG_GETARG_MULTIRANGE_P(1), &nspans);
	SeriesAddSpans(state, spans, nspans);
	PG_RETURN_POINTER(state);
}

/* The columns of retention_period, in order. */
enum
{
	PERIOD_START,
	PERIOD_END,
	CUSTOMERS_AT_START,
	CUSTOMERS_AT_END,
	NEW_CUSTOMERS,
	ACQUIRED,
	RETAINED,
	REACTIVATED,
	CHURNED,
	LAPSED_AT_START,
	CRR,
	RETENTION_RATE,
	CHURN_RATE,
	REACTIVATION_RATE,
	PURCHASES,
	REVENUE,
	REVENUE_NEW,
	REVENUE_RETAINED,
	REVENUE_REACTIVATED,
	NET_REVENUE_RETENTION,
	COMPLETE
};

static void
SetCounts(RowArray *rows, const SeriesPeriod *period, bool start_known)
{
	rows->values[CUSTOMERS_AT_END] = Int64GetDatum(period->at_end);
	rows->values[NEW_CUSTOMERS] = Int64GetDatum(period->new_customers);
	rows->values[ACQUIRED] = Int64GetDatum(period->acquired);
	RowArraySetInt64(rows, CUSTOMERS_AT_START, period->at_start, start_known);
	RowArraySetInt64(rows, RETAINED, period->retained, start_known);
	RowArraySetInt64(rows, REACTIVATED, period->reactivated, start_known);
	RowArraySetInt64(rows, CHURNED, period->churned, start_known);
	RowArraySetInt64(rows, LAPSED_AT_START, period->lapsed, start_known);
}

static void
SetRates(RowArray *rows, const SeriesPeriod *period, bool start_known)
{
	float8 at_start = start_known ? (float8) period->at_start : 0;
	float8 lapsed = start_known ? (float8) period->lapsed : 0;

	RowArraySetPercent(rows, CRR, (float8) (period->at_end - period->new_customers), at_start);
	RowArraySetPercent(rows, RETENTION_RATE, (float8) period->retained, at_start);
	RowArraySetPercent(rows, CHURN_RATE, (float8) period->churned, at_start);
	RowArraySetPercent(rows, REACTIVATION_RATE, (float8) period->reactivated, lapsed);
}

static void
SetMoney(RowArray *rows, const SeriesState *state, const SeriesPeriod *period, bool start_known)
{
	bool known = state->has_amount;

	RowArraySetInt64(rows, PURCHASES, period->purchases, state->method != SERIES_SPANS);
	RowArraySetMoney(rows, REVENUE, period->revenue, known);
	RowArraySetMoney(rows, REVENUE_NEW, period->revenue_new, known);
	RowArraySetMoney(rows, REVENUE_RETAINED, period->revenue_retained, known);
	RowArraySetMoney(rows, REVENUE_REACTIVATED, period->revenue_rest, known);
	RowArraySetPercent(rows, NET_REVENUE_RETENTION, Float8FromMoney(period->followed_now),
					   known && start_known && state->method == SERIES_CALENDAR
						   ? Float8FromMoney(period->followed_then)
						   : 0);
}

Datum
retention_agg_finalfn(PG_FUNCTION_ARGS)
{
	SeriesState *state;
	RowArray	*rows;
	SeriesCursor cursor = {0, 0, 0};
	int			 nperiods;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (SeriesState *) PG_GETARG_POINTER(0);
	SeriesSettle(state);
	nperiods = state->grid.nbounds - 1;
	rows = RowArrayOpen(fcinfo, nperiods);
	for (int i = 0; i < nperiods; i++)
	{
		bool		 start_known = state->method != SERIES_CALENDAR || i > 0;
		SeriesPeriod period;

		SeriesNextPeriod(state, &cursor, &period);
		rows->values[PERIOD_START] = DateADTGetDatum(state->grid.bounds[i]);
		rows->values[PERIOD_END] = DateADTGetDatum(state->grid.bounds[i + 1]);
		SetCounts(rows, &period, start_known);
		SetRates(rows, &period, start_known);
		SetMoney(rows, state, &period, start_known);
		rows->values[COMPLETE] = BoolGetDatum(GridComplete(&state->grid, i));
		RowArrayAdd(rows);
	}
	PG_RETURN_DATUM(RowArrayClose(rows));
}

Datum
retention_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	SeriesState	 *state;
	SeriesState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (SeriesState *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
	{
		state = NewState(context, other->grid.nbounds);
		memcpy(state, other, SeriesBytes(other->grid.nbounds));
		PG_RETURN_POINTER(state);
	}
	state = (SeriesState *) PG_GETARG_POINTER(0);
	GridRequireSame(&state->grid, &other->grid);
	if (state->method != other->method || state->active_days != other->active_days)
		ReportChangedArgument("active_days");
	SeriesSettle(state);
	SeriesSettle(other);
	SeriesMerge(state, other);
	PG_RETURN_POINTER(state);
}

static void
SendTally(StringInfo message, const SeriesTally *tally)
{
	for (int i = 0; i < lengthof(tally->cells); i++)
	{
		pq_sendint64(message, tally->cells[i].buyers);
		pq_sendint64(message, tally->cells[i].purchases);
		SendInt128(message, tally->cells[i].money);
	}
	pq_sendint64(message, tally->starts);
	pq_sendint64(message, tally->ends);
	pq_sendint64(message, tally->acquired);
	pq_sendint64(message, tally->new_active);
	SendInt128(message, tally->money_idle);
	SendInt128(message, tally->money_idle_then);
}

Datum
retention_agg_serialfn(PG_FUNCTION_ARGS)
{
	SeriesState	  *state = (SeriesState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	SeriesSettle(state);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	GridSend(&state->grid, &message);
	pq_sendbyte(&message, state->method);
	pq_sendint32(&message, state->active_days);
	pq_sendbyte(&message, state->has_amount);
	for (int i = 0; i < state->grid.nbounds; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		SendTally(&message, &SeriesTallies(state)[i]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static void
ReceiveTally(StringInfo message, SeriesTally *tally)
{
	for (int i = 0; i < lengthof(tally->cells); i++)
	{
		tally->cells[i].buyers = pq_getmsgint64(message);
		tally->cells[i].purchases = pq_getmsgint64(message);
		tally->cells[i].money = ReceiveInt128(message);
		if (tally->cells[i].buyers < 0 || tally->cells[i].purchases < 0)
			ReportBadBytes(STATE_NAME);
	}
	tally->starts = pq_getmsgint64(message);
	tally->ends = pq_getmsgint64(message);
	tally->acquired = pq_getmsgint64(message);
	tally->new_active = pq_getmsgint64(message);
	tally->money_idle = ReceiveInt128(message);
	tally->money_idle_then = ReceiveInt128(message);
	if (tally->starts < 0 || tally->ends < 0 || tally->acquired < 0 || tally->new_active < 0)
		ReportBadBytes(STATE_NAME);
}

static void
ReceiveMethod(StringInfo message, SeriesState *state)
{
	int method = pq_getmsgbyte(message);
	int has_amount;

	state->active_days = (int32) pq_getmsgint(message, 4);
	has_amount = pq_getmsgbyte(message);
	if (method > SERIES_SPANS || has_amount > 1 ||
		(method == SERIES_WINDOW ? state->active_days < 1 : state->active_days != 0))
		ReportBadBytes(STATE_NAME);
	state->method = (SeriesMethod) method;
	state->has_amount = has_amount != 0;
}

Datum
retention_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	SeriesState	  *state;
	int			   nbounds;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len < 1 || pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	nbounds = GridPeekCount(&message, STATE_NAME);
	if (message.len != FIXED_BYTES + GridMessageBytes(nbounds) + (Size) nbounds * TALLY_BYTES)
		ReportBadBytes(STATE_NAME);
	state = NewState(CurrentMemoryContext, nbounds);
	GridReceive(&state->grid, &message, STATE_NAME);
	ReceiveMethod(&message, state);
	for (int i = 0; i < state->grid.nbounds; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		ReceiveTally(&message, &SeriesTallies(state)[i]);
	}
	PG_RETURN_POINTER(state);
}
