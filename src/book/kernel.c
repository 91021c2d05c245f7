/*
 * book/kernel.c - the store of rows and the sort that groups them.
 *
 * Sorting goes from the most significant digit down. As long as a list of rows
 * is larger than the cache it is split into lists of blocks by up to 11 bits;
 * then its rows are gathered into an array and sorted there, digit by digit,
 * until all that is left of a range is one key: a customer, handed out on the
 * spot. Only bits in which the keys of a range differ are looked at.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "compat.h"
#include "kernel.h"

#define BLOCK_BYTES 4096
#define FIRST_BLOCK_ROWS 8
#define SECOND_BLOCK_ROWS 32
#define MAX_SLAB_BLOCKS 256
#define FIRST_KEY_SLAB 256
#define MAX_KEY_SLAB (1024 * 1024)

#define MAX_DIGIT_BITS 11
#define CACHE_BYTES (192 * 1024) /* of rows sorted in an array */
#define CACHE_SHARE 8			 /* and at most this part of the budget */
#define CACHE_MIN_ROWS 256
#define INSERTION_ROWS 12 /* below, insertion beats counting */
#define DIGITS_OF_64_BITS 64
#define SAMPLE_SHARE 64

typedef struct
{
	RowStore   *store;
	BlockPool  *pool;
	bool		partial; /* leave sums that do not fit apart */
	EmitGroup	emit;
	void	   *target;
	Size		cache_rows;
	char	   *rows; /* an array of so many rows, and its spare */
	char	   *spare;
	uint32	   *counts[DIGITS_OF_64_BITS]; /* one array for each level of the array sort */
	HistoryDay *days;
	Size		days_capacity;
} Sorter;

/* ------------------------------------------------------------------ blocks */

static void *
AddSlab(MemoryContext context, Slab **slabs, Size bytes)
{
	Slab *slab = MemoryContextAllocHuge(context, sizeof(Slab) + bytes);

	slab->bytes = sizeof(Slab) + bytes;
	slab->next = *slabs;
	*slabs = slab;
	return (char *) slab + sizeof(Slab);
}

static void
FreeSlabs(Slab **slabs)
{
	while (*slabs != NULL)
	{
		Slab *slab = *slabs;

		*slabs = slab->next;
		pfree(slab);
	}
}

static void
PoolInit(BlockPool *pool, MemoryContext context)
{
	pool->context = context;
	pool->free = NULL;
	pool->slabs = NULL;
	pool->bytes = 0;
	pool->next_blocks = 1;
}

static void
PoolReset(BlockPool *pool)
{
	FreeSlabs(&pool->slabs);
	PoolInit(pool, pool->context);
}

static RowBlock *
NewBlock(BlockPool *pool, Size bytes, Size stride)
{
	RowBlock *block = AddSlab(pool->context, &pool->slabs, bytes);

	pool->bytes += pool->slabs->bytes;
	block->capacity = (bytes - sizeof(RowBlock)) / stride;
	return block;
}

static void
RefillPool(BlockPool *pool, Size stride)
{
	uint32 nblocks = pool->next_blocks;
	char  *bytes = AddSlab(pool->context, &pool->slabs, (Size) nblocks * BLOCK_BYTES);

	pool->bytes += pool->slabs->bytes;
	pool->next_blocks = Min(nblocks * 2, MAX_SLAB_BLOCKS);
	while (nblocks-- > 0)
	{
		RowBlock *block = (RowBlock *) (bytes + (Size) nblocks * BLOCK_BYTES);

		block->capacity = (BLOCK_BYTES - sizeof(RowBlock)) / stride;
		block->next = pool->free;
		pool->free = block;
	}
}

static RowBlock *
TakeBlock(BlockPool *pool, Size stride)
{
	RowBlock *block;

	if (pool->free == NULL)
		RefillPool(pool, stride);
	block = pool->free;
	pool->free = block->next;
	block->next = NULL;
	block->used = 0;
	return block;
}

