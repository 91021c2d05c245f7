/*
 * clv/fit.c - btyd_fit, gamma_gamma_fit, sbg_fit: customers to a model.
 *
 * A row with a NULL among the customer's values is ignored; NULL as family,
 * as_of or unit_days is an error.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "aggregate.h"
#include "clv/fit.h"
#include "clv/statistics.h"
#include "day.h"
#include "math/spend.h"
#include "state.h"

PG_FUNCTION_INFO_V1(btyd_fit_transfn);
PG_FUNCTION_INFO_V1(btyd_fit_transfn_history);
PG_FUNCTION_INFO_V1(gamma_gamma_fit_transfn);
PG_FUNCTION_INFO_V1(gamma_gamma_fit_transfn_history);
PG_FUNCTION_INFO_V1(sbg_fit_transfn);
PG_FUNCTION_INFO_V1(btyd_fit_finalfn);
PG_FUNCTION_INFO_V1(gamma_gamma_fit_finalfn);
PG_FUNCTION_INFO_V1(sbg_fit_finalfn);

#define DEFAULT_UNIT_DAYS 7.0

static uint32
NarrowCount(const char *name, int64 value)
{
	if (value < 0)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not be negative, got " INT64_FORMAT, name, value));
	if (value > PG_UINT32_MAX)
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("%s " INT64_FORMAT " is out of range", name, value));
	return (uint32) value;
}

static float8
UnitDaysArgument(FunctionCallInfo fcinfo, int argno)
{
	if (PG_NARGS() <= argno)
		return DEFAULT_UNIT_DAYS;
	if (PG_ARGISNULL(argno))
		ReportNullArgument("unit_days");
	return PG_GETARG_FLOAT8(argno);
}

/* The state in argument 0, made when the first row comes; family is argument 1. */
static FitState *
BtydState(FunctionCallInfo fcinfo, float8 unit_days)
{
	MemoryContext context = AggregateContext(fcinfo);
	FitState	 *state = PG_ARGISNULL(0) ? NULL : (FitState *) PG_GETARG_POINTER(0);
	text		 *name;
	const char	 *known;

	if (PG_ARGISNULL(1))
		ReportNullArgument("family");
	name = PG_GETARG_TEXT_PP(1);
	if (state == NULL)
	{
		RequireUnitDays(unit_days);
		state = NewFitState(context, BTYD_MODEL, 0);
		state->family = FindFamily(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
		state->unit_days = unit_days;
		return state;
	}
	known = CrmFamilyName(state->family);
	if (VARSIZE_ANY_EXHDR(name) != strlen(known) ||
		memcmp(VARDATA_ANY(name), known, strlen(known)) != 0)
		ReportChangedArgument("family");
	if (state->unit_days != unit_days)
		ReportChangedArgument("unit_days");
	return state;
}

/* Model units to days: whole days as whole numbers, so that equal days are equal. */
static float8
DaysOf(float8 units, float8 unit_days)
{
	float8 days = units * unit_days;
	float8 whole = rint(days);

	if (!isfinite(days))
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("time %s is out of range", float8out_internal(units)));
	return whole / unit_days == units ? whole + 0.0 : days + 0.0;
}

static FitState *
AddStatistics(FitState *state, int64 frequency, float8 recency, float8 age, uint32 weight)
{
	CrmHistoryRow row;

	row.frequency = NarrowCount("frequency", frequency);
	row.weight = weight;
	row.recency = recency;
	row.age = age;
	return weight > 0 ? AddFitRow(state, &row) : state;
}

/* family, frequency, recency, age [, weight [, unit_days]] */
Datum
btyd_fit_transfn(PG_FUNCTION_ARGS)
{
	FitState *state = BtydState(fcinfo, UnitDaysArgument(fcinfo, 6));
	int64	  frequency;
	float8	  recency, age;
	uint32	  weight = 1;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4) ||
		(PG_NARGS() > 5 && PG_ARGISNULL(5)))
		PG_RETURN_POINTER(state);
	frequency = PG_GETARG_INT64(2);
	recency = PG_GETARG_FLOAT8(3);
	age = PG_GETARG_FLOAT8(4);
	if (PG_NARGS() > 5)
		weight = NarrowCount("weight", PG_GETARG_INT64(5));
	RequireStatistics(state->family, frequency, recency, age);
	if (state->family != CRM_BG_BB)
	{
		recency = DaysOf(recency, state->unit_days);
		age = DaysOf(age, state->unit_days);
	}
	else
	{
		recency += 0.0; /* no negative zero */
		age += 0.0;
	}
	PG_RETURN_POINTER(AddStatistics(state, frequency, recency, age, weight));
}

