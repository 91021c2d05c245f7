/*
 * subscription/subscription_agg.c - the spans of one customer to a step function.
 *
 * The state is one chunk: the spans as they came, 16 bytes each. Where spans
 * overlap their amounts add up; sorting is left to the final function.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "money.h"
#include "span.h"
#include "state.h"
#include "subscription.h"

PG_FUNCTION_INFO_V1(subscription_agg_transfn);
PG_FUNCTION_INFO_V1(subscription_agg_finalfn);
PG_FUNCTION_INFO_V1(subscription_agg_combinefn);
PG_FUNCTION_INFO_V1(subscription_agg_serialfn);
PG_FUNCTION_INFO_V1(subscription_agg_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "subscription_agg state"
#define FIRST_CAPACITY 6
#define PAID_BYTES 16

/* So much from a day to before another; infinite dates are open ends. */
typedef struct
{
	DateADT from;
	DateADT until;
	int64	mrr;
} PaidSpan;

typedef struct
{
	Size	 used;
	Size	 capacity;
	PaidSpan spans[FLEXIBLE_ARRAY_MEMBER];
} SubscriptionState;

/* The amount changes by so much on a day. */
typedef struct
{
	DateADT day;
	int64	change;
} MrrChange;

#define ST_SORT SortChanges
#define ST_ELEMENT_TYPE MrrChange
#define ST_COMPARE(a, b) ((a)->day < (b)->day ? -1 : (a)->day > (b)->day)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static Size
StateBytes(Size capacity)
{
	return offsetof(SubscriptionState, spans) + capacity * sizeof(PaidSpan);
}

static SubscriptionState *
NewState(MemoryContext context, Size capacity)
{
	SubscriptionState *state;

	capacity = Max(capacity, FIRST_CAPACITY);
	state = MemoryContextAllocHuge(context, StateBytes(capacity));
	state->used = 0;
	state->capacity = capacity;
	return state;
}

static SubscriptionState *
AddSpan(SubscriptionState *state, const PaidSpan *span)
{
	if (state->used == state->capacity)
	{
		state = repalloc_huge(state, StateBytes(state->capacity * 2));
		state->capacity *= 2;
	}
	state->spans[state->used++] = *span;
	return state;
}

static int64
MrrArgument(FunctionCallInfo fcinfo, int argno)
{
	Numeric mrr;
	int64	ticks;

	if (PG_ARGISNULL(argno))
		ReportNullArgument("mrr");
	mrr = PG_GETARG_NUMERIC(argno);
	if (numeric_is_nan(mrr) || numeric_is_inf(mrr))
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("mrr must be a finite number, not %s",
				   DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(mrr)))));
	ticks = MoneyFromNumeric(mrr);
	if (ticks < 0 || MoneyIsTinyRefund(mrr))
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("mrr must not be negative, not %s",
				   DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(mrr)))),
			errhint("A lower price is a new span with the lower amount; 0 is a free plan."));
	return ticks;
}

/* Whether the range holds a day; open ends become infinite dates. */
static bool
SpanArgument(FunctionCallInfo fcinfo, int argno, PaidSpan *span)
{
	DaySpan valid = SpanFromRange(PG_GETARG_RANGE_P(argno));

	if (valid.from >= valid.until)
		return false;
	span->from = valid.from == SPAN_OPEN_BEGIN ? DATEVAL_NOBEGIN : (DateADT) valid.from;
	span->until = valid.until == SPAN_OPEN_END ? DATEVAL_NOEND : (DateADT) valid.until;
	return true;
}

Datum
subscription_agg_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext	   context = AggregateContext(fcinfo);
	SubscriptionState *state;
	PaidSpan		   span;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	span.mrr = MrrArgument(fcinfo, 2);
	state = PG_ARGISNULL(0) ? NewState(context, 0) : (SubscriptionState *) PG_GETARG_POINTER(0);
	if (SpanArgument(fcinfo, 1, &span))
		state = AddSpan(state, &span);
	PG_RETURN_POINTER(state);
}

