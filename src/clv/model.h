/*
 * clv/model.h - fitted models as values: btyd_model, spend_model, renewal_model.
 *
 * One stored form for the three. It is canonical: equal models have equal
 * bytes; fields that do not apply are zero. Standard errors, aic and bic are
 * not stored, they follow from the rest.
 */
#ifndef CRM_CLV_MODEL_H
#define CRM_CLV_MODEL_H

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "compat.h"
#include "math/btyd.h"

#define MODEL_VERSION 1
#define MODEL_HAS_PARAMS 0x01
#define MODEL_FITTED 0x02
#define MODEL_CONVERGED 0x04
#define MODEL_HAS_CORRELATION 0x08
#define MODEL_FLAGS 0x0F

#define MODEL_MAX_REASON 200
#define MODEL_COVARIANCES (CRM_MAX_PARAMETERS * (CRM_MAX_PARAMETERS + 1) / 2)

typedef enum ModelKind
{
	BTYD_MODEL,
	SPEND_MODEL,
	RENEWAL_MODEL
} ModelKind;

typedef struct FittedModel
{
	int32  vl_len_; /* varlena header: do not touch */
	uint8  version;
	uint8  kind;
	uint8  family; /* CrmFamily of a btyd_model */
	uint8  flags;
	float8 unit_days; /* of a btyd_model */
	float8 params[CRM_MAX_PARAMETERS];
	float8 log_likelihood; /* where fitted and there are params */
	int64  customers;	   /* these where fitted */
	int64  left_out;
	float8 correlation;					  /* of a spend_model */
	float8 covariance[MODEL_COVARIANCES]; /* where converged: rows of the lower triangle */
	int32  iterations;
	int32  reason_length;
	char   reason[FLEXIBLE_ARRAY_MEMBER]; /* in ASCII, no terminator */
} FittedModel;

#define DatumGetFittedModelP(X) ((FittedModel *) PG_DETOAST_DATUM(X))
#define PG_GETARG_FITTED_MODEL_P(n) DatumGetFittedModelP(PG_GETARG_DATUM(n))
#define PG_RETURN_FITTED_MODEL_P(x) PG_RETURN_POINTER(x)

/* Number and names of a model's parameters. */
extern int		   ModelParameterCount(const FittedModel *model);
extern const char *ModelParameterName(const FittedModel *model, int parameter);

/* "bg/nbd", ..., "gamma-gamma", "sbg" */
extern const char *ModelFamilyName(const FittedModel *model);

/* "btyd_model", ... */
extern const char *ModelTypeName(ModelKind kind);

static inline bool
ModelHas(const FittedModel *model, int flag)
{
	return (model->flags & flag) != 0;
}

static inline int
CovarianceIndex(int row, int column)
{
	return row >= column ? row * (row + 1) / 2 + column : column * (column + 1) / 2 + row;
}

/* A zeroed model with room for a reason of that length. */
extern FittedModel *NewModel(ModelKind kind, int reason_length);

/* A fit as a model. */
extern FittedModel *ModelFromFit(ModelKind kind, CrmFamily family, float8 unit_days,
								 const CrmFit *fit, int64 left_out);

/* What is wrong with a model, as a clause; NULL when nothing is. */
extern const char *ModelFault(const FittedModel *model);

/* The family of that name; 22023 when there is none. */
extern CrmFamily FindFamily(const char *name, Size length);

/* 22023 unless finite and positive. */
extern void RequireUnitDays(float8 unit_days);

/* The binary form; receiving checks everything (22P03). */
extern void			SendModel(StringInfo message, const FittedModel *model);
extern FittedModel *ReceiveModel(ModelKind kind, StringInfo message);

/* Derived figures. */
extern float8 ModelAic(const FittedModel *model);
extern float8 ModelBic(const FittedModel *model);
extern float8 ModelStandardError(const FittedModel *model, int parameter);

#endif /* CRM_CLV_MODEL_H */
