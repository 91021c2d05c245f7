/*
 * patterns.c - sorting and merging histories.
 *
 * A least-significant-digit radix sort over the bits of age, recency and
 * frequency.  Finite doubles that are not negative sort as their bits do.  A
 * digit that is the same in all rows is skipped: whole days vary in few bits.
 */
#include "math/patterns.h"

#include <math.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGIT_VALUES (1 << DIGIT_BITS)
#define DIGIT_MASK (DIGIT_VALUES - 1)
#define CHECK_EVERY 65536
#define LARGEST_TABLE 65536.0 /* days */

typedef enum Column
{
	AGE,
	RECENCY,
	FREQUENCY
} Column;

static inline uint64_t
BitsOf(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline uint64_t
KeyOf(const CrmHistoryRow *row, Column column)
{
	if (column == AGE)
		return BitsOf(row->age);
	if (column == RECENCY)
		return BitsOf(row->recency);
	return row->frequency;
}

/* One stable pass by one digit of one column. */
static void
SortByDigit(const CrmHistoryRow *from, CrmHistoryRow *to, size_t count, Column column,
			int shift, const CrmHooks *hooks)
{
	size_t start[DIGIT_VALUES] = {0};
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		start[(KeyOf(&from[i], column) >> shift) & DIGIT_MASK]++;
	for (int digit = 0; digit < DIGIT_VALUES; digit++)
	{
		size_t size = start[digit];

		start[digit] = total;
		total += size;
	}
	for (size_t i = 0; i < count; i++)
	{
		to[start[(KeyOf(&from[i], column) >> shift) & DIGIT_MASK]++] = from[i];
		if (i % CHECK_EVERY == 0)
			hooks->interrupt();
	}
}

/* The bits of a column that are not the same in all rows. */
static uint64_t
VaryingBits(const CrmHistoryRow *rows, size_t count, Column column)
{
	uint64_t first = KeyOf(&rows[0], column);
	uint64_t varying = 0;

	for (size_t i = 1; i < count; i++)
		varying |= first ^ KeyOf(&rows[i], column);
	return varying;
}

static bool
SameHistory(const CrmHistoryRow *left, const CrmHistoryRow *right)
{
	return left->frequency == right->frequency && left->recency == right->recency &&
		   left->age == right->age;
}

/*
 * Merge runs of equal histories in place.  A run of more customers than a row
 * can hold becomes full rows and a rest, so that the result is one only.
 */
static size_t
MergeRuns(CrmHistoryRow *rows, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count;)
	{
		CrmHistoryRow run = rows[i];
		uint64_t	  weight = 0;

		for (; i < count && SameHistory(&rows[i], &run); i++)
		{
			weight += rows[i].weight;
			if (weight > UINT32_MAX)
			{
				rows[kept] = run;
				rows[kept++].weight = UINT32_MAX;
				weight -= UINT32_MAX;
			}
		}
		if (weight > 0)
		{
			rows[kept] = run;
			rows[kept++].weight = (uint32_t) weight;
		}
	}
	return kept;
}

/* Sort rows by all columns; the result is in *rows or *scratch, as returned. */
static CrmHistoryRow *
SortRows(CrmHistoryRow *rows, CrmHistoryRow *scratch, size_t count, const CrmHooks *hooks)
{
	CrmHistoryRow *from = rows;
	CrmHistoryRow *to = scratch;

	for (Column column = AGE; column <= FREQUENCY; column++)
	{
		uint64_t varying = VaryingBits(from, count, column);

		for (int shift = 0; shift < 64; shift += DIGIT_BITS)
		{
			CrmHistoryRow *swap = from;

			if (((varying >> shift) & DIGIT_MASK) == 0)
				continue;
			SortByDigit(from, to, count, column, shift, hooks);
			from = to;
			to = swap;
		}
	}
	return from;
}

static bool
ComesBefore(const CrmHistoryRow *left, const CrmHistoryRow *right)
{
	if (left->frequency != right->frequency)
		return left->frequency < right->frequency;
	if (left->recency != right->recency)
		return left->recency < right->recency;
	return left->age < right->age;
}

/* Merge the sorted tail into the sorted rows before it, from the end. */
static void
MergeTail(CrmHistoryRow *rows, size_t merged, const CrmHistoryRow *tail, size_t tail_count,
		  const CrmHooks *hooks)
{
	size_t left = merged, right = tail_count;

	while (right > 0)
	{
		size_t end = left + right - 1;

		if (left > 0 && ComesBefore(&tail[right - 1], &rows[left - 1]))
			rows[end] = rows[--left];
		else
			rows[end] = tail[--right];
		if (end % CHECK_EVERY == 0)
			hooks->interrupt();
	}
}

size_t
CrmMergeRows(CrmHistoryRow *rows, size_t merged, size_t count, CrmHistoryRow *scratch,
			 const CrmHooks *hooks)
{
	size_t		   tail = count - merged;
	CrmHistoryRow *sorted;

	if (tail == 0)
		return count;
	sorted = SortRows(rows + merged, scratch, tail, hooks);
	if (merged > 0)
	{
		if (sorted != scratch)
			memcpy(scratch, sorted, tail * sizeof(CrmHistoryRow));
		MergeTail(rows, merged, scratch, tail, hooks);
	}
	else if (sorted != rows)
		memcpy(rows, sorted, count * sizeof(CrmHistoryRow));
	return MergeRuns(rows, count);
}

