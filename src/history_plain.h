/*
 * history_plain.h - the quick way through a history without refunds, which nearly
 * every one is.
 *
 * One pass over a million short histories is bound by what the processor cannot
 * predict. So a plain history is opened by a few loads and one comparison, and its
 * columns are read by cursors that know no case: a column that is not there is a
 * constant that the cursor never leaves.
 */
#ifndef CRM_HISTORY_PLAIN_H
#define CRM_HISTORY_PLAIN_H

#include "compat.h"
#include "history.h"

/* Longer histories are not plain: whoever reads one has to answer to a cancel. */
#define PLAIN_MAX_DAYS (1 << 20)

/* A column; `word` is the eight bytes that end with the next value. */
typedef struct PlainColumn
{
	const uint8 *word;
	uint32		 stride; /* bytes of a value */
	uint32		 shift;	 /* bits of the word that are not the value's */
} PlainColumn;

/* Every day of a plain history has a purchase, and none has negative money. */
typedef struct PlainHistory
{
	uint32		days; /* 1 at least */
	uint32		purchases;
	DateADT		first;
	DateADT		last;
	uint64		last_gap; /* before the last day; of no meaning where it is the first */
	bool		has_amount;
	bool		has_counts;
	uint64		unit;  /* ticks in one unit of stored money */
	int64		spend; /* ticks, of all days; only if it has amounts */
	PlainColumn gaps;  /* from each day but the last to the next */
	PlainColumn counts;
	PlainColumn amounts; /* in units */
} PlainHistory;

static pg_attribute_always_inline uint64
PlainNext(PlainColumn *column)
{
	uint64 word;

	memcpy(&word, column->word, sizeof(word));
	column->word += column->stride;
#ifdef WORDS_BIGENDIAN
	return word << column->shift >> column->shift;
#else
	return word >> column->shift;
#endif
}

static pg_attribute_always_inline PlainColumn
PlainColumnAt(const uint8 *values, int width)
{
	uint32 stride = 1U << width;

	return (PlainColumn){values + stride - sizeof(uint64), stride, 64 - 8 * stride};
}

static pg_attribute_always_inline PlainColumn
PlainConstant(const uint64 *value)
{
	return (PlainColumn){(const uint8 *) value, 0, 0};
}

/*
 * Opens a history if it is plain. False means only that HistoryOpen has to look:
 * an empty history, refunds, a very long one, or bytes that are no history. (Gaps of eight bytes
 * are none: so that days cannot go backwards, whatever the bytes.) A word that
 * ends with a value begins within the history, whose header is longer than it.
 */
static pg_attribute_always_inline bool
PlainOpen(PlainHistory *plain, const PurchaseHistory *history)
{
	static const uint64 none = 0;
	static const uint64 one = 1;
	const uint8		   *bytes = (const uint8 *) VARDATA_ANY(history);
	Size				length = VARSIZE_ANY_EXHDR(history);
	Size				header;
	Size				gaps;
	Size				counts;
	Size				amounts;
	uint8				flags;
	uint8				widths;
	uint32				purchases;
	uint32				refund_days;
	PlainColumn			last_gap;

	if (unlikely(length < HISTORY_HEADER_BYTES || bytes[0] != HISTORY_VERSION))
		return false;
	flags = bytes[1];
	widths = bytes[2];
	memcpy(&plain->first, bytes + 3, sizeof(DateADT));
	memcpy(&plain->last, bytes + 7, sizeof(DateADT));
	memcpy(&plain->days, bytes + 11, sizeof(uint32));
	plain->has_amount = (flags & HISTORY_HAS_AMOUNT) != 0;
	plain->has_counts = (flags & HISTORY_HAS_COUNTS) != 0;
	plain->unit = (uint64) HistoryUnit(flags);
	/* Each of the two optional fields has eight bytes. */
	header = HISTORY_HEADER_BYTES + (plain->has_amount ? 8 : 0) + (plain->has_counts ? 8 : 0);
	gaps = ((Size) plain->days - 1) << (widths & 3);
	counts = ((Size) plain->days << ((widths >> 2) & 3)) & -(Size) plain->has_counts;
	amounts = ((Size) plain->days << ((widths >> 4) & 3)) & -(Size) plain->has_amount;
	if (unlikely(plain->days == 0 || plain->days > PLAIN_MAX_DAYS ||
				 header + gaps + counts + amounts != length || (flags & HISTORY_HAS_NEGATIVE) ||
				 (widths & 3) == 3))
		return false;
	memcpy(&purchases, bytes + header - 2 * sizeof(uint32), sizeof(uint32));
	memcpy(&refund_days, bytes + header - sizeof(uint32), sizeof(uint32));
	plain->purchases = plain->has_counts ? purchases : plain->days;
	if (unlikely((refund_days & -(uint32) plain->has_counts) != 0))
		return false;
	/* Eight bytes of something else where there are no amounts. */
	memcpy(&plain->spend, bytes + header - (plain->has_counts ? 16 : 8), sizeof(int64));
	plain->spend = (int64) ((uint64) plain->spend * plain->unit);
	plain->gaps = PlainColumnAt(bytes + header, widths & 3);
	last_gap = PlainColumnAt(bytes + header + gaps - plain->gaps.stride, widths & 3);
	plain->last_gap = PlainNext(&last_gap);
	plain->counts = plain->has_counts ? PlainColumnAt(bytes + header + gaps, (widths >> 2) & 3)
									  : PlainConstant(&one);
	plain->amounts = plain->has_amount
						 ? PlainColumnAt(bytes + header + gaps + counts, (widths >> 4) & 3)
						 : PlainConstant(&none);
	return true;
}

/*
 * HistorySummarize for a history just opened. As of its end the fixed fields, the
 * first amount and the last gap say all. Inline, so that whoever needs a part only
 * does not compute the rest.
 */
static pg_attribute_always_inline void
PlainSummarize(HistorySummary *summary, PlainHistory *plain, DateADT as_of)
{
	int64  first_amount = (int64) (PlainNext(&plain->amounts) * plain->unit);
	int64  spend = plain->has_amount ? plain->spend : 0;
	int64  purchases = plain->purchases;
	int64  previous = plain->last - (int64) plain->last_gap;
	int64  last = plain->last;
	uint32 days = plain->days;

	if (as_of < plain->last)
	{
		int64 next = plain->first;

		purchases = days = 0;
		last = 0;
		spend = first_amount;
		while (next <= as_of)
		{
			previous = last;
			last = next;
			purchases += (int64) PlainNext(&plain->counts);
			if (++days == plain->days)
				break;
			next += (int64) PlainNext(&plain->gaps);
			if (next <= as_of)
				spend += (int64) (PlainNext(&plain->amounts) * plain->unit);
		}
		if (days == 0)
			spend = first_amount = 0;
	}
	summary->has_amount = plain->has_amount;
	summary->purchase_days = (int32) days;
	summary->purchases = purchases;
	summary->first = days > 0 ? plain->first : 0;
	summary->last = (DateADT) last;
	summary->previous = (DateADT) previous;
	summary->spend = spend;
	summary->repeat_spend = days > 1 ? spend - first_amount : 0;
}

#endif /* CRM_HISTORY_PLAIN_H */
