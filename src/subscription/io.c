/*
 * subscription/io.c - text and binary form of subscription_history.
 *
 * Text: the steps in order, separated by commas, each "day:mrr", the monthly
 * amount from that day on:
 *     2024-01-01:10.00, 2024-07-01:25.00, 2025-01-01:0.00
 * A first step without a start is "-infinity:10.00". The latest start of a
 * subscription follows after a semicolon where it is not the last rise:
 *     2024-01-01:10.00; latest start 2024-05-01
 * Nothing at all is the empty string.
 *
 * Binary, integers in network order: version, has-latest, latest start (int32,
 * days since 2000-01-01), number of steps, then per step day (int32) and mrr in
 * ticks of 1/10000 (int64).
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "aggregate.h"
#include "compat.h"
#include "daytext.h"
#include "subscription.h"

PG_FUNCTION_INFO_V1(subscription_history_in);
PG_FUNCTION_INFO_V1(subscription_history_out);
PG_FUNCTION_INFO_V1(subscription_history_recv);
PG_FUNCTION_INFO_V1(subscription_history_send);

#define STEP_BYTES 12
#define OPEN_START "-infinity"
#define LATEST_START "latest start "

/* Steps as they are read. */
typedef struct
{
	MrrStep *steps;
	Size	 used;
	Size	 capacity;
} StepList;

static void
AppendStep(StepList *list, const MrrStep *step)
{
	if (list->used == list->capacity)
	{
		list->capacity *= 2;
		list->steps = repalloc_huge(list->steps, list->capacity * sizeof(MrrStep));
	}
	list->steps[list->used++] = *step;
}

static MrrStep
ReadStep(TextCursor *cursor, const StepList *list)
{
	TextCursor start = *cursor;
	MrrStep	   step;

	if (list->used == 0 && strncmp(cursor->next, OPEN_START, strlen(OPEN_START)) == 0)
	{
		cursor->next += strlen(OPEN_START);
		step.day = DATEVAL_NOBEGIN;
	}
	else
		step.day = ReadDay(cursor);
	if (list->used > 0 && step.day <= list->steps[list->used - 1].day)
		ReportBadText(&start, "a later day");
	if (*cursor->next != ':')
		ReportBadText(cursor, "a colon and an amount");
	cursor->next++;
	start = *cursor;
	step.mrr = ReadMoney(cursor);
	if (step.mrr < 0)
		ReportBadText(&start, "an amount of 0 or more");
	return step;
}

static void
ReadSteps(TextCursor *cursor, StepList *list)
{
	while (*cursor->next != '\0' && *cursor->next != ';')
	{
		MrrStep step;

		CHECK_FOR_INTERRUPTS();
		step = ReadStep(cursor, list);
		AppendStep(list, &step);
		SkipBlanks(cursor);
		if (*cursor->next != ',')
			break;
		cursor->next++;
		SkipBlanks(cursor);
		if (*cursor->next == '\0' || *cursor->next == ';')
			ReportBadText(cursor, "another step");
	}
}

/* The latest start, if the text names one; it cannot lie before the last rise. */
static void
ReadLatest(TextCursor *cursor, bool *has_latest, DateADT *latest)
{
	TextCursor start;
	DateADT	   day;

	if (*cursor->next != ';')
		return;
	cursor->next++;
	SkipBlanks(cursor);
	if (strncmp(cursor->next, LATEST_START, strlen(LATEST_START)) != 0)
		ReportBadText(cursor, "\"latest start\" and a date");
	cursor->next += strlen(LATEST_START);
	start = *cursor;
	day = ReadDay(cursor);
	if (*has_latest && day < *latest)
		ReportBadText(&start, "a day not before the last rise");
	*has_latest = true;
	*latest = day;
	SkipBlanks(cursor);
}

Datum
subscription_history_in(PG_FUNCTION_ARGS)
{
	char	  *input = PG_GETARG_CSTRING(0);
	TextCursor cursor = {input, input, "subscription_history",
						 "It looks like 2024-01-01:10.00, 2024-07-01:25.00, 2025-01-01:0.00"};
	StepList   list = {palloc(16 * sizeof(MrrStep)), 0, 16};
	DateADT	   latest = 0;
	bool	   has_latest;

	SkipBlanks(&cursor);
	ReadSteps(&cursor, &list);
	list.used = SubscriptionNormalize(list.steps, list.used);
	has_latest = SubscriptionLastRise(list.steps, list.used, &latest);
	ReadLatest(&cursor, &has_latest, &latest);
	if (*cursor.next != '\0')
		ReportBadText(&cursor, "the end, a comma or a semicolon");
	PG_RETURN_SUBSCRIPTION_HISTORY_P(
		SubscriptionFromSteps(list.steps, list.used, has_latest, latest));
}

