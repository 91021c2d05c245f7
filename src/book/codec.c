/*
 * book/codec.c - reading, checking, writing and merging books; book.h has the layout.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "book.h"
#include "compat.h"

#define BOOK_FIRST_BYTES 1024

void
ReportBadBook(void)
{
	ReportBadBytes("purchase book");
}

/* not reached: takes a book of more than 1 GB */
static void
ReportBookTooLarge(void)
{
	ereport(
		ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		errmsg("purchase book exceeds the maximum size of a value (%d bytes)", BOOK_MAX_BYTES),
		errhint("Use histories_of(query, key_type): its result has no size limit."));
}

const char *
BookKindName(BookKind kind)
{
	return kind == BOOK_BIGINT ? "bigint" : kind == BOOK_TEXT ? "text" : "uuid";
}

void
BookStoreInit(RowStore *store, MemoryContext context, Size budget, BookKind kind)
{
	StoreInit(store, context, budget, kind == BOOK_BIGINT,
			  kind == BOOK_UUID ? BOOK_UUID_BYTES : 0);
}

int
CompareBookKeys(const BookKey *a, const BookKey *b)
{
	int order;

	if (a->isnull != b->isnull)
		return a->isnull ? 1 : -1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->isnull || a->bytes == NULL)
		return 0;
	order = memcmp(a->bytes, b->bytes, Min(a->length, b->length));
	if (order != 0)
		return order;
	return a->length < b->length ? -1 : a->length > b->length;
}

void
BookKeyFromBytes(BookKey *key, const uint8 *bytes, Size length)
{
	key->isnull = false;
	key->key = HashKeyBytes(bytes, length);
	key->bytes = bytes;
	key->length = length;
}

/* ----------------------------------------------------------------- reading */

void
BookOpen(BookReader *reader, const PurchaseBook *book)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(book);
	Size		 length = VARSIZE_ANY_EXHDR(book);

	if (length < BOOK_HEADER_BYTES || bytes[0] != BOOK_VERSION || bytes[1] < BOOK_BIGINT ||
		bytes[1] > BOOK_UUID || (bytes[2] & ~(BOOK_HAS_AMOUNT | BOOK_HAS_NULL)) != 0 ||
		bytes[3] != 0)
		ReportBadBook();
	memset(reader, 0, sizeof(BookReader));
	reader->kind = (BookKind) bytes[1];
	reader->has_amount = (bytes[2] & BOOK_HAS_AMOUNT) != 0;
	reader->has_null = (bytes[2] & BOOK_HAS_NULL) != 0;
	memcpy(&reader->customers, bytes + 4, sizeof(uint32));
	reader->left = reader->customers;
	reader->next = bytes + BOOK_HEADER_BYTES;
	reader->end = bytes + length;
}

static inline uint64
TakeVarint(BookReader *reader)
{
	uint64 value;

	if (likely(reader->next < reader->end && *reader->next < 0x80))
		return *reader->next++;
	reader->next = GetVarint(reader->next, reader->end, &value);
	if (reader->next == NULL)
		ReportBadBook();
	return value;
}

static inline const uint8 *
TakeBytes(BookReader *reader, uint64 length)
{
	const uint8 *bytes = reader->next;

	if (unlikely(length > (uint64) (reader->end - bytes)))
		ReportBadBook();
	reader->next += length;
	return bytes;
}

static void
ReadKey(BookReader *reader)
{
	uint64 length = BOOK_UUID_BYTES;

	if (reader->has_null && reader->left == 0)
	{
		reader->key = (BookKey){.isnull = true};
		return;
	}
	if (reader->kind == BOOK_BIGINT)
	{
		reader->key.key += TakeVarint(reader);
		return;
	}
	if (reader->kind == BOOK_TEXT)
		length = TakeVarint(reader);
	BookKeyFromBytes(&reader->key, TakeBytes(reader, length), length);
}

bool
BookNext(BookReader *reader)
{
	if (reader->left == 0)
		return false;
	reader->left--;
	ReadKey(reader);
	reader->history_length = TakeVarint(reader);
	reader->history = TakeBytes(reader, reader->history_length);
	return true;
}

/* Days of a history within a book, without amounts where the book has none. */
static Size
ReadDays(const uint8 *bytes, Size length, HistoryDay **days, Size *capacity, Size room)
{
	HistoryReader reader;
	Size		  n = 0;

	HistoryOpenBytes(&reader, bytes, length);
	if (reader.days + room > *capacity)
	{
		*capacity = Max(reader.days + room, *capacity * 2);
		*days = repalloc_huge(*days, *capacity * sizeof(HistoryDay));
	}
	while (HistoryNext(&reader))
	{
		if (n > 0 && (reader.current.day <= (*days)[n - 1].day))
			ReportBadBook();
		if (!IS_VALID_DATE(reader.current.day) || reader.current.purchases < 0)
			ReportBadBook();
		(*days)[n++] = reader.current;
	}
	return n;
}

