/*
 * cohort/ladder.c - ladder_agg: from the n-th purchase day to the next.
 *
 * For each step n the state keeps how many customers waited how many days for
 * their next purchase day, and how many are still waiting. One chunk: an open
 * hash table of (step, days). A customer adds one entry to each step it has
 * reached, so a step's customers are the sum of its entries.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "day.h"
#include "history.h"
#include "rowarray.h"
#include "state.h"
#include "survival/curve.h"

PG_FUNCTION_INFO_V1(ladder_agg_transfn);
PG_FUNCTION_INFO_V1(ladder_agg_finalfn);
PG_FUNCTION_INFO_V1(ladder_agg_combinefn);
PG_FUNCTION_INFO_V1(ladder_agg_serialfn);
PG_FUNCTION_INFO_V1(ladder_agg_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "ladder_agg state"
#define DEFAULT_STEPS 10
#define MAX_STEPS 1000
#define FIRST_CAPACITY 64 /* a power of two */
#define FIXED_BYTES 9
#define WAIT_BYTES 24
#define MAX_COUNT (INT64CONST(1) << 53)

/* Customers who waited so long at a step; step 0 is an empty place. */
typedef struct
{
	uint32 step;
	uint32 days;
	int64  next;	/* got there */
	int64  waiting; /* still wait as of the date */
} Wait;

typedef struct
{
	bool	constant; /* the arguments are constants of the statement */
	DateADT as_of;
	int32	steps;
	uint32	used;
	uint32	capacity; /* a power of two */
	Wait	waits[FLEXIBLE_ARRAY_MEMBER];
} LadderState;

#define ST_SORT SortWaits
#define ST_ELEMENT_TYPE Wait
#define ST_COMPARE(a, b)                                         \
	((a)->step != (b)->step	  ? ((a)->step < (b)->step ? -1 : 1) \
	 : (a)->days != (b)->days ? ((a)->days < (b)->days ? -1 : 1) \
							  : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static Size
StateBytes(uint32 capacity)
{
	return offsetof(LadderState, waits) + capacity * sizeof(Wait);
}

static LadderState *
NewState(MemoryContext context, DateADT as_of, int32 steps)
{
	LadderState *state = MemoryContextAllocZero(context, StateBytes(FIRST_CAPACITY));

	state->as_of = as_of;
	state->steps = steps;
	state->capacity = FIRST_CAPACITY;
	return state;
}

/* The place of an entry, or the empty place for it. */
static inline Wait *
FindWait(LadderState *state, uint32 step, uint32 days)
{
	uint32 place = hash_combine(murmurhash32(step), murmurhash32(days));

	for (;; place++)
	{
		Wait *wait = &state->waits[place & (state->capacity - 1)];

		if (wait->step == 0 || (wait->step == step && wait->days == days))
			return wait;
	}
}

/* Twice as large, every entry in its new place. */
static LadderState *
Enlarge(LadderState *state)
{
	uint32 capacity = state->capacity;
	Wait  *old = palloc_extended(capacity * sizeof(Wait), MCXT_ALLOC_HUGE);

	if (capacity >= (UINT32_C(1) << 31))
		/* not reached: takes 1,073,741,824 waiting times that differ */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many different waiting times: %u", state->used));
	memcpy(old, state->waits, capacity * sizeof(Wait));
	state = repalloc_huge(state, StateBytes(capacity * 2));
	state->capacity = capacity * 2;
	memset(state->waits, 0, state->capacity * sizeof(Wait));
	for (uint32 i = 0; i < capacity; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (old[i].step != 0)
			*FindWait(state, old[i].step, old[i].days) = old[i];
	}
	pfree(old);
	return state;
}

static inline LadderState *
AddWait(LadderState *state, uint32 step, uint32 days, int64 next, int64 waiting)
{
	Wait *wait = FindWait(state, step, days);

	if (unlikely(wait->step == 0))
	{
		if (state->used >= state->capacity / 4 * 3)
		{
			state = Enlarge(state);
			wait = FindWait(state, step, days);
		}
		wait->step = step;
		wait->days = days;
		state->used++;
	}
	wait->next += next;
	wait->waiting += waiting;
	return state;
}

/* One customer: a wait for each step but the last one reached, which it still waits at. */
static LadderState *
AddHistory(LadderState *state, const PurchaseHistory *history)
{
	HistoryReader reader;
	HistoryDay	  days[HISTORY_CHUNK];
	int64		  last = 0;
	int32		  reached = 0;
	int			  n;

	HistoryOpen(&reader, history);
	while (reached <= state->steps && (n = HistoryNextDays(&reader, days)) > 0)
	{
		for (int i = 0; i < n && reached <= state->steps; i++)
		{
			if (days[i].purchases == 0)
				continue;
			if (days[i].day > state->as_of)
				break;
			if (reached > 0)
				state = AddWait(state, reached, (uint32) (days[i].day - last), 1, 0);
			last = days[i].day;
			reached++;
		}
		if (days[n - 1].day > state->as_of)
			break;
	}
	if (reached > 0 && reached <= state->steps)
		state = AddWait(state, reached, (uint32) (state->as_of - last), 0, 1);
	return state;
}

static void
ReadArguments(FunctionCallInfo fcinfo, DateADT *as_of, int32 *steps)
{
	if (PG_ARGISNULL(2))
		ReportNullArgument("as_of");
	*as_of = PG_GETARG_DATEADT(2);
	RequireFiniteDate(*as_of, "as-of date");
	*steps = DEFAULT_STEPS;
	if (PG_NARGS() <= 3)
		return;
	if (PG_ARGISNULL(3))
		ReportNullArgument("steps");
	*steps = PG_GETARG_INT32(3);
	if (*steps < 1 || *steps > MAX_STEPS)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("steps must be between 1 and %d, not %d", MAX_STEPS, *steps));
}

