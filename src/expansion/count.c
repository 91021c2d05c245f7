/*
 * expansion/count.c - baskets to counts of pairs.
 *
 * With few products there is a counter for each pair. With more it goes product
 * by product: of all baskets with the product the later products are counted in
 * one array, which is that product's row of the result. Each basket waits in a
 * list under the first of its products that has not had its turn. So this takes
 * 12 bytes a product and 12 a basket, whatever the number of pairs. (The
 * row-wise sparse product of Gustavson 1978, ACM TOMS 4 (3), of the baskets with
 * themselves.)
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "affinity.h"
#include "varint.h"

#define NO_BASKET PG_UINT32_MAX
#define WORK_PER_CHECK 0x10000
#define SCAN_SHARE 8		/* rows fuller than that are read from end to end */
#define TABLE_PRODUCTS 2048 /* at most, for a counter for each pair: 8 MB */

#define ST_SORT SortPartners
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct
{
	const Baskets *baskets;
	uint32		   products;
	uint32		  *waiting;	  /* by product the first basket of its list */
	uint32		  *following; /* by basket the next one of its list */
	Size		  *places;	  /* by basket where its later products begin */
	uint32		  *together;  /* by product, of the row at hand */
	uint32		  *partners;  /* those that are not 0, in order of their coming */
	uint32		   npartners;
	Size		   work; /* since the last check for interrupts */
} PairCounter;

