/*
 * book/aggregate.c - book_agg: the rows of a whole population to a book.
 *
 * The state keeps rows as they come. Past its budget they are sorted, packed
 * and merged into the book so far, all in memory: a temporary file inside an
 * aggregate state would leak until commit. The budget is work_mem times
 * hash_mem_multiplier, or an eighth of the packed book once that is more, so
 * that the work stays proportional to the rows.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "executor/nodeHash.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "aggregate.h"
#include "book.h"
#include "compat.h"
#include "purchase.h"
#include "state.h"

PG_FUNCTION_INFO_V1(book_agg_finalfn);
PG_FUNCTION_INFO_V1(book_agg_combinefn);
PG_FUNCTION_INFO_V1(book_agg_serialfn);
PG_FUNCTION_INFO_V1(book_agg_deserialfn);

#define ROW_BYTES_GUESS 8
#define PACKED_SHARE 8

typedef struct
{
	BookKind	  kind;
	bool		  has_amount;
	Oid			  collation; /* of text keys, checked */
	PurchaseBook *packed;	 /* NULL: nothing packed yet */
	RowStore	  store;	 /* what came since */
} BookState;

static BookState *
NewState(MemoryContext context, BookKind kind)
{
	BookState *state = MemoryContextAllocZero(context, sizeof(BookState));

	state->kind = kind;
	BookStoreInit(&state->store, context, get_hash_memory_limit(), kind);
	return state;
}

/* The packed book and all rows as one book; the state stays as it is. */
static PurchaseBook *
BookOfState(BookState *state, MemoryContext context)
{
	Size	   expected = StoreRows(&state->store) * ROW_BYTES_GUESS;
	BookWriter writer;

	if (state->packed != NULL)
		expected += VARSIZE_ANY(state->packed);
	BookBegin(&writer, context, state->kind, state->has_amount, state->packed, expected);
	StoreEmit(&state->store, false, BookPutGroup, &writer);
	return BookEnd(&writer);
}

static void
ReplacePacked(BookState *state, PurchaseBook *book)
{
	if (state->packed != NULL)
		pfree(state->packed);
	state->packed = book;
	state->store.budget = Max(get_hash_memory_limit(), VARSIZE_ANY(book) / PACKED_SHARE);
}

/* Rows of customers whose sums might not fit stay rows: the end decides, not their order. */
static void
PackState(BookState *state)
{
	MemoryContext context = state->store.pool.context;
	Size		  expected = StoreRows(&state->store) * ROW_BYTES_GUESS;
	RowStore	  kept;
	BookWriter	  writer;

	BookStoreInit(&kept, context, state->store.budget, state->kind);
	if (state->packed != NULL)
		expected += VARSIZE_ANY(state->packed);
	BookBegin(&writer, context, state->kind, state->has_amount, state->packed, expected);
	writer.kept = &kept;
	StoreEmitPartial(&state->store, BookPutGroup, &writer);
	state->store = kept;
	ReplacePacked(state, BookEnd(&writer));
	if (state->store.full)
		state->store.budget = Max(state->store.budget, StoreBytes(&state->store) * 4);
	state->store.full = false;
}

/* Keys compare bytewise, as any deterministic collation does. */
static void
CheckCollation(BookState *state, Oid collation)
{
	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		ereport(
			ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			errmsg("nondeterministic collation \"%s\" is not supported for customer ids",
				   get_collation_name(collation)),
			errhint("Use histories_of(query, key_type), which compares by the collation, or "
					"add COLLATE \"C\"."));
	state->collation = collation;
}

static inline void
AddRow_bigint(FunctionCallInfo fcinfo, BookState *state, const HistoryDay *row)
{
	StoreAddInteger(&state->store, IntegerKey(PG_GETARG_INT64(1)), row);
}

static inline void
AddRow_text(FunctionCallInfo fcinfo, BookState *state, const HistoryDay *row)
{
	text		*key = PG_GETARG_TEXT_PP(1);
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(key);
	Size		 length = VARSIZE_ANY_EXHDR(key);

	if (unlikely(state->collation != PG_GET_COLLATION()))
		CheckCollation(state, PG_GET_COLLATION());
	StoreAddBytes(&state->store, HashKeyBytes(bytes, length), bytes, length, row);
}

static inline void
AddRow_uuid(FunctionCallInfo fcinfo, BookState *state, const HistoryDay *row)
{
	const uint8 *bytes = PG_GETARG_UUID_P(1)->data;

	StoreAddBytes(&state->store, HashKeyBytes(bytes, UUID_LEN), bytes, UUID_LEN, row);
}

#define BOOK_KIND_bigint BOOK_BIGINT
#define BOOK_KIND_text BOOK_TEXT
#define BOOK_KIND_uuid BOOK_UUID

