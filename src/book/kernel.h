/*
 * book/kernel.h - purchases of many customers, in any order, to histories.
 *
 * Rows are appended to a store, block by block, and later sorted by customer
 * with a radix sort that goes over each row twice or three times: GROUP BY's
 * hash table would cost two cache misses a row. The sort is stable, so a
 * customer whose rows came in order of time needs none by day.
 *
 * A key is 64 bits to sort by and, unless the key is an integer, the bytes it
 * stands for: then the 64 bits are a hash and equal ones are compared in full.
 */
#ifndef CRM_BOOK_KERNEL_H
#define CRM_BOOK_KERNEL_H

#include "history.h"
#include "pool.h"
#include "rowday.h"

/* A row under an integer key. */
typedef struct BookRow
{
	uint64 key;
	RowDay day;
} BookRow;

/*
 * A row under any other key. Up to 15 bytes stand here, their number in the
 * last byte; keys of a fixed 16 bytes fill it. Longer ones are elsewhere.
 */
#define KEY_INLINE_BYTES 16
#define KEY_ELSEWHERE 0xFF

typedef union KeyBytes
{
	uint8 inlined[KEY_INLINE_BYTES];
	struct
	{
		const uint8 *place;
		uint32		 length;
		uint8		 unused[3];
		uint8		 tag;
	} elsewhere;
} KeyBytes;

typedef struct BookBytesRow
{
	uint64	 key;
	RowDay	 day;
	KeyBytes bytes;
} BookBytesRow;

/* Whether two different byte strings of the same hash are the same key. */
typedef bool (*KeysEqual)(void *arg, const uint8 *a, Size a_length, const uint8 *b,
						  Size b_length);

typedef struct RowStore
{
	BlockPool pool;
	RowList	  rows;
	RowList	  nulls; /* of the customer whose key is NULL; integer rows without a key */
	Size	  nrows;
	Size	  nnulls;
	uint64	  first_key;
	uint64	  varying; /* the bits in which keys differ */
	Size	  budget;  /* memory to stay within; the sort takes little more */
	bool	  full;	   /* past the budget */
	uint16	  stride;
	uint16	  fixed_length; /* of all keys, or 0 */
	Slab	 *kept_slabs;	/* keys and days that do not fit a row */
	Size	  kept_bytes;
	uint8	 *kept_next;
	uint8	 *kept_end;
	KeysEqual equal; /* NULL: bytewise */
	void	 *equal_arg;
} RowStore;

/* One customer. */
typedef struct BookGroup
{
	bool			  isnull;
	bool			  summed; /* days are normalized; always so unless sums may be partial */
	uint64			  key;
	const uint8		 *bytes; /* unless the key is an integer */
	Size			  length;
	const HistoryDay *days;
	Size			  ndays;
} BookGroup;

typedef void (*EmitGroup)(void *target, const BookGroup *group);

/* An empty store of integer keys, or of byte strings (fixed_length 16, or 0: any length). */
extern void StoreInit(RowStore *store, MemoryContext context, Size budget, bool integers,
					  int fixed_length);

/* Forgets all rows and returns their memory. */
extern void StoreReset(RowStore *store);

/* Memory allocated. */
static inline Size
StoreBytes(const RowStore *store)
{
	return store->pool.bytes + store->kept_bytes;
}

static inline Size
StoreRows(const RowStore *store)
{
	return store->nrows + store->nnulls;
}

extern RowBlock *StoreAddBlock(RowStore *store, RowList *list, Size stride);

static inline char *
StoreAppend(RowStore *store, RowList *list, Size stride)
{
	RowBlock *block = list->last;

	if (unlikely(block == NULL || block->used == block->capacity))
		block = StoreAddBlock(store, list, stride);
	return BlockRows(block) + stride * block->used++;
}

static inline void
StoreNoteKey(RowStore *store, uint64 key)
{
	if (unlikely(store->nrows++ == 0))
		store->first_key = key;
	store->varying |= key ^ store->first_key;
}

/* Keeps a day elsewhere. */
extern RowDay StoreKeepDay(RowStore *store, const HistoryDay *day);

static pg_attribute_always_inline RowDay
StorePackDay(RowStore *store, const HistoryDay *day)
{
	RowDay word;

	return likely(RowDayPack(&word, day)) ? word : StoreKeepDay(store, day);
}

/* An integer as 64 bits that sort as it does. */
#define IntegerKey(value) ((uint64) (value) ^ (UINT64CONST(1) << 63))
#define KeyInteger(key) ((int64) ((key) ^ (UINT64CONST(1) << 63)))

static inline void
StoreAddInteger(RowStore *store, uint64 key, const HistoryDay *day)
{
	BookRow *row = (BookRow *) StoreAppend(store, &store->rows, sizeof(BookRow));

	row->key = key;
	row->day = StorePackDay(store, day);
	StoreNoteKey(store, key);
}

extern void StoreAddNull(RowStore *store, const HistoryDay *day);
extern void StoreAddBytes(RowStore *store, uint64 hash, const uint8 *bytes, Size length,
						  const HistoryDay *day);

/* The hash of a bytewise key; part of the stored form of a book. */
extern uint64 HashKeyBytes(const uint8 *bytes, Size length);

/*
 * Hands each customer to emit, in order of (key, bytes), the NULL customer
 * last. The store's own blocks are what it is sorted with: with consume it is
 * empty afterwards, without it holds the same rows, those of a customer in the
 * same order.
 */
extern void StoreEmit(RowStore *store, bool consume, EmitGroup emit, void *target);

/*
 * The same for sums that more rows may follow: a customer whose sums might not
 * fit comes as it is (group->summed false), for the end to judge. Consumes.
 */
extern void StoreEmitPartial(RowStore *store, EmitGroup emit, void *target);

/* Puts a customer's days back as rows. An EmitGroup: target is the store. */
extern void StoreAddGroup(void *store, const BookGroup *group);

/* Whether all sums over these days fit, in any order. */
extern bool DaysSumsFit(const HistoryDay *days, Size ndays);

/* Adds up rows of one customer and day; sums that do not fit stay apart for the end to judge. */
extern void StoreCompact(RowStore *store);

/* The bytes of a row's key. */
static inline const uint8 *
RowKey(const RowStore *store, const BookBytesRow *row, Size *length)
{
	if (store->fixed_length != 0)
		*length = store->fixed_length;
	else if (row->bytes.elsewhere.tag == KEY_ELSEWHERE)
	{
		*length = row->bytes.elsewhere.length;
		return row->bytes.elsewhere.place;
	}
	else
		*length = row->bytes.inlined[KEY_INLINE_BYTES - 1];
	return row->bytes.inlined;
}

/* Spreads a key over 64 bits, to cut a population into parts of the same size. */
static inline uint64
SpreadKey(const RowStore *store, uint64 key)
{
	if (store->stride != sizeof(BookRow))
		return key;
	key = (key ^ (key >> 33)) * UINT64CONST(0xff51afd7ed558ccd);
	key = (key ^ (key >> 33)) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return key ^ (key >> 33);
}

/* The bits in which the keys of a list of rows differ from `first`. */
extern uint64 RowListVarying(const RowList *list, uint64 first, Size stride);

/*
 * Whether summing rows of one customer and day would save most of them, judged
 * by every 64th customer.
 */
extern bool StoreIsWorthCompacting(const RowStore *store);

/* Splits the store's keyed rows by `bits` bits of their spread keys from `shift` up; consumes them. */
extern RowList *StoreSplit(RowStore *store, int shift, int bits);

#endif /* CRM_BOOK_KERNEL_H */
