/*
 * book/io.c - text and binary form of purchase_book.
 *
 * Text: the type of the customer ids, then the customers, each an id and its
 * history as purchase_history shows it:
 *     bigint {7 => 2024-01-05:59.90, 2024-01-09*2:12.00; 9 => 2024-02-01:5.00}
 * Text ids stand in double quotes, with \ before a quote or backslash; NULL is
 * the customer without an id. Input takes customers in any order and merges
 * those named twice.
 *
 * Binary, in network order: version, kind, has-amounts, int32 number of
 * customers; for each int32 length of the id (-1: NULL), the id as its type
 * sends it, int32 length of the history, the history as its type sends it.
 */
#include "postgres.h"

#include "executor/nodeHash.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "book.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(purchase_book_in);
PG_FUNCTION_INFO_V1(purchase_book_out);
PG_FUNCTION_INFO_V1(purchase_book_recv);
PG_FUNCTION_INFO_V1(purchase_book_send);

extern PGDLLEXPORT Datum purchase_history_in(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum purchase_history_out(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum purchase_history_recv(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum purchase_history_send(PG_FUNCTION_ARGS);

/* A book being read in. */
typedef struct
{
	const char	 *input; /* text: the whole, for messages */
	const char	 *next;
	BookKind	  kind;
	bool		  has_amount;
	RowStore	  store;
	MemoryContext scratch; /* for one customer */
} BookInput;

static void
BeginInput(BookInput *input, BookKind kind)
{
	input->kind = kind;
	input->has_amount = false;
	BookStoreInit(&input->store, CurrentMemoryContext, get_hash_memory_limit(), kind);
	input->scratch =
		AllocSetContextCreate(CurrentMemoryContext, "crm_ext customer", ALLOCSET_SMALL_SIZES);
}

static void
AddHistory(BookInput *input, const BookKey *key, const PurchaseHistory *history)
{
	HistoryReader reader;

	HistoryOpen(&reader, history);
	input->has_amount |= reader.has_amount;
	while (HistoryNext(&reader))
	{
		if (key->isnull)
			StoreAddNull(&input->store, &reader.current);
		else if (input->kind == BOOK_BIGINT)
			StoreAddInteger(&input->store, key->key, &reader.current);
		else
			StoreAddBytes(&input->store, key->key, key->bytes, key->length, &reader.current);
	}
}

static PurchaseBook *
EndInput(BookInput *input, uint32 *customers)
{
	BookWriter writer;

	BookBegin(&writer, CurrentMemoryContext, input->kind, input->has_amount, NULL,
			  StoreRows(&input->store) * sizeof(uint64));
	StoreEmit(&input->store, true, BookPutGroup, &writer);
	*customers = writer.customers;
	return BookEnd(&writer);
}

/* -------------------------------------------------------------------- text */

static void
ReportBadText(const BookInput *input, const char *expected)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			errmsg("invalid input syntax for type %s: \"%s\"", "purchase_book", input->input),
			errdetail("Expected %s at \"%s\".", expected, input->next),
			errhint("A book looks like bigint {7 => 2024-01-05:59.90; 9 => 2024-02-01:5.00}"));
}

static void
SkipBlanks(BookInput *input)
{
	while (*input->next == ' ' || *input->next == '\t' || *input->next == '\n' ||
		   *input->next == '\r')
		input->next++;
}

static void
Expect(BookInput *input, const char *token)
{
	SkipBlanks(input);
	if (strncmp(input->next, token, strlen(token)) != 0)
		ReportBadText(input, psprintf("\"%s\"", token));
	input->next += strlen(token);
}

static BookKind
ReadKind(BookInput *input)
{
	SkipBlanks(input);
	for (BookKind kind = BOOK_BIGINT; kind <= BOOK_UUID; kind++)
	{
		Size length = strlen(BookKindName(kind));

		if (strncmp(input->next, BookKindName(kind), length) == 0)
		{
			input->next += length;
			return kind;
		}
	}
	ReportBadText(input, "bigint, text or uuid");
	return BOOK_BIGINT;
}

/* The bytes between double quotes. */
static StringInfo
ReadQuoted(BookInput *input)
{
	StringInfo text = makeStringInfo();

	if (*input->next++ != '"')
	{
		input->next--;
		ReportBadText(input, "a text in double quotes");
	}
	while (*input->next != '"')
	{
		if (*input->next == '\\' && input->next[1] != '\0')
			input->next++;
		if (*input->next == '\0')
			ReportBadText(input, "a closing quote");
		appendStringInfoChar(text, *input->next++);
	}
	input->next++;
	return text;
}

/* A number or uuid, up to a blank or the arrow. */
static char *
ReadWord(BookInput *input)
{
	Size  length = strcspn(input->next, " \t\n\r=;{}");
	char *word = pnstrdup(input->next, length);

	if (length == 0)
		ReportBadText(input, "a customer id");
	input->next += length;
	return word;
}

static void
ReadTextKey(BookInput *input, BookKey *key)
{
	StringInfo text;
	Datum	   id;

	SkipBlanks(input);
	memset(key, 0, sizeof(BookKey));
	if (strncmp(input->next, "NULL", 4) == 0)
	{
		input->next += 4;
		key->isnull = true;
		return;
	}
	switch (input->kind)
	{
		case BOOK_BIGINT:
			id = DirectFunctionCall1(int8in, CStringGetDatum(ReadWord(input)));
			key->key = IntegerKey(DatumGetInt64(id));
			break;
		case BOOK_UUID:
			id = DirectFunctionCall1(uuid_in, CStringGetDatum(ReadWord(input)));
			BookKeyFromBytes(key, DatumGetUUIDP(id)->data, UUID_LEN);
			break;
		case BOOK_TEXT:
			text = ReadQuoted(input);
			BookKeyFromBytes(key, (const uint8 *) text->data, text->len);
			break;
	}
}

static void
ReadCustomer(BookInput *input)
{
	BookKey			 key;
	Size			 length;
	PurchaseHistory *history;

	ReadTextKey(input, &key);
	Expect(input, "=>");
	SkipBlanks(input);
	length = strcspn(input->next, ";}");
	if (length == 0)
		ReportBadText(input, "a purchase history");
	history = (PurchaseHistory *) DatumGetPointer(DirectFunctionCall1(
		purchase_history_in, CStringGetDatum(pnstrdup(input->next, length))));
	AddHistory(input, &key, history);
	input->next += length;
}

Datum
purchase_book_in(PG_FUNCTION_ARGS)
{
	BookInput input = {.input = PG_GETARG_CSTRING(0), .next = PG_GETARG_CSTRING(0)};
	uint32	  customers;

	BeginInput(&input, ReadKind(&input));
	Expect(&input, "{");
	SkipBlanks(&input);
	for (bool first = true; *input.next != '}'; first = false)
	{
		MemoryContext caller = MemoryContextSwitchTo(input.scratch);

		CHECK_FOR_INTERRUPTS();
		if (!first)
			Expect(&input, ";");
		ReadCustomer(&input);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(input.scratch);
		SkipBlanks(&input);
	}
	input.next++;
	SkipBlanks(&input);
	if (*input.next != '\0')
		ReportBadText(&input, "the end");
	PG_RETURN_PURCHASE_BOOK_P(EndInput(&input, &customers));
}

static void
AppendTextKey(StringInfo text, const BookReader *reader)
{
	const BookKey *key = &reader->key;
	pg_uuid_t	   uuid;

	if (key->isnull)
		appendStringInfoString(text, "NULL");
	else if (reader->kind == BOOK_BIGINT)
		appendStringInfo(text, INT64_FORMAT, KeyInteger(key->key));
	else if (reader->kind == BOOK_UUID)
	{
		memcpy(uuid.data, key->bytes, UUID_LEN);
		appendStringInfoString(
			text, DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&uuid))));
	}
	else
	{
		appendStringInfoChar(text, '"');
		for (Size i = 0; i < key->length; i++)
		{
			if (key->bytes[i] == '"' || key->bytes[i] == '\\')
				appendStringInfoChar(text, '\\');
			appendStringInfoChar(text, (char) key->bytes[i]);
		}
		appendStringInfoChar(text, '"');
	}
}

