/*
 * idlist.c - sorted ids as a stored value keeps them, and their text form.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "idtable.h"

#define CHECK_EVERY 0x10000

Size
IdListBytes(const IdTable *table, const uint32 *order, uint32 n)
{
	Size bytes = (Size) n * sizeof(uint32);

	if (table->kind == BOOK_BIGINT)
		return (Size) n * sizeof(int64);
	if (table->kind == BOOK_UUID)
		return (Size) n * UUID_LEN;
	for (uint32 i = 0; i < n; i++)
		bytes += table->ends[order[i]] - IdTableStart(table, order[i]);
	return bytes;
}

void
IdListWrite(const IdTable *table, const uint32 *order, uint32 n, uint8 *out)
{
	uint8 *bytes = out;
	uint32 end = 0;

	if (table->kind == BOOK_TEXT)
		bytes += (Size) n * sizeof(uint32);
	for (uint32 i = 0; i < n; i++)
	{
		int64 integer = KeyInteger(table->keys[order[i]]);
		Size  start;
		Size  length;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (table->kind == BOOK_BIGINT)
		{
			memcpy(bytes + (Size) i * sizeof(int64), &integer, sizeof(int64));
			continue;
		}
		start = IdTableStart(table, order[i]);
		length = table->ends[order[i]] - start;
		memcpy(bytes + end, table->bytes + start, length);
		end += length;
		if (table->kind == BOOK_TEXT)
			memcpy(out + (Size) i * sizeof(uint32), &end, sizeof(uint32));
	}
}

static uint32
TextEnd(const IdList *list, uint32 number)
{
	uint32 end;

	memcpy(&end, list->ends + (Size) number * sizeof(uint32), sizeof(uint32));
	return end;
}

Size
IdListOpen(IdList *list, BookKind kind, uint32 used, const uint8 *at, Size room)
{
	Size bytes = (Size) used * (kind == BOOK_BIGINT ? sizeof(int64)
								: kind == BOOK_UUID ? UUID_LEN
													: sizeof(uint32));

	*list = (IdList){kind, used, NULL, at};
	if (bytes > room)
		return 0;
	if (kind == BOOK_TEXT)
	{
		list->ends = at;
		list->bytes = at + bytes;
		if (used > 0)
			bytes += TextEnd(list, used - 1);
	}
	return bytes > room ? 0 : bytes;
}

static const uint8 *
IdBytes(const IdList *list, uint32 number, Size *length)
{
	uint32 start;

	if (list->kind == BOOK_UUID)
	{
		*length = UUID_LEN;
		return list->bytes + (Size) number * UUID_LEN;
	}
	start = number == 0 ? 0 : TextEnd(list, number - 1);
	*length = TextEnd(list, number) - start;
	return list->bytes + start;
}

static int64
IdInteger(const IdList *list, uint32 number)
{
	int64 id;

	memcpy(&id, list->bytes + (Size) number * sizeof(int64), sizeof(int64));
	return id;
}

Datum
IdListDatum(const IdList *list, uint32 number)
{
	const uint8 *bytes;
	Size		 length;
	pg_uuid_t	*uuid;

	if (list->kind == BOOK_BIGINT)
		return Int64GetDatum(IdInteger(list, number));
	bytes = IdBytes(list, number, &length);
	if (list->kind == BOOK_TEXT)
		return PointerGetDatum(cstring_to_text_with_len((const char *) bytes, (int) length));
	uuid = palloc(sizeof(pg_uuid_t));
	memcpy(uuid->data, bytes, UUID_LEN);
	return UUIDPGetDatum(uuid);
}

void
IdListSend(const IdList *list, StringInfo message)
{
	pq_sendint32(message, list->used);
	for (uint32 i = 0; i < list->used; i++)
	{
		Size		length;
		const char *bytes;
		char	   *sent;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (list->kind == BOOK_BIGINT)
		{
			pq_sendint64(message, IntegerKey(IdInteger(list, i)));
			continue;
		}
		bytes = (const char *) IdBytes(list, i, &length);
		sent = list->kind == BOOK_TEXT ? pg_server_to_client(bytes, (int) length)
									   : unconstify(char *, bytes);
		if (sent != bytes)
			length = strlen(sent);
		pq_sendint32(message, (uint32) length);
		pq_sendbytes(message, sent, (int) length);
		if (sent != bytes)
			pfree(sent);
	}
}

void
IdListLoad(const IdList *list, IdTable *table)
{
	for (uint32 i = 0; i < list->used; i++)
	{
		Size		 length;
		const uint8 *bytes;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (list->kind == BOOK_BIGINT)
			(void) IdTableAddInteger(table, IdInteger(list, i));
		else
		{
			bytes = IdBytes(list, i, &length);
			(void) IdTableAddBytes(table, bytes, length);
		}
	}
}

/* -------------------------------------------------------------------- text */

