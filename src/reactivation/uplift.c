/*
 * reactivation/uplift.c - one row as the result of an uplift.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "reactivation/uplift.h"

void
UpliftRowBegin(UpliftRow *row)
{
	memset(row->nulls, true, sizeof(row->nulls));
}

void
UpliftRowCount(UpliftRow *row, int column, int64 value)
{
	row->values[column] = Int64GetDatum(value);
	row->nulls[column] = false;
}

void
UpliftRowNumber(UpliftRow *row, int column, float8 value)
{
	if (isinf(value))
		float_overflow_error();
	row->values[column] = Float8GetDatum(value);
	row->nulls[column] = isnan(value);
}

Datum
UpliftRowClose(UpliftRow *row, FunctionCallInfo fcinfo, int columns)
{
	TupleDesc type = lookup_rowtype_tupdesc(get_func_rettype(fcinfo->flinfo->fn_oid), -1);
	HeapTuple tuple;

	if (type->natts != columns)
		elog(ERROR, "the result type of uplift has %d columns, not %d", type->natts, columns);
	tuple = heap_form_tuple(type, row->values, row->nulls);
	ReleaseTupleDesc(type);
	return HeapTupleGetDatum(tuple);
}