/* Whether all times are whole and small enough to be their own index. */
static bool
TimesAreIndexes(const CrmHistoryRow *rows, size_t count, double *largest)
{
	*largest = 0;
	for (size_t i = 0; i < count; i++)
	{
		if (rows[i].age > LARGEST_TABLE || rows[i].age != floor(rows[i].age) ||
			rows[i].recency != floor(rows[i].recency))
			return false;
		*largest = fmax(*largest, rows[i].age);
	}
	return true;
}

/* Sort doubles that are not negative, and drop repeated ones. */
static size_t
SortDistinct(double *values, double *scratch, size_t count, const CrmHooks *hooks)
{
	size_t kept = 0;

	for (int shift = 0; shift < 64; shift += DIGIT_BITS)
	{
		size_t start[DIGIT_VALUES] = {0};
		size_t total = 0;

		for (size_t i = 0; i < count; i++)
			start[(BitsOf(values[i]) >> shift) & DIGIT_MASK]++;
		for (int digit = 0; digit < DIGIT_VALUES; digit++)
		{
			size_t size = start[digit];

			start[digit] = total;
			total += size;
		}
		for (size_t i = 0; i < count; i++)
			scratch[start[(BitsOf(values[i]) >> shift) & DIGIT_MASK]++] = values[i];
		memcpy(values, scratch, count * sizeof(double));
		hooks->interrupt();
	}
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || values[i] != values[kept - 1])
			values[kept++] = values[i];
	return kept;
}

static uint32_t
IndexOf(const double *values, int count, double value)
{
	int low = 0, high = count - 1;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (values[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t) low;
}

/* The list of times: all days up to the last, or the distinct ones. */
static double *
ListTimes(const CrmHistoryRow *rows, size_t count, bool whole, double largest,
		  const CrmHooks *hooks, CrmSample *sample)
{
	double *times, *scratch;

	if (whole)
	{
		sample->time_count = (int) largest + 1;
		times = hooks->allocate(sample->time_count * sizeof(double));
		for (int i = 0; i < sample->time_count; i++)
			times[i] = i;
		return times;
	}
	times = hooks->allocate(2 * count * sizeof(double));
	scratch = hooks->allocate(2 * count * sizeof(double));
	for (size_t i = 0; i < count; i++)
	{
		times[2 * i] = rows[i].recency;
		times[2 * i + 1] = rows[i].age;
	}
	sample->time_count = (int) SortDistinct(times, scratch, 2 * count, hooks);
	hooks->release(scratch);
	return times;
}

/* Distinct frequencies with their customers; the rows are sorted by them. */
static void
ListFrequencies(const CrmHistoryRow *rows, size_t count, uint32_t *index, const CrmHooks *hooks,
				CrmSample *sample)
{
	double *frequencies, *weights;
	int		distinct = 0;

	for (size_t i = 0; i < count; i++)
	{
		if (i > 0 && rows[i].frequency != rows[i - 1].frequency)
			distinct++;
		index[i] = (uint32_t) distinct;
	}
	sample->frequency_count = distinct + 1;
	frequencies = hooks->allocate(sample->frequency_count * sizeof(double));
	weights = hooks->allocate(sample->frequency_count * sizeof(double));
	memset(weights, 0, sample->frequency_count * sizeof(double));
	for (size_t i = 0; i < count; i++)
	{
		frequencies[index[i]] = rows[i].frequency;
		weights[index[i]] += rows[i].weight;
	}
	sample->frequencies = frequencies;
	sample->frequency_weight = weights;
}

void
CrmBuildSample(const CrmHistoryRow *rows, size_t count, double unit, const CrmHooks *hooks,
			   CrmSample *sample)
{
	double	  largest;
	bool	  whole = TimesAreIndexes(rows, count, &largest);
	double	 *times = ListTimes(rows, count, whole, largest, hooks, sample);
	uint32_t *frequency = hooks->allocate(count * sizeof(uint32_t));
	uint32_t *recency = hooks->allocate(count * sizeof(uint32_t));
	uint32_t *age = hooks->allocate(count * sizeof(uint32_t));
	double	 *weight = hooks->allocate(count * sizeof(double));

	sample->patterns = (int) count;
	sample->customers = 0;
	for (size_t i = 0; i < count; i++)
	{
		recency[i] = whole ? (uint32_t) rows[i].recency
						   : IndexOf(times, sample->time_count, rows[i].recency);
		age[i] =
			whole ? (uint32_t) rows[i].age : IndexOf(times, sample->time_count, rows[i].age);
		weight[i] = rows[i].weight;
		sample->customers += weight[i];
		if (i % CHECK_EVERY == 0)
			hooks->interrupt();
	}
	for (int i = 0; i < sample->time_count; i++)
		times[i] /= unit;
	ListFrequencies(rows, count, frequency, hooks, sample);
	sample->frequency = frequency;
	sample->recency = recency;
	sample->age = age;
	sample->weight = weight;
	sample->times = times;
}

void
CrmReleaseSample(CrmSample *sample, const CrmHooks *hooks)
{
	hooks->release((void *) sample->frequency);
	hooks->release((void *) sample->recency);
	hooks->release((void *) sample->age);
	hooks->release((void *) sample->weight);
	hooks->release((void *) sample->frequencies);
	hooks->release((void *) sample->frequency_weight);
	hooks->release((void *) sample->times);
}
