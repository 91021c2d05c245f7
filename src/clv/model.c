/*
 * clv/model.c - fitted models: making and checking them; construction from
 * parameters; binary form.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "aggregate.h"
#include "clv/model.h"
#include "math/elementary.h"

PG_FUNCTION_INFO_V1(btyd_model_recv);
PG_FUNCTION_INFO_V1(spend_model_recv);
PG_FUNCTION_INFO_V1(renewal_model_recv);
PG_FUNCTION_INFO_V1(fitted_model_send);
PG_FUNCTION_INFO_V1(btyd_model);
PG_FUNCTION_INFO_V1(spend_model);
PG_FUNCTION_INFO_V1(renewal_model);

static const char *const type_names[] = {"btyd_model", "spend_model", "renewal_model"};
static const char *const spend_parameters[] = {"p", "q", "gamma"};
static const char *const renewal_parameters[] = {"alpha", "beta"};

int
ModelParameterCount(const FittedModel *model)
{
	return model->kind == BTYD_MODEL ? 4 : model->kind == SPEND_MODEL ? 3 : 2;
}

const char *
ModelParameterName(const FittedModel *model, int parameter)
{
	if (model->kind == BTYD_MODEL)
		return CrmParameterName((CrmFamily) model->family, parameter);
	return model->kind == SPEND_MODEL ? spend_parameters[parameter]
									  : renewal_parameters[parameter];
}

const char *
ModelFamilyName(const FittedModel *model)
{
	if (model->kind == BTYD_MODEL)
		return CrmFamilyName((CrmFamily) model->family);
	return model->kind == SPEND_MODEL ? "gamma-gamma" : "sbg";
}

const char *
ModelTypeName(ModelKind kind)
{
	return type_names[kind];
}

FittedModel *
NewModel(ModelKind kind, int reason_length)
{
	Size		 size = offsetof(FittedModel, reason) + reason_length;
	FittedModel *model = palloc0(size);

	SET_VARSIZE(model, size);
	model->version = MODEL_VERSION;
	model->kind = (uint8) kind;
	model->reason_length = reason_length;
	return model;
}

FittedModel *
ModelFromFit(ModelKind kind, CrmFamily family, float8 unit_days, const CrmFit *fit,
			 int64 left_out)
{
	FittedModel *model = NewModel(kind, (int) strlen(fit->reason));

	model->family = kind == BTYD_MODEL ? (uint8) family : 0;
	model->unit_days = unit_days;
	model->flags = MODEL_FITTED;
	model->customers = (int64) fit->customers;
	model->left_out = left_out;
	model->iterations = fit->iterations;
	memcpy(model->reason, fit->reason, model->reason_length);
	if (!fit->usable)
		return model;
	model->flags |= MODEL_HAS_PARAMS;
	model->log_likelihood = fit->log_likelihood;
	for (int i = 0; i < fit->count; i++)
		model->params[i] = fit->params[i];
	if (!fit->converged)
		return model;
	model->flags |= MODEL_CONVERGED;
	for (int i = 0; i < fit->count; i++)
		for (int j = 0; j <= i; j++)
			model->covariance[CovarianceIndex(i, j)] = fit->covariance[i][j];
	return model;
}

static bool
AllZero(const float8 *values, int count)
{
	for (int i = 0; i < count; i++)
		if (values[i] != 0 || signbit(values[i]))
			return false;
	return true;
}

/* So that the criteria made of it are finite too. */
#define MAX_LOG_LIKELIHOOD 1e300

/* Parameters and covariance: finite and positive where they are, zero elsewhere. */
static const char *
EstimateFault(const FittedModel *model)
{
	int count = ModelParameterCount(model);

	if (!ModelHas(model, MODEL_HAS_PARAMS))
		return AllZero(model->params, CRM_MAX_PARAMETERS) && model->log_likelihood == 0
				   ? NULL
				   : "parameters are not there and yet have values";
	for (int i = 0; i < count; i++)
		if (!(model->params[i] > 0 && isfinite(model->params[i])))
			return "parameters must be positive and finite";
	if (!AllZero(model->params + count, CRM_MAX_PARAMETERS - count) ||
		!(fabs(model->log_likelihood) <= MAX_LOG_LIKELIHOOD))
		return "the log-likelihood must be finite";
	if (ModelHas(model, MODEL_FITTED) && model->customers == 0)
		return "parameters are fitted to one customer at least";
	return NULL;
}