/* Blocks of a list's beginning are smaller, and not worth using again. */
static inline void
GiveBlock(BlockPool *pool, RowBlock *block, Size stride)
{
	if (block->capacity == (BLOCK_BYTES - sizeof(RowBlock)) / stride)
	{
		block->next = pool->free;
		pool->free = block;
	}
}

static void
AppendBlock(RowList *list, RowBlock *block)
{
	block->next = NULL;
	block->used = 0;
	if (list->last == NULL)
		list->first = block;
	else
		list->last->next = block;
	list->last = block;
}

/* ------------------------------------------------------------------- store */

void
StoreInit(RowStore *store, MemoryContext context, Size budget, bool integers, int fixed_length)
{
	memset(store, 0, sizeof(RowStore));
	PoolInit(&store->pool, context);
	store->budget = budget;
	store->stride = integers ? sizeof(BookRow) : sizeof(BookBytesRow);
	store->fixed_length = fixed_length;
}

static void
ForgetRows(RowStore *store)
{
	store->rows = store->nulls = (RowList){NULL, NULL};
	store->nrows = store->nnulls = 0;
	store->varying = 0;
	store->full = false;
}

void
StoreReset(RowStore *store)
{
	PoolReset(&store->pool);
	FreeSlabs(&store->key_slabs);
	store->key_bytes = 0;
	store->key_next = store->key_end = NULL;
	ForgetRows(store);
}

/* The sort may need the rows' space once more; keys stay where they are. */
static void
CheckBudget(RowStore *store)
{
	Size copies = store->frugal ? 1 : 2;

	if (copies * store->pool.bytes + store->key_bytes > store->budget)
		store->full = true;
}

RowBlock *
StoreAddBlock(RowStore *store, RowList *list, Size stride)
{
	RowBlock *block;

	CHECK_FOR_INTERRUPTS();
	if (list->last == NULL)
		block = NewBlock(&store->pool, sizeof(RowBlock) + FIRST_BLOCK_ROWS * stride, stride);
	else if (list->last->capacity < SECOND_BLOCK_ROWS)
		block = NewBlock(&store->pool, sizeof(RowBlock) + SECOND_BLOCK_ROWS * stride, stride);
	else
		block = TakeBlock(&store->pool, stride);
	AppendBlock(list, block);
	CheckBudget(store);
	return block;
}

void
StoreAddNull(RowStore *store, const HistoryDay *day)
{
	BookRow *row = (BookRow *) StoreAppend(store, &store->nulls, store->stride);

	memset(row, 0, store->stride);
	row->day = *day;
	store->nnulls++;
}

/* A copy of a key that is too long for its row. */
static const uint8 *
KeepKey(RowStore *store, const uint8 *bytes, Size length)
{
	uint8 *place;

	if ((Size) (store->key_end - store->key_next) < length)
	{
		Size size = store->key_slabs == NULL ? FIRST_KEY_SLAB : store->key_slabs->bytes * 2;

		size = Max(Min(size, MAX_KEY_SLAB), length);
		store->key_next = AddSlab(store->pool.context, &store->key_slabs, size);
		store->key_end = store->key_next + size;
		store->key_bytes += store->key_slabs->bytes;
		CheckBudget(store);
	}
	place = store->key_next;
	memcpy(place, bytes, length);
	store->key_next += length;
	return place;
}

static void
SetRowKey(RowStore *store, KeyBytes *key, const uint8 *bytes, Size length)
{
	memset(key, 0, sizeof(KeyBytes));
	if (store->fixed_length != 0 || length < KEY_INLINE_BYTES)
	{
		memcpy(key->inlined, bytes, length);
		if (store->fixed_length == 0)
			key->inlined[KEY_INLINE_BYTES - 1] = (uint8) length;
		return;
	}
	key->elsewhere.place = KeepKey(store, bytes, length);
	key->elsewhere.length = (uint32) length;
	key->elsewhere.tag = KEY_ELSEWHERE;
}

