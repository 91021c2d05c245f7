/*
 * clv/json.c - text form of models: JSON objects.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "clv/model.h"

PG_FUNCTION_INFO_V1(btyd_model_in);
PG_FUNCTION_INFO_V1(spend_model_in);
PG_FUNCTION_INFO_V1(renewal_model_in);
PG_FUNCTION_INFO_V1(fitted_model_out);
PG_FUNCTION_INFO_V1(fitted_model_to_jsonb);

static const char *const known_keys[] = {"family",	   "unit_days",
										 "params",	   "standard_errors",
										 "covariance", "log_likelihood",
										 "aic",		   "bic",
										 "customers",  "left_out",
										 "iterations", "converged",
										 "reason",	   "frequency_monetary_correlation"};

/* ---- out ---- */

/* The shortest decimal that reads back as the same double, whatever extra_float_digits says. */
static void
AppendDouble(StringInfo text, float8 value)
{
	char digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	double_to_shortest_decimal_buf(value, digits);
	appendStringInfoString(text, digits);
}

static void
AppendNumber(StringInfo text, const char *key, bool known, float8 value)
{
	appendStringInfo(text, ", \"%s\": ", key);
	if (known)
		AppendDouble(text, value);
	else
		appendStringInfoString(text, "null");
}

static void
AppendCount(StringInfo text, const char *key, bool known, int64 value)
{
	if (known)
		appendStringInfo(text, ", \"%s\": " INT64_FORMAT, key, value);
	else
		appendStringInfo(text, ", \"%s\": null", key);
}

/* Parameters, or their standard errors, by name. */
static void
AppendByName(StringInfo text, const FittedModel *model, const char *key, bool known,
			 bool errors)
{
	appendStringInfo(text, ", \"%s\": ", key);
	if (!known)
	{
		appendStringInfoString(text, "null");
		return;
	}
	for (int i = 0; i < ModelParameterCount(model); i++)
	{
		appendStringInfo(text, "%s\"%s\": ", i == 0 ? "{" : ", ", ModelParameterName(model, i));
		AppendDouble(text, errors ? ModelStandardError(model, i) : model->params[i]);
	}
	appendStringInfoChar(text, '}');
}

static void
AppendCovariance(StringInfo text, const FittedModel *model)
{
	int count = ModelParameterCount(model);

	appendStringInfoString(text, ", \"covariance\": ");
	if (!ModelHas(model, MODEL_CONVERGED))
	{
		appendStringInfoString(text, "null");
		return;
	}
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
		{
			appendStringInfoString(text, j > 0 ? ", " : i > 0 ? "], [" : "[[");
			AppendDouble(text, model->covariance[CovarianceIndex(i, j)]);
		}
	appendStringInfoString(text, "]]");
}

static char *
ModelToText(const FittedModel *model)
{
	bool		   fitted = ModelHas(model, MODEL_FITTED);
	bool		   estimated = fitted && ModelHas(model, MODEL_HAS_PARAMS);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"family\": \"%s\"", ModelFamilyName(model));
	if (model->kind == BTYD_MODEL)
		AppendNumber(&text, "unit_days", true, model->unit_days);
	AppendByName(&text, model, "params", ModelHas(model, MODEL_HAS_PARAMS), false);
	AppendByName(&text, model, "standard_errors", ModelHas(model, MODEL_CONVERGED), true);
	AppendCovariance(&text, model);
	AppendNumber(&text, "log_likelihood", estimated, model->log_likelihood);
	AppendNumber(&text, "aic", estimated, ModelAic(model));
	AppendNumber(&text, "bic", estimated, estimated ? ModelBic(model) : 0);
	AppendCount(&text, "customers", fitted, model->customers);
	AppendCount(&text, "left_out", fitted, model->left_out);
	AppendCount(&text, "iterations", fitted, model->iterations);
	appendStringInfo(&text, ", \"converged\": %s",
					 !fitted							? "null"
					 : ModelHas(model, MODEL_CONVERGED) ? "true"
														: "false");
	appendStringInfoString(&text, ", \"reason\": ");
	if (model->reason_length > 0)
		escape_json(&text, pnstrdup(model->reason, model->reason_length));
	else
		appendStringInfoString(&text, "null");
	if (model->kind == SPEND_MODEL)
		AppendNumber(&text, "frequency_monetary_correlation",
					 ModelHas(model, MODEL_HAS_CORRELATION), model->correlation);
	appendStringInfoChar(&text, '}');
	return text.data;
}

Datum
fitted_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelToText(PG_GETARG_FITTED_MODEL_P(0)));
}