void
IdListAppendText(StringInfo text, const IdList *list, uint32 number)
{
	Size		 length;
	const uint8 *bytes;

	if (list->kind == BOOK_BIGINT)
	{
		appendStringInfo(text, INT64_FORMAT, IdInteger(list, number));
		return;
	}
	if (list->kind == BOOK_UUID)
	{
		char *uuid = DatumGetCString(DirectFunctionCall1(uuid_out, IdListDatum(list, number)));

		appendStringInfoString(text, uuid);
		pfree(uuid);
		return;
	}
	bytes = IdBytes(list, number, &length);
	appendStringInfoChar(text, '"');
	for (Size i = 0; i < length; i++)
	{
		if (bytes[i] == '"' || bytes[i] == '\\')
			appendStringInfoChar(text, '\\');
		appendStringInfoChar(text, (char) bytes[i]);
	}
	appendStringInfoChar(text, '"');
}

/* The bytes between double quotes; false when they do not end. */
static bool
ReadQuoted(const char **next, StringInfo id)
{
	const char *at = *next;

	if (*at++ != '"')
		return false;
	while (*at != '"')
	{
		if (*at == '\\')
			at++;
		if (*at == '\0')
			return false;
		appendStringInfoChar(id, *at++);
	}
	*next = at + 1;
	return true;
}

bool
IdTableAddText(IdTable *table, const char **next, uint32 *number)
{
	Size		   length = strspn(*next, "-0123456789abcdefABCDEF");
	StringInfoData id;
	Datum		   value;

	initStringInfo(&id);
	if (table->kind == BOOK_TEXT)
	{
		if (!ReadQuoted(next, &id))
			return false;
		*number = IdTableAddBytes(table, (const uint8 *) id.data, id.len);
		pfree(id.data);
		return true;
	}
	if (length == 0)
		return false;
	appendBinaryStringInfo(&id, *next, (int) length);
	*next += length;
	if (table->kind == BOOK_BIGINT)
	{
		value = DirectFunctionCall1(int8in, CStringGetDatum(id.data));
		*number = IdTableAddInteger(table, DatumGetInt64(value));
	}
	else
	{
		value = DirectFunctionCall1(uuid_in, CStringGetDatum(id.data));
		*number = IdTableAddBytes(table, DatumGetUUIDP(value)->data, UUID_LEN);
	}
	pfree(id.data);
	return true;
}

BookKind
ReadIdKind(const char **next)
{
	for (BookKind kind = BOOK_BIGINT; kind <= BOOK_UUID; kind++)
	{
		Size length = strlen(BookKindName(kind));

		if (strncmp(*next, BookKindName(kind), length) == 0)
		{
			*next += length;
			return kind;
		}
	}
	return 0;
}

Oid
IdKindType(BookKind kind)
{
	return kind == BOOK_BIGINT ? INT8OID : kind == BOOK_TEXT ? TEXTOID : UUIDOID;
}

void
ReportIdKind(const char *what, const char *call, BookKind is, BookKind asked)
{
	ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
			errmsg("ids of this %s are of type %s, not %s", what, BookKindName(is),
				   BookKindName(asked)),
			errhint("Use %s(..., NULL::%s).", call, BookKindName(is)));
}
