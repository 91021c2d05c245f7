/*
 * survival/aggregate.c - kaplan_meier for SQL.
 *
 * The state is one chunk of counts, 24 bytes each: distinct durations in order,
 * then a tail of rows as they came. A full tail is sorted and merged into the
 * rest; the tail is at most an eighth of it (or 64 rows), so the state stays
 * within 32 bytes a distinct duration, whatever the number of rows.
 */
#include "postgres.h"

#include <float.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "rowarray.h"
#include "state.h"
#include "survival/curve.h"

PG_FUNCTION_INFO_V1(kaplan_meier_transfn);
PG_FUNCTION_INFO_V1(kaplan_meier_finalfn);
PG_FUNCTION_INFO_V1(kaplan_meier_combinefn);
PG_FUNCTION_INFO_V1(kaplan_meier_serialfn);
PG_FUNCTION_INFO_V1(kaplan_meier_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "kaplan_meier state"
#define FIRST_CAPACITY 8
#define LEAST_TAIL 64
#define COUNT_BYTES 24

/* More customers than anybody has, few enough for sums of them. */
#define MAX_COUNT (INT64CONST(1) << 53)

typedef struct
{
	Size		  distinct; /* sorted, each duration once */
	Size		  used;		/* with the tail */
	Size		  capacity;
	SurvivalCount counts[FLEXIBLE_ARRAY_MEMBER];
} SurvivalState;

static Size
StateBytes(Size capacity)
{
	return offsetof(SurvivalState, counts) + capacity * sizeof(SurvivalCount);
}

static SurvivalState *
NewState(MemoryContext context, Size capacity)
{
	SurvivalState *state;

	capacity = Max(capacity, FIRST_CAPACITY);
	state = MemoryContextAllocHuge(context, StateBytes(capacity));
	state->distinct = state->used = 0;
	state->capacity = capacity;
	return state;
}

/* Adds tail rows whose duration the sorted part knows there; keeps the others, in order. */
static Size
AbsorbTail(SurvivalState *state, SurvivalCount *tail, Size ntail)
{
	Size kept = 0;
	Size at = 0;

	for (Size i = 0; i < ntail; i++)
	{
		while (at < state->distinct && state->counts[at].duration < tail[i].duration)
			at++;
		if (at < state->distinct && state->counts[at].duration == tail[i].duration)
		{
			state->counts[at].events += tail[i].events;
			state->counts[at].censored += tail[i].censored;
		}
		else
			tail[kept++] = tail[i];
	}
	return kept;
}

/* Sorts the tail and merges it, from the back, into the part that is sorted. */
static void
MergeTail(SurvivalState *state)
{
	SurvivalCount *tail = state->counts + state->distinct;
	Size		   ntail = SurvivalNormalize(tail, state->used - state->distinct);
	SurvivalCount *copy;
	Size		   left = state->distinct;
	Size		   to;

	CHECK_FOR_INTERRUPTS();
	ntail = AbsorbTail(state, tail, ntail);
	to = state->used = state->distinct + ntail;
	copy = palloc_extended(Max(ntail, 1) * sizeof(SurvivalCount), MCXT_ALLOC_HUGE);
	memcpy(copy, tail, ntail * sizeof(SurvivalCount));
	while (ntail > 0)
	{
		if (left > 0 && state->counts[left - 1].duration > copy[ntail - 1].duration)
			state->counts[--to] = state->counts[--left];
		else
			state->counts[--to] = copy[--ntail];
	}
	pfree(copy);
	state->distinct = state->used;
}

/* Room for one more. */
static SurvivalState *
Reserve(SurvivalState *state)
{
	Size capacity;

	if (likely(state->used < state->capacity))
		return state;
	MergeTail(state);
	capacity = Min(state->capacity * 2, state->used + Max(LEAST_TAIL, state->used / 8));
	if (state->used > state->capacity / 2 && capacity > state->capacity)
	{
		state = repalloc_huge(state, StateBytes(capacity));
		state->capacity = capacity;
	}
	return state;
}

static SurvivalState *
AddCount(SurvivalState *state, const SurvivalCount *count)
{
	state = Reserve(state);
	state->counts[state->used++] = *count;
	return state;
}

static float8
DurationArgument(FunctionCallInfo fcinfo, int argno)
{
	float8 duration = PG_GETARG_FLOAT8(argno);

	if (!(duration >= 0 && duration <= DBL_MAX))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("duration must be a finite number, 0 or more, not %s",
					   float8out_internal(duration)),
				errhint("For a customer without the event, pass how long it was watched, and "
						"false."));
	return duration + 0.0; /* no -0 */
}

