/*
 * expansion/next.c - next_products for one customer, and the scores for any.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "compat.h"
#include "next.h"
#include "setof.h"

PG_FUNCTION_INFO_V1(next_products_bigint);
PG_FUNCTION_INFO_V1(next_products_text);
PG_FUNCTION_INFO_V1(next_products_uuid);

#define CHECK_EVERY 0x1000
#define MAX_KEPT (64 * 1024 * 1024) /* neighbours of all products: 1 GB */

#define ST_SORT SortNumbers
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void *
NewZeros(Size n, Size size)
{
	return palloc_extended(Max(n, 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static void
RequirePositive(int32 value, const char *name)
{
	if (value < 1)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be at least 1, not %d", name, value));
}

/* Puts a neighbour in its place; of equal ones the first to come, of the smaller id, stays first. */
static void
KeepNeighbour(Recommender *recommender, uint32 product, uint32 other, float8 similarity)
{
	Neighbour *kept = recommender->kept + (Size) product * recommender->neighbours;
	uint32	   n = recommender->nkept[product];

	if (n == recommender->neighbours)
	{
		if (similarity <= kept[n - 1].similarity)
			return;
		n--;
	}
	for (; n > 0 && kept[n - 1].similarity < similarity; n--)
		kept[n] = kept[n - 1];
	kept[n] = (Neighbour){other, similarity};
	if (recommender->nkept[product] < recommender->neighbours)
		recommender->nkept[product]++;
}

static void
KeepNeighbours(Recommender *recommender, AffinityReader *reader)
{
	const BasketCounts *counts = recommender->counts;
	uint64				npairs = 0;

	while (AffinityNext(reader))
	{
		const ProductPair *pair = &reader->pair;
		uint64			   chance = (uint64) counts->counts[pair->a] * counts->counts[pair->b];
		float8			   similarity;

		if (++npairs % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if ((uint64) pair->together * (uint64) counts->baskets <= chance)
			continue;
		similarity = pair->together / sqrt((float8) chance);
		KeepNeighbour(recommender, pair->a, pair->b, similarity);
		KeepNeighbour(recommender, pair->b, pair->a, similarity);
	}
}

/* As many neighbours as asked for, or as there are products. */
static uint32
NeighboursKept(int32 asked, uint32 products)
{
	uint32 kept = Min((uint32) asked, Max(products, 1));

	if ((uint64) kept * products > MAX_KEPT)
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many neighbours: %u of each of %u products", kept, products),
				errhint("A few dozen are enough."));
	return kept;
}

void
RecommenderInit(Recommender *recommender, const BasketCounts *counts, BookKind kind,
				int32 how_many, int32 neighbours)
{
	AffinityReader reader;
	uint32		   n = counts->products;

	RequirePositive(how_many, "how_many");
	RequirePositive(neighbours, "neighbours");
	AffinityOpen(&reader, counts);
	if (reader.ids.kind != kind)
		ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("ids of this %s are of type %s, not %s", AFFINITY_NAME,
					   BookKindName(reader.ids.kind), BookKindName(kind)),
				errhint("Give the products bought as %s[], or with a query NULL::%s.",
						BookKindName(reader.ids.kind), BookKindName(reader.ids.kind)));
	memset(recommender, 0, sizeof(Recommender));
	recommender->counts = counts;
	recommender->ids = reader.ids;
	recommender->how_many = Min((uint32) how_many, Max(n, 1));
	recommender->neighbours = NeighboursKept(neighbours, n);
	IdTableInit(&recommender->table, CurrentMemoryContext, kind);
	IdListLoad(&reader.ids, &recommender->table);
	recommender->nkept = NewZeros(n, sizeof(uint32));
	recommender->kept = NewZeros((Size) n * recommender->neighbours, sizeof(Neighbour));
	recommender->scores = NewZeros(n, sizeof(float8));
	recommender->highest = NewZeros(n, sizeof(float8));
	recommender->because_of = NewZeros(n, sizeof(uint32));
	recommender->bought = NewZeros(n, sizeof(bool));
	recommender->touched = NewZeros(n, sizeof(uint32));
	recommender->best = NewZeros(recommender->how_many, sizeof(NextProduct));
	KeepNeighbours(recommender, &reader);
}

/* Adds what one product bought says about others. */
static uint32
AddScores(Recommender *recommender, uint32 product, uint32 ntouched)
{
	const Neighbour *kept = recommender->kept + (Size) product * recommender->neighbours;

	for (uint32 i = 0; i < recommender->nkept[product]; i++)
	{
		uint32 other = kept[i].product;

		if (recommender->scores[other] == 0)
			recommender->touched[ntouched++] = other;
		recommender->scores[other] += kept[i].similarity;
		if (kept[i].similarity > recommender->highest[other])
		{
			recommender->highest[other] = kept[i].similarity;
			recommender->because_of[other] = product;
		}
	}
	return ntouched;
}

/* Puts a product in its place among the best: by score, then by id. */
static uint32
PlaceProduct(Recommender *recommender, uint32 product, uint32 nbest)
{
	NextProduct *best = recommender->best;
	float8		 score = recommender->scores[product];
	uint32		 place = nbest;

	while (place > 0 && (best[place - 1].score < score ||
						 (best[place - 1].score == score && best[place - 1].product > product)))
		place--;
	if (place == recommender->how_many)
		return nbest;
	if (nbest < recommender->how_many)
		nbest++;
	memmove(best + place + 1, best + place, (nbest - place - 1) * sizeof(NextProduct));
	best[place] = (NextProduct){product, recommender->because_of[product], score};
	return nbest;
}

uint32
RecommendNext(Recommender *recommender, const uint32 *bought, Size nbought)
{
	uint32 ntouched = 0;
	uint32 nbest = 0;

	for (Size i = 0; i < nbought; i++)
		recommender->bought[bought[i]] = true;
	for (Size i = 0; i < nbought; i++)
	{
		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		ntouched = AddScores(recommender, bought[i], ntouched);
	}
	for (uint32 i = 0; i < ntouched; i++)
	{
		uint32 product = recommender->touched[i];

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		if (!recommender->bought[product])
			nbest = PlaceProduct(recommender, product, nbest);
		recommender->scores[product] = recommender->highest[product] = 0;
	}
	for (Size i = 0; i < nbought; i++)
		recommender->bought[bought[i]] = false;
	return nbest;
}

/* ------------------------------------------------------------- one customer */

typedef struct
{
	Recommender recommender;
	uint32		nbest; /* 0: no rows */
	uint32		next;
} NextRows;

/* The products in an array that the counts know, sorted, each once. */
static uint32 *
ReadBought(const Recommender *recommender, ArrayType *array, Size *nbought)
{
	bool	is_text = recommender->ids.kind == BOOK_TEXT;
	bool	is_bigint = recommender->ids.kind == BOOK_BIGINT;
	Datum  *products;
	bool   *nulls;
	int		n;
	uint32 *numbers;
	Size	kept = 0;

	deconstruct_array(array, ARR_ELEMTYPE(array),
					  is_bigint ? 8
					  : is_text ? -1
								: UUID_LEN,
					  is_bigint && FLOAT8PASSBYVAL,
					  is_bigint ? TYPALIGN_DOUBLE
					  : is_text ? TYPALIGN_INT
								: TYPALIGN_CHAR,
					  &products, &nulls, &n);
	numbers = palloc_extended(Max(n, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (int i = 0; i < n; i++)
	{
		uint32 number = nulls[i] ? ID_NONE : IdTableFindDatum(&recommender->table, products[i]);

		if (number != ID_NONE)
			numbers[kept++] = number;
	}
	SortNumbers(numbers, kept);
	*nbought = 0;
	for (Size i = 0; i < kept; i++)
	{
		if (i == 0 || numbers[i] != numbers[*nbought - 1])
			numbers[(*nbought)++] = numbers[i];
	}
	return numbers;
}

static void *
OpenNext(FunctionCallInfo fcinfo, BookKind kind)
{
	NextRows *rows = palloc0(sizeof(NextRows));
	uint32	 *bought;
	Size	  nbought;

	for (int i = 0; i < 4; i++)
	{
		if (PG_ARGISNULL(i))
			return rows;
	}
	RecommenderInit(&rows->recommender, PG_GETARG_BASKET_COUNTS_P(0), kind, PG_GETARG_INT32(2),
					PG_GETARG_INT32(3));
	bought = ReadBought(&rows->recommender, PG_GETARG_ARRAYTYPE_P(1), &nbought);
	rows->nbest = RecommendNext(&rows->recommender, bought, nbought);
	return rows;
}

static void *
OpenBigint(FunctionCallInfo fcinfo)
{
	return OpenNext(fcinfo, BOOK_BIGINT);
}

static void *
OpenText(FunctionCallInfo fcinfo)
{
	return OpenNext(fcinfo, BOOK_TEXT);
}

static void *
OpenUuid(FunctionCallInfo fcinfo)
{
	return OpenNext(fcinfo, BOOK_UUID);
}

static bool
NextRow_next(void *source, Datum *values, bool *nulls)
{
	NextRows		  *rows = source;
	const NextProduct *best = &rows->recommender.best[rows->next];

	if (rows->next == rows->nbest)
		return false;
	memset(nulls, 0, 4 * sizeof(bool));
	values[0] = Int32GetDatum(++rows->next);
	values[1] = IdListDatum(&rows->recommender.ids, best->product);
	values[2] = Float8GetDatum(best->score);
	values[3] = IdListDatum(&rows->recommender.ids, best->because_of);
	return true;
}

Datum
next_products_bigint(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenBigint, NextRow_next);
}

Datum
next_products_text(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenText, NextRow_next);
}

Datum
next_products_uuid(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenUuid, NextRow_next);
}
