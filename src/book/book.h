/*
 * book/book.h - purchase_book: the histories of a whole population as a value.
 *
 *   byte  0     version (1)
 *   byte  1     kind of key: 1 bigint, 2 text, 3 uuid
 *   byte  2     flags: 1 has amounts, 2 the last customer is the one whose key is NULL
 *   byte  3     0
 *   bytes 4-7   number of customers
 *   then for each customer: the key (absent for NULL), varint length, history
 *   as history.h lays it out.
 *
 * Customers are in order of their keys: bigint by value, each stored as the
 * varint difference to the one before; uuid and text (varint length, bytes) by
 * (HashKeyBytes, bytes). The form is canonical: the same purchases in any
 * order give the same bytes.
 */
#ifndef CRM_BOOK_BOOK_H
#define CRM_BOOK_BOOK_H

#include "kernel.h"

#define BOOK_VERSION 1
#define BOOK_HEADER_BYTES 8
#define BOOK_HAS_AMOUNT 0x01
#define BOOK_HAS_NULL 0x02
#define BOOK_MAX_BYTES HISTORY_MAX_BYTES
#define BOOK_UUID_BYTES 16

typedef enum BookKind
{
	BOOK_BIGINT = 1,
	BOOK_TEXT = 2,
	BOOK_UUID = 3
} BookKind;

typedef struct varlena PurchaseBook;

#define DatumGetPurchaseBookP(X) ((PurchaseBook *) PG_DETOAST_DATUM_PACKED(X))
#define PG_GETARG_PURCHASE_BOOK_P(n) DatumGetPurchaseBookP(PG_GETARG_DATUM(n))
#define PG_RETURN_PURCHASE_BOOK_P(x) PG_RETURN_POINTER(x)

/* The SQL name of the key type. */
extern const char *BookKindName(BookKind kind);

/* A store for rows under keys of that kind. */
extern void BookStoreInit(RowStore *store, MemoryContext context, Size budget, BookKind kind);

/* A customer's key; for bigint only key counts, for the rest it is the hash. */
typedef struct BookKey
{
	bool		 isnull;
	uint64		 key;
	const uint8 *bytes;
	Size		 length;
} BookKey;

extern int	CompareBookKeys(const BookKey *a, const BookKey *b);
extern void BookKeyFromBytes(BookKey *key, const uint8 *bytes, Size length);

/* The fixed fields of a book, and a cursor over its customers. */
typedef struct BookReader
{
	const uint8 *next;
	const uint8 *end;
	BookKind	 kind;
	bool		 has_amount;
	bool		 has_null;
	uint32		 customers;
	uint32		 left;
	BookKey		 key; /* of the customer read last */
	const uint8 *history;
	Size		 history_length;
} BookReader;

/* Prepares to read; bytes that are no book are 22P03. */
extern void BookOpen(BookReader *reader, const PurchaseBook *book);
extern bool BookNext(BookReader *reader);

/* 22P03: stored bytes that are no book. */
pg_noreturn extern void ReportBadBook(void);

/* Reads all of it and lets nothing pass that a BookWriter would not have written. */
extern void BookCheck(const PurchaseBook *book);

/*
 * Writes customers in order, mixed with those of a book written before
 * (`base`, or NULL): both have the same kind of key.
 */
typedef struct BookWriter
{
	MemoryContext context;
	PurchaseBook *book;
	Size		  used;
	Size		  capacity;
	BookKind	  kind;
	bool		  has_amount;
	bool		  has_null;
	uint32		  customers;
	uint64		  previous; /* integer key written last */
	bool		  base_left;
	BookReader	  base;
	HistoryDay	 *days; /* scratch to merge in */
	Size		  days_capacity;
	RowStore *kept; /* when more rows may follow: those of customers whose sums might not fit */
} BookWriter;

extern void BookBegin(BookWriter *writer, MemoryContext context, BookKind kind, bool has_amount,
					  const PurchaseBook *base, Size expected_bytes);

/* An EmitGroup: the next customer's days; target is the writer. */
extern void BookPutGroup(void *writer, const BookGroup *group);

/* The next customer's history as another book has it. */
extern void BookPutHistory(BookWriter *writer, const BookReader *customer);

extern PurchaseBook *BookEnd(BookWriter *writer);

#endif /* CRM_BOOK_BOOK_H */
