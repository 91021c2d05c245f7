/*
 * history/io.c - text and binary form of purchase_history.
 *
 * Text: the days in order, separated by commas, each as
 *     2024-01-05:59.90        one purchase, net money 59.90
 *     2024-01-09*2:12.00      two purchases on that day
 *     2024-02-01*0:-10.00     a day with refunds only
 * and without ":money" in a history that has no amounts. The empty history is
 * the empty string. Dates are ISO 8601 whatever DateStyle says; years before
 * Christ end in " BC". Input takes the days in any order and adds up those
 * named twice.
 *
 * Binary: version, has-amounts, number of days, then per day three integers in
 * network order: day (int32, since 2000-01-01), purchases (int32), ticks
 * (int64, only with amounts).
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "aggregate.h"
#include "compat.h"
#include "daytext.h"
#include "history.h"

PG_FUNCTION_INFO_V1(purchase_history_in);
PG_FUNCTION_INFO_V1(purchase_history_out);
PG_FUNCTION_INFO_V1(purchase_history_recv);
PG_FUNCTION_INFO_V1(purchase_history_send);

/* As many as a day can have: a number that has ten digits at most. */
static int32
ReadPurchases(TextCursor *cursor)
{
	TextCursor start = *cursor;
	int64	   purchases = ReadDigits(cursor, 1, 9, "a number of purchases");

	if (*cursor->next >= '0' && *cursor->next <= '9')
		purchases = purchases * 10 + (*cursor->next++ - '0');
	if (purchases > PG_INT32_MAX)
		ReportBadText(&start, "a number of purchases up to 2147483647");
	return (int32) purchases;
}

static HistoryDay
ReadItem(TextCursor *cursor, bool *has_amount)
{
	HistoryDay item = {0, 1, 0};

	item.day = ReadDay(cursor);
	if (*cursor->next == '*')
	{
		cursor->next++;
		item.purchases = ReadPurchases(cursor);
	}
	if (*cursor->next == ':')
	{
		cursor->next++;
		item.amount = ReadMoney(cursor);
		*has_amount = true;
	}
	return item;
}

Datum
purchase_history_in(PG_FUNCTION_ARGS)
{
	char	   *input = PG_GETARG_CSTRING(0);
	TextCursor	cursor = {input, input, "purchase_history",
						  "A history looks like 2024-01-05:59.90, 2024-01-09*2:12.00"};
	Size		capacity = 16;
	Size		n = 0;
	bool		has_amount = false;
	HistoryDay *days = palloc(capacity * sizeof(HistoryDay));

	SkipBlanks(&cursor);
	while (*cursor.next != '\0')
	{
		CHECK_FOR_INTERRUPTS();
		if (n == capacity)
		{
			capacity *= 2;
			days = repalloc_huge(days, capacity * sizeof(HistoryDay));
		}
		days[n++] = ReadItem(&cursor, &has_amount);
		SkipBlanks(&cursor);
		if (*cursor.next == '\0')
			break;
		if (*cursor.next != ',')
			ReportBadText(&cursor, "a comma");
		cursor.next++;
		SkipBlanks(&cursor);
		if (*cursor.next == '\0')
			ReportBadText(&cursor, "another day");
	}
	n = HistoryNormalize(days, n, false);
	PG_RETURN_PURCHASE_HISTORY_P(HistoryFromDays(days, n, has_amount));
}

static void
AppendDay(StringInfo text, const HistoryReader *reader, int decimals)
{
	AppendDate(text, reader->current.day);
	if (reader->current.purchases != 1)
		appendStringInfo(text, "*%d", reader->current.purchases);
	if (reader->has_amount)
	{
		appendStringInfoChar(text, ':');
		AppendMoney(text, reader->current.amount, decimals);
	}
}

Datum
purchase_history_out(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	HistoryReader	 reader;
	StringInfoData	 text;
	int				 decimals;

	HistoryOpen(&reader, history);
	decimals = reader.unit >= 100 ? 2 : reader.unit == 10 ? 3 : MONEY_SCALE;
	initStringInfo(&text);
	while (HistoryNext(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		if (text.len > 0)
			appendStringInfoString(&text, ", ");
		AppendDay(&text, &reader, decimals);
	}
	PG_RETURN_CSTRING(text.data);
}

static HistoryDay
ReceiveDay(StringInfo message, bool has_amount)
{
	HistoryDay item;

	item.day = (DateADT) pq_getmsgint(message, 4);
	item.purchases = (int32) pq_getmsgint(message, 4);
	item.amount = has_amount ? pq_getmsgint64(message) : 0;
	if (!IS_VALID_DATE(item.day) || item.purchases < 0)
		ReportBadHistory();
	return item;
}

Datum
purchase_history_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(message);
	int			has_amount = pq_getmsgbyte(message);
	uint32		n = pq_getmsgint(message, 4);
	HistoryDay *days;

	if (version != HISTORY_VERSION || has_amount > 1 ||
		n > (uint32) (message->len - message->cursor) / (has_amount ? 16 : 8))
		ReportBadHistory();
	days = palloc(Max(n, 1) * sizeof(HistoryDay));
	for (uint32 i = 0; i < n; i++)
	{
		days[i] = ReceiveDay(message, has_amount != 0);
		if (i > 0 && days[i].day <= days[i - 1].day)
			ReportBadHistory();
	}
	PG_RETURN_PURCHASE_HISTORY_P(HistoryFromDays(days, n, has_amount != 0));
}

Datum
purchase_history_send(PG_FUNCTION_ARGS)
{
	PurchaseHistory *history = PG_GETARG_PURCHASE_HISTORY_P(0);
	HistoryReader	 reader;
	StringInfoData	 message;

	HistoryOpen(&reader, history);
	pq_begintypsend(&message);
	pq_sendbyte(&message, HISTORY_VERSION);
	pq_sendbyte(&message, reader.has_amount);
	pq_sendint32(&message, reader.days);
	while (HistoryNext(&reader))
	{
		pq_sendint32(&message, reader.current.day);
		pq_sendint32(&message, reader.current.purchases);
		if (reader.has_amount)
			pq_sendint64(&message, reader.current.amount);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
