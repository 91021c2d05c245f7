/*
 * book/groups.c - rows of one key to one customer's days.
 *
 * Keys that are not integers may share their 64 bits: then the rows are sorted
 * by the bytes and handed out customer by customer.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "sorter.h"

static void
ReserveDays(Sorter *sorter, Size ndays)
{
	if (ndays <= sorter->days_capacity)
		return;
	sorter->days_capacity = Max(ndays, sorter->days_capacity * 2);
	sorter->days = repalloc_huge(sorter->days, sorter->days_capacity * sizeof(HistoryDay));
}

/* Days collected so far: in order unless said, with those of one day summed where they meet. */
typedef struct
{
	Size ndays;
	bool sorted;
} DayCount;

static inline void
CollectDay(HistoryDay *days, DayCount *count, RowDay word)
{
	HistoryDay day = RowDayUnpack(word);

	if (count->ndays > 0 && day.day <= days[count->ndays - 1].day)
	{
		HistoryDay *last = &days[count->ndays - 1];
		int64		amount;

		if (likely(day.day == last->day) && last->purchases < PG_INT32_MAX / 2 &&
			day.purchases < PG_INT32_MAX / 2 &&
			!__builtin_add_overflow(last->amount, day.amount, &amount))
		{
			last->amount = amount;
			last->purchases += day.purchases;
			return;
		}
		count->sorted = false;
	}
	days[count->ndays++] = day;
}

bool
DaysSumsFit(const HistoryDay *days, Size ndays)
{
	int128 money = 0;
	int64  purchases = 0;

	for (Size i = 0; i < ndays; i++)
	{
		money += days[i].amount < 0 ? -(int128) days[i].amount : (int128) days[i].amount;
		purchases += days[i].purchases;
	}
	return money <= PG_INT64_MAX && purchases <= PG_INT32_MAX;
}

/* Hands out the customer whose days have been collected. */
static void
EmitDays(Sorter *sorter, BookGroup *group, DayCount count)
{
	group->days = sorter->days;
	group->ndays = count.ndays;
	group->summed = !sorter->partial || DaysSumsFit(sorter->days, count.ndays);
	if (group->summed && !count.sorted)
		group->ndays = HistoryNormalize(sorter->days, count.ndays, false);
	sorter->emit(sorter->target, group);
}

void
EmitList(Sorter *sorter, const RowList *list, bool isnull)
{
	BookGroup group = {.isnull = isnull};
	DayCount  count = {0, true};
	Size	  stride = sorter->store->stride;

	group.key = ((BookRow *) BlockRows(list->first))->key;
	if (stride == sizeof(BookBytesRow) && !isnull)
		group.bytes =
			RowKey(sorter->store, (BookBytesRow *) BlockRows(list->first), &group.length);
	for (RowBlock *block = list->first; block != NULL; block = block->next)
	{
		char *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		ReserveDays(sorter, count.ndays + block->used);
		for (uint32 i = 0; i < block->used; i++, row += stride)
			CollectDay(sorter->days, &count, ((BookRow *) row)->day);
	}
	EmitDays(sorter, &group, count);
}

static pg_attribute_always_inline void
CollectRows(Sorter *sorter, DayCount *count, const char *rows, Size nrows, Size stride)
{
	ReserveDays(sorter, count->ndays + nrows);
	for (Size i = 0; i < nrows; i++, rows += stride)
	{
		if (unlikely((i & 0xFFFF) == 0xFFFF))
			CHECK_FOR_INTERRUPTS();
		CollectDay(sorter->days, count, ((const BookRow *) rows)->day);
	}
}

static int
CompareRowKeys(const BookBytesRow *a, const BookBytesRow *b, const RowStore *store)
{
	Size		 a_length;
	Size		 b_length;
	const uint8 *a_bytes = RowKey(store, a, &a_length);
	const uint8 *b_bytes = RowKey(store, b, &b_length);
	int			 order = memcmp(a_bytes, b_bytes, Min(a_length, b_length));

	if (order != 0)
		return order;
	return a_length < b_length ? -1 : a_length > b_length;
}

#define ST_SORT SortRowsByKey
#define ST_ELEMENT_TYPE BookBytesRow
#define ST_COMPARE(a, b, store) CompareRowKeys(a, b, store)
#define ST_COMPARE_ARG_TYPE const RowStore
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static inline bool
SameBytes(const RowStore *store, const BookBytesRow *a, const BookBytesRow *b)
{
	return memcmp(&a->bytes, &b->bytes, sizeof(KeyBytes)) == 0 ||
		   (store->fixed_length == 0 && CompareRowKeys(a, b, store) == 0);
}

