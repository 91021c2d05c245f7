/*
 * book/sort.c - the sort that groups a store's rows.
 *
 * Sorting goes from the most significant digit down. As long as a list of rows
 * is larger than the cache it is split into lists of blocks by up to 11 bits;
 * then its rows are gathered into an array and sorted there, digit by digit,
 * until all that is left of a range is one key: a customer, handed out on the
 * spot. Only bits in which the keys of a range differ are looked at.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "sorter.h"

#define MAX_DIGIT_BITS 11
#define CACHE_BYTES (192 * 1024) /* of rows sorted in an array */
#define CACHE_SHARE 8			 /* and at most this part of the budget */
#define CACHE_MIN_ROWS 256
#define INSERTION_ROWS 12 /* below, insertion beats counting */

static pg_attribute_always_inline void
EmitRows(Sorter *sorter, char *rows, Size nrows, Size stride)
{
	if (stride == sizeof(BookRow))
		EmitIntegerRows(sorter, rows, nrows);
	else
		EmitBytesRows(sorter, rows, nrows);
}

static pg_attribute_always_inline void
InsertionSort(char *rows, Size nrows, Size stride)
{
	char moved[sizeof(BookBytesRow)];

	for (Size i = 1; i < nrows; i++)
	{
		uint64 key = ((BookRow *) (rows + i * stride))->key;
		Size   place = i;

		while (place > 0 && ((BookRow *) (rows + (place - 1) * stride))->key > key)
			place--;
		if (place == i)
			continue;
		memcpy(moved, rows + i * stride, stride);
		memmove(rows + (place + 1) * stride, rows + place * stride, (i - place) * stride);
		memcpy(rows + place * stride, moved, stride);
	}
}

static pg_attribute_always_inline void
EmitFewRows(Sorter *sorter, char *rows, Size nrows, Size stride)
{
	Size from = 0;

	InsertionSort(rows, nrows, stride);
	while (from < nrows)
	{
		uint64 key = ((BookRow *) (rows + from * stride))->key;
		Size   until = from + 1;

		while (until < nrows && ((BookRow *) (rows + until * stride))->key == key)
			until++;
		EmitRows(sorter, rows + from * stride, until - from, stride);
		from = until;
	}
}

static pg_attribute_always_inline uint64
ArrayVarying(const char *rows, Size nrows, Size stride)
{
	uint64 first = ((const BookRow *) rows)->key;
	uint64 varying = 0;

	for (Size i = 1; i < nrows; i++)
		varying |= ((const BookRow *) (rows + i * stride))->key ^ first;
	return varying;
}

/* How many bits below the highest one that varies make the next digit. */
static int
DigitBits(Size nrows, Size aim, uint64 varying)
{
	int wanted = 1;

	while (wanted < MAX_DIGIT_BITS && (nrows >> wanted) > aim)
		wanted++;
	return Min(wanted, pg_leftmost_one_pos64(varying) + 1);
}

/* Counting sort by one digit; afterwards starts[d] is where digit d ends. */
static pg_attribute_always_inline void
DealArray(const char *from, char *to, Size nrows, int shift, int bits, uint32 *starts,
		  Size stride)
{
	uint64 mask = (UINT64CONST(1) << bits) - 1;
	uint32 total = 0;

	memset(starts, 0, sizeof(uint32) << bits);
	for (Size i = 0; i < nrows; i++)
		starts[(((const BookRow *) (from + i * stride))->key >> shift) & mask]++;
	for (uint64 i = 0; i <= mask; i++)
	{
		uint32 count = starts[i];

		starts[i] = total;
		total += count;
	}
	for (Size i = 0; i < nrows; i++)
	{
		const char *row = from + i * stride;
		uint32		place = starts[(((const BookRow *) row)->key >> shift) & mask]++;

		memcpy(to + place * stride, row, stride);
	}
}

#define EMIT_ARRAY(NAME, STRIDE)                                                          \
	static void NAME(Sorter *sorter, char *rows, char *spare, Size nrows, uint64 varying, \
					 int level)                                                           \
	{                                                                                     \
		int		bits;                                                                     \
		int		shift;                                                                    \
		uint32 *ends;                                                                     \
                                                                                          \
		if (varying == 0)                                                                 \
		{                                                                                 \
			EmitRows(sorter, rows, nrows, STRIDE);                                        \
			return;                                                                       \
		}                                                                                 \
		if (nrows <= INSERTION_ROWS)                                                      \
		{                                                                                 \
			EmitFewRows(sorter, rows, nrows, STRIDE);                                     \
			return;                                                                       \
		}                                                                                 \
		bits = DigitBits(nrows, 4, varying);                                              \
		shift = pg_leftmost_one_pos64(varying) + 1 - bits;                                \
		ends = LevelCounts(sorter, level);                                                \
		DealArray(rows, spare, nrows, shift, bits, ends, STRIDE);                         \
		for (Size digit = 0, from = 0; digit < ((Size) 1 << bits); from = ends[digit++])  \
		{                                                                                 \
			Size n = ends[digit] - from;                                                  \
                                                                                          \
			if (n > 0)                                                                    \
				NAME(sorter, spare + from * STRIDE, rows + from * STRIDE, n,              \
					 ArrayVarying(spare + from * STRIDE, n, STRIDE), level + 1);          \
		}                                                                                 \
	}

