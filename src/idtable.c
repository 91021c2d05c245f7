/*
 * idtable.c - ids of bigint, text or uuid as dense numbers.
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "idtable.h"

#define FIRST_IDS 16
#define FIRST_BYTES 256
#define CHECK_EVERY 0x10000

void
IdTableInit(IdTable *table, MemoryContext context, BookKind kind)
{
	memset(table, 0, sizeof(IdTable));
	table->context = context;
	table->kind = kind;
}

/* What must differ for ids to be different; bytes tell text from text. */
static inline bool
IdIs(const IdTable *table, uint32 number, uint64 key, const uint8 *bytes, Size length)
{
	Size start;

	if (table->keys[number] != key)
		return false;
	if (table->kind == BOOK_BIGINT)
		return true;
	start = IdTableStart(table, number);
	return table->ends[number] - start == length &&
		   memcmp(table->bytes + start, bytes, length) == 0;
}

static void *
Grow(MemoryContext context, void *chunk, Size bytes)
{
	if (chunk == NULL)
		return MemoryContextAllocHuge(context, bytes);
	return repalloc_huge(chunk, bytes);
}

/* Half of the slots stay empty. */
static void
Rehash(IdTable *table)
{
	uint32 mask;

	if (table->slots != NULL)
		pfree(table->slots);
	table->slots = NULL;
	table->nslots = table->capacity * 2;
	table->slots =
		MemoryContextAllocExtended(table->context, (Size) table->nslots * sizeof(uint32),
								   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	mask = table->nslots - 1;
	for (uint32 i = 0; i < table->used; i++)
	{
		uint32 slot = IdSlot(table, table->keys[i]);

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		while (table->slots[slot] != 0)
			slot = (slot + 1) & mask;
		table->slots[slot] = i + 1;
	}
}

static void
ReserveId(IdTable *table, Size length)
{
	Size total;

	if (table->used == table->capacity)
	{
		if (table->capacity >= PG_UINT32_MAX / 4)
			/* not reached: takes 1,073,741,824 ids that differ */
			ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("too many different ids: more than %u", table->used));
		table->capacity = Max(FIRST_IDS, table->capacity * 2);
		table->keys = Grow(table->context, table->keys, table->capacity * sizeof(uint64));
		if (table->kind != BOOK_BIGINT)
			table->ends = Grow(table->context, table->ends, table->capacity * sizeof(Size));
		Rehash(table);
	}
	if (table->kind == BOOK_BIGINT)
		return;
	total = IdTableStart(table, table->used) + length;
	if (total > table->bytes_capacity ||
		table->bytes == NULL) /* even the empty id has a place */
	{
		table->bytes_capacity = Max(FIRST_BYTES, total * 2);
		table->bytes = Grow(table->context, table->bytes, table->bytes_capacity);
	}
}

/* The number of an id, or ID_NONE. */
static uint32
FindId(const IdTable *table, uint64 key, const uint8 *bytes, Size length)
{
	uint32 slot;

	if (table->nslots == 0)
		return ID_NONE;
	slot = IdSlot(table, key);
	while (table->slots[slot] != 0)
	{
		if (IdIs(table, table->slots[slot] - 1, key, bytes, length))
			return table->slots[slot] - 1;
		slot = (slot + 1) & (table->nslots - 1);
	}
	return ID_NONE;
}

uint32
IdTableAdd(IdTable *table, uint64 key, const uint8 *bytes, Size length)
{
	uint32 number = FindId(table, key, bytes, length);
	uint32 slot;
	Size   start;

	if (number != ID_NONE)
		return number;
	ReserveId(table, length);
	slot = IdSlot(table, key);
	while (table->slots[slot] != 0)
		slot = (slot + 1) & (table->nslots - 1);
	number = table->used;
	table->keys[number] = key;
	if (table->kind != BOOK_BIGINT)
	{
		start = IdTableStart(table, number);
		memcpy(table->bytes + start, bytes, length);
		table->ends[number] = start + length;
	}
	table->used++;
	table->slots[slot] = table->used;
	return number;
}

uint32
IdTableFindDatum(const IdTable *table, Datum id)
{
	struct varlena *value;
	const uint8	   *bytes;
	Size			length;

	if (table->kind == BOOK_BIGINT)
		return FindId(table, IntegerKey(DatumGetInt64(id)), NULL, 0);
	if (table->kind == BOOK_UUID)
	{
		bytes = DatumGetUUIDP(id)->data;
		length = UUID_LEN;
	}
	else
	{
		value = PG_DETOAST_DATUM_PACKED(id);
		bytes = (const uint8 *) VARDATA_ANY(value);
		length = VARSIZE_ANY_EXHDR(value);
	}
	return FindId(table, HashKeyBytes(bytes, length), bytes, length);
}