/*
 * One transition function per type of key, time and amount; purchase.h says
 * how a purchase is read. A row without a time leaves the state as it is, rows
 * without a key are of one customer.
 */
#define BOOK_AGG_TRANSFN(KEY, TIME, AMOUNT)                                             \
	PG_FUNCTION_INFO_V1(book_agg_transfn_##KEY##_##TIME##_##AMOUNT);                    \
	Datum book_agg_transfn_##KEY##_##TIME##_##AMOUNT(PG_FUNCTION_ARGS)                  \
	{                                                                                   \
		BookState *state = PG_ARGISNULL(0) ? NULL : (BookState *) PG_GETARG_POINTER(0); \
		HistoryDay row;                                                                 \
                                                                                        \
		if (!ReadPurchase_##TIME##_##AMOUNT(fcinfo, 2, &row))                           \
		{                                                                               \
			if (state == NULL)                                                          \
				PG_RETURN_NULL();                                                       \
			PG_RETURN_POINTER(state);                                                   \
		}                                                                               \
		if (unlikely(state == NULL))                                                    \
			state = NewState(AggregateContext(fcinfo), BOOK_KIND_##KEY);                \
		state->has_amount |= PURCHASE_HAS_##AMOUNT;                                     \
		if (unlikely(PG_ARGISNULL(1)))                                                  \
			StoreAddNull(&state->store, &row);                                          \
		else                                                                            \
			AddRow_##KEY(fcinfo, state, &row);                                          \
		if (unlikely(state->store.full))                                                \
			PackState(state);                                                           \
		PG_RETURN_POINTER(state);                                                       \
	}

#define BOOK_AGG_TRANSFNS(KEY)                \
	BOOK_AGG_TRANSFN(KEY, date, none)         \
	BOOK_AGG_TRANSFN(KEY, date, numeric)      \
	BOOK_AGG_TRANSFN(KEY, timestamp, none)    \
	BOOK_AGG_TRANSFN(KEY, timestamp, numeric) \
	BOOK_AGG_TRANSFN(KEY, timestamptz, none)  \
	BOOK_AGG_TRANSFN(KEY, timestamptz, numeric)

BOOK_AGG_TRANSFNS(bigint)
BOOK_AGG_TRANSFNS(text)
BOOK_AGG_TRANSFNS(uuid)

Datum
book_agg_finalfn(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_PURCHASE_BOOK_P(
		BookOfState((BookState *) PG_GETARG_POINTER(0), CurrentMemoryContext));
}

/* A book's customers into the packed ones. */
static void
MergeBook(BookState *state, const PurchaseBook *book, MemoryContext context)
{
	BookReader reader;
	BookWriter writer;
	Size	   expected = VARSIZE_ANY(book);

	if (state->packed != NULL)
		expected += VARSIZE_ANY(state->packed);
	BookOpen(&reader, book);
	if (reader.kind != state->kind)
		/* not reached: one aggregate's books are of one kind */
		ReportBadBook();
	state->has_amount |= reader.has_amount;
	BookBegin(&writer, context, state->kind, state->has_amount, state->packed, expected);
	writer.kept = &state->store;
	while (BookNext(&reader))
	{
		if ((reader.left & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		BookPutHistory(&writer, &reader);
	}
	ReplacePacked(state, BookEnd(&writer));
}

Datum
book_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	BookState	 *other;
	BookState	 *state;
	PurchaseBook *book;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (BookState *) PG_GETARG_POINTER(1);
	state =
		PG_ARGISNULL(0) ? NewState(context, other->kind) : (BookState *) PG_GETARG_POINTER(0);
	book = other->packed;
	if (book == NULL || StoreRows(&other->store) > 0)
		/* not reached: the server serializes what it combines, which packs */
		book = BookOfState(other, CurrentMemoryContext);
	MergeBook(state, book, context);
	if (book != other->packed)
		/* not reached: nor was it made here */
		pfree(book);
	PG_RETURN_POINTER(state);
}

/* A serialized state is a book. */
Datum
book_agg_serialfn(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	PG_RETURN_BYTEA_P(
		(bytea *) BookOfState((BookState *) PG_GETARG_POINTER(0), CurrentMemoryContext));
}

Datum
book_agg_deserialfn(PG_FUNCTION_ARGS)
{
	PurchaseBook *book = PG_GETARG_PURCHASE_BOOK_P(0);
	BookReader	  reader;
	BookState	 *state;

	AggregateContext(fcinfo);
	BookCheck(book);
	BookOpen(&reader, book);
	state = NewState(CurrentMemoryContext, reader.kind);
	state->has_amount = reader.has_amount;
	state->packed = book;
	PG_RETURN_POINTER(state);
}