static inline bool
SameKey(const RowStore *store, const BookBytesRow *a, const BookBytesRow *b)
{
	Size		 a_length;
	Size		 b_length;
	const uint8 *a_bytes = RowKey(store, a, &a_length);
	const uint8 *b_bytes = RowKey(store, b, &b_length);

	return store->equal(store->equal_arg, a_bytes, a_length, b_bytes, b_length);
}

static Size
RunOfBytes(const RowStore *store, const BookBytesRow *rows, Size from, Size nrows)
{
	Size until = from + 1;

	while (until < nrows && SameBytes(store, &rows[from], &rows[until]))
		until++;
	return until - from;
}

/*
 * Rows of one hash, sorted by their bytes; a customer is all rows whose keys
 * are equal, named by the first in order of bytes. Rows already handed out get
 * the NULL day's place: their run is marked in `taken`.
 */
static void
EmitEqualKeys(Sorter *sorter, const BookBytesRow *rows, Size nrows, Size first, bool *taken)
{
	const RowStore *store = sorter->store;
	BookGroup		group = {.key = rows[first].key};
	DayCount		count = {0, true};
	Size			run;

	group.bytes = RowKey(store, &rows[first], &group.length);
	for (Size i = first; i < nrows; i += run)
	{
		CHECK_FOR_INTERRUPTS();
		run = RunOfBytes(store, rows, i, nrows);
		if (taken[i] ||
			(i > first && (store->equal == NULL || !SameKey(store, &rows[first], &rows[i]))))
		{
			if (store->equal == NULL)
				break;
			continue;
		}
		taken[i] = true;
		CollectRows(sorter, &count, (const char *) &rows[i], run, sizeof(BookBytesRow));
	}
	EmitDays(sorter, &group, count);
}

static void
EmitCollision(Sorter *sorter, BookBytesRow *rows, Size nrows)
{
	bool *taken = palloc_extended(nrows, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	Size  run;

	SortRowsByKey(rows, nrows, sorter->store);
	for (Size i = 0; i < nrows; i += run)
	{
		run = RunOfBytes(sorter->store, rows, i, nrows);
		if (!taken[i])
			EmitEqualKeys(sorter, rows, nrows, i, taken);
	}
	pfree(taken);
}

static pg_attribute_always_inline void
EmitStrides(Sorter *sorter, char *rows, Size nrows, Size stride)
{
	BookGroup group = {.key = ((BookRow *) rows)->key};
	DayCount  count = {0, true};

	if (stride == sizeof(BookBytesRow))
	{
		BookBytesRow *first = (BookBytesRow *) rows;

		for (Size i = 1; i < nrows; i++)
		{
			if (!SameBytes(sorter->store, first, &first[i]))
			{
				EmitCollision(sorter, first, nrows);
				return;
			}
		}
		group.bytes = RowKey(sorter->store, first, &group.length);
	}
	CollectRows(sorter, &count, rows, nrows, stride);
	EmitDays(sorter, &group, count);
}

void
EmitIntegerRows(Sorter *sorter, char *rows, Size nrows)
{
	EmitStrides(sorter, rows, nrows, sizeof(BookRow));
}

void
EmitBytesRows(Sorter *sorter, char *rows, Size nrows)
{
	EmitStrides(sorter, rows, nrows, sizeof(BookBytesRow));
}

static bool
ListIsOneKey(const RowStore *store, const RowList *list)
{
	const BookBytesRow *first = (const BookBytesRow *) BlockRows(list->first);

	for (RowBlock *block = list->first; block != NULL; block = block->next)
	{
		const BookBytesRow *rows = (const BookBytesRow *) BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used; i++)
		{
			if (!SameBytes(store, first, &rows[i]))
				return false;
		}
	}
	return true;
}

void
EmitHeavyKey(Sorter *sorter, const RowList *list, Size nrows)
{
	if (sorter->store->stride == sizeof(BookRow) || ListIsOneKey(sorter->store, list))
		EmitList(sorter, list, false);
	else
	{
		BookBytesRow *rows = palloc_extended(nrows * sizeof(BookBytesRow), MCXT_ALLOC_HUGE);

		GatherRows(list, (char *) rows, sizeof(BookBytesRow));
		EmitCollision(sorter, rows, nrows);
		pfree(rows);
	}
}
