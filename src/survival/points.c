/*
 * survival/points.c - survival_at and median_survival, which read a curve.
 *
 * Taking an array of rows apart costs far more than the answer, and the same
 * curve is mostly asked for many customers: the last one taken apart is kept
 * for the query.
 */
#include "postgres.h"

#include <float.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "compat.h"
#include "survival/curve.h"

PG_FUNCTION_INFO_V1(survival_at);
PG_FUNCTION_INFO_V1(median_survival);

/* Columns of survival_point that make the curve, counted from 1. */
#define DURATION_COLUMN 1
#define SURVIVAL_COLUMN 5

typedef struct
{
	ArrayType *array; /* what was taken apart */
	int		   n;
	float8	  *durations;
	float8	  *survival;
} Curve;

static float8
PointField(HeapTuple tuple, TupleDesc row, int column)
{
	bool  isnull;
	Datum value = heap_getattr(tuple, column, row, &isnull);

	if (isnull)
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("column \"%s\" of a survival point must not be null",
					   NameStr(TupleDescAttr(row, column - 1)->attname)));
	return DatumGetFloat8(value);
}

/* One more point; they come by duration, with survival going down from 1 to 0. */
static void
ReadPoint(Curve *curve, Datum element, TupleDesc row)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(element);
	HeapTupleData	tuple = {0};
	float8			duration;
	float8			survival;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_data = header;
	duration = PointField(&tuple, row, DURATION_COLUMN);
	survival = PointField(&tuple, row, SURVIVAL_COLUMN);
	if (!(duration >= 0 && duration <= DBL_MAX) ||
		(curve->n > 0 && duration <= curve->durations[curve->n - 1]))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("survival points must be in order of duration, at \"%s\"",
					   float8out_internal(duration)));
	if (!(survival >= 0 && survival <= 1) ||
		(curve->n > 0 && survival > curve->survival[curve->n - 1]))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("survival must go down from 1 to 0, not to %s",
					   float8out_internal(survival)),
				errhint("Pass the result of kaplan_meier; survival is a fraction, not a "
						"percentage."));
	curve->durations[curve->n] = duration;
	curve->survival[curve->n++] = survival;
}

static void
ReadPoints(Curve *curve, ArrayType *array)
{
	TupleDesc row = lookup_rowtype_tupdesc(ARR_ELEMTYPE(array), -1);
	Datum	 *elements;
	bool	 *nulls;
	int		  n;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &elements, &nulls,
					  &n);
	curve->n = 0;
	curve->durations = palloc(Max(n, 1) * sizeof(float8));
	curve->survival = palloc(Max(n, 1) * sizeof(float8));
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("survival points must not contain nulls"));
		ReadPoint(curve, elements[i], row);
	}
	pfree(elements);
	pfree(nulls);
	ReleaseTupleDesc(row);
}

/* The curve in argument 0, taken apart unless it is the one of the call before. */
static const Curve *
CurveArgument(FunctionCallInfo fcinfo)
{
	ArrayType	 *array = PG_GETARG_ARRAYTYPE_P(0);
	Curve		 *curve = fcinfo->flinfo->fn_extra;
	MemoryContext context;

	if (curve != NULL && curve->array != NULL && VARSIZE(curve->array) == VARSIZE(array) &&
		memcmp(curve->array, array, VARSIZE(array)) == 0)
		return curve;
	context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (curve == NULL)
		fcinfo->flinfo->fn_extra = curve = palloc0(sizeof(Curve));
	else if (curve->array != NULL)
	{
		pfree(curve->array);
		pfree(curve->durations);
		pfree(curve->survival);
		curve->array = NULL;
	}
	ReadPoints(curve, array);
	curve->array = palloc(VARSIZE(array));
	memcpy(curve->array, array, VARSIZE(array));
	MemoryContextSwitchTo(context);
	return curve;
}

/* The number of points up to a duration. */
static int
PointsUpTo(const Curve *curve, float8 duration)
{
	int low = 0;
	int high = curve->n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (curve->durations[middle] <= duration)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

Datum
survival_at(PG_FUNCTION_ARGS)
{
	const Curve *curve = CurveArgument(fcinfo);
	float8		 duration = PG_GETARG_FLOAT8(1);
	int			 reached;

	if (!(duration >= 0 && duration <= DBL_MAX))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("duration must be a finite number, 0 or more, not %s",
					   float8out_internal(duration)));
	if (curve->n == 0)
		PG_RETURN_NULL();
	reached = PointsUpTo(curve, duration);
	if (reached == 0)
		PG_RETURN_FLOAT8(1);
	if (duration > curve->durations[curve->n - 1] && curve->survival[curve->n - 1] > 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(curve->survival[reached - 1]);
}

Datum
median_survival(PG_FUNCTION_ARGS)
{
	const Curve *curve = CurveArgument(fcinfo);
	float8		 median;

	if (!SurvivalMedian(curve->durations, curve->survival, curve->n, &median))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(median);
}