/* Checks as_of, which may not change, and keeps it. */
static DateADT
AsOfArgument(FunctionCallInfo fcinfo, int argno, FitState *state)
{
	DateADT as_of;

	if (PG_ARGISNULL(argno))
		ReportNullArgument("as_of");
	as_of = PG_GETARG_DATEADT(argno);
	if (state->has_as_of && state->as_of != as_of)
		ReportChangedArgument("as_of");
	if (!state->has_as_of)
		RequireFiniteDate(as_of, "as-of date");
	state->has_as_of = true;
	state->as_of = as_of;
	return as_of;
}

/* family, h, as_of [, unit_days] */
Datum
btyd_fit_transfn_history(PG_FUNCTION_ARGS)
{
	FitState *state = BtydState(fcinfo, UnitDaysArgument(fcinfo, 4));
	DateADT	  as_of = AsOfArgument(fcinfo, 3, state);
	int64	  frequency;
	float8	  recency, age;

	if (PG_ARGISNULL(2))
		PG_RETURN_POINTER(state);
	if (!HistoryStatistics(state->family, PG_GETARG_PURCHASE_HISTORY_P(2), as_of,
						   state->unit_days, &frequency, &recency, &age))
	{
		state->left_out++;
		PG_RETURN_POINTER(state);
	}
	PG_RETURN_POINTER(AddStatistics(state, frequency, recency, age, 1));
}

static FitState *
PlainState(FunctionCallInfo fcinfo, ModelKind kind)
{
	MemoryContext context = AggregateContext(fcinfo);

	return PG_ARGISNULL(0) ? NewFitState(context, kind, 0) : (FitState *) PG_GETARG_POINTER(0);
}

/*
 * One-time buyers say nothing about spend per repeat purchase; those whose
 * mean is not positive are left out and counted.
 */
static FitState *
AddSpend(FitState *state, int64 frequency, float8 monetary)
{
	CrmHistoryRow row = {0};

	if (!isfinite(monetary))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("monetary must be finite, got %s", float8out_internal(monetary)));
	row.frequency = NarrowCount("frequency", frequency);
	if (frequency == 0)
		return state;
	if (!(monetary > 0))
	{
		state->left_out++;
		return state;
	}
	row.recency = monetary;
	row.weight = 1;
	return AddFitRow(state, &row);
}

Datum
gamma_gamma_fit_transfn(PG_FUNCTION_ARGS)
{
	FitState *state = PlainState(fcinfo, SPEND_MODEL);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		state = AddSpend(state, PG_GETARG_INT64(1), PG_GETARG_FLOAT8(2));
	PG_RETURN_POINTER(state);
}

Datum
gamma_gamma_fit_transfn_history(PG_FUNCTION_ARGS)
{
	FitState	  *state = PlainState(fcinfo, SPEND_MODEL);
	DateADT		   as_of = AsOfArgument(fcinfo, 2, state);
	HistorySummary summary;

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	HistorySummarize(&summary, PG_GETARG_PURCHASE_HISTORY_P(1), as_of);
	if (summary.purchase_days >= 2 && summary.has_amount)
		state = AddSpend(state, summary.purchase_days - 1,
						 Float8FromMoney(summary.repeat_spend) / (summary.purchase_days - 1));
	PG_RETURN_POINTER(state);
}

/* renewals, churned [, weight] */
Datum
sbg_fit_transfn(PG_FUNCTION_ARGS)
{
	FitState	 *state = PlainState(fcinfo, RENEWAL_MODEL);
	CrmHistoryRow row = {0};

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (PG_NARGS() > 3 && PG_ARGISNULL(3)))
		PG_RETURN_POINTER(state);
	row.frequency = NarrowCount("renewals", PG_GETARG_INT32(1));
	row.recency = PG_GETARG_BOOL(2) ? 1 : 0;
	row.weight = PG_NARGS() > 3 ? NarrowCount("weight", PG_GETARG_INT64(3)) : 1;
	if (row.weight > 0)
		state = AddFitRow(state, &row);
	PG_RETURN_POINTER(state);
}

/* ---- final functions ---- */

/* Merged rows, copied: the state stays as it is. */
static CrmHistoryRow *
MergedRows(const FitState *state, Size *count)
{
	CrmHistoryRow *rows = FitHooks.allocate(state->used * sizeof(CrmHistoryRow));
	CrmHistoryRow *scratch =
		FitHooks.allocate((state->used - state->merged) * sizeof(CrmHistoryRow));

	memcpy(rows, state->rows, state->used * sizeof(CrmHistoryRow));
	*count = CrmMergeRows(rows, state->merged, state->used, scratch, &FitHooks);
	FitHooks.release(scratch);
	return repalloc_huge(rows, *count * sizeof(CrmHistoryRow));
}