static Datum
HistoryDatum(const BookReader *reader)
{
	PurchaseHistory *history =
		palloc_extended(VARHDRSZ + reader->history_length, MCXT_ALLOC_HUGE);

	SET_VARSIZE(history, VARHDRSZ + reader->history_length);
	memcpy(VARDATA(history), reader->history, reader->history_length);
	return PointerGetDatum(history);
}

Datum
purchase_book_out(PG_FUNCTION_ARGS)
{
	PurchaseBook *book = PG_GETARG_PURCHASE_BOOK_P(0);
	MemoryContext scratch =
		AllocSetContextCreate(CurrentMemoryContext, "crm_ext customer", ALLOCSET_SMALL_SIZES);
	BookReader	   reader;
	StringInfoData text;

	BookOpen(&reader, book);
	initStringInfo(&text);
	appendStringInfo(&text, "%s {", BookKindName(reader.kind));
	while (BookNext(&reader))
	{
		MemoryContext caller = MemoryContextSwitchTo(scratch);

		CHECK_FOR_INTERRUPTS();
		AppendTextKey(&text, &reader);
		appendStringInfo(
			&text, " => %s%s",
			DatumGetCString(DirectFunctionCall1(purchase_history_out, HistoryDatum(&reader))),
			reader.left > 0 ? "; " : "");
		MemoryContextSwitchTo(caller);
		MemoryContextReset(scratch);
	}
	appendStringInfoChar(&text, '}');
	MemoryContextDelete(scratch);
	PG_RETURN_CSTRING(text.data);
}

/* ------------------------------------------------------------------ binary */