Datum
fitted_model_to_jsonb(PG_FUNCTION_ARGS)
{
	char *text = ModelToText(PG_GETARG_FITTED_MODEL_P(0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* ---- in ---- */

typedef struct Reader
{
	ModelKind kind;
	Jsonb	 *object;
} Reader;

/* As an error context callback: the hint goes with whatever is wrong with the text. */
static void
AddHint(void *arg)
{
	switch (*(ModelKind *) arg)
	{
		case BTYD_MODEL:
			errhint("Models are built from parameters with an array: "
					"btyd_model('bg/nbd', ARRAY[r, alpha, a, b], 7).");
			break;
		case SPEND_MODEL:
			errhint("Models are built from parameters with an array: "
					"spend_model(ARRAY[p, q, gamma]).");
			break;
		case RENEWAL_MODEL:
			errhint("Models are built from parameters with an array: "
					"renewal_model(ARRAY[alpha, beta]).");
			break;
	}
}

pg_noreturn static void
ReportBadText(const Reader *reader, const char *detail)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			errmsg("invalid input syntax for type %s", ModelTypeName(reader->kind)),
			errdetail("%s.", detail));
}

/* The value of a key; NULL where it is missing or null. */
static JsonbValue *
FindKey(JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, (int) strlen(key), NULL);

	return value == NULL || value->type == jbvNull ? NULL : value;
}

static float8
DoubleOf(const Reader *reader, const JsonbValue *value, const char *key)
{
	if (value == NULL || value->type != jbvNumeric)
		ReportBadText(reader, psprintf("\"%s\" must be a number", key));
	return DatumGetFloat8(
		DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
}

static int64
CountOf(const Reader *reader, const char *key)
{
	JsonbValue *value = FindKey(&reader->object->root, key);
	Datum		number;
	int64		count;

	if (value == NULL)
		return 0;
	if (value->type != jbvNumeric)
		ReportBadText(reader, psprintf("\"%s\" must be a whole number", key));
	number = NumericGetDatum(value->val.numeric);
	count = DatumGetInt64(DirectFunctionCall1(numeric_int8, number));
	if (!DatumGetBool(
			DirectFunctionCall2(numeric_eq, number, DirectFunctionCall1(int8_numeric, count))))
		ReportBadText(reader, psprintf("\"%s\" must be a whole number", key));
	return count;
}

static JsonbContainer *
ContainerOf(const Reader *reader, const JsonbValue *value, bool array, uint32 size,
			const char *detail)
{
	JsonbContainer *container;

	if (value->type != jbvBinary)
		ReportBadText(reader, detail);
	container = value->val.binary.data;
	if ((array ? !JsonContainerIsArray(container) : !JsonContainerIsObject(container)) ||
		JsonContainerSize(container) != size)
		ReportBadText(reader, detail);
	return container;
}

static void
RequireKnownKeys(const Reader *reader)
{
	JsonbIterator	  *iterator = JsonbIteratorInit(&reader->object->root);
	JsonbValue		   value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		bool known = token != WJB_KEY;

		for (int i = 0; i < (int) lengthof(known_keys) && !known; i++)
			known = strlen(known_keys[i]) == (Size) value.val.string.len &&
					memcmp(known_keys[i], value.val.string.val, value.val.string.len) == 0;
		if (!known)
			ReportBadText(reader,
						  psprintf("Unknown key \"%s\"",
								   pnstrdup(value.val.string.val, value.val.string.len)));
	}
}

static void
ReadFamily(const Reader *reader, FittedModel *model)
{
	JsonbValue *family = FindKey(&reader->object->root, "family");

	if (family == NULL || family->type != jbvString)
		ReportBadText(reader, "\"family\" must be a string");
	if (model->kind == BTYD_MODEL)
		model->family = (uint8) FindFamily(family->val.string.val, family->val.string.len);
	else if (strlen(ModelFamilyName(model)) != (Size) family->val.string.len ||
			 memcmp(ModelFamilyName(model), family->val.string.val, family->val.string.len) !=
				 0)
		ReportBadText(reader, psprintf("\"family\" must be \"%s\"", ModelFamilyName(model)));
	if (model->kind == BTYD_MODEL)
		model->unit_days =
			DoubleOf(reader, FindKey(&reader->object->root, "unit_days"), "unit_days");
}

static void
ReadParams(const Reader *reader, FittedModel *model)
{
	JsonbValue	   *value = FindKey(&reader->object->root, "params");
	JsonbContainer *params;

	if (value == NULL)
		return;
	params = ContainerOf(reader, value, false, ModelParameterCount(model),
						 "\"params\" must be an object with the family's parameters");
	for (int i = 0; i < ModelParameterCount(model); i++)
		model->params[i] = DoubleOf(reader, FindKey(params, ModelParameterName(model, i)),
									ModelParameterName(model, i));
	model->flags |= MODEL_HAS_PARAMS;
}

