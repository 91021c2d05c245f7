/* book/compact.c - adding up rows of one customer and day, and whether it is worth it. */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "kernel.h"

#define SAMPLE_SHARE 64

void
StoreCompact(RowStore *store)
{
	RowStore compact;

	StoreInit(&compact, store->pool.context, store->budget, store->stride == sizeof(BookRow),
			  store->fixed_length);
	compact.equal = store->equal;
	compact.equal_arg = store->equal_arg;
	StoreEmitPartial(store, StoreAddGroup, &compact);
	*store = compact;
}

/* Customer and day of a row in one number, near enough for counting. */
static uint64
RowFingerprint(const RowStore *store, const BookRow *row)
{
	return SpreadKey(store, row->key) * UINT64CONST(0x9E3779B97F4A7C15) +
		   (uint64) RowDayUnpack(row->day).day;
}

#define ST_SORT SortFingerprints
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Fingerprints of every SAMPLE_SHARE-th customer's rows. */
static Size
SampleRows(const RowStore *store, uint64 *sample, Size most)
{
	Size n = 0;

	for (RowBlock *block = store->rows.first; block != NULL; block = block->next)
	{
		char *row = BlockRows(block);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < block->used && n < most; i++, row += store->stride)
		{
			if (SpreadKey(store, ((BookRow *) row)->key) % SAMPLE_SHARE == 0)
				sample[n++] = RowFingerprint(store, (BookRow *) row);
		}
	}
	return n;
}

bool
StoreIsWorthCompacting(const RowStore *store)
{
	Size	most = store->nrows / SAMPLE_SHARE * 2 + 1;
	uint64 *sample;
	Size	n;
	Size	distinct = 1;

	if (store->nnulls > store->nrows)
		return true;
	sample = palloc_extended(most * sizeof(uint64), MCXT_ALLOC_HUGE);
	n = SampleRows(store, sample, most);
	SortFingerprints(sample, n);
	for (Size i = 1; i < n; i++)
		distinct += sample[i] != sample[i - 1];
	pfree(sample);
	/* A sample that is too small means few customers with many rows. */
	return n < store->nrows / SAMPLE_SHARE / 4 || distinct <= n / 4;
}