void
CheckIdCollation(Oid collation)
{
	if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("nondeterministic collation \"%s\" is not supported for ids",
					   get_collation_name(collation)),
				errhint("Add COLLATE \"C\" to compare ids by their bytes."));
}

uint32 *
IdTableMerge(IdTable *table, const IdTable *other)
{
	uint32 *numbers = palloc_extended(Max(other->used, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < other->used; i++)
	{
		const uint8 *bytes = NULL;
		Size		 length = 0;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (other->kind != BOOK_BIGINT)
		{
			bytes = other->bytes + IdTableStart(other, i);
			length = other->ends[i] - IdTableStart(other, i);
		}
		numbers[i] = IdTableAdd(table, other->keys[i], bytes, length);
	}
	return numbers;
}

/* ------------------------------------------------------------------- order */

/* An id's first eight bytes, most significant first, decide most comparisons. */
typedef struct
{
	uint64 prefix;
	uint32 number;
} SortId;

static inline int
CompareSortIds(const SortId *a, const SortId *b, const IdTable *table)
{
	Size a_start;
	Size b_start;
	Size a_length;
	Size b_length;
	int	 order;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	if (table->kind == BOOK_BIGINT)
		return 0;
	a_start = IdTableStart(table, a->number);
	b_start = IdTableStart(table, b->number);
	a_length = table->ends[a->number] - a_start;
	b_length = table->ends[b->number] - b_start;
	order = memcmp(table->bytes + a_start, table->bytes + b_start, Min(a_length, b_length));
	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

#define ST_SORT SortIds
#define ST_ELEMENT_TYPE SortId
#define ST_COMPARE(a, b, table) CompareSortIds(a, b, table)
#define ST_COMPARE_ARG_TYPE const IdTable
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static uint64
SortPrefix(const IdTable *table, uint32 number)
{
	Size   start;
	Size   length;
	uint64 prefix = 0;

	if (table->kind == BOOK_BIGINT)
		return table->keys[number];
	start = IdTableStart(table, number);
	length = Min(table->ends[number] - start, sizeof(prefix));
	for (Size i = 0; i < sizeof(prefix); i++)
		prefix = prefix << 8 | (i < length ? table->bytes[start + i] : 0);
	return prefix;
}

uint32 *
IdTableOrder(const IdTable *table, uint32 **ranks)
{
	Size	n = Max(table->used, 1);
	SortId *ids = palloc_extended(n * sizeof(SortId), MCXT_ALLOC_HUGE);
	uint32 *order = palloc_extended(n * sizeof(uint32), MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < table->used; i++)
		ids[i] = (SortId){SortPrefix(table, i), i};
	SortIds(ids, table->used, table);
	for (uint32 i = 0; i < table->used; i++)
		order[i] = ids[i].number;
	pfree(ids);
	if (ranks != NULL)
	{
		*ranks = palloc_extended(n * sizeof(uint32), MCXT_ALLOC_HUGE);
		for (uint32 i = 0; i < table->used; i++)
			(*ranks)[order[i]] = i;
	}
	return order;
}

/* ----------------------------------------------------------------- messages */

void
IdTableSend(const IdTable *table, StringInfo message)
{
	pq_sendint32(message, table->used);
	for (uint32 i = 0; i < table->used; i++)
	{
		Size start;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (table->kind == BOOK_BIGINT)
		{
			pq_sendint64(message, table->keys[i]);
			continue;
		}
		start = IdTableStart(table, i);
		pq_sendint32(message, (uint32) (table->ends[i] - start));
		pq_sendbytes(message, (const char *) table->bytes + start, table->ends[i] - start);
	}
}

static uint32
ReceiveBytes(IdTable *table, StringInfo message, bool from_client, const char *what)
{
	int			length = (int) pq_getmsgint(message, 4);
	int			converted = length;
	const char *bytes;

	if (length < 0 || length > message->len - message->cursor ||
		(table->kind == BOOK_UUID && length != UUID_LEN))
		ReportBadBytes(what);
	if (from_client && table->kind == BOOK_TEXT)
		bytes = pq_getmsgtext(message, length, &converted);
	else
		bytes = pq_getmsgbytes(message, length);
	return IdTableAddBytes(table, (const uint8 *) bytes, converted);
}

/* An id that is there twice would make two numbers of one. */
void
IdTableReceive(IdTable *table, StringInfo message, bool from_client, const char *what)
{
	uint32 n = (uint32) pq_getmsgint(message, 4);

	for (uint32 i = 0; i < n; i++)
	{
		uint32 number;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (table->kind == BOOK_BIGINT)
			number = IdTableAdd(table, (uint64) pq_getmsgint64(message), NULL, 0);
		else
			number = ReceiveBytes(table, message, from_client, what);
		if (number != i)
			ReportBadBytes(what);
	}
}