Datum
kaplan_meier_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext  context = AggregateContext(fcinfo);
	SurvivalState *state;
	SurvivalCount  count;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return UnchangedState(fcinfo);
	count.duration = DurationArgument(fcinfo, 1);
	count.events = PG_GETARG_BOOL(2);
	count.censored = !PG_GETARG_BOOL(2);
	state = PG_ARGISNULL(0) ? NewState(context, 0) : (SurvivalState *) PG_GETARG_POINTER(0);
	PG_RETURN_POINTER(AddCount(state, &count));
}

/* The columns of survival_point, in order. */
enum
{
	DURATION,
	AT_RISK,
	EVENTS,
	CENSORED,
	SURVIVAL,
	STD_ERROR,
	LOWER95,
	UPPER95
};

static void
AddPoint(RowArray *rows, const SurvivalCount *count, const SurvivalStep *step)
{
	bool has_limits = step->survival > 0 && step->survival < 1;

	rows->values[DURATION] = Float8GetDatum(count->duration);
	rows->values[AT_RISK] = Int64GetDatum(step->at_risk);
	rows->values[EVENTS] = Int64GetDatum(count->events);
	rows->values[CENSORED] = Int64GetDatum(count->censored);
	rows->values[SURVIVAL] = Float8GetDatum(step->survival);
	RowArraySetFloat8(rows, STD_ERROR, step->std_error, step->survival > 0);
	RowArraySetFloat8(rows, LOWER95, step->lower95, has_limits);
	RowArraySetFloat8(rows, UPPER95, step->upper95, has_limits);
	RowArrayAdd(rows);
}

Datum
kaplan_meier_finalfn(PG_FUNCTION_ARGS)
{
	SurvivalState *state;
	SurvivalCount *counts;
	SurvivalCursor cursor;
	RowArray	  *rows;
	Size		   n;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (SurvivalState *) PG_GETARG_POINTER(0);
	counts = palloc_extended(Max(state->used, 1) * sizeof(SurvivalCount), MCXT_ALLOC_HUGE);
	memcpy(counts, state->counts, state->used * sizeof(SurvivalCount));
	n = SurvivalNormalize(counts, state->used);
	rows = RowArrayOpen(fcinfo, n);
	SurvivalBegin(&cursor, counts, n);
	for (Size i = 0; i < n; i++)
	{
		SurvivalStep step;

		SurvivalAdvance(&cursor, &counts[i], &step, true);
		AddPoint(rows, &counts[i], &step);
	}
	PG_RETURN_DATUM(RowArrayClose(rows));
}

Datum
kaplan_meier_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext  context = AggregateContext(fcinfo);
	SurvivalState *state;
	SurvivalState *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (SurvivalState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context, 0) : (SurvivalState *) PG_GETARG_POINTER(0);
	for (Size i = 0; i < other->used; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		state = AddCount(state, &other->counts[i]);
	}
	PG_RETURN_POINTER(state);
}

Datum
kaplan_meier_serialfn(PG_FUNCTION_ARGS)
{
	SurvivalState *state = (SurvivalState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	for (Size i = 0; i < state->used; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		pq_sendfloat8(&message, state->counts[i].duration);
		pq_sendint64(&message, state->counts[i].events);
		pq_sendint64(&message, state->counts[i].censored);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
kaplan_meier_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	SurvivalState *state;
	Size		   n;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len < 1 || (message.len - 1) % COUNT_BYTES != 0 ||
		pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	n = (message.len - 1) / COUNT_BYTES;
	state = NewState(CurrentMemoryContext, n);
	for (Size i = 0; i < n; i++)
	{
		SurvivalCount *count = &state->counts[i];

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		count->duration = pq_getmsgfloat8(&message);
		count->events = pq_getmsgint64(&message);
		count->censored = pq_getmsgint64(&message);
		if (!(count->duration >= 0 && count->duration <= DBL_MAX) || count->events < 0 ||
			count->censored < 0 || count->events > MAX_COUNT || count->censored > MAX_COUNT ||
			count->events + count->censored == 0)
			ReportBadBytes(STATE_NAME);
	}
	state->used = n;
	PG_RETURN_POINTER(state);
}