Datum
subscription_history_out(PG_FUNCTION_ARGS)
{
	SubscriptionReader reader;
	StringInfoData	   text;
	bool			   has_rise = false;
	DateADT			   rise = 0;
	int64			   mrr = 0;

	SubscriptionOpen(&reader, PG_GETARG_SUBSCRIPTION_HISTORY_P(0));
	initStringInfo(&text);
	while (SubscriptionNext(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		if (text.len > 0)
			appendStringInfoString(&text, ", ");
		if (DATE_IS_NOBEGIN(reader.current.day))
			appendStringInfoString(&text, OPEN_START);
		else
			AppendDate(&text, reader.current.day);
		appendStringInfoChar(&text, ':');
		AppendMoney(&text, reader.current.mrr, Max(reader.decimals, 2));
		if (reader.current.mrr > mrr)
		{
			has_rise = !DATE_IS_NOBEGIN(reader.current.day);
			rise = reader.current.day;
		}
		mrr = reader.current.mrr;
	}
	if (reader.has_latest && !(has_rise && rise == reader.latest))
	{
		appendStringInfoString(&text, text.len > 0 ? "; " LATEST_START : ";" LATEST_START);
		AppendDate(&text, reader.latest);
	}
	PG_RETURN_CSTRING(text.data);
}

/* Steps that are no canonical step function are bad bytes. */
static void
CheckSteps(const MrrStep *steps, Size n, bool has_latest, DateADT latest)
{
	DateADT rise;

	for (Size i = 0; i < n; i++)
	{
		bool open = i == 0 && DATE_IS_NOBEGIN(steps[i].day);

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if ((!open && !IS_VALID_DATE(steps[i].day)) || steps[i].mrr < 0 ||
			steps[i].mrr == (i > 0 ? steps[i - 1].mrr : 0) ||
			(i > 0 && steps[i].day <= steps[i - 1].day))
			ReportBadSubscription();
	}
	if (has_latest ? !IS_VALID_DATE(latest) : latest != 0)
		ReportBadSubscription();
	if (SubscriptionLastRise(steps, n, &rise) && (!has_latest || latest < rise))
		ReportBadSubscription();
}

Datum
subscription_history_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int		   version = pq_getmsgbyte(message);
	int		   has_latest = pq_getmsgbyte(message);
	DateADT	   latest = (DateADT) pq_getmsgint(message, 4);
	uint32	   n = pq_getmsgint(message, 4);
	MrrStep	  *steps;

	if (version != SUBSCRIPTION_VERSION || has_latest > 1 ||
		n > (uint32) (message->len - message->cursor) / STEP_BYTES)
		ReportBadSubscription();
	steps = palloc(Max(n, 1) * sizeof(MrrStep));
	for (uint32 i = 0; i < n; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		steps[i].day = (DateADT) pq_getmsgint(message, 4);
		steps[i].mrr = pq_getmsgint64(message);
	}
	CheckSteps(steps, n, has_latest != 0, latest);
	PG_RETURN_SUBSCRIPTION_HISTORY_P(SubscriptionFromSteps(steps, n, has_latest != 0, latest));
}

Datum
subscription_history_send(PG_FUNCTION_ARGS)
{
	SubscriptionReader reader;
	StringInfoData	   message;

	SubscriptionOpen(&reader, PG_GETARG_SUBSCRIPTION_HISTORY_P(0));
	pq_begintypsend(&message);
	pq_sendbyte(&message, SUBSCRIPTION_VERSION);
	pq_sendbyte(&message, reader.has_latest);
	pq_sendint32(&message, reader.latest);
	pq_sendint32(&message, reader.nsteps);
	while (SubscriptionNext(&reader))
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendint32(&message, reader.current.day);
		pq_sendint64(&message, reader.current.mrr);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
