/*
 * setof.c - set-returning functions, in both of the executor's modes.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "setof.h"

/* What lives from the first call to the last in value-per-call mode. */
typedef struct
{
	void	 *source;
	TupleDesc row;
	Datum	 *values;
	bool	 *nulls;
} RowsInProgress;

static TupleDesc
ResultRow(FunctionCallInfo fcinfo)
{
	TupleDesc row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("function returning record called in context that cannot accept type "
					   "record"));
	return BlessTupleDesc(row);
}

static Datum
ReturnAllRows(FunctionCallInfo fcinfo, OpenRows open, NextRow next)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext  scratch;
	MemoryContext  caller = CurrentMemoryContext;
	Datum		  *values;
	bool		  *nulls;
	void		  *source;

	InitMaterializedSRF(fcinfo, 0);
	values = palloc(result->setDesc->natts * sizeof(Datum));
	nulls = palloc(result->setDesc->natts * sizeof(bool));
	source = open(fcinfo);
	scratch = AllocSetContextCreate(caller, "crm_ext row", ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		bool more;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(scratch);
		more = next(source, values, nulls);
		MemoryContextSwitchTo(caller);
		if (!more)
			break;
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
	return (Datum) 0;
}

static RowsInProgress *
BeginRows(FunctionCallInfo fcinfo, MemoryContext context, OpenRows open)
{
	MemoryContext	caller = MemoryContextSwitchTo(context);
	RowsInProgress *rows = palloc(sizeof(RowsInProgress));

	rows->row = ResultRow(fcinfo);
	rows->values = palloc(rows->row->natts * sizeof(Datum));
	rows->nulls = palloc(rows->row->natts * sizeof(bool));
	rows->source = open(fcinfo);
	MemoryContextSwitchTo(caller);
	return rows;
}

static Datum
ReturnNextRow(FunctionCallInfo fcinfo, OpenRows open, NextRow next)
{
	FuncCallContext *call;
	RowsInProgress	*rows;

	if (SRF_IS_FIRSTCALL())
	{
		call = SRF_FIRSTCALL_INIT();
		call->user_fctx = BeginRows(fcinfo, call->multi_call_memory_ctx, open);
	}
	call = SRF_PERCALL_SETUP();
	rows = call->user_fctx;
	if (!next(rows->source, rows->values, rows->nulls))
		SRF_RETURN_DONE(call);
	SRF_RETURN_NEXT(call,
					HeapTupleGetDatum(heap_form_tuple(rows->row, rows->values, rows->nulls)));
}

Datum
ReturnRows(FunctionCallInfo fcinfo, OpenRows open, NextRow next)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	if (result != NULL && IsA(result, ReturnSetInfo) &&
		(result->allowedModes & SFRM_Materialize_Preferred) != 0)
		return ReturnAllRows(fcinfo, open, next);
	return ReturnNextRow(fcinfo, open, next);
}
