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

bool
FindRfmRange(const RfmColumn *column, const RfmFilter *filter, uint128 *least, uint128 *most)
{
	uint128 low = ~(uint128) 0;
	uint128 high = 0;
	bool	found = false;

	for (Size row = 0; row < column->nrows; row++)
	{
		uint128 key;

		if (row % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (!PassesFilter(filter, row))
			continue;
		key = RfmKey(column, row);
		low = key < low ? key : low;
		high = key > high ? key : high;
		found = true;
	}
	*least = low;
	*most = high;
	return found;
}

/* One level: the buckets below each prefix known so far. */
typedef struct
{
	uint128 least;
	int		shift; /* bits below this level's */
	int		bits;  /* of this level */
	int		nprefixes;
	uint128 prefixes[RFM_MAX_CUTS];
	uint64 *counts; /* 2^bits for each prefix */
} Level;

static inline uint128
ShiftRight(uint128 key, int bits)
{
	return bits >= 128 ? 0 : key >> bits;
}

static void
CountLevel(const Level *level, const RfmColumn *column, const RfmFilter *filter)
{
	uint64 mask = ((uint64) 1 << level->bits) - 1;

	memset(level->counts, 0, ((Size) level->nprefixes << level->bits) * sizeof(uint64));
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
				level->counts[((Size) i << level->bits) +
							  ((uint64) (key >> level->shift) & mask)]++;
				break;
			}
		}
	}
}

/* Goes down one level with a place: its bucket's bits are appended to its prefix. */
static void
DescendRank(const Level *level, RfmRank *rank)
{
	const uint64 *counts = level->counts;
	Size		  bucket = 0;

	for (int i = 0; level->prefixes[i] != rank->key; i++)
		counts += (Size) 1 << level->bits;
	while (rank->rank >= counts[bucket])
		rank->rank -= counts[bucket++];
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
SelectRfmRanks(const RfmColumn *column, const RfmFilter *filter, RfmRank *ranks, int nranks)
{
	Level	level;
	uint128 most;
	int		bits;
	int		nlevels;

	if (nranks == 0)
		return;
	FindRfmRange(column, filter, &level.least, &most);
	bits = Max(BitLength(most - level.least), 1);
	nlevels = (bits + MAX_LEVEL_BITS - 1) / MAX_LEVEL_BITS;
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
		ranks[i].key += level.least;
}

void
FindRfmSuccessors(const RfmColumn *column, uint128 *keys, int nkeys)
{
	uint128 above[RFM_MAX_CUTS];
	bool	found[RFM_MAX_CUTS] = {false};

	for (Size row = 0; row < column->nrows; row++)
	{
		uint128 key = RfmKey(column, row);

		if (row % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < nkeys; i++)
		{
			if (key > keys[i] && (!found[i] || key < above[i]))
			{
				above[i] = key;
				found[i] = true;
			}
		}
	}
	for (int i = 0; i < nkeys; i++)
	{
		if (found[i])
			keys[i] = above[i];
	}
}
