/*
 * history/summary.c - what a history says as of a date.
 *
 * Definitions: Fader and Hardie, "RFM and CLV: Using Iso-Value Curves for
 * Customer Base Analysis" (2005) for frequency, recency, age and monetary
 * value; purchase days, first one excluded, as lifetimes, CLVTools and BTYD.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "history.h"
#include "history_plain.h"

/* Gaps are whole days; many of them are sorted, cancellably. */
#define ST_SORT SortGaps
#define ST_ELEMENT_TYPE int32
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * One pass. The money of a day without a purchase goes where the money of the
 * last purchase day went: into nothing but spend before and after the first
 * purchase day, into repeat_spend after the second.
 */
void
HistorySummarize(HistorySummary *summary, const PurchaseHistory *history, DateADT as_of)
{
	HistoryReader reader;
	PlainHistory  plain;

	if (likely(PlainOpen(&plain, history)))
	{
		PlainSummarize(summary, &plain, as_of);
		return;
	}
	memset(summary, 0, sizeof(*summary));
	HistoryOpen(&reader, history);
	summary->has_amount = reader.has_amount;
	while (HistoryNext(&reader) && reader.current.day <= as_of)
	{
		const HistoryDay *day = &reader.current;

		summary->spend += day->amount;
		if (likely(day->purchases > 0))
		{
			if (summary->purchase_days++ == 0)
				summary->first = day->day;
			summary->purchases += day->purchases;
			summary->previous = summary->last;
			summary->last = day->day;
		}
		if (summary->purchase_days > 1)
			summary->repeat_spend += day->amount;
	}
}

bool
HistoryTypicalGap(const PurchaseHistory *history, DateADT as_of, float8 *gap)
{
	HistoryReader reader;
	int32		  small[64];
	int32		 *gaps = small;
	DateADT		  last = 0;
	int128		  skipped = 0;
	Size		  n = 0;

	HistoryOpen(&reader, history);
	if (reader.days > lengthof(small))
		gaps = palloc_extended(reader.days * sizeof(int32), MCXT_ALLOC_HUGE);
	while (HistoryNextPurchase(&reader, &skipped) && reader.current.day <= as_of)
	{
		if (n > 0)
			gaps[n - 1] = (int32) (reader.current.day - last);
		last = reader.current.day;
		n++;
	}
	if (n < 2)
		return false;
	n--;
	SortGaps(gaps, n);
	*gap = n % 2 == 1 ? gaps[n / 2] : ((float8) gaps[n / 2 - 1] + gaps[n / 2]) / 2;
	if (gaps != small)
		pfree(gaps);
	return true;
}

/* Day by day, because the history may end before as_of asks it to. */
static uint32
CountPlainGaps(PlainHistory *plain, DateADT as_of, int64 most, uint32 *short_gaps)
{
	int64  day = plain->first;
	uint32 within = 0;
	uint32 n;

	for (n = 0; n + 1 < plain->days; n++)
	{
		int64 gap = (int64) PlainNext(&plain->gaps);

		day += gap;
		if (day > as_of)
			break;
		within += gap <= most;
	}
	*short_gaps = within;
	return n;
}

uint32
HistoryCountGaps(const PurchaseHistory *history, DateADT as_of, int64 most, uint32 *short_gaps)
{
	HistoryReader reader;
	PlainHistory  plain;
	DateADT		  last = 0;
	int128		  skipped = 0;
	uint32		  days = 0;

	if (likely(PlainOpen(&plain, history)))
		return CountPlainGaps(&plain, as_of, most, short_gaps);
	*short_gaps = 0;
	HistoryOpen(&reader, history);
	while (HistoryNextPurchase(&reader, &skipped) && reader.current.day <= as_of)
	{
		*short_gaps += days > 0 && (int64) reader.current.day - last <= most;
		last = reader.current.day;
		days++;
	}
	return days > 0 ? days - 1 : 0;
}