static void
WarnUnlessConverged(const char *name, const CrmFit *fit)
{
	if (!fit->converged)
		ereport(WARNING, errmsg("%s has not converged: %s", name, fit->reason),
				errdetail("%.0f customers were used.", fit->customers));
}

/* The state of a final function; NULL when it saw no usable row. */
static FitState *
FinalState(FunctionCallInfo fcinfo)
{
	FitState *state;

	AggregateContext(fcinfo);
	state = PG_ARGISNULL(0) ? NULL : (FitState *) PG_GETARG_POINTER(0);
	return state == NULL || state->used == 0 ? NULL : state;
}

Datum
btyd_fit_finalfn(PG_FUNCTION_ARGS)
{
	FitState	  *state = FinalState(fcinfo);
	Size		   count;
	CrmHistoryRow *rows;
	CrmSample	   sample;
	CrmFit		   fit;

	if (state == NULL)
		PG_RETURN_NULL();
	rows = MergedRows(state, &count);
	CrmBuildSample(rows, count, state->family == CRM_BG_BB ? 1.0 : state->unit_days, &FitHooks,
				   &sample);
	FitHooks.release(rows);
	CrmFitBtyd(state->family, &sample, &FitHooks, &fit);
	CrmReleaseSample(&sample, &FitHooks);
	WarnUnlessConverged("btyd_fit", &fit);
	PG_RETURN_FITTED_MODEL_P(
		ModelFromFit(BTYD_MODEL, state->family, state->unit_days, &fit, state->left_out));
}

Datum
gamma_gamma_fit_finalfn(PG_FUNCTION_ARGS)
{
	FitState	  *state = FinalState(fcinfo);
	Size		   count;
	CrmHistoryRow *rows;
	double		  *columns;
	CrmSpendSample sample = {0};
	CrmFit		   fit;
	FittedModel	  *model;
	double		   correlation;

	if (state == NULL)
		PG_RETURN_NULL();
	rows = MergedRows(state, &count);
	columns = FitHooks.allocate(3 * count * sizeof(double));
	for (Size i = 0; i < count; i++)
	{
		columns[i] = rows[i].frequency;
		columns[count + i] = rows[i].recency;
		columns[2 * count + i] = rows[i].weight;
		sample.customers += rows[i].weight;
	}
	FitHooks.release(rows);
	sample.patterns = (int) count;
	sample.frequency = columns;
	sample.monetary = columns + count;
	sample.weight = columns + 2 * count;
	CrmFitSpend(&sample, &FitHooks, &fit);
	WarnUnlessConverged("gamma_gamma_fit", &fit);
	model = ModelFromFit(SPEND_MODEL, (CrmFamily) 0, 0, &fit, state->left_out);
	correlation = CrmSpendCorrelation(&sample);
	FitHooks.release(columns);
	if (isfinite(correlation))
	{
		model->flags |= MODEL_HAS_CORRELATION;
		model->correlation = correlation;
	}
	if (correlation > 0.15 || correlation < -0.15)
		ereport(WARNING, errmsg("frequency and mean spend correlate by %.2f", correlation),
				errdetail("The gamma-gamma model assumes that they are independent."));
	PG_RETURN_FITTED_MODEL_P(model);
}

Datum
sbg_fit_finalfn(PG_FUNCTION_ARGS)
{
	FitState		*state = FinalState(fcinfo);
	Size			 count;
	CrmHistoryRow	*rows;
	double			*columns;
	CrmRenewalSample sample = {0};
	CrmFit			 fit;

	if (state == NULL)
		PG_RETURN_NULL();
	rows = MergedRows(state, &count);
	columns = FitHooks.allocate(3 * count * sizeof(double));
	memset(columns, 0, 3 * count * sizeof(double));
	for (Size i = 0; i < count; i++)
	{
		int at = sample.patterns - 1;

		if (at < 0 || columns[at] != rows[i].frequency)
			columns[at = sample.patterns++] = rows[i].frequency;
		columns[(rows[i].recency == 1 ? count : 2 * count) + at] += rows[i].weight;
		sample.customers += rows[i].weight;
	}
	FitHooks.release(rows);
	sample.renewals = columns;
	sample.churned = columns + count;
	sample.staying = columns + 2 * count;
	CrmFitRenewals(&sample, &FitHooks, &fit);
	FitHooks.release(columns);
	WarnUnlessConverged("sbg_fit", &fit);
	PG_RETURN_FITTED_MODEL_P(
		ModelFromFit(RENEWAL_MODEL, (CrmFamily) 0, 0, &fit, state->left_out));
}
