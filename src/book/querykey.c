/*
 * book/querykey.c - customer ids of any type, as histories_of reads them.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "compat.h"
#include "querykey.h"

static QueryKeyForm
KeyForm(Oid type, Oid collation)
{
	switch (type)
	{
		case INT2OID:
			return QUERY_KEY_INT2;
		case INT4OID:
			return QUERY_KEY_INT4;
		case INT8OID:
			return QUERY_KEY_INT8;
		case UUIDOID:
			return QUERY_KEY_UUID;
		case TEXTOID:
		case VARCHAROID:
			return get_collation_isdeterministic(collation) ? QUERY_KEY_BYTES : QUERY_KEY_OTHER;
		default:
			return QUERY_KEY_OTHER;
	}
}

/* Hash and equality of the type's default hash operator class. */
static void
FindHashClass(QueryKey *key, Oid type, MemoryContext context)
{
	TypeCacheEntry *entry = lookup_type_cache(
		type, TYPECACHE_HASH_OPFAMILY | TYPECACHE_HASH_PROC | TYPECACHE_HASH_EXTENDED_PROC);
	Oid hash =
		OidIsValid(entry->hash_extended_proc) ? entry->hash_extended_proc : entry->hash_proc;
	Oid equal = InvalidOid;

	if (OidIsValid(entry->hash_opf))
		equal = get_opfamily_member(entry->hash_opf, entry->hash_opintype, entry->hash_opintype,
									HTEqualStrategyNumber);
	if (!OidIsValid(hash) || !OidIsValid(equal))
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
				errmsg("could not identify a hash function for type %s", format_type_be(type)),
				errhint("Customer ids need a type with a default hash operator class."));
	key->wide_hash = OidIsValid(entry->hash_extended_proc);
	fmgr_info_cxt(hash, &key->hash, context);
	fmgr_info_cxt(get_opcode(equal), &key->equal, context);
}

void
QueryKeyInit(QueryKey *key, Oid type, Oid collation, MemoryContext context)
{
	memset(key, 0, sizeof(QueryKey));
	type = getBaseType(type);
	if (type_is_collatable(type) && !OidIsValid(collation))
		ereport(ERROR, errcode(ERRCODE_INDETERMINATE_COLLATION),
				errmsg("could not determine which collation to use for customer ids"),
				errhint("Use the COLLATE clause to set the collation explicitly."));
	key->collation = collation;
	key->form = KeyForm(type, collation);
	get_typlenbyval(type, &key->typlen, &key->typbyval);
	if (key->form == QUERY_KEY_OTHER)
		FindHashClass(key, type, context);
	key->scratch = AllocSetContextCreate(context, "crm_ext key", ALLOCSET_SMALL_SIZES);
}

bool
QueryKeyIsInteger(const QueryKey *key)
{
	return key->form <= QUERY_KEY_INT8;
}

int
QueryKeyFixedLength(const QueryKey *key)
{
	return key->form == QUERY_KEY_UUID ? UUID_LEN : 0;
}

/* The bytes a value is made of, without a varlena header. */
static const uint8 *
DatumBytes(const QueryKey *key, const Datum *id, Size *length)
{
	if (key->typbyval)
	{
		*length = sizeof(Datum);
		return (const uint8 *) id;
	}
	if (key->typlen > 0)
		*length = key->typlen;
	else if (key->typlen == -2)
		/* not reached: no such type of the server has a hash operator class */
		*length = strlen(DatumGetCString(*id)) + 1;
	else
	{
		struct varlena *value = PG_DETOAST_DATUM_PACKED(*id);

		*length = VARSIZE_ANY_EXHDR(value);
		return (const uint8 *) VARDATA_ANY(value);
	}
	return (const uint8 *) DatumGetPointer(*id);
}

/* A value of those bytes, palloc'd unless passed by value. */
static Datum
BytesDatum(const QueryKey *key, const uint8 *bytes, Size length)
{
	struct varlena *value;
	Datum			id;

	if (key->typbyval)
	{
		memcpy(&id, bytes, sizeof(Datum));
		return id;
	}
	if (key->typlen != -1)
		return PointerGetDatum(memcpy(palloc(length), bytes, length));
	value = palloc(VARHDRSZ + length);
	SET_VARSIZE(value, VARHDRSZ + length);
	memcpy(VARDATA(value), bytes, length);
	return PointerGetDatum(value);
}

bool
QueryKeysEqual(void *arg, const uint8 *a, Size a_length, const uint8 *b, Size b_length)
{
	QueryKey	 *key = arg;
	MemoryContext caller = MemoryContextSwitchTo(key->scratch);
	bool		  equal = DatumGetBool(FunctionCall2Coll(&key->equal, key->collation,
														 BytesDatum(key, a, a_length),
														 BytesDatum(key, b, b_length)));

	MemoryContextSwitchTo(caller);
	MemoryContextReset(key->scratch);
	return equal;
}

/* 32 bits of hash are spread over 64, because the upper ones decide first. */
static uint64
HashDatum(QueryKey *key, Datum id)
{
	if (key->wide_hash)
		return DatumGetUInt64(
			FunctionCall2Coll(&key->hash, key->collation, id, Int64GetDatum(0)));
	return DatumGetUInt32(FunctionCall1Coll(&key->hash, key->collation, id)) *
		   UINT64CONST(0x9E3779B97F4A7C15);
}

static void
AddBytes(QueryKey *key, RowStore *store, Datum id, const HistoryDay *day)
{
	Size		 length;
	const uint8 *bytes = DatumBytes(key, &id, &length);
	uint64		 hash =
		  key->form == QUERY_KEY_OTHER ? HashDatum(key, id) : HashKeyBytes(bytes, length);

	StoreAddBytes(store, hash, bytes, length, day);
}

void
QueryKeyAdd(QueryKey *key, RowStore *store, Datum id, const HistoryDay *day)
{
	switch (key->form)
	{
		case QUERY_KEY_INT2:
			StoreAddInteger(store, IntegerKey((int64) DatumGetInt16(id)), day);
			break;
		case QUERY_KEY_INT4:
			StoreAddInteger(store, IntegerKey((int64) DatumGetInt32(id)), day);
			break;
		case QUERY_KEY_INT8:
			StoreAddInteger(store, IntegerKey(DatumGetInt64(id)), day);
			break;
		default:
			AddBytes(key, store, id, day);
			break;
	}
}

Datum
QueryKeyDatum(const QueryKey *key, const BookGroup *group)
{
	switch (key->form)
	{
		case QUERY_KEY_INT2:
			return Int16GetDatum((int16) KeyInteger(group->key));
		case QUERY_KEY_INT4:
			return Int32GetDatum((int32) KeyInteger(group->key));
		case QUERY_KEY_INT8:
			return Int64GetDatum(KeyInteger(group->key));
		default:
			return BytesDatum(key, group->bytes, group->length);
	}
}
