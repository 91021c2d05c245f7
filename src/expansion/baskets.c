/*
 * expansion/baskets.c - order lines to baskets.
 *
 * A line becomes one 64-bit number, the basket's above the product's, and the
 * numbers are sorted by the basket's digits, unless they come sorted. Baskets
 * whose ids are too far apart for that are numbered first.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "affinity.h"

#define CHECK_EVERY 0x10000
#define DIGIT_BITS 11
#define INSERTION_PRODUCTS 40
#define FIRST_CAPACITY 16

#define ST_SORT SortProducts
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct
{
	uint64 *lines;
	Size	n;
	int		product_bits;
	int		basket_bits;
	bool	sorted;
} PackedLines;

void
ReserveLines(BasketLines *lines, Size more)
{
	Size capacity;

	if (likely(more <= lines->capacity - lines->used))
		return;
	capacity = Max(Max(lines->capacity * 2, lines->used + more), FIRST_CAPACITY);
	if (lines->baskets == NULL)
	{
		lines->baskets = MemoryContextAllocHuge(lines->context, capacity * sizeof(uint64));
		lines->numbers = MemoryContextAllocHuge(lines->context, capacity * sizeof(uint32));
	}
	else
	{
		lines->baskets = repalloc_huge(lines->baskets, capacity * sizeof(uint64));
		lines->numbers = repalloc_huge(lines->numbers, capacity * sizeof(uint32));
	}
	lines->capacity = capacity;
}

static void *
NewArray(Size n, Size size)
{
	return palloc_extended(Max(n, 1) * size, MCXT_ALLOC_HUGE);
}

static int
BitsOf(uint64 value)
{
	return value == 0 ? 0 : pg_leftmost_one_pos64(value) + 1;
}

/* The smallest basket, and how many bits tell the others from it. */
static uint64
FindRange(const BasketLines *lines, int *bits)
{
	uint64 least = lines->baskets[0];
	uint64 most = least;

	for (Size i = 0; i < lines->used; i++)
	{
		uint64 basket = lines->baskets[i];

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		least = Min(least, basket);
		most = Max(most, basket);
	}
	*bits = BitsOf(most - least);
	return least;
}

/* Ids all over 64 bits: any numbers do that tell baskets apart. */
static void
PackNumbered(PackedLines *packed, const BasketLines *lines, const uint32 *ranks)
{
	IdTable table;

	IdTableInit(
		&table,
		AllocSetContextCreate(CurrentMemoryContext, "crm_ext baskets", ALLOCSET_DEFAULT_SIZES),
		BOOK_BIGINT);
	for (Size i = 0; i < packed->n; i++)
	{
		uint64 basket = IdTableAdd(&table, lines->baskets[i], NULL, 0);

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		packed->lines[i] = basket << packed->product_bits | ranks[lines->numbers[i]];
	}
	packed->basket_bits = BitsOf(table.used);
	MemoryContextDelete(table.context);
}

static void
PackLines(PackedLines *packed, const BasketLines *lines, const uint32 *ranks)
{
	uint64 least = FindRange(lines, &packed->basket_bits);
	uint64 last = 0;

	packed->n = lines->used;
	packed->lines = NewArray(packed->n, sizeof(uint64));
	packed->product_bits = BitsOf(lines->products.used - 1);
	if (packed->basket_bits + packed->product_bits > 64)
	{
		PackNumbered(packed, lines, ranks);
		return;
	}
	packed->sorted = true;
	for (Size i = 0; i < packed->n; i++)
	{
		uint64 basket = lines->baskets[i] - least;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (basket < last)
			packed->sorted = false;
		last = basket;
		packed->lines[i] = basket << packed->product_bits | ranks[lines->numbers[i]];
	}
}

/* One pass of a stable radix sort; swaps the two arrays. */
static void
SortDigit(PackedLines *packed, uint64 **spare, int shift, int bits)
{
	uint64	mask = (UINT64CONST(1) << bits) - 1;
	Size   *places = palloc0((mask + 2) * sizeof(Size));
	uint64 *lines = packed->lines;

	for (Size i = 0; i < packed->n; i++)
		places[(lines[i] >> shift & mask) + 1]++;
	for (Size digit = 0; digit < mask; digit++)
		places[digit + 1] += places[digit];
	for (Size i = 0; i < packed->n; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		(*spare)[places[lines[i] >> shift & mask]++] = lines[i];
	}
	packed->lines = *spare;
	*spare = lines;
	pfree(places);
}

