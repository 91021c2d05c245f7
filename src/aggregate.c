/*
 * aggregate.c - what every aggregate's support functions share.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"

#include "aggregate.h"
#include "compat.h"

MemoryContext
AggregateContext(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate support function called in non-aggregate context");
	return context;
}

bool
AggregateArgumentIsConstant(FunctionCallInfo fcinfo, int argno)
{
	Aggref		*aggref = AggGetAggref(fcinfo);
	TargetEntry *entry;

	if (aggref == NULL || argno >= list_length(aggref->args) ||
		aggref->aggsplit == AGGSPLIT_FINAL_DESERIAL)
		return false;
	entry = list_nth_node(TargetEntry, aggref->args, argno);
	return IsA(entry->expr, Const) ||
		   (IsA(entry->expr, Param) && castNode(Param, entry->expr)->paramkind == PARAM_EXTERN);
}

void
ReportChangedArgument(const char *name)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("argument \"%s\" must not change within a group", name),
			errhint("Pass a constant, or GROUP BY the expression."));
}

void
ReportNullArgument(const char *name)
{
	ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			errmsg("argument \"%s\" must not be null", name));
}

void
ReportBadBytes(const char *what)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("invalid %s", what));
}
