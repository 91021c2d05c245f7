/*
 * expansion/aggregate.c - affinity_agg: order lines to basket_counts.
 *
 * The state numbers products as they come and keeps 12 bytes a line; baskets
 * are put together at the end, which takes up to 20 bytes a line more and 20 a
 * basket.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "affinity.h"
#include "aggregate.h"
#include "compat.h"
#include "state.h"
#include "varint.h"

PG_FUNCTION_INFO_V1(affinity_agg_transfn_bigint);
PG_FUNCTION_INFO_V1(affinity_agg_transfn_text);
PG_FUNCTION_INFO_V1(affinity_agg_transfn_uuid);
PG_FUNCTION_INFO_V1(affinity_agg_finalfn);
PG_FUNCTION_INFO_V1(affinity_agg_combinefn);
PG_FUNCTION_INFO_V1(affinity_agg_serialfn);
PG_FUNCTION_INFO_V1(affinity_agg_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "affinity_agg state"
#define CHECK_EVERY 0x10000

static BasketLines *
NewState(MemoryContext context, BookKind kind)
{
	BasketLines *state = MemoryContextAllocZero(context, sizeof(BasketLines));

	state->context = context;
	IdTableInit(&state->products, context, kind);
	IdTableInit(&state->ids, context, kind);
	return state;
}

static inline void
AddLine(BasketLines *state, uint64 basket, uint32 product)
{
	ReserveLines(state, 1);
	state->baskets[state->used] = basket;
	state->numbers[state->used++] = product;
}

/* A line without a basket or a product is none. */
static pg_attribute_always_inline Datum
AddRow(FunctionCallInfo fcinfo, BookKind kind)
{
	MemoryContext context = AggregateContext(fcinfo);
	BasketLines	 *state = PG_ARGISNULL(0) ? NULL : (BasketLines *) PG_GETARG_POINTER(0);
	uint32		  product;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return UnchangedState(fcinfo);
	if (unlikely(state == NULL))
		state = NewState(context, kind);
	if (kind == BOOK_BIGINT)
	{
		product = IdTableAddInteger(&state->products, PG_GETARG_INT64(2));
		AddLine(state, IntegerKey(PG_GETARG_INT64(1)), product);
	}
	else
	{
		product = IdTableAddArgument(&state->products, fcinfo, 2);
		AddLine(state, IdTableAddArgument(&state->ids, fcinfo, 1), product);
	}
	PG_RETURN_POINTER(state);
}

Datum
affinity_agg_transfn_bigint(PG_FUNCTION_ARGS)
{
	return AddRow(fcinfo, BOOK_BIGINT);
}

Datum
affinity_agg_transfn_text(PG_FUNCTION_ARGS)
{
	return AddRow(fcinfo, BOOK_TEXT);
}

Datum
affinity_agg_transfn_uuid(PG_FUNCTION_ARGS)
{
	return AddRow(fcinfo, BOOK_UUID);
}

Datum
affinity_agg_finalfn(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(CountBaskets((BasketLines *) PG_GETARG_POINTER(0)));
}

Datum
affinity_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	BasketLines	 *state;
	BasketLines	 *other;
	uint32		 *products;
	uint32		 *baskets;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (BasketLines *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context, other->products.kind)
							: (BasketLines *) PG_GETARG_POINTER(0);
	products = IdTableMerge(&state->products, &other->products);
	baskets = IdTableMerge(&state->ids, &other->ids);
	ReserveLines(state, other->used);
	for (Size i = 0; i < other->used; i++)
	{
		uint64 basket = other->baskets[i];

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (state->products.kind != BOOK_BIGINT)
			basket = baskets[basket];
		AddLine(state, basket, products[other->numbers[i]]);
	}
	pfree(products);
	pfree(baskets);
	PG_RETURN_POINTER(state);
}

/* Lines go as varints, each basket as its difference to the one before. */
Datum
affinity_agg_serialfn(PG_FUNCTION_ARGS)
{
	BasketLines	  *state = (BasketLines *) PG_GETARG_POINTER(0);
	uint64		   last = 0;
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendbyte(&message, state->products.kind);
	IdTableSend(&state->products, &message);
	IdTableSend(&state->ids, &message);
	pq_sendint64(&message, state->used);
	for (Size i = 0; i < state->used; i++)
	{
		uint8  bytes[2 * VARINT_MAX_BYTES];
		uint8 *end = PutVarint(bytes, ZigzagEncode((int64) (state->baskets[i] - last)));

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		end = PutVarint(end, state->numbers[i]);
		appendBinaryStringInfo(&message, (char *) bytes, (int) (end - bytes));
		last = state->baskets[i];
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static uint64
ReceiveNumber(StringInfo message)
{
	const uint8 *start = (const uint8 *) message->data + message->cursor;
	const uint8 *end = (const uint8 *) message->data + message->len;
	uint64		 value;
	const uint8 *next = GetVarint(start, end, &value);

	if (next == NULL)
		ReportBadBytes(STATE_NAME);
	message->cursor += (int) (next - start);
	return value;
}

static void
ReceiveLines(BasketLines *state, StringInfo message)
{
	int64  n = pq_getmsgint64(message);
	uint64 basket = 0;

	/* a line takes two bytes at least */
	if (n < 1 || n > (message->len - message->cursor) / 2)
		ReportBadBytes(STATE_NAME);
	ReserveLines(state, (Size) n);
	for (int64 i = 0; i < n; i++)
	{
		uint64 product;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		basket += (uint64) ZigzagDecode(ReceiveNumber(message));
		product = ReceiveNumber(message);
		if (product >= state->products.used ||
			(state->products.kind != BOOK_BIGINT && basket >= state->ids.used))
			ReportBadBytes(STATE_NAME);
		AddLine(state, basket, (uint32) product);
	}
	if (message->cursor != message->len)
		ReportBadBytes(STATE_NAME);
}

Datum
affinity_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	BasketLines	  *state;
	int			   version;
	int			   kind;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	version = pq_getmsgbyte(&message);
	kind = pq_getmsgbyte(&message);
	if (version != STATE_VERSION || kind < BOOK_BIGINT || kind > BOOK_UUID)
		ReportBadBytes(STATE_NAME);
	state = NewState(CurrentMemoryContext, (BookKind) kind);
	IdTableReceive(&state->products, &message, false, STATE_NAME);
	IdTableReceive(&state->ids, &message, false, STATE_NAME);
	ReceiveLines(state, &message);
	PG_RETURN_POINTER(state);
}
