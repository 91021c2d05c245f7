/*
 * acquisition/funnel.c - funnel_agg: how far one customer came through the steps
 * of a funnel.
 *
 * The state is one chunk: the window and the events as they came, 8 bytes each:
 * the moment x 32 + the step less 1, so that order of numbers is order of time
 * and, at one moment, of steps. The final function walks them in that order and
 * keeps, for each step, the latest deadline of a chain that has reached it: a
 * chain with a later deadline can do whatever one with an earlier deadline can.
 * (Deadlines, not starts: with months in the window a later start may end
 * earlier, as 31 January 01:00 does after 30 January 23:00.)
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "moment.h"
#include "state.h"

PG_FUNCTION_INFO_V1(funnel_agg_transfn);
PG_FUNCTION_INFO_V1(funnel_agg_finalfn);
PG_FUNCTION_INFO_V1(funnel_agg_combinefn);
PG_FUNCTION_INFO_V1(funnel_agg_serialfn);
PG_FUNCTION_INFO_V1(funnel_agg_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "funnel_agg state"
#define STATE_FIXED_BYTES 17 /* of the serialized form: version and window */
#define FIRST_CAPACITY 5
#define STEPS 32
#define CHECK_EVERY 0x10000

/* Moments that fit beside a step: some 9,000 years around 2000. */
#define LAST_MOMENT ((INT64CONST(1) << 58) - 1)

/* With its first capacity a state fills a chunk of 64 bytes, doubled from then on. */
typedef struct
{
	Interval window;
	uint32	 used;
	uint32	 capacity;
	int64	 events[FLEXIBLE_ARRAY_MEMBER];
} FunnelState;

#define ST_SORT SortEvents
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static Size
StateBytes(Size capacity)
{
	return offsetof(FunnelState, events) + capacity * sizeof(int64);
}

static void
CheckCapacity(Size capacity)
{
	if (capacity > PG_UINT32_MAX)
		/* not reached: takes 4,294,967,296 events of one customer */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many events of one customer: %zu", capacity));
}

static FunnelState *
NewState(MemoryContext context, const Interval *window, Size capacity)
{
	FunnelState *state;

	capacity = Max(capacity, FIRST_CAPACITY);
	CheckCapacity(capacity);
	state = MemoryContextAllocHuge(context, StateBytes(capacity));
	state->window = *window;
	state->used = 0;
	state->capacity = (uint32) capacity;
	return state;
}

static inline FunnelState *
Reserve(FunnelState *state, Size events)
{
	Size capacity;

	if (likely(events <= state->capacity - state->used))
		return state;
	capacity = Max((Size) state->capacity * 2 + 3, (Size) state->used + events);
	CheckCapacity(capacity);
	state = repalloc_huge(state, StateBytes(capacity));
	state->capacity = (uint32) capacity;
	return state;
}

/* --- rows --- */

static inline int64
EventArgument(TimestampTz at, int32 step)
{
	if (unlikely(step < 1 || step > STEPS))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("step must be between 1 and %d, not %d", STEPS, step),
				errhint("Number the steps of the funnel from 1; leave out events that are none "
						"(NULL, or FILTER)."));
	if (unlikely(at > LAST_MOMENT || at < -LAST_MOMENT))
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				TIMESTAMP_NOT_FINITE(at)
					? errmsg("event time must be finite, not \"%s\"",
							 TIMESTAMP_IS_NOBEGIN(at) ? "-infinity" : "infinity")
					: errmsg("event time is more than 9,000 years from now"));
	return at * STEPS + (step - 1);
}

