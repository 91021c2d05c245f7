/*
 * conversation/nps.c - nps and nps_margin: the net promoter score and its error.
 *
 * Reichheld (2003), "The one number you need to grow": percent of 9 and 10 less
 * percent of 0 to 6. As the mean of +1, 0 and -1 its variance is
 * (p + d - (p - d)^2) / n, p and d the fractions of promoters and detractors
 * (Rocks 2016, "Interval estimation for the net promoter score", The American
 * Statistician 70, the Wald interval).
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "compat.h"
#include "math/student.h"
#include "state.h"

PG_FUNCTION_INFO_V1(nps_transfn);
PG_FUNCTION_INFO_V1(nps_finalfn);
PG_FUNCTION_INFO_V1(nps_margin_finalfn);
PG_FUNCTION_INFO_V1(nps_combinefn);
PG_FUNCTION_INFO_V1(nps_serialfn);
PG_FUNCTION_INFO_V1(nps_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "nps state"
#define MOST 10
#define PROMOTER 9	/* and above */
#define DETRACTOR 6 /* and below */

typedef struct
{
	int64 answers;
	int64 promoters;
	int64 detractors;
} NpsState;

static NpsState *
NewState(MemoryContext context)
{
	return MemoryContextAllocZero(context, sizeof(NpsState));
}

Datum
nps_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	NpsState	 *state;
	int32		  score;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	score = PG_GETARG_INT32(1);
	if (score < 0 || score > MOST)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("score must be between 0 and %d, not %d", MOST, score),
			errhint("The answer to \"How likely are you to recommend us?\" is a whole number "
					"from 0 to 10; who did not answer is NULL."));
	state = PG_ARGISNULL(0) ? NewState(context) : (NpsState *) PG_GETARG_POINTER(0);
	state->answers++;
	state->promoters += score >= PROMOTER;
	state->detractors += score <= DETRACTOR;
	PG_RETURN_POINTER(state);
}

Datum
nps_finalfn(PG_FUNCTION_ARGS)
{
	NpsState *state;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (NpsState *) PG_GETARG_POINTER(0);
	PG_RETURN_FLOAT8(100 * (float8) (state->promoters - state->detractors) /
					 (float8) state->answers);
}

Datum
nps_margin_finalfn(PG_FUNCTION_ARGS)
{
	NpsState *state;
	float8	  n;
	float8	  score;
	float8	  variance;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (NpsState *) PG_GETARG_POINTER(0);
	n = (float8) state->answers;
	score = (float8) (state->promoters - state->detractors) / n;
	variance = (float8) (state->promoters + state->detractors) / n - score * score;
	PG_RETURN_FLOAT8(100 * CRM_NORMAL_975 * sqrt(Max(variance, 0) / n));
}

Datum
nps_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	NpsState	 *state;
	NpsState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (NpsState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? NewState(context) : (NpsState *) PG_GETARG_POINTER(0);
	state->answers += other->answers;
	state->promoters += other->promoters;
	state->detractors += other->detractors;
	PG_RETURN_POINTER(state);
}

Datum
nps_serialfn(PG_FUNCTION_ARGS)
{
	NpsState	  *state = (NpsState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	pq_sendint64(&message, state->answers);
	pq_sendint64(&message, state->promoters);
	pq_sendint64(&message, state->detractors);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
nps_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	NpsState	  *state;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len != 1 + 3 * sizeof(int64) || pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	state = NewState(CurrentMemoryContext);
	state->answers = pq_getmsgint64(&message);
	state->promoters = pq_getmsgint64(&message);
	state->detractors = pq_getmsgint64(&message);
	if (state->answers < 1 || state->promoters < 0 || state->detractors < 0 ||
		state->promoters > state->answers ||
		state->detractors > state->answers - state->promoters)
		ReportBadBytes(STATE_NAME);
	PG_RETURN_POINTER(state);
}