static void
SortByBasket(PackedLines *packed)
{
	int		passes = (packed->basket_bits + DIGIT_BITS - 1) / DIGIT_BITS;
	uint64 *spare = NewArray(packed->n, sizeof(uint64));

	for (int pass = 0; pass < passes; pass++)
	{
		int low = packed->basket_bits * pass / passes;
		int high = packed->basket_bits * (pass + 1) / passes;

		CHECK_FOR_INTERRUPTS();
		SortDigit(packed, &spare, packed->product_bits + low, high - low);
	}
	pfree(spare);
}

/* A bit for each product, all 0 between baskets. */
typedef struct
{
	uint64 *words;
	Size	nwords;
} ProductSet;

static Size
SortThroughSet(const ProductSet *set, uint32 *products, Size n)
{
	Size kept = 0;

	for (Size i = 0; i < n; i++)
		set->words[products[i] / 64] |= UINT64CONST(1) << products[i] % 64;
	for (Size i = 0; i < set->nwords; i++)
	{
		for (uint64 word = set->words[i]; word != 0; word &= word - 1)
			products[kept++] = (uint32) (i * 64 + pg_rightmost_one_pos64(word));
		set->words[i] = 0;
	}
	return kept;
}

static Size
DropRepeated(uint32 *products, Size n)
{
	Size kept = 1;

	for (Size i = 1; i < n; i++)
	{
		if (products[i] != products[kept - 1])
			products[kept++] = products[i];
	}
	return kept;
}

/* Sorts one basket's products and drops those that are there twice; returns how many are left. */
static Size
SortBasket(const ProductSet *set, uint32 *products, Size n)
{
	if (set->nwords <= n * 2)
		return SortThroughSet(set, products, n);
	if (n > INSERTION_PRODUCTS)
		SortProducts(products, n);
	else
	{
		for (Size i = 1; i < n; i++)
		{
			uint32 product = products[i];
			Size   place = i;

			for (; place > 0 && products[place - 1] > product; place--)
				products[place] = products[place - 1];
			products[place] = product;
		}
	}
	return DropRepeated(products, n);
}

static Size
CountGroups(const PackedLines *packed)
{
	Size groups = 1;

	for (Size i = 1; i < packed->n; i++)
		groups += packed->lines[i] >> packed->product_bits !=
				  packed->lines[i - 1] >> packed->product_bits;
	return groups;
}

static void
SplitBaskets(Baskets *baskets, const PackedLines *packed)
{
	uint64	   mask = (UINT64CONST(1) << packed->product_bits) - 1;
	Size	   groups = CountGroups(packed);
	ProductSet set = {.nwords = ((Size) 1 << packed->product_bits) / 64 + 1};
	Size	   used = 0;
	Size	   i = 0;

	if (groups >= PG_UINT32_MAX)
		/* not reached: takes 4,294,967,295 baskets */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many baskets: %zu", groups));
	set.words = palloc_extended(set.nwords * sizeof(uint64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	baskets->starts = NewArray(groups + 1, sizeof(Size));
	baskets->products = NewArray(packed->n, sizeof(uint32));
	baskets->nbaskets = 0;
	while (i < packed->n)
	{
		uint64 basket = packed->lines[i] >> packed->product_bits;
		Size   start = used;

		if (baskets->nbaskets % 0x1000 == 0)
			CHECK_FOR_INTERRUPTS();
		for (; i < packed->n && packed->lines[i] >> packed->product_bits == basket; i++)
			baskets->products[used++] = (uint32) (packed->lines[i] & mask);
		used = start + SortBasket(&set, baskets->products + start, used - start);
		baskets->starts[baskets->nbaskets++] = start;
	}
	baskets->starts[baskets->nbaskets] = used;
	pfree(set.words);
}

void
SortBaskets(Baskets *baskets, const BasketLines *lines, const uint32 *ranks)
{
	PackedLines packed = {0};

	PackLines(&packed, lines, ranks);
	if (!packed.sorted)
		SortByBasket(&packed);
	SplitBaskets(baskets, &packed);
	pfree(packed.lines);
}
