/*
 * expansion/next_query.c - next_products for every customer of a query at once.
 *
 * Rows are grouped by customer as histories_of groups purchases, with the
 * number of the product in the place of the day: each customer comes with their
 * products sorted and each once, in memory or from temporary files.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/nodeHash.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "book/querykey.h"
#include "book/select.h"
#include "book/spill.h"
#include "compat.h"
#include "next.h"

PG_FUNCTION_INFO_V1(next_products_of_bigint);
PG_FUNCTION_INFO_V1(next_products_of_text);
PG_FUNCTION_INFO_V1(next_products_of_uuid);

#define COLUMNS "the customer id and the product id"
#define RESULT_COLUMNS 5

/* Arguments. */
enum
{
	COUNTS,
	QUERY,
	CUSTOMER_TYPE,
	PRODUCT_TYPE,
	HOW_MANY,
	NEIGHBOURS
};

typedef struct
{
	MemoryContext  context;
	MemoryContext  scratch; /* for one row */
	Oid			   customer_type;
	Oid			   product_type; /* of the query's column */
	QueryKey	   key;
	Grouper		   grouper;
	Recommender	   recommender;
	uint32		  *bought; /* of the customer at hand */
	Size		   bought_room;
	ReturnSetInfo *result;
} NextQuery;

/* --------------------------------------------------------- the query's rows */

/* Whether a product column of that type can be read as ids of that kind. */
static bool
ProductTypeFits(Oid type, BookKind kind)
{
	if (kind == BOOK_BIGINT && (type == INT2OID || type == INT4OID))
		return true;
	return IsBinaryCoercible(type, IdKindType(kind));
}

static void
CheckColumns(void *target, TupleDesc row)
{
	NextQuery *query = target;
	BookKind   kind = query->recommender.ids.kind;

	if (row->natts != 2)
		ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg_plural("query returns %d column, not 2",
							  "query returns %d columns, not 2", row->natts, row->natts),
				errhint("Select " COLUMNS "."));
	if (!IsBinaryCoercible(TupleDescAttr(row, 0)->atttypid, query->customer_type))
		ReportBadColumn(row, 0, format_type_be(query->customer_type), COLUMNS);
	query->product_type = getBaseType(TupleDescAttr(row, 1)->atttypid);
	if (!ProductTypeFits(query->product_type, kind))
		ReportBadColumn(row, 1, BookKindName(kind), COLUMNS);
	if (kind == BOOK_TEXT)
		CheckIdCollation(TupleDescAttr(row, 1)->attcollation);
	QueryKeyInit(&query->key, TupleDescAttr(row, 0)->atttypid,
				 TupleDescAttr(row, 0)->attcollation, query->context);
	GrouperInit(&query->grouper, query->context, get_hash_memory_limit() / 8 * 5,
				QueryKeyIsInteger(&query->key), QueryKeyFixedLength(&query->key));
	if (query->key.form == QUERY_KEY_OTHER)
	{
		query->grouper.store.equal = QueryKeysEqual;
		query->grouper.store.equal_arg = &query->key;
	}
}

static Datum
ProductDatum(Oid type, Datum value)
{
	if (type == INT4OID)
		return Int64GetDatum((int64) DatumGetInt32(value));
	if (type == INT2OID)
		return Int64GetDatum((int64) DatumGetInt16(value));
	return value;
}

/* A product that the counts do not know says nothing. */
static void
TakePurchase(void *target, TupleTableSlot *slot)
{
	NextQuery	 *query = target;
	HistoryDay	  row = {0, 1, 0};
	MemoryContext caller;
	uint32		  product;

	slot_getsomeattrs(slot, 2);
	if (slot->tts_isnull[0] || slot->tts_isnull[1])
		return;
	caller = MemoryContextSwitchTo(query->scratch);
	product = IdTableFindDatum(&query->recommender.table,
							   ProductDatum(query->product_type, slot->tts_values[1]));
	if (product != ID_NONE)
	{
		row.day = (DateADT) product;
		QueryKeyAdd(&query->key, &query->grouper.store, slot->tts_values[0], &row);
	}
	MemoryContextSwitchTo(caller);
	if (unlikely(!query->scratch->isReset))
		MemoryContextReset(query->scratch);
	if (unlikely(query->grouper.store.full))
		GrouperMakeRoom(&query->grouper);
}

