/*
 * rfm/operators.c - comparison and hashing of rfm_cuts.
 *
 * The stored form is canonical, so equality is equality of bytes. The order is
 * that of the bytes: total, without a meaning.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"

#include "compat.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_cuts_eq);
PG_FUNCTION_INFO_V1(rfm_cuts_ne);
PG_FUNCTION_INFO_V1(rfm_cuts_lt);
PG_FUNCTION_INFO_V1(rfm_cuts_le);
PG_FUNCTION_INFO_V1(rfm_cuts_gt);
PG_FUNCTION_INFO_V1(rfm_cuts_ge);
PG_FUNCTION_INFO_V1(rfm_cuts_cmp);
PG_FUNCTION_INFO_V1(rfm_cuts_hash);
PG_FUNCTION_INFO_V1(rfm_cuts_hash_extended);

static int
CompareArguments(FunctionCallInfo fcinfo)
{
	PackedRfmCuts *a = PG_GETARG_RFM_CUTS_P(0);
	PackedRfmCuts *b = PG_GETARG_RFM_CUTS_P(1);
	Size		   left = VARSIZE_ANY_EXHDR(a);
	Size		   right = VARSIZE_ANY_EXHDR(b);
	int			   order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(left, right));

	if (order == 0 && left != right)
		order = left < right ? -1 : 1;
	return order;
}

Datum
rfm_cuts_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) == 0);
}

Datum
rfm_cuts_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) != 0);
}

Datum
rfm_cuts_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) < 0);
}

Datum
rfm_cuts_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) <= 0);
}

Datum
rfm_cuts_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) > 0);
}

Datum
rfm_cuts_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) >= 0);
}

Datum
rfm_cuts_cmp(PG_FUNCTION_ARGS)
{
	int order = CompareArguments(fcinfo);

	PG_RETURN_INT32(order < 0 ? -1 : order > 0);
}

Datum
rfm_cuts_hash(PG_FUNCTION_ARGS)
{
	PackedRfmCuts *cuts = PG_GETARG_RFM_CUTS_P(0);

	return hash_any((unsigned char *) VARDATA_ANY(cuts), VARSIZE_ANY_EXHDR(cuts));
}

Datum
rfm_cuts_hash_extended(PG_FUNCTION_ARGS)
{
	PackedRfmCuts *cuts = PG_GETARG_RFM_CUTS_P(0);

	return hash_any_extended((unsigned char *) VARDATA_ANY(cuts), VARSIZE_ANY_EXHDR(cuts),
							 PG_GETARG_INT64(1));
}