static void
RequireSame(const LadderState *state, DateADT as_of, int32 steps)
{
	if (state->as_of != as_of)
		ReportChangedArgument("as_of");
	if (state->steps != steps)
		ReportChangedArgument("steps");
}

static LadderState *
TransitionState(FunctionCallInfo fcinfo)
{
	MemoryContext context = AggregateContext(fcinfo);
	LadderState	 *state = PG_ARGISNULL(0) ? NULL : (LadderState *) PG_GETARG_POINTER(0);
	DateADT		  as_of;
	int32		  steps;

	if (state != NULL && state->constant)
		return state;
	ReadArguments(fcinfo, &as_of, &steps);
	if (state != NULL)
	{
		RequireSame(state, as_of, steps);
		return state;
	}
	state = NewState(context, as_of, steps);
	state->constant = AggregateArgumentIsConstant(fcinfo, 1) &&
					  (PG_NARGS() <= 3 || AggregateArgumentIsConstant(fcinfo, 2));
	return state;
}

Datum
ladder_agg_transfn(PG_FUNCTION_ARGS)
{
	LadderState *state;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	state = TransitionState(fcinfo);
	PG_RETURN_POINTER(AddHistory(state, PG_GETARG_PURCHASE_HISTORY_P(1)));
}

/* The entries in use, sorted by step and days. */
static Wait *
SortedWaits(const LadderState *state)
{
	Wait  *waits = palloc_extended(Max(state->used, 1) * sizeof(Wait), MCXT_ALLOC_HUGE);
	uint32 n = 0;

	for (uint32 i = 0; i < state->capacity; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (state->waits[i].step != 0)
			waits[n++] = state->waits[i];
	}
	SortWaits(waits, n);
	return waits;
}

/* The columns of ladder_step, in order. */
enum
{
	STEP,
	CUSTOMERS,
	NEXT,
	SHARE,
	MEDIAN_DAYS
};

