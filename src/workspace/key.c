/*
 * workspace/key.c - what a workspace must know of the type of customers' ids.
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(workspace_base_type);
PG_FUNCTION_INFO_V1(workspace_key_hashes);
PG_FUNCTION_INFO_V1(workspace_key_sorts);
PG_FUNCTION_INFO_V1(workspace_key_equality);

/* Anybody may call these with any number. */
static Oid
ExistingType(Oid type)
{
	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(type)))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("type with OID %u does not exist", type)));
	return type;
}

Datum
workspace_base_type(PG_FUNCTION_ARGS)
{
	PG_RETURN_OID(getBaseType(ExistingType(PG_GETARG_OID(0))));
}

Datum
workspace_key_hashes(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(OidIsValid(GetDefaultOpClass(ExistingType(PG_GETARG_OID(0)), HASH_AM_OID)));
}

Datum
workspace_key_sorts(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(OidIsValid(GetDefaultOpClass(ExistingType(PG_GETARG_OID(0)), BTREE_AM_OID)));
}

/*
 * Keys are compared by their type's own equality, whatever the search_path:
 * citext's is not in pg_catalog, and under a pinned path its = would be text's.
 */
Datum
workspace_key_equality(PG_FUNCTION_ARGS)
{
	TypeCacheEntry *type = lookup_type_cache(PG_GETARG_OID(0), TYPECACHE_EQ_OPR);
	List		   *name;
	List		   *arguments;

	if (!OidIsValid(type->eq_opr))
		PG_RETURN_NULL();
	format_operator_parts(type->eq_opr, &name, &arguments, false);
	PG_RETURN_TEXT_P(cstring_to_text(
		psprintf("OPERATOR(%s.%s)", quote_identifier(linitial(name)), (char *) lsecond(name))));
}
