/*
 * expansion/best_pairs.c - the few pairs that are surest to be bought together, for the view
 * best_pairs: affinity gives two rows for each of perhaps millions of pairs.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "affinity.h"
#include "compat.h"
#include "setof.h"

PG_FUNCTION_INFO_V1(workspace_best_pairs);

#define MAX_PAIRS 1000

typedef struct
{
	float8		ratio;
	ProductPair pair;
} BestPair;

/* The best so far, best first; of equal ones those of the smaller ids. */
typedef struct
{
	AffinityReader reader;
	int			   room;
	int			   used;
	int			   next; /* to hand out */
	BestPair	   pairs[MAX_PAIRS];
} BestPairs;

static void
Put(BestPairs *best, float8 ratio)
{
	int place;

	if (best->used == best->room && ratio <= best->pairs[best->used - 1].ratio)
		return;
	if (best->used < best->room)
		best->used++;
	for (place = best->used - 1; place > 0 && best->pairs[place - 1].ratio < ratio; place--)
		best->pairs[place] = best->pairs[place - 1];
	best->pairs[place] = (BestPair){ratio, best->reader.pair};
}

static void
RequireType(BookKind kind, Oid type)
{
	if (type != IdKindType(kind))
		ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("ids of this %s are of type %s, not %s", AFFINITY_NAME,
					   BookKindName(kind), format_type_be(type)),
				errhint("Use workspace_best_pairs(..., NULL::%s, ...).", BookKindName(kind)));
}

/* Arguments: counts, the ids' type, min_count, how_many. */
static void *
OpenBest(FunctionCallInfo fcinfo)
{
	BestPairs *best = palloc(sizeof(BestPairs));
	uint32	   min_count;

	best->used = best->next = 0;
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return best;
	min_count = (uint32) Max(PG_GETARG_INT32(2), 1);
	best->room = Min(Max(PG_GETARG_INT32(3), 1), MAX_PAIRS);
	AffinityOpen(&best->reader, PG_GETARG_BASKET_COUNTS_P(0));
	RequireType(best->reader.ids.kind, get_fn_expr_argtype(fcinfo->flinfo, 1));
	while (AffinityNext(&best->reader))
	{
		float8 ratio;

		CHECK_FOR_INTERRUPTS();
		if (best->reader.pair.together < min_count)
			continue;
		ratio = AffinityLikelihoodRatio(&best->reader);
		if (ratio > 0)
			Put(best, ratio);
	}
	return best;
}

/* The rarer product first: of its baskets a larger share holds the other. */
static bool
NextRow_best(void *source, Datum *values, bool *nulls)
{
	BestPairs		   *best = source;
	const BasketCounts *counts = best->reader.counts;
	const BestPair	   *row = &best->pairs[best->next];
	float8				together;
	uint32				product;
	uint32				other;

	if (best->next >= best->used)
		return false;
	best->next++;
	product = row->pair.a;
	other = row->pair.b;
	if (counts->counts[product] > counts->counts[other])
	{
		product = row->pair.b;
		other = row->pair.a;
	}
	together = row->pair.together;
	memset(nulls, 0, 6 * sizeof(bool));
	values[0] = IdListDatum(&best->reader.ids, product);
	values[1] = IdListDatum(&best->reader.ids, other);
	values[2] = Int64GetDatum(row->pair.together);
	values[3] = Float8GetDatum(together / counts->counts[product]);
	values[4] = Float8GetDatum(AffinityLift(counts, &row->pair));
	values[5] = Float8GetDatum(row->ratio);
	return true;
}

Datum
workspace_best_pairs(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenBest, NextRow_best);
}
