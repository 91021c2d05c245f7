/*
 * history.h - one customer's purchases as a value.
 *
 * A purchase_history lists the days on which a customer bought or returned
 * something, in order, each with its number of purchases and exact net money.
 * The stored form is canonical: equal histories have equal bytes.
 *
 *   byte  0      version (1)
 *   byte  1      flags: bits 0-2 decimals of the money (0-4), 8 has amounts,
 *                16 has counts (some day has not exactly one purchase)
 *   bytes 2-5    first listed day      (these three are absent when empty)
 *   bytes 6-9    last listed day
 *   bytes 10-13  number of listed days
 *   [8 bytes]    net money of all days, if it has amounts
 *   [8 bytes]    number of purchases, number of days without one, if it has counts
 *   then for each day: varint days since the one before (not for the first),
 *   varint purchases (if it has counts), zigzag varint money (if it has amounts).
 *
 * Fields are in the machine's byte order, unaligned. Money is in units of
 * 10^-decimals, the fewest decimals that hold every day of the history.
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

/* A history is at most this many bytes (varlena's limit less its header). */
#define HISTORY_MAX_BYTES 0x3FFFFFF0

typedef struct varlena PurchaseHistory;

#define DatumGetPurchaseHistoryP(X) ((PurchaseHistory *) PG_DETOAST_DATUM_PACKED(X))
#define PG_GETARG_PURCHASE_HISTORY_P(n) DatumGetPurchaseHistoryP(PG_GETARG_DATUM(n))
#define PG_RETURN_PURCHASE_HISTORY_P(x) PG_RETURN_POINTER(x)

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
	const uint8 *next;
	const uint8 *end;
	uint32		 left; /* days not read yet */
	bool		 has_amount;
	bool		 has_counts;
	bool		 started;
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

/* Moves to the next listed day, in reader->current; false at the end. */
static pg_attribute_always_inline bool
HistoryNext(HistoryReader *reader)
{
	uint64 value;

	if (reader->left == 0)
		return false;
	reader->left--;
	if (likely(reader->started))
	{
		if (unlikely((reader->next = GetVarintWord(reader->next, reader->end, &value)) == NULL))
			ReportBadHistory();
		reader->current.day += (int32) value;
	}
	else
	{
		reader->started = true;
		reader->current.day = reader->first;
	}
	if (reader->has_counts)
	{
		if (unlikely((reader->next = GetVarintWord(reader->next, reader->end, &value)) == NULL))
			ReportBadHistory();
		reader->current.purchases = (int32) value;
	}
	if (likely(reader->has_amount))
	{
		if (unlikely((reader->next = GetVarintWord(reader->next, reader->end, &value)) == NULL))
			ReportBadHistory();
		reader->current.amount = (int64) ((uint64) ZigzagDecode(value) * (uint64) reader->unit);
	}
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
	DateADT last; /* purchase day */
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
	static const int64 units[HISTORY_SCALE_MASK + 1] = {10000, 1000, 100, 10, 1, 1, 1, 1};
	const uint8		  *bytes = (const uint8 *) VARDATA_ANY(history);
	Size			   length = VARSIZE_ANY_EXHDR(history);
	Size			   next = 14;
	uint32			   refund_days;

	if (unlikely(length < next || bytes[0] != HISTORY_VERSION))
		return false;
	memcpy(&totals->last, bytes + 6, sizeof(DateADT));
	memcpy(&totals->purchase_days, bytes + 10, sizeof(uint32));
	totals->spend = 0;
	if (likely(bytes[1] & HISTORY_HAS_AMOUNT))
	{
		if (unlikely(length < next + sizeof(int64)))
			return false;
		memcpy(&totals->spend, bytes + next, sizeof(int64));
		totals->spend *= units[bytes[1] & HISTORY_SCALE_MASK];
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

#endif /* CRM_HISTORY_H */