static const char *
CovarianceFault(const FittedModel *model)
{
	int count = ModelParameterCount(model);
	int used = count * (count + 1) / 2;

	if (!ModelHas(model, MODEL_CONVERGED))
		return AllZero(model->covariance, MODEL_COVARIANCES)
				   ? NULL
				   : "only a model that converged has a covariance";
	for (int i = 0; i < used; i++)
		if (!isfinite(model->covariance[i]))
			return "the covariance must be finite";
	for (int i = 0; i < count; i++)
		if (!(model->covariance[CovarianceIndex(i, i)] > 0))
			return "variances must be positive";
	return AllZero(model->covariance + used, MODEL_COVARIANCES - used)
			   ? NULL
			   : "the covariance has too many entries";
}

static const char *
FlagsFault(const FittedModel *model)
{
	if ((model->flags & ~MODEL_FLAGS) != 0)
		return "unknown flags";
	if (ModelHas(model, MODEL_CONVERGED) &&
		(!ModelHas(model, MODEL_FITTED) || !ModelHas(model, MODEL_HAS_PARAMS)))
		return "a model that converged was fitted and has parameters";
	if (ModelHas(model, MODEL_HAS_CORRELATION) &&
		(model->kind != SPEND_MODEL || !ModelHas(model, MODEL_FITTED)))
		return "only a fitted spend_model has a correlation";
	if (!ModelHas(model, MODEL_FITTED) &&
		(model->customers != 0 || model->left_out != 0 || model->iterations != 0 ||
		 model->log_likelihood != 0 || model->reason_length != 0))
		return "a model made from parameters has no figures of a fit";
	return NULL;
}

const char *
ModelFault(const FittedModel *model)
{
	const char *fault = FlagsFault(model);

	if (fault != NULL)
		return fault;
	if (model->kind == BTYD_MODEL
			? model->family > CRM_BG_BB || !(model->unit_days > 0 && isfinite(model->unit_days))
			: model->family != 0 || model->unit_days != 0)
		return "unit_days must be positive and finite";
	if (model->customers < 0 || model->left_out < 0 || model->iterations < 0)
		return "counts must not be negative";
	if (ModelHas(model, MODEL_HAS_CORRELATION) ? !(fabs(model->correlation) <= 1.0 + 1e-9)
											   : model->correlation != 0)
		return "a correlation lies between -1 and 1";
	for (int i = 0; i < model->reason_length; i++)
		if (model->reason[i] < 0x20 || model->reason[i] > 0x7e)
			return "the reason must be plain ASCII";
	fault = EstimateFault(model);
	return fault != NULL ? fault : CovarianceFault(model);
}

CrmFamily
FindFamily(const char *name, Size length)
{
	for (CrmFamily family = CRM_BG_NBD; family <= CRM_BG_BB; family++)
	{
		const char *known = CrmFamilyName(family);

		if (strlen(known) == length && memcmp(known, name, length) == 0)
			return family;
	}
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown model family \"%s\"", pnstrdup(name, length)),
			errhint("Families are bg/nbd, mbg/nbd, pareto/nbd and bg/bb."));
}

void
RequireUnitDays(float8 unit_days)
{
	if (!(unit_days > 0 && isfinite(unit_days)))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unit_days must be a positive number of days, not %s",
					   float8out_internal(unit_days)));
}

float8
ModelAic(const FittedModel *model)
{
	return 2.0 * ModelParameterCount(model) - 2.0 * model->log_likelihood;
}

float8
ModelBic(const FittedModel *model)
{
	return ModelParameterCount(model) * CrmLog((float8) model->customers) -
		   2.0 * model->log_likelihood;
}

float8
ModelStandardError(const FittedModel *model, int parameter)
{
	return sqrt(model->covariance[CovarianceIndex(parameter, parameter)]);
}

/* ---- from parameters ---- */

static FittedModel *
ModelFromArray(ModelKind kind, CrmFamily family, float8 unit_days, ArrayType *array)
{
	FittedModel *model = NewModel(kind, 0);
	int			 count;
	float8		*values;

	model->family = (uint8) family;
	model->unit_days = unit_days;
	model->flags = MODEL_HAS_PARAMS;
	count = ModelParameterCount(model);
	if (array_contains_nulls(array))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("parameters of %s must not contain nulls", ModelFamilyName(model)));
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != count)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s takes %d parameters, not %d", ModelFamilyName(model), count,
					   ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array))),
				errhint("In this order: %s, %s%s%s%s%s.", ModelParameterName(model, 0),
						ModelParameterName(model, 1), count > 2 ? ", " : "",
						count > 2 ? ModelParameterName(model, 2) : "", count > 3 ? ", " : "",
						count > 3 ? ModelParameterName(model, 3) : ""));
	values = (float8 *) ARR_DATA_PTR(array);
	for (int i = 0; i < count; i++)
	{
		if (!(values[i] > 0 && isfinite(values[i])))
			ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("parameter %s must be positive and finite, not %s",
						   ModelParameterName(model, i), float8out_internal(values[i])));
		model->params[i] = values[i];
	}
	return model;
}

