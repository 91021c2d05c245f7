/*
 * book/histories.c - a book's customers as rows.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "book.h"
#include "compat.h"
#include "setof.h"

PG_FUNCTION_INFO_V1(histories_bigint);
PG_FUNCTION_INFO_V1(histories_text);
PG_FUNCTION_INFO_V1(histories_uuid);
PG_FUNCTION_INFO_V1(histories_support);

/* The row's values are built here: whoever takes a row copies it. */
typedef struct
{
	BookReader		 reader;
	PurchaseHistory *history;
	Size			 history_room;
	text			*key;
	Size			 key_room;
	pg_uuid_t		 uuid;
} BookRows;

static void *
OpenBook(FunctionCallInfo fcinfo, BookKind kind)
{
	BookRows *rows = palloc0(sizeof(BookRows));

	rows->history_room = rows->key_room = 256;
	rows->history = palloc(rows->history_room);
	rows->key = palloc(rows->key_room);
	if (PG_ARGISNULL(0))
		return rows;
	BookOpen(&rows->reader, PG_GETARG_PURCHASE_BOOK_P(0));
	if (rows->reader.kind != kind)
		ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("customer ids of this book are of type %s, not %s",
					   BookKindName(rows->reader.kind), BookKindName(kind)),
				errhint("Use histories(book, NULL::%s).", BookKindName(rows->reader.kind)));
	return rows;
}

static void *
OpenBigintBook(FunctionCallInfo fcinfo)
{
	return OpenBook(fcinfo, BOOK_BIGINT);
}

static void *
OpenTextBook(FunctionCallInfo fcinfo)
{
	return OpenBook(fcinfo, BOOK_TEXT);
}

static void *
OpenUuidBook(FunctionCallInfo fcinfo)
{
	return OpenBook(fcinfo, BOOK_UUID);
}

/* Bytes as a varlena value, in space that is used again for the next row. */
static struct varlena *
FillVarlena(struct varlena **space, Size *room, const uint8 *bytes, Size length)
{
	if (unlikely(VARHDRSZ + length > *room))
	{
		*room = (VARHDRSZ + length) * 2;
		*space = repalloc_huge(*space, *room);
	}
	SET_VARSIZE(*space, VARHDRSZ + length);
	memcpy(VARDATA(*space), bytes, length);
	return *space;
}

static Datum
KeyDatum(BookRows *rows)
{
	const BookKey *key = &rows->reader.key;

	if (rows->reader.kind == BOOK_BIGINT)
		return Int64GetDatum(KeyInteger(key->key));
	if (rows->reader.kind == BOOK_TEXT)
		return PointerGetDatum(
			FillVarlena(&rows->key, &rows->key_room, key->bytes, key->length));
	memcpy(rows->uuid.data, key->bytes, UUID_LEN);
	return UUIDPGetDatum(&rows->uuid);
}

/* Fills customer_id and history of one row; false at the end. */
static bool
NextCustomer(void *source, Datum *values, bool *nulls)
{
	BookRows   *rows = source;
	BookReader *reader = &rows->reader;

	if (!BookNext(reader))
		return false;
	nulls[0] = reader->key.isnull;
	nulls[1] = false;
	values[0] = nulls[0] ? (Datum) 0 : KeyDatum(rows);
	values[1] = PointerGetDatum(FillVarlena(&rows->history, &rows->history_room,
											reader->history, reader->history_length));
	return true;
}

Datum
histories_bigint(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenBigintBook, NextCustomer);
}

Datum
histories_text(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenTextBook, NextCustomer);
}

Datum
histories_uuid(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenUuidBook, NextCustomer);
}

/* Planner support: as many rows as a constant book has customers, else the declared ROWS. */
Datum
histories_support(PG_FUNCTION_ARGS)
{
	SupportRequestRows *request = (SupportRequestRows *) PG_GETARG_POINTER(0);
	Const			   *book;
	BookReader			reader;

	if (!IsA(request, SupportRequestRows) || request->node == NULL ||
		!IsA(request->node, FuncExpr))
		PG_RETURN_POINTER(NULL);
	book = linitial(castNode(FuncExpr, request->node)->args);
	if (!IsA(book, Const))
		PG_RETURN_POINTER(NULL);
	request->rows = 0;
	if (!book->constisnull)
	{
		BookOpen(&reader, DatumGetPurchaseBookP(book->constvalue));
		request->rows = reader.customers;
	}
	PG_RETURN_POINTER(request);
}
