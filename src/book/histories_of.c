/*
 * book/histories_of.c - histories_of: a query's rows to histories, one row a customer.
 *
 * The query's rows are never stored as rows; the result goes into a tuplestore
 * customer by customer.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/nodeHash.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "aggregate.h"
#include "compat.h"
#include "purchase.h"
#include "querykey.h"
#include "select.h"
#include "spill.h"

PG_FUNCTION_INFO_V1(histories_of);

/* Shares of work_mem x hash_mem_multiplier: rows get so many eighths, the result at least the rest. */
#define ROWS_EIGHTHS 5
#define MIN_RESULT_KB 64

#define COLUMNS "the customer id, the time and, if you like, the amount"

typedef enum
{
	TIME_DATE,
	TIME_TIMESTAMP,
	TIME_TIMESTAMPTZ
} TimeForm;

typedef enum
{
	AMOUNT_NONE,
	AMOUNT_NUMERIC,
	AMOUNT_INT2,
	AMOUNT_INT4,
	AMOUNT_INT8,
	AMOUNT_FLOAT4,
	AMOUNT_FLOAT8
} AmountForm;

/* One call: how the query's rows are read, and where the result goes. */
typedef struct
{
	MemoryContext	 context;
	MemoryContext	 scratch; /* for one row */
	Oid				 key_type;
	text			*time_zone;
	QueryKey		 key;
	TimeForm		 time_form;
	AmountForm		 amount_form;
	Grouper			 grouper;
	ReturnSetInfo	*result;
	PurchaseHistory *history;
	Size			 history_room;
} HistoriesQuery;

/* --------------------------------------------------------- the query's rows */

static DateADT
MomentDay(const HistoriesQuery *query, Datum moment)
{
	switch (query->time_form)
	{
		case TIME_DATE:
			return DayFromDate(DatumGetDateADT(moment));
		case TIME_TIMESTAMP:
			return DayFromTimestamp(DatumGetTimestamp(moment));
		default:
			return DayFromTimestampTz(DatumGetTimestampTz(moment),
									  FindDayZone(query->time_zone));
	}
}

static int64
RowMoney(AmountForm form, Datum amount, bool *refund)
{
	switch (form)
	{
		case AMOUNT_NUMERIC:
			return PurchaseMoney_numeric(amount, refund);
		case AMOUNT_INT2:
			return PurchaseMoney_bigint(Int64GetDatum((int64) DatumGetInt16(amount)), refund);
		case AMOUNT_INT4:
			return PurchaseMoney_bigint(Int64GetDatum((int64) DatumGetInt32(amount)), refund);
		case AMOUNT_INT8:
			return PurchaseMoney_bigint(amount, refund);
		case AMOUNT_FLOAT4:
			return PurchaseMoney_float8(Float8GetDatum((float8) DatumGetFloat4(amount)),
										refund);
		case AMOUNT_FLOAT8:
			return PurchaseMoney_float8(amount, refund);
		default:
			/* not reached: nothing is asked where there is no amount */
			return PurchaseMoney_none(amount, refund);
	}
}

static void
ReceiveRow(void *target, TupleTableSlot *slot)
{
	HistoriesQuery *query = target;
	bool			has_amount = query->amount_form != AMOUNT_NONE;
	MemoryContext	caller;
	bool			refund = false;
	HistoryDay		row = {0, 1, 0};

	slot_getsomeattrs(slot, has_amount ? 3 : 2);
	if (slot->tts_isnull[1])
		return;
	caller = MemoryContextSwitchTo(query->scratch);
	row.day = MomentDay(query, slot->tts_values[1]);
	if (has_amount && !slot->tts_isnull[2])
		row.amount = RowMoney(query->amount_form, slot->tts_values[2], &refund);
	row.purchases = refund ? 0 : 1;
	if (unlikely(slot->tts_isnull[0]))
		StoreAddNull(&query->grouper.store, &row);
	else
		QueryKeyAdd(&query->key, &query->grouper.store, slot->tts_values[0], &row);
	MemoryContextSwitchTo(caller);
	if (unlikely(!query->scratch->isReset))
		MemoryContextReset(query->scratch);
	if (unlikely(query->grouper.store.full))
		GrouperMakeRoom(&query->grouper);
}

/* ---------------------------------------------------------------- the query */

static void
CheckColumnCount(TupleDesc row)
{
	StringInfoData types;

	if (row->natts == 2 || row->natts == 3)
		return;
	initStringInfo(&types);
	for (int i = 0; i < row->natts; i++)
		appendStringInfo(&types, "%s%s", i > 0 ? ", " : "",
						 format_type_be(TupleDescAttr(row, i)->atttypid));
	ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
			errmsg_plural("query returns %d column (%s), not 2 or 3",
						  "query returns %d columns (%s), not 2 or 3", row->natts, row->natts,
						  types.data),
			errhint("Select " COLUMNS "."));
}

static TimeForm
FindTimeForm(TupleDesc row)
{
	switch (getBaseType(TupleDescAttr(row, 1)->atttypid))
	{
		case DATEOID:
			return TIME_DATE;
		case TIMESTAMPOID:
			return TIME_TIMESTAMP;
		case TIMESTAMPTZOID:
			return TIME_TIMESTAMPTZ;
		default:
			ReportBadColumn(row, 1, "date, timestamp or timestamp with time zone", COLUMNS);
	}
}

