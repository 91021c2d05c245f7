/*
 * rfm/cuts.c - rfm_cuts to bytes and back, their checks, ids and collations;
 * rfm.h has the layout.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "aggregate.h"
#include "compat.h"
#include "day.h"
#include "rfm.h"

#define HEADER_BYTES 8

const char *const rfm_dimension_names[RFM_DIMENSIONS] = {"recency", "frequency", "monetary"};

void
RequireRfmBins(int32 bins)
{
	if (bins < RFM_MIN_BINS || bins > RFM_MAX_BINS)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("bins must be between %d and %d, not %d", RFM_MIN_BINS, RFM_MAX_BINS, bins));
}

void
RequireRfmCustomer(DateADT last_purchase, int64 frequency)
{
	RequireFiniteDate(last_purchase, "last purchase");
	if (unlikely(frequency < 0))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("frequency must not be negative: %lld", (long long) frequency));
}

Oid
FindRfmCollation(const char *name, int length)
{
	return get_collation_oid(QualifiedNameToList(pnstrdup(name, length)), false);
}

char *
RfmCollationName(Oid collation)
{
	HeapTuple		  tuple;
	Form_pg_collation form;
	char			 *name;

	if (!OidIsValid(collation))
		ereport(ERROR, errcode(ERRCODE_INDETERMINATE_COLLATION),
				errmsg("could not determine which collation to order customer_id by"),
				errhint("Use the COLLATE clause to set the collation explicitly."));
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	if (!form->collisdeterministic)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("nondeterministic collation \"%s\" cannot split ties",
					   NameStr(form->collname)),
				errhint("Add COLLATE \"C\" to customer_id, also where scores are computed."));
	name = pstrdup(quote_qualified_identifier(get_namespace_name(form->collnamespace),
											  NameStr(form->collname)));
	ReleaseSysCache(tuple);
	return name;
}

int
CompareRfmIds(RfmIdType type, Oid collation, RfmId a, RfmId b)
{
	int64 left;
	int64 right;

	switch (type)
	{
		case RFM_BIGINT_IDS:
			memcpy(&left, a.bytes, sizeof(left));
			memcpy(&right, b.bytes, sizeof(right));
			return left < right ? -1 : left > right;
		case RFM_UUID_IDS:
			return memcmp(a.bytes, b.bytes, 16);
		case RFM_TEXT_IDS:
			return varstr_cmp(a.bytes, (int) a.length, b.bytes, (int) b.length, collation);
		case RFM_TIES_TOGETHER:
			break;
	}
	return 0;
}

void
ScaleRfmMonetary(RfmCuts *cuts, const Numeric *monetary)
{
	RfmDimension *dimension = &cuts->dimensions[RFM_MONETARY];
	int			  n = dimension->one_value ? 1 : dimension->ncuts;
	bool		  more;

	cuts->groups = 1;
	for (int i = 0; i < n; i++)
		cuts->groups = Max(cuts->groups, NumericGroups(monetary[i], "cut point"));
	cuts->groups = Min(cuts->groups, SCALED_DIGITS + 1);
	for (int i = 0; i < n; i++)
		dimension->cuts[i] = ScaleNumeric(monetary[i], cuts->groups, &more, "cut point");
}

/* Whether all monetary cut points are whole in units ten thousand times as large. */
static bool
UnitIsTooFine(const RfmDimension *monetary)
{
	int n = monetary->one_value ? 1 : monetary->ncuts;

	for (int i = 0; i < n; i++)
	{
		if (monetary->cuts[i] % MONEY_UNIT != 0)
			return false;
	}
	return true;
}

static void
CoarsenUnit(RfmCuts *cuts)
{
	RfmDimension *monetary = &cuts->dimensions[RFM_MONETARY];

	while (cuts->groups > 1 && UnitIsTooFine(monetary))
	{
		for (int i = 0; i < RFM_MAX_CUTS; i++)
			monetary->cuts[i] /= MONEY_UNIT;
		cuts->groups--;
	}
}

static int
StoredValues(const RfmDimension *dimension)
{
	return dimension->one_value ? 1 : dimension->ncuts;
}

static Size
PackedBytes(const RfmCuts *cuts)
{
	Size length = HEADER_BYTES + cuts->collation_length;

	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		const RfmDimension *dimension = &cuts->dimensions[d];

		length += 2 + StoredValues(dimension) * sizeof(int128);
		if (cuts->id_type == RFM_TIES_TOGETHER)
			continue;
		for (int i = 0; i < dimension->ncuts; i++)
			length +=
				dimension->ids[i].length + (cuts->id_type == RFM_TEXT_IDS ? sizeof(uint32) : 0);
	}
	return length;
}

static inline uint8 *
PutBytes(uint8 *out, const void *value, Size length)
{
	if (length > 0)
		memcpy(out, value, length);
	return out + length;
}

static uint8 *
PutDimension(uint8 *out, const RfmCuts *cuts, const RfmDimension *dimension)
{
	*out++ = dimension->one_value;
	*out++ = (uint8) (dimension->one_value ? 0 : dimension->ncuts);
	for (int i = 0; i < StoredValues(dimension); i++)
		out = PutBytes(out, &dimension->cuts[i], sizeof(int128));
	if (cuts->id_type == RFM_TIES_TOGETHER)
		return out;
	for (int i = 0; i < dimension->ncuts; i++)
	{
		const RfmId *id = &dimension->ids[i];

		if (cuts->id_type == RFM_TEXT_IDS)
			out = PutBytes(out, &id->length, sizeof(uint32));
		out = PutBytes(out, id->bytes, id->length);
	}
	return out;
}

