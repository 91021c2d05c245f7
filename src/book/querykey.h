/*
 * book/querykey.h - customer ids of any type, as histories_of reads them.
 *
 * Integers sort by value and text and uuid compare bytewise; any other type is
 * hashed and compared by its default hash operator class under the column's
 * collation, as GROUP BY does.
 */
#ifndef CRM_BOOK_QUERYKEY_H
#define CRM_BOOK_QUERYKEY_H

#include "fmgr.h"

#include "kernel.h"

typedef enum QueryKeyForm
{
	QUERY_KEY_INT2,
	QUERY_KEY_INT4,
	QUERY_KEY_INT8,
	QUERY_KEY_BYTES, /* text with a deterministic collation */
	QUERY_KEY_UUID,
	QUERY_KEY_OTHER
} QueryKeyForm;

typedef struct QueryKey
{
	QueryKeyForm  form;
	int16		  typlen;
	bool		  typbyval;
	bool		  wide_hash; /* the hash function gives 64 bits */
	Oid			  collation;
	FmgrInfo	  hash;
	FmgrInfo	  equal;
	MemoryContext scratch; /* for comparisons */
} QueryKey;

/* How to read ids of that type; 42883 when it has no hash operator class. */
extern void QueryKeyInit(QueryKey *key, Oid type, Oid collation, MemoryContext context);

/* Whether ids are sorted as integers, and the length of all ids or 0: what a store wants to know. */
extern bool QueryKeyIsInteger(const QueryKey *key);
extern int	QueryKeyFixedLength(const QueryKey *key);

/* A KeysEqual over a QueryKey, for QUERY_KEY_OTHER. */
extern bool QueryKeysEqual(void *key, const uint8 *a, Size a_length, const uint8 *b,
						   Size b_length);

/* Adds a row under the id; may leave garbage in the current context. */
extern void QueryKeyAdd(QueryKey *key, RowStore *store, Datum id, const HistoryDay *day);

/* The id of a customer, in the current context where it needs memory. */
extern Datum QueryKeyDatum(const QueryKey *key, const BookGroup *group);

#endif /* CRM_BOOK_QUERYKEY_H */
