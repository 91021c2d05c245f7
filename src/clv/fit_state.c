/*
 * clv/fit_state.c - the state of the fitting aggregates, merged and sent.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "clv/fit.h"
#include "clv/statistics.h"
#include "state.h"

PG_FUNCTION_INFO_V1(fit_combinefn);
PG_FUNCTION_INFO_V1(fit_serialfn);
PG_FUNCTION_INFO_V1(fit_deserialfn);

#define STATE_VERSION 1
#define FIRST_CAPACITY 16
#define BYTES_WHAT "state of a model fit"

static void *
AllocateHuge(size_t size)
{
	return palloc_extended(Max(size, 1), MCXT_ALLOC_HUGE);
}

static void
Release(void *memory)
{
	pfree(memory);
}

static void
CheckInterrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

const CrmHooks FitHooks = {AllocateHuge, Release, CheckInterrupts};

static Size
StateBytes(Size capacity)
{
	return offsetof(FitState, rows) + capacity * sizeof(CrmHistoryRow);
}

FitState *
NewFitState(MemoryContext context, ModelKind kind, Size capacity)
{
	FitState *state;

	capacity = Max(capacity, FIRST_CAPACITY);
	state = MemoryContextAllocHuge(context, StateBytes(capacity));
	memset(state, 0, offsetof(FitState, rows));
	state->kind = kind;
	state->capacity = capacity;
	return state;
}

/* Merges all rows, and makes room if most of them are still there. */
static FitState *
MakeRoom(FitState *state)
{
	CrmHistoryRow *scratch =
		AllocateHuge((state->used - state->merged) * sizeof(CrmHistoryRow));

	state->used = CrmMergeRows(state->rows, state->merged, state->used, scratch, &FitHooks);
	state->merged = state->used;
	pfree(scratch);
	if (state->used > state->capacity / 5 * 4)
	{
		/* two thirds of it are in use then: 36 bytes for a history at most */
		Size capacity = state->capacity + Max(state->capacity / 5, FIRST_CAPACITY);

		if (capacity > PG_INT32_MAX)
			/* not reached: takes 2,147,483,648 histories that differ */
			ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("too many different customer histories: %zu", state->used));
		state = repalloc_huge(state, StateBytes(capacity));
		state->capacity = capacity;
	}
	return state;
}

FitState *
AddFitRow(FitState *state, const CrmHistoryRow *row)
{
	if (unlikely(state->used == state->capacity))
		state = MakeRoom(state);
	state->rows[state->used++] = *row;
	return state;
}

/* 22023 unless both states were configured alike. */
static void
RequireSameFit(const FitState *left, const FitState *right)
{
	if (left->kind != right->kind)
		/* not reached: one aggregate's states are of one kind */
		ReportBadBytes(BYTES_WHAT);
	if (left->family != right->family)
		ReportChangedArgument("family");
	if (left->unit_days != right->unit_days)
		ReportChangedArgument("unit_days");
	if (left->has_as_of != right->has_as_of || left->as_of != right->as_of)
		ReportChangedArgument("as_of");
}

Datum
fit_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	FitState	 *state;
	FitState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (FitState *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
	{
		state = NewFitState(context, other->kind, other->used);
		state->family = other->family;
		state->unit_days = other->unit_days;
		state->has_as_of = other->has_as_of;
		state->as_of = other->as_of;
	}
	else
		state = (FitState *) PG_GETARG_POINTER(0);
	RequireSameFit(state, other);
	state->left_out += other->left_out;
	for (Size i = 0; i < other->used; i++)
	{
		state = AddFitRow(state, &other->rows[i]);
		if (i % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_POINTER(state);
}

/* Version, kind, family, as_of, unit_days, left_out, then 24 bytes a row; network order. */
Datum
fit_serialfn(PG_FUNCTION_ARGS)
{
	FitState	  *state = (FitState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendbyte(&message, state->kind);
	pq_sendbyte(&message, state->family);
	pq_sendbyte(&message, state->has_as_of);
	pq_sendint32(&message, state->as_of);
	pq_sendfloat8(&message, state->unit_days);
	pq_sendint64(&message, state->left_out);
	for (Size i = 0; i < state->used; i++)
	{
		pq_sendint32(&message, state->rows[i].frequency);
		pq_sendint32(&message, state->rows[i].weight);
		pq_sendfloat8(&message, state->rows[i].recency);
		pq_sendfloat8(&message, state->rows[i].age);
		if (i % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Whether a row is one that a transition function can have added. */
static bool
RowIsPossible(const FitState *state, const CrmHistoryRow *row)
{
	if (row->weight == 0 || !(row->recency >= 0) || !(row->age >= 0) ||
		!isfinite(row->recency) || !isfinite(row->age) || signbit(row->recency) ||
		signbit(row->age))
		return false;
	switch (state->kind)
	{
		case SPEND_MODEL:
			return row->frequency > 0 && row->recency > 0 && row->age == 0;
		case RENEWAL_MODEL:
			return (row->recency == 0 || row->recency == 1) && row->age == 0;
		case BTYD_MODEL:
			break;
	}
	if (row->recency > row->age || (row->frequency == 0 && row->recency > 0))
		return false;
	return state->family != CRM_BG_BB ||
		   (row->recency == floor(row->recency) && row->age == floor(row->age) &&
			row->age <= MAX_OPPORTUNITIES && row->frequency <= row->recency);
}

static FitState *
ReceiveHeader(StringInfo message)
{
	FitState *state;
	int		  version = pq_getmsgbyte(message);
	int		  kind = pq_getmsgbyte(message);
	int		  family = pq_getmsgbyte(message);
	int		  has_as_of = pq_getmsgbyte(message);

	if (version != STATE_VERSION || kind > RENEWAL_MODEL || family > CRM_BG_BB || has_as_of > 1)
		ReportBadBytes(BYTES_WHAT);
	state = NewFitState(CurrentMemoryContext, (ModelKind) kind,
						(Size) (message->len - message->cursor) / sizeof(CrmHistoryRow));
	state->family = (CrmFamily) family;
	state->has_as_of = has_as_of != 0;
	state->as_of = (DateADT) pq_getmsgint(message, 4);
	state->unit_days = pq_getmsgfloat8(message);
	state->left_out = pq_getmsgint64(message);
	if (state->left_out < 0 || !IS_VALID_DATE(state->as_of) ||
		(state->kind == BTYD_MODEL ? !(state->unit_days > 0 && isfinite(state->unit_days))
								   : state->unit_days != 0))
		ReportBadBytes(BYTES_WHAT);
	return state;
}

Datum
fit_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	FitState	  *state;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	state = ReceiveHeader(&message);
	while (message.cursor < message.len)
	{
		CrmHistoryRow row;

		row.frequency = (uint32) pq_getmsgint(&message, 4);
		row.weight = (uint32) pq_getmsgint(&message, 4);
		row.recency = pq_getmsgfloat8(&message);
		row.age = pq_getmsgfloat8(&message);
		if (!RowIsPossible(state, &row))
			ReportBadBytes(BYTES_WHAT);
		state = AddFitRow(state, &row);
		if (state->used % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_POINTER(state);
}