PackedRfmCuts *
PackRfmCuts(RfmCuts *cuts)
{
	Size		   length;
	PackedRfmCuts *packed;
	uint8		  *out;

	CoarsenUnit(cuts);
	length = PackedBytes(cuts);
	packed = palloc0(VARHDRSZ + length);
	SET_VARSIZE(packed, VARHDRSZ + length);
	out = (uint8 *) VARDATA(packed);
	out[0] = RFM_VERSION;
	out[1] = (uint8) cuts->id_type;
	out[2] = (uint8) cuts->bins;
	out[3] = (uint8) cuts->groups;
	memcpy(out + 4, &cuts->collation_length, sizeof(uint16));
	out = PutBytes(out + HEADER_BYTES, cuts->collation, cuts->collation_length);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		out = PutDimension(out, cuts, &cuts->dimensions[d]);
	return packed;
}

/* Bytes not read yet. */
typedef struct
{
	const uint8 *next;
	const uint8 *end;
} Bytes;

static const uint8 *
TakeBytes(Bytes *bytes, Size length)
{
	const uint8 *taken = bytes->next;

	if ((Size) (bytes->end - bytes->next) < length)
		ReportBadBytes("rfm_cuts");
	bytes->next += length;
	return taken;
}

static void
TakeId(Bytes *bytes, RfmIdType type, RfmId *id)
{
	id->length = type == RFM_UUID_IDS ? 16 : sizeof(int64);
	if (type == RFM_TEXT_IDS)
		memcpy(&id->length, TakeBytes(bytes, sizeof(uint32)), sizeof(uint32));
	id->bytes = (const char *) TakeBytes(bytes, id->length);
}

static void
TakeDimension(Bytes *bytes, const RfmCuts *cuts, RfmDimension *dimension)
{
	const uint8 *head = TakeBytes(bytes, 2);

	if (head[0] > 1 || head[1] > RFM_MAX_CUTS)
		ReportBadBytes("rfm_cuts");
	memset(dimension, 0, sizeof(*dimension));
	dimension->one_value = head[0] != 0;
	dimension->ncuts = head[1];
	for (int i = 0; i < StoredValues(dimension); i++)
		memcpy(&dimension->cuts[i], TakeBytes(bytes, sizeof(int128)), sizeof(int128));
	for (int i = 0; cuts->id_type != RFM_TIES_TOGETHER && i < dimension->ncuts; i++)
		TakeId(bytes, cuts->id_type, &dimension->ids[i]);
}

void
UnpackRfmCuts(RfmCuts *cuts, const PackedRfmCuts *packed)
{
	Bytes		 bytes = {(const uint8 *) VARDATA_ANY(packed),
						  (const uint8 *) VARDATA_ANY(packed) + VARSIZE_ANY_EXHDR(packed)};
	const uint8 *header = TakeBytes(&bytes, HEADER_BYTES);

	if (header[0] != RFM_VERSION || header[1] > RFM_UUID_IDS || header[2] > RFM_MAX_BINS ||
		header[3] > SCALED_DIGITS)
		ReportBadBytes("rfm_cuts");
	cuts->id_type = (RfmIdType) header[1];
	cuts->bins = header[2];
	cuts->groups = header[3];
	memcpy(&cuts->collation_length, header + 4, sizeof(uint16));
	cuts->collation = (const char *) TakeBytes(&bytes, cuts->collation_length);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		TakeDimension(&bytes, cuts, &cuts->dimensions[d]);
}

static bool
ValueIsPossible(RfmDimensionName name, int128 value)
{
	switch (name)
	{
		case RFM_RECENCY:
			return value >= PG_INT32_MIN && value <= PG_INT32_MAX &&
				   IS_VALID_DATE((DateADT) value);
		case RFM_FREQUENCY:
			return value >= PG_INT64_MIN && value <= PG_INT64_MAX;
		case RFM_MONETARY:
			return value >= -SCALED_MAX && value <= SCALED_MAX;
	}
	return false;
}

/* Text ids are not compared: their collation need not exist yet when a dump is restored. */
static bool
IsInOrder(const RfmCuts *cuts, const RfmDimension *dimension, int i)
{
	if (dimension->cuts[i - 1] != dimension->cuts[i])
		return dimension->cuts[i - 1] < dimension->cuts[i];
	return cuts->id_type == RFM_TIES_TOGETHER || cuts->id_type == RFM_TEXT_IDS ||
		   CompareRfmIds(cuts->id_type, InvalidOid, dimension->ids[i - 1], dimension->ids[i]) <=
			   0;
}

const char *
RfmCutsFault(const RfmCuts *cuts)
{
	if (cuts->bins < RFM_MIN_BINS || cuts->bins > RFM_MAX_BINS)
		return "bins must be between 2 and 9";
	if (cuts->groups < 1 || cuts->groups > SCALED_DIGITS)
		return "monetary cut points must have at most 36 digits";
	if ((cuts->id_type == RFM_TEXT_IDS) != (cuts->collation_length > 0))
		return "text ids, and only these, have a collation";
	for (int d = 0; d < RFM_DIMENSIONS; d++)
	{
		const RfmDimension *dimension = &cuts->dimensions[d];

		if (dimension->one_value &&
			(dimension->ncuts > 0 || cuts->id_type != RFM_TIES_TOGETHER))
			return "where ties are split there must be cut points";
		if (dimension->ncuts >= cuts->bins)
			return "there must be fewer cut points than bins";
		for (int i = 0; i < StoredValues(dimension); i++)
		{
			if (!ValueIsPossible((RfmDimensionName) d, dimension->cuts[i]))
				return "a cut point is out of range";
			if (i > 0 && !IsInOrder(cuts, dimension, i))
				return "cut points must not decrease";
		}
	}
	return NULL;
}