static AmountForm
FindAmountForm(TupleDesc row)
{
	if (row->natts < 3)
		return AMOUNT_NONE;
	switch (getBaseType(TupleDescAttr(row, 2)->atttypid))
	{
		case NUMERICOID:
			return AMOUNT_NUMERIC;
		case INT2OID:
			return AMOUNT_INT2;
		case INT4OID:
			return AMOUNT_INT4;
		case INT8OID:
			return AMOUNT_INT8;
		case FLOAT4OID:
			return AMOUNT_FLOAT4;
		case FLOAT8OID:
			return AMOUNT_FLOAT8;
		default:
			ReportBadColumn(row, 2, "a number", COLUMNS);
	}
}

/* What the query returns decides how its rows are read, before any is. */
static void
CheckColumns(void *target, TupleDesc row)
{
	HistoriesQuery	 *query = target;
	Form_pg_attribute id;
	Size			  budget = get_hash_memory_limit();

	CheckColumnCount(row);
	id = TupleDescAttr(row, 0);
	if (!IsBinaryCoercible(id->atttypid, query->key_type))
		ReportBadColumn(row, 0, format_type_be(query->key_type), COLUMNS);
	query->time_form = FindTimeForm(row);
	query->amount_form = FindAmountForm(row);
	QueryKeyInit(&query->key, id->atttypid, id->attcollation, query->context);
	GrouperInit(&query->grouper, query->context, budget / 8 * ROWS_EIGHTHS,
				QueryKeyIsInteger(&query->key), QueryKeyFixedLength(&query->key));
	if (query->key.form == QUERY_KEY_OTHER)
	{
		query->grouper.store.equal = QueryKeysEqual;
		query->grouper.store.equal_arg = &query->key;
	}
}

/* --------------------------------------------------------------- the result */

/* An EmitGroup: a customer's row into the result. */
static void
PutResultRow(void *target, const BookGroup *group)
{
	HistoriesQuery *query = target;
	Size			bound = VARHDRSZ + HistoryMaxBytes(group->ndays);
	MemoryContext	caller;
	Size			length;
	Datum			values[2] = {0};
	bool			nulls[2] = {group->isnull, false};

	if (bound > query->history_room)
	{
		query->history_room = Max(bound, query->history_room * 2);
		pfree(query->history);
		query->history = MemoryContextAllocHuge(query->context, query->history_room);
	}
	length = HistoryEncode((uint8 *) VARDATA(query->history), group->days, group->ndays,
						   query->amount_form != AMOUNT_NONE);
	if (length > HISTORY_MAX_BYTES)
		/* not reached: takes 90 million purchase days of one customer */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("purchase history too large: %zu days", group->ndays));
	SET_VARSIZE(query->history, VARHDRSZ + length);
	caller = MemoryContextSwitchTo(query->scratch);
	if (!group->isnull)
		values[0] = QueryKeyDatum(&query->key, group);
	values[1] = PointerGetDatum(query->history);
	tuplestore_putvalues(query->result->setResult, query->result->setDesc, values, nulls);
	MemoryContextSwitchTo(caller);
	if (!query->scratch->isReset)
		MemoryContextReset(query->scratch);
}

static TupleDesc
ResultRow(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleDesc	   row;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("set-valued function called in context that cannot accept a set"));
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "histories_of must return a table");
	return row;
}

/* An empty result, with as much memory as the rows leave of what is allowed. */
static void
BeginResult(FunctionCallInfo fcinfo, Size rows_bytes)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext  caller = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	Size		   limit = get_hash_memory_limit() / 8 * 7;
	Size		   kilobytes = (limit - Min(limit, rows_bytes)) / 1024;

	kilobytes = Min(Max(kilobytes, MIN_RESULT_KB), MAX_KILOBYTES);
	result->returnMode = SFRM_Materialize;
	result->setDesc = CreateTupleDescCopy(ResultRow(fcinfo));
	result->setResult = tuplestore_begin_heap(
		(result->allowedModes & SFRM_Materialize_Random) != 0, false, (int) kilobytes);
	MemoryContextSwitchTo(caller);
}

static HistoriesQuery *
BeginQuery(FunctionCallInfo fcinfo)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_ext histories_of",
												  ALLOCSET_DEFAULT_SIZES);
	HistoriesQuery *query = MemoryContextAllocZero(context, sizeof(HistoriesQuery));

	query->context = context;
	query->scratch = AllocSetContextCreate(context, "crm_ext row", ALLOCSET_SMALL_SIZES);
	query->result = (ReturnSetInfo *) fcinfo->resultinfo;
	query->key_type = TupleDescAttr(ResultRow(fcinfo), 0)->atttypid;
	query->history_room = 1024;
	query->history = MemoryContextAlloc(context, query->history_room);
	return query;
}

Datum
histories_of(PG_FUNCTION_ARGS)
{
	HistoriesQuery *query;
	Grouper		   *grouper;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
	{
		BeginResult(fcinfo, 0);
		return (Datum) 0;
	}
	query = BeginQuery(fcinfo);
	query->time_zone = PG_GETARG_TEXT_PP(2);
	(void) FindDayZone(query->time_zone);
	RunSelect(text_to_cstring(PG_GETARG_TEXT_PP(0)), COLUMNS, CheckColumns, ReceiveRow, query);
	grouper = &query->grouper;
	BeginResult(fcinfo,
				GrouperHasSpilled(grouper) ? grouper->budget : StoreBytes(&grouper->store));
	GrouperEmit(grouper, PutResultRow, query);
	MemoryContextDelete(query->context);
	return (Datum) 0;
}
