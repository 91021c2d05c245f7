/*
 * grid.c - the periods of a series, and how far the data was observed.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "aggregate.h"
#include "compat.h"
#include "day.h"
#include "grid.h"

#define BOUNDARIES_HINT                                                                 \
	"Pass two or more dates in order, for example periods('2024-01-01', '2024-12-31', " \
	"'1 month')."

static ArrayType *
BoundariesArgument(FunctionCallInfo fcinfo, int argno)
{
	if (PG_ARGISNULL(argno))
		ReportNullArgument("boundaries");
	return PG_GETARG_ARRAYTYPE_P(argno);
}

int
GridArgumentCount(FunctionCallInfo fcinfo, int argno)
{
	ArrayType *array = BoundariesArgument(fcinfo, argno);
	int		   count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("boundaries must have one dimension, not %d", ARR_NDIM(array)));
	if (count < 2)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("boundaries must be two dates at least, not %d", count),
				errhint(BOUNDARIES_HINT));
	if (array_contains_nulls(array))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("boundaries must not contain nulls"), errhint(BOUNDARIES_HINT));
	return count;
}

static void
CheckBoundaries(const DateADT *bounds, int count)
{
	for (int i = 0; i < count; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		RequireFiniteDate(bounds[i], "boundary");
		if (i > 0 && bounds[i] <= bounds[i - 1])
			ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("boundaries must increase: \"%s\" does not come after \"%s\"",
						   DayText(bounds[i]), DayText(bounds[i - 1])),
					errhint(BOUNDARIES_HINT));
	}
}

static bool
ObservedArgument(FunctionCallInfo fcinfo, int argno, DateADT *observed_until)
{
	*observed_until = 0;
	if (PG_NARGS() <= argno || PG_ARGISNULL(argno))
		return false;
	*observed_until = PG_GETARG_DATEADT(argno);
	RequireFiniteDate(*observed_until, "observed_until");
	return true;
}

/*
 * A slot is no longer than the shortest period, so that it holds one boundary at
 * most: one comparison then decides. Where that takes too many slots (one short
 * period among long ones) GridSearch does it.
 */
static void
SetSlots(Grid *grid)
{
	int64  shortest = PG_INT64_MAX;
	int64  days = (int64) grid->bounds[grid->nbounds - 1] - grid->bounds[0];
	int64  nslots;
	int32 *slots = GridSlots(grid);
	int	   reached = 0;

	for (int i = 1; i < grid->nbounds; i++)
		shortest = Min(shortest, (int64) grid->bounds[i] - grid->bounds[i - 1]);
	grid->shift = 0;
	while (((days - 1) >> grid->shift) + 1 > (int64) GRID_SLOTS(grid->nbounds))
		grid->shift++;
	if (INT64CONST(1) << grid->shift > shortest)
	{
		grid->shift = -1;
		return;
	}
	nslots = ((days - 1) >> grid->shift) + 1;
	for (int64 i = 0; i < nslots; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		while (grid->bounds[reached] <= grid->bounds[0] + (i << grid->shift))
			reached++;
		slots[i] = reached;
	}
}

void
GridRead(Grid *grid, FunctionCallInfo fcinfo, int argno, int observed_argno)
{
	ArrayType *array = BoundariesArgument(fcinfo, argno);
	int		   count = GridArgumentCount(fcinfo, argno);

	memcpy(grid->bounds, ARR_DATA_PTR(array), count * sizeof(DateADT));
	CheckBoundaries(grid->bounds, count);
	grid->nbounds = count;
	SetSlots(grid);
	grid->observed_given = ObservedArgument(fcinfo, observed_argno, &grid->observed_until);
}

void
GridRequireSameArguments(const Grid *grid, FunctionCallInfo fcinfo, int argno,
						 int observed_argno)
{
	ArrayType *array = BoundariesArgument(fcinfo, argno);
	DateADT	   observed_until;

	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != grid->nbounds ||
		array_contains_nulls(array) ||
		memcmp(ARR_DATA_PTR(array), grid->bounds, grid->nbounds * sizeof(DateADT)) != 0)
		ReportChangedArgument("boundaries");
	if (ObservedArgument(fcinfo, observed_argno, &observed_until) != grid->observed_given ||
		observed_until != grid->observed_until)
		ReportChangedArgument("observed_until");
}

void
GridRequireSame(const Grid *a, const Grid *b)
{
	if (a->nbounds != b->nbounds ||
		memcmp(a->bounds, b->bounds, a->nbounds * sizeof(DateADT)) != 0)
		ReportChangedArgument("boundaries");
	if (a->observed_given != b->observed_given || a->observed_until != b->observed_until)
		ReportChangedArgument("observed_until");
}

void
GridMerge(Grid *grid, const Grid *other)
{
	if (other->observed_any)
		GridObserve(grid, other->latest);
}

int64
GridLongest(const Grid *grid)
{
	int64 longest = 0;

	for (int i = 1; i < grid->nbounds; i++)
		longest = Max(longest, (int64) grid->bounds[i] - grid->bounds[i - 1]);
	return longest;
}

int
GridSearch(const Grid *grid, int64 day)
{
	int low = 0;
	int high = grid->nbounds;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (grid->bounds[middle] <= day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
GridSend(const Grid *grid, StringInfo message)
{
	pq_sendint32(message, grid->nbounds);
	for (int i = 0; i < grid->nbounds; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		pq_sendint32(message, grid->bounds[i]);
	}
	pq_sendbyte(message, grid->observed_given);
	pq_sendint32(message, grid->observed_until);
	pq_sendbyte(message, grid->observed_any);
	pq_sendint32(message, grid->latest);
}

int
GridPeekCount(StringInfo message, const char *what)
{
	int cursor = message->cursor;
	int count;

	if (message->len - cursor < 4)
		ReportBadBytes(what);
	count = (int) pq_getmsgint(message, 4);
	message->cursor = cursor;
	if (count < 2 || count > (message->len - cursor) / (int) sizeof(DateADT))
		ReportBadBytes(what);
	return count;
}

void
GridReceive(Grid *grid, StringInfo message, const char *what)
{
	int count = GridPeekCount(message, what);
	int given;
	int any;

	(void) pq_getmsgint(message, 4);
	for (int i = 0; i < count; i++)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		grid->bounds[i] = (DateADT) pq_getmsgint(message, 4);
		if (!IS_VALID_DATE(grid->bounds[i]) ||
			(i > 0 && grid->bounds[i] <= grid->bounds[i - 1]))
			ReportBadBytes(what);
	}
	grid->nbounds = count;
	SetSlots(grid);
	given = pq_getmsgbyte(message);
	grid->observed_until = (DateADT) pq_getmsgint(message, 4);
	any = pq_getmsgbyte(message);
	grid->latest = (DateADT) pq_getmsgint(message, 4);
	if (given > 1 || any > 1 || DATE_NOT_FINITE(grid->observed_until) ||
		DATE_NOT_FINITE(grid->latest))
		ReportBadBytes(what);
	grid->observed_given = given != 0;
	grid->observed_any = any != 0;
}
