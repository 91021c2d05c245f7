/*
 * expansion/affinity.h - basket_counts: how often products are bought together.
 *
 * The stored form is canonical: the same baskets in any order give the same
 * bytes.
 *
 *   version (1), kind of ids (BookKind), 0, 0
 *   number of products, 0
 *   number of baskets, number of pairs that occur
 *   for each product the number of baskets it is in
 *   the ids, an IdList
 *   for each product: varint number of later products it was bought with, and
 *   for each of those varint distance from the one before, varint baskets with
 *   both
 *
 * Products are numbered in order of their ids.
 */
#ifndef CRM_EXPANSION_AFFINITY_H
#define CRM_EXPANSION_AFFINITY_H

#include "fmgr.h"

#include "idtable.h"

#define AFFINITY_VERSION 1
#define AFFINITY_NAME "basket_counts"
#define AFFINITY_MAX_BYTES 0x3FFFFFF0

typedef struct BasketCounts
{
	int32  vl_len_;
	uint8  version;
	uint8  kind;
	uint16 reserved;
	uint32 products;
	uint32 reserved2;
	int64  baskets;
	int64  pairs;
	uint32 counts[FLEXIBLE_ARRAY_MEMBER];
} BasketCounts;

#define DatumGetBasketCountsP(X) ((BasketCounts *) PG_DETOAST_DATUM(X))
#define PG_GETARG_BASKET_COUNTS_P(n) DatumGetBasketCountsP(PG_GETARG_DATUM(n))

/* Two products, a < b, and in how many baskets both are. */
typedef struct ProductPair
{
	uint32 a;
	uint32 b;
	uint32 together;
} ProductPair;

/* A value's parts in place, and a cursor over its pairs in order of (a, b). */
typedef struct AffinityReader
{
	const BasketCounts *counts;
	IdList				ids;
	const uint8		   *next;
	const uint8		   *end;
	uint32				row; /* the product whose pairs come, and how many are left of it */
	uint32				left;
	ProductPair			pair; /* read last */
} AffinityReader;

/* Opens a stored value; bytes that are none are 22P03. */
extern void AffinityOpen(AffinityReader *reader, const BasketCounts *counts);

/* Moves to the next pair, in reader->pair; false at the end. */
extern bool AffinityNext(AffinityReader *reader);

/* How many times as many baskets hold both as if the products had nothing to do with each other. */
static inline float8
AffinityLift(const BasketCounts *counts, const ProductPair *pair)
{
	return (float8) pair->together * (float8) counts->baskets /
		   ((float8) counts->counts[pair->a] * counts->counts[pair->b]);
}

/* G2 of the pair read last, see expansion/affinity.c; above 0 only where lift is above 1. */
extern float8 AffinityLikelihoodRatio(const AffinityReader *reader);

/* Writes a value product by product, in order. */
typedef struct AffinityWriter
{
	uint8 *bytes; /* the value, counts and ids already there */
	Size   used;
	Size   capacity;
	int64  pairs;
	uint32 last; /* the product or partner written last */
} AffinityWriter;

/* ids in order; counts by number in that order. */
extern void AffinityBegin(AffinityWriter *writer, const IdTable *ids, const uint32 *order,
						  const uint32 *counts, int64 baskets);
extern void AffinityPutRow(AffinityWriter *writer, uint32 product, uint32 partners);
extern void AffinityPutPair(AffinityWriter *writer, uint32 other, uint32 together);
extern BasketCounts *AffinityEnd(AffinityWriter *writer);

/* Baskets as lists of products: sorted, each once. */
typedef struct Baskets
{
	uint32	nbaskets;
	Size   *starts; /* one more than baskets */
	uint32 *products;
} Baskets;

/* Order lines as they come: 12 bytes each. */
typedef struct BasketLines
{
	MemoryContext context;
	IdTable		  products;
	IdTable		  ids;	   /* of baskets, unless bigint */
	uint64		 *baskets; /* bigint: IntegerKey; else the number in ids */
	uint32		 *numbers; /* of products */
	Size		  used;
	Size		  capacity;
} BasketLines;

/* Room for that many more. */
extern void ReserveLines(BasketLines *lines, Size more);

/* Sorts lines into baskets; ranks gives each product its place in order of ids. */
extern void SortBaskets(Baskets *baskets, const BasketLines *lines, const uint32 *ranks);

/* The value of all lines. */
extern BasketCounts *CountBaskets(const BasketLines *lines);

#endif /* CRM_EXPANSION_AFFINITY_H */