/* One step, of the n entries that are its own. */
static void
AddStep(RowArray *rows, int32 step, const Wait *waits, uint32 n)
{
	SurvivalCount *counts = palloc_extended(Max(n, 1) * sizeof(SurvivalCount), MCXT_ALLOC_HUGE);
	int64		   next = 0;
	int64		   waiting = 0;
	float8		   median = 0;
	bool		   found;

	for (uint32 i = 0; i < n; i++)
	{
		counts[i] = (SurvivalCount){waits[i].days, waits[i].next, waits[i].waiting};
		next += waits[i].next;
		waiting += waits[i].waiting;
	}
	found = SurvivalMedianOfCounts(counts, n, &median);
	rows->values[STEP] = Int32GetDatum(step);
	rows->values[CUSTOMERS] = Int64GetDatum(next + waiting);
	rows->values[NEXT] = Int64GetDatum(next);
	RowArraySetPercent(rows, SHARE, (float8) next, (float8) (next + waiting));
	RowArraySetFloat8(rows, MEDIAN_DAYS, median, found);
	RowArrayAdd(rows);
	pfree(counts);
}

Datum
ladder_agg_finalfn(PG_FUNCTION_ARGS)
{
	LadderState *state;
	RowArray	*rows;
	Wait		*waits;
	uint32		 from = 0;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (LadderState *) PG_GETARG_POINTER(0);
	waits = SortedWaits(state);
	rows = RowArrayOpen(fcinfo, state->steps);
	for (int32 step = 1; step <= state->steps; step++)
	{
		uint32 to = from;

		while (to < state->used && waits[to].step == (uint32) step)
			to++;
		AddStep(rows, step, waits + from, to - from);
		from = to;
	}
	PG_RETURN_DATUM(RowArrayClose(rows));
}

Datum
ladder_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	LadderState	 *state;
	LadderState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (LadderState *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
		state = NewState(context, other->as_of, other->steps);
	else
		state = (LadderState *) PG_GETARG_POINTER(0);
	RequireSame(state, other->as_of, other->steps);
	for (uint32 i = 0; i < other->capacity; i++)
	{
		const Wait *wait = &other->waits[i];

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (wait->step != 0)
			state = AddWait(state, wait->step, wait->days, wait->next, wait->waiting);
	}
	PG_RETURN_POINTER(state);
}

Datum
ladder_agg_serialfn(PG_FUNCTION_ARGS)
{
	LadderState	  *state = (LadderState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendint32(&message, state->as_of);
	pq_sendint32(&message, state->steps);
	for (uint32 i = 0; i < state->capacity; i++)
	{
		const Wait *wait = &state->waits[i];

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (wait->step == 0)
			continue;
		pq_sendint32(&message, wait->step);
		pq_sendint32(&message, wait->days);
		pq_sendint64(&message, wait->next);
		pq_sendint64(&message, wait->waiting);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static LadderState *
ReceiveWait(StringInfo message, LadderState *state)
{
	uint32 step = pq_getmsgint(message, 4);
	uint32 days = pq_getmsgint(message, 4);
	int64  next = pq_getmsgint64(message);
	int64  waiting = pq_getmsgint64(message);

	if (step < 1 || step > (uint32) state->steps || next < 0 || next > MAX_COUNT ||
		waiting < 0 || waiting > MAX_COUNT || next + waiting == 0)
		ReportBadBytes(STATE_NAME);
	return AddWait(state, step, days, next, waiting);
}

Datum
ladder_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	LadderState	  *state;
	DateADT		   as_of;
	int32		   steps;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len < FIXED_BYTES || (message.len - FIXED_BYTES) % WAIT_BYTES != 0 ||
		pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	as_of = (DateADT) pq_getmsgint(&message, 4);
	steps = (int32) pq_getmsgint(&message, 4);
	if (DATE_NOT_FINITE(as_of) || steps < 1 || steps > MAX_STEPS)
		ReportBadBytes(STATE_NAME);
	state = NewState(CurrentMemoryContext, as_of, steps);
	while (message.cursor < message.len)
	{
		CHECK_FOR_INTERRUPTS();
		state = ReceiveWait(&message, state);
	}
	PG_RETURN_POINTER(state);
}
