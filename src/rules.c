/*
 * rules.c - rules that users keep in a table of the extension.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "rules.h"

RulesMoment
RulesMomentOf(Snapshot snapshot)
{
	RulesMoment moment = {snapshot->xmin, snapshot->xmax, snapshot->xcnt + snapshot->subxcnt,
						  snapshot->curcid, GetCurrentSubTransactionId()};

	return moment;
}

/* The table beside the function: in its schema, wherever the extension has been moved. */
static Oid
RulesTable(const char *name, Oid function)
{
	Oid table = get_relname_relid(name, get_func_namespace(function));

	if (!OidIsValid(table) || get_rel_relkind(table) != RELKIND_RELATION)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("table \"%s\" is not in the schema of function %s", name,
					   get_func_name(function)));
	return table;
}

void
ReadRules(const char *table, Oid function, Snapshot snapshot, TakeRule take, void *list)
{
	Relation		relation = table_open(RulesTable(table, function), AccessShareLock);
	TableScanDesc	scan = table_beginscan(relation, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(relation, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		take(list, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(relation, AccessShareLock);
}
