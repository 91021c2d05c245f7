/*
 * referral/worth.c - what the referrals below each customer come to.
 *
 * Customers are put in order of generations: first those nobody referred, then
 * those they referred, and so on, children of one referrer together. Referrers
 * then come before those they referred and in the same order, so that a pass
 * over everybody walks through memory forwards, without recursion.
 *
 * Sums over the next m generations are put together by doubling: with S(m, p)
 * the sum over generations 1 to m below p, a generation g weighing w^(g - 1),
 *     S(a + b, p) = S(a, p) + w^a x sum of S(b, c) over c, a generations below p,
 * so that any max_depth takes as many passes as it has binary digits, and
 * nothing is ever subtracted. Each sum runs in the same order for the same
 * graph.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "referral.h"

#define CHECK_EVERY 0x10000

/* Everybody in order of generations. */
typedef struct
{
	uint32	n;
	uint32 *customers; /* the customer at each place */
	uint32 *referrers; /* the place of that customer's referrer, or ID_NONE */
	int32  *heights;   /* generations below */
} Generations;

static void *
NewArray(Size n, Size size)
{
	return palloc_extended(Max(n, 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* For each customer those they referred, by number: children[starts[i]] to before starts[i + 1]. */
static uint32 *
ListChildren(const ReferralReader *reader, uint32 *starts)
{
	uint32	n = reader->graph->customers;
	uint32 *children = NewArray(n, sizeof(uint32));
	uint32 *next = NewArray((Size) n + 1, sizeof(uint32));

	for (uint32 i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (reader->referrers[i] != ID_NONE)
			starts[reader->referrers[i] + 1]++;
	}
	for (uint32 i = 0; i < n; i++)
		starts[i + 1] += starts[i];
	CHECK_FOR_INTERRUPTS();
	memcpy(next, starts, (Size) n * sizeof(uint32));
	for (uint32 i = 0; i < n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (reader->referrers[i] != ID_NONE)
			children[next[reader->referrers[i]]++] = i;
	}
	pfree(next);
	return children;
}

static void
OrderByGeneration(Generations *all, const ReferralReader *reader)
{
	uint32	n = all->n = reader->graph->customers;
	uint32 *starts = NewArray((Size) n + 1, sizeof(uint32));
	uint32 *children = ListChildren(reader, starts);
	uint32	filled = 0;

	all->customers = NewArray(n, sizeof(uint32));
	all->referrers = NewArray(n, sizeof(uint32));
	all->heights = NewArray(n, sizeof(int32));
	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < n; i++)
	{
		if (reader->referrers[i] != ID_NONE)
			continue;
		all->referrers[filled] = ID_NONE;
		all->customers[filled++] = i;
	}
	for (uint32 place = 0; place < filled; place++)
	{
		uint32 customer = all->customers[place];

		if (place % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		for (uint32 i = starts[customer]; i < starts[customer + 1]; i++)
		{
			all->referrers[filled] = place;
			all->customers[filled++] = children[i];
		}
	}
	pfree(starts);
	pfree(children);
}

/* Generations below each customer; returns the most. */
static int32
MeasureHeights(Generations *all)
{
	int32 most = 0;

	for (uint32 place = all->n; place-- > 0;)
	{
		uint32 referrer = all->referrers[place];

		most = Max(most, all->heights[place]);
		if (referrer != ID_NONE)
			all->heights[referrer] = Max(all->heights[referrer], all->heights[place] + 1);
	}
	return most;
}

/* The ancestors twice as many generations up. */
static void
DoubleAncestors(const Generations *all, uint32 *ancestors)
{
	/* ancestors come first: going backwards, theirs are still the old ones */
	for (uint32 place = all->n; place-- > 0;)
	{
		if (ancestors[place] != ID_NONE)
			ancestors[place] = ancestors[ancestors[place]];
	}
	CHECK_FOR_INTERRUPTS();
}

/* to[p] = near[p] + weight x sum of far over the descendants of p whose ancestor it is. */
static void
JoinSums(const Generations *all, const uint32 *ancestors, const float8 *near, const float8 *far,
		 float8 weight, float8 *scratch, float8 *to)
{
	memset(scratch, 0, (Size) all->n * sizeof(float8));
	for (uint32 place = 0; place < all->n; place++)
	{
		if (ancestors[place] != ID_NONE)
			scratch[ancestors[place]] += far[place];
	}
	CHECK_FOR_INTERRUPTS();
	for (uint32 place = 0; place < all->n; place++)
		to[place] = near[place] + weight * scratch[place];
	CHECK_FOR_INTERRUPTS();
}

static uint32 *
Parents(const Generations *all)
{
	uint32 *parents = NewArray(all->n, sizeof(uint32));

	memcpy(parents, all->referrers, (Size) all->n * sizeof(uint32));
	return parents;
}

/*
 * The sums over `generations` generations below each, a generation g weighing
 * weight^(g - 1), from those over the first one.
 */
static float8 *
SumGenerations(const Generations *all, const float8 *first, int32 generations, float8 weight)
{
	Size	bytes = (Size) all->n * sizeof(float8);
	float8 *sums = NewArray(all->n, sizeof(float8));
	float8 *doubled = NewArray(all->n, sizeof(float8));
	float8 *scratch = NewArray(all->n, sizeof(float8));
	uint32 *ancestors = Parents(all);

	memcpy(doubled, first, bytes);
	for (int32 left = generations; left > 0; left >>= 1)
	{
		if (left & 1)
			JoinSums(all, ancestors, doubled, sums, weight, scratch, sums);
		if (left == 1)
			break;
		JoinSums(all, ancestors, doubled, doubled, weight, scratch, doubled);
		DoubleAncestors(all, ancestors);
		weight *= weight;
	}
	pfree(doubled);
	pfree(scratch);
	pfree(ancestors);
	return sums;
}

/* What all below pass on to those they were referred by. */
static float8 *
SumChildren(const Generations *all, const float8 *values)
{
	float8 *sums = NewArray(all->n, sizeof(float8));

	for (uint32 place = 0; place < all->n; place++)
	{
		if (all->referrers[place] != ID_NONE)
			sums[all->referrers[place]] += values[place];
	}
	CHECK_FOR_INTERRUPTS();
	return sums;
}

/* Whole numbers below 2^53: their sums are exact. */
static float8 *
CountDescendants(const Generations *all, float8 **direct, int32 generations)
{
	float8 *ones = NewArray(all->n, sizeof(float8));
	float8 *counts;

	for (uint32 place = 0; place < all->n; place++)
		ones[place] = 1;
	*direct = SumChildren(all, ones);
	counts = SumGenerations(all, *direct, generations, 1);
	pfree(ones);
	return counts;
}

static void
PutCounts(const Generations *all, ReferralWorth *worths, int32 generations)
{
	float8 *direct;
	float8 *counts = CountDescendants(all, &direct, generations);

	for (uint32 place = 0; place < all->n; place++)
	{
		ReferralWorth *worth = &worths[all->customers[place]];

		worth->direct_referrals = (int64) direct[place];
		worth->all_referrals = (int64) counts[place];
		worth->depth = Min(all->heights[place], generations);
	}
	pfree(direct);
	pfree(counts);
}

static void
PutValues(const Generations *all, const ReferralReader *reader, ReferralWorth *worths,
		  int32 generations, float8 discount)
{
	float8 *values = NewArray(all->n, sizeof(float8));
	float8 *direct;
	float8 *below;
	float8 *indirect;

	for (uint32 place = 0; place < all->n; place++)
		values[place] = reader->values[all->customers[place]];
	direct = SumChildren(all, values);
	for (uint32 place = 0; place < all->n; place++)
		worths[all->customers[place]].direct = direct[place];
	pfree(values);
	if (generations < 2 || discount == 0)
		return;
	below = SumGenerations(all, direct, generations - 1, discount);
	indirect = SumChildren(all, below);
	for (uint32 place = 0; place < all->n; place++)
		worths[all->customers[place]].indirect = discount * indirect[place];
}

ReferralWorth *
ReferralWorths(const ReferralReader *reader, const ReferralTerms *terms)
{
	ReferralWorth *worths = NewArray(reader->graph->customers, sizeof(ReferralWorth));
	Generations	   all;
	int32		   generations;

	OrderByGeneration(&all, reader);
	generations = Min(terms->max_depth, MeasureHeights(&all));
	PutCounts(&all, worths, generations);
	PutValues(&all, reader, worths, generations, terms->discount);
	pfree(all.customers);
	pfree(all.referrers);
	pfree(all.heights);
	return worths;
}
