/*
 * history.h - one customer's purchases as a value.
 *
 * A purchase_history lists the days on which a customer bought or returned
 * something, in order, each with its number of purchases and exact net money.
 * The stored form is canonical: equal histories have equal bytes.
 *
 *   byte  0      version (1)
 *   byte  1      flags: bits 0-2 decimals of the money (0-4), 8 has amounts,
 *                16 has counts (some day has not exactly one purchase),
 *                32 some day's money is negative
 *   byte  2      widths, as logarithms of bytes (0-3): bits 0-1 of gaps,
 *                2-3 of counts, 4-5 of money; as narrow as the widest value lets
 *   bytes 3-6    first listed day      (byte 2 and all that follows are absent
 *   bytes 7-10   last listed day        when the history is empty)
 *   bytes 11-14  number of listed days
 *   [8 bytes]    net money of all days, if it has amounts
 *   [8 bytes]    number of purchases, number of days without one, if it has counts
 *   then in columns: days since the day before, for each day but the first;
 *   purchases of each day (if it has counts); money of each day (if it has
 *   amounts), zigzag where some is negative.
 *
 * Fields are in the machine's byte order, unaligned. Money is in units of
 * 10^-decimals, the fewest decimals that hold every day of the history. Columns
 * of one width are read without a branch that no processor can predict.
 */
#ifndef CRM_HISTORY_H
#define CRM_HISTORY_H

#include "fmgr.h"
#include "utils/date.h"

#include "compat.h"
#include "money.h"
#include "varint.h"

#define HISTORY_VERSION 1
#define HISTORY_SCALE_MASK 0x07
#define HISTORY_HAS_AMOUNT 0x08
#define HISTORY_HAS_COUNTS 0x10
#define HISTORY_HAS_NEGATIVE 0x20

/* What comes before the first optional field. */
#define HISTORY_HEADER_BYTES 15

/* A history is at most this many bytes (varlena's limit less its header). */
#define HISTORY_MAX_BYTES 0x3FFFFFF0

typedef struct varlena PurchaseHistory;

#define DatumGetPurchaseHistoryP(X) ((PurchaseHistory *) PG_DETOAST_DATUM_PACKED(X))
#define PG_GETARG_PURCHASE_HISTORY_P(n) DatumGetPurchaseHistoryP(PG_GETARG_DATUM(n))
#define PG_RETURN_PURCHASE_HISTORY_P(x) PG_RETURN_POINTER(x)

/* Ticks in one unit of stored money, by a history's flags. */
static inline int64
HistoryUnit(uint8 flags)
{
	static const int64 units[HISTORY_SCALE_MASK + 1] = {10000, 1000, 100, 10, 1, 1, 1, 1};

	return units[flags & HISTORY_SCALE_MASK];
}

/* One listed day; purchases = 0 is a day with refunds only. Also one raw row of an aggregate. */
typedef struct HistoryDay
{
	DateADT day;
	int32	purchases;
	int64	amount; /* ticks of 1/10000, see money.h */
} HistoryDay;

/* The fixed fields of a history, and a cursor over its days. */
typedef struct HistoryReader
{
	const uint8 *gaps; /* the columns, and the widths of their values as in byte 2 */
	const uint8 *counts;
	const uint8 *amounts;
	uint8		 gap_width;
	uint8		 count_width;
	uint8		 amount_width;
	bool		 has_negative;
	bool		 has_amount;
	bool		 has_counts;
	uint32		 left;	/* days not read yet */
	int64		 unit;	/* ticks in one unit of stored money */
	uint32		 days;	/* listed days, those without a purchase included */
	DateADT		 first; /* first and last listed day */
	DateADT		 last;
	uint32		 purchases;	  /* of all days */
	uint32		 refund_days; /* listed days without a purchase */
	int64		 spend;		  /* ticks, of all days */
	HistoryDay	 current;	  /* the day read last */
} HistoryReader;

/* Prepares to read; bytes that are no history are 22P03. */
extern void HistoryOpen(HistoryReader *reader, const PurchaseHistory *history);
extern void HistoryOpenBytes(HistoryReader *reader, const uint8 *bytes, Size length);

/* 22P03 (XX001 would frighten): stored bytes that end too early. */
pg_noreturn extern void ReportBadHistory(void);

/* Most bytes that n listed days can take, without a varlena header. */
extern Size HistoryMaxBytes(Size ndays);

/*
 * Sorts rows by day and adds up those of one day, in place; returns the number
 * of days. A sum that does not fit is 22003.
 */
extern Size HistoryNormalize(HistoryDay *rows, Size nrows, bool sorted);

/* Writes normalized days; returns the number of bytes, at most HistoryMaxBytes(ndays). */
extern Size HistoryEncode(uint8 *out, const HistoryDay *days, Size ndays, bool has_amount);

/* A palloc'd history of normalized days. */
extern PurchaseHistory *HistoryFromDays(const HistoryDay *days, Size ndays, bool has_amount);

/* All listed days, palloc'd; their number in *ndays. */
extern HistoryDay *HistoryDays(const PurchaseHistory *history, Size *ndays, bool *has_amount);

/* Value number i of a column. */
static pg_attribute_always_inline uint64
HistoryColumnValue(const uint8 *column, uint32 i, int width)
{
	uint16 two;
	uint32 four;
	uint64 eight;

	switch (width)
	{
		case 0:
			return column[i];
		case 1:
			memcpy(&two, column + (Size) i * 2, 2);
			return two;
		case 2:
			memcpy(&four, column + (Size) i * 4, 4);
			return four;
		default:
			memcpy(&eight, column + (Size) i * 8, 8);
			return eight;
	}
}

