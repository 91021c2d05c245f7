/*
 * referral/aggregate.c - referral_agg: rows of who referred whom to a referral_graph.
 *
 * The state numbers ids as they come and keeps 24 bytes a row, at least 12 more
 * an id; the forest is made of them at the end.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "aggregate.h"
#include "compat.h"
#include "referral.h"
#include "state.h"

PG_FUNCTION_INFO_V1(referral_agg_transfn_bigint);
PG_FUNCTION_INFO_V1(referral_agg_transfn_text);
PG_FUNCTION_INFO_V1(referral_agg_transfn_uuid);
PG_FUNCTION_INFO_V1(referral_agg_finalfn);
PG_FUNCTION_INFO_V1(referral_agg_combinefn);
PG_FUNCTION_INFO_V1(referral_agg_serialfn);
PG_FUNCTION_INFO_V1(referral_agg_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "referral_agg state"
#define EDGE_BYTES 24
#define FIRST_CAPACITY 16
#define CHECK_EVERY 0x10000

typedef struct
{
	IdTable		  ids;
	ReferralEdge *edges;
	Size		  used;
	Size		  capacity;
} ReferralState;

static ReferralState *
NewState(MemoryContext context, BookKind kind)
{
	ReferralState *state = MemoryContextAllocZero(context, sizeof(ReferralState));

	IdTableInit(&state->ids, context, kind);
	state->capacity = FIRST_CAPACITY;
	state->edges = MemoryContextAlloc(context, state->capacity * sizeof(ReferralEdge));
	return state;
}

static void
ReserveEdges(ReferralState *state, Size more)
{
	if (likely(more <= state->capacity - state->used))
		return;
	if (state->used + more >= ID_NONE)
		/* not reached: takes 4,294,967,295 referrals */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many referrals: %zu", state->used + more));
	state->capacity = Max(state->capacity * 2, state->used + more);
	state->edges = repalloc_huge(state->edges, state->capacity * sizeof(ReferralEdge));
}

/* A value that is not known is worth 0, and so is -0. */
static float8
ValueArgument(FunctionCallInfo fcinfo)
{
	float8 value;

	if (PG_ARGISNULL(3))
		return 0;
	value = PG_GETARG_FLOAT8(3);
	if (unlikely(!isfinite(value)))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("value must be a finite number, not %s", float8out_internal(value)));
	return value == 0 ? 0 : value;
}

static int64
TimeArgument(FunctionCallInfo fcinfo)
{
	TimestampTz at;

	if (PG_NARGS() <= 4 || PG_ARGISNULL(4))
		return NO_TIME;
	at = PG_GETARG_TIMESTAMPTZ(4);
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("referred_at must be finite, not \"%s\"",
					   TIMESTAMP_IS_NOBEGIN(at) ? "-infinity" : "infinity"),
				errhint("Pass NULL where the time is not known."));
	return at;
}

/* Who is not known, or was referred by nobody, is no referral. */
static pg_attribute_always_inline Datum
AddReferral(FunctionCallInfo fcinfo, BookKind kind)
{
	MemoryContext  context = AggregateContext(fcinfo);
	ReferralState *state = PG_ARGISNULL(0) ? NULL : (ReferralState *) PG_GETARG_POINTER(0);
	ReferralEdge   edge;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return UnchangedState(fcinfo);
	if (unlikely(state == NULL))
		state = NewState(context, kind);
	ReserveEdges(state, 1);
	edge.referred = IdTableAddArgument(&state->ids, fcinfo, 1);
	edge.referrer = IdTableAddArgument(&state->ids, fcinfo, 2);
	edge.value = ValueArgument(fcinfo);
	edge.at = TimeArgument(fcinfo);
	state->edges[state->used++] = edge;
	PG_RETURN_POINTER(state);
}

Datum
referral_agg_transfn_bigint(PG_FUNCTION_ARGS)
{
	return AddReferral(fcinfo, BOOK_BIGINT);
}

Datum
referral_agg_transfn_text(PG_FUNCTION_ARGS)
{
	return AddReferral(fcinfo, BOOK_TEXT);
}

Datum
referral_agg_transfn_uuid(PG_FUNCTION_ARGS)
{
	return AddReferral(fcinfo, BOOK_UUID);
}

Datum
referral_agg_finalfn(PG_FUNCTION_ARGS)
{
	ReferralState *state;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ReferralState *) PG_GETARG_POINTER(0);
	PG_RETURN_POINTER(ReferralBuild(&state->ids, state->edges, state->used, 0));
}

Datum
referral_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext  context = AggregateContext(fcinfo);
	ReferralState *state;
	ReferralState *other;
	uint32		  *numbers;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (ReferralState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context, other->ids.kind)
							: (ReferralState *) PG_GETARG_POINTER(0);
	numbers = IdTableMerge(&state->ids, &other->ids);
	ReserveEdges(state, other->used);
	for (Size i = 0; i < other->used; i++)
	{
		ReferralEdge edge = other->edges[i];

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		edge.referred = numbers[edge.referred];
		edge.referrer = numbers[edge.referrer];
		state->edges[state->used++] = edge;
	}
	pfree(numbers);
	PG_RETURN_POINTER(state);
}

Datum
referral_agg_serialfn(PG_FUNCTION_ARGS)
{
	ReferralState *state = (ReferralState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendbyte(&message, state->ids.kind);
	IdTableSend(&state->ids, &message);
	pq_sendint64(&message, state->used);
	for (Size i = 0; i < state->used; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		pq_sendint32(&message, state->edges[i].referred);
		pq_sendint32(&message, state->edges[i].referrer);
		pq_sendfloat8(&message, state->edges[i].value);
		pq_sendint64(&message, state->edges[i].at);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static ReferralEdge
ReceiveEdge(StringInfo message, uint32 ids)
{
	ReferralEdge edge;

	edge.referred = (uint32) pq_getmsgint(message, 4);
	edge.referrer = (uint32) pq_getmsgint(message, 4);
	edge.value = pq_getmsgfloat8(message);
	edge.at = pq_getmsgint64(message);
	if (edge.referred >= ids || edge.referrer >= ids || !isfinite(edge.value) ||
		edge.at == DT_NOBEGIN)
		ReportBadBytes(STATE_NAME);
	edge.value = edge.value == 0 ? 0 : edge.value;
	return edge;
}

Datum
referral_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	ReferralState *state;
	int			   version;
	int			   kind;
	int64		   n;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	version = pq_getmsgbyte(&message);
	kind = pq_getmsgbyte(&message);
	if (version != STATE_VERSION || kind < BOOK_BIGINT || kind > BOOK_UUID)
		ReportBadBytes(STATE_NAME);
	state = NewState(CurrentMemoryContext, (BookKind) kind);
	IdTableReceive(&state->ids, &message, false, STATE_NAME);
	n = pq_getmsgint64(&message);
	if (n < 0 || n != (message.len - message.cursor) / EDGE_BYTES ||
		(message.len - message.cursor) % EDGE_BYTES != 0)
		ReportBadBytes(STATE_NAME);
	ReserveEdges(state, (Size) n);
	for (int64 i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		state->edges[state->used++] = ReceiveEdge(&message, state->ids.used);
	}
	PG_RETURN_POINTER(state);
}
