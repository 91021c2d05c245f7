/*
 * canonical.c - comparison and hashing of types whose stored form is canonical.
 *
 * Equal values have equal bytes there, so equality is equality of bytes. The
 * order is that of the bytes: total, without a meaning.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"

#include "canonical.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(canonical_eq);
PG_FUNCTION_INFO_V1(canonical_ne);
PG_FUNCTION_INFO_V1(canonical_lt);
PG_FUNCTION_INFO_V1(canonical_le);
PG_FUNCTION_INFO_V1(canonical_gt);
PG_FUNCTION_INFO_V1(canonical_ge);
PG_FUNCTION_INFO_V1(canonical_cmp);
PG_FUNCTION_INFO_V1(canonical_hash);
PG_FUNCTION_INFO_V1(canonical_hash_extended);

static int
CompareArguments(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	Size			left = VARSIZE_ANY_EXHDR(a);
	Size			right = VARSIZE_ANY_EXHDR(b);
	int				order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(left, right));

	if (order == 0 && left != right)
		order = left < right ? -1 : 1;
	return order;
}

Datum
canonical_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) == 0);
}

Datum
canonical_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) != 0);
}

Datum
canonical_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) < 0);
}

Datum
canonical_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) <= 0);
}

Datum
canonical_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) > 0);
}

Datum
canonical_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) >= 0);
}

Datum
canonical_cmp(PG_FUNCTION_ARGS)
{
	int order = CompareArguments(fcinfo);

	PG_RETURN_INT32(order < 0 ? -1 : order > 0);
}

Datum
canonical_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_DATUM(
		hash_any((unsigned char *) VARDATA_ANY(value), (int) VARSIZE_ANY_EXHDR(value)));
}

Datum
canonical_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_DATUM(hash_any_extended((unsigned char *) VARDATA_ANY(value),
									  (int) VARSIZE_ANY_EXHDR(value), PG_GETARG_INT64(1)));
}