static uint32 *
LevelCounts(Sorter *sorter, int level)
{
	if (sorter->counts[level] == NULL)
		sorter->counts[level] = palloc(sizeof(uint32) << MAX_DIGIT_BITS);
	return sorter->counts[level];
}

/* Sorts an array by the bits that vary and hands out its customers; one for each row size. */
EMIT_ARRAY(EmitIntegerArray, sizeof(BookRow))
EMIT_ARRAY(EmitBytesArray, sizeof(BookBytesRow))

/* Sorts in an array what fits the cache. */
static void
EmitGathered(Sorter *sorter, RowList *list, Size nrows)
{
	bool   integers = sorter->store->stride == sizeof(BookRow);
	uint64 varying;

	if (sorter->rows == NULL)
	{
		Size bytes = Min(sorter->store->nrows, sorter->cache_rows) * sorter->store->stride;

		sorter->rows = palloc(bytes);
		sorter->spare = palloc(bytes);
	}
	varying = integers ? GatherRows(list, sorter->rows, sizeof(BookRow))
					   : GatherRows(list, sorter->rows, sizeof(BookBytesRow));
	if (sorter->consume)
		GiveList(sorter, list);
	if (integers)
		EmitIntegerArray(sorter, sorter->rows, sorter->spare, nrows, varying, 0);
	else
		EmitBytesArray(sorter, sorter->rows, sorter->spare, nrows, varying, 0);
}

/* Splits a list until its parts fit the cache; unless they are consumed, joins them again. */
static void
SortList(Sorter *sorter, RowList *list, Size nrows, uint64 varying)
{
	int		 bits;
	RowList *lists;

	if (nrows <= sorter->cache_rows)
	{
		EmitGathered(sorter, list, nrows);
		return;
	}
	if (varying == 0)
	{
		EmitHeavyKey(sorter, list, nrows);
		if (sorter->consume)
			GiveList(sorter, list);
		return;
	}
	bits = DigitBits(nrows, sorter->cache_rows / 2, varying);
	lists = SplitList(sorter, list, pg_leftmost_one_pos64(varying) + 1 - bits, bits, false);
	for (int i = 0; i < 1 << bits; i++)
	{
		if (lists[i].first == NULL)
			continue;
		nrows = CountRows(&lists[i]);
		varying =
			nrows > sorter->cache_rows ? ListVarying(&lists[i], sorter->store->stride) : 0;
		SortList(sorter, &lists[i], nrows, varying);
		if (!sorter->consume)
			JoinLists(list, &lists[i]);
	}
	pfree(lists);
}

static void
EmitStore(RowStore *store, bool consume, bool partial, EmitGroup emit, void *target)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "crm_ext book sort",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	Sorter		  sorter = {
			   .store = store, .consume = consume, .partial = partial, .emit = emit, .target = target};

	sorter.cache_rows = Min(CACHE_BYTES, store->budget / CACHE_SHARE) / store->stride;
	sorter.cache_rows = Max(sorter.cache_rows, CACHE_MIN_ROWS);
	sorter.days_capacity = 64;
	sorter.days = palloc(sorter.days_capacity * sizeof(HistoryDay));
	if (store->nrows > 0)
		SortList(&sorter, &store->rows, store->nrows, store->varying);
	if (store->nnulls > 0)
		EmitList(&sorter, &store->nulls, true);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	if (consume)
		StoreReset(store);
}

void
StoreEmit(RowStore *store, bool consume, EmitGroup emit, void *target)
{
	EmitStore(store, consume, false, emit, target);
}

void
StoreEmitPartial(RowStore *store, EmitGroup emit, void *target)
{
	EmitStore(store, true, true, emit, target);
}

RowList *
StoreSplit(RowStore *store, int shift, int bits)
{
	Sorter sorter = {.store = store};

	return SplitList(&sorter, &store->rows, shift, bits, true);
}