static void
ReceiveKey(BookInput *input, StringInfo message, BookKey *key)
{
	int	  length = (int) pq_getmsgint(message, 4);
	int	  expected = input->kind == BOOK_BIGINT ? (int) sizeof(int64)
					 : input->kind == BOOK_UUID ? UUID_LEN
												: length;
	int	  text_length;
	char *text;

	memset(key, 0, sizeof(BookKey));
	key->isnull = length == -1;
	if (key->isnull)
		return;
	if (length < 0 || length != expected || length > message->len - message->cursor)
		ReportBadBook();
	if (input->kind == BOOK_BIGINT)
		key->key = IntegerKey(pq_getmsgint64(message));
	else if (input->kind == BOOK_UUID)
		BookKeyFromBytes(key, (const uint8 *) pq_getmsgbytes(message, UUID_LEN), UUID_LEN);
	else
	{
		text = pq_getmsgtext(message, length, &text_length);
		BookKeyFromBytes(key, (const uint8 *) text, text_length);
	}
}

static void
ReceiveCustomer(BookInput *input, StringInfo message, bool has_amount)
{
	BookKey			 key;
	int				 length;
	StringInfoData	 part;
	PurchaseHistory *history;
	HistoryReader	 reader;

	ReceiveKey(input, message, &key);
	length = (int) pq_getmsgint(message, 4);
	if (length < 0 || length > message->len - message->cursor)
		ReportBadBook();
	/* recv functions may count on a terminating zero */
	initStringInfo(&part);
	appendBinaryStringInfo(&part, pq_getmsgbytes(message, length), length);
	history = (PurchaseHistory *) DatumGetPointer(
		DirectFunctionCall1(purchase_history_recv, PointerGetDatum(&part)));
	HistoryOpen(&reader, history);
	if (part.cursor != part.len || reader.days == 0 || reader.has_amount != has_amount)
		ReportBadBook();
	AddHistory(input, &key, history);
}

Datum
purchase_book_recv(PG_FUNCTION_ARGS)
{
	StringInfo	  message = (StringInfo) PG_GETARG_POINTER(0);
	int			  version = pq_getmsgbyte(message);
	int			  kind = pq_getmsgbyte(message);
	int			  has_amount = pq_getmsgbyte(message);
	uint32		  n = pq_getmsgint(message, 4);
	uint32		  customers;
	BookInput	  input = {0};
	PurchaseBook *book;

	if (version != BOOK_VERSION || kind < BOOK_BIGINT || kind > BOOK_UUID || has_amount > 1)
		ReportBadBook();
	BeginInput(&input, (BookKind) kind);
	input.has_amount = has_amount != 0;
	for (uint32 i = 0; i < n; i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(input.scratch);

		CHECK_FOR_INTERRUPTS();
		ReceiveCustomer(&input, message, has_amount != 0);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(input.scratch);
	}
	book = EndInput(&input, &customers);
	if (customers != n)
		ReportBadBook();
	PG_RETURN_PURCHASE_BOOK_P(book);
}

static void
SendKey(StringInfo message, const BookReader *reader)
{
	const BookKey *key = &reader->key;
	char		  *text;
	int			   length;

	if (key->isnull)
		pq_sendint32(message, (uint32) -1);
	else if (reader->kind == BOOK_BIGINT)
	{
		pq_sendint32(message, sizeof(int64));
		pq_sendint64(message, KeyInteger(key->key));
	}
	else if (reader->kind == BOOK_UUID)
	{
		pq_sendint32(message, UUID_LEN);
		pq_sendbytes(message, (const char *) key->bytes, UUID_LEN);
	}
	else
	{
		text = pg_server_to_client((const char *) key->bytes, (int) key->length);
		length = text == (const char *) key->bytes ? (int) key->length : (int) strlen(text);
		pq_sendint32(message, length);
		pq_sendbytes(message, text, length);
	}
}

Datum
purchase_book_send(PG_FUNCTION_ARGS)
{
	PurchaseBook *book = PG_GETARG_PURCHASE_BOOK_P(0);
	MemoryContext scratch =
		AllocSetContextCreate(CurrentMemoryContext, "crm_ext customer", ALLOCSET_SMALL_SIZES);
	BookReader	   reader;
	StringInfoData message;

	BookOpen(&reader, book);
	pq_begintypsend(&message);
	pq_sendbyte(&message, BOOK_VERSION);
	pq_sendbyte(&message, reader.kind);
	pq_sendbyte(&message, reader.has_amount);
	pq_sendint32(&message, reader.customers);
	while (BookNext(&reader))
	{
		MemoryContext caller = MemoryContextSwitchTo(scratch);
		bytea		 *history;

		CHECK_FOR_INTERRUPTS();
		SendKey(&message, &reader);
		history =
			DatumGetByteaPP(DirectFunctionCall1(purchase_history_send, HistoryDatum(&reader)));
		pq_sendint32(&message, VARSIZE_ANY_EXHDR(history));
		pq_sendbytes(&message, VARDATA_ANY(history), VARSIZE_ANY_EXHDR(history));
		MemoryContextSwitchTo(caller);
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
