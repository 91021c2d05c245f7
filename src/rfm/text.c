/*
 * rfm/text.c - text form of rfm_cuts.
 *
 * A JSON object:
 *     {"bins": 5, "recency": ["1997-02-28", ...], "frequency": [1, 2, 2, 4],
 *      "monetary": [24.50, ...]}
 * with arrays of cut points in ascending order; a dimension in which the
 * population had one value only is that value instead of an array. Where ties
 * are split each cut point is a pair [value, id], and "ids" names the ids'
 * type, "collation" their collation if it is text. Dates are ISO 8601 whatever
 * DateStyle says.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/uuid.h"

#include "compat.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_cuts_in);
PG_FUNCTION_INFO_V1(rfm_cuts_out);

static const char *const id_type_names[] = {NULL, "bigint", "text", "uuid"};

/* Cuts being read; money waits until the finest scale in it is known. */
typedef struct
{
	RfmCuts cuts;
	Numeric monetary[RFM_MAX_CUTS];
} CutsInProgress;

pg_noreturn static void
ReportBadText(const char *detail)
{
	ereport(
		ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		errmsg("invalid input syntax for type %s", "rfm_cuts"), errdetail("%s.", detail),
		errhint("Cuts look like {\"bins\": 3, \"recency\": [\"2024-03-01\", \"2024-06-01\"], "
				"\"frequency\": [2, 5], \"monetary\": [10.00, 99.50]}."));
}

static JsonbValue *
FindKey(Jsonb *object, const char *key)
{
	return getKeyJsonValueFromContainer(&object->root, key, (int) strlen(key), NULL);
}

static char *
StringOf(const JsonbValue *value, const char *expected)
{
	if (value == NULL || value->type != jbvString)
		ReportBadText(expected);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static Numeric
NumberOf(const JsonbValue *value, const char *expected)
{
	if (value == NULL || value->type != jbvNumeric)
		ReportBadText(expected);
	return value->val.numeric;
}

static int64
IntegerOf(const JsonbValue *value, const char *expected)
{
	Datum number = NumericGetDatum(NumberOf(value, expected));
	int64 integer = DatumGetInt64(DirectFunctionCall1(numeric_int8, number));

	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, number,
										  DirectFunctionCall1(int8_numeric, integer))))
		ReportBadText(expected);
	return integer;
}

static void
ReadValue(CutsInProgress *made, RfmDimensionName name, int i, const JsonbValue *value)
{
	int128 *cut = &made->cuts.dimensions[name].cuts[i];
	DateADT day;

	switch (name)
	{
		case RFM_RECENCY:
			day = DatumGetDateADT(DirectFunctionCall1(
				date_in, CStringGetDatum(StringOf(value, "recency takes dates"))));
			if (DATE_NOT_FINITE(day))
				ReportBadText("recency takes finite dates");
			*cut = day;
			break;
		case RFM_FREQUENCY:
			*cut = IntegerOf(value, "frequency takes whole numbers");
			break;
		case RFM_MONETARY:
			made->monetary[i] = NumberOf(value, "monetary takes numbers");
			break;
	}
}

static RfmId
ReadId(RfmIdType type, const JsonbValue *value)
{
	int64 *number;
	char  *string;

	switch (type)
	{
		case RFM_BIGINT_IDS:
			number = palloc(sizeof(int64));
			*number = IntegerOf(value, "bigint ids are whole numbers");
			return (RfmId){(char *) number, sizeof(int64)};
		case RFM_TEXT_IDS:
			string = StringOf(value, "text ids are strings");
			return (RfmId){string, (uint32) strlen(string)};
		default:
			string = StringOf(value, "uuid ids are strings");
			return (RfmId){
				(char *) DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(string)))
					->data,
				UUID_LEN};
	}
}

/* A cut point: a value, or [value, id] where ties are split. */
static void
ReadCutPoint(CutsInProgress *made, RfmDimensionName name, int i, const JsonbValue *point)
{
	JsonbContainer *pair;

	if (made->cuts.id_type == RFM_TIES_TOGETHER)
	{
		ReadValue(made, name, i, point);
		return;
	}
	if (point->type != jbvBinary || !JsonContainerIsArray(point->val.binary.data) ||
		JsonContainerSize(point->val.binary.data) != 2)
		ReportBadText("with ids each cut point is a pair [value, id]");
	pair = point->val.binary.data;
	ReadValue(made, name, i, getIthJsonbValueFromContainer(pair, 0));
	made->cuts.dimensions[name].ids[i] =
		ReadId(made->cuts.id_type, getIthJsonbValueFromContainer(pair, 1));
}

static void
ReadDimension(CutsInProgress *made, RfmDimensionName name, Jsonb *object)
{
	RfmDimension   *dimension = &made->cuts.dimensions[name];
	JsonbValue	   *value = FindKey(object, rfm_dimension_names[name]);
	JsonbContainer *points;

	if (value == NULL)
		ReportBadText("recency, frequency and monetary must all be there");
	if (value->type != jbvBinary)
	{
		dimension->one_value = true;
		ReadValue(made, name, 0, value);
		return;
	}
	points = value->val.binary.data;
	if (!JsonContainerIsArray(points) || JsonContainerSize(points) > RFM_MAX_CUTS)
		ReportBadText("a dimension is an array of at most 8 cut points, or one value");
	dimension->ncuts = (int) JsonContainerSize(points);
	for (int i = 0; i < dimension->ncuts; i++)
		ReadCutPoint(made, name, i, getIthJsonbValueFromContainer(points, i));
}

