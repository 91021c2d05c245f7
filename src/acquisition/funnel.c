/*
 * acquisition/funnel.c - funnel_agg: how far one customer came through the steps
 * of a funnel.
 *
 * The state is the window and the events as they came, 8 bytes each: the moment
 * x 32 + the step less 1, so that order of numbers is order of time and, at one
 * moment, of steps. The final function walks them in that order and
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
#define RECENT 4			 /* with so many beside it a state fills a chunk of 64 bytes */
#define FIRST_CAPACITY 16	 /* of the others, in chunks of another size than states */
#define STEPS 32
#define CHECK_EVERY 0x10000

/* Moments that fit beside a step: some 9,000 years around 2000. */
#define LAST_MOMENT ((INT64CONST(1) << 58) - 1)

/*
 * A state never moves. Made with its group's entry in the executor's hash table
 * it lies beside it, and a row finds both with one cache miss. The latest events
 * wait in it, and go where the others are by fours: a quarter of the misses.
 */
typedef struct
{
	int64	*events; /* those before the recent ones; NULL without any */
	uint32	 used;	 /* of both together */
	uint32	 capacity;
	Interval window;
	int64	 recent[RECENT];
} FunnelState;

#define ST_SORT SortEvents
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static FunnelState *
NewState(MemoryContext context, const Interval *window)
{
	FunnelState *state = MemoryContextAlloc(context, sizeof(FunnelState));

	state->events = NULL;
	state->used = 0;
	state->capacity = 0;
	state->window = *window;
	return state;
}

/* How many of the events are not among the recent ones. */
static inline uint32
OlderEvents(const FunnelState *state)
{
	return state->used == 0 ? 0 : (state->used - 1) / RECENT * RECENT;
}

static void
Grow(FunnelState *state)
{
	if (state->capacity > PG_UINT32_MAX / 2)
		/* not reached: takes 2,147,483,648 events of one customer */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many events of one customer: %u", state->used));
	if (state->events == NULL)
	{
		state->capacity = FIRST_CAPACITY;
		state->events =
			MemoryContextAlloc(GetMemoryChunkContext(state), state->capacity * sizeof(int64));
		return;
	}
	state->capacity *= 2;
	state->events = repalloc_huge(state->events, state->capacity * sizeof(int64));
}

static inline void
AddEvent(FunnelState *state, int64 event)
{
	uint32 place = state->used % RECENT;

	if (place == 0 && state->used > 0)
	{
		if (unlikely(state->used > state->capacity))
			Grow(state);
		memcpy(state->events + state->used - RECENT, state->recent, sizeof(state->recent));
	}
	state->recent[place] = event;
	state->used++;
}

static void
AddEvents(FunnelState *state, const int64 *events, Size n)
{
	for (Size i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		AddEvent(state, events[i]);
	}
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
	Interval	*window;
	FunnelState *state;

	if (unlikely(PG_ARGISNULL(1)))
		ReportNullArgument("event_window");
	window = PG_GETARG_INTERVAL_P(1);
	if (unlikely(PG_ARGISNULL(0)))
	{
		RequireWindow(window, "event_window");
		return NewState(AggregateContext(fcinfo), window);
	}
	state = (FunnelState *) PG_GETARG_POINTER(0);
	if (unlikely(!IsSameWindow(window, &state->window)))
		ReportChangedArgument("event_window");
	return state;
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
	AddEvent(state, event);
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

/* How far the events so far lead. */
typedef struct
{
	const Interval *window;
	int				reached;		  /* the deepest step, 0 when the first never was */
	TimestampTz		deadlines[STEPS]; /* of the steps reached, the latest each */
} FunnelWalk;

/* Walks on, over events that are not before those of earlier calls. */
static void
Walk(FunnelWalk *walk, const int64 *events, Size n)
{
	for (Size i = 0; i < n; i++)
	{
		int			step = (int) (events[i] & (STEPS - 1));
		TimestampTz at = (events[i] - step) / STEPS;
		TimestampTz deadline;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (step > walk->reached || (step > 0 && walk->deadlines[step - 1] < at))
			continue;
		deadline = step > 0 ? walk->deadlines[step - 1] : MomentAfter(at, walk->window);
		walk->deadlines[step] =
			step == walk->reached ? deadline : Max(walk->deadlines[step], deadline);
		walk->reached = Max(walk->reached, step + 1);
	}
}

static void
WalkSorted(FunnelWalk *walk, const FunnelState *state, uint32 older)
{
	int64 *copy = palloc_extended(state->used * sizeof(int64), MCXT_ALLOC_HUGE);

	if (older > 0)
		memcpy(copy, state->events, older * sizeof(int64));
	memcpy(copy + older, state->recent, (state->used - older) * sizeof(int64));
	SortEvents(copy, state->used);
	Walk(walk, copy, state->used);
	pfree(copy);
}

Datum
funnel_agg_finalfn(PG_FUNCTION_ARGS)
{
	FunnelState *state;
	FunnelWalk	 walk;
	uint32		 older;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (FunnelState *) PG_GETARG_POINTER(0);
	walk.window = &state->window;
	walk.reached = 0;
	older = OlderEvents(state);
	if (IsSorted(state->events, older) && IsSorted(state->recent, state->used - older) &&
		(older == 0 || state->events[older - 1] <= state->recent[0]))
	{
		Walk(&walk, state->events, older);
		Walk(&walk, state->recent, state->used - older);
	}
	else
		WalkSorted(&walk, state, older);
	PG_RETURN_INT32(walk.reached);
}

/* --- partial states --- */

Datum
funnel_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	FunnelState	 *state;
	FunnelState	 *other;
	uint32		  older;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (FunnelState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context, &other->window)
							: (FunnelState *) PG_GETARG_POINTER(0);
	if (!IsSameWindow(&state->window, &other->window))
		ReportChangedArgument("event_window");
	older = OlderEvents(other);
	AddEvents(state, other->events, older);
	AddEvents(state, other->recent, other->used - older);
	PG_RETURN_POINTER(state);
}

Datum
funnel_agg_serialfn(PG_FUNCTION_ARGS)
{
	FunnelState	  *state = (FunnelState *) PG_GETARG_POINTER(0);
	StringInfoData message;
	uint32		   older;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendint64(&message, state->window.time);
	pq_sendint32(&message, state->window.day);
	pq_sendint32(&message, state->window.month);
	older = OlderEvents(state);
	for (Size i = 0; i < state->used; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint64(&message, i < older ? state->events[i] : state->recent[i - older]);
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
	state = NewState(CurrentMemoryContext, &window);
	for (Size i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		AddEvent(state, pq_getmsgint64(&message));
	}
	PG_RETURN_POINTER(state);
}
