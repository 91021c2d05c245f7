/*
 * history/codec.c - days to bytes and back; history.h has the layout.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "history.h"

#define SPEND_BYTES 8
#define COUNTS_BYTES 8

/* Sorts days that may arrive in any order and can be many: cancellable. */
#define ST_SORT SortDays
#define ST_ELEMENT_TYPE HistoryDay
#define ST_COMPARE(a, b) ((a)->day < (b)->day ? -1 : (a)->day > (b)->day)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

void
ReportBadHistory(void)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			errmsg("invalid purchase history"));
}

Size
HistoryMaxBytes(Size ndays)
{
	return HISTORY_HEADER_BYTES + SPEND_BYTES + COUNTS_BYTES + ndays * (4 + 4 + 8);
}

/*
 * The rows of one day, from *next on, as one. Only the net has to fit: the
 * order of rows must not decide over an error.
 */
static HistoryDay
SumDay(const HistoryDay *rows, Size nrows, Size *next)
{
	HistoryDay day = rows[*next];
	int128	   amount = 0;
	int64	   purchases = 0;
	Size	   i = *next;

	for (; i < nrows && rows[i].day == day.day; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		amount += rows[i].amount;
		purchases += rows[i].purchases;
	}
	if (purchases > PG_INT32_MAX)
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("too many purchases on one day: %lld", (long long) purchases));
	day.amount = MoneyNarrow(amount);
	day.purchases = (int32) purchases;
	*next = i;
	return day;
}