static void
AppendBytesRow(RowStore *store, uint64 hash, const KeyBytes *key, const HistoryDay *day)
{
	BookBytesRow *row = (BookBytesRow *) StoreAppend(store, &store->rows, sizeof(BookBytesRow));

	row->key = hash;
	row->day = *day;
	row->bytes = *key;
	StoreNoteKey(store, hash);
}

void
StoreAddBytes(RowStore *store, uint64 hash, const uint8 *bytes, Size length,
			  const HistoryDay *day)
{
	KeyBytes key;

	SetRowKey(store, &key, bytes, length);
	AppendBytesRow(store, hash, &key, day);
}

static inline uint64
Fold(uint64 a, uint64 b)
{
	uint128 product = (uint128) a * b;

	return (uint64) product ^ (uint64) (product >> 64);
}

/*
 * Eight bytes at a time, folded into the product with an odd constant. Equal
 * hashes of different keys cost time, never a wrong group.
 */
uint64
HashKeyBytes(const uint8 *bytes, Size length)
{
	const uint64 first = UINT64CONST(0x9E3779B97F4A7C15);
	const uint64 second = UINT64CONST(0xD6E8FEB86659FD93);
	uint64		 hash = first ^ ((uint64) length * second);
	uint64		 word;

	for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word))
	{
		memcpy(&word, bytes, sizeof(word));
		hash = Fold(hash ^ word, first) + second;
	}
	word = 0;
	memcpy(&word, bytes, length);
	hash = Fold(hash ^ word, second);
	return Fold(hash ^ first, second);
}

/* ------------------------------------------------------------------- lists */

/* Where the next row of a digit goes. */
typedef struct
{
	char *next;
	char *end;
} Tail;

/* A full block's count is set when the next one is taken, the last one's at the end. */
static void
ExtendOutput(Sorter *sorter, RowList *list, Tail *tail, Size stride)
{
	RowBlock *block = TakeBlock(sorter->pool, stride);

	if (list->last != NULL)
		list->last->used = list->last->capacity;
	AppendBlock(list, block);
	tail->next = BlockRows(block);
	tail->end = tail->next + (Size) block->capacity * stride;
}

static void
CloseOutputs(RowList *lists, const Tail *tails, int nlists, Size stride)
{
	for (int i = 0; i < nlists; i++)
	{
		if (lists[i].last != NULL)
			lists[i].last->used = (tails[i].next - BlockRows(lists[i].last)) / stride;
	}
}

/* Deals a list's rows out by a digit of the key, or of the spread key, in order. */
static pg_attribute_always_inline void
DealRows(Sorter *sorter, const RowList *input, int shift, int bits, bool spread, bool reuse,
		 RowList *lists, Tail *tails, Size stride)
{
	uint64	  mask = (UINT64CONST(1) << bits) - 1;
	RowBlock *block = input->first;

	while (block != NULL)
	{
		RowBlock *next = block->next;
		char	 *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used; i++, row += stride)
		{
			uint64 key = ((BookRow *) row)->key;
			int	   digit = ((spread ? SpreadKey(sorter->store, key) : key) >> shift) & mask;
			Tail  *tail = &tails[digit];

			if (unlikely(tail->next == tail->end))
				ExtendOutput(sorter, &lists[digit], tail, stride);
			memcpy(tail->next, row, stride);
			tail->next += stride;
		}
		if (reuse)
			GiveBlock(sorter->pool, block, stride);
		block = next;
	}
}

