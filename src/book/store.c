/* book/store.c - rows as they come in, with their keys. */
#include "postgres.h"

#include "miscadmin.h"

#include "kernel.h"

#define FIRST_BLOCK_ROWS 8
#define SECOND_BLOCK_ROWS 32
#define FIRST_KEPT_SLAB 256
#define MAX_KEPT_SLAB (1024 * 1024)

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
	FreeSlabs(&store->kept_slabs);
	store->kept_bytes = 0;
	store->kept_next = store->kept_end = NULL;
	ForgetRows(store);
}

static void
CheckBudget(RowStore *store)
{
	if (StoreBytes(store) > store->budget)
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
	row->day = StorePackDay(store, day);
	store->nnulls++;
}

/* A copy of what does not fit a row. */
static const uint8 *
KeepBytes(RowStore *store, const void *bytes, Size length)
{
	Size   room = MAXALIGN(length);
	uint8 *place;

	if ((Size) (store->kept_end - store->kept_next) < room)
	{
		Size size = store->kept_slabs == NULL ? FIRST_KEPT_SLAB : store->kept_slabs->bytes * 2;

		size = Max(Min(size, MAX_KEPT_SLAB), room);
		store->kept_next = AddSlab(store->pool.context, &store->kept_slabs, size);
		store->kept_end = store->kept_next + size;
		store->kept_bytes += store->kept_slabs->bytes;
		CheckBudget(store);
	}
	place = store->kept_next;
	memcpy(place, bytes, length);
	store->kept_next += room;
	return place;
}

RowDay
StoreKeepDay(RowStore *store, const HistoryDay *day)
{
	return (RowDay) (uintptr_t) KeepBytes(store, day, sizeof(HistoryDay));
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
	key->elsewhere.place = KeepBytes(store, bytes, length);
	key->elsewhere.length = (uint32) length;
	key->elsewhere.tag = KEY_ELSEWHERE;
}

static void
AppendBytesRow(RowStore *store, uint64 hash, const KeyBytes *key, const HistoryDay *day)
{
	BookBytesRow *row = (BookBytesRow *) StoreAppend(store, &store->rows, sizeof(BookBytesRow));

	row->key = hash;
	row->day = StorePackDay(store, day);
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
