/*
 * grid.h - the periods of a series, and how far the data was observed.
 *
 * n boundaries b[0] < ... < b[n - 1] make n - 1 half-open periods; period p is
 * [b[p], b[p + 1]). A grid is the part of an aggregate's state that its
 * arguments boundaries and observed_until fill: read and checked with the first
 * row, only compared with later ones.
 *
 * A grid ends in its boundaries, so its size depends on their number; what an
 * aggregate counts for each comes after it in the same chunk.
 */
#ifndef CRM_GRID_H
#define CRM_GRID_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/date.h"

typedef struct Grid
{
	float8	per_day; /* boundaries a day, on average */
	int32	nbounds;
	bool	constant;		/* the arguments are constants of the statement */
	bool	observed_given; /* observed_until is not NULL */
	bool	observed_any;	/* latest is known */
	DateADT observed_until;
	DateADT latest; /* last day seen in the data, for observed_until = NULL */
	DateADT bounds[FLEXIBLE_ARRAY_MEMBER];
} Grid;

static inline Size
GridBytes(int nbounds)
{
	return MAXALIGN(offsetof(Grid, bounds) + nbounds * sizeof(DateADT));
}

/* The number of boundaries in argument argno, checked for NULL and shape. */
extern int GridArgumentCount(FunctionCallInfo fcinfo, int argno);

/*
 * Fills a zeroed grid of GridBytes(GridArgumentCount()) from the arguments.
 * observed_argno is that of observed_until, which the call may not have.
 * Errors: 22004 NULL, 22023 not increasing or fewer than two, 22008 infinite.
 */
extern void GridRead(Grid *grid, FunctionCallInfo fcinfo, int argno, int observed_argno);

/* 22023 when a later row comes with other arguments. */
extern void GridRequireSameArguments(const Grid *grid, FunctionCallInfo fcinfo, int argno,
									 int observed_argno);

/* 22023 when two partial states were made with different arguments. */
extern void GridRequireSame(const Grid *a, const Grid *b);

/* Notes a day on which something was seen. */
static inline void
GridObserve(Grid *grid, DateADT day)
{
	if (unlikely(!grid->observed_any || day > grid->latest))
	{
		grid->observed_any = true;
		grid->latest = day;
	}
}

/* What two states observed, together. */
extern void GridMerge(Grid *grid, const Grid *other);

/* The last observed day; false when the data holds none and none was given. */
static inline bool
GridObservedUntil(const Grid *grid, DateADT *day)
{
	*day = grid->observed_given ? grid->observed_until : grid->latest;
	return grid->observed_given || grid->observed_any;
}

/* Whether a period was observed to its end. */
static inline bool
GridComplete(const Grid *grid, int period)
{
	DateADT day;

	return GridObservedUntil(grid, &day) && grid->bounds[period + 1] <= (int64) day + 1;
}

extern int GridSearch(const Grid *grid, int64 day);

/*
 * How many boundaries are at or before a day: 0 before the first period, p + 1
 * within period p, nbounds after the last. Boundaries are mostly evenly spaced,
 * so the guess is right or next to it; if not, a binary search decides.
 */
static inline int
GridReached(const Grid *grid, int64 day)
{
	const DateADT *bounds = grid->bounds;
	int			   last = grid->nbounds - 1;
	int			   guess;

	if (day < bounds[0])
		return 0;
	if (day >= bounds[last])
		return grid->nbounds;
	guess = Min((int) ((float8) (day - bounds[0]) * grid->per_day), last - 1);
	if (day < bounds[guess])
		guess--;
	else if (day >= bounds[guess + 1])
		guess++;
	if (likely(guess >= 0 && guess < last && day >= bounds[guess] && day < bounds[guess + 1]))
		return guess + 1;
	return GridSearch(grid, day);
}

/* What GridSend writes. */
static inline Size
GridMessageBytes(int nbounds)
{
	return 4 + nbounds * 4 + 10;
}

extern void GridSend(const Grid *grid, StringInfo message);

/* The number of boundaries of the grid that follows in the message; what = the state's name. */
extern int	GridPeekCount(StringInfo message, const char *what);
extern void GridReceive(Grid *grid, StringInfo message, const char *what);

#endif /* CRM_GRID_H */
