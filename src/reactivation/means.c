/*
 * reactivation/means.c - uplift(treated, value): two means compared.
 *
 * Welch (1947), "The generalization of Student's problem when several different
 * population variances are involved", Biometrika 34: the variances are not
 * assumed to be equal, the degrees of freedom are Satterthwaite's. The state
 * holds exact sums of values and of their squares, 3.2 kB whatever the number of
 * rows, so that any order of rows gives the same bits and no digit is lost where
 * a variance is small beside the mean.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "math/exact.h"
#include "math/student.h"
#include "reactivation/uplift.h"
#include "state.h"

PG_FUNCTION_INFO_V1(uplift_means_transfn);
PG_FUNCTION_INFO_V1(uplift_means_finalfn);
PG_FUNCTION_INFO_V1(uplift_means_combinefn);
PG_FUNCTION_INFO_V1(uplift_means_serialfn);
PG_FUNCTION_INFO_V1(uplift_means_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "uplift state"
#define LIMBS (EXACT_SUM_LIMBS + EXACT_SQUARES_LIMBS)

typedef struct
{
	CrmExactMoments moments[2];
} MeansState;

/* The columns of value_uplift, in order. */
enum
{
	TREATED_CUSTOMERS,
	CONTROL_CUSTOMERS,
	TREATED_MEAN,
	CONTROL_MEAN,
	DIFFERENCE,
	STD_ERROR,
	LOWER95,
	UPPER95,
	LIFT,
	T,
	DF,
	P_VALUE,
	COLUMNS
};

static MeansState *
NewState(MemoryContext context)
{
	return MemoryContextAllocZero(context, sizeof(MeansState));
}

Datum
uplift_means_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	MeansState	 *state;
	float8		  value;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return UnchangedState(fcinfo);
	value = PG_GETARG_FLOAT8(2);
	if (unlikely(isnan(value) || isinf(value)))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("value must be a finite number, not %s", float8out_internal(value)));
	state = PG_ARGISNULL(0) ? NewState(context) : (MeansState *) PG_GETARG_POINTER(0);
	CrmExactAdd(&state->moments[PG_GETARG_BOOL(1) ? TREATED : CONTROL], value);
	PG_RETURN_POINTER(state);
}

/* Square of the standard error, and Satterthwaite's degrees of freedom, both free of scale. */
typedef struct
{
	float8 std_error;
	float8 df;
} WelchError;

static WelchError
ErrorOfDifference(const CrmExactMoments *treated, const CrmExactMoments *control)
{
	CrmScaled  a = CrmExactErrorSquare(treated);
	CrmScaled  b = CrmExactErrorSquare(control);
	int		   exponent = a.fraction == 0	? b.exponent
						  : b.fraction == 0 ? a.exponent
											: Max(a.exponent, b.exponent);
	WelchError error;
	float8	   both;

	exponent += exponent % 2; /* even, for the root */
	a.fraction = ldexp(a.fraction, a.exponent - exponent);
	b.fraction = ldexp(b.fraction, b.exponent - exponent);
	both = a.fraction + b.fraction;
	error.std_error = ldexp(sqrt(both), exponent / 2);
	error.df = both * both /
			   (a.fraction * a.fraction / (float8) (treated->n - 1) +
				b.fraction * b.fraction / (float8) (control->n - 1));
	return error;
}

static void
CompareMeans(UpliftRow *row, const CrmExactMoments *treated, const CrmExactMoments *control)
{
	float8	   difference = CrmExactMeanDifference(treated, control);
	float8	   control_mean = CrmExactMean(control);
	WelchError error;
	float8	   margin;
	float8	   t;

	UpliftRowNumber(row, DIFFERENCE, difference);
	if (control_mean != 0)
		UpliftRowNumber(row, LIFT, difference / control_mean);
	if (treated->n < 2 || control->n < 2)
		return;
	error = ErrorOfDifference(treated, control);
	UpliftRowNumber(row, STD_ERROR, error.std_error);
	if (error.std_error == 0) /* all values of a group are equal: no test */
		return;
	margin = CrmStudent975(error.df) * error.std_error;
	t = difference / error.std_error;
	UpliftRowNumber(row, LOWER95, difference - margin);
	UpliftRowNumber(row, UPPER95, difference + margin);
	UpliftRowNumber(row, T, t);
	UpliftRowNumber(row, DF, error.df);
	UpliftRowNumber(row, P_VALUE, CrmStudentTwoSided(fabs(t), error.df));
}

Datum
uplift_means_finalfn(PG_FUNCTION_ARGS)
{
	MeansState	   *state;
	CrmExactMoments treated;
	CrmExactMoments control;
	UpliftRow		row;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (MeansState *) PG_GETARG_POINTER(0);
	treated = state->moments[TREATED]; /* carrying would change the state */
	control = state->moments[CONTROL];
	CrmExactCarry(&treated);
	CrmExactCarry(&control);
	UpliftRowBegin(&row);
	UpliftRowCount(&row, TREATED_CUSTOMERS, treated.n);
	UpliftRowCount(&row, CONTROL_CUSTOMERS, control.n);
	if (treated.n > 0)
		UpliftRowNumber(&row, TREATED_MEAN, CrmExactMean(&treated));
	if (control.n > 0)
		UpliftRowNumber(&row, CONTROL_MEAN, CrmExactMean(&control));
	if (treated.n > 0 && control.n > 0)
		CompareMeans(&row, &treated, &control);
	PG_RETURN_DATUM(UpliftRowClose(&row, fcinfo, COLUMNS));
}

Datum
uplift_means_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	MeansState	 *state;
	MeansState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (MeansState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context) : (MeansState *) PG_GETARG_POINTER(0);
	for (int group = CONTROL; group <= TREATED; group++)
		CrmExactMerge(&state->moments[group], &other->moments[group]);
	PG_RETURN_POINTER(state);
}

static void
SendMoments(StringInfo message, const CrmExactMoments *moments)
{
	CrmExactMoments carried = *moments;

	CrmExactCarry(&carried);
	pq_sendint64(message, carried.n);
	for (int i = 0; i < EXACT_SUM_LIMBS; i++)
		pq_sendint64(message, carried.sum[i]);
	for (int i = 0; i < EXACT_SQUARES_LIMBS; i++)
		pq_sendint64(message, carried.squares[i]);
}

static void
ReceiveMoments(StringInfo message, CrmExactMoments *moments)
{
	moments->n = pq_getmsgint64(message);
	for (int i = 0; i < EXACT_SUM_LIMBS; i++)
		moments->sum[i] = pq_getmsgint64(message);
	for (int i = 0; i < EXACT_SQUARES_LIMBS; i++)
		moments->squares[i] = pq_getmsgint64(message);
	if (moments->n < 0 || !CrmExactIsCarried(moments))
		ReportBadBytes(STATE_NAME);
}

Datum
uplift_means_serialfn(PG_FUNCTION_ARGS)
{
	MeansState	  *state = (MeansState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	for (int group = CONTROL; group <= TREATED; group++)
		SendMoments(&message, &state->moments[group]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
uplift_means_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	MeansState	  *state;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len != 1 + 2 * (LIMBS + 1) * sizeof(int64) ||
		pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	state = NewState(CurrentMemoryContext);
	for (int group = CONTROL; group <= TREATED; group++)
		ReceiveMoments(&message, &state->moments[group]);
	PG_RETURN_POINTER(state);
}
