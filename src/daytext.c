/*
 * daytext.c - days and money in the text form of a type.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"

#include "compat.h"
#include "daytext.h"
#include "money.h"

void
ReportBadText(const TextCursor *cursor, const char *expected)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			errmsg("invalid input syntax for type %s: \"%s\"", cursor->type, cursor->input),
			errdetail("Expected %s at \"%s\".", expected, cursor->next),
			errhint("%s", cursor->hint));
}

void
SkipBlanks(TextCursor *cursor)
{
	while (*cursor->next == ' ' || *cursor->next == '\t' || *cursor->next == '\n' ||
		   *cursor->next == '\r')
		cursor->next++;
}

int
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

DateADT
ReadDay(TextCursor *cursor)
{
	TextCursor start = *cursor;
	int		   year = ReadDigits(cursor, 4, 9, "a date (year-month-day)");
	bool	   zero_year = year == 0;
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
	/* There is no year 0: 0001-12-31 BC is followed by 0001-01-01. */
	if (zero_year || month < 1 || month > MONTHS_PER_YEAR || day < 1 ||
		day > day_tab[isleap(year)][month - 1] || !IS_VALID_JULIAN(year, month, day))
		ReportBadText(&start, "a date that exists");
	julian = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	if (!IS_VALID_DATE(julian))
		ReportBadText(&start, "a date in range");
	return julian;
}

int64
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

void
AppendMoney(StringInfo text, int64 ticks, int decimals)
{
	uint64 magnitude = ticks < 0 ? -(uint64) ticks : (uint64) ticks;
	char   fraction[MONEY_SCALE + 1];

	snprintf(fraction, sizeof(fraction), "%04u", (unsigned) (magnitude % MONEY_UNIT));
	appendStringInfo(text, "%s" UINT64_FORMAT ".%.*s", ticks < 0 ? "-" : "",
					 magnitude / MONEY_UNIT, decimals, fraction);
}

void
AppendDate(StringInfo text, DateADT day)
{
	struct pg_tm tm = {0};
	char		 date[MAXDATELEN + 1];

	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, date);
	appendStringInfoString(text, date);
}