/* With reuse the input's blocks are taken for what comes out. */
static RowList *
SplitList(Sorter *sorter, const RowList *input, int shift, int bits, bool spread, bool reuse)
{
	int		 nlists = 1 << bits;
	RowList *lists = palloc0(nlists * sizeof(RowList));
	Tail	*tails = palloc0(nlists * sizeof(Tail));
	Size	 stride = sorter->store->stride;

	if (stride == sizeof(BookRow) && !spread)
		DealRows(sorter, input, shift, bits, false, reuse, lists, tails, sizeof(BookRow));
	else if (stride == sizeof(BookRow))
		DealRows(sorter, input, shift, bits, true, reuse, lists, tails, sizeof(BookRow));
	else
		DealRows(sorter, input, shift, bits, false, reuse, lists, tails, sizeof(BookBytesRow));
	CloseOutputs(lists, tails, nlists, stride);
	pfree(tails);
	return lists;
}

static Size
CountRows(const RowList *list)
{
	Size nrows = 0;

	for (RowBlock *block = list->first; block != NULL; block = block->next)
		nrows += block->used;
	return nrows;
}

uint64
RowListVarying(const RowList *list, uint64 first, Size stride)
{
	uint64 varying = 0;

	for (RowBlock *block = list->first; block != NULL; block = block->next)
	{
		char *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used; i++, row += stride)
			varying |= ((BookRow *) row)->key ^ first;
	}
	return varying;
}

static uint64
ListVarying(const RowList *list, Size stride)
{
	return RowListVarying(list, ((BookRow *) BlockRows(list->first))->key, stride);
}

static void
GiveList(Sorter *sorter, RowList *list)
{
	RowBlock *block = list->first;

	while (block != NULL)
	{
		RowBlock *next = block->next;

		GiveBlock(sorter->pool, block, sorter->store->stride);
		block = next;
	}
	list->first = list->last = NULL;
}

/* Copies a list's rows to an array and returns the bits in which their keys differ. */
static pg_attribute_always_inline uint64
GatherRows(const RowList *list, char *rows, Size stride)
{
	uint64 first = ((BookRow *) BlockRows(list->first))->key;
	uint64 varying = 0;

	for (RowBlock *block = list->first; block != NULL; block = block->next)
	{
		char *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used; i++, row += stride, rows += stride)
		{
			varying |= ((BookRow *) row)->key ^ first;
			memcpy(rows, row, stride);
		}
	}
	return varying;
}

/* --------------------------------------------------------------- customers */

static void
ReserveDays(Sorter *sorter, Size ndays)
{
	if (ndays <= sorter->days_capacity)
		return;
	sorter->days_capacity = Max(ndays, sorter->days_capacity * 2);
	sorter->days = repalloc_huge(sorter->days, sorter->days_capacity * sizeof(HistoryDay));
}

/* Days collected so far: in order unless said, with those of one day summed where they meet. */
typedef struct
{
	Size ndays;
	bool sorted;
} DayCount;

static inline void
CollectDay(HistoryDay *days, DayCount *count, const HistoryDay *day)
{
	if (count->ndays > 0 && day->day <= days[count->ndays - 1].day)
	{
		HistoryDay *last = &days[count->ndays - 1];
		int64		amount;

		if (likely(day->day == last->day) && last->purchases < PG_INT32_MAX / 2 &&
			day->purchases < PG_INT32_MAX / 2 &&
			!__builtin_add_overflow(last->amount, day->amount, &amount))
		{
			last->amount = amount;
			last->purchases += day->purchases;
			return;
		}
		count->sorted = false;
	}
	days[count->ndays++] = *day;
}

bool
DaysSumsFit(const HistoryDay *days, Size ndays)
{
	int128 money = 0;
	int64  purchases = 0;

	for (Size i = 0; i < ndays; i++)
	{
		money += days[i].amount < 0 ? -(int128) days[i].amount : (int128) days[i].amount;
		purchases += days[i].purchases;
	}
	return money <= PG_INT64_MAX && purchases <= PG_INT32_MAX;
}

/* Hands out the customer whose days have been collected. */
static void
EmitDays(Sorter *sorter, BookGroup *group, DayCount count)
{
	group->days = sorter->days;
	group->ndays = count.ndays;
	group->summed = !sorter->partial || DaysSumsFit(sorter->days, count.ndays);
	if (group->summed && !count.sorted)
		group->ndays = HistoryNormalize(sorter->days, count.ndays, false);
	sorter->emit(sorter->target, group);
}

