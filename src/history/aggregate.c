/*
 * history/aggregate.c - history_agg: the rows of one customer to a history.
 *
 * The state is one chunk: a few counters and the rows as they came, 16 bytes
 * each. It doubles when full, after rows of the same day have been added up;
 * sorting is left to the final function, which works on a copy.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "history.h"
#include "purchase.h"
#include "state.h"

PG_FUNCTION_INFO_V1(history_agg_transfn_history);
PG_FUNCTION_INFO_V1(history_agg_finalfn);
PG_FUNCTION_INFO_V1(history_agg_combinefn);
PG_FUNCTION_INFO_V1(history_agg_serialfn);
PG_FUNCTION_INFO_V1(history_agg_deserialfn);

#define STATE_VERSION 1
#define FIRST_CAPACITY 7
#define COMPACT_FROM 256

/* With its first capacity a state fills a chunk of 128 bytes, doubled from then on. */
typedef struct
{
	uint32	   used;
	uint32	   capacity;
	bool	   has_amount;
	bool	   sorted; /* rows are in order of day, perhaps several of a day */
	HistoryDay rows[FLEXIBLE_ARRAY_MEMBER];
} HistoryState;

static Size
StateBytes(Size capacity)
{
	return offsetof(HistoryState, rows) + capacity * sizeof(HistoryDay);
}

static void
CheckCapacity(Size capacity)
{
	if (capacity > PG_UINT32_MAX)
		/* not reached: takes 4,294,967,296 purchases of one customer */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many purchases of one customer: %zu", capacity));
}

static HistoryState *
NewState(MemoryContext context, Size capacity)
{
	HistoryState *state;

	capacity = Max(capacity, FIRST_CAPACITY);
	CheckCapacity(capacity);
	state = MemoryContextAllocHuge(context, StateBytes(capacity));
	state->used = 0;
	state->capacity = (uint32) capacity;
	state->has_amount = false;
	state->sorted = true;
	return state;
}

/*
 * Adds up rows of the same day where that saves half of them. Sums that do not
 * fit stay apart, for the final function to judge all rows of the day together.
 */
static void
Compact(HistoryState *state)
{
	int128 total = 0;

	for (Size i = 0; i < state->used; i++)
		total += state->rows[i].amount < 0 ? -(int128) state->rows[i].amount
										   : (int128) state->rows[i].amount;
	if (total > PG_INT64_MAX || state->used > PG_INT32_MAX)
		return;
	state->used = (uint32) HistoryNormalize(state->rows, state->used, state->sorted);
	state->sorted = true;
}

static pg_noinline HistoryState *
GrowState(HistoryState *state, Size rows)
{
	if (state->used >= COMPACT_FROM)
		Compact(state);
	if (state->used + rows > state->capacity / 2)
	{
		Size capacity = Max((Size) state->capacity * 2 + 1, state->used + rows);

		CheckCapacity(capacity);
		state = repalloc_huge(state, StateBytes(capacity));
		state->capacity = (uint32) capacity;
	}
	return state;
}

static inline HistoryState *
Reserve(HistoryState *state, Size rows)
{
	if (likely(rows <= state->capacity - state->used))
		return state;
	return GrowState(state, rows);
}

static inline void
AppendRow(HistoryState *state, const HistoryDay *row)
{
	if (state->used > 0 && row->day < state->rows[state->used - 1].day)
		state->sorted = false;
	state->rows[state->used++] = *row;
}

/*
 * The state in argument 0, made when the first row comes: only an aggregate can pass a state,
 * so only then it matters who calls.
 */
static inline HistoryState *
TransitionState(FunctionCallInfo fcinfo, Size rows)
{
	if (unlikely(PG_ARGISNULL(0)))
		return NewState(AggregateContext(fcinfo), rows);
	return Reserve((HistoryState *) PG_GETARG_POINTER(0), rows);
}

/*
 * One transition function per pair of time and amount type; purchase.h says
 * how each is read. A row without a time leaves the state as it is.
 */