/* A history is good when writing its days again gives the same bytes. */
static void
CheckHistory(const BookReader *reader, HistoryDay **days, Size *capacity, uint8 **again,
			 Size *again_bytes)
{
	Size ndays = ReadDays(reader->history, reader->history_length, days, capacity, 1);
	Size bound = HistoryMaxBytes(ndays);

	if (bound > *again_bytes)
	{
		*again_bytes = Max(bound, *again_bytes * 2);
		*again = repalloc_huge(*again, *again_bytes);
	}
	if (ndays == 0 ||
		HistoryEncode(*again, *days, ndays, reader->has_amount) != reader->history_length ||
		memcmp(*again, reader->history, reader->history_length) != 0)
		ReportBadBook();
}

void
BookCheck(const PurchaseBook *book)
{
	Size		capacity = 64;
	Size		again_bytes = BOOK_FIRST_BYTES;
	HistoryDay *days = palloc(capacity * sizeof(HistoryDay));
	uint8	   *again = palloc(again_bytes);
	BookReader	reader;
	BookKey		previous = {0};

	BookOpen(&reader, book);
	if (reader.has_null && reader.customers == 0)
		ReportBadBook();
	for (bool first = true; BookNext(&reader); first = false)
	{
		if ((reader.left & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (!first && CompareBookKeys(&previous, &reader.key) >= 0)
			ReportBadBook();
		previous = reader.key;
		CheckHistory(&reader, &days, &capacity, &again, &again_bytes);
	}
	if (reader.next != reader.end)
		ReportBadBook();
	pfree(days);
	pfree(again);
}

/* ----------------------------------------------------------------- writing */

void
BookBegin(BookWriter *writer, MemoryContext context, BookKind kind, bool has_amount,
		  const PurchaseBook *base, Size expected_bytes)
{
	memset(writer, 0, sizeof(BookWriter));
	writer->context = context;
	writer->kind = kind;
	writer->has_amount = has_amount;
	writer->capacity = Max(expected_bytes, BOOK_FIRST_BYTES);
	writer->book = MemoryContextAllocHuge(context, writer->capacity);
	writer->used = VARHDRSZ + BOOK_HEADER_BYTES;
	writer->days_capacity = 64;
	writer->days = MemoryContextAlloc(context, writer->days_capacity * sizeof(HistoryDay));
	if (base != NULL)
	{
		BookOpen(&writer->base, base);
		if (writer->base.kind != kind)
			/* not reached: one aggregate's books are of one kind */
			ReportBadBook();
		writer->base_left = BookNext(&writer->base);
	}
}

/* Room for a key and a history; grows by a quarter, so that little is wasted. */
static inline uint8 *
Reserve(BookWriter *writer, Size bytes)
{
	Size needed = writer->used + bytes + 3 * VARINT_MAX_BYTES;

	if (unlikely(needed > writer->capacity))
	{
		writer->capacity = needed + writer->capacity / 4;
		writer->book = repalloc_huge(writer->book, writer->capacity);
		CHECK_FOR_INTERRUPTS();
	}
	return (uint8 *) writer->book + writer->used;
}

static inline uint8 *
PutKey(BookWriter *writer, uint8 *out, const BookKey *key)
{
	if (key->isnull)
	{
		writer->has_null = true;
		return out;
	}
	if (writer->kind == BOOK_BIGINT)
	{
		out = PutVarint(out, key->key - writer->previous);
		writer->previous = key->key;
		return out;
	}
	if (writer->kind == BOOK_TEXT)
		out = PutVarint(out, key->length);
	memcpy(out, key->bytes, key->length);
	return out + key->length;
}

static inline void
FinishCustomer(BookWriter *writer, const uint8 *end)
{
	writer->used = end - (const uint8 *) writer->book;
	writer->customers++;
	if (unlikely(writer->used - VARHDRSZ > BOOK_MAX_BYTES))
		/* not reached: takes a book of more than 1 GB */
		ReportBookTooLarge();
}

/* The length goes before the history but is known after it; mostly it takes one byte. */
static void
PutDays(BookWriter *writer, const BookKey *key, const HistoryDay *days, Size ndays)
{
	uint8  lead[VARINT_MAX_BYTES];
	uint8 *out = Reserve(writer, key->length + HistoryMaxBytes(ndays));
	Size   lead_bytes;
	Size   length;

	out = PutKey(writer, out, key);
	length = HistoryEncode(out + 1, days, ndays, writer->has_amount);
	lead_bytes = PutVarint(lead, length) - lead;
	if (unlikely(lead_bytes > 1))
		memmove(out + lead_bytes, out + 1, length);
	memcpy(out, lead, lead_bytes);
	FinishCustomer(writer, out + lead_bytes + length);
}

/* A history as it stands: the rows of one aggregate have amounts all, or none has. */
static void
PutHistory(BookWriter *writer, const BookReader *customer)
{
	uint8 *out;

	if (unlikely(customer->has_amount != writer->has_amount))
		elog(ERROR, "a book with amounts and one without are to be one");
	out = Reserve(writer, customer->key.length + customer->history_length);
	out = PutKey(writer, out, &customer->key);
	out = PutVarint(out, customer->history_length);
	memcpy(out, customer->history, customer->history_length);
	FinishCustomer(writer, out + customer->history_length);
}

/* Copies the base's customers before a key, or all; whether the base is now at that key. */
static bool
CopyBase(BookWriter *writer, const BookKey *until)
{
	while (writer->base_left)
	{
		int order = until == NULL ? -1 : CompareBookKeys(&writer->base.key, until);

		if (order >= 0)
			return order == 0;
		PutHistory(writer, &writer->base);
		writer->base_left = BookNext(&writer->base);
		if (unlikely((writer->base.left & 0xFFF) == 0))
			CHECK_FOR_INTERRUPTS();
	}
	return false;
}

/*
 * The base's history of this customer and more days of it, as one. False, with
 * nothing done, when the sums might not fit and more rows may follow.
 */
static bool
PutMerged(BookWriter *writer, const BookKey *key, const HistoryDay *days, Size ndays)
{
	Size n = ReadDays(writer->base.history, writer->base.history_length, &writer->days,
					  &writer->days_capacity, ndays);
	bool sorted = n == 0 || ndays == 0 || days[0].day >= writer->days[n - 1].day;

	memcpy(writer->days + n, days, ndays * sizeof(HistoryDay));
	if (writer->kept != NULL && !DaysSumsFit(writer->days, n + ndays))
		return false;
	n = HistoryNormalize(writer->days, n + ndays, sorted);
	PutDays(writer, key, writer->days, n);
	writer->base_left = BookNext(&writer->base);
	return true;
}

void
BookPutGroup(void *target, const BookGroup *group)
{
	BookWriter *writer = target;
	BookKey		key = {group->isnull, group->key, group->bytes, group->length};

	if (unlikely(!group->summed))
		StoreAddGroup(writer->kept, group);
	else if (!writer->base_left || !CopyBase(writer, &key))
		PutDays(writer, &key, group->days, group->ndays);
	else if (!PutMerged(writer, &key, group->days, group->ndays))
		StoreAddGroup(writer->kept, group);
}

/* Another book's customer into the base's history of the same. */
static void
MergeCustomer(BookWriter *writer, const BookReader *customer)
{
	const BookKey *key = &customer->key;
	Size		   capacity = 64;
	HistoryDay	  *days = palloc(capacity * sizeof(HistoryDay));
	BookGroup	   group = {key->isnull, true, key->key, key->bytes, key->length, NULL, 0};

	group.ndays = ReadDays(customer->history, customer->history_length, &days, &capacity, 1);
	group.days = days;
	if (!PutMerged(writer, key, days, group.ndays))
		StoreAddGroup(writer->kept, &group);
	pfree(days);
}

void
BookPutHistory(BookWriter *writer, const BookReader *customer)
{
	if (CopyBase(writer, &customer->key))
		MergeCustomer(writer, customer);
	else
		PutHistory(writer, customer);
}

PurchaseBook *
BookEnd(BookWriter *writer)
{
	uint8 *header;

	CopyBase(writer, NULL);
	header = (uint8 *) VARDATA(writer->book);
	header[0] = BOOK_VERSION;
	header[1] = (uint8) writer->kind;
	/* the empty book is one, with amounts or without: its text does not say which */
	header[2] = (writer->has_amount && writer->customers > 0 ? BOOK_HAS_AMOUNT : 0) |
				(writer->has_null ? BOOK_HAS_NULL : 0);
	header[3] = 0;
	memcpy(header + 4, &writer->customers, sizeof(uint32));
	SET_VARSIZE(writer->book, writer->used);
	pfree(writer->days);
	return repalloc_huge(writer->book, writer->used);
}