static void *
NewZeros(Size n, Size size)
{
	return palloc_extended(Max(n, 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* ----------------------------------------------------------------- counting */

static void
Enlist(PairCounter *counter, uint32 basket)
{
	Size place = counter->places[basket];

	if (place < counter->baskets->starts[basket + 1])
	{
		uint32 product = counter->baskets->products[place];

		counter->places[basket]++;
		counter->following[basket] = counter->waiting[product];
		counter->waiting[product] = basket;
	}
}

static void
CounterInit(PairCounter *counter, const Baskets *baskets, uint32 products)
{
	memset(counter, 0, sizeof(PairCounter));
	counter->baskets = baskets;
	counter->products = products;
	counter->waiting = NewZeros(products, sizeof(uint32));
	counter->together = NewZeros(products, sizeof(uint32));
	counter->partners = NewZeros(products, sizeof(uint32));
	counter->following = NewZeros(baskets->nbaskets, sizeof(uint32));
	counter->places = NewZeros(baskets->nbaskets, sizeof(Size));
	for (uint32 i = 0; i < products; i++)
		counter->waiting[i] = NO_BASKET;
	/* backwards, so that lists begin in order of memory */
	for (uint32 basket = baskets->nbaskets; basket-- > 0;)
	{
		if (basket % WORK_PER_CHECK == 0)
			CHECK_FOR_INTERRUPTS();
		counter->places[basket] = baskets->starts[basket];
		Enlist(counter, basket);
	}
}

static void
CounterFree(PairCounter *counter)
{
	pfree(counter->waiting);
	pfree(counter->together);
	pfree(counter->partners);
	pfree(counter->following);
	pfree(counter->places);
}

static inline void
CountLater(PairCounter *counter, uint32 basket)
{
	const uint32 *next = counter->baskets->products + counter->places[basket];
	const uint32 *end = counter->baskets->products + counter->baskets->starts[basket + 1];

	counter->work += end - next + 1;
	if (unlikely(counter->work >= WORK_PER_CHECK))
	{
		counter->work = 0;
		CHECK_FOR_INTERRUPTS();
	}
	for (; next < end; next++)
	{
		if (unlikely(counter->together[*next]++ == 0))
			counter->partners[counter->npartners++] = *next;
	}
}

/* Counts the row of a product and sends its baskets on; returns in how many it was. */
static uint32
CountRow(PairCounter *counter, uint32 product)
{
	uint32 basket = counter->waiting[product];
	uint32 count = 0;

	counter->npartners = 0;
	while (basket != NO_BASKET)
	{
		uint32 following = counter->following[basket];

		if (likely(following != NO_BASKET))
		{
			__builtin_prefetch(counter->baskets->products + counter->places[following]);
			__builtin_prefetch(&counter->places[counter->following[following]]);
		}
		count++;
		CountLater(counter, basket);
		Enlist(counter, basket);
		basket = following;
	}
	return count;
}

static void
PutCountedRow(PairCounter *counter, uint32 product, AffinityWriter *writer)
{
	AffinityPutRow(writer, product, counter->npartners);
	if (counter->npartners > (counter->products - product) / SCAN_SHARE)
	{
		for (uint32 other = product + 1; other < counter->products; other++)
		{
			if (counter->together[other] > 0)
				AffinityPutPair(writer, other, counter->together[other]);
			counter->together[other] = 0;
		}
		return;
	}
	SortPartners(counter->partners, counter->npartners);
	for (uint32 i = 0; i < counter->npartners; i++)
	{
		uint32 other = counter->partners[i];

		AffinityPutPair(writer, other, counter->together[other]);
		counter->together[other] = 0;
	}
}

static void
CountByLists(const Baskets *baskets, uint32 products, uint32 *counts, AffinityWriter *writer)
{
	PairCounter counter;

	CounterInit(&counter, baskets, products);
	for (uint32 product = 0; product < products; product++)
	{
		CHECK_FOR_INTERRUPTS();
		counts[product] = CountRow(&counter, product);
		PutCountedRow(&counter, product, writer);
	}
	CounterFree(&counter);
}

/* Where a product's row of the upper triangle would begin, if it began with product 0. */
static inline uint32 *
TableRow(uint32 *table, uint32 product, uint32 products)
{
	return table + (Size) product * products - (Size) product * (product + 1) / 2;
}

static void
CountBasketInTable(uint32 *table, uint32 products, uint32 *counts, const uint32 *basket,
				   const uint32 *end)
{
	for (; basket < end; basket++)
	{
		uint32 *row = TableRow(table, *basket, products);

		counts[*basket]++;
		for (const uint32 *other = basket + 1; other < end; other++)
			row[*other]++;
	}
}

static void
PutTable(uint32 *table, uint32 products, AffinityWriter *writer)
{
	for (uint32 product = 0; product < products; product++)
	{
		const uint32 *row = TableRow(table, product, products);
		uint32		  partners = 0;

		CHECK_FOR_INTERRUPTS();
		for (uint32 other = product + 1; other < products; other++)
			partners += row[other] > 0;
		AffinityPutRow(writer, product, partners);
		for (uint32 other = product + 1; other < products; other++)
		{
			if (row[other] > 0)
				AffinityPutPair(writer, other, row[other]);
		}
	}
}

/* A basket has at most TABLE_PRODUCTS products, so that checking between baskets does. */
static void
CountByTable(const Baskets *baskets, uint32 products, uint32 *counts, AffinityWriter *writer)
{
	uint32 *table = NewZeros((Size) products * (products + 1) / 2, sizeof(uint32));

	for (uint32 i = 0; i < baskets->nbaskets; i++)
	{
		if (i % 0x100 == 0)
			CHECK_FOR_INTERRUPTS();
		CountBasketInTable(table, products, counts, baskets->products + baskets->starts[i],
						   baskets->products + baskets->starts[i + 1]);
	}
	PutTable(table, products, writer);
	pfree(table);
}

BasketCounts *
CountBaskets(const BasketLines *lines)
{
	uint32		   products = lines->products.used;
	uint32		  *counts = NewZeros(products, sizeof(uint32));
	uint32		  *ranks;
	uint32		  *order = IdTableOrder(&lines->products, &ranks);
	Baskets		   baskets;
	AffinityWriter writer;
	BasketCounts  *result;

	SortBaskets(&baskets, lines, ranks);
	AffinityBegin(&writer, &lines->products, order, counts, baskets.nbaskets);
	if (products <= TABLE_PRODUCTS)
		CountByTable(&baskets, products, counts, &writer);
	else
		CountByLists(&baskets, products, counts, &writer);
	result = AffinityEnd(&writer);
	memcpy(result->counts, counts, (Size) products * sizeof(uint32));
	pfree(baskets.starts);
	pfree(baskets.products);
	pfree(counts);
	pfree(order);
	pfree(ranks);
	return result;
}

/* ----------------------------------------------------------------- the value */

/* not reached: takes pairs of more than 1 GB */
static void
ReportTooLarge(uint32 products)
{
	ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			errmsg("basket_counts too large: the pairs of %u products take more than 1 GB",
				   products),
			errhint("Count groups of products, or leave out those that are rarely bought."));
}

void
AffinityBegin(AffinityWriter *writer, const IdTable *ids, const uint32 *order,
			  const uint32 *counts, int64 baskets)
{
	Size		  at = offsetof(BasketCounts, counts) + (Size) ids->used * sizeof(uint32);
	BasketCounts *value;

	memset(writer, 0, sizeof(AffinityWriter));
	writer->used = at + IdListBytes(ids, order, ids->used);
	writer->capacity = writer->used + 1024;
	if (writer->used > AFFINITY_MAX_BYTES)
		/* not reached: takes ids of more than 1 GB */
		ReportTooLarge(ids->used);
	writer->bytes = NewZeros(writer->capacity, 1);
	value = (BasketCounts *) writer->bytes;
	value->version = AFFINITY_VERSION;
	value->kind = ids->kind;
	value->products = ids->used;
	value->baskets = baskets;
	memcpy(value->counts, counts, (Size) ids->used * sizeof(uint32));
	IdListWrite(ids, order, ids->used, writer->bytes + at);
}

static inline void
ReserveBytes(AffinityWriter *writer)
{
	if (likely(writer->capacity - writer->used >= 2 * VARINT_MAX_BYTES))
		return;
	if (writer->used > AFFINITY_MAX_BYTES)
		/* not reached: takes pairs of more than 1 GB */
		ReportTooLarge(((BasketCounts *) writer->bytes)->products);
	writer->capacity *= 2;
	writer->bytes = repalloc_huge(writer->bytes, writer->capacity);
}

void
AffinityPutRow(AffinityWriter *writer, uint32 product, uint32 partners)
{
	ReserveBytes(writer);
	writer->used = PutVarint(writer->bytes + writer->used, partners) - writer->bytes;
	writer->last = product;
	writer->pairs += partners;
}

void
AffinityPutPair(AffinityWriter *writer, uint32 other, uint32 together)
{
	uint8 *out;

	ReserveBytes(writer);
	out = PutVarint(writer->bytes + writer->used, other - writer->last);
	writer->used = PutVarint(out, together) - writer->bytes;
	writer->last = other;
}

BasketCounts *
AffinityEnd(AffinityWriter *writer)
{
	BasketCounts *value = (BasketCounts *) writer->bytes;

	if (writer->used > AFFINITY_MAX_BYTES)
		/* not reached: takes pairs of more than 1 GB */
		ReportTooLarge(value->products);
	value->pairs = writer->pairs;
	SET_VARSIZE(value, writer->used);
	return value;
}

void
AffinityOpen(AffinityReader *reader, const BasketCounts *counts)
{
	Size bytes = VARSIZE(counts);
	Size offset = offsetof(BasketCounts, counts);
	Size ids;

	memset(reader, 0, sizeof(AffinityReader));
	if (bytes < offset || counts->version != AFFINITY_VERSION || counts->kind < BOOK_BIGINT ||
		counts->kind > BOOK_UUID)
		ReportBadBytes(AFFINITY_NAME);
	offset += (Size) counts->products * sizeof(uint32);
	if (bytes < offset)
		ReportBadBytes(AFFINITY_NAME);
	ids = IdListOpen(&reader->ids, counts->kind, counts->products,
					 (const uint8 *) counts + offset, bytes - offset);
	if (ids == 0 && counts->products > 0)
		ReportBadBytes(AFFINITY_NAME);
	reader->counts = counts;
	reader->next = (const uint8 *) counts + offset + ids;
	reader->end = (const uint8 *) counts + bytes;
}

static uint32
ReadNumber(AffinityReader *reader)
{
	uint64 value;

	reader->next = GetVarint(reader->next, reader->end, &value);
	if (reader->next == NULL || value > PG_UINT32_MAX)
		ReportBadBytes(AFFINITY_NAME);
	return (uint32) value;
}

bool
AffinityNext(AffinityReader *reader)
{
	uint32 products = reader->counts->products;

	while (reader->left == 0)
	{
		if (reader->row == products)
			return false;
		reader->left = ReadNumber(reader);
		reader->pair.a = reader->pair.b = reader->row++;
	}
	reader->left--;
	reader->pair.b += ReadNumber(reader);
	reader->pair.together = ReadNumber(reader);
	if (reader->pair.b >= products || reader->pair.b <= reader->pair.a)
		ReportBadBytes(AFFINITY_NAME);
	return true;
}
