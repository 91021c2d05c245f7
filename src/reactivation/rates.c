/*
 * reactivation/rates.c - uplift(treated, converted): two conversion rates compared.
 *
 * The state is four counts. Limits of the difference are those of Newcombe (1998),
 * "Interval estimation for the difference between independent proportions:
 * comparison of eleven methods", Statistics in Medicine 17, method 10: from
 * Wilson's score limits of each rate. The test is the z test of two proportions
 * with the variance pooled, as under the hypothesis that they are equal.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "math/student.h"
#include "reactivation/uplift.h"
#include "state.h"

PG_FUNCTION_INFO_V1(uplift_rates_transfn);
PG_FUNCTION_INFO_V1(uplift_rates_finalfn);
PG_FUNCTION_INFO_V1(uplift_rates_combinefn);
PG_FUNCTION_INFO_V1(uplift_rates_serialfn);
PG_FUNCTION_INFO_V1(uplift_rates_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "uplift state"

typedef struct
{
	int64 customers[2];
	int64 converted[2];
} RatesState;

/* The columns of conversion_uplift, in order. */
enum
{
	TREATED_CUSTOMERS,
	TREATED_CONVERTED,
	CONTROL_CUSTOMERS,
	CONTROL_CONVERTED,
	TREATED_RATE,
	CONTROL_RATE,
	DIFFERENCE,
	LOWER95,
	UPPER95,
	LIFT,
	Z,
	P_VALUE,
	COLUMNS
};

static RatesState *
NewState(MemoryContext context)
{
	return MemoryContextAllocZero(context, sizeof(RatesState));
}

Datum
uplift_rates_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	RatesState	 *state;
	int			  group;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return UnchangedState(fcinfo);
	state = PG_ARGISNULL(0) ? NewState(context) : (RatesState *) PG_GETARG_POINTER(0);
	group = PG_GETARG_BOOL(1) ? TREATED : CONTROL;
	state->customers[group]++;
	state->converted[group] += PG_GETARG_BOOL(2);
	PG_RETURN_POINTER(state);
}

/* How far below (or above) a rate its score limit lies (Wilson 1927). */
typedef struct
{
	float8 rate;
	float8 below;
	float8 above;
} ScoredRate;

static ScoredRate
ScoreRate(float8 converted, float8 n)
{
	const float8 z = CRM_NORMAL_975;
	ScoredRate	 scored = {.rate = converted / n};
	float8		 root = z * sqrt(z * z + 4 * converted * (1 - scored.rate));
	float8		 twice = 2 * (n + z * z);

	/* rate - lower and upper - rate, neither below 0 but for rounding */
	scored.below = fmax(0, (root + z * z * (2 * scored.rate - 1)) / twice);
	scored.above = fmax(0, (root - z * z * (2 * scored.rate - 1)) / twice);
	return scored;
}

/* NaN where everybody or nobody converted: nothing can be said. */
static float8
PooledZ(const RatesState *state, float8 difference)
{
	float8 treated = (float8) state->customers[TREATED];
	float8 control = (float8) state->customers[CONTROL];
	float8 converted = (float8) (state->converted[TREATED] + state->converted[CONTROL]);
	float8 rate = converted / (treated + control);
	float8 variance = rate * (1 - rate) * (1 / treated + 1 / control);

	return variance > 0 ? difference / sqrt(variance) : NAN;
}

static void
CompareRates(UpliftRow *row, const RatesState *state)
{
	ScoredRate treated =
		ScoreRate((float8) state->converted[TREATED], (float8) state->customers[TREATED]);
	ScoredRate control =
		ScoreRate((float8) state->converted[CONTROL], (float8) state->customers[CONTROL]);
	float8 difference = treated.rate - control.rate;
	float8 z = PooledZ(state, difference);

	UpliftRowNumber(row, DIFFERENCE, difference);
	UpliftRowNumber(row, LOWER95,
					fmax(-1, difference - sqrt(treated.below * treated.below +
											   control.above * control.above)));
	UpliftRowNumber(row, UPPER95,
					fmin(1, difference + sqrt(treated.above * treated.above +
											  control.below * control.below)));
	if (control.rate > 0)
		UpliftRowNumber(row, LIFT, difference / control.rate);
	UpliftRowNumber(row, Z, z);
	UpliftRowNumber(row, P_VALUE, CrmNormalTwoSided(fabs(z)));
}

Datum
uplift_rates_finalfn(PG_FUNCTION_ARGS)
{
	RatesState *state;
	UpliftRow	row;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (RatesState *) PG_GETARG_POINTER(0);
	UpliftRowBegin(&row);
	UpliftRowCount(&row, TREATED_CUSTOMERS, state->customers[TREATED]);
	UpliftRowCount(&row, TREATED_CONVERTED, state->converted[TREATED]);
	UpliftRowCount(&row, CONTROL_CUSTOMERS, state->customers[CONTROL]);
	UpliftRowCount(&row, CONTROL_CONVERTED, state->converted[CONTROL]);
	for (int group = CONTROL; group <= TREATED; group++)
	{
		if (state->customers[group] > 0)
			UpliftRowNumber(&row, group == TREATED ? TREATED_RATE : CONTROL_RATE,
							(float8) state->converted[group] /
								(float8) state->customers[group]);
	}
	if (state->customers[TREATED] > 0 && state->customers[CONTROL] > 0)
		CompareRates(&row, state);
	PG_RETURN_DATUM(UpliftRowClose(&row, fcinfo, COLUMNS));
}

Datum
uplift_rates_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	RatesState	 *state;
	RatesState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (RatesState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context) : (RatesState *) PG_GETARG_POINTER(0);
	for (int group = CONTROL; group <= TREATED; group++)
	{
		state->customers[group] += other->customers[group];
		state->converted[group] += other->converted[group];
	}
	PG_RETURN_POINTER(state);
}

Datum
uplift_rates_serialfn(PG_FUNCTION_ARGS)
{
	RatesState	  *state = (RatesState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	for (int group = CONTROL; group <= TREATED; group++)
	{
		pq_sendint64(&message, state->customers[group]);
		pq_sendint64(&message, state->converted[group]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
uplift_rates_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	RatesState	  *state;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len != 1 + 4 * sizeof(int64) || pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	state = NewState(CurrentMemoryContext);
	for (int group = CONTROL; group <= TREATED; group++)
	{
		state->customers[group] = pq_getmsgint64(&message);
		state->converted[group] = pq_getmsgint64(&message);
		if (state->converted[group] < 0 || state->converted[group] > state->customers[group])
			ReportBadBytes(STATE_NAME);
	}
	PG_RETURN_POINTER(state);
}
