/*
 * book/select.c - a caller's SELECT, its rows handed over one by one.
 *
 * The query runs through SPI into a receiver of our own, so that its rows are
 * never stored as rows.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "tcop/cmdtag.h"
#include "utils/builtins.h"
#include "utils/plancache.h"

#include "compat.h"
#include "select.h"

typedef struct
{
	DestReceiver receiver; /* first, so that it can be cast */
	TakeRow		 take;
	void		*target;
} Receiver;

static bool
ReceiveRow(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver *receiver = (Receiver *) self;

	receiver->take(receiver->target, slot);
	return true;
}

static void
StartReceiver(DestReceiver *self, int operation, TupleDesc row)
{
}

static void
EndReceiver(DestReceiver *self)
{
}

static void
ReportBadQuery(const char *found, const char *columns)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("query must be one SELECT, not %s", found),
			errhint("It must return %s.", columns));
}

static void
CheckStatement(List *sources, const char *columns)
{
	CachedPlanSource *source;
	Query			 *query;

	if (list_length(sources) != 1)
		ReportBadQuery(psprintf("%d statements", list_length(sources)), columns);
	source = linitial(sources);
	query =
		list_length(source->query_list) == 1 ? linitial_node(Query, source->query_list) : NULL;
	if (source->commandTag != CMDTAG_SELECT || source->resultDesc == NULL || query == NULL ||
		query->commandType != CMD_SELECT)
		ReportBadQuery(GetCommandTagName(source->commandTag), columns);
	if (query->hasModifyingCTE)
		ReportBadQuery("one that changes data in a WITH clause", columns);
	if (query->rowMarks != NIL)
		ReportBadQuery("one that locks rows", columns);
}

void
RunSelect(const char *sql, const char *columns, CheckColumnsOf check, TakeRow take,
		  void *target)
{
	Receiver		  receiver = {.take = take, .target = target};
	SPIExecuteOptions options = {0};
	SPIPlanPtr		  plan;
	List			 *sources;
	int				  result;

	receiver.receiver.receiveSlot = ReceiveRow;
	receiver.receiver.rStartup = StartReceiver;
	receiver.receiver.rShutdown = EndReceiver;
	receiver.receiver.rDestroy = EndReceiver;
	/* nothing looks at it, but DestNone would say "no result" */
	receiver.receiver.mydest = DestTuplestore;
	SPI_connect();
	plan = SPI_prepare_cursor(sql, 0, NULL, CURSOR_OPT_PARALLEL_OK);
	if (plan == NULL)
		/* not reached: SPI_prepare_cursor raises errors itself */
		ReportBadQuery(SPI_result_code_string(SPI_result), columns);
	sources = SPI_plan_get_plan_sources(plan);
	CheckStatement(sources, columns);
	check(target, linitial_node(CachedPlanSource, sources)->resultDesc);
	options.read_only = true;
	options.dest = &receiver.receiver;
	result = SPI_execute_plan_extended(plan, &options);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(result));
	SPI_finish();
}

void
ReportBadColumn(TupleDesc row, int column, const char *expected, const char *columns)
{
	Form_pg_attribute attribute = TupleDescAttr(row, column);

	ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
			errmsg("column %d of the query (\"%s\") is of type %s, not %s", column + 1,
				   NameStr(attribute->attname), format_type_be(attribute->atttypid), expected),
			errhint("Columns are %s; cast what has another type.", columns));
}