static void
ReadIdType(RfmCuts *cuts, Jsonb *object)
{
	JsonbValue *ids = FindKey(object, "ids");
	JsonbValue *collation = FindKey(object, "collation");
	char	   *name;

	if (ids != NULL)
	{
		name = StringOf(ids, "ids are bigint, text or uuid");
		for (int type = RFM_BIGINT_IDS; type <= RFM_UUID_IDS; type++)
		{
			if (strcmp(name, id_type_names[type]) == 0)
				cuts->id_type = (RfmIdType) type;
		}
		if (cuts->id_type == RFM_TIES_TOGETHER)
			ReportBadText("ids are bigint, text or uuid");
	}
	if (collation != NULL)
	{
		cuts->collation = StringOf(collation, "collation is a name");
		if (strlen(cuts->collation) > PG_UINT16_MAX)
			ReportBadText("the collation's name is too long");
		cuts->collation_length = (uint16) strlen(cuts->collation);
	}
}

Datum
rfm_cuts_in(PG_FUNCTION_ARGS)
{
	Datum		   json = DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0));
	Jsonb		  *object = DatumGetJsonbP(json);
	CutsInProgress made;
	const char	  *fault;
	int64		   bins;

	if (!JB_ROOT_IS_OBJECT(object))
		ReportBadText("expected an object");
	memset(&made, 0, sizeof(made));
	bins = IntegerOf(FindKey(object, "bins"), "bins must be a whole number");
	made.cuts.bins = (int) Max(Min(bins, RFM_MAX_BINS + 1), 0);
	ReadIdType(&made.cuts, object);
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		ReadDimension(&made, (RfmDimensionName) d, object);
	ScaleRfmMonetary(&made.cuts, made.monetary);
	fault = RfmCutsFault(&made.cuts);
	if (fault != NULL)
		ReportBadText(fault);
	PG_RETURN_RFM_CUTS_P(PackRfmCuts(&made.cuts));
}

static void
AppendDate(StringInfo text, DateADT day)
{
	struct pg_tm tm = {0};
	char		 date[MAXDATELEN + 1];

	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, date);
	appendStringInfo(text, "\"%s\"", date);
}

/* units / 10000^groups with at least two decimals, none of them needless. */
static void
AppendMonetary(StringInfo text, int128 units, int groups)
{
	uint128 magnitude = units < 0 ? -(uint128) units : (uint128) units;
	int		decimals = groups * 4;
	char	digits[64];
	int		n = 0;
	int		least = 0;

	do
	{
		digits[n++] = (char) ('0' + (int) (magnitude % 10));
		magnitude /= 10;
	} while (magnitude > 0 || n <= decimals);
	while (least < decimals - 2 && digits[least] == '0')
		least++;
	if (units < 0)
		appendStringInfoChar(text, '-');
	while (n > least)
	{
		if (n-- == decimals)
			appendStringInfoChar(text, '.');
		appendStringInfoChar(text, digits[n]);
	}
}

static void
AppendValue(StringInfo text, const RfmCuts *cuts, RfmDimensionName name, int128 value)
{
	switch (name)
	{
		case RFM_RECENCY:
			AppendDate(text, (DateADT) value);
			break;
		case RFM_FREQUENCY:
			appendStringInfo(text, INT64_FORMAT, (int64) value);
			break;
		case RFM_MONETARY:
			AppendMonetary(text, value, cuts->groups);
			break;
	}
}

static void
AppendId(StringInfo text, RfmIdType type, RfmId id)
{
	pg_uuid_t uuid;
	int64	  number;

	switch (type)
	{
		case RFM_TIES_TOGETHER:
			break;
		case RFM_BIGINT_IDS:
			memcpy(&number, id.bytes, sizeof(number));
			appendStringInfo(text, INT64_FORMAT, number);
			break;
		case RFM_TEXT_IDS:
			escape_json(text, pnstrdup(id.bytes, id.length));
			break;
		case RFM_UUID_IDS:
			memcpy(uuid.data, id.bytes, UUID_LEN);
			appendStringInfo(
				text, "\"%s\"",
				DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&uuid))));
			break;
	}
}

static void
AppendDimension(StringInfo text, const RfmCuts *cuts, RfmDimensionName name)
{
	const RfmDimension *dimension = &cuts->dimensions[name];

	appendStringInfo(text, ", \"%s\": ", rfm_dimension_names[name]);
	if (dimension->one_value)
	{
		AppendValue(text, cuts, name, dimension->cuts[0]);
		return;
	}
	appendStringInfoChar(text, '[');
	for (int i = 0; i < dimension->ncuts; i++)
	{
		if (i > 0)
			appendStringInfoString(text, ", ");
		if (cuts->id_type != RFM_TIES_TOGETHER)
			appendStringInfoChar(text, '[');
		AppendValue(text, cuts, name, dimension->cuts[i]);
		if (cuts->id_type != RFM_TIES_TOGETHER)
		{
			appendStringInfoString(text, ", ");
			AppendId(text, cuts->id_type, dimension->ids[i]);
			appendStringInfoChar(text, ']');
		}
	}
	appendStringInfoChar(text, ']');
}

Datum
rfm_cuts_out(PG_FUNCTION_ARGS)
{
	RfmCuts		   cuts;
	StringInfoData text;

	UnpackRfmCuts(&cuts, PG_GETARG_RFM_CUTS_P(0));
	initStringInfo(&text);
	appendStringInfo(&text, "{\"bins\": %d", cuts.bins);
	if (cuts.id_type != RFM_TIES_TOGETHER)
		appendStringInfo(&text, ", \"ids\": \"%s\"", id_type_names[cuts.id_type]);
	if (cuts.collation_length > 0)
	{
		appendStringInfoString(&text, ", \"collation\": ");
		escape_json(&text, pnstrdup(cuts.collation, cuts.collation_length));
	}
	for (int d = 0; d < RFM_DIMENSIONS; d++)
		AppendDimension(&text, &cuts, (RfmDimensionName) d);
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}