/* A list of one key, or of none. */
static void
EmitList(Sorter *sorter, const RowList *list, bool isnull)
{
	BookGroup group = {.isnull = isnull};
	DayCount  count = {0, true};
	Size	  stride = sorter->store->stride;

	group.key = ((BookRow *) BlockRows(list->first))->key;
	if (stride == sizeof(BookBytesRow) && !isnull)
		group.bytes =
			RowKey(sorter->store, (BookBytesRow *) BlockRows(list->first), &group.length);
	for (RowBlock *block = list->first; block != NULL; block = block->next)
	{
		char *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		ReserveDays(sorter, count.ndays + block->used);
		for (uint32 i = 0; i < block->used; i++, row += stride)
			CollectDay(sorter->days, &count, &((BookRow *) row)->day);
	}
	EmitDays(sorter, &group, count);
}

static pg_attribute_always_inline void
CollectRows(Sorter *sorter, DayCount *count, const char *rows, Size nrows, Size stride)
{
	ReserveDays(sorter, count->ndays + nrows);
	for (Size i = 0; i < nrows; i++, rows += stride)
	{
		if (unlikely((i & 0xFFFF) == 0xFFFF))
			CHECK_FOR_INTERRUPTS();
		CollectDay(sorter->days, count, &((const BookRow *) rows)->day);
	}
}

/* ---------------------------------------------------------------- collisions */

static int
CompareRowKeys(const BookBytesRow *a, const BookBytesRow *b, const RowStore *store)
{
	Size		 a_length;
	Size		 b_length;
	const uint8 *a_bytes = RowKey(store, a, &a_length);
	const uint8 *b_bytes = RowKey(store, b, &b_length);
	int			 order = memcmp(a_bytes, b_bytes, Min(a_length, b_length));

	if (order != 0)
		return order;
	return a_length < b_length ? -1 : a_length > b_length;
}

#define ST_SORT SortRowsByKey
#define ST_ELEMENT_TYPE BookBytesRow
#define ST_COMPARE(a, b, store) CompareRowKeys(a, b, store)
#define ST_COMPARE_ARG_TYPE const RowStore
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static inline bool
SameBytes(const RowStore *store, const BookBytesRow *a, const BookBytesRow *b)
{
	return memcmp(&a->bytes, &b->bytes, sizeof(KeyBytes)) == 0 ||
		   (store->fixed_length == 0 && CompareRowKeys(a, b, store) == 0);
}

static inline bool
SameKey(const RowStore *store, const BookBytesRow *a, const BookBytesRow *b)
{
	Size		 a_length;
	Size		 b_length;
	const uint8 *a_bytes = RowKey(store, a, &a_length);
	const uint8 *b_bytes = RowKey(store, b, &b_length);

	return store->equal(store->equal_arg, a_bytes, a_length, b_bytes, b_length);
}

static Size
RunOfBytes(const RowStore *store, const BookBytesRow *rows, Size from, Size nrows)
{
	Size until = from + 1;

	while (until < nrows && SameBytes(store, &rows[from], &rows[until]))
		until++;
	return until - from;
}

/*
 * Rows of one hash, sorted by their bytes; a customer is all rows whose keys
 * are equal, named by the first in order of bytes. Rows already handed out get
 * the NULL day's place: their run is marked in `taken`.
 */
static void
EmitEqualKeys(Sorter *sorter, const BookBytesRow *rows, Size nrows, Size first, bool *taken)
{
	const RowStore *store = sorter->store;
	BookGroup		group = {.key = rows[first].key};
	DayCount		count = {0, true};
	Size			run;

	group.bytes = RowKey(store, &rows[first], &group.length);
	for (Size i = first; i < nrows; i += run)
	{
		CHECK_FOR_INTERRUPTS();
		run = RunOfBytes(store, rows, i, nrows);
		if (taken[i] ||
			(i > first && (store->equal == NULL || !SameKey(store, &rows[first], &rows[i]))))
		{
			if (store->equal == NULL)
				break;
			continue;
		}
		taken[i] = true;
		CollectRows(sorter, &count, (const char *) &rows[i], run, sizeof(BookBytesRow));
	}
	EmitDays(sorter, &group, count);
}

