/*
 * rowarray.c - a table as one value: an array of a composite type.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "compat.h"
#include "rowarray.h"

RowArray *
RowArrayOpen(FunctionCallInfo fcinfo, Size expected)
{
	RowArray *rows = palloc(sizeof(RowArray));
	Oid		  type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));

	rows->row = lookup_rowtype_tupdesc(type, -1);
	rows->used = 0;
	rows->capacity = Max(expected, 16);
	rows->elements = palloc_extended(rows->capacity * sizeof(Datum), MCXT_ALLOC_HUGE);
	rows->values = palloc0(rows->row->natts * sizeof(Datum));
	rows->nulls = palloc0(rows->row->natts * sizeof(bool));
	return rows;
}

void
RowArrayAdd(RowArray *rows)
{
	HeapTuple tuple = heap_form_tuple(rows->row, rows->values, rows->nulls);

	CHECK_FOR_INTERRUPTS();
	if (rows->used == rows->capacity)
	/* not reached: who opens it knows how many there will be */
	{
		rows->capacity *= 2;
		rows->elements = repalloc_huge(rows->elements, rows->capacity * sizeof(Datum));
	}
	rows->elements[rows->used++] = HeapTupleHeaderGetDatum(tuple->t_data);
	memset(rows->nulls, 0, rows->row->natts * sizeof(bool));
}

Datum
RowArrayClose(RowArray *rows)
{
	Oid	 type = rows->row->tdtypeid;
	Size bytes = 0;
	int	 dims[1];
	int	 lower_bounds[1] = {1};

	ReleaseTupleDesc(rows->row);
	for (Size i = 0; i < rows->used; i++)
		bytes += MAXALIGN(VARSIZE(DatumGetPointer(rows->elements[i])));
	if (rows->used > MaxArraySize || bytes > MaxAllocSize - 64)
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("result of %zu rows is too large for one value", rows->used));
	if (rows->used == 0)
		return PointerGetDatum(construct_empty_array(type));
	dims[0] = (int) rows->used;
	return PointerGetDatum(construct_md_array(rows->elements, NULL, 1, dims, lower_bounds, type,
											  -1, false, TYPALIGN_DOUBLE));
}
