/*
 * conversation/accessors.c - what SQL asks an engagement.
 *
 * As of a day means up to its last moment in the engagement's own zone. Where a
 * reply and what it replies to have the same moment, as they do where only days
 * are recorded, it counts as a reply.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "conversation/engagement.h"
#include "math/elementary.h"
#include "moment.h"

PG_FUNCTION_INFO_V1(engagement_as_of);
PG_FUNCTION_INFO_V1(response_rate);
PG_FUNCTION_INFO_V1(response_rate_as_of);
PG_FUNCTION_INFO_V1(reciprocity);
PG_FUNCTION_INFO_V1(median_reply_time);
PG_FUNCTION_INFO_V1(contact_pressure);
PG_FUNCTION_INFO_V1(engagement_score);
PG_FUNCTION_INFO_V1(preferred_channel);
PG_FUNCTION_INFO_V1(best_hour);

#define CHECK_EVERY 0x10000
#define LOG_2 0.69314718055994530942
#define HOURS 24

#define ST_SORT SortTimes
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* The moment after the day in the argument ends. */
static TimestampTz
EndOfDayArgument(FunctionCallInfo fcinfo, int argno, const OpenEngagement *open)
{
	DateADT as_of = PG_GETARG_DATEADT(argno);

	RequireFiniteDate(as_of, "as-of date");
	return StartOfDay((int64) as_of + 1, EngagementZone(open));
}

Datum
engagement_as_of(PG_FUNCTION_ARGS)
{
	OpenEngagement open;
	NewContact	  *kept;
	Size		   n;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	n = ContactsBefore(&open, EndOfDayArgument(fcinfo, 1, &open));
	kept = palloc_extended(Max(n, 1) * sizeof(NewContact), MCXT_ALLOC_HUGE);
	for (Size i = 0; i < n; i++)
	{
		const Contact *contact = &open.contacts[i];

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		kept[i] = (NewContact){contact->at, contact->inbound, open.channels[contact->channel],
							   open.kinds[contact->kind]};
	}
	PG_RETURN_ENGAGEMENT_P(EngagementFromContacts(open.zone, kept, n));
}

/* --- replies --- */

/*
 * For each of the first n contacts, the moment of the first one in the other
 * direction at or after it; END_OF_MOMENTS where there is none.
 */
static TimestampTz *
NextReplies(const OpenEngagement *open, Size n)
{
	TimestampTz *replies = palloc_extended(Max(n, 1) * sizeof(TimestampTz), MCXT_ALLOC_HUGE);
	TimestampTz	 next[2] = {END_OF_MOMENTS, END_OF_MOMENTS}; /* outbound, inbound */
	Size		 until = n;

	while (until > 0)
	{
		TimestampTz at = open->contacts[until - 1].at;
		Size		from = until;

		CHECK_FOR_INTERRUPTS();
		while (from > 0 && open->contacts[from - 1].at == at)
			next[open->contacts[--from].inbound] = at;
		for (Size i = from; i < until; i++)
			replies[i] = next[!open->contacts[i].inbound];
		until = from;
	}
	return replies;
}

