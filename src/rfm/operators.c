/*
 * rfm/operators.c - comparison and hashing of rfm_cuts.
 *
 * The stored form is canonical: these are the functions of canonical.c, under the
 * names by which the script of 0.1.0 knows them.
 */
#include "postgres.h"

#include "canonical.h"

PG_FUNCTION_INFO_V1(rfm_cuts_eq);
PG_FUNCTION_INFO_V1(rfm_cuts_ne);
PG_FUNCTION_INFO_V1(rfm_cuts_lt);
PG_FUNCTION_INFO_V1(rfm_cuts_le);
PG_FUNCTION_INFO_V1(rfm_cuts_gt);
PG_FUNCTION_INFO_V1(rfm_cuts_ge);
PG_FUNCTION_INFO_V1(rfm_cuts_cmp);
PG_FUNCTION_INFO_V1(rfm_cuts_hash);
PG_FUNCTION_INFO_V1(rfm_cuts_hash_extended);

Datum
rfm_cuts_eq(PG_FUNCTION_ARGS)
{
	return canonical_eq(fcinfo);
}

Datum
rfm_cuts_ne(PG_FUNCTION_ARGS)
{
	return canonical_ne(fcinfo);
}

Datum
rfm_cuts_lt(PG_FUNCTION_ARGS)
{
	return canonical_lt(fcinfo);
}

Datum
rfm_cuts_le(PG_FUNCTION_ARGS)
{
	return canonical_le(fcinfo);
}

Datum
rfm_cuts_gt(PG_FUNCTION_ARGS)
{
	return canonical_gt(fcinfo);
}

Datum
rfm_cuts_ge(PG_FUNCTION_ARGS)
{
	return canonical_ge(fcinfo);
}

Datum
rfm_cuts_cmp(PG_FUNCTION_ARGS)
{
	return canonical_cmp(fcinfo);
}

Datum
rfm_cuts_hash(PG_FUNCTION_ARGS)
{
	return canonical_hash(fcinfo);
}

Datum
rfm_cuts_hash_extended(PG_FUNCTION_ARGS)
{
	return canonical_hash_extended(fcinfo);
}
