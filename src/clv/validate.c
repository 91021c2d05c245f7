/*
 * clv/validate.c - btyd_validate: predictions of a model against what came.
 *
 * Expected purchases are added as 128-bit integers of 2^-48, so that the sums
 * do not depend on the order of the rows.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/float.h"

#include "aggregate.h"
#include "clv/model.h"
#include "clv/statistics.h"
#include "day.h"
#include "math/score.h"
#include "state.h"

PG_FUNCTION_INFO_V1(btyd_validate_transfn);
PG_FUNCTION_INFO_V1(btyd_validate_combinefn);
PG_FUNCTION_INFO_V1(btyd_validate_serialfn);
PG_FUNCTION_INFO_V1(btyd_validate_deserialfn);
PG_FUNCTION_INFO_V1(btyd_validate_finalfn);

#define STATE_VERSION 1
#define CLASSES 8 /* frequencies 0 to 6, and 7 or more */
#define TICKS 281474976710656.0
#define LARGEST 1e18
#define BYTES_WHAT "btyd_validate state"

typedef struct ValidationClass
{
	int64  customers;
	int64  actual;
	int128 expected; /* ticks of 2^-48 */
} ValidationClass;

typedef struct ValidationState
{
	DateADT			calibration_end;
	DateADT			holdout_end;
	ValidationClass classes[CLASSES];
	int128			absolute; /* sums of errors, ticks */
	int128			squared;
	FittedModel	   *model;
} ValidationState;

static bool
SameBytes(const FittedModel *left, const FittedModel *right)
{
	return left == right ||
		   (VARSIZE(left) == VARSIZE(right) && memcmp(left, right, VARSIZE(left)) == 0);
}

static FittedModel *
CopyModel(MemoryContext context, const FittedModel *model)
{
	FittedModel *copy = MemoryContextAlloc(context, VARSIZE(model));

	memcpy(copy, model, VARSIZE(model));
	return copy;
}

static ValidationState *
NewState(MemoryContext context, const FittedModel *model, DateADT calibration_end,
		 DateADT holdout_end)
{
	ValidationState *state = MemoryContextAllocZero(context, sizeof(ValidationState));

	state->model = CopyModel(context, model);
	state->calibration_end = calibration_end;
	state->holdout_end = holdout_end;
	return state;
}

static void
RequireDates(DateADT calibration_end, DateADT holdout_end)
{
	RequireFiniteDate(calibration_end, "end of the calibration period");
	RequireFiniteDate(holdout_end, "end of the holdout period");
	if (holdout_end <= calibration_end)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("holdout_end must come after calibration_end: %s is not after %s",
					   DayText(holdout_end), DayText(calibration_end)));
}

static int128
TicksOf(float8 value)
{
	if (!(fabs(value) <= LARGEST))
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("expected purchases of %s are out of range", float8out_internal(value)));
	return (int128) rint(value * TICKS);
}

/* One customer: statistics as of the calibration's end, purchases after it. */
static void
AddCustomer(ValidationState *state, const PurchaseHistory *history)
{
	const FittedModel *model = state->model;
	CrmFamily		   family = (CrmFamily) model->family;
	int64			   before, after;
	float8			   recency, age, later_recency, later_age;
	float8			   unit = family == CRM_BG_BB ? 1 : model->unit_days;
	float8			   expected, error;
	CrmCustomer		   customer;
	CrmRestart		   restart;
	ValidationClass *class;

	if (!HistoryStatistics(family, history, state->calibration_end, model->unit_days, &before,
						   &recency, &age))
		return;
	(void) HistoryStatistics(family, history, state->holdout_end, model->unit_days, &after,
							 &later_recency, &later_age);
	customer.frequency = (float8) before;
	customer.recency = recency / unit;
	customer.age = age / unit;
	CrmRestartAt(family, model->params, &customer, &restart);
	expected = CrmExpectedPurchases(&restart, (later_age - age) / unit);
	error = expected - (float8) (after - before);
	class = &state->classes[Min(before, CLASSES - 1)];
	class->customers++;
	class->actual += after - before;
	class->expected += TicksOf(expected);
	state->absolute += TicksOf(fabs(error));
	state->squared += TicksOf(error * error);
}

/* model, h, calibration_end, holdout_end */
Datum
btyd_validate_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext	 context = AggregateContext(fcinfo);
	ValidationState *state = PG_ARGISNULL(0) ? NULL : (ValidationState *) PG_GETARG_POINTER(0);
	FittedModel		*model;
	DateADT			 calibration_end, holdout_end;

	if (PG_ARGISNULL(3))
		ReportNullArgument("calibration_end");
	if (PG_ARGISNULL(4))
		ReportNullArgument("holdout_end");
	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	model = PG_GETARG_FITTED_MODEL_P(1);
	calibration_end = PG_GETARG_DATEADT(3);
	holdout_end = PG_GETARG_DATEADT(4);
	if (state == NULL)
	{
		RequireDates(calibration_end, holdout_end);
		state = NewState(context, model, calibration_end, holdout_end);
	}
	if (!SameBytes(state->model, model))
		ReportChangedArgument("model");
	if (state->calibration_end != calibration_end)
		ReportChangedArgument("calibration_end");
	if (state->holdout_end != holdout_end)
		ReportChangedArgument("holdout_end");
	if (!PG_ARGISNULL(2) && ModelHas(model, MODEL_HAS_PARAMS))
		AddCustomer(state, PG_GETARG_PURCHASE_HISTORY_P(2));
	PG_RETURN_POINTER(state);
}