/*
 * The same without a branch on the width, for loops over many short columns: a
 * word that ends with the value. It begins within the history, whose header is
 * longer than a word. Little-endian machines only; others take the other way.
 */
static pg_attribute_always_inline uint64
HistoryColumnBits(const uint8 *column, uint32 i, int width)
{
#ifdef WORDS_BIGENDIAN
	return HistoryColumnValue(column, i, width);
#else
	uint64 word;

	memcpy(&word, column + (((Size) i + 1) << width) - sizeof(word), sizeof(word));
	return word >> (64 - (8 << width));
#endif
}

/* Stored money in ticks. */
static pg_attribute_always_inline int64
HistoryTicks(uint64 stored, bool has_negative, int64 unit)
{
	uint64 amount = has_negative ? (uint64) ZigzagDecode(stored) : stored;

	return (int64) (amount * (uint64) unit);
}

/* Moves to the next listed day, in reader->current; false at the end. */
static pg_attribute_always_inline bool
HistoryNext(HistoryReader *reader)
{
	uint32 i = reader->days - reader->left;

	if (reader->left == 0)
		return false;
	reader->left--;
	if (likely(i > 0))
		reader->current.day +=
			(int32) HistoryColumnValue(reader->gaps, i - 1, reader->gap_width);
	else
		reader->current.day = reader->first;
	if (reader->has_counts)
		reader->current.purchases =
			(int32) HistoryColumnValue(reader->counts, i, reader->count_width);
	if (likely(reader->has_amount))
		reader->current.amount =
			HistoryTicks(HistoryColumnValue(reader->amounts, i, reader->amount_width),
						 reader->has_negative, reader->unit);
	return true;
}

/*
 * The next listed days, at most HISTORY_CHUNK of them, into an array; returns
 * their number, 0 at the end. Faster than HistoryNext for all of a history.
 */
#define HISTORY_CHUNK 64

extern int HistoryNextDays(HistoryReader *reader, HistoryDay *days);

/* Moves to the next day with a purchase, adding the money of the days passed over to *skipped. */
static inline bool
HistoryNextPurchase(HistoryReader *reader, int128 *skipped)
{
	while (HistoryNext(reader))
	{
		if (likely(reader->current.purchases > 0))
			return true;
		*skipped += reader->current.amount;
	}
	return false;
}

/* What the fixed fields alone say. */
typedef struct HistoryTotals
{
	DateADT first; /* first and last purchase day */
	DateADT last;
	uint32	purchase_days;
	int64	spend; /* ticks */
} HistoryTotals;

/*
 * Reads the totals without opening the history, which is several times as
 * fast; false where that does not do: an empty history, days without a
 * purchase, bytes that are no history.
 */
static inline bool
HistoryReadTotals(HistoryTotals *totals, const PurchaseHistory *history)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(history);
	Size		 length = VARSIZE_ANY_EXHDR(history);
	Size		 next = HISTORY_HEADER_BYTES;
	uint32		 refund_days;

	if (unlikely(length < next || bytes[0] != HISTORY_VERSION))
		return false;
	memcpy(&totals->first, bytes + 3, sizeof(DateADT));
	memcpy(&totals->last, bytes + 7, sizeof(DateADT));
	memcpy(&totals->purchase_days, bytes + 11, sizeof(uint32));
	totals->spend = 0;
	if (likely(bytes[1] & HISTORY_HAS_AMOUNT))
	{
		if (unlikely(length < next + sizeof(int64)))
			return false;
		memcpy(&totals->spend, bytes + next, sizeof(int64));
		totals->spend *= HistoryUnit(bytes[1]);
		next += sizeof(int64);
	}
	if (bytes[1] & HISTORY_HAS_COUNTS)
	{
		if (unlikely(length < next + 2 * sizeof(uint32)))
			return false;
		memcpy(&refund_days, bytes + next + sizeof(uint32), sizeof(uint32));
		return refund_days == 0;
	}
	return true;
}

/*
 * The first purchase or refund day, and whether there are amounts, for whoever may need no
 * more; false for an empty history and bytes that are no history.
 */
static inline bool
HistoryReadFirst(DateADT *first, bool *has_amount, const PurchaseHistory *history)
{
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(history);

	if (unlikely(VARSIZE_ANY_EXHDR(history) < HISTORY_HEADER_BYTES ||
				 bytes[0] != HISTORY_VERSION))
		return false;
	memcpy(first, bytes + 3, sizeof(DateADT));
	*has_amount = (bytes[1] & HISTORY_HAS_AMOUNT) != 0;
	return true;
}

/*
 * What a history says as of a date, in the words of the customer-base
 * literature: purchase days only, days as integers.
 */
typedef struct HistorySummary
{
	int32	purchase_days; /* frequency + 1; 0: nothing was bought by then */
	int64	purchases;
	DateADT first; /* first, last and last but one purchase day */
	DateADT last;
	DateADT previous; /* only when purchase_days >= 2 */
	bool	has_amount;
	int128	spend;		  /* net money of all listed days by then, ticks */
	int128	repeat_spend; /* of all days after the first purchase day; a refund on a day without
							* a purchase belongs to the last purchase day before it */
} HistorySummary;

extern void HistorySummarize(HistorySummary *summary, const PurchaseHistory *history,
							 DateADT as_of);

/*
 * Median of the gaps in days between own purchase days by as_of; false when
 * there are fewer than two such days.
 */
extern bool HistoryTypicalGap(const PurchaseHistory *history, DateADT as_of, float8 *gap);

/*
 * The number of these gaps, and of those of at most so many days. Where more or less than half of
 * them are that short, it says on which side the median is without sorting.
 */
extern uint32 HistoryCountGaps(const PurchaseHistory *history, DateADT as_of, int64 most,
							   uint32 *short_gaps);

#endif /* CRM_HISTORY_H */
