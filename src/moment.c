/*
 * moment.c - intervals after a moment.
 */
#include "postgres.h"

#include "common/int.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "compat.h"
#include "moment.h"

/* More months than there are between the first moment and the last. */
#define ALL_MONTHS (12 * 300000)

static bool
IsInfinite(const Interval *interval)
{
	/* how PostgreSQL 17 writes it; no sensible interval before that */
	return interval->month == PG_INT32_MAX && interval->day == PG_INT32_MAX &&
		   interval->time == PG_INT64_MAX;
}

void
RequireWindow(const Interval *window, const char *name)
{
	if (window->month >= 0 && window->day >= 0 && window->time >= 0 && !IsInfinite(window))
		return;
	ereport(
		ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		errmsg("%s must be finite and not negative, not \"%s\"", name,
			   DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(window)))));
}

/* Calendar months later, the day clamped to the month's last; false past the last moment. */
static bool
AddMonths(Timestamp *moment, int32 months)
{
	struct pg_tm tm;
	fsec_t		 fsec;
	int32		 month;

	if (months > ALL_MONTHS || timestamp2tm(*moment, NULL, &tm, &fsec, NULL, NULL) != 0)
		return false;
	month = tm.tm_mon - 1 + months;
	tm.tm_year += month / 12;
	tm.tm_mon = month % 12 + 1;
	tm.tm_mday = Min(tm.tm_mday, day_tab[isleap(tm.tm_year)][tm.tm_mon - 1]);
	return tm2timestamp(&tm, fsec, NULL, moment) == 0;
}

TimestampTz
MomentAfter(TimestampTz moment, const Interval *window)
{
	int64 days;

	if (window->month > 0 && !AddMonths(&moment, window->month))
		return END_OF_MOMENTS;
	if (pg_mul_s64_overflow(window->day, USECS_PER_DAY, &days) ||
		pg_add_s64_overflow(moment, days, &moment) ||
		pg_add_s64_overflow(moment, window->time, &moment))
		return END_OF_MOMENTS;
	return moment;
}