Size
HistoryNormalize(HistoryDay *rows, Size nrows, bool sorted)
{
	Size ndays = 0;

	if (!sorted)
		SortDays(rows, nrows);
	for (Size i = 0; i < nrows; ndays++)
	{
		if ((ndays & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (i + 1 == nrows || rows[i + 1].day != rows[i].day)
			rows[ndays] = rows[i++];
		else
			rows[ndays] = SumDay(rows, nrows, &i);
	}
	return ndays;
}

/* What the header says of normalized days. */
typedef struct
{
	int	   scale;
	int64  unit;
	int64  purchases;
	uint32 refund_days;
	bool   has_counts;
	int128 spend;
	uint32 gaps; /* all bits of all values */
	uint32 counts;
	int64  lowest; /* money of a day, 0 included */
	int64  highest;
} DaysTotal;

/* The fewest decimals, and the matching unit, that still hold an amount. */
static inline void
RefineUnit(DaysTotal *total, int64 amount)
{
	static const int64 units[MONEY_SCALE + 1] = {10000, 1000, 100, 10, 1};

	if (total->unit == 100 && likely(amount % 100 == 0))
		return;
	while (amount % total->unit != 0)
		total->unit = units[++total->scale];
}

static DaysTotal
TotalDays(const HistoryDay *days, Size ndays)
{
	DaysTotal total = {.unit = MONEY_UNIT};

	for (Size i = 0; i < ndays; i++)
	{
		RefineUnit(&total, days[i].amount);
		total.spend += days[i].amount;
		total.purchases += days[i].purchases;
		total.refund_days += days[i].purchases == 0;
		total.has_counts |= days[i].purchases != 1;
		total.counts |= (uint32) days[i].purchases;
		total.lowest = Min(total.lowest, days[i].amount);
		total.highest = Max(total.highest, days[i].amount);
		if (i > 0)
			total.gaps |= (uint32) ((int64) days[i].day - days[i - 1].day);
	}
	if (total.purchases > PG_INT32_MAX)
		ereport(
			ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			errmsg("too many purchases of one customer: %lld", (long long) total.purchases));
	return total;
}

/* How wide the columns are, as logarithms of bytes. */
typedef struct
{
	int	 gaps;
	int	 counts;
	int	 amounts;
	bool has_negative;
} ColumnWidths;

/* The narrowest width that holds a value. */
static inline int
WidthOf(uint64 value)
{
	return value <= PG_UINT8_MAX	? 0
		   : value <= PG_UINT16_MAX ? 1
		   : value <= PG_UINT32_MAX ? 2
									: 3;
}

static ColumnWidths
ChooseWidths(const DaysTotal *total, bool has_amount)
{
	ColumnWidths widths = {0};
	uint64		 lowest = ZigzagEncode(total->lowest / total->unit);
	uint64		 highest = (uint64) (total->highest / total->unit);

	widths.gaps = WidthOf(total->gaps);
	widths.counts = total->has_counts ? WidthOf(total->counts) : 0;
	widths.has_negative = has_amount && total->lowest < 0;
	if (widths.has_negative)
		highest = Max(lowest, ZigzagEncode((int64) highest));
	widths.amounts = has_amount ? WidthOf(highest) : 0;
	return widths;
}

static inline uint8 *
PutBytes(uint8 *out, const void *value, Size length)
{
	memcpy(out, value, length);
	return out + length;
}

static uint8 *
EncodeHeader(uint8 *out, const DaysTotal *total, const ColumnWidths *widths,
			 const HistoryDay *days, Size ndays, bool has_amount)
{
	uint32 number = (uint32) ndays;
	uint32 purchases = (uint32) total->purchases;
	int64  spend = MoneyNarrow(total->spend) / total->unit;

	*out++ = HISTORY_VERSION;
	*out++ = (has_amount ? HISTORY_HAS_AMOUNT | total->scale : 0) |
			 (total->has_counts ? HISTORY_HAS_COUNTS : 0) |
			 (widths->has_negative ? HISTORY_HAS_NEGATIVE : 0);
	if (ndays == 0)
		return out;
	*out++ = (uint8) (widths->gaps | widths->counts << 2 | widths->amounts << 4);
	out = PutBytes(out, &days[0].day, sizeof(DateADT));
	out = PutBytes(out, &days[ndays - 1].day, sizeof(DateADT));
	out = PutBytes(out, &number, sizeof(number));
	if (has_amount)
		out = PutBytes(out, &spend, sizeof(spend));
	if (total->has_counts)
	{
		out = PutBytes(out, &purchases, sizeof(purchases));
		out = PutBytes(out, &total->refund_days, sizeof(total->refund_days));
	}
	return out;
}

/* The least significant bytes of a value, 2^width of them. */
static pg_attribute_always_inline uint8 *
PutColumnValue(uint8 *out, uint64 value, int width)
{
	uint16 two = (uint16) value;
	uint32 four = (uint32) value;

	switch (width)
	{
		case 0:
			*out = (uint8) value;
			return out + 1;
		case 1:
			return PutBytes(out, &two, sizeof(two));
		case 2:
			return PutBytes(out, &four, sizeof(four));
		default:
			return PutBytes(out, &value, sizeof(value));
	}
}

/* Cents are the common case, and division by a constant is cheap. */
static inline int64
DivideByUnit(int64 amount, int64 unit)
{
	return unit == 100 ? amount / 100 : amount / unit;
}

static uint8 *
PutAmounts(uint8 *out, const HistoryDay *days, Size ndays, int64 unit,
		   const ColumnWidths *widths)
{
	for (Size i = 0; i < ndays; i++)
	{
		int64 amount = DivideByUnit(days[i].amount, unit);

		out = PutColumnValue(out, widths->has_negative ? ZigzagEncode(amount) : (uint64) amount,
							 widths->amounts);
	}
	return out;
}

Size
HistoryEncode(uint8 *out, const HistoryDay *days, Size ndays, bool has_amount)
{
	uint8		*start = out;
	DaysTotal	 total = TotalDays(days, ndays);
	ColumnWidths widths;

	has_amount = has_amount && ndays > 0;
	widths = ChooseWidths(&total, has_amount);
	out = EncodeHeader(out, &total, &widths, days, ndays, has_amount);
	for (Size i = 1; i < ndays; i++)
		out =
			PutColumnValue(out, (uint64) ((int64) days[i].day - days[i - 1].day), widths.gaps);
	for (Size i = 0; total.has_counts && i < ndays; i++)
		out = PutColumnValue(out, (uint64) days[i].purchases, widths.counts);
	if (has_amount)
		out = PutAmounts(out, days, ndays, total.unit, &widths);
	return out - start;
}

PurchaseHistory *
HistoryFromDays(const HistoryDay *days, Size ndays, bool has_amount)
{
	Size			 bound = HistoryMaxBytes(ndays);
	Size			 length;
	PurchaseHistory *history;

	history = palloc_extended(VARHDRSZ + bound, MCXT_ALLOC_HUGE);
	length = HistoryEncode((uint8 *) VARDATA(history), days, ndays, has_amount);
	if (length > HISTORY_MAX_BYTES)
		/* not reached: takes 90 million purchase days of one customer */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("purchase history too large: %zu days", ndays));
	SET_VARSIZE(history, VARHDRSZ + length);
	return history;
}

/* Where the fixed fields of a history that is not empty are read; returns how long they are. */
static Size
ReadHeader(HistoryReader *reader, const uint8 *bytes, Size length)
{
	Size next = HISTORY_HEADER_BYTES;

	if (unlikely(length < next + (reader->has_amount ? SPEND_BYTES : 0) +
							  (reader->has_counts ? COUNTS_BYTES : 0)))
		ReportBadHistory();
	memcpy(&reader->first, bytes + 3, sizeof(DateADT));
	memcpy(&reader->last, bytes + 7, sizeof(DateADT));
	memcpy(&reader->days, bytes + 11, sizeof(uint32));
	reader->left = reader->purchases = reader->days;
	if (reader->has_amount)
	{
		memcpy(&reader->spend, bytes + next, sizeof(int64));
		reader->spend = (int64) ((uint64) reader->spend * (uint64) reader->unit);
		next += SPEND_BYTES;
	}
	if (reader->has_counts)
	{
		memcpy(&reader->purchases, bytes + next, sizeof(uint32));
		memcpy(&reader->refund_days, bytes + next + sizeof(uint32), sizeof(uint32));
		next += COUNTS_BYTES;
	}
	return next;
}

/* Finds the columns; together with the header they are as long as the bytes, or these are wrong. */
static void
FindColumns(HistoryReader *reader, const uint8 *bytes, Size length, Size header)
{
	uint8 widths = bytes[2];
	Size  days = reader->days;
	Size  gaps;
	Size  counts;
	Size  amounts;

	reader->gap_width = widths & 3;
	reader->count_width = (widths >> 2) & 3;
	reader->amount_width = (widths >> 4) & 3;
	gaps = (days - 1) << reader->gap_width;
	counts = reader->has_counts ? days << reader->count_width : 0;
	amounts = reader->has_amount ? days << reader->amount_width : 0;
	if (unlikely(days == 0 || header + gaps + counts + amounts != length))
		ReportBadHistory();
	reader->gaps = bytes + header;
	reader->counts = reader->gaps + gaps;
	reader->amounts = reader->counts + counts;
}

void
HistoryOpenBytes(HistoryReader *reader, const uint8 *bytes, Size length)
{
	uint8 flags;

	if (unlikely(length < 2 || bytes[0] != HISTORY_VERSION))
		ReportBadHistory();
	flags = bytes[1];
	reader->left = reader->days = 0;
	reader->has_amount = (flags & HISTORY_HAS_AMOUNT) != 0;
	reader->has_counts = (flags & HISTORY_HAS_COUNTS) != 0;
	reader->has_negative = (flags & HISTORY_HAS_NEGATIVE) != 0;
	reader->unit = HistoryUnit(flags);
	reader->first = reader->last = 0;
	reader->purchases = reader->refund_days = 0;
	reader->spend = 0;
	reader->current = (HistoryDay){0, 1, 0};
	if (length > 2)
		FindColumns(reader, bytes, length, ReadHeader(reader, bytes, length));
}

void
HistoryOpen(HistoryReader *reader, const PurchaseHistory *history)
{
	HistoryOpenBytes(reader, (const uint8 *) VARDATA_ANY(history), VARSIZE_ANY_EXHDR(history));
}

/* The days themselves: a running sum of gaps, of one width that is known when this is compiled. */
static pg_attribute_always_inline void
FillDates(const uint8 *gaps, HistoryDay *days, int n, DateADT day, int width)
{
	for (int i = 0; i < n; i++)
	{
		day += (int32) HistoryColumnValue(gaps, i, width);
		days[i].day = day;
	}
}

static pg_attribute_always_inline void
FillAmounts(const uint8 *amounts, HistoryDay *days, int n, int width, bool has_negative,
			int64 unit)
{
	for (int i = 0; i < n; i++)
		days[i].amount =
			HistoryTicks(HistoryColumnValue(amounts, i, width), has_negative, unit);
}

/* Calls a filling function with a constant width. */
#define FOR_WIDTH(width, FILL, ...) \
	switch (width)                  \
	{                               \
		case 0:                     \
			FILL(__VA_ARGS__, 0);   \
			break;                  \
		case 1:                     \
			FILL(__VA_ARGS__, 1);   \
			break;                  \
		case 2:                     \
			FILL(__VA_ARGS__, 2);   \
			break;                  \
		default:                    \
			FILL(__VA_ARGS__, 3);   \
			break;                  \
	}

#define FILL_PLAIN(amounts, days, n, unit, width) \
	FillAmounts(amounts, days, n, width, false, unit)
#define FILL_SIGNED(amounts, days, n, unit, width) \
	FillAmounts(amounts, days, n, width, true, unit)

int
HistoryNextDays(HistoryReader *reader, HistoryDay *days)
{
	int	   n = (int) Min(reader->left, HISTORY_CHUNK);
	uint32 from = reader->days - reader->left;
	int	   skip = from == 0 ? 1 : 0; /* the first day of all has no gap before it */

	if (n == 0)
		return 0;
	if (skip)
		days[0].day = reader->current.day = reader->first;
	FOR_WIDTH(reader->gap_width, FillDates,
			  reader->gaps + ((Size) (from - 1 + skip) << reader->gap_width), days + skip,
			  n - skip, reader->current.day);
	for (int i = 0; i < n; i++)
		days[i].purchases =
			reader->has_counts
				? (int32) HistoryColumnValue(reader->counts, from + i, reader->count_width)
				: 1;
	if (!reader->has_amount)
	{
		for (int i = 0; i < n; i++)
			days[i].amount = 0;
	}
	else
	{
		const uint8 *amounts = reader->amounts + ((Size) from << reader->amount_width);

		if (reader->has_negative)
			FOR_WIDTH(reader->amount_width, FILL_SIGNED, amounts, days, n, reader->unit)
		else
			FOR_WIDTH(reader->amount_width, FILL_PLAIN, amounts, days, n, reader->unit)
	}
	reader->left -= n;
	reader->current = days[n - 1];
	return n;
}

HistoryDay *
HistoryDays(const PurchaseHistory *history, Size *ndays, bool *has_amount)
{
	HistoryReader reader;
	HistoryDay	 *days;
	Size		  n = 0;

	HistoryOpen(&reader, history);
	days = palloc_extended(Max(reader.days, 1) * sizeof(HistoryDay), MCXT_ALLOC_HUGE);
	while (HistoryNext(&reader))
		days[n++] = reader.current;
	*ndays = n;
	*has_amount = reader.has_amount;
	return days;
}