/* Up where a span begins, down where it ends; returns how many changes that makes. */
static Size
ListChanges(const SubscriptionState *state, MrrChange *changes, bool *has_latest,
			DateADT *latest)
{
	Size n = 0;

	*has_latest = false;
	*latest = 0;
	for (Size i = 0; i < state->used; i++)
	{
		const PaidSpan *span = &state->spans[i];

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (!DATE_IS_NOBEGIN(span->from) && (!*has_latest || span->from > *latest))
		{
			*has_latest = true;
			*latest = span->from;
		}
		changes[n++] = (MrrChange){span->from, span->mrr};
		if (!DATE_IS_NOEND(span->until))
			changes[n++] = (MrrChange){span->until, -span->mrr};
	}
	SortChanges(changes, n);
	return n;
}

/* The amount after the changes of each day. */
static Size
AddUpChanges(const MrrChange *changes, Size n, MrrStep *steps)
{
	int128 mrr = 0;
	Size   nsteps = 0;

	for (Size i = 0; i < n; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		mrr += changes[i].change;
		if (i + 1 == n || changes[i + 1].day != changes[i].day)
			steps[nsteps++] = (MrrStep){changes[i].day, MoneyNarrow(mrr)};
	}
	return SubscriptionNormalize(steps, nsteps);
}

Datum
subscription_agg_finalfn(PG_FUNCTION_ARGS)
{
	SubscriptionState *state;
	MrrChange		  *changes;
	MrrStep			  *steps;
	Size			   n;
	bool			   has_latest;
	DateADT			   latest;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (SubscriptionState *) PG_GETARG_POINTER(0);
	changes = palloc_extended((state->used * 2 + 1) * sizeof(MrrChange), MCXT_ALLOC_HUGE);
	steps = palloc_extended((state->used * 2 + 1) * sizeof(MrrStep), MCXT_ALLOC_HUGE);
	n = ListChanges(state, changes, &has_latest, &latest);
	n = AddUpChanges(changes, n, steps);
	PG_RETURN_SUBSCRIPTION_HISTORY_P(SubscriptionFromSteps(steps, n, has_latest, latest));
}

Datum
subscription_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext	   context = AggregateContext(fcinfo);
	SubscriptionState *state;
	SubscriptionState *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (SubscriptionState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context, other->used)
							: (SubscriptionState *) PG_GETARG_POINTER(0);
	for (Size i = 0; i < other->used; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		state = AddSpan(state, &other->spans[i]);
	}
	PG_RETURN_POINTER(state);
}

Datum
subscription_agg_serialfn(PG_FUNCTION_ARGS)
{
	SubscriptionState *state = (SubscriptionState *) PG_GETARG_POINTER(0);
	StringInfoData	   message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	for (Size i = 0; i < state->used; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		pq_sendint32(&message, state->spans[i].from);
		pq_sendint32(&message, state->spans[i].until);
		pq_sendint64(&message, state->spans[i].mrr);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
subscription_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData	   message;
	SubscriptionState *state;
	Size			   n;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len < 1 || (message.len - 1) % PAID_BYTES != 0 ||
		pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	n = (message.len - 1) / PAID_BYTES;
	state = NewState(CurrentMemoryContext, n);
	for (Size i = 0; i < n; i++)
	{
		PaidSpan span;

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		span.from = (DateADT) pq_getmsgint(&message, 4);
		span.until = (DateADT) pq_getmsgint(&message, 4);
		span.mrr = pq_getmsgint64(&message);
		if (span.from >= span.until || span.mrr < 0 ||
			(!DATE_IS_NOBEGIN(span.from) && !IS_VALID_DATE(span.from)) ||
			(!DATE_IS_NOEND(span.until) && !IS_VALID_DATE(span.until)))
			ReportBadBytes(STATE_NAME);
		state = AddSpan(state, &span);
	}
	PG_RETURN_POINTER(state);
}