Datum
btyd_validate_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext	 context = AggregateContext(fcinfo);
	ValidationState *state, *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (ValidationState *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
		state = NewState(context, other->model, other->calibration_end, other->holdout_end);
	else
		state = (ValidationState *) PG_GETARG_POINTER(0);
	if (!SameBytes(state->model, other->model))
		ReportChangedArgument("model");
	if (state->calibration_end != other->calibration_end)
		ReportChangedArgument("calibration_end");
	if (state->holdout_end != other->holdout_end)
		ReportChangedArgument("holdout_end");
	for (int i = 0; i < CLASSES; i++)
	{
		state->classes[i].customers += other->classes[i].customers;
		state->classes[i].actual += other->classes[i].actual;
		state->classes[i].expected += other->classes[i].expected;
	}
	state->absolute += other->absolute;
	state->squared += other->squared;
	PG_RETURN_POINTER(state);
}

/* Version, dates, classes, sums, then the model's binary form. */
Datum
btyd_validate_serialfn(PG_FUNCTION_ARGS)
{
	ValidationState *state = (ValidationState *) PG_GETARG_POINTER(0);
	StringInfoData	 message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendint32(&message, state->calibration_end);
	pq_sendint32(&message, state->holdout_end);
	for (int i = 0; i < CLASSES; i++)
	{
		pq_sendint64(&message, state->classes[i].customers);
		pq_sendint64(&message, state->classes[i].actual);
		SendInt128(&message, state->classes[i].expected);
	}
	SendInt128(&message, state->absolute);
	SendInt128(&message, state->squared);
	SendModel(&message, state->model);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
btyd_validate_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData	 message;
	ValidationState *state = palloc0(sizeof(ValidationState));
	bool			 good = true;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(BYTES_WHAT);
	state->calibration_end = (DateADT) pq_getmsgint(&message, 4);
	state->holdout_end = (DateADT) pq_getmsgint(&message, 4);
	for (int i = 0; i < CLASSES; i++)
	{
		ValidationClass *class = &state->classes[i];

		class->customers = pq_getmsgint64(&message);
		class->actual = pq_getmsgint64(&message);
		class->expected = ReceiveInt128(&message);
		good = good && class->customers >= 0 && class->actual >= 0 && class->expected >= 0;
	}
	state->absolute = ReceiveInt128(&message);
	state->squared = ReceiveInt128(&message);
	if (!good || state->absolute < 0 || state->squared < 0 ||
		!IS_VALID_DATE(state->calibration_end) || !IS_VALID_DATE(state->holdout_end) ||
		state->holdout_end <= state->calibration_end)
		ReportBadBytes(BYTES_WHAT);
	state->model = ReceiveModel(BTYD_MODEL, &message);
	pq_getmsgend(&message);
	PG_RETURN_POINTER(state);
}

static Datum
ArrayOf(Datum *values, bool *nulls, Oid type)
{
	int dims[1] = {CLASSES};
	int lower[1] = {1};

	return PointerGetDatum(construct_md_array(values, nulls, 1, dims, lower, type, 8,
											  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* The columns of btyd_validation: customers[], actual[], expected[], mae, rmse, bias. */
static void
FillColumns(const ValidationState *state, Datum *columns)
{
	Datum  customers[CLASSES], actual[CLASSES], expected[CLASSES];
	bool   empty[CLASSES];
	float8 all = 0;
	int128 bias = 0;

	for (int i = 0; i < CLASSES; i++)
	{
		const ValidationClass *class = &state->classes[i];
		float8 n = (float8) class->customers;

		empty[i] = class->customers == 0;
		customers[i] = Int64GetDatum(class->customers);
		actual[i] = Float8GetDatum(empty[i] ? 0 : class->actual / n);
		expected[i] = Float8GetDatum(empty[i] ? 0 : (float8) class->expected / TICKS / n);
		all += n;
		bias += class->expected - (int128) class->actual * (int128) TICKS;
	}
	columns[0] = ArrayOf(customers, NULL, INT8OID);
	columns[1] = ArrayOf(actual, empty, FLOAT8OID);
	columns[2] = ArrayOf(expected, empty, FLOAT8OID);
	columns[3] = Float8GetDatum((float8) state->absolute / TICKS / all);
	columns[4] = Float8GetDatum(sqrt((float8) state->squared / TICKS / all));
	columns[5] = Float8GetDatum((float8) bias / TICKS / all);
}

Datum
btyd_validate_finalfn(PG_FUNCTION_ARGS)
{
	ValidationState *state;
	TupleDesc		 row;
	Datum			 columns[6];
	bool			 nulls[6] = {false};
	int64			 customers = 0;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ValidationState *) PG_GETARG_POINTER(0);
	for (int i = 0; i < CLASSES; i++)
		customers += state->classes[i].customers;
	if (customers == 0)
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "btyd_validate does not return a row");
	FillColumns(state, columns);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), columns, nulls)));
}