static void
ReadCovariance(const Reader *reader, FittedModel *model)
{
	const char	   *shape = "\"covariance\" must be a square array of numbers, and symmetric";
	JsonbValue	   *value = FindKey(&reader->object->root, "covariance");
	uint32			count = ModelParameterCount(model);
	JsonbContainer *rows;

	if (value == NULL)
		return;
	rows = ContainerOf(reader, value, true, count, shape);
	for (uint32 i = 0; i < count; i++)
	{
		JsonbContainer *row =
			ContainerOf(reader, getIthJsonbValueFromContainer(rows, i), true, count, shape);

		for (uint32 j = 0; j < count; j++)
		{
			float8 entry =
				DoubleOf(reader, getIthJsonbValueFromContainer(row, j), "covariance");

			if (j <= i)
				model->covariance[CovarianceIndex(i, j)] = entry;
		}
	}
	for (uint32 i = 0; i < count; i++)
	{
		JsonbContainer *row = getIthJsonbValueFromContainer(rows, i)->val.binary.data;

		for (uint32 j = i + 1; j < count; j++)
			if (DoubleOf(reader, getIthJsonbValueFromContainer(row, j), "covariance") !=
				model->covariance[CovarianceIndex(i, j)])
				ReportBadText(reader, shape);
	}
}

/* "converged" says whether there was a fit at all. */
static void
ReadVerdict(const Reader *reader, FittedModel *model)
{
	JsonbValue *converged = FindKey(&reader->object->root, "converged");
	JsonbValue *value;

	if (converged == NULL)
		return;
	if (converged->type != jbvBool)
		ReportBadText(reader, "\"converged\" must be true, false or null");
	model->flags |= MODEL_FITTED;
	if (converged->val.boolean)
		model->flags |= MODEL_CONVERGED;
	value = FindKey(&reader->object->root, "log_likelihood");
	if (value != NULL || ModelHas(model, MODEL_HAS_PARAMS))
		model->log_likelihood = DoubleOf(reader, value, "log_likelihood");
	value = FindKey(&reader->object->root, "frequency_monetary_correlation");
	if (value != NULL)
	{
		model->correlation = DoubleOf(reader, value, "frequency_monetary_correlation");
		model->flags |= MODEL_HAS_CORRELATION;
	}
}

/* What follows from other keys must agree with them, exactly. */
static void
RequireAgreement(const Reader *reader, const FittedModel *model)
{
	JsonbContainer *root = &reader->object->root;
	JsonbValue	   *aic = FindKey(root, "aic");
	JsonbValue	   *bic = FindKey(root, "bic");
	JsonbValue	   *errors = FindKey(root, "standard_errors");
	JsonbContainer *named;

	if (aic != NULL && DoubleOf(reader, aic, "aic") != ModelAic(model))
		ReportBadText(reader, "\"aic\" does not agree with \"log_likelihood\"");
	if (bic != NULL &&
		(model->customers < 1 || DoubleOf(reader, bic, "bic") != ModelBic(model)))
		ReportBadText(reader, "\"bic\" does not agree with \"log_likelihood\"");
	if (errors == NULL)
		return;
	named = ContainerOf(reader, errors, false, ModelParameterCount(model),
						"\"standard_errors\" must be an object with the family's parameters");
	for (int i = 0; i < ModelParameterCount(model); i++)
		if (DoubleOf(reader, FindKey(named, ModelParameterName(model, i)), "standard_errors") !=
			ModelStandardError(model, i))
			ReportBadText(reader, "\"standard_errors\" do not agree with \"covariance\"");
}

static FittedModel *
ReadModel(const Reader *reader)
{
	JsonbValue	*reason;
	FittedModel *model;
	const char	*fault;

	if (!JB_ROOT_IS_OBJECT(reader->object))
		ReportBadText(reader, "A model is a JSON object");
	RequireKnownKeys(reader);
	reason = FindKey(&reader->object->root, "reason");
	if (reason != NULL &&
		(reason->type != jbvString || reason->val.string.len > MODEL_MAX_REASON))
		ReportBadText(reader, "\"reason\" must be a short string");
	model = NewModel(reader->kind, reason == NULL ? 0 : reason->val.string.len);
	if (reason != NULL)
		memcpy(model->reason, reason->val.string.val, reason->val.string.len);
	ReadFamily(reader, model);
	ReadParams(reader, model);
	ReadCovariance(reader, model);
	ReadVerdict(reader, model);
	model->customers = CountOf(reader, "customers");
	model->left_out = CountOf(reader, "left_out");
	model->iterations = (int32) Min(CountOf(reader, "iterations"), PG_INT32_MAX);
	fault = ModelFault(model);
	if (fault != NULL)
		ReportBadText(reader, fault);
	RequireAgreement(reader, model);
	return model;
}

static FittedModel *
ModelFromText(ModelKind kind, char *text)
{
	Reader				 reader = {kind, NULL};
	ErrorContextCallback hint = {error_context_stack, AddHint, &kind};
	FittedModel			*model;

	error_context_stack = &hint;
	reader.object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	model = ReadModel(&reader);
	error_context_stack = hint.previous;
	return model;
}

Datum
btyd_model_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_FITTED_MODEL_P(ModelFromText(BTYD_MODEL, PG_GETARG_CSTRING(0)));
}

Datum
spend_model_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_FITTED_MODEL_P(ModelFromText(SPEND_MODEL, PG_GETARG_CSTRING(0)));
}

Datum
renewal_model_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_FITTED_MODEL_P(ModelFromText(RENEWAL_MODEL, PG_GETARG_CSTRING(0)));
}
