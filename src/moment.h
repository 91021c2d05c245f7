/*
 * moment.h - intervals after a moment.
 *
 * A moment with time zone plus an interval depends on a zone where the interval
 * has days or months. These take UTC, whatever the session's zone is: a day is
 * 24 hours, a month is a calendar month of UTC (31 January plus one month is the
 * last of February), as PostgreSQL adds them to a timestamp without time zone.
 */
#ifndef CRM_MOMENT_H
#define CRM_MOMENT_H

#include "utils/timestamp.h"

/* Later than every moment there is. */
#define END_OF_MOMENTS PG_INT64_MAX

/* 22023 unless the interval is finite and none of its parts is negative; the name is the argument's. */
extern void RequireWindow(const Interval *window, const char *name);

/* Whether two intervals have the same parts. */
static inline bool
IsSameWindow(const Interval *a, const Interval *b)
{
	return a->time == b->time && a->day == b->day && a->month == b->month;
}

/* A finite moment plus a window; END_OF_MOMENTS where that is past the last one. */
extern TimestampTz MomentAfter(TimestampTz moment, const Interval *window);

#endif /* CRM_MOMENT_H */
