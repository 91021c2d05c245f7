/*
 * span.c - ranges of days as plain integers.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/typcache.h"

#include "compat.h"
#include "span.h"

/* Infinite dates are open ends, where they end on the right side. */
static void
RequireDays(const RangeBound *lower, const RangeBound *upper)
{
	if ((!lower->infinite && DATE_IS_NOEND(DatumGetDateADT(lower->val))) ||
		(!upper->infinite && DATE_IS_NOBEGIN(DatumGetDateADT(upper->val))))
		ereport(
			ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			errmsg("range of dates must not begin at \"infinity\" or end at \"-infinity\""));
}

static DaySpan
SpanFromBounds(const RangeBound *lower, const RangeBound *upper)
{
	DaySpan span = {SPAN_OPEN_BEGIN, SPAN_OPEN_END};

	RequireDays(lower, upper);
	if (!lower->infinite && !DATE_IS_NOBEGIN(DatumGetDateADT(lower->val)))
		span.from = (int64) DatumGetDateADT(lower->val) + (lower->inclusive ? 0 : 1);
	if (!upper->infinite && !DATE_IS_NOEND(DatumGetDateADT(upper->val)))
		span.until = (int64) DatumGetDateADT(upper->val) + (upper->inclusive ? 1 : 0);
	return span;
}

DaySpan
SpanFromRange(RangeType *range)
{
	RangeBound lower;
	RangeBound upper;
	bool	   empty;

	range_deserialize(lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO), range, &lower,
					  &upper, &empty);
	if (empty)
		return (DaySpan){0, 0};
	return SpanFromBounds(&lower, &upper);
}

DaySpan *
SpansFromMultirange(MultirangeType *multirange, int *nspans)
{
	TypeCacheEntry *type = lookup_type_cache(DATEMULTIRANGEOID, TYPECACHE_MULTIRANGE_INFO);
	uint32			n = multirange->rangeCount;
	DaySpan		   *spans = palloc(Max(n, 1) * sizeof(DaySpan));

	for (uint32 i = 0; i < n; i++)
	{
		RangeBound lower;
		RangeBound upper;

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		multirange_get_bounds(type->rngtype, multirange, i, &lower, &upper);
		spans[i] = SpanFromBounds(&lower, &upper);
	}
	*nspans = (int) n;
	return spans;
}
