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
PG_FUNCTION_INFO_V1(workspace_is_sampled);

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

/* What a query keeps: the hash function of the ids' type. */
typedef struct
{
	FmgrInfo hash;
	bool	 extended; /* it takes a seed, and its result has 64 bits */
} KeyHash;

static KeyHash *
FindKeyHash(FunctionCallInfo fcinfo)
{
	Oid				type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	TypeCacheEntry *entry =
		lookup_type_cache(type, TYPECACHE_HASH_PROC | TYPECACHE_HASH_EXTENDED_PROC);
	KeyHash *key = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(KeyHash));

	if (!OidIsValid(entry->hash_proc))
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
				errmsg("type %s has no hash function", format_type_be(type)));
	key->extended = OidIsValid(entry->hash_extended_proc);
	fmgr_info_cxt(key->extended ? entry->hash_extended_proc : entry->hash_proc, &key->hash,
				  fcinfo->flinfo->fn_mcxt);
	return key;
}

/*
 * Whether a customer is one of a sample of one in so many. The hash of the id decides, so that
 * the same customers are asked each time, whatever is between.
 */
Datum
workspace_is_sampled(PG_FUNCTION_ARGS)
{
	int64	 every = PG_GETARG_INT64(1);
	KeyHash *key = fcinfo->flinfo->fn_extra;
	uint64	 hash;

	if (every <= 1)
		PG_RETURN_BOOL(true);
	if (unlikely(key == NULL))
		fcinfo->flinfo->fn_extra = key = FindKeyHash(fcinfo);
	if (likely(key->extended))
		hash = DatumGetUInt64(FunctionCall2Coll(&key->hash, PG_GET_COLLATION(),
												PG_GETARG_DATUM(0), Int64GetDatum(0)));
	else
		hash = DatumGetUInt32(
			FunctionCall1Coll(&key->hash, PG_GET_COLLATION(), PG_GETARG_DATUM(0)));
	PG_RETURN_BOOL(hash % (uint64) every == 0);
}