/* Of what was sent so long before `end` that the time to reply has passed, the part replied to. */
static Datum
ResponseRate(FunctionCallInfo fcinfo, const OpenEngagement *open, TimestampTz end)
{
	const Interval *within = PG_GETARG_INTERVAL_P(1);
	Size			n = ContactsBefore(open, end);
	TimestampTz	   *replies;
	int64			sent = 0;
	int64			answered = 0;

	RequireWindow(within, "within");
	replies = NextReplies(open, n);
	for (Size i = 0; i < n; i++)
	{
		TimestampTz deadline;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (open->contacts[i].inbound)
			continue;
		deadline = MomentAfter(open->contacts[i].at, within);
		if (deadline >= end || deadline == END_OF_MOMENTS)
			continue;
		sent++;
		answered += replies[i] <= deadline;
	}
	if (sent == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((float8) answered / (float8) sent);
}

Datum
response_rate(PG_FUNCTION_ARGS)
{
	OpenEngagement open;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	return ResponseRate(fcinfo, &open, GetCurrentTransactionStartTimestamp() + 1);
}

Datum
response_rate_as_of(PG_FUNCTION_ARGS)
{
	OpenEngagement open;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	return ResponseRate(fcinfo, &open, EndOfDayArgument(fcinfo, 2, &open));
}

static Interval *
IntervalOfTime(int64 microseconds)
{
	Interval *interval = palloc0(sizeof(Interval));

	interval->day = (int32) (microseconds / USECS_PER_DAY);
	interval->time = microseconds % USECS_PER_DAY;
	return interval;
}

Datum
median_reply_time(PG_FUNCTION_ARGS)
{
	OpenEngagement open;
	TimestampTz	  *replies;
	Size		   n = 0;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	replies = NextReplies(&open, open.n);
	for (Size i = 0; i < open.n; i++)
	{
		if (open.contacts[i].inbound && replies[i] != END_OF_MOMENTS)
			replies[n++] = replies[i] - open.contacts[i].at;
	}
	if (n == 0)
		PG_RETURN_NULL();
	SortTimes(replies, n);
	PG_RETURN_INTERVAL_P(
		IntervalOfTime(replies[(n - 1) / 2] + (replies[n / 2] - replies[(n - 1) / 2]) / 2));
}

/* --- counts --- */

Datum
reciprocity(PG_FUNCTION_ARGS)
{
	OpenEngagement open;
	int64		   inbound = 0;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	for (Size i = 0; i < open.n; i++)
		inbound += open.contacts[i].inbound;
	if (open.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((float8) inbound / (float8) open.n);
}

Datum
contact_pressure(PG_FUNCTION_ARGS)
{
	int32		   days = PG_GETARG_INT32(1);
	OpenEngagement open;
	TimestampTz	   begin;
	Size		   until;
	int32		   outbound = 0;

	if (days < 1)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("days must be at least 1, not %d", days));
	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	until = ContactsBefore(&open, EndOfDayArgument(fcinfo, 2, &open));
	begin = StartOfDay((int64) PG_GETARG_DATEADT(2) + 1 - days, EngagementZone(&open));
	for (Size i = ContactsBefore(&open, begin); i < until; i++)
		outbound += !open.contacts[i].inbound;
	PG_RETURN_INT32(outbound);
}

/* Days, months of 30 as where PostgreSQL compares intervals; 22023 unless above 0. */
static float8
HalfLifeArgument(FunctionCallInfo fcinfo, int argno)
{
	const Interval *half_life = PG_GETARG_INTERVAL_P(argno);

	RequireWindow(half_life, "half_life");
	if (half_life->month == 0 && half_life->day == 0 && half_life->time == 0)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("half_life must be longer than no time, not \"%s\"",
					   DatumGetCString(
						   DirectFunctionCall1(interval_out, IntervalPGetDatum(half_life)))));
	return (float8) half_life->month * DAYS_PER_MONTH + half_life->day +
		   (float8) half_life->time / USECS_PER_DAY;
}

Datum
engagement_score(PG_FUNCTION_ARGS)
{
	float8		   half_life = HalfLifeArgument(fcinfo, 1);
	DateADT		   as_of = PG_GETARG_DATEADT(2);
	OpenEngagement open;
	DayZone		  *zone;
	Size		   n;
	float8		   score = 0;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	zone = EngagementZone(&open);
	n = ContactsBefore(&open, EndOfDayArgument(fcinfo, 2, &open));
	for (Size i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (open.contacts[i].inbound)
			score += CrmExp(-LOG_2 * ((float8) ((int64) as_of -
												DayFromTimestampTz(open.contacts[i].at, zone)) /
									  half_life));
	}
	PG_RETURN_FLOAT8(score);
}

/* --- habits --- */

/* How often a channel was used, and when last. */
typedef struct
{
	int64		contacts;
	TimestampTz last;
} ChannelUse;

Datum
preferred_channel(PG_FUNCTION_ARGS)
{
	OpenEngagement open;
	ChannelUse	  *uses;
	uint32		   best = 0;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	uses = palloc0(((Size) open.nchannels + 1) * sizeof(ChannelUse));
	for (Size i = 0; i < open.n; i++)
	{
		if (!open.contacts[i].inbound)
			continue;
		uses[open.contacts[i].channel].contacts++;
		uses[open.contacts[i].channel].last = open.contacts[i].at;
	}
	uses[0].contacts = 0; /* without a channel */
	for (uint32 i = 1; i <= open.nchannels; i++)
	{
		if (uses[i].contacts > uses[best].contacts ||
			(uses[i].contacts > 0 && uses[i].contacts == uses[best].contacts &&
			 uses[i].last > uses[best].last))
			best = i;
	}
	if (best == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(
		cstring_to_text_with_len(open.channels[best].data, (int) open.channels[best].length));
}

Datum
best_hour(PG_FUNCTION_ARGS)
{
	OpenEngagement open;
	DayZone		  *zone;
	int64		   contacts[HOURS] = {0};
	int			   best = 0;

	EngagementOpen(&open, PG_GETARG_ENGAGEMENT_P(0));
	zone = EngagementZone(&open);
	for (Size i = 0; i < open.n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (open.contacts[i].inbound)
			contacts[HourOfDay(open.contacts[i].at, zone)]++;
	}
	for (int hour = 1; hour < HOURS; hour++)
	{
		if (contacts[hour] > contacts[best])
			best = hour;
	}
	if (contacts[best] == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(best);
}
