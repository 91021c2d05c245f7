/*
 * expansion/affinity.c - affinity: which products are bought together, as rows.
 *
 * Each pair gives two rows, one for each direction. The likelihood ratio is
 * that of Dunning (1993), Accurate Methods for the Statistics of Surprise and
 * Coincidence, Computational Linguistics 19 (1), for the table of baskets with
 * both products, with one of them, and with none.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "affinity.h"
#include "compat.h"
#include "math/elementary.h"
#include "setof.h"

PG_FUNCTION_INFO_V1(affinity_bigint);
PG_FUNCTION_INFO_V1(affinity_text);
PG_FUNCTION_INFO_V1(affinity_uuid);

typedef struct
{
	AffinityReader reader;
	bool		   open;	/* no value, no rows */
	bool		   reverse; /* the other direction of the pair comes next */
	int32		   min_count;
	float8		   ratio; /* of the pair at hand */
} AffinityRows;

/* Observed x log (observed / expected), where their difference is +-det / n and expected is a x b / n. */
static float8
Term(float8 observed, float8 det, float8 a, float8 b)
{
	return observed == 0 ? 0 : observed * CrmLog1p(det / (a * b));
}

/* Of two products: Dunning's (1993), negative where lift < 1. */
static float8
LogLikelihoodRatio(uint32 together, uint32 a_count, uint32 b_count, int64 baskets)
{
	float8 both = together;
	float8 only_a = a_count - together;
	float8 only_b = b_count - together;
	float8 none = (float8) (baskets - a_count - only_b);
	float8 a = a_count;
	float8 b = b_count;
	float8 not_a = (float8) (baskets - a_count);
	float8 not_b = (float8) (baskets - b_count);
	/* the determinant of the table, which is n times each cell's distance from its expectation */
	float8 det = (float8) ((int128) together * baskets - (int128) a_count * b_count);
	float8 ratio = Term(both, det, a, b) + Term(only_a, -det, a, not_b) +
				   Term(only_b, -det, not_a, b) + Term(none, det, not_a, not_b);

	/* rounding may leave less than nothing */
	ratio = Max(2 * ratio, 0);
	return det < 0 ? -ratio : ratio;
}

float8
AffinityLikelihoodRatio(const AffinityReader *reader)
{
	const BasketCounts *counts = reader->counts;
	const ProductPair  *pair = &reader->pair;

	return LogLikelihoodRatio(pair->together, counts->counts[pair->a], counts->counts[pair->b],
							  counts->baskets);
}

static void *
OpenAffinity(FunctionCallInfo fcinfo, BookKind kind)
{
	AffinityRows *rows = palloc0(sizeof(AffinityRows));

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		return rows;
	rows->min_count = PG_GETARG_INT32(2);
	if (rows->min_count < 1)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("min_count must be at least 1, not %d", rows->min_count),
				errhint("Pairs that never occur are no rows."));
	AffinityOpen(&rows->reader, PG_GETARG_BASKET_COUNTS_P(0));
	if (rows->reader.ids.kind != kind)
		ReportIdKind(AFFINITY_NAME, "affinity", rows->reader.ids.kind, kind);
	rows->open = true;
	return rows;
}

static void *
OpenBigint(FunctionCallInfo fcinfo)
{
	return OpenAffinity(fcinfo, BOOK_BIGINT);
}

static void *
OpenText(FunctionCallInfo fcinfo)
{
	return OpenAffinity(fcinfo, BOOK_TEXT);
}

static void *
OpenUuid(FunctionCallInfo fcinfo)
{
	return OpenAffinity(fcinfo, BOOK_UUID);
}

/* The next pair bought together often enough. */
static bool
NextPair(AffinityRows *rows)
{
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!AffinityNext(&rows->reader))
			return false;
	} while (rows->reader.pair.together < (uint32) rows->min_count);
	rows->ratio = AffinityLikelihoodRatio(&rows->reader);
	return true;
}

static bool
NextRow_affinity(void *source, Datum *values, bool *nulls)
{
	AffinityRows	   *rows = source;
	const BasketCounts *counts = rows->reader.counts;
	const ProductPair  *pair = &rows->reader.pair;
	uint32				product;
	uint32				other;
	float8				together;

	if (!rows->open || (!rows->reverse && !NextPair(rows)))
		return false;
	product = rows->reverse ? pair->b : pair->a;
	other = rows->reverse ? pair->a : pair->b;
	rows->reverse = !rows->reverse;
	together = pair->together;
	memset(nulls, 0, 10 * sizeof(bool));
	values[0] = IdListDatum(&rows->reader.ids, product);
	values[1] = IdListDatum(&rows->reader.ids, other);
	values[2] = Int64GetDatum(pair->together);
	values[3] = Int64GetDatum(counts->counts[product]);
	values[4] = Int64GetDatum(counts->counts[other]);
	values[5] = Int64GetDatum(counts->baskets);
	values[6] = Float8GetDatum(together / (float8) counts->baskets);
	values[7] = Float8GetDatum(together / counts->counts[product]);
	values[8] = Float8GetDatum(AffinityLift(counts, pair));
	values[9] = Float8GetDatum(rows->ratio);
	return true;
}

Datum
affinity_bigint(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenBigint, NextRow_affinity);
}

Datum
affinity_text(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenText, NextRow_affinity);
}

Datum
affinity_uuid(PG_FUNCTION_ARGS)
{
	return ReturnRows(fcinfo, OpenUuid, NextRow_affinity);
}
