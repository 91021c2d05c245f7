/*
 * cohort/cohort_agg.c - cohort_agg for SQL.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "cohort/cells.h"
#include "compat.h"
#include "money.h"
#include "rowarray.h"
#include "state.h"

PG_FUNCTION_INFO_V1(cohort_agg_transfn);
PG_FUNCTION_INFO_V1(cohort_agg_finalfn);
PG_FUNCTION_INFO_V1(cohort_agg_combinefn);
PG_FUNCTION_INFO_V1(cohort_agg_serialfn);
PG_FUNCTION_INFO_V1(cohort_agg_deserialfn);

#define STATE_VERSION 1
#define STATE_NAME "cohort_agg state"
#define FIXED_BYTES 3
#define HEAD_BYTES 8
#define CELL_BYTES 24

/* Argument 3, the mode; the call without it is bounded. */
static bool
ReadUnbounded(FunctionCallInfo fcinfo)
{
	text *mode;

	if (PG_NARGS() <= 3)
		return false;
	if (PG_ARGISNULL(3))
		ReportNullArgument("mode");
	mode = PG_GETARG_TEXT_PP(3);
	if (VARSIZE_ANY_EXHDR(mode) == 7 && memcmp(VARDATA_ANY(mode), "bounded", 7) == 0)
		return false;
	if (VARSIZE_ANY_EXHDR(mode) == 9 && memcmp(VARDATA_ANY(mode), "unbounded", 9) == 0)
		return true;
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown mode \"%s\"", text_to_cstring(mode)),
			errhint("Use 'bounded' (bought in the period) or 'unbounded' (in it or later)."));
}

static CohortState *
FirstState(FunctionCallInfo fcinfo, MemoryContext context)
{
	bool		 unbounded = ReadUnbounded(fcinfo);
	CohortState *state = CohortNew(context, GridArgumentCount(fcinfo, 2));

	state->unbounded = unbounded;
	GridRead(&state->grid, fcinfo, 2, 4);
	CohortInit(state);
	state->grid.constant = true;
	for (int argno = 2; argno < PG_NARGS(); argno++)
		state->grid.constant &= AggregateArgumentIsConstant(fcinfo, argno - 1);
	return state;
}

static CohortState *
TransitionState(FunctionCallInfo fcinfo)
{
	CohortState *state;

	/* Only an aggregate can pass a state. */
	if (PG_ARGISNULL(0))
		return FirstState(fcinfo, AggregateContext(fcinfo));
	state = (CohortState *) PG_GETARG_POINTER(0);
	if (unlikely(!state->grid.constant))
	{
		GridRequireSameArguments(&state->grid, fcinfo, 2, 4);
		if (ReadUnbounded(fcinfo) != state->unbounded)
			ReportChangedArgument("mode");
	}
	return state;
}

Datum
cohort_agg_transfn(PG_FUNCTION_ARGS)
{
	CohortState *state;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	state = TransitionState(fcinfo);
	PG_RETURN_POINTER(CohortAddHistory(state, PG_GETARG_PURCHASE_HISTORY_P(1)));
}

/* The columns of cohort_cell, in order. */
enum
{
	COHORT,
	PERIOD,
	COHORT_SIZE,
	ACTIVE,
	RETENTION,
	REVENUE,
	CUMULATIVE_REVENUE,
	REVENUE_PER_CUSTOMER,
	COMPLETE
};

static void
SetRevenue(RowArray *rows, int128 money, int128 cumulative, int64 size, bool known)
{
	RowArraySetMoney(rows, REVENUE, money, known);
	RowArraySetMoney(rows, CUMULATIVE_REVENUE, cumulative, known);
	rows->nulls[REVENUE_PER_CUSTOMER] = !known;
	if (known)
		rows->values[REVENUE_PER_CUSTOMER] =
			DirectFunctionCall2(numeric_div, rows->values[CUMULATIVE_REVENUE],
								NumericGetDatum(int64_to_numeric(size)));
}

/* The cells of one cohort, up to the last period that was observed. */
static void
AddCohort(RowArray *rows, const CohortState *state, int cohort, DateADT observed_until)
{
	const CohortHead *head = &CohortHeads(state)[cohort];
	const CohortCell *cells = CohortCells(state) + head->first_cell;
	int				  n = CohortPeriods(state) - cohort;
	int64			  gone = 0;
	int128			  cumulative = 0;

	for (int i = 0; i < n && state->grid.bounds[cohort + i] <= observed_until; i++)
	{
		int64 active = state->unbounded ? head->size - gone : cells[i].active;

		gone += cells[i].active;
		cumulative += cells[i].money;
		rows->values[COHORT] = DateADTGetDatum(state->grid.bounds[cohort]);
		rows->values[PERIOD] = Int32GetDatum(i);
		rows->values[COHORT_SIZE] = Int64GetDatum(head->size);
		rows->values[ACTIVE] = Int64GetDatum(active);
		RowArraySetPercent(rows, RETENTION, (float8) active, (float8) head->size);
		SetRevenue(rows, cells[i].money, cumulative, head->size, state->has_amount);
		rows->values[COMPLETE] = BoolGetDatum(GridComplete(&state->grid, cohort + i));
		RowArrayAdd(rows);
	}
}