Datum
btyd_model(PG_FUNCTION_ARGS)
{
	text  *name = PG_GETARG_TEXT_PP(0);
	float8 unit_days = PG_GETARG_FLOAT8(2);

	RequireUnitDays(unit_days);
	PG_RETURN_FITTED_MODEL_P(
		ModelFromArray(BTYD_MODEL, FindFamily(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)),
					   unit_days, PG_GETARG_ARRAYTYPE_P(1)));
}

Datum
spend_model(PG_FUNCTION_ARGS)
{
	PG_RETURN_FITTED_MODEL_P(
		ModelFromArray(SPEND_MODEL, (CrmFamily) 0, 0, PG_GETARG_ARRAYTYPE_P(0)));
}

Datum
renewal_model(PG_FUNCTION_ARGS)
{
	PG_RETURN_FITTED_MODEL_P(
		ModelFromArray(RENEWAL_MODEL, (CrmFamily) 0, 0, PG_GETARG_ARRAYTYPE_P(0)));
}

/* ---- binary form: version, family, flags, then the fields in network order ---- */

void
SendModel(StringInfo message, const FittedModel *model)
{
	pq_sendbyte(message, model->version);
	pq_sendbyte(message, model->family);
	pq_sendbyte(message, model->flags);
	pq_sendfloat8(message, model->unit_days);
	for (int i = 0; i < CRM_MAX_PARAMETERS; i++)
		pq_sendfloat8(message, model->params[i]);
	pq_sendfloat8(message, model->log_likelihood);
	pq_sendint64(message, model->customers);
	pq_sendint64(message, model->left_out);
	pq_sendfloat8(message, model->correlation);
	for (int i = 0; i < MODEL_COVARIANCES; i++)
		pq_sendfloat8(message, model->covariance[i]);
	pq_sendint32(message, model->iterations);
	pq_sendint32(message, model->reason_length);
	pq_sendbytes(message, model->reason, model->reason_length);
}

Datum
fitted_model_send(PG_FUNCTION_ARGS)
{
	StringInfoData message;

	pq_begintypsend(&message);
	SendModel(&message, PG_GETARG_FITTED_MODEL_P(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Text knows no negative zero, so the binary form has none either. */
static float8
ReceiveDouble(StringInfo message)
{
	return pq_getmsgfloat8(message) + 0.0;
}

FittedModel *
ReceiveModel(ModelKind kind, StringInfo message)
{
	FittedModel	 fixed = {0};
	FittedModel *model;
	const char	*reason;

	if (pq_getmsgbyte(message) != MODEL_VERSION)
		ReportBadBytes(ModelTypeName(kind));
	fixed.family = (uint8) pq_getmsgbyte(message);
	fixed.flags = (uint8) pq_getmsgbyte(message);
	fixed.unit_days = ReceiveDouble(message);
	for (int i = 0; i < CRM_MAX_PARAMETERS; i++)
		fixed.params[i] = ReceiveDouble(message);
	fixed.log_likelihood = ReceiveDouble(message);
	fixed.customers = pq_getmsgint64(message);
	fixed.left_out = pq_getmsgint64(message);
	fixed.correlation = ReceiveDouble(message);
	for (int i = 0; i < MODEL_COVARIANCES; i++)
		fixed.covariance[i] = ReceiveDouble(message);
	fixed.iterations = (int32) pq_getmsgint(message, 4);
	fixed.reason_length = (int32) pq_getmsgint(message, 4);
	if (fixed.reason_length < 0 || fixed.reason_length > MODEL_MAX_REASON)
		ReportBadBytes(ModelTypeName(kind));
	reason = pq_getmsgbytes(message, fixed.reason_length);
	model = NewModel(kind, fixed.reason_length);
	memcpy(&model->family, &fixed.family,
		   offsetof(FittedModel, reason) - offsetof(FittedModel, family));
	memcpy(model->reason, reason, fixed.reason_length);
	if (ModelFault(model) != NULL)
		ReportBadBytes(ModelTypeName(kind));
	return model;
}

Datum
btyd_model_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_FITTED_MODEL_P(ReceiveModel(BTYD_MODEL, (StringInfo) PG_GETARG_POINTER(0)));
}

Datum
spend_model_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_FITTED_MODEL_P(ReceiveModel(SPEND_MODEL, (StringInfo) PG_GETARG_POINTER(0)));
}

Datum
renewal_model_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_FITTED_MODEL_P(ReceiveModel(RENEWAL_MODEL, (StringInfo) PG_GETARG_POINTER(0)));
}