static void
EmitCollision(Sorter *sorter, BookBytesRow *rows, Size nrows)
{
	bool *taken = palloc_extended(nrows, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	Size  run;

	SortRowsByKey(rows, nrows, sorter->store);
	for (Size i = 0; i < nrows; i += run)
	{
		run = RunOfBytes(sorter->store, rows, i, nrows);
		if (!taken[i])
			EmitEqualKeys(sorter, rows, nrows, i, taken);
	}
	pfree(taken);
}

/* Rows of one 64-bit key. */
static pg_attribute_always_inline void
EmitRows(Sorter *sorter, char *rows, Size nrows, Size stride)
{
	BookGroup group = {.key = ((BookRow *) rows)->key};
	DayCount  count = {0, true};

	if (stride == sizeof(BookBytesRow))
	{
		BookBytesRow *first = (BookBytesRow *) rows;

		for (Size i = 1; i < nrows; i++)
		{
			if (!SameBytes(sorter->store, first, &first[i]))
			{
				EmitCollision(sorter, first, nrows);
				return;
			}
		}
		group.bytes = RowKey(sorter->store, first, &group.length);
	}
	CollectRows(sorter, &count, rows, nrows, stride);
	EmitDays(sorter, &group, count);
}

/* ------------------------------------------------------------------- array */

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
EmitGathered(Sorter *sorter, RowList *list, Size nrows, bool reuse)
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
	if (reuse)
		GiveList(sorter, list);
	if (integers)
		EmitIntegerArray(sorter, sorter->rows, sorter->spare, nrows, varying, 0);
	else
		EmitBytesArray(sorter, sorter->rows, sorter->spare, nrows, varying, 0);
}

static bool
ListIsOneKey(const RowStore *store, const RowList *list)
{
	const BookBytesRow *first = (const BookBytesRow *) BlockRows(list->first);

	for (RowBlock *block = list->first; block != NULL; block = block->next)
	{
		const BookBytesRow *rows = (const BookBytesRow *) BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used; i++)
		{
			if (!SameBytes(store, first, &rows[i]))
				return false;
		}
	}
	return true;
}

/* A long list of rows of one 64-bit key: a heavy customer or, seldom, several. */
static void
EmitHeavyKey(Sorter *sorter, RowList *list, Size nrows, bool reuse)
{
	if (sorter->store->stride == sizeof(BookRow) || ListIsOneKey(sorter->store, list))
		EmitList(sorter, list, false);
	else
	{
		BookBytesRow *rows = palloc_extended(nrows * sizeof(BookBytesRow), MCXT_ALLOC_HUGE);

		GatherRows(list, (char *) rows, sizeof(BookBytesRow));
		EmitCollision(sorter, rows, nrows);
		pfree(rows);
	}
	if (reuse)
		GiveList(sorter, list);
}

static void
SortList(Sorter *sorter, RowList *list, Size nrows, uint64 varying, bool reuse)
{
	int		 bits;
	RowList *lists;

	if (nrows <= sorter->cache_rows)
	{
		EmitGathered(sorter, list, nrows, reuse);
		return;
	}
	if (varying == 0)
	{
		EmitHeavyKey(sorter, list, nrows, reuse);
		return;
	}
	bits = DigitBits(nrows, sorter->cache_rows / 2, varying);
	lists =
		SplitList(sorter, list, pg_leftmost_one_pos64(varying) + 1 - bits, bits, false, reuse);
	for (int i = 0; i < 1 << bits; i++)
	{
		if (lists[i].first == NULL)
			continue;
		nrows = CountRows(&lists[i]);
		varying =
			nrows > sorter->cache_rows ? ListVarying(&lists[i], sorter->store->stride) : 0;
		SortList(sorter, &lists[i], nrows, varying, true);
	}
	pfree(lists);
}