/* --------------------------------------------------------------- the result */

static void
ReadBought(NextQuery *query, const BookGroup *group)
{
	if (group->ndays > query->bought_room)
	{
		query->bought_room = group->ndays * 2;
		query->bought = repalloc_huge(query->bought, query->bought_room * sizeof(uint32));
	}
	for (Size i = 0; i < group->ndays; i++)
		query->bought[i] = (uint32) group->days[i].day;
}

/* An EmitGroup: a customer's rows into the result. */
static void
PutCustomer(void *target, const BookGroup *group)
{
	NextQuery	 *query = target;
	Recommender	 *recommender = &query->recommender;
	MemoryContext caller = MemoryContextSwitchTo(query->scratch);
	bool		  nulls[RESULT_COLUMNS] = {false};
	Datum		  values[RESULT_COLUMNS];
	uint32		  n;

	ReadBought(query, group);
	n = RecommendNext(recommender, query->bought, group->ndays);
	if (n > 0)
		values[0] = QueryKeyDatum(&query->key, group);
	for (uint32 i = 0; i < n; i++)
	{
		const NextProduct *best = &recommender->best[i];

		values[1] = Int32GetDatum((int32) i + 1);
		values[2] = IdListDatum(&recommender->ids, best->product);
		values[3] = Float8GetDatum(best->score);
		values[4] = IdListDatum(&recommender->ids, best->because_of);
		tuplestore_putvalues(query->result->setResult, query->result->setDesc, values, nulls);
	}
	MemoryContextSwitchTo(caller);
	if (!query->scratch->isReset)
		MemoryContextReset(query->scratch);
}

static NextQuery *
BeginQuery(FunctionCallInfo fcinfo, BookKind kind)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_ext next_products",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	NextQuery	 *query = palloc0(sizeof(NextQuery));

	query->context = context;
	query->scratch = AllocSetContextCreate(context, "crm_ext row", ALLOCSET_SMALL_SIZES);
	query->result = (ReturnSetInfo *) fcinfo->resultinfo;
	query->customer_type = TupleDescAttr(query->result->setDesc, 0)->atttypid;
	query->bought_room = 64;
	query->bought = palloc(query->bought_room * sizeof(uint32));
	RecommenderInit(&query->recommender, PG_GETARG_BASKET_COUNTS_P(COUNTS), kind,
					PG_GETARG_INT32(HOW_MANY), PG_GETARG_INT32(NEIGHBOURS));
	MemoryContextSwitchTo(caller);
	return query;
}

static Datum
NextProductsOf(FunctionCallInfo fcinfo, BookKind kind)
{
	NextQuery *query;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(COUNTS) || PG_ARGISNULL(QUERY) || PG_ARGISNULL(HOW_MANY) ||
		PG_ARGISNULL(NEIGHBOURS))
		return (Datum) 0;
	query = BeginQuery(fcinfo, kind);
	RunSelect(text_to_cstring(PG_GETARG_TEXT_PP(QUERY)), COLUMNS, CheckColumns, TakePurchase,
			  query);
	GrouperEmit(&query->grouper, PutCustomer, query);
	MemoryContextDelete(query->context);
	return (Datum) 0;
}

Datum
next_products_of_bigint(PG_FUNCTION_ARGS)
{
	return NextProductsOf(fcinfo, BOOK_BIGINT);
}

Datum
next_products_of_text(PG_FUNCTION_ARGS)
{
	return NextProductsOf(fcinfo, BOOK_TEXT);
}

Datum
next_products_of_uuid(PG_FUNCTION_ARGS)
{
	return NextProductsOf(fcinfo, BOOK_UUID);
}
