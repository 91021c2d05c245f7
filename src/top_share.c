/*
 * top_share.c - top_share: how much of a total its largest parts hold.
 *
 * The state is one chunk of the values as they came. They are sorted before
 * they are summed, so that the same values give the same bits in any order.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "argument.h"
#include "compat.h"
#include "state.h"

PG_FUNCTION_INFO_V1(top_share_transfn);
PG_FUNCTION_INFO_V1(top_share_finalfn);
PG_FUNCTION_INFO_V1(top_share_combinefn);
PG_FUNCTION_INFO_V1(top_share_serialfn);
PG_FUNCTION_INFO_V1(top_share_deserialfn);

#define STATE_VERSION 1
#define DEFAULT_SHARE 0.2
#define FIRST_CAPACITY 16
#define CHECK_EVERY 0x10000

typedef struct
{
	float8 share;
	Size   used;
	Size   capacity;
	float8 values[FLEXIBLE_ARRAY_MEMBER];
} ShareState;

#define ST_SORT SortValues
#define ST_ELEMENT_TYPE float8
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static Size
StateBytes(Size capacity)
{
	if (capacity > SIZE_MAX / 2 / sizeof(float8))
		/* not reached: takes more memory than there are addresses */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many values: %zu", capacity));
	return offsetof(ShareState, values) + capacity * sizeof(float8);
}

static ShareState *
NewState(MemoryContext context, float8 share, Size capacity)
{
	ShareState *state;

	capacity = Max(capacity, FIRST_CAPACITY);
	state = MemoryContextAllocHuge(context, StateBytes(capacity));
	state->share = share;
	state->used = 0;
	state->capacity = capacity;
	return state;
}

static ShareState *
Reserve(ShareState *state, Size values)
{
	if (likely(values <= state->capacity - state->used))
		return state;
	state->capacity = Max(state->capacity * 2, state->used + values);
	return repalloc_huge(state, StateBytes(state->capacity));
}

static float8
ShareArgument(FunctionCallInfo fcinfo)
{
	if (PG_NARGS() <= 2)
		return DEFAULT_SHARE;
	if (PG_ARGISNULL(2))
		ReportNullArgument("share");
	return FractionArgument(fcinfo, 2, "share");
}

Datum
top_share_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	float8		  share = ShareArgument(fcinfo);
	ShareState	 *state;
	float8		  value;

	state = PG_ARGISNULL(0) ? NewState(context, share, 0) : (ShareState *) PG_GETARG_POINTER(0);
	if (unlikely(state->share != share))
		ReportChangedArgument("share");
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	value = FiniteArgument(fcinfo, 1, "value");
	state = Reserve(state, 1);
	state->values[state->used++] = value == 0 ? 0 : value; /* there is one zero */
	PG_RETURN_POINTER(state);
}

/* The smallest whole number not below share x n, but for what a fraction lacks in binary. */
static Size
CountTop(float8 share, Size n)
{
	float8 exact = share * (float8) n;
	float8 nearest = rint(exact);

	if (fabs(exact - nearest) > 1e-12 * exact)
		nearest = ceil(exact);
	return (Size) Min(Max(nearest, 0), (float8) n);
}

static float8
SumValues(const float8 *values, Size from, Size until)
{
	float8 sum = 0;

	for (Size i = from; i < until; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		sum += values[i];
	}
	return sum;
}

/* All of it is 100 exactly; large sums are divided first. */
static float8
PercentOf(float8 part, float8 total)
{
	if (part == total)
		return 100;
	return fabs(part) < 1e300 ? 100 * part / total : 100 * (part / total);
}

Datum
top_share_finalfn(PG_FUNCTION_ARGS)
{
	ShareState *state;
	float8	   *values;
	Size		first_of_top;
	float8		top;
	float8		total;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ShareState *) PG_GETARG_POINTER(0);
	if (state->used == 0)
		PG_RETURN_NULL();
	values = palloc_extended(state->used * sizeof(float8), MCXT_ALLOC_HUGE);
	memcpy(values, state->values, state->used * sizeof(float8));
	SortValues(values, state->used);
	first_of_top = state->used - CountTop(state->share, state->used);
	top = SumValues(values, first_of_top, state->used);
	total = SumValues(values, 0, first_of_top) + top;
	pfree(values);
	if (isnan(total) || isinf(total) || isinf(top))
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("sum of values out of range"));
	if (!(total > 0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(PercentOf(top, total));
}

Datum
top_share_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	ShareState	 *state;
	ShareState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (ShareState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context, other->share, other->used)
							: (ShareState *) PG_GETARG_POINTER(0);
	if (state->share != other->share)
		ReportChangedArgument("share");
	state = Reserve(state, other->used);
	memcpy(state->values + state->used, other->values, other->used * sizeof(float8));
	state->used += other->used;
	PG_RETURN_POINTER(state);
}

Datum
top_share_serialfn(PG_FUNCTION_ARGS)
{
	ShareState	  *state = (ShareState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendfloat8(&message, state->share);
	for (Size i = 0; i < state->used; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendfloat8(&message, state->values[i]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
top_share_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	ShareState	  *state;
	Size		   n;
	float8		   share;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len < 9 || (message.len - 9) % 8 != 0 ||
		pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes("top_share state");
	share = pq_getmsgfloat8(&message);
	if (!(share >= 0 && share <= 1))
		ReportBadBytes("top_share state");
	n = (message.len - 9) / 8;
	state = NewState(CurrentMemoryContext, share, n);
	for (Size i = 0; i < n; i++)
	{
		float8 value = pq_getmsgfloat8(&message);

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (isnan(value) || isinf(value))
			ReportBadBytes("top_share state");
		state->values[state->used++] = value;
	}
	PG_RETURN_POINTER(state);
}
