/*
 * rfm/select.c - the values at given places in order, without sorting.
 *
 * A histogram select: one pass counts the keys by their leading bits, the
 * counts tell in which bucket each place falls, the next pass counts within
 * these buckets by the next bits, until the whole key is known. Keys count
 * from the smallest one, so that a few thousand days or purchase counts take
 * one pass, and cents two. Nothing is copied and the rows stay as they are.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "rfm.h"

/* A histogram has at most 2^14 buckets: with one for each place they fit the cache. */
#define MAX_LEVEL_BITS 14

#define CHECK_EVERY 0x10000

static inline bool
PassesFilter(const RfmFilter *filter, Size row)
{
	return filter == NULL || RfmKey(&filter->column, row) == filter->key;
}

/* The loops below are compiled once for each type of key. */
static pg_attribute_always_inline void
FindRange(RfmKeyType type, const RfmColumn *column, const RfmFilter *filter, uint128 *least,
		  uint128 *most)
{
	uint128 low = ~(uint128) 0;
	uint128 high = 0;

	for (Size row = 0; row < column->nrows; row++)
	{
		uint128 key;

		if (row % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (!PassesFilter(filter, row))
			continue;
		key = RfmKeyOf(type, column, row);
		low = key < low ? key : low;
		high = key > high ? key : high;
	}
	*least = low;
	*most = high;
}

void
FindRfmRange(const RfmColumn *column, const RfmFilter *filter, uint128 *least, uint128 *most)
{
	switch (column->type)
	{
		case RFM_KEY_INT32:
			FindRange(RFM_KEY_INT32, column, filter, least, most);
			break;
		case RFM_KEY_INT64:
			FindRange(RFM_KEY_INT64, column, filter, least, most);
			break;
		case RFM_KEY_INT128:
			FindRange(RFM_KEY_INT128, column, filter, least, most);
			break;
		case RFM_KEY_UUID:
			FindRange(RFM_KEY_UUID, column, filter, least, most);
			break;
	}
}

/* One level: the buckets below each prefix known so far. */
typedef struct
{
	uint128 least;
	bool	narrow; /* the keys' range fits 63 bits */
	int		shift;	/* bits below this level's */
	int		bits;	/* of this level */
	int		nprefixes;
	uint128 prefixes[RFM_MAX_CUTS];
	uint64 *counts; /* 2^bits for each prefix */
} Level;

static inline uint128
ShiftRight(uint128 key, int bits)
{
	return bits >= 128 ? 0 : key >> bits;
}

/* Counts the keys below each prefix. */
static void
CountWideKeys(const Level *level, const RfmColumn *column, const RfmFilter *filter)
{
	uint64 mask = ((uint64) 1 << level->bits) - 1;

	for (Size row = 0; row < column->nrows; row++)
	{
		uint128 key;
		uint128 prefix;

		if (row % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (!PassesFilter(filter, row))
			continue;
		key = RfmKey(column, row) - level->least;
		prefix = ShiftRight(key, level->shift + level->bits);
		for (int i = 0; i < level->nprefixes; i++)
		{
			if (prefix == level->prefixes[i])
			{
				uint64 bucket = (uint64) ShiftRight(key, level->shift) & mask;

				level->counts[((Size) i << level->bits) + bucket]++;
				break;
			}
		}
	}
}

/* The same where the range fits 64 bits: the low halves of the keys say as much. */
static pg_attribute_always_inline void
CountKeys(RfmKeyType type, const Level *level, const RfmColumn *column, const RfmFilter *filter)
{
	uint64	least = (uint64) level->least;
	uint64	prefixes[RFM_MAX_CUTS];
	int		nprefixes = level->nprefixes;
	int		shift = level->shift;
	int		bits = level->bits;
	uint64	mask = ((uint64) 1 << bits) - 1;
	uint64 *counts = level->counts;

	for (int i = 0; i < nprefixes; i++)
		prefixes[i] = (uint64) level->prefixes[i];
	for (Size row = 0; row < column->nrows; row++)
	{
		uint64 key;
		uint64 prefix;

		if (row % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (!PassesFilter(filter, row))
			continue;
		key = ((uint64) RfmKeyOf(type, column, row) - least) >> shift;
		prefix = key >> bits;
		for (int i = 0; i < nprefixes; i++)
		{
			if (prefix == prefixes[i])
			{
				counts[((Size) i << bits) + (key & mask)]++;
				break;
			}
		}
	}
}

static void
CountLevel(const Level *level, const RfmColumn *column, const RfmFilter *filter)
{
	memset(level->counts, 0, ((Size) level->nprefixes << level->bits) * sizeof(uint64));
	if (!level->narrow)
		CountWideKeys(level, column, filter);
	else if (column->type == RFM_KEY_INT32)
		CountKeys(RFM_KEY_INT32, level, column, filter);
	else if (column->type == RFM_KEY_INT64)
		CountKeys(RFM_KEY_INT64, level, column, filter);
	else if (column->type == RFM_KEY_INT128)
		CountKeys(RFM_KEY_INT128, level, column, filter);
	else
		CountKeys(RFM_KEY_UUID, level, column, filter);
}

/*
 * Goes down one level with a place: its bucket's bits are appended to its
 * prefix. On the last level a bucket is a key, and the next larger key is
 * mostly in the same histogram.
 */
static void
DescendRank(const Level *level, RfmRank *rank)
{
	const uint64 *counts = level->counts;
	uint64		  buckets = (uint64) 1 << level->bits;
	uint64		  bucket = 0;
	uint64		  next;

	for (int i = 0; level->prefixes[i] != rank->key; i++)
		counts += buckets;
	while (rank->rank >= counts[bucket])
		rank->rank -= counts[bucket++];
	for (next = bucket + 1; next < buckets && counts[next] == 0; next++)
		;
	rank->has_next = next < buckets;
	rank->next = rank->key << level->bits | next;
	rank->key = rank->key << level->bits | bucket;
}

static int
BitLength(uint128 value)
{
	int bits = 0;

	while (bits < 128 && (value >> bits) != 0)
		bits++;
	return bits;
}

void
SelectRfmRanks(const RfmColumn *column, const RfmFilter *filter, uint128 least, uint128 most,
			   RfmRank *ranks, int nranks)
{
	Level level = {.least = least};
	int	  bits = Max(BitLength(most - least), 1);
	int	  nlevels = (bits + MAX_LEVEL_BITS - 1) / MAX_LEVEL_BITS;

	if (nranks == 0)
		return;
	level.narrow = bits < 64;
	level.bits = (bits + nlevels - 1) / nlevels;
	level.counts = palloc(((Size) nranks << level.bits) * sizeof(uint64));
	for (int i = 0; i < nranks; i++)
		ranks[i].key = 0;
	for (int depth = 1; depth <= nlevels; depth++)
	{
		level.shift = (nlevels - depth) * level.bits;
		level.nprefixes = 0;
		for (int i = 0; i < nranks; i++)
		{
			if (i == 0 || ranks[i].key != ranks[i - 1].key)
				level.prefixes[level.nprefixes++] = ranks[i].key;
		}
		CountLevel(&level, column, filter);
		for (int i = 0; i < nranks; i++)
			DescendRank(&level, &ranks[i]);
	}
	pfree(level.counts);
	for (int i = 0; i < nranks; i++)
	{
		ranks[i].key += least;
		ranks[i].next += least;
	}
}

/* Only for places without one: mostly none or one of them, at the end of its last histogram. */
static pg_attribute_always_inline void
FindSuccessors(RfmKeyType type, const RfmColumn *column, RfmRank **ranks, int nranks)
{
	for (Size row = 0; row < column->nrows; row++)
	{
		uint128 key = RfmKeyOf(type, column, row);

		if (row % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < nranks; i++)
		{
			if (key > ranks[i]->key && key < ranks[i]->next)
				ranks[i]->next = key;
		}
	}
}

void
FindRfmSuccessors(const RfmColumn *column, uint128 most, RfmRank *ranks, int nranks)
{
	RfmRank *missing[RFM_MAX_CUTS];
	int		 nmissing = 0;

	for (int i = 0; i < nranks; i++)
	{
		if (ranks[i].has_next || ranks[i].key == most)
			continue;
		ranks[i].next = most;
		ranks[i].has_next = true;
		missing[nmissing++] = &ranks[i];
	}
	if (nmissing == 0)
		return;
	if (column->type == RFM_KEY_INT128)
		FindSuccessors(RFM_KEY_INT128, column, missing, nmissing);
	else
		FindSuccessors(column->type, column, missing, nmissing);
}