static void
EmitStore(RowStore *store, bool consume, bool partial, EmitGroup emit, void *target)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "crm_ext book sort",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	BlockPool	  pool;
	Sorter		  sorter = {.store = store, .partial = partial, .emit = emit, .target = target};

	sorter.cache_rows = Min(CACHE_BYTES, store->budget / CACHE_SHARE) / store->stride;
	sorter.cache_rows = Max(sorter.cache_rows, CACHE_MIN_ROWS);
	PoolInit(&pool, scratch);
	sorter.pool = consume ? &store->pool : &pool;
	sorter.days_capacity = 64;
	sorter.days = palloc(sorter.days_capacity * sizeof(HistoryDay));
	if (store->nrows > 0)
		SortList(&sorter, &store->rows, store->nrows, store->varying, consume);
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

void
StoreAddGroup(void *target, const BookGroup *group)
{
	RowStore *store = target;
	KeyBytes  key;

	if (store->stride == sizeof(BookBytesRow) && !group->isnull)
		SetRowKey(store, &key, group->bytes, group->length);
	for (Size i = 0; i < group->ndays; i++)
	{
		if (group->isnull)
			StoreAddNull(store, &group->days[i]);
		else if (store->stride == sizeof(BookRow))
			StoreAddInteger(store, group->key, &group->days[i]);
		else
			AppendBytesRow(store, group->key, &key, &group->days[i]);
	}
}

void
StoreCompact(RowStore *store)
{
	RowStore compact;

	StoreInit(&compact, store->pool.context, store->budget, store->stride == sizeof(BookRow),
			  store->fixed_length);
	compact.frugal = store->frugal;
	compact.equal = store->equal;
	compact.equal_arg = store->equal_arg;
	StoreEmitPartial(store, StoreAddGroup, &compact);
	*store = compact;
}

/* Customer and day of a row in one number, near enough for counting. */
static uint64
RowFingerprint(const RowStore *store, const BookRow *row)
{
	return SpreadKey(store, row->key) * UINT64CONST(0x9E3779B97F4A7C15) + (uint64) row->day.day;
}

#define ST_SORT SortFingerprints
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Fingerprints of every SAMPLE_SHARE-th customer's rows. */
static Size
SampleRows(const RowStore *store, uint64 *sample, Size most)
{
	Size n = 0;

	for (RowBlock *block = store->rows.first; block != NULL; block = block->next)
	{
		char *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used && n < most; i++, row += store->stride)
		{
			if (SpreadKey(store, ((BookRow *) row)->key) % SAMPLE_SHARE == 0)
				sample[n++] = RowFingerprint(store, (BookRow *) row);
		}
	}
	return n;
}

bool
StoreIsWorthCompacting(const RowStore *store)
{
	Size	most = store->nrows / SAMPLE_SHARE * 2 + 1;
	uint64 *sample;
	Size	n;
	Size	distinct = 1;

	if (store->nnulls > store->nrows)
		return true;
	sample = palloc_extended(most * sizeof(uint64), MCXT_ALLOC_HUGE);
	n = SampleRows(store, sample, most);
	SortFingerprints(sample, n);
	for (Size i = 1; i < n; i++)
		distinct += sample[i] != sample[i - 1];
	pfree(sample);
	/* A sample that is too small means few customers with many rows. */
	return n < store->nrows / SAMPLE_SHARE / 4 || distinct <= n / 4;
}

RowList *
StoreSplit(RowStore *store, int shift, int bits)
{
	Sorter	 sorter = {.store = store, .pool = &store->pool};
	RowList *lists = SplitList(&sorter, &store->rows, shift, bits, true, true);

	store->rows = (RowList){NULL, NULL};
	return lists;
}