/* The state in argument 0, made when the first row comes; the window is the same in every row. */
static inline FunnelState *
TransitionState(FunctionCallInfo fcinfo)
{
	MemoryContext context = AggregateContext(fcinfo);
	Interval	 *window;
	FunnelState	 *state;

	if (unlikely(PG_ARGISNULL(1)))
		ReportNullArgument("event_window");
	window = PG_GETARG_INTERVAL_P(1);
	if (PG_ARGISNULL(0))
	{
		RequireWindow(window, "event_window");
		return NewState(context, window, 0);
	}
	state = (FunnelState *) PG_GETARG_POINTER(0);
	if (unlikely(!IsSameWindow(window, &state->window)))
		ReportChangedArgument("event_window");
	return Reserve(state, 1);
}

Datum
funnel_agg_transfn(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	int64		 event;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return UnchangedState(fcinfo);
	event = EventArgument(PG_GETARG_TIMESTAMPTZ(2), PG_GETARG_INT32(3));
	state = TransitionState(fcinfo);
	state->events[state->used++] = event;
	PG_RETURN_POINTER(state);
}

/* --- the walk --- */

static bool
IsSorted(const int64 *events, Size n)
{
	for (Size i = 1; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (events[i] < events[i - 1])
			return false;
	}
	return true;
}

/* The deepest step reached, 0 when the first never was. */
static int
DeepestStep(const int64 *events, Size n, const Interval *window)
{
	TimestampTz deadlines[STEPS]; /* of the steps reached so far, the latest each */
	int			reached = 0;

	for (Size i = 0; i < n; i++)
	{
		int			step = (int) (events[i] & (STEPS - 1));
		TimestampTz at = (events[i] - step) / STEPS;
		TimestampTz deadline;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (step > reached || (step > 0 && deadlines[step - 1] < at))
			continue;
		deadline = step > 0 ? deadlines[step - 1] : MomentAfter(at, window);
		deadlines[step] = step == reached ? deadline : Max(deadlines[step], deadline);
		reached = Max(reached, step + 1);
	}
	return reached;
}

Datum
funnel_agg_finalfn(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	int64		*copy;
	int			 reached;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (FunnelState *) PG_GETARG_POINTER(0);
	if (IsSorted(state->events, state->used))
		PG_RETURN_INT32(DeepestStep(state->events, state->used, &state->window));
	copy = palloc_extended(state->used * sizeof(int64), MCXT_ALLOC_HUGE);
	memcpy(copy, state->events, state->used * sizeof(int64));
	SortEvents(copy, state->used);
	reached = DeepestStep(copy, state->used, &state->window);
	pfree(copy);
	PG_RETURN_INT32(reached);
}

/* --- partial states --- */

Datum
funnel_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	FunnelState	 *state;
	FunnelState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (FunnelState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context, &other->window, other->used)
							: (FunnelState *) PG_GETARG_POINTER(0);
	if (!IsSameWindow(&state->window, &other->window))
		ReportChangedArgument("event_window");
	state = Reserve(state, other->used);
	memcpy(state->events + state->used, other->events, other->used * sizeof(int64));
	state->used += other->used;
	PG_RETURN_POINTER(state);
}

Datum
funnel_agg_serialfn(PG_FUNCTION_ARGS)
{
	FunnelState	  *state = (FunnelState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendint64(&message, state->window.time);
	pq_sendint32(&message, state->window.day);
	pq_sendint32(&message, state->window.month);
	for (Size i = 0; i < state->used; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint64(&message, state->events[i]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
funnel_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	FunnelState	  *state;
	Interval	   window;
	Size		   n;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len <= STATE_FIXED_BYTES || (message.len - STATE_FIXED_BYTES) % 8 != 0 ||
		pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	window.time = pq_getmsgint64(&message);
	window.day = (int32) pq_getmsgint(&message, 4);
	window.month = (int32) pq_getmsgint(&message, 4);
	if (window.time < 0 || window.day < 0 || window.month < 0)
		ReportBadBytes(STATE_NAME);
	n = (message.len - STATE_FIXED_BYTES) / 8;
	state = NewState(CurrentMemoryContext, &window, n);
	for (Size i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		state->events[state->used++] = pq_getmsgint64(&message);
	}
	PG_RETURN_POINTER(state);
}