Datum
cohort_agg_finalfn(PG_FUNCTION_ARGS)
{
	CohortState *state;
	RowArray	*rows;
	DateADT		 observed_until;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (CohortState *) PG_GETARG_POINTER(0);
	rows = RowArrayOpen(fcinfo, state->ncells);
	if (GridObservedUntil(&state->grid, &observed_until))
	{
		for (int i = 0; i < CohortPeriods(state); i++)
		{
			if (CohortHeads(state)[i].size > 0)
				AddCohort(rows, state, i, observed_until);
		}
	}
	PG_RETURN_DATUM(RowArrayClose(rows));
}

Datum
cohort_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext context = AggregateContext(fcinfo);
	CohortState	 *state;
	CohortState	 *other;

	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);
	other = (CohortState *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
	{
		Size bytes = CohortBytes(other->grid.nbounds, other->capacity);

		state = MemoryContextAllocHuge(context, bytes);
		memcpy(state, other, bytes);
		PG_RETURN_POINTER(state);
	}
	state = (CohortState *) PG_GETARG_POINTER(0);
	GridRequireSame(&state->grid, &other->grid);
	if (state->unbounded != other->unbounded)
		ReportChangedArgument("mode");
	PG_RETURN_POINTER(CohortMerge(state, other));
}

/* Size of each cohort, then its cells if it has any. */
Datum
cohort_agg_serialfn(PG_FUNCTION_ARGS)
{
	CohortState	  *state = (CohortState *) PG_GETARG_POINTER(0);
	StringInfoData message;

	AggregateContext(fcinfo);
	pq_begintypsend(&message);
	pq_sendbyte(&message, STATE_VERSION);
	GridSend(&state->grid, &message);
	pq_sendbyte(&message, state->unbounded);
	pq_sendbyte(&message, state->has_amount);
	for (int i = 0; i < CohortPeriods(state); i++)
	{
		const CohortHead *head = &CohortHeads(state)[i];
		const CohortCell *cells = CohortCells(state) + head->first_cell;

		CHECK_FOR_INTERRUPTS();
		pq_sendint64(&message, head->size);
		for (int k = 0; head->size > 0 && k < CohortPeriods(state) - i; k++)
		{
			pq_sendint64(&message, cells[k].active);
			SendInt128(&message, cells[k].money);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* One cohort: nobody is more often in it than it has customers. */
static CohortState *
ReceiveCohort(StringInfo message, CohortState *state, int cohort)
{
	int	  n = CohortPeriods(state) - cohort;
	int64 size;

	if (message->len - message->cursor < HEAD_BYTES)
		ReportBadBytes(STATE_NAME);
	size = pq_getmsgint64(message);
	if (size < 0 || (size > 0 && (message->len - message->cursor) / CELL_BYTES < n))
		ReportBadBytes(STATE_NAME);
	if (size == 0)
		return state;
	state = CohortReserve(state, cohort);
	CohortHeads(state)[cohort].size = size;
	for (int i = 0; i < n; i++)
	{
		CohortCell *cell = CohortCells(state) + CohortHeads(state)[cohort].first_cell + i;

		cell->active = pq_getmsgint64(message);
		cell->money = ReceiveInt128(message);
		if (cell->active < 0 || cell->active > size)
			ReportBadBytes(STATE_NAME);
	}
	return state;
}

Datum
cohort_agg_deserialfn(PG_FUNCTION_ARGS)
{
	StringInfoData message;
	CohortState	  *state;
	int			   nbounds;
	int			   unbounded;
	int			   has_amount;

	AggregateContext(fcinfo);
	OpenMessage(&message, PG_GETARG_BYTEA_PP(0));
	if (message.len < FIXED_BYTES || pq_getmsgbyte(&message) != STATE_VERSION)
		ReportBadBytes(STATE_NAME);
	nbounds = GridPeekCount(&message, STATE_NAME);
	if (message.len < FIXED_BYTES + GridMessageBytes(nbounds))
		ReportBadBytes(STATE_NAME);
	state = CohortNew(CurrentMemoryContext, nbounds);
	GridReceive(&state->grid, &message, STATE_NAME);
	CohortInit(state);
	unbounded = pq_getmsgbyte(&message);
	has_amount = pq_getmsgbyte(&message);
	if (unbounded > 1 || has_amount > 1)
		ReportBadBytes(STATE_NAME);
	state->unbounded = unbounded != 0;
	state->has_amount = has_amount != 0;
	for (int i = 0; i < nbounds - 1; i++)
	{
		CHECK_FOR_INTERRUPTS();
		state = ReceiveCohort(&message, state, i);
	}
	if (message.cursor != message.len)
		ReportBadBytes(STATE_NAME);
	PG_RETURN_POINTER(state);
}