#define HISTORY_AGG_TRANSFN(TIME, AMOUNT)                         \
	PG_FUNCTION_INFO_V1(history_agg_transfn_##TIME##_##AMOUNT);   \
	Datum history_agg_transfn_##TIME##_##AMOUNT(PG_FUNCTION_ARGS) \
	{                                                             \
		HistoryState *state;                                      \
		HistoryDay	  row;                                        \
                                                                  \
		if (!ReadPurchase_##TIME##_##AMOUNT(fcinfo, 1, &row))     \
		{                                                         \
			if (PG_ARGISNULL(0))                                  \
				PG_RETURN_NULL();                                 \
			PG_RETURN_DATUM(PG_GETARG_DATUM(0));                  \
		}                                                         \
		state = TransitionState(fcinfo, 1);                       \
		state->has_amount |= PURCHASE_HAS_##AMOUNT;               \
		AppendRow(state, &row);                                   \
		PG_RETURN_POINTER(state);                                 \
	}

FOR_EACH_PURCHASE_FORM(HISTORY_AGG_TRANSFN)

static HistoryState *
AppendRows(HistoryState *state, const HistoryDay *rows, Size nrows, bool has_amount)
{
	state->has_amount |= has_amount;
	for (Size i = 0; i < nrows; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		AppendRow(state, &rows[i]);
	}
	return state;
}

Datum
history_agg_transfn_history(PG_FUNCTION_ARGS)
{
	HistoryState *state;
	HistoryReader reader;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	HistoryOpen(&reader, PG_GETARG_PURCHASE_HISTORY_P(1));
	state = TransitionState(fcinfo, reader.days);
	state->has_amount |= reader.has_amount;
	while (HistoryNext(&reader))
	{
		state = Reserve(state, 1);
		AppendRow(state, &reader.current);
	}
	PG_RETURN_POINTER(state);
}

/* Whether the rows are a history's days as they are. */
static bool
IsNormalized(const HistoryState *state)
{
	if (!state->sorted)
		return false;
	for (uint32 i = 1; i < state->used; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (state->rows[i].day == state->rows[i - 1].day)
			return false;
	}
	return true;
}

Datum
history_agg_finalfn(PG_FUNCTION_ARGS)
{
	const HistoryState *state;
	HistoryDay		   *rows;
	Size				ndays;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (HistoryState *) PG_GETARG_POINTER(0);
	if (IsNormalized(state))
		PG_RETURN_PURCHASE_HISTORY_P(
			HistoryFromDays(state->rows, state->used, state->has_amount));
	rows = palloc_extended(Max(state->used, 1) * sizeof(HistoryDay), MCXT_ALLOC_HUGE);
	memcpy(rows, state->rows, state->used * sizeof(HistoryDay));
	ndays = HistoryNormalize(rows, state->used, state->sorted);
	PG_RETURN_PURCHASE_HISTORY_P(HistoryFromDays(rows, ndays, state->has_amount));
}

Datum
history_agg_combinefn(PG_FUNCTION_ARGS)
{
	HistoryState *state;
	HistoryState *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (HistoryState *) PG_GETARG_POINTER(1);
	state = TransitionState(fcinfo, other->used);
	PG_RETURN_POINTER(AppendRows(state, other->rows, other->used, other->has_amount));
}

Datum
history_agg_serialfn(PG_FUNCTION_ARGS)
{
	HistoryState  *state = (HistoryState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendbyte(&message, state->has_amount);
	for (Size i = 0; i < state->used; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		pq_sendint32(&message, state->rows[i].day);
		pq_sendint32(&message, state->rows[i].purchases);
		pq_sendint64(&message, state->rows[i].amount);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
history_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	HistoryState  *state;
	Size		   nrows;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len < 2 || (message.len - 2) % 16 != 0 ||
		pq_getmsgbyte(&message) != STATE_VERSION || (uint8) message.data[1] > 1)
		ReportBadBytes("history_agg state");
	nrows = (message.len - 2) / 16;
	state = NewState(CurrentMemoryContext, nrows);
	state->has_amount = pq_getmsgbyte(&message) != 0;
	for (Size i = 0; i < nrows; i++)
	{
		HistoryDay row;

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		row.day = (DateADT) pq_getmsgint(&message, 4);
		row.purchases = (int32) pq_getmsgint(&message, 4);
		row.amount = pq_getmsgint64(&message);
		if (!IS_VALID_DATE(row.day) || row.purchases < 0)
			ReportBadBytes("history_agg state");
		AppendRow(state, &row);
	}
	PG_RETURN_POINTER(state);
}
