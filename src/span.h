/*
 * span.h - ranges of days as plain integers.
 *
 * A span is half-open: its days are from, from + 1, ..., until - 1. An end that
 * is unbounded or infinite is the smallest or largest int64, so that no date
 * is beyond it; an empty range has from >= until.
 */
#ifndef CRM_SPAN_H
#define CRM_SPAN_H

#include "utils/date.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"

typedef struct DaySpan
{
	int64 from;
	int64 until;
} DaySpan;

#define SPAN_OPEN_BEGIN PG_INT64_MIN
#define SPAN_OPEN_END PG_INT64_MAX

/* A daterange. */
extern DaySpan SpanFromRange(RangeType *range);

/* The ranges of a datemultirange, in order, palloc'd; their number in *nspans. */
extern DaySpan *SpansFromMultirange(MultirangeType *multirange, int *nspans);

#endif /* CRM_SPAN_H */
