/*
 * idtable.h - ids of bigint, text or uuid as dense numbers, and lists of them in a value.
 *
 * An IdTable numbers ids in the order in which they come; an IdList is what a
 * stored value keeps of them: sorted, each once, read in place. Bigint ids are
 * in order of value, text and uuid in order of their bytes.
 */
#ifndef CRM_IDTABLE_H
#define CRM_IDTABLE_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/uuid.h"

#include "book/book.h"
#include "compat.h"

/* No number. */
#define ID_NONE PG_UINT32_MAX

typedef struct IdTable
{
	MemoryContext context;
	BookKind	  kind;
	Oid			  collation; /* of text ids, checked */
	uint32		  used;
	uint32		  capacity;
	uint64		 *keys;	 /* bigint: IntegerKey; else the hash of the bytes */
	Size		 *ends;	 /* of each id's bytes; bigint has none */
	uint8		 *bytes; /* one after the other */
	Size		  bytes_capacity;
	uint32		 *slots; /* number + 1, or 0; open addressing */
	uint32		  nslots;
} IdTable;

extern void IdTableInit(IdTable *table, MemoryContext context, BookKind kind);

/* The number of an id, a new one if it is not known yet. */
extern uint32 IdTableAdd(IdTable *table, uint64 key, const uint8 *bytes, Size length);

/* 0A000: a collation under which ids with different bytes may be equal. */
extern void CheckIdCollation(Oid collation);

static inline Size
IdTableStart(const IdTable *table, uint32 number)
{
	return number == 0 ? 0 : table->ends[number - 1];
}

/* Where an id's search begins. */
static inline uint32
IdSlot(const IdTable *table, uint64 key)
{
	return (uint32) ((key * UINT64CONST(0x9E3779B97F4A7C15)) >> 32) & (table->nslots - 1);
}

static pg_attribute_always_inline uint32
IdTableAddInteger(IdTable *table, int64 id)
{
	uint64 key = IntegerKey(id);

	if (likely(table->nslots > 0))
	{
		uint32 number = table->slots[IdSlot(table, key)];

		if (likely(number > 0 && table->keys[number - 1] == key))
			return number - 1;
	}
	return IdTableAdd(table, key, NULL, 0);
}

static inline uint32
IdTableAddBytes(IdTable *table, const uint8 *bytes, Size length)
{
	return IdTableAdd(table, HashKeyBytes(bytes, length), bytes, length);
}

/* The id in an argument that is not NULL. */
static pg_attribute_always_inline uint32
IdTableAddArgument(IdTable *table, FunctionCallInfo fcinfo, int argno)
{
	text *id;

	if (table->kind == BOOK_BIGINT)
		return IdTableAddInteger(table, PG_GETARG_INT64(argno));
	if (table->kind == BOOK_UUID)
		return IdTableAddBytes(table, PG_GETARG_UUID_P(argno)->data, UUID_LEN);
	if (unlikely(table->collation != PG_GET_COLLATION()))
	{
		CheckIdCollation(PG_GET_COLLATION());
		table->collation = PG_GET_COLLATION();
	}
	id = PG_GETARG_TEXT_PP(argno);
	return IdTableAddBytes(table, (const uint8 *) VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id));
}

/* The number of the id in a Datum of the table's type, or ID_NONE. */
extern uint32 IdTableFindDatum(const IdTable *table, Datum id);

/* Adds another table's ids; returns their numbers here, palloc'd. */
extern uint32 *IdTableMerge(IdTable *table, const IdTable *other);

/* Numbers in order of ids, palloc'd; and in *ranks, if wanted, each number's place in that order. */
extern uint32 *IdTableOrder(const IdTable *table, uint32 **ranks);

/*
 * A table's ids in a message, as they are numbered; bytes that are none are
 * 22P03. Text of a client is converted from its encoding.
 */
extern void IdTableSend(const IdTable *table, StringInfo message);
extern void IdTableReceive(IdTable *table, StringInfo message, bool from_client,
						   const char *what);

/* ------------------------------------------------------------------- lists */

typedef struct IdList
{
	BookKind	 kind;
	uint32		 used;
	const uint8 *ends;	/* text: uint32 ends of each id's bytes, unaligned */
	const uint8 *bytes; /* bigint: int64 each, unaligned; uuid: 16 each */
} IdList;

/* Bytes of n of a table's ids as a list, and the list written out, in the given order. */
extern Size IdListBytes(const IdTable *table, const uint32 *order, uint32 n);
extern void IdListWrite(const IdTable *table, const uint32 *order, uint32 n, uint8 *out);

/* Opens a list at some place; returns the bytes it takes, 0 when there are not as many. */
extern Size IdListOpen(IdList *list, BookKind kind, uint32 used, const uint8 *at, Size room);

/* An id as a Datum; text and uuid in the current context. */
extern Datum IdListDatum(const IdList *list, uint32 number);

/* The list in a message to a client, as IdTableReceive reads it. */
extern void IdListSend(const IdList *list, StringInfo message);

/* A list as a table with the same numbers. */
extern void IdListLoad(const IdList *list, IdTable *table);

/* An id as text: numbers and uuids plain, text in double quotes with \ before " and \. */
extern void IdListAppendText(StringInfo text, const IdList *list, uint32 number);

/* An id as text at *next is added to the table; *next moves on. False: there is none. */
extern bool IdTableAddText(IdTable *table, const char **next, uint32 *number);

/* The kind of ids whose name is at *next, which moves on; 0 when there is none. */
extern BookKind ReadIdKind(const char **next);

/* 42804: the ids of such a value are of another type than was asked for. */
/* The SQL type of ids of a kind. */
extern Oid IdKindType(BookKind kind);

pg_noreturn extern void ReportIdKind(const char *what, const char *call, BookKind is,
									 BookKind asked);

#endif /* CRM_IDTABLE_H */
