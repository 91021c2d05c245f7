/*
 * rfm/window.c - rfm_score(...) OVER (...): cuts and scores of a partition in one call.
 *
 * The first row of a partition reads all of its rows, one forward pass, finds
 * the cut points and leaves the scores, two bytes a row, for the rows to come.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "aggregate.h"
#include "compat.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_score_window);

/* Kept for a partition; zeroed by WinGetPartitionLocalMemory. */
typedef struct
{
	int16 *scores; /* 0: NULL */
} PartitionScores;

/* Argument `argno` of a row of the partition, by its number from 0. */
static Datum
RowArgument(WindowObject window, int argno, int64 row, bool *null)
{
	bool outside;

	return WinGetFuncArgInPartition(window, argno, (int) row, WINDOW_SEEK_HEAD, false, null,
									&outside);
}

static int
RowBins(WindowObject window, int64 row)
{
	bool  null;
	Datum bins = RowArgument(window, 3, row, &null);

	if (null)
		ReportNullArgument("bins");
	RequireRfmBins(DatumGetInt32(bins));
	return DatumGetInt32(bins);
}

/* Adds one row's customer; false when it has none. */
static bool
ReadRow(WindowObject window, int64 row, RfmPopulation *population)
{
	bool	null;
	DateADT day = DatumGetDateADT(RowArgument(window, 0, row, &null));
	int64	frequency;
	Datum	amount;
	Numeric monetary;

	if (null)
		return false;
	frequency = DatumGetInt64(RowArgument(window, 1, row, &null));
	if (null)
		return false;
	amount = RowArgument(window, 2, row, &null);
	if (null)
		return false;
	RequireRfmCustomer(day, frequency);
	monetary = (Numeric) PG_DETOAST_DATUM_PACKED(amount);
	AddRfmRow(population, day, frequency, RfmMonetary(population, monetary), (RfmId){NULL, 0});
	return true;
}

static int16
ScoreRow(const RfmCuts *cuts, const RfmPopulation *population, Size i)
{
	const uint8 *row = population->rows + i * population->stride;
	DateADT		 day;
	int64		 frequency;
	int128		 monetary;

	memcpy(&day, row + RFM_ROW_DAY, sizeof(day));
	memcpy(&frequency, row + RFM_ROW_FREQUENCY, sizeof(frequency));
	memcpy(&monetary, row + RFM_ROW_MONETARY, sizeof(monetary));
	return (int16) (RfmDigit(&cuts->dimensions[RFM_RECENCY], cuts->bins, day, false) * 100 +
					RfmDigit(&cuts->dimensions[RFM_FREQUENCY], cuts->bins, frequency, false) *
						10 +
					RfmDigit(&cuts->dimensions[RFM_MONETARY], cuts->bins, monetary, false));
}

/* The window API numbers rows with an int. */
static int64
CountRows(WindowObject window)
{
	int64 nrows = WinGetPartitionRowCount(window);

	if (nrows > PG_INT32_MAX)
		/* not reached: takes 2,147,483,648 rows */
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many customers in one partition: %lld", (long long) nrows),
				errhint("Use rfm_cuts_agg and rfm_score with its result."));
	return nrows;
}

static int16 *
ScorePartition(WindowObject window, int nargs, bool bins_stable, MemoryContext context)
{
	int64		   nrows = CountRows(window);
	int			   bins = nargs > 3 ? RowBins(window, 0) : RFM_DEFAULT_BINS;
	RfmPopulation *population = NewRfmPopulation(context, bins, RFM_TIES_TOGETHER, nrows);
	int16		  *scores = MemoryContextAllocHuge(context, nrows * sizeof(int16));
	MemoryContext  row_context =
		AllocSetContextCreate(CurrentMemoryContext, "rfm_score row", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(row_context);
	RfmCuts		  cuts;
	Size		  next = 0;

	for (int64 row = 0; row < nrows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(row_context);
		if (nargs > 3 && !bins_stable && RowBins(window, row) != bins)
			ReportChangedArgument("bins");
		scores[row] = ReadRow(window, row, population) ? 1 : 0;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(row_context);
	if (population->used > 0)
		FindRfmCuts(&cuts, population);
	for (int64 row = 0; row < nrows; row++)
	{
		if (row % 0x10000 == 0)
			CHECK_FOR_INTERRUPTS();
		if (scores[row] != 0)
			scores[row] = ScoreRow(&cuts, population, next++);
	}
	pfree(population);
	return scores;
}

Datum
rfm_score_window(PG_FUNCTION_ARGS)
{
	WindowObject	 window = PG_WINDOW_OBJECT();
	PartitionScores *partition = WinGetPartitionLocalMemory(window, sizeof(PartitionScores));
	int16			 score;

	if (partition->scores == NULL)
		partition->scores =
			ScorePartition(window, PG_NARGS(), get_fn_expr_arg_stable(fcinfo->flinfo, 3),
						   GetMemoryChunkContext(partition));
	score = partition->scores[WinGetCurrentPosition(window)];
	if (score == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(score);
}
