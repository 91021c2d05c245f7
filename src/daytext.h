/*
 * daytext.h - days and money in the text form of a type.
 *
 * Dates are ISO 8601 whatever DateStyle says; years before Christ end in " BC".
 */
#ifndef CRM_DAYTEXT_H
#define CRM_DAYTEXT_H

#include "lib/stringinfo.h"
#include "utils/date.h"

#include "compat.h"

/* A place in the text being read. */
typedef struct TextCursor
{
	const char *input; /* the whole, for messages */
	const char *next;
	const char *type; /* name of the type */
	const char *hint; /* what its text looks like */
} TextCursor;

/* 22P02: something else was expected at the cursor. */
pg_noreturn extern void ReportBadText(const TextCursor *cursor, const char *expected);

extern void SkipBlanks(TextCursor *cursor);

/* Digits as a number of at most nine figures. */
extern int ReadDigits(TextCursor *cursor, int least, int most, const char *expected);

extern DateADT ReadDay(TextCursor *cursor);

/* A decimal number of at most four decimals, in ticks. */
extern int64 ReadMoney(TextCursor *cursor);

extern void AppendDate(StringInfo text, DateADT day);

/* Ticks with so many decimals. */
extern void AppendMoney(StringInfo text, int64 ticks, int decimals);

#endif /* CRM_DAYTEXT_H */
