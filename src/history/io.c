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
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"

#include "aggregate.h"
#include "compat.h"
#include "history.h"

PG_FUNCTION_INFO_V1(purchase_history_in);
PG_FUNCTION_INFO_V1(purchase_history_out);
PG_FUNCTION_INFO_V1(purchase_history_recv);
PG_FUNCTION_INFO_V1(purchase_history_send);

/* A place in the text being read. */
typedef struct
{
	const char *input; /* the whole, for messages */
	const char *next;
} TextCursor;

static void
ReportBadText(const TextCursor *cursor, const char *expected)
{
	ereport(
		ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		errmsg("invalid input syntax for type %s: \"%s\"", "purchase_history", cursor->input),
		errdetail("Expected %s at \"%s\".", expected, cursor->next),
		errhint("A history looks like 2024-01-05:59.90, 2024-01-09*2:12.00"));
}

static void
SkipBlanks(TextCursor *cursor)
{
	while (*cursor->next == ' ' || *cursor->next == '\t' || *cursor->next == '\n' ||
		   *cursor->next == '\r')
		cursor->next++;
}

/* Digits as a number of at most nine figures. */
static int
ReadDigits(TextCursor *cursor, int least, int most, const char *expected)
{
	const char *start = cursor->next;
	int			value = 0;

	while (*cursor->next >= '0' && *cursor->next <= '9' && cursor->next - start < most)
		value = value * 10 + (*cursor->next++ - '0');
	if (cursor->next - start < least)
		ReportBadText(cursor, expected);
	return value;
}

static DateADT
ReadDay(TextCursor *cursor)
{
	TextCursor start = *cursor;
	int		   year = ReadDigits(cursor, 4, 9, "a date (year-month-day)");
	int		   month;
	int		   day;
	int		   julian;

	if (*cursor->next++ != '-')
		ReportBadText(&start, "a date (year-month-day)");
	month = ReadDigits(cursor, 2, 2, "a month of two digits");
	if (*cursor->next != '-')
		ReportBadText(&start, "a date (year-month-day)");
	cursor->next++;
	day = ReadDigits(cursor, 2, 2, "a day of two digits");
	if (strncmp(cursor->next, " BC", 3) == 0)
	{
		cursor->next += 3;
		year = 1 - year;
	}
	if (month < 1 || month > MONTHS_PER_YEAR || day < 1 ||
		day > day_tab[isleap(year)][month - 1] || !IS_VALID_JULIAN(year, month, day))
		ReportBadText(&start, "a date that exists");
	julian = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	if (!IS_VALID_DATE(julian))
		ReportBadText(&start, "a date in range");
	return julian;
}

/* The money of one day: a decimal number of at most four decimals. */
static int64
ReadMoney(TextCursor *cursor)
{
	const char *start = cursor->next;
	const char *point = NULL;
	char	   *number;
	Datum		numeric;

	if (*cursor->next == '-' || *cursor->next == '+')
		cursor->next++;
	while ((*cursor->next >= '0' && *cursor->next <= '9') ||
		   (*cursor->next == '.' && point == NULL))
	{
		if (*cursor->next == '.')
			point = cursor->next;
		cursor->next++;
	}
	if (point != NULL && cursor->next - point > MONEY_SCALE + 1)
	{
		cursor->next = start;
		ReportBadText(cursor, "an amount with at most four decimals");
	}
	number = pnstrdup(start, cursor->next - start);
	if (strpbrk(number, "0123456789") == NULL)
	{
		cursor->next = start;
		ReportBadText(cursor, "an amount");
	}
	numeric = DirectFunctionCall3(numeric_in, CStringGetDatum(number),
								  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	pfree(number);
	return MoneyFromNumeric(DatumGetNumeric(numeric));
}

static HistoryDay
ReadItem(TextCursor *cursor, bool *has_amount)
{
	HistoryDay item = {0, 1, 0};

	item.day = ReadDay(cursor);
	if (*cursor->next == '*')
	{
		cursor->next++;
		item.purchases = ReadDigits(cursor, 1, 9, "a number of purchases");
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
	TextCursor	cursor = {input, input};
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

/* The money of a day with as many decimals as its history has, two at least. */
static void
AppendMoney(StringInfo text, int64 ticks, int decimals)
{
	uint64 magnitude = ticks < 0 ? -(uint64) ticks : (uint64) ticks;
	char   fraction[MONEY_SCALE + 1];

	snprintf(fraction, sizeof(fraction), "%04u", (unsigned) (magnitude % MONEY_UNIT));
	appendStringInfo(text, ":%s" UINT64_FORMAT ".%.*s", ticks < 0 ? "-" : "",
					 magnitude / MONEY_UNIT, decimals, fraction);
}

static void
AppendDay(StringInfo text, const HistoryReader *reader, int decimals)
{
	struct pg_tm tm = {0};
	char		 date[MAXDATELEN + 1];

	j2date(reader->current.day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, date);
	appendStringInfoString(text, date);
	if (reader->current.purchases != 1)
		appendStringInfo(text, "*%d", reader->current.purchases);
	if (reader->has_amount)
		AppendMoney(text, reader->current.amount, decimals);
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
