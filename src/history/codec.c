/*
 * history/codec.c - days to bytes and back; history.h has the layout.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "history.h"

#define HEADER_BYTES 14
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
	return HEADER_BYTES + SPEND_BYTES + COUNTS_BYTES + ndays * (5 + 5 + VARINT_MAX_BYTES);
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
	DaysTotal total = {0, MONEY_UNIT, 0, 0, false, 0};

	for (Size i = 0; i < ndays; i++)
	{
		RefineUnit(&total, days[i].amount);
		total.spend += days[i].amount;
		total.purchases += days[i].purchases;
		total.refund_days += days[i].purchases == 0;
		total.has_counts |= days[i].purchases != 1;
	}
	if (total.purchases > PG_INT32_MAX)
		ereport(
			ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			errmsg("too many purchases of one customer: %lld", (long long) total.purchases));
	return total;
}

static inline uint8 *
PutBytes(uint8 *out, const void *value, Size length)
{
	memcpy(out, value, length);
	return out + length;
}

static uint8 *
EncodeHeader(uint8 *out, const DaysTotal *total, const HistoryDay *days, Size ndays,
			 bool has_amount)
{
	uint32 number = (uint32) ndays;
	uint32 purchases = (uint32) total->purchases;
	int64  spend = MoneyNarrow(total->spend) / total->unit;

	*out++ = HISTORY_VERSION;
	*out++ = (has_amount ? HISTORY_HAS_AMOUNT | total->scale : 0) |
			 (total->has_counts ? HISTORY_HAS_COUNTS : 0);
	if (ndays == 0)
		return out;
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

static inline int64
DivideByUnit(int64 amount, int64 unit)
{
	/* Cents are the common case, and division by a constant is cheap. */
	return unit == 100 ? amount / 100 : amount / unit;
}

Size
HistoryEncode(uint8 *out, const HistoryDay *days, Size ndays, bool has_amount)
{
	uint8	 *start = out;
	DaysTotal total = TotalDays(days, ndays);

	has_amount = has_amount && ndays > 0;
	out = EncodeHeader(out, &total, days, ndays, has_amount);
	for (Size i = 0; i < ndays; i++)
	{
		if (i > 0)
			out = PutSmallVarint(out, (uint64) ((int64) days[i].day - days[i - 1].day));
		if (total.has_counts)
			out = PutVarint(out, (uint64) days[i].purchases);
		if (has_amount)
			out = PutSmallVarint(out, ZigzagEncode(DivideByUnit(days[i].amount, total.unit)));
	}
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
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("purchase history too large: %zu days", ndays));
	SET_VARSIZE(history, VARHDRSZ + length);
	return history;
}

static inline const uint8 *
TakeBytes(HistoryReader *reader, void *value, Size length)
{
	if (unlikely((Size) (reader->end - reader->next) < length))
		ReportBadHistory();
	memcpy(value, reader->next, length);
	return reader->next + length;
}

static void
ReadHeader(HistoryReader *reader)
{
	reader->next = TakeBytes(reader, &reader->first, sizeof(DateADT));
	reader->next = TakeBytes(reader, &reader->last, sizeof(DateADT));
	reader->next = TakeBytes(reader, &reader->days, sizeof(uint32));
	reader->left = reader->purchases = reader->days;
	if (reader->has_amount)
	{
		reader->next = TakeBytes(reader, &reader->spend, sizeof(int64));
		reader->spend *= reader->unit;
	}
	if (reader->has_counts)
	{
		reader->next = TakeBytes(reader, &reader->purchases, sizeof(uint32));
		reader->next = TakeBytes(reader, &reader->refund_days, sizeof(uint32));
	}
}

void
HistoryOpenBytes(HistoryReader *reader, const uint8 *bytes, Size length)
{
	static const int64 units[HISTORY_SCALE_MASK + 1] = {10000, 1000, 100, 10, 1, 1, 1, 1};
	uint8			   flags;

	if (unlikely(length < 2 || bytes[0] != HISTORY_VERSION))
		ReportBadHistory();
	flags = bytes[1];
	reader->next = bytes + 2;
	reader->end = bytes + length;
	reader->left = reader->days = 0;
	reader->has_amount = (flags & HISTORY_HAS_AMOUNT) != 0;
	reader->has_counts = (flags & HISTORY_HAS_COUNTS) != 0;
	reader->started = false;
	reader->unit = units[flags & HISTORY_SCALE_MASK];
	reader->first = reader->last = 0;
	reader->purchases = reader->refund_days = 0;
	reader->spend = 0;
	reader->current = (HistoryDay){0, 1, 0};
	if (length > 2)
		ReadHeader(reader);
}

void
HistoryOpen(HistoryReader *reader, const PurchaseHistory *history)
{
	HistoryOpenBytes(reader, (const uint8 *) VARDATA_ANY(history), VARSIZE_ANY_EXHDR(history));
}

/*
 * The next n days, of a kind of history that is known when this is compiled.
 * What the loop needs is held in local variables, which the compiler keeps in
 * registers. The first day of all has no gap before it.
 */
static pg_attribute_always_inline void
NextDays(HistoryReader *reader, HistoryDay *days, int n, bool has_counts, bool has_amount)
{
	const uint8 *next = reader->next;
	const uint8 *end = reader->end;
	const uint64 unit = (uint64) reader->unit;
	bool		 started = reader->started;
	DateADT		 day = started ? reader->current.day : reader->first;

	for (int i = 0; i < n; i++)
	{
		uint64 gap = 0;
		uint64 purchases = 1;
		uint64 amount = 0;

		if (likely(started) && has_amount && !has_counts)
			next = GetVarintPair(next, end, &gap, &amount);
		else
		{
			if (started)
				next = GetVarintWord(next, end, &gap);
			if (has_counts && next != NULL)
				next = GetVarintWord(next, end, &purchases);
			if (has_amount && next != NULL)
				next = GetVarintWord(next, end, &amount);
		}
		if (unlikely(next == NULL))
			ReportBadHistory();
		started = true;
		day += (int32) gap;
		days[i].day = day;
		days[i].purchases = (int32) purchases;
		days[i].amount = (int64) ((uint64) ZigzagDecode(amount) * unit);
	}
	reader->next = next;
	reader->left -= n;
	reader->started = true;
	reader->current.day = day;
	reader->current.purchases = days[n - 1].purchases;
	reader->current.amount = days[n - 1].amount;
}

int
HistoryNextDays(HistoryReader *reader, HistoryDay *days)
{
	int n = (int) Min(reader->left, HISTORY_CHUNK);

	if (n == 0)
		return 0;
	if (likely(reader->has_amount && !reader->has_counts))
		NextDays(reader, days, n, false, true);
	else if (reader->has_amount)
		NextDays(reader, days, n, true, true);
	else
		NextDays(reader, days, n, reader->has_counts, false);
	return n;
}

HistoryDay *
HistoryDays(const PurchaseHistory *history, Size *ndays, bool *has_amount)
{
	HistoryReader reader;
	HistoryDay	 *days;
	Size		  n = 0;

	HistoryOpen(&reader, history);
	/* Each listed day but the first takes a byte at least: a wrong count cannot ask for much. */
	if (reader.days > (Size) (reader.end - reader.next) + 1)
		ReportBadHistory();
	days = palloc_extended(Max(reader.days, 1) * sizeof(HistoryDay), MCXT_ALLOC_HUGE);
	while (HistoryNext(&reader))
		days[n++] = reader.current;
	*ndays = n;
	*has_amount = reader.has_amount;
	return days;
}
